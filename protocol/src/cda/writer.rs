//! The header as XML, up to and including the start of the body's text.
//!
//! HL7 CDA R2 (POCD_HD000040) with the templates of HL7 France, CI-SIS and IHE XDS-SD. Elements in
//! the order of the schema; `nullFlavor` only where CI-SIS allows it (addresses and phone numbers
//! that the card does not give: `NASK`, not asked).

use super::header::{CdaHeader, Professional, Structure};
use super::vocabulary::Code;
use crate::document::DocumentFormat;
use crate::identifiers::StructureId;
use crate::xml::{CanonicalWriter, Namespace};

const HL7: Namespace = Namespace {
    prefix: "",
    uri: "urn:hl7-org:v3",
};
const TEMPLATES: &[&str] = &[
    "2.16.840.1.113883.2.8.2.1",
    "1.2.250.1.213.1.1.1.1",
    "1.3.6.1.4.1.19376.1.2.20",
];
const PERSON_SYSTEM: &str = "1.2.250.1.71.4.2.1";
const GENDER_SYSTEM: &str = "2.16.840.1.113883.5.1";
const CONFIDENTIALITY_SYSTEM: &str = "2.16.840.1.113883.5.25";

/// What closes the document after the body's text.
pub(super) const END: &str = "</text></nonXMLBody></component></ClinicalDocument>\n";

/// The beginning of the document, ending with the open `text` element.
pub(super) fn beginning(header: &CdaHeader, format: DocumentFormat) -> String {
    let mut xml = Xml(CanonicalWriter::new());
    xml.open("ClinicalDocument");
    xml.empty("realmCode", &[("code", "FR")]);
    let type_id = [
        ("root", "2.16.840.1.113883.1.3"),
        ("extension", "POCD_HD000040"),
    ];
    xml.empty("typeId", &type_id);
    for template in TEMPLATES {
        xml.empty("templateId", &[("root", template)]);
    }
    xml.empty("id", &[("root", header.id.as_str())]);
    xml.code("code", &header.document_type.code);
    xml.text("title", header.title.as_str());
    let effective_time = header.effective_time.to_hl7();
    xml.empty("effectiveTime", &[("value", &effective_time)]);
    xml.empty(
        "confidentialityCode",
        &[
            ("code", header.confidentiality.code()),
            ("codeSystem", CONFIDENTIALITY_SYSTEM),
            ("displayName", header.confidentiality.label()),
        ],
    );
    xml.empty("languageCode", &[("code", "fr-FR")]);
    xml.empty("setId", &[("root", header.set_id.as_str())]);
    xml.empty("versionNumber", &[("value", &header.version.to_string())]);
    xml.record_target(header);
    for author in std::iter::once(&header.author).chain(&header.further_authors) {
        xml.open("author");
        xml.empty("time", &[("value", &effective_time)]);
        xml.open("assignedAuthor");
        xml.professional(author, None);
        xml.close(2);
    }
    xml.open("custodian");
    xml.open("assignedCustodian");
    xml.open("representedCustodianOrganization");
    xml.structure(&header.custodian);
    xml.empty("telecom", &[("nullFlavor", "NASK")]);
    xml.empty("addr", &[("nullFlavor", "NASK")]);
    xml.close(3);
    xml.open("legalAuthenticator");
    xml.empty("time", &[("value", &effective_time)]);
    xml.empty("signatureCode", &[("code", "S")]);
    xml.open("assignedEntity");
    xml.professional(&header.legal_authenticator, None);
    xml.close(2);
    xml.context(header);
    xml.open("component");
    xml.open("nonXMLBody");
    let text = [
        ("mediaType", format.media_type()),
        ("representation", "B64"),
    ];
    xml.0.start(HL7, "text", &text);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        xml.0.drain()
    )
}

struct Xml(CanonicalWriter);

impl Xml {
    fn open(&mut self, name: &'static str) {
        self.0.start(HL7, name, &[]);
    }

    fn close(&mut self, levels: usize) {
        for _ in 0..levels {
            self.0.end();
        }
    }

    fn empty(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.0.element(HL7, name, attributes, "");
    }

    fn text(&mut self, name: &'static str, text: &str) {
        self.0.element(HL7, name, &[], text);
    }

    fn code(&mut self, name: &'static str, code: &Code) {
        self.empty(
            name,
            &[
                ("code", code.code.as_str()),
                ("codeSystem", code.system.as_str()),
                ("displayName", code.label.as_str()),
            ],
        );
    }

    fn record_target(&mut self, header: &CdaHeader) {
        let (ins, traits) = (&header.patient.ins, &header.patient.traits);
        self.open("recordTarget");
        self.open("patientRole");
        let matricule = ins.matricule().to_string();
        let id = [
            ("extension", matricule.as_str()),
            ("root", ins.authority().oid()),
        ];
        self.empty("id", &id);
        self.empty("addr", &[("nullFlavor", "NASK")]);
        self.empty("telecom", &[("nullFlavor", "NASK")]);
        self.0.start(HL7, "patient", &[("classCode", "PSN")]);
        self.open("name");
        let at_birth = [("qualifier", "BR")];
        self.0
            .element(HL7, "family", &at_birth, traits.birth_name.as_str());
        self.text("given", traits.birth_given_names.as_str());
        let first = traits.first_birth_given_name.as_str();
        self.0.element(HL7, "given", &at_birth, first);
        self.close(1);
        let gender = [
            ("code", traits.sex.hl7_code()),
            ("codeSystem", GENDER_SYSTEM),
        ];
        self.empty("administrativeGenderCode", &gender);
        self.empty("birthTime", &[("value", traits.birth_date.as_str())]);
        self.open("birthplace");
        self.open("place");
        self.open("addr");
        self.text("county", traits.birth_place.as_str());
        self.close(6);
    }

    /// Identity, specialty, name and structure of a professional, inside an open element.
    fn professional(&mut self, person: &Professional, practice_setting: Option<&Code>) {
        let id = [
            ("extension", person.national_id.as_str()),
            ("root", PERSON_SYSTEM),
        ];
        self.empty("id", &id);
        if let Some(specialty) = &person.specialty {
            self.code("code", specialty);
        }
        self.empty("addr", &[("nullFlavor", "NASK")]);
        self.empty("telecom", &[("nullFlavor", "NASK")]);
        self.open("assignedPerson");
        self.open("name");
        self.text("family", person.family_name.as_str());
        if let Some(given_name) = &person.given_name {
            self.text("given", given_name.as_str());
        }
        self.close(2);
        self.open("representedOrganization");
        self.structure(&person.structure);
        if let Some(practice_setting) = practice_setting {
            self.code("standardIndustryClassCode", practice_setting);
        }
        self.close(1);
    }

    fn structure(&mut self, structure: &Structure) {
        let id = structure.id.to_string();
        self.empty("id", &[("extension", &id), ("root", StructureId::OID)]);
        self.text("name", structure.name.as_str());
    }

    fn context(&mut self, header: &CdaHeader) {
        let event = &header.service_event;
        self.open("documentationOf");
        self.open("serviceEvent");
        self.open("effectiveTime");
        self.empty("low", &[("value", &event.start.to_hl7())]);
        self.close(1);
        self.0.start(HL7, "performer", &[("typeCode", "PRF")]);
        self.open("assignedEntity");
        self.professional(&event.performer, Some(&event.practice_setting));
        self.close(4);
        self.open("componentOf");
        self.open("encompassingEncounter");
        self.open("effectiveTime");
        self.empty("low", &[("value", &header.encounter.start.to_hl7())]);
        self.close(1);
        self.open("location");
        self.open("healthCareFacility");
        self.code("code", &header.encounter.sector);
        self.close(4);
    }
}
