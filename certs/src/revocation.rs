//! A revocation as lists and OCSP responses tell it: since when, and why (RFC 5280, 5.3.1; RFC 6960, 4.2.1).

use serde::Serialize;

use crate::unix_time::UnixTime;

/// A certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// Since when, by the authority's word.
    pub since: UnixTime,
    /// CRLReason, where the authority gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonCode>,
}

/// CRLReason (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ReasonCode(pub u8);

impl ReasonCode {
    /// removeFromCRL: in a delta, that a certificate on hold is no longer so.
    pub const REMOVE_FROM_CRL: Self = Self(8);

    /// Name as the standard writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => "unknown reason",
        }
    }
}
