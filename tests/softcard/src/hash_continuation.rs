//! PSO HASH with the last round on the card (ISO/IEC 7816-8, 11.7; data objects as the official module sends them).
//!
//! The host hashes all blocks but the last and hands over the inner state and the count of bits hashed so far in tag 90;
//! the last block, 1 to 64 bytes, comes in tag 80 and the card pads and finishes (FIPS 180-4, 5.1.1 and 6). An empty tag
//! 90 means that the message is one block at most.

use sha1::digest::generic_array::GenericArray;

use crate::status_word::StatusWord;
use crate::tlv;

/// Block length of SHA-1 and SHA-256, in bytes.
const BLOCK: usize = 64;

/// The hash algorithms of the hash template, with their card references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashAlgorithm {
    /// Reference 10.
    Sha1,
    /// Reference 40.
    Sha256,
}

impl HashAlgorithm {
    /// Length of the inner state and of the digest, in bytes.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// The digest that the data of PSO HASH leads to.
pub(crate) fn finish(algorithm: HashAlgorithm, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
    let mut state_object = None;
    let mut last_block = None;
    for object in tlv::read_all(data)? {
        let slot = match object.tag {
            0x90 => &mut state_object,
            0x80 => &mut last_block,
            _ => return Err(StatusWord::INCORRECT_DATA),
        };
        if slot.replace(object.value).is_some() {
            return Err(StatusWord::INCORRECT_DATA);
        }
    }
    let last_block = last_block
        .filter(|block| (1..=BLOCK).contains(&block.len()))
        .ok_or(StatusWord::INCORRECT_DATA)?;
    let (state, bits_before) = match state_object {
        None | Some([]) => (initial_state(algorithm), 0),
        Some(object) => continued_state(algorithm, object)?,
    };
    let last_bits = u64::try_from(last_block.len() * 8).map_err(|_| StatusWord::INCORRECT_DATA)?;
    let total_bits = bits_before
        .checked_add(last_bits)
        .ok_or(StatusWord::INCORRECT_DATA)?;
    let blocks = pad(last_block, total_bits);
    Ok(compress(algorithm, &state, &blocks))
}

/// Splits tag 90 in state words and bit count; the count must be of whole blocks, one at least.
fn continued_state(algorithm: HashAlgorithm, object: &[u8]) -> Result<(Vec<u32>, u64), StatusWord> {
    let (state, count) = object
        .split_last_chunk::<8>()
        .ok_or(StatusWord::INCORRECT_DATA)?;
    let count = u64::from_be_bytes(*count);
    if state.len() != algorithm.length() || count == 0 || !count.is_multiple_of(8 * BLOCK as u64) {
        return Err(StatusWord::INCORRECT_DATA);
    }
    let words = state
        .as_chunks::<4>()
        .0
        .iter()
        .map(|word| u32::from_be_bytes(*word))
        .collect();
    Ok((words, count))
}

/// FIPS 180-4, 5.3.1 and 5.3.3.
fn initial_state(algorithm: HashAlgorithm) -> Vec<u32> {
    match algorithm {
        HashAlgorithm::Sha1 => vec![0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0],
        HashAlgorithm::Sha256 => vec![
            0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB,
            0x5BE0CD19,
        ],
    }
}

/// FIPS 180-4, 5.1.1: a one bit, zeros, and the total count of bits, up to whole blocks.
fn pad(last_block: &[u8], total_bits: u64) -> Vec<u8> {
    let mut padded = last_block.to_vec();
    padded.push(0x80);
    while padded.len() % BLOCK != BLOCK - 8 {
        padded.push(0);
    }
    padded.extend(total_bits.to_be_bytes());
    padded
}

fn compress(algorithm: HashAlgorithm, state: &[u32], blocks: &[u8]) -> Vec<u8> {
    let (blocks, _) = blocks.as_chunks::<BLOCK>();
    let state = match algorithm {
        HashAlgorithm::Sha1 => {
            let mut words = words::<5>(state);
            let of_sha1 = |block| *GenericArray::from_slice(block);
            let blocks: Vec<_> = blocks.iter().map(|block| of_sha1(block)).collect();
            sha1::compress(&mut words, &blocks);
            words.to_vec()
        }
        HashAlgorithm::Sha256 => {
            let mut words = words::<8>(state);
            sha2::block_api::compress256(&mut words, blocks);
            words.to_vec()
        }
    };
    state.into_iter().flat_map(u32::to_be_bytes).collect()
}

fn words<const N: usize>(state: &[u32]) -> [u32; N] {
    let mut words = [0; N];
    for (word, value) in words.iter_mut().zip(state) {
        *word = *value;
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use sha2::Digest;

    /// What a host sends for `message`: the state after all blocks but the last, and the last.
    fn command_data(message: &[u8]) -> Vec<u8> {
        let before = (message.len() - 1) / BLOCK * BLOCK;
        let (hashed, last) = message.split_at(before);
        let state_object = if hashed.is_empty() {
            Vec::new()
        } else {
            let mut words = <[u32; 8]>::try_from(initial_state(HashAlgorithm::Sha256)).unwrap();
            sha2::block_api::compress256(&mut words, hashed.as_chunks().0);
            let mut object: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
            object.extend((before as u64 * 8).to_be_bytes());
            object
        };
        let mut data = tlv::encode(0x90, &state_object);
        data.extend(tlv::encode(0x80, last));
        data
    }

    #[test]
    fn the_digest_is_that_of_the_whole_message() {
        for length in [1, 55, 56, 63, 64, 65, 128, 1000] {
            let message: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            assert_eq!(
                finish(HashAlgorithm::Sha256, &command_data(&message)).unwrap(),
                sha2::Sha256::digest(&message).to_vec(),
                "{length} bytes"
            );
        }
        let mut data = vec![0x90, 0x00];
        data.extend(tlv::encode(0x80, b"abc"));
        assert_eq!(
            finish(HashAlgorithm::Sha1, &data).unwrap(),
            <sha1::Sha1 as sha1::Digest>::digest(b"abc").to_vec()
        );
    }

    #[test]
    fn the_card_wants_a_last_block_and_a_whole_state() {
        let state = |length: usize, bits: u64| {
            let mut object = vec![0; length];
            object.extend(bits.to_be_bytes());
            let mut data = tlv::encode(0x90, &object);
            data.extend(tlv::encode(0x80, b"abc"));
            data
        };
        let refused = [
            vec![],
            vec![0x90, 0x00],
            vec![0x90, 0x00, 0x80, 0x00],
            [&[0x90, 0x00, 0x80, 0x41][..], &[0; 65]].concat(),
            state(20, 512),
            state(32, 511),
            state(32, 0),
            vec![0x80, 0x01, 0x61, 0x80, 0x01, 0x61],
            vec![0x83, 0x01, 0x61],
        ];
        for data in refused {
            assert_eq!(
                finish(HashAlgorithm::Sha256, &data),
                Err(StatusWord::INCORRECT_DATA),
                "{data:02X?}"
            );
        }
        assert!(finish(HashAlgorithm::Sha256, &state(32, 512)).is_ok());
    }
}
