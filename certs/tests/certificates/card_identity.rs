//! The holder that each shape of card certificate states.

use crate::fixture::{FORT_PERSONS, NOW, login_certificate, pki};
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, KeyAlgorithm, Level, Structure, TestPki,
    TestPkiOptions, Validity, utf8,
};
use paraphe_certs::{
    CardKind, Category, Certificate, Holder, HolderError, NationalIdKind, ProfessionCode,
};

fn holder(person: &CardPerson) -> (Certificate, Holder) {
    let certificate = login_certificate(&pki(&[person.authority()]), person).certificate;
    let holder = Holder::from_certificate(&certificate).unwrap();
    (certificate, holder)
}

#[test]
fn physician() {
    let (certificate, holder) = holder(&CardPerson::sample_physician());
    assert_eq!(holder.national_id.to_string(), "899700000017");
    assert_eq!(holder.national_id.kind(), NationalIdKind::Rpps);
    assert_eq!(holder.family_name.as_deref(), Some("ESSAI-DUPONT"));
    assert_eq!(holder.given_name.as_deref(), Some("HÉLÈNE"));
    assert_eq!(holder.title.as_deref(), Some("Médecin"));
    assert_eq!(holder.profession, Some(ProfessionCode::PHYSICIAN));
    assert_eq!(holder.card_kind, Some(CardKind::Cps));
    assert_eq!(holder.card_serial.as_deref(), Some("8025000001/2800000017"));
    assert_eq!(holder.category, Category::TestCard);
    assert_eq!(holder.skills, ["SM26"]);
    assert!(holder.is_test() && holder.is_nominative());
    assert_eq!(holder.display_name(), "HÉLÈNE ESSAI-DUPONT");
    assert_eq!(
        certificate.issuer_rfc2253(),
        "CN=TEST AC SIMULATEUR FORT PERSONNES,OU=SIMULATEUR TEST,OU=0002 000000000,O=PARAPHE-SIMULATEUR,C=FR"
    );
    // One RDN holds all three; DER sorting puts the shortest first.
    assert_eq!(
        certificate.subject_rfc2253(),
        "GN=HÉLÈNE+CN=899700000017+SN=ESSAI-DUPONT,T=Médecin,C=FR"
    );
    assert_eq!(certificate.subject().rdns().len(), 3);
}

#[test]
fn both_certificates_of_a_card_state_the_same_holder() {
    let pki = pki(&[FORT_PERSONS]);
    let card = pki.issue_card(&CardPerson::sample_nurse(), NOW).unwrap();
    let login = Holder::from_certificate(&card.authentication.certificate).unwrap();
    let signature = Holder::from_certificate(&card.signature.certificate).unwrap();
    assert_eq!(login, signature);
    assert_eq!(login.profession, Some(ProfessionCode::NURSE));
    assert_eq!(login.national_id.kind(), NationalIdKind::Adeli);
    assert_eq!(
        card.authentication.certificate.raw_subject(),
        card.signature.certificate.raw_subject()
    );
}

#[test]
fn student() {
    let (_, holder) = holder(&CardPerson::sample_student());
    assert_eq!(holder.card_kind, Some(CardKind::Cpf));
    assert_eq!(
        (holder.profession, holder.profession_in_training),
        (None, Some(ProfessionCode(10)))
    );
}

#[test]
fn staff_by_name() {
    let (_, holder) = holder(&CardPerson::sample_staff());
    assert_eq!(holder.card_kind, Some(CardKind::Cpe));
    assert_eq!(holder.family_name.as_deref(), Some("ESSAI-BERNARD"));
    assert_eq!(
        holder.organization.as_deref(),
        Some("CLINIQUE DU SIMULATEUR")
    );
    assert_eq!(holder.structure_id.as_deref(), Some("1999999904"));
    assert_eq!(holder.national_id.structure(), Some("999999904"));
    assert!(holder.is_nominative());
}

#[test]
fn staff_card_that_names_nobody() {
    let (_, holder) = holder(&CardPerson::sample_service_card());
    assert_eq!(
        (holder.family_name.as_ref(), holder.given_name.as_ref()),
        (None, None)
    );
    assert_eq!(holder.pseudonym.as_deref(), Some("ACCUEIL SIMULATEUR"));
    assert_eq!(holder.title.as_deref(), Some("Carte de service"));
    assert_eq!(holder.national_id.register(), Some("000000018"));
    assert!(!holder.is_nominative());
    assert_eq!(holder.display_name(), "ACCUEIL SIMULATEUR");
}

#[test]
fn software_certificate_has_no_card() {
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    };
    let (_, holder) = holder(&person);
    assert_eq!(
        (holder.card_kind, holder.card_serial.as_deref()),
        (None, None)
    );
    assert!(holder.is_test());
}

#[test]
fn old_generation_with_latin1_and_an_unsorted_set() {
    let person = CardPerson::sample_physician();
    let template = person.old_generation_template(Validity::of_card(NOW));
    let certificate = pki(&[FORT_PERSONS])
        .issue(FORT_PERSONS, &template)
        .unwrap()
        .certificate;
    let holder = Holder::from_certificate(&certificate).unwrap();
    assert_eq!(holder.given_name.as_deref(), Some("HÉLÈNE"));
    assert_eq!(
        holder.title.as_deref(),
        Some("Médecin"),
        "the label is in OU"
    );
    assert_eq!(holder.structure_id, None);
    assert_eq!(
        certificate.subject_rfc2253(),
        "CN=899700000017+SN=ESSAI-DUPONT+GN=HÉLÈNE,OU=Médecin,O=TEST,C=FR",
        "the order of the encoding is kept"
    );
    let latin1 = b"H\xc9L\xc8NE";
    assert!(
        certificate
            .raw_subject()
            .windows(latin1.len())
            .any(|window| window == latin1)
    );
    // The same names as on a certificate of today, though the bytes differ in type and order.
    let sorted = CertificateTemplate {
        unsorted_rdns: false,
        ..template
    };
    let sorted = pki(&[FORT_PERSONS])
        .issue(FORT_PERSONS, &sorted)
        .unwrap()
        .certificate;
    assert_ne!(sorted.raw_subject(), certificate.raw_subject());
    assert!(sorted.subject().names_the_same(certificate.subject()));
}

#[test]
fn a_production_category_is_told_from_a_test_one() {
    let person = CardPerson {
        category: Category::Card,
        ..CardPerson::sample_physician()
    };
    assert!(!holder(&person).1.is_test());
    let person = CardPerson {
        category: Category::Unknown(0x8f),
        ..CardPerson::sample_physician()
    };
    assert!(holder(&person).1.is_test(), "the high half decides");
}

#[test]
fn what_is_not_a_holder_is_refused() {
    let pki = pki(&[FORT_PERSONS, Authority::Organizations(Level::Fort)]);
    let physician = CardPerson::sample_physician();
    let base = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..physician.authentication_template(Validity::of_card(NOW))
    };
    let refusal = |template: &CertificateTemplate| {
        let issued = pki.issue(FORT_PERSONS, template).unwrap();
        Holder::from_certificate(&issued.certificate).unwrap_err()
    };

    let mut twice = base.clone();
    twice.subject.push(vec![utf8("2.5.4.3", "899700000025")]);
    assert_eq!(
        refusal(&twice),
        HolderError::RepeatedAttribute {
            attribute: "commonName"
        }
    );

    let mut nobody = base.clone();
    nobody.subject.truncate(2);
    assert_eq!(
        refusal(&nobody),
        HolderError::MissingAttribute {
            attribute: "commonName"
        }
    );
    nobody.subject.push(vec![utf8("2.5.4.3", "899700000017")]);
    assert_eq!(
        refusal(&nobody),
        HolderError::MissingAttribute {
            attribute: "surname or pseudonym"
        }
    );

    let mut uncategorised = base.clone();
    uncategorised
        .extensions
        .retain(|extension| extension.oid != "1.2.250.1.71.1.2.5");
    assert_eq!(refusal(&uncategorised), HolderError::MissingCategory);

    for (oid, value) in [
        ("1.2.250.1.71.1.2.2", &[0x02, 1, 9][..]),
        ("1.2.250.1.71.1.2.3", &[0x13, 2, b'a', b'\n']),
        ("1.2.250.1.71.1.2.5", &[0x04, 2, 0x80, 0x80]),
        ("1.2.250.1.71.1.2.7", &[0x02, 2, 0x7f, 0xff]),
        ("1.2.250.1.71.4.2.5", &[0x30, 3, 0x0c, 9, b'S']),
    ] {
        let mut malformed = base.clone();
        for extension in malformed
            .extensions
            .iter_mut()
            .filter(|extension| extension.oid == oid)
        {
            extension.value = value.to_vec();
        }
        let error = refusal(&malformed);
        assert!(
            matches!(&error, HolderError::PrivateExtension(inner) if inner.oid == oid),
            "{oid}: {error:?}"
        );
    }

    for name in ["DU\u{202e}PONT", "DUPONT\n", " ", "\u{7f}"] {
        let person = CardPerson {
            family_name: Some(name.into()),
            ..physician.clone()
        };
        let error = refusal(&person.authentication_template(Validity::of_card(NOW)));
        assert_eq!(
            error,
            HolderError::UnacceptableText {
                oid: "2.5.4.4".into()
            },
            "{name:?}"
        );
    }

    let technical = physician.technical_template(Validity::of_card(NOW));
    assert!(matches!(refusal(&technical), HolderError::NationalId(_)));
    let seal = Structure::sample_clinic().seal_template(Validity::of_card(NOW));
    assert!(matches!(refusal(&seal), HolderError::NationalId(_)));
}

#[test]
fn certificates_are_about_as_long_as_the_real_ones() {
    let options = TestPkiOptions {
        authorities: vec![FORT_PERSONS],
        ..TestPkiOptions::default()
    };
    let pki = TestPki::generate_with(&options, NOW).unwrap();
    let card = pki
        .issue_card(&CardPerson::sample_physician(), NOW)
        .unwrap();
    for issued in [card.authentication, card.signature] {
        let length = issued.certificate.der().len();
        assert!((1000..=1600).contains(&length), "{length} bytes");
        assert_eq!(issued.certificate.rsa_modulus_bits(), Some(2048));
    }
}

#[test]
fn a_structure_s_certificate_states_the_structure_and_no_person_s_does() {
    let organizations = Authority::Organizations(Level::Elementaire);
    let person = CardPerson::sample_staff();
    let pki = pki(&[organizations, person.authority()]);
    let clinic = Structure::sample_clinic();
    let seal = clinic.seal_template(Validity::of_card(NOW));
    let seal = pki.issue(organizations, &seal).unwrap().certificate;
    let read = paraphe_certs::Structure::from_certificate(&seal).unwrap();
    assert_eq!(read.name, clinic.name);
    assert_eq!(read.structure_id, clinic.structure_id);
    assert_eq!(read.common_name, clinic.common_name);
    assert!(read.is_test());
    let card = login_certificate(&pki, &person).certificate;
    assert_eq!(
        paraphe_certs::Structure::from_certificate(&card),
        Err(HolderError::NamesAPerson)
    );
}
