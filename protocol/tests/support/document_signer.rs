//! A person's signature certificate over a key of any kind, and values as keys give them.

use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use paraphe_certs::Certificate;
use paraphe_certs::test_pki::{CardPerson, Validity};
use paraphe_protocol::algorithm::{Curve, SignatureAlgorithm, SignatureScheme};
use paraphe_protocol::signature::{self, DigestAlgorithm};

use super::{NOW, Practice};

/// A key and its certificate.
pub struct DocumentSigner {
    pub algorithm: SignatureAlgorithm,
    pub certificate: Certificate,
    pub chain: Vec<Certificate>,
    key: PKey<Private>,
}

impl DocumentSigner {
    pub fn new(practice: &Practice, algorithm: SignatureAlgorithm) -> Self {
        let key = match algorithm.scheme() {
            SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss => {
                PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
            }
            SignatureScheme::Ecdsa(curve) => {
                let group = EcGroup::from_curve_name(match curve {
                    Curve::P256 => Nid::X9_62_PRIME256V1,
                    Curve::P384 => Nid::SECP384R1,
                });
                let key = EcKey::generate(&group.unwrap()).unwrap();
                PKey::from_ec_key(key).unwrap()
            }
        };
        let person = CardPerson::sample_physician();
        let template = person.signature_template(Validity::of_card(NOW.plus_days(-1)));
        let public = key.public_key_to_pem().unwrap();
        let certificate = practice
            .pki
            .issue_for_key(person.authority(), &template, &public)
            .unwrap();
        Self {
            algorithm,
            certificate,
            chain: vec![practice.issuing_authority()],
            key,
        }
    }

    pub fn signer(&self) -> signature::Signer<'_> {
        signature::Signer {
            certificate: &self.certificate,
            chain: &self.chain,
            algorithm: self.algorithm,
            signing_time: NOW,
        }
    }

    /// The value as a key gives it.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let digest = message_digest(self.algorithm.digest());
        match self.algorithm.scheme() {
            SignatureScheme::Ecdsa(curve) => {
                let hash = openssl::hash::hash(digest, bytes).unwrap();
                let value = EcdsaSig::sign(&hash, &self.key.ec_key().unwrap()).unwrap();
                let length = i32::try_from(curve.coordinate_length()).unwrap();
                let part = |number: &openssl::bn::BigNumRef| number.to_vec_padded(length).unwrap();
                [part(value.r()), part(value.s())].concat()
            }
            scheme => {
                let mut signer = Signer::new(digest, &self.key).unwrap();
                if scheme == SignatureScheme::RsaPss {
                    signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                    signer.set_rsa_mgf1_md(digest).unwrap();
                    signer
                        .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                        .unwrap();
                }
                signer.sign_oneshot_to_vec(bytes).unwrap()
            }
        }
    }

    /// The private key, PKCS#8 PEM, for programs that judge or forge.
    pub fn private_key_pem(&self) -> Vec<u8> {
        self.key.private_key_to_pem_pkcs8().unwrap()
    }
}

fn message_digest(digest: DigestAlgorithm) -> MessageDigest {
    match digest {
        DigestAlgorithm::Sha256 => MessageDigest::sha256(),
        DigestAlgorithm::Sha384 => MessageDigest::sha384(),
        DigestAlgorithm::Sha512 => MessageDigest::sha512(),
    }
}
