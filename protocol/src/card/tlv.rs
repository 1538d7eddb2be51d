//! BER-TLV as ISO/IEC 7816-4 section 5.2.2 and ISO/IEC 8825-1 define it, read with hard limits and
//! written minimally. Definite lengths only; non-minimal lengths are accepted, because real CPS3
//! files are not DER in places. Refused: indefinite lengths, tags of more than three bytes, more
//! than [`MAX_DEPTH`] levels, [`MAX_OBJECTS`] objects or [`MAX_BYTES`] bytes. Values are never
//! interpreted here.

use std::fmt;

/// Levels of nesting, the outermost being 1.
pub const MAX_DEPTH: usize = 8;
/// Objects in one parse, at every level together.
pub const MAX_OBJECTS: usize = 300;
/// Bytes in one parse.
pub const MAX_BYTES: usize = 64 * 1024;

/// A tag of one to three bytes, as the number its bytes write: `0x30`, `0x7F48`, `0xBF8101`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u32);

impl Tag {
    /// The tag whose bytes write `value`.
    #[must_use]
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The number that the bytes of the tag write.
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Whether bit 6 of the first byte says that the value is itself a series of objects.
    #[must_use]
    pub fn is_constructed(self) -> bool {
        self.bytes().first().is_some_and(|first| first & 0x20 != 0)
    }

    /// The bytes, without leading zeros; at least one.
    fn bytes(&self) -> Vec<u8> {
        let all = self.0.to_be_bytes();
        let skipped = all.iter().take(3).take_while(|byte| **byte == 0).count();
        all.into_iter().skip(skipped).collect()
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({:02X})", self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

/// One object, borrowing the bytes it was read from.
#[derive(Clone, PartialEq, Eq)]
pub struct Element<'a> {
    tag: Tag,
    value: &'a [u8],
    encoded: &'a [u8],
    children: Vec<Self>,
}

impl<'a> Element<'a> {
    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Whether the tag is `tag`.
    #[must_use]
    pub fn is(&self, tag: u32) -> bool {
        self.tag.0 == tag
    }

    /// The value field.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        self.value
    }

    /// Tag, length and value as they were read.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// The objects inside; none where the tag is primitive.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// The first object inside with that tag.
    #[must_use]
    pub fn child(&self, tag: u32) -> Option<&Self> {
        self.children.iter().find(|child| child.is(tag))
    }
}

/// Shows the structure without the values, which may be a person's.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}[{}]", self.tag.0, self.value.len())?;
        if self.children.is_empty() {
            Ok(())
        } else {
            f.debug_list().entries(&self.children).finish()
        }
    }
}

/// What may follow the last object at the outermost level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    None,
    /// A tail that begins by a `00` byte: the reader stops there, as the unused end of a PKCS#15
    /// directory file requires.
    Zeros,
}

/// Reads a whole series of objects, constructed ones down to their leaves.
///
/// # Errors
/// [`TlvError`] with the offset at which the bytes stop making sense.
pub fn parse(bytes: &[u8], tail: Tail) -> Result<Vec<Element<'_>>, TlvError> {
    Parser::new(bytes)?.series(bytes, 0, tail, 1)
}

/// Reads the outermost level only: constructed objects have no children, so their content may be
/// anything.
///
/// # Errors
/// [`TlvError`] with the offset at which the bytes stop making sense.
pub fn parse_level(bytes: &[u8], tail: Tail) -> Result<Vec<Element<'_>>, TlvError> {
    let mut parser = Parser::new(bytes)?;
    parser.deepest = 1;
    parser.series(bytes, 0, tail, 1)
}

/// The total length, header included, that the first object of `bytes` announces. `None` while the
/// header itself is incomplete.
///
/// # Errors
/// [`TlvError`] where the header is not one this module accepts.
pub fn announced_length(bytes: &[u8]) -> Result<Option<usize>, TlvError> {
    match header(bytes, 0) {
        Ok(header) => Ok(Some(
            header.header_length.saturating_add(header.value_length),
        )),
        Err(TlvError::Truncated { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Appends one object with a minimal length field.
pub fn write(out: &mut Vec<u8>, tag: Tag, value: &[u8]) {
    out.extend_from_slice(&tag.bytes());
    let length = value.len().to_be_bytes();
    let skipped = length.iter().take_while(|byte| **byte == 0).count();
    let significant = length.iter().skip(skipped);
    match (value.len(), u8::try_from(significant.len())) {
        (0..=0x7F, _) => out.extend(length.last()),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend(significant);
        }
        // A usize has at most 8 bytes.
        (_, Err(_)) => {}
    }
    out.extend_from_slice(value);
}

/// Bytes that are not BER-TLV within this module's limits. Offsets count from the start of what was
/// parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvError {
    /// The bytes end inside an object.
    #[error("the data ends inside the object at offset {offset}")]
    Truncated {
        /// Where the object begins.
        offset: usize,
    },
    /// A tag of more than three bytes, or `00` where no tail is allowed.
    #[error("invalid tag at offset {offset}")]
    InvalidTag {
        /// Where the tag begins.
        offset: usize,
    },
    /// Length byte `80`.
    #[error("indefinite length at offset {offset}")]
    IndefiniteLength {
        /// Where the object begins.
        offset: usize,
    },
    /// A length of more than four bytes or beyond [`MAX_BYTES`].
    #[error("length too large at offset {offset}")]
    LengthTooLarge {
        /// Where the object begins.
        offset: usize,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("objects nested more than {MAX_DEPTH} deep at offset {offset}")]
    TooDeep {
        /// Where the innermost object begins.
        offset: usize,
    },
    /// More than [`MAX_OBJECTS`] objects.
    #[error("more than {MAX_OBJECTS} objects")]
    TooManyObjects,
    /// More than [`MAX_BYTES`] bytes.
    #[error("more than {MAX_BYTES} bytes")]
    TooLong,
}

struct Parser {
    objects_left: usize,
    deepest: usize,
}

impl Parser {
    fn new(bytes: &[u8]) -> Result<Self, TlvError> {
        if bytes.len() > MAX_BYTES {
            return Err(TlvError::TooLong);
        }
        Ok(Self {
            objects_left: MAX_OBJECTS,
            deepest: usize::MAX,
        })
    }

    fn series<'a>(
        &mut self,
        mut rest: &'a [u8],
        mut offset: usize,
        tail: Tail,
        depth: usize,
    ) -> Result<Vec<Element<'a>>, TlvError> {
        let mut elements = Vec::new();
        while let Some(first) = rest.first() {
            if *first == 0 && tail == Tail::Zeros {
                break;
            }
            if depth > MAX_DEPTH {
                return Err(TlvError::TooDeep { offset });
            }
            self.objects_left = self
                .objects_left
                .checked_sub(1)
                .ok_or(TlvError::TooManyObjects)?;
            let header = header(rest, offset)?;
            let total = header.header_length.saturating_add(header.value_length);
            let (encoded, following) = rest
                .split_at_checked(total)
                .ok_or(TlvError::Truncated { offset })?;
            let value = encoded.get(header.header_length..).unwrap_or_default();
            let children = if header.tag.is_constructed() && depth < self.deepest {
                self.series(
                    value,
                    offset.saturating_add(header.header_length),
                    Tail::None,
                    depth.saturating_add(1),
                )?
            } else {
                Vec::new()
            };
            elements.push(Element {
                tag: header.tag,
                value,
                encoded,
                children,
            });
            offset = offset.saturating_add(total);
            rest = following;
        }
        Ok(elements)
    }
}

struct Header {
    tag: Tag,
    header_length: usize,
    value_length: usize,
}

fn header(bytes: &[u8], offset: usize) -> Result<Header, TlvError> {
    let mut input = bytes.iter().copied();
    let mut next = || input.next().ok_or(TlvError::Truncated { offset });
    let first = next()?;
    let mut tag = u32::from(first);
    if first == 0 {
        return Err(TlvError::InvalidTag { offset });
    }
    let mut header_length = 2;
    if first & 0x1F == 0x1F {
        let mut byte = next()?;
        header_length += 1;
        tag = tag << 8 | u32::from(byte);
        if byte & 0x80 != 0 {
            byte = next()?;
            header_length += 1;
            tag = tag << 8 | u32::from(byte);
            if byte & 0x80 != 0 {
                return Err(TlvError::InvalidTag { offset });
            }
        }
    }
    let value_length = match next()? {
        0x80 => return Err(TlvError::IndefiniteLength { offset }),
        short @ 0..=0x7F => usize::from(short),
        long => {
            let count = usize::from(long & 0x7F);
            if count > 4 {
                return Err(TlvError::LengthTooLarge { offset });
            }
            header_length += count;
            let mut length = 0_usize;
            for _ in 0..count {
                length = length << 8 | usize::from(next()?);
            }
            length
        }
    };
    if value_length > MAX_BYTES {
        return Err(TlvError::LengthTooLarge { offset });
    }
    Ok(Header {
        tag: Tag(tag),
        header_length,
        value_length,
    })
}

#[cfg(test)]
mod tests;
