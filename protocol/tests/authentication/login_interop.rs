//! Logins before a verifier in another language, written from the page alone.
//!
//! Fresh vectors with fresh keys, and the committed ones, go through our verifier and through
//! `tests/interop/verify_login.py` (needs `python3` and `openssl`); both must find every outcome, and of every mutation of a committed
//! vector the same reason.
//! `PARAPHE_LOGIN_VECTORS=<file>` makes the first test leave its vectors there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::login::{Agreed, base64url, card_with_key, sign_by};
use crate::support::{NOW, Practice};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_certs::test_pki::{Issued, KeyAlgorithm};
use paraphe_certs::{TrustStore, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    AgentNonce, ChannelBinding, Expected, LoginAssertion, OfferedAlgorithms, ServerNonce,
    StatedTerms, verify,
};
use serde_json::{Value, json};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn accepted_case(key: &Issued, algorithm: SignatureAlgorithm, binding: ChannelBinding) -> Value {
    let agreed = Agreed {
        audience: "dossier.example".parse().unwrap(),
        origin: "https://cabinet.example:8443".parse().unwrap(),
        nonce: ServerNonce::from_bytes(&(0..40).collect::<Vec<u8>>()).unwrap(),
        offered: offered(&["PS256", "ML-DSA-65", "RS256", "ES384", "ES256"]),
        binding,
    };
    let mut request = agreed.request(key, algorithm);
    request.agent_nonce = AgentNonce::from_bytes([0xa5; 32]);
    request.expires_at = NOW.plus_seconds(90);
    request.shown = Sha256Digest::of("Se connecter à dossier.example ?".as_bytes());
    let prepared = request.prepare().unwrap();
    let to_be_signed = prepared.to_be_signed().to_vec();
    let signature = sign_by(key, algorithm, &to_be_signed);
    let assertion = prepared.complete(&signature).unwrap();
    let hexadecimal: String = to_be_signed
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "name": format!("accepted, {algorithm}, binding {}", binding.kind().name()),
        "expected": {
            "audience": agreed.audience,
            "origin": agreed.origin,
            "nonce": agreed.nonce,
            "now": NOW.0 + 30,
            "offered": agreed.offered,
            "channel_binding": {
                "type": binding.kind().name(),
                "value": base64url(binding.value()),
            },
        },
        "stated": agreed.stated(),
        "assertion": assertion,
        "to_be_signed": hexadecimal,
        "outcome": "accepted",
    })
}

fn offered(names: &[&str]) -> OfferedAlgorithms {
    OfferedAlgorithms::new(names.iter().map(|name| (*name).to_owned()).collect()).unwrap()
}

/// A login by every suite with every binding.
fn accepted_cases(practice: &Practice) -> Vec<Value> {
    let p256 = card_with_key(practice, KeyAlgorithm::P256);
    let p384 = card_with_key(practice, KeyAlgorithm::P384);
    let rsa = &practice.card.authentication;
    let keys = [
        (rsa, SignatureAlgorithm::RsaPkcs1Sha256),
        (rsa, SignatureAlgorithm::RsaPssSha256),
        (&p256, SignatureAlgorithm::EcdsaP256Sha256),
        (&p384, SignatureAlgorithm::EcdsaP384Sha384),
    ];
    let bindings = [
        ChannelBinding::JwkThumbprint([0x5a; 32]),
        ChannelBinding::TlsExporter([1; 32]),
        ChannelBinding::None,
    ];
    keys.into_iter()
        .flat_map(|(key, algorithm)| bindings.map(|binding| accepted_case(key, algorithm, binding)))
        .collect()
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
    let mut cases = accepted_cases(practice);
    // What is stated takes no part in a decision: it stays as it was, and tells the reason.
    let good = cases[0].clone();
    let mut silent = good.clone();
    silent.as_object_mut().unwrap().remove("stated");
    let encoded = |bytes: &[u8]| json!(base64url(bytes));
    for (pointer, value, outcome) in [
        (
            "/expected/audience",
            json!("dossier.examplf"),
            "other-audience",
        ),
        (
            "/expected/origin",
            json!("https://cabinet.example"),
            "other-origin",
        ),
        ("/expected/nonce", encoded(&[0; 40]), "other-nonce"),
        (
            "/expected/offered",
            json!(["RS256", "PS256"]),
            "other-offer",
        ),
        (
            "/expected/offered",
            json!(["PS256"]),
            "algorithm-not-offered",
        ),
        (
            "/expected/channel_binding/value",
            encoded(&[0; 32]),
            "other-binding",
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
        ("/assertion/algorithm", json!("RS384"), "unknown-algorithm"),
        ("/assertion/algorithm", json!("ES256"), "algorithm-mismatch"),
        ("/assertion/algorithm", json!("PS256"), "algorithm-mismatch"),
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
    // The same without a statement, with one that lies, and with one that cannot be read: refused all the same.
    for (pointer, value) in [
        ("/expected/audience", json!("dossier.examplf")),
        ("/expected/origin", json!("https://cabinet.example")),
        ("/expected/nonce", encoded(&[0; 40])),
    ] {
        cases.push(changed(&silent, pointer, value.clone(), "signature-wrong"));
        let mut lie = changed(&good, pointer, value, "signature-wrong");
        lie["stated"]["audience"] = json!("dossier.exampl");
        cases.push(lie);
    }
    for stated in [
        json!({"nonce": "not base64url"}),
        json!({"offered": []}),
        json!({"audience": "x".repeat(513)}),
    ] {
        let mut unreadable = changed(&good, "/expected/audience", json!("a"), "signature-wrong");
        unreadable["stated"] = stated.clone();
        cases.push(unreadable);
        let mut held = good.clone();
        held["stated"] = stated;
        held["name"] = json!("accepted, whatever is stated");
        cases.push(held);
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
    let stated = case.get("stated");
    let stated: Option<StatedTerms> =
        stated.map(|stated| serde_json::from_value(stated.clone()).unwrap());
    let expected = &case["expected"];
    let expected = Expected {
        audience: &text("/expected/audience").parse().unwrap(),
        origin: &text("/expected/origin").parse().unwrap(),
        nonce: &ServerNonce::from_base64url(&text("/expected/nonce")).unwrap(),
        now: UnixTime(expected["now"].as_i64().unwrap()),
        offered: &serde_json::from_value(expected["offered"].clone()).unwrap(),
        channel_binding,
        stated: stated.as_ref(),
    };
    match verify(&expected, &assertion, store) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

fn trust_of(vectors: &Value) -> TrustStore {
    let pem = |name: &str| vectors["trust"][name].as_str().unwrap().as_bytes().to_vec();
    let mut store = TrustStore::new();
    store.accept_test(true);
    store.add_anchors_pem(&pem("anchors")).unwrap();
    store.add_intermediates_pem(&pem("intermediates")).unwrap();
    store.add_crls_pem(&pem("crls")).unwrap();
    store
}

fn check_both(path: &Path) {
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let store = trust_of(&vectors);
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 50);
    for case in cases {
        assert_eq!(
            json!(ours(case, &store)),
            case["outcome"],
            "{}",
            case["name"]
        );
    }
    check_theirs(path);
}

/// The other verifier finds every outcome.
fn check_theirs(path: &Path) {
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

/// Every way in which one leaf of a vector is changed so that it is something else.
fn mutations(pointer: &str, value: &Value) -> Vec<Value> {
    let at = |text: &str, index: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[index] = match bytes[index] {
            b'a' => b'b',
            b'0'..=b'8' => bytes[index] + 1,
            _ => b'a',
        };
        json!(String::from_utf8(bytes).unwrap())
    };
    match (pointer, value) {
        // A certificate is changed in its key and in its signature: what its DER says of lengths is each reader's own to stumble over.
        ("/assertion/certificate", Value::String(text)) => {
            let der = URL_SAFE_NO_PAD.decode(text).unwrap();
            let certificate = paraphe_certs::Certificate::from_der(&der).unwrap();
            let spki = certificate.spki_der();
            let key = der
                .windows(spki.len())
                .position(|part| part == spki)
                .unwrap();
            let flipped = |index: usize| {
                let mut der = der.clone();
                der[index] ^= 1;
                json!(base64url(&der))
            };
            vec![
                flipped(key + spki.len() - 20),
                flipped(der.len() - 1),
                json!(base64url(&der[..der.len() - 1])),
                json!(""),
                json!(null),
            ]
        }
        // A day away: seconds make no difference to a clock that may be two minutes off.
        ("/expected/now", Value::Number(number)) => {
            let now = number.as_i64().unwrap();
            vec![json!(now - 86_400), json!(now + 86_400)]
        }
        ("/expected/channel_binding/type", _) => Vec::new(),
        ("/expected/origin", Value::String(_)) => vec![
            json!("https://cabinet.example"),
            json!("https://cabinet.example:8444"),
            json!("https://cabinet.exampla:8443"),
            json!("https://www.cabinet.example:8443"),
            json!("https://xn--cbinet-nwa.example:8443"),
        ],
        (_, Value::String(text)) if text.is_empty() => Vec::new(),
        (_, Value::String(text)) if pointer.starts_with("/expected") => {
            vec![at(text, 0), at(text, text.len() / 2)]
        }
        (_, Value::String(text)) => vec![
            at(text, 0),
            at(text, text.len() / 2),
            json!(format!("{text}AAAA")),
            json!(""),
            json!(1),
            json!(null),
        ],
        (_, Value::Number(number)) => {
            let number = number.as_u64().unwrap();
            vec![
                json!(number - 1),
                json!(number + 1),
                json!(0),
                json!(-1),
                json!("1"),
                json!(true),
            ]
        }
        (_, Value::Array(names)) => {
            let mut reversed = names.clone();
            reversed.reverse();
            let mut longer = names.clone();
            longer.push(json!("XS256"));
            vec![json!(reversed), json!(longer), json!(names[1..])]
        }
        _ => Vec::new(),
    }
}

/// Every pointer to a leaf below this value; lists are leaves.
fn leaves(pointer: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(&format!("{pointer}/{name}"), member, found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

#[test]
fn every_mutation_of_every_vector_is_refused_by_both_for_the_same_reason() {
    let path = repository("tests/vectors/login.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let store = trust_of(&vectors);
    let mut mutated = Vec::new();
    let cases = vectors["cases"].as_array().unwrap();
    let genuine = cases
        .iter()
        .take_while(|case| case["outcome"] == "accepted");
    for case in genuine {
        let mut pointers = Vec::new();
        leaves("/expected", &case["expected"], &mut pointers);
        leaves("/assertion", &case["assertion"], &mut pointers);
        for pointer in pointers {
            for value in mutations(&pointer, case.pointer(&pointer).unwrap()) {
                let mut one = changed(case, &pointer, value, "");
                let outcome = ours(&one, &store);
                assert_ne!(outcome, "accepted", "{}: {pointer} {one}", case["name"]);
                one["name"] = json!(format!("{}: {pointer}", case["name"]));
                one["outcome"] = json!(outcome);
                mutated.push(one);
            }
        }
        for binding in ["none", "tls-exporter", "jkt"] {
            let mut one = changed(case, "/expected/channel_binding/type", json!(binding), "");
            let value = if binding == "none" {
                Vec::new()
            } else {
                vec![2; 32]
            };
            one["expected"]["channel_binding"]["value"] = json!(base64url(&value));
            let outcome = ours(&one, &store);
            let unbound = binding == "none" && case["assertion"]["channel_binding"] == "none";
            assert_eq!(outcome == "accepted", unbound);
            one["outcome"] = json!(outcome);
            mutated.push(one);
        }
        for member in case["assertion"].as_object().unwrap().keys() {
            let mut one = changed(case, "/assertion/version", json!(1), "malformed");
            one["assertion"].as_object_mut().unwrap().remove(member);
            assert_eq!(ours(&one, &store), "malformed", "without {member}");
            mutated.push(one);
        }
    }
    assert!(mutated.len() >= 500, "{}", mutated.len());
    println!("{} mutations", mutated.len());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mutations.json");
    let content = json!({"trust": vectors["trust"], "cases": mutated});
    std::fs::write(&file, content.to_string()).unwrap();
    check_theirs(&file);
}
