//! The program as an operator runs it: ready line, root written for clients, an answer over HTTPS, clean stop on SIGTERM.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod fixture;

use std::process::Stdio;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{TestPki, TestPkiOptions};
use paraphe_record_server::Client;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_paraphe-record-server");

#[tokio::test(flavor = "multi_thread")]
async fn starts_answers_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let now = UnixTime::from(SystemTime::now());
    let pki = TestPki::generate_with(&TestPkiOptions::quick(), now).unwrap();
    fixture::write_trust(&pki, &folder.path().join("pki"), now);
    let mut program = Command::new(PROGRAM)
        .arg("--data")
        .arg(folder.path().join("data"))
        .arg("--trust")
        .arg(folder.path().join("pki"))
        .args([
            "--origin",
            "https://localhost:8443",
            "--audience",
            "dossier.invalid",
        ])
        .arg("--self-signed")
        .arg(folder.path().join("tls"))
        .arg("--accept-test")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let ready = lines.next_line().await.unwrap().unwrap();
    let url = ready.strip_prefix("ready ").unwrap();
    let (url, audience) = url.split_once(" audience ").unwrap();
    assert_eq!(audience, "dossier.invalid");

    let root = std::fs::read(folder.path().join("tls/root.pem")).unwrap();
    let client = Client::new(url, &root).unwrap();
    let nonce = client.nonce().await.unwrap();
    assert_eq!(nonce.audience, "dossier.invalid");
    assert_eq!(nonce.nonce.len(), 43);
    drop(client);

    let identifier = program.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &identifier])
        .status()
        .unwrap();
    assert!(sent.success());
    assert!(program.wait().await.unwrap().success());
    // The database was closed: its write-ahead log is gone.
    assert!(folder.path().join("data/records.sqlite").exists());
    assert!(!folder.path().join("data/records.sqlite-wal").exists());
}

#[tokio::test]
async fn wrong_usage_and_missing_trust_are_told() {
    let usage = Command::new(PROGRAM).output().await.unwrap();
    assert_eq!(usage.status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let failed = Command::new(PROGRAM)
        .arg("--data")
        .arg(folder.path().join("data"))
        .arg("--trust")
        .arg(folder.path().join("nowhere"))
        .args([
            "--origin",
            "https://localhost:8443",
            "--audience",
            "dossier.invalid",
        ])
        .arg("--self-signed")
        .arg(folder.path())
        .output()
        .await
        .unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(
        text.contains("cannot read") && text.contains("nowhere"),
        "{text}"
    );
}
