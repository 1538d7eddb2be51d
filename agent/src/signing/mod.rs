//! From documents and a choice of format to a signature file: the one place that knows every format. Whoever holds the key (one
//! PIN entry for one signature, a mandate, a batch) goes through the same three steps of [`paraphe_protocol::signature`].
//! A format is one arm in [`prepare`]. Nothing here talks to a token or asks anybody.

mod choice;
mod document;
mod documents_again;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::asic::ContainedDocument;
use paraphe_protocol::pades::{PadesOptions, VisibleMark};
use paraphe_protocol::signature::{
    DetachedDocument, OutputPiece, Packaging, PreparedSignature, SignatureFormat, Signer,
};
use paraphe_protocol::xades::{EmbeddedForm, XadesParameters};
use paraphe_protocol::{asic, cades, jades, pades, xades};

pub(crate) use choice::{AskedSignature, SignatureChoice};
pub(crate) use document::{MAXIMUM_HELD_BYTES, ReadDocument, XML, check_shown, is_xml};
pub(crate) use documents_again::DocumentsAgain;

use crate::problem::Failure;

/// Lays the signature of these documents out.
pub(crate) fn prepare(
    choice: &SignatureChoice,
    certificate: &Certificate,
    chain: &[Certificate],
    documents: &mut [ReadDocument],
    signing_time: UnixTime,
    mark: Option<&VisibleMark>,
) -> Result<Box<dyn PreparedSignature>, Failure> {
    let signer = Signer {
        certificate,
        chain,
        algorithm: choice.algorithm,
        signing_time,
    };
    let xades_parameters = XadesParameters {
        signer,
        digest: choice.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    };
    if choice.format == SignatureFormat::AsicE {
        return Ok(asic::prepare(contained(documents)?, &xades_parameters)?);
    }
    if choice.takes_several() {
        let documents: Vec<_> = documents.iter().map(detached).collect();
        let prepared = match choice.format {
            SignatureFormat::Jades => jades::prepare_detached(&documents, &signer),
            _ => xades::prepare_detached(&documents, &xades_parameters),
        };
        return Ok(prepared?);
    }
    let first = documents.first_mut().ok_or(ErrorCode::LotEmpty)?;
    let mut content = || first.content.take().ok_or(ErrorCode::Internal);
    let prepared = match (choice.format, choice.packaging) {
        (SignatureFormat::Cades, Packaging::Detached) => {
            cades::prepare_detached(&first.digest, &signer)
        }
        (SignatureFormat::Cades, Packaging::Enveloping) => {
            cades::prepare_attached(content()?, &signer)
        }
        (SignatureFormat::Jades, Packaging::Enveloping) => {
            let media_type = first.media_type;
            let content = first.content.take().ok_or(ErrorCode::Internal)?;
            jades::prepare_attached(&content, media_type, &signer)
        }
        (SignatureFormat::Xades, Packaging::Enveloping) => {
            let form = match first.is_xml() {
                true => EmbeddedForm::Xml,
                false => EmbeddedForm::Base64,
            };
            let media_type = first.media_type;
            let content = first.content.take().ok_or(ErrorCode::Internal)?;
            xades::prepare_enveloping(&content, media_type, form, &xades_parameters)
        }
        (SignatureFormat::Xades, Packaging::Enveloped) => {
            xades::prepare_enveloped(&content()?, &xades_parameters)
        }
        (SignatureFormat::Pades, _) => {
            let options = PadesOptions {
                level: Some(choice.level),
                mark,
                ..PadesOptions::default()
            };
            pades::prepare(&content()?, &signer, &options)
        }
        // Refused when the choice was decided.
        _ => return Err(ErrorCode::Internal.into()),
    };
    Ok(prepared?)
}

/// What a container of these documents begins with, whatever its signature will be.
pub(crate) fn container_beginning(documents: &[ReadDocument]) -> Result<Vec<OutputPiece>, Failure> {
    Ok(asic::beginning(&contained(documents)?)?)
}

fn contained(documents: &[ReadDocument]) -> Result<Vec<ContainedDocument>, Failure> {
    let contained = documents.iter().map(|document| {
        Some(ContainedDocument {
            document: detached(document),
            size: document.size,
            crc32: document.crc32?,
        })
    });
    let contained: Option<_> = contained.collect();
    Ok(contained.ok_or(ErrorCode::Internal)?)
}

fn detached(document: &ReadDocument) -> DetachedDocument {
    DetachedDocument {
        name: document.name.clone(),
        media_type: document.media_type.to_owned(),
        digest: document.digest.clone(),
    }
}
