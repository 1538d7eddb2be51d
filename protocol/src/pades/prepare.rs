//! Laying a PAdES-B signature out (EN 319 142-1 clause 6): the update with the field is written whole, its gap excepted, hashed
//! behind the original file, and the CMS signature is over that. The time stands in the dictionary (`/M`), not in the CMS.

use std::fmt;

use lopdf::{Object, text_string};
use openssl::hash::Hasher;
use time::OffsetDateTime;
use time::macros::format_description;

use super::document::open;
use super::field::{Look, Place};
use super::file::PadesFile;
use super::increment::Increments;
use super::mark::VisibleMark;
use super::policy;
use super::security_store::SecurityStore;
use super::signature_object::{Reserved, reserve};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::cms::{Attribute, SignedData, SignerInfo, oid, signing_certificate_attribute};
use crate::signature::{Level, PreparedSignature, SignatureFile, Signer, SigningError};

/// Room for a signature time stamp with its certificates, bytes.
pub(super) const TIME_STAMP_BYTES: usize = 12 * 1024;
/// What ASN.1 around a time stamp takes at most, and a longer length here and there.
const SLACK_BYTES: usize = 128;
/// Longest reason or location, characters.
const MAXIMUM_TEXT_CHARACTERS: usize = 256;

/// What a signature says and shows besides its signer.
#[derive(Clone, Debug, Default)]
pub struct PadesOptions<'a> {
    /// Why it is signed, in words.
    pub reason: Option<&'a str>,
    /// Where.
    pub location: Option<&'a str>,
    /// A mark on a page; without one the signature is invisible.
    pub mark: Option<&'a VisibleMark>,
    /// The level that it will be raised to: from T on, room is left for a time stamp. B where nothing is said.
    pub level: Option<Level>,
}

/// A file with its update, laid out.
pub(super) struct LaidOut {
    pub(super) increments: Increments,
    pub(super) reserved: Reserved,
    pub(super) place: Place,
    pub(super) store: SecurityStore,
    /// Has taken the original file.
    pub(super) original: Hasher,
}

/// A PAdES signature that waits for its value.
struct PreparedPades {
    algorithm: SignatureAlgorithm,
    spki: Vec<u8>,
    signed_data: SignedData<'static>,
    to_be_signed: Vec<u8>,
    laid_out: LaidOut,
}

/// Whether a PDF is one that is signed, with a visible mark or without, before anything else is known.
///
/// # Errors
/// As [`prepare`].
pub fn check(pdf: &[u8], is_visible: bool) -> Result<(), SigningError> {
    Ok(policy::check(&open(pdf)?, is_visible)?)
}

/// Lays a signature of a PDF out. The result of the steps is [`Output::Appended`](crate::signature::Output::Appended).
///
/// # Errors
/// [`SigningError::Document`] where the PDF is not one that is signed: encrypted, active, damaged, certified against changes.
pub fn prepare(
    pdf: &[u8],
    signer: &Signer<'_>,
    options: &PadesOptions<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    signer.check()?;
    let beginning = beginning(signer, options)?;
    if let Some(mark) = options.mark {
        mark.check()?;
    }
    let document = open(pdf)?;
    policy::check(&document, options.mark.is_some())?;
    let mut increments = Increments::new(pdf, &document)?;
    let page = options.mark.map_or(0, |mark| mark.page);
    let mut place = Place::on_page(&document, &mut increments, page)?;
    let store = SecurityStore::of(&document, &mut increments)?;
    drop(document);

    let id = increments.new_id();
    let look = match options.mark {
        None => None,
        Some(mark) => {
            let appearance = increments.new_id();
            increments.put_once(appearance, &mark.appearance())?;
            Some(Look {
                rectangle: mark.rectangle(),
                appearance,
            })
        }
    };
    place.add(&mut increments, id, look)?;
    let capacity = capacity(signer, options)?;
    let reserved = reserve(&mut increments, id, &beginning, capacity)?;

    let mut original = signer.algorithm.digest().hasher()?;
    let unavailable = |_| SignatureError::Unavailable;
    original.update(pdf).map_err(unavailable)?;
    let digest = digest_around(&original, &increments, &reserved)?;
    let signed_data = signed_data(signer, &digest)?;
    let to_be_signed = signed_data.signer()?.to_be_signed().to_vec();
    Ok(Box::new(PreparedPades {
        algorithm: signer.algorithm,
        spki: signer.certificate.spki_der().to_vec(),
        signed_data,
        to_be_signed,
        laid_out: LaidOut {
            increments,
            reserved,
            place,
            store,
            original,
        },
    }))
}

/// The dictionary's entries before the byte range.
fn beginning(
    signer: &Signer<'_>,
    options: &PadesOptions<'_>,
) -> Result<Vec<(&'static str, Object)>, SigningError> {
    let time = OffsetDateTime::from_unix_timestamp(signer.signing_time.0)
        .ok()
        .filter(|time| (1970..=9999).contains(&time.year()))
        .and_then(|time| {
            let form = format_description!("D:[year][month][day][hour][minute][second]+00'00'");
            time.format(form).ok()
        })
        .ok_or(SigningError::SigningTime)?;
    let mut entries = vec![
        ("Type", Object::from("Sig")),
        ("Filter", Object::from("Adobe.PPKLite")),
        ("SubFilter", Object::from("ETSI.CAdES.detached")),
        ("M", Object::string_literal(time)),
    ];
    for (key, text) in [("Reason", options.reason), ("Location", options.location)] {
        let Some(text) = text else { continue };
        if text.chars().count() > MAXIMUM_TEXT_CHARACTERS {
            return Err(SigningError::NoRoom {
                what: "so long a reason or location",
            });
        }
        entries.push((key, text_string(text)));
    }
    Ok(entries)
}

fn signed_data(signer: &Signer<'_>, digest: &[u8]) -> Result<SignedData<'static>, SigningError> {
    let attributes = [
        Attribute::content_type(oid::DATA),
        Attribute::message_digest(digest),
        signing_certificate_attribute(signer.certificate),
    ];
    let signer_info = SignerInfo::to_sign(signer.certificate, signer.algorithm, &attributes);
    let mut signed_data = SignedData::of_one_signer(None, signer_info);
    for certificate in signer.certificates() {
        signed_data.add_certificate(certificate.der());
    }
    Ok(signed_data)
}

/// Bytes that the CMS signature takes at most.
fn capacity(signer: &Signer<'_>, options: &PadesOptions<'_>) -> Result<usize, SigningError> {
    let digest = vec![0; signer.algorithm.digest().length()];
    let mut longest = signed_data(signer, &digest)?;
    // No key of the table makes a longer value than RSA of 4096 bits.
    longest.signer_mut()?.signature = vec![0; 512].into();
    let time_stamp = match options.level {
        None | Some(Level::B) => 0,
        Some(Level::T | Level::LT | Level::LTA) => TIME_STAMP_BYTES,
    };
    Ok(longest.encode().len() + time_stamp + SLACK_BYTES)
}

/// Digest of the original file, which the hasher has taken, and of what was appended, without the gap.
pub(super) fn digest_around(
    original: &Hasher,
    increments: &Increments,
    reserved: &Reserved,
) -> Result<Vec<u8>, SignatureError> {
    let unavailable = |_| SignatureError::Unavailable;
    let mut hasher = original.clone();
    for part in reserved.around(increments.appended()) {
        hasher.update(part).map_err(unavailable)?;
    }
    Ok(hasher.finish().map_err(unavailable)?.to_vec())
}

impl PreparedSignature for PreparedPades {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    fn complete(
        mut self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError> {
        self.algorithm
            .verify(&self.spki, &self.to_be_signed, signature_value)?;
        let value = self.algorithm.cms_value(signature_value)?;
        self.signed_data.signer_mut()?.signature = value.into();
        let digest = self.algorithm.digest();
        let file = PadesFile::new(self.signed_data, digest, self.laid_out)?;
        Ok(Box::new(file))
    }
}

impl fmt::Debug for PreparedPades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedPades({})", self.algorithm)
    }
}
