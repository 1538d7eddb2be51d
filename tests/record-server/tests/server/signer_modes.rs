//! Lots that somebody else than the session's card signs, through real HTTPS: the server after a professional approved exactly these
//! documents, and a structure under the control of the person responsible. The right way, what is kept of it, and everything else
//! refused with nothing left.
//!
//! Needs the program `xmlsec1` and fails without it.

use std::path::Path;

use crate::fixture::xmlsec1::xmlsec1_accepts;
use crate::fixture::{
    AUDIENCE, Card, NOW, ORIGIN, TestDocument, TestLot, World, ins, patient_ins, seal,
    server_structure, sign, sign_lot,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_certs::Category;
use paraphe_certs::test_pki::{CardPerson, Issued, Structure};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::approval::{
    Approval, ApprovalManifest, ApprovalPurpose, ApprovalRequest, ApprovedDocument, Fields,
};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Oid};
use paraphe_protocol::login::{AgentNonce, ServerNonce};
use paraphe_protocol::lot::LotDocument;
use paraphe_record_server::Client;
use paraphe_record_server::lot::{
    ApprovalRequestResponse, CommitLotRequest, SignerMode, SubmittedApproval,
};
use paraphe_record_server::problem::Code;
use serde_json::{Value, json};

const PHYSICIAN: &str = "899700000017";
const TITLE: &str = "Compte rendu d'essai";

/// The file of responsible persons; the physician answers for the clinic.
fn responsible(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("responsible");
    std::fs::write(&path, format!("1999999904 {PHYSICIAN}\n")).unwrap();
    path
}

/// What an agent approves: documents that it has, for a request of the server's.
struct Act<'a> {
    purpose: ApprovalPurpose,
    signer: String,
    submission_set: Oid,
    patient: Ins,
    lot: &'a TestLot,
    nonce: String,
}

impl<'a> Act<'a> {
    /// What the server asks for, of this lot.
    fn asked(asked: &ApprovalRequestResponse, lot: &'a TestLot) -> Self {
        Self {
            purpose: asked.purpose,
            signer: asked.signer.clone().unwrap_or("1999999904".to_owned()),
            submission_set: asked
                .submission_set
                .clone()
                .unwrap_or(lot.submission_set.clone()),
            patient: patient_ins(),
            lot,
            nonce: asked.nonce.clone(),
        }
    }

    fn manifest(&self) -> ApprovalManifest {
        let documents = self.lot.documents.iter().map(|document| ApprovedDocument {
            document: LotDocument {
                unique_id: document.unique_id.clone(),
                sha256: Sha256Digest::of(&document.bytes),
            },
            title: TITLE.to_owned(),
        });
        ApprovalManifest::new(
            &self.signer,
            self.submission_set.clone(),
            self.patient.clone(),
            documents.collect(),
            50,
        )
        .unwrap()
    }

    fn by(&self, card: &Card) -> SubmittedApproval {
        let key = card.signature();
        let prepared = ApprovalRequest {
            purpose: self.purpose,
            audience: &AUDIENCE.parse().unwrap(),
            origin: &ORIGIN.parse().unwrap(),
            nonce: &ServerNonce::from_base64url(&self.nonce).unwrap(),
            agent_nonce: AgentNonce::from_bytes([9; 32]),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(60),
            certificate: &key.certificate,
            manifest: &self.manifest(),
            shown: Sha256Digest::of(b"shown"),
        }
        .prepare()
        .unwrap();
        let signature = sign(key, prepared.to_be_signed());
        SubmittedApproval {
            nonce: self.nonce.clone(),
            approval: prepared.complete(&signature).unwrap(),
        }
    }

    /// By an agent that signs with whatever key, as ours does not.
    fn by_any_key(&self, key: &Issued) -> SubmittedApproval {
        let agent_nonce = AgentNonce::from_bytes([9; 32]);
        let bytes = Fields {
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            audience: &AUDIENCE.parse().unwrap(),
            origin: &ORIGIN.parse().unwrap(),
            server_nonce: &ServerNonce::from_base64url(&self.nonce).unwrap(),
            agent_nonce: &agent_nonce,
            issued_at: NOW,
            expires_at: NOW.plus_seconds(60),
            purpose: self.purpose,
            certificate_sha256: Sha256Digest::from_bytes(key.certificate.sha256()),
            manifest: &self.manifest(),
            shown: Sha256Digest::of(b"shown"),
        }
        .to_bytes();
        let envelope = json!({
            "version": 1,
            "certificate": URL_SAFE_NO_PAD.encode(key.certificate.der()),
            "algorithm": "RS256",
            "agent_nonce": agent_nonce,
            "issued_at": NOW.0,
            "expires_at": NOW.0 + 60,
            "shown": Sha256Digest::of(b"shown"),
            "signature": URL_SAFE_NO_PAD.encode(sign(key, &bytes)),
        });
        SubmittedApproval {
            nonce: self.nonce.clone(),
            approval: Approval::from_json(envelope.to_string().as_bytes()).unwrap(),
        }
    }
}

/// A server with its signers, a physician in a session, and a record.
struct Practice {
    world: World,
    card: Card,
    client: Client,
    record: String,
    folder: tempfile::TempDir,
}

impl Practice {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::start_with_signers(&responsible(folder.path())).await;
        let (card, client, record) = world.physician_with_record().await;
        Self {
            world,
            card,
            client,
            record,
            folder,
        }
    }

    /// A lot received whole, and what the server asks to approve of it.
    async fn filled(&self, mode: SignerMode, lot: &TestLot) -> ApprovalRequestResponse {
        let opened = self
            .client
            .fill_lot(mode, &self.record, lot.outgoing())
            .await
            .unwrap();
        self.client.approval_request(&opened.lot).await.unwrap()
    }

    async fn refused(&self, lot: &str, body: &CommitLotRequest, code: Code) {
        let before = self.world.stored();
        let error = self.client.commit(lot, body).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error:?}");
        self.world
            .assert_refusal_traced("lot-commit", code.name())
            .await;
        let mut after = before;
        after.staged -= 1;
        assert_eq!(self.world.stored(), after, "nothing half-stored");
        let gone = self.client.commit(lot, body).await.unwrap_err();
        assert_eq!(gone.code(), Some(Code::LotUnknown));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_signs_what_the_sessions_card_approved() {
    let practice = Practice::start().await;
    let (world, client) = (&practice.world, &practice.client);
    let lot = TestLot::new(1);
    let opened = client
        .open_lot_signed_by(
            SignerMode::ServerCertificate,
            &practice.record,
            lot.announced(),
        )
        .await
        .unwrap();
    let early = client.approval_request(&opened.lot).await.unwrap_err();
    assert_eq!(early.code(), Some(Code::DocumentMissing));
    assert!(client.awaiting_approval().await.unwrap().lots.is_empty());
    for (number, document) in (1..).zip(lot.outgoing()) {
        client
            .put_document(&opened.lot, number, document.source)
            .await
            .unwrap();
    }
    let awaiting = client.awaiting_approval().await.unwrap().lots;
    assert_eq!(awaiting.len(), 1);
    assert_eq!(awaiting[0].lot, opened.lot);
    assert_eq!(awaiting[0].record, practice.record);
    assert_eq!(awaiting[0].documents.len(), 3);
    // Another session sees nothing of it and can approve nothing of it.
    let nurse = world
        .logged_in(&world.card(&CardPerson::sample_nurse()))
        .await;
    assert!(nurse.awaiting_approval().await.unwrap().lots.is_empty());
    let foreign = nurse.approval_request(&opened.lot).await.unwrap_err();
    assert_eq!(foreign.code(), Some(Code::LotUnknown));

    let asked = client.approval_request(&opened.lot).await.unwrap();
    assert_eq!(asked.purpose, ApprovalPurpose::ServerSignature);
    assert_eq!(asked.signer.as_deref(), Some("1999999912"));
    assert_eq!(asked.audience, AUDIENCE);
    for (asked, document) in asked.documents.iter().zip(&lot.documents) {
        assert_eq!(asked.sha256, Sha256Digest::of(&document.bytes).to_string());
    }
    let approval = Act::asked(&asked, &lot).by(&practice.card);
    let receipt = client
        .commit(&opened.lot, &CommitLotRequest::approved(approval.clone()))
        .await
        .unwrap();
    assert_eq!(receipt.signer_mode, SignerMode::ServerCertificate);
    assert_eq!(receipt.signer, server_structure().structure_id);
    assert_eq!(
        Some(receipt.submission_set.as_str()),
        asked.submission_set.as_ref().map(Oid::as_str)
    );
    let kept = receipt.approval.clone().unwrap();
    assert_eq!(kept.approved_by, PHYSICIAN);
    assert_eq!(kept.approved_at, NOW);

    let folder = world
        .data
        .path()
        .join("documents")
        .join(&practice.record)
        .join(&receipt.lot);
    xmlsec1_accepts(world.trust_folder(), &folder.join("signature.xml"));
    let evidence = std::fs::read(folder.join("approval.json")).unwrap();
    assert_eq!(Sha256Digest::of(&evidence).to_string(), kept.sha256);
    let evidence: Value = serde_json::from_slice(&evidence).unwrap();
    assert_eq!(evidence["nonce"], asked.nonce);
    assert_eq!(
        evidence["documents"][2]["sha256"],
        Sha256Digest::of(&lot.documents[2].bytes).to_string()
    );
    assert_eq!(
        evidence["approval"],
        serde_json::to_value(&approval.approval).unwrap()
    );

    let trace = client.trace(&practice.record).await.unwrap().entries;
    let commit = trace.last().unwrap();
    assert_eq!(commit.action, "lot-commit");
    assert_eq!(commit.signer_mode.as_deref(), Some("server-certificate"));
    assert_eq!(commit.approval, Some(kept));
    assert_eq!(commit.actor.as_ref().unwrap().national_id, PHYSICIAN);
    assert!(
        trace
            .iter()
            .any(|line| line.action == "approval-request" && line.outcome == "done")
    );
    let listed = client.documents(&practice.record).await.unwrap().documents;
    assert_eq!(listed[0].author, "1999999912");
    assert_eq!(listed[0].approved_by.as_deref(), Some(PHYSICIAN));

    // The same approval once more, of the same documents in another lot.
    let again = practice.filled(SignerMode::ServerCertificate, &lot).await;
    practice
        .refused(
            &again.lot,
            &CommitLotRequest::approved(approval),
            Code::NonceUnknown,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_anything_else_is_refused() {
    let practice = Practice::start().await;
    let lot = TestLot::new(1);
    let mut changed = lot.clone();
    changed.documents[1].bytes[0] ^= 1;
    let mut fewer = lot.clone();
    fewer.documents.pop();
    let mut more = lot.clone();
    more.documents.push(TestDocument::new(77));
    let mut reordered = lot.clone();
    reordered.documents.reverse();
    type Change<'a> = &'a dyn Fn(&mut Act<'_>);
    let nothing: Change<'_> = &|_| {};
    let cases: [(&TestLot, Change<'_>); 8] = [
        (&changed, nothing),
        (&fewer, nothing),
        (&more, nothing),
        (&reordered, nothing),
        (&lot, &|act| {
            act.purpose = ApprovalPurpose::StructureSignature
        }),
        (&lot, &|act| act.signer = "1999999904".to_owned()),
        (&lot, &|act| act.submission_set = Oid::from_uuid(5)),
        (&lot, &|act| act.patient = ins("2610275999999")),
    ];
    for (approved, change) in cases {
        let asked = practice.filled(SignerMode::ServerCertificate, &lot).await;
        let mut act = Act::asked(&asked, approved);
        change(&mut act);
        let body = CommitLotRequest::approved(act.by(&practice.card));
        practice
            .refused(&asked.lot, &body, Code::ApprovalNotOfThisLot)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_sessions_card_approves_for_the_server_with_its_signature_key() {
    let practice = Practice::start().await;
    let (world, client) = (&practice.world, &practice.client);
    let lot = TestLot::new(1);
    let mode = SignerMode::ServerCertificate;

    let asked = practice.filled(mode, &lot).await;
    let colleague = world.card(&CardPerson::sample_nurse());
    let by_colleague = Act::asked(&asked, &lot).by(&colleague);
    let body = CommitLotRequest::approved(by_colleague);
    practice
        .refused(&asked.lot, &body, Code::ApproverMismatch)
        .await;

    let asked = practice.filled(mode, &lot).await;
    let act = Act::asked(&asked, &lot);
    let body = CommitLotRequest::approved(act.by_any_key(&practice.card.authentication));
    practice
        .refused(&asked.lot, &body, Code::CertificateWrongUse)
        .await;

    let asked = practice.filled(mode, &lot).await;
    let clinic = seal(&world.pki, &Structure::sample_clinic());
    let body = CommitLotRequest::approved(Act::asked(&asked, &lot).by_any_key(&clinic));
    practice
        .refused(&asked.lot, &body, Code::CertificateInvalid)
        .await;

    // A login's nonce is none of an approval's, nor the reverse.
    let asked = practice.filled(mode, &lot).await;
    let nonce = client.nonce().await.unwrap().nonce;
    let mut act = Act::asked(&asked, &lot);
    act.nonce.clone_from(&nonce);
    let body = CommitLotRequest::approved(act.by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::NonceUnknown)
        .await;
    let asked = practice.filled(mode, &lot).await;
    let assertion = practice.card.assertion(&asked.nonce, NOW);
    let error = world
        .client()
        .login(&asked.nonce, &assertion)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::NonceUnknown));

    // What the mode does not want, or wants and has not.
    let missing = CommitLotRequest {
        signature: None,
        approval: None,
    };
    practice
        .refused(&asked.lot, &missing, Code::ApprovalMissing)
        .await;
    let asked = practice.filled(mode, &lot).await;
    let signature = practice.card.sign_lot(&lot, &patient_ins(), NOW);
    let both = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&practice.card));
    practice
        .refused(&asked.lot, &both, Code::RequestMalformed)
        .await;
    let opened = client
        .open_lot(&practice.record, lot.announced())
        .await
        .unwrap();
    let error = client.approval_request(&opened.lot).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::ApprovalNotAwaited));

    // Too late by both clocks.
    let asked = practice.filled(mode, &lot).await;
    let body = CommitLotRequest::approved(Act::asked(&asked, &lot).by(&practice.card));
    world.advance(300);
    world.publish_lists();
    practice
        .refused(&asked.lot, &body, Code::ApprovalExpired)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_card_approves_nothing_on_a_production_server() {
    let practice = Practice::start().await;
    // The session was opened before the operator said that this is production.
    let world = practice.world.restart_as(Environment::Production).await;
    let practice = Practice {
        client: world.again(&practice.client),
        world,
        ..practice
    };
    let lot = TestLot::new(1);
    let asked = practice.filled(SignerMode::ServerCertificate, &lot).await;
    let body = CommitLotRequest::approved(Act::asked(&asked, &lot).by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::TestCardRefused)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_signs_under_the_control_of_the_person_responsible() {
    let practice = Practice::start().await;
    let (world, client) = (&practice.world, &practice.client);
    let mode = SignerMode::StructureCertificate;
    let clinic = seal(&world.pki, &Structure::sample_clinic());
    let lot = TestLot::new(1);
    let signature = sign_lot(&clinic, &lot, &patient_ins(), NOW);

    let asked = practice.filled(mode, &lot).await;
    assert_eq!(asked.purpose, ApprovalPurpose::StructureSignature);
    assert_eq!((&asked.signer, &asked.submission_set), (&None, &None));
    let without = CommitLotRequest::new(&signature);
    practice
        .refused(&asked.lot, &without, Code::ApprovalMissing)
        .await;

    // Somebody who is not responsible, and a structure for which nobody is.
    let asked = practice.filled(mode, &lot).await;
    let nurse = world.card(&CardPerson::sample_nurse());
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&nurse));
    practice
        .refused(&asked.lot, &body, Code::ApproverNotResponsible)
        .await;
    let other = server_structure();
    let elsewhere = sign_lot(&seal(&world.pki, &other), &lot, &patient_ins(), NOW);
    let asked = practice.filled(mode, &lot).await;
    let mut act = Act::asked(&asked, &lot);
    act.signer = other.structure_id;
    let body = CommitLotRequest::sealed(&elsewhere, act.by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::ApproverNotResponsible)
        .await;
    // A card that may not feed, whoever it answers for.
    let path = practice.folder.path().join("responsible");
    std::fs::write(&path, "1999999904 3999999904/000000018\n").unwrap();
    let asked = practice.filled(mode, &lot).await;
    let staff = world.card(&CardPerson::sample_service_card());
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&staff));
    practice
        .refused(&asked.lot, &body, Code::AccessDenied)
        .await;
    // Responsible no more, by a change of the operator's that takes effect at once.
    let asked = practice.filled(mode, &lot).await;
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::ApproverNotResponsible)
        .await;
    let _ = responsible(practice.folder.path());

    // Another structure's signature than the one that was approved; a person's; other documents.
    let asked = practice.filled(mode, &lot).await;
    let body = CommitLotRequest::sealed(&elsewhere, Act::asked(&asked, &lot).by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::ApprovalNotOfThisLot)
        .await;
    let asked = practice.filled(mode, &lot).await;
    let by_person = practice.card.sign_lot(&lot, &patient_ins(), NOW);
    let body = CommitLotRequest::sealed(&by_person, Act::asked(&asked, &lot).by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::LotSignerMismatch)
        .await;
    let mut fewer = lot.clone();
    fewer.documents.pop();
    let asked = practice.filled(mode, &lot).await;
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &fewer).by(&practice.card));
    practice
        .refused(&asked.lot, &body, Code::ApprovalNotOfThisLot)
        .await;
    // Without its mode a structure's signature is nobody's.
    let error = client
        .send_lot(&practice.record, lot.outgoing(), &signature)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::LotSignerMismatch));

    let asked = practice.filled(mode, &lot).await;
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&practice.card));
    let receipt = client.commit(&asked.lot, &body).await.unwrap();
    assert_eq!(receipt.signer, "1999999904");
    assert_eq!(receipt.signer_mode, mode);
    let folder = world
        .data
        .path()
        .join("documents")
        .join(&practice.record)
        .join(&receipt.lot);
    xmlsec1_accepts(world.trust_folder(), &folder.join("signature.xml"));
    let trace = client.trace(&practice.record).await.unwrap().entries;
    let commit = trace.last().unwrap();
    assert_eq!(commit.signer_mode.as_deref(), Some("structure-certificate"));
    assert_eq!(commit.approval, receipt.approval);
    assert_eq!(commit.approval.as_ref().unwrap().approved_by, PHYSICIAN);
    assert_eq!(
        world.stored().files.len(),
        5,
        "three documents, signature, approval"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_software_key_approves_nothing() {
    let practice = Practice::start().await;
    let world = &practice.world;
    let lot = TestLot::new(1);
    let software = world.card(&CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    });
    // The very person of the session, who is responsible too: but no card of theirs.
    let asked = practice.filled(SignerMode::ServerCertificate, &lot).await;
    let body = CommitLotRequest::approved(Act::asked(&asked, &lot).by(&software));
    practice
        .refused(&asked.lot, &body, Code::ApproverMismatch)
        .await;
    let clinic = seal(&world.pki, &Structure::sample_clinic());
    let signature = sign_lot(&clinic, &lot, &patient_ins(), NOW);
    let asked = practice
        .filled(SignerMode::StructureCertificate, &lot)
        .await;
    let body = CommitLotRequest::sealed(&signature, Act::asked(&asked, &lot).by(&software));
    practice
        .refused(&asked.lot, &body, Code::AccessDenied)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_signers_of_its_own_takes_no_such_lots() {
    let world = World::start().await;
    let (_, client, record) = world.physician_with_record().await;
    for mode in [
        SignerMode::ServerCertificate,
        SignerMode::StructureCertificate,
        SignerMode::Patient,
    ] {
        let error = client
            .open_lot_signed_by(mode, &record, TestLot::new(1).announced())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(Code::SignerModeUnavailable));
        world
            .assert_refusal_traced("lot-open", "signer-mode-unavailable")
            .await;
    }
}
