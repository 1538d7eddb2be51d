//! Revocation lists: one is needed for every authority of a path, and only a good one counts.

use crate::fixture::{self, FORT_PERSONS, NOW, login_certificate, pki};
use paraphe_certs::test_pki::{Authority, CardPerson, Level, RevocationReason, TestPki};
use paraphe_certs::{CardLogin, Certificate, PathError, RevocationList, TrustStore, UnixTime};

fn login_refusal(store: &TrustStore, certificate: &Certificate, at: UnixTime) -> PathError {
    store
        .verify::<CardLogin>(certificate, at)
        .expect_err("the path must be refused")
}

/// The PKI's anchors and intermediates, with these revocation lists.
fn store_with(pki: &TestPki, lists: impl IntoIterator<Item = RevocationList>) -> TrustStore {
    let mut store = pki.trust_store(NOW).unwrap();
    store.clear_crls();
    for list in lists {
        store.add_crl(list).unwrap();
    }
    store
}

#[test]
fn revoked_card_and_revoked_authority() {
    let mut pki = pki(&[FORT_PERSONS]);
    let person = CardPerson::sample_physician();
    let (good, bad) = (
        login_certificate(&pki, &person),
        login_certificate(&pki, &person),
    );
    pki.revoke(&bad.certificate, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    let store = pki.trust_store(NOW).unwrap();
    assert_eq!(
        login_refusal(&store, &bad.certificate, NOW),
        PathError::Revoked {
            subject: bad.certificate.subject_rfc2253(),
            serial_number: bad.certificate.serial_number_decimal(),
        }
    );
    assert!(store.verify::<CardLogin>(&good.certificate, NOW).is_ok());

    let authority = pki
        .authorities()
        .find(|(authority, _)| *authority == FORT_PERSONS)
        .unwrap()
        .1
        .clone();
    pki.revoke(&authority, NOW, RevocationReason::CessationOfOperation)
        .unwrap();
    assert!(matches!(
        login_refusal(&pki.trust_store(NOW).unwrap(), &good.certificate, NOW),
        PathError::Revoked { subject, .. } if subject == authority.subject_rfc2253()
    ));
}

#[test]
fn missing_stale_future_and_foreign_revocation_lists() {
    let pki = pki(&[FORT_PERSONS]);
    let certificate = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let issuer = certificate.issuer_rfc2253();
    let root = "CN=TEST AC RACINE SIMULATEUR FORT,OU=SIMULATEUR TEST,OU=0002 000000000,O=PARAPHE-SIMULATEUR,C=FR";
    let lists = pki.crls(NOW).unwrap();
    let of = |authority: Authority| {
        lists
            .iter()
            .find(|issued| issued.authority == authority)
            .unwrap()
            .list
            .clone()
    };
    let both = [of(Authority::Root(Level::Fort)), of(FORT_PERSONS)];
    assert!(
        store_with(&pki, both.clone())
            .verify::<CardLogin>(&certificate, NOW)
            .is_ok()
    );

    // Each list is needed, that of the root too.
    let unknown = |issuer: &str| PathError::RevocationUnknown {
        issuer: issuer.to_owned(),
    };
    let [of_root, of_issuer] = both;
    assert_eq!(
        login_refusal(&store_with(&pki, [of_root.clone()]), &certificate, NOW),
        unknown(&issuer)
    );
    assert_eq!(
        login_refusal(&store_with(&pki, [of_issuer.clone()]), &certificate, NOW),
        unknown(root)
    );
    assert_eq!(
        login_refusal(&store_with(&pki, []), &certificate, NOW),
        unknown(&issuer)
    );

    // A stale list is refused; a newer one beside it heals.
    let stale = pki
        .crls_valid(NOW.plus_days(-8), NOW.plus_seconds(-1))
        .unwrap();
    let stale: Vec<RevocationList> = stale.into_iter().map(|issued| issued.list).collect();
    assert_eq!(
        login_refusal(&store_with(&pki, stale.clone()), &certificate, NOW),
        PathError::CrlExpired {
            issuer: issuer.clone(),
            next_update: Some(NOW.plus_seconds(-1))
        }
    );
    let healed = store_with(&pki, stale.into_iter().chain([of_root.clone(), of_issuer]));
    assert!(healed.verify::<CardLogin>(&certificate, NOW).is_ok());
    assert_eq!(
        login_refusal(&healed, &certificate, NOW.plus_days(8)),
        PathError::CrlExpired {
            issuer: issuer.clone(),
            next_update: Some(NOW.plus_days(7))
        }
    );

    let future = pki
        .crls_valid(NOW.plus_seconds(1), NOW.plus_days(7))
        .unwrap();
    let future = store_with(&pki, future.into_iter().map(|issued| issued.list));
    assert_eq!(
        login_refusal(&future, &certificate, NOW),
        PathError::CrlNotYetValid {
            issuer: issuer.clone()
        }
    );

    // A list that somebody else signed in the authority's name, and one that was altered.
    let impostor = fixture::pki(&[FORT_PERSONS]);
    let forged = impostor
        .crls(NOW)
        .unwrap()
        .into_iter()
        .map(|issued| issued.list);
    let refusal = login_refusal(&store_with(&pki, forged), &certificate, NOW);
    assert!(
        matches!(
            refusal,
            PathError::CrlUnusable { .. } | PathError::RevocationUnknown { .. }
        ),
        "{refusal}"
    );
    let mut altered = of(FORT_PERSONS).der().to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let altered = RevocationList::from_der(&altered).unwrap();
    assert!(matches!(
        login_refusal(&store_with(&pki, [of_root, altered]), &certificate, NOW),
        PathError::CrlUnusable { .. }
    ));
}

#[test]
fn a_stored_pki_goes_on_issuing_and_revoking() {
    let mut pki = pki(&[FORT_PERSONS]);
    let person = CardPerson::sample_physician();
    let before = login_certificate(&pki, &person).certificate;
    pki.revoke(&before, NOW, RevocationReason::Superseded)
        .unwrap();
    let state = pki.to_state().unwrap();
    assert_eq!(format!("{state:?}"), "PrivateKeyPem(..)");

    let reloaded = TestPki::from_state(state.expose()).unwrap();
    assert_eq!(reloaded.anchors_pem(), pki.anchors_pem());
    assert_eq!(reloaded.to_state().unwrap().expose(), state.expose());
    let after = login_certificate(&reloaded, &person).certificate;
    // The old store with the reloaded PKI's lists judges both.
    let lists = reloaded
        .crls(NOW)
        .unwrap()
        .into_iter()
        .map(|issued| issued.list);
    let store = store_with(&pki, lists);
    assert!(store.verify::<CardLogin>(&after, NOW).is_ok());
    assert!(matches!(
        login_refusal(&store, &before, NOW),
        PathError::Revoked { .. }
    ));

    for (text, line) in [
        ("", 1),
        ("something else\n", 1),
        ("paraphe-test-pki 1\nrevoked 00 1 1\n", 2),
        ("paraphe-test-pki 1\nauthority ACR-XX-TEST\n", 2),
        (
            "paraphe-test-pki 1\nauthority ACR-FO-TEST\nrevoked 0g 1 1\n",
            3,
        ),
    ] {
        let error = TestPki::from_state(text).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("line {line} of")),
            "{text:?} gave {error}"
        );
    }
}
