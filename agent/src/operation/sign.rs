//! `sign`: one signature file in a format of the field, with one PIN entry. As for a lot, everything that can fail without the
//! card is done before the PIN is asked for: the choice, the certificate, the documents, the layout, room for the result.
//! Time stamps and evidence come after the card was let go.

use std::io::Write;

use paraphe_protocol::api::{
    DocumentSource, ErrorCode, SignDocumentRequest, SignRequest, SignResponse, SignedDocument,
};
use paraphe_protocol::signature::{Level, Output};

use super::hashing::in_parallel;
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, Source, card_certificate};
use crate::document_store::Owner;
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::signing::{self, AskedSignature, DocumentsAgain, ReadDocument, SignatureChoice};
use crate::token::Token;

/// Names that the person is shown.
const SHOWN_NAMES: usize = 3;

pub(super) fn perform(
    context: &Context<'_>,
    request: &SignRequest,
) -> Result<SignResponse, Failure> {
    let owner = Owner::from(context.caller);
    context.agent.documents.check_room_for(&owner, 1)?;
    check_count(context, request)?;
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let choice = AskedSignature {
        format: request.format,
        packaging: request.packaging,
        level: request.level,
    }
    .decide(
        token.document_algorithm(request.algorithm)?,
        context.agent.evidence.has_time_stamps(),
    )?;
    if request.documents.len() > 1 && !choice.takes_several() {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            "Cette signature porte sur un seul document ; pour plusieurs : XAdES ou JAdES détachée, ou un lot.",
            "This signature is over one document; for several: detached XAdES or JAdES, or a lot.",
        ));
    }
    let now = card_certificate::now();
    let bearer = token.bearer()?;
    let chain = card_certificate::check_signature(context, &bearer, &certificate, now)?;
    let mut documents = read(context, &request.documents, &choice)?;
    let described = documents.iter().map(described).collect();
    let (media_type, extension) = documents.first().map_or(("", ""), |document| {
        choice.file_type(document.media_type, document.extension)
    });
    let prepared = signing::prepare(&choice, &certificate, &chain, &mut documents, now)?;
    let value = ask_and_sign(context, &token, &choice, request, prepared.to_be_signed())?;
    let mut file = prepared.complete(&value)?;
    if choice.level > Level::B {
        let mut again = DocumentsAgain::new(context, &request.documents, &documents);
        let store = context.agent.trust.load()?;
        let (evidence, now) = (&context.agent.evidence, card_certificate::now());
        evidence.raise(
            file.as_mut(),
            choice.level,
            &certificate,
            &store,
            &mut again,
            now,
        )?;
    }
    let output = file.finish()?;
    let signature = keep(context, &request.documents, &output)?;
    let (signer, structure) = bearer.into_parts();
    Ok(SignResponse {
        format: choice.format,
        packaging: choice.packaging,
        level: choice.level,
        algorithm: choice.algorithm,
        card: token.serial,
        signer,
        structure,
        signing_time: now.0,
        signature,
        media_type: media_type.to_owned(),
        extension: extension.to_owned(),
        documents: described,
    })
}

fn check_count(context: &Context<'_>, request: &SignRequest) -> Result<(), Failure> {
    let limit = context.agent.config.limits.lot_documents;
    match request.documents.len() {
        0 => Err(ErrorCode::LotEmpty.into()),
        count if count > usize::try_from(limit).unwrap_or(usize::MAX) => {
            Err(ErrorCode::LotTooManyDocuments.into())
        }
        _ => Ok(()),
    }
}

fn read(
    context: &Context<'_>,
    documents: &[SignDocumentRequest],
    choice: &SignatureChoice,
) -> Result<Vec<ReadDocument>, Failure> {
    let limits = &context.agent.config.limits;
    in_parallel(documents, |buffer, document| {
        let source = Source::open(context, &document.source, limits.document_bytes)?;
        ReadDocument::read(source, document, choice, limits, buffer)
    })
}

fn ask_and_sign(
    context: &Context<'_>,
    token: &Token,
    choice: &SignatureChoice,
    request: &SignRequest,
    to_be_signed: &[u8],
) -> Result<Vec<u8>, Failure> {
    let names = request.documents.iter().take(SHOWN_NAMES);
    let purpose = PinPurpose::SignDocuments {
        format: choice.format.name(),
        documents: request.documents.len(),
        first_names: names.map(|document| document.name.clone()).collect(),
    };
    let (algorithm, bytes) = (choice.algorithm, to_be_signed.to_vec());
    let signature = PinDialogue::new(context, token, purpose)?
        .run(context, move |token| token.sign_document(algorithm, &bytes))?;
    Ok(signature.as_bytes().to_vec())
}

/// Puts the file in the caller's hands.
fn keep(
    context: &Context<'_>,
    documents: &[SignDocumentRequest],
    output: &Output,
) -> Result<DocumentSource, Failure> {
    let store = &context.agent.documents;
    let mut writer = store.writer_of_at_most(u64::MAX)?;
    let bytes = match output {
        Output::Whole(bytes) => bytes,
        Output::Appended(bytes) => {
            let original = documents.first().ok_or(ErrorCode::Internal)?;
            let limit = context.agent.config.limits.document_bytes;
            Source::open(context, &original.source, limit)?.read_through(
                &mut Vec::new(),
                |piece| {
                    let written = writer.write_all(piece);
                    written.map_err(|error| writer.error(error).into())
                },
            )?;
            bytes
        }
    };
    let written = writer.write_all(bytes);
    written.map_err(|error| writer.error(error))?;
    let ids = store.keep_all(&Owner::from(context.caller), vec![writer.close()])?;
    let id = ids.into_iter().next().ok_or(ErrorCode::Internal)?;
    Ok(DocumentSource::Document(id.as_str().to_owned()))
}

fn described(document: &ReadDocument) -> SignedDocument {
    SignedDocument {
        name: document.name.clone(),
        media_type: document.media_type.to_owned(),
        size: document.size,
        sha256: document.sha256.to_string(),
    }
}
