//! A document on its way: hashed, measured, and checked for what it claims to be, chunk by chunk.
//!
//! Content and declared type must agree. Refused: nothing, or too much; an unknown format; a PDF
//! whose header is not at its start (readers look for it in the first kilobyte, other programs do
//! not); a file that ends too early; text that is not UTF-8; active content.

use super::active::{ActiveContent, ActiveScanner};
use super::format::DocumentFormat;
use super::text::{TextProblem, TextScanner};
use crate::digest::{Sha256Digest, Sha256Hasher};

/// Bytes in which PDF readers look for the header.
const PDF_HEADER_WINDOW: usize = 1024;
/// Bytes at the end in which a PDF has its end mark.
const PDF_END_WINDOW: usize = 1024;
/// Bytes that decide the format.
const MAGIC_BYTES: usize = 8;

/// Bytes hashed and looked at together: they are still in the processor's nearest cache the second time.
const PIECE: usize = 8 << 10;

/// Bounds of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Most bytes.
    pub max_bytes: u64,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self {
            max_bytes: 50 * 1024 * 1024,
        }
    }
}

/// A document that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InspectedDocument {
    /// What it is.
    pub format: DocumentFormat,
    /// Its length in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
}

/// Why a document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// No byte at all.
    #[error("the document is empty")]
    Empty,
    /// Too many bytes.
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// Neither of the five formats.
    #[error("the document is neither PDF, text, RTF, JPEG nor TIFF")]
    UnknownFormat,
    /// Another format than declared.
    #[error("the document was declared as {declared} and is {found}")]
    FormatMismatch {
        /// What was declared.
        declared: DocumentFormat,
        /// What the content is.
        found: DocumentFormat,
    },
    /// A PDF header further on than the first byte: two files in one.
    #[error("the document holds the start of a PDF at byte {at}: it could be read as two things")]
    Polyglot {
        /// Offset of the header.
        at: usize,
    },
    /// The end of the file is missing.
    #[error("the {format} document is cut off")]
    Truncated {
        /// What it is.
        format: DocumentFormat,
    },
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8 at byte {at}: convert it from its own encoding first")]
    TextEncoding {
        /// Offset of the byte.
        at: u64,
    },
    /// Text with a NUL or another control character.
    #[error("the text holds a control character at byte {at}")]
    ControlCharacter {
        /// Offset of the byte.
        at: u64,
    },
    /// Something that acts when the document is opened.
    #[error("the document holds {kind}")]
    ActiveContent {
        /// What it is.
        kind: ActiveContent,
    },
}

/// Takes a document chunk by chunk. Memory does not depend on the document's size.
#[derive(Debug)]
pub struct Inspector {
    declared: Option<DocumentFormat>,
    limits: DocumentLimits,
    hasher: Sha256Hasher,
    size: u64,
    /// The first bytes: all that decides the format, and the window of a second PDF header.
    head: Vec<u8>,
    /// The last bytes.
    tail: Vec<u8>,
    content: Option<Content>,
}

#[derive(Debug)]
enum Content {
    Pdf(ActiveScanner),
    Rtf(ActiveScanner),
    Text(TextScanner, ActiveScanner),
    Jpeg,
    Tiff,
}

impl Inspector {
    /// Starts on a document, with its declared type where there is one.
    #[must_use]
    pub fn new(declared: Option<DocumentFormat>, limits: DocumentLimits) -> Self {
        Self {
            declared,
            limits,
            hasher: Sha256Hasher::new(),
            size: 0,
            head: Vec::new(),
            tail: Vec::new(),
            content: None,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`DocumentError`]; the inspector is of no use after one.
    pub fn update(&mut self, chunk: &[u8]) -> Result<(), DocumentError> {
        self.measure(chunk)?;
        for piece in chunk.chunks(PIECE) {
            self.hasher.update(piece);
            self.inspect(piece)?;
        }
        Ok(())
    }

    /// Takes the next bytes of two documents, which takes less time than one after the other.
    ///
    /// # Errors
    /// [`DocumentError`] of either; that inspector is of no use after one, the other is.
    pub fn update_both(
        first: &mut Self,
        first_chunk: &[u8],
        second: &mut Self,
        second_chunk: &[u8],
    ) -> [Result<(), DocumentError>; 2] {
        let mut results = [first.measure(first_chunk), second.measure(second_chunk)];
        let mut first_pieces = first_chunk.chunks(PIECE);
        let mut second_pieces = second_chunk.chunks(PIECE);
        loop {
            let pieces = (first_pieces.next(), second_pieces.next());
            if pieces == (None, None) {
                return results;
            }
            let (one, other) = (pieces.0.unwrap_or_default(), pieces.1.unwrap_or_default());
            Sha256Hasher::update_both(&mut first.hasher, one, &mut second.hasher, other);
            let [first_result, second_result] = &mut results;
            for (result, inspector, piece) in [
                (first_result, &mut *first, one),
                (second_result, &mut *second, other),
            ] {
                if result.is_ok() {
                    *result = inspector.inspect(piece);
                }
            }
            if results.iter().all(Result::is_err) {
                return results;
            }
        }
    }

    fn measure(&mut self, chunk: &[u8]) -> Result<(), DocumentError> {
        self.size = self.size.saturating_add(chunk.len() as u64);
        if self.size > self.limits.max_bytes {
            return Err(DocumentError::TooLarge {
                limit: self.limits.max_bytes,
            });
        }
        self.keep_tail(chunk);
        Ok(())
    }

    fn inspect(&mut self, chunk: &[u8]) -> Result<(), DocumentError> {
        let room = (PDF_HEADER_WINDOW + MAGIC_BYTES).saturating_sub(self.head.len());
        let kept = chunk.get(..room).unwrap_or(chunk);
        self.head.extend_from_slice(kept);
        match &mut self.content {
            Some(content) => content.update(chunk),
            // Too short to decide: what is kept is all there was so far.
            None if self.head.len() < MAGIC_BYTES => Ok(()),
            None => {
                let before = self.head.len() - kept.len();
                let first = self.head.get(..before).unwrap_or_default().to_vec();
                let content = self.decide()?;
                let content = self.content.insert(content);
                content.update(&first)?;
                content.update(chunk)
            }
        }
    }

    /// What the document is by its beginning, once enough of it was seen; also after an error.
    #[must_use]
    pub fn format(&self) -> Option<DocumentFormat> {
        self.content.as_ref().map(Content::format)
    }

    /// Ends the document.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn finish(mut self) -> Result<InspectedDocument, DocumentError> {
        if self.size == 0 {
            return Err(DocumentError::Empty);
        }
        let mut content = match self.content.take() {
            Some(content) => content,
            None => {
                let mut content = self.decide()?;
                content.update(&self.head)?;
                content
            }
        };
        content.finish()?;
        let format = content.format();
        self.check_second_header()?;
        self.check_end(format)?;
        Ok(InspectedDocument {
            format,
            size: self.size,
            sha256: self.hasher.finish(),
        })
    }

    /// Looks at the first bytes only, so that the outcome does not depend on the first chunk.
    fn decide(&self) -> Result<Content, DocumentError> {
        let first = self.head.get(..MAGIC_BYTES).unwrap_or(&self.head);
        let found = match DocumentFormat::of_magic(first) {
            Some(found) => found,
            None if TextScanner::default().update(first).is_ok() => DocumentFormat::Text,
            // Declared as text, it is told where it is not; otherwise it is nothing that we know.
            None if self.declared == Some(DocumentFormat::Text) => DocumentFormat::Text,
            None => return Err(DocumentError::UnknownFormat),
        };
        if let Some(declared) = self.declared.filter(|declared| *declared != found) {
            return Err(DocumentError::FormatMismatch { declared, found });
        }
        Ok(match found {
            DocumentFormat::Pdf => Content::Pdf(ActiveScanner::pdf()),
            DocumentFormat::Rtf => Content::Rtf(ActiveScanner::rtf()),
            DocumentFormat::Text => Content::Text(TextScanner::default(), ActiveScanner::text()),
            DocumentFormat::Jpeg => Content::Jpeg,
            DocumentFormat::Tiff => Content::Tiff,
        })
    }

    fn keep_tail(&mut self, chunk: &[u8]) {
        if let Some(end) = chunk.len().checked_sub(PDF_END_WINDOW) {
            self.tail.clear();
            self.tail
                .extend_from_slice(chunk.get(end..).unwrap_or_default());
        } else {
            let excess = (self.tail.len() + chunk.len()).saturating_sub(PDF_END_WINDOW);
            self.tail.drain(..excess);
            self.tail.extend_from_slice(chunk);
        }
    }

    fn check_second_header(&self) -> Result<(), DocumentError> {
        let later = self.head.get(1..).unwrap_or_default();
        match memchr::memmem::find(later, b"%PDF-") {
            Some(position) => Err(DocumentError::Polyglot { at: position + 1 }),
            None => Ok(()),
        }
    }

    fn check_end(&self, format: DocumentFormat) -> Result<(), DocumentError> {
        let trimmed = self
            .tail
            .iter()
            .rposition(|byte| !matches!(byte, 0 | b' ' | b'\t' | b'\r' | b'\n'))
            .and_then(|last| self.tail.get(..=last))
            .unwrap_or_default();
        let complete = match format {
            DocumentFormat::Pdf => memchr::memmem::find(&self.tail, b"%%EOF").is_some(),
            DocumentFormat::Rtf => trimmed.ends_with(b"}"),
            DocumentFormat::Jpeg => trimmed.ends_with(&[0xff, 0xd9]),
            DocumentFormat::Tiff | DocumentFormat::Text => true,
        };
        if complete {
            Ok(())
        } else {
            Err(DocumentError::Truncated { format })
        }
    }
}

impl Content {
    fn format(&self) -> DocumentFormat {
        match self {
            Self::Pdf(_) => DocumentFormat::Pdf,
            Self::Rtf(_) => DocumentFormat::Rtf,
            Self::Text(..) => DocumentFormat::Text,
            Self::Jpeg => DocumentFormat::Jpeg,
            Self::Tiff => DocumentFormat::Tiff,
        }
    }

    fn update(&mut self, chunk: &[u8]) -> Result<(), DocumentError> {
        match self {
            Self::Pdf(active) | Self::Rtf(active) => Ok(active.update(chunk)?),
            Self::Text(text, active) => {
                text.update(chunk)?;
                Ok(active.update(chunk)?)
            }
            Self::Jpeg | Self::Tiff => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<(), DocumentError> {
        match self {
            Self::Pdf(active) | Self::Rtf(active) => Ok(active.finish()?),
            Self::Text(text, active) => {
                text.finish()?;
                Ok(active.finish()?)
            }
            Self::Jpeg | Self::Tiff => Ok(()),
        }
    }
}

impl From<ActiveContent> for DocumentError {
    fn from(kind: ActiveContent) -> Self {
        Self::ActiveContent { kind }
    }
}

impl From<TextProblem> for DocumentError {
    fn from(problem: TextProblem) -> Self {
        match problem {
            TextProblem::Encoding { at } => Self::TextEncoding { at },
            TextProblem::Control { at } => Self::ControlCharacter { at },
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
