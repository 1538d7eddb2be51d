//! Fresh identifiers: `2.25.<UUID>` (ITU-T X.667) of random UUIDs, version 4 (RFC 9562 section 5.4).

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::identifiers::Oid;

use crate::problem::Failure;

/// A unique id for a document or a submission set.
pub(crate) fn unique_id() -> Result<Oid, Failure> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes).map_err(|_| ErrorCode::Internal)?;
    let random = u128::from_be_bytes(bytes);
    let version = 0x4 << 76;
    let variant = 0b10 << 62;
    Ok(Oid::from_uuid(
        random & !(0xF << 76) & !(0b11 << 62) | version | variant,
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::unique_id;

    #[test]
    fn identifiers_are_random_uuids_of_version_4() {
        let id = unique_id().unwrap();
        let number: u128 = id.as_str().strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!(number >> 76 & 0xF, 4);
        assert_eq!(number >> 62 & 0b11, 0b10);
        assert_ne!(id, unique_id().unwrap());
    }
}
