//! Reading what an assertion says, strictly: every element, attribute and character of it is one that this reader knows, in the
//! place where the profile puts it. Order of attributes, prefixes, labels and white space between elements are free, as the samples
//! and kits of the field differ in them. Refused: an attribute that is not known, missing, or stands twice; a value outside its set.

use std::collections::HashMap;

use paraphe_certs::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::VihfError;
use super::names::{self, HL7, SAML, XSI};
use super::{
    AuthenticationContext, ClientSoftware, PracticePlace, PurposeOfUse, Role, Sector, VERSION,
    VihfContent, VihfId, VihfMode, text,
};
use crate::identifiers::Ins;
use crate::xades::names::DS;
use crate::xml::{Canonicalization, Selection, ShapeProblem, XmlElement, gate};

/// Most bytes of an assertion.
pub const MAX_VIHF_BYTES: usize = 64 * 1024;

pub(super) const LIMITS: gate::Limits = gate::Limits {
    bytes: MAX_VIHF_BYTES,
    elements: 200,
    attributes: 16,
    depth: 12,
};

/// Every attribute, each at most once.
const ATTRIBUTES: [&str; 14] = [
    names::STRUCTURE,
    names::SECTOR,
    names::SUBJECT_ID,
    names::ROLE,
    names::VIHF_VERSION,
    names::MODE,
    names::MODE_OF_THE_GUIDE,
    names::RESOURCE_ID,
    names::RESOURCE_URN,
    names::PURPOSE,
    names::SOFTWARE_ID,
    names::SOFTWARE_NAME,
    names::SOFTWARE_VERSION,
    names::SOFTWARE_APPROVAL,
];

/// What an assertion claims, signed or not. **Nothing of it is verified**: for diagnosis, never for a decision.
///
/// # Errors
/// [`VihfError`], of form and values only.
pub fn read_unverified(xml: &[u8]) -> Result<VihfContent, VihfError> {
    let document = gate::parse(xml, &LIMITS)?;
    let root = XmlElement::root(&document).ok_or(VihfError::Reference)?;
    let children = root.spaced_elements()?;
    let signature = children
        .get(1)
        .filter(|child| child.is(DS.uri, "Signature"));
    let selection = Selection {
        element: Some(root.id()),
        without: signature.map(XmlElement::id),
        comments: false,
    };
    read_canonical(&Canonicalization::EXCLUSIVE.canonical(&document, selection)?)
}

/// Reads the canonical assertion, without its signature.
pub(super) fn read_canonical(canonical: &[u8]) -> Result<VihfContent, VihfError> {
    let document = gate::parse(canonical, &LIMITS)?;
    let root = XmlElement::root(&document).ok_or(VihfError::Reference)?;
    let root = root.expect(SAML.uri, "Assertion", &["ID", "IssueInstant", "Version"])?;
    if root.attribute("Version")? != "2.0" {
        return Err(root.error(ShapeProblem::Value).into());
    }
    let children = root.spaced_elements()?;
    let (issuer, subject, conditions, authentication, statement) = match children.as_slice() {
        [issuer, subject, authentication, statement] => {
            (issuer, subject, None, authentication, statement)
        }
        [issuer, subject, conditions, authentication, statement] => (
            issuer,
            subject,
            Some(*conditions),
            authentication,
            statement,
        ),
        _ => return Err(root.error(ShapeProblem::Children).into()),
    };
    let issuer = issuer.expect(SAML.uri, "Issuer", &["Format"])?;
    if issuer.attribute("Format")? != names::ISSUER_FORMAT {
        return Err(issuer.error(ShapeProblem::Value).into());
    }
    let name_id = only_child(subject.expect(SAML.uri, "Subject", &[])?)?;
    let name_id = name_id.expect(SAML.uri, "NameID", &[])?;
    let conditions = conditions.map_or(Ok(Conditions::default()), read_conditions)?;
    let authentication = read_authentication(*authentication)?;
    let attributes = Attributes::read(*statement)?;
    if attributes.required(names::VIHF_VERSION)? != VERSION {
        return Err(VihfError::Version);
    }
    let id = VihfId::new(root.attribute("ID")?).map_err(|_| value("ID"))?;
    Ok(VihfContent {
        id,
        issued_at: instant(root.attribute("IssueInstant")?).ok_or(value("IssueInstant"))?,
        issuer: issuer.text()?.to_owned(),
        name_id: acceptable(name_id.text()?, "NameID")?,
        not_before: conditions.not_before,
        not_on_or_after: conditions.not_on_or_after,
        audience: conditions.audience,
        authenticated_at: authentication.at,
        context: authentication.context,
        context_declaration: authentication.declaration,
        mode: attributes.mode()?,
        place: attributes.place()?,
        names: attributes.optional(names::SUBJECT_ID)?,
        roles: attributes.roles()?,
        patient: attributes.patient()?,
        resource: attributes
            .required(names::RESOURCE_URN)?
            .parse()
            .map_err(|_| value(names::RESOURCE_URN))?,
        purpose: attributes.purpose()?,
        software: attributes.software()?,
    })
}

#[derive(Default)]
struct Conditions {
    not_before: Option<UnixTime>,
    not_on_or_after: Option<UnixTime>,
    audience: Option<String>,
}

fn read_conditions(conditions: XmlElement<'_, '_>) -> Result<Conditions, VihfError> {
    let window = [("", "NotBefore"), ("", "NotOnOrAfter")];
    let conditions = conditions.expect_allowing(SAML.uri, "Conditions", &[], &window)?;
    let bound = |name| match conditions.optional_attribute(name) {
        Some(text) => instant(text).map(Some).ok_or(value(name)),
        None => Ok(None),
    };
    let audience = match conditions.spaced_elements()?.as_slice() {
        [] => None,
        [restriction] => {
            let restriction = restriction.expect(SAML.uri, "AudienceRestriction", &[])?;
            let audience = only_child(restriction)?.expect(SAML.uri, "Audience", &[])?;
            Some(acceptable(audience.text()?, "Audience")?)
        }
        _ => return Err(conditions.error(ShapeProblem::Children).into()),
    };
    Ok(Conditions {
        not_before: bound("NotBefore")?,
        not_on_or_after: bound("NotOnOrAfter")?,
        audience,
    })
}

struct Authentication {
    at: UnixTime,
    context: AuthenticationContext,
    declaration: Option<String>,
}

fn read_authentication(statement: XmlElement<'_, '_>) -> Result<Authentication, VihfError> {
    let statement = statement.expect(SAML.uri, "AuthnStatement", &["AuthnInstant"])?;
    let context = only_child(statement)?.expect(SAML.uri, "AuthnContext", &[])?;
    let children = context.spaced_elements()?;
    let (class, declaration) = match children.as_slice() {
        [class] => (class, None),
        [class, declaration] => (class, Some(declaration)),
        _ => return Err(context.error(ShapeProblem::Children).into()),
    };
    let class = class.expect(SAML.uri, "AuthnContextClassRef", &[])?;
    let declaration = match declaration {
        Some(element) => {
            let element = element.expect(SAML.uri, "AuthnContextDecl", &[])?;
            Some(acceptable(element.text()?, "AuthnContextDecl")?)
        }
        None => None,
    };
    Ok(Authentication {
        at: instant(statement.attribute("AuthnInstant")?).ok_or(value("AuthnInstant"))?,
        context: AuthenticationContext::from_uri(class.text()?)
            .ok_or(value("AuthnContextClassRef"))?,
        declaration,
    })
}

/// The values of each attribute, by its name in [`ATTRIBUTES`].
struct Attributes<'d, 'a>(HashMap<&'static str, Vec<XmlElement<'d, 'a>>>);

impl<'d, 'a> Attributes<'d, 'a> {
    fn read(statement: XmlElement<'d, 'a>) -> Result<Self, VihfError> {
        let statement = statement.expect(SAML.uri, "AttributeStatement", &[])?;
        let mut found = HashMap::new();
        for attribute in statement.spaced_elements()? {
            let format = [("", "NameFormat")];
            let attribute = attribute.expect_allowing(SAML.uri, "Attribute", &["Name"], &format)?;
            let name = attribute.attribute("Name")?;
            let Some(known) = ATTRIBUTES.into_iter().find(|known| *known == name) else {
                let name = name.chars().take(128).collect();
                return Err(VihfError::AttributeUnknown { name });
            };
            let values = attribute.spaced_elements()?;
            if values.is_empty() || values.len() > 2 {
                return Err(attribute.error(ShapeProblem::Children).into());
            }
            // Two spellings of one attribute.
            let name = if known == names::MODE_OF_THE_GUIDE {
                names::MODE
            } else {
                known
            };
            if found.insert(name, values).is_some() {
                return Err(VihfError::AttributeRepeated { name });
            }
        }
        Ok(Self(found))
    }

    fn values(&self, name: &'static str) -> Result<&[XmlElement<'d, 'a>], VihfError> {
        let values = self.0.get(name).map(Vec::as_slice);
        values.ok_or(VihfError::AttributeMissing { name })
    }

    fn optional(&self, name: &'static str) -> Result<Option<String>, VihfError> {
        match self.0.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([only]) => {
                let typed = [(XSI.uri, "type")];
                let only = only.expect_allowing(SAML.uri, "AttributeValue", &[], &typed)?;
                demand_type(only, "string", name)?;
                acceptable(only.text()?, name).map(Some)
            }
            Some(_) => Err(VihfError::AttributeRepeated { name }),
        }
    }

    fn required(&self, name: &'static str) -> Result<String, VihfError> {
        self.optional(name)?
            .ok_or(VihfError::AttributeMissing { name })
    }

    fn mode(&self) -> Result<VihfMode, VihfError> {
        VihfMode::from_name(&self.required(names::MODE)?).ok_or(value(names::MODE))
    }

    fn place(&self) -> Result<PracticePlace, VihfError> {
        let structure = self.required(names::STRUCTURE)?;
        let sector = self.required(names::SECTOR)?;
        Ok(PracticePlace::of_parts(
            structure.parse().map_err(|_| value(names::STRUCTURE))?,
            Sector::from_attribute(&sector).ok_or(value(names::SECTOR))?,
        ))
    }

    fn roles(&self) -> Result<Vec<Role>, VihfError> {
        let values = self.values(names::ROLE)?;
        values
            .iter()
            .map(|value| coded(*value, "Role", names::ROLE))
            .collect()
    }

    fn patient(&self) -> Result<Option<Ins>, VihfError> {
        let Some(text) = self.optional(names::RESOURCE_ID)? else {
            return Ok(None);
        };
        let patient = Ins::from_cx(&text).map_err(|_| value(names::RESOURCE_ID))?;
        Ok(Some(patient))
    }

    fn purpose(&self) -> Result<PurposeOfUse, VihfError> {
        let [only] = self.values(names::PURPOSE)? else {
            return Err(VihfError::AttributeRepeated {
                name: names::PURPOSE,
            });
        };
        let purpose = coded(*only, "PurposeOfUse", names::PURPOSE)?;
        let systems = [names::PURPOSE_SYSTEM, names::PURPOSE_SYSTEM_OF_2025];
        PurposeOfUse::from_code(&purpose.code)
            .filter(|_| systems.contains(&purpose.code_system.as_str()))
            .ok_or(value(names::PURPOSE))
    }

    fn software(&self) -> Result<ClientSoftware, VihfError> {
        let refused = |_| value(names::SOFTWARE_NAME);
        let name = self.required(names::SOFTWARE_NAME)?;
        let version = self.required(names::SOFTWARE_VERSION)?;
        let mut software = ClientSoftware::new(&name, &version).map_err(refused)?;
        if let Some(id) = self.optional(names::SOFTWARE_ID)? {
            software = software.with_id(&id).map_err(refused)?;
        }
        if let Some(number) = self.optional(names::SOFTWARE_APPROVAL)? {
            software = software.with_approval(&number).map_err(refused)?;
        }
        Ok(software)
    }
}

/// An HL7 coded value.
fn coded(
    attribute_value: XmlElement<'_, '_>,
    element: &str,
    name: &'static str,
) -> Result<Role, VihfError> {
    let element_value = attribute_value.expect(SAML.uri, "AttributeValue", &[])?;
    let allowed = [
        ("", "codeSystemName"),
        ("", "displayName"),
        (XSI.uri, "type"),
    ];
    let coded = only_child(element_value)?.expect_allowing(
        HL7.uri,
        element,
        &["code", "codeSystem"],
        &allowed,
    )?;
    demand_type(coded, "CE", name)?;
    if !coded.text()?.trim_ascii().is_empty() {
        return Err(coded.error(ShapeProblem::NotOnlyElements).into());
    }
    let label = |attribute| match coded.optional_attribute(attribute) {
        Some(text) => acceptable(text, name).map(Some),
        None => Ok(None),
    };
    Ok(Role {
        code: acceptable(coded.attribute("code")?, name)?,
        code_system: acceptable(coded.attribute("codeSystem")?, name)?,
        code_system_name: label("codeSystemName")?,
        display_name: label("displayName")?,
    })
}

/// A type that is told is the expected one, whatever its prefix.
fn demand_type(
    element: XmlElement<'_, '_>,
    expected: &str,
    name: &'static str,
) -> Result<(), VihfError> {
    let told = element.attribute_of(XSI.uri, "type");
    let is_expected = told.is_none_or(|told| {
        let local = told.rsplit_once(':').map_or(told, |(_, local)| local);
        local == expected
    });
    if is_expected {
        Ok(())
    } else {
        Err(value(name))
    }
}

fn only_child<'d, 'a>(element: XmlElement<'d, 'a>) -> Result<XmlElement<'d, 'a>, VihfError> {
    match element.spaced_elements()?.as_slice() {
        [only] => Ok(*only),
        _ => Err(element.error(ShapeProblem::Children).into()),
    }
}

fn acceptable(text: &str, name: &'static str) -> Result<String, VihfError> {
    if text::is_acceptable(text) {
        Ok(text.to_owned())
    } else {
        Err(value(name))
    }
}

fn value(name: &'static str) -> VihfError {
    VihfError::AttributeValue { name }
}

/// A time in UTC; what is below a second is left out.
fn instant(text: &str) -> Option<UnixTime> {
    let is_utc = text.len() <= 40 && text.ends_with('Z');
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
    moment
        .filter(|_| is_utc)
        .map(|moment| UnixTime(moment.unix_timestamp()))
}
