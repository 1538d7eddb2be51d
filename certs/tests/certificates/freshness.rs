//! How fresh revocation data must be: limits on lists, deltas, and OCSP answers for logins.

use crate::fixture::{FORT_PERSONS, NOW, login_certificate, pki, signature_certificate};
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, KeyAlgorithm, OcspAnswering, OcspResponder,
    RevocationReason, TestPki, Validity,
};
use paraphe_certs::{
    CardLogin, CardSignature, Certificate, Freshness, JudgementError, JudgementTime, OcspError,
    OcspRequest, PathError, PathEvidence, RevocationList, TrustStore, UnixTime,
};

const HOUR: i64 = 3600;

fn hours(count: i64) -> UnixTime {
    NOW.plus_seconds(count * HOUR)
}

fn card(pki: &TestPki) -> Certificate {
    login_certificate(pki, &CardPerson::sample_physician()).certificate
}

fn issuer(pki: &TestPki) -> Certificate {
    let mut authorities = pki.authorities();
    let found = authorities.find(|(authority, _)| *authority == FORT_PERSONS);
    found.unwrap().1.clone()
}

fn with_lists(pki: &TestPki, lists: impl IntoIterator<Item = RevocationList>) -> TrustStore {
    let mut store = pki.trust_store(NOW).unwrap();
    store.clear_crls();
    for list in lists {
        store.add_crl(list).unwrap();
    }
    store
}

/// Complete lists of all authorities.
fn complete(pki: &TestPki, this_update: UnixTime, next_update: UnixTime) -> Vec<RevocationList> {
    let lists = pki.crls_valid(this_update, next_update).unwrap();
    lists.into_iter().map(|issued| issued.list).collect()
}

/// The delta of the cards' authority to its list of `base`.
fn delta(pki: &TestPki, base: UnixTime, made: UnixTime, until: UnixTime) -> RevocationList {
    let lists = pki.delta_crls(base, made, until).unwrap();
    let found = lists
        .into_iter()
        .find(|issued| issued.authority == FORT_PERSONS);
    found.unwrap().list
}

fn limited(mut store: TrustStore, change: impl FnOnce(&mut Freshness)) -> TrustStore {
    let mut freshness = Freshness::default();
    change(&mut freshness);
    store.set_freshness(freshness);
    store
}

#[test]
fn a_list_may_be_too_old_before_its_issuer_says_so() {
    let pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let store = with_lists(&pki, complete(&pki, hours(-48), hours(120)));
    assert!(store.verify::<CardLogin>(&card, NOW).is_ok());
    let day = limited(store.clone(), |it| it.list_seconds = Some(86_400));
    let refused = day.verify::<CardLogin>(&card, NOW).unwrap_err();
    let PathError::CrlTooOld { this_update, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(this_update, hours(-48));
    let three = limited(store.clone(), |it| it.list_seconds = Some(3 * 86_400));
    assert!(three.verify::<CardLogin>(&card, NOW).is_ok());
    // A limit gives no list more life than its issuer.
    let years = limited(store, |it| it.list_seconds = Some(u32::MAX));
    assert!(matches!(
        years.verify::<CardLogin>(&card, hours(121)),
        Err(PathError::CrlExpired { .. })
    ));
}

#[test]
fn a_delta_alone_proves_nothing() {
    let pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let base = complete(&pki, hours(-2), hours(24));
    let delta = delta(&pki, hours(-2), hours(-1), hours(2));
    assert!(delta.is_delta() && !delta.covers(&card));
    // The root's complete list is there, the cards' authority has only its delta.
    let root = base
        .iter()
        .find(|list| list.issuer().common_name().contains("RACINE"));
    let store = with_lists(&pki, [root.unwrap().clone(), delta.clone()]);
    assert!(matches!(
        store.verify::<CardLogin>(&card, NOW),
        Err(PathError::RevocationUnknown { .. })
    ));
    let time = JudgementTime { at: NOW, now: NOW };
    let signature = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    assert!(matches!(
        store.judge::<CardSignature>(&signature, time, &PathEvidence::default()),
        Err(JudgementError::RevocationUnknown { .. })
    ));
    let store = with_lists(&pki, base.into_iter().chain([delta]));
    assert!(store.verify::<CardLogin>(&card, NOW).is_ok());
}

#[test]
fn a_delta_tells_what_was_revoked_since() {
    let mut pki = pki(&[FORT_PERSONS]);
    let person = CardPerson::sample_physician();
    let (card, other) = (card(&pki), card(&pki));
    let signature = signature_certificate(&pki, &person).certificate;
    let base = complete(&pki, hours(-12), hours(24));
    let before = delta(&pki, hours(-12), hours(-6), hours(24));
    for revoked in [&card, &signature] {
        pki.revoke(revoked, hours(-4), RevocationReason::KeyCompromise)
            .unwrap();
    }
    let after = delta(&pki, hours(-12), hours(-3), hours(24));
    let store = with_lists(&pki, base.clone());
    assert!(
        store.verify::<CardLogin>(&card, NOW).is_ok(),
        "not known yet"
    );
    // The newest delta counts, in whatever order they come.
    for deltas in [
        vec![after.clone()],
        vec![before.clone(), after.clone()],
        vec![after.clone(), before.clone()],
    ] {
        let store = with_lists(&pki, base.iter().cloned().chain(deltas));
        assert!(matches!(
            store.verify::<CardLogin>(&card, NOW),
            Err(PathError::Revoked { .. })
        ));
        assert!(store.verify::<CardLogin>(&other, NOW).is_ok());
        let time = JudgementTime { at: NOW, now: NOW };
        assert!(matches!(
            store.judge::<CardSignature>(&signature, time, &PathEvidence::default()),
            Err(JudgementError::Revoked { .. })
        ));
    }
    // One that is expired, of the future, or of another base is left out; the complete list still proves what it says.
    for unused in [
        delta(&pki, hours(-12), hours(-3), hours(-1)),
        delta(&pki, hours(-12), hours(1), hours(24)),
        delta(&pki, hours(-11), hours(-3), hours(24)),
    ] {
        let store = with_lists(&pki, base.iter().cloned().chain([unused]));
        assert!(store.verify::<CardLogin>(&card, NOW).is_ok());
    }
}

#[test]
fn a_forged_or_nameless_delta_is_not_taken() {
    let mut pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let base = complete(&pki, hours(-12), hours(24));
    pki.revoke(&card, hours(-4), RevocationReason::KeyCompromise)
        .unwrap();
    let good = delta(&pki, hours(-12), hours(-3), hours(24));
    let mut forged = good.der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = RevocationList::from_der(&forged).unwrap();
    let store = with_lists(&pki, base.iter().cloned().chain([forged]));
    assert!(
        matches!(
            store.verify::<CardLogin>(&card, NOW),
            Err(PathError::CrlUnusable { .. } | PathError::Revoked { .. })
        ),
        "a delta that somebody altered closes the door"
    );
    // Without cRLNumber nobody knows which of two deltas is the newer: the list is not read at all.
    let number = [0x55, 0x1d, 0x14];
    let mut nameless = good.der().to_vec();
    let place = nameless.windows(3).position(|it| it == number).unwrap();
    nameless[place + 2] = 0x7f;
    assert!(RevocationList::from_der(&nameless).is_err());
}

#[test]
fn an_answer_for_a_login_echoes_the_nonce() {
    let pki = pki(&[FORT_PERSONS]);
    let (card, issuer) = (card(&pki), issuer(&pki));
    let request = OcspRequest::new(&card, &issuer, [7; 16]).unwrap();
    let answering = OcspAnswering::at(NOW);
    let echoed = pki.ocsp_reply(request.der(), &answering).unwrap();
    assert!(request.read_response_with_nonce(&echoed).is_ok());
    // Prepared for everybody, or for another request: what a replay looks like.
    let prepared = pki.ocsp_response(&card, &answering).unwrap();
    let other = OcspRequest::new(&card, &issuer, [8; 16]).unwrap();
    let replayed = pki.ocsp_reply(other.der(), &answering).unwrap();
    for response in [&prepared, &replayed] {
        assert_eq!(
            request.read_response_with_nonce(response).unwrap_err(),
            OcspError::Nonce
        );
    }
    assert!(request.read_response(&prepared).is_ok());
}

/// The store with complete lists and an answer about the card, made and due at these times.
fn answered(pki: &TestPki, card: &Certificate, how: &OcspAnswering<'_>) -> TrustStore {
    let request = OcspRequest::new(card, &issuer(pki), [7; 16]).unwrap();
    let reply = pki.ocsp_reply(request.der(), how).unwrap();
    let mut store = with_lists(pki, complete(pki, hours(-12), hours(240)));
    let response = request.read_response_with_nonce(&reply).unwrap();
    store.add_login_answer(response).unwrap();
    store
}

#[test]
fn a_login_that_needs_an_answer_is_refused_without_a_fresh_one() {
    let pki = pki(&[
        FORT_PERSONS,
        Authority::Organizations(paraphe_certs::test_pki::Level::Elementaire),
    ]);
    let card = card(&pki);
    let needs = |it: &mut Freshness| it.login_needs_answer = true;
    let without = limited(
        with_lists(&pki, complete(&pki, hours(-1), hours(24))),
        needs,
    );
    assert!(matches!(
        without.verify::<CardLogin>(&card, NOW),
        Err(PathError::NoFreshAnswer { .. })
    ));
    let signature = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    assert!(
        without.verify::<CardSignature>(&signature, NOW).is_ok(),
        "only logins ask"
    );
    let good = limited(answered(&pki, &card, &OcspAnswering::at(NOW)), needs);
    assert!(good.verify::<CardLogin>(&card, NOW).is_ok());
    assert!(good.verify::<CardLogin>(&card, hours(1)).is_ok());
    let another = self::card(&pki);
    assert!(
        good.verify::<CardLogin>(&another, NOW).is_err(),
        "of another card"
    );
    let unknown = OcspAnswering {
        unknown: true,
        ..OcspAnswering::at(NOW)
    };
    let long = OcspAnswering {
        next_update: Some(hours(100)),
        ..OcspAnswering::at(hours(-2))
    };
    let endless = OcspAnswering {
        next_update: None,
        ..long
    };
    for (how, at) in [
        (OcspAnswering::at(NOW), NOW.plus_seconds(HOUR + 1)),
        (OcspAnswering::at(hours(1)), NOW),
        (long, NOW),
        (endless, NOW),
        (unknown, NOW),
    ] {
        let store = limited(answered(&pki, &card, &how), needs);
        assert!(
            matches!(
                store.verify::<CardLogin>(&card, at),
                Err(PathError::NoFreshAnswer { .. })
            ),
            "{how:?}"
        );
    }
    let patient = limited(answered(&pki, &card, &long), |it| {
        it.login_needs_answer = true;
        it.answer_seconds = 86_400;
    });
    assert!(patient.verify::<CardLogin>(&card, NOW).is_ok());
}

#[test]
fn an_answer_that_says_revoked_counts_whether_it_is_needed_or_not() {
    let mut pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let lists = complete(&pki, hours(-1), hours(24));
    pki.revoke(&card, hours(-1), RevocationReason::KeyCompromise)
        .unwrap();
    let how = OcspAnswering::at(NOW);
    let request = OcspRequest::new(&card, &issuer(&pki), [7; 16]).unwrap();
    let reply = pki.ocsp_reply(request.der(), &how).unwrap();
    let mut store = with_lists(&pki, lists);
    assert!(
        store.verify::<CardLogin>(&card, NOW).is_ok(),
        "the lists are older"
    );
    store
        .add_login_answer(request.read_response(&reply).unwrap())
        .unwrap();
    assert!(matches!(
        store.verify::<CardLogin>(&card, hours(5)),
        Err(PathError::Revoked { .. })
    ));
}

#[test]
fn a_responder_that_its_issuer_revoked_says_nothing() {
    let mut pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let needs = |it: &mut Freshness| it.login_needs_answer = true;
    // Without the extension that spares it, the responder's own revocation is looked at.
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        extensions: Vec::new(),
        ..OcspResponder::template(Validity::of_card(NOW))
    };
    let issued = pki.issue(FORT_PERSONS, &template).unwrap();
    let responder = OcspResponder::new(&issued).unwrap();
    let how = OcspAnswering {
        responder: Some(&responder),
        ..OcspAnswering::at(NOW)
    };
    let store = limited(answered(&pki, &card, &how), needs);
    assert!(store.verify::<CardLogin>(&card, NOW).is_ok());
    pki.revoke(
        &issued.certificate,
        hours(-20),
        RevocationReason::KeyCompromise,
    )
    .unwrap();
    let store = limited(answered(&pki, &card, &how), needs);
    assert!(matches!(
        store.verify::<CardLogin>(&card, NOW),
        Err(PathError::NoFreshAnswer { .. })
    ));
}

#[test]
fn a_list_without_a_number_is_no_list() {
    let pki = pki(&[FORT_PERSONS]);
    let card = card(&pki);
    let number = [0x55, 0x1d, 0x14];
    let lists = complete(&pki, hours(-1), hours(24));
    let nameless = lists.into_iter().map(|list| {
        let mut der = list.der().to_vec();
        let place = der.windows(3).position(|it| it == number).unwrap();
        der[place + 2] = 0x7f;
        RevocationList::from_der(&der).unwrap()
    });
    // Not taken at all, rather than found to be altered.
    assert!(matches!(
        with_lists(&pki, nameless).verify::<CardLogin>(&card, NOW),
        Err(PathError::RevocationUnknown { .. })
    ));
}
