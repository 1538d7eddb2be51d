//! Approvals of a lot's content: asked for with a nonce of the lot's own, verified against what the server itself holds, kept beside
//! the lot (`approval.json`) and named by the trace. What the server believes of one was verified by `paraphe-protocol`
//! ([`VerifiedApproval`]).

use paraphe_certs::UnixTime;
use paraphe_protocol::approval::{
    self, Approval, ApprovalError, ApprovalManifest, ApprovalPurpose, ApprovedDocument, Expected,
    VerifiedApproval,
};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Ins, Oid};
use paraphe_protocol::login::ServerNonce;
use paraphe_protocol::login_server::{consume_for_approval, issue_for_approval};
use paraphe_protocol::lot::LotDocument;
use paraphe_stores::SqliteStore;
use serde::{Deserialize, Serialize};

use super::AnnouncedDocument;
use super::commit::all_received;
use super::staging::Received;
use crate::card::path_code;
use crate::configuration::Configuration;
use crate::problem::{Code, Refusal};
use crate::receipt::StoredDocument;
use crate::service::Service;
use crate::session::Session;
use crate::token::{hexadecimal, random_bytes};
use crate::trace::Entry;

/// Answer to `POST /v1/lots/{lot}/approval-request`: what the card is asked to approve, for the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRequestResponse {
    /// The lot.
    pub lot: String,
    /// Who signs after it.
    pub purpose: ApprovalPurpose,
    /// 32 bytes, base64url without padding; for this lot and one approval.
    pub nonce: String,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
    /// What the approval must be made for.
    pub audience: String,
    /// This server's own structure, where it signs; a structure's software knows its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Unique id of the submission set, where this server signs; else the signature's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission_set: Option<Oid>,
    /// The documents as they were received, in order.
    pub documents: Vec<StoredDocument>,
}

/// Answer to `GET /v1/lots/awaiting-approval`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingApprovalResponse {
    /// This session's lots that are received whole and wait for an approval.
    pub lots: Vec<AwaitingApproval>,
}

/// A lot that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingApproval {
    /// The lot.
    pub lot: String,
    /// Its record.
    pub record: String,
    /// Who signs after the approval.
    pub purpose: ApprovalPurpose,
    /// From this time on it is gone.
    pub expires_at: UnixTime,
    /// Its documents, in order.
    pub documents: Vec<StoredDocument>,
}

/// An approval on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedApproval {
    /// The nonce, as it was issued.
    pub nonce: String,
    /// The approval made for it.
    pub approval: Approval,
}

/// An approval as the trace and the lot's receipt name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptApproval {
    /// National identifier of who approved.
    pub approved_by: String,
    /// Issuer prefix and number of their card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_number: Option<String>,
    /// When, by the workstation's clock.
    pub approved_at: UnixTime,
    /// SHA-256 of the lot's `approval.json`, hexadecimal.
    pub sha256: String,
}

/// What is kept as evidence: everything from which the signed bytes can be laid out again.
#[derive(Serialize)]
struct Evidence<'a> {
    purpose: ApprovalPurpose,
    audience: &'a str,
    origin: &'a str,
    nonce: String,
    signer: &'a str,
    submission_set: &'a Oid,
    patient: String,
    documents: Vec<EvidenceDocument<'a>>,
    approval: &'a Approval,
}

#[derive(Serialize)]
struct EvidenceDocument<'a> {
    unique_id: &'a Oid,
    title: &'a str,
    sha256: Sha256Digest,
}

impl Service {
    /// `POST /v1/lots/{lot}/approval-request`.
    pub(crate) async fn request_approval(
        &self,
        session: &Session,
        lot: &str,
        entry: &mut Entry,
    ) -> Result<ApprovalRequestResponse, Refusal> {
        let now = self.now();
        let asked = self.lots().look(lot, &session.digest, now, |open| {
            Ok((
                open.record.clone(),
                open.mode,
                open.submission_set.clone(),
                open.expires_at(),
                all_received(open),
            ))
        })?;
        let (record, mode, submission_set, expires_at, received) = asked;
        entry.lot = Some(lot.to_owned());
        entry.record = Some(record);
        entry.signer_mode = Some(mode);
        let purpose = mode.approval().ok_or(Code::ApprovalNotAwaited)?;
        let documents = stored_documents(&received?);
        let configuration = self.configuration();
        let (name, maximum) = (lot.to_owned(), configuration.limits.outstanding_nonces);
        let lifetime = expires_at.0.saturating_sub(now.0);
        let (nonce, expires_at) = self
            .storage()
            .run(move |connection| -> Result<_, Refusal> {
                let store = &mut SqliteStore::on(connection);
                let random = random_bytes()?;
                Ok(issue_for_approval(
                    store,
                    &name,
                    random,
                    (now, lifetime),
                    maximum,
                )?)
            })
            .await
            .map(|issued| (issued.nonce, issued.expires_at))?;
        let signer = submission_set
            .as_ref()
            .and(configuration.signers.server.as_ref());
        Ok(ApprovalRequestResponse {
            lot: lot.to_owned(),
            purpose,
            nonce: nonce.to_string(),
            expires_at,
            audience: configuration.audience.to_string(),
            signer: signer.map(|signer| signer.structure().structure_id.clone()),
            submission_set,
            documents,
        })
    }

    /// `GET /v1/lots/awaiting-approval`.
    pub(crate) fn awaiting_approval(&self, session: &Session) -> AwaitingApprovalResponse {
        let lots = self.lots().of(&session.digest, self.now(), |name, open| {
            Some(AwaitingApproval {
                lot: name.to_owned(),
                record: open.record.clone(),
                purpose: open.mode.approval()?,
                expires_at: open.expires_at(),
                documents: stored_documents(&all_received(open).ok()?),
            })
        });
        AwaitingApprovalResponse { lots }
    }

    /// Consumes the nonce of an approval, whatever becomes of it.
    pub(super) async fn consume_approval_nonce(
        &self,
        lot: &str,
        nonce: &str,
    ) -> Result<ServerNonce, Refusal> {
        let (name, nonce, now) = (lot.to_owned(), nonce.to_owned(), self.now());
        self.storage()
            .run(move |connection| -> Result<_, Refusal> {
                let store = &mut SqliteStore::on(connection);
                Ok(consume_for_approval(store, &name, &nonce, now)?)
            })
            .await
    }
}

/// What must have been approved.
pub(super) fn manifest(
    signer: &str,
    submission_set: &Oid,
    patient: &Ins,
    documents: &[(AnnouncedDocument, Received)],
    maximum: usize,
) -> Result<ApprovalManifest, Refusal> {
    let documents = documents
        .iter()
        .map(|(announced, received)| {
            Ok(ApprovedDocument {
                document: lot_document(announced, received)?,
                title: announced.title.clone(),
            })
        })
        .collect::<Result<_, Refusal>>()?;
    let (set, patient) = (submission_set.clone(), patient.clone());
    ApprovalManifest::new(signer, set, patient, documents, maximum)
        .map_err(|error| Refusal::new(Code::LotDocumentInvalid).because(error))
}

pub(super) fn lot_document(
    announced: &AnnouncedDocument,
    received: &Received,
) -> Result<LotDocument, Refusal> {
    let unique_id = announced.unique_id.parse::<Oid>();
    Ok(LotDocument {
        unique_id: unique_id
            .map_err(|error| Refusal::new(Code::LotDocumentInvalid).because(error))?,
        sha256: Sha256Digest::from_bytes(received.sha256),
    })
}

/// An approval verified for a lot, and the file that is kept of it.
pub(super) struct CheckedApproval {
    pub(super) verified: VerifiedApproval,
    pub(super) evidence: Vec<u8>,
    pub(super) kept: KeptApproval,
}

/// Verifies an approval whose nonce was consumed. Whether this person may approve is not looked at here. Blocking.
pub(super) fn check(
    configuration: &Configuration,
    trust: &paraphe_certs::TrustStore,
    now: UnixTime,
    (nonce, approval): (&ServerNonce, &Approval),
    (purpose, manifest): (ApprovalPurpose, &ApprovalManifest),
) -> Result<CheckedApproval, Refusal> {
    let expected = Expected {
        purpose,
        audience: &configuration.audience,
        origin: &configuration.origin,
        nonce,
        now,
        manifest,
    };
    let verified = approval::verify(&expected, approval, trust).map_err(refusal)?;
    let evidence = Evidence {
        purpose,
        audience: configuration.audience.as_str(),
        origin: configuration.origin.as_str(),
        nonce: nonce.to_string(),
        signer: manifest.signer(),
        submission_set: manifest.submission_set(),
        patient: manifest.patient().to_cx(),
        documents: manifest
            .documents()
            .iter()
            .map(|one| EvidenceDocument {
                unique_id: &one.document.unique_id,
                title: &one.title,
                sha256: one.document.sha256,
            })
            .collect(),
        approval,
    };
    let evidence = serde_json::to_vec(&evidence)
        .map_err(|error| Refusal::new(Code::Internal).because(error))?;
    let kept = KeptApproval {
        approved_by: verified.holder().national_id.to_string(),
        card_number: verified.holder().card_serial.clone(),
        approved_at: verified.issued_at(),
        sha256: Sha256Digest::of(&evidence).to_string(),
    };
    Ok(CheckedApproval {
        verified,
        evidence,
        kept,
    })
}

/// Documents as they are told.
pub(super) fn stored_documents(received: &[(AnnouncedDocument, Received)]) -> Vec<StoredDocument> {
    received
        .iter()
        .map(|(document, received)| StoredDocument {
            unique_id: document.unique_id.clone(),
            title: document.title.clone(),
            media_type: document.media_type.clone(),
            size: received.size,
            sha256: hexadecimal(&received.sha256),
        })
        .collect()
}

fn refusal(error: ApprovalError) -> Refusal {
    let code = match &error {
        ApprovalError::Path(path) => path_code(path),
        ApprovalError::Certificate(_)
        | ApprovalError::CertificateSize { .. }
        | ApprovalError::Key(_) => Code::CertificateInvalid,
        ApprovalError::Lifetime | ApprovalError::Expired | ApprovalError::NotYetValid => {
            Code::ApprovalExpired
        }
        ApprovalError::Signature => Code::ApprovalNotOfThisLot,
        _ => Code::ApprovalMalformed,
    };
    Refusal::new(code).because(error)
}
