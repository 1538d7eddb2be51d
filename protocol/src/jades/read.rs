//! Reading a JAdES signature, ours or another's: everything that needs no trust. Protected header and payload are read out of the very
//! bytes that are signed; what is covered comes out as what was verified, and every document presented must be signed.

use std::collections::BTreeSet;

use super::base64_contents::{Base64Contents, decoded_length};
use super::detached::DetachedObjects;
use super::header::ProtectedHeader;
use super::names::{from_base64url, malformed};
use super::prepare::MAXIMUM_ATTACHED_BYTES;
use super::serialization::Serialized;
use super::unsigned::{Signed, UnsignedValues, too_many};
use crate::signature::{
    CheckedSignature, Contents, Covered, Digests, Level, Packaging, Presented, ReadError,
    SignatureFormat, SignedContent, SubIndication, document_name,
};

/// Largest file: the largest payload in base64url, and room for evidence in base64 twice over.
const MAXIMUM_FILE_BYTES: usize = MAXIMUM_ATTACHED_BYTES / 3 * 4 + 64 * 1024 * 1024;
/// Name of what stands in the file.
const PAYLOAD: &str = "content of the signature";

/// Whether bytes begin as a JSON web signature does, to tell formats apart. It says nothing about the rest.
#[must_use]
pub fn is_signature(bytes: &[u8]) -> bool {
    let is_of_compact =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let text = bytes.trim_ascii();
    // Three parts, of which the first is an object: its encoding begins so.
    let is_compact = text.starts_with(b"ey") && text.iter().all(is_of_compact);
    text.first() == Some(&b'{') || is_compact
}

/// Reads a signature and checks its structure, the digests of what it signs, its value and what its time stamps are of.
///
/// # Errors
/// [`ReadError`]; `SIGNED_DATA_NOT_FOUND` where a document is needed and is not there or cannot be read.
pub fn read(bytes: &[u8], presented: &mut Presented<'_>) -> Result<CheckedSignature, ReadError> {
    read_with_contents(bytes, presented).map(|(signature, _)| signature)
}

/// The same, with what stands in the file itself and is signed.
///
/// # Errors
/// [`ReadError`].
pub fn read_with_contents(
    bytes: &[u8],
    presented: &mut Presented<'_>,
) -> Result<(CheckedSignature, Vec<SignedContent>), ReadError> {
    if bytes.len() > MAXIMUM_FILE_BYTES {
        return Err(malformed("it is too long"));
    }
    let file = Serialized::read(bytes)?;
    let protected = from_base64url(&file.protected, "the protected header")?;
    let header = ProtectedHeader::read(&protected)?;
    let mut encoded;
    let contents: &mut dyn Contents = if header.detached.is_some() && !header.is_unencoded {
        encoded = Base64Contents(presented.contents);
        &mut encoded
    } else {
        presented.contents
    };
    let mut covering = Covering {
        names: presented.names,
        contents,
        covered: Vec::new(),
        documents: Vec::new(),
        payload: None,
    };
    match &header.detached {
        Some(objects) => covering.beside(&file, &header, objects)?,
        None => covering.inside(&file, &header)?,
    }
    let value = from_base64url(&file.signature, "the signature value")?;
    let signed = [file.protected.as_ref(), ".", file.payload.as_ref()].concat();
    let unsigned = UnsignedValues::read(
        &file.unsigned,
        Signed {
            protected: &file.protected,
            signature: &file.signature,
            payload: &file.payload,
            documents: &covering.documents,
            contents: covering.contents,
        },
    )?;
    let mut evidence = unsigned.evidence;
    let has_evidence = !evidence.is_empty();
    let certificates = header.certificates.iter();
    let signer = header
        .signer
        .find(certificates.chain(evidence.certificates()))?;
    header
        .algorithm
        .verify(signer.spki_der(), signed.as_bytes(), &value)
        .map_err(|error| {
            ReadError::new(
                SubIndication::SigCryptoFailure,
                "signature-wrong",
                format!("the signature value does not verify: {error}"),
            )
        })?;
    for certificate in header.certificates {
        evidence.add_certificate(certificate).map_err(too_many)?;
    }
    let level = match (
        unsigned.signature_time_stamps.is_empty(),
        has_evidence,
        unsigned.archive_time_stamps.is_empty(),
    ) {
        (true, _, _) => Level::B,
        (false, false, _) => Level::T,
        (false, true, true) => Level::LT,
        (false, true, false) => Level::LTA,
    };
    let signature = CheckedSignature {
        format: SignatureFormat::Jades,
        packaging: match header.detached {
            Some(_) => Packaging::Detached,
            None => Packaging::Enveloping,
        },
        level,
        algorithm: header.algorithm,
        signer,
        claimed_signing_time: header.signing_time,
        covered: covering.covered,
        signature_time_stamps: unsigned.signature_time_stamps,
        archive_time_stamps: unsigned.archive_time_stamps,
        evidence,
    };
    Ok((signature, covering.payload.into_iter().collect()))
}

/// What is signed, so far.
struct Covering<'a> {
    names: &'a [Option<String>],
    /// As they were signed.
    contents: &'a mut dyn Contents,
    covered: Vec<Covered>,
    documents: Vec<usize>,
    payload: Option<SignedContent>,
}

impl Covering<'_> {
    fn digests(&mut self, header: &ProtectedHeader) -> Result<Digests, ReadError> {
        let detached = header.detached.as_ref();
        let algorithm = detached.map_or(header.algorithm.digest(), |objects| objects.algorithm);
        let mut presented = Presented {
            names: self.names,
            contents: self.contents,
        };
        Digests::of(&mut presented, &BTreeSet::from([algorithm]))
    }

    fn beside(
        &mut self,
        file: &Serialized<'_>,
        header: &ProtectedHeader,
        objects: &DetachedObjects,
    ) -> Result<(), ReadError> {
        if !file.payload.is_empty() {
            return Err(malformed("it has documents beside it and a payload"));
        }
        let mut digests = self.digests(header)?;
        for (uri, expected) in &objects.objects {
            let (index, bytes) = digests.find(self.names, uri, objects.algorithm, expected)?;
            self.documents.push(index);
            self.covered.push(Covered {
                name: document_name::from_uri(uri),
                bytes: Some(if header.is_unencoded {
                    bytes
                } else {
                    decoded_length(bytes)
                }),
                presented: Some(index),
            });
        }
        digests.check_all_signed()
    }

    fn inside(&mut self, file: &Serialized<'_>, header: &ProtectedHeader) -> Result<(), ReadError> {
        if file.payload.is_empty() {
            return Err(ReadError::new(
                SubIndication::SignedDataNotFound,
                "document-missing",
                "the signature has no payload and does not say what it is of",
            ));
        }
        let payload = if !header.is_unencoded {
            from_base64url(&file.payload, "the payload")?
        } else if file.is_compact {
            return Err(malformed("an unencoded payload between points"));
        } else {
            file.payload.as_bytes().to_vec()
        };
        if payload.len() > MAXIMUM_ATTACHED_BYTES {
            return Err(malformed("its payload is too long"));
        }
        let mut digests = self.digests(header)?;
        self.covered.push(Covered {
            name: PAYLOAD.to_owned(),
            bytes: u64::try_from(payload.len()).ok(),
            presented: digests.mark(&payload)?,
        });
        self.payload = Some(SignedContent {
            name: PAYLOAD.to_owned(),
            bytes: payload,
        });
        digests.check_all_signed()
    }
}
