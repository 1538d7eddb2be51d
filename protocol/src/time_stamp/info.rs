//! TSTInfo (RFC 3161, 2.4.2): what the authority says.

use paraphe_certs::UnixTime;
use paraphe_certs::der::{
    BOOLEAN, DerError, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
};

use super::TimeStampError;
use crate::signature::DigestAlgorithm;

/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
const CONTEXT_1: u8 = 0xa1;
/// `[0]`, primitive: milliseconds of an accuracy.
const MILLISECONDS: u8 = 0x80;
/// `[1]`, primitive: microseconds.
const MICROSECONDS: u8 = 0x81;

/// How far the stated time can be from the true one, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// Whole seconds.
    pub seconds: u32,
    /// Microseconds beyond them, below one million.
    pub microseconds: u32,
}

/// The content of a time stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampInfo {
    policy: String,
    digest: DigestAlgorithm,
    imprint: Vec<u8>,
    serial: Vec<u8>,
    time: UnixTime,
    accuracy: Option<Accuracy>,
    /// DER of the INTEGER.
    nonce: Option<Vec<u8>>,
}

impl TimeStampInfo {
    pub(super) fn read(der: &[u8]) -> Result<Self, TimeStampError> {
        let what = "TSTInfo";
        let mut fields = Reader::of_sequence(der, what)?;
        if fields.small_number("TSTInfo version")? != 1 {
            return Err(DerError { what }.into());
        }
        let policy = fields.object_identifier("TSTInfo policy")?;
        let mut message_imprint = fields.sequence("messageImprint")?;
        let oid = message_imprint
            .sequence("hashAlgorithm")?
            .object_identifier("hashAlgorithm")?;
        let digest =
            DigestAlgorithm::from_oid(&oid).ok_or(TimeStampError::DigestAlgorithm { oid })?;
        let imprint = message_imprint
            .expect(OCTET_STRING, "hashedMessage")?
            .content;
        message_imprint.end("messageImprint")?;
        if imprint.len() != digest.length() {
            return Err(TimeStampError::ImprintLength {
                length: imprint.len(),
                algorithm: digest.name(),
            });
        }
        let serial = fields.integer("TSTInfo serialNumber")?;
        let time = fields.generalized_time("genTime")?;
        let accuracy = match fields.optional(SEQUENCE, "accuracy")? {
            Some(accuracy) => Some(Accuracy::read(Reader::new(accuracy.content))?),
            None => None,
        };
        // ordering says nothing about one token
        fields.optional(BOOLEAN, "ordering")?;
        let nonce = fields.optional(INTEGER, "nonce")?;
        // the authority's name for itself; its certificate says it
        fields.optional(CONTEXT_0, "tsa")?;
        if let Some(extensions) = fields.optional(CONTEXT_1, "extensions")? {
            refuse_critical(Reader::new(extensions.content))?;
        }
        fields.end(what)?;
        Ok(Self {
            policy,
            digest,
            imprint: imprint.to_vec(),
            serial: serial.to_vec(),
            time,
            accuracy,
            nonce: nonce.map(|nonce| nonce.whole.to_vec()),
        })
    }

    /// Policy that the authority stamps under, dotted.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Algorithm of the digest.
    #[must_use]
    pub fn digest(&self) -> DigestAlgorithm {
        self.digest
    }

    /// The digest that existed at the time.
    #[must_use]
    pub fn imprint(&self) -> &[u8] {
        &self.imprint
    }

    /// Content bytes of the serial number's INTEGER.
    #[must_use]
    pub fn serial_number(&self) -> &[u8] {
        &self.serial
    }

    /// The time (genTime); a fraction of a second is cut off.
    #[must_use]
    pub fn time(&self) -> UnixTime {
        self.time
    }

    /// How exact the time is, where the authority says so.
    #[must_use]
    pub fn accuracy(&self) -> Option<Accuracy> {
        self.accuracy
    }

    /// DER of the nonce's INTEGER.
    pub(super) fn nonce(&self) -> Option<&Vec<u8>> {
        self.nonce.as_ref()
    }
}

impl Accuracy {
    fn read(mut fields: Reader<'_>) -> Result<Self, TimeStampError> {
        let what = "accuracy";
        let seconds = match fields.optional(INTEGER, what)? {
            Some(seconds) => seconds.as_small_number(what)?,
            None => 0,
        };
        let part = |found: Option<paraphe_certs::der::Element<'_>>| match found {
            Some(part) => part.as_small_number(what).and_then(|part| match part {
                1..=999 => Ok(part),
                _ => Err(DerError { what }),
            }),
            None => Ok(0),
        };
        let milliseconds = part(fields.optional(MILLISECONDS, what)?)?;
        let microseconds = part(fields.optional(MICROSECONDS, what)?)?;
        fields.end(what)?;
        Ok(Self {
            seconds,
            microseconds: milliseconds * 1000 + microseconds,
        })
    }
}

fn refuse_critical(mut extensions: Reader<'_>) -> Result<(), TimeStampError> {
    while !extensions.is_empty() {
        let mut extension = extensions.sequence("extensions")?;
        extension.expect(OBJECT_IDENTIFIER, "extnID")?;
        if extension.boolean_or_false("critical")? {
            return Err(TimeStampError::CriticalExtension);
        }
    }
    Ok(())
}
