//! How one item becomes a signature file: the narrow seam between the engine, which knows no format, and the formats
//! (`crate::signing`), which know no card and no journal. Laying out is repeatable: the same document, signer, choice and signing
//! time give the same bytes.

use std::path::Path;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{BatchChoice, DocumentSource, SignDocumentRequest};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::signature::{Output, PreparedSignature, SignatureFormat};

use super::record::Item;
use crate::config::Limits;
use crate::operation::Source;
use crate::problem::Failure;
use crate::signing::{self, AskedSignature, ReadDocument, SignatureChoice};
use crate::token::Token;

/// Longest name that the formats take, characters.
const MAXIMUM_NAME: usize = 128;

/// Who signs a batch.
#[derive(Debug)]
pub(super) struct BatchSigner {
    pub(super) token: Token,
    pub(super) certificate: Certificate,
    pub(super) chain: Vec<Certificate>,
}

/// An item that is laid out.
#[derive(Debug)]
pub(super) struct PreparedItem {
    pub(super) signature: Box<dyn PreparedSignature>,
    /// Of the document's bytes that were laid out.
    pub(super) document: Sha256Digest,
}

impl BatchSigner {
    /// Refuses what no item could be signed as, whoever signs; asked when a batch is started.
    pub(super) fn check(choice: BatchChoice) -> Result<(), Failure> {
        let algorithm = choice
            .algorithm
            .unwrap_or(SignatureAlgorithm::RsaPkcs1Sha256);
        decided(choice, algorithm).map(|_| ())
    }

    /// Everything about an item's signature, with what the token does.
    pub(super) fn choice(&self, asked: BatchChoice) -> Result<SignatureChoice, Failure> {
        decided(asked, self.token.document_algorithm(asked.algorithm)?)
    }

    /// Bytes that a laid-out item keeps in memory of a document of this size.
    pub(super) fn weight(choice: &SignatureChoice, size: u64) -> u64 {
        if choice.embeds() { size } else { 0 }
    }

    /// Reads a document once and lays its signature out.
    pub(super) fn prepare(
        &self,
        document: Source,
        item: &Item,
        choice: &SignatureChoice,
        limits: &Limits,
        buffer: &mut Vec<u8>,
        signing_time: UnixTime,
    ) -> Result<PreparedItem, Failure> {
        let request = SignDocumentRequest {
            source: DocumentSource::Path(item.path.clone()),
            name: name(item),
            media_type: None,
        };
        let read = ReadDocument::read(document, &request, choice, limits, buffer)?;
        let document = read.sha256;
        let signature = signing::prepare(
            choice,
            &self.certificate,
            &self.chain,
            &mut [read],
            signing_time,
        )?;
        Ok(PreparedItem {
            signature,
            document,
        })
    }

    /// Makes the result of a laid-out item and its signature's value.
    pub(super) fn complete(
        signature: Box<dyn PreparedSignature>,
        value: &[u8],
    ) -> Result<Output, Failure> {
        Ok(signature.complete(value)?.finish()?)
    }
}

/// What the result's file name ends with, by what was asked for alone: the document's own where the signature is inside.
pub(super) fn extension(item: &Item) -> Result<String, Failure> {
    let choice = decided(item.choice, SignatureAlgorithm::RsaPkcs1Sha256)?;
    Ok(match choice.file_type("", "").1 {
        "" => match Path::new(&item.path)
            .extension()
            .and_then(|text| text.to_str())
        {
            Some(own) => format!("signed.{own}"),
            None => "signed".to_owned(),
        },
        other => other.to_owned(),
    })
}

fn decided(asked: BatchChoice, algorithm: SignatureAlgorithm) -> Result<SignatureChoice, Failure> {
    AskedSignature {
        format: asked.format.unwrap_or(SignatureFormat::Cades),
        packaging: asked.packaging,
        level: asked.level,
    }
    .decide(algorithm, false)
}

/// The name under which the formats know the document: that of its file.
fn name(item: &Item) -> String {
    let given = match &item.title {
        Some(title) if item.copied => title.as_str(),
        _ => Path::new(&item.path)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default(),
    };
    let name: String = given
        .chars()
        .filter(|character| !character.is_control() && !matches!(character, '/' | '\\'))
        .take(MAXIMUM_NAME)
        .collect();
    if name.trim().is_empty() {
        format!("document-{}", item.item)
    } else {
        name
    }
}
