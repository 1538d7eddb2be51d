//! Time stamps: an authority's answer, and tokens of foreign files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::time_stamp::{TimeStampRequest, TimeStampToken};

fuzz_target!(|input: &[u8]| {
    let request = TimeStampRequest::new(DigestAlgorithm::Sha256, &[7; 32], [1; 8], None);
    if let Ok(token) = request.and_then(|request| request.read_response(input)) {
        assert_eq!(token.info().imprint(), [7; 32]);
    }
    let Ok(token) = TimeStampToken::from_der(input) else {
        return;
    };
    assert_eq!(token.der(), input);
    if token.verify(&[]).is_ok() {
        assert!(!token.certificates().is_empty());
    }
});
