//! SHA-256 of two messages in turns, block by block, on one processor (FIPS 180-4, 6.2).
//!
//! The 64 rounds of a block are one chain in which each waits for the one before, so a processor with instructions for SHA-256 has room for the
//! rounds of a second message meanwhile: two take a quarter less time together than one after the other. The rounds are the sha2
//! crate's; what is here is blocks and padding (5.1.1, 5.2.1). Where the processor has no such instructions nothing is gained, and
//! [`Blocks::are_quick`] says so.

use sha2::block_api::compress256;

use super::Sha256Digest;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Where the length of the message stands in the last block.
const LENGTH_AT: usize = BLOCK - 8;
/// The initial hash value (5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A message that is hashed block by block.
#[derive(Clone)]
pub(super) struct Blocks {
    state: [u32; 8],
    /// The beginning of a block that is not full yet.
    begun: [u8; BLOCK],
    begun_bytes: usize,
    /// Of the whole message so far, bytes.
    length: u64,
}

impl Blocks {
    /// Whether this processor has instructions for SHA-256 that the rounds use.
    pub(super) fn are_quick() -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            std::arch::is_x86_feature_detected!("sha")
                && std::arch::is_x86_feature_detected!("sse4.1")
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            false
        }
    }

    pub(super) fn new() -> Self {
        Self {
            state: INITIAL,
            begun: [0; BLOCK],
            begun_bytes: 0,
            length: 0,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let (blocks, rest) = self.complete_begun(bytes).as_chunks();
        self.compress_all(blocks);
        self.append(rest);
    }

    /// The same for two messages.
    pub(super) fn update_both(
        first: &mut Self,
        first_bytes: &[u8],
        second: &mut Self,
        second_bytes: &[u8],
    ) {
        let (first_blocks, first_rest) = first.complete_begun(first_bytes).as_chunks();
        let (second_blocks, second_rest) = second.complete_begun(second_bytes).as_chunks();
        for (one, other) in first_blocks.iter().zip(second_blocks) {
            first.compress(one);
            second.compress(other);
        }
        let in_turns = first_blocks.len().min(second_blocks.len());
        first.compress_all(first_blocks.get(in_turns..).unwrap_or_default());
        second.compress_all(second_blocks.get(in_turns..).unwrap_or_default());
        first.append(first_rest);
        second.append(second_rest);
    }

    pub(super) fn finish(mut self) -> Sha256Digest {
        let bits = self.length.wrapping_mul(8).to_be_bytes();
        let begun = self.begun_bytes;
        // One bit, zeros, and the length at the end of a block.
        let zeros = if begun < LENGTH_AT {
            LENGTH_AT - begun
        } else {
            BLOCK + LENGTH_AT - begun
        };
        let mut padding = [0; BLOCK];
        padding[0] = 0x80;
        self.update(padding.get(..zeros).unwrap_or_default());
        self.update(&bits);
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        Sha256Digest(digest)
    }

    /// Fills the block that was begun; what is left of the bytes.
    fn complete_begun<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.begun_bytes == 0 {
            return bytes;
        }
        let room = BLOCK - self.begun_bytes;
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        self.append(now);
        if self.begun_bytes == BLOCK {
            let block = self.begun;
            self.compress(&block);
            self.begun_bytes = 0;
        }
        later
    }

    /// Keeps bytes of a block that is not full yet.
    fn append(&mut self, bytes: &[u8]) {
        let end = self.begun_bytes + bytes.len();
        if let Some(room) = self.begun.get_mut(self.begun_bytes..end) {
            room.copy_from_slice(bytes);
            self.begun_bytes = end;
        }
    }

    #[inline]
    fn compress(&mut self, block: &[u8; BLOCK]) {
        compress256(&mut self.state, std::slice::from_ref(block));
    }

    fn compress_all(&mut self, blocks: &[[u8; BLOCK]]) {
        compress256(&mut self.state, blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Blocks};
    use crate::digest::Sha256Digest;

    fn noise(length: usize, mut seed: u64) -> Vec<u8> {
        let next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn every_length_around_blocks_has_openssl_s_digest() {
        for length in 0..5 * BLOCK {
            let message = noise(length, 7 + length as u64);
            let mut blocks = Blocks::new();
            blocks.update(&message);
            assert_eq!(blocks.finish(), Sha256Digest::of(&message), "{length}");
        }
    }

    #[test]
    fn pieces_of_any_size_and_in_turns_change_nothing() {
        let (one, other) = (noise(3001, 1), noise(4444, 2));
        let expected = (Sha256Digest::of(&one), Sha256Digest::of(&other));
        for (size, other_size) in [(1, 1), (1, 64), (63, 65), (64, 64), (100, 7), (4096, 1000)] {
            let (mut first, mut second) = (Blocks::new(), Blocks::new());
            let mut pieces = one.chunks(size);
            let mut other_pieces = other.chunks(other_size);
            loop {
                let pair = (pieces.next(), other_pieces.next());
                if pair == (None, None) {
                    break;
                }
                let (piece, other_piece) = (pair.0.unwrap_or(&[]), pair.1.unwrap_or(&[]));
                Blocks::update_both(&mut first, piece, &mut second, other_piece);
            }
            assert_eq!((first.finish(), second.finish()), expected);
        }
    }
}
