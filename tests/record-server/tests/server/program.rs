//! The program as an operator runs it: ready line, root written for clients, the whole line over HTTPS with the real
//! clock, logs without patients, a clean stop on SIGTERM, nothing half-stored after SIGKILL.

use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use crate::fixture::{self, Card, Patients, Stored, TestLot, create_request, patient, patient_ins};
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{CardPerson, TestPki, TestPkiOptions, Validity};
use paraphe_protocol::login::{ChannelBinding, LoginAssertion};
use paraphe_record_server::Client;
use paraphe_record_server::client::DocumentSource;
use paraphe_record_server::lot::{CommitLotRequest, SignerMode};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_paraphe-record-server");
const AUDIENCE: &str = "dossier.invalid";
const ORIGIN: &str = "https://localhost:8443";

fn now() -> UnixTime {
    SystemTime::now().into()
}

/// A program on this folder, ready, and a client of it.
async fn start(folder: &Path) -> (Child, Client) {
    let mut program = Command::new(PROGRAM)
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--trust")
        .arg(folder.join("pki"))
        .arg("--patient-trust")
        .arg(folder.join("patients"))
        .args(["--origin", ORIGIN, "--audience", AUDIENCE])
        .arg("--self-signed")
        .arg(folder.join("tls"))
        .arg("--accept-test")
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let ready = lines.next_line().await.unwrap().unwrap();
    let (url, audience) = ready
        .strip_prefix("ready ")
        .unwrap()
        .split_once(" audience ")
        .unwrap();
    assert_eq!(audience, AUDIENCE);
    let root = std::fs::read(folder.join("tls/root.pem")).unwrap();
    (program, Client::new(url, &root).unwrap())
}

fn pki(folder: &Path) -> TestPki {
    let pki = TestPki::generate_with(&TestPkiOptions::quick(), now()).unwrap();
    fixture::write_trust(&pki, &folder.join("pki"), now());
    pki
}

/// Authorities of patients, trusted by the program on this folder.
fn patients(folder: &Path) -> Patients {
    let patients = Patients::new(now());
    fixture::write_trust(&patients.pki, &folder.join("patients"), now());
    patients
}

async fn log_in(client: &mut Client, card: &Card) {
    let nonce = client.nonce().await.unwrap();
    assert_eq!(nonce.audience, AUDIENCE);
    let key = *client.key_thumbprint().unwrap().as_bytes();
    let proof: LoginAssertion = fixture::bound_assertion(
        &card.authentication,
        &nonce.nonce,
        (AUDIENCE, ORIGIN),
        ChannelBinding::JwkThumbprint(key),
        now(),
    );
    client.login(&nonce.nonce, &proof).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_line_with_the_real_clock_and_logs_without_patients() {
    let folder = tempfile::tempdir().unwrap();
    let card = Card::issue(&pki(folder.path()), &CardPerson::sample_physician(), now());
    let token = patients(folder.path()).token("ESSAI-VOISIN", Validity::of_card(now()));
    let (mut program, mut client) = start(folder.path()).await;
    let mut stderr = program.stderr.take().unwrap();
    let logs = tokio::spawn(async move {
        let mut text = String::new();
        stderr.read_to_string(&mut text).await.unwrap();
        text
    });
    log_in(&mut client, &card).await;
    let record = client
        .create_record(&create_request(now()))
        .await
        .unwrap()
        .record;
    // Refusals are logged too.
    assert!(client.create_record(&create_request(now())).await.is_err());
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), now());
    client
        .send_lot(&record, lot.outgoing(), &signature)
        .await
        .unwrap();
    assert!(
        client
            .send_lot(&record, lot.outgoing(), &signature)
            .await
            .is_err()
    );
    assert_eq!(client.documents(&record).await.unwrap().documents.len(), 3);
    // The patient signs too, refused first and then accepted.
    let of_patient = TestLot::new(2);
    let signature = fixture::sign_lot(&token, &of_patient, &patient_ins(), now());
    for is_registered in [false, true] {
        if is_registered {
            client
                .register_patient_certificate(&record, token.certificate.der())
                .await
                .unwrap();
        }
        let opened = client
            .fill_lot(SignerMode::Patient, &record, of_patient.outgoing())
            .await
            .unwrap();
        let body = CommitLotRequest::new(&signature);
        assert_eq!(
            client.commit(&opened.lot, &body).await.is_ok(),
            is_registered
        );
    }
    let session = client.session().unwrap().to_owned();
    drop(client);

    let identifier = program.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-TERM", &identifier])
        .status()
        .unwrap();
    assert!(sent.success());
    assert!(program.wait().await.unwrap().success());
    // The database was closed: its write-ahead log is gone.
    let data = folder.path().join("data");
    assert!(data.join("records.sqlite").exists());
    assert!(!data.join("records.sqlite-wal").exists());

    let logs = logs.await.unwrap();
    assert!(logs.contains("record-exists"), "the logs are there: {logs}");
    let person = patient();
    let forbidden = [
        person.nir.unwrap().number,
        person.family_name,
        "ESSAI-DUPONT".to_owned(),
        "ESSAI-VOISIN".to_owned(),
        "Document d'essai".to_owned(),
        "Compte rendu d'essai".to_owned(),
        session,
    ];
    for text in forbidden {
        assert!(!logs.contains(&text), "the logs hold {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_lot_nothing_of_it_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let card = Card::issue(&pki(folder.path()), &CardPerson::sample_physician(), now());
    let _ = patients(folder.path());
    let (mut program, mut client) = start(folder.path()).await;
    log_in(&mut client, &card).await;
    let record = client
        .create_record(&create_request(now()))
        .await
        .unwrap()
        .record;
    let stored = TestLot::new(1);
    let signature = card.sign_lot(&stored, &patient_ins(), now());
    client
        .send_lot(&record, stored.outgoing(), &signature)
        .await
        .unwrap();
    let half = TestLot::new(2);
    let opened = client.open_lot(&record, half.announced()).await.unwrap();
    let bytes = half.documents[0].bytes.clone();
    client
        .put_document(&opened.lot, 1, DocumentSource::Bytes(bytes))
        .await
        .unwrap();
    program.kill().await.unwrap();
    let data = folder.path().join("data");
    let mut expected = Stored::of(&data);
    assert_eq!((expected.rows, expected.staged), ([1, 1, 3], 1));

    let (_program, fresh) = start(folder.path()).await;
    expected.staged = 0;
    assert_eq!(Stored::of(&data), expected);
    // The session is still good, and the lot can be sent anew.
    let root = std::fs::read(folder.path().join("tls/root.pem")).unwrap();
    let client = client.at_another_address(&fresh.url(), &root).unwrap();
    let signature = card.sign_lot(&half, &patient_ins(), now());
    client
        .send_lot(&record, half.outgoing(), &signature)
        .await
        .unwrap();
    assert_eq!(Stored::of(&data).rows, [1, 2, 6]);
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
        .args(["--origin", ORIGIN, "--audience", AUDIENCE])
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
