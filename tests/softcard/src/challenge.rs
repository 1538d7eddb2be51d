//! GET CHALLENGE (ISO/IEC 7816-4, 11.5.3): eight bytes and no other number, as IAS-ECC cards give.

use crate::apdu::Command;
use crate::status_word::StatusWord;

const CHALLENGE_LENGTH: usize = 8;

/// Eight random bytes; Le of another value is `6C08`.
pub(crate) fn get_challenge(command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1_p2() != 0 {
        return Err(StatusWord::INCORRECT_P1_P2);
    }
    if command.exact_length(CHALLENGE_LENGTH)? != CHALLENGE_LENGTH {
        return Err(StatusWord::wrong_le(CHALLENGE_LENGTH));
    }
    let mut challenge = vec![0; CHALLENGE_LENGTH];
    openssl::rand::rand_bytes(&mut challenge).map_err(|_| StatusWord::INTERNAL_ERROR)?;
    Ok(challenge)
}
