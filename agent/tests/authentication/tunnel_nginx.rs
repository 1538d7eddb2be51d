//! curl through a tunnel to nginx that demands client certificates: each kind of token, by the version of TLS that it can do; many
//! connections with one card operation; large bodies both ways; every way in which a tunnel ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::soft_hsm::{self, SoftHsm};
use crate::stage::session_manager::{Bus, Logind, OURS};
use crate::stage::{self, Answer, Card, Stage, pki, program};
use crate::tls_servers::Nginx;
use crate::tls_servers::curl::curl;
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe::caller::Caller;
use paraphe::pin::PinPurpose;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{Authority, CardPerson, Level, Structure, Validity};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const LONG_MS: u32 = 30_000;
const PASSPHRASE: &str = "phrase secrète d'essai";
const LARGE: usize = 64 << 20;

/// A card in a reader, and nginx.
struct Place {
    stage: Stage,
    card: Card,
    nginx: Nginx,
}

impl Place {
    fn new(profile: &str, protocols: &str, more: &str) -> Self {
        let nginx = Nginx::start(protocols);
        let configuration = format!("{}{more}", nginx.configuration(""));
        let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
        let card = Card::shipped(profile);
        stage.insert(READER, &card);
        Self { stage, card, nginx }
    }

    async fn open(&self) -> Value {
        open(&self.stage, json!({"server": "nginx"})).await
    }

    /// Signatures that the card made.
    fn operations(&self) -> u64 {
        self.card.counters().private_key_operations
    }
}

async fn open(stage: &Stage, body: Value) -> Value {
    stage
        .perform_as(&program(), Operation::TunnelOpen, body)
        .await
        .unwrap()
}

async fn status(stage: &Stage, opened: &Value) -> Value {
    let body = json!({"tunnel": opened["tunnel"]["tunnel"]});
    let answer = stage
        .perform_as(&program(), Operation::TunnelStatus, body)
        .await
        .unwrap();
    answer["tunnels"][0].clone()
}

async fn cursor(stage: &Stage, caller: &Caller) -> Value {
    let answer = stage.perform_as(caller, Operation::Events, json!({})).await;
    answer.unwrap()["cursor"].clone()
}

/// Why the tunnel was closed, as its owner is told.
async fn told_end(stage: &Stage, mut cursor: Value) -> Value {
    loop {
        let body = json!({"cursor": cursor, "wait_ms": LONG_MS});
        let answer = stage.perform_as(&program(), Operation::Events, body).await;
        let answer = answer.unwrap();
        let events = answer["events"].as_array().unwrap();
        assert!(!events.is_empty(), "nothing was told in {LONG_MS} ms");
        if let Some(event) = events.iter().find(|event| event["kind"] == "tunnel-closed") {
            return event["tunnel"]["end"]["reason"].clone();
        }
        cursor = answer["cursor"].clone();
    }
}

/// What nginx says of who asks, through the tunnel.
async fn who(opened: &Value) -> String {
    let address = opened["address"].as_str().unwrap();
    let fetched = curl(&[format!("{address}/who")]).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    fetched.text()
}

#[tokio::test]
async fn a_cps3_reaches_nginx_by_tls_12_with_one_signature() {
    let place = Place::new("physician", "TLSv1.2 TLSv1.3", "");
    let cursor = cursor(&place.stage, &program()).await;
    let opened = place.open().await;
    assert_eq!(opened["tunnel"]["tls"], "1.2");
    for _ in 0..3 {
        let who = who(&opened).await;
        assert!(who.starts_with("TLSv1.2 SUCCESS"), "{who}");
        assert!(who.contains("SIMULATEUR"), "{who}");
    }
    assert_eq!(place.operations(), 1);
    let status = status(&place.stage, &opened).await;
    assert_eq!(status["handshakes"], 1);
    assert_eq!(status["connections"], 3);
    assert!(status["received_bytes"].as_u64().unwrap() > 300, "{status}");
    place.card.until_locked().await;
    // The secret and the caller's own Host go no further.
    let seen = place.nginx.seen();
    let port = place.nginx.port();
    assert_eq!(
        seen,
        vec![format!("TLSv1.2 r SUCCESS GET localhost:{port} /who"); 3]
    );

    let asked = place.stage.asked();
    assert!(matches!(
        asked[0].purpose,
        PinPurpose::Tunnel {
            handshakes: 100,
            minutes: 60,
            ..
        }
    ));
    let shown = asked[0].description();
    assert!(shown.starts_with("TUNNEL vers Dossier nginx"), "{shown}");

    let body = json!({"tunnel": opened["tunnel"]["tunnel"]});
    let stranger = stage::site(stage::SITE);
    for operation in [
        Operation::TunnelOpen,
        Operation::TunnelStatus,
        Operation::TunnelClose,
    ] {
        let refused = place
            .stage
            .perform_as(&stranger, operation, json!({}))
            .await;
        assert_eq!(stage::code(&refused), ErrorCode::OperationNotForSites);
    }
    let closed = place
        .stage
        .perform_as(&program(), Operation::TunnelClose, body)
        .await;
    assert_eq!(closed.unwrap()["end"]["reason"], "closed");
    assert_eq!(told_end(&place.stage, cursor).await, "closed");
    let address = opened["address"].as_str().unwrap();
    let gone = curl(&[format!("{address}/who")]).await;
    assert_eq!((gone.status, gone.exit), (0, Some(7)), "{gone:?}");
}

#[tokio::test]
async fn a_cps4_reaches_nginx_by_tls_13_with_one_signature() {
    let place = Place::new("physician-cps4", "TLSv1.2 TLSv1.3", "");
    let opened = place.open().await;
    assert_eq!(opened["tunnel"]["tls"], "1.3");
    for _ in 0..3 {
        let who = who(&opened).await;
        assert!(who.starts_with("TLSv1.3 SUCCESS"), "{who}");
    }
    assert_eq!(place.operations(), 1);
}

#[tokio::test]
async fn a_cps4_speaks_tls_12_where_the_configuration_says_so() {
    let nginx = Nginx::start("TLSv1.2");
    let configuration = nginx.configuration("tls = \"1.2\"");
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
    let card = Card::shipped("physician-cps4");
    stage.insert(READER, &card);
    let opened = open(&stage, json!({"server": "nginx"})).await;
    let who = who(&opened).await;
    assert!(who.starts_with("TLSv1.2 SUCCESS"), "{who}");
    assert_eq!(card.counters().private_key_operations, 1);
}

#[tokio::test]
async fn a_token_of_softhsm_reaches_nginx() {
    let nginx = Nginx::start("TLSv1.2 TLSv1.3");
    let hsm = SoftHsm::new();
    hsm.card("essai", &CardPerson::sample_nurse());
    let configuration = format!("{}{}", nginx.configuration(""), hsm.configuration());
    let answers = vec![Answer::Pin(soft_hsm::PIN)];
    let stage = Stage::with_helper(answers, false, &configuration, &hsm.helper());
    let opened = open(&stage, json!({"server": "nginx"})).await;
    assert_eq!(opened["tunnel"]["tls"], "1.3");
    for _ in 0..2 {
        let who = who(&opened).await;
        assert!(who.starts_with("TLSv1.3 SUCCESS"), "{who}");
        assert!(who.contains("ESSAI-MARTIN"), "{who}");
    }
    assert_eq!(status(&stage, &opened).await["handshakes"], 1);
    // A token that leaves its module takes the tunnel with it.
    let cursor = cursor(&stage, &program()).await;
    hsm.remove("essai");
    assert_eq!(told_end(&stage, cursor).await, "card-removed");
    let written = &stage.journal().await[0];
    assert_eq!(written["operation"], "tunnel/close", "{written}");
    assert_eq!(written["about"]["ended"], "card-removed");
    assert_eq!(written["about"]["count"], 1);
}

#[tokio::test]
async fn a_structure_reaches_nginx_with_its_certificate_in_a_file() {
    let nginx = Nginx::start("TLSv1.2 TLSv1.3");
    let clinic = Structure::sample_clinic();
    let validity = Validity::of_card(UnixTime::from(SystemTime::now()));
    let authority = Authority::Organizations(Level::Elementaire);
    let template = clinic.client_authentication_template(validity);
    let issued = pki().with_authorities(|pki| pki.issue(authority, &template).unwrap());
    let issued = issued.unwrap();
    let key = PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes());
    let mut pem = key
        .unwrap()
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSPHRASE.as_bytes())
        .unwrap();
    pem.extend(issued.certificate.pem().as_bytes());
    let file = nginx.path("structure.pem");
    fs::write(&file, pem).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let configuration = format!(
        "{}[[software]]\nname = \"structure\"\npath = {file:?}\n",
        nginx.configuration("")
    );
    let stage = Stage::with(vec![Answer::Passphrase(PASSPHRASE)], false, &configuration);
    let opened = open(&stage, json!({"server": "nginx", "reader": "structure"})).await;
    let who = who(&opened).await;
    assert!(who.starts_with("TLSv1.3 SUCCESS"), "{who}");
    assert!(who.contains("SERVEUR SIMULATEUR"), "{who}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_connections_at_once_take_one_signature() {
    for profile in ["physician", "physician-cps4"] {
        let place = Place::new(profile, "TLSv1.2 TLSv1.3", "");
        let opened = place.open().await;
        let address = opened["address"].as_str().unwrap();
        let asking: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn({
                    let url = format!("{address}/who");
                    async move { curl(&[url]).await }
                })
            })
            .collect();
        for asked in asking {
            let fetched = asked.await.unwrap();
            assert_eq!(fetched.status, 200, "{fetched:?}");
            assert!(fetched.text().contains("SUCCESS"), "{fetched:?}");
        }
        assert_eq!(place.operations(), 1, "{profile}");
        let status = status(&place.stage, &opened).await;
        assert_eq!(
            (&status["connections"], &status["handshakes"]),
            (&json!(20), &json!(1))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_any_size_pass_in_bounded_memory() {
    let place = Place::new("physician-cps4", "TLSv1.2 TLSv1.3", "");
    let opened = place.open().await;
    let address = opened["address"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let content: Vec<u8> = (0..LARGE)
        .map(|position| (position >> 8) as u8 ^ position as u8)
        .collect();
    fs::write(path("up"), &content).unwrap();
    forget_peak();
    let before = peak();
    let url = format!("{address}/files/large");
    let up = curl(&["--upload-file", &path("up"), &url]).await;
    assert_eq!(up.status, 201, "{up:?}");
    // Without a length beforehand.
    fs::write(path("shorter"), &content[..LARGE / 8]).unwrap();
    let shorter = format!("{address}/files/shorter");
    let chunked = "Transfer-Encoding: chunked";
    let again = curl(&[
        "--upload-file",
        &path("shorter"),
        "--header",
        chunked,
        &shorter,
    ])
    .await;
    assert_eq!(again.status, 201, "{again:?}");
    assert!(fs::read(place.nginx.path("files/shorter")).unwrap() == content[..LARGE / 8]);
    let down = curl(&["--output", &path("down"), &url]).await;
    assert_eq!(down.status, 200, "{down:?}");
    let grown = peak().saturating_sub(before);
    assert!(fs::read(place.nginx.path("files/large")).unwrap() == content);
    assert!(fs::read(path("down")).unwrap() == content);
    assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    let status = status(&place.stage, &opened).await;
    assert!(
        status["sent_bytes"].as_u64().unwrap() >= LARGE as u64,
        "{status}"
    );
    assert!(
        status["received_bytes"].as_u64().unwrap() >= LARGE as u64,
        "{status}"
    );
}

/// Begins to measure anew (proc(5)).
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Most memory that this process had, bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_leaves_cuts_what_is_under_way() {
    let place = Place::new("physician-cps4", "TLSv1.2 TLSv1.3", "");
    fs::write(place.nginx.path("files/large"), vec![0x5A; LARGE]).unwrap();
    let opened = place.open().await;
    let address = opened["address"].as_str().unwrap().to_owned();
    let cursor = cursor(&place.stage, &program()).await;
    let received = place.nginx.path("received");
    let fetching = tokio::spawn({
        let (url, received) = (
            format!("{address}/files/large"),
            received.display().to_string(),
        );
        async move { curl(&["--limit-rate", "4M", "--output", &received, &url]).await }
    });
    let until = Instant::now() + Duration::from_millis(LONG_MS.into());
    while size(&received) == 0 {
        assert!(Instant::now() < until, "nothing came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    place.stage.readers.remove(READER);
    assert_eq!(told_end(&place.stage, cursor).await, "card-removed");
    let cut = fetching.await.unwrap();
    assert_ne!(cut.exit, Some(0), "{cut:?}");
    assert!(size(&received) < LARGE as u64);
    // The same card put back does not bring it back.
    place.stage.insert(READER, &place.card);
    assert_eq!(
        status(&place.stage, &opened).await["end"]["reason"],
        "card-removed"
    );
    assert_eq!(curl(&[format!("{address}/who")]).await.status, 0);
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn a_quiet_tunnel_closes_and_one_at_work_does_not() {
    let place = Place::new("physician-cps4", "TLSv1.3", "[tunnel]\nidle_seconds = 2\n");
    fs::write(place.nginx.path("files/large"), vec![0x5A; 4 << 20]).unwrap();
    let opened = place.open().await;
    let address = opened["address"].as_str().unwrap();
    let cursor = cursor(&place.stage, &program()).await;
    // Some four seconds at work.
    let slow = curl(&[
        "--limit-rate",
        "1M",
        "--output",
        "/dev/null",
        &format!("{address}/files/large"),
    ])
    .await;
    assert_eq!((slow.status, slow.exit), (200, Some(0)), "{slow:?}");
    assert_eq!(told_end(&place.stage, cursor).await, "idle");
}

#[tokio::test]
async fn a_tunnel_ends_with_its_time_and_with_the_agent() {
    let place = Place::new("physician-cps4", "TLSv1.3", "");
    let before = cursor(&place.stage, &program()).await;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let body = json!({"server": "nginx", "not_after": now.as_secs() + 4});
    let first = open(&place.stage, body).await;
    assert_eq!(told_end(&place.stage, before).await, "expired");
    place.stage.will_answer(Answer::Pin("1234"));
    let second = place.open().await;
    who(&second).await;
    place.stage.agent.stop();
    assert_eq!(
        status(&place.stage, &second).await["end"]["reason"],
        "agent-stopped"
    );
    assert_eq!(
        status(&place.stage, &first).await["end"]["reason"],
        "expired"
    );
    let all = place
        .stage
        .perform_as(&program(), Operation::TunnelStatus, json!({}))
        .await;
    assert_eq!(all.unwrap()["tunnels"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_locked_ends_it() {
    let nginx = Nginx::start("TLSv1.3");
    let bus = Bus::start();
    let logind = Logind::start(&bus).await;
    let configuration = format!("{}{}", nginx.configuration(""), bus.configuration());
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
    stage.insert(READER, &Card::shipped("physician-cps4"));
    let cursor = cursor(&stage, &program()).await;
    let opened = open(&stage, json!({"server": "nginx"})).await;
    assert_eq!(opened["tunnel"]["ends_on_lock"], true);
    logind.lock(OURS).await;
    assert_eq!(told_end(&stage, cursor).await, "session-locked");
}

#[tokio::test]
async fn a_server_that_resumes_nothing_costs_a_signature_each_until_they_are_used_up() {
    let nginx = Nginx::start_with(
        "TLSv1.2",
        "ssl_verify_client on; ssl_session_tickets off; ssl_session_cache off;",
    );
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &nginx.configuration(""));
    let card = Card::shipped("physician");
    stage.insert(READER, &card);
    let cursor = cursor(&stage, &program()).await;
    let opened = open(&stage, json!({"server": "nginx", "maximum_handshakes": 3})).await;
    who(&opened).await;
    who(&opened).await;
    assert_eq!(card.counters().private_key_operations, 3);
    let address = opened["address"].as_str().unwrap();
    let refused = curl(&[format!("{address}/who")]).await;
    assert_ne!(refused.status, 200, "{refused:?}");
    assert_eq!(told_end(&stage, cursor).await, "handshakes-used-up");
    assert_eq!(card.counters().private_key_operations, 3);
    assert_eq!(
        card.counters().verifies,
        4,
        "at the opening, and for each signature"
    );
}
