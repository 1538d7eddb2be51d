//! What the statements of our own that a card signs have in common, a login and an approval: the sizes of what travels, and a short
//! life by two clocks that may differ.
//!
//! Each kind of statement tells these refusals as its own.

use paraphe_certs::UnixTime;

/// Longest life of a statement, in seconds.
pub const MAX_LIFETIME_SECONDS: u64 = 120;

/// How far the agent's clock may be from the server's, in seconds, either way.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 120;

/// Most bytes of a certificate.
pub(crate) const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Most bytes of a signature value (RSA of 4096 bits).
pub(crate) const MAX_SIGNATURE_BYTES: usize = 512;

/// What is wrong with a statement, whatever it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StatementError {
    CertificateSize { length: usize },
    SignatureSize { length: usize },
    Lifetime,
    NotYetValid,
    Expired,
}

/// The sizes of what travels.
pub(crate) fn check_sizes(certificate: &[u8], signature: &[u8]) -> Result<(), StatementError> {
    let length = certificate.len();
    if length > MAX_CERTIFICATE_BYTES {
        return Err(StatementError::CertificateSize { length });
    }
    let length = signature.len();
    if !(1..=MAX_SIGNATURE_BYTES).contains(&length) {
        return Err(StatementError::SignatureSize { length });
    }
    Ok(())
}

/// Issue and expiry, seconds since 1970, by the server's clock.
pub(crate) fn check_times(
    issued_at: u64,
    expires_at: u64,
    now: UnixTime,
) -> Result<(), StatementError> {
    if !is_lifetime(issued_at, expires_at) {
        return Err(StatementError::Lifetime);
    }
    if now.0.saturating_sub(time(issued_at).0) < -CLOCK_TOLERANCE_SECONDS {
        return Err(StatementError::NotYetValid);
    }
    if now.0.saturating_sub(time(expires_at).0) > CLOCK_TOLERANCE_SECONDS {
        return Err(StatementError::Expired);
    }
    Ok(())
}

/// Issue and expiry as they travel, where a statement may live so.
pub(crate) fn lifetime(issued_at: UnixTime, expires_at: UnixTime) -> Option<(u64, u64)> {
    let issued_at = u64::try_from(issued_at.0).ok()?;
    let expires_at = u64::try_from(expires_at.0).ok()?;
    is_lifetime(issued_at, expires_at).then_some((issued_at, expires_at))
}

/// A time as it travels.
pub(crate) fn time(seconds: u64) -> UnixTime {
    UnixTime(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn is_lifetime(issued_at: u64, expires_at: u64) -> bool {
    let lifetime = expires_at.checked_sub(issued_at);
    lifetime.is_some_and(|seconds| (1..=MAX_LIFETIME_SECONDS).contains(&seconds))
}
