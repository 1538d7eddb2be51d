//! What a tunnel refuses, each with its own code: bounds and configuration before anybody is asked, servers that are not the one meant
//! or not trusted, servers that do not take the card, and whoever at the port is not who opened it.

use std::fs;
use std::process::Command;

use crate::stage::{self, Answer, Card, Stage, program};
use crate::tls_servers::curl::{curl, run};
use crate::tls_servers::{KeepingServer, Nginx, ServerIdentity, record_server};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_protocol::tls::{CertificateVerify, TlsVersion};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";

fn stage(configuration: &str, profile: &str, answers: Vec<Answer>) -> (Stage, Card) {
    let stage = Stage::with(answers, false, configuration);
    let card = Card::shipped(profile);
    stage.insert(READER, &card);
    (stage, card)
}

async fn open(stage: &Stage, body: Value) -> Result<Value, Problem> {
    stage
        .perform_as(&program(), Operation::TunnelOpen, body)
        .await
}

/// Opens one to that server, which is refused after the PIN was asked; nothing stays open.
async fn refused(configuration: &str, profile: &str, server: &str) -> Problem {
    let (stage, card) = stage(configuration, profile, vec![Answer::Pin("1234")]);
    let refused = open(&stage, json!({"server": server})).await.unwrap_err();
    let all = stage
        .perform_as(&program(), Operation::TunnelStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(all["tunnels"][0]["end"]["reason"], "not-reached");
    card.until_locked().await;
    refused
}

#[tokio::test]
async fn what_the_configuration_does_not_allow_is_refused_before_anybody_is_asked() {
    let nginx = Nginx::start("TLSv1.2");
    let empty = nginx.path("nobody");
    fs::create_dir(&empty).unwrap();
    let configuration = format!(
        "{}{}[tunnel]\nmaximum_handshakes = 5\nmaximum_minutes = 1\n",
        nginx.configuration("tls = \"1.3\""),
        record_server("nobody", "localhost", nginx.port(), &empty, "")
    );
    let (stage, card) = stage(&configuration, "physician", vec![]);
    for (body, code) in [
        (
            json!({"server": "elsewhere"}),
            ErrorCode::RecordServerUnknown,
        ),
        (json!({}), ErrorCode::RecordServerUnknown),
        (
            json!({"server": "regional"}),
            ErrorCode::TunnelNotConfigured,
        ),
        (
            json!({"server": "nobody"}),
            ErrorCode::TunnelServerUntrusted,
        ),
        // A CPS3 signs PKCS#1 v1.5 only.
        (json!({"server": "nginx"}), ErrorCode::TunnelTlsMismatch),
        (
            json!({"server": "nginx", "maximum_handshakes": 6}),
            ErrorCode::TunnelLimit,
        ),
        (
            json!({"server": "nginx", "not_after": 4_000_000_000_u64}),
            ErrorCode::TunnelLimit,
        ),
        (
            json!({"server": "nginx", "maximum_handshakes": 0}),
            ErrorCode::RequestInvalid,
        ),
        (
            json!({"server": "nginx", "not_after": 1}),
            ErrorCode::RequestInvalid,
        ),
        (
            json!({"server": "nginx", "card": "0000"}),
            ErrorCode::CardChanged,
        ),
    ] {
        let refused = open(&stage, body.clone()).await.unwrap_err();
        assert_eq!(refused.code, code, "{body}");
    }
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
    let unknown = json!({"tunnel": "0".repeat(32)});
    for operation in [Operation::TunnelStatus, Operation::TunnelClose] {
        let refused = stage
            .perform_as(&program(), operation, unknown.clone())
            .await;
        assert_eq!(stage::code(&refused), ErrorCode::TunnelUnknown);
    }
}

#[tokio::test]
async fn a_no_and_a_wrong_pin_open_nothing() {
    let nginx = Nginx::start("TLSv1.2");
    let (stage, card) = stage(&nginx.configuration(""), "physician", vec![Answer::Cancel]);
    let no = open(&stage, json!({"server": "nginx"})).await;
    assert_eq!(no.unwrap_err().code, ErrorCode::OperationCancelled);
    let unattended = Stage::with(vec![Answer::Pin("0000")], true, &nginx.configuration(""));
    unattended.insert(READER, &card);
    let wrong = open(&unattended, json!({"server": "nginx"})).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::PinWrong);
    assert_eq!(card.counters().verifies, 1);
    assert_eq!(card.counters().private_key_operations, 0);
    assert_eq!(nginx.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn another_server_than_the_one_meant_is_refused_by_name_and_by_authority() {
    let nginx = Nginx::start("TLSv1.2 TLSv1.3");
    let other = nginx.path("other.pem");
    fs::write(&other, ServerIdentity::new("localhost").authority_pem).unwrap();
    let own = nginx.path("authority.pem");
    for (host, anchors, code) in [
        // The certificate is for the name, not for the address that it stands for.
        ("127.0.0.1", &own, ErrorCode::TunnelServerName),
        ("localhost", &other, ErrorCode::TunnelServerUntrusted),
    ] {
        let configuration = record_server("wrong", host, nginx.port(), anchors, "");
        let refused = refused(&configuration, "physician-cps4", "wrong").await;
        assert_eq!(refused.code, code);
    }
    // Nobody learnt anything of the card.
    assert_eq!(nginx.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_is_not_there_speaks_another_version_or_asks_nothing_is_refused() {
    let nginx = Nginx::start("TLSv1.2");
    let refused_by = refused(&nginx.configuration(""), "physician-cps4", "nginx").await;
    assert_eq!(refused_by.code, ErrorCode::TunnelTlsMismatch);
    let careless = Nginx::start_with("TLSv1.3", "ssl_verify_client off;");
    let refused_by = refused(&careless.configuration(""), "physician-cps4", "nginx").await;
    assert_eq!(refused_by.code, ErrorCode::TunnelCertificateRefused);
    let gone = careless.configuration("");
    let anchors = careless.path("authority.pem");
    let kept = tempfile::tempdir().unwrap();
    let moved = kept.path().join("authority.pem");
    fs::copy(&anchors, &moved).unwrap();
    let gone = gone.replace(&format!("{anchors:?}"), &format!("{moved:?}"));
    drop(careless);
    let refused_by = refused(&gone, "physician-cps4", "nginx").await;
    assert_eq!(refused_by.code, ErrorCode::TunnelServerUnreachable);
}

#[tokio::test]
async fn a_server_that_refuses_the_certificate_says_so_in_either_version() {
    for (version, profile) in [(&TLS12, "physician"), (&TLS13, "physician-cps4")] {
        let server = KeepingServer::start(version, false).await;
        let refused = refused(&server.configuration(""), profile, "keeping").await;
        assert_eq!(
            refused.code,
            ErrorCode::TunnelCertificateRefused,
            "{profile}"
        );
    }
}

#[tokio::test]
async fn what_the_card_signs_is_a_handshake_and_nothing_else() {
    for (version, profile, tls, algorithm) in [
        (
            &TLS12,
            "physician",
            TlsVersion::Tls12,
            SignatureAlgorithm::RsaPkcs1Sha256,
        ),
        (
            &TLS13,
            "physician-cps4",
            TlsVersion::Tls13,
            SignatureAlgorithm::RsaPssSha256,
        ),
    ] {
        let server = KeepingServer::start(version, true).await;
        let (stage, card) = stage(
            &server.configuration(""),
            profile,
            vec![Answer::Pin("1234")],
        );
        open(&stage, json!({"server": "keeping"})).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(card.counters().private_key_operations, 1);
        CertificateVerify::read(tls, &seen[0].content).unwrap();
        let certificate = paraphe_certs::Certificate::from_der(&seen[0].certificate).unwrap();
        algorithm
            .verify(certificate.spki_der(), &seen[0].content, &seen[0].signature)
            .unwrap();
    }
}

#[tokio::test]
async fn nobody_but_who_opened_it_gets_through() {
    let nginx = Nginx::start("TLSv1.2 TLSv1.3");
    let answers = vec![Answer::Pin("1234")];
    let (stage, _card) = stage(&nginx.configuration(""), "physician-cps4", answers);
    let opened = open(&stage, json!({"server": "nginx"})).await.unwrap();
    let address = opened["address"].as_str().unwrap().to_owned();
    let secret = opened["secret"].as_str().unwrap().to_owned();
    let port = opened["tunnel"]["port"].as_u64().unwrap();
    let bare = format!("http://127.0.0.1:{port}/who");
    let with_secret = format!("{address}/who");
    let header = format!("Paraphe-Tunnel: {secret}");

    let mine = curl(&["--header", &header, &bare]).await;
    assert_eq!(mine.status, 200, "{mine:?}");
    let before = nginx.seen().len();
    for arguments in [
        vec![bare.as_str()],
        vec!["--header", "Paraphe-Tunnel: guessed", &bare],
        vec!["--header", "Origin: https://page.example", &with_secret],
        vec!["--header", "Sec-Fetch-Mode: no-cors", &with_secret],
        vec!["--header", "Host: rebound.example", &with_secret],
        vec![
            "--request",
            "OPTIONS",
            "--header",
            "Origin: https://page.example",
            &bare,
        ],
    ] {
        let refused = curl(&arguments).await;
        assert_eq!(refused.status, 403, "{arguments:?}: {refused:?}");
        let problem: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(problem["code"], "tunnel-caller-refused");
    }
    // The summary that others of this user could ask for does not hold the secret.
    let all = stage
        .perform_as(&program(), Operation::TunnelStatus, json!({}))
        .await
        .unwrap();
    assert!(!all.to_string().contains(&secret));

    if rustix::process::getuid().is_root() {
        // Another user, who even knows the secret, is cut off before the first byte.
        let mut other = Command::new("setpriv");
        other.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "curl",
            "--silent",
        ]);
        other.args([
            "--noproxy",
            "*",
            "--max-time",
            "60",
            "--write-out",
            "\\n%{http_code}",
        ]);
        other.arg(&with_secret);
        let foreign = run(other).await;
        assert_eq!(foreign.status, 0, "{foreign:?}");
        assert_ne!(foreign.exit, Some(0));
    }
    assert_eq!(
        nginx.seen().len(),
        before,
        "nothing of all that reached the server"
    );
    let again = curl(&[with_secret]).await;
    assert_eq!(again.status, 200, "{again:?}");
}
