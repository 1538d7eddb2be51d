//! VIHF: the SAML 2.0 assertion by which a user of the French shared record says who they are, from where, about whom and why.
//!
//! Version 3.0 (`docs/vihf.md`), in the modes DIRECTE, INDIRECTE and INDIRECTE_RENFORCEE: an `Assertion` with an enveloped XML
//! signature (SAML core 2.0 clause 5, W3C xmldsig-core1), signed by the signature key of the professional's card in the first
//! mode, by the structure's seal in the others. What a certificate or card says (who, profession, speciality, structure) comes
//! from there and from nowhere else: [`VihfUser`] and [`PracticePlace`] have no other way in.
//!
//! Made in three steps: [`VihfRequest::prepare`], a signature of [`PreparedVihf::to_be_signed`], [`PreparedVihf::complete`].
//! Verified by [`check`] and then [`CheckedVihf::admit`], which spends the assertion's id: only that gives a [`VerifiedVihf`].
//! What is read is read from the very bytes whose digest was signed. [`read_unverified`] tells what an assertion claims.

mod authentication_context;
mod content;
mod error;
mod id;
mod layout;
mod mode;
mod names;
mod place;
mod prepare;
mod purpose;
mod read;
mod recipient;
mod role;
mod signature;
mod software;
mod text;
mod user;
mod verify;

pub use authentication_context::AuthenticationContext;
pub use content::VihfContent;
pub use error::VihfError;
pub use id::{VihfId, VihfIdError};
pub use mode::VihfMode;
pub use place::{PlaceError, PracticePlace, Sector};
pub use prepare::{PrepareVihfError, PreparedVihf, VihfAuthor, VihfRequest};
pub use purpose::{Access, AccessReason, AccessReasonError, PurposeOfUse};
pub use read::{MAX_VIHF_BYTES, read_unverified};
pub use recipient::{Recipient, Resource, ResourceError};
pub use role::{Role, RoleError};
pub use software::{ClientSoftware, ClientSoftwareError};
pub use user::{UserError, VihfUser};
pub use verify::{
    AdmitError, CheckedVihf, Expected, ExpectedAudience, VerifiedVihf, VihfSigner, check,
};

/// How long an assertion lives, in seconds, and how far back its issue may be by the verifier's clock.
pub const LIFETIME_SECONDS: i64 = 300;

/// How far the issuer's clock may be ahead of the verifier's, in seconds.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 60;

/// The one version that is made and accepted.
pub const VERSION: &str = "3.0";
