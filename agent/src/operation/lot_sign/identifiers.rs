//! Fresh identifiers: `2.25.<UUID>` (ITU-T X.667) of random UUIDs, version 4 (RFC 9562 section 5.4).

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::identifiers::Oid;

use crate::problem::Failure;
use crate::random::random_bytes;

/// A unique id for a document or a submission set.
pub(crate) fn unique_id() -> Result<Oid, Failure> {
    random_bytes().map(identifier)
}

/// So many at once: the generator is asked for all their bytes in one call.
pub(super) fn unique_ids(count: usize) -> Result<Vec<Oid>, Failure> {
    let mut bytes = vec![0; UUID_BYTES * count];
    openssl::rand::rand_bytes(&mut bytes).map_err(|_| ErrorCode::Internal)?;
    let (uuids, _) = bytes.as_chunks::<UUID_BYTES>();
    Ok(uuids.iter().copied().map(identifier).collect())
}

const UUID_BYTES: usize = 16;

fn identifier(random: [u8; UUID_BYTES]) -> Oid {
    let random = u128::from_be_bytes(random);
    let version = 0x4 << 76;
    let variant = 0b10 << 62;
    Oid::from_uuid(random & !(0xF << 76) & !(0b11 << 62) | version | variant)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{unique_id, unique_ids};

    #[test]
    fn identifiers_are_random_uuids_of_version_4() {
        let id = unique_id().unwrap();
        let number: u128 = id.as_str().strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!(number >> 76 & 0xF, 4);
        assert_eq!(number >> 62 & 0b11, 0b10);
        assert_ne!(id, unique_id().unwrap());
    }

    #[test]
    fn many_at_once_are_all_different() {
        let ids = unique_ids(1000).unwrap();
        let different: std::collections::HashSet<_> = ids.iter().map(|id| id.as_str()).collect();
        assert_eq!((ids.len(), different.len()), (1000, 1000));
        assert!(unique_ids(0).unwrap().is_empty());
    }
}
