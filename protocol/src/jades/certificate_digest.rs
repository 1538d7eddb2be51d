//! With which certificate a signature was made: `x5t#S256` (RFC 7515 section 4.1.8), or `x5t#o` and `sigX5ts` (TS 119 182-1
//! clause 5.2.2) with another SHA-2. Exactly one of them, and never SHA-1 (`x5t`).

use paraphe_certs::Certificate;

use super::json::Json;
use super::names::{digest_algorithm, from_base64url, malformed};
use crate::signature::{DigestAlgorithm, ReadError, SubIndication};

/// Name and digest of the signer's certificate.
pub(super) struct CertificateDigest {
    algorithm: DigestAlgorithm,
    digest: Vec<u8>,
}

impl CertificateDigest {
    /// Out of the protected header.
    pub(super) fn read(header: &Json<'_>) -> Result<Self, ReadError> {
        let what = "the protected header";
        let thumbprint = header.optional_member("x5t#S256", what)?;
        let other = header.optional_member("x5t#o", what)?;
        let several = header.optional_member("sigX5ts", what)?;
        match (thumbprint, other, several) {
            (Some(thumbprint), None, None) => {
                Self::of(DigestAlgorithm::Sha256, thumbprint.text("x5t#S256")?)
            }
            (None, Some(other), None) => Self::named(other),
            (None, None, Some(several)) => {
                // The first is the signer's, others are of its path.
                let first = several.array("sigX5ts")?.first();
                Self::named(first.ok_or_else(|| malformed("sigX5ts is empty"))?)
            }
            (None, None, None) => Err(ReadError::new(
                SubIndication::SigConstraintsFailure,
                "no-signing-certificate",
                "the signature does not say with which certificate it was made, by a digest that is accepted",
            )),
            _ => Err(malformed(
                "it names the signer's certificate more than once",
            )),
        }
    }

    fn named(value: &Json<'_>) -> Result<Self, ReadError> {
        let what = "a certificate's digest";
        let algorithm = digest_algorithm(value.member("digAlg", what)?.text("digAlg")?)?;
        Self::of(algorithm, value.member("digVal", what)?.text("digVal")?)
    }

    fn of(algorithm: DigestAlgorithm, digest: &str) -> Result<Self, ReadError> {
        let digest = from_base64url(digest, "a certificate's digest")?;
        if digest.len() == algorithm.length() {
            Ok(Self { algorithm, digest })
        } else {
            Err(malformed(
                "a certificate's digest has another length than its algorithm's",
            ))
        }
    }

    /// The certificate that the signer named.
    pub(super) fn find<'c>(
        &self,
        mut certificates: impl Iterator<Item = &'c Certificate>,
    ) -> Result<Certificate, ReadError> {
        let is_named = |certificate: &&Certificate| {
            let digest = self.algorithm.digest(certificate.der());
            digest.is_ok_and(|digest| digest == self.digest)
        };
        certificates.find(is_named).cloned().ok_or_else(|| {
            ReadError::new(
                SubIndication::SigConstraintsFailure,
                "certificate-mismatch",
                "the certificate that the signer named is not in the signature",
            )
        })
    }
}
