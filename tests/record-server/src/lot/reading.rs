//! What a document is, while it arrives: hashed, counted, and, for the five formats of the shared record, inspected by
//! `paraphe_protocol::document` against its announced media type. CDA (`text/xml`) is hashed and counted only: it is an
//! XML file that a viewer must treat as such.

use paraphe_protocol::digest::Sha256Hasher;
use paraphe_protocol::document::{DocumentError, DocumentFormat, DocumentLimits, Inspector};

use super::staging::Received;
use crate::problem::{Code, Refusal};

/// A document that is arriving.
pub(super) enum Reading {
    Inspected(Box<Inspector>),
    Hashed {
        hasher: Sha256Hasher,
        size: u64,
        maximum: u64,
    },
}

impl Reading {
    pub(super) fn new(media_type: &str, maximum: u64) -> Self {
        match media_type.parse::<DocumentFormat>() {
            Ok(format) => {
                let limits = DocumentLimits { max_bytes: maximum };
                Self::Inspected(Box::new(Inspector::new(Some(format), limits)))
            }
            Err(_) => Self::Hashed {
                hasher: Sha256Hasher::new(),
                size: 0,
                maximum,
            },
        }
    }

    pub(super) fn update(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Inspected(inspector) => inspector.update(piece).map_err(refusal),
            Self::Hashed {
                hasher,
                size,
                maximum,
            } => {
                *size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if *size > *maximum {
                    return Err(Code::DocumentTooLarge.into());
                }
                hasher.update(piece);
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<Received, Refusal> {
        match self {
            Self::Inspected(inspector) => {
                let document = inspector.finish().map_err(refusal)?;
                Ok(Received {
                    size: document.size,
                    sha256: *document.sha256.as_bytes(),
                })
            }
            Self::Hashed { size: 0, .. } => Err(Code::DocumentEmpty.into()),
            Self::Hashed { hasher, size, .. } => Ok(Received {
                size,
                sha256: *hasher.finish().as_bytes(),
            }),
        }
    }
}

fn refusal(error: DocumentError) -> Refusal {
    let code = match error {
        DocumentError::Empty => Code::DocumentEmpty,
        DocumentError::TooLarge { .. } => Code::DocumentTooLarge,
        DocumentError::ActiveContent { .. } => Code::DocumentActiveContent,
        _ => Code::DocumentFormat,
    };
    Refusal::new(code).because(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Reading;
    use crate::problem::Code;

    fn read(media_type: &str, bytes: &[u8]) -> Result<u64, Code> {
        let mut reading = Reading::new(media_type, 1_000);
        for piece in bytes.chunks(7) {
            reading.update(piece).map_err(|refusal| refusal.code)?;
        }
        reading
            .finish()
            .map(|received| received.size)
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn content_agrees_with_the_announced_type() {
        assert_eq!(read("text/plain", "Température\n".as_bytes()), Ok(13));
        assert_eq!(read("text/rtf", b"{\\rtf1 essai}"), Ok(13));
        assert_eq!(read("application/rtf", b"{\\rtf1 essai}"), Ok(13));
        assert_eq!(read("text/xml", b"<ClinicalDocument/>"), Ok(19));
        assert_eq!(
            read("application/pdf", b"du texte"),
            Err(Code::DocumentFormat)
        );
        assert_eq!(
            read("text/plain", b"{\\rtf1 essai}"),
            Err(Code::DocumentFormat)
        );
        assert_eq!(read("text/plain", b"\xff\xfe"), Err(Code::DocumentFormat));
        for media_type in ["text/plain", "text/xml"] {
            assert_eq!(read(media_type, b""), Err(Code::DocumentEmpty));
            assert_eq!(
                read(media_type, &[b'a'; 1_001]),
                Err(Code::DocumentTooLarge)
            );
            assert_eq!(read(media_type, &[b'a'; 1_000]), Ok(1_000));
        }
        let script = b"{\\rtf1 {\\object\\objdata 00}}";
        assert_eq!(read("text/rtf", script), Err(Code::DocumentActiveContent));
    }
}
