//! The SignedData of a token (RFC 5652, 5.1, with the rules of RFC 3161, 2.4.2: content type TSTInfo, one signer), taken apart and
//! never put together again. Certificates and lists that cannot be read are left out: they prove nothing. Refused: more than
//! [`MAXIMUM_CERTIFICATES`] certificates or [`MAXIMUM_LISTS`] lists, signed attributes that are missing.

use paraphe_certs::der::{DerError, INTEGER, Reader, SEQUENCE, SET};
use paraphe_certs::{Certificate, RevocationList};

use super::TimeStampError;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
pub(super) const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
/// Most certificates that a token carries.
const MAXIMUM_CERTIFICATES: usize = 16;
/// Most revocation lists, or other revocation values.
const MAXIMUM_LISTS: usize = 16;
/// Most signed attributes.
const MAXIMUM_ATTRIBUTES: usize = 32;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
const CONTEXT_1: u8 = 0xa1;
/// `[0]`, primitive: a subject key identifier.
const KEY_IDENTIFIER: u8 = 0x80;

/// The parts of a token that its verification needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedToken {
    /// DER of TSTInfo.
    pub(super) content: Vec<u8>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) revocation_lists: Vec<RevocationList>,
    pub(super) signer: SignerIdentifier,
    /// Dotted.
    pub(super) digest_algorithm: String,
    /// DER of the signed attributes with the tag of a SET: what is signed (RFC 5652, 5.4).
    pub(super) signed_attributes: Vec<u8>,
    /// DER of the AlgorithmIdentifier.
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Whom the token names as its signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignerIdentifier {
    IssuerAndSerialNumber {
        /// DER of the Name.
        issuer: Vec<u8>,
        /// Content bytes of the INTEGER.
        serial: Vec<u8>,
    },
    SubjectKeyIdentifier(Vec<u8>),
}

impl SignedToken {
    pub(super) fn read(der: &[u8]) -> Result<Self, TimeStampError> {
        let what = "ContentInfo";
        let mut content_info = Reader::of_sequence(der, what)?;
        if content_info.object_identifier(what)? != SIGNED_DATA {
            return Err(TimeStampError::NotATimeStamp);
        }
        let mut explicit = content_info.enter(CONTEXT_0, what)?;
        content_info.end(what)?;
        let mut fields = explicit.sequence("SignedData")?;
        explicit.end(what)?;
        version(&mut fields, &[1, 3, 4, 5])?;
        fields.set("digestAlgorithms")?;
        let mut encapsulated = fields.sequence("encapContentInfo")?;
        if encapsulated.object_identifier("eContentType")? != TST_INFO {
            return Err(TimeStampError::NotATimeStamp);
        }
        let mut explicit = encapsulated.enter(CONTEXT_0, "eContent")?;
        let content = explicit.octet_string("eContent")?.to_vec();
        explicit.end("eContent")?;
        encapsulated.end("encapContentInfo")?;
        let certificates = readable(
            fields
                .optional(CONTEXT_0, "certificates")?
                .map(|set| set.content),
            "certificates",
            MAXIMUM_CERTIFICATES,
            |der| Certificate::from_der(der).ok(),
        )?;
        let revocation_lists = readable(
            fields.optional(CONTEXT_1, "crls")?.map(|set| set.content),
            "revocation values",
            MAXIMUM_LISTS,
            |der| RevocationList::from_der(der).ok(),
        )?;
        let mut signers = fields.set("signerInfos")?;
        fields.end("SignedData")?;
        let mut signer = signers
            .sequence("SignerInfo")
            .map_err(|_| TimeStampError::NotOneSigner)?;
        if !signers.is_empty() {
            return Err(TimeStampError::NotOneSigner);
        }
        version(&mut signer, &[1, 3])?;
        let identifier = SignerIdentifier::read(&mut signer)?;
        let digest_algorithm = signer
            .sequence("digestAlgorithm")?
            .object_identifier("digestAlgorithm")?;
        let mut signed_attributes = signer.expect(CONTEXT_0, "signedAttrs")?.whole.to_vec();
        if let Some(tag) = signed_attributes.first_mut() {
            *tag = SET;
        }
        let signature_algorithm = signer
            .expect(SEQUENCE, "signatureAlgorithm")?
            .whole
            .to_vec();
        let signature = signer.octet_string("signature")?.to_vec();
        // what an authority adds later to prove itself is not signed and not needed
        signer.optional(CONTEXT_1, "unsignedAttrs")?;
        signer.end("SignerInfo")?;
        Ok(Self {
            content,
            certificates,
            revocation_lists,
            signer: identifier,
            digest_algorithm,
            signed_attributes,
            signature_algorithm,
            signature,
        })
    }

    /// DER of the one value of a signed attribute; `None` where the attribute is not there. One that appears twice, or with more
    /// or less than one value, is refused (RFC 5652, 11).
    pub(super) fn signed_attribute(
        &self,
        oid: &str,
        name: &'static str,
    ) -> Result<Option<&[u8]>, TimeStampError> {
        let mut attributes = Reader::new(&self.signed_attributes).set("signedAttrs")?;
        let mut found = None;
        let mut count = 0;
        while !attributes.is_empty() {
            count += 1;
            if count > MAXIMUM_ATTRIBUTES {
                return Err(TimeStampError::TooMany {
                    what: "signed attributes",
                });
            }
            let mut attribute = attributes.sequence("Attribute")?;
            if attribute.object_identifier("attrType")? != oid {
                continue;
            }
            let mut values = attribute.set("attrValues")?;
            let value = values.any(name)?;
            if found.is_some() || !values.is_empty() {
                return Err(TimeStampError::Attribute { name });
            }
            found = Some(value.whole);
        }
        Ok(found)
    }
}

impl SignerIdentifier {
    fn read(fields: &mut Reader<'_>) -> Result<Self, DerError> {
        let what = "SignerIdentifier";
        let identifier = fields.any(what)?;
        match identifier.identifier {
            KEY_IDENTIFIER => Ok(Self::SubjectKeyIdentifier(identifier.content.to_vec())),
            SEQUENCE => {
                let mut inside = Reader::new(identifier.content);
                let issuer = inside.expect(SEQUENCE, what)?.whole.to_vec();
                let serial = inside.expect(INTEGER, what)?.content.to_vec();
                inside.end(what)?;
                Ok(Self::IssuerAndSerialNumber { issuer, serial })
            }
            _ => Err(DerError { what }),
        }
    }

    /// Whether this names the certificate.
    pub(super) fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::IssuerAndSerialNumber { issuer, serial } => {
                certificate.raw_issuer() == issuer && certificate.serial_number() == serial
            }
            Self::SubjectKeyIdentifier(identifier) => certificate
                .extension("2.5.29.14")
                .and_then(|extension| Reader::new(&extension.value).octet_string("it").ok())
                .is_some_and(|found| found == identifier),
        }
    }
}

fn version(fields: &mut Reader<'_>, known: &[u32]) -> Result<(), DerError> {
    let what = "version";
    if known.contains(&fields.small_number(what)?) {
        Ok(())
    } else {
        Err(DerError { what })
    }
}

fn readable<T>(
    set: Option<&[u8]>,
    what: &'static str,
    most: usize,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, TimeStampError> {
    let mut values = Reader::new(set.unwrap_or_default());
    let mut found = Vec::new();
    let mut count = 0;
    while !values.is_empty() {
        count += 1;
        if count > most {
            return Err(TimeStampError::TooMany { what });
        }
        found.extend(read(values.any(what)?.whole));
    }
    Ok(found)
}
