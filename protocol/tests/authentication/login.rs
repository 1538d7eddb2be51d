//! Logins: what is made is accepted, every check refuses for its own reason, and distinct fields
//! give distinct bytes.

use crate::support::{NOW, Practice, sign, sign_with};
use openssl::hash::MessageDigest;
use paraphe_certs::test_pki::{CardPerson, RevocationReason};
use paraphe_certs::{PathError, UnixTime};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    AgentNonce, AssertionError, Audience, CONTEXT, ChannelBinding, Expected, Fields,
    LoginAssertion, LoginError, LoginRequest, MAX_ASSERTION_BYTES, OfferedAlgorithms, Origin,
    PrepareLoginError, ServerNonce, verify,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What both sides agree on.
#[derive(Clone)]
struct Terms {
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    offered: OfferedAlgorithms,
    binding: ChannelBinding,
}

impl Terms {
    fn new() -> Self {
        Self {
            audience: "dossier.example".parse().unwrap(),
            origin: "https://cabinet.example".parse().unwrap(),
            nonce: ServerNonce::from_bytes(&[7; 32]).unwrap(),
            offered: OfferedAlgorithms::all(),
            binding: ChannelBinding::JwkThumbprint([9; 32]),
        }
    }

    fn request<'a>(&'a self, practice: &'a Practice) -> LoginRequest<'a> {
        LoginRequest {
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: AgentNonce::from_bytes([8; 32]),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(120),
            certificate: &practice.card.authentication.certificate,
            channel_binding: self.binding,
            shown: Sha256Digest::of(b"what the user saw"),
            offered: &self.offered,
        }
    }

    fn expected(&self, now: UnixTime) -> Expected<'_> {
        Expected {
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            now,
            offered: &self.offered,
            channel_binding: self.binding,
            stated: None,
        }
    }
}

fn assertion(practice: &Practice, terms: &Terms) -> LoginAssertion {
    let prepared = terms.request(practice).prepare().unwrap();
    let signature = sign(&practice.card.authentication, prepared.to_be_signed());
    prepared.complete(&signature).unwrap()
}

/// The envelope as JSON, changed.
fn changed(assertion: &LoginAssertion, member: &str, value: Value) -> LoginAssertion {
    let mut json = serde_json::to_value(assertion).unwrap();
    assert!(json.get(member).is_some(), "{member}");
    json[member] = value;
    serde_json::from_value(json).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

#[test]
fn a_login_is_accepted_by_the_server_that_awaits_it() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = assertion(&practice, &terms);
    let read = LoginAssertion::from_json(&made.to_json().unwrap()).unwrap();
    assert_eq!(read, made);
    let login = verify(&terms.expected(NOW), &read, &practice.store).unwrap();
    assert_eq!(login.holder().national_id.to_string(), "899700000017");
    assert_eq!(*login.audience(), terms.audience);
    assert_eq!(*login.origin(), terms.origin);
    assert_eq!(login.shown(), Sha256Digest::of(b"what the user saw"));
    assert_eq!(
        login.certificate().certificate().der(),
        practice.card.authentication.certificate.der()
    );
}

#[test]
fn whatever_the_server_awaits_otherwise_is_refused() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = assertion(&practice, &terms);
    let others: [(&str, Terms); 7] = [
        (
            "audience",
            Terms {
                audience: "dossier.example2".parse().unwrap(),
                ..terms.clone()
            },
        ),
        (
            "origin",
            Terms {
                origin: "https://cabinet.example:8443".parse().unwrap(),
                ..terms.clone()
            },
        ),
        (
            "nonce",
            Terms {
                nonce: ServerNonce::from_bytes(&[6; 32]).unwrap(),
                ..terms.clone()
            },
        ),
        (
            "longer nonce",
            Terms {
                nonce: ServerNonce::from_bytes(&[7; 33]).unwrap(),
                ..terms.clone()
            },
        ),
        (
            "binding",
            Terms {
                binding: ChannelBinding::JwkThumbprint([1; 32]),
                ..terms.clone()
            },
        ),
        (
            "offered",
            Terms {
                offered: OfferedAlgorithms::new(vec!["PS256".into(), "RS256".into()]).unwrap(),
                ..terms.clone()
            },
        ),
        (
            "offered order",
            Terms {
                offered: OfferedAlgorithms::new(vec!["RS256".into(), "PS256".into()]).unwrap(),
                ..terms.clone()
            },
        ),
    ];
    for (what, other) in others {
        let error = verify(&other.expected(NOW), &made, &practice.store).unwrap_err();
        assert!(matches!(error, LoginError::Signature), "{what}: {error}");
    }
    let unbound = Terms {
        binding: ChannelBinding::None,
        ..terms
    };
    assert!(matches!(
        verify(&unbound.expected(NOW), &made, &practice.store),
        Err(LoginError::ChannelBindingKind { .. })
    ));
}

#[test]
fn whatever_is_changed_in_the_envelope_is_refused() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = assertion(&practice, &terms);
    let refused = |member: &str, value: Value| {
        let forged = changed(&made, member, value);
        verify(&terms.expected(NOW), &forged, &practice.store)
            .unwrap_err()
            .code()
    };
    let twin = practice
        .pki
        .issue_card(&CardPerson::sample_physician(), NOW)
        .unwrap();
    let twin = base64url(twin.authentication.certificate.der());
    for (member, value, code) in [
        ("agent_nonce", json!(base64url(&[0; 32])), "signature-wrong"),
        ("issued_at", json!(NOW.0 + 1), "signature-wrong"),
        ("expires_at", json!(NOW.0 + 119), "signature-wrong"),
        (
            "shown",
            json!(Sha256Digest::of(b"other")),
            "signature-wrong",
        ),
        ("signature", json!(base64url(&[0; 256])), "signature-wrong"),
        ("certificate", json!(twin), "signature-wrong"),
        ("channel_binding", json!("none"), "channel-binding"),
        ("channel_binding", json!("tls-exporter"), "channel-binding"),
        ("algorithm", json!("none"), "unknown-algorithm"),
        ("algorithm", json!("HS256"), "unknown-algorithm"),
        ("algorithm", json!("rs256"), "unknown-algorithm"),
        ("signature", json!(""), "signature-size"),
        ("signature", json!(base64url(&[0; 513])), "signature-size"),
        (
            "certificate",
            json!(base64url(&[0; 16 * 1024 + 1])),
            "certificate-size",
        ),
        (
            "certificate",
            json!(base64url(b"0")),
            "certificate-unreadable",
        ),
        ("expires_at", json!(NOW.0), "lifetime"),
        ("expires_at", json!(0), "lifetime"),
        ("expires_at", json!(NOW.0 + 121), "lifetime"),
        ("expires_at", json!(u64::MAX), "lifetime"),
        ("issued_at", json!(0), "lifetime"),
    ] {
        assert_eq!(refused(member, value.clone()), code, "{member} = {value}");
    }
}

#[test]
fn times_are_held_to_the_servers_clock() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = assertion(&practice, &terms);
    let at = |seconds| {
        verify(
            &terms.expected(NOW.plus_seconds(seconds)),
            &made,
            &practice.store,
        )
        .map(|_| ())
        .map_err(|error| error.code())
    };
    assert_eq!(at(-121), Err("not-yet-valid"));
    assert_eq!(at(240), Ok(()));
    assert_eq!(at(241), Err("expired"));
    assert_eq!(at(365 * 86_400), Err("expired"));
    assert_eq!(at(-365 * 86_400), Err("not-yet-valid"));
    let far = changed(&made, "expires_at", json!(u64::MAX));
    let far = changed(&far, "issued_at", json!(u64::MAX - 1));
    assert!(matches!(
        verify(&terms.expected(NOW), &far, &practice.store),
        Err(LoginError::NotYetValid)
    ));
}

#[test]
fn certificates_that_may_not_log_in() {
    let mut practice = Practice::new();
    let terms = Terms::new();
    // The signature certificate, with a genuine signature over the right bytes.
    let request = LoginRequest {
        certificate: &practice.card.signature.certificate,
        ..terms.request(&practice)
    };
    let prepared = request.prepare().unwrap();
    let signature = sign(&practice.card.signature, prepared.to_be_signed());
    let wrong_use = prepared.complete(&signature).unwrap();
    assert!(matches!(
        verify(&terms.expected(NOW), &wrong_use, &practice.store),
        Err(LoginError::Path(PathError::WrongUse { .. }))
    ));

    let made = assertion(&practice, &terms);
    let stranger = Practice::new();
    assert!(matches!(
        verify(&terms.expected(NOW), &made, &stranger.store),
        Err(LoginError::Path(_))
    ));
    practice
        .pki
        .revoke(
            &practice.card.authentication.certificate,
            NOW,
            RevocationReason::KeyCompromise,
        )
        .unwrap();
    let store = practice.pki.trust_store(NOW).unwrap();
    assert!(matches!(
        verify(&terms.expected(NOW), &made, &store),
        Err(LoginError::Path(PathError::Revoked { .. }))
    ));
}

#[test]
fn an_algorithm_that_was_not_offered_is_refused_on_both_sides() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = assertion(&practice, &terms);
    let other = Terms {
        offered: OfferedAlgorithms::new(vec!["PS256".into()]).unwrap(),
        ..terms
    };
    assert!(matches!(
        verify(&other.expected(NOW), &made, &practice.store),
        Err(LoginError::AlgorithmNotOffered { .. })
    ));
    let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
    assert_eq!(
        other.request(&practice).prepare().unwrap_err(),
        PrepareLoginError::NotOffered { algorithm }
    );
}

#[test]
fn a_signature_of_another_key_or_hash_is_noticed_by_the_agent() {
    let practice = Practice::new();
    let terms = Terms::new();
    let wrong = PrepareLoginError::Signature(SignatureError::Mismatch);
    let prepared = terms.request(&practice).prepare().unwrap();
    let bytes = prepared.to_be_signed().to_vec();
    let other_key = sign(&practice.card.signature, &bytes);
    assert_eq!(prepared.clone().complete(&other_key).unwrap_err(), wrong);
    let sha1 = sign_with(&practice.card.authentication, &bytes, MessageDigest::sha1());
    assert_eq!(prepared.clone().complete(&sha1).unwrap_err(), wrong);
    let other_bytes = sign(&practice.card.authentication, &bytes[64..]);
    assert_eq!(prepared.complete(&other_bytes).unwrap_err(), wrong);
}

#[test]
fn lifetimes_that_no_server_accepts_are_not_made() {
    let practice = Practice::new();
    let terms = Terms::new();
    for (issued_at, expires_at) in [
        (NOW, NOW),
        (NOW, NOW.plus_seconds(-1)),
        (NOW, NOW.plus_seconds(121)),
        (UnixTime(-10), UnixTime(10)),
        (UnixTime(i64::MIN), UnixTime(i64::MAX)),
    ] {
        let request = LoginRequest {
            issued_at,
            expires_at,
            ..terms.request(&practice)
        };
        assert_eq!(request.prepare().unwrap_err(), PrepareLoginError::Lifetime);
    }
}

#[test]
fn envelopes_that_are_not_of_this_version_are_refused() {
    let practice = Practice::new();
    let made = assertion(&practice, &Terms::new());
    let json = String::from_utf8(made.to_json().unwrap()).unwrap();
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"version\":1", "\"version\":\"1\""),
        ("{\"version\":1,", "{"),
        ("{", "{\"more\":1,"),
        ("{", "{\"issued_at\":1,"),
        ("\"channel_binding\":\"jkt\"", "\"channel_binding\":\"x\""),
        ("\"agent_nonce\":\"", "\"agent_nonce\":\"A"),
        ("\"signature\":\"", "\"signature\":\"=\", \"x\":\""),
        ("\"issued_at\":", "\"issued_at\":-"),
        ("}", "},1"),
    ] {
        assert!(json.contains(from));
        let changed = json.replacen(from, to, 1);
        assert!(
            matches!(
                LoginAssertion::from_json(changed.as_bytes()),
                Err(AssertionError::Malformed(_))
            ),
            "{from} -> {to}"
        );
    }
    let long = vec![b' '; MAX_ASSERTION_BYTES + 1];
    assert!(matches!(
        LoginAssertion::from_json(&long),
        Err(AssertionError::TooLong { .. })
    ));
}

#[test]
fn the_bytes_begin_like_nothing_else_that_is_signed() {
    let practice = Practice::new();
    let prepared = Terms::new().request(&practice).prepare().unwrap();
    let bytes = prepared.to_be_signed();
    assert_eq!(bytes[..64], [b' '; 64]);
    assert_eq!(&bytes[64..64 + CONTEXT.len()], CONTEXT);
    assert_eq!(bytes[64 + CONTEXT.len()], 0);
    assert_eq!(prepared.sha256(), Sha256Digest::of(bytes));
}

/// Values that tempt borders to slide: short alphabets, prefixes of one another.
fn any_terms() -> impl Strategy<Value = OwnedFields> {
    let audience = proptest::string::string_regex("[ab]{1,4}").unwrap();
    let host = proptest::string::string_regex("[ab]{1,4}").unwrap();
    let nonce = proptest::collection::vec(0u8..2, 32..36);
    let binding = prop_oneof![
        Just(ChannelBinding::None),
        (0u8..2).prop_map(|byte| ChannelBinding::JwkThumbprint([byte; 32])),
        (0u8..2).prop_map(|byte| ChannelBinding::TlsExporter([byte; 32])),
    ];
    let offered = proptest::collection::vec("[ab]{1,2}", 1..3);
    let small = (0u8..3, 0i64..3, 0i64..3, 0u8..3, 0u8..3);
    (audience, host, nonce, binding, offered, small)
}

type OwnedFields = (
    String,
    String,
    Vec<u8>,
    ChannelBinding,
    Vec<String>,
    (u8, i64, i64, u8, u8),
);

fn bytes_of(owned: &OwnedFields) -> Option<Vec<u8>> {
    let (audience, host, nonce, binding, offered, (agent, issued, expires, certificate, shown)) =
        owned;
    let offered = OfferedAlgorithms::new(offered.clone()).ok()?;
    Some(
        Fields {
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            audience: &audience.parse().unwrap(),
            origin: &format!("https://{host}").parse().unwrap(),
            server_nonce: &ServerNonce::from_bytes(nonce).unwrap(),
            agent_nonce: &AgentNonce::from_bytes([*agent; 32]),
            issued_at: UnixTime(*issued),
            expires_at: UnixTime(*expires),
            certificate_sha256: Sha256Digest::from_bytes([*certificate; 32]),
            channel_binding: binding,
            shown: Sha256Digest::from_bytes([*shown; 32]),
            offered: offered.sha256(),
        }
        .to_bytes(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn distinct_fields_give_distinct_bytes(one in any_terms(), two in any_terms()) {
        if let (Some(first), Some(second)) = (bytes_of(&one), bytes_of(&two)) {
            prop_assert_eq!(one == two, first == second);
        }
    }

    /// One field changed at a time, all others equal: the sharpest case of the above.
    #[test]
    fn one_changed_field_changes_the_bytes(one in any_terms(), two in any_terms(), field in 0usize..9) {
        let mut mixed = one.clone();
        match field {
            0 => mixed.0.clone_from(&two.0),
            1 => mixed.1.clone_from(&two.1),
            2 => mixed.2.clone_from(&two.2),
            3 => mixed.3 = two.3,
            4 => mixed.4.clone_from(&two.4),
            5 => mixed.5.0 = two.5.0,
            6 => mixed.5.1 = two.5.1,
            7 => mixed.5.2 = two.5.2,
            _ => mixed.5.4 = two.5.4,
        }
        if let (Some(first), Some(second)) = (bytes_of(&one), bytes_of(&mixed)) {
            prop_assert_eq!(one == mixed, first == second);
        }
    }
}
