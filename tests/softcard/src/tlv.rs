//! BER-TLV on the card's side (ISO/IEC 7816-4, 5.2.2; ITU-T X.690): an encoder for file contents and answers, and a
//! strict reader for the data objects that commands carry.
//!
//! The reader takes one-byte tags and lengths below 65,536, which is all that the commands of these cards use; anything
//! else is `6A80`.

use crate::status_word::StatusWord;

/// Encodes one data object; `tag` is written with as many bytes as it has.
pub(crate) fn encode(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut object: Vec<u8> = tag
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    object.extend(encode_length(value.len()));
    object.extend_from_slice(value);
    object
}

/// Encodes a constructed data object from its encoded parts.
pub(crate) fn encode_constructed<P: AsRef<[u8]>>(tag: u32, parts: &[P]) -> Vec<u8> {
    let mut value = Vec::new();
    for part in parts {
        value.extend_from_slice(part.as_ref());
    }
    encode(tag, &value)
}

fn encode_length(length: usize) -> Vec<u8> {
    if length < 0x80 {
        return vec![length.to_be_bytes()[size_of::<usize>() - 1]];
    }
    let significant: Vec<u8> = length
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let mut encoded = vec![0x80 | u8::try_from(significant.len()).unwrap_or(0)];
    encoded.extend(significant);
    encoded
}

/// One data object of a command: its one-byte tag and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DataObject<'a> {
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
}

/// Reads a sequence of data objects that fills `bytes` exactly.
pub(crate) fn read_all(mut bytes: &[u8]) -> Result<Vec<DataObject<'_>>, StatusWord> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (object, rest) = read_one(bytes)?;
        objects.push(object);
        bytes = rest;
    }
    Ok(objects)
}

/// Reads the data object at the start of `bytes`, and gives what follows it.
pub(crate) fn read_one(bytes: &[u8]) -> Result<(DataObject<'_>, &[u8]), StatusWord> {
    let (&tag, rest) = bytes.split_first().ok_or(StatusWord::INCORRECT_DATA)?;
    let (length, rest) = read_length(rest)?;
    let (value, rest) = rest
        .split_at_checked(length)
        .ok_or(StatusWord::INCORRECT_DATA)?;
    Ok((DataObject { tag, value }, rest))
}

/// Reads a BER length of one to three bytes.
pub(crate) fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), StatusWord> {
    match bytes {
        [short @ 0..=0x7F, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, length, rest @ ..] => Ok((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Ok((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(encode(0x80, &[0x01]), [0x80, 0x01, 0x01]);
        assert_eq!(encode(0x7F41, &[0; 0x80])[..4], [0x7F, 0x41, 0x81, 0x80]);
        assert_eq!(encode(0x30, &[0; 0x100])[..4], [0x30, 0x82, 0x01, 0x00]);
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 2000] {
            let value = vec![0xA5; length];
            let bytes = encode(0x90, &value);
            let objects = read_all(&bytes).unwrap();
            assert_eq!(
                objects,
                [DataObject {
                    tag: 0x90,
                    value: &value
                }]
            );
        }
    }

    #[test]
    fn truncated_objects_are_refused() {
        for bytes in [
            &[0x80][..],
            &[0x80, 0x02, 0x01],
            &[0x80, 0x82, 0x01],
            &[0x80, 0x84, 0, 0, 0, 1, 0],
        ] {
            assert_eq!(read_all(bytes), Err(StatusWord::INCORRECT_DATA));
        }
    }
}
