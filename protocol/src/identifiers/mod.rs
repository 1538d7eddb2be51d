//! The numbers and names by which the French health field knows people, places and documents.
//!
//! Sources: the card dictionary (tables G07, G08), the INS referential, CI-SIS "structuration
//! minimale" and ISO/IEC 9834 for object identifiers. Every type here is parsed once and then
//! always right; check digits that published test data does not respect are reported as a warning
//! ([`CheckDigit`]), never as a refusal. Types that name a patient print as `***` with `Debug`, so
//! that a log line cannot leak them.

mod birth_date;
mod check_digit;
mod identity;
mod ins;
mod ins_c;
mod nir;
mod oid;
mod rpps;
mod structure;

pub use birth_date::{BirthDate, BirthDateError};
pub use check_digit::CheckDigit;
pub use identity::{BirthPlace, IdentityError, InsiName, PatientIdentity, Sex, StrictTraits};
pub use ins::{Environment, Ins, InsAuthority, InsError};
pub use ins_c::{InsC, InsCError};
pub use nir::{Nir, NirError, NirKind};
pub use oid::{Oid, OidError};
pub use rpps::{Rpps, RppsError};
pub use structure::{StructureId, StructureIdError, StructureIdKind};
