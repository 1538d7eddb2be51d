//! A ZIP file laid out entry by entry (PKWARE APPNOTE 4.3): stored, with sizes and CRC in every header and nothing optional, so that
//! `mimetype` stands where tools look for it and every byte is known. Documents are named by their number; whoever writes the file
//! puts their bytes there.

use super::MIMETYPE;
use crate::signature::{OutputPiece, SigningError};

/// Names in UTF-8 (general purpose bit 11).
const UTF8: u16 = 1 << 11;
/// Version 2.0: stored entries, directories.
const VERSION: u16 = 20;
/// 1 January 1980, the first date that there is: a container says when it was signed, not when its files were written.
const DATE: u16 = 0x0021;

/// CRC-32 of what becomes an entry, piece by piece (IEEE 802.3).
#[derive(Debug, Default)]
pub struct Checksum(flate2::Crc);

impl Checksum {
    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Of everything so far.
    #[must_use]
    pub fn value(&self) -> u32 {
        self.0.sum()
    }
}

/// What a header says of an entry.
struct Header {
    name: String,
    crc32: u32,
    size: u32,
    offset: u32,
}

/// A container on its way.
#[derive(Default)]
pub(super) struct Layout {
    pieces: Vec<OutputPiece>,
    /// Bytes since the last document.
    waiting: Vec<u8>,
    headers: Vec<Header>,
    length: u64,
}

impl Layout {
    /// An entry whose bytes are here.
    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), SigningError> {
        let mut checksum = Checksum::default();
        checksum.update(bytes);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.begin(name, checksum.value(), size)?;
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    /// An entry whose bytes are those of a document.
    pub(super) fn document(
        &mut self,
        index: usize,
        name: &str,
        crc32: u32,
        size: u64,
    ) -> Result<(), SigningError> {
        self.begin(name, crc32, size)?;
        let before = std::mem::take(&mut self.waiting);
        self.pieces.push(OutputPiece::Bytes(before));
        self.pieces.push(OutputPiece::Document(index));
        Ok(())
    }

    /// Everything up to the last document.
    pub(super) fn beginning(self) -> Vec<OutputPiece> {
        self.pieces
    }

    /// The directory and its end.
    pub(super) fn finish(mut self) -> Result<Vec<OutputPiece>, SigningError> {
        let start = small(self.length)?;
        let mut directory = Vec::new();
        for header in &self.headers {
            directory.extend_from_slice(b"PK\x01\x02");
            directory.extend_from_slice(&VERSION.to_le_bytes());
            directory.extend_from_slice(&header.common()?);
            // No comment, first disk, no attributes.
            directory.extend_from_slice(&[0; 10]);
            directory.extend_from_slice(&header.offset.to_le_bytes());
            directory.extend_from_slice(header.name.as_bytes());
        }
        let size = small(u64::try_from(directory.len()).unwrap_or(u64::MAX))?;
        self.length = self.length.saturating_add(u64::from(size));
        small(self.length)?;
        let count = u16::try_from(self.headers.len()).ok();
        let count = count.filter(|count| *count < u16::MAX);
        let count = count.ok_or(TOO_MUCH)?.to_le_bytes();
        directory.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        directory.extend_from_slice(&[count, count].concat());
        directory.extend_from_slice(&size.to_le_bytes());
        directory.extend_from_slice(&start.to_le_bytes());
        directory.extend_from_slice(&[0, 0]);
        self.waiting.append(&mut directory);
        self.pieces.push(OutputPiece::Bytes(self.waiting));
        Ok(self.pieces)
    }

    fn begin(&mut self, name: &str, crc32: u32, size: u64) -> Result<(), SigningError> {
        debug_assert_eq!(self.headers.is_empty(), name == MIMETYPE);
        let header = Header {
            name: name.to_owned(),
            crc32,
            size: small(size)?,
            offset: small(self.length)?,
        };
        let before = self.waiting.len();
        self.waiting.extend_from_slice(b"PK\x03\x04");
        self.waiting.extend_from_slice(&header.common()?);
        self.waiting.extend_from_slice(name.as_bytes());
        let written = self.waiting.len().saturating_sub(before);
        self.length = self
            .length
            .saturating_add(u64::try_from(written).unwrap_or(u64::MAX))
            .saturating_add(size);
        self.headers.push(header);
        Ok(())
    }
}

const TOO_MUCH: SigningError = SigningError::NoRoom {
    what: "so much in one container (4 GiB)",
};

impl Header {
    /// What both headers say: version, flags, method, time, date, CRC, sizes, lengths of name and extra field.
    fn common(&self) -> Result<Vec<u8>, SigningError> {
        let flags = if self.name.is_ascii() { 0 } else { UTF8 };
        let length = u16::try_from(self.name.len()).map_err(|_| TOO_MUCH)?;
        let mut bytes = Vec::with_capacity(26);
        for number in [VERSION, flags, 0, 0, DATE] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.crc32, self.size, self.size] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [length, 0] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Ok(bytes)
    }
}

/// What a ZIP file without ZIP64 can say.
fn small(number: u64) -> Result<u32, SigningError> {
    let number = u32::try_from(number).ok();
    number.filter(|number| *number < u32::MAX).ok_or(TOO_MUCH)
}
