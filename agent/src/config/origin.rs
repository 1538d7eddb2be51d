//! Which origins may be configured: those that a browser can send (the type [`Origin`] holds no other), and in a release
//! build none of this very machine (`localhost`, 127.0.0.0/8, ::1), whose pages are anybody's. `http:` never.

use paraphe_protocol::login::{Origin, OriginError};

/// Why an origin may not be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteOriginError {
    /// Not what a browser sends.
    #[error("{0}: write https://host[:port], lower case, no path, no trailing slash, no wildcard")]
    NotAnOrigin(#[from] OriginError),
    /// This very machine.
    #[error("a site on this very machine (localhost, 127.0.0.0/8, ::1) is not allowed")]
    Loopback,
}

/// An origin that may be configured in this build.
pub(crate) fn parse(text: &str) -> Result<Origin, SiteOriginError> {
    parse_with(text, cfg!(debug_assertions))
}

pub(super) fn parse_with(text: &str, loopback_allowed: bool) -> Result<Origin, SiteOriginError> {
    let origin: Origin = text.parse()?;
    if origin.is_of_this_machine() && !loopback_allowed {
        return Err(SiteOriginError::Loopback);
    }
    Ok(origin)
}
