//! `approve`: the card's signature key approves exactly the documents that a record server asked about (docs/signer-modes.md).
//! The agent hashes the documents itself: what is not what the server asked for is refused before a PIN is asked for, and the
//! approval is bound to what was hashed. The person is shown which server asks, who will sign, how many documents, the first
//! titles. One PIN, one approval: no mandate covers it. Refused: a structure's seal, which is nobody's; active content.

use paraphe_certs::{CardSignature, Certificate, Holder, UnixTime};
use paraphe_protocol::api::{ApproveDocumentRequest, ApproveRequest, ApproveResponse, ErrorCode};
use paraphe_protocol::approval::{
    ApprovalManifest, ApprovalPurpose, ApprovalRequest, ApprovedDocument, MAX_LIFETIME_SECONDS,
    PrepareApprovalError, PreparedApproval,
};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::document::{DocumentFormat, DocumentLimits, Inspector};
use paraphe_protocol::identifiers::{Environment, Ins, Nir, NirError};
use paraphe_protocol::login::{AgentNonce, Audience, Origin, ServerNonce};
use paraphe_protocol::lot::LotDocument;

use super::asking_server::{agent_nonce, server_and_origin};
use super::hashing::in_parallel;
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, Source, card_certificate};
use crate::open_requests::DocumentToSign;
use crate::pin::{PinPurpose, SHOWN_TITLES};
use crate::problem::Failure;
use crate::token::Bearer;

pub(super) fn perform(
    context: &Context<'_>,
    request: &ApproveRequest,
) -> Result<ApproveResponse, Failure> {
    let (server, origin) = server_and_origin(context, request.server.as_deref())?;
    let nonce = ServerNonce::from_base64url(&request.nonce)?;
    // Laid out over what was asked for first, so that a request that cannot be used costs no reading.
    let asked = manifest(context, request)?;
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let approver = person(token.bearer()?)?;
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    card_certificate::check::<CardSignature>(context, &certificate, now)?;
    check_documents(context, &request.documents)?;
    let purpose = PinPurpose::Approve {
        server: server.title.clone(),
        act: request.purpose,
        signer: request.signer.clone(),
        documents: request.documents.len(),
        first_titles: request
            .documents
            .iter()
            .take(SHOWN_TITLES)
            .map(|document| document.title.clone())
            .collect(),
    };
    let documents = request.documents.iter().map(|document| DocumentToSign {
        title: document.title.clone(),
        source: document.source.clone(),
        media_type: document.media_type.clone(),
    });
    let dialogue = PinDialogue::new(context, &token, purpose)?.about(documents);
    let statement = Statement {
        purpose: request.purpose,
        audience: server.audience.clone(),
        origin,
        nonce,
        certificate,
        manifest: asked,
        shown: Sha256Digest::of(dialogue.statement().as_bytes()),
        agent_nonce: agent_nonce()?,
    };
    // Made once for nothing, so that what cannot be made is refused before a PIN is asked for.
    statement.prepare(card_certificate::now())?;
    // Made in earnest once the PIN is in: its two minutes must not run while the person reads and types.
    let (prepared, signature) = dialogue.run(context, move |unlocked| {
        let prepared = statement.prepare(card_certificate::now());
        let signature = match &prepared {
            Ok(prepared) => {
                Some(unlocked.sign_document(prepared.algorithm(), prepared.to_be_signed())?)
            }
            Err(_) => None,
        };
        Ok((prepared, signature))
    })?;
    let signature = signature.ok_or(ErrorCode::Internal)?;
    let approval = prepared?.complete(signature.as_bytes())?;
    Ok(ApproveResponse {
        card: token.serial,
        assurance: token.assurance,
        approver,
        documents: request.documents.len(),
        approval: serde_json::to_value(&approval).map_err(|_| ErrorCode::Internal)?,
    })
}

fn person(bearer: Bearer) -> Result<Holder, Failure> {
    match bearer {
        Bearer::Person(holder) => Ok(*holder),
        Bearer::Patient(_) => Err(card_certificate::patients_refused()),
        Bearer::Structure(_) => Err(Failure::new(ErrorCode::CertificateWrongUse).with_detail(
            "Une validation est l'acte d'une personne ; un certificat de structure n'en désigne aucune.",
            "An approval is a person's act; a structure's certificate names none.",
        )),
    }
}

/// What the record server asked for.
fn manifest(context: &Context<'_>, request: &ApproveRequest) -> Result<ApprovalManifest, Failure> {
    let config = &context.agent.config;
    let environment = if config.trust.accept_test {
        Environment::Test
    } else {
        Environment::Production
    };
    let matricule: Nir = request.patient.parse().map_err(|error: NirError| {
        Failure::new(ErrorCode::LotPatientInvalid).with_technical_detail(error)
    })?;
    let documents = request
        .documents
        .iter()
        .map(|document| ApprovedDocument {
            document: LotDocument {
                unique_id: document.unique_id.clone(),
                sha256: document.sha256,
            },
            title: document.title.clone(),
        })
        .collect();
    let limit = usize::try_from(config.limits.lot_documents).unwrap_or(usize::MAX);
    Ok(ApprovalManifest::new(
        &request.signer,
        request.submission_set.clone(),
        Ins::new(matricule, environment),
        documents,
        limit,
    )?)
}

/// Reads every document once: it is what the server asked for, and nothing in it acts.
fn check_documents(
    context: &Context<'_>,
    documents: &[ApproveDocumentRequest],
) -> Result<(), Failure> {
    let limits = &context.agent.config.limits;
    in_parallel(documents, |buffer, document| {
        let declared = document
            .media_type
            .as_deref()
            .map(str::parse::<DocumentFormat>)
            .transpose()
            .map_err(|error| {
                Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error)
            })?;
        let source = Source::open(context, &document.source, limits.document_bytes)?;
        let limits = DocumentLimits {
            max_bytes: limits.document_bytes,
        };
        let mut inspector = Inspector::new(declared, limits);
        source.read_through(buffer, |piece| Ok(inspector.update(piece)?))?;
        if inspector.finish()?.sha256 == document.sha256 {
            Ok(())
        } else {
            Err(ErrorCode::ApprovalDocumentMismatch.into())
        }
    })
    .map(drop)
}

struct Statement {
    purpose: ApprovalPurpose,
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    certificate: Certificate,
    manifest: ApprovalManifest,
    shown: Sha256Digest,
    agent_nonce: AgentNonce,
}

impl Statement {
    fn prepare(&self, now: UnixTime) -> Result<PreparedApproval, PrepareApprovalError> {
        let lifetime = i64::try_from(MAX_LIFETIME_SECONDS).unwrap_or_default();
        ApprovalRequest {
            purpose: self.purpose,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: self.agent_nonce,
            issued_at: now,
            expires_at: now.plus_seconds(lifetime),
            certificate: &self.certificate,
            manifest: &self.manifest,
            shown: self.shown,
        }
        .prepare()
    }
}
