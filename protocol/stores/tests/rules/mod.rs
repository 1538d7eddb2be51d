//! What every store must do, and one real login submitted 200 times at once.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "tests")]

use std::sync::{Arc, Barrier};

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{CardPerson, TestPki, TestPkiOptions};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::{
    AgentNonce, ChannelBinding, LoginRequest, OfferedAlgorithms, TrustedCards,
};
use paraphe_protocol::login_server::{
    Connection, Consumed, LoginServer, NonceRefusal, SingleUseStore, consume_for_approval,
    issue_for_approval,
};

const NOW: UnixTime = UnixTime(1_795_341_600);

/// Submissions of one assertion at once.
const SUBMISSIONS: usize = 200;

fn server(audience: &str) -> LoginServer {
    LoginServer {
        audience: audience.parse().unwrap(),
        origin: "https://dossier.example".parse().unwrap(),
        offered: OfferedAlgorithms::all(),
        environment: Environment::Test,
        nonce_seconds: 120,
        outstanding_nonces: 2,
        accept_unbound: true,
    }
}

/// The rules, one after the other, on an empty store.
pub fn rules<S: SingleUseStore<Error: std::fmt::Debug>>(store: &mut S) {
    let server = server("dossier.example");
    let issued = server.issue_nonce(store, [1; 32], NOW).unwrap();
    let nonce = issued.nonce.to_string();
    assert_eq!(issued.expires_at, NOW.plus_seconds(120));
    // Neither for an approval nor for another server on the same store.
    let refused = consume_for_approval(store, "lot", &nonce, NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Unknown));
    let other = self::server("autre.example");
    let refused = other.consume_nonce(store, &nonce, NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Unknown));
    // Serves once.
    server.consume_nonce(store, &nonce, NOW).unwrap();
    let refused = server.consume_nonce(store, &nonce, NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Used));
    // Expired at its very second, and burnt by the attempt.
    let late = server.issue_nonce(store, [2; 32], NOW).unwrap();
    let text = late.nonce.to_string();
    let refused = server.consume_nonce(store, &text, late.expires_at);
    assert!(matches!(refused.unwrap_err(), NonceRefusal::Expired));
    let refused = server.consume_nonce(store, &text, NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Used));
    // Never issued, and no nonce at all.
    for text in ["A".repeat(43).as_str(), "", "AAAA", "é"] {
        let refused = server.consume_nonce(store, text, NOW).unwrap_err();
        assert!(matches!(refused, NonceRefusal::Unknown), "{text}");
    }
    // Bounded: used and expired ones do not count.
    server.issue_nonce(store, [3; 32], NOW).unwrap();
    let approval = issue_for_approval(store, "lot", [4; 32], (NOW, 120), 2).unwrap();
    let refused = server.issue_nonce(store, [5; 32], NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::TooMany));
    let text = approval.nonce.to_string();
    let refused = consume_for_approval(store, "another lot", &text, NOW).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Unknown));
    consume_for_approval(store, "lot", &text, NOW).unwrap();
    server.issue_nonce(store, [5; 32], NOW).unwrap();
    // Forgotten in the end.
    let much_later = NOW.plus_days(1);
    server.issue_nonce(store, [6; 32], much_later).unwrap();
    let refused = server.consume_nonce(store, &nonce, much_later).unwrap_err();
    assert!(matches!(refused, NonceRefusal::Unknown));

    // What is seen is seen once, until it is forgotten.
    let forget_at = NOW.plus_seconds(240);
    assert!(store.first_use([1; 32], NOW, forget_at).unwrap());
    assert!(!store.first_use([1; 32], NOW, forget_at).unwrap());
    assert!(store.first_use([2; 32], NOW, forget_at).unwrap());
    let before = NOW.plus_seconds(239);
    assert!(
        !store
            .first_use([1; 32], before, before.plus_seconds(240))
            .unwrap()
    );
    assert!(
        store
            .first_use([2; 32], forget_at, forget_at.plus_seconds(1))
            .unwrap()
    );
}

/// 200 threads submit one assertion at once, over these handles: one succeeds, 199 find the nonce used.
pub fn one_of_200<S>(mut handles: Vec<S>)
where
    S: SingleUseStore<Error: std::fmt::Debug + Send> + Send + 'static,
{
    let server = Arc::new(server("dossier.example"));
    let pki = TestPki::generate_with(&TestPkiOptions::quick(), NOW).unwrap();
    let person = CardPerson::sample_physician();
    let card = pki
        .issue_card(&person, NOW.plus_days(-1))
        .unwrap()
        .authentication;
    let cards = Arc::new(TrustedCards::new(Arc::new(pki.trust_store(NOW).unwrap())));
    let issued = server.issue_nonce(&mut handles[0], [9; 32], NOW).unwrap();
    let prepared = LoginRequest {
        algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
        audience: &server.audience,
        origin: &server.origin,
        nonce: &issued.nonce,
        agent_nonce: AgentNonce::from_bytes([8; 32]),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(120),
        certificate: &card.certificate,
        channel_binding: ChannelBinding::None,
        shown: Sha256Digest::of(b"shown"),
        offered: &server.offered,
    }
    .prepare()
    .unwrap();
    let key = PKey::private_key_from_pem(card.private_key_pkcs8_pem.expose().as_bytes()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    let signature = signer.sign_oneshot_to_vec(prepared.to_be_signed()).unwrap();
    let assertion = Arc::new(prepared.complete(&signature).unwrap());
    let nonce = issued.nonce.to_string();

    // As many threads on each handle, each by itself; all begin at once.
    let mut shares: Vec<usize> = vec![SUBMISSIONS / handles.len(); handles.len()];
    shares[0] += SUBMISSIONS % handles.len();
    let begin = Arc::new(Barrier::new(SUBMISSIONS));
    let mut threads = Vec::new();
    for (handle, share) in handles.into_iter().zip(shares) {
        let handle = Arc::new(std::sync::Mutex::new(handle));
        for _ in 0..share {
            let (server, cards, begin) =
                (Arc::clone(&server), Arc::clone(&cards), Arc::clone(&begin));
            let (handle, assertion) = (Arc::clone(&handle), Arc::clone(&assertion));
            let nonce = nonce.clone();
            threads.push(std::thread::spawn(move || {
                begin.wait();
                let consumed = server.consume_nonce(&mut *handle.lock().unwrap(), &nonce, NOW);
                let consumed = consumed.map_err(|refusal| matches!(refusal, NonceRefusal::Used))?;
                let connection = Connection::new();
                let login = server.verify(consumed, (&assertion, None), &connection, &cards, NOW);
                Ok::<_, bool>(login.unwrap().national_id().to_string())
            }));
        }
    }
    let outcomes: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let admitted: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().ok())
        .collect();
    assert_eq!(admitted, ["899700000017"]);
    let used = outcomes
        .iter()
        .filter(|outcome| **outcome == Err(true))
        .count();
    assert_eq!(used, SUBMISSIONS - 1);
}

/// Two handles on one store, interleaved: what one did, the other knows.
#[allow(dead_code, reason = "not for a store of one handle")]
pub fn handles_agree<S: SingleUseStore<Error: std::fmt::Debug>>(one: &mut S, two: &mut S) {
    let (digest, later) = ([7; 32], NOW.plus_seconds(60));
    one.keep(digest, NOW, later).unwrap();
    assert_eq!(
        two.consume(digest, NOW).unwrap(),
        Consumed::Now { expires_at: later }
    );
    assert_eq!(one.consume(digest, NOW).unwrap(), Consumed::Before);
    assert!(two.first_use(digest, NOW, later).unwrap());
    assert!(!one.first_use(digest, NOW, later).unwrap());
}
