//! Login: a card's authentication key proves to a record server who is at the keyboard.
//!
//! Our own format, laid out byte by byte in `docs/login-assertion.md`: the card signs a context
//! string and length-prefixed fields, the envelope carries only what the record server cannot know,
//! and the server rebuilds the signed bytes from its own expected values. Not a JWT, not SAML: there
//! is no claim in it to be trusted before it is verified.
//!
//! Made in three steps: [`LoginRequest::prepare`], a signature of [`PreparedLogin::to_be_signed`] or
//! of its digest by the authentication key, [`PreparedLogin::complete`]. Verified by [`verify`].

mod assertion;
mod audience;
mod binding;
mod nonce;
mod offered;
mod origin;
mod prepare;
mod stated;
mod to_be_signed;
mod trusted_cards;
mod verify;

pub use assertion::{AssertionError, LoginAssertion, MAX_ASSERTION_BYTES};
pub use audience::{Audience, AudienceError};
pub use binding::{ChannelBinding, ChannelBindingKind, EXPORTER_LABEL};
pub use nonce::{AgentNonce, NonceError, ServerNonce};
pub use offered::{ChoiceError, OfferedAlgorithms, OfferedError};
pub use origin::{Origin, OriginError};
pub use prepare::{LoginRequest, PrepareLoginError, PreparedLogin};
pub use stated::StatedTerms;
pub use to_be_signed::{CONTEXT, Fields};
pub use trusted_cards::{MAX_TRUSTED_CARDS, REVOCATION_WINDOW_SECONDS, TrustedCards};
pub use verify::{CLOCK_TOLERANCE_SECONDS, Expected, LoginError, MAX_LIFETIME_SECONDS};
pub use verify::{VerifiedLogin, verify, verify_with};
