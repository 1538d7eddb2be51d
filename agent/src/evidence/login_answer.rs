//! The OCSP answer that a login needs where the configuration says so (`[revocation] ocsp_at_login`): asked each time with a fresh nonce,
//! never taken from what was kept. Asked only of the address in a certificate whose path holds.

use paraphe_certs::{
    Certificate, CertificateUse, MAX_OCSP_RESPONSE_BYTES, OCSP_NONCE_BYTES, OcspRequest,
    PathEvidence, TrustStore, UnixTime,
};

use super::{EvidenceError, EvidenceSource};

impl EvidenceSource {
    /// The store with what the certificate's responders say of it now. Where none answers, or none as it must, the store is as it was,
    /// and its own rule refuses the login.
    pub(crate) fn with_login_answer<U: CertificateUse>(
        &self,
        store: &TrustStore,
        certificate: &Certificate,
        now: UnixTime,
    ) -> Result<TrustStore, EvidenceError> {
        let mut store = store.clone();
        let path = store.judge_path::<U>(certificate, now, &PathEvidence::default());
        let issuer = match &path {
            Ok(path) => path.chain().get(1),
            // Told by the verification that follows, with everything else that is wrong.
            Err(_) => None,
        };
        let Some(issuer) = issuer else {
            return Ok(store);
        };
        for address in certificate.ocsp_addresses() {
            let mut nonce = [0; OCSP_NONCE_BYTES];
            openssl::rand::rand_bytes(&mut nonce).map_err(|_| EvidenceError::Random)?;
            let request = OcspRequest::new(certificate, issuer, nonce)?;
            let post = Some(("application/ocsp-request", request.der()));
            let Ok(answer) = self.ask(&address, post, MAX_OCSP_RESPONSE_BYTES) else {
                continue;
            };
            let response = if self.config.revocation.nonce {
                request.read_response_with_nonce(&answer)
            } else {
                request.read_response(&answer)
            };
            match response {
                Ok(response) => {
                    if store.add_login_answer(response).is_ok() {
                        break;
                    }
                }
                Err(error) => tracing::warn!(%address, %error, "an OCSP answer is not taken"),
            }
        }
        Ok(store)
    }
}
