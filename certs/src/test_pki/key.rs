//! Keys of the test PKI, and signatures with them.

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use super::error::TestPkiError;
use super::template::SignatureDigest;
use crate::der;
use crate::secret::PrivateKeyPem;

/// What kind of key to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of this many bits: what the field has (2048 on cards, 4096 for authorities).
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
    /// ECDSA on P-256: a hundred times quicker to make, for tests that do not care.
    P256,
    /// ECDSA on P-384.
    P384,
}

impl KeyAlgorithm {
    /// RSA with 2048 bits, as on the cards.
    pub const RSA_2048: Self = Self::Rsa { bits: 2048 };
}

/// What certificates say of a key.
pub(super) struct SubjectKey {
    pub(super) spki: Vec<u8>,
    /// A form of RFC 7093, method 4: the first 160 bits of the SHA-256 of SubjectPublicKeyInfo.
    pub(super) identifier: Vec<u8>,
}

impl SubjectKey {
    pub(super) fn new(spki: Vec<u8>) -> Self {
        let identifier = openssl::sha::sha256(&spki)
            .iter()
            .copied()
            .take(20)
            .collect();
        Self { spki, identifier }
    }

    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, TestPkiError> {
        Ok(Self::new(
            PKey::public_key_from_pem(pem)?.public_key_to_der()?,
        ))
    }
}

/// A private key and what certificates say of it.
pub(super) struct Key {
    private: PKey<Private>,
    pub(super) public: SubjectKey,
}

impl Key {
    pub(super) fn generate(algorithm: KeyAlgorithm) -> Result<Self, TestPkiError> {
        Self::from_private(match algorithm {
            KeyAlgorithm::Rsa { bits } => PKey::from_rsa(Rsa::generate(bits)?)?,
            KeyAlgorithm::P256 => Self::on_curve(Nid::X9_62_PRIME256V1)?,
            KeyAlgorithm::P384 => Self::on_curve(Nid::SECP384R1)?,
        })
    }

    fn on_curve(name: Nid) -> Result<PKey<Private>, TestPkiError> {
        let group = EcGroup::from_curve_name(name)?;
        Ok(PKey::from_ec_key(EcKey::generate(&group)?)?)
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

    /// SEQUENCE { to be signed, algorithm, signature }: a certificate or a revocation list.
    pub(super) fn signed(
        &self,
        digest: SignatureDigest,
        to_be_signed: &[u8],
    ) -> Result<Vec<u8>, TestPkiError> {
        let signature = self.signature(digest, to_be_signed)?;
        let algorithm = self.algorithm(digest)?;
        Ok(der::sequence(&[
            to_be_signed,
            &algorithm,
            &der::bit_string(&signature),
        ]))
    }

    /// The signature value of these bytes; ECDSA's is DER.
    pub(super) fn signature(
        &self,
        digest: SignatureDigest,
        to_be_signed: &[u8],
    ) -> Result<Vec<u8>, TestPkiError> {
        let message_digest = match digest {
            SignatureDigest::Sha256 => MessageDigest::sha256(),
            SignatureDigest::Sha1 => MessageDigest::sha1(),
        };
        Ok(Signer::new(message_digest, &self.private)?.sign_oneshot_to_vec(to_be_signed)?)
    }

    /// AlgorithmIdentifier of this key's signatures: PKCS#1 v1.5 (RFC 4055) or ECDSA (RFC 5758).
    pub(super) fn algorithm(&self, digest: SignatureDigest) -> Result<Vec<u8>, TestPkiError> {
        let is_rsa = self.private.id() == Id::RSA;
        let oid = super::extension_writer::oid(match (is_rsa, digest) {
            (true, SignatureDigest::Sha256) => "1.2.840.113549.1.1.11",
            (true, SignatureDigest::Sha1) => "1.2.840.113549.1.1.5",
            (false, SignatureDigest::Sha256) => "1.2.840.10045.4.3.2",
            (false, SignatureDigest::Sha1) => "1.2.840.10045.4.1",
        })?;
        Ok(der::sequence(&[
            oid.as_slice(),
            if is_rsa { der::NULL } else { &[] },
        ]))
    }

    fn from_private(private: PKey<Private>) -> Result<Self, TestPkiError> {
        let public = SubjectKey::new(private.public_key_to_der()?);
        Ok(Self { private, public })
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}
