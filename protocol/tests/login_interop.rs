//! Logins before a verifier in another language, written from the page alone.
//!
//! Fresh vectors with fresh keys, and the committed ones, go through our verifier and through
//! `tests/interop/verify_login.py` (needs `python3` and `openssl`); both must find every outcome.
//! `PARAPHE_LOGIN_VECTORS=<file>` makes the first test leave its vectors there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_certs::{TrustStore, UnixTime};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    AgentNonce, Audience, ChannelBinding, Expected, LoginAssertion, LoginRequest,
    OfferedAlgorithms, Origin, ServerNonce, verify,
};
use serde_json::{Value, json};
use support::{NOW, Practice, sign};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn accepted_case(practice: &Practice, binding: ChannelBinding) -> Value {
    let audience: Audience = "dossier.example".parse().unwrap();
    let origin: Origin = "https://cabinet.example:8443".parse().unwrap();
    let nonce = ServerNonce::from_bytes(&(0..40).collect::<Vec<u8>>()).unwrap();
    let offered = OfferedAlgorithms::new(vec!["PS256".into(), "RS256".into()]).unwrap();
    let prepared = LoginRequest {
        audience: &audience,
        origin: &origin,
        nonce: &nonce,
        agent_nonce: AgentNonce::from_bytes([0xa5; 32]),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(90),
        certificate: &practice.card.authentication.certificate,
        channel_binding: binding,
        shown: Sha256Digest::of("Se connecter à dossier.example ?".as_bytes()),
        offered: &offered,
    }
    .prepare()
    .unwrap();
    let to_be_signed = prepared.to_be_signed().to_vec();
    let signature = sign(&practice.card.authentication, &to_be_signed);
    let assertion = prepared.complete(&signature).unwrap();
    let hexadecimal: String = to_be_signed
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "name": format!("accepted, binding {}", binding.kind().name()),
        "expected": {
            "audience": audience,
            "origin": origin,
            "nonce": nonce,
            "now": NOW.0 + 30,
            "offered": offered,
            "channel_binding": {
                "type": binding.kind().name(),
                "value": URL_SAFE_NO_PAD.encode(binding.value()),
            },
        },
        "assertion": assertion,
        "to_be_signed": hexadecimal,
        "outcome": "accepted",
    })
}

/// A case with one value changed; the vector's bytes no longer apply.
fn changed(case: &Value, pointer: &str, value: Value, outcome: &str) -> Value {
    let mut case = case.clone();
    *case
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer}")) = value;
    case["name"] = json!(format!("{outcome}: {pointer}"));
    case["outcome"] = json!(outcome);
    case.as_object_mut().unwrap().remove("to_be_signed");
    case
}

fn vectors(practice: &Practice) -> Value {
    let good = accepted_case(practice, ChannelBinding::JwkThumbprint([0x5a; 32]));
    let encoded = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
    let mut cases = vec![
        good.clone(),
        accepted_case(practice, ChannelBinding::TlsExporter([1; 32])),
        accepted_case(practice, ChannelBinding::None),
    ];
    for (pointer, value, outcome) in [
        (
            "/expected/audience",
            json!("dossier.examplf"),
            "signature-wrong",
        ),
        (
            "/expected/origin",
            json!("https://cabinet.example"),
            "signature-wrong",
        ),
        ("/expected/nonce", encoded(&[0; 40]), "signature-wrong"),
        (
            "/expected/offered",
            json!(["RS256", "PS256"]),
            "signature-wrong",
        ),
        (
            "/expected/offered",
            json!(["PS256"]),
            "algorithm-not-offered",
        ),
        (
            "/expected/channel_binding/value",
            encoded(&[0; 32]),
            "signature-wrong",
        ),
        (
            "/expected/channel_binding/type",
            json!("tls-exporter"),
            "channel-binding",
        ),
        ("/expected/now", json!(NOW.0 - 120), "accepted"),
        ("/expected/now", json!(NOW.0 - 121), "not-yet-valid"),
        ("/expected/now", json!(NOW.0 + 210), "accepted"),
        ("/expected/now", json!(NOW.0 + 211), "expired"),
        (
            "/assertion/agent_nonce",
            encoded(&[0; 32]),
            "signature-wrong",
        ),
        (
            "/assertion/shown",
            json!("00".repeat(32)),
            "signature-wrong",
        ),
        ("/assertion/issued_at", json!(NOW.0 - 1), "signature-wrong"),
        ("/assertion/expires_at", json!(NOW.0), "lifetime"),
        ("/assertion/expires_at", json!(NOW.0 + 121), "lifetime"),
        ("/assertion/algorithm", json!("none"), "unknown-algorithm"),
        ("/assertion/algorithm", json!("rs256"), "unknown-algorithm"),
        (
            "/assertion/signature",
            encoded(&[0; 256]),
            "signature-wrong",
        ),
        ("/assertion/signature", json!(""), "signature-size"),
        ("/assertion/signature", encoded(&[0; 513]), "signature-size"),
        (
            "/assertion/certificate",
            encoded(b"nothing"),
            "certificate-unreadable",
        ),
        (
            "/assertion/certificate",
            encoded(practice.card.signature.certificate.der()),
            "certificate-refused",
        ),
        (
            "/assertion/certificate",
            encoded(practice.issuing_authority().der()),
            "certificate-refused",
        ),
        ("/assertion/version", json!(2), "malformed"),
        ("/assertion/agent_nonce", encoded(&[0; 31]), "malformed"),
        ("/assertion/channel_binding", json!("x"), "malformed"),
        ("/assertion/issued_at", json!(-1), "malformed"),
        ("/assertion/signature", json!("AB"), "malformed"),
    ] {
        cases.push(changed(&good, pointer, value, outcome));
    }
    let mut more = changed(&good, "/assertion/version", json!(1), "malformed");
    more["assertion"]["more"] = json!(1);
    cases.push(more);
    json!({
        "description": "Login assertions, version 1; see docs/login-assertion.md",
        "trust": {
            "anchors": practice.pki.anchors_pem(),
            "intermediates": practice.pki.intermediates_pem(),
            "crls": practice.pki.crls_pem(NOW.plus_seconds(-3600)).unwrap(),
        },
        "cases": cases,
    })
}

fn ours(case: &Value, store: &TrustStore) -> String {
    let text = |pointer: &str| case.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let value = URL_SAFE_NO_PAD
        .decode(text("/expected/channel_binding/value"))
        .unwrap();
    let value = || value.clone().try_into().unwrap();
    let channel_binding = match text("/expected/channel_binding/type").as_str() {
        "none" => ChannelBinding::None,
        "tls-exporter" => ChannelBinding::TlsExporter(value()),
        _ => ChannelBinding::JwkThumbprint(value()),
    };
    let Ok(assertion) = LoginAssertion::from_json(case["assertion"].to_string().as_bytes()) else {
        return "malformed".to_owned();
    };
    let expected = &case["expected"];
    let expected = Expected {
        audience: &text("/expected/audience").parse().unwrap(),
        origin: &text("/expected/origin").parse().unwrap(),
        nonce: &ServerNonce::from_base64url(&text("/expected/nonce")).unwrap(),
        now: UnixTime(expected["now"].as_i64().unwrap()),
        offered: &serde_json::from_value(expected["offered"].clone()).unwrap(),
        channel_binding,
    };
    match verify(&expected, &assertion, store) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

fn check_both(path: &Path) {
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let pem = |name: &str| vectors["trust"][name].as_str().unwrap().as_bytes().to_vec();
    let mut store = TrustStore::new();
    store.accept_test(true);
    store.add_anchors_pem(&pem("anchors")).unwrap();
    store.add_intermediates_pem(&pem("intermediates")).unwrap();
    store.add_crls_pem(&pem("crls")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        assert_eq!(
            json!(ours(case, &store)),
            case["outcome"],
            "{}",
            case["name"]
        );
    }
    let theirs = Command::new("python3")
        .arg(repository("tests/interop/verify_login.py"))
        .arg(path)
        .output()
        .unwrap_or_else(|error| panic!("python3 cannot be run: {error}"));
    let said = String::from_utf8_lossy(&theirs.stdout);
    assert!(
        theirs.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&theirs.stderr)
    );
}

#[test]
fn a_verifier_written_from_the_page_agrees_on_fresh_vectors() {
    let vectors = serde_json::to_vec_pretty(&vectors(&Practice::new())).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = match std::env::var_os("PARAPHE_LOGIN_VECTORS") {
        Some(path) => PathBuf::from(path),
        None => directory.path().join("login.json"),
    };
    std::fs::write(&path, vectors).unwrap();
    check_both(&path);
}

#[test]
fn the_committed_vectors_still_hold() {
    check_both(&repository("tests/vectors/login.json"));
}
