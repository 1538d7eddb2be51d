//! Committing a lot: everything received, the signature verified with exact coverage by unique id, the signer the
//! session's holder with the same card, the patient the record's, nothing stored before; then rows and files together.
//!
//! "The same card" is decided from certificates: national identifier, issuer (the DER name, byte by byte) and card number
//! (extension 1.2.250.1.71.1.2.3, which both certificates of a card carry). A certificate without card number is refused.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Holder, UnixTime};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::Oid;
use paraphe_protocol::lot::{
    self, CoverageError, CoverageFinding, LotDocument, LotError, LotLimits, PresentedDocuments,
    VerifiedLot,
};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::AnnouncedDocument;
use super::staging::{OpenLot, Received, Slot};
use crate::card::{check_environment, path_code};
use crate::patient::matricule;
use crate::problem::{Code, Refusal};
use crate::receipt::{LotReceipt, StoredDocument};
use crate::record;
use crate::service::Service;
use crate::session::Session;
use crate::token::hexadecimal;
use crate::trace::{Entry, Line};

/// Name of the signature file in a lot's folder.
const SIGNATURE_FILE: &str = "signature.xml";

/// Body of `POST /v1/lots/{lot}/commit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitLotRequest {
    /// The signature file, base64.
    pub signature: String,
}

impl CommitLotRequest {
    /// Of a signature file.
    #[must_use]
    pub fn new(signature: &[u8]) -> Self {
        Self {
            signature: STANDARD.encode(signature),
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
        let received = all_received(lot)?;
        let configuration = self.configuration();
        let signature = STANDARD
            .decode(&request.signature)
            .map_err(|error| Refusal::new(Code::LotSignatureMalformed).because(error))?;
        if signature.len() > configuration.limits.signature_bytes {
            return Err(Code::RequestTooLarge.into());
        }
        let now = self.now();
        let presented = received
            .iter()
            .map(|(document, received)| {
                Ok(LotDocument {
                    unique_id: document
                        .unique_id
                        .parse::<Oid>()
                        .map_err(|error| Refusal::new(Code::LotDocumentInvalid).because(error))?,
                    sha256: Sha256Digest::from_bytes(received.sha256),
                })
            })
            .collect::<Result<Vec<_>, Refusal>>()?;
        let limits = LotLimits {
            max_documents: configuration.limits.documents_per_lot,
        };
        let trust = self.trust();
        let folder = lot.folder.path().to_owned();
        let (verified, signature_sha256) = tokio::task::spawn_blocking(move || {
            let documents = PresentedDocuments::ById(&presented);
            let verified = lot::verify(&signature, documents, &trust.current(), now, &limits)
                .map_err(refusal)?;
            keep_signature(&folder, &signature)?;
            Ok::<_, Refusal>((verified, *Sha256Digest::of(&signature).as_bytes()))
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))??;

        let signer = check_signer(&verified, session)?;
        check_environment(signer, configuration.environment)?;
        let signer = signer.national_id.to_string();

        let target = self.lot_folder(&lot.record, &name);
        let staging = lot.folder.path().to_owned();
        let receipt = receipt(
            name,
            lot,
            &received,
            &verified,
            signer,
            signature_sha256,
            now,
        );
        let patient = verified.submission_set().patient.clone();
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
}

fn all_received(lot: &OpenLot) -> Result<Vec<(AnnouncedDocument, Received)>, Refusal> {
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

fn keep_signature(folder: &Path, signature: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(folder.join(SIGNATURE_FILE))?;
    file.write_all(signature)?;
    file.sync_all()?;
    sync(folder)
}

/// The session's holder, who must have signed: a structure's seal is nobody's.
fn check_signer<'a>(lot: &'a VerifiedLot, session: &Session) -> Result<&'a Holder, Refusal> {
    let signer = lot.signer().holder().ok_or(Code::LotSignerMismatch)?;
    let same_person = signer.national_id.to_string() == session.actor.national_id;
    let same_issuer = lot.signer().certificate().raw_issuer() == session.issuer;
    let same_card = signer.card_serial.is_some() && signer.card_serial == session.actor.card_number;
    if same_person && same_issuer && same_card {
        Ok(signer)
    } else {
        Err(Code::LotSignerMismatch.into())
    }
}

fn receipt(
    name: String,
    lot: &OpenLot,
    received: &[(AnnouncedDocument, Received)],
    verified: &VerifiedLot,
    signer: String,
    signature_sha256: [u8; 32],
    now: UnixTime,
) -> LotReceipt {
    LotReceipt {
        lot: name,
        record: lot.record.clone(),
        submission_set: verified.submission_set().unique_id.to_string(),
        signer,
        signing_time: verified.signing_time(),
        received_at: now,
        signature_sha256: hexadecimal(&signature_sha256),
        documents: received
            .iter()
            .map(|(document, received)| StoredDocument {
                unique_id: document.unique_id.clone(),
                title: document.title.clone(),
                media_type: document.media_type.clone(),
                size: received.size,
                sha256: hexadecimal(&received.sha256),
            })
            .collect(),
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
    transaction.execute(
        "INSERT INTO lot (id, record, submission_set, signer, signing_time, signature_sha256, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, unhex(?6), ?7)",
        params![
            receipt.lot,
            receipt.record,
            receipt.submission_set,
            receipt.signer,
            receipt.signing_time.0,
            receipt.signature_sha256,
            receipt.received_at.0,
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

fn refusal(error: LotError) -> Refusal {
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
