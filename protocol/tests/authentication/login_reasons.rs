//! Logins by every suite, two of them at once, and the reason of each refusal: what a signature was made for is told where it can be
//! proven, and a lie about it changes nothing.

use std::sync::Arc;

use crate::support::login::{Agreed, base64url, card_with_key, changed};
use crate::support::{self, NOW, Practice};
use paraphe_certs::test_pki::{KeyAlgorithm, RevocationReason};
use paraphe_protocol::algorithm::SignatureAlgorithm::{
    EcdsaP256Sha256, EcdsaP384Sha384, RsaPkcs1Sha256, RsaPkcs1Sha384, RsaPssSha256,
};
use paraphe_protocol::login::{
    ChannelBinding, ChoiceError, LoginAssertion, LoginError, OfferedAlgorithms, PrepareLoginError,
    ServerNonce, StatedTerms, TrustedCards, verify, verify_with,
};
use serde_json::json;

fn code(
    agreed: &Agreed,
    assertion: &LoginAssertion,
    stated: Option<&StatedTerms>,
    practice: &Practice,
) -> &'static str {
    verify(&agreed.expected(stated), assertion, &practice.store)
        .unwrap_err()
        .code()
}

#[test]
fn every_suite_logs_in_and_a_server_can_move_from_one_to_the_next() {
    let practice = Practice::new();
    let p256 = card_with_key(&practice, KeyAlgorithm::P256);
    let p384 = card_with_key(&practice, KeyAlgorithm::P384);
    let rsa = &practice.card.authentication;
    let agreed = Agreed::new();
    for (key, algorithm) in [
        (rsa, RsaPkcs1Sha256),
        (rsa, RsaPssSha256),
        (&p256, EcdsaP256Sha256),
        (&p384, EcdsaP384Sha384),
    ] {
        let made = agreed.assertion(key, algorithm);
        let login = verify(&agreed.expected(None), &made, &practice.store).unwrap();
        assert_eq!(login.holder().national_id.to_string(), "899700000017");
    }

    // Two suites live at once; the server's order decides, as far as key and token go.
    let offered = |names: &[&str]| {
        OfferedAlgorithms::new(names.iter().map(|name| (*name).to_owned()).collect()).unwrap()
    };
    let both = Agreed {
        offered: offered(&["PS256", "RS256"]),
        ..Agreed::new()
    };
    let spki = rsa.certificate.spki_der();
    assert_eq!(both.offered.choose(spki, |_| true), Ok(RsaPssSha256));
    let cps3 = |algorithm| algorithm == RsaPkcs1Sha256;
    assert_eq!(both.offered.choose(spki, cps3), Ok(RsaPkcs1Sha256));
    for algorithm in [RsaPkcs1Sha256, RsaPssSha256] {
        let made = both.assertion(rsa, algorithm);
        verify(&both.expected(None), &made, &practice.store).unwrap();
    }
    // Then the old one is withdrawn.
    let one = Agreed {
        offered: offered(&["PS256"]),
        ..Agreed::new()
    };
    assert_eq!(
        one.offered.choose(spki, cps3),
        Err(ChoiceError::NoneInCommon)
    );
    let made = one.assertion(rsa, RsaPssSha256);
    verify(&one.expected(None), &made, &practice.store).unwrap();
    let old = both.assertion(rsa, RsaPkcs1Sha256);
    assert_eq!(code(&one, &old, None, &practice), "algorithm-not-offered");
    // A new one that this version does not know does no harm.
    let future = offered(&["ML-DSA-65", "ES384", "PS256"]);
    assert_eq!(future.choose(spki, |_| true), Ok(RsaPssSha256));
}

#[test]
fn another_algorithm_is_refused_whatever_is_written() {
    let practice = Practice::new();
    let (agreed, rsa) = (Agreed::new(), &practice.card.authentication);
    let by_pkcs1 = agreed.assertion(rsa, RsaPkcs1Sha256);
    let by_pss = agreed.assertion(rsa, RsaPssSha256);
    for (made, name, expected) in [
        (&by_pkcs1, "PS256", "algorithm-mismatch"),
        (&by_pss, "RS256", "algorithm-mismatch"),
        (&by_pkcs1, "ES256", "algorithm-mismatch"),
        (&by_pkcs1, "RS384", "unknown-algorithm"),
        (&by_pkcs1, "HS256", "unknown-algorithm"),
        (&by_pkcs1, "none", "unknown-algorithm"),
        (&by_pkcs1, "", "unknown-algorithm"),
    ] {
        let forged = changed(made, "algorithm", json!(name));
        assert_eq!(code(&agreed, &forged, None, &practice), expected, "{name}");
    }
    let refused = agreed.request(rsa, RsaPkcs1Sha384).prepare().unwrap_err();
    assert!(matches!(refused, PrepareLoginError::Signature(_)));
    let refused = agreed.request(rsa, EcdsaP256Sha256).prepare().unwrap_err();
    assert!(matches!(refused, PrepareLoginError::Signature(_)));
}

/// Another origin in every disguise, another audience, nonce, list and binding: each is told by its own reason.
#[test]
fn what_a_login_was_made_for_is_told_where_it_can_be_proven() {
    let practice = Practice::new();
    let (agreed, rsa) = (Agreed::new(), &practice.card.authentication);
    let stated = agreed.stated();
    let origin = "https://cabinet.example";
    for other in [
        "https://Cabinet.example",
        "HTTPS://cabinet.example",
        "https://cabinet.example:443",
        "https://cabinet.example:8443",
        "https://cabinet.example.",
        "https://cabinet.example/",
        "https://xn--cbinet-nwa.example",
        "https://c\u{e0}binet.example",
        "https://c\u{430}binet.example",
        "https://cabinet.example.evil.example",
        "http://cabinet.example",
        "null",
    ] {
        let made = agreed.forged(rsa, origin, other);
        let told = StatedTerms {
            origin: Some(other.to_owned()),
            ..stated.clone()
        };
        let only_origin = StatedTerms {
            origin: Some(other.to_owned()),
            ..StatedTerms::default()
        };
        for told in [&told, &only_origin] {
            assert_eq!(
                code(&agreed, &made, Some(told), &practice),
                "other-origin",
                "{other}"
            );
        }
        // Not told, or told wrongly: refused all the same.
        assert_eq!(code(&agreed, &made, None, &practice), "signature-wrong");
        assert_eq!(
            code(&agreed, &made, Some(&stated), &practice),
            "signature-wrong"
        );
    }
    for other in ["Dossier.example", "dossier.example.", "autre.example"] {
        let made = agreed.forged(rsa, "dossier.example", other);
        let told = StatedTerms {
            audience: Some(other.to_owned()),
            ..stated.clone()
        };
        assert_eq!(
            code(&agreed, &made, Some(&told), &practice),
            "other-audience",
            "{other}"
        );
    }
    for (other, expected) in [
        (
            Agreed {
                nonce: ServerNonce::of_32_bytes([6; 32]),
                ..agreed.clone()
            },
            "other-nonce",
        ),
        (
            Agreed {
                offered: OfferedAlgorithms::new(vec!["RS256".into()]).unwrap(),
                ..agreed.clone()
            },
            "other-offer",
        ),
        (
            Agreed {
                binding: ChannelBinding::JwkThumbprint([1; 32]),
                ..agreed.clone()
            },
            "other-binding",
        ),
        (
            Agreed {
                audience: "autre.example".parse().unwrap(),
                origin: "https://autre.example".parse().unwrap(),
                nonce: ServerNonce::of_32_bytes([6; 32]),
                ..agreed.clone()
            },
            "other-audience",
        ),
    ] {
        let made = other.assertion(rsa, RsaPkcs1Sha256);
        assert_eq!(
            code(&agreed, &made, Some(&other.stated()), &practice),
            expected
        );
        assert_eq!(code(&agreed, &made, None, &practice), "signature-wrong");
    }
}

#[test]
fn what_is_stated_never_makes_a_login_hold() {
    let practice = Practice::new();
    let (agreed, rsa) = (Agreed::new(), &practice.card.authentication);
    let made = agreed.assertion(rsa, RsaPkcs1Sha256);
    // Nor does it make one fail that holds.
    let lies = StatedTerms {
        audience: Some("x".repeat(100_000)),
        origin: Some("https://evil.example".to_owned()),
        nonce: Some("not base64url".to_owned()),
        offered: Some(Vec::new()),
        binding_value: Some("=".to_owned()),
    };
    for stated in [&lies, &StatedTerms::default(), &agreed.stated()] {
        verify(&agreed.expected(Some(stated)), &made, &practice.store).unwrap();
    }
    // What cannot be read is as if nothing were stated.
    let other = agreed.forged(rsa, "https://cabinet.example", "https://evil.example");
    assert_eq!(
        code(&agreed, &other, Some(&lies), &practice),
        "signature-wrong"
    );
    let noise = changed(&made, "signature", json!(base64url(&[1; 256])));
    assert_eq!(
        code(&agreed, &noise, Some(&agreed.stated()), &practice),
        "signature-wrong"
    );
}

#[test]
fn a_conclusion_is_used_again_within_its_window_and_no_longer() {
    let mut practice = Practice::new();
    let agreed = Agreed::new();
    let made = agreed.assertion(&practice.card.authentication, RsaPkcs1Sha256);
    let store = Arc::new(practice.store.clone());
    let cards = TrustedCards::with_limits(Arc::clone(&store), 60, 1);
    let at = |cards: &TrustedCards, seconds: i64| {
        let mut expected = agreed.expected(None);
        expected.now = NOW.plus_seconds(seconds);
        verify_with(&expected, &made, cards).map(|login| login.certificate().verified_at())
    };
    assert_eq!(cards.kept(), 0);
    assert_eq!(at(&cards, 0).unwrap(), NOW);
    assert_eq!(at(&cards, 59).unwrap(), NOW, "used again");
    assert_eq!(
        at(&cards, 60).unwrap(),
        NOW.plus_seconds(60),
        "and verified anew"
    );
    assert_eq!(
        at(&cards, 30).unwrap(),
        NOW.plus_seconds(30),
        "also when the clock went back"
    );
    assert_eq!(cards.kept(), 1);
    // Bounded: the oldest makes room.
    let other = card_with_key(&practice, KeyAlgorithm::P256);
    let by_other = agreed.assertion(&other, EcdsaP256Sha256);
    verify_with(&agreed.expected(None), &by_other, &cards).unwrap();
    assert_eq!(cards.kept(), 1);
    // A refusal is not kept, and what was accepted is not a reason to accept another signature.
    let forged = changed(&made, "signature", json!(base64url(&[0; 256])));
    let refused = verify_with(&agreed.expected(None), &forged, &cards);
    assert!(matches!(refused, Err(LoginError::Signature)));
    // With newer lists begins a value with nothing kept: what they revoke is refused at once.
    let certificate = practice.card.authentication.certificate.clone();
    let reason = RevocationReason::KeyCompromise;
    practice.pki.revoke(&certificate, NOW, reason).unwrap();
    let newer = Arc::new(practice.pki.trust_store(NOW).unwrap());
    let refused = at(&TrustedCards::new(newer), 0).unwrap_err();
    assert_eq!(refused.code(), "certificate-refused");
}

#[test]
fn a_conclusion_does_not_outlive_the_lists_that_it_rests_on() {
    let practice = Practice::new();
    let agreed = Agreed::new();
    let next = practice
        .store
        .crls()
        .iter()
        .filter_map(|list| list.next_update());
    let next = next.min().unwrap();
    let made_at = next.plus_seconds(-30);
    let mut request = agreed.request(&practice.card.authentication, RsaPkcs1Sha256);
    request.issued_at = made_at;
    request.expires_at = made_at.plus_seconds(120);
    let prepared = request.prepare().unwrap();
    let signature = support::sign(&practice.card.authentication, prepared.to_be_signed());
    let made = prepared.complete(&signature).unwrap();
    let cards = TrustedCards::new(Arc::new(practice.store.clone()));
    let mut expected = agreed.expected(None);
    expected.now = made_at;
    verify_with(&expected, &made, &cards).unwrap();
    expected.now = next;
    let refused = verify_with(&expected, &made, &cards).unwrap_err();
    assert_eq!(refused.code(), "certificate-refused");
}
