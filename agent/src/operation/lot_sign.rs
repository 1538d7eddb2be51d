//! `lot/sign`: a lot of documents under one signature (docs/lot-signature.md), with one PIN entry.
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

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::api::{
    DocumentSource, ErrorCode, LotDocumentResponse, LotSignRequest, LotSignResponse,
};
use paraphe_protocol::lot::legacy::{DmpLegacy, LegacyDocument, LegacyHasher, LegacyLotDraft};
use paraphe_protocol::lot::{LotDocument, LotDraft, LotLimits, SubmissionSet};

use self::destination::{Content, Destination};
use self::header::HeaderContext;
pub(crate) use self::identifiers::unique_id;
use self::inspection::Inspected;
use self::prepared::Prepared;
use self::request::CheckedRequest;
use super::pin_dialogue::{PinDialogue, with_proven_secret};
use super::selection::{self, Family};
use super::{Context, card_certificate};
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::token::Bearer;

/// Titles that the person is shown.
const SHOWN_TITLES: usize = 3;

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
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    let bearer = token.bearer()?;
    if request.cda && matches!(bearer, Bearer::Structure(_)) {
        return Err(Failure::new(ErrorCode::CertificateWrongUse).with_detail(
            "Un en-tête CDA nomme un professionnel ; un certificat de structure n'en désigne aucun.",
            "A CDA header names a professional; a structure's certificate names none.",
        ));
    }
    let dialogue = PinDialogue::new(context, &token, purpose(request))?;
    let submission_set = SubmissionSet {
        unique_id: unique_id()?,
        source_id: context.agent.installation_id()?,
        patient: checked.patient.clone(),
        submission_time: now,
    };
    let unique_id = submission_set.unique_id.as_str().to_owned();
    let check_certificate =
        || card_certificate::check_signature(context, &bearer, &certificate, now);
    let (chain, inspected) =
        inspection::inspect(check_certificate, context, &checked, &destination)?;
    let (signer, structure) = bearer.into_parts();
    // Laid out once even where wrapping will change it, so that what cannot be signed is refused before the PIN is asked for.
    let lay_out = |set: SubmissionSet, documents: &[Inspected]| {
        prepare(checked.legacy, set, documents, &certificate, &chain, now)
    };
    let mut prepared = lay_out(submission_set.clone(), &inspected)?;

    let (documents, signature) = match &checked.wrap {
        None => {
            let lot = prepared.clone();
            let signature = dialogue.run(context, move |token| lot.sign(token))?;
            (inspected, signature)
        }
        Some(patient) => {
            // The practice situation that headers name lies behind the PIN.
            let wrap = |situations| {
                let situation = header::situation(situations, request.practice_situation)?;
                let headers = HeaderContext::new(
                    patient.clone(),
                    signer.as_ref().ok_or(ErrorCode::Internal)?,
                    &situation,
                    now,
                )?;
                let wrapped =
                    wrapping::wrap(context, &checked, &inspected, &headers, &destination)?;
                prepared = lay_out(submission_set, &wrapped)?;
                Ok((wrapped, prepared.clone()))
            };
            if dialogue.is_on_keypad(context) {
                held_card::sign(context, dialogue, wrap)?
            } else {
                // The one PIN entry is presented twice to the same card, once to read the situation and once to sign, and is
                // wiped with the second.
                let (situations, proven) = dialogue.run(context, |token| {
                    Ok((token.practice_situations()?, token.take_proven_secret()))
                })?;
                let (wrapped, lot) = wrap(situations)?;
                let proven = proven.ok_or(ErrorCode::Internal)?;
                let signature =
                    with_proven_secret(context, &token, proven, move |token| lot.sign(token))?;
                (wrapped, signature)
            }
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
