//! The signature dictionary (ISO 32000-1 section 12.8.1, EN 319 142-1 clause 5.3) with room for what is known last: the byte range,
//! written when the whole file is laid out, and the contents, written when the signature or time stamp is there.

use std::ops::Range;

use lopdf::{Object, ObjectId};

use super::PdfError;
use super::increment::{Increments, written};

/// Width of each number of the byte range.
const NUMBER_WIDTH: usize = 10;

/// A place for a signature in the last update of a file.
#[derive(Clone)]
pub(super) struct Reserved {
    /// The hexadecimal string with its brackets, among the appended bytes: what is not signed.
    gap: Range<usize>,
}

/// Puts a signature dictionary of `capacity` bytes of contents into the next update, `beginning` first, and writes the update.
pub(super) fn reserve(
    increments: &mut Increments,
    id: ObjectId,
    beginning: &[(&str, Object)],
    capacity: usize,
) -> Result<Reserved, PdfError> {
    let mut bytes = b"<<".to_vec();
    for (key, value) in beginning {
        bytes.extend_from_slice(format!("/{key} ").as_bytes());
        bytes.extend_from_slice(&written(value)?);
    }
    bytes.extend_from_slice(b"/ByteRange [0 ");
    let numbers = bytes.len();
    let blank = [b' '; NUMBER_WIDTH];
    for _ in 0..3 {
        bytes.extend_from_slice(&blank);
        bytes.push(b' ');
    }
    bytes.extend_from_slice(b"]/Contents ");
    let contents = bytes.len();
    bytes.push(b'<');
    bytes.resize(bytes.len() + 2 * capacity, b'0');
    bytes.push(b'>');
    let end = bytes.len();
    bytes.extend_from_slice(b">>");
    increments.put_raw(id, bytes);
    let place = increments.write(id)?;
    let gap = place + contents..place + end;
    let original = increments.original_length();
    let range = [
        original + gap.start,
        original + gap.end,
        increments.appended().len() - gap.end,
    ];
    let mut at = place + numbers;
    for number in range {
        let text = format!("{number:<NUMBER_WIDTH$}");
        fill(increments.appended_mut(), at, text.as_bytes())?;
        at += NUMBER_WIDTH + 1;
    }
    Ok(Reserved { gap })
}

impl Reserved {
    /// The appended bytes before and after the gap.
    pub(super) fn around<'a>(&self, appended: &'a [u8]) -> [&'a [u8]; 2] {
        [
            appended.get(..self.gap.start).unwrap_or_default(),
            appended.get(self.gap.end..).unwrap_or_default(),
        ]
    }

    /// Bytes of contents that fit.
    pub(super) fn capacity(&self) -> usize {
        (self.gap.len() - 2) / 2
    }

    /// Writes contents that fit.
    pub(super) fn write(&self, appended: &mut [u8], contents: &[u8]) -> Result<(), PdfError> {
        let mut text: String = contents.iter().map(|byte| format!("{byte:02x}")).collect();
        while text.len() < 2 * self.capacity() {
            text.push('0');
        }
        fill(appended, self.gap.start + 1, text.as_bytes())
    }
}

fn fill(bytes: &mut [u8], at: usize, with: &[u8]) -> Result<(), PdfError> {
    bytes
        .get_mut(at..at + with.len())
        .ok_or(PdfError::Field("a reserved place is too small"))?
        .copy_from_slice(with);
    Ok(())
}
