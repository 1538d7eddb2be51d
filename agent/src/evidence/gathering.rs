//! Certificates and revocation data for level LT: everything that a verifier who has the anchors alone needs to judge a
//! certificate at the present time.
//!
//! For each certificate below the anchor: a holder's own by OCSP where its issuer offers that (lists of hundreds of thousands of
//! cards are large to carry), else by the list in the trust directory, else by one that is fetched; an authority's by list first.
//! What was fetched is kept ([`super::kept`]), so that many signatures ask once.

use std::time::Duration;

use paraphe_certs::{
    Certificate, CertificateUse, JudgementError, JudgementTime, MAX_CRL_BYTES,
    MAX_OCSP_RESPONSE_BYTES, OCSP_NONCE_BYTES, OcspRequest, OcspResponse, PathEvidence,
    RevocationList, TrustStore, UnixTime,
};
use paraphe_protocol::signature::Evidence;

use super::kept::{Age, Answer, Asked};
use super::{EvidenceError, EvidenceSource, FetchRequest};

impl EvidenceSource {
    /// Adds what is needed to judge `certificate` for the use `U`: its path without the anchor, and revocation data of each
    /// certificate on it. `further` are certificates that came with it.
    pub(crate) fn gather<U: CertificateUse>(
        &self,
        store: &TrustStore,
        certificate: &Certificate,
        further: &[Certificate],
        now: UnixTime,
        evidence: &mut Evidence,
    ) -> Result<(), EvidenceError> {
        let known = PathEvidence {
            certificates: further,
            ..PathEvidence::default()
        };
        let path = store
            .judge_path::<U>(certificate, now, &known)
            .map_err(JudgementError::from)?;
        let mut attempts = Vec::new();
        for link in path.chain().windows(2) {
            let [subject, issuer] = link else { continue };
            // The certificate itself stands in the signature or in the time stamp.
            if subject.is_ca() {
                evidence.add_certificate(subject.clone())?;
            }
            match self.revocation(store, subject, issuer, now, &mut attempts)? {
                Some(Answer::List(list)) => evidence.add_revocation_list(list)?,
                Some(Answer::Response(response)) => evidence.add_ocsp_response(response.der())?,
                None => {}
            }
        }
        // Judged as a verifier will, who has nothing but the anchors and the file.
        let responses: Vec<OcspResponse> = evidence
            .ocsp_responses()
            .iter()
            .filter_map(|der| OcspResponse::from_der(der).ok())
            .collect();
        let alone = PathEvidence {
            certificates: evidence.certificates(),
            revocation_lists: evidence.revocation_lists(),
            ocsp_responses: &responses,
        };
        let time = JudgementTime { at: now, now };
        match store.anchors_only().judge::<U>(certificate, time, &alone) {
            Ok(_) => Ok(()),
            Err(judgement @ JudgementError::RevocationUnknown { .. }) => {
                Err(EvidenceError::NoRevocationData {
                    judgement,
                    attempts,
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    fn revocation(
        &self,
        store: &TrustStore,
        subject: &Certificate,
        issuer: &Certificate,
        now: UnixTime,
        attempts: &mut Vec<String>,
    ) -> Result<Option<Answer>, EvidenceError> {
        let at_hand = || {
            let lists = store
                .crls()
                .iter()
                .filter(|list| is_usable(list, subject, issuer, now));
            lists
                .max_by_key(|list| list.this_update())
                .cloned()
                .map(Answer::List)
        };
        let is_fetching = self.config.evidence.fetch;
        if subject.is_ca() {
            if let Some(list) = at_hand() {
                return Ok(Some(list));
            }
        } else if is_fetching
            && let Some(response) = self.respond(subject, issuer, now, attempts)?
        {
            return Ok(Some(response));
        } else if let Some(list) = at_hand() {
            return Ok(Some(list));
        }
        if !is_fetching {
            return Ok(None);
        }
        if let Some(list) = self.list(subject, issuer, now, attempts) {
            return Ok(Some(list));
        }
        if subject.is_ca() {
            return self.respond(subject, issuer, now, attempts);
        }
        Ok(None)
    }

    fn respond(
        &self,
        subject: &Certificate,
        issuer: &Certificate,
        now: UnixTime,
        attempts: &mut Vec<String>,
    ) -> Result<Option<Answer>, EvidenceError> {
        let key = Asked::Response(subject.sha256());
        if let Some(answer) = self.kept_response(&key, subject, issuer, now, Age::Recent) {
            return Ok(Some(answer));
        }
        for address in subject.ocsp_addresses() {
            let mut nonce = [0; OCSP_NONCE_BYTES];
            openssl::rand::rand_bytes(&mut nonce).map_err(|_| EvidenceError::Random)?;
            let request = OcspRequest::new(subject, issuer, nonce)?;
            let post = Some(("application/ocsp-request", request.der()));
            let answer = match self.ask(&address, post, MAX_OCSP_RESPONSE_BYTES) {
                Ok(answer) => answer,
                Err(cause) => {
                    attempts.push(cause);
                    continue;
                }
            };
            let response = request.read_response(&answer);
            let told = response.and_then(|response| {
                let answer = response.answer(subject, issuer)?;
                Ok((response, answer))
            });
            match told {
                Ok((response, told)) if told.next_update.is_none_or(|until| until >= now) => {
                    let answer = Answer::Response(response);
                    self.kept.put(key, answer.clone());
                    return Ok(Some(answer));
                }
                Ok(_) => attempts.push(format!("{address}: an answer that has expired")),
                Err(error) => attempts.push(format!("{address}: {error}")),
            }
        }
        Ok(self.kept_response(&key, subject, issuer, now, Age::Any))
    }

    /// A kept response that holds for a certificate now, as a fresh one must.
    fn kept_response(
        &self,
        key: &Asked,
        subject: &Certificate,
        issuer: &Certificate,
        now: UnixTime,
        age: Age,
    ) -> Option<Answer> {
        let Some(Answer::Response(response)) = self.kept.get(key, age) else {
            return None;
        };
        match response.answer(subject, issuer) {
            Ok(told) if told.next_update.is_some_and(|until| until >= now) => {
                Some(Answer::Response(response))
            }
            // Without an end of its own it is used while it is recent.
            Ok(told) if told.next_update.is_none() && age == Age::Recent => {
                Some(Answer::Response(response))
            }
            Ok(_) => {
                self.kept.forget(key, "expired");
                None
            }
            Err(error) => {
                self.kept.forget(key, &error.to_string());
                None
            }
        }
    }

    /// A kept list that is usable for a certificate now, as a fresh one must be.
    fn kept_list(
        &self,
        key: &Asked,
        subject: &Certificate,
        issuer: &Certificate,
        now: UnixTime,
        age: Age,
    ) -> Option<Answer> {
        let Some(Answer::List(list)) = self.kept.get(key, age) else {
            return None;
        };
        if is_usable(&list, subject, issuer, now) {
            return Some(Answer::List(list));
        }
        // A list of another scope may serve another certificate of the issuer.
        if list.next_update().is_some_and(|until| until < now) || !list.is_signed_by(issuer) {
            self.kept.forget(key, "expired, or not this issuer's");
        }
        None
    }

    fn list(
        &self,
        subject: &Certificate,
        issuer: &Certificate,
        now: UnixTime,
        attempts: &mut Vec<String>,
    ) -> Option<Answer> {
        let key = Asked::List(issuer.sha256());
        if let Some(answer) = self.kept_list(&key, subject, issuer, now, Age::Recent) {
            return Some(answer);
        }
        for address in subject.crl_addresses() {
            let answer = match self.ask(&address, None, MAX_CRL_BYTES) {
                Ok(answer) => answer,
                Err(cause) => {
                    attempts.push(cause);
                    continue;
                }
            };
            match RevocationList::from_pem_or_der(&answer) {
                Ok(list) if is_usable(&list, subject, issuer, now) => {
                    let answer = Answer::List(list);
                    self.kept.put(key, answer.clone());
                    return Some(answer);
                }
                Ok(_) => attempts.push(format!("{address}: a list that is not usable now")),
                Err(error) => attempts.push(format!("{address}: {error}")),
            }
        }
        let kept = self.kept_list(&key, subject, issuer, now, Age::Any);
        if kept.is_some() {
            tracing::info!("nobody answers: the list that was fetched before still holds");
        }
        kept
    }

    pub(super) fn ask(
        &self,
        address: &str,
        post: Option<(&'static str, &[u8])>,
        maximum_bytes: usize,
    ) -> Result<Vec<u8>, String> {
        let request = FetchRequest {
            address,
            post,
            maximum_bytes,
            timeout: Duration::from_secs(self.config.evidence.timeout_seconds.into()),
        };
        self.fetcher.fetch(&request).map_err(|error| {
            tracing::info!(%address, %error, "revocation data was not fetched");
            error.to_string()
        })
    }
}

/// Whether a list speaks of a certificate at the present time.
fn is_usable(
    list: &RevocationList,
    subject: &Certificate,
    issuer: &Certificate,
    now: UnixTime,
) -> bool {
    list.covers(subject)
        && list.next_update().is_none_or(|until| until >= now)
        && list.is_signed_by(issuer)
}
