//! What a store learns from one card must not change what it says of the next: neither let in what a store that has learnt nothing refuses,
//! nor give another reason.

use std::sync::LazyLock;

use crate::fixture::{FORT_PERSONS, NOW, pki};
use openssl::rsa::Rsa;
use paraphe_certs::test_pki::{
    CardPerson, CertificateTemplate, KeyAlgorithm, RevocationReason, SignatureDigest, TestPki,
    Validity,
};
use paraphe_certs::{
    CardLogin, CardSignature, Certificate, Extension, Freshness, KeyUsage, TrustStore, UnixTime,
    der,
};

fn validity(from_days: i64, until_days: i64) -> Validity {
    Validity {
        not_before: NOW.plus_days(from_days),
        not_after: NOW.plus_days(until_days),
    }
}

/// Two keys of the length that cards have, in PEM: making one takes long.
static KEYS: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| [(); 2].map(|()| Rsa::generate(2048).unwrap().public_key_to_pem().unwrap()));

fn card(pki: &TestPki, change: impl FnOnce(&mut CertificateTemplate)) -> Certificate {
    card_of(pki, &CardPerson::sample_physician(), &KEYS[0], change)
}

fn card_of(
    pki: &TestPki,
    person: &CardPerson,
    key: &[u8],
    change: impl FnOnce(&mut CertificateTemplate),
) -> Certificate {
    let of_cards = KeyAlgorithm::Rsa { bits: 2048 };
    let mut template = CertificateTemplate {
        key: of_cards,
        ..person.authentication_template(validity(-1, 365))
    };
    change(&mut template);
    if template.key == of_cards {
        return pki.issue_for_key(FORT_PERSONS, &template, key).unwrap();
    }
    pki.issue(FORT_PERSONS, &template).unwrap().certificate
}

fn learnt_and_anew(store: &TrustStore, leaf: &Certificate, at: UnixTime) -> [String; 2] {
    [store, &store.clone()].map(|store| {
        let login = store.verify::<CardLogin>(leaf, at);
        let login = login.map(|verified| verified.chain().to_vec());
        let signature = store.verify::<CardSignature>(leaf, at).map(drop);
        format!("{login:?} {signature:?}")
    })
}

/// A store that met a card of the authority.
fn store_that_met(pki: &TestPki) -> (TrustStore, Certificate) {
    let store = pki.trust_store(NOW).unwrap();
    let met = card(pki, |_| ());
    assert_eq!(store.proven_authorities(), 0);
    store.verify::<CardLogin>(&met, NOW).unwrap();
    assert_eq!(store.proven_authorities(), 1);
    (store, met)
}

#[test]
fn every_card_gets_the_answer_of_a_store_that_learnt_nothing() {
    let mut pki = pki(&[FORT_PERSONS]);
    let good = card(&pki, |_| ());
    let expired = card(&pki, |template| template.validity = validity(-20, -1));
    let future = card(&pki, |template| template.validity = validity(1, 20));
    let elsewhere = card(&pki, |template| template.publication_addresses = false);
    let unknown = card(&pki, |template| {
        template.extensions.push(Extension {
            oid: "1.2.250.1.71.4.2.99".to_owned(),
            critical: true,
            value: vec![5, 0],
        });
    });
    // requireExplicitPolicy at once: asks for policies that only the whole path can tell.
    let constrained = card(&pki, |template| {
        template.policy = None;
        template.extensions.push(Extension {
            oid: "2.5.29.36".to_owned(),
            critical: true,
            value: vec![0x30, 3, 0x80, 1, 0],
        });
    });
    let mut forged = card(&pki, |_| ()).der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = Certificate::from_der(&forged).unwrap();
    let revoked = card(&pki, |_| ());
    pki.revoke(&revoked, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    let other_authority = self::pki(&[FORT_PERSONS]);
    let of_another = card(&other_authority, |_| ());
    let curve = card(&pki, |template| template.key = KeyAlgorithm::P256);
    let weak = card(&pki, |template| {
        template.key = KeyAlgorithm::Rsa { bits: 1024 }
    });
    let longer = card(&pki, |template| {
        template.key = KeyAlgorithm::Rsa { bits: 3072 }
    });
    let old_digest = card(&pki, |template| template.digest = SignatureDigest::Sha1);
    let of_signature = card(&pki, |template| {
        template.key_usage = Some(KeyUsage::NON_REPUDIATION);
    });
    let authority = card(&pki, |template| template.is_ca = true);
    let physician = CardPerson::sample_physician();
    let other_key = card_of(&pki, &physician, &KEYS[1], |_| ());
    let nurse = card_of(&pki, &CardPerson::sample_nurse(), &KEYS[1], |_| ());
    let principal = |name: &'static [u8]| {
        card(&pki, |template| {
            template.extensions.push(principal_name(name))
        })
    };
    let (named, named_otherwise) = (
        principal(b"899700000017@dossier.example"),
        principal(b"a@b"),
    );
    let not_text = principal(b"\xff\xfe");
    let (store, met) = store_that_met(&pki);
    // How many paths the store has learnt afterwards: one more where an accepted certificate is not like one before.
    for (name, leaf, is_accepted, learnt_paths) in [
        ("met", &met, true, 1),
        ("good", &good, true, 1),
        ("another key", &other_key, true, 1),
        ("expired", &expired, false, 1),
        ("future", &future, false, 1),
        ("critical extension", &unknown, false, 1),
        ("policies asked for", &constrained, false, 1),
        ("forged", &forged, false, 1),
        ("revoked", &revoked, false, 1),
        ("same names, another key", &of_another, false, 1),
        ("weak key", &weak, false, 1),
        ("old digest", &old_digest, false, 1),
        ("authority", &authority, false, 1),
        ("other extensions", &nurse, true, 2),
        ("no addresses", &elsewhere, true, 3),
        ("curve", &curve, true, 3),
        ("longer key", &longer, true, 4),
        ("usage of a signature", &of_signature, false, 5),
        ("named", &named, true, 6),
        ("named otherwise", &named_otherwise, true, 6),
        ("met again", &met, true, 6),
    ] {
        let [learnt, anew] = learnt_and_anew(&store, leaf, NOW);
        assert_eq!(learnt, anew, "{name}");
        assert_eq!(learnt.starts_with("Ok"), is_accepted, "{name}: {learnt}");
        assert_eq!(store.proven_authorities(), learnt_paths, "{name}");
    }
    let [learnt, anew] = learnt_and_anew(&store, &not_text, NOW);
    assert_eq!(learnt, anew, "a name that is no text");
}

/// subjectAltName with a userPrincipalName.
fn principal_name(name: &[u8]) -> Extension {
    let kind = der::object_identifier("1.3.6.1.4.1.311.20.2.3").unwrap();
    let text = der::context(0, &der::value(der::UTF8_STRING, name));
    Extension {
        oid: "2.5.29.17".to_owned(),
        critical: false,
        value: der::sequence(&[der::context(0, &[kind, text].concat())]),
    }
}

#[test]
fn a_proof_ends_with_what_it_rests_on() {
    let pki = pki(&[FORT_PERSONS]);
    let (store, met) = store_that_met(&pki);
    let list = store.crls().iter().filter_map(|list| list.next_update());
    let end_of_lists = list.min().unwrap();
    let start_of_lists = store.crls().iter().map(|list| list.this_update()).max();
    let start_of_lists = start_of_lists.unwrap();
    for at in [
        start_of_lists.plus_seconds(-1),
        start_of_lists,
        end_of_lists.plus_seconds(-1),
        end_of_lists,
        end_of_lists.plus_seconds(1),
        met.not_after().plus_seconds(1),
        NOW.plus_days(365 * 40),
    ] {
        let [learnt, anew] = learnt_and_anew(&store, &met, at);
        assert_eq!(learnt, anew, "{at}");
    }
    let mut limited = store.clone();
    let mut freshness = Freshness::default();
    freshness.list_seconds = Some(3600);
    limited.set_freshness(freshness);
    limited
        .verify::<CardLogin>(&met, start_of_lists.plus_seconds(1))
        .unwrap();
    assert_eq!(limited.proven_authorities(), 1);
    let [learnt, anew] = learnt_and_anew(&limited, &met, start_of_lists.plus_seconds(3601));
    assert_eq!(learnt, anew);
    assert!(learnt.starts_with("Err"), "{learnt}");
}

#[test]
fn a_store_that_changes_forgets() {
    let mut pki = pki(&[FORT_PERSONS]);
    let (mut store, met) = store_that_met(&pki);
    assert_eq!(store.clone().proven_authorities(), 0, "a copy");
    pki.revoke(&met, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    let lists = pki.crls(NOW).unwrap();
    store.clear_crls();
    assert_eq!(store.proven_authorities(), 0);
    for issued in lists {
        store.add_crl(issued.list).unwrap();
    }
    assert!(store.verify::<CardLogin>(&met, NOW).is_err());
    // A second list of the same issuer: both have to be asked, so nothing is learnt.
    let (mut store, met) = store_that_met(&pki_of_today());
    let again = store.crls().to_vec();
    for list in again {
        store.add_crl(list).unwrap();
    }
    store.verify::<CardLogin>(&met, NOW).unwrap();
    assert_eq!(store.proven_authorities(), 0);
}

fn pki_of_today() -> TestPki {
    pki(&[FORT_PERSONS])
}
