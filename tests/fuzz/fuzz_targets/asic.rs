//! ASiC-E containers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::asic::{is_container, read};
use paraphe_protocol::signature::{Packaging, SignatureFormat};

fuzz_target!(|input: &[u8]| {
    let length = u64::try_from(input.len()).unwrap_or(u64::MAX);
    if let Ok(signature) = read(&input.to_vec(), length) {
        assert!(is_container(input), "it is read and not recognised");
        assert_eq!(signature.format(), SignatureFormat::AsicE);
        assert_eq!(signature.packaging(), Packaging::Enveloping);
        assert!(!signature.covered().is_empty(), "nothing is signed");
    }
});
