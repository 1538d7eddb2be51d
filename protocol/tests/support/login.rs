//! Logins by keys of every kind, and forged ones: signatures by a real key over terms that no agent would write.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use paraphe_certs::test_pki::{CardPerson, CertificateTemplate, Issued, KeyAlgorithm, Validity};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureScheme};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    AgentNonce, Audience, ChannelBinding, Expected, LoginAssertion, LoginRequest,
    OfferedAlgorithms, Origin, ServerNonce, StatedTerms,
};
use paraphe_protocol::signature::DigestAlgorithm;
use serde_json::{Value, json};

use super::{NOW, Practice};

/// What both sides agree on.
#[derive(Clone)]
pub struct Agreed {
    pub audience: Audience,
    pub origin: Origin,
    pub nonce: ServerNonce,
    pub offered: OfferedAlgorithms,
    pub binding: ChannelBinding,
}

impl Agreed {
    pub fn new() -> Self {
        Self {
            audience: "dossier.example".parse().unwrap(),
            origin: "https://cabinet.example".parse().unwrap(),
            nonce: ServerNonce::of_32_bytes([7; 32]),
            offered: OfferedAlgorithms::all(),
            binding: ChannelBinding::JwkThumbprint([9; 32]),
        }
    }

    pub fn request<'a>(
        &'a self,
        key: &'a Issued,
        algorithm: SignatureAlgorithm,
    ) -> LoginRequest<'a> {
        LoginRequest {
            algorithm,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: AgentNonce::from_bytes([8; 32]),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(120),
            certificate: &key.certificate,
            channel_binding: self.binding,
            shown: Sha256Digest::of(b"what the user saw"),
            offered: &self.offered,
        }
    }

    pub fn assertion(&self, key: &Issued, algorithm: SignatureAlgorithm) -> LoginAssertion {
        let prepared = self.request(key, algorithm).prepare().unwrap();
        let signature = sign_by(key, algorithm, prepared.to_be_signed());
        prepared.complete(&signature).unwrap()
    }

    pub fn expected<'a>(&'a self, stated: Option<&'a StatedTerms>) -> Expected<'a> {
        Expected {
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            now: NOW,
            offered: &self.offered,
            channel_binding: self.binding,
            stated,
        }
    }

    /// What a login with these terms was made for.
    pub fn stated(&self) -> StatedTerms {
        StatedTerms::of(
            &self.audience,
            &self.origin,
            &self.nonce,
            &self.offered,
            &self.binding,
        )
    }

    /// A login that a card really signed, with one text of these terms replaced in the signed bytes, as no agent would.
    pub fn forged(&self, key: &Issued, from: &str, to: &str) -> LoginAssertion {
        let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
        let prepared = self.request(key, algorithm).prepare().unwrap();
        let field = |text: &str| {
            let length = u32::try_from(text.len()).unwrap().to_be_bytes();
            [&length, text.as_bytes()].concat()
        };
        let (from, bytes) = (field(from), prepared.to_be_signed().to_vec());
        let at = bytes
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        let forged = [&bytes[..at], &field(to), &bytes[at + from.len()..]].concat();
        let signature = sign_by(key, algorithm, &forged);
        changed(
            &self.assertion(key, algorithm),
            "signature",
            json!(base64url(&signature)),
        )
    }
}

/// A login certificate with a key of this kind, for the usual physician.
pub fn card_with_key(practice: &Practice, key: KeyAlgorithm) -> Issued {
    let person = CardPerson::sample_physician();
    let template = CertificateTemplate {
        key,
        ..person.authentication_template(Validity::of_card(NOW.plus_days(-1)))
    };
    practice.pki.issue(person.authority(), &template).unwrap()
}

pub fn private_key(issued: &Issued) -> PKey<Private> {
    PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes()).unwrap()
}

/// Signs by any algorithm of the table; the value is as keys give it.
pub fn sign_by(issued: &Issued, algorithm: SignatureAlgorithm, bytes: &[u8]) -> Vec<u8> {
    sign_with_key(&private_key(issued), algorithm, bytes)
}

/// The same with a key that no certificate of the test PKI came with.
pub fn sign_with_key(key: &PKey<Private>, algorithm: SignatureAlgorithm, bytes: &[u8]) -> Vec<u8> {
    let digest = match algorithm.digest() {
        DigestAlgorithm::Sha256 => MessageDigest::sha256(),
        DigestAlgorithm::Sha384 => MessageDigest::sha384(),
        DigestAlgorithm::Sha512 => MessageDigest::sha512(),
    };
    let mut signer = Signer::new(digest, key).unwrap();
    if algorithm.scheme() == SignatureScheme::RsaPss {
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer.set_rsa_mgf1_md(digest).unwrap();
        signer
            .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
            .unwrap();
    }
    let value = signer.sign_oneshot_to_vec(bytes).unwrap();
    // OpenSSL writes ECDSA as X.509 does.
    algorithm.from_cms_value(&value).unwrap()
}

/// The envelope as JSON, changed.
pub fn changed(assertion: &LoginAssertion, member: &str, value: Value) -> LoginAssertion {
    let mut json = serde_json::to_value(assertion).unwrap();
    assert!(json.get(member).is_some(), "{member}");
    json[member] = value;
    serde_json::from_value(json).unwrap()
}

pub fn base64url(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}
