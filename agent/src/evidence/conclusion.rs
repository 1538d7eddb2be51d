//! A verification concluded with this workstation's trust: three stores, the configured rule on time stamps, and, where revocation is
//! not known and fetching is allowed, what the authorities say when they are asked.

use std::collections::BTreeSet;

use paraphe_certs::{DocumentSigning, TimeStamping, TrustStore, UnixTime};
use paraphe_protocol::signature::{
    CheckedSignature, Evidence, SignatureReport, SignatureTrust, SubIndication, ValidationPolicy,
    conclude,
};

use super::{EvidenceError, EvidenceSource};

/// How the validation names that revocation data is missing.
const REVOCATION_UNKNOWN: &str = "revocation-unknown";

impl EvidenceSource {
    /// The report on a signature that its format's reader left. `professionals` is the store of `[trust]`.
    pub(crate) fn conclude(
        &self,
        signature: &CheckedSignature,
        professionals: &TrustStore,
        now: UnixTime,
    ) -> Result<SignatureReport, EvidenceError> {
        let (others, time_stamping) = (self.other_signers.load()?, self.time_stamping.load()?);
        let policy = ValidationPolicy {
            time_stamp_revocation: self.config.time_stamp.revocation,
            ..ValidationPolicy::default()
        };
        let trust = SignatureTrust {
            professionals,
            others: Some(&others),
            time_stamping: &time_stamping,
            fetched: None,
        };
        let report = conclude(signature.clone(), &trust, now, &policy);
        if !self.config.evidence.fetch || !misses_revocation(&report) {
            return Ok(report);
        }
        let mut fetched = Evidence::default();
        let carried = signature.evidence().certificates();
        // What cannot be had leaves the report as it was; its reasons say what is missing.
        for store in [professionals, &others] {
            let signer = signature.signer();
            let gathered =
                self.gather::<DocumentSigning>(store, signer, carried, now, &mut fetched);
            if gathered.is_ok() {
                break;
            }
        }
        let mut asked = BTreeSet::new();
        let stamps = signature.signature_time_stamps().iter();
        for stamp in stamps.chain(signature.archive_time_stamps()) {
            let further = [stamp.token().certificates(), carried].concat();
            let Ok(authority) = stamp.token().verify(&further) else {
                continue;
            };
            if asked.insert(authority.sha256()) {
                let gathered = self.gather::<TimeStamping>(
                    &time_stamping,
                    &authority,
                    &further,
                    now,
                    &mut fetched,
                );
                if let Err(error) = gathered {
                    tracing::info!(%error, "no revocation data of a time-stamping authority");
                }
            }
        }
        let trust = SignatureTrust {
            fetched: Some(&fetched),
            ..trust
        };
        Ok(conclude(signature.clone(), &trust, now, &policy))
    }
}

fn misses_revocation(report: &SignatureReport) -> bool {
    let of_stamp = report
        .time_stamps
        .iter()
        .filter_map(|stamp| stamp.reason.as_ref());
    report.sub_indication == Some(SubIndication::TryLater)
        || of_stamp
            .into_iter()
            .any(|reason| reason.code == REVOCATION_UNKNOWN)
}
