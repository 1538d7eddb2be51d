//! The sections `[time_stamp]` and `[evidence]`: which authority stamps, who is trusted for that, and what is fetched.

use std::path::{Path, PathBuf};

use paraphe_certs::der;
use paraphe_protocol::signature::{DigestAlgorithm, TimeStampRevocation};
use serde::Deserialize;
use toml::Spanned;

use super::error::Fault;
use super::file::Place;
use super::{ConfigError, Trust};
use crate::evidence::is_address;

/// How long an authority may take to answer where the configuration does not say it, seconds.
const DEFAULT_SECONDS: u8 = 20;
/// Longest that can be configured, seconds.
const MOST_SECONDS: u64 = 120;
/// Longest address, characters.
const MOST_ADDRESS: usize = 1024;
/// Where the time-stamping authorities' own authorities are.
const DEFAULT_TRUST: &str = "/etc/paraphe/trust/time-stamping";

/// Time stamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStampConfig {
    /// Address of the authority that is asked; `None`: no time stamps are made, only verified.
    pub url: Option<String>,
    /// Digest that is stamped.
    pub digest: DigestAlgorithm,
    /// Policy that is asked for, dotted; `None`: the authority's own.
    pub policy: Option<String>,
    /// Whom to trust for time stamps.
    pub trust: Trust,
    /// For which time an authority's revocation status must be known in a verification.
    pub revocation: TimeStampRevocation,
    /// How long the authority may take to answer, seconds.
    pub timeout_seconds: u8,
}

/// What is fetched for signatures of long term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceConfig {
    /// Whether revocation lists and OCSP responders are asked at the addresses in certificates.
    pub fetch: bool,
    /// How long each may take to answer, seconds.
    pub timeout_seconds: u8,
    /// Roots for `https` addresses, PEM; `None`: the system's.
    pub tls_anchors: Option<PathBuf>,
}

impl Default for TimeStampConfig {
    fn default() -> Self {
        Self {
            url: None,
            digest: DigestAlgorithm::Sha256,
            policy: None,
            trust: Trust::below(Path::new(DEFAULT_TRUST), false),
            revocation: TimeStampRevocation::default(),
            timeout_seconds: DEFAULT_SECONDS,
        }
    }
}

impl Default for EvidenceConfig {
    fn default() -> Self {
        Self {
            fetch: true,
            timeout_seconds: DEFAULT_SECONDS,
            tls_anchors: None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTimeStamp {
    url: Option<Spanned<String>>,
    digest: Option<DigestAlgorithm>,
    policy: Option<Spanned<String>>,
    trust: Option<Spanned<PathBuf>>,
    revocation: TimeStampRevocation,
    timeout_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenEvidence {
    fetch: Option<bool>,
    timeout_seconds: Option<Spanned<i64>>,
    tls_anchors: Option<Spanned<PathBuf>>,
}

pub(super) fn check_time_stamp(
    written: WrittenTimeStamp,
    accept_test: bool,
    place: &Place<'_>,
) -> Result<TimeStampConfig, ConfigError> {
    let defaults = TimeStampConfig::default();
    let url = written.url.map(|url| {
        if url.get_ref().len() <= MOST_ADDRESS && is_address(url.get_ref()) {
            Ok(url.into_inner())
        } else {
            Err(place.fault("time_stamp.url", &url, Fault::WebAddress))
        }
    });
    let policy = written.policy.map(|policy| {
        if der::object_identifier(policy.get_ref()).is_some() {
            Ok(policy.into_inner())
        } else {
            Err(place.fault("time_stamp.policy", &policy, Fault::ObjectIdentifier))
        }
    });
    let trust = match written.trust {
        Some(directory) => place.absolute("time_stamp.trust", directory)?,
        None => DEFAULT_TRUST.into(),
    };
    let key = "time_stamp.timeout_seconds";
    Ok(TimeStampConfig {
        url: url.transpose()?,
        digest: written.digest.unwrap_or(defaults.digest),
        policy: policy.transpose()?,
        trust: Trust::below(&trust, accept_test),
        revocation: written.revocation,
        timeout_seconds: seconds(key, written.timeout_seconds.as_ref(), place)?,
    })
}

pub(super) fn check_evidence(
    written: WrittenEvidence,
    place: &Place<'_>,
) -> Result<EvidenceConfig, ConfigError> {
    let key = "evidence.timeout_seconds";
    Ok(EvidenceConfig {
        fetch: written.fetch.unwrap_or(true),
        timeout_seconds: seconds(key, written.timeout_seconds.as_ref(), place)?,
        tls_anchors: place.path("evidence.tls_anchors", written.tls_anchors)?,
    })
}

fn seconds(
    key: &'static str,
    written: Option<&Spanned<i64>>,
    place: &Place<'_>,
) -> Result<u8, ConfigError> {
    let seconds = place.number(key, written, DEFAULT_SECONDS.into(), MOST_SECONDS)?;
    Ok(u8::try_from(seconds).unwrap_or(DEFAULT_SECONDS))
}
