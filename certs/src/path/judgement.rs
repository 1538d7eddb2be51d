//! A certificate judged for a time, with what comes with a signature: further certificates, revocation lists and OCSP responses
//! (RFC 5280, section 6; RFC 6960; ETSI EN 319 102-1, 5.2.6 and 5.6.2.1).
//!
//! Other than [`TrustStore::verify`], which asks whether a certificate may be used now, this asks what held at a time that may
//! lie far back: revocation data made after that time counts, and a certificate that was revoked later passes with the finding
//! told. Nothing that comes with a signature is trusted by that: a certificate must lead to an anchor of the store, revocation
//! data must be signed by the issuer on that path, or by a responder that the issuer certified.

use thiserror::Error;

use crate::certificate::Certificate;
use crate::crl::RevocationList;
use crate::ocsp::{CertificateStatus, OcspResponse};
use crate::path::certificate_use::CertificateUse;
use crate::path::error::PathError;
use crate::path::freshness::{CLOCK_TOLERANCE, LIFE_WITHOUT_NEXT_UPDATE};
use crate::path::trust_store::TrustStore;
use crate::path::verified::VerifiedCertificate;
use crate::revocation::{ReasonCode, Revocation};
use crate::unix_time::UnixTime;

/// What comes with a signature, or was fetched for it. It proves nothing by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct PathEvidence<'a> {
    /// Certificates of authorities, in any order.
    pub certificates: &'a [Certificate],
    /// Revocation lists.
    pub revocation_lists: &'a [RevocationList],
    /// OCSP responses.
    pub ocsp_responses: &'a [OcspResponse],
}

/// For which time, as known when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgementTime {
    /// The time for which the certificate is judged.
    pub at: UnixTime,
    /// The present: what is dated later is refused.
    pub now: UnixTime,
}

/// Where a revocation status comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationSource {
    /// A revocation list.
    Crl,
    /// An OCSP response.
    Ocsp,
}

impl RevocationSource {
    /// Name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
        }
    }
}

/// What is known of one certificate's revocation: not revoked at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationFinding {
    /// Where it comes from.
    pub source: RevocationSource,
    /// When the authority knew it.
    pub this_update: UnixTime,
    /// The revocation after the time, where there was one.
    pub revoked_later: Option<Revocation>,
}

/// A certificate whose path holds for a use at a time and which was not revoked then.
#[derive(Debug, Clone)]
pub struct JudgedCertificate<U: CertificateUse> {
    verified: VerifiedCertificate<U>,
    findings: Vec<RevocationFinding>,
}

/// Why a certificate does not hold at a time.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JudgementError {
    /// The path, the use or the subject.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Revoked at the time or before.
    #[error("the certificate of {subject} was revoked on {}{}", .revocation.since, because(.revocation))]
    Revoked {
        /// Its subject.
        subject: String,
        /// Whether it is an authority's.
        is_authority: bool,
        /// Since when and why.
        revocation: Revocation,
    },
    /// Nothing says whether it was revoked, or only data that was too old at the time.
    #[error("whether the certificate of {subject} was revoked is not known{}", of_time(.newest))]
    RevocationUnknown {
        /// Its subject.
        subject: String,
        /// Its issuer.
        issuer: String,
        /// Whether it is an authority's.
        is_authority: bool,
        /// When the newest data of the issuer was made that does not reach the time.
        newest: Option<UnixTime>,
    },
}

impl<U: CertificateUse> JudgedCertificate<U> {
    /// The certificate with its path.
    #[must_use]
    pub fn verified(&self) -> &VerifiedCertificate<U> {
        &self.verified
    }

    /// What is known of the revocation of each certificate below the anchor, the certificate itself first.
    #[must_use]
    pub fn findings(&self) -> &[RevocationFinding] {
        &self.findings
    }
}

impl TrustStore {
    /// Judges a certificate for a use at a time, with the store's own authorities and lists and with what comes along.
    ///
    /// # Errors
    /// [`JudgementError`]: path, use and subject first, then revocation from the anchor down.
    pub fn judge<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        time: JudgementTime,
        evidence: &PathEvidence<'_>,
    ) -> Result<JudgedCertificate<U>, JudgementError> {
        let verified = self.verify_path::<U>(leaf, time.at, evidence.certificates)?;
        let links = verified.chain().windows(2).rev();
        let findings = links.filter_map(|link| match link {
            [certificate, issuer] => Some(self.revocation(certificate, issuer, time, evidence)),
            _ => None,
        });
        let mut findings: Vec<RevocationFinding> = findings.collect::<Result<_, _>>()?;
        findings.reverse();
        Ok(JudgedCertificate { verified, findings })
    }

    /// Judges only the path, the use and the subject; nothing is said of revocation.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn judge_path<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        evidence: &PathEvidence<'_>,
    ) -> Result<VerifiedCertificate<U>, PathError> {
        self.verify_path::<U>(leaf, at, evidence.certificates)
    }

    fn revocation(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        time: JudgementTime,
        evidence: &PathEvidence<'_>,
    ) -> Result<RevocationFinding, JudgementError> {
        let given = self.crls().iter().chain(evidence.revocation_lists);
        let of_issuer: Vec<&RevocationList> =
            given.filter(|list| list.is_signed_by(issuer)).collect();
        let complete = of_issuer.iter().filter(|list| list.covers(certificate));
        let lists: Vec<&RevocationList> = complete.copied().collect();
        let mut told: Vec<Told> = Vec::new();
        for list in &lists {
            told.push(Told::by(list, list, certificate));
            let deltas = of_issuer.iter().filter(|delta| delta.amends(list));
            told.extend(deltas.map(|delta| Told::by(list, delta, certificate)));
        }
        for response in evidence.ocsp_responses {
            let Ok(answer) = response.answer(certificate, issuer) else {
                continue;
            };
            if let Some(responder) = &answer.responder_to_check {
                let is_listed = |list: &&RevocationList| list.revocation_of(responder).is_some();
                if lists.is_empty() || lists.iter().any(is_listed) {
                    continue;
                }
            }
            let revocation = match answer.status {
                CertificateStatus::Good => None,
                CertificateStatus::Revoked(revocation) => Some(revocation),
                CertificateStatus::Unknown => continue,
            };
            told.push(Told {
                source: RevocationSource::Ocsp,
                this_update: answer.this_update,
                next_update: answer.next_update,
                revocation,
            });
        }
        told.retain(|told| told.this_update <= time.now.plus_seconds(CLOCK_TOLERANCE));
        told.sort_by_key(|told| told.this_update);
        let revocation = told.iter().filter_map(|told| told.revocation);
        let revocation = revocation.min_by_key(|revocation| revocation.since);
        let subject = certificate.subject_rfc2253();
        let is_authority = certificate.is_ca();
        if let Some(revocation) = revocation
            && revocation.since <= time.at
        {
            return Err(JudgementError::Revoked {
                subject,
                is_authority,
                revocation,
            });
        }
        let fresh = told
            .iter()
            .rev()
            .find(|told| told.reaches(time.at, certificate));
        fresh
            .map(|fresh| RevocationFinding {
                source: fresh.source,
                this_update: fresh.this_update,
                revoked_later: revocation,
            })
            .ok_or_else(|| JudgementError::RevocationUnknown {
                subject,
                issuer: certificate.issuer_rfc2253(),
                is_authority,
                newest: told.last().map(|told| told.this_update),
            })
    }
}

/// What one list or response says.
struct Told {
    source: RevocationSource,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    revocation: Option<Revocation>,
}

impl Told {
    /// By a complete list and a delta that amends it, or by the list alone where both are the same. What a delta takes back was a
    /// hold only, and stays told by the list.
    fn by(complete: &RevocationList, newest: &RevocationList, certificate: &Certificate) -> Self {
        let listed = newest.revocation_of(certificate);
        Self {
            source: RevocationSource::Crl,
            this_update: newest.this_update(),
            next_update: newest.next_update(),
            revocation: listed
                .filter(|entry| entry.reason != Some(ReasonCode::REMOVE_FROM_CRL))
                .or_else(|| complete.revocation_of(certificate)),
        }
    }

    /// Whether it speaks of the time: made after it, or not yet due for renewal then. An authority may forget certificates that
    /// expired, so silence after that says nothing.
    fn reaches(&self, at: UnixTime, certificate: &Certificate) -> bool {
        let until = self
            .next_update
            .unwrap_or_else(|| self.this_update.plus_seconds(LIFE_WITHOUT_NEXT_UPDATE));
        let knows = self.revocation.is_some() || self.this_update <= certificate.not_after();
        knows && (self.this_update >= at || until >= at)
    }
}

fn because(revocation: &Revocation) -> String {
    revocation
        .reason
        .map(|reason| format!(" ({})", reason.name()))
        .unwrap_or_default()
}

fn of_time(newest: &Option<UnixTime>) -> String {
    newest
        .map(|time| format!(": the newest revocation data at hand is of {time}"))
        .unwrap_or_default()
}
