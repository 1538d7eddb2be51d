//! Namespaces, attribute names and fixed values of the VIHF, as the shared record's sample messages write them.

use crate::xml::Namespace;

pub(super) const SAML: Namespace = Namespace {
    prefix: "saml2",
    uri: "urn:oasis:names:tc:SAML:2.0:assertion",
};
pub(super) const HL7: Namespace = Namespace {
    prefix: "",
    uri: "urn:hl7-org:v3",
};
pub(super) const XSI: Namespace = Namespace {
    prefix: "xsi",
    uri: "http://www.w3.org/2001/XMLSchema-instance",
};
/// Of the type names in `xsi:type`; declared, and in no canonical form, since no element or attribute is in it.
pub(super) const XML_SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

pub(super) const ISSUER_FORMAT: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";

pub(super) const STRUCTURE: &str = "Identifiant_Structure";
pub(super) const SECTOR: &str = "Secteur_Activite";
pub(super) const SUBJECT_ID: &str = "urn:oasis:names:tc:xspa:1.0:subject:subject-id";
pub(super) const ROLE: &str = "urn:oasis:names:tc:xacml:2.0:subject:role";
pub(super) const VIHF_VERSION: &str = "VIHF_Version";
/// As every sample of version 3.0 writes it; the current guide writes `Authentification_Mode`, which is read as well.
pub(super) const MODE: &str = "Authentification_mode";
pub(super) const MODE_OF_THE_GUIDE: &str = "Authentification_Mode";
pub(super) const RESOURCE_ID: &str = "urn:oasis:names:tc:xacml:2.0:resource:resource-id";
pub(super) const RESOURCE_URN: &str = "Ressource_URN";
pub(super) const PURPOSE: &str = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse";
pub(super) const SOFTWARE_ID: &str = "LPS_ID";
pub(super) const SOFTWARE_NAME: &str = "LPS_Nom";
pub(super) const SOFTWARE_VERSION: &str = "LPS_Version";
pub(super) const SOFTWARE_APPROVAL: &str = "LPS_ID_HOMOLOGATION_DMP";

/// Table R02, sectors of activity.
pub(super) const SECTOR_SYSTEM: &str = "1.2.250.1.71.4.2.4";
/// Access mode: what the samples write, and what the terminology server gives since 2025.
pub(super) const PURPOSE_SYSTEM: &str = "1.2.250.1.213.1.1.4.248";
pub(super) const PURPOSE_SYSTEM_OF_2025: &str = "1.2.250.1.213.1.1.4.336";
pub(super) const PURPOSE_SYSTEM_NAME: &str = "mode acces VIHF 2.0";
