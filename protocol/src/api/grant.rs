//! `grant/list`, `grant/revoke`: which sites have which rights on this workstation, for how long and by whom; what the person
//! granted, the person takes back. What the configuration grants or forbids is listed too and is changed there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{OriginWarning, Right};

/// `grant/list` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantListRequest {}

/// Who may ask, in the order of the origins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantListResponse {
    /// Sites that have rights.
    pub grants: Vec<GrantSummary>,
    /// Origins that the configuration forbids: they cannot even ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
    /// Whether sites that are not listed may ask for rights.
    pub pairing_allowed: bool,
}

/// A site that has rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantSummary {
    /// Its exact origin.
    pub origin: String,
    /// What should make the person look twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<OriginWarning>,
    /// Its rights.
    pub rights: Vec<Right>,
    /// The record server that its logins are for, by name; absent: it cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server: Option<String>,
    /// By whom and for how long.
    pub duration: GrantDuration,
    /// When the person granted it; absent for the configuration's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_at: Option<i64>,
    /// When it ends by itself, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// By whom and for how long a site has rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GrantDuration {
    /// By the configuration, for as long as it says so.
    Configuration,
    /// By the person, for this time.
    ThisTime,
    /// By the person, until it is revoked.
    UntilRevoked,
}

/// Take a site's rights away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRevokeRequest {
    /// The exact origin, as `grant/list` gives it.
    pub origin: String,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantRevokeResponse {
    /// The origin.
    pub origin: String,
    /// The site's open mandates that ended with its rights.
    pub mandates_ended: usize,
}
