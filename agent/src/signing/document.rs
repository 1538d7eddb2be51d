//! A document on its way into a signature, read exactly once: what it is, its digest, and its bytes where the signature holds
//! them. The five formats of the record are inspected as for a lot; XML goes through the gate (no DTD, nothing fetched, nothing
//! that would make another document of it). Anything else, and active content, is refused: what cannot be shown is not signed.

use paraphe_protocol::api::{ErrorCode, SignDocumentRequest};
use paraphe_protocol::asic::Checksum;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::document::{DocumentFormat, DocumentLimits, InspectedDocument, Inspector};
use paraphe_protocol::signature::{DigestAlgorithm, SignatureFormat};
use paraphe_protocol::xml::gate;

use super::SignatureChoice;
use crate::config::Limits;
use crate::operation::Source;
use crate::problem::Failure;

/// Longest name, characters.
const MAXIMUM_NAME: usize = 128;
/// Media types of XML (RFC 7303).
const XML_NAMES: [&str; 2] = [XML, "text/xml"];
/// The same, as it is told.
pub(crate) const XML: &str = "application/xml";
/// Largest document that is held in memory: those that a signature embeds, and XML, bytes.
pub(crate) const MAXIMUM_HELD_BYTES: u64 = 64 << 20;

/// A document as it will be signed.
pub(crate) struct ReadDocument {
    /// File name, for the person and for formats that name files.
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    /// Usual extension of its type.
    pub(crate) extension: &'static str,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256Digest,
    /// By the digest of the chosen algorithm.
    pub(crate) digest: Vec<u8>,
    /// Of its bytes, where they go into a container.
    pub(crate) crc32: Option<u32>,
    /// Its bytes, where the signature embeds them; those that were hashed.
    pub(crate) content: Option<Vec<u8>>,
}

impl ReadDocument {
    /// Whether it went through the gate as XML.
    pub(crate) fn is_xml(&self) -> bool {
        self.media_type == XML
    }

    /// Reads a document. `buffer` is kept by the caller so that memory does not grow.
    pub(crate) fn read(
        source: Source,
        request: &SignDocumentRequest,
        choice: &SignatureChoice,
        limits: &Limits,
        buffer: &mut Vec<u8>,
    ) -> Result<Self, Failure> {
        let name = checked_name(&request.name)?;
        let declared = request.media_type.as_deref();
        let digest = choice.algorithm.digest();
        let mut checksum = (choice.format == SignatureFormat::AsicE).then(Checksum::default);
        if is_xml(declared, &name) {
            let content = hold(source, limits, buffer)?;
            gate::parse(&content, &gate::Limits::default()).map_err(|error| {
                Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error)
            })?;
            let sha256 = Sha256Digest::of(&content);
            check_shown(request.sha256, sha256)?;
            if let Some(checksum) = &mut checksum {
                checksum.update(&content);
            }
            return Ok(Self {
                name,
                media_type: XML,
                extension: "xml",
                size: content.len() as u64,
                sha256,
                digest: digest.digest(&content)?,
                crc32: checksum.map(|checksum| checksum.value()),
                content: choice.embeds().then_some(content),
            });
        }
        let declared = declared.map(str::parse::<DocumentFormat>).transpose();
        let declared = declared.map_err(|error| {
            Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error)
        })?;
        let inspector = Inspector::new(
            declared,
            DocumentLimits {
                max_bytes: limits.document_bytes,
            },
        );
        let (found, digest, content) = if choice.embeds() {
            let content = hold(source, limits, buffer)?;
            let found = inspect_held(inspector, &content)?;
            (found, digest.digest(&content)?, Some(content))
        } else {
            let (found, digest) =
                inspect_streamed(inspector, source, digest, checksum.as_mut(), buffer)?;
            (found, digest, None)
        };
        check_shown(request.sha256, found.sha256)?;
        Ok(Self {
            name,
            media_type: found.format.media_type(),
            extension: found.format.extension(),
            size: found.size,
            sha256: found.sha256,
            digest,
            crc32: checksum.map(|checksum| checksum.value()),
            content,
        })
    }
}

/// Whether a document goes through the gate as XML: by its declared type, else by its name.
pub(crate) fn is_xml(declared: Option<&str>, name: &str) -> bool {
    match declared {
        Some(declared) => XML_NAMES.contains(&declared),
        None => name.to_ascii_lowercase().ends_with(".xml"),
    }
}

/// Refuses other bytes than those that the person was shown, where the caller says which.
pub(crate) fn check_shown(shown: Option<Sha256Digest>, found: Sha256Digest) -> Result<(), Failure> {
    if shown.is_none_or(|shown| shown == found) {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::DocumentChanged).with_detail(
        "Ce n'est pas le document qui a été montré.",
        "It is not the document that was shown.",
    ))
}

fn inspect_held(mut inspector: Inspector, content: &[u8]) -> Result<InspectedDocument, Failure> {
    inspector.update(content)?;
    Ok(inspector.finish()?)
}

fn inspect_streamed(
    mut inspector: Inspector,
    source: Source,
    digest: DigestAlgorithm,
    mut checksum: Option<&mut Checksum>,
    buffer: &mut Vec<u8>,
) -> Result<(InspectedDocument, Vec<u8>), Failure> {
    // The inspector computes SHA-256 anyway.
    let mut other = (digest != DigestAlgorithm::Sha256)
        .then(|| digest.hasher())
        .transpose()?;
    let unavailable = |_| Failure::new(ErrorCode::Internal);
    source.read_through(buffer, |piece| {
        inspector.update(piece)?;
        if let Some(checksum) = &mut checksum {
            checksum.update(piece);
        }
        match &mut other {
            Some(hasher) => hasher.update(piece).map_err(unavailable),
            None => Ok(()),
        }
    })?;
    let found = inspector.finish()?;
    let digest = match other {
        Some(mut hasher) => hasher.finish().map_err(unavailable)?.to_vec(),
        None => found.sha256.as_bytes().to_vec(),
    };
    Ok((found, digest))
}

fn hold(source: Source, limits: &Limits, buffer: &mut Vec<u8>) -> Result<Vec<u8>, Failure> {
    let most = limits.document_bytes.min(MAXIMUM_HELD_BYTES);
    if source.size() > most {
        return Err(Failure::new(ErrorCode::DocumentTooLarge).with_detail(
            format!("Au plus {most} octets pour une signature qui contient le document."),
            format!("At most {most} bytes for a signature that holds its document."),
        ));
    }
    let mut content = Vec::with_capacity(usize::try_from(source.size()).unwrap_or_default());
    source.read_through(buffer, |piece| {
        content.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(content)
}

/// A file name: what a person can read on one line, and nothing that leads elsewhere.
fn checked_name(name: &str) -> Result<String, Failure> {
    let good = !name.trim().is_empty()
        && name.chars().count() <= MAXIMUM_NAME
        && !name.chars().any(|character| {
            character.is_control() || matches!(character, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        && name != "."
        && name != "..";
    if good {
        Ok(name.to_owned())
    } else {
        Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            format!("Un nom de document a 1 à {MAXIMUM_NAME} caractères, sans chemin ni caractère de commande."),
            format!("A document's name has 1 to {MAXIMUM_NAME} characters, no path and no control character."),
        ))
    }
}

impl std::fmt::Debug for ReadDocument {
    /// Neither name nor content.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ReadDocument")
            .field("media_type", &self.media_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
