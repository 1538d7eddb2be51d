//! From a signature that holds to a report (ETSI EN 319 102-1 clauses 5.3, 5.5 and 5.6): is the signer's certificate one that was
//! trusted, valid and not revoked when the signature provably existed?
//!
//! 1. Time stamps that cover everything are judged from the last to the first, each for the time that the one after it
//!    proves; then those of the signature value ([`time_stamps`]). The earliest proved time is the best signature time;
//!    without one it is the present.
//! 2. The signer's certificate is judged for the best signature time, with revocation data from the file, from the store
//!    and from whoever fetched some. Data that was made later counts.
//! 3. Algorithms and keys must have been good enough then ([`AlgorithmConstraints`]), and the stated time must fit.
//! 4. The level is the one that is proved: T by a time stamp that holds, LT where the file alone carries what the paths of
//!    signer and time stamps need, LTA by a further time stamp that holds.
//!
//! What the standard leaves to a signature policy is [`ValidationPolicy`]. Nothing is fetched, no clock is read.

mod algorithms;
mod material;
mod policy;
mod signer;
mod time_stamps;

#[cfg(test)]
mod tests;

use paraphe_certs::{DocumentSigner, UnixTime};

pub use algorithms::AlgorithmConstraints;
pub use policy::{SignatureTrust, TimeStampRevocation, ValidationPolicy};

use super::{
    CheckedSignature, CoveredReport, Indication, Level, ReadError, Reason, SignatureReport,
    SubIndication,
};
use material::Material;
use signer::JudgedSigner;
use time_stamps::ProvedTimes;

/// A reason with the sub-indication that it is told under.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    sub_indication: SubIndication,
    reason: Reason,
}

impl Finding {
    fn new(sub_indication: SubIndication, code: &'static str, explanation: String) -> Self {
        Self {
            sub_indication,
            reason: Reason { code, explanation },
        }
    }
}

/// Judges a signature at the present time and tells the outcome.
#[must_use]
pub fn conclude(
    signature: CheckedSignature,
    trust: &SignatureTrust<'_>,
    now: UnixTime,
    policy: &ValidationPolicy,
) -> SignatureReport {
    let material = Material::of(&signature, trust);
    let times = ProvedTimes::of(&signature, trust, &material, now, policy);
    let best_signature_time = times.best_signature_time().unwrap_or(now);
    let signer = JudgedSigner::of(&signature, trust, &material, best_signature_time, now);
    let is_proved = times.best_signature_time().is_some();
    let mut findings = Vec::new();
    findings.extend(signer.finding(is_proved));
    findings.extend(policy.algorithms.finding(
        &signature,
        signer.chain(),
        best_signature_time,
        is_proved,
    ));
    findings.extend(claimed_time(
        &signature,
        best_signature_time,
        is_proved,
        now,
        policy,
    ));
    let level = level(&signature, trust, &times, best_signature_time, now);
    let holder = signer.subject();
    SignatureReport {
        format: Some(signature.format),
        packaging: Some(signature.packaging),
        level: Some(level),
        indication: findings.first().map_or(Indication::TotalPassed, |first| {
            first.sub_indication.indication()
        }),
        sub_indication: findings.first().map(|first| first.sub_indication),
        reasons: findings.into_iter().map(|finding| finding.reason).collect(),
        algorithm: Some(signature.algorithm.name()),
        signer: match holder {
            Some(DocumentSigner::Holder(holder)) => Some(holder.clone()),
            _ => None,
        },
        structure: match holder {
            Some(DocumentSigner::Structure(structure)) => Some(structure.clone()),
            _ => None,
        },
        subject: Some(signature.signer.subject_rfc2253()),
        chain: signer
            .chain()
            .iter()
            .map(paraphe_certs::Certificate::subject_rfc2253)
            .collect(),
        claimed_signing_time: signature.claimed_signing_time,
        validation_time: best_signature_time,
        revocation: signer.revocation_source(),
        time_stamps: times.into_reports(),
        covered: signature
            .covered
            .into_iter()
            .map(|covered| CoveredReport {
                name: covered.name,
                bytes: covered.bytes,
                presented: covered.presented,
            })
            .collect(),
    }
}

/// The report on a file that is no signature that holds.
#[must_use]
pub fn refused(error: &ReadError, now: UnixTime) -> SignatureReport {
    SignatureReport {
        format: None,
        packaging: None,
        level: None,
        indication: error.sub_indication.indication(),
        sub_indication: Some(error.sub_indication),
        reasons: vec![Reason {
            code: error.code,
            explanation: error.explanation.clone(),
        }],
        algorithm: None,
        signer: None,
        structure: None,
        subject: None,
        chain: Vec::new(),
        claimed_signing_time: None,
        validation_time: now,
        revocation: None,
        time_stamps: Vec::new(),
        covered: Vec::new(),
    }
}

/// The time that the signer states proves nothing, but it must be possible.
fn claimed_time(
    signature: &CheckedSignature,
    best_signature_time: UnixTime,
    is_proved: bool,
    now: UnixTime,
    policy: &ValidationPolicy,
) -> Option<Finding> {
    let claimed = signature.claimed_signing_time?;
    let limit = |time: UnixTime| time.plus_seconds(policy.clock_tolerance_seconds);
    if claimed > limit(now) {
        return Some(Finding::new(
            SubIndication::SigConstraintsFailure,
            "claimed-time-in-the-future",
            format!("the signer states {claimed} as the time of signing, which is not yet"),
        ));
    }
    (is_proved && claimed > limit(best_signature_time)).then(|| {
        Finding::new(
            SubIndication::TimestampOrderFailure,
            "claimed-time-after-time-stamp",
            format!(
                "the signer states {claimed} as the time of signing, after the time stamp of {best_signature_time}"
            ),
        )
    })
}

fn level(
    signature: &CheckedSignature,
    trust: &SignatureTrust<'_>,
    times: &ProvedTimes,
    best_signature_time: UnixTime,
    now: UnixTime,
) -> Level {
    if !times.signature_is_stamped() {
        return Level::B;
    }
    // Only what stands in the file, and the anchors.
    let material = Material::of_file(signature);
    let stores = trust.anchors_only();
    let anchors = SignatureTrust {
        professionals: &stores.professionals,
        others: stores.others.as_ref(),
        time_stamping: &stores.time_stamping,
        fetched: None,
    };
    let signer = JudgedSigner::of(signature, &anchors, &material, best_signature_time, now);
    let carries_all =
        signer.holds() && times.signature_stamps_hold_alone(signature, &anchors, &material, now);
    match (carries_all, times.archive_is_stamped()) {
        (false, _) => Level::T,
        (true, false) => Level::LT,
        (true, true) => Level::LTA,
    }
}
