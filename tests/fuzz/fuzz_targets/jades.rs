//! JSON web signatures: the first two bytes say how long the document presented beside is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::jades::{is_signature, read_with_contents};
use paraphe_protocol::signature::{DocumentsInMemory, Packaging, Presented};

fuzz_target!(|input: &[u8]| {
    let Some((split, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let split = usize::from(u16::from_be_bytes(*split));
    let (document, file) = rest.split_at_checked(split).unwrap_or((&[], rest));
    let documents: &[&[u8]] = if document.is_empty() { &[] } else { &[document] };
    let names = [Some("document".to_owned())];
    let mut contents = DocumentsInMemory(documents);
    let mut presented = Presented {
        names: names.get(..documents.len()).unwrap_or_default(),
        contents: &mut contents,
    };
    if let Ok((signature, contents)) = read_with_contents(file, &mut presented) {
        assert!(is_signature(file), "it is read and not recognised");
        assert!(!signature.covered().is_empty(), "nothing is signed");
        let is_detached = signature.packaging() == Packaging::Detached;
        assert_eq!(contents.is_empty(), is_detached);
        let all = signature.covered().iter();
        let presented = all.filter(|covered| covered.presented.is_some()).count();
        assert_eq!(presented, documents.len(), "a document is not signed");
    }
});
