//! From where the record is asked: the structure and its sector of activity. In mode DIRECTE both come from one of the practice
//! situations of the card (the shared record refuses a structure that the card does not name); in the others the structure is the
//! one of the seal, and its sector is configured.

use std::fmt;
use std::str::FromStr;

use paraphe_certs::Structure;

use super::names;
use crate::card::PracticeSituation;
use crate::identifiers::StructureId;

/// A sector of activity, table R02, such as `SA07`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sector(String);

/// A structure and its sector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticePlace {
    structure: StructureId,
    sector: Sector,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// Not a code of table R02.
    #[error("a sector of activity is SA and two digits")]
    Sector,
    /// The practice situation or the certificate names no structure.
    #[error("no national identifier of a structure")]
    Structure,
}

impl Sector {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Code and code system, as the attribute writes them.
    pub(super) fn to_attribute(&self) -> String {
        format!("{}^{}", self.0, names::SECTOR_SYSTEM)
    }

    pub(super) fn from_attribute(text: &str) -> Option<Self> {
        let (code, system) = text.split_once('^')?;
        (system == names::SECTOR_SYSTEM).then(|| code.parse().ok())?
    }
}

impl FromStr for Sector {
    type Err = PlaceError;

    fn from_str(code: &str) -> Result<Self, PlaceError> {
        match code.strip_prefix("SA") {
            Some(digits) if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self(code.to_owned()))
            }
            _ => Err(PlaceError::Sector),
        }
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PracticePlace {
    /// The place of a practice situation of the card.
    ///
    /// # Errors
    /// [`PlaceError`] where the card names no structure or sector.
    pub fn of_situation(situation: &PracticeSituation) -> Result<Self, PlaceError> {
        let structure = situation.structure_id.as_deref();
        let sector = situation.sector.as_deref();
        Ok(Self {
            structure: structure
                .and_then(|id| id.parse().ok())
                .ok_or(PlaceError::Structure)?,
            sector: sector.ok_or(PlaceError::Sector)?.parse()?,
        })
    }

    /// The place of the structure whose seal signs.
    pub(super) fn of_structure(structure: &Structure, sector: Sector) -> Result<Self, PlaceError> {
        Ok(Self {
            structure: structure
                .structure_id
                .parse()
                .map_err(|_| PlaceError::Structure)?,
            sector,
        })
    }

    pub(super) fn of_parts(structure: StructureId, sector: Sector) -> Self {
        Self { structure, sector }
    }

    /// Identifier of the structure (Struct_IdNat).
    #[must_use]
    pub fn structure(&self) -> &StructureId {
        &self.structure
    }

    /// Its sector.
    #[must_use]
    pub fn sector(&self) -> &Sector {
        &self.sector
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Sector;

    #[test]
    fn sectors_are_codes_of_their_table() {
        let sector = Sector::from_attribute("SA07^1.2.250.1.71.4.2.4").unwrap();
        assert_eq!(sector.to_attribute(), "SA07^1.2.250.1.71.4.2.4");
        for text in [
            "SA07",
            "SA07^1.2.3",
            "SA7^1.2.250.1.71.4.2.4",
            "sa07^1.2.250.1.71.4.2.4",
        ] {
            assert_eq!(Sector::from_attribute(text), None, "{text}");
        }
    }
}
