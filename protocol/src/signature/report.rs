//! A verification told to a person: indications and reasons of ETSI EN 319 102-1 clause 5.1, and what exactly holds.
//! Information only: nothing in the program takes a report for a proof.

use paraphe_certs::{Holder, Structure, UnixTime};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Level, Packaging, SignatureFormat};

/// Overall outcome, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Indication {
    /// Signature and documents hold.
    TotalPassed,
    /// They may hold; something that would decide is missing.
    Indeterminate,
    /// They do not hold.
    TotalFailed,
}

/// Why it is not `TOTAL-PASSED` (EN 319 102-1 table 5 and 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum SubIndication {
    /// Not a signature of this profile.
    FormatFailure,
    /// Something signed was changed.
    HashFailure,
    /// The signature value does not verify.
    SigCryptoFailure,
    /// The signer's certificate was revoked.
    Revoked,
    /// A time stamp proves that the signature existed before its certificate was valid.
    NotYetValid,
    /// The certificate, or the times, do not satisfy the constraints.
    ChainConstraintsFailure,
    /// The path to a trusted authority is wrong in itself.
    CertificateChainGeneralFailure,
    /// An attribute of the signature does not satisfy the constraints.
    SigConstraintsFailure,
    /// An algorithm or key is too weak or unknown.
    CryptoConstraintsFailure,
    /// An algorithm or key is too weak by now, and nothing proves that the signature is older.
    CryptoConstraintsFailureNoPoe,
    /// The signer's certificate is not with the signature.
    NoSigningCertificateFound,
    /// No path to a trusted authority.
    NoCertificateChainFound,
    /// The certificate was revoked, and nothing proves that the signature is older than that.
    RevokedNoPoe,
    /// An authority on the path was revoked, and nothing proves that the signature is older than that.
    RevokedCaNoPoe,
    /// The certificate is expired or not valid yet, and nothing proves when it was used.
    OutOfBoundsNoPoe,
    /// Time stamps and the stated time contradict each other.
    TimestampOrderFailure,
    /// Revocation cannot be known now.
    TryLater,
    /// A document is missing, or none was presented.
    SignedDataNotFound,
}

impl SubIndication {
    /// The outcome that the standard's tables give with it.
    #[must_use]
    pub const fn indication(self) -> Indication {
        match self {
            Self::FormatFailure
            | Self::HashFailure
            | Self::SigCryptoFailure
            | Self::Revoked
            | Self::NotYetValid => Indication::TotalFailed,
            Self::ChainConstraintsFailure
            | Self::CertificateChainGeneralFailure
            | Self::SigConstraintsFailure
            | Self::CryptoConstraintsFailure
            | Self::CryptoConstraintsFailureNoPoe
            | Self::NoSigningCertificateFound
            | Self::NoCertificateChainFound
            | Self::RevokedNoPoe
            | Self::RevokedCaNoPoe
            | Self::OutOfBoundsNoPoe
            | Self::TimestampOrderFailure
            | Self::TryLater
            | Self::SignedDataNotFound => Indication::Indeterminate,
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// Stable name, for programs.
    pub code: &'static str,
    /// The same in English.
    pub explanation: String,
}

/// Something that is signed, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CoveredReport {
    /// As the signature names it.
    pub name: String,
    /// How many bytes, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Position among the presented documents, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presented: Option<usize>,
}

/// A time stamp in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TimeStampReport {
    /// Whether it is over everything (LTA) or over the signature value (T).
    pub archive: bool,
    /// When, seconds since 1970, as the authority states it.
    pub time: UnixTime,
    /// The authority's name, where its certificate was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Whether it proves that time: imprint, signature and the authority's certificate hold.
    pub proves: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// The report on one signature.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SignatureReport {
    /// Format, where it was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<SignatureFormat>,
    /// Where the signature stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packaging: Option<Packaging>,
    /// The level that is proved, not only claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Overall outcome.
    pub indication: Indication,
    /// Main reason, where it is not `TOTAL-PASSED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    /// Every reason, the one that decided first.
    pub reasons: Vec<Reason>,
    /// Signature algorithm, as RFC 7518 names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<&'static str>,
    /// The professional who signed, where the certificate is one of a person that holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Holder>,
    /// The structure whose seal it is, where it is no person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// The signer's subject as the certificate writes it, whatever its profile; not proved where the path does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The path's subjects from the signer to the anchor, where there is one.
    pub chain: Vec<String>,
    /// When, by the signer's clock, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_signing_time: Option<UnixTime>,
    /// The time for which everything was judged: the earliest proved one, else now.
    pub validation_time: UnixTime,
    /// Where the signer's revocation status comes from: `crl`, `ocsp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<&'static str>,
    /// Time stamps, in order.
    pub time_stamps: Vec<TimeStampReport>,
    /// What exactly is signed.
    pub covered: Vec<CoveredReport>,
}
