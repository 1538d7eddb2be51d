//! Verification of a login by a record server, beside the RSA verifications that are in it, done by OpenSSL alone with keys that it read
//! before: the ratio of the medians is the figure. One core. Two cases: a card that logged in within the revocation window, of which only
//! the login's own signature is verified anew; and one that did not, whose certificate is verified below an authority that the store
//! learnt to know from other cards.
//!
//! Authorities have RSA keys of 4096 bits and cards of 2048, as in the field.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::sign::{Signer, Verifier};
use openssl::x509::{X509, X509Crl};
use paraphe_certs::test_pki::{CardPerson, KeyAlgorithm, TestPki, TestPkiOptions};
use paraphe_certs::{TrustStore, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    AgentNonce, Audience, ChannelBinding, Expected, LoginAssertion, LoginRequest,
    OfferedAlgorithms, Origin, ServerNonce, TrustedCards, verify, verify_with,
};

const NOW: UnixTime = UnixTime(1_795_341_600);

/// One signature that somebody must verify.
struct Signed {
    key: PKey<Public>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn verify(&self) {
        let mut verifier = Verifier::new(MessageDigest::sha256(), &self.key).unwrap();
        assert!(
            verifier
                .verify_oneshot(&self.signature, &self.message)
                .unwrap()
        );
    }
}

/// A login, the server that awaits it, and the signatures in it.
struct Desk {
    store: TrustStore,
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    offered: OfferedAlgorithms,
    assertion: LoginAssertion,
    json: Vec<u8>,
    own: Signed,
    chain: Vec<Signed>,
    lists: Vec<Signed>,
}

impl Desk {
    fn new() -> Self {
        let person = CardPerson::sample_physician();
        let options = TestPkiOptions {
            authorities: vec![person.authority()],
            authority_key: KeyAlgorithm::Rsa { bits: 4096 },
        };
        let pki = TestPki::generate_with(&options, NOW).unwrap();
        let card = pki
            .issue_card(&person, NOW.plus_days(-1))
            .unwrap()
            .authentication;
        let store = pki.trust_store(NOW).unwrap();
        let (audience, origin) = ("dossier.example", "https://dossier.example");
        let (audience, origin): (Audience, Origin) =
            (audience.parse().unwrap(), origin.parse().unwrap());
        let nonce = ServerNonce::of_32_bytes([7; 32]);
        let offered = OfferedAlgorithms::all();
        let prepared = LoginRequest {
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            audience: &audience,
            origin: &origin,
            nonce: &nonce,
            agent_nonce: AgentNonce::from_bytes([8; 32]),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(120),
            certificate: &card.certificate,
            channel_binding: ChannelBinding::JwkThumbprint([9; 32]),
            shown: Sha256Digest::of(b"shown"),
            offered: &offered,
        }
        .prepare()
        .unwrap();
        let pem = card.private_key_pkcs8_pem.expose();
        let private = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &private).unwrap();
        let message = prepared.to_be_signed().to_vec();
        let signature = signer.sign_oneshot_to_vec(&message).unwrap();
        let assertion = prepared.complete(&signature).unwrap();
        let public = |spki: &[u8]| PKey::public_key_from_der(spki).unwrap();
        let own = Signed {
            key: public(card.certificate.spki_der()),
            message,
            signature,
        };
        let expected = Expected {
            audience: &audience,
            origin: &origin,
            nonce: &nonce,
            now: NOW,
            offered: &offered,
            channel_binding: ChannelBinding::JwkThumbprint([9; 32]),
            stated: None,
        };
        let verified = verify(&expected, &assertion, &store).unwrap();
        let path = verified.certificate().chain();
        let mut chain = Vec::new();
        let mut lists = Vec::new();
        for pair in path.windows(2) {
            let (certificate, issuer) = (&pair[0], &pair[1]);
            chain.push(Signed {
                key: public(issuer.spki_der()),
                message: certificate.tbs_der().to_vec(),
                signature: X509::from_der(certificate.der())
                    .unwrap()
                    .signature()
                    .as_slice()
                    .to_vec(),
            });
            let list = store
                .crls()
                .iter()
                .find(|list| list.is_signed_by(issuer))
                .unwrap();
            let parsed = X509Crl::from_der(list.der()).unwrap();
            assert!(parsed.verify(&public(issuer.spki_der())).unwrap());
            lists.push(list_signed(list.der(), public(issuer.spki_der())));
        }
        Self {
            json: assertion.to_json().unwrap(),
            store,
            audience,
            origin,
            nonce,
            offered,
            assertion,
            own,
            chain,
            lists,
        }
    }

    fn expected(&self) -> Expected<'_> {
        Expected {
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            now: NOW,
            offered: &self.offered,
            channel_binding: ChannelBinding::JwkThumbprint([9; 32]),
            stated: None,
        }
    }
}

/// The parts of a CertificateList (RFC 5280 section 5.1): what is signed, and the signature.
fn list_signed(der: &[u8], key: PKey<Public>) -> Signed {
    let mut list = paraphe_certs::der::Reader::of_sequence(der, "list").unwrap();
    let before = list.rest();
    list.sequence("list").unwrap();
    let message = before[..before.len() - list.rest().len()].to_vec();
    list.sequence("algorithm").unwrap();
    let signature = list.bit_string("signature").unwrap().to_vec();
    let signed = Signed {
        key,
        message,
        signature,
    };
    signed.verify();
    signed
}

/// Median time of one run, taken in turns so that whatever else the machine does falls on all alike.
fn medians<const N: usize>(rounds: usize, runs: [&dyn Fn(); N]) -> [Duration; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for (run, times) in runs.iter().zip(&mut times) {
            let started = Instant::now();
            for _ in 0..10 {
                run();
            }
            times.push(started.elapsed() / 10);
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    })
}

fn login(criterion: &mut Criterion) {
    let desk = Desk::new();
    let cards = TrustedCards::new(Arc::new(desk.store.clone()));
    verify_with(&desk.expected(), &desk.assertion, &cards).unwrap();
    let own = || desk.own.verify();
    let seen = || {
        black_box(verify_with(&desk.expected(), &desk.assertion, &cards).unwrap());
    };
    let from_json = || {
        let assertion = LoginAssertion::from_json(&desk.json).unwrap();
        black_box(verify_with(&desk.expected(), &assertion, &cards).unwrap());
    };
    let chain = || {
        desk.own.verify();
        desk.chain.iter().for_each(Signed::verify);
    };
    let chain_and_lists = || {
        chain();
        desk.lists.iter().for_each(Signed::verify);
    };
    let unseen = || {
        // Nothing is kept of this card; of its authority what the store learnt from others.
        black_box(verify(&desk.expected(), &desk.assertion, &desk.store).unwrap());
    };
    let first_of_new_lists = TrustedCards::with_limits(Arc::new(desk.store.clone()), 0, 0);
    let unseen_by_server = || {
        black_box(verify_with(&desk.expected(), &desk.assertion, &first_of_new_lists).unwrap());
    };
    let mut group = criterion.benchmark_group("login");
    group.bench_function("OpenSSL, the login's own", |bencher| bencher.iter(own));
    group.bench_function("card seen", |bencher| bencher.iter(seen));
    group.bench_function("card seen, from JSON", |bencher| bencher.iter(from_json));
    group.bench_function("OpenSSL, and the chain's", |bencher| bencher.iter(chain));
    group.bench_function("OpenSSL, and the lists'", |bencher| {
        bencher.iter(chain_and_lists)
    });
    group.bench_function("card not seen", |bencher| bencher.iter(unseen));
    group.finish();
    let rounds = if std::env::args().any(|argument| argument == "--bench") {
        400
    } else {
        1
    };
    let [own, seen, from_json, chain, with_lists, unseen, by_server] = medians(
        rounds,
        [
            &own,
            &seen,
            &from_json,
            &chain,
            &chain_and_lists,
            &unseen,
            &unseen_by_server,
        ],
    );
    let ratio = |theirs: Duration, ours: Duration| theirs.as_secs_f64() / ours.as_secs_f64();
    println!(
        "card seen: {:.2} of OpenSSL's rate ({own:?}, {seen:?}), {:.2} from JSON ({from_json:?})",
        ratio(own, seen),
        ratio(own, from_json),
    );
    println!(
        "card not seen: {:.2} of OpenSSL's rate with the lists' signatures ({with_lists:?}, {unseen:?}), {:.2} without ({chain:?}); by a server's TrustedCards {by_server:?}",
        ratio(with_lists, unseen),
        ratio(chain, unseen),
    );
}

criterion_group!(benches, login);
criterion_main!(benches);
