//! The assertion as it is written, element by element as the shared record's samples have them, in canonical form; and the file,
//! which is the same with the signature after the issuer and one declaration more: the namespace of `xs:string`, which stands in no
//! canonical form because only a value uses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};

use super::names::{self, HL7, SAML, XSI};
use super::{
    ClientSoftware, PracticePlace, PurposeOfUse, Recipient, Role, VERSION, VihfMode, VihfUser,
};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::identifiers::Ins;
use crate::xades::layout::{self as xml_signature, ReferenceLayout};
use crate::xades::names::{DS, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N};
use crate::xml::CanonicalWriter;

pub(super) const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Everything that an assertion says.
pub(super) struct AssertionLayout<'a> {
    pub(super) id: &'a str,
    pub(super) issued_at: UnixTime,
    pub(super) not_on_or_after: UnixTime,
    pub(super) authenticated_at: UnixTime,
    pub(super) issuer: &'a str,
    pub(super) mode: VihfMode,
    pub(super) user: &'a VihfUser,
    pub(super) place: &'a PracticePlace,
    pub(super) patient: Option<&'a Ins>,
    pub(super) recipient: &'a Recipient,
    pub(super) purpose: PurposeOfUse,
    pub(super) software: &'a ClientSoftware,
}

/// An assertion without its signature, in canonical form, cut where the signature goes.
#[derive(Clone)]
pub(super) struct Assertion {
    head: String,
    tail: String,
}

impl AssertionLayout<'_> {
    pub(super) fn write(&self) -> Assertion {
        let mut writer = CanonicalWriter::new();
        let attributes = [
            ("ID", self.id),
            ("IssueInstant", &instant(self.issued_at)),
            ("Version", "2.0"),
        ];
        writer.start(SAML, "Assertion", &attributes);
        let format = [("Format", names::ISSUER_FORMAT)];
        writer.element(SAML, "Issuer", &format, self.issuer);
        let head = writer.drain();
        writer.start(SAML, "Subject", &[]);
        writer.element(SAML, "NameID", &[], self.user.name_id());
        writer.end();
        self.write_conditions(&mut writer);
        self.write_authentication(&mut writer);
        self.write_attributes(&mut writer);
        Assertion {
            head,
            tail: writer.finish(),
        }
    }

    fn write_conditions(&self, writer: &mut CanonicalWriter) {
        let window = [
            ("NotBefore", instant(self.issued_at)),
            ("NotOnOrAfter", instant(self.not_on_or_after)),
        ];
        let window = window.each_ref().map(|(name, time)| (*name, time.as_str()));
        writer.start(SAML, "Conditions", &window);
        if let Some(audience) = &self.recipient.audience {
            writer.start(SAML, "AudienceRestriction", &[]);
            writer.element(SAML, "Audience", &[], audience.as_str());
            writer.end();
        }
        writer.end();
    }

    fn write_authentication(&self, writer: &mut CanonicalWriter) {
        let instant = instant(self.authenticated_at);
        writer.start(SAML, "AuthnStatement", &[("AuthnInstant", &instant)]);
        writer.start(SAML, "AuthnContext", &[]);
        let class = self.user.context().uri();
        writer.element(SAML, "AuthnContextClassRef", &[], &class);
        if self.mode == VihfMode::IndirectReinforced {
            writer.element(SAML, "AuthnContextDecl", &[], &class);
        }
        writer.end();
        writer.end();
    }

    fn write_attributes(&self, writer: &mut CanonicalWriter) {
        writer.start(SAML, "AttributeStatement", &[]);
        text(
            writer,
            names::STRUCTURE,
            &self.place.structure().to_string(),
        );
        text(writer, names::SECTOR, &self.place.sector().to_attribute());
        // Where the card itself signs, its certificate says the names.
        if self.mode != VihfMode::Direct {
            text(writer, names::SUBJECT_ID, self.user.names());
        }
        writer.start(SAML, "Attribute", &[("Name", names::ROLE)]);
        for role in self.user.roles() {
            coded(writer, "Role", role);
        }
        writer.end();
        text(writer, names::VIHF_VERSION, VERSION);
        text(writer, names::MODE, self.mode.name());
        if let Some(patient) = self.patient {
            text(writer, names::RESOURCE_ID, &patient.to_cx());
        }
        text(
            writer,
            names::RESOURCE_URN,
            self.recipient.resource.as_str(),
        );
        writer.start(SAML, "Attribute", &[("Name", names::PURPOSE)]);
        let purpose = Role {
            code: self.purpose.code().to_owned(),
            code_system: names::PURPOSE_SYSTEM.to_owned(),
            code_system_name: Some(names::PURPOSE_SYSTEM_NAME.to_owned()),
            display_name: Some(self.purpose.label().to_owned()),
        };
        coded(writer, "PurposeOfUse", &purpose);
        writer.end();
        let software = [
            (names::SOFTWARE_ID, self.software.id()),
            (names::SOFTWARE_NAME, Some(self.software.name())),
            (names::SOFTWARE_VERSION, Some(self.software.version())),
            (names::SOFTWARE_APPROVAL, self.software.approval()),
        ];
        for (name, value) in software {
            if let Some(value) = value {
                text(writer, name, value);
            }
        }
        writer.end();
    }
}

impl Assertion {
    /// What the reference's transforms make of the file.
    pub(super) fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(
            [self.head.as_bytes(), self.tail.as_bytes()]
                .concat()
                .as_slice(),
        )
    }

    /// The file.
    pub(super) fn with_signature(
        &self,
        signed_info: &str,
        value: &[u8],
        certificate: &Certificate,
    ) -> String {
        let mut writer = CanonicalWriter::new();
        writer.start(DS, "Signature", &[]);
        writer.embed(signed_info);
        writer.element(DS, "SignatureValue", &[], &STANDARD.encode(value));
        writer.start(DS, "KeyInfo", &[]);
        writer.start(DS, "X509Data", &[]);
        let certificate = STANDARD.encode(certificate.der());
        writer.element(DS, "X509Certificate", &[], &certificate);
        let signature = writer.finish();
        let declared = format!("xmlns:{}=\"{}\"", SAML.prefix, SAML.uri);
        let both = format!("{declared} xmlns:xs=\"{}\"", names::XML_SCHEMA);
        let head = self.head.replacen(&declared, &both, 1);
        [&head, &signature, &self.tail].map(String::as_str).concat()
    }
}

/// What the key signs.
pub(super) fn signed_info(algorithm: SignatureAlgorithm, id: &str, digest: Sha256Digest) -> String {
    xml_signature::signed_info(
        algorithm.xml_uri(),
        &[ReferenceLayout {
            id: None,
            kind: None,
            uri: &format!("#{id}"),
            transforms: &[ENVELOPED_SIGNATURE, EXCLUSIVE_C14N],
            digest_uri: SHA256_URI,
            digest: digest.as_bytes(),
        }],
    )
}

/// In UTC with milliseconds, which the samples have and clocks in seconds have not.
fn instant(time: UnixTime) -> String {
    time.to_string().replace('Z', ".000Z")
}

fn text(writer: &mut CanonicalWriter, name: &str, value: &str) {
    writer.start(SAML, "Attribute", &[("Name", name)]);
    writer.start_qualified(
        SAML,
        "AttributeValue",
        &[],
        Some((XSI, "type", "xs:string")),
    );
    writer.text(value);
    writer.end();
    writer.end();
}

fn coded(writer: &mut CanonicalWriter, element: &'static str, value: &Role) {
    writer.start(SAML, "AttributeValue", &[]);
    let mut attributes = vec![
        ("code", value.code.as_str()),
        ("codeSystem", value.code_system.as_str()),
    ];
    let named = value.code_system_name.as_deref();
    attributes.extend(named.map(|name| ("codeSystemName", name)));
    attributes.extend(
        value
            .display_name
            .as_deref()
            .map(|name| ("displayName", name)),
    );
    writer.start_qualified(HL7, element, &attributes, Some((XSI, "type", "CE")));
    writer.end();
    writer.end();
}
