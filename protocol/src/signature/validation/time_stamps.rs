//! Which times are proved (EN 319 102-1 clauses 5.4, 5.5.4 and 5.6.2.3): a time stamp proves its time where its imprint, its signature
//! and its authority's certificate hold at a time for which that must be asked.
//!
//! That time is the present for the last one, and for each one before it the time that a later one over everything proves: so
//! an authority's certificate may expire once its stamp was stamped again.

use paraphe_certs::{Certificate, JudgementError, JudgementTime, TimeStamping, UnixTime};

use super::material::Material;
use super::policy::{SignatureTrust, TimeStampRevocation, ValidationPolicy};
use super::signer::told;
use crate::signature::{CheckedSignature, ImprintedTimeStamp, Reason, TimeStampReport};

/// The time stamps of a signature, judged.
pub(super) struct ProvedTimes {
    signature: Vec<TimeStampReport>,
    archive: Vec<TimeStampReport>,
}

impl ProvedTimes {
    pub(super) fn of(
        signature: &CheckedSignature,
        trust: &SignatureTrust<'_>,
        material: &Material,
        now: UnixTime,
        policy: &ValidationPolicy,
    ) -> Self {
        let judge = Judge {
            trust,
            material,
            now,
            policy,
        };
        let mut control = now;
        let mut archive: Vec<TimeStampReport> = Vec::new();
        for time_stamp in signature.archive_time_stamps.iter().rev() {
            let judged = judge.judge(time_stamp, control, true);
            if judged.proves {
                control = judged.time;
            }
            archive.push(judged);
        }
        archive.reverse();
        let stamps = signature.signature_time_stamps.iter();
        let stamps = stamps.map(|time_stamp| judge.judge(time_stamp, control, false));
        Self {
            signature: stamps.collect(),
            archive,
        }
    }

    /// The earliest proved time at which the signature existed.
    pub(super) fn best_signature_time(&self) -> Option<UnixTime> {
        self.signature
            .iter()
            .chain(&self.archive)
            .filter(|judged| judged.proves)
            .map(|judged| judged.time)
            .min()
    }

    /// Whether a time stamp of the signature value proves its time.
    pub(super) fn signature_is_stamped(&self) -> bool {
        self.signature.iter().any(|judged| judged.proves)
    }

    /// Whether a time stamp of everything proves its time.
    pub(super) fn archive_is_stamped(&self) -> bool {
        self.archive.iter().any(|judged| judged.proves)
    }

    /// Whether the time stamps of the signature value that prove their time also do so with these stores and this material alone.
    pub(super) fn signature_stamps_hold_alone(
        &self,
        signature: &CheckedSignature,
        trust: &SignatureTrust<'_>,
        material: &Material,
        now: UnixTime,
    ) -> bool {
        let stamps = signature.signature_time_stamps.iter().zip(&self.signature);
        stamps
            .filter(|(_, judged)| judged.proves)
            .all(|(time_stamp, judged)| {
                let Ok(certificate) = time_stamp.token.verify(material.certificates()) else {
                    return false;
                };
                let time = JudgementTime {
                    at: judged.time,
                    now,
                };
                let evidence = material.evidence();
                trust
                    .time_stamping
                    .judge::<TimeStamping>(&certificate, time, &evidence)
                    .is_ok()
            })
    }

    /// In the order in which they were added.
    pub(super) fn into_reports(self) -> Vec<TimeStampReport> {
        self.signature.into_iter().chain(self.archive).collect()
    }
}

struct Judge<'a> {
    trust: &'a SignatureTrust<'a>,
    material: &'a Material,
    now: UnixTime,
    policy: &'a ValidationPolicy,
}

impl Judge<'_> {
    fn judge(
        &self,
        time_stamp: &ImprintedTimeStamp,
        control: UnixTime,
        is_archive: bool,
    ) -> TimeStampReport {
        let outcome = self.prove(time_stamp, control);
        let authority = time_stamp.token.verify(self.material.certificates()).ok();
        TimeStampReport {
            archive: is_archive,
            time: time_stamp.token.info().time(),
            authority: authority.map(|certificate| certificate.subject_rfc2253()),
            proves: outcome.is_ok(),
            reason: outcome.err(),
        }
    }

    fn prove(&self, time_stamp: &ImprintedTimeStamp, control: UnixTime) -> Result<(), Reason> {
        let reason = |code, explanation: String| Err(Reason { code, explanation });
        if !time_stamp.imprint_matches {
            return reason(
                "time-stamp-imprint",
                "the time stamp is of other bytes".to_owned(),
            );
        }
        let token = &time_stamp.token;
        let time = token.info().time();
        if time > control.plus_seconds(self.policy.clock_tolerance_seconds) {
            return reason(
                "time-stamp-order",
                format!("the time stamp states {time}, after {control}, when it existed"),
            );
        }
        let certificate = match token.verify(self.material.certificates()) {
            Ok(certificate) => certificate,
            Err(error) => return reason("time-stamp-signature", error.to_string()),
        };
        if time < certificate.not_before() || time > certificate.not_after() {
            return reason(
                "time-stamp-outside-validity",
                "the authority's certificate was not valid at the time that it states".to_owned(),
            );
        }
        let chain = match self.authority(&certificate, time, control) {
            Ok(chain) => chain,
            Err(error) => {
                let (_, code) = told(&error, true);
                return reason(code, error.to_string());
            }
        };
        let below_anchor = chain.split_last().map_or(&[][..], |(_, below)| below);
        match self.policy.algorithms.weak_key(below_anchor, control) {
            Some(explanation) => reason("key-too-weak", explanation),
            None => Ok(()),
        }
    }

    /// The authority's path, which must hold at the control time.
    fn authority(
        &self,
        certificate: &Certificate,
        stamped: UnixTime,
        control: UnixTime,
    ) -> Result<Vec<Certificate>, JudgementError> {
        let evidence = self.material.evidence();
        let store = self.trust.time_stamping;
        let judge = |at| {
            let time = JudgementTime { at, now: self.now };
            store.judge::<TimeStamping>(certificate, time, &evidence)
        };
        let error = match judge(control) {
            Ok(judged) => return Ok(judged.verified().chain().to_vec()),
            Err(error) => error,
        };
        let is_unknown =
            |error: &JudgementError| matches!(error, JudgementError::RevocationUnknown { .. });
        let rule = self.policy.time_stamp_revocation;
        if !is_unknown(&error) || rule == TimeStampRevocation::AtPresent {
            return Err(error);
        }
        let path = store.judge_path::<TimeStamping>(certificate, control, &evidence)?;
        match judge(stamped) {
            Err(error) if !is_unknown(&error) || rule == TimeStampRevocation::AtStamping => {
                Err(error)
            }
            _ => Ok(path.chain().to_vec()),
        }
    }
}
