//! RSA keys of the test PKI, and signatures with them.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use super::der_writer as der;
use super::error::TestPkiError;
use super::template::SignatureDigest;
use crate::secret::PrivateKeyPem;

/// A private key and what certificates say of it.
pub(super) struct Key {
    private: PKey<Private>,
    pub(super) spki: Vec<u8>,
    /// RFC 7093, method 1: the first 160 bits of the SHA-256 of the public key.
    pub(super) identifier: Vec<u8>,
}

impl Key {
    pub(super) fn generate(bits: u32) -> Result<Self, TestPkiError> {
        Self::from_private(PKey::from_rsa(Rsa::generate(bits)?)?)
    }

    pub(super) fn from_pem(pem: &str) -> Result<Self, TestPkiError> {
        Self::from_private(PKey::private_key_from_pem(pem.as_bytes())?)
    }

    pub(super) fn to_pem(&self) -> Result<PrivateKeyPem, TestPkiError> {
        let pem = zeroize::Zeroizing::new(self.private.private_key_to_pem_pkcs8()?);
        Ok(PrivateKeyPem::new(
            String::from_utf8_lossy(&pem).into_owned(),
        ))
    }

    /// PKCS#1 v1.5 signature.
    pub(super) fn sign(
        &self,
        digest: SignatureDigest,
        message: &[u8],
    ) -> Result<Vec<u8>, TestPkiError> {
        let digest = match digest {
            SignatureDigest::Sha256 => MessageDigest::sha256(),
            SignatureDigest::Sha1 => MessageDigest::sha1(),
        };
        Ok(Signer::new(digest, &self.private)?.sign_oneshot_to_vec(message)?)
    }

    fn from_private(private: PKey<Private>) -> Result<Self, TestPkiError> {
        let public = private.rsa()?.public_key_to_der_pkcs1()?;
        let digest = openssl::sha::sha256(&public);
        let identifier = digest.iter().copied().take(20).collect();
        Ok(Self {
            spki: private.public_key_to_der()?,
            identifier,
            private,
        })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// AlgorithmIdentifier of a signature.
pub(super) fn algorithm(digest: SignatureDigest) -> Result<Vec<u8>, TestPkiError> {
    let oid = super::extension_writer::oid(match digest {
        SignatureDigest::Sha256 => "1.2.840.113549.1.1.11",
        SignatureDigest::Sha1 => "1.2.840.113549.1.1.5",
    })?;
    Ok(der::sequence(&[oid.as_slice(), der::NULL]))
}

/// SEQUENCE { to be signed, algorithm, signature }: a certificate or a revocation list.
pub(super) fn signed(
    key: &Key,
    digest: SignatureDigest,
    to_be_signed: &[u8],
) -> Result<Vec<u8>, TestPkiError> {
    let signature = der::bit_string(&key.sign(digest, to_be_signed)?);
    Ok(der::sequence(&[
        to_be_signed,
        &algorithm(digest)?,
        &signature,
    ]))
}
