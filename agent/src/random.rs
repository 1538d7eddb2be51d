//! Random bytes from OpenSSL's generator, and the names that are made of them.

use paraphe_protocol::api::ErrorCode;

use crate::problem::Failure;

/// So many random bytes.
pub(crate) fn random_bytes<const COUNT: usize>() -> Result<[u8; COUNT], Failure> {
    let mut bytes = [0; COUNT];
    openssl::rand::rand_bytes(&mut bytes).map_err(|_| ErrorCode::Internal)?;
    Ok(bytes)
}

/// A name that nobody guesses: 128 random bits in 32 lower-case hexadecimal digits.
pub(crate) fn random_id() -> Result<String, Failure> {
    Ok(format!("{:032x}", u128::from_be_bytes(random_bytes()?)))
}
