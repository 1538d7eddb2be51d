//! Headers and bodies, read back by the parser and, where it is installed, by xmllint.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroU32;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::test_pki::{Authority, CardPerson, Level, TestPki, TestPkiOptions};
use paraphe_certs::{Holder, UnixTime};

use super::*;
use crate::document::DocumentFormat;
use crate::identifiers::{Environment, Ins, Oid, PatientIdentity, Sex, StrictTraits};
use crate::xml::{XmlElement, gate};

const NOW: UnixTime = UnixTime(1_795_341_600);

fn structure() -> Structure {
    Structure {
        id: "499900063480001".parse().unwrap(),
        name: CdaText::new("Cabinet d'essai <A & B>").unwrap(),
    }
}

fn holder(person: &CardPerson) -> Holder {
    let options = TestPkiOptions {
        authorities: vec![
            Authority::Persons(Level::Fort),
            Authority::Persons(Level::Standard),
        ],
        ..TestPkiOptions::quick()
    };
    let pki = TestPki::generate_with(&options, NOW).unwrap();
    let card = pki.issue_card(person, NOW).unwrap();
    Holder::from_certificate(&card.signature.certificate).unwrap()
}

/// Made once: the holder's certificate costs two key generations.
fn header() -> &'static CdaHeader {
    static HEADER: OnceLock<CdaHeader> = OnceLock::new();
    HEADER.get_or_init(make_header)
}

fn make_header() -> CdaHeader {
    let time = LocalTime::new(NOW, 60).unwrap();
    let physician = holder(&CardPerson::sample_physician());
    let professional = Professional::from_holder(&physician, structure()).unwrap();
    CdaHeader {
        id: Oid::from_uuid(1),
        set_id: Oid::from_uuid(2),
        version: NonZeroU32::MIN,
        document_type: DocumentType::known("11488-4").unwrap(),
        title: Title::new("Compte rendu \"d'essai\" & <suite>").unwrap(),
        effective_time: time,
        confidentiality: Confidentiality::Normal,
        patient: PatientIdentity {
            ins: Ins::new("285072B50202465".parse().unwrap(), Environment::Test),
            traits: StrictTraits {
                birth_name: "PATIENT-ESSAI".parse().unwrap(),
                birth_given_names: "ANNE MARIE".parse().unwrap(),
                first_birth_given_name: "ANNE".parse().unwrap(),
                birth_date: "19850700".parse().unwrap(),
                sex: Sex::Female,
                birth_place: "2B033".parse().unwrap(),
            },
        },
        author: professional.clone(),
        further_authors: Vec::new(),
        custodian: structure(),
        legal_authenticator: professional.clone(),
        service_event: ServiceEvent {
            start: time,
            performer: professional,
            practice_setting: practice_setting("AMBULATOIRE").unwrap(),
        },
        encounter: Encounter {
            start: time,
            sector: sector("SA07").unwrap(),
        },
    }
}

fn write(chunks: &[&[u8]]) -> String {
    let mut writer = CdaWriter::begin(header(), DocumentFormat::Pdf, Vec::new()).unwrap();
    for chunk in chunks {
        writer.write_chunk(chunk).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn children(xml: &str, path: &[&str]) -> Vec<String> {
    let document = gate::parse(xml.as_bytes(), &gate::Limits::default()).unwrap();
    let mut element = XmlElement::root(&document).unwrap();
    for name in path {
        element = element
            .elements()
            .unwrap()
            .into_iter()
            .find(|child| format!("{child:?}") == format!("XmlElement({name})"))
            .unwrap();
    }
    let elements = element.elements().unwrap();
    elements.iter().map(|child| format!("{child:?}")).collect()
}

/// The decoded body, through the parser.
fn body(xml: &str) -> Vec<u8> {
    let limits = gate::Limits {
        bytes: 1 << 24,
        ..gate::Limits::default()
    };
    let document = gate::parse(xml.as_bytes(), &limits).unwrap();
    let root = XmlElement::root(&document).unwrap();
    let component = *root.elements().unwrap().last().unwrap();
    let [body] = component.exactly().unwrap();
    let [text] = body.exactly().unwrap();
    assert_eq!(text.attribute("mediaType").unwrap(), "application/pdf");
    assert_eq!(text.attribute("representation").unwrap(), "B64");
    STANDARD.decode(text.text().unwrap()).unwrap()
}

#[test]
fn the_header_has_every_mandatory_element_in_the_schemas_order() {
    let names: Vec<String> = children(&write(&[b"x"]), &[])
        .iter()
        .map(|name| name.replace("XmlElement(", "").replace(')', ""))
        .collect();
    assert_eq!(
        names,
        [
            "realmCode",
            "typeId",
            "templateId",
            "templateId",
            "templateId",
            "id",
            "code",
            "title",
            "effectiveTime",
            "confidentialityCode",
            "languageCode",
            "setId",
            "versionNumber",
            "recordTarget",
            "author",
            "custodian",
            "legalAuthenticator",
            "documentationOf",
            "componentOf",
            "component",
        ]
    );
}

#[test]
fn what_the_header_says() {
    let xml = write(&[b"x"]);
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClinicalDocument xmlns=\"urn:hl7-org:v3\">",
        "<id root=\"2.25.1\"></id><code code=\"11488-4\" codeSystem=\"2.16.840.1.113883.6.1\"",
        "<title>Compte rendu \"d'essai\" &amp; &lt;suite&gt;</title>",
        "<effectiveTime value=\"20261122110000+0100\"></effectiveTime>",
        "<setId root=\"2.25.2\"></setId><versionNumber value=\"1\">",
        "<id extension=\"285072B50202465\" root=\"1.2.250.1.213.1.4.10\"></id>",
        "<family qualifier=\"BR\">PATIENT-ESSAI</family><given>ANNE MARIE</given>",
        "<given qualifier=\"BR\">ANNE</given>",
        "<birthTime value=\"19850700\"></birthTime>",
        "<county>2B033</county>",
        "<id extension=\"899700000017\" root=\"1.2.250.1.71.4.2.1\"></id><code code=\"G15_10/SM26\"",
        "<family>ESSAI-DUPONT</family><given>HÉLÈNE</given>",
        "<id extension=\"499900063480001\" root=\"1.2.250.1.71.4.2.2\"></id>",
        "<name>Cabinet d'essai &lt;A &amp; B&gt;</name>",
        "<signatureCode code=\"S\">",
        "<standardIndustryClassCode code=\"AMBULATOIRE\"",
        "<healthCareFacility><code code=\"SA07\" codeSystem=\"1.2.250.1.71.4.2.4\"",
        "<text mediaType=\"application/pdf\" representation=\"B64\">eA==</text>",
    ] {
        assert!(xml.contains(part), "{part}\nis not in\n{xml}");
    }
}

#[test]
fn a_card_that_names_nobody_is_named_by_its_structure_and_number() {
    let service = holder(&CardPerson::sample_service_card());
    let professional = Professional::from_holder(&service, structure()).unwrap();
    let given = professional.given_name.unwrap();
    assert!(
        !given.as_str().contains('/'),
        "special characters become hyphens"
    );
    assert_eq!(
        given.as_str(),
        service.national_id.as_str().replace('/', "-")
    );
    assert!(professional.specialty.is_none());
}

#[test]
fn the_body_is_the_document_wherever_the_chunks_end() {
    let document: Vec<u8> = (0..=255).cycle().take(1000).collect();
    assert_eq!(body(&write(&[&document])), document);
    let whole = write(&[&document]);
    for size in 1..=17 {
        let chunks: Vec<&[u8]> = document.chunks(size).collect();
        assert_eq!(write(&chunks), whole, "chunks of {size}");
    }
    for cut in 0..=document.len() {
        let (first, second) = document.split_at(cut);
        let xml = write_body(&[first, b"", second]);
        assert_eq!(xml, STANDARD.encode(&document), "cut at {cut}");
    }
    let large: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(body(&write(&[&large])), large);
    assert_eq!(body(&write(&[])), b"");
}

/// The base64 alone.
fn write_body(chunks: &[&[u8]]) -> String {
    let xml = write(chunks);
    let start = xml.find("\"B64\">").unwrap() + 6;
    xml[start..xml.find("</text>").unwrap()].to_owned()
}

#[test]
fn xmllint_finds_it_well_formed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("document.xml");
    std::fs::write(&path, write(&[b"document"])).unwrap();
    match std::process::Command::new("xmllint")
        .arg("--noout")
        .arg(&path)
        .output()
    {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        // A second opinion only: the parser above has read it already.
        Err(error) => eprintln!("xmllint is not installed: {error}"),
    }
}

#[test]
fn errors_of_the_output_come_back() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(CdaWriter::begin(header(), DocumentFormat::Pdf, Full).is_err());
}
