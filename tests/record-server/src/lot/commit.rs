//! Committing a lot: everything received, the signature verified with exact coverage by unique id, the signer the one that the
//! lot's mode wants (`signing`), the patient the record's, nothing stored before; then rows and files together.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::UnixTime;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Ins, Nir, NirError};
use paraphe_protocol::lot::{CoverageError, CoverageFinding, LotError};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::AnnouncedDocument;
use super::approval::{SubmittedApproval, stored_documents};
use super::signer_mode::SignerMode;
use super::signing::{Commit, Given, Signed, Submitted};
use super::staging::{OpenLot, Received, Slot};
use crate::card::path_code;
use crate::patient::matricule;
use crate::patient_certificate;
use crate::problem::{Code, Refusal};
use crate::receipt::LotReceipt;
use crate::record;
use crate::service::Service;
use crate::session::Session;
use crate::trace::{Entry, Line};

/// Name of the signature file in a lot's folder.
const SIGNATURE_FILE: &str = "signature.xml";

/// Name of the approval's file there, where there is one.
const APPROVAL_FILE: &str = "approval.json";

/// Body of `POST /v1/lots/{lot}/commit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitLotRequest {
    /// The signature file, base64; absent where the server signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The approval; only in the modes that want one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<SubmittedApproval>,
}

impl CommitLotRequest {
    /// Of a signature file.
    #[must_use]
    pub fn new(signature: &[u8]) -> Self {
        Self {
            signature: Some(STANDARD.encode(signature)),
            approval: None,
        }
    }

    /// Of an approval alone: the server signs.
    #[must_use]
    pub fn approved(approval: SubmittedApproval) -> Self {
        Self {
            signature: None,
            approval: Some(approval),
        }
    }

    /// Of a structure's signature file and the approval of a person responsible.
    #[must_use]
    pub fn sealed(signature: &[u8], approval: SubmittedApproval) -> Self {
        Self {
            approval: Some(approval),
            ..Self::new(signature)
        }
    }
}

impl Service {
    /// Takes the lot that is to be committed: whatever happens next, it is no longer open.
    pub(crate) fn take_lot(
        &self,
        session: &Session,
        lot: &str,
        entry: &mut Entry,
    ) -> Result<OpenLot, Refusal> {
        let taken = self.lots().take(lot, &session.digest, self.now())?;
        entry.lot = Some(lot.to_owned());
        entry.record = Some(taken.record.clone());
        entry.signer_mode = Some(taken.mode);
        Ok(taken)
    }

    /// `POST /v1/lots/{lot}/commit`, of a lot that was taken. The lot's folder goes with it unless it was stored.
    pub(crate) async fn commit_lot(
        &self,
        session: &Session,
        (name, lot): (String, &OpenLot),
        request: &CommitLotRequest,
        entry: &mut Entry,
    ) -> Result<LotReceipt, Refusal> {
        let submitted = self.submitted(&name, lot, request).await?;
        let received = all_received(lot)?;
        let patient = self.patient_of(&lot.record).await?;
        let now = self.now();
        let commit = Commit {
            configuration: self.configuration(),
            trust: self.trust(),
            patients: self.patients(),
            session: session.clone(),
            now,
            patient,
            received: received.clone(),
        };
        let folder = lot.folder.path().to_owned();
        let signed = tokio::task::spawn_blocking(move || {
            let signed = commit.run(submitted)?;
            keep(&folder, SIGNATURE_FILE, &signed.signature)?;
            if let Some(approval) = &signed.approval {
                keep(&folder, APPROVAL_FILE, &approval.evidence)?;
            }
            Ok::<_, Refusal>(signed)
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))??;
        entry.approval = signed
            .approval
            .as_ref()
            .map(|approval| approval.kept.clone());
        if lot.mode == SignerMode::Patient {
            entry.patient_certificate = Some(signed.signer.clone());
        }

        let target = self.lot_folder(&lot.record, &name);
        let staging = lot.folder.path().to_owned();
        let patient = signed.lot.submission_set().patient.clone();
        let receipt = receipt(name, lot, &received, &signed, now);
        let patient = (patient.authority().oid().to_owned(), matricule(&patient));
        let line = entry.done();
        let receipt = self
            .storage()
            .run(move |connection| -> Result<LotReceipt, Refusal> {
                if record::patient(connection, &receipt.record)? != Some(patient) {
                    return Err(Code::LotPatientMismatch.into());
                }
                store(connection, &receipt, &line, &staging, &target)?;
                Ok(receipt)
            })
            .await?;
        entry.settled = true;
        Ok(receipt)
    }

    /// What the lot's mode wants with a commit, and nothing else. The nonce of an approval is consumed here, before anything is
    /// verified.
    async fn submitted(
        &self,
        name: &str,
        lot: &OpenLot,
        request: &CommitLotRequest,
    ) -> Result<Submitted, Refusal> {
        let maximum = self.configuration().limits.signature_bytes;
        let signature = request.signature.as_ref().map(|text| {
            let bytes = STANDARD
                .decode(text)
                .map_err(|error| Refusal::new(Code::LotSignatureMalformed).because(error))?;
            if bytes.len() > maximum {
                return Err(Refusal::new(Code::RequestTooLarge));
            }
            Ok(bytes)
        });
        let signature = signature.transpose()?;
        let approval = match (lot.mode.approval(), &request.approval) {
            (Some(_), None) => return Err(Code::ApprovalMissing.into()),
            (None, Some(_)) => return Err(Code::ApprovalNotAwaited.into()),
            (None, None) => None,
            (Some(_), Some(submitted)) => Some(Given {
                nonce: self.consume_approval_nonce(name, &submitted.nonce).await?,
                submitted: submitted.clone(),
            }),
        };
        match (lot.mode, signature, approval) {
            (SignerMode::ProfessionalCard, Some(signature), None) => {
                Ok(Submitted::Card { signature })
            }
            (SignerMode::ServerCertificate, None, Some(approval)) => Ok(Submitted::Server {
                approval,
                submission_set: lot.submission_set.clone().ok_or(Code::Internal)?,
            }),
            (SignerMode::StructureCertificate, Some(signature), Some(approval)) => {
                Ok(Submitted::Structure {
                    signature,
                    approval,
                })
            }
            (SignerMode::Patient, Some(signature), None) => Ok(Submitted::Patient { signature }),
            _ => Err(Code::RequestMalformed.into()),
        }
    }

    /// The patient of a record, as signatures and approvals name them.
    async fn patient_of(&self, record: &str) -> Result<Ins, Refusal> {
        let name = record.to_owned();
        let (_, matricule) = self
            .storage()
            .run(move |connection| record::patient(connection, &name).map_err(Refusal::from))
            .await?
            .ok_or(Code::RecordUnknown)?;
        let nir: Nir = matricule
            .parse()
            .map_err(|error: NirError| Refusal::new(Code::Internal).because(error))?;
        Ok(Ins::new(nir, self.configuration().environment))
    }
}

pub(super) fn all_received(lot: &OpenLot) -> Result<Vec<(AnnouncedDocument, Received)>, Refusal> {
    (1_usize..)
        .zip(&lot.documents)
        .map(|(number, (document, slot))| match slot {
            Slot::Received(received) => Ok((document.clone(), *received)),
            Slot::Awaited | Slot::Arriving => {
                Err(Refusal::new(Code::DocumentMissing).with_detail(format!("document {number}")))
            }
        })
        .collect()
}

fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(folder.join(name))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync(folder)
}

fn receipt(
    name: String,
    lot: &OpenLot,
    received: &[(AnnouncedDocument, Received)],
    signed: &Signed,
    now: UnixTime,
) -> LotReceipt {
    LotReceipt {
        lot: name,
        record: lot.record.clone(),
        submission_set: signed.lot.submission_set().unique_id.to_string(),
        signer_mode: lot.mode,
        signer: signed.signer.clone(),
        signing_time: signed.lot.signing_time(),
        received_at: now,
        signature_sha256: Sha256Digest::of(&signed.signature).to_string(),
        approval: signed
            .approval
            .as_ref()
            .map(|approval| approval.kept.clone()),
        documents: stored_documents(received),
    }
}

/// Rows and files together: the folder is moved inside the transaction, and taken away again where the transaction does
/// not commit. A crash between the two leaves a folder without row, which the next start removes.
fn store(
    connection: &mut Connection,
    receipt: &LotReceipt,
    line: &Line,
    staging: &Path,
    target: &Path,
) -> Result<(), Refusal> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if receipt.signer_mode == SignerMode::Patient {
        patient_certificate::check(&transaction, &receipt.record, &receipt.signer)?;
    }
    insert(&transaction, receipt)?;
    line.write(&transaction)?;
    let parent = target.parent().ok_or(Code::Internal)?;
    std::fs::create_dir_all(parent)?;
    std::fs::rename(staging, target)?;
    let committed = sync(parent)
        .and_then(|()| parent.parent().map_or(Ok(()), sync))
        .map_err(Refusal::from)
        .and_then(|()| transaction.commit().map_err(Refusal::from));
    if let Err(refusal) = committed {
        std::fs::remove_dir_all(target)?;
        return Err(refusal);
    }
    Ok(())
}

/// Makes what was created or renamed in a folder durable.
fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn insert(transaction: &Transaction<'_>, receipt: &LotReceipt) -> Result<(), Refusal> {
    let exists =
        |query, value: &str| transaction.query_row(query, [value], |row| row.get::<_, bool>(0));
    if exists(
        "SELECT EXISTS (SELECT 1 FROM lot WHERE submission_set = ?1)",
        &receipt.submission_set,
    )? {
        return Err(Code::SubmissionSetReplayed.into());
    }
    let approval = receipt.approval.as_ref();
    transaction.execute(
        "INSERT INTO lot (id, record, submission_set, signer, signing_time, signature_sha256, received_at,
                          signer_mode, approved_by, approver_card, approved_at, approval_sha256)
         VALUES (?1, ?2, ?3, ?4, ?5, unhex(?6), ?7, ?8, ?9, ?10, ?11, unhex(?12))",
        params![
            receipt.lot,
            receipt.record,
            receipt.submission_set,
            receipt.signer,
            receipt.signing_time.0,
            receipt.signature_sha256,
            receipt.received_at.0,
            receipt.signer_mode.name(),
            approval.map(|approval| &approval.approved_by),
            approval.and_then(|approval| approval.card_number.as_ref()),
            approval.map(|approval| approval.approved_at.0),
            approval.map(|approval| &approval.sha256),
        ],
    )?;
    for (number, document) in (1_i64..).zip(&receipt.documents) {
        if exists(
            "SELECT EXISTS (SELECT 1 FROM document WHERE unique_id = ?1)",
            &document.unique_id,
        )? {
            return Err(Refusal::new(Code::DocumentIdentifierUsed)
                .with_detail(format!("document {number}")));
        }
        transaction.execute(
            "INSERT INTO document (unique_id, lot, number, title, media_type, size, sha256)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, unhex(?7))",
            params![
                document.unique_id,
                receipt.lot,
                number,
                document.title,
                document.media_type,
                document.size,
                document.sha256,
            ],
        )?;
    }
    Ok(())
}

pub(super) fn refusal(error: LotError) -> Refusal {
    let (code, detail) = match &error {
        LotError::Path(path) => (path_code(path), None),
        LotError::Documents(differences) => {
            let (code, detail) = difference(differences);
            (code, Some(detail))
        }
        LotError::WeakAlgorithm { .. }
        | LotError::PartAltered { .. }
        | LotError::SubmissionSetMismatch { .. }
        | LotError::CertificateMismatch
        | LotError::Key(_)
        | LotError::Signature
        | LotError::SignedInTheFuture
        | LotError::SignedOutsideValidity => {
            (Code::LotSignatureInvalid, Some(error.code().to_owned()))
        }
        _ => (Code::LotSignatureMalformed, Some(error.code().to_owned())),
    };
    let refusal = Refusal::new(code).because(error);
    match detail {
        Some(detail) => refusal.with_detail(detail),
        None => refusal,
    }
}

/// The first difference between what was sent and what was signed, and which document it is.
fn difference(error: &CoverageError) -> (Code, String) {
    match error.findings.first() {
        Some(CoverageFinding::DocumentChanged { unique_id, .. }) => {
            (Code::DocumentChanged, unique_id.to_string())
        }
        Some(CoverageFinding::DocumentMissing { unique_id }) => {
            (Code::DocumentMissing, unique_id.to_string())
        }
        Some(
            CoverageFinding::DocumentUnknown { index }
            | CoverageFinding::DocumentRepeated { index },
        ) => (
            Code::DocumentExtra,
            format!("document {}", index.saturating_add(1)),
        ),
        _ => (Code::LotSignatureInvalid, String::new()),
    }
}
