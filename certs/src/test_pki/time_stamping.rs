//! A time-stamping authority of the test PKI (RFC 3161, RFC 5816): it stamps for any time that a test asks for, which no program
//! with a clock of its own does. `openssl ts` judges it in the tests.

use crate::certificate::Certificate;
use crate::der::{self, DerError, Element, Reader};
use crate::unix_time::UnixTime;

use super::card::Issued;
use super::error::TestPkiError;
use super::extension_writer::{self, SIMULATOR_POLICY, extension, oid};
use super::key::Key;
use super::template::{CertificateTemplate, SignatureDigest, Validity};

const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";

/// An authority with its key.
#[derive(Debug)]
pub struct TimeStampingAuthority {
    certificate: Certificate,
    key: Key,
    sha1_reference: bool,
}

impl TimeStampingAuthority {
    /// What its certificate says: digitalSignature, and time stamping alone, critical.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn template(validity: Validity) -> Result<CertificateTemplate, TestPkiError> {
        let purposes = der::sequence(&[oid(TIME_STAMPING)?]);
        Ok(CertificateTemplate {
            extensions: vec![extension("2.5.29.37", true, purposes)],
            ..CertificateTemplate::of_service("TEST HORODATAGE SIMULATEUR", validity)
        })
    }

    /// An authority with this certificate and key, whatever the certificate says.
    ///
    /// # Errors
    /// [`TestPkiError::Crypto`].
    pub fn new(issued: &Issued) -> Result<Self, TestPkiError> {
        Ok(Self {
            certificate: issued.certificate.clone(),
            key: Key::from_pem(issued.private_key_pkcs8_pem.expose())?,
            sha1_reference: false,
        })
    }

    /// The same, naming its certificate as RFC 3161 did before RFC 5816.
    #[must_use]
    pub fn with_sha1_reference(mut self) -> Self {
        self.sha1_reference = true;
        self
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// A token over a SHA-256 digest at a time.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn stamp(&self, sha256: &[u8; 32], at: UnixTime) -> Result<Vec<u8>, TestPkiError> {
        let algorithm = der::sequence(&[oid(SHA256)?, der::NULL.to_vec()]);
        let imprint = der::sequence(&[algorithm, der::value(der::OCTET_STRING, sha256)]);
        self.token(&imprint, None, SIMULATOR_POLICY, at)
    }

    /// The answer to a request at a time: granted, or refused where the request cannot be read.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn reply(&self, request: &[u8], at: UnixTime) -> Result<Vec<u8>, TestPkiError> {
        match Request::read(request) {
            Ok(request) => {
                let policy = request.policy.as_deref().unwrap_or(SIMULATOR_POLICY);
                let token = self.token(request.imprint, request.nonce, policy, at)?;
                let granted = der::sequence(&[der::unsigned_integer(&[0])]);
                Ok(der::sequence(&[granted, token]))
            }
            Err(_) => Ok(Self::refusal(5, "unreadable request")),
        }
    }

    /// A refusal with one bit of PKIFailureInfo and a text.
    #[must_use]
    pub fn refusal(failure_bit: u8, text: &str) -> Vec<u8> {
        let mut bits = vec![0; usize::from(failure_bit / 8).saturating_add(2)];
        if let (Some(unused), true) = (bits.first_mut(), failure_bit % 8 < 7) {
            *unused = 7 - failure_bit % 8;
        }
        if let Some(last) = bits.last_mut() {
            *last = 0x80 >> (failure_bit % 8);
        }
        let text = der::sequence(&[der::value(der::UTF8_STRING, text.as_bytes())]);
        let failure = der::value(der::BIT_STRING, &bits);
        der::sequence(&[der::sequence(&[der::unsigned_integer(&[2]), text, failure])])
    }

    fn token(
        &self,
        imprint: &[u8],
        nonce: Option<&[u8]>,
        policy: &str,
        at: UnixTime,
    ) -> Result<Vec<u8>, TestPkiError> {
        let mut serial = [0; 8];
        openssl::rand::rand_bytes(&mut serial)?;
        let time = extension_writer::generalized_time_text(at)?;
        let info = der::sequence(&[
            der::unsigned_integer(&[1]),
            oid(policy)?,
            imprint.to_vec(),
            der::unsigned_integer(&serial),
            der::value(der::GENERALIZED_TIME, time.as_bytes()),
            // accurate to a second
            der::sequence(&[der::unsigned_integer(&[1])]),
            nonce.unwrap_or_default().to_vec(),
        ]);
        let attributes = der::sorted_set(self.attributes(&info, at)?);
        let digest = SignatureDigest::Sha256;
        let serial = der::value(der::INTEGER, self.certificate.serial_number());
        let mut tagged = attributes.clone();
        if let Some(tag) = tagged.first_mut() {
            *tag = 0xa0;
        }
        let sha256 = der::sequence(&[oid(SHA256)?]);
        let signer = der::sequence(&[
            der::unsigned_integer(&[1]),
            der::sequence(&[self.certificate.raw_issuer(), &serial]),
            sha256.clone(),
            tagged,
            self.key.algorithm(digest)?,
            der::value(der::OCTET_STRING, &self.key.signature(digest, &attributes)?),
        ]);
        let content = der::context(0, &der::value(der::OCTET_STRING, &info));
        let signed_data = der::sequence(&[
            der::unsigned_integer(&[3]),
            der::constructed(der::SET, &[sha256]),
            der::sequence(&[oid(TST_INFO)?, content]),
            der::context(0, self.certificate.der()),
            der::constructed(der::SET, &[signer]),
        ]);
        Ok(der::sequence(&[
            oid(SIGNED_DATA)?,
            der::context(0, &signed_data),
        ]))
    }

    fn attributes(&self, info: &[u8], at: UnixTime) -> Result<Vec<Vec<u8>>, TestPkiError> {
        let attribute = |attribute: &str, value: Vec<u8>| -> Result<Vec<u8>, TestPkiError> {
            let values = der::constructed(der::SET, &[value]);
            Ok(der::sequence(&[oid(attribute)?, values]))
        };
        let digest = openssl::sha::sha256(info);
        let (reference, certificate) = if self.sha1_reference {
            let digest = openssl::sha::sha1(self.certificate.der());
            ("1.2.840.113549.1.9.16.2.12", digest.to_vec())
        } else {
            let digest = self.certificate.sha256();
            ("1.2.840.113549.1.9.16.2.47", digest.to_vec())
        };
        let identifier = der::sequence(&[der::value(der::OCTET_STRING, &certificate)]);
        let reference_value = der::sequence(&[der::sequence(&[identifier])]);
        Ok(vec![
            attribute("1.2.840.113549.1.9.3", oid(TST_INFO)?)?,
            attribute("1.2.840.113549.1.9.5", super::issue::encode_time(at)?)?,
            attribute(
                "1.2.840.113549.1.9.4",
                der::value(der::OCTET_STRING, &digest),
            )?,
            attribute(reference, reference_value)?,
        ])
    }
}

/// What a TimeStampReq asks for.
struct Request<'a> {
    imprint: &'a [u8],
    policy: Option<String>,
    nonce: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    fn read(der: &'a [u8]) -> Result<Self, DerError> {
        let what = "TimeStampReq";
        let whole = |element: Element<'a>| element.whole;
        let mut fields = Reader::of_sequence(der, what)?;
        fields.small_number(what)?;
        Ok(Self {
            imprint: fields.expect(der::SEQUENCE, what)?.whole,
            policy: fields
                .optional(der::OBJECT_IDENTIFIER, what)?
                .map(|policy| policy.as_object_identifier(what))
                .transpose()?,
            nonce: fields.optional(der::INTEGER, what)?.map(whole),
        })
    }
}
