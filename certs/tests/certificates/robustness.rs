//! Hostile bytes: the readers never panic, and nothing that was altered is ever verified.

use std::sync::LazyLock;

use crate::fixture::{FORT_PERSONS, NOW, login_certificate, pki};
use paraphe_certs::test_pki::{CardPerson, CertificateTemplate, KeyAlgorithm, Validity};
use paraphe_certs::{
    CardLogin, Certificate, CertificateError, Holder, MAX_CERTIFICATE_BYTES, NationalId,
    RevocationList, RevocationListError, TrustStore,
};
use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};
use proptest::sample::Index;

struct Sample {
    store: TrustStore,
    login: Vec<u8>,
    old: Vec<u8>,
    list: Vec<u8>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let pki = pki(&[FORT_PERSONS]);
    let physician = CardPerson::sample_physician();
    let old = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..physician.old_generation_template(Validity::of_card(NOW))
    };
    Sample {
        store: pki.trust_store(NOW).unwrap(),
        login: login_certificate(&pki, &physician)
            .certificate
            .der()
            .to_vec(),
        old: pki
            .issue(FORT_PERSONS, &old)
            .unwrap()
            .certificate
            .der()
            .to_vec(),
        list: pki.crls(NOW).unwrap().last().unwrap().list.der().to_vec(),
    }
});

/// One change to a byte string.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Cut(Index),
    Remove(Index),
    Insert(Index, u8),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Remove(at) => drop(bytes.remove(at.index(bytes.len()))),
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    // Lengths, tags and other bytes that steer a parser come more often than chance would have it.
    let byte = prop_oneof![
        any::<u8>(),
        prop_oneof![
            Just(0x00),
            Just(0x30),
            Just(0x31),
            Just(0x7f),
            Just(0x80),
            Just(0x84),
            Just(0xff)
        ]
    ];
    prop_oneof![
        6 => (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => any::<Index>().prop_map(Change::Remove),
        1 => (any::<Index>(), byte).prop_map(|(at, byte)| Change::Insert(at, byte)),
    ]
}

fn altered(original: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    changes.iter().for_each(|change| change.apply(&mut bytes));
    bytes
}

/// Everything that a reader of foreign certificates calls. Only a panic fails here.
fn read_all(bytes: &[u8]) -> Option<Certificate> {
    let certificate = Certificate::from_der(bytes);
    let _ = Certificate::from_padded_der(bytes);
    let _ = Certificate::from_pem(bytes);
    let certificate = certificate.ok()?;
    let _ = Holder::from_certificate(&certificate).map(|holder| holder.display_name());
    let _ = (certificate.subject_rfc2253(), certificate.issuer_rfc2253());
    let _ = (
        certificate.serial_number_decimal(),
        format!("{certificate:?}"),
    );
    Some(certificate)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_altered_certificate_is_never_verified(changes in vec(change(), 1..4)) {
        let bytes = altered(&SAMPLE.login, &changes);
        if let Some(certificate) = read_all(&bytes)
            && SAMPLE.store.verify::<CardLogin>(&certificate, NOW).is_ok()
        {
            prop_assert_eq!(&bytes, &SAMPLE.login);
        }
    }

    #[test]
    fn an_altered_old_certificate_does_not_panic_the_readers(changes in vec(change(), 1..6)) {
        read_all(&altered(&SAMPLE.old, &changes));
    }

    #[test]
    fn an_altered_list_is_never_believed(changes in vec(change(), 1..4)) {
        let bytes = altered(&SAMPLE.list, &changes);
        if let Ok(list) = RevocationList::from_der(&bytes) {
            let mut store = SAMPLE.store.clone();
            let root = store.crls().first().unwrap().clone();
            store.clear_crls();
            store.add_crl(root).unwrap();
            store.add_crl(list).unwrap();
            let login = Certificate::from_der(&SAMPLE.login).unwrap();
            if store.verify::<CardLogin>(&login, NOW).is_ok() {
                prop_assert_eq!(&bytes, &SAMPLE.list);
            }
        }
        let _ = RevocationList::from_pem_or_der(&bytes);
    }

    #[test]
    fn any_bytes_do_not_panic_the_readers(bytes in vec(any::<u8>(), 0..512)) {
        read_all(&bytes);
        let _ = RevocationList::from_pem_or_der(&bytes);
        let _ = TrustStore::from_pem_bundle(&bytes);
    }

    #[test]
    fn a_national_identifier_that_is_read_is_written_the_same(text in "[0-9]{1,3}[0-9A-Za-z/@.]{0,16}") {
        if let Ok(id) = NationalId::parse(&text) {
            prop_assert_eq!(id.to_string(), text);
            prop_assert_eq!(Some(id.value()), id.as_str().strip_suffix(id.value()).map(|_| id.value()));
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    for length in 0..SAMPLE.login.len() {
        let cut = SAMPLE.login.split_at(length).0;
        assert!(Certificate::from_der(cut).is_err(), "{length} bytes");
        assert!(Certificate::from_padded_der(cut).is_err(), "{length} bytes");
    }
    for length in 0..SAMPLE.list.len() {
        assert!(
            RevocationList::from_der(SAMPLE.list.split_at(length).0).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn what_follows_a_certificate_is_refused_but_for_a_card_file_s_padding() {
    let exact = Certificate::from_der(&SAMPLE.login).unwrap();
    for padding in [&[][..], &[0; 1], &[0; 700], &[0xff; 700]] {
        let file = [&SAMPLE.login, padding].concat();
        assert_eq!(Certificate::from_padded_der(&file).unwrap(), exact);
        assert_eq!(Certificate::from_der(&file).is_ok(), padding.is_empty());
    }
    for tail in [&[0, 0xff][..], &[0x30], &[0, 0, 0x30]] {
        let file = [&SAMPLE.login, tail].concat();
        assert_eq!(
            Certificate::from_padded_der(&file),
            Err(CertificateError::TrailingBytes { count: tail.len() })
        );
    }
}

#[test]
fn what_is_too_long_is_refused_before_it_is_read() {
    let long = vec![0x30; MAX_CERTIFICATE_BYTES + 1];
    assert_eq!(
        Certificate::from_der(&long),
        Err(CertificateError::TooLong {
            length: MAX_CERTIFICATE_BYTES + 1
        })
    );
    let comment = vec![b'#'; 4 * MAX_CERTIFICATE_BYTES + 1];
    assert!(matches!(
        Certificate::from_pem(&comment),
        Err(CertificateError::TooLong { .. })
    ));
    // A header that announces four gigabytes costs nothing.
    assert!(Certificate::from_padded_der(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_err());
    assert!(matches!(
        RevocationList::from_der(&vec![0x30; paraphe_certs::MAX_CRL_BYTES + 1]),
        Err(RevocationListError::TooLong { .. })
    ));
}

#[test]
fn a_pem_text_holds_exactly_one_certificate() {
    let pem = Certificate::from_der(&SAMPLE.login).unwrap().pem();
    assert_eq!(
        Certificate::from_pem(pem.as_bytes()).unwrap().der(),
        SAMPLE.login
    );
    let twice = [pem.as_str(), pem.as_str()].concat();
    assert_eq!(
        Certificate::from_pem(twice.as_bytes()),
        Err(CertificateError::NotOnePemCertificate { blocks: 2 })
    );
    assert_eq!(
        Certificate::from_pem(b"no block at all"),
        Err(CertificateError::NotOnePemCertificate { blocks: 0 })
    );
    let key = pem.replace("CERTIFICATE", "PRIVATE KEY");
    assert_eq!(
        Certificate::from_pem(key.as_bytes()),
        Err(CertificateError::NotOnePemCertificate { blocks: 1 })
    );
}

#[test]
fn an_extension_that_appears_twice_is_refused() {
    let pki = pki(&[FORT_PERSONS]);
    let physician = CardPerson::sample_physician();
    let mut template = physician.authentication_template(Validity::of_card(NOW));
    let category = template
        .extensions
        .iter()
        .find(|extension| extension.oid == "1.2.250.1.71.1.2.5")
        .cloned()
        .unwrap();
    template.extensions.push(category);
    let error = pki.issue(FORT_PERSONS, &template).unwrap_err().to_string();
    assert_eq!(error, "the extension 1.2.250.1.71.1.2.5 appears twice");
}
