//! What this crate makes, judged by the openssl program: its encodings, its paths, its revocation lists.

use std::path::Path;
use std::process::Command;

use crate::fixture::{self, FORT_PERSONS, NOW, pki};
use paraphe_certs::test_pki::{
    Authority, CardPerson, KeyAlgorithm, Level, RevocationReason, Structure, TestPki,
    TestPkiOptions, Validity,
};
use paraphe_certs::{Certificate, UnixTime};

/// Standard output and error of `openssl …` run in a directory, and whether it succeeded.
fn openssl(directory: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .expect("the openssl program");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// `openssl verify` with every check that our engine makes, anchored at the PKI's roots.
fn verify(directory: &Path, pki: &TestPki, leaf: &Certificate, at: UnixTime) -> (bool, String) {
    let write = |name: &str, text: String| std::fs::write(directory.join(name), text).unwrap();
    write("anchors.pem", pki.anchors_pem());
    write("intermediates.pem", pki.intermediates_pem());
    write("crls.pem", pki.crls_pem(NOW).unwrap());
    write("leaf.pem", leaf.pem());
    let at = at.0.to_string();
    openssl(
        directory,
        &[
            "verify",
            "-x509_strict",
            "-crl_check_all",
            "-auth_level",
            "2",
            "-no-CApath",
            "-no-CAstore",
            "-attime",
            &at,
            "-CAfile",
            "anchors.pem",
            "-untrusted",
            "intermediates.pem",
            "-CRLfile",
            "crls.pem",
            "leaf.pem",
        ],
    )
}

/// Text with every run of blanks as one space.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn openssl_verifies_every_kind_of_certificate_of_a_pki_with_rsa_keys() {
    let directory = tempfile::tempdir().unwrap();
    let organizations = Authority::Organizations(Level::Elementaire);
    let authorities = vec![
        FORT_PERSONS,
        Authority::Persons(Level::Standard),
        organizations,
    ];
    let options = TestPkiOptions {
        authorities,
        ..TestPkiOptions::default()
    };
    let mut pki = TestPki::generate_with(&options, NOW).unwrap();
    let validity = Validity::of_card(NOW);
    let physician = pki
        .issue_card(&CardPerson::sample_physician(), NOW)
        .unwrap();
    let staff = CardPerson::sample_service_card();
    let staff = pki
        .issue(staff.authority(), &staff.authentication_template(validity))
        .unwrap();
    let clinic = Structure::sample_clinic();
    let seal = pki
        .issue(organizations, &clinic.seal_template(validity))
        .unwrap();
    let technical = CardPerson::sample_physician().technical_template(validity);
    let technical = pki.issue(FORT_PERSONS, &technical).unwrap();
    for issued in [
        &physician.authentication,
        &physician.signature,
        &staff,
        &seal,
        &technical,
    ] {
        let (accepted, text) = verify(directory.path(), &pki, &issued.certificate, NOW);
        assert!(accepted, "{text}");
        // The private key is the certificate's, as another program sees it.
        let key = directory.path().join("key.pem");
        std::fs::write(&key, issued.private_key_pkcs8_pem.expose()).unwrap();
        let public = openssl(directory.path(), &["pkey", "-in", "key.pem", "-pubout"]).1;
        let certified = openssl(
            directory.path(),
            &["x509", "-in", "leaf.pem", "-noout", "-pubkey"],
        )
        .1;
        assert_eq!(public, certified);
    }

    let leaf = &physician.authentication.certificate;
    let (accepted, text) = verify(directory.path(), &pki, leaf, NOW.plus_days(8));
    assert!(!accepted && text.contains("CRL has expired"), "{text}");
    pki.revoke(leaf, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    let (accepted, text) = verify(directory.path(), &pki, leaf, NOW);
    assert!(!accepted && text.contains("certificate revoked"), "{text}");
    let (_, text) = openssl(
        directory.path(),
        &["crl", "-in", "crls.pem", "-noout", "-text"],
    );
    // The first list of the bundle is a root's; the reason shows in that of the issuing authority.
    assert!(text.contains("X509v3 CRL Number"), "{text}");
}

#[test]
fn openssl_accepts_the_signature_and_encoding_of_each_list() {
    let directory = tempfile::tempdir().unwrap();
    let mut pki = pki(&[FORT_PERSONS]);
    let card = fixture::login_certificate(&pki, &CardPerson::sample_physician()).certificate;
    pki.revoke(&card, NOW, RevocationReason::Superseded)
        .unwrap();
    let authorities: Vec<(Authority, Certificate)> = pki
        .authorities()
        .map(|(authority, certificate)| (authority, certificate.clone()))
        .collect();
    for (issued, (authority, certificate)) in pki.crls(NOW).unwrap().iter().zip(&authorities) {
        assert_eq!(issued.authority, *authority);
        std::fs::write(directory.path().join("issuer.pem"), certificate.pem()).unwrap();
        std::fs::write(directory.path().join("list.pem"), issued.pem()).unwrap();
        let (_, text) = openssl(
            directory.path(),
            &[
                "crl",
                "-in",
                "list.pem",
                "-CAfile",
                "issuer.pem",
                "-noout",
                "-text",
            ],
        );
        assert!(text.contains("verify OK"), "{text}");
        let revoked = text.contains(&hexadecimal(card.serial_number()));
        assert_eq!(revoked, *authority == FORT_PERSONS, "{text}");
        assert_eq!(text.contains("Superseded"), revoked);
    }
}

#[test]
fn openssl_shows_the_extensions_of_a_signature_certificate_in_the_field_s_order() {
    let directory = tempfile::tempdir().unwrap();
    let card =
        fixture::signature_certificate(&pki(&[FORT_PERSONS]), &CardPerson::sample_physician());
    let text = shown(directory.path(), &card.certificate);
    let in_order = [
        "Issuer: C = FR, O = PARAPHE-SIMULATEUR, OU = 0002 000000000, OU = SIMULATEUR TEST, CN = TEST AC SIMULATEUR FORT PERSONNES",
        "X509v3 Basic Constraints: CA:FALSE",
        "X509v3 Subject Key Identifier:",
        "X509v3 Authority Key Identifier:",
        "X509v3 Key Usage: critical Non Repudiation X509v3 Certificate Policies: Policy: 2.25.",
        "CPS: http://igc.simulateur.invalid/PC",
        "X509v3 Extended Key Usage: E-mail Protection",
        "X509v3 Private Key Usage Period: Not Before: May 28 20:26:40 2026 GMT, Not After: May 27 20:26:40 2029 GMT",
        "X509v3 CRL Distribution Points: Full Name: URI:http://igc.simulateur.invalid/CRL/ACI-FO-PP-TEST.crl",
        "X509v3 Freshest CRL: Full Name: URI:http://igc.simulateur.invalid/CRL/ACI-FO-PP-TEST-DELTA.crl",
        "Authority Information Access: OCSP - URI:http://ocsp.igc.simulateur.invalid CA Issuers - URI:http://igc.simulateur.invalid/AC/ACI-FO-PP-TEST.cer",
        "1.2.250.1.71.1.2.2:",
        "1.2.250.1.71.1.2.3: ..8025000001/2800000017",
        "1.2.250.1.71.1.2.5:",
        "1.2.250.1.71.1.2.7:",
        "1.2.250.1.71.4.2.5: 0...SM26",
    ];
    let mut rest = text.as_str();
    for expected in in_order {
        let position = rest.find(expected);
        assert!(
            position.is_some(),
            "{expected:?} is missing or out of order in {text}"
        );
        rest = rest.split_at(position.unwrap()).1;
    }
}

#[test]
fn openssl_shows_one_rdn_with_three_attributes() {
    let directory = tempfile::tempdir().unwrap();
    let card = fixture::login_certificate(&pki(&[FORT_PERSONS]), &CardPerson::sample_physician());
    let text = shown(directory.path(), &card.certificate);
    for expected in [
        // GN 15 bytes, CN 12 and SN 12 characters: sorted by their encodings, joined by " + ".
        "CN = 899700000017 + SN = ESSAI-DUPONT",
        "X509v3 Key Usage: critical Digital Signature X509v3",
        "X509v3 Extended Key Usage: TLS Web Client Authentication, Microsoft Smartcard Login",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    assert!(!text.contains("Private Key Usage Period"));
}

#[test]
fn openssl_reads_our_rfc2253_text_back_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let person = CardPerson {
        family_name: Some("D'ÉON, DIT \"LE + GRAND\" <É>;\\ ".into()),
        ..CardPerson::sample_staff()
    };
    // One attribute in each RDN: OpenSSL turns the order inside an RDN too, which RFC 2253 leaves open.
    let mut template = person.authentication_template(Validity::of_card(NOW));
    template.subject = template
        .subject
        .into_iter()
        .flatten()
        .map(|one| vec![one])
        .collect();
    template.key = KeyAlgorithm::P256;
    let card = pki(&[person.authority()])
        .issue(person.authority(), &template)
        .unwrap()
        .certificate;
    std::fs::write(directory.path().join("leaf.pem"), card.pem()).unwrap();
    let options = "dn_rev,sep_comma_plus,esc_2253,utf8,sname";
    let (_, text) = openssl(
        directory.path(),
        &[
            "x509", "-in", "leaf.pem", "-noout", "-subject", "-nameopt", options,
        ],
    );
    // OpenSSL writes title out in full.
    let theirs = text
        .trim_end_matches('\n')
        .trim_start_matches("subject=")
        .replace("title=", "T=");
    assert_eq!(theirs, card.subject_rfc2253());
}

fn shown(directory: &Path, certificate: &Certificate) -> String {
    std::fs::write(directory.join("leaf.pem"), certificate.pem()).unwrap();
    let (success, text) = openssl(directory, &["x509", "-in", "leaf.pem", "-noout", "-text"]);
    assert!(success, "{text}");
    flat(&text)
}

fn hexadecimal(serial: &[u8]) -> String {
    serial.iter().map(|byte| format!("{byte:02X}")).collect()
}
