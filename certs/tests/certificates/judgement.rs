//! Certificates judged for a time that lies back, with what comes with a signature.

use crate::fixture::{FORT_PERSONS, NOW, login_certificate, pki, signature_certificate};
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, KeyAlgorithm, Level, OcspAnswering,
    RevocationReason, Structure, TestPki, TimeStampingAuthority, Validity,
};
use paraphe_certs::{
    Certificate, DocumentSigner, DocumentSigning, JudgedCertificate, JudgementError, JudgementTime,
    OcspResponse, PathError, PathEvidence, RevocationList, RevocationSource, TimeStamping,
    TrustStore, UnixTime,
};

const ORGANIZATIONS: Authority = Authority::Organizations(Level::Elementaire);

/// A store that has only the roots: everything else must come along.
fn anchors(pki: &TestPki) -> TrustStore {
    let mut store = TrustStore::new();
    store.accept_test(true);
    store.add_anchors_pem(pki.anchors_pem().as_bytes()).unwrap();
    store
}

fn authorities(pki: &TestPki) -> Vec<Certificate> {
    let below = pki
        .authorities()
        .filter(|(authority, _)| !authority.is_root());
    below.map(|(_, certificate)| certificate.clone()).collect()
}

fn lists(pki: &TestPki, from: UnixTime, to: UnixTime) -> Vec<RevocationList> {
    let lists = pki.crls_valid(from, to).unwrap();
    lists.into_iter().map(|issued| issued.list).collect()
}

fn judge(
    pki: &TestPki,
    leaf: &Certificate,
    at: UnixTime,
    lists: &[RevocationList],
    responses: &[OcspResponse],
) -> Result<JudgedCertificate<DocumentSigning>, JudgementError> {
    let certificates = authorities(pki);
    let evidence = PathEvidence {
        certificates: &certificates,
        revocation_lists: lists,
        ocsp_responses: responses,
    };
    let time = JudgementTime { at, now: NOW };
    anchors(pki).judge::<DocumentSigning>(leaf, time, &evidence)
}

#[test]
fn lists_that_come_along_count_for_the_time_they_reach() {
    let pki = pki(&[FORT_PERSONS]);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let signed = NOW;
    let with = |from: i64, to: i64| {
        let lists = lists(&pki, NOW.plus_days(from), NOW.plus_days(to));
        judge(&pki, &card, signed, &lists, &[])
    };
    let judged = with(-1, 1).unwrap();
    assert!(matches!(
        judged.verified().subject(),
        DocumentSigner::Holder(holder) if holder.national_id.as_str() == "899700000017"
    ));
    assert_eq!(judged.verified().chain().len(), 3);
    assert_eq!(judged.findings().len(), 2);
    assert_eq!(judged.findings()[0].source, RevocationSource::Crl);
    assert!(matches!(
        with(-9, -2),
        Err(JudgementError::RevocationUnknown { newest: Some(newest), is_authority: true, .. })
            if newest == NOW.plus_days(-9)
    ));
    // dated after the present
    assert!(matches!(
        with(1, 8),
        Err(JudgementError::RevocationUnknown { newest: None, .. })
    ));
    assert!(judge(&pki, &card, signed, &[], &[]).is_err());
}

#[test]
fn a_revocation_counts_from_its_date() {
    let mut pki = pki(&[FORT_PERSONS]);
    let template = CardPerson::sample_physician().signature_template(Validity {
        not_before: NOW.plus_days(-300),
        not_after: NOW.plus_days(-2),
    });
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    };
    let card = pki.issue(FORT_PERSONS, &template).unwrap().certificate;
    let since = NOW.plus_days(-100);
    pki.revoke(&card, since, RevocationReason::KeyCompromise)
        .unwrap();
    let lists = lists(&pki, NOW.plus_days(-1), NOW.plus_days(6));
    let at = |at: UnixTime| judge(&pki, &card, at, &lists, &[]);
    let later = at(since.plus_seconds(-1)).unwrap().findings()[0];
    assert_eq!(later.revoked_later.unwrap().since, since);
    for time in [since, since.plus_days(50)] {
        assert!(matches!(
            at(time),
            Err(JudgementError::Revoked { is_authority: false, revocation, .. })
                if revocation.since == since
        ));
    }
    assert!(matches!(
        at(NOW),
        Err(JudgementError::Path(PathError::Expired { .. }))
    ));
}

#[test]
fn lists_may_forget_what_has_expired() {
    let pki = pki(&[FORT_PERSONS]);
    let template = CardPerson::sample_physician().signature_template(Validity {
        not_before: NOW.plus_days(-300),
        not_after: NOW.plus_days(-20),
    });
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    };
    let card = pki.issue(FORT_PERSONS, &template).unwrap().certificate;
    let late = lists(&pki, NOW.plus_days(-1), NOW.plus_days(6));
    let in_time = lists(&pki, NOW.plus_days(-21), NOW.plus_days(-14));
    let signed = NOW.plus_days(-100);
    assert!(matches!(
        judge(&pki, &card, signed, &late, &[]),
        Err(JudgementError::RevocationUnknown {
            is_authority: false,
            ..
        })
    ));
    assert!(judge(&pki, &card, signed, &in_time, &[]).is_ok());
}

#[test]
fn responses_count_as_lists_do() {
    let mut pki = pki(&[FORT_PERSONS]);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let authority = authorities(&pki).remove(0);
    let respond = |pki: &TestPki, how: &OcspAnswering<'_>| -> Vec<OcspResponse> {
        [&card, &authority]
            .map(|certificate| {
                let response = pki.ocsp_response(certificate, how).unwrap();
                OcspResponse::from_der(&response).unwrap()
            })
            .to_vec()
    };
    let good = respond(&pki, &OcspAnswering::at(NOW));
    let judged = judge(&pki, &card, NOW, &[], &good).unwrap();
    assert_eq!(judged.findings()[0].source, RevocationSource::Ocsp);
    let unknown = OcspAnswering {
        unknown: true,
        ..OcspAnswering::at(NOW)
    };
    let unknown = respond(&pki, &unknown);
    assert!(judge(&pki, &card, NOW, &[], &unknown).is_err());
    pki.revoke(&card, NOW.plus_days(-1), RevocationReason::Superseded)
        .unwrap();
    let revoked = respond(&pki, &OcspAnswering::at(NOW));
    // one word that it is revoked weighs more than one that it is not
    let both = [good, revoked].concat();
    assert!(matches!(
        judge(&pki, &card, NOW, &[], &both),
        Err(JudgementError::Revoked { .. })
    ));
}

#[test]
fn who_may_sign_documents() {
    let pki = pki(&[FORT_PERSONS, ORGANIZATIONS]);
    let all = lists(&pki, NOW.plus_days(-1), NOW.plus_days(1));
    let issue = |authority, template| {
        let template = CertificateTemplate {
            key: KeyAlgorithm::P256,
            ..template
        };
        pki.issue(authority, &template).unwrap().certificate
    };
    let validity = Validity::of_card(NOW);
    let seal = issue(
        ORGANIZATIONS,
        Structure::sample_clinic().seal_template(validity),
    );
    let judged = judge(&pki, &seal, NOW, &all, &[]).unwrap();
    assert!(matches!(
        judged.verified().subject(),
        DocumentSigner::Structure(_)
    ));
    let mut foreign = Structure::sample_clinic().seal_template(validity);
    foreign.extensions.clear();
    foreign.extended_key_usage.clear();
    let foreign = issue(ORGANIZATIONS, foreign);
    let judged = judge(&pki, &foreign, NOW, &all, &[]).unwrap();
    let DocumentSigner::Other(named) = judged.verified().subject() else {
        panic!("a subject by name")
    };
    assert!(named.name.contains("SERVEUR SIMULATEUR"));

    let login = login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let structure_login = issue(
        ORGANIZATIONS,
        Structure::sample_clinic().client_authentication_template(validity),
    );
    let template = TimeStampingAuthority::template(validity).unwrap();
    let stamping = issue(ORGANIZATIONS, template);
    for other in [&login, &structure_login, &stamping] {
        assert!(matches!(
            judge(&pki, other, NOW, &all, &[]),
            Err(JudgementError::Path(PathError::WrongUse { .. }))
        ));
    }
    let certificates = authorities(&pki);
    let evidence = PathEvidence {
        certificates: &certificates,
        revocation_lists: &all,
        ocsp_responses: &[],
    };
    let time = JudgementTime { at: NOW, now: NOW };
    let store = anchors(&pki);
    assert!(
        store
            .judge::<TimeStamping>(&stamping, time, &evidence)
            .is_ok()
    );
    assert!(store.judge::<TimeStamping>(&seal, time, &evidence).is_err());
}

#[test]
fn what_comes_along_is_not_trusted() {
    let ours = pki(&[FORT_PERSONS]);
    let theirs = pki(&[FORT_PERSONS]);
    let card = signature_certificate(&theirs, &CardPerson::sample_physician()).certificate;
    let certificates: Vec<Certificate> = theirs
        .authorities()
        .map(|(_, certificate)| certificate.clone())
        .collect();
    let lists = lists(&theirs, NOW.plus_days(-1), NOW.plus_days(1));
    let evidence = PathEvidence {
        certificates: &certificates,
        revocation_lists: &lists,
        ocsp_responses: &[],
    };
    let time = JudgementTime { at: NOW, now: NOW };
    assert!(matches!(
        anchors(&ours).judge::<DocumentSigning>(&card, time, &evidence),
        Err(JudgementError::Path(
            PathError::UnknownIssuer { .. } | PathError::BadSignature { .. }
        ))
    ));
    // lists of a stranger with the same name say nothing either
    let card = signature_certificate(&ours, &CardPerson::sample_physician()).certificate;
    assert!(matches!(
        judge(&ours, &card, NOW, &lists, &[]),
        Err(JudgementError::RevocationUnknown { newest: None, .. })
    ));
}
