//! EF.DODF, the business data of a CPS (PKCS#15 v1.1 section 6.7): label and file of each object.
//! Here the label is the name of the object (`CPS_INFO_PS`, `CPS_ACTIVITY_03_PS`), as there is no
//! other.

use super::entry::{Location, TYPE_ATTRIBUTES, entries, is_private, label, location};
use crate::card::error::CardError;
use crate::card::file::{CardFile, FilePath};
use crate::card::tlv::Element;

/// A data object of a card, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// The name of the object.
    pub label: String,
    /// Whether reading wants the PIN.
    pub is_private: bool,
    pub(crate) location: Location,
}

impl DataObject {
    /// The file that holds the object.
    #[must_use]
    pub fn path(&self) -> &FilePath {
        &self.location.path
    }
}

/// Reads the content of EF.DODF of the application in `folder`. Entries without label or file are
/// passed over.
///
/// # Errors
/// [`CardError::Malformed`] for content that is not BER-TLV.
pub fn data_objects(content: &[u8], folder: &FilePath) -> Result<Vec<DataObject>, CardError> {
    let entries = entries(content, CardFile::DataObjects)?;
    let object = |entry: &Element<'_>| {
        Some(DataObject {
            label: label(entry)?,
            is_private: is_private(entry),
            location: location(entry.child(TYPE_ATTRIBUTES)?, folder)?,
        })
    };
    Ok(entries.iter().filter_map(object).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::data_objects;
    use crate::card::file::FilePath;

    #[test]
    fn the_path_is_found_behind_either_wrapping() {
        let folder = FilePath::absolute(&[0x3F, 0, 0, 1]).unwrap();
        let one = b"\x30\x21\x30\x10\x0C\x0BCPS_INFO_PS\x03\x01\x00\x30\x05\x0C\x03CPS\xA1\x06\x30\x04\x04\x02\xD1\x03";
        let two = b"\x30\x24\x30\x11\x0C\x0BCPS_DATA_X1\x03\x02\x07\x80\x30\x05\x0C\x03CPS\xA1\x08\x30\x06\x30\x04\x04\x02\xD1\x07";
        let objects = data_objects(&[one.as_slice(), two.as_slice()].concat(), &folder).unwrap();
        let seen: Vec<_> = objects
            .iter()
            .map(|object| (object.label.as_str(), object.is_private, object.path()))
            .collect();
        let (info, data) = (folder.child(0xD103).unwrap(), folder.child(0xD107).unwrap());
        assert_eq!(
            seen,
            [("CPS_INFO_PS", false, &info), ("CPS_DATA_X1", true, &data)]
        );
    }
}
