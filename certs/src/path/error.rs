//! Why a path is refused, with what a person needs to act on it.

use thiserror::Error;

use crate::certificate::CertificateError;
use crate::holder::HolderError;
use crate::unix_time::UnixTime;

/// Why a certificate was refused for a use. Names are RFC 2253 text; the messages hold them for the person in front of the screen,
/// so a log takes the variant and not the message.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// No path leads to an anchor: the issuer is not known, or is not the one that the certificate names.
    #[error(
        "no trusted authority issued the certificate: its issuer {issuer} leads to no trust anchor"
    )]
    UnknownIssuer {
        /// Issuer of the last certificate that could be placed on a path.
        issuer: String,
    },
    /// A signature on the path does not verify: the certificate was altered or forged.
    #[error("the signature on the certificate of {subject} does not verify")]
    BadSignature {
        /// Subject of the certificate with the wrong signature.
        subject: String,
    },
    /// A certificate of the path has expired.
    #[error("the certificate of {subject} expired on {not_after}")]
    Expired {
        /// Its subject.
        subject: String,
        /// Its last second of validity.
        not_after: UnixTime,
    },
    /// A certificate of the path is not valid yet; the workstation's clock may be wrong.
    #[error("the certificate of {subject} is not valid before {not_before}")]
    NotYetValid {
        /// Its subject.
        subject: String,
        /// Its first second of validity.
        not_before: UnixTime,
    },
    /// A certificate of the path is on its issuer's revocation list.
    #[error("the certificate of {subject} (serial number {serial_number}) was revoked")]
    Revoked {
        /// Its subject.
        subject: String,
        /// Its serial number, decimal.
        serial_number: String,
    },
    /// There is no usable revocation list of this authority: whether the certificate was revoked cannot be known.
    #[error("no revocation list of {issuer} is at hand")]
    RevocationUnknown {
        /// The authority whose list is missing.
        issuer: String,
    },
    /// The newest revocation list of this authority is too old.
    #[error("the revocation list of {issuer} has expired{}", since(.next_update))]
    CrlExpired {
        /// The authority whose list is stale.
        issuer: String,
        /// When a newer list was due, where the list says it.
        next_update: Option<UnixTime>,
    },
    /// The newest revocation list of this authority was made longer ago than the limits of the trust store allow.
    #[error(
        "the revocation list of {issuer} was made on {this_update}, longer ago than is allowed here"
    )]
    CrlTooOld {
        /// The authority.
        issuer: String,
        /// When the list was made.
        this_update: UnixTime,
    },
    /// A login needs an OCSP answer about its certificate, and there is none that holds and is fresh.
    #[error("no OCSP answer for a certificate of {issuer} that is fresh enough for a login")]
    NoFreshAnswer {
        /// The authority.
        issuer: String,
    },
    /// The revocation list was made after the time of verification; the workstation's clock may be wrong.
    #[error("the revocation list of {issuer} is dated in the future")]
    CrlNotYetValid {
        /// The authority.
        issuer: String,
    },
    /// The revocation list is not its authority's, or has another scope.
    #[error("the revocation list of {issuer} cannot be used: {reason}")]
    CrlUnusable {
        /// The authority.
        issuer: String,
        /// What the engine found.
        reason: String,
    },
    /// The certificate is not for this use.
    #[error(
        "the certificate is not for {used_for}: expected {expected}, found keyUsage {key_usage}, extendedKeyUsage {extended_key_usage:?}"
    )]
    WrongUse {
        /// Name of the use that was asked for.
        used_for: &'static str,
        /// What the use needs.
        expected: &'static str,
        /// The keyUsage bits found.
        key_usage: String,
        /// The extendedKeyUsage purposes found, dotted.
        extended_key_usage: Vec<String>,
    },
    /// The certificate is an authority's, not a holder's.
    #[error("the certificate is that of a certification authority")]
    IsAuthority,
    /// An issuer on the path may not issue certificates, or not these.
    #[error("{subject} is not a valid authority on this path: {reason}")]
    InvalidAuthority {
        /// Its subject.
        subject: String,
        /// What the engine found.
        reason: String,
    },
    /// A certificate of the path does not keep to RFC 5280 where the engine does not look.
    #[error("the certificate of {subject} does not keep to the profile of RFC 5280: {reason}")]
    OutsideProfile {
        /// Its subject.
        subject: String,
        /// What it has.
        reason: &'static str,
    },
    /// A certificate of the path has a critical extension that is not understood.
    #[error("the certificate of {subject} has a critical extension that is not understood")]
    CriticalExtension {
        /// Its subject.
        subject: String,
    },
    /// A key or a digest on the path is too weak (under 112 bits of security: SHA-1, RSA under 2048 bits).
    #[error("the certificate of {subject} uses a key or a digest that is too weak: {reason}")]
    WeakAlgorithm {
        /// Its subject.
        subject: String,
        /// What the engine found.
        reason: String,
    },
    /// The certificate is of a test product and the trust store accepts production only.
    #[error("the certificate is of a test card, which is not accepted here")]
    TestCertificate,
    /// A test certificate under a production authority, or the reverse.
    #[error("the path mixes test and production: {authority} for a {} certificate", if *.leaf_is_test { "test" } else { "production" })]
    MixedEnvironments {
        /// commonName of the authority that does not match.
        authority: String,
        /// Whether the holder's certificate is of a test product.
        leaf_is_test: bool,
    },
    /// The certificate does not state who the holder is.
    #[error("the holder cannot be read: {0}")]
    Holder(#[from] HolderError),
    /// The engine returned a certificate that this crate cannot read.
    #[error("a certificate of the path cannot be read: {0}")]
    Unreadable(#[from] CertificateError),
    /// Any other refusal of the engine.
    #[error("the certificate of {subject} is refused: {reason} (OpenSSL verification code {code})")]
    Refused {
        /// Subject of the certificate where the engine stopped.
        subject: String,
        /// OpenSSL's X509_V_ERR code; 0 where the engine itself failed.
        code: i32,
        /// What the engine says.
        reason: String,
    },
}

fn since(next_update: &Option<UnixTime>) -> String {
    next_update
        .map(|time| format!(" on {time}"))
        .unwrap_or_default()
}
