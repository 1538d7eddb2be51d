//! `[revocation]`: how fresh lists and OCSP answers must be for certificates that are used now, and whether a login needs an answer.

use paraphe_certs::Freshness;
use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Place;

/// Longest age of a list that can be asked for, hours: a year.
const MOST_HOURS: u64 = 8784;
/// Longest age of an answer that can be asked for, minutes: a week.
const MOST_MINUTES: u64 = 7 * 24 * 60;

/// What is asked of revocation data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationConfig {
    /// Limits of age, and whether a login needs an OCSP answer.
    pub freshness: Freshness,
    /// Whether that answer must echo the nonce of its request.
    pub nonce: bool,
}

impl Default for RevocationConfig {
    fn default() -> Self {
        Self {
            freshness: Freshness::default(),
            nonce: true,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenRevocation {
    list_hours: Option<Spanned<i64>>,
    answer_minutes: Option<Spanned<i64>>,
    ocsp_at_login: bool,
    ocsp_nonce: Option<bool>,
}

pub(super) fn check(
    written: &WrittenRevocation,
    place: &Place<'_>,
) -> Result<RevocationConfig, ConfigError> {
    let default = RevocationConfig::default();
    let mut freshness = default.freshness;
    if let Some(hours) = &written.list_hours {
        let hours = place.number("revocation.list_hours", Some(hours), 1, MOST_HOURS)?;
        freshness.list_seconds = u32::try_from(hours.saturating_mul(3600)).ok();
    }
    let minutes = place.number(
        "revocation.answer_minutes",
        written.answer_minutes.as_ref(),
        u64::from(freshness.answer_seconds / 60),
        MOST_MINUTES,
    )?;
    let seconds = u32::try_from(minutes.saturating_mul(60));
    freshness.answer_seconds = seconds.unwrap_or(freshness.answer_seconds);
    freshness.login_needs_answer = written.ocsp_at_login;
    Ok(RevocationConfig {
        freshness,
        nonce: written.ocsp_nonce.unwrap_or(default.nonce),
    })
}
