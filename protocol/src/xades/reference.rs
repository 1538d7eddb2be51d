//! References as SignedInfo declares them (xmldsig-core1 section 4.4.3), read out of its canonical bytes, and the few
//! transforms that are known and safe. Refused: XPath, XSLT, XPointer, repeated or reordered transforms, SHA-1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::failure::{format, refused, weak_or_unknown};
use super::names::{BASE64, DS, ENVELOPED_SIGNATURE};
use crate::signature::{DigestAlgorithm, ReadError, SubIndication};
use crate::xml::{Canonicalization, XmlElement};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// What is done to the referenced thing before it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transforms {
    /// The signature itself is left out.
    pub(super) enveloped: bool,
    pub(super) last: Last,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// Octets as they are; nodes in the canonical form that XML signatures default to.
    None,
    Canonical(Canonicalization),
    Base64,
}

/// A reference.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) uri: String,
    pub(super) kind: Option<String>,
    pub(super) transforms: Transforms,
    pub(super) algorithm: DigestAlgorithm,
    pub(super) digest: Vec<u8>,
}

pub(super) fn declared(reference: XmlElement<'_, '_>) -> Result<Declared, ReadError> {
    let reference = reference.named(DS.uri, "Reference").map_err(format)?;
    let mut children = reference.spaced_elements().map_err(format)?;
    let transforms = match children.first() {
        Some(first) if first.is(DS.uri, "Transforms") => transforms(children.remove(0))?,
        _ => Transforms {
            enveloped: false,
            last: Last::None,
        },
    };
    let [method, value] = children
        .try_into()
        .map_err(|_| format(reference.error(crate::xml::ShapeProblem::Children)))?;
    let (algorithm, digest) = digest(method, value)?;
    let uri = reference.optional_attribute("URI").ok_or_else(|| {
        refused(
            SubIndication::FormatFailure,
            "reference-without-uri",
            "a reference does not say what it is of",
        )
    })?;
    Ok(Declared {
        uri: uri.to_owned(),
        kind: reference.optional_attribute("Type").map(str::to_owned),
        transforms,
        algorithm,
        digest,
    })
}

/// DigestMethod and DigestValue.
pub(super) fn digest(
    method: XmlElement<'_, '_>,
    value: XmlElement<'_, '_>,
) -> Result<(DigestAlgorithm, Vec<u8>), ReadError> {
    let method = method.named(DS.uri, "DigestMethod").map_err(format)?;
    let uri = method.attribute("Algorithm").map_err(format)?;
    let algorithm = DigestAlgorithm::from_xml_uri(uri).ok_or_else(|| weak_or_unknown(uri))?;
    let value = value.named(DS.uri, "DigestValue").map_err(format)?;
    let digest = base64(value, 64)?;
    if digest.len() == algorithm.length() {
        Ok((algorithm, digest))
    } else {
        Err(format(value.error(crate::xml::ShapeProblem::Value)))
    }
}

/// Base64 text of an element, at most `most` bytes; white space in it is the writer's line breaks.
pub(super) fn base64(element: XmlElement<'_, '_>, most: usize) -> Result<Vec<u8>, ReadError> {
    let text = element.text().map_err(format)?;
    let compact: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(compact).ok();
    decoded
        .filter(|bytes| bytes.len() <= most)
        .ok_or_else(|| format(element.error(crate::xml::ShapeProblem::Value)))
}

/// Algorithm and parameters of CanonicalizationMethod, or of a transform.
pub(super) fn canonicalization(element: XmlElement<'_, '_>) -> Result<Canonicalization, ReadError> {
    let uri = element.attribute("Algorithm").map_err(format)?;
    let method = Canonicalization::from_uri(uri).ok_or_else(|| weak_or_unknown(uri))?;
    let children = element.spaced_elements().map_err(format)?;
    match children.as_slice() {
        [] => Ok(method),
        [prefixes] => {
            let prefixes = prefixes
                .named(EXCLUSIVE, "InclusiveNamespaces")
                .and_then(|element| element.attribute("PrefixList"))
                .map_err(format)?;
            method
                .with_inclusive_prefixes(prefixes)
                .ok_or_else(|| format(element.error(crate::xml::ShapeProblem::Children)))
        }
        _ => Err(format(element.error(crate::xml::ShapeProblem::Children))),
    }
}

fn transforms(element: XmlElement<'_, '_>) -> Result<Transforms, ReadError> {
    let mut enveloped = false;
    let mut last = Last::None;
    for (position, transform) in element
        .spaced_elements()
        .map_err(format)?
        .into_iter()
        .enumerate()
    {
        let transform = transform.named(DS.uri, "Transform").map_err(format)?;
        let uri = transform.attribute("Algorithm").map_err(format)?;
        if last != Last::None {
            return Err(unknown_order(uri));
        }
        match uri {
            ENVELOPED_SIGNATURE if position == 0 => {
                no_children(transform)?;
                enveloped = true;
            }
            BASE64 if position == 0 => {
                no_children(transform)?;
                last = Last::Base64;
            }
            ENVELOPED_SIGNATURE | BASE64 => return Err(unknown_order(uri)),
            _ => last = Last::Canonical(canonicalization(transform)?),
        }
    }
    Ok(Transforms { enveloped, last })
}

fn no_children(transform: XmlElement<'_, '_>) -> Result<(), ReadError> {
    if transform.spaced_elements().map_err(format)?.is_empty() {
        Ok(())
    } else {
        Err(format(transform.error(crate::xml::ShapeProblem::Children)))
    }
}

fn unknown_order(uri: &str) -> ReadError {
    let uri: String = uri.chars().take(128).collect();
    refused(
        SubIndication::FormatFailure,
        "transforms",
        format!("the transform {uri} does not stand where it may"),
    )
}
