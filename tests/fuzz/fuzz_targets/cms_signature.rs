//! CAdES signatures from anybody: the reader ends with a signature or a reason, within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::cades;
use paraphe_protocol::signature::{DocumentsInMemory, MAXIMUM_CERTIFICATES};

/// What the seeds sign.
const DOCUMENT: &[u8] = b"Document TEST SIMULATEUR\n";

fuzz_target!(|input: &[u8]| {
    let _ = cades::is_signature(input);
    let _ = cades::read(input, None);
    let documents = [DOCUMENT];
    let mut contents = DocumentsInMemory(&documents);
    if let Ok(signature) = cades::read(input, Some(&mut contents)) {
        assert!(signature.evidence().certificates().len() <= MAXIMUM_CERTIFICATES);
        assert_eq!(signature.covered().len(), 1);
    }
});
