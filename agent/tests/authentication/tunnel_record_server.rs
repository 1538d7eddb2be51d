//! curl through a tunnel to the reference record server that requires client certificates: it tells who it verified, and serves what it
//! serves to others; a card that it knows to be revoked gets no connection.

use std::net::Ipv4Addr;
use std::path::Path;

use crate::stage::{self, Answer, Card, Stage, pki, program};
use crate::tls_servers::record_server;
use crate::tls_servers::{self, curl::curl};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::OfferedAlgorithms;
use paraphe_record_server::{
    ClientCertificates, Clock, Configuration, Limits, RunningServer, Server, Signers, TlsSource,
    TrustSource,
};
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";

async fn start(folder: &Path) -> RunningServer {
    let identity = tls_servers::identity();
    std::fs::write(folder.join("authority.pem"), &identity.authority_pem).unwrap();
    let pki = pki();
    Server::start(Configuration {
        origin: "https://dossier.example".parse().unwrap(),
        audience: "urn:record".parse().unwrap(),
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        data: folder.join("data"),
        trust: TrustSource::Directory(pki.path_of_directory().to_owned()),
        environment: Environment::Test,
        tls: TlsSource::Pem {
            certificate_chain: identity.certificate_pem.clone(),
            private_key: identity.key_pem.clone(),
        },
        client_certificates: ClientCertificates::Required,
        accept_unbound: false,
        offered: OfferedAlgorithms::all(),
        clock: Clock::system(),
        signers: Signers::default(),
        limits: Limits::default(),
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_server_knows_who_is_at_the_other_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let anchors = folder.path().join("authority.pem");
    let configuration = record_server("record", "localhost", server.address().port(), &anchors, "");
    for (profile, tls, name) in [
        ("physician", "1.2", "SIMULATEUR"),
        ("physician-cps4", "1.3", "QUATRE"),
    ] {
        let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
        let card = Card::shipped(profile);
        stage.insert(READER, &card);
        let opened = stage
            .perform_as(
                &program(),
                Operation::TunnelOpen,
                json!({"server": "record"}),
            )
            .await
            .unwrap();
        assert_eq!(opened["tunnel"]["tls"], tls);
        let address = opened["address"].as_str().unwrap();
        for _ in 0..3 {
            let asked = curl(&[format!("{address}/v1/client")]).await;
            assert_eq!(asked.status, 200, "{asked:?}");
            let client: Value = serde_json::from_slice(&asked.body).unwrap();
            assert_eq!(client["client"]["kind"], "person", "{client}");
            assert!(client.to_string().contains(name), "{client}");
        }
        let nonce = ["--json", "{}", &format!("{address}/v1/nonce")].map(str::to_owned);
        let nonce = curl(&nonce).await;
        assert_eq!(nonce.status, 200, "{nonce:?}");
        assert_eq!(card.counters().private_key_operations, 1, "{profile}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_card_is_refused_here_and_nothing_without_a_certificate_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let anchors = folder.path().join("authority.pem");
    let configuration = record_server("record", "localhost", server.address().port(), &anchors, "");
    let stage = Stage::with(vec![], false, &configuration);
    let card = Card::shipped("physician-expired");
    stage.insert(READER, &card);
    let body = json!({"server": "record"});
    let refused = stage
        .perform_as(&program(), Operation::TunnelOpen, body)
        .await;
    assert_eq!(stage::code(&refused), ErrorCode::CertificateExpired);
    assert_eq!(card.counters().verifies, 0);
    let url = format!("https://localhost:{}/v1/status", server.address().port());
    let naked = curl(&["--cacert", anchors.to_str().unwrap(), &url]).await;
    assert_ne!(naked.status, 200, "{naked:?}");
    server.stop().await;
}
