//! Sessions are bound to a key: a stolen token, assertion or proof is of no use to whoever does not have it. By the client of this crate,
//! and by curl with proofs made here.

use std::path::Path;
use std::process::Command;

use crate::fixture::{AUDIENCE, Card, NOW, ORIGIN, World, bound_assertion, create_request};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::Private;
use paraphe_certs::UnixTime;
use paraphe_certs::localhost::{LocalhostCertificates, MAX_VALIDITY};
use paraphe_certs::test_pki::CardPerson;
use paraphe_protocol::dpop::{P256PublicJwk, ProofDraft};
use paraphe_protocol::login::{ChannelBinding, LoginAssertion};
use paraphe_record_server::Client;
use paraphe_record_server::problem::Code;
use serde_json::{Value, json};

const SITE: (&str, &str) = (AUDIENCE, ORIGIN);

fn made(card: &Card, nonce: &str, binding: ChannelBinding) -> LoginAssertion {
    bound_assertion(&card.authentication, nonce, SITE, binding, NOW)
}

fn key_of(client: &Client) -> ChannelBinding {
    ChannelBinding::JwkThumbprint(*client.key_thumbprint().unwrap().as_bytes())
}

async fn nonce(client: &Client) -> String {
    client.nonce().await.unwrap().nonce
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_token_is_useless() {
    let world = World::start_bound().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();
    let nonce = nonce(&client).await;
    let assertion = made(&card, &nonce, key_of(&client));
    let opened = client.login(&nonce, &assertion).await.unwrap();
    assert_eq!(opened.bound_to.as_deref(), Some("jkt"));
    assert_eq!(opened.assurance, "card-and-pin");
    let record = client
        .create_record(&create_request(NOW))
        .await
        .unwrap()
        .record;

    let token = client.session().unwrap();
    let other_key = world.client().with_session(token);
    let error = other_key.documents(&record).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionKeyMismatch));
    world
        .assert_refusal_traced("documents-list", "session-key-mismatch")
        .await;
    let no_key = world.client().without_key().with_session(token);
    let error = no_key.documents(&record).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ProofMissing));
    // Nor can its session be ended by a thief.
    let mut thief = world.client().with_session(token);
    let error = thief.logout().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionKeyMismatch));
    assert!(client.documents(&record).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_the_keys_that_it_was_made_for() {
    let world = World::start_bound().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let client = world.client();
    // Stolen on its way, and handed in with another key.
    let mut thief = world.client();
    for (stated, code) in [
        (None, Code::AssertionSignatureInvalid),
        (Some(key_of(&client)), Code::AssertionOtherBinding),
    ] {
        let nonce = nonce(&client).await;
        let assertion = made(&card, &nonce, key_of(&client));
        let made_for = stated.map(|binding| {
            let value = base64::Engine::encode(
                &base64::engine::general_purpose::URL_SAFE_NO_PAD,
                binding.value(),
            );
            json!({"binding_value": value})
        });
        let error = thief
            .login_made_for(&nonce, &assertion, made_for.as_ref())
            .await;
        assert_eq!(error.unwrap_err().code(), Some(code));
    }
    // Without any key, and bound to nothing.
    let mut nobody = world.client().without_key();
    let fresh = nonce(&client).await;
    let assertion = made(&card, &fresh, key_of(&client));
    let error = nobody.login(&fresh, &assertion).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ProofMissing));
    let mut client = client;
    let fresh = nonce(&client).await;
    let assertion = made(&card, &fresh, ChannelBinding::None);
    let error = client.login(&fresh, &assertion).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::AssertionBinding));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_the_connections_that_it_was_made_for() {
    let world = World::start_bound().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();
    let fresh = nonce(&client).await;
    let binding = ChannelBinding::TlsExporter(client.tls_exporter().await.unwrap());
    let assertion = made(&card, &fresh, binding);
    let opened = client.login(&fresh, &assertion).await.unwrap();
    assert_eq!(opened.bound_to.as_deref(), Some("jkt"));
    client.create_record(&create_request(NOW)).await.unwrap();

    // The same over another connection, which is what somebody between the two has.
    let mut other = world.client();
    let fresh = nonce(&other).await;
    let binding = ChannelBinding::TlsExporter(other.tls_exporter().await.unwrap());
    let assertion = made(&card, &fresh, binding);
    let _ = other.tls_exporter().await.unwrap();
    let error = other.login(&fresh, &assertion).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::AssertionSignatureInvalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_can_be_a_certificates() {
    let world = World::start_bound().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let url = format!("https://{}", world.server().address());
    let root = world.server().root_pem().unwrap().as_bytes();
    let now = UnixTime::from(std::time::SystemTime::now());
    let client = || {
        let own = LocalhostCertificates::generate(now, MAX_VALIDITY).unwrap();
        let key = own.leaf_key_pem();
        let (chain, key) = (own.leaf_pem(), key.expose());
        Client::with_certificate(&url, root, chain.as_bytes(), key.as_bytes()).unwrap()
    };
    let mut owner = client();
    let fresh = nonce(&owner).await;
    let binding = ChannelBinding::TlsExporter(owner.tls_exporter().await.unwrap());
    let assertion = made(&card, &fresh, binding);
    let opened = owner.login(&fresh, &assertion).await.unwrap();
    assert_eq!(opened.bound_to.as_deref(), Some("x5t#S256"));
    let record = owner
        .create_record(&create_request(NOW))
        .await
        .unwrap()
        .record;
    let token = owner.session().unwrap();
    for thief in [client(), world.client(), world.client().without_key()] {
        let error = thief
            .with_session(token)
            .documents(&record)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(Code::SessionKeyMismatch));
    }
    assert!(owner.documents(&record).await.is_ok());
}

/// A page's key, as far as a server sees it.
struct PageKey {
    key: EcKey<Private>,
    public: P256PublicJwk,
    made: std::cell::Cell<u8>,
}

impl PageKey {
    fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        key.public_key()
            .affine_coordinates(&group, &mut x, &mut y, &mut context)
            .unwrap();
        let coordinate = |number: &BigNum| number.to_vec_padded(32).unwrap().try_into().unwrap();
        let public = P256PublicJwk::from_coordinates(&coordinate(&x), &coordinate(&y)).unwrap();
        let made = std::cell::Cell::new(0);
        Self { key, public, made }
    }

    fn proof(&self, method: &str, url: &str, token: Option<&str>, nonce: Option<&str>) -> String {
        self.made.set(self.made.get() + 1);
        let draft = ProofDraft {
            key: &self.public,
            method,
            url,
            issued_at: NOW,
            identifier: [self.made.get(); 16],
            access_token: token,
            nonce,
        };
        let prepared = draft.prepare().unwrap();
        let digest = openssl::sha::sha256(prepared.to_be_signed());
        let signature = EcdsaSig::sign(&digest, &self.key).unwrap();
        let part = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
        let value = [part(signature.r()), part(signature.s())].concat();
        prepared.complete(&value).unwrap()
    }
}

/// One request by curl: the answer's JSON.
fn curl(root: &Path, method: &str, url: &str, headers: &[String], body: Option<&Value>) -> Value {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "60", "--cacert"])
        .arg(root);
    command.args(["--request", method, url]);
    for header in headers {
        command.args(["--header", header]);
    }
    if let Some(body) = body {
        command.args([
            "--header",
            "Content-Type: application/json",
            "--data",
            &body.to_string(),
        ]);
    }
    let output = command.output().expect("apt install curl");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_serves_once_for_its_request_and_its_token() {
    let world = World::start_bound().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, world.server().root_pem().unwrap()).unwrap();
    let base = format!("https://{}", world.server().address());
    let ask = |method: &str, path: &str, headers: &[String], body: Option<&Value>| {
        curl(&root, method, &format!("{base}{path}"), headers, body)
    };
    let page = PageKey::new();
    let login_url = format!("{ORIGIN}/v1/login");
    let binding = ChannelBinding::JwkThumbprint(*page.public.thumbprint().as_bytes());
    let attempt = |proof: &dyn Fn(&str) -> Vec<String>| {
        let nonce = ask("POST", "/v1/nonce", &[], Some(&json!({})));
        assert_eq!(nonce["offered"][0], "RS256");
        let nonce = nonce["nonce"].as_str().unwrap().to_owned();
        let body = json!({"nonce": nonce, "assertion": made(&card, &nonce, binding)});
        ask("POST", "/v1/login", &proof(&nonce), Some(&body))
    };
    let header = |proof: String| format!("DPoP: {proof}");
    // At a login the proof repeats the login's nonce.
    let without = attempt(&|_| vec![header(page.proof("POST", &login_url, None, None))]);
    assert_eq!(without["code"], "proof-invalid");
    let two = attempt(&|nonce| {
        let proof = || header(page.proof("POST", &login_url, None, Some(nonce)));
        vec![proof(), proof()]
    });
    assert_eq!(two["code"], "proof-invalid");
    let opened = attempt(&|nonce| vec![header(page.proof("POST", &login_url, None, Some(nonce)))]);
    assert_eq!(opened["bound_to"], "jkt", "{opened}");
    let token = opened["session"].as_str().unwrap();

    let patient = json!({"patient": {"number": "1610275999999", "key": "83"}});
    let path = "/v1/records/exists";
    let url = format!("{base}{path}");
    let exists = |scheme: &str, proof: &str| {
        let authorization = format!("Authorization: {scheme} {token}");
        let headers = [authorization, format!("DPoP: {proof}")];
        ask("POST", path, &headers, Some(&patient))
    };
    let proof = page.proof("POST", &url, Some(token), None);
    assert_eq!(exists("DPoP", &proof)["exists"], false);
    assert_eq!(exists("DPoP", &proof)["code"], "proof-replayed");
    for other in [
        page.proof("GET", &url, Some(token), None),
        page.proof("POST", &format!("{base}/v1/records"), Some(token), None),
        page.proof(
            "POST",
            "https://autre.invalid/v1/records/exists",
            Some(token),
            None,
        ),
        page.proof("POST", &url, None, None),
        page.proof("POST", &url, Some("another"), None),
    ] {
        assert_eq!(exists("DPoP", &other)["code"], "proof-invalid");
    }
    let thief = PageKey::new();
    let stolen = thief.proof("POST", &url, Some(token), None);
    assert_eq!(exists("DPoP", &stolen)["code"], "session-key-mismatch");
    let late = page.proof("POST", &url, Some(token), None);
    world.advance(121);
    assert_eq!(exists("DPoP", &late)["code"], "proof-invalid");
}
