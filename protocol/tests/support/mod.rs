//! What the format tests share: a small test PKI, one card, and a software key in its place.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "tests; each test program uses a part of this"
)]

pub mod asic;
pub mod byte_changes;
pub mod document_signer;
pub mod jades;
pub mod judges;
pub mod login;
pub mod pdf;
pub mod presented;
pub mod time_stamping;
pub mod vihf;
pub mod xades;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use paraphe_certs::test_pki::{Authority, CardCertificates, CardPerson, Issued, Level};
use paraphe_certs::test_pki::{TestPki, TestPkiOptions};
use paraphe_certs::{Certificate, TrustStore, UnixTime};

/// 22 November 2026, 10:00:00 UTC.
pub const NOW: UnixTime = UnixTime(1_795_341_600);

/// A PKI, the store that trusts it, and a physician's card.
pub struct Practice {
    pub pki: TestPki,
    pub store: TrustStore,
    pub card: CardCertificates,
}

impl Practice {
    pub const ISSUER: Authority = Authority::Persons(Level::Fort);

    pub fn new() -> Self {
        let options = TestPkiOptions {
            authorities: vec![Self::ISSUER],
            ..TestPkiOptions::quick()
        };
        let pki = TestPki::generate_with(&options, NOW).unwrap();
        // Made the day before, so that a server whose clock is behind finds it valid.
        let card = pki
            .issue_card(&CardPerson::sample_physician(), NOW.plus_days(-1))
            .unwrap();
        let store = pki.trust_store(NOW).unwrap();
        Self { pki, store, card }
    }

    pub fn issuing_authority(&self) -> Certificate {
        self.pki
            .authorities()
            .find(|(authority, _)| *authority == Self::ISSUER)
            .map(|(_, certificate)| certificate.clone())
            .unwrap()
    }
}

/// Signs as the card would: RSASSA-PKCS1-v1_5 with SHA-256.
pub fn sign(issued: &Issued, bytes: &[u8]) -> Vec<u8> {
    sign_with(issued, bytes, MessageDigest::sha256())
}

pub fn sign_with(issued: &Issued, bytes: &[u8], digest: MessageDigest) -> Vec<u8> {
    let pem = issued.private_key_pkcs8_pem.expose();
    let key = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    Signer::new(digest, &key)
        .unwrap()
        .sign_oneshot_to_vec(bytes)
        .unwrap()
}
