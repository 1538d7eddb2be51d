//! What the signed properties say (EN 319 132-1 clause 5.2): when, and with which certificate. Read out of the very bytes
//! that were hashed, so that nothing else in the file can answer in their place.

use paraphe_certs::{Certificate, UnixTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::failure::{format, gate as gate_refused, refused};
use super::names::{DS, XADES};
use super::reference;
use crate::signature::{DigestAlgorithm, ReadError, SubIndication};
use crate::xml::{ShapeError, ShapeProblem, XmlElement, gate};

/// Most certificates that KeyInfo may carry.
const MAXIMUM_CERTIFICATES: usize = 32;
/// Largest certificate, bytes of DER.
const MAXIMUM_CERTIFICATE_BYTES: usize = 64 * 1024;

pub(super) struct SignedValues {
    /// `None` where it is not stated, or without a time zone.
    pub(super) signing_time: Option<UnixTime>,
    algorithm: DigestAlgorithm,
    certificate_digest: Vec<u8>,
}

impl SignedValues {
    /// `octets` are the canonical SignedProperties.
    pub(super) fn read(octets: &[u8], limits: &gate::Limits) -> Result<Self, ReadError> {
        let document = gate::parse(octets, limits).map_err(gate_refused)?;
        let properties = root(&document, "SignedProperties")
            .and_then(|root| root.named(XADES.uri, "SignedProperties"))
            .map_err(format)?;
        let children = properties.spaced_elements().map_err(format)?;
        let of_signature = children
            .first()
            .ok_or_else(|| format(properties.error(ShapeProblem::Children)))?
            .named(XADES.uri, "SignedSignatureProperties")
            .map_err(format)?;
        let mut signing_time = None;
        let mut certificate = None;
        for property in of_signature.spaced_elements().map_err(format)? {
            if property.is(XADES.uri, "SigningTime") {
                let text = property.text().map_err(format)?.trim_ascii();
                let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
                once(
                    &mut signing_time,
                    property,
                    moment.map(|moment| UnixTime(moment.unix_timestamp())),
                )?;
            } else if property.is(XADES.uri, "SigningCertificateV2")
                || property.is(XADES.uri, "SigningCertificate")
            {
                once(&mut certificate, property, certificate_digest(property)?)?;
            }
        }
        let (algorithm, certificate_digest) = certificate.ok_or_else(|| {
            refused(
                SubIndication::SigConstraintsFailure,
                "no-signing-certificate",
                "the signature does not say with which certificate it was made",
            )
        })?;
        Ok(Self {
            signing_time: signing_time.flatten(),
            algorithm,
            certificate_digest,
        })
    }

    /// The certificate that the signer named.
    pub(super) fn signer<'c>(
        &self,
        mut certificates: impl Iterator<Item = &'c Certificate>,
    ) -> Result<Certificate, ReadError> {
        certificates
            .find(|certificate| {
                let digest = self.algorithm.digest(certificate.der());
                digest.is_ok_and(|digest| digest == self.certificate_digest)
            })
            .cloned()
            .ok_or_else(|| {
                refused(
                    SubIndication::SigConstraintsFailure,
                    "certificate-mismatch",
                    "the certificate that the signer named is not in the signature",
                )
            })
    }
}

/// The first certificate named is the signer's; others are of its path.
fn certificate_digest(
    property: XmlElement<'_, '_>,
) -> Result<(DigestAlgorithm, Vec<u8>), ReadError> {
    let certs = property.spaced_elements().map_err(format)?;
    let cert = certs
        .first()
        .ok_or_else(|| format(property.error(ShapeProblem::Children)))?
        .named(XADES.uri, "Cert")
        .map_err(format)?;
    let parts = cert.spaced_elements().map_err(format)?;
    let digest = parts
        .first()
        .ok_or_else(|| format(cert.error(ShapeProblem::Children)))?
        .named(XADES.uri, "CertDigest")
        .map_err(format)?;
    let [method, value] = pair(digest)?;
    reference::digest(method, value)
}

/// Certificates of KeyInfo; keys given bare or by name are not read.
pub(super) fn key_info_certificates(
    key_info: Option<XmlElement<'_, '_>>,
) -> Result<Vec<Certificate>, ReadError> {
    let mut certificates = Vec::new();
    let Some(key_info) = key_info else {
        return Ok(certificates);
    };
    for data in key_info.spaced_elements().map_err(format)? {
        if !data.is(DS.uri, "X509Data") {
            continue;
        }
        for element in data.spaced_elements().map_err(format)? {
            if !element.is(DS.uri, "X509Certificate") {
                continue;
            }
            if certificates.len() >= MAXIMUM_CERTIFICATES {
                return Err(format(data.error(ShapeProblem::Children)));
            }
            certificates.push(certificate(element)?);
        }
    }
    Ok(certificates)
}

pub(super) fn certificate(element: XmlElement<'_, '_>) -> Result<Certificate, ReadError> {
    let der = reference::base64(element, MAXIMUM_CERTIFICATE_BYTES)?;
    Certificate::from_der(&der).map_err(|error| {
        refused(
            SubIndication::FormatFailure,
            "certificate-unreadable",
            format!("a certificate of the signature cannot be read: {error}"),
        )
    })
}

pub(super) fn root<'d, 'a>(
    document: &'d uppsala::Document<'a>,
    name: &str,
) -> Result<XmlElement<'d, 'a>, ShapeError> {
    XmlElement::root(document).ok_or_else(|| ShapeError {
        element: name.to_owned(),
        problem: ShapeProblem::Name,
    })
}

pub(super) fn pair<'d, 'a>(
    element: XmlElement<'d, 'a>,
) -> Result<[XmlElement<'d, 'a>; 2], ReadError> {
    let children = element.spaced_elements().map_err(format)?;
    children
        .try_into()
        .map_err(|_| format(element.error(ShapeProblem::Children)))
}

fn once<T>(slot: &mut Option<T>, element: XmlElement<'_, '_>, value: T) -> Result<(), ReadError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format(element.error(ShapeProblem::Children))),
    }
}
