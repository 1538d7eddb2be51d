//! `lot/sign`: a lot of documents under one signature (docs/lot-signature.md), with one PIN entry or under a mandate, whose approved
//! documents are those of the lot as the caller has them: before they are wrapped as CDA.
//!
//! In this order, so that a PIN is never spent on a lot that would fail: the request, the card and its certificate, every
//! document's bytes, the signature's own layout, room for the result; then one question, one card job that presents the PIN
//! and signs, and the finished file. The person is shown who asks, how many documents, and the first titles.

mod destination;
mod header;
mod held_card;
mod identifiers;
mod inspection;
mod prepared;
mod request;
mod wrapping;

use std::path::Path;
use std::sync::Arc;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::api::{
    DocumentSource, ErrorCode, LotDocumentResponse, LotSignRequest, LotSignResponse,
};
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::lot::legacy::{DmpLegacy, LegacyDocument, LegacyHasher, LegacyLotDraft};
use paraphe_protocol::lot::{LotDocument, LotDraft, LotLimits, SubmissionSet};

use self::destination::{Content, Destination};
use self::header::HeaderContext;
pub(super) use self::header::situation;
pub(crate) use self::identifiers::unique_id;
use self::inspection::Inspected;
use self::prepared::Prepared;
use self::request::CheckedRequest;
use super::pin_dialogue::{PinDialogue, with_proven_secret};
use super::selection::{self, Family};
use super::{Context, card_certificate, mandate};
use crate::mandate::Mandate;
use crate::open_requests::DocumentToSign;
use crate::opened::Opened;
use crate::pin::{PinPurpose, SHOWN_TITLES};
use crate::problem::Failure;
use crate::token::{Bearer, DocumentSignature, Token, VERIFIED_LIMIT};

pub(super) fn perform(
    context: &Context<'_>,
    request: &LotSignRequest,
) -> Result<LotSignResponse, Failure> {
    sign(context, request, Destination::InHand)
}

/// As [`perform`], and leaves `directory` with the documents as signed, `lot-signature.xml` and `lot.json`: all or nothing.
pub(super) fn perform_into(
    context: &Context<'_>,
    request: &LotSignRequest,
    directory: &Path,
) -> Result<LotSignResponse, Failure> {
    sign(context, request, Destination::directory(directory)?)
}

fn sign(
    context: &Context<'_>,
    request: &LotSignRequest,
    destination: Destination,
) -> Result<LotSignResponse, Failure> {
    let checked = CheckedRequest::new(context, request)?;
    let made = if request.cda {
        request.documents.len()
    } else {
        0
    };
    destination.check_room(context, made)?;
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let mandate = mandate::named(context, request.mandate.as_deref(), reader, serial)?;
    let token = match &mandate {
        Some(mandate) => mandate.token().clone(),
        None => selection::token(context, Family::Holder, reader, serial)?,
    };
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    let bearer = token.bearer()?;
    if request.cda && !matches!(bearer, Bearer::Person(_)) {
        return Err(Failure::new(ErrorCode::CertificateWrongUse).with_detail(
            "Un en-tête CDA nomme un professionnel ; le certificat d'une structure ou d'un patient n'en désigne aucun.",
            "A CDA header names a professional; the certificate of a structure or a patient names none.",
        ));
    }
    let approval = Approval::new(context, request, &token, mandate)?;
    let submission_set = SubmissionSet {
        unique_id: unique_id()?,
        source_id: context.agent.installation_id()?,
        patient: checked.patient.clone(),
        submission_time: now,
    };
    let unique_id = submission_set.unique_id.as_str().to_owned();
    let check_certificate =
        || card_certificate::check_lot_signature(context, &bearer, &certificate, now);
    let (chain, inspected) =
        inspection::inspect(check_certificate, context, &checked, &destination)?;
    let (signer, structure) = bearer.into_parts();
    // Laid out once even where wrapping will change it, so that what cannot be signed is refused before the PIN is asked for.
    let lay_out = |set: SubmissionSet, documents: &[Inspected]| {
        prepare(checked.legacy, set, documents, &certificate, &chain, now).map(Arc::new)
    };
    let mut prepared = lay_out(submission_set.clone(), &inspected)?;

    let (documents, signature) = match &checked.wrap {
        None => {
            let signature = approval.sign(context, &inspected, Arc::clone(&prepared))?;
            (inspected, signature)
        }
        Some(patient) => {
            // The practice situation that headers name lies behind the PIN.
            let wrap = |situations| {
                let situation = situation(situations, request.practice_situation)?;
                let headers = HeaderContext::new(
                    patient.clone(),
                    signer.as_ref().ok_or(ErrorCode::Internal)?,
                    &situation,
                    now,
                )?;
                let wrapped =
                    wrapping::wrap(context, &checked, &inspected, &headers, &destination)?;
                prepared = lay_out(submission_set, &wrapped)?;
                Ok((wrapped, Arc::clone(&prepared)))
            };
            approval.wrap_and_sign(context, &inspected, wrap)?
        }
    };
    let xml = prepared.complete(&signature)?;
    let (documents, contents) = documents.into_iter().map(described).unzip();
    let response = LotSignResponse {
        profile: request.profile,
        submission_set: unique_id,
        card: token.serial,
        signer,
        structure,
        signing_time: now.0,
        signature: DocumentSource::Document(String::new()),
        documents,
    };
    destination.finish(context, &xml, contents, response)
}

/// What allows the card to sign the lot.
enum Approval<'a> {
    /// The person, who is about to be asked.
    Entry(Box<PinDialogue<'a>>, &'a Token),
    /// A mandate.
    Mandate(Arc<Mandate>),
}

impl<'a> Approval<'a> {
    fn new(
        context: &Context<'_>,
        request: &LotSignRequest,
        token: &'a Token,
        mandate: Option<Arc<Mandate>>,
    ) -> Result<Self, Failure> {
        Ok(match mandate {
            Some(mandate) => Self::Mandate(mandate),
            None => {
                let documents = request.documents.iter().map(|document| DocumentToSign {
                    title: document.title.clone(),
                    source: document.source.clone(),
                    media_type: document.media_type.clone(),
                });
                let dialogue = PinDialogue::new(context, token, purpose(request))?.about(documents);
                Self::Entry(Box::new(dialogue), token)
            }
        })
    }

    fn sign(
        self,
        context: &Context<'_>,
        documents: &[Inspected],
        lot: Arc<Prepared>,
    ) -> Result<DocumentSignature, Failure> {
        match self {
            Self::Entry(dialogue, _) => dialogue.run(context, move |token| lot.sign(token)),
            Self::Mandate(mandate) => {
                let permit = mandate.permit(&digests(documents))?;
                mandate.sign(context.agent, permit, move |token| lot.sign(token))
            }
        }
    }

    /// The same where the practice situations, which lie behind the PIN, are needed to lay the lot out.
    fn wrap_and_sign<Made>(
        self,
        context: &Context<'_>,
        documents: &[Inspected],
        wrap: impl FnOnce(Vec<PracticeSituation>) -> Result<(Made, Arc<Prepared>), Failure>,
    ) -> Result<(Made, DocumentSignature), Failure> {
        match self {
            Self::Entry(dialogue, _) if dialogue.is_on_keypad(context) => {
                held_card::sign(context, *dialogue, wrap)
            }
            Self::Entry(dialogue, token) => {
                // The one PIN entry is presented twice to the same card, once to read the situation and once to sign, and is
                // wiped with the second.
                let (situations, proven) = dialogue.run(context, |token| {
                    Ok((token.practice_situations()?, token.take_proven_secret()))
                })?;
                let (wrapped, lot) = wrap(situations)?;
                let proven = proven.ok_or(ErrorCode::Internal)?;
                let signature =
                    with_proven_secret(context, token, proven, move |token| lot.sign(token))?;
                Ok((wrapped, signature))
            }
            Self::Mandate(mandate) => {
                // Taken first: what is not approved is refused before the card sees the PIN.
                let permit = mandate.permit(&digests(documents))?;
                let situations = mandate.with_token(context.agent, VERIFIED_LIMIT, |token| {
                    token.practice_situations()
                })??;
                let (wrapped, lot) = wrap(situations)?;
                let signature =
                    mandate.sign(context.agent, permit, move |token| lot.sign(token))?;
                Ok((wrapped, signature))
            }
        }
    }
}

fn digests(documents: &[Inspected]) -> Vec<Sha256Digest> {
    documents.iter().map(|document| document.sha256).collect()
}

fn purpose(request: &LotSignRequest) -> PinPurpose {
    PinPurpose::SignLot {
        documents: request.documents.len(),
        first_titles: request
            .documents
            .iter()
            .take(SHOWN_TITLES)
            .map(|document| document.title.clone())
            .collect(),
    }
}

/// Lays out the lot in the profile that was asked for. Before wrapping the old one has no digests of what will be signed, and
/// is laid out over those of nothing.
fn prepare(
    legacy: Option<DmpLegacy>,
    submission_set: SubmissionSet,
    documents: &[Inspected],
    certificate: &Certificate,
    chain: &[Certificate],
    now: UnixTime,
) -> Result<Prepared, Failure> {
    let limits = LotLimits {
        max_documents: documents.len().max(1),
    };
    if let Some(legacy) = legacy {
        let of_nothing = LegacyHasher::new(legacy).finish();
        let documents = documents
            .iter()
            .map(|document| {
                let digests = document.legacy.unwrap_or(of_nothing);
                LegacyDocument::new(document.unique_id.clone(), digests)
            })
            .collect();
        let draft = LegacyLotDraft::new(legacy, submission_set.unique_id, documents, &limits)?;
        let lot = draft.prepare(certificate, chain, now)?;
        return Ok(Prepared::DmpLegacy(Box::new(lot)));
    }
    let documents = documents
        .iter()
        .map(|document| LotDocument {
            unique_id: document.unique_id.clone(),
            sha256: document.sha256,
        })
        .collect();
    let draft = LotDraft::new(submission_set, documents, &limits)?;
    Ok(Prepared::Dsg(draft.prepare(certificate, chain, now)?))
}

/// The document as the response tells it, and where its bytes are: known for good when the destination is finished.
fn described(document: Inspected) -> (LotDocumentResponse, Content) {
    let response = LotDocumentResponse {
        unique_id: document.unique_id,
        title: document.title,
        media_type: document.media_type.to_owned(),
        size: document.size,
        sha256: document.sha256,
        content: DocumentSource::Document(String::new()),
    };
    (response, document.content)
}
