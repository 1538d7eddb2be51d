//! Why there is no time stamp or no evidence, and how a person is told.

use paraphe_certs::{JudgementError, OcspError, PathError, UnixTime};
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::signature::{EvidenceError as EvidenceLimit, SigningError};
use paraphe_protocol::time_stamp::TimeStampError;

use super::FetchError;
use crate::operation::TrustLoadError;
use crate::problem::Failure;

/// Why something that a signature needs from elsewhere is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvidenceError {
    /// No authority is configured.
    #[error("no time-stamping authority is configured")]
    NotConfigured,
    /// The time-stamping authority cannot be reached.
    #[error("the time-stamping authority: {0}")]
    Unreachable(FetchError),
    /// Its answer is a refusal, or does not hold.
    #[error(transparent)]
    TimeStamp(#[from] TimeStampError),
    /// Its certificate leads to none of the configured anchors, or may not stamp.
    #[error("the time-stamping authority is not trusted here: {0}")]
    UntrustedAuthority(PathError),
    /// The time that it states is not the present.
    #[error("the time stamp states {stated}, the workstation's clock {now}")]
    Clock {
        /// The authority's time.
        stated: UnixTime,
        /// Ours.
        now: UnixTime,
    },
    /// A certificate does not hold, or its revocation cannot be known.
    #[error(transparent)]
    Judgement(#[from] JudgementError),
    /// The same, with what was tried.
    #[error("{judgement} ({})", tried(.attempts))]
    NoRevocationData {
        /// What is missing.
        judgement: JudgementError,
        /// What each address gave.
        attempts: Vec<String>,
    },
    /// An OCSP request cannot be laid out.
    #[error(transparent)]
    Ocsp(#[from] OcspError),
    /// The stores of the configuration cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustLoadError),
    /// More than a signature carries.
    #[error(transparent)]
    Limit(#[from] EvidenceLimit),
    /// The format refuses.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The system's random numbers are not available.
    #[error("no random numbers")]
    Random,
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        let code = match error {
            EvidenceError::NotConfigured => return ErrorCode::TimeStampNotConfigured.into(),
            EvidenceError::Unreachable(_) => ErrorCode::TimeStampUnreachable,
            EvidenceError::TimeStamp(TimeStampError::Refused { .. }) => ErrorCode::TimeStampRefused,
            EvidenceError::TimeStamp(_)
            | EvidenceError::UntrustedAuthority(_)
            | EvidenceError::Clock { .. } => ErrorCode::TimeStampInvalid,
            EvidenceError::Judgement(error) => return judgement(error),
            EvidenceError::NoRevocationData {
                judgement,
                attempts,
            } => {
                let tried = tried(&attempts);
                return self::judgement(judgement).with_technical_detail(tried);
            }
            EvidenceError::Trust(error) => return error.into(),
            EvidenceError::Signing(error) => return error.into(),
            EvidenceError::Ocsp(_) | EvidenceError::Limit(_) => {
                ErrorCode::CertificateRevocationUnknown
            }
            EvidenceError::Random => ErrorCode::Internal,
        };
        Self::new(code).with_technical_detail(error)
    }
}

/// Subjects are people: they are not repeated.
fn judgement(error: JudgementError) -> Failure {
    match error {
        JudgementError::Path(error) => error.into(),
        JudgementError::Revoked { .. } => ErrorCode::CertificateRevoked.into(),
        JudgementError::RevocationUnknown { issuer, .. } => {
            Failure::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                format!("Aucune donnée de révocation de {issuer}."),
                format!("No revocation data of {issuer}."),
            )
        }
        _ => ErrorCode::CertificateInvalid.into(),
    }
}

fn tried(attempts: &[String]) -> String {
    if attempts.is_empty() {
        "no address to ask".to_owned()
    } else {
        attempts.join("; ")
    }
}
