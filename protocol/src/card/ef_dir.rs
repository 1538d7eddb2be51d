//! EF.DIR, the list of a card's applications (ISO/IEC 7816-4 section 8.2.1.1): templates `61` with
//! the identifier `4F`, a label `50` and the path `51` of the application's folder, from the master
//! file whether or not it is written out. Records without an identifier are skipped.

use super::error::CardError;
use super::file::{CardFile, FilePath};
use super::reading::{Extent, whole_objects};
use super::text;
use super::tlv::{self, Element, Tail, TlvError};

/// One application of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Application identifier, 5 to 16 bytes.
    pub identifier: Vec<u8>,
    /// Label, for people.
    pub label: Option<String>,
    /// Folder, absolute.
    pub path: Option<FilePath>,
}

/// The PKCS#15 application of a CPS with contacts ("CPX IAS").
pub(crate) const CPS_APPLICATION: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10,
];

/// Reads the content of EF.DIR.
///
/// # Errors
/// [`CardError::Malformed`] if the content is not BER-TLV.
pub fn parse(content: &[u8]) -> Result<Vec<Application>, CardError> {
    let elements = tlv::parse(content, Tail::Zeros)
        .map_err(|error| CardError::malformed(CardFile::ApplicationDirectory, error))?;
    Ok(elements.iter().filter_map(application).collect())
}

/// The PKCS#15 application of the contactless face of a CPS ("CPX IAS CL").
pub(crate) const CPS_CONTACTLESS_APPLICATION: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20,
];

/// The folder of the application with this identifier.
pub(crate) fn folder_of(identifier: &[u8], content: &[u8]) -> Result<FilePath, CardError> {
    parse(content)?
        .into_iter()
        .find(|application| application.identifier == identifier)
        .ok_or(CardError::Missing {
            file: CardFile::Application,
        })?
        .path
        .ok_or(CardError::missing(
            CardFile::ApplicationDirectory,
            "path of the application (tag 51)",
        ))
}

/// Reading may stop behind the record of the CPS application.
pub(crate) fn until_cps_application(content: &[u8]) -> Result<Extent, TlvError> {
    until(&CPS_APPLICATION, content)
}

/// Reading may stop behind the record of the contactless application.
pub(crate) fn until_contactless_application(content: &[u8]) -> Result<Extent, TlvError> {
    until(&CPS_CONTACTLESS_APPLICATION, content)
}

fn until(identifier: &[u8], content: &[u8]) -> Result<Extent, TlvError> {
    let (length, elements) = whole_objects(content);
    let found = elements
        .iter()
        .filter_map(application)
        .any(|application| application.identifier == identifier);
    if found {
        Ok(Extent::Complete(length))
    } else {
        super::reading::series_of_objects(content)
    }
}

fn application(template: &Element<'_>) -> Option<Application> {
    let identifier = template.child(0x4F)?.value();
    (template.is(0x61) && (5..=16).contains(&identifier.len())).then(|| Application {
        identifier: identifier.to_vec(),
        label: template
            .child(0x50)
            .map(|label| text::from_card(label.value())),
        path: template
            .child(0x51)
            .and_then(|path| FilePath::master_file().resolve(path.value())),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{CPS_APPLICATION, folder_of, parse, until_cps_application};
    use crate::card::error::CardError;
    use crate::card::file::CardFile;
    use crate::card::reading::Extent;
    use crate::card::tlv::{Tag, write};

    fn record(identifier: &[u8], path: Option<&[u8]>) -> Vec<u8> {
        let mut value = Vec::new();
        write(&mut value, Tag::new(0x4F), identifier);
        write(&mut value, Tag::new(0x50), b"CPX IAS");
        if let Some(path) = path {
            write(&mut value, Tag::new(0x51), path);
        }
        let mut repeated = Vec::new();
        write(&mut repeated, Tag::new(0x4F), &CPS_APPLICATION);
        write(&mut value, Tag::new(0x73), &repeated);
        let mut record = Vec::new();
        write(&mut record, Tag::new(0x61), &value);
        record
    }

    #[test]
    fn the_application_is_found_by_its_own_identifier() {
        let mut contactless = CPS_APPLICATION;
        contactless[12] = 0x20;
        let content = [
            record(&contactless, Some(&[0x3F, 0, 0, 2])),
            record(&CPS_APPLICATION, Some(&[0x3F, 0, 0, 1])),
        ]
        .concat();
        assert_eq!(
            folder_of(&CPS_APPLICATION, &content).unwrap().as_bytes(),
            [0x3F, 0, 0, 1]
        );
        let applications = parse(&content).unwrap();
        assert_eq!(applications.len(), 2);
        assert_eq!(applications[0].label.as_deref(), Some("CPX IAS"));
        assert!(matches!(
            folder_of(&CPS_APPLICATION, &record(&contactless, None)),
            Err(CardError::Missing {
                file: CardFile::Application
            })
        ));
        assert!(matches!(
            folder_of(&CPS_APPLICATION, &record(&CPS_APPLICATION, None)),
            Err(CardError::Malformed { .. })
        ));
    }

    #[test]
    fn reading_stops_behind_the_record() {
        let first = record(&CPS_APPLICATION, Some(&[0x3F, 0, 0, 1]));
        let content = [first.clone(), vec![0x61, 0x32]].concat();
        assert_eq!(
            until_cps_application(&content),
            Ok(Extent::Complete(first.len()))
        );
        assert_eq!(until_cps_application(&first[..20]), Ok(Extent::Inside));
        assert_eq!(until_cps_application(&[]), Ok(Extent::Between));
    }
}
