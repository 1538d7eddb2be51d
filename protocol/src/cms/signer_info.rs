//! SignerInfo (RFC 5652 sections 5.3 and 5.4), read into its parts and written from them. Each part keeps its bytes; the bytes
//! that are signed are those of the signed attributes with the tag of a SET in place of `[0]`.

use std::borrow::Cow;

use paraphe_certs::Certificate;
use paraphe_certs::der::{self, DerError, Reader};

use super::CmsError;
use super::algorithm_identifier;
use super::attribute::Attribute;
use super::signed_data::Bytes;
use crate::algorithm::SignatureAlgorithm;

/// `[0]`, constructed: the signed attributes.
const SIGNED_ATTRIBUTES: u8 = 0xa0;
/// `[1]`, constructed: the unsigned attributes.
const UNSIGNED_ATTRIBUTES: u8 = 0xa1;
/// `[0]`, primitive: a subject key identifier.
const SUBJECT_KEY_IDENTIFIER: u8 = 0x80;

/// The parts of a SignerInfo.
#[derive(Clone, Debug)]
pub(crate) struct SignerInfo<'a> {
    /// DER of the INTEGER.
    version: Bytes<'a>,
    /// DER of the SignerIdentifier.
    identifier: Bytes<'a>,
    /// DER of the AlgorithmIdentifier.
    pub(super) digest_algorithm: Bytes<'a>,
    /// The signed attributes with the tag of a SET: what is signed. Empty where there are none.
    to_be_signed: Vec<u8>,
    /// DER of the AlgorithmIdentifier.
    pub(super) signature_algorithm: Bytes<'a>,
    /// The value as CMS writes it.
    pub(crate) signature: Bytes<'a>,
    pub(crate) unsigned_attributes: Vec<Attribute<'a>>,
}

impl SignerInfo<'static> {
    /// A signer without its signature value yet.
    pub(crate) fn to_sign(
        certificate: &Certificate,
        algorithm: SignatureAlgorithm,
        signed_attributes: &[Attribute<'_>],
    ) -> Self {
        let serial = der::value(der::INTEGER, certificate.serial_number());
        let attributes = signed_attributes
            .iter()
            .map(|attribute| attribute.der().to_vec())
            .collect();
        Self {
            version: der::unsigned_integer(&[1]).into(),
            identifier: der::sequence(&[certificate.raw_issuer(), &serial]).into(),
            digest_algorithm: algorithm_identifier::digest_algorithm(algorithm.digest()).into(),
            to_be_signed: der::sorted_set(attributes),
            signature_algorithm: algorithm_identifier::signature_algorithm(algorithm).into(),
            signature: Cow::Borrowed(&[]),
            unsigned_attributes: Vec::new(),
        }
    }
}

impl<'a> SignerInfo<'a> {
    pub(super) fn read(mut inside: Reader<'a>) -> Result<Self, CmsError> {
        let what = "a SignerInfo";
        let version = inside.expect(der::INTEGER, what)?;
        let identifier = inside.any(what)?;
        // RFC 5652 section 5.3: the version says which identifier follows.
        match (version.as_small_number(what)?, identifier.identifier) {
            (1, der::SEQUENCE) | (3, SUBJECT_KEY_IDENTIFIER) => {}
            _ => return Err(DerError { what }.into()),
        }
        let digest_algorithm = inside.expect(der::SEQUENCE, what)?.whole;
        let to_be_signed = match inside.optional(SIGNED_ATTRIBUTES, what)? {
            None => Vec::new(),
            Some(attributes) => {
                let mut set = attributes.whole.to_vec();
                if let Some(tag) = set.first_mut() {
                    *tag = der::SET;
                }
                set
            }
        };
        let signature_algorithm = inside.expect(der::SEQUENCE, what)?.whole;
        let signature = inside.octet_string(what)?;
        let unsigned_attributes = match inside.optional(UNSIGNED_ATTRIBUTES, what)? {
            None => Vec::new(),
            Some(attributes) => Attribute::read_all(attributes.content)?,
        };
        inside.end(what)?;
        Ok(Self {
            version: version.whole.into(),
            identifier: identifier.whole.into(),
            digest_algorithm: digest_algorithm.into(),
            to_be_signed,
            signature_algorithm: signature_algorithm.into(),
            signature: signature.into(),
            unsigned_attributes,
        })
    }

    /// The bytes that are signed: DER of the SET of signed attributes; empty where there are none.
    pub(crate) fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The signed attributes.
    pub(crate) fn signed_attributes(&self) -> Result<Vec<Attribute<'_>>, CmsError> {
        if self.to_be_signed.is_empty() {
            return Err(CmsError::Attribute {
                name: "signedAttrs",
                problem: "missing",
            });
        }
        let what = "the signed attributes";
        Attribute::read_all(
            Reader::new(&self.to_be_signed)
                .expect(der::SET, what)?
                .content,
        )
    }

    /// Whether the identifier names this certificate.
    pub(super) fn names(&self, certificate: &Certificate) -> Result<bool, CmsError> {
        let what = "a SignerIdentifier";
        let identifier = Reader::new(&self.identifier).any(what)?;
        if identifier.identifier == SUBJECT_KEY_IDENTIFIER {
            let extension = certificate.extension("2.5.29.14");
            let key_identifier = der::value(der::OCTET_STRING, identifier.content);
            return Ok(extension.is_some_and(|extension| extension.value == key_identifier));
        }
        let mut inside = Reader::new(identifier.content);
        let issuer = inside.expect(der::SEQUENCE, what)?.whole;
        let serial = inside.integer(what)?;
        inside.end(what)?;
        Ok(issuer == certificate.raw_issuer() && serial == certificate.serial_number())
    }

    /// The parts that an archive time stamp covers, in their order (EN 319 122-1 clause 5.5.3): version, identifier, digest
    /// algorithm, signed attributes as they stand, signature algorithm, signature.
    pub(crate) fn archived_parts(&self) -> [Vec<u8>; 6] {
        [
            self.version.to_vec(),
            self.identifier.to_vec(),
            self.digest_algorithm.to_vec(),
            self.tagged_signed_attributes(),
            self.signature_algorithm.to_vec(),
            der::value(der::OCTET_STRING, &self.signature),
        ]
    }

    fn tagged_signed_attributes(&self) -> Vec<u8> {
        let mut attributes = self.to_be_signed.clone();
        if let Some(tag) = attributes.first_mut() {
            *tag = SIGNED_ATTRIBUTES;
        }
        attributes
    }

    /// Adds an unsigned attribute after those that are there.
    pub(crate) fn add_unsigned(&mut self, attribute: Attribute<'static>) {
        self.unsigned_attributes.push(attribute);
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut parts = self.archived_parts().to_vec();
        if !self.unsigned_attributes.is_empty() {
            let attributes: Vec<&[u8]> = self
                .unsigned_attributes
                .iter()
                .map(Attribute::der)
                .collect();
            parts.push(der::constructed(UNSIGNED_ATTRIBUTES, &attributes));
        }
        der::sequence(&parts)
    }
}
