//! SignedData in its ContentInfo (RFC 5652 sections 3 and 5.1), read into its parts and written from them.
//!
//! Every part keeps the bytes that it was read with: what is signed, hashed for an archive or judged by somebody else is never
//! encoded again. Refused: BER's indefinite lengths and constructed strings, more than [`MAXIMUM_BYTES`], more certificates or
//! revocation values than evidence may hold, anything after the structure (but zeros where the place is a padded one).

use std::borrow::Cow;

use paraphe_certs::der::{self, DerError, Reader};

use super::CmsError;
use super::object_identifiers as oid;
use super::signer_info::SignerInfo;
use crate::signature::{MAXIMUM_CERTIFICATES, MAXIMUM_OCSP_RESPONSES, MAXIMUM_REVOCATION_LISTS};

/// Longest structure that is read, bytes; a content inside counts.
pub(crate) const MAXIMUM_BYTES: usize = 256 * 1024 * 1024;
/// Most signers that are read.
const MAXIMUM_SIGNERS: usize = 16;
/// Most digest algorithms that are announced.
const MAXIMUM_DIGEST_ALGORITHMS: usize = 16;

/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
const CONTEXT_1: u8 = 0xa1;

/// DER that was read or made.
pub(crate) type Bytes<'a> = Cow<'a, [u8]>;

/// The parts of a SignedData.
#[derive(Clone, Debug)]
pub(crate) struct SignedData<'a> {
    version: u8,
    /// DER of each AlgorithmIdentifier.
    pub(super) digest_algorithms: Vec<Bytes<'a>>,
    /// DER of the OBJECT IDENTIFIER.
    content_type: Bytes<'a>,
    /// The content's octets, where it stands inside.
    pub(crate) content: Option<Bytes<'a>>,
    /// DER of each CertificateChoices.
    pub(crate) certificates: Vec<Bytes<'a>>,
    /// DER of each RevocationInfoChoice.
    pub(crate) revocation: Vec<Bytes<'a>>,
    pub(crate) signers: Vec<SignerInfo<'a>>,
}

impl<'a> SignedData<'a> {
    /// One signer of id-data, without certificates yet.
    pub(crate) fn of_one_signer(content: Option<Bytes<'a>>, signer: SignerInfo<'a>) -> Self {
        Self {
            version: 1,
            digest_algorithms: vec![signer.digest_algorithm.clone()],
            content_type: oid::encoded(oid::DATA).into(),
            content,
            certificates: Vec::new(),
            revocation: Vec::new(),
            signers: vec![signer],
        }
    }

    /// Reads a ContentInfo that fills `bytes`.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, CmsError> {
        let (signed_data, after) = Self::read_first(bytes)?;
        if after.is_empty() {
            Ok(signed_data)
        } else {
            Err(trailing())
        }
    }

    /// Reads a ContentInfo that zeros may follow, as in the place that a PDF reserves.
    pub(crate) fn read_padded(bytes: &'a [u8]) -> Result<Self, CmsError> {
        let (signed_data, after) = Self::read_first(bytes)?;
        if after.iter().all(|byte| *byte == 0) {
            Ok(signed_data)
        } else {
            Err(trailing())
        }
    }

    fn read_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), CmsError> {
        if bytes.len() > MAXIMUM_BYTES {
            return Err(CmsError::TooLong {
                length: bytes.len(),
                most: MAXIMUM_BYTES,
            });
        }
        let what = "a ContentInfo";
        let outer = Reader::new(bytes).expect(der::SEQUENCE, what)?;
        let after = bytes.get(outer.whole.len()..).unwrap_or_default();
        let mut content_info = Reader::new(outer.content);
        if content_info.object_identifier(what)? != oid::SIGNED_DATA {
            return Err(CmsError::NotSignedData);
        }
        let mut explicit = content_info.enter(CONTEXT_0, what)?;
        content_info.end(what)?;
        let signed_data = Self::read_inside(explicit.sequence(what)?)?;
        explicit.end(what)?;
        Ok((signed_data, after))
    }

    fn read_inside(mut inside: Reader<'a>) -> Result<Self, CmsError> {
        let what = "a SignedData";
        let version = match inside.small_number(what)? {
            version @ (1 | 3 | 4 | 5) => u8::try_from(version).unwrap_or_default(),
            _ => return Err(DerError { what }.into()),
        };
        let digest_algorithms = wholes(
            inside.set(what)?,
            "digest algorithms",
            MAXIMUM_DIGEST_ALGORITHMS,
        )?;
        let mut encapsulated = inside.sequence(what)?;
        let content_type = encapsulated.expect(der::OBJECT_IDENTIFIER, what)?.whole;
        let content = match encapsulated.optional(CONTEXT_0, what)? {
            None => None,
            Some(explicit) => {
                let mut explicit = Reader::new(explicit.content);
                let content = explicit.octet_string("the content as one OCTET STRING")?;
                explicit.end(what)?;
                Some(Cow::Borrowed(content))
            }
        };
        encapsulated.end(what)?;
        let certificates = match inside.optional(CONTEXT_0, what)? {
            None => Vec::new(),
            Some(set) => wholes(
                Reader::new(set.content),
                "certificates",
                MAXIMUM_CERTIFICATES,
            )?,
        };
        let revocation = match inside.optional(CONTEXT_1, what)? {
            None => Vec::new(),
            Some(set) => wholes(
                Reader::new(set.content),
                "revocation values",
                MAXIMUM_REVOCATION_LISTS + MAXIMUM_OCSP_RESPONSES,
            )?,
        };
        let mut signer_infos = inside.set(what)?;
        inside.end(what)?;
        let mut signers = Vec::new();
        while !signer_infos.is_empty() {
            if signers.len() >= MAXIMUM_SIGNERS {
                return Err(CmsError::TooMany {
                    what: "signers",
                    most: MAXIMUM_SIGNERS,
                });
            }
            signers.push(SignerInfo::read(signer_infos.sequence("a SignerInfo")?)?);
        }
        Ok(Self {
            version,
            digest_algorithms,
            content_type: content_type.into(),
            content,
            certificates,
            revocation,
            signers,
        })
    }

    /// The one signer.
    pub(crate) fn signer(&self) -> Result<&SignerInfo<'a>, CmsError> {
        match self.signers.as_slice() {
            [signer] => Ok(signer),
            signers => Err(CmsError::SignerCount {
                count: signers.len(),
            }),
        }
    }

    /// The same, to add unsigned attributes to.
    pub(crate) fn signer_mut(&mut self) -> Result<&mut SignerInfo<'a>, CmsError> {
        match self.signers.as_mut_slice() {
            [signer] => Ok(signer),
            signers => Err(CmsError::SignerCount {
                count: signers.len(),
            }),
        }
    }

    /// DER of the content type's OBJECT IDENTIFIER.
    pub(crate) fn content_type_der(&self) -> &[u8] {
        &self.content_type
    }

    /// Adds a certificate, unless it is there.
    pub(crate) fn add_certificate(&mut self, der: &[u8]) {
        if !self.certificates.iter().any(|known| **known == *der) {
            self.certificates.push(Cow::Owned(der.to_vec()));
            // A SET OF is sorted; what is hashed of it for an archive is hashed one by one.
            self.certificates.sort_unstable();
        }
    }

    /// Adds a RevocationInfoChoice, unless it is there.
    pub(crate) fn add_revocation(&mut self, der: Vec<u8>) {
        // RFC 5652 section 5.1: version 5 where something else than a list is among them.
        if der.first() != Some(&der::SEQUENCE) {
            self.version = 5;
        }
        if !self.revocation.iter().any(|known| **known == *der) {
            self.revocation.push(Cow::Owned(der));
            self.revocation.sort_unstable();
        }
    }

    /// DER of the ContentInfo.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut encapsulated = vec![self.content_type.to_vec()];
        if let Some(content) = &self.content {
            encapsulated.push(der::context(0, &der::value(der::OCTET_STRING, content)));
        }
        let mut parts = vec![
            der::unsigned_integer(&[self.version]),
            der::constructed(der::SET, &self.digest_algorithms),
            der::sequence(&encapsulated),
        ];
        if !self.certificates.is_empty() {
            parts.push(der::constructed(CONTEXT_0, &self.certificates));
        }
        if !self.revocation.is_empty() {
            parts.push(der::constructed(CONTEXT_1, &self.revocation));
        }
        let signers: Vec<Vec<u8>> = self.signers.iter().map(SignerInfo::encode).collect();
        parts.push(der::constructed(der::SET, &signers));
        der::sequence(&[
            oid::encoded(oid::SIGNED_DATA),
            der::context(0, &der::sequence(&parts)),
        ])
    }
}

fn trailing() -> CmsError {
    CmsError::Malformed(DerError {
        what: "the end after a ContentInfo",
    })
}

fn wholes<'a>(
    mut set: Reader<'a>,
    what: &'static str,
    most: usize,
) -> Result<Vec<Bytes<'a>>, CmsError> {
    let mut elements = Vec::new();
    while !set.is_empty() {
        if elements.len() >= most {
            return Err(CmsError::TooMany { what, most });
        }
        elements.push(Cow::Borrowed(set.any(what)?.whole));
    }
    Ok(elements)
}
