//! Certificates of the older generation: T61String with Latin-1 bytes, a SET that is not sorted. They are read leniently, and their paths
//! are verified on the bytes that the authority signed: nothing is encoded again.

use crate::fixture::{FORT_PERSONS, NOW, pki};
use paraphe_certs::der::{Reader, value};
use paraphe_certs::test_pki::{
    CardPerson, CertificateTemplate, KeyAlgorithm, SignatureDigest, Validity,
};
use paraphe_certs::{
    CardLogin, CardSignature, Certificate, Holder, JudgementTime, KeyUsage, PathError, PathEvidence,
};

const SET: u8 = 0x31;

/// As the older cards have it, with the key usage of a card's login or signature certificate.
fn legacy(usage: KeyUsage, purpose: &str) -> CertificateTemplate {
    let person = CardPerson::sample_physician();
    CertificateTemplate {
        key: KeyAlgorithm::P256,
        key_usage: Some(usage),
        extended_key_usage: vec![purpose.to_owned()],
        digest: SignatureDigest::Sha256,
        ..person.old_generation_template(Validity::of_card(NOW))
    }
}

/// The same certificate with the parts of its last RDN in ascending order, as a strict encoder would write them: the same length.
fn encoded_again(certificate: &Certificate) -> Vec<u8> {
    let name = certificate.raw_subject();
    let mut rdns = Reader::of_sequence(name, "the subject").unwrap();
    let mut last = rdns.any("an RDN").unwrap();
    while !rdns.is_empty() {
        last = rdns.any("an RDN").unwrap();
    }
    let mut set = Reader::new(last.content);
    let mut parts = Vec::new();
    while !set.is_empty() {
        parts.push(set.any("an attribute").unwrap().whole.to_vec());
    }
    let unsorted = parts.clone();
    parts.sort();
    assert_ne!(
        parts, unsorted,
        "the SET of the older generation is not sorted"
    );
    let sorted = value(SET, &parts.concat());
    let der = certificate.der();
    let place = der
        .windows(last.whole.len())
        .position(|window| window == last.whole)
        .unwrap();
    [&der[..place], &sorted, &der[place + sorted.len()..]].concat()
}

#[test]
fn an_old_certificate_is_read_and_its_path_verified_on_its_own_bytes() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let login = legacy(KeyUsage::DIGITAL_SIGNATURE, "1.3.6.1.5.5.7.3.2");
    let login = pki.issue(FORT_PERSONS, &login).unwrap().certificate;
    let signature = legacy(KeyUsage::NON_REPUDIATION, "1.3.6.1.5.5.7.3.4");
    let signature = pki.issue(FORT_PERSONS, &signature).unwrap().certificate;
    for certificate in [&login, &signature] {
        let latin1 = b"\x14\x06H\xc9L\xc8NE";
        let is_t61 = certificate
            .raw_subject()
            .windows(latin1.len())
            .any(|window| window == latin1);
        assert!(is_t61, "the given name is a T61String of Latin-1 bytes");
        let holder = Holder::from_certificate(certificate).unwrap();
        assert_eq!(holder.given_name.as_deref(), Some("HÉLÈNE"));
        assert_eq!(holder.family_name.as_deref(), Some("ESSAI-DUPONT"));
        assert_eq!(holder.national_id.as_str(), "899700000017");
        assert_eq!(holder.title.as_deref(), Some("Médecin"));
    }
    let verified = store.verify::<CardLogin>(&login, NOW).unwrap();
    assert_eq!(verified.chain()[0].der(), login.der());
    assert_eq!(verified.holder().given_name.as_deref(), Some("HÉLÈNE"));
    let verified = store.verify::<CardSignature>(&signature, NOW).unwrap();
    assert_eq!(verified.chain()[0].der(), signature.der());
    let time = JudgementTime { at: NOW, now: NOW };
    let evidence = PathEvidence::default();
    assert!(
        store
            .judge::<CardSignature>(&signature, time, &evidence)
            .is_ok()
    );

    // Lenient to read, strict to verify: the digest of those days is refused.
    let sha1 = CertificateTemplate {
        digest: SignatureDigest::Sha1,
        ..legacy(KeyUsage::DIGITAL_SIGNATURE, "1.3.6.1.5.5.7.3.2")
    };
    let sha1 = pki.issue(FORT_PERSONS, &sha1).unwrap().certificate;
    assert!(Holder::from_certificate(&sha1).is_ok());
    assert!(matches!(
        store.verify::<CardLogin>(&sha1, NOW),
        Err(PathError::WeakAlgorithm { .. })
    ));

    // Encoded again it names the same person, and nobody signed that.
    let again = Certificate::from_der(&encoded_again(&login)).unwrap();
    assert!(again.subject().names_the_same(login.subject()));
    assert_eq!(
        Holder::from_certificate(&again),
        Holder::from_certificate(&login)
    );
    assert!(matches!(
        store.verify::<CardLogin>(&again, NOW),
        Err(PathError::BadSignature { .. })
    ));
}
