//! EF.CDF, the certificates (PKCS#15 v1.1 section 6.6): identifier and file of each. Certificates
//! stored inside the entry are passed over, as no CPS does that. Labels are for people; nothing is
//! decided by them.

use super::entry::{Location, SEQUENCE, TYPE_ATTRIBUTES, entries, identifier, label, location};
use crate::card::error::CardError;
use crate::card::file::{CardFile, FilePath};
use crate::card::tlv::Element;

/// A certificate of a card, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateObject {
    /// PKCS#15 identifier; the private key has the same.
    pub identifier: Vec<u8>,
    /// Label, for people.
    pub label: Option<String>,
    pub(crate) location: Location,
}

impl CertificateObject {
    /// The file that holds the certificate.
    #[must_use]
    pub fn path(&self) -> &FilePath {
        &self.location.path
    }
}

/// Reads the content of EF.CDF of the application in `folder`. Entries without identifier or file
/// are passed over.
///
/// # Errors
/// [`CardError::Malformed`] for content that is not BER-TLV.
pub fn certificate_objects(
    content: &[u8],
    folder: &FilePath,
) -> Result<Vec<CertificateObject>, CardError> {
    let entries = entries(content, CardFile::CertificateDirectory)?;
    let certificate = |entry: &Element<'_>| {
        Some(CertificateObject {
            identifier: identifier(entry)?,
            label: label(entry),
            location: location(entry.child(TYPE_ATTRIBUTES)?, folder)?,
        })
    };
    Ok(entries
        .iter()
        .filter(|entry| entry.is(SEQUENCE))
        .filter_map(certificate)
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::certificate_objects;
    use crate::card::file::FilePath;

    const ENTRY: &[u8] =
        b"\x30\x24\x30\x0B\x0C\x06Certif\x03\x01\x00\x30\x07\x04\x05\xE8\x28\xBD\x08\x01\
        \xA1\x0C\x30\x0A\x30\x08\x04\x06\x3F\x00\x00\x01\xA0\x01";

    #[test]
    fn identifier_and_file_are_read() {
        let folder = FilePath::absolute(&[0x3F, 0, 0, 1]).unwrap();
        let certificates = certificate_objects(&[ENTRY, ENTRY, &[0]].concat(), &folder).unwrap();
        assert_eq!(certificates.len(), 2);
        let certificate = certificates.first().unwrap();
        assert_eq!(certificate.label.as_deref(), Some("Certif"));
        assert_eq!(certificate.path(), &folder.child(0xA001).unwrap());
        assert_eq!(certificate.location.offset, 0);
    }

    #[test]
    fn an_entry_without_file_is_passed_over() {
        let folder = FilePath::master_file();
        let mut content = ENTRY.to_vec();
        let path = content.len() - 6;
        content[path] = 0x00;
        assert!(
            certificate_objects(&content, &folder).unwrap().len() == 1,
            "a relative path of three identifiers"
        );
        content[path - 2] = 0x05;
        assert!(certificate_objects(&content, &folder).unwrap().is_empty());
        assert!(certificate_objects(&ENTRY[..20], &folder).is_err());
    }
}
