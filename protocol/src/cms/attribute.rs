//! Attributes of a signer (RFC 5652 sections 5.3 and 11): `SEQUENCE { type, SET OF value }`, kept as they stand.

use std::borrow::Cow;

use paraphe_certs::UnixTime;
use paraphe_certs::der::{self, DerError, Element, Reader};

use super::CmsError;
use super::object_identifiers as oid;
use super::time;

/// Most attributes of one kind, signed or unsigned, of one signer.
pub(super) const MAXIMUM_ATTRIBUTES: usize = 64;
/// Most values of one attribute.
const MAXIMUM_VALUES: usize = 32;

/// One attribute, DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute<'a>(Cow<'a, [u8]>);

/// An attribute taken apart.
pub(crate) struct AttributeParts<'a> {
    /// Type, dotted.
    pub(crate) oid: String,
    /// DER of the type, as it stands.
    pub(crate) type_der: &'a [u8],
    /// DER of each value.
    pub(crate) values: Vec<Element<'a>>,
}

impl Attribute<'static> {
    /// An attribute of one value, given as DER.
    pub(crate) fn of(oid: &'static str, value: &[u8]) -> Self {
        Self(Cow::Owned(der::sequence(&[
            oid::encoded(oid),
            der::constructed(der::SET, &[value]),
        ])))
    }

    pub(crate) fn content_type(content_type: &'static str) -> Self {
        Self::of(oid::CONTENT_TYPE, &oid::encoded(content_type))
    }

    pub(crate) fn message_digest(digest: &[u8]) -> Self {
        Self::of(oid::MESSAGE_DIGEST, &der::value(der::OCTET_STRING, digest))
    }

    /// `None` where the time has no year of four digits.
    pub(crate) fn signing_time(time: UnixTime) -> Option<Self> {
        Some(Self::of(oid::SIGNING_TIME, &time::encode(time)?))
    }
}

impl<'a> Attribute<'a> {
    /// The attributes inside `[0]` or `[1]`.
    pub(super) fn read_all(content: &'a [u8]) -> Result<Vec<Self>, CmsError> {
        let mut reader = Reader::new(content);
        let mut attributes = Vec::new();
        while !reader.is_empty() {
            if attributes.len() >= MAXIMUM_ATTRIBUTES {
                return Err(CmsError::TooMany {
                    what: "attributes",
                    most: MAXIMUM_ATTRIBUTES,
                });
            }
            let whole = reader.expect(der::SEQUENCE, "an attribute")?.whole;
            let attribute = Self(Cow::Borrowed(whole));
            attribute.parts()?;
            attributes.push(attribute);
        }
        Ok(attributes)
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn parts(&self) -> Result<AttributeParts<'_>, CmsError> {
        let what = "an attribute";
        let mut inside = Reader::of_sequence(&self.0, what)?;
        let attribute_type = inside.expect(der::OBJECT_IDENTIFIER, what)?;
        let mut set = inside.set(what)?;
        inside.end(what)?;
        let mut values = Vec::new();
        while !set.is_empty() {
            if values.len() >= MAXIMUM_VALUES {
                return Err(CmsError::TooMany {
                    what: "values of an attribute",
                    most: MAXIMUM_VALUES,
                });
            }
            values.push(set.any(what)?);
        }
        Ok(AttributeParts {
            oid: attribute_type.as_object_identifier(what)?,
            type_der: attribute_type.whole,
            values,
        })
    }
}

/// Every value of an attribute type, in order.
pub(crate) fn values_of<'a>(
    attributes: &'a [Attribute<'_>],
    oid: &str,
) -> Result<Vec<Element<'a>>, CmsError> {
    let mut values = Vec::new();
    for attribute in attributes {
        let parts = attribute.parts()?;
        if parts.oid == oid {
            values.extend(parts.values);
        }
    }
    Ok(values)
}

/// The one value of an attribute that may be there once (RFC 5652 section 11: one instance, one value).
pub(crate) fn single_value<'a>(
    attributes: &'a [Attribute<'_>],
    oid: &str,
    name: &'static str,
) -> Result<Option<Element<'a>>, CmsError> {
    let mut found = None;
    for attribute in attributes {
        let parts = attribute.parts()?;
        if parts.oid != oid {
            continue;
        }
        match parts.values.as_slice() {
            [value] if found.is_none() => found = Some(*value),
            _ => {
                return Err(CmsError::Attribute {
                    name,
                    problem: "there more than once, or without one value",
                });
            }
        }
    }
    Ok(found)
}

/// The same where it must be there.
pub(crate) fn required_value<'a>(
    attributes: &'a [Attribute<'_>],
    oid: &str,
    name: &'static str,
) -> Result<Element<'a>, CmsError> {
    single_value(attributes, oid, name)?.ok_or(CmsError::Attribute {
        name,
        problem: "missing",
    })
}

/// Content of a value that must be an OCTET STRING.
pub(super) fn octets<'a>(value: Element<'a>, what: &'static str) -> Result<&'a [u8], CmsError> {
    if value.identifier == der::OCTET_STRING {
        Ok(value.content)
    } else {
        Err(DerError { what }.into())
    }
}
