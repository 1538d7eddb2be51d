//! `sign`: one signature file in a format of the field, with one PIN entry or under a mandate. As for a lot, everything that can fail
//! without the card is done before the PIN is asked for: the choice, the certificate, the documents, the layout, room for the
//! result. Each document is read once: what is hashed is what goes into the result.
//!
//! Time stamps and evidence come after the card was let go. Where they cannot be had the signature, a legal act by then, is not
//! thrown away: the answer carries it at the level that was reached, and says why it is not the one that was asked for.

use std::io::Write;
use std::sync::Arc;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::api::{
    DocumentSource, ErrorCode, MarkRequest, SignDocumentRequest, SignRequest, SignResponse,
    SignedDocument,
};
use paraphe_protocol::pades::VisibleMark;
use paraphe_protocol::signature::{
    Contents, Level, Output, OutputPiece, SignatureFile, SignatureFormat, SigningError,
};
use time::OffsetDateTime;
use time::macros::format_description;

use super::hashing::in_parallel;
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, Source, card_certificate, mandate};
use crate::document_store::{DocumentWriter, Owner};
use crate::mandate::Mandate;
use crate::open_requests::DocumentToSign;
use crate::opened::Opened;
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::signing::{self, AskedSignature, DocumentsAgain, ReadDocument, SignatureChoice};
use crate::token::{Bearer, Token};

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
    let mandate = mandate::named(context, request.mandate.as_deref(), reader, serial)?;
    let token = match &mandate {
        Some(mandate) => mandate.token().clone(),
        None => selection::token(context, Family::Holder, reader, serial)?,
    };
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
            "Cette signature porte sur un seul document ; pour plusieurs : XAdES ou JAdES détachée, ASiC-E ou un lot.",
            "This signature is over one document; for several: detached XAdES or JAdES, ASiC-E or a lot.",
        ));
    }
    let now = card_certificate::now();
    let bearer = token.bearer()?;
    let chain = card_certificate::check_signature(context, &bearer, &certificate, now)?;
    let mut documents = read(context, &request.documents, &choice)?;
    let described: Vec<_> = documents.iter().map(described).collect();
    let mut again = DocumentsAgain::new(context, &request.documents, &documents);
    let result = begin_result(context, &choice, &documents, &mut again)?;
    let (media_type, extension) = documents.first().map_or(("", ""), |document| {
        choice.file_type(document.media_type, document.extension)
    });
    let mark = request
        .mark
        .as_ref()
        .map(|mark| visible_mark(mark, &choice, &bearer, now))
        .transpose()?;
    let mark = mark.as_ref();
    let prepared = signing::prepare(&choice, &certificate, &chain, &mut documents, now, mark)?;
    let to_be_signed = prepared.to_be_signed();
    let value = match &mandate {
        Some(mandate) => sign_under(context, mandate, &choice, &documents, to_be_signed)?,
        None => ask_and_sign(context, &token, &choice, request, to_be_signed)?,
    };
    let mut file = prepared.complete(&value)?;
    let raised = raise(
        context,
        file.as_mut(),
        choice.level,
        &certificate,
        &mut again,
    );
    let level = file.level();
    let level_problem = raised.err().map(|failure| {
        tracing::warn!(
            code = failure.code().name(),
            "a signature stays below its level"
        );
        below(failure, level, choice.level).into_problem(context.language)
    });
    let signature = keep(context, result, &file.finish()?)?;
    let (signer, structure) = bearer.into_parts();
    Ok(SignResponse {
        format: choice.format,
        packaging: choice.packaging,
        level,
        level_problem,
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
    let documents = request.documents.iter().map(|document| DocumentToSign {
        title: document.name.clone(),
        source: document.source.clone(),
        media_type: document.media_type.clone(),
    });
    let signature = PinDialogue::new(context, token, purpose)?
        .about(documents)
        .run(context, move |token| token.sign_document(algorithm, &bytes))?;
    Ok(signature.as_bytes().to_vec())
}

/// The mark as the PDF gets it.
fn visible_mark(
    asked: &MarkRequest,
    choice: &SignatureChoice,
    bearer: &Bearer,
    now: UnixTime,
) -> Result<VisibleMark, Failure> {
    if choice.format != SignatureFormat::Pades {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            "Une marque visible demande le format pades.",
            "A visible mark needs the format pades.",
        ));
    }
    let page = asked.page.checked_sub(1).ok_or_else(|| {
        Failure::new(ErrorCode::RequestInvalid).with_technical_detail("pages are counted from 1")
    })?;
    let lines = if asked.lines.is_empty() {
        let form = format_description!("le [day]/[month]/[year] à [hour]:[minute] UTC");
        let time = OffsetDateTime::from_unix_timestamp(now.0).ok();
        let time = time.and_then(|time| time.format(form).ok());
        let by = format!("Signé par {}", bearer.display_name());
        std::iter::once(by).chain(time).collect()
    } else {
        asked.lines.clone()
    };
    Ok(VisibleMark {
        page: usize::try_from(page).unwrap_or(usize::MAX),
        left: asked.left.into(),
        bottom: asked.bottom.into(),
        width: asked.width.into(),
        height: asked.height.into(),
        lines,
    })
}

/// Signs under a mandate that allows these very documents.
fn sign_under(
    context: &Context<'_>,
    mandate: &Arc<Mandate>,
    choice: &SignatureChoice,
    documents: &[ReadDocument],
    to_be_signed: &[u8],
) -> Result<Vec<u8>, Failure> {
    let digests: Vec<_> = documents.iter().map(|document| document.sha256).collect();
    let permit = mandate.permit(&digests)?;
    let (algorithm, bytes) = (choice.algorithm, to_be_signed.to_vec());
    let signature = mandate.sign(context.agent, permit, move |token| {
        token.sign_document(algorithm, &bytes)
    })?;
    Ok(signature.as_bytes().to_vec())
}

fn raise(
    context: &Context<'_>,
    file: &mut dyn SignatureFile,
    level: Level,
    signer: &Certificate,
    documents: &mut DocumentsAgain<'_, '_>,
) -> Result<(), Failure> {
    if level > file.level() {
        let store = context.agent.trust.load()?;
        let now = card_certificate::now();
        let evidence = &context.agent.evidence;
        evidence.raise(file, level, signer, &store, documents, now)?;
    }
    Ok(())
}

/// What keeps a signature below its level, as a person is told.
fn below(failure: Failure, reached: Level, asked: Level) -> Failure {
    let (reached, asked) = (reached.name(), asked.name());
    failure.about(
        &format!("La signature est faite et tient au niveau {reached} ; le niveau {asked} n'est pas atteint."),
        &format!("The signature is made and holds at level {reached}; level {asked} was not reached."),
    )
}

/// The result's beginning, before anybody is asked: where the signature stands behind the document, the bytes that are hashed; in a
/// container all documents, read once more because they are not held, and compared with what was hashed.
fn begin_result(
    context: &Context<'_>,
    choice: &SignatureChoice,
    documents: &[ReadDocument],
    again: &mut dyn Contents,
) -> Result<DocumentWriter, Failure> {
    let mut writer = context.agent.documents.writer_of_at_most(u64::MAX)?;
    if choice.format == SignatureFormat::AsicE {
        for piece in signing::container_beginning(documents)? {
            let mut failed = None;
            let mut write = |bytes: &[u8]| {
                if failed.is_none() {
                    failed = writer.write_all(bytes).err();
                }
            };
            let read = match &piece {
                OutputPiece::Bytes(bytes) => {
                    write(bytes);
                    Ok(())
                }
                OutputPiece::Document(index) => again.read(*index, &mut write),
            };
            if let Some(error) = failed {
                return Err(writer.error(error).into());
            }
            read.map_err(SigningError::from)?;
        }
    }
    if choice.appends()
        && let Some(content) = documents.first().and_then(|first| first.content.as_ref())
    {
        let written = writer.write_all(content);
        written.map_err(|error| writer.error(error))?;
    }
    Ok(writer)
}

/// Puts the file in the caller's hands.
fn keep(
    context: &Context<'_>,
    mut writer: DocumentWriter,
    output: &Output,
) -> Result<DocumentSource, Failure> {
    let bytes = match output {
        Output::Whole(bytes) | Output::Appended(bytes) => bytes,
        // Everything up to the last document stands there already.
        Output::Container(pieces) => match pieces.last() {
            Some(OutputPiece::Bytes(bytes)) => bytes,
            _ => return Err(ErrorCode::Internal.into()),
        },
    };
    let written = writer.write_all(bytes);
    written.map_err(|error| writer.error(error))?;
    let store = &context.agent.documents;
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
