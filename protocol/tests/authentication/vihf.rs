//! Each mode's assertion: attribute by attribute as the shared record's samples have them, accepted by xmlsec1 and by ourselves, in
//! our own layout and in those that other programs write.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use crate::support::vihf::{
    C14N, DS, VihfPractice, audience, element, id, patient, place, software,
};
use crate::support::{NOW, sign};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::test_pki::{CardPerson, Issued, Structure, Validity};
use paraphe_certs::{CardKind, UnixTime};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins};
use paraphe_protocol::vihf::{
    self, Access, AccessReason, Expected, ExpectedAudience, PrepareVihfError, PurposeOfUse,
    Recipient, Resource, RoleError, UserError, VihfAuthor, VihfMode, VihfRequest, VihfSigner,
    VihfUser, read_unverified,
};
use paraphe_protocol::xml::{Canonicalization, Selection, XmlElement, gate};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const ISSUER_OF_CARD: &str = "GN=HÉLÈNE+CN=899700000017+SN=ESSAI-DUPONT,T=Médecin,C=FR";
const ISSUER_OF_SEAL: &str =
    "CN=SERVEUR SIMULATEUR,OU=1999999904,O=CLINIQUE DU SIMULATEUR,ST=Rhône (69),C=FR";

/// A value as it stands between the tags of its attribute.
enum Value {
    Text(&'static str),
    Coded(&'static [Coded]),
}

struct Coded {
    element: &'static str,
    attributes: &'static str,
}

impl Value {
    fn xml(&self) -> String {
        match self {
            Self::Text(text) => format!(
                "<saml2:AttributeValue xmlns:xsi=\"{XSI}\" xsi:type=\"xs:string\">{text}</saml2:AttributeValue>"
            ),
            Self::Coded(values) => {
                let values = values.iter().map(|Coded { element, attributes }| {
                    format!(
                        "<saml2:AttributeValue><{element} xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"{XSI}\" {attributes} \
                         xsi:type=\"CE\"></{element}></saml2:AttributeValue>"
                    )
                });
                values.collect()
            }
        }
    }
}

const ROLES: Value = Value::Coded(&[
    Coded {
        element: "Role",
        attributes: "code=\"10\" codeSystem=\"1.2.250.1.71.1.2.7\" codeSystemName=\"professions\" displayName=\"Médecin\"",
    },
    Coded {
        element: "Role",
        attributes: "code=\"SM26\" codeSystem=\"1.2.250.1.71.4.2.5\" codeSystemName=\"specialites RPPS\" \
                     displayName=\"Qualifié en médecine générale (SM)\"",
    },
]);

const PURPOSE: Value = Value::Coded(&[Coded {
    element: "PurposeOfUse",
    attributes: "code=\"normal\" codeSystem=\"1.2.250.1.213.1.1.4.248\" codeSystemName=\"mode acces VIHF 2.0\" \
                 displayName=\"Accès normal\"",
}]);

/// Names, forms and order of the samples of each mode (domain facts 4.2); none has a NameFormat.
fn attributes(mode: VihfMode) -> Vec<(&'static str, Value)> {
    let is_direct = mode == VihfMode::Direct;
    let (structure, sector) = if is_direct {
        ("499700000017001", "SA07^1.2.250.1.71.4.2.4")
    } else {
        ("1999999904", "SA05^1.2.250.1.71.4.2.4")
    };
    let mut attributes = vec![
        ("Identifiant_Structure", Value::Text(structure)),
        ("Secteur_Activite", Value::Text(sector)),
    ];
    if !is_direct {
        attributes.push((
            "urn:oasis:names:tc:xspa:1.0:subject:subject-id",
            Value::Text("HÉLÈNE ESSAI-DUPONT"),
        ));
    }
    attributes.extend([
        ("urn:oasis:names:tc:xacml:2.0:subject:role", ROLES),
        ("VIHF_Version", Value::Text("3.0")),
        ("Authentification_mode", Value::Text(mode.name())),
        (
            "urn:oasis:names:tc:xacml:2.0:resource:resource-id",
            Value::Text("285072B50202465^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"),
        ),
        ("Ressource_URN", Value::Text("urn:dmp")),
        ("urn:oasis:names:tc:xspa:1.0:subject:purposeofuse", PURPOSE),
        ("LPS_ID", Value::Text("01.01.01.01")),
        ("LPS_Nom", Value::Text("Logiciel d'essai")),
        ("LPS_Version", Value::Text("1.2")),
        ("LPS_ID_HOMOLOGATION_DMP", Value::Text("ESSAI-0001")),
    ]);
    attributes
}

#[test]
fn each_mode_has_the_attributes_of_the_samples() {
    let practice = VihfPractice::new();
    for mode in VihfMode::ALL {
        let text = String::from_utf8(practice.specimen(mode)).unwrap();
        let expected: String = attributes(mode)
            .iter()
            .map(|(name, value)| {
                format!(
                    "<saml2:Attribute Name=\"{name}\">{}</saml2:Attribute>",
                    value.xml()
                )
            })
            .collect();
        assert_eq!(
            element(&text, "saml2:AttributeStatement"),
            format!("<saml2:AttributeStatement>{expected}</saml2:AttributeStatement>"),
            "{mode}"
        );
        let unsigned = text.replace(element(&text, "ds:Signature"), "");
        let (before, _) = unsigned.split_once("<saml2:AttributeStatement>").unwrap();
        let issuer = if mode == VihfMode::Direct {
            ISSUER_OF_CARD
        } else {
            ISSUER_OF_SEAL
        };
        let declaration = if mode == VihfMode::IndirectReinforced {
            "<saml2:AuthnContextDecl>urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI</saml2:AuthnContextDecl>"
        } else {
            ""
        };
        assert_eq!(
            before,
            format!(
                "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                 ID=\"_5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\" IssueInstant=\"2026-11-22T10:00:00.000Z\" Version=\"2.0\">\
                 <saml2:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">{issuer}</saml2:Issuer>\
                 <saml2:Subject><saml2:NameID>899700000017</saml2:NameID></saml2:Subject>\
                 <saml2:Conditions NotBefore=\"2026-11-22T10:00:00.000Z\" NotOnOrAfter=\"2026-11-22T10:05:00.000Z\">\
                 <saml2:AudienceRestriction><saml2:Audience>https://dossier.example.fr</saml2:Audience></saml2:AudienceRestriction>\
                 </saml2:Conditions><saml2:AuthnStatement AuthnInstant=\"2026-11-22T10:00:00.000Z\"><saml2:AuthnContext>\
                 <saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI</saml2:AuthnContextClassRef>\
                 {declaration}</saml2:AuthnContext></saml2:AuthnStatement>"
            ),
            "{mode}"
        );
        // The signature comes right after the issuer and is over everything else.
        assert!(text.contains("</saml2:Issuer><ds:Signature "));
        assert!(text.contains("</ds:Signature><saml2:Subject>"));
    }
}

#[test]
fn each_mode_is_accepted_by_xmlsec1_and_here() {
    let practice = VihfPractice::new();
    let directory = tempfile::tempdir().unwrap();
    for mode in VihfMode::ALL {
        let xml = practice.specimen(mode);
        let theirs = practice.xmlsec1(directory.path(), &xml);
        assert!(theirs.status.success(), "{mode}: {theirs:?}");
        let checked = practice.check(&xml).unwrap();
        let mut spent = None;
        let admitted = checked.admit(|id, until| {
            spent = Some((id.clone(), until));
            Ok::<_, ()>(true)
        });
        let admitted = admitted.unwrap();
        assert_eq!(spent, Some((id(), UnixTime(NOW.0 + 301))));
        let content = admitted.content();
        assert_eq!(content.mode, mode);
        assert_eq!(content.name_id, "899700000017");
        assert_eq!(content.patient, Some(patient()));
        assert_eq!(content.purpose, PurposeOfUse::Normal);
        assert_eq!(content.software, software());
        let codes: Vec<_> = content
            .roles
            .iter()
            .map(|role| role.code.as_str())
            .collect();
        assert_eq!(codes, ["10", "SM26"]);
        match admitted.signer() {
            VihfSigner::Card(certificate) => {
                assert_eq!(mode, VihfMode::Direct);
                assert_eq!(certificate.holder().national_id.as_str(), "899700000017");
                assert_eq!(content.place, place());
            }
            VihfSigner::Structure(certificate) => {
                assert_ne!(mode, VihfMode::Direct);
                assert_eq!(certificate.subject().structure_id, "1999999904");
                assert_eq!(content.names.as_deref(), Some("HÉLÈNE ESSAI-DUPONT"));
            }
        }
    }
}

/// How another program lays an assertion out.
struct Foreign<'a> {
    unsigned: String,
    prefixes: Option<&'a str>,
    lines: bool,
}

/// Signs as programs do that know namespaces and canonical forms and write neither as we do.
fn sign_foreign(foreign: &Foreign<'_>, signer: &Issued) -> Vec<u8> {
    let Foreign {
        unsigned,
        prefixes,
        lines,
    } = foreign;
    let list = prefixes.map_or(String::new(), |prefixes| {
        format!("<InclusiveNamespaces xmlns=\"{C14N}\" PrefixList=\"{prefixes}\"/>")
    });
    let method = match prefixes {
        Some(prefixes) => Canonicalization::EXCLUSIVE
            .with_inclusive_prefixes(prefixes)
            .unwrap(),
        None => Canonicalization::EXCLUSIVE,
    };
    let document = gate::parse(unsigned.as_bytes(), &gate::Limits::default()).unwrap();
    let root = XmlElement::root(&document).unwrap();
    let canonical = method
        .canonical(&document, Selection::element(root.id()))
        .unwrap();
    let digest = Sha256Digest::of(&canonical).to_base64();
    let certificate = STANDARD.encode(signer.certificate.der());
    let certificate = if *lines {
        let lines: Vec<_> = certificate
            .as_bytes()
            .chunks(76)
            .map(String::from_utf8_lossy)
            .collect();
        lines.join("\n")
    } else {
        certificate
    };
    let gap = if *lines { "\n  " } else { "" };
    let with_value = |value: &str| {
        let signature = format!(
            "<Signature xmlns=\"{DS}\">{gap}<SignedInfo>{gap}<CanonicalizationMethod Algorithm=\"{C14N}\"/>{gap}\
             <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>{gap}\
             <Reference URI=\"#{}\"><Transforms><Transform Algorithm=\"{DS}enveloped-signature\"/>\
             <Transform Algorithm=\"{C14N}\">{list}</Transform></Transforms>\
             <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue>{digest}</DigestValue></Reference>\
             </SignedInfo>{gap}<SignatureValue>{value}</SignatureValue>{gap}<KeyInfo><X509Data><X509Certificate>{certificate}\
             </X509Certificate></X509Data></KeyInfo></Signature>",
            root.attribute("ID").unwrap()
        );
        let end = unsigned.find("Issuer>").unwrap() + "Issuer>".len();
        [&unsigned[..end], &signature, &unsigned[end..]].concat()
    };
    let draft = with_value("");
    let document = gate::parse(draft.as_bytes(), &gate::Limits::default()).unwrap();
    let children = XmlElement::root(&document)
        .unwrap()
        .spaced_elements()
        .unwrap();
    let signature = children
        .into_iter()
        .find(|child| child.is(DS, "Signature"))
        .unwrap();
    let [signed_info, ..] = signature.spaced_elements().unwrap()[..] else {
        panic!("no SignedInfo");
    };
    let bytes = Canonicalization::EXCLUSIVE
        .canonical(&document, Selection::element(signed_info.id()))
        .unwrap();
    with_value(&STANDARD.encode(sign(signer, &bytes))).into_bytes()
}

/// The samples' own layout: every prefix declared at the top or where it is used, empty tags, values in the default namespace, the
/// guide's spelling of the mode, the terminology server's code system, other renderings of the issuer.
#[test]
fn layouts_of_other_programs_are_read() {
    let practice = VihfPractice::new();
    let directory = tempfile::tempdir().unwrap();
    let own = practice.unsigned(VihfMode::Direct);
    let samples = own
        .replace(
            "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"",
            &format!("xmlns:xsi=\"{XSI}\""),
        )
        .replace(
            &format!("<saml2:AttributeValue xmlns:xsi=\"{XSI}\" xsi:type"),
            "<saml2:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xsi:type",
        )
        .replace("></Role>", "/>")
        .replace("></PurposeOfUse>", "/>");
    let reordered = samples
        .replace("Authentification_mode", "Authentification_Mode")
        .replace("1.1.4.248", "1.1.4.336")
        .replace(
            ISSUER_OF_CARD,
            "CN=899700000017+2.5.4.4=#0c0c45535341492d4455504f4e54+2.5.4.42=#0c0848c3894cc3884e45, T=Médecin, C=FR",
        )
        .replace("<saml2:AttributeValue>", "<saml2:AttributeValue>\n    ")
        .replace("<saml2:Attribute ", "\n  <saml2:Attribute ")
        .replace("</saml2:AttributeStatement>", "\n</saml2:AttributeStatement>");
    // As the kit for .NET: no prefix, no types, inclusive prefixes.
    let kit = own
        .replace("saml2:", "")
        .replace("xmlns:saml2", "xmlns")
        .replace(&format!(" xmlns:xsi=\"{XSI}\" xsi:type=\"xs:string\""), "")
        .replace(
            ISSUER_OF_CARD,
            "CN=899700000017 + SN=ESSAI-DUPONT + GN=HÉLÈNE, T=Médecin, C=FR",
        );
    for (name, unsigned, prefixes, lines) in [
        ("samples", samples, None, false),
        ("reordered", reordered, None, true),
        ("kit", kit, Some("ds saml #default xsi"), false),
    ] {
        let foreign = Foreign {
            unsigned,
            prefixes,
            lines,
        };
        let xml = sign_foreign(&foreign, &practice.card.signature);
        let theirs = practice.xmlsec1(directory.path(), &xml);
        assert!(theirs.status.success(), "{name}: {theirs:?}");
        let content = read_unverified(&xml).unwrap();
        assert_eq!(content.name_id, "899700000017", "{name}");
        let checked = practice.check(&xml);
        assert!(checked.is_ok(), "{name}: {checked:?}");
        // As the samples are: the value of the signature holds, what it was made over is another.
        let text = String::from_utf8(xml).unwrap();
        let altered = text.replace("499700000017001", "499700000017002");
        assert_ne!(text, altered);
        read_unverified(altered.as_bytes()).unwrap();
        let error = practice.check(altered.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "assertion-altered", "{name}");
    }
}

#[test]
fn an_assertion_as_the_shared_record_wants_it_names_no_server() {
    let practice = VihfPractice::new();
    let prepared = practice.prepared_with(VihfMode::Direct, &Access::Normal, false);
    let value = sign(&practice.card.signature, prepared.to_be_signed());
    let xml = prepared.complete(&value).unwrap();
    assert!(!String::from_utf8(xml.clone()).unwrap().contains("Audience"));
    let error = practice.check(&xml).unwrap_err();
    assert_eq!(error.code(), "audience", "a server that wants its name");
    let expected = Expected {
        resource: &Resource::default(),
        audience: ExpectedAudience::NamedOrNone(&audience()),
        now: NOW,
    };
    vihf::check(&xml, &expected, &practice.store).unwrap();
    // Bound to another, it is for that one all the same.
    let other = "https://autre.example.fr".parse().unwrap();
    let expected = Expected {
        audience: ExpectedAudience::NamedOrNone(&other),
        ..expected
    };
    let bound = practice.specimen(VihfMode::Direct);
    let error = vihf::check(&bound, &expected, &practice.store).unwrap_err();
    assert_eq!(error.code(), "audience");
}

#[test]
fn every_purpose_is_written_and_break_glass_has_its_reason_and_patient() {
    let practice = VihfPractice::new();
    let reason = AccessReason::new("Patient inconscient, urgence vitale").unwrap();
    for (access, code, label) in [
        (Access::Normal, "normal", "Accès normal"),
        (
            Access::BreakGlass(reason.clone()),
            "bris_de_glace",
            "Accès en bris de glace",
        ),
        (
            Access::RegulationCentre,
            "centre_15",
            "Accès par un centre de régulation médicale",
        ),
    ] {
        let prepared = practice.prepared_with(VihfMode::Direct, &access, true);
        let value = sign(&practice.card.signature, prepared.to_be_signed());
        let xml = prepared.complete(&value).unwrap();
        let text = String::from_utf8(xml.clone()).unwrap();
        assert!(text.contains(&format!(
            "<PurposeOfUse xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"{XSI}\" code=\"{code}\""
        )));
        assert!(text.contains(&format!("displayName=\"{label}\"")));
        assert!(
            !text.contains("inconscient"),
            "the reason has no place in it"
        );
        let content = practice.check(&xml).unwrap();
        let admitted = content.admit(|_, _| Ok::<_, ()>(true)).unwrap();
        assert_eq!(admitted.content().purpose, access.purpose());
    }
    let card = VihfAuthor::Card {
        signature: &practice.card.signature.certificate,
        speciality: None,
        place: &place(),
    };
    let access = Access::BreakGlass(reason);
    let (recipient, software) = (recipient(), software());
    let request = VihfRequest {
        id: id(),
        issued_at: NOW,
        authenticated_at: NOW,
        recipient: &recipient,
        patient: None,
        access: &access,
        software: &software,
    };
    assert_eq!(
        request.prepare(card).unwrap_err(),
        PrepareVihfError::PatientMissing
    );
    let normal = VihfRequest {
        access: &Access::Normal,
        ..request
    };
    normal.prepare(card).unwrap();
}

fn recipient() -> Recipient {
    Recipient {
        resource: Resource::default(),
        audience: Some(audience()),
    }
}

#[test]
fn who_signs_and_for_whom_comes_from_certificates_alone() {
    let practice = VihfPractice::new();
    let (recipient, software, place) = (recipient(), software(), place());
    let (access, patient) = (Access::Normal, patient());
    let request = VihfRequest {
        id: id(),
        issued_at: NOW,
        authenticated_at: NOW,
        recipient: &recipient,
        patient: Some(&patient),
        access: &access,
        software: &software,
    };
    let by_card = |certificate| {
        request.prepare(VihfAuthor::Card {
            signature: certificate,
            speciality: None,
            place: &place,
        })
    };
    let login = by_card(&practice.card.authentication.certificate);
    assert!(matches!(
        login,
        Err(PrepareVihfError::WrongUse {
            mode: VihfMode::Direct,
            ..
        })
    ));
    let seal = by_card(&practice.seal.certificate);
    assert!(matches!(
        seal,
        Err(PrepareVihfError::User(UserError::Certificate(_)))
    ));
    let user = VihfUser::of_card(&practice.card.authentication.certificate, None).unwrap();
    let sector = "SA05".parse().unwrap();
    let by_structure = |certificate, user, reinforced| {
        request.prepare(VihfAuthor::Structure {
            seal: certificate,
            sector: &sector,
            user,
            reinforced,
        })
    };
    let client = Structure::sample_clinic()
        .client_authentication_template(Validity::of_card(NOW.plus_days(-1)));
    let client = practice.certificate(VihfPractice::ORGANISATIONS, &client);
    let client = by_structure(&client, &user, false);
    assert!(matches!(client, Err(PrepareVihfError::WrongUse { .. })));
    let card = by_structure(&practice.card.signature.certificate, &user, false);
    assert!(matches!(card, Err(PrepareVihfError::Certificate(_))));
    // An automaton is one of the structure's own, and nobody who logged in.
    let automaton = VihfUser::automaton(
        &practice.seal.certificate,
        "ECHO-01",
        "Échographe d'essai 3",
    )
    .unwrap();
    assert_eq!(automaton.name_id(), "1999999904/ECHO-01");
    let reinforced = by_structure(&practice.seal.certificate, &automaton, true);
    let mode = VihfMode::IndirectReinforced;
    assert_eq!(
        reinforced.unwrap_err(),
        PrepareVihfError::Authentication { mode }
    );
    let prepared = by_structure(&practice.seal.certificate, &automaton, false).unwrap();
    let value = sign(&practice.seal, prepared.to_be_signed());
    let xml = prepared.complete(&value).unwrap();
    practice.check(&xml).unwrap();
    let text = String::from_utf8(xml).unwrap();
    assert!(text.contains("classes:unspecified<"));
    assert!(text.contains("code=\"AUTOMATE\" codeSystem=\"1.2.250.1.213.1.1.4.6\""));
    // Another key's signature is noticed before anything is written.
    let value = sign(&practice.card.authentication, prepared.to_be_signed());
    assert!(prepared.complete(&value).is_err());
    let production = Ins::new("285072B50202465".parse().unwrap(), Environment::Production);
    let elsewhere = VihfRequest {
        patient: Some(&production),
        ..request.clone()
    };
    let by_card = elsewhere.prepare(VihfAuthor::Card {
        signature: &practice.card.signature.certificate,
        speciality: None,
        place: &place,
    });
    assert_eq!(by_card.unwrap_err(), PrepareVihfError::Environment);
}

#[test]
fn roles_are_those_of_the_card() {
    let practice = VihfPractice::new();
    let user = |person: &CardPerson, speciality: Option<&str>| {
        let template = person.signature_template(Validity::of_card(NOW));
        let certificate = practice.certificate(person.authority(), &template);
        let user = VihfUser::of_card(&certificate, speciality)?;
        let codes = |role: &vihf::Role| format!("{}^{}", role.code, role.code_system);
        let roles: Vec<_> = user.roles().iter().map(codes).collect();
        Ok::<_, UserError>((user.names().to_owned(), roles.join(" ")))
    };
    let physician = CardPerson::sample_physician();
    let two = CardPerson {
        skills: vec!["SM26".into(), "SM54".into()],
        ..physician.clone()
    };
    let without = CardPerson {
        skills: Vec::new(),
        ..physician.clone()
    };
    let pharmacist = CardPerson {
        profession: Some(21),
        skills: vec!["A".into()],
        ..physician.clone()
    };
    let roles = |person: &CardPerson, speciality: Option<&str>| {
        user(person, speciality).map(|(_, roles)| roles)
    };
    let second = "10^1.2.250.1.71.1.2.7 SM54^1.2.250.1.71.4.2.5";
    assert_eq!(roles(&two, Some("SM54")).unwrap(), second);
    let role = |error| Err(UserError::Role(error));
    assert_eq!(roles(&two, None), role(RoleError::SeveralSpecialities));
    assert_eq!(
        roles(&two, Some("SM01")),
        role(RoleError::ForeignSpeciality)
    );
    assert_eq!(roles(&without, None), role(RoleError::NoSpeciality));
    let pharmacy = "21^1.2.250.1.71.1.2.7 A^1.2.250.1.71.4.2.6";
    assert_eq!(roles(&pharmacist, None).unwrap(), pharmacy);
    assert_eq!(
        roles(&CardPerson::sample_nurse(), None).unwrap(),
        "60^1.2.250.1.71.1.2.7"
    );
    assert_eq!(
        roles(&CardPerson::sample_nurse(), Some("SM26")),
        role(RoleError::ForeignSpeciality)
    );
    assert_eq!(
        roles(&CardPerson::sample_student(), None).unwrap(),
        "10^1.2.250.1.71.1.2.8"
    );
    let (names, staff) = user(&CardPerson::sample_service_card(), None).unwrap();
    assert_eq!(names, "3999999904-000000018 CLINIQUE DU SIMULATEUR");
    assert_eq!(staff, "SECRETARIAT_MEDICAL^1.2.250.1.213.1.1.4.6");
    let nobody = CardPerson {
        kind: CardKind::Cpa,
        ..CardPerson::sample_service_card()
    };
    assert_eq!(roles(&nobody, None), role(RoleError::NoProfession));
}
