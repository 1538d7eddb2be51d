//! Reading a CAdES signature, ours or another's: everything that needs no trust.

use std::cell::RefCell;

use super::archive;
use super::file::imprint_of_signature;
use crate::cms::{CmsError, SignedData, oid};
use crate::signature::{
    CheckedSignature, Contents, Covered, DigestAlgorithm, Evidence, ImprintedTimeStamp, Level,
    Packaging, ReadError, SignatureFormat, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// Most time stamps of one kind.
const MAXIMUM_TIME_STAMPS: usize = 8;

/// Whether bytes begin as a CMS SignedData does, to tell formats apart. It says nothing about the rest.
#[must_use]
pub fn is_signature(bytes: &[u8]) -> bool {
    const SIGNED_DATA: &[u8] = &[
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02,
    ];
    let beginning = bytes.get(..24).unwrap_or(bytes);
    bytes.first() == Some(&0x30)
        && beginning
            .windows(SIGNED_DATA.len())
            .any(|window| window == SIGNED_DATA)
}

/// Reads a signature and checks its structure, the digest of what it signs, its value and what its time stamps are of.
/// `document` is the one beside it, at index 0; it is not looked at where the signature has its content inside.
///
/// # Errors
/// [`ReadError`]; `SIGNED_DATA_NOT_FOUND` where a document is needed and is not there or cannot be read.
pub fn read(
    bytes: &[u8],
    document: Option<&mut dyn Contents>,
) -> Result<CheckedSignature, ReadError> {
    Ok(examine(bytes, document)?)
}

fn examine(
    bytes: &[u8],
    document: Option<&mut dyn Contents>,
) -> Result<CheckedSignature, CmsError> {
    let signed_data = SignedData::read(bytes)?;
    let (packaging, covered) = match &signed_data.content {
        Some(content) => (Packaging::Enveloping, inside(content.len())),
        None => (Packaging::Detached, beside()),
    };
    let document = RefCell::new(document);
    let content_digest = |digest: DigestAlgorithm| match &signed_data.content {
        Some(content) => Ok(digest.digest(content)?),
        None => match document.borrow_mut().as_mut() {
            Some(document) => archive::digest_of_document(digest, *document).map_err(missing),
            None => Err(CmsError::ContentMissing {
                explanation: "the document that is signed was not presented".into(),
            }),
        },
    };
    let signer = signed_data.verify(&content_digest(signed_data.digest_algorithm()?)?)?;
    let signature_time_stamps = signature_time_stamps(&signed_data)?;
    let mut archive_time_stamps = Vec::new();
    for token in tokens(&signed_data, oid::ARCHIVE_TIME_STAMP_V3)? {
        archive_time_stamps.push(ImprintedTimeStamp {
            imprint_matches: archive::matches(&signed_data, &token, content_digest)?,
            token,
        });
    }
    let evidence = signed_data.evidence()?;
    Ok(CheckedSignature {
        format: SignatureFormat::Cades,
        packaging,
        level: level(&signature_time_stamps, &evidence, &archive_time_stamps),
        algorithm: signer.algorithm,
        signer: signer.certificate,
        claimed_signing_time: signer.signing_time,
        covered: vec![covered],
        signature_time_stamps,
        archive_time_stamps,
        evidence,
    })
}

fn inside(length: usize) -> Covered {
    Covered {
        name: "content of the signature".into(),
        bytes: u64::try_from(length).ok(),
        presented: None,
    }
}

fn beside() -> Covered {
    Covered {
        name: "document".into(),
        bytes: None,
        presented: Some(0),
    }
}

fn missing(error: SigningError) -> CmsError {
    match error {
        SigningError::Signature(error) => CmsError::Signature(error),
        error => CmsError::ContentMissing {
            explanation: error.to_string(),
        },
    }
}

/// The signature time stamps of the one signer, each compared with the signature value.
pub(crate) fn signature_time_stamps(
    signed_data: &SignedData<'_>,
) -> Result<Vec<ImprintedTimeStamp>, CmsError> {
    let mut time_stamps = Vec::new();
    for token in tokens(signed_data, oid::SIGNATURE_TIME_STAMP)? {
        let imprint = imprint_of_signature(signed_data, token.info().digest())?;
        time_stamps.push(ImprintedTimeStamp {
            imprint_matches: token.info().imprint() == imprint,
            token,
        });
    }
    Ok(time_stamps)
}

fn tokens(signed_data: &SignedData<'_>, oid: &str) -> Result<Vec<TimeStampToken>, CmsError> {
    let values = signed_data.unsigned_values(oid)?;
    if values.len() > MAXIMUM_TIME_STAMPS {
        return Err(CmsError::TooMany {
            what: "time stamps",
            most: MAXIMUM_TIME_STAMPS,
        });
    }
    values
        .into_iter()
        .map(|der| {
            TimeStampToken::from_der(der).map_err(|error| CmsError::TimeStamp {
                explanation: error.to_string(),
            })
        })
        .collect()
}

/// The level that the content reaches, each with what is below it.
fn level(
    signature_time_stamps: &[ImprintedTimeStamp],
    evidence: &Evidence,
    archive_time_stamps: &[ImprintedTimeStamp],
) -> Level {
    let has_revocation =
        !evidence.revocation_lists().is_empty() || !evidence.ocsp_responses().is_empty();
    if signature_time_stamps.is_empty() {
        Level::B
    } else if !has_revocation {
        Level::T
    } else if archive_time_stamps.is_empty() {
        Level::LT
    } else {
        Level::LTA
    }
}
