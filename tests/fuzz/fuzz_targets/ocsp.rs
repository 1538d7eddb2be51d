//! OCSP responses as a responder sends them and signature files carry them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_certs::OcspResponse;

fuzz_target!(|input: &[u8]| {
    let Ok(response) = OcspResponse::from_der(input) else {
        return;
    };
    assert_eq!(response.der(), input);
    for certificate in response.certificates() {
        let _ = response.answer(certificate, certificate);
    }
});
