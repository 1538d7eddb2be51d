//! The lot signature as the DMP has received it for years, profile `dmp-legacy`: XAdES 1.1.1, inclusive canonical XML with
//! comments, and SHA-1 throughout (docs/lot-signature.md).
//!
//! SHA-1 can be forged by whoever chooses both documents. So the whole profile exists only where the administrator enabled it
//! in the configuration: every way in asks for a [`DmpLegacy`], and its digests and its signing input are types that nothing else
//! takes. Two levels of verification as in `dsg`: [`super::ExaminedLot`] does both and says which profile it met.

mod digest;
mod layout;
mod prepare;
mod read;
mod verify;

pub use digest::{LegacyDigest, LegacyDigests, LegacyHasher, MAXIMUM_CANONICAL_BYTES};
pub use prepare::{
    LegacyDocument, LegacyLotDraft, LegacyPrepareError, LegacyTransform, PreparedLegacyLot,
};
pub use verify::{LegacyPresented, SignedLegacyLot, VerifiedLegacyLot};
pub(super) use verify::{is_legacy, report_on};

/// Name of the profile in reports and on the command line.
pub const PROFILE: &str = "dmp-legacy";

/// Format code of this signature in the metadata of a submission set (value set JDV_J60).
pub const FORMAT_CODE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// That the administrator enabled the profile. Whoever has no such value cannot reach SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmpLegacy(());

impl DmpLegacy {
    /// The permission, where the configuration's `[signatures] dmp_legacy` says so.
    #[must_use]
    pub fn where_enabled(setting: bool) -> Option<Self> {
        setting.then_some(Self(()))
    }
}
