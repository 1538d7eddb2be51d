//! A signature as its format's reader leaves it: everything that needs no trust was checked, nothing about trust was decided.
//! Only the readers of this crate make one; the validation turns it into a report.

use paraphe_certs::{Certificate, UnixTime};

use super::{Evidence, Level, Packaging, SignatureFormat, SubIndication};
use crate::algorithm::SignatureAlgorithm;
use crate::time_stamp::TimeStampToken;

/// A signature whose structure, digests and value hold.
#[derive(Clone, Debug)]
pub struct CheckedSignature {
    pub(crate) format: SignatureFormat,
    pub(crate) packaging: Packaging,
    /// The level that the file's content reaches, whatever it proves.
    pub(crate) level: Level,
    pub(crate) algorithm: SignatureAlgorithm,
    /// The certificate whose key made the signature, bound by a signed attribute.
    pub(crate) signer: Certificate,
    /// Time that the signer states.
    pub(crate) claimed_signing_time: Option<UnixTime>,
    pub(crate) covered: Vec<Covered>,
    pub(crate) signature_time_stamps: Vec<ImprintedTimeStamp>,
    /// In the order in which they were added.
    pub(crate) archive_time_stamps: Vec<ImprintedTimeStamp>,
    pub(crate) evidence: Evidence,
}

impl CheckedSignature {
    /// Its format.
    #[must_use]
    pub fn format(&self) -> SignatureFormat {
        self.format
    }

    /// Where it stands.
    #[must_use]
    pub fn packaging(&self) -> Packaging {
        self.packaging
    }

    /// The level that the file's content reaches, whatever it proves.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// The algorithm of the signature value.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The certificate whose key made it. Nothing says that it is trusted.
    #[must_use]
    pub fn signer(&self) -> &Certificate {
        &self.signer
    }

    /// When, as the signer says.
    #[must_use]
    pub fn claimed_signing_time(&self) -> Option<UnixTime> {
        self.claimed_signing_time
    }

    /// What exactly is signed.
    #[must_use]
    pub fn covered(&self) -> &[Covered] {
        &self.covered
    }

    /// Time stamps of the signature value.
    #[must_use]
    pub fn signature_time_stamps(&self) -> &[ImprintedTimeStamp] {
        &self.signature_time_stamps
    }

    /// Time stamps of everything, in the order in which they were added.
    #[must_use]
    pub fn archive_time_stamps(&self) -> &[ImprintedTimeStamp] {
        &self.archive_time_stamps
    }

    /// Certificates and revocation data of the file.
    #[must_use]
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

impl ImprintedTimeStamp {
    /// The token. Nothing says that its authority is trusted.
    #[must_use]
    pub fn token(&self) -> &TimeStampToken {
        &self.token
    }

    /// Whether it is of the bytes that it should be of.
    #[must_use]
    pub fn imprint_matches(&self) -> bool {
        self.imprint_matches
    }
}

/// A time stamp, and whether it is one of the bytes that it should be of.
#[derive(Clone, Debug)]
pub struct ImprintedTimeStamp {
    pub(crate) token: TimeStampToken,
    pub(crate) imprint_matches: bool,
}

/// One thing that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// As the signature names it: a file name, a URI, "the whole PDF up to this revision".
    pub name: String,
    /// How many bytes, where known.
    pub bytes: Option<u64>,
    /// Position among the documents that the caller presented; `None` where the content stands in the file itself.
    pub presented: Option<usize>,
}

/// Why a file is not a signature that holds, before any question of trust.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{explanation}")]
pub struct ReadError {
    /// The reason of EN 319 102-1 that it is told under.
    pub sub_indication: SubIndication,
    /// Stable name, for programs.
    pub code: &'static str,
    /// In English, without content.
    pub explanation: String,
}

impl ReadError {
    pub(crate) fn new(
        sub_indication: SubIndication,
        code: &'static str,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            sub_indication,
            code,
            explanation: explanation.into(),
        }
    }
}
