//! Which mechanisms of PKCS#11 (v2.40 and v3.0, sections on RSA and elliptic curves) make the signatures that documents accept:
//! two for each algorithm, one over a digest that is computed here and one that takes everything and hashes it by itself. A
//! mechanism with SHA-1, with a digest of its own choice or with a raw RSA block is not used.

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::types::Ulong;
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError, SignatureScheme};
use paraphe_protocol::signature::DigestAlgorithm;

/// How a module makes a signature.
pub(super) struct Way {
    pub(super) mechanism: Mechanism<'static>,
    /// Whether it hashes by itself, so that it can be asked in parts.
    pub(super) hashes: bool,
}

/// The ways of one algorithm, the one over a digest first: what is signed need not travel to the token.
pub(super) fn ways(algorithm: SignatureAlgorithm) -> [Way; 2] {
    let digest = algorithm.digest();
    let [over_digest, hashing] = match algorithm.scheme() {
        SignatureScheme::RsaPkcs1 => {
            let hashing = match digest {
                DigestAlgorithm::Sha256 => Mechanism::Sha256RsaPkcs,
                DigestAlgorithm::Sha384 => Mechanism::Sha384RsaPkcs,
                DigestAlgorithm::Sha512 => Mechanism::Sha512RsaPkcs,
            };
            [Mechanism::RsaPkcs, hashing]
        }
        SignatureScheme::RsaPss => {
            let (hashing, parameters) = pss(digest);
            [Mechanism::RsaPkcsPss(parameters), hashing]
        }
        SignatureScheme::Ecdsa(_) => {
            let hashing = match digest {
                DigestAlgorithm::Sha256 => Mechanism::EcdsaSha256,
                DigestAlgorithm::Sha384 => Mechanism::EcdsaSha384,
                DigestAlgorithm::Sha512 => Mechanism::EcdsaSha512,
            };
            [Mechanism::Ecdsa, hashing]
        }
    };
    [(over_digest, false), (hashing, true)].map(|(mechanism, hashes)| Way { mechanism, hashes })
}

/// What a slot signs with, by its list of mechanisms. A list is not a key's: which of them the key does shows when it signs.
pub(super) fn algorithms(offered: &[MechanismType]) -> Vec<SignatureAlgorithm> {
    SignatureAlgorithm::DOCUMENTS
        .into_iter()
        .filter(|algorithm| ways(*algorithm).iter().any(|way| way.is_tried(offered)))
        .collect()
}

impl Way {
    /// Whether the slot offers it. CKM_RSA_PKCS is tried also where the list leaves it out: no module with RSA keys does without.
    pub(super) fn is_tried(&self, offered: &[MechanismType]) -> bool {
        let kind = self.mechanism.mechanism_type();
        kind == MechanismType::RSA_PKCS || offered.contains(&kind)
    }

    /// What the module is given of these bytes.
    ///
    /// # Errors
    /// [`SignatureError::Unavailable`].
    pub(super) fn input(
        &self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        if self.hashes {
            return Ok(to_be_signed.to_vec());
        }
        let digest = algorithm.digest().digest(to_be_signed)?;
        Ok(match algorithm.scheme() {
            SignatureScheme::RsaPkcs1 => algorithm.digest().digest_info(&digest),
            SignatureScheme::RsaPss | SignatureScheme::Ecdsa(_) => digest,
        })
    }
}

fn pss(digest: DigestAlgorithm) -> (Mechanism<'static>, PkcsPssParams) {
    let (hash_alg, mgf, salt_length) = match digest {
        DigestAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32),
        DigestAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48),
        DigestAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64),
    };
    let parameters = PkcsPssParams {
        hash_alg,
        mgf,
        s_len: Ulong::new(salt_length),
    };
    let hashing = match digest {
        DigestAlgorithm::Sha256 => Mechanism::Sha256RsaPkcsPss(parameters),
        DigestAlgorithm::Sha384 => Mechanism::Sha384RsaPkcsPss(parameters),
        DigestAlgorithm::Sha512 => Mechanism::Sha512RsaPkcsPss(parameters),
    };
    (hashing, parameters)
}
