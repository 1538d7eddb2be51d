//! OCSPResponse (RFC 6960, 4.2), read and kept. Refused: responses without an answer, more than [`MAX_OCSP_RESPONSE_BYTES`],
//! critical extensions.

use super::OcspError;
use super::certificate_id::CertificateId;
use super::request::NONCE;
use crate::certificate::Certificate;
use crate::der::{self, DerError, Reader};
use crate::revocation::{ReasonCode, Revocation};
use crate::unix_time::UnixTime;

/// Largest response that is read, bytes.
pub const MAX_OCSP_RESPONSE_BYTES: usize = 64 * 1024;
/// Most certificates that a response brings.
const MAX_CERTIFICATES: usize = 8;
/// Most certificates that a response is about.
const MAX_ANSWERS: usize = 64;
const BASIC_RESPONSE: &str = "1.3.6.1.5.5.7.48.1.1";
/// `[n]`, constructed.
const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// A response that was read. Its signature is verified when an answer is taken from it.
#[derive(Clone, PartialEq, Eq)]
pub struct OcspResponse {
    der: Vec<u8>,
    pub(super) to_be_signed: Vec<u8>,
    pub(super) responder: ResponderId,
    pub(super) produced_at: UnixTime,
    pub(super) singles: Vec<SingleResponse>,
    nonce: Option<Vec<u8>>,
    /// DER of the AlgorithmIdentifier.
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) signature: Vec<u8>,
    certificates: Vec<Certificate>,
}

/// Who says it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ResponderId {
    /// DER of the Name.
    Name(Vec<u8>),
    /// SHA-1 of the public key's bits.
    Key(Vec<u8>),
}

/// What is said of one certificate.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SingleResponse {
    pub(super) id: CertificateId,
    pub(super) status: Status,
    pub(super) this_update: UnixTime,
    pub(super) next_update: Option<UnixTime>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Revoked(Revocation),
    Unknown,
}

impl OcspResponse {
    /// Reads one response that fills `der` exactly.
    ///
    /// # Errors
    /// [`OcspError`].
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_OCSP_RESPONSE_BYTES {
            return Err(OcspError::TooLong { length: der.len() });
        }
        let what = "OCSPResponse";
        let mut fields = Reader::of_sequence(der, what)?;
        let status = fields.small_number("responseStatus")?;
        if status != 0 {
            return Err(OcspError::Refused { status });
        }
        let mut explicit = fields.enter(context(0), "responseBytes")?;
        fields.end(what)?;
        let mut bytes = explicit.sequence("responseBytes")?;
        explicit.end("responseBytes")?;
        if bytes.object_identifier("responseType")? != BASIC_RESPONSE {
            return Err(OcspError::UnknownType);
        }
        let basic = bytes.octet_string("response")?;
        bytes.end("responseBytes")?;
        Self::read_basic(der, basic)
    }

    fn read_basic(der: &[u8], basic: &[u8]) -> Result<Self, OcspError> {
        let mut fields = Reader::of_sequence(basic, "BasicOCSPResponse")?;
        let data = fields.expect(der::SEQUENCE, "tbsResponseData")?;
        let signature_algorithm = fields.expect(der::SEQUENCE, "signatureAlgorithm")?.whole;
        let signature = fields.bit_string("signature")?;
        let mut certificates = Vec::new();
        if let Some(explicit) = fields.optional(context(0), "certs")? {
            let mut set = Reader::of_sequence(explicit.content, "certs")?;
            while !set.is_empty() {
                if certificates.len() >= MAX_CERTIFICATES {
                    return Err(OcspError::TooMany {
                        what: "certificates",
                    });
                }
                let certificate = set.any("certs")?.whole;
                // one that cannot be read cannot be the responder's
                certificates.extend(Certificate::from_der(certificate).ok());
            }
        }
        fields.end("BasicOCSPResponse")?;

        let mut fields = Reader::new(data.content);
        fields.optional(context(0), "version")?;
        let responder = ResponderId::read(&mut fields)?;
        let produced_at = fields.generalized_time("producedAt")?;
        let mut responses = fields.sequence("responses")?;
        let mut singles = Vec::new();
        while !responses.is_empty() {
            if singles.len() >= MAX_ANSWERS {
                return Err(OcspError::TooMany { what: "answers" });
            }
            singles.push(SingleResponse::read(responses.sequence("SingleResponse")?)?);
        }
        let nonce = match fields.optional(context(1), "responseExtensions")? {
            Some(explicit) => nonce_of(explicit.content)?,
            None => None,
        };
        fields.end("tbsResponseData")?;
        Ok(Self {
            der: der.to_vec(),
            to_be_signed: data.whole.to_vec(),
            responder,
            produced_at,
            singles,
            nonce,
            signature_algorithm: signature_algorithm.to_vec(),
            signature: signature.to_vec(),
            certificates,
        })
    }

    /// The response, byte for byte as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// When it was signed, by the responder's word.
    #[must_use]
    pub fn produced_at(&self) -> UnixTime {
        self.produced_at
    }

    /// The certificates that it brings: the responder's, where that is not the issuer.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    pub(super) fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

impl std::fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OcspResponse")
            .field("produced_at", &self.produced_at.to_string())
            .field("answers", &self.singles.len())
            .finish_non_exhaustive()
    }
}

impl ResponderId {
    fn read(fields: &mut Reader<'_>) -> Result<Self, DerError> {
        let what = "responderID";
        let choice = fields.any(what)?;
        let mut inside = Reader::new(choice.content);
        let id = match choice.identifier {
            0xa1 => Self::Name(inside.expect(der::SEQUENCE, what)?.whole.to_vec()),
            0xa2 => Self::Key(inside.octet_string(what)?.to_vec()),
            _ => return Err(DerError { what }),
        };
        inside.end(what)?;
        Ok(id)
    }
}

impl SingleResponse {
    fn read(mut fields: Reader<'_>) -> Result<Self, OcspError> {
        let what = "SingleResponse";
        let id = CertificateId::read(&mut fields)?;
        let status = fields.any("certStatus")?;
        let status = match status.identifier {
            0x80 => Status::Good,
            0xa1 => Status::Revoked(revocation(Reader::new(status.content))?),
            0x82 => Status::Unknown,
            _ => return Err(DerError { what: "certStatus" }.into()),
        };
        let this_update = fields.generalized_time("thisUpdate")?;
        let next_update = match fields.optional(context(0), "nextUpdate")? {
            Some(explicit) => Some(Reader::new(explicit.content).generalized_time("nextUpdate")?),
            None => None,
        };
        if let Some(explicit) = fields.optional(context(1), "singleExtensions")? {
            refuse_critical(Reader::of_sequence(explicit.content, "singleExtensions")?)?;
        }
        fields.end(what)?;
        Ok(Self {
            id,
            status,
            this_update,
            next_update,
        })
    }
}

fn revocation(mut fields: Reader<'_>) -> Result<Revocation, DerError> {
    let what = "revocationReason";
    let since = fields.generalized_time("revocationTime")?;
    let reason = match fields.optional(context(0), what)? {
        Some(explicit) => {
            let code = Reader::new(explicit.content).small_number(what)?;
            Some(ReasonCode(
                u8::try_from(code).map_err(|_| DerError { what })?,
            ))
        }
        None => None,
    };
    fields.end("RevokedInfo")?;
    Ok(Revocation { since, reason })
}

fn refuse_critical(mut extensions: Reader<'_>) -> Result<(), OcspError> {
    while !extensions.is_empty() {
        let mut extension = extensions.sequence("extension")?;
        extension.object_identifier("extnID")?;
        if extension.boolean_or_false("critical")? {
            return Err(OcspError::CriticalExtension);
        }
    }
    Ok(())
}

/// The nonce among the extensions; one that is critical and not the nonce is refused.
fn nonce_of(explicit: &[u8]) -> Result<Option<Vec<u8>>, OcspError> {
    let mut extensions = Reader::of_sequence(explicit, "responseExtensions")?;
    let mut nonce = None;
    while !extensions.is_empty() {
        let mut extension = extensions.sequence("extension")?;
        let oid = extension.object_identifier("extnID")?;
        let critical = extension.boolean_or_false("critical")?;
        let value = extension.octet_string("extnValue")?;
        if oid == NONCE {
            nonce = Some(Reader::new(value).octet_string("nonce")?.to_vec());
        } else if critical {
            return Err(OcspError::CriticalExtension);
        }
    }
    Ok(nonce)
}
