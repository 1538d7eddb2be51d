//! What a signature of a PDF covers (ISO 32000-1 section 12.8.1, EN 319 142-1 clause 5.3): the file from its first byte to the end of
//! a revision, without the hexadecimal string of its own `/Contents`, and nothing else left out.

use std::ops::Range;

use lopdf::xref::XrefEntry;
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::PdfError;
use crate::algorithm::SignatureError;
use crate::signature::DigestAlgorithm;

/// What is signed: everything up to `end` but the gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedRange {
    pub(super) gap: Range<usize>,
    pub(super) end: usize,
}

/// Reads the range of the signature dictionary `id`, and its contents from the very gap.
pub(super) fn read(
    pdf: &[u8],
    document: &Document,
    id: ObjectId,
    signature: &Dictionary,
) -> Result<(SignedRange, Vec<u8>), PdfError> {
    let range = numbers(signature)?;
    let gap = pdf.get(range.gap.clone()).unwrap_or_default();
    let refused = |why| Err(PdfError::ByteRange(why));
    let [b'<', digits @ .., b'>'] = gap else {
        return refused("it does not leave out exactly one hexadecimal string");
    };
    let Some(contents) = decoded(digits) else {
        return refused("it does not leave out exactly one hexadecimal string");
    };
    match signature.get(b"Contents") {
        Ok(Object::String(found, _)) if *found == contents => {}
        _ => return refused("what it leaves out is not the signature's contents"),
    }
    // The gap stands in this very object, behind its key.
    let Some(XrefEntry::Normal { offset, .. }) = document.reference_table.get(id.0) else {
        return refused("the signature stands in a compressed stream");
    };
    let start = usize::try_from(*offset).unwrap_or(usize::MAX);
    let before = pdf.get(start..range.gap.start).unwrap_or_default();
    let is_inside = before.trim_ascii_end().ends_with(b"/Contents")
        && memchr::memmem::find(before, b"endobj").is_none();
    if !is_inside {
        return refused("what it leaves out is not the signature's contents");
    }
    let signed = pdf.get(..range.end).unwrap_or_default();
    if !signed.trim_ascii_end().ends_with(b"%%EOF") {
        return refused("it does not end where a revision of the file ends");
    }
    Ok((range, contents))
}

fn numbers(signature: &Dictionary) -> Result<SignedRange, PdfError> {
    let malformed = PdfError::ByteRange("it is not four numbers that begin with 0");
    let Ok(Object::Array(numbers)) = signature.get(b"ByteRange") else {
        return Err(malformed);
    };
    let number = |object: &Object| match object {
        Object::Integer(number) => usize::try_from(*number).ok(),
        _ => None,
    };
    let numbers: Option<Vec<usize>> = numbers.iter().map(number).collect();
    let Some([0, start, end, length]) = numbers.as_deref() else {
        return Err(malformed);
    };
    let whole = end.checked_add(*length);
    match whole {
        Some(whole) if 0 < *start && start < end && *length > 0 => Ok(SignedRange {
            gap: *start..*end,
            end: whole,
        }),
        _ => Err(PdfError::ByteRange("its parts overlap or are empty")),
    }
}

fn decoded(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
    }
    Some(bytes)
}

impl SignedRange {
    /// Bytes that are signed.
    pub(super) fn length(&self) -> usize {
        self.end - self.gap.len()
    }

    /// Digest of what is signed.
    pub(super) fn digest(
        &self,
        pdf: &[u8],
        digest: DigestAlgorithm,
    ) -> Result<Vec<u8>, SignatureError> {
        let unavailable = |_| SignatureError::Unavailable;
        let mut hasher = digest.hasher()?;
        for part in [0..self.gap.start, self.gap.end..self.end] {
            // The range was read inside the file.
            let part = pdf.get(part).unwrap_or_default();
            hasher.update(part).map_err(unavailable)?;
        }
        Ok(hasher.finish().map_err(unavailable)?.to_vec())
    }

    /// What follows the revision, but for the end of its last line.
    pub(super) fn after<'a>(&self, pdf: &'a [u8]) -> &'a [u8] {
        let after = pdf.get(self.end..).unwrap_or_default();
        match after {
            b"\n" | b"\r" | b"\r\n" => &[],
            after => after,
        }
    }
}
