//! TBSCertificate (RFC 5280, 4.1) from a template, and its signature.

use crate::certificate::{Certificate, Extension};
use crate::unix_time::UnixTime;

use super::authority::Authority;
use super::error::TestPkiError;
use super::extension_writer;
use super::key::{Key, SubjectKey};
use super::name;
use super::template::{CertificateTemplate, SignatureDigest, Validity};
use crate::der;

/// The certificate of an authority; a root signs its own.
pub(super) fn authority_certificate(
    authority: Authority,
    key: &Key,
    issuer_key: &Key,
    validity: Validity,
) -> Result<Certificate, TestPkiError> {
    let subject = raw_name(authority)?;
    let issuer = raw_name(authority.issuer())?;
    let extensions = extension_writer::of_authority(
        authority,
        &key.public.identifier,
        &issuer_key.public.identifier,
    )?;
    let fields = Fields {
        issuer: &issuer,
        subject: &subject,
        spki: &key.public.spki,
        validity,
        extensions: &extensions,
    };
    sign(&fields, issuer_key, SignatureDigest::Sha256)
}

/// The certificate of a holder.
pub(super) fn holder_certificate(
    template: &CertificateTemplate,
    key: &SubjectKey,
    issuer: Authority,
    issuer_key: &Key,
) -> Result<Certificate, TestPkiError> {
    let encode_rdn = if template.unsorted_rdns {
        name::encode_rdn_as_given
    } else {
        name::encode_rdn
    };
    let rdns: Option<Vec<Vec<u8>>> = template.subject.iter().map(encode_rdn).collect();
    let rdns = rdns.ok_or_else(|| TestPkiError::InvalidOid {
        oid: format!("{:?}", template.subject),
    })?;
    let issuer_name = match &template.forged_issuer {
        Some(forged) => forged.clone(),
        None => raw_name(issuer)?,
    };
    let extensions = extension_writer::of_template(
        template,
        issuer,
        &key.identifier,
        &issuer_key.public.identifier,
    )?;
    let fields = Fields {
        issuer: &issuer_name,
        subject: &der::sequence(&rdns),
        spki: &key.spki,
        validity: template.validity,
        extensions: &extensions,
    };
    sign(&fields, issuer_key, template.digest)
}

pub(super) fn raw_name(authority: Authority) -> Result<Vec<u8>, TestPkiError> {
    authority
        .raw_subject()
        .ok_or_else(|| TestPkiError::InvalidOid {
            oid: authority.common_name(),
        })
}

/// RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on.
pub(super) fn encode_time(time: UnixTime) -> Result<Vec<u8>, TestPkiError> {
    let text = extension_writer::generalized_time_text(time)?;
    Ok(match text.split_at_checked(2) {
        Some(("19", short)) if short.starts_with(['5', '6', '7', '8', '9']) => {
            der::value(der::UTC_TIME, short.as_bytes())
        }
        Some(("20", short)) if short.starts_with(['0', '1', '2', '3', '4']) => {
            der::value(der::UTC_TIME, short.as_bytes())
        }
        _ => der::value(der::GENERALIZED_TIME, text.as_bytes()),
    })
}

struct Fields<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
    validity: Validity,
    extensions: &'a [Extension],
}

fn sign(
    fields: &Fields<'_>,
    issuer_key: &Key,
    digest: SignatureDigest,
) -> Result<Certificate, TestPkiError> {
    let validity = der::sequence(&[
        encode_time(fields.validity.not_before)?,
        encode_time(fields.validity.not_after)?,
    ]);
    let to_be_signed = der::sequence(&[
        &der::context(0, &der::unsigned_integer(&[2])),
        &der::unsigned_integer(&random_serial()?),
        &issuer_key.algorithm(digest)?,
        fields.issuer,
        &validity,
        fields.subject,
        fields.spki,
        &der::context(3, &extension_writer::encode(fields.extensions)?),
    ]);
    Ok(Certificate::from_der(
        &issuer_key.signed(digest, &to_be_signed)?,
    )?)
}

/// 16 random bytes, positive, of constant length.
fn random_serial() -> Result<[u8; 16], TestPkiError> {
    let mut serial = [0; 16];
    openssl::rand::rand_bytes(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(serial)
}
