//! Certificates of invented structures: ORG_AUTH_CLI (mutual TLS) and ORG_SIGN (seal).

use crate::card_kind::Category;
use crate::distinguished_name::attribute_type;
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::private_extension;

use super::extension_writer::extension;
use super::name;
use super::template::{CertificateTemplate, Validity};
use crate::der;

/// An invented structure.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Name (O).
    pub name: String,
    /// Département, as the field writes it (ST): `Rhône (69)`.
    pub department: String,
    /// Identifier with its type digit (OU): 1 and FINESS, 3 and SIRET.
    pub structure_id: String,
    /// Free text (CN).
    pub common_name: String,
}

impl Structure {
    /// A clinic.
    #[must_use]
    pub fn sample_clinic() -> Self {
        Self {
            name: "CLINIQUE DU SIMULATEUR".into(),
            department: "Rhône (69)".into(),
            structure_id: "1999999904".into(),
            common_name: "SERVEUR SIMULATEUR".into(),
        }
    }

    /// ORG_AUTH_CLI: digitalSignature, clientAuth.
    #[must_use]
    pub fn client_authentication_template(&self, validity: Validity) -> CertificateTemplate {
        self.template(
            validity,
            KeyUsage::DIGITAL_SIGNATURE,
            ExtendedKeyUsage::ClientAuth,
        )
    }

    /// ORG_SIGN: digitalSignature and nonRepudiation, emailProtection.
    #[must_use]
    pub fn seal_template(&self, validity: Validity) -> CertificateTemplate {
        let usage = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::NON_REPUDIATION);
        self.template(validity, usage, ExtendedKeyUsage::EmailProtection)
    }

    fn template(
        &self,
        validity: Validity,
        usage: KeyUsage,
        purpose: ExtendedKeyUsage,
    ) -> CertificateTemplate {
        let category = der::value(der::OCTET_STRING, &[Category::TestSoftware.code()]);
        let subject = vec![
            vec![name::printable(attribute_type::COUNTRY, "FR")],
            vec![name::utf8(
                attribute_type::STATE_OR_PROVINCE,
                &self.department,
            )],
            vec![name::utf8(attribute_type::ORGANIZATION, &self.name)],
            vec![name::utf8(
                attribute_type::ORGANIZATIONAL_UNIT,
                &self.structure_id,
            )],
            vec![name::utf8(attribute_type::COMMON_NAME, &self.common_name)],
        ];
        CertificateTemplate {
            extended_key_usage: vec![purpose.oid().to_owned()],
            extensions: vec![extension(private_extension::CATEGORY, false, category)],
            ..CertificateTemplate::of_holder(subject, validity, usage)
        }
    }
}
