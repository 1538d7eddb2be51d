//! Where in a document a marker stands that a wanted byte follows.
//!
//! Compressed data is full of markers, one in 256 bytes, and stopping at each costs more than looking at all bytes. So 64 blocks
//! are looked at as a whole for those that hold a marker, without a branch, and only these for one that is followed so. With the
//! widest vectors that the processor has: documents are looked at in the pass that hashes them.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x64};

/// Bytes of a block.
const BLOCK: usize = 64;

/// Blocks looked at together: one for each bit of a word.
const BLOCKS: usize = 64;

/// A marker, and what may follow it: at least that, and not much else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marker {
    pub(super) byte: u8,
    /// Bits of a following byte that are looked at.
    pub(super) mask: u8,
    /// What they are.
    pub(super) value: u8,
    /// Or the byte is this one.
    pub(super) or: u8,
}

impl Marker {
    /// The first place in `bytes` where it stands, followed so or by a byte that is not there, and `is_wanted`.
    pub(super) fn find(
        self,
        level: Level,
        bytes: &[u8],
        is_wanted: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        dispatch!(level, simd => self.search(simd, bytes, &is_wanted))
    }

    /// Always inlined, with all that it calls, so that each level has its own.
    #[inline(always)]
    fn search<S: Simd>(
        self,
        simd: S,
        bytes: &[u8],
        is_wanted: &impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let marker = u8x64::splat(simd, self.byte);
        // Those that have a byte behind them.
        let (blocks, _) = bytes
            .get(..bytes.len().saturating_sub(1))
            .unwrap_or_default()
            .as_chunks::<BLOCK>();
        for (group, first) in blocks.chunks(BLOCKS).zip((0..).step_by(BLOCKS)) {
            let mut marked = 0_u64;
            for (block, number) in group.iter().zip(0_u32..) {
                let holds = u8x64::simd_from(simd, *block).simd_eq(marker).any_true();
                marked |= u64::from(holds) << number;
            }
            while marked != 0 {
                let start = (first + marked.trailing_zeros() as usize) * BLOCK;
                marked &= marked - 1;
                let mut followed = self.followed(simd, bytes.get(start..)?);
                while followed != 0 {
                    let place = start + followed.trailing_zeros() as usize;
                    followed &= followed - 1;
                    if is_wanted(place) {
                        return Some(place);
                    }
                }
            }
        }
        let rest = blocks.len() * BLOCK;
        let may_follow = |next: &u8| (next & self.mask == self.value) | (*next == self.or);
        memchr::memchr_iter(self.byte, bytes.get(rest..)?)
            .map(|place| rest + place)
            .filter(|place| bytes.get(place + 1).is_none_or(may_follow))
            .find(|place| is_wanted(*place))
    }

    /// Where in the first block it is followed so, as bits, lowest first.
    #[inline(always)]
    fn followed<S: Simd>(self, simd: S, bytes: &[u8]) -> u64 {
        let following = bytes.get(1..).and_then(<[u8]>::first_chunk::<BLOCK>);
        let (Some(block), Some(following)) = (bytes.first_chunk::<BLOCK>(), following) else {
            return 0;
        };
        let [byte, mask, value, or] =
            [self.byte, self.mask, self.value, self.or].map(|byte| u8x64::splat(simd, byte));
        let following = u8x64::simd_from(simd, *following);
        let may_follow = (following & mask).simd_eq(value) | following.simd_eq(or);
        (u8x64::simd_from(simd, *block).simd_eq(byte) & may_follow).to_bitmask()
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::Level;

    use super::Marker;

    const MARKER: Marker = Marker {
        byte: b'/',
        mask: 0xe0,
        value: 0x40,
        or: b'#',
    };

    /// The same, byte by byte.
    fn slowly(bytes: &[u8], is_wanted: impl Fn(usize) -> bool) -> Option<usize> {
        (0..bytes.len()).find(|place| {
            let followed = bytes
                .get(place + 1)
                .is_none_or(|next| matches!(next, 0x40..=0x5f | b'#'));
            bytes.get(*place) == Some(&b'/') && followed && is_wanted(*place)
        })
    }

    #[test]
    fn every_vector_width_finds_what_a_search_byte_by_byte_finds() {
        let mut noise = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise
        };
        for round in 0..400 {
            let length = usize::try_from(next() % 9_000).unwrap_or_default();
            // Now and then rich in markers, now and then nearly without.
            let rare = 1 << (round % 12);
            let bytes: Vec<u8> = (0..length)
                .map(|_| match next() {
                    chosen if chosen % rare == 0 => b'/',
                    chosen if chosen % 5 == 0 => b'#',
                    chosen if chosen % 5 == 1 => b'J',
                    chosen => chosen.to_le_bytes()[3],
                })
                .collect();
            let from = usize::try_from(next() % 9_000).unwrap_or_default();
            for is_wanted in [|_, _| true, |place, from| place >= from] {
                let expected = slowly(&bytes, |place| is_wanted(place, from));
                for level in [Level::new(), Level::baseline()] {
                    let found = MARKER.find(level, &bytes, |place| is_wanted(place, from));
                    assert_eq!(found, expected, "{level:?}, {length} bytes, round {round}");
                }
            }
        }
    }
}
