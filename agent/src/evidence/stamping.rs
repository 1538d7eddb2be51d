//! A time stamp from the configured authority: asked with a fresh nonce, matched to its request, by a certificate that leads to a
//! configured anchor, for a time that is the present within a tolerance. Only then does it go into a file.

use std::time::Duration;

use paraphe_certs::{PathEvidence, TimeStamping, UnixTime};
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::time_stamp::{
    MAXIMUM_TOKEN_BYTES, NONCE_BYTES, TimeStampRequest, TimeStampToken,
};

use super::{EvidenceError, EvidenceSource, FetchRequest};

/// How far the authority's time and ours may be apart, seconds.
const CLOCK_TOLERANCE: i64 = 600;

impl EvidenceSource {
    /// The digest that time stamps are asked over.
    pub(crate) fn time_stamp_digest(&self) -> DigestAlgorithm {
        self.config.time_stamp.digest
    }

    /// Has a digest of [`EvidenceSource::time_stamp_digest`] stamped.
    pub(crate) fn stamp(
        &self,
        imprint: &[u8],
        now: UnixTime,
    ) -> Result<TimeStampToken, EvidenceError> {
        let settings = &self.config.time_stamp;
        let address = settings
            .url
            .as_deref()
            .ok_or(EvidenceError::NotConfigured)?;
        let mut nonce = [0; NONCE_BYTES];
        openssl::rand::rand_bytes(&mut nonce).map_err(|_| EvidenceError::Random)?;
        let policy = settings.policy.as_deref();
        let request = TimeStampRequest::new(settings.digest, imprint, nonce, policy)?;
        let answer = self
            .fetcher
            .fetch(&FetchRequest {
                address,
                post: Some(("application/timestamp-query", request.der())),
                maximum_bytes: 2 * MAXIMUM_TOKEN_BYTES,
                timeout: Duration::from_secs(settings.timeout_seconds.into()),
            })
            .map_err(EvidenceError::Unreachable)?;
        let token = request.read_response(&answer)?;
        let stated = token.info().time();
        if (i128::from(stated.0) - i128::from(now.0)).abs() > i128::from(CLOCK_TOLERANCE) {
            return Err(EvidenceError::Clock { stated, now });
        }
        let evidence = PathEvidence {
            certificates: token.certificates(),
            ..PathEvidence::default()
        };
        self.time_stamping
            .load()?
            .judge_path::<TimeStamping>(&token.verify(&[])?, stated, &evidence)
            .map_err(EvidenceError::UntrustedAuthority)?;
        Ok(token)
    }
}
