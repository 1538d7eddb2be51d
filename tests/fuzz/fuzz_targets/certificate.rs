//! Certificates as a card gives them, and the holder they state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_certs::{Certificate, Holder};

fuzz_target!(|input: &[u8]| {
    let _ = Certificate::from_padded_der(input);
    let Ok(certificate) = Certificate::from_der(input) else {
        return;
    };
    assert_eq!(certificate.der(), input);
    let _ = (
        certificate.subject_rfc2253(),
        certificate.issuer_rfc2253(),
        certificate.serial_number_decimal(),
    );
    let _ = (
        certificate.key_usage(),
        certificate.rsa_modulus_bits(),
        certificate.sha256(),
    );
    if let Ok(holder) = Holder::from_certificate(&certificate) {
        let _ = (
            holder.is_test(),
            holder.is_nominative(),
            holder.display_name(),
        );
    }
});
