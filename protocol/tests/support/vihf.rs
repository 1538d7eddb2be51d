//! A specimen of each kind of VIHF in a few lines, the verifier as a server would ask it, and forgers who hold a real key.
//!
//! For tests that cross formats: [`VihfPractice::specimen`] is a signed assertion, [`VihfPractice::prepared`] the bytes that it signs,
//! [`wearing`] an assertion that wears somebody else's signed bytes as its SignedInfo.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::pkey::PKey;
use paraphe_certs::test_pki::{
    Authority, CardCertificates, CardPerson, CertificateTemplate, Issued, KeyAlgorithm, Level,
    Structure, TestPki, TestPkiOptions, Validity,
};
use paraphe_certs::{Certificate, TrustStore, UnixTime};
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins};
use paraphe_protocol::login::Audience;
use paraphe_protocol::vihf::{
    self, Access, CheckedVihf, ClientSoftware, Expected, ExpectedAudience, PracticePlace,
    PreparedVihf, Recipient, Resource, Sector, VihfAuthor, VihfError, VihfId, VihfMode,
    VihfRequest, VihfUser,
};
use paraphe_protocol::xml::{Canonicalization, Selection, XmlElement, gate};

use super::{NOW, sign};

pub const AUDIENCE: &str = "https://dossier.example.fr";
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
pub const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// The authorities, a physician's card, and a clinic's seal. RSA keys take long to make: those that sign have one, and further
/// certificates are for the same.
pub struct VihfPractice {
    pub pki: TestPki,
    pub store: TrustStore,
    pub card: CardCertificates,
    /// ORG_SIGN.
    pub seal: Issued,
}

impl VihfPractice {
    pub const ORGANISATIONS: Authority = Authority::Organizations(Level::Elementaire);

    pub fn new() -> Self {
        let options = TestPkiOptions {
            authorities: vec![
                Authority::Persons(Level::Fort),
                Authority::Persons(Level::Standard),
                Authority::Persons(Level::Elementaire),
                Self::ORGANISATIONS,
            ],
            ..TestPkiOptions::quick()
        };
        let pki = TestPki::generate_with(&options, NOW).unwrap();
        let since = NOW.plus_days(-1);
        let validity = Validity::of_card(since);
        let person = CardPerson::sample_physician();
        let authentication = CertificateTemplate {
            key: KeyAlgorithm::P256,
            ..person.authentication_template(validity)
        };
        let signature = person.signature_template(validity);
        let card = CardCertificates {
            authentication: pki.issue(person.authority(), &authentication).unwrap(),
            signature: pki.issue(person.authority(), &signature).unwrap(),
        };
        let seal = Structure::sample_clinic().seal_template(validity);
        let seal = pki.issue(Self::ORGANISATIONS, &seal).unwrap();
        // With lists of an hour ago, so that a verifier whose clock is behind has them too.
        let mut store = pki.trust_store(NOW.plus_seconds(-3600)).unwrap();
        store.accept_test(true);
        Self {
            pki,
            store,
            card,
            seal,
        }
    }

    /// Another certificate for the key of the card's signature certificate.
    pub fn certificate(&self, authority: Authority, template: &CertificateTemplate) -> Certificate {
        let key = PKey::public_key_from_der(self.card.signature.certificate.spki_der()).unwrap();
        let pem = key.public_key_to_pem().unwrap();
        self.pki.issue_for_key(authority, template, &pem).unwrap()
    }

    /// An assertion of this mode that waits for the signature of [`VihfPractice::signer`].
    pub fn prepared(&self, mode: VihfMode) -> PreparedVihf {
        self.prepared_with(mode, &Access::Normal, true)
    }

    pub fn prepared_with(&self, mode: VihfMode, access: &Access, bound: bool) -> PreparedVihf {
        let place = place();
        let sector: Sector = "SA05".parse().unwrap();
        let user = VihfUser::of_card(&self.card.authentication.certificate, None).unwrap();
        let author = match mode {
            VihfMode::Direct => VihfAuthor::Card {
                signature: &self.card.signature.certificate,
                speciality: None,
                place: &place,
            },
            VihfMode::Indirect | VihfMode::IndirectReinforced => VihfAuthor::Structure {
                seal: &self.seal.certificate,
                sector: &sector,
                user: &user,
                reinforced: mode == VihfMode::IndirectReinforced,
            },
        };
        VihfRequest {
            id: id(),
            issued_at: NOW,
            authenticated_at: NOW,
            recipient: &Recipient {
                resource: Resource::default(),
                audience: bound.then(audience),
            },
            patient: Some(&patient()),
            access,
            software: &software(),
        }
        .prepare(author)
        .unwrap()
    }

    /// Whose key signs in this mode.
    pub fn signer(&self, mode: VihfMode) -> &Issued {
        match mode {
            VihfMode::Direct => &self.card.signature,
            VihfMode::Indirect | VihfMode::IndirectReinforced => &self.seal,
        }
    }

    /// A signed assertion of this mode.
    pub fn specimen(&self, mode: VihfMode) -> Vec<u8> {
        let prepared = self.prepared(mode);
        let value = sign(self.signer(mode), prepared.to_be_signed());
        prepared.complete(&value).unwrap()
    }

    /// The same as text, without its signature.
    pub fn unsigned(&self, mode: VihfMode) -> String {
        let text = String::from_utf8(self.specimen(mode)).unwrap();
        let signature = element(&text, "ds:Signature");
        text.replace(signature, "")
    }

    /// The command of docs/vihf.md.
    pub fn xmlsec1(&self, directory: &Path, xml: &[u8]) -> Output {
        std::fs::write(directory.join("vihf.xml"), xml).unwrap();
        let assertion = "urn:oasis:names:tc:SAML:2.0:assertion:Assertion";
        let mut command = Command::new("xmlsec1");
        command.args(["--verify", "--id-attr:ID", assertion]);
        let sets = [
            ("--trusted-pem", self.pki.anchors_pem()),
            ("--untrusted-pem", self.pki.intermediates_pem()),
        ];
        for (option, certificates) in sets {
            let end = "-----END CERTIFICATE-----\n";
            for (number, certificate) in certificates.split_inclusive(end).enumerate() {
                let name = format!("./{option}-{number}.pem");
                std::fs::write(directory.join(&name), certificate).unwrap();
                command.arg(option).arg(name);
            }
        }
        command
            .args(["--verification-time", "2026-11-22 10:00:00", "vihf.xml"])
            .current_dir(directory)
            .output()
            .unwrap_or_else(|error| panic!("xmlsec1 cannot be run (apt install xmlsec1): {error}"))
    }

    /// As the server that the specimens are for asks.
    pub fn check(&self, xml: &[u8]) -> Result<CheckedVihf, VihfError> {
        self.check_at(xml, NOW)
    }

    pub fn check_at(&self, xml: &[u8], now: UnixTime) -> Result<CheckedVihf, VihfError> {
        let expected = Expected {
            resource: &Resource::default(),
            audience: ExpectedAudience::Named(&audience()),
            now,
        };
        vihf::check(xml, &expected, &self.store)
    }
}

pub fn id() -> VihfId {
    VihfId::from_random([0x5a; 16])
}

pub fn audience() -> Audience {
    AUDIENCE.parse().unwrap()
}

pub fn patient() -> Ins {
    Ins::new("285072B50202465".parse().unwrap(), Environment::Test)
}

pub fn software() -> ClientSoftware {
    ClientSoftware::new("Logiciel d'essai", "1.2")
        .and_then(|software| software.with_id("01.01.01.01"))
        .and_then(|software| software.with_approval("ESSAI-0001"))
        .unwrap()
}

/// As it comes from a card.
pub fn place() -> PracticePlace {
    PracticePlace::of_situation(&PracticeSituation {
        number: 1,
        mode: None,
        structure_name: Some("CABINET D'ESSAI".into()),
        structure_id: Some("499700000017001".into()),
        sector: Some("SA07".into()),
        unknown: Vec::new(),
    })
    .unwrap()
}

/// From the first opening tag of this name to the last closing one.
pub fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<{name}")).unwrap();
    let end = text.rfind(&format!("</{name}>")).unwrap() + name.len() + 3;
    &text[start..end]
}

/// Signs an assertion that says whatever its text says, with our own layout of the signature.
pub fn sign_text(unsigned: &str, signer: &Issued) -> Vec<u8> {
    sign_text_as(unsigned, signer, &signer.certificate)
}

/// The same, with another certificate of the same key.
pub fn sign_text_as(unsigned: &str, signer: &Issued, certificate: &Certificate) -> Vec<u8> {
    let document = gate::parse(unsigned.as_bytes(), &gate::Limits::default()).unwrap();
    let root = XmlElement::root(&document).unwrap();
    let canonical = Canonicalization::EXCLUSIVE
        .canonical(&document, Selection::element(root.id()))
        .unwrap();
    let id = root.attribute("ID").unwrap();
    let digest = Sha256Digest::of(&canonical).to_base64();
    let signed_info = format!(
        "<ds:SignedInfo xmlns:ds=\"{DS}\"><ds:CanonicalizationMethod Algorithm=\"{C14N}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{DS}enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{C14N}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    let value = sign(signer, signed_info.as_bytes());
    insert(unsigned, &signature(&signed_info, &value, certificate))
}

/// An assertion that wears these bytes, signed for something else, as its SignedInfo.
pub fn wearing(unsigned: &str, signed_bytes: &str, value: &[u8], signer: &Issued) -> Vec<u8> {
    insert(
        unsigned,
        &signature(signed_bytes, value, &signer.certificate),
    )
}

fn signature(signed_info: &str, value: &[u8], certificate: &Certificate) -> String {
    let (value, certificate) = (STANDARD.encode(value), STANDARD.encode(certificate.der()));
    format!(
        "<ds:Signature xmlns:ds=\"{DS}\">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>\
         <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
}

fn insert(unsigned: &str, signature: &str) -> Vec<u8> {
    let end = unsigned.find("Issuer>").unwrap();
    let end = end + unsigned[end..].find('>').unwrap() + 1;
    [&unsigned[..end], signature, &unsigned[end..]]
        .concat()
        .into_bytes()
}
