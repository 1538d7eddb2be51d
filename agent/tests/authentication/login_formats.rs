//! What a login is made by, bound to and made as: the suite that server, key and card have in common, a key or a connection, and Web eID
//! tokens for marked sites. What cannot be is refused before a PIN is asked for.

use std::time::SystemTime;

use crate::stage::{AUDIENCE, Answer, Card, SITE, Stage, code, program, site, trust};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::login::{
    ChannelBinding, Expected, LoginAssertion, OfferedAlgorithms, ServerNonce, StatedTerms, verify,
};
use serde_json::{Value, json};

const NONCE: [u8; 32] = [0x5A; 32];
const WEB_EID_SITE: &str = "https://rendez-vous.example:8443";
const CHALLENGE: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";

fn nonce() -> String {
    URL_SAFE_NO_PAD.encode(NONCE)
}

fn with_web_eid(answers: Vec<Answer>) -> Stage {
    let more = format!("[[site]]\norigin = {WEB_EID_SITE:?}\nweb_eid = true\n");
    Stage::with(answers, false, &more)
}

fn accepted(answer: &Value, offered: &OfferedAlgorithms, channel_binding: ChannelBinding) {
    let assertion = LoginAssertion::from_json(answer["assertion"].to_string().as_bytes()).unwrap();
    let expected = Expected {
        audience: &AUDIENCE.parse().unwrap(),
        origin: &SITE.parse().unwrap(),
        nonce: &ServerNonce::of_32_bytes(NONCE),
        now: SystemTime::now().into(),
        offered,
        channel_binding,
        stated: None,
    };
    verify(&expected, &assertion, &trust::all()).unwrap();
    let stated: StatedTerms = serde_json::from_value(answer["signed_for"].clone()).unwrap();
    let (audience, origin) = (expected.audience, expected.origin);
    let terms = StatedTerms::of(audience, origin, expected.nonce, offered, &channel_binding);
    assert_eq!(stated, terms);
}

#[tokio::test]
async fn the_suite_is_the_servers_first_that_the_card_can_do() {
    let names = ["ML-DSA-65", "PS256", "RS256"];
    let offered = OfferedAlgorithms::new(names.map(str::to_owned).into()).unwrap();
    for (profile, algorithm) in [("physician", "RS256"), ("physician-cps4", "PS256")] {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        stage.insert("Lecteur 1", &Card::shipped(profile));
        let body = json!({"nonce": nonce(), "offered": names});
        let answer = stage.perform_as(&site(SITE), Operation::Login, body).await;
        let answer = answer.unwrap();
        assert_eq!(answer["assertion"]["algorithm"], algorithm);
        accepted(&answer, &offered, ChannelBinding::None);
    }
    // A CPS3 and a server that has no use for what it can do.
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"nonce": nonce(), "offered": ["PS256"]});
    let refused = stage.perform_as(&site(SITE), Operation::Login, body).await;
    assert_eq!(code(&refused), ErrorCode::SignatureAlgorithmNotOffered);
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn a_page_binds_to_its_key_and_a_program_to_its_connection() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let value = URL_SAFE_NO_PAD.encode([7; 32]);
    let bound = |kind: &str, value: &str| {
        json!({
            "nonce": nonce(),
            "server": "regional",
            "channel_binding": {"type": kind, "value": value},
        })
    };
    let all = OfferedAlgorithms::all();
    let answer = stage
        .perform_as(&site(SITE), Operation::Login, bound("jkt", &value))
        .await;
    accepted(
        &answer.unwrap(),
        &all,
        ChannelBinding::JwkThumbprint([7; 32]),
    );
    let answer = stage
        .perform_as(&program(), Operation::Login, bound("tls-exporter", &value))
        .await;
    accepted(&answer.unwrap(), &all, ChannelBinding::TlsExporter([7; 32]));

    let verifies = card.counters().verifies;
    for (caller, kind, value) in [
        (site(SITE), "tls-exporter", value.as_str()),
        (program(), "none", ""),
        (program(), "jkt", ""),
        (program(), "jkt", "AAAA"),
        (program(), "jkt", "not base64url"),
        (program(), "other", value.as_str()),
    ] {
        let refused = stage
            .perform_as(&caller, Operation::Login, bound(kind, value))
            .await;
        assert_eq!(code(&refused), ErrorCode::RequestInvalid, "{kind} {value}");
    }
    assert_eq!(card.counters().verifies, verifies);
}

/// A site's own check, from the format's description: hash(origin) || hash(nonce), by the certificate's key.
fn site_accepts(token: &Value, origin: &str, challenge: &str) -> bool {
    let member = |name: &str| STANDARD.decode(token[name].as_str().unwrap()).unwrap();
    let certificate = X509::from_der(&member("unverifiedCertificate")).unwrap();
    let key = certificate.public_key().unwrap();
    let hash = |text: &str| openssl::sha::sha256(text.as_bytes());
    let signed = [hash(origin), hash(challenge)].concat();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    verifier
        .verify_oneshot(&member("signature"), &signed)
        .unwrap()
}

#[tokio::test]
async fn a_marked_site_gets_a_web_eid_token() {
    let stage = with_web_eid(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let page = json!({"nonce": CHALLENGE, "format": "web-eid:1"});
    let local = json!({"nonce": CHALLENGE, "format": "web-eid:1", "site": WEB_EID_SITE});
    for (caller, body) in [(site(WEB_EID_SITE), page), (program(), local)] {
        let answer = stage.perform_as(&caller, Operation::Login, body).await;
        let answer = answer.unwrap();
        let token = &answer["assertion"];
        println!("{token}");
        let mut members: Vec<_> = token.as_object().unwrap().keys().collect();
        members.sort();
        let expected = [
            "algorithm",
            "appVersion",
            "format",
            "signature",
            "unverifiedCertificate",
        ];
        assert_eq!(members, expected);
        assert_eq!(token["format"], "web-eid:1.0");
        assert_eq!(token["algorithm"], "RS256");
        assert!(site_accepts(token, WEB_EID_SITE, CHALLENGE));
        assert!(!site_accepts(token, SITE, CHALLENGE));
        assert!(!site_accepts(
            token,
            WEB_EID_SITE,
            &CHALLENGE.to_lowercase()
        ));
        assert!(answer.get("signed_for").is_none());
    }
    let asked = stage.asked();
    assert!(asked[0].description().contains(WEB_EID_SITE));
}

#[tokio::test]
async fn a_web_eid_token_that_cannot_be_asks_for_no_pin() {
    let stage = with_web_eid(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = |more: Value| {
        let mut body = json!({"nonce": CHALLENGE, "format": "web-eid:1"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let not_allowed = ErrorCode::OriginNotAllowed;
    for (caller, more, expected) in [
        // Sites that are not marked, or another than the page's own.
        (site(SITE), json!({}), not_allowed),
        (site(SITE), json!({"site": WEB_EID_SITE}), not_allowed),
        (site(WEB_EID_SITE), json!({"site": SITE}), not_allowed),
        (program(), json!({}), not_allowed),
        (program(), json!({"site": SITE}), not_allowed),
        (
            program(),
            json!({"site": "https://elsewhere.example"}),
            not_allowed,
        ),
        // What the format does not have.
        (
            site(WEB_EID_SITE),
            json!({"server": "regional"}),
            ErrorCode::RequestInvalid,
        ),
        (
            site(WEB_EID_SITE),
            json!({"offered": ["RS256"]}),
            ErrorCode::RequestInvalid,
        ),
        (
            site(WEB_EID_SITE),
            json!({"nonce": "A".repeat(43)}),
            ErrorCode::NonceInvalid,
        ),
        (
            site(WEB_EID_SITE),
            json!({"nonce": "A".repeat(513)}),
            ErrorCode::NonceInvalid,
        ),
        (
            site(WEB_EID_SITE),
            json!({"nonce": format!("{CHALLENGE}\n")}),
            ErrorCode::NonceInvalid,
        ),
        // A site of Web eID gets no assertion.
        (
            site(WEB_EID_SITE),
            json!({"format": "assertion"}),
            ErrorCode::RecordServerUnknown,
        ),
    ] {
        let refused = stage
            .perform_as(&caller, Operation::Login, body(more.clone()))
            .await;
        assert_eq!(code(&refused), expected, "{more}");
    }
    assert_eq!(card.counters().verifies, 0);
}
