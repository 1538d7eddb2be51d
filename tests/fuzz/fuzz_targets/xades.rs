//! XML signatures and lot signatures of either profile: the first two bytes say how long the document presented beside is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_certs::{TrustStore, UnixTime};
use paraphe_protocol::lot::legacy::{DmpLegacy, LegacyHasher, LegacyPresented};
use paraphe_protocol::lot::{ExaminedLot, LotLimits, PresentedDocuments};
use paraphe_protocol::signature::{DocumentsInMemory, Indication};
use paraphe_protocol::xades::{Presented, read_with_contents};

fuzz_target!(|input: &[u8]| {
    let Some((split, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let split = usize::from(u16::from_be_bytes(*split));
    let (document, xml) = rest.split_at_checked(split).unwrap_or((&[], rest));
    let documents: &[&[u8]] = if document.is_empty() { &[] } else { &[document] };
    let names = [Some("document".to_owned())];
    let mut contents = DocumentsInMemory(documents);
    let mut presented = Presented {
        names: names.get(..documents.len()).unwrap_or_default(),
        contents: &mut contents,
    };
    if let Ok((signature, contents)) = read_with_contents(xml, &mut presented) {
        assert!(!signature.covered().is_empty(), "nothing is signed");
        assert!(contents.len() <= signature.covered().len());
        let all = signature.covered().iter();
        let presented = all.filter(|covered| covered.presented.is_some()).count();
        assert_eq!(presented, documents.len(), "a document is not signed");
    }
    let Some(legacy) = DmpLegacy::where_enabled(true) else {
        return;
    };
    let mut hasher = LegacyHasher::new(legacy);
    hasher.update(document);
    let digests = [hasher.finish()];
    let report = ExaminedLot::examine(
        xml,
        Some(legacy),
        &TrustStore::new(),
        UnixTime(1_795_341_600),
        &LotLimits::default(),
    )
    .compare(
        Some(PresentedDocuments::ByContent(&[])),
        Some(LegacyPresented::ByContent(&digests)),
    );
    assert_ne!(report.indication, Indication::TotalPassed, "nobody is trusted");
});
