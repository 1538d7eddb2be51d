//! `open`: a link to the agent's own page, for the user's programs at the Unix socket. `page/enter`: the page itself exchanges the link's
//! word, once, for that of a session (docs/doors.md). Neither is for sites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `open` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRequest {}

/// A link to the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenResponse {
    /// The link, good once: `https://127.0.0.1:<port>/#<word>`.
    pub url: String,
    /// How long it is good, seconds.
    pub seconds: u64,
}

/// The page enters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageEnterRequest {
    /// The word of the link, 43 characters of base64url.
    pub link: String,
}

/// The page is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageEnterResponse {
    /// The word of the session, for the header `X-Paraphe-Page`.
    pub session: String,
}
