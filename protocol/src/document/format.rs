//! The document formats of the record, with their names in each vocabulary.
//!
//! Media types and format codes of CI-SIS "structuration minimale" section 3.7.2 and value set
//! JDV_J10. Refused: every other media type; parameters other than `charset=utf-8` on text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A format that the record takes. JSON: its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum DocumentFormat {
    /// PDF (the record asks for PDF/A-1, which is not checked here).
    Pdf,
    /// Plain text in UTF-8.
    Text,
    /// Rich Text Format.
    Rtf,
    /// JPEG.
    Jpeg,
    /// TIFF.
    Tiff,
}

/// A media type that the record does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a media type of the record: PDF, plain text, RTF, JPEG or TIFF")]
pub struct UnknownMediaType;

impl DocumentFormat {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Pdf, Self::Text, Self::Rtf, Self::Jpeg, Self::Tiff];

    /// Media type, as in CDA and in metadata.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain",
            Self::Rtf => "text/rtf",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
        }
    }

    /// Format code of the CDA that carries such a document (scheme 1.3.6.1.4.1.19376.1.2.3).
    #[must_use]
    pub fn format_code(self) -> &'static str {
        match self {
            Self::Pdf => "urn:ihe:iti:xds-sd:pdf:2008",
            Self::Text => "urn:ihe:iti:xds-sd:text:2008",
            Self::Rtf => "urn:ihe:iti-fr:xds-sd:rtf:2010",
            Self::Jpeg => "urn:ihe:iti-fr:xds-sd:jpeg:2010",
            Self::Tiff => "urn:ihe:iti-fr:xds-sd:tiff:2010",
        }
    }

    /// Usual file extension, without dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Text => "txt",
            Self::Rtf => "rtf",
            Self::Jpeg => "jpg",
            Self::Tiff => "tiff",
        }
    }

    /// The format that the first bytes of a file announce, if it is one of ours and not text, which
    /// announces nothing.
    pub(super) fn of_magic(head: &[u8]) -> Option<Self> {
        match head {
            [b'%', b'P', b'D', b'F', b'-', b'1' | b'2', b'.', ..] => Some(Self::Pdf),
            [b'{', b'\\', b'r', b't', b'f', ..] => Some(Self::Rtf),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => Some(Self::Tiff),
            _ => None,
        }
    }
}

impl FromStr for DocumentFormat {
    type Err = UnknownMediaType;

    fn from_str(media_type: &str) -> Result<Self, UnknownMediaType> {
        let lower = media_type.trim().to_ascii_lowercase();
        match lower.as_str() {
            "application/pdf" => Ok(Self::Pdf),
            "text/plain" | "text/plain;charset=utf-8" | "text/plain; charset=utf-8" => {
                Ok(Self::Text)
            }
            "text/rtf" | "application/rtf" => Ok(Self::Rtf),
            "image/jpeg" => Ok(Self::Jpeg),
            "image/tiff" => Ok(Self::Tiff),
            _ => Err(UnknownMediaType),
        }
    }
}

impl TryFrom<String> for DocumentFormat {
    type Error = UnknownMediaType;

    fn try_from(media_type: String) -> Result<Self, UnknownMediaType> {
        media_type.parse()
    }
}

impl From<DocumentFormat> for String {
    fn from(format: DocumentFormat) -> Self {
        format.media_type().to_owned()
    }
}

impl fmt::Display for DocumentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.media_type())
    }
}
