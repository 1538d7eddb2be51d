//! `sign` beyond level B: one PIN, then a time-stamping authority that is `openssl ts -reply` on this machine, then evidence from the
//! trust directory. What is made proves its level to a verifier who has the anchors alone; `openssl` judges stamps and signature.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::stage::documents::{fetched, shipped};
use crate::stage::time_stamping::{self, TimeStampingServer};
use crate::stage::trust::{self, texts};
use crate::stage::{self, Answer, Card, Stage};
use paraphe_certs::UnixTime;
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::signature::{
    CheckedSignature, Contents, DocumentsInMemory, Indication, Level, SignatureTrust,
    ValidationPolicy, conclude,
};
use paraphe_protocol::xades::Presented;
use paraphe_protocol::{cades, pades, xades};
use serde_json::{Value, json};

fn document() -> PathBuf {
    shipped("note-de-suivi.txt")
}

fn request(packaging: &str, level: Level) -> Value {
    json!({
        "format": "cades", "packaging": packaging, "level": level.name(),
        "documents": [{"source": {"path": document()}, "name": "note-de-suivi.txt"}],
    })
}

fn stage(configuration: &str) -> (Stage, Card) {
    let stage = Stage::with(vec![Answer::Pin("1234")], false, configuration);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    (stage, card)
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    text
}

/// `openssl ts -verify` on every stamp.
fn judge_stamps(checked: &CheckedSignature) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pki = stage::pki();
    std::fs::write(folder.join("anchors.pem"), texts(&pki.anchors())).unwrap();
    std::fs::write(folder.join("below.pem"), texts(&pki.intermediates())).unwrap();
    let stamps = checked.signature_time_stamps().iter();
    for stamp in stamps.chain(checked.archive_time_stamps()) {
        assert!(stamp.imprint_matches());
        std::fs::write(folder.join("token.der"), stamp.token().der()).unwrap();
        let imprint = stamp.token().info().imprint();
        let imprint: String = imprint.iter().map(|byte| format!("{byte:02x}")).collect();
        let told = openssl(
            folder,
            &[
                "ts",
                "-verify",
                "-token_in",
                "-in",
                "token.der",
                "-digest",
                &imprint,
                "-CAfile",
                "anchors.pem",
                "-untrusted",
                "below.pem",
            ],
        );
        assert!(told.contains("Verification: OK"), "{told}");
    }
}

/// `openssl cms -verify` on a CAdES signature.
fn judge_signature(bytes: &[u8], is_detached: bool) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let anchors = texts(&stage::pki().anchors());
    std::fs::write(folder.join("anchors.pem"), anchors).unwrap();
    std::fs::write(folder.join("signature.p7s"), bytes).unwrap();
    let content = document();
    let mut arguments = vec![
        "cms",
        "-verify",
        "-cades",
        "-binary",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-in",
        "signature.p7s",
        "-CAfile",
        "anchors.pem",
        "-out",
        "content",
    ];
    if is_detached {
        arguments.extend(["-content", content.to_str().unwrap()]);
    }
    openssl(folder, &arguments);
}

#[tokio::test]
async fn each_level_is_proved_with_what_the_file_carries() {
    let server = TimeStampingServer::start();
    let content = std::fs::read(document()).unwrap();
    let mut stamps = 0;
    for (level, packaging) in [
        (Level::T, "detached"),
        (Level::LT, "enveloping"),
        (Level::LTA, "detached"),
        (Level::LTA, "enveloping"),
    ] {
        let (stage, card) = stage(&server.configuration());
        let signed = stage
            .perform(Operation::Sign, request(packaging, level))
            .await;
        let signed = signed.unwrap();
        assert_eq!(signed["level"], level.name());
        let counters = card.counters();
        assert_eq!((counters.verifies, counters.private_key_operations), (1, 1));
        assert!(!card.pin_verified());
        stamps += if level == Level::LTA { 2 } else { 1 };
        assert_eq!(server.asked(), stamps);

        let bytes = fetched(&stage, &signed["signature"]).await;
        let is_detached = packaging == "detached";
        let documents = [content.as_slice()];
        let mut beside = DocumentsInMemory(&documents);
        let beside = is_detached.then_some(&mut beside as &mut dyn Contents);
        let checked = cades::read(&bytes, beside).unwrap();
        judge_stamps(&checked);
        judge_signature(&bytes, is_detached);
        // Up to T the verifier needs authorities and lists of its own.
        let store = match level {
            Level::T => trust::all(),
            _ => trust::anchors(),
        };
        let now = UnixTime::from(SystemTime::now());
        let trust = SignatureTrust {
            professionals: &store,
            others: None,
            time_stamping: &store,
            fetched: None,
        };
        let report = conclude(checked, &trust, now, &ValidationPolicy::default());
        assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
        assert_eq!(report.level, Some(level), "{report:#?}");
        let signer = report.signer.unwrap();
        assert_eq!(json!(signer.national_id), signed["signer"]["national_id"]);
    }
}

#[tokio::test]
async fn the_other_formats_reach_the_top_as_well() {
    let server = TimeStampingServer::start();
    for (format, packaging, name) in [
        ("xades", "enveloping", "note-de-suivi.txt"),
        ("xades", "detached", "note-de-suivi.txt"),
        ("pades", "enveloped", "compte-rendu.pdf"),
    ] {
        let (stage, card) = stage(&server.configuration());
        let path = document().with_file_name(name);
        let body = json!({
            "format": format, "packaging": packaging, "level": "LTA",
            "documents": [{"source": {"path": path}, "name": name}],
        });
        let signed = stage.perform(Operation::Sign, body).await.unwrap();
        assert_eq!(signed["level"], "LTA");
        assert_eq!(card.counters().private_key_operations, 1);
        let bytes = fetched(&stage, &signed["signature"]).await;
        let content = std::fs::read(&path).unwrap();
        let checked = if format == "pades" {
            assert!(bytes.starts_with(&content));
            pades::read(&bytes).unwrap().remove(0).outcome.unwrap()
        } else {
            let is_detached = packaging == "detached";
            let (names, documents) = ([Some(name.to_owned())], [content.as_slice()]);
            let mut presented = Presented {
                names: if is_detached { &names } else { &[] },
                contents: &mut DocumentsInMemory(if is_detached { &documents } else { &[] }),
            };
            xades::read(&bytes, &mut presented).unwrap()
        };
        judge_stamps(&checked);
        let store = trust::anchors();
        let trust = SignatureTrust {
            professionals: &store,
            others: None,
            time_stamping: &store,
            fetched: None,
        };
        let now = UnixTime::from(SystemTime::now());
        let report = conclude(checked, &trust, now, &ValidationPolicy::default());
        assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
        assert_eq!(report.level, Some(Level::LTA), "{report:#?}");
    }
}

#[tokio::test]
async fn an_authority_that_is_away_or_refuses_is_told() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let away = time_stamping::configuration(&format!("http://{nobody}/tsa"), "SHA-256");
    let server = TimeStampingServer::start();
    // Its policy takes SHA-256 and SHA-384.
    let refused = server.configuration().replace("SHA-256", "SHA-512");
    for (configuration, expected) in [
        (away, ErrorCode::TimeStampUnreachable),
        (refused, ErrorCode::TimeStampRefused),
        (String::new(), ErrorCode::TimeStampNotConfigured),
    ] {
        let (stage, card) = stage(&configuration);
        let result = stage
            .perform(Operation::Sign, request("detached", Level::T))
            .await;
        // What the PIN made is kept, at the level that it has.
        let told = match result {
            Ok(signed) => {
                assert_eq!(signed["level"], "B");
                signed["level_problem"]["code"].clone()
            }
            Err(problem) => json!(problem.code.name()),
        };
        assert_eq!(told, expected.name());
        assert!(!card.pin_verified());
        let asked = usize::from(expected != ErrorCode::TimeStampNotConfigured);
        assert_eq!(
            stage.asked().len(),
            asked,
            "a PIN only where a stamp could come"
        );
    }
}
