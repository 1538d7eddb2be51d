//! Documents as JSON web signatures sign them unless `b64` says otherwise: in base64url (RFC 7515), piece by piece, so that
//! memory does not grow with their size.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::signature::{Contents, ContentsError};

/// Bytes that are encoded at once; a multiple of three, so that nothing is padded in between.
const PIECE: usize = 12 * 1024;

/// The same documents, each in base64url without padding.
pub(super) struct Base64Contents<'a>(pub(super) &'a mut dyn Contents);

impl Contents for Base64Contents<'_> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let mut waiting: Vec<u8> = Vec::with_capacity(PIECE);
        self.0.read(index, &mut |mut bytes| {
            while let Some((taken, rest)) =
                bytes.split_at_checked(PIECE.saturating_sub(waiting.len()))
            {
                waiting.extend_from_slice(taken);
                piece(URL_SAFE_NO_PAD.encode(&waiting).as_bytes());
                waiting.clear();
                bytes = rest;
            }
            waiting.extend_from_slice(bytes);
        })?;
        piece(URL_SAFE_NO_PAD.encode(&waiting).as_bytes());
        Ok(())
    }
}

/// Length of what such an encoding is of.
pub(super) fn decoded_length(encoded: u64) -> u64 {
    let rest = (encoded % 4).saturating_sub(1);
    (encoded / 4).saturating_mul(3).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// A document that comes in pieces of this length.
    struct InPieces<'a>(&'a [u8], usize);

    impl Contents for InPieces<'_> {
        fn read(&mut self, _: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
            self.0.chunks(self.1).for_each(piece);
            Ok(())
        }
    }

    #[test]
    fn any_pieces_give_the_one_encoding() {
        let document: Vec<u8> = (0..40_003u32)
            .map(|number| number.to_le_bytes()[0])
            .collect();
        for length in [0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 40_003] {
            let document = document.get(..length).unwrap();
            for size in [1, 7, PIECE, PIECE + 1, 50_000] {
                let mut encoded = Vec::new();
                Base64Contents(&mut InPieces(document, size))
                    .read(0, &mut |piece| encoded.extend_from_slice(piece))
                    .unwrap();
                assert_eq!(encoded, URL_SAFE_NO_PAD.encode(document).into_bytes());
                let back = decoded_length(encoded.len() as u64);
                assert_eq!(back, length as u64);
            }
        }
    }
}
