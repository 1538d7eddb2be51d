//! TimeStampResp (RFC 3161, 2.4.2): granted with a token, or refused with a reason.

use paraphe_certs::der::{BIT_STRING, DerError, Reader, SEQUENCE, UTF8_STRING};

use super::token::MAXIMUM_TOKEN_BYTES;
use super::{FailureReason, TimeStampError};

/// What a response has besides its token, bytes at most.
const MAXIMUM_STATUS_BYTES: usize = 16 * 1024;
/// Characters of the authority's words that are kept.
const MAXIMUM_TEXT: usize = 200;

/// DER of the token in a granted response.
pub(super) fn token(response: &[u8]) -> Result<&[u8], TimeStampError> {
    const MOST: usize = MAXIMUM_TOKEN_BYTES + MAXIMUM_STATUS_BYTES;
    if response.len() > MOST {
        return Err(TimeStampError::TooLong {
            length: response.len(),
            most: MOST,
        });
    }
    let what = "TimeStampResp";
    let mut fields = Reader::of_sequence(response, what)?;
    let mut status_info = fields.sequence("PKIStatusInfo")?;
    let status = status_info.small_number("PKIStatus")?;
    let text = match status_info.optional(SEQUENCE, "PKIFreeText")? {
        Some(texts) => words(Reader::new(texts.content))?,
        None => String::new(),
    };
    let reason = status_info
        .optional(BIT_STRING, "PKIFailureInfo")?
        .and_then(|bits| FailureReason::from_bits(bits.content));
    status_info.end("PKIStatusInfo")?;
    // 0 granted, 1 granted with modifications, which the matching with the request then judges
    if status > 1 {
        return Err(TimeStampError::Refused {
            status,
            reason,
            text,
        });
    }
    let token = fields.expect(SEQUENCE, "timeStampToken")?.whole;
    fields.end(what)?;
    Ok(token)
}

/// The texts as one line without control characters.
fn words(mut texts: Reader<'_>) -> Result<String, DerError> {
    let mut line = String::new();
    while !texts.is_empty() {
        let text = texts.expect(UTF8_STRING, "PKIFreeText")?;
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&String::from_utf8_lossy(text.content));
    }
    Ok(line
        .chars()
        .filter(|character| !character.is_control())
        .take(MAXIMUM_TEXT)
        .collect())
}
