//! Invented card holders, and the certificates of their cards.

use crate::card_kind::{CardKind, Category};
use crate::certificate::{Certificate, Extension};
use crate::distinguished_name::attribute_type;
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::private_extension;
use crate::secret::PrivateKeyPem;

use super::authority::{Authority, Level};
use super::extension_writer::extension;
use super::name::{self, Rdn};
use super::template::{CertificateTemplate, SignatureDigest, Validity};
use crate::der;

/// Policy of the older generation of cards (IGC-CPS 2ter).
const OLD_POLICY: &str = "1.2.250.1.71.3.7.9.1.1.2.1";

/// A certificate with its private key.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Its private key, PKCS#8.
    pub private_key_pkcs8_pem: PrivateKeyPem,
}

/// The two certificates of a card.
#[derive(Debug)]
pub struct CardCertificates {
    /// For login.
    pub authentication: Issued,
    /// For signatures.
    pub signature: Issued,
}

/// An invented person and the card to be made for them. Fill what the card shall say; nothing is checked, so that a test can ask
/// for a wrong card.
#[derive(Debug, Clone)]
pub struct CardPerson {
    /// Card family.
    pub kind: CardKind,
    /// National identifier with its type digit, the commonName.
    pub national_id: String,
    /// Surname.
    pub family_name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Label of a card that names nobody.
    pub pseudonym: Option<String>,
    /// Profession or function label.
    pub title: Option<String>,
    /// Profession, table G15.
    pub profession: Option<u8>,
    /// Profession in training, table G16.
    pub profession_in_training: Option<u8>,
    /// Issuer prefix, `/`, card number of 10 digits.
    pub card_serial: Option<String>,
    /// Product category.
    pub category: Category,
    /// Skills, table R01.
    pub skills: Vec<String>,
    /// Name of the structure (O).
    pub organization: Option<String>,
    /// Identifier of the structure with its type digit (OU).
    pub structure_id: Option<String>,
}

impl CardPerson {
    /// A test card of this kind that says nothing else yet.
    #[must_use]
    pub fn new(kind: CardKind, national_id: &str) -> Self {
        Self {
            kind,
            national_id: national_id.to_owned(),
            family_name: None,
            given_name: None,
            pseudonym: None,
            title: None,
            profession: None,
            profession_in_training: None,
            card_serial: None,
            category: Category::TestCard,
            skills: Vec::new(),
            organization: None,
            structure_id: None,
        }
    }

    /// A physician (CPS, RPPS number).
    #[must_use]
    pub fn sample_physician() -> Self {
        Self {
            family_name: Some("ESSAI-DUPONT".into()),
            given_name: Some("HÉLÈNE".into()),
            title: Some("Médecin".into()),
            profession: Some(10),
            card_serial: Some("8025000001/2800000017".into()),
            skills: vec!["SM26".into()],
            ..Self::new(CardKind::Cps, "899700000017")
        }
    }

    /// A nurse (CPS, ADELI number).
    #[must_use]
    pub fn sample_nurse() -> Self {
        Self {
            family_name: Some("ESSAI-MARTIN".into()),
            given_name: Some("LUC".into()),
            title: Some("Infirmier".into()),
            profession: Some(60),
            card_serial: Some("8025000001/2800000025".into()),
            ..Self::new(CardKind::Cps, "0999900002")
        }
    }

    /// A student of medicine (CPF).
    #[must_use]
    pub fn sample_student() -> Self {
        Self {
            family_name: Some("ESSAI-PETIT".into()),
            given_name: Some("INÈS".into()),
            title: Some("Médecin en formation".into()),
            profession_in_training: Some(10),
            card_serial: Some("8025000001/2800000033".into()),
            ..Self::new(CardKind::Cpf, "9999000003")
        }
    }

    /// Reception staff by name (CPE).
    #[must_use]
    pub fn sample_staff() -> Self {
        Self {
            family_name: Some("ESSAI-BERNARD".into()),
            given_name: Some("ANNE".into()),
            title: Some("Employé".into()),
            card_serial: Some("8025000001/2800000041".into()),
            organization: Some("CLINIQUE DU SIMULATEUR".into()),
            structure_id: Some("1999999904".into()),
            ..Self::new(CardKind::Cpe, "3999999904/000000017")
        }
    }

    /// A staff card that names nobody (CPE).
    #[must_use]
    pub fn sample_service_card() -> Self {
        Self {
            pseudonym: Some("ACCUEIL SIMULATEUR".into()),
            title: Some("Carte de service".into()),
            card_serial: Some("8025000001/2800000058".into()),
            organization: Some("CLINIQUE DU SIMULATEUR".into()),
            structure_id: Some("1999999904".into()),
            ..Self::new(CardKind::Cpe, "3999999904/000000018")
        }
    }

    /// Who issues the certificates of this kind of card: FORT PERSONNES for CPS and CPF, STANDARD PERSONNES for staff,
    /// ELEMENTAIRE PERSONNES for software keys.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::Persons(match (self.category, self.kind) {
            (Category::Software | Category::TestSoftware, _) => Level::Elementaire,
            (_, CardKind::Cps | CardKind::Cpf) => Level::Fort,
            (_, CardKind::Cpe | CardKind::Cpa) => Level::Standard,
        })
    }

    /// The certificate for login: digitalSignature; clientAuth and smartcard logon.
    #[must_use]
    pub fn authentication_template(&self, validity: Validity) -> CertificateTemplate {
        let purposes = [
            ExtendedKeyUsage::ClientAuth,
            ExtendedKeyUsage::SmartcardLogon,
        ];
        self.template(validity, KeyUsage::DIGITAL_SIGNATURE, &purposes)
    }

    /// The certificate for signatures: nonRepudiation; emailProtection; privateKeyUsagePeriod.
    #[must_use]
    pub fn signature_template(&self, validity: Validity) -> CertificateTemplate {
        let purposes = [ExtendedKeyUsage::EmailProtection];
        CertificateTemplate {
            private_key_usage_period: true,
            ..self.template(validity, KeyUsage::NON_REPUDIATION, &purposes)
        }
    }

    /// The contactless application's "technical" certificate, which names the card and nobody, and whose key needs no PIN.
    /// Its real shape is not published; this one cannot pass for a login certificate.
    #[must_use]
    pub fn technical_template(&self, validity: Validity) -> CertificateTemplate {
        let serial = self.card_serial.clone().unwrap_or_default();
        CertificateTemplate {
            subject: vec![
                vec![name::printable(attribute_type::COUNTRY, "FR")],
                vec![name::utf8(attribute_type::COMMON_NAME, &serial)],
            ],
            extensions: self.card_extensions(),
            ..self.template(
                validity,
                KeyUsage::DIGITAL_SIGNATURE,
                &[ExtendedKeyUsage::ClientAuth],
            )
        }
    }

    /// A certificate of the older generation: Latin-1 in T61String, RDN not sorted, label in OU, SHA-1, one key for all.
    #[must_use]
    pub fn old_generation_template(&self, validity: Validity) -> CertificateTemplate {
        let t61 = |oid: &str, text: &Option<String>| {
            text.as_deref().map(|text| name::t61_latin1(oid, text))
        };
        // CN, SN, GN: sorted by length, the real order of these three is another one for almost every name.
        let person: Rdn = [
            Some(name::printable(
                attribute_type::COMMON_NAME,
                &self.national_id,
            )),
            t61(attribute_type::SURNAME, &self.family_name),
            t61(attribute_type::GIVEN_NAME, &self.given_name),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut subject = vec![
            vec![name::printable(attribute_type::COUNTRY, "FR")],
            vec![name::printable(attribute_type::ORGANIZATION, "TEST")],
        ];
        subject
            .extend(t61(attribute_type::ORGANIZATIONAL_UNIT, &self.title).map(|label| vec![label]));
        subject.push(person);
        let usage = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::NON_REPUDIATION);
        let mut extensions = vec![extension(
            "2.16.840.1.113730.1.1",
            false,
            vec![3, 2, 5, 0x20],
        )];
        extensions.extend(self.card_extensions());
        extensions.extend(self.profession_extensions());
        CertificateTemplate {
            subject,
            unsorted_rdns: true,
            policy: Some(OLD_POLICY.into()),
            digest: SignatureDigest::Sha1,
            extensions,
            ..self.template(validity, usage, &[])
        }
    }

    fn template(
        &self,
        validity: Validity,
        usage: KeyUsage,
        purposes: &[ExtendedKeyUsage],
    ) -> CertificateTemplate {
        let mut extensions = self.card_extensions();
        extensions.extend(self.profession_extensions());
        CertificateTemplate {
            extended_key_usage: purposes
                .iter()
                .map(|purpose| purpose.oid().to_owned())
                .collect(),
            extensions,
            ..CertificateTemplate::of_holder(self.subject(), validity, usage)
        }
    }

    /// C; O and OU on staff cards; title; then one RDN with all that names the holder.
    fn subject(&self) -> Vec<Rdn> {
        let text =
            |oid: &str, text: &Option<String>| text.as_deref().map(|text| name::utf8(oid, text));
        let mut subject = vec![vec![name::printable(attribute_type::COUNTRY, "FR")]];
        let alone = [
            text(attribute_type::ORGANIZATION, &self.organization),
            text(attribute_type::ORGANIZATIONAL_UNIT, &self.structure_id),
            text(attribute_type::TITLE, &self.title),
        ];
        subject.extend(alone.into_iter().flatten().map(|attribute| vec![attribute]));
        let person = [
            text(attribute_type::GIVEN_NAME, &self.given_name),
            text(attribute_type::SURNAME, &self.family_name),
            text(attribute_type::PSEUDONYM, &self.pseudonym),
            Some(name::utf8(attribute_type::COMMON_NAME, &self.national_id)),
        ];
        subject.push(person.into_iter().flatten().collect());
        subject
    }

    fn card_extensions(&self) -> Vec<Extension> {
        let is_software = matches!(self.category, Category::Software | Category::TestSoftware);
        let kind = (!is_software).then(|| integer(private_extension::CARD_KIND, self.kind.code()));
        let serial = self.card_serial.as_deref().map(|serial| {
            let value = der::value(der::PRINTABLE_STRING, serial.as_bytes());
            extension(private_extension::CARD_SERIAL, false, value)
        });
        let category = der::value(der::OCTET_STRING, &[self.category.code()]);
        let category = extension(private_extension::CATEGORY, false, category);
        [kind, serial, Some(category)]
            .into_iter()
            .flatten()
            .collect()
    }

    fn profession_extensions(&self) -> Vec<Extension> {
        let skills = (!self.skills.is_empty()).then(|| {
            let skills: Vec<Vec<u8>> = self
                .skills
                .iter()
                .map(|skill| der::value(der::UTF8_STRING, skill.as_bytes()))
                .collect();
            extension(private_extension::SKILLS, false, der::sequence(&skills))
        });
        let profession = self
            .profession
            .map(|code| integer(private_extension::PROFESSION, code));
        let in_training = self
            .profession_in_training
            .map(|code| integer(private_extension::PROFESSION_IN_TRAINING, code));
        [profession, in_training, skills]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn integer(oid: &str, code: u8) -> Extension {
    extension(oid, false, der::unsigned_integer(&[code]))
}
