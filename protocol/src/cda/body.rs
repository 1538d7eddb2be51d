//! The document in base64, written while it is read.
//!
//! RFC 4648 section 4, one run without line breaks. Up to two bytes wait for their third; nothing
//! else is held. Refused: nothing, errors are those of the output.

use std::fmt;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::header::CdaHeader;
use super::writer;
use crate::document::DocumentFormat;

/// Bytes of the document that are encoded at once; a multiple of 3.
const BLOCK: usize = 6 * 1024;

/// Writes a CDA document. Only [`CdaWriter::finish`] makes the output complete.
pub struct CdaWriter<W: Write> {
    output: W,
    waiting: Vec<u8>,
    encoded: Vec<u8>,
}

impl<W: Write> CdaWriter<W> {
    /// Writes everything up to the document's first byte.
    ///
    /// # Errors
    /// Those of the output.
    pub fn begin(header: &CdaHeader, format: DocumentFormat, mut output: W) -> io::Result<Self> {
        output.write_all(writer::beginning(header, format).as_bytes())?;
        Ok(Self {
            output,
            waiting: Vec::with_capacity(3),
            encoded: vec![0; BLOCK / 3 * 4],
        })
    }

    /// Takes the next bytes of the document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_chunk(&mut self, mut chunk: &[u8]) -> io::Result<()> {
        if !self.waiting.is_empty() {
            let missing = (3 - self.waiting.len()).min(chunk.len());
            let (first, rest) = chunk.split_at(missing);
            self.waiting.extend_from_slice(first);
            chunk = rest;
            if self.waiting.len() < 3 {
                return Ok(());
            }
            let group = std::mem::take(&mut self.waiting);
            self.encode(&group)?;
        }
        let (groups, rest) = chunk.split_at(chunk.len() - chunk.len() % 3);
        for block in groups.chunks(BLOCK) {
            self.encode(block)?;
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// Ends the document and gives the output back, flushed.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        let last = std::mem::take(&mut self.waiting);
        self.encode(&last)?;
        self.output.write_all(writer::END.as_bytes())?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn encode(&mut self, block: &[u8]) -> io::Result<()> {
        let length = STANDARD
            .encode_slice(block, &mut self.encoded)
            .map_err(io::Error::other)?;
        self.output
            .write_all(self.encoded.get(..length).unwrap_or_default())
    }
}

impl<W: Write> fmt::Debug for CdaWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CdaWriter")
    }
}
