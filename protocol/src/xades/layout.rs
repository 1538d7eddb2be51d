//! The elements of an XML signature, written in canonical form: each comes out exactly as it is hashed, with its own
//! namespace declarations, and can be cut out of the file byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};

use super::names::{DS, EXCLUSIVE_C14N, XADES, XADES_141};
use crate::signature::Evidence;
use crate::time_stamp::TimeStampToken;
use crate::xml::CanonicalWriter;

/// One reference of SignedInfo.
pub(crate) struct ReferenceLayout<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) uri: &'a str,
    pub(crate) transforms: &'a [&'a str],
    /// Identifier of the digest algorithm.
    pub(crate) digest_uri: &'a str,
    pub(crate) digest: &'a [u8],
}

/// What the key signs.
pub(crate) fn signed_info(signature_uri: &str, references: &[ReferenceLayout<'_>]) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "SignedInfo", &[]);
    let method = [("Algorithm", EXCLUSIVE_C14N)];
    writer.element(DS, "CanonicalizationMethod", &method, "");
    writer.element(DS, "SignatureMethod", &[("Algorithm", signature_uri)], "");
    for reference in references {
        let mut attributes = vec![("URI", reference.uri)];
        attributes.extend(reference.id.map(|id| ("Id", id)));
        attributes.extend(reference.kind.map(|kind| ("Type", kind)));
        writer.start(DS, "Reference", &attributes);
        if !reference.transforms.is_empty() {
            writer.start(DS, "Transforms", &[]);
            for transform in reference.transforms {
                writer.element(DS, "Transform", &[("Algorithm", transform)], "");
            }
            writer.end();
        }
        digest(&mut writer, reference.digest_uri, reference.digest);
        writer.end();
    }
    writer.finish()
}

/// DigestMethod and DigestValue.
pub(crate) fn digest(writer: &mut CanonicalWriter, digest_uri: &str, digest: &[u8]) {
    writer.element(DS, "DigestMethod", &[("Algorithm", digest_uri)], "");
    writer.element(DS, "DigestValue", &[], &STANDARD.encode(digest));
}

/// SigningTime, and SigningCertificateV2 without IssuerSerialV2 (EN 319 132-1 clauses 5.2.1 and 5.2.2).
pub(crate) fn time_and_certificate(
    writer: &mut CanonicalWriter,
    signing_time: UnixTime,
    digest_uri: &str,
    certificate_digest: &[u8],
) {
    writer.element(XADES, "SigningTime", &[], &signing_time.to_string());
    writer.start(XADES, "SigningCertificateV2", &[]);
    writer.start(XADES, "Cert", &[]);
    writer.start(XADES, "CertDigest", &[]);
    digest(writer, digest_uri, certificate_digest);
    for _ in ["CertDigest", "Cert", "SigningCertificateV2"] {
        writer.end();
    }
}

/// The type of what a reference points to.
pub(crate) fn data_object_format(
    writer: &mut CanonicalWriter,
    reference_id: &str,
    media_type: &str,
) {
    let target = format!("#{reference_id}");
    writer.start(XADES, "DataObjectFormat", &[("ObjectReference", &target)]);
    writer.element(XADES, "MimeType", &[], media_type);
    writer.end();
}

/// In which sense it is signed, for everything that is.
pub(crate) fn commitment(writer: &mut CanonicalWriter, identifier: &str) {
    writer.start(XADES, "CommitmentTypeIndication", &[]);
    writer.start(XADES, "CommitmentTypeId", &[]);
    writer.element(XADES, "Identifier", &[], identifier);
    writer.end();
    writer.element(XADES, "AllSignedDataObjects", &[], "");
    writer.end();
}

/// A whole signature out of its elements.
pub(crate) struct SignatureLayout<'a> {
    pub(crate) id: &'a str,
    pub(crate) signed_info: &'a str,
    pub(crate) signature_value: &'a [u8],
    /// The signer's first.
    pub(crate) certificates: &'a [Certificate],
    /// Objects as they are hashed.
    pub(crate) objects: &'a [String],
    /// Elements that are hashed and get an object around them.
    pub(crate) parts: &'a [&'a str],
    pub(crate) signed_properties: &'a str,
    pub(crate) unsigned_properties: &'a [String],
}

impl SignatureLayout<'_> {
    /// What is signed stands in it byte for byte.
    pub(crate) fn write(&self) -> String {
        let mut writer = CanonicalWriter::new();
        writer.start(DS, "Signature", &[("Id", self.id)]);
        writer.embed(self.signed_info);
        self.write_signature_value(&mut writer);
        self.write_key_info(&mut writer);
        for object in self.objects {
            writer.embed(object);
        }
        for part in self.parts {
            writer.start(DS, "Object", &[]);
            writer.embed(part);
            writer.end();
        }
        writer.start(DS, "Object", &[]);
        let target = format!("#{}", self.id);
        writer.start(XADES, "QualifyingProperties", &[("Target", &target)]);
        writer.embed(self.signed_properties);
        if !self.unsigned_properties.is_empty() {
            writer.start(XADES, "UnsignedProperties", &[]);
            writer.start(XADES, "UnsignedSignatureProperties", &[]);
            for property in self.unsigned_properties {
                writer.embed(property);
            }
        }
        writer.finish()
    }

    /// The element as time stamps hash it.
    pub(super) fn canonical_signature_value(&self) -> String {
        let mut writer = CanonicalWriter::new();
        self.write_signature_value(&mut writer);
        writer.finish()
    }

    /// The element as time stamps hash it.
    pub(super) fn canonical_key_info(&self) -> String {
        let mut writer = CanonicalWriter::new();
        self.write_key_info(&mut writer);
        writer.finish()
    }

    fn write_signature_value(&self, writer: &mut CanonicalWriter) {
        let value = STANDARD.encode(self.signature_value);
        writer.element(DS, "SignatureValue", &[], &value);
    }

    fn write_key_info(&self, writer: &mut CanonicalWriter) {
        writer.start(DS, "KeyInfo", &[]);
        writer.start(DS, "X509Data", &[]);
        for certificate in self.certificates {
            let value = STANDARD.encode(certificate.der());
            writer.element(DS, "X509Certificate", &[], &value);
        }
        writer.end();
        writer.end();
    }
}

/// SignatureTimeStamp (EN 319 132-1 clause 5.3).
pub(super) fn signature_time_stamp(id: &str, token: &TimeStampToken) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(XADES, "SignatureTimeStamp", &[("Id", id)]);
    encapsulated_time_stamp(&mut writer, token);
    writer.finish()
}

/// ArchiveTimeStamp (EN 319 132-1 clause 5.5.2).
pub(super) fn archive_time_stamp(id: &str, token: &TimeStampToken) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(XADES_141, "ArchiveTimeStamp", &[("Id", id)]);
    encapsulated_time_stamp(&mut writer, token);
    writer.finish()
}

fn encapsulated_time_stamp(writer: &mut CanonicalWriter, token: &TimeStampToken) {
    let method = [("Algorithm", EXCLUSIVE_C14N)];
    writer.element(DS, "CanonicalizationMethod", &method, "");
    let value = STANDARD.encode(token.der());
    writer.element(XADES, "EncapsulatedTimeStamp", &[], &value);
}

/// CertificateValues and RevocationValues (EN 319 132-1 clauses 5.4.1 and 5.4.2), those that hold something.
pub(super) fn evidence(evidence: &Evidence) -> Vec<String> {
    let mut properties = Vec::new();
    if !evidence.certificates().is_empty() {
        let mut writer = CanonicalWriter::new();
        writer.start(XADES, "CertificateValues", &[]);
        for certificate in evidence.certificates() {
            let value = STANDARD.encode(certificate.der());
            writer.element(XADES, "EncapsulatedX509Certificate", &[], &value);
        }
        properties.push(writer.finish());
    }
    let lists = evidence.revocation_lists();
    let responses = evidence.ocsp_responses();
    if !lists.is_empty() || !responses.is_empty() {
        let mut writer = CanonicalWriter::new();
        writer.start(XADES, "RevocationValues", &[]);
        if !lists.is_empty() {
            writer.start(XADES, "CRLValues", &[]);
            for list in lists {
                let value = STANDARD.encode(list.der());
                writer.element(XADES, "EncapsulatedCRLValue", &[], &value);
            }
            writer.end();
        }
        if !responses.is_empty() {
            writer.start(XADES, "OCSPValues", &[]);
            for response in responses {
                let value = STANDARD.encode(response);
                writer.element(XADES, "EncapsulatedOCSPValue", &[], &value);
            }
            writer.end();
        }
        properties.push(writer.finish());
    }
    properties
}
