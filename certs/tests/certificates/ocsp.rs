//! OCSP: what a response says, who may say it, and `openssl ocsp` as judge in both directions.

use std::path::Path;
use std::process::Command;

use crate::fixture::{FORT_PERSONS, NOW, pki, signature_certificate};
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, Issued, KeyAlgorithm, Level, OcspAnswering,
    OcspResponder, RevocationReason, TestPki, Validity,
};
use paraphe_certs::{
    Certificate, CertificateStatus, OcspError, OcspRequest, OcspResponse, ReasonCode, Revocation,
    UnixTime,
};

fn issuer(pki: &TestPki) -> Certificate {
    let mut authorities = pki.authorities();
    let found = authorities.find(|(authority, _)| *authority == FORT_PERSONS);
    found.unwrap().1.clone()
}

fn responder_from(pki: &TestPki, authority: Authority, template: CertificateTemplate) -> Issued {
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    };
    pki.issue(authority, &template).unwrap()
}

#[test]
fn a_response_says_good_revoked_or_unknown() {
    let mut pki = pki(&[FORT_PERSONS]);
    let issuer = issuer(&pki);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let ask = |pki: &TestPki, how: &OcspAnswering<'_>| {
        let response = pki.ocsp_response(&card, how).unwrap();
        OcspResponse::from_der(&response)
            .unwrap()
            .answer(&card, &issuer)
    };
    let answer = ask(&pki, &OcspAnswering::at(NOW)).unwrap();
    assert_eq!(answer.status, CertificateStatus::Good);
    assert_eq!(answer.this_update, NOW);
    assert_eq!(answer.next_update, Some(NOW.plus_seconds(3600)));
    assert_eq!(answer.produced_at, NOW);
    assert_eq!(answer.responder_to_check, None);

    let unknown = OcspAnswering {
        unknown: true,
        next_update: None,
        ..OcspAnswering::at(NOW)
    };
    let answer = ask(&pki, &unknown).unwrap();
    assert_eq!(answer.status, CertificateStatus::Unknown);
    assert_eq!(answer.next_update, None);

    let since = NOW.plus_days(-3);
    pki.revoke(&card, since, RevocationReason::KeyCompromise)
        .unwrap();
    let revoked = CertificateStatus::Revoked(Revocation {
        since,
        reason: Some(ReasonCode(1)),
    });
    assert_eq!(ask(&pki, &OcspAnswering::at(NOW)).unwrap().status, revoked);
    let lists = pki.crls(NOW).unwrap();
    let list = lists.iter().find(|issued| issued.authority == FORT_PERSONS);
    let list = &list.unwrap().list;
    assert!(list.is_signed_by(&issuer) && list.covers(&card));
    let CertificateStatus::Revoked(expected) = revoked else {
        unreachable!()
    };
    assert_eq!(list.revocation_of(&card), Some(expected));
}

#[test]
fn only_the_issuer_and_whom_it_certified_may_answer() {
    let other = Authority::Persons(Level::Standard);
    let pki = pki(&[FORT_PERSONS, other]);
    let issuer = issuer(&pki);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let ask = |authority, template| {
        let issued = responder_from(&pki, authority, template);
        let responder = OcspResponder::new(&issued).unwrap();
        let how = OcspAnswering {
            responder: Some(&responder),
            ..OcspAnswering::at(NOW)
        };
        let response = pki.ocsp_response(&card, &how).unwrap();
        let answer = OcspResponse::from_der(&response)
            .unwrap()
            .answer(&card, &issuer)?;
        Ok::<_, OcspError>((answer.status, answer.responder_to_check.is_some()))
    };
    let good = OcspResponder::template(Validity::of_card(NOW.plus_days(-1)));
    let without = |change: fn(&mut CertificateTemplate)| {
        let mut template = good.clone();
        change(&mut template);
        template
    };
    let status = CertificateStatus::Good;
    assert_eq!(ask(FORT_PERSONS, good.clone()), Ok((status, false)));
    let to_check = without(|template| template.extensions.clear());
    assert_eq!(ask(FORT_PERSONS, to_check), Ok((status, true)));
    assert_eq!(
        ask(other, good.clone()),
        Err(OcspError::ResponderNotAuthorised)
    );
    let no_purpose = without(|template| template.extended_key_usage.clear());
    assert_eq!(
        ask(FORT_PERSONS, no_purpose),
        Err(OcspError::ResponderNotAuthorised)
    );
    let expired = without(|template| {
        template.validity = Validity {
            not_before: NOW.plus_days(-9),
            not_after: NOW.plus_days(-8),
        };
    });
    assert_eq!(
        ask(FORT_PERSONS, expired),
        Err(OcspError::ResponderNotValid)
    );
}

#[test]
fn an_answer_is_about_one_certificate_and_one_request() {
    let pki = pki(&[FORT_PERSONS, Authority::Persons(Level::Standard)]);
    let issuer = issuer(&pki);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let nurse = signature_certificate(&pki, &CardPerson::sample_nurse()).certificate;
    let request = OcspRequest::new(&card, &issuer, [0x5a; 16]).unwrap();
    let how = OcspAnswering::at(NOW);
    let reply = pki.ocsp_reply(request.der(), &how).unwrap();
    let response = request.read_response(&reply).unwrap();
    assert!(response.answer(&card, &issuer).is_ok());
    assert_eq!(
        response.answer(&nurse, &issuer),
        Err(OcspError::OtherCertificate)
    );
    let staff = signature_certificate(&pki, &CardPerson::sample_staff()).certificate;
    assert_eq!(
        response.answer(&staff, &issuer),
        Err(OcspError::OtherCertificate)
    );
    let other = OcspRequest::new(&card, &issuer, [0x5b; 16]).unwrap();
    assert_eq!(other.read_response(&reply), Err(OcspError::Nonce));
    let prepared = pki.ocsp_response(&card, &how).unwrap();
    assert!(other.read_response(&prepared).is_ok(), "without a nonce");
    for status in [3, 6] {
        let refusal = [0x30, 0x03, 0x0a, 0x01, status];
        let status = u32::from(status);
        assert_eq!(
            OcspResponse::from_der(&refusal),
            Err(OcspError::Refused { status })
        );
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let pki = pki(&[FORT_PERSONS]);
    let issuer = issuer(&pki);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let response = pki.ocsp_response(&card, &OcspAnswering::at(NOW)).unwrap();
    for place in 0..response.len() {
        let mut changed = response.clone();
        changed[place] ^= 0x01;
        let taken = OcspResponse::from_der(&changed).and_then(|read| read.answer(&card, &issuer));
        assert!(taken.is_err(), "byte {place}");
        assert!(OcspResponse::from_der(&response[..place]).is_err());
    }
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("the openssl program");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    text
}

/// `openssl ocsp` judges freshness by its own clock.
fn clock() -> UnixTime {
    UnixTime::from(std::time::SystemTime::now())
}

fn stage(pki: &TestPki, card: &Certificate) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).unwrap();
    };
    write("anchors.pem", &pki.anchors_pem());
    write("issuer.pem", &issuer(pki).pem());
    write("card.pem", &card.pem());
    directory
}

#[test]
fn openssl_accepts_the_responses_of_the_test_pki() {
    let mut pki = pki(&[FORT_PERSONS]);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let now = clock();
    let template = OcspResponder::template(Validity::of_card(now.plus_days(-1)));
    let issued = responder_from(&pki, FORT_PERSONS, template);
    let responder = OcspResponder::new(&issued).unwrap();
    let directory = stage(&pki, &card);
    let directory = directory.path();
    let judge = [
        "ocsp",
        "-respin",
        "r.der",
        "-issuer",
        "issuer.pem",
        "-sha256",
        "-cert",
        "card.pem",
        "-CAfile",
        "anchors.pem",
        "-verify_other",
        "issuer.pem",
        "-no_nonce",
    ];
    for expected in ["card.pem: good", "card.pem: revoked"] {
        for responder in [None, Some(&responder)] {
            let how = OcspAnswering {
                responder,
                ..OcspAnswering::at(now)
            };
            let response = pki.ocsp_response(&card, &how).unwrap();
            std::fs::write(directory.join("r.der"), response).unwrap();
            let told = openssl(directory, &judge);
            assert!(told.contains("Response verify OK"), "{told}");
            assert!(told.contains(expected), "{told}");
        }
        pki.revoke(&card, now.plus_days(-1), RevocationReason::Superseded)
            .unwrap();
    }
}

#[test]
fn openssl_answers_our_requests_and_we_read_its_answers() {
    let pki = pki(&[FORT_PERSONS]);
    let issuer = issuer(&pki);
    let card = signature_certificate(&pki, &CardPerson::sample_physician()).certificate;
    let now = clock();
    let template = OcspResponder::template(Validity::of_card(now.plus_days(-1)));
    let issued = responder_from(&pki, FORT_PERSONS, template);
    let directory = stage(&pki, &card);
    let directory = directory.path();
    std::fs::write(directory.join("responder.pem"), issued.certificate.pem()).unwrap();
    let key = issued.private_key_pkcs8_pem.expose();
    std::fs::write(directory.join("responder.key"), key).unwrap();
    let request = OcspRequest::new(&card, &issuer, [0x5a; 16]).unwrap();
    std::fs::write(directory.join("q.der"), request.der()).unwrap();
    let told = openssl(directory, &["ocsp", "-reqin", "q.der", "-req_text"]);
    assert!(told.contains("OCSP Nonce"), "{told}");
    let serial: String = card
        .serial_number()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let good = format!("V\t350101000000Z\t\t{serial}\tunknown\t/CN=x\n");
    let revoked =
        format!("R\t350101000000Z\t260102030405Z,keyCompromise\t{serial}\tunknown\t/CN=x\n");
    for (index, expected) in [
        (good, CertificateStatus::Good),
        (
            revoked,
            CertificateStatus::Revoked(Revocation {
                since: UnixTime(1_767_323_045),
                reason: Some(ReasonCode(1)),
            }),
        ),
        (String::new(), CertificateStatus::Unknown),
    ] {
        std::fs::write(directory.join("index.txt"), index).unwrap();
        openssl(
            directory,
            &[
                "ocsp",
                "-index",
                "index.txt",
                "-CA",
                "issuer.pem",
                "-rsigner",
                "responder.pem",
                "-rkey",
                "responder.key",
                "-reqin",
                "q.der",
                "-respout",
                "r.der",
                "-nmin",
                "60",
            ],
        );
        let response = std::fs::read(directory.join("r.der")).unwrap();
        let response = request.read_response(&response).unwrap();
        let answer = response.answer(&card, &issuer).unwrap();
        assert_eq!(answer.status, expected);
        assert_eq!(answer.responder_to_check, None);
    }
}
