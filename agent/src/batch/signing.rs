//! How one item becomes a signature file: the narrow seam between the engine, which knows no format, and the formats
//! (`crate::signing`), which know no card and no journal. Laying out is repeatable: the same document, signer, choice and signing
//! time give the same bytes.

use std::path::Path;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{BatchChoice, DocumentSource, SignDocumentRequest};
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use paraphe_protocol::signature::{
    Contents, ContentsError, Level, Output, PreparedSignature, SignatureFormat,
};

use super::record::Item;
use crate::config::Limits;
use crate::operation::{Source, now};
use crate::problem::Failure;
use crate::service::Inner;
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
    pub(super) fn check(agent: &Inner, choice: BatchChoice) -> Result<(), Failure> {
        let algorithm = choice
            .algorithm
            .unwrap_or(SignatureAlgorithm::RsaPkcs1Sha256);
        decided(choice, algorithm, agent.evidence.has_time_stamps()).map(|_| ())
    }

    /// Everything about an item's signature, with what the token does.
    pub(super) fn choice(
        &self,
        agent: &Inner,
        asked: BatchChoice,
    ) -> Result<SignatureChoice, Failure> {
        let algorithm = self.token.document_algorithm(asked.algorithm)?;
        decided(asked, algorithm, agent.evidence.has_time_stamps())
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
            sha256: None,
        };
        let read = ReadDocument::read(document, &request, choice, limits, buffer)?;
        let document = read.sha256;
        let signature = signing::prepare(
            choice,
            &self.certificate,
            &self.chain,
            &mut [read],
            signing_time,
            None,
        )?;
        Ok(PreparedItem {
            signature,
            document,
        })
    }

    /// Makes the result of a laid-out item and its signature's value, at the level that was asked for. `contents` gives the document
    /// once more.
    pub(super) fn complete(
        &self,
        agent: &Inner,
        signature: Box<dyn PreparedSignature>,
        value: &[u8],
        level: Level,
        contents: &mut dyn Contents,
    ) -> Result<Output, Failure> {
        let mut file = signature.complete(value)?;
        if level > Level::B {
            let store = agent.trust.load()?;
            let evidence = &agent.evidence;
            evidence.raise(
                file.as_mut(),
                level,
                &self.certificate,
                &store,
                contents,
                now(),
            )?;
        }
        Ok(file.finish()?)
    }
}

/// An item's document, read once more; it must still be what was signed.
pub(super) struct DocumentAgain<Open> {
    pub(super) open: Open,
    pub(super) sha256: Sha256Digest,
}

impl<Open: Fn() -> Result<Source, Failure>> Contents for DocumentAgain<Open> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let failed = |cause: &str| ContentsError {
            index,
            cause: cause.to_owned(),
        };
        let of_failure = |failure: Failure| failed(failure.code().name());
        if index > 0 {
            return Err(failed("there is no such document"));
        }
        let mut hasher = Sha256Hasher::new();
        let source = (self.open)().map_err(of_failure)?;
        let read = source.read_through(&mut Vec::new(), |bytes| {
            hasher.update(bytes);
            piece(bytes);
            Ok(())
        });
        read.map_err(of_failure)?;
        if hasher.finish() == self.sha256 {
            Ok(())
        } else {
            Err(failed("it is no longer what was signed"))
        }
    }
}

/// What the result's file name ends with, by what was asked for alone: the document's own where the signature is inside.
pub(super) fn extension(item: &Item) -> Result<String, Failure> {
    let choice = decided(item.choice, SignatureAlgorithm::RsaPkcs1Sha256, true)?;
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

fn decided(
    asked: BatchChoice,
    algorithm: SignatureAlgorithm,
    has_time_stamps: bool,
) -> Result<SignatureChoice, Failure> {
    AskedSignature {
        format: asked.format.unwrap_or(SignatureFormat::Cades),
        packaging: asked.packaging,
        level: asked.level,
    }
    .decide(algorithm, has_time_stamps)
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
