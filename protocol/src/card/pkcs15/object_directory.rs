//! EF.OD, where the other directories are (PKCS#15 v1.1 section 6.2): a context tag for each kind,
//! around a Path. Kinds that the drivers do not use (public and secret keys, trusted and useful
//! certificates) are passed over; of several files of a kind the first four count.

use super::entry::{entries, location};
use crate::card::error::CardError;
use crate::card::file::{CardFile, FilePath};
use crate::card::reading::{Extent, series_of_objects, whole_objects};
use crate::card::tlv::TlvError;

const PRIVATE_KEYS: u32 = 0xA0;
const CERTIFICATES: u32 = 0xA4;
const DATA_OBJECTS: u32 = 0xA7;
const AUTHENTICATION_OBJECTS: u32 = 0xA8;
/// Files of one kind that are read.
const MAX_FILES: usize = 4;

/// Where the directories of a PKCS#15 application are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectDirectory {
    /// EF.PrKDF.
    pub private_keys: Vec<FilePath>,
    /// EF.CDF.
    pub certificates: Vec<FilePath>,
    /// EF.DODF.
    pub data_objects: Vec<FilePath>,
    /// EF.AODF.
    pub authentication_objects: Vec<FilePath>,
}

impl ObjectDirectory {
    /// Bytes asked for first: the four entries of a CPS with absolute paths.
    pub(crate) const USUAL_LENGTH: u16 = 48;

    /// Reads the content of EF.OD of the application in `folder`, to which relative paths belong.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for content that is not BER-TLV, or a path of a kind in use that
    /// leads nowhere.
    pub fn parse(content: &[u8], folder: &FilePath) -> Result<Self, CardError> {
        let mut directory = Self::default();
        for entry in entries(content, CardFile::ObjectDirectory)? {
            let files = match entry.tag().value() {
                PRIVATE_KEYS => &mut directory.private_keys,
                CERTIFICATES => &mut directory.certificates,
                DATA_OBJECTS => &mut directory.data_objects,
                AUTHENTICATION_OBJECTS => &mut directory.authentication_objects,
                _ => continue,
            };
            let place = location(&entry, folder)
                .ok_or(CardError::invalid(CardFile::ObjectDirectory, "path"))?;
            if files.len() < MAX_FILES {
                files.push(place.path);
            }
        }
        Ok(directory)
    }

    /// Reading may stop when each of the four kinds was met.
    pub(crate) fn extent(content: &[u8]) -> Result<Extent, TlvError> {
        let (length, elements) = whole_objects(content);
        let all = [
            PRIVATE_KEYS,
            CERTIFICATES,
            DATA_OBJECTS,
            AUTHENTICATION_OBJECTS,
        ]
        .iter()
        .all(|kind| elements.iter().any(|element| element.is(*kind)));
        if all {
            Ok(Extent::Complete(length))
        } else {
            series_of_objects(content)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::ObjectDirectory;
    use crate::card::error::CardError;
    use crate::card::file::FilePath;
    use crate::card::reading::Extent;

    fn entry(kind: u8, path: &[u8]) -> Vec<u8> {
        let length = u8::try_from(path.len()).unwrap();
        [&[kind, length + 4, 0x30, length + 2, 0x04, length], path].concat()
    }

    fn folder() -> FilePath {
        FilePath::absolute(&[0x3F, 0, 0, 1]).unwrap()
    }

    #[test]
    fn absolute_and_relative_paths_are_found() {
        let content = [
            entry(0xA8, &[0x3F, 0, 0, 1, 0x70, 1]),
            entry(0xA0, &[0x70, 2]),
            entry(0xA5, &[0x44, 0x07]),
            entry(0xA4, &[0x3F, 0, 0, 1, 0x70, 5]),
            vec![0; 20],
        ]
        .concat();
        let directory = ObjectDirectory::parse(&content, &folder()).unwrap();
        assert_eq!(
            directory.authentication_objects,
            [folder().child(0x7001).unwrap()]
        );
        assert_eq!(directory.private_keys, [folder().child(0x7002).unwrap()]);
        assert_eq!(directory.certificates, [folder().child(0x7005).unwrap()]);
        assert!(directory.data_objects.is_empty());
        assert_eq!(
            ObjectDirectory::extent(&content),
            Ok(Extent::Complete(content.len() - 20))
        );
    }

    #[test]
    fn four_kinds_are_enough_to_stop() {
        let four: Vec<u8> = [0xA8, 0xA0, 0xA4, 0xA7]
            .iter()
            .flat_map(|kind| entry(*kind, &[0x70, *kind]))
            .collect();
        let more = [four.clone(), vec![0xA5, 0x0A]].concat();
        assert_eq!(
            ObjectDirectory::extent(&more),
            Ok(Extent::Complete(four.len()))
        );
        assert_eq!(
            ObjectDirectory::extent(&four[..four.len() - 1]),
            Ok(Extent::Inside)
        );
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused() {
        for path in [[].as_slice(), &[0x70], &[0x3F, 0, 0], &[0x70; 14]] {
            let result = ObjectDirectory::parse(&entry(0xA4, path), &folder());
            assert!(
                matches!(result, Err(CardError::Malformed { .. })),
                "{path:02X?}"
            );
        }
    }

    #[test]
    fn a_crowd_of_files_is_cut() {
        let content = entry(0xA4, &[0x70, 5]).repeat(30);
        assert_eq!(
            ObjectDirectory::parse(&content, &folder())
                .unwrap()
                .certificates
                .len(),
            4
        );
    }
}
