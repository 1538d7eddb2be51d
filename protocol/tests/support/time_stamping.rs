//! Tokens of the test PKI's time-stamping authority.

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{TimeStampingAuthority, Validity};
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::time_stamp::{TimeStampRequest, TimeStampToken};

use super::{NOW, Practice};

/// A token over a digest, of an authority whose certificate was made the day before [`NOW`].
pub fn stamp(
    practice: &Practice,
    digest: DigestAlgorithm,
    imprint: &[u8],
    at: UnixTime,
) -> TimeStampToken {
    let validity = Validity::of_card(NOW.plus_days(-1));
    let template = TimeStampingAuthority::template(validity).unwrap();
    let issued = practice.pki.issue(Practice::ISSUER, &template).unwrap();
    let authority = TimeStampingAuthority::new(&issued).unwrap();
    let request = TimeStampRequest::new(digest, imprint, [7; 8], None).unwrap();
    let response = authority.reply(request.der(), at).unwrap();
    request.read_response(&response).unwrap()
}
