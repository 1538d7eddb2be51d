//! `approve`, from the request to what the record server verifies, on soft cards of both kinds: the approval is of exactly what the
//! agent hashed, made by the signature key with one PIN, and what cannot be approved asks for no PIN.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::stage::{
    AUDIENCE, Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, program, site, trust,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::approval::{
    Approval, ApprovalError, ApprovalManifest, ApprovalPurpose, ApprovedDocument, Expected, verify,
};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Oid};
use paraphe_protocol::login::ServerNonce;
use paraphe_protocol::lot::LotDocument;
use serde_json::{Value, json};

const NONCE: [u8; 32] = [0x5A; 32];
const CLINIC: &str = "1999999904";
const PATIENT: &str = "161027599999983";
const CONTENTS: [&[u8]; 2] = [b"Compte rendu.\n", b"Ordonnance.\n"];
const TITLES: [&str; 2] = ["Compte rendu", "Ordonnance"];

fn documents(folder: &Path) -> Vec<PathBuf> {
    let paths = (1..).zip(CONTENTS).map(|(number, content)| {
        let path = folder.join(format!("{number}.txt"));
        std::fs::write(&path, content).unwrap();
        path
    });
    paths.collect()
}

fn request(folder: &Path) -> Value {
    let described = documents(folder).into_iter().zip(TITLES).zip(CONTENTS);
    let described: Vec<_> = (1_u128..)
        .zip(described)
        .map(|(id, ((path, title), content))| {
            json!({
                "source": {"path": path},
                "unique_id": Oid::from_uuid(id),
                "title": title,
                "sha256": Sha256Digest::of(content),
            })
        })
        .collect();
    json!({
        "purpose": "server-signature",
        "nonce": URL_SAFE_NO_PAD.encode(NONCE),
        "server": "regional",
        "signer": CLINIC,
        "submission_set": Oid::from_uuid(1000),
        "patient": PATIENT,
        "documents": described,
    })
}

/// As the record server would, with what it holds.
fn verified(answer: &Value, contents: [&[u8]; 2]) -> Result<String, ApprovalError> {
    let approval = Approval::from_json(answer["approval"].to_string().as_bytes()).unwrap();
    let documents = (1_u128..).zip(contents).zip(TITLES);
    let documents = documents
        .map(|((id, content), title)| ApprovedDocument {
            document: LotDocument {
                unique_id: Oid::from_uuid(id),
                sha256: Sha256Digest::of(content),
            },
            title: title.to_owned(),
        })
        .collect();
    let patient = Ins::new(PATIENT.parse().unwrap(), Environment::Test);
    let manifest =
        ApprovalManifest::new(CLINIC, Oid::from_uuid(1000), patient, documents, 50).unwrap();
    let trust = trust::all();
    let expected = Expected {
        purpose: ApprovalPurpose::ServerSignature,
        audience: &AUDIENCE.parse().unwrap(),
        origin: &SITE.parse().unwrap(),
        nonce: &ServerNonce::from_bytes(&NONCE).unwrap(),
        now: SystemTime::now().into(),
        manifest: &manifest,
    };
    verify(&expected, &approval, &trust).map(|approval| approval.holder().display_name())
}

#[tokio::test]
async fn exactly_what_was_hashed_is_approved_by_the_signature_key() {
    let folder = tempfile::tempdir().unwrap();
    for (profile, holder) in [
        ("physician", "CAMILLE SIMULATEUR"),
        ("physician-cps4", "ALEX QUATRE"),
    ] {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let answer = stage
            .perform_as(&program(), Operation::Approve, request(folder.path()))
            .await
            .unwrap();
        assert_eq!(answer["assurance"], "holder");
        assert_eq!(answer["documents"], 2);
        assert_eq!(verified(&answer, CONTENTS).unwrap(), holder);
        assert!(matches!(
            verified(&answer, [CONTENTS[0], b"Autre ordonnance.\n"]),
            Err(ApprovalError::Signature)
        ));
        assert_eq!(card.counters().verifies, 1);
        assert!(!card.pin_verified());
        let shown = stage.asked()[0].description();
        for told in [
            "VALIDATION demandée par Dossier régional : 2 document(s)",
            "signés ensuite par ce serveur (1999999904)",
            "« Compte rendu », « Ordonnance »",
            "approve 2 document(s) for Dossier régional",
        ] {
            assert!(shown.contains(told), "{shown}");
        }
    }
}

#[tokio::test]
async fn the_person_reads_whether_the_structure_or_the_server_signs() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new(vec![Answer::Cancel]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let mut body = request(folder.path());
    body["purpose"] = json!("structure-signature");
    let refused = stage.perform(Operation::Approve, body).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    let shown = stage.asked()[0].description();
    assert!(
        shown.contains("signés ensuite par la structure 1999999904"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_page_gets_an_approval_for_its_own_server_of_documents_that_it_put() {
    use base64::engine::general_purpose::STANDARD;
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let mut body = request(folder.path());
    body.as_object_mut().unwrap().remove("server");
    let by_path = stage
        .perform_as(&site(SITE), Operation::Approve, body.clone())
        .await;
    assert_eq!(code(&by_path), ErrorCode::PathNotAllowed);
    for (index, content) in CONTENTS.iter().enumerate() {
        let piece = json!({"offset": 0, "content": STANDARD.encode(content), "last": true});
        let put = stage
            .perform_as(&site(SITE), Operation::DocumentPut, piece)
            .await
            .unwrap();
        body["documents"][index]["source"] = json!({"document": put["document"]});
    }
    let answer = stage
        .perform_as(&site(SITE), Operation::Approve, body.clone())
        .await
        .unwrap();
    verified(&answer, CONTENTS).unwrap();
    for (caller, named, expected) in [
        (SITE, "other", ErrorCode::RecordServerUnknown),
        (
            SITE_WITHOUT_SERVER,
            "regional",
            ErrorCode::RecordServerUnknown,
        ),
        (
            "https://evil.example",
            "regional",
            ErrorCode::OriginNotAllowed,
        ),
    ] {
        body["server"] = json!(named);
        let refused = stage
            .perform_as(&site(caller), Operation::Approve, body.clone())
            .await;
        assert_eq!(code(&refused), expected, "{caller}");
    }
}

#[tokio::test]
async fn what_cannot_be_approved_asks_for_no_pin() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let good = request(folder.path());
    let active = folder.path().join("actif.pdf");
    let script =
        b"%PDF-1.7\n1 0 obj\n<< /OpenAction << /S /JavaScript /JS (x) >> >>\nendobj\n%%EOF\n";
    std::fs::write(&active, script).unwrap();
    let other = Sha256Digest::of(b"another").to_string();
    type Change<'a> = (&'a str, Value, ErrorCode);
    let cases: [Change<'_>; 10] = [
        (
            "/documents/1/sha256",
            json!(other),
            ErrorCode::ApprovalDocumentMismatch,
        ),
        (
            "/documents/0/source",
            json!({"path": folder.path().join("2.txt")}),
            ErrorCode::ApprovalDocumentMismatch,
        ),
        (
            "/documents/0/source",
            json!({"path": active}),
            ErrorCode::DocumentActiveContent,
        ),
        (
            "/documents/0/title",
            json!("a\nb"),
            ErrorCode::ApprovalInvalid,
        ),
        (
            "/documents/0/unique_id",
            json!(Oid::from_uuid(2)),
            ErrorCode::ApprovalInvalid,
        ),
        ("/signer", json!(""), ErrorCode::ApprovalInvalid),
        ("/documents", json!([]), ErrorCode::LotEmpty),
        (
            "/patient",
            json!("161027599999984"),
            ErrorCode::LotPatientInvalid,
        ),
        ("/nonce", json!("AA"), ErrorCode::NonceInvalid),
        ("/purpose", json!("authenticate"), ErrorCode::RequestInvalid),
    ];
    for (pointer, value, expected) in cases {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        let refused = stage.perform(Operation::Approve, body).await;
        assert_eq!(code(&refused), expected, "{pointer}");
    }
    assert_eq!(card.counters().verifies, 0);
    assert!(stage.asked().is_empty());

    let expired = Stage::new(vec![]);
    expired.insert("Lecteur 1", &Card::shipped("physician-expired"));
    let refused = expired.perform(Operation::Approve, good).await;
    assert_eq!(code(&refused), ErrorCode::CertificateExpired);
}
