//! Paths that hold, and every reason for which one does not.

use crate::fixture::{FORT_PERSONS, NOW, login_certificate, pki, signature_certificate};
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, KeyAlgorithm, Level, SignatureDigest, Structure,
    TestPki, Validity,
};
use paraphe_certs::{
    CardLogin, CardSignature, Category, Certificate, Extension, HolderError, KeyUsage, PathError,
    TrustStore, TrustStoreError, UnixTime,
};

fn login_refusal(store: &TrustStore, certificate: &Certificate, at: UnixTime) -> PathError {
    store
        .verify::<CardLogin>(certificate, at)
        .expect_err("the path must be refused")
}

fn physician_login(validity: Validity) -> CertificateTemplate {
    quick(CardPerson::sample_physician().authentication_template(validity))
}

fn quick(template: CertificateTemplate) -> CertificateTemplate {
    CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    }
}

fn issue(pki: &TestPki, template: &CertificateTemplate) -> Certificate {
    pki.issue(FORT_PERSONS, template).unwrap().certificate
}

#[test]
fn each_use_is_verified_on_its_own_certificate_only() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let card = pki
        .issue_card(&CardPerson::sample_physician(), NOW)
        .unwrap();
    let (login, signature) = (
        &card.authentication.certificate,
        &card.signature.certificate,
    );

    let verified = store.verify::<CardLogin>(login, NOW).unwrap();
    assert_eq!(verified.certificate(), login);
    assert_eq!(verified.holder().national_id.as_str(), "899700000017");
    assert!(verified.holder().is_test());
    assert_eq!(verified.verified_at(), NOW);
    let names: Vec<&str> = verified
        .chain()
        .iter()
        .map(|certificate| certificate.subject().common_name())
        .collect();
    assert_eq!(
        names,
        [
            "899700000017",
            "TEST AC SIMULATEUR FORT PERSONNES",
            "TEST AC RACINE SIMULATEUR FORT"
        ]
    );
    assert!(store.verify::<CardSignature>(signature, NOW).is_ok());
    assert!(
        !format!("{verified:?}").contains("ESSAI"),
        "names stay out of logs"
    );

    assert_eq!(
        store.verify::<CardSignature>(login, NOW).unwrap_err(),
        PathError::WrongUse {
            used_for: "card signature",
            expected: "nonRepudiation, and emailProtection",
            key_usage: "digitalSignature".into(),
            extended_key_usage: vec!["1.3.6.1.5.5.7.3.2".into(), "1.3.6.1.4.1.311.20.2.2".into()],
        }
    );
    assert!(matches!(
        login_refusal(&store, signature, NOW),
        PathError::WrongUse {
            used_for: "card login",
            ..
        }
    ));
}

#[test]
fn every_authority_of_the_whole_pki_leads_to_its_root() {
    let pki = pki(&Authority::ALL);
    let store = pki.trust_store(NOW).unwrap();
    assert_eq!(pki.authorities().count(), 9);
    for person in [
        CardPerson::sample_nurse(),
        CardPerson::sample_student(),
        CardPerson::sample_staff(),
        CardPerson::sample_service_card(),
        CardPerson {
            category: Category::TestSoftware,
            ..CardPerson::sample_physician()
        },
    ] {
        let login = login_certificate(&pki, &person).certificate;
        let signature = signature_certificate(&pki, &person).certificate;
        let verified = store.verify::<CardLogin>(&login, NOW).unwrap();
        assert_eq!(verified.holder().national_id.as_str(), person.national_id);
        assert!(store.verify::<CardSignature>(&signature, NOW).is_ok());
    }
}

#[test]
fn usage_needs_both_key_usage_and_extended_key_usage() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let base = physician_login(Validity::of_card(NOW));
    let both = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::NON_REPUDIATION);
    let client: &[&str] = &["1.3.6.1.5.5.7.3.2"];
    let any: &[&str] = &["2.5.29.37.0"];
    for (usage, purposes) in [
        (Some(both), client),
        (Some(KeyUsage::KEY_ENCIPHERMENT), client),
        (None, client),
        (Some(KeyUsage::DIGITAL_SIGNATURE), any),
        (Some(KeyUsage::DIGITAL_SIGNATURE), &[]),
    ] {
        let template = CertificateTemplate {
            key_usage: usage,
            extended_key_usage: purposes
                .iter()
                .map(|purpose| (*purpose).to_owned())
                .collect(),
            ..base.clone()
        };
        let certificate = issue(&pki, &template);
        assert!(
            matches!(
                login_refusal(&store, &certificate, NOW),
                PathError::WrongUse { .. }
            ),
            "{usage:?} {purposes:?}"
        );
        assert!(matches!(
            store.verify::<CardSignature>(&certificate, NOW),
            Err(PathError::WrongUse { .. })
        ));
    }
}

#[test]
fn structure_and_technical_certificates_are_nobody_s_login() {
    let organizations = Authority::Organizations(Level::Elementaire);
    let pki = pki(&[FORT_PERSONS, organizations]);
    let store = pki.trust_store(NOW).unwrap();
    let clinic = Structure::sample_clinic();
    let validity = Validity::of_card(NOW);
    let client = pki
        .issue(
            organizations,
            &quick(clinic.client_authentication_template(validity)),
        )
        .unwrap();
    let seal = pki
        .issue(organizations, &quick(clinic.seal_template(validity)))
        .unwrap();
    let technical = issue(
        &pki,
        &quick(CardPerson::sample_physician().technical_template(validity)),
    );
    for certificate in [&client.certificate, &technical] {
        let error = login_refusal(&store, certificate, NOW);
        assert!(
            matches!(error, PathError::Holder(HolderError::NationalId(_))),
            "{error}"
        );
    }
    assert!(matches!(
        store.verify::<CardSignature>(&seal.certificate, NOW),
        Err(PathError::Holder(HolderError::NationalId(_)))
    ));
}

#[test]
fn unknown_issuer() {
    let ours = pki(&[FORT_PERSONS]);
    let theirs = pki(&[FORT_PERSONS]);
    let certificate = login_certificate(&theirs, &CardPerson::sample_physician()).certificate;
    let expected = PathError::UnknownIssuer {
        issuer: certificate.issuer_rfc2253(),
    };
    // Same names, other keys: the key identifiers tell.
    assert_eq!(
        login_refusal(&ours.trust_store(NOW).unwrap(), &certificate, NOW),
        expected
    );
    assert_eq!(
        login_refusal(&TrustStore::new(), &certificate, NOW),
        expected
    );
    // The issuing authority alone is not an anchor.
    let mut store = TrustStore::new();
    store
        .add_intermediates_pem(theirs.intermediates_pem().as_bytes())
        .unwrap();
    store
        .add_crls_pem(theirs.crls_pem(NOW).unwrap().as_bytes())
        .unwrap();
    assert!(matches!(
        login_refusal(&store, &certificate, NOW),
        PathError::UnknownIssuer { issuer } if issuer.starts_with("CN=TEST AC RACINE")
    ));
}

#[test]
fn forged_issuer_name() {
    let organizations = Authority::Organizations(Level::Fort);
    let pki = pki(&[FORT_PERSONS, organizations]);
    let persons = pki
        .authorities()
        .find(|(authority, _)| *authority == FORT_PERSONS)
        .unwrap()
        .1;
    // An authority of the same PKI signs a card certificate in the name of the one that may.
    let template = CertificateTemplate {
        forged_issuer: Some(persons.raw_subject().to_vec()),
        ..physician_login(Validity::of_card(NOW))
    };
    let forged = pki.issue(organizations, &template).unwrap().certificate;
    assert_eq!(forged.issuer_rfc2253(), persons.subject_rfc2253());
    let store = pki.trust_store(NOW).unwrap();
    assert!(matches!(
        login_refusal(&store, &forged, NOW),
        PathError::UnknownIssuer { .. } | PathError::BadSignature { .. }
    ));
}

#[test]
fn altered_certificate() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let certificate = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    // Another RPPS number in the commonName.
    let mut altered = certificate.der().to_vec();
    let position = altered
        .windows(12)
        .position(|window| window == b"899700000017")
        .unwrap();
    altered[position + 11] = b'8';
    let altered = Certificate::from_der(&altered).unwrap();
    assert_eq!(
        login_refusal(&store, &altered, NOW),
        PathError::BadSignature {
            subject: altered.subject_rfc2253()
        }
    );
    let left_over = openssl::error::ErrorStack::get();
    assert!(left_over.errors().is_empty(), "{left_over}");
    // One bit of the signature.
    let mut altered = certificate.der().to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let altered = Certificate::from_der(&altered).unwrap();
    assert!(matches!(
        login_refusal(&store, &altered, NOW),
        PathError::BadSignature { .. }
    ));
}

#[test]
fn expired_and_not_yet_valid() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let past = Validity {
        not_before: NOW.plus_days(-1100),
        not_after: NOW.plus_seconds(-1),
    };
    let expired = issue(&pki, &physician_login(past));
    assert_eq!(
        login_refusal(&store, &expired, NOW),
        PathError::Expired {
            subject: expired.subject_rfc2253(),
            not_after: NOW.plus_seconds(-1)
        }
    );
    assert!(
        store
            .verify::<CardLogin>(&expired, NOW.plus_seconds(-1))
            .is_err(),
        "its list is younger"
    );
    let future = issue(
        &pki,
        &physician_login(Validity::of_card(NOW.plus_seconds(1))),
    );
    assert_eq!(
        login_refusal(&store, &future, NOW),
        PathError::NotYetValid {
            subject: future.subject_rfc2253(),
            not_before: NOW.plus_seconds(1)
        }
    );
    // From the first second on, and up to the last: OpenSSL counts notAfter itself as too late.
    let short = Validity {
        not_before: NOW,
        not_after: NOW.plus_seconds(2),
    };
    let short = issue(&pki, &physician_login(short));
    assert!(store.verify::<CardLogin>(&short, NOW).is_ok());
    assert!(
        store
            .verify::<CardLogin>(&short, NOW.plus_seconds(1))
            .is_ok()
    );
    assert!(matches!(
        login_refusal(&store, &short, NOW.plus_seconds(2)),
        PathError::Expired { .. }
    ));
}

#[test]
fn test_products_are_refused_unless_told_and_never_mixed_with_production() {
    let pki = pki(&[FORT_PERSONS]);
    let mut store = pki.trust_store(NOW).unwrap();
    let test = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    store.accept_test(false);
    assert_eq!(
        login_refusal(&store, &test, NOW),
        PathError::TestCertificate
    );
    // A certificate that says "production" under authorities whose names say TEST.
    let person = CardPerson {
        category: Category::Card,
        ..CardPerson::sample_physician()
    };
    let production = login_certificate(&pki, &person).certificate;
    for accept in [false, true] {
        store.accept_test(accept);
        assert_eq!(
            login_refusal(&store, &production, NOW),
            PathError::MixedEnvironments {
                authority: "TEST AC SIMULATEUR FORT PERSONNES".into(),
                leaf_is_test: false
            }
        );
    }
}

#[test]
fn weak_algorithms() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let base = physician_login(Validity::of_card(NOW));
    let sha1 = CertificateTemplate {
        digest: SignatureDigest::Sha1,
        ..base.clone()
    };
    let short_key = CertificateTemplate {
        key: KeyAlgorithm::Rsa { bits: 1024 },
        ..base
    };
    let old = quick(CardPerson::sample_physician().old_generation_template(Validity::of_card(NOW)));
    for template in [sha1, short_key, old] {
        let refusal = login_refusal(&store, &issue(&pki, &template), NOW);
        assert!(
            matches!(refusal, PathError::WeakAlgorithm { .. }),
            "{refusal}"
        );
    }
}

#[test]
fn an_old_shape_with_a_good_digest_is_read_by_the_engine_and_refused_for_its_usage() {
    let pki = pki(&[FORT_PERSONS]);
    let template = CertificateTemplate {
        digest: SignatureDigest::Sha256,
        ..quick(CardPerson::sample_physician().old_generation_template(Validity::of_card(NOW)))
    };
    let refusal = login_refusal(&pki.trust_store(NOW).unwrap(), &issue(&pki, &template), NOW);
    assert!(matches!(refusal, PathError::WrongUse { .. }), "{refusal}");
}

#[test]
fn authorities_are_not_holders_and_holders_are_not_authorities() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let issuing = pki
        .authorities()
        .find(|(authority, _)| *authority == FORT_PERSONS)
        .unwrap()
        .1;
    assert_eq!(login_refusal(&store, issuing, NOW), PathError::IsAuthority);

    let mut empty = TrustStore::new();
    let login = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    assert!(matches!(
        empty.add_anchor(&login),
        Err(TrustStoreError::NotAnAnchor { .. })
    ));
    assert!(matches!(
        empty.add_anchor(issuing),
        Err(TrustStoreError::NotAnAnchor { .. })
    ));
    assert!(matches!(
        empty.add_intermediate(&login),
        Err(TrustStoreError::NotAnIntermediate { .. })
    ));
    assert_eq!(empty.anchor_count(), 0);
}

#[test]
fn a_card_s_key_issues_nothing() {
    let pki = pki(&[FORT_PERSONS]);
    let mut store = pki.trust_store(NOW).unwrap();
    let card = login_certificate(&pki, &CardPerson::sample_physician());
    let template = physician_login(Validity::of_card(NOW));
    let below = pki
        .issue_below(&card, FORT_PERSONS, &template)
        .unwrap()
        .certificate;
    assert_eq!(
        login_refusal(&store, &below, NOW),
        PathError::UnknownIssuer {
            issuer: card.certificate.subject_rfc2253()
        }
    );
    assert!(store.add_intermediate(&card.certificate).is_err());

    // An authority below an issuing authority, which has path length 0.
    let sub_authority = CertificateTemplate {
        is_ca: true,
        key_usage: Some(KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN)),
        extended_key_usage: Vec::new(),
        ..template.clone()
    };
    let sub_authority = pki.issue(FORT_PERSONS, &sub_authority).unwrap();
    assert_eq!(
        login_refusal(&store, &sub_authority.certificate, NOW),
        PathError::IsAuthority
    );
    store.add_intermediate(&sub_authority.certificate).unwrap();
    let below = pki
        .issue_below(&sub_authority, FORT_PERSONS, &template)
        .unwrap()
        .certificate;
    let refusal = login_refusal(&store, &below, NOW);
    assert!(
        matches!(refusal, PathError::InvalidAuthority { .. }),
        "{refusal}"
    );
}

#[test]
fn critical_extension_that_nobody_knows() {
    let pki = pki(&[FORT_PERSONS]);
    let store = pki.trust_store(NOW).unwrap();
    let mut template = physician_login(Validity::of_card(NOW));
    let unknown = |critical| Extension {
        oid: "1.2.250.1.71.9.9".into(),
        critical,
        value: vec![5, 0],
    };
    template.extensions.push(unknown(false));
    assert!(
        store
            .verify::<CardLogin>(&issue(&pki, &template), NOW)
            .is_ok()
    );
    template.extensions.pop();
    template.extensions.push(unknown(true));
    let certificate = issue(&pki, &template);
    assert_eq!(
        login_refusal(&store, &certificate, NOW),
        PathError::CriticalExtension {
            subject: certificate.subject_rfc2253()
        }
    );
}

#[test]
fn a_bundle_fills_a_store() {
    let pki = pki(&[FORT_PERSONS]);
    let certificate = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let bundle = [
        pki.anchors_pem(),
        pki.intermediates_pem(),
        pki.crls_pem(NOW).unwrap(),
    ]
    .concat();
    let mut store = TrustStore::from_pem_bundle(bundle.as_bytes()).unwrap();
    assert!(!store.accepts_test());
    store.accept_test(true);
    assert_eq!((store.anchor_count(), store.crls().len()), (1, 2));
    assert!(store.verify::<CardLogin>(&certificate, NOW).is_ok());

    let unexpected = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(
        TrustStore::from_pem_bundle(unexpected.as_bytes()),
        Err(TrustStoreError::UnexpectedPemBlock { label }) if label == "PRIVATE KEY"
    ));
    let cut = bundle.split_at(bundle.len() / 2).0;
    assert!(matches!(
        TrustStore::from_pem_bundle(cut.as_bytes()),
        Err(TrustStoreError::Pem(_))
    ));
}
