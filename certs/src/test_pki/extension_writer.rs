//! The extensions of authority, card and structure certificates, in the order of the field's own certificates.

use crate::certificate::Extension;
use crate::key_usage::KeyUsage;
use crate::unix_time::UnixTime;

use super::authority::Authority;
use super::error::TestPkiError;
use super::template::{CertificateTemplate, Validity};
use crate::der;

/// Policy of every certificate below the roots: a UUID-based OID (X.667) made for this simulator.
pub(super) const SIMULATOR_POLICY: &str = "2.25.74815306066104129411937096218701479585";
const ANY_POLICY: &str = "2.5.29.32.0";

/// The extensions of a root or of an issuing authority.
pub(super) fn of_authority(
    authority: Authority,
    own_key_id: &[u8],
    issuer_key_id: &[u8],
) -> Result<Vec<Extension>, TestPkiError> {
    let path_length: &[u8] = if authority.is_root() {
        &[]
    } else {
        &[0x02, 0x01, 0x00]
    };
    let constraints = der::sequence(&[&[der::BOOLEAN, 1, 0xff][..], path_length]);
    let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
    let mut extensions = vec![
        extension("2.5.29.19", true, constraints),
        subject_key_identifier(own_key_id),
        authority_key_identifier(issuer_key_id),
        extension("2.5.29.15", true, der::named_bits(usage.bits())),
        policies(ANY_POLICY)?,
    ];
    if !authority.is_root() {
        extensions.push(distribution_point(
            "2.5.29.31",
            &authority.issuer().crl_url(),
        ));
    }
    Ok(extensions)
}

/// The extensions of a holder's certificate, as its template asks.
pub(super) fn of_template(
    template: &CertificateTemplate,
    issuer: Authority,
    own_key_id: &[u8],
    issuer_key_id: &[u8],
) -> Result<Vec<Extension>, TestPkiError> {
    let constraints: &[u8] = if template.is_ca {
        &[der::BOOLEAN, 1, 0xff]
    } else {
        &[]
    };
    let mut extensions = vec![
        extension("2.5.29.19", template.is_ca, der::sequence(&[constraints])),
        subject_key_identifier(own_key_id),
        authority_key_identifier(issuer_key_id),
    ];
    if let Some(usage) = template.key_usage {
        extensions.push(extension("2.5.29.15", true, der::named_bits(usage.bits())));
    }
    if let Some(policy) = &template.policy {
        extensions.push(policies(policy)?);
    }
    if !template.extended_key_usage.is_empty() {
        let purposes: Vec<Vec<u8>> = template
            .extended_key_usage
            .iter()
            .map(|purpose| oid(purpose))
            .collect::<Result<_, _>>()?;
        extensions.push(extension("2.5.29.37", false, der::sequence(&purposes)));
    }
    if template.private_key_usage_period {
        extensions.push(private_key_usage_period(template.validity)?);
    }
    if template.publication_addresses {
        extensions.push(distribution_point("2.5.29.31", &issuer.crl_url()));
        extensions.push(distribution_point("2.5.29.46", &issuer.delta_crl_url()));
        extensions.push(authority_information_access(issuer)?);
    }
    extensions.extend(template.extensions.iter().cloned());
    Ok(extensions)
}

/// `[3]` of TBSCertificate, or the content of `[0]` of TBSCertList.
pub(super) fn encode(extensions: &[Extension]) -> Result<Vec<u8>, TestPkiError> {
    let encoded: Vec<Vec<u8>> = extensions
        .iter()
        .map(|extension| {
            let critical: &[u8] = if extension.critical {
                &[der::BOOLEAN, 1, 0xff]
            } else {
                &[]
            };
            let value = der::value(der::OCTET_STRING, &extension.value);
            Ok(der::sequence(&[
                oid(&extension.oid)?.as_slice(),
                critical,
                &value,
            ]))
        })
        .collect::<Result<_, TestPkiError>>()?;
    Ok(der::sequence(&encoded))
}

pub(super) fn extension(oid: &str, critical: bool, value: Vec<u8>) -> Extension {
    Extension {
        oid: oid.to_owned(),
        critical,
        value,
    }
}

pub(super) fn authority_key_identifier(key_id: &[u8]) -> Extension {
    let value = der::sequence(&[der::context_primitive(0, key_id)]);
    extension("2.5.29.35", false, value)
}

/// An OID in DER, or an error that shows it.
pub(super) fn oid(dotted: &str) -> Result<Vec<u8>, TestPkiError> {
    der::object_identifier(dotted).ok_or_else(|| TestPkiError::InvalidOid {
        oid: dotted.to_owned(),
    })
}

/// `YYYYMMDDHHMMSSZ`.
pub(super) fn generalized_time_text(time: UnixTime) -> Result<String, TestPkiError> {
    let moment = time::OffsetDateTime::from_unix_timestamp(time.0)
        .ok()
        .filter(|moment| (0..=9999).contains(&moment.year()))
        .ok_or(TestPkiError::InvalidTime { time })?;
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.to_hms();
    Ok(format!(
        "{year:04}{:02}{day:02}{hour:02}{minute:02}{second:02}Z",
        u8::from(month)
    ))
}

fn subject_key_identifier(key_id: &[u8]) -> Extension {
    extension("2.5.29.14", false, der::value(der::OCTET_STRING, key_id))
}

fn policies(policy: &str) -> Result<Extension, TestPkiError> {
    let address = der::value(der::IA5_STRING, Authority::policy_url().as_bytes());
    let qualifier = der::sequence(&[oid("1.3.6.1.5.5.7.2.1")?, address]);
    let information = der::sequence(&[oid(policy)?, der::sequence(&[qualifier])]);
    Ok(extension("2.5.29.32", false, der::sequence(&[information])))
}

/// RFC 3280, 4.2.1.4: `[0]` notBefore and `[1]` notAfter, GeneralizedTime.
fn private_key_usage_period(validity: Validity) -> Result<Extension, TestPkiError> {
    let from = generalized_time_text(validity.not_before)?;
    let to = generalized_time_text(validity.not_after)?;
    let value = der::sequence(&[
        der::context_primitive(0, from.as_bytes()),
        der::context_primitive(1, to.as_bytes()),
    ]);
    Ok(extension("2.5.29.16", false, value))
}

/// CRLDistributionPoints with one address; freshestCRL has the same form.
fn distribution_point(extension_oid: &str, address: &str) -> Extension {
    let uri = der::context_primitive(6, address.as_bytes());
    let point = der::sequence(&[der::context(0, &der::context(0, &uri))]);
    extension(extension_oid, false, der::sequence(&[point]))
}

fn authority_information_access(issuer: Authority) -> Result<Extension, TestPkiError> {
    let access = |method: &str, address: &str| -> Result<Vec<u8>, TestPkiError> {
        Ok(der::sequence(&[
            oid(method)?,
            der::context_primitive(6, address.as_bytes()),
        ]))
    };
    let value = der::sequence(&[
        access("1.3.6.1.5.5.7.48.1", &Authority::ocsp_url())?,
        access("1.3.6.1.5.5.7.48.2", &issuer.certificate_url())?,
    ]);
    Ok(extension("1.3.6.1.5.5.7.1.1", false, value))
}
