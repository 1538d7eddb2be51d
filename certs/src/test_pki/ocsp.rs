//! OCSP responses of the test PKI (RFC 6960), by the authority itself or by a responder that it certified, for any time that a test
//! asks for. `openssl ocsp` judges them in the tests.

use crate::certificate::Certificate;
use crate::der::{self, DerError, Reader};
use crate::unix_time::UnixTime;

use super::card::Issued;
use super::error::TestPkiError;
use super::extension_writer::{self, extension, oid};
use super::key::Key;
use super::revocation::Revoked;
use super::template::{CertificateTemplate, SignatureDigest, Validity};
use super::{AuthorityState, TestPki};

const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// A responder that an authority certified (RFC 6960, 4.2.2.2).
#[derive(Debug)]
pub struct OcspResponder {
    certificate: Certificate,
    key: Key,
}

impl OcspResponder {
    /// What its certificate says: digitalSignature, OCSP signing, and that nobody need look whether it is revoked.
    #[must_use]
    pub fn template(validity: Validity) -> CertificateTemplate {
        CertificateTemplate {
            extended_key_usage: vec![OCSP_SIGNING.into()],
            publication_addresses: false,
            extensions: vec![extension(NO_CHECK, false, der::NULL.to_vec())],
            ..CertificateTemplate::of_service("TEST OCSP SIMULATEUR", validity)
        }
    }

    /// A responder with this certificate and key, whatever the certificate says.
    ///
    /// # Errors
    /// [`TestPkiError::Crypto`].
    pub fn new(issued: &Issued) -> Result<Self, TestPkiError> {
        Ok(Self {
            certificate: issued.certificate.clone(),
            key: Key::from_pem(issued.private_key_pkcs8_pem.expose())?,
        })
    }
}

/// How to answer.
#[derive(Debug, Clone, Copy)]
pub struct OcspAnswering<'a> {
    /// thisUpdate and producedAt.
    pub this_update: UnixTime,
    /// nextUpdate, where there is one.
    pub next_update: Option<UnixTime>,
    /// Whether to say `unknown` whatever the PKI knows.
    pub unknown: bool,
    /// Who signs; the issuing authority where none.
    pub responder: Option<&'a OcspResponder>,
}

impl OcspAnswering<'_> {
    /// By the issuing authority, at a time, good for an hour.
    #[must_use]
    pub const fn at(time: UnixTime) -> Self {
        Self {
            this_update: time,
            next_update: Some(time.plus_seconds(3600)),
            unknown: false,
            responder: None,
        }
    }
}

impl TestPki {
    /// A response about a certificate of this PKI, without a nonce, its certID with SHA-256.
    ///
    /// # Errors
    /// [`TestPkiError::ForeignCertificate`], or the crypto library fails.
    pub fn ocsp_response(
        &self,
        certificate: &Certificate,
        how: &OcspAnswering<'_>,
    ) -> Result<Vec<u8>, TestPkiError> {
        let issuer = self
            .authorities
            .values()
            .find(|state| state.certificate.raw_subject() == certificate.raw_issuer())
            .ok_or_else(|| TestPkiError::ForeignCertificate {
                issuer: certificate.issuer_rfc2253(),
            })?;
        let key = public_key_bits(&issuer.certificate)?;
        let id = der::sequence(&[
            der::sequence(&[oid(SHA256)?, der::NULL.to_vec()]),
            der::value(
                der::OCTET_STRING,
                &openssl::sha::sha256(certificate.raw_issuer()),
            ),
            der::value(der::OCTET_STRING, &openssl::sha::sha256(key)),
            der::value(der::INTEGER, certificate.serial_number()),
        ]);
        respond(issuer, &id, certificate.serial_number(), None, how)
    }

    /// The answer to a request with one SHA-1 certID of an authority of this PKI, with the request's nonce.
    ///
    /// # Errors
    /// [`TestPkiError::UnreadableRequest`] where the request cannot be read or is about somebody else's certificate.
    pub fn ocsp_reply(
        &self,
        request: &[u8],
        how: &OcspAnswering<'_>,
    ) -> Result<Vec<u8>, TestPkiError> {
        let refused = |_: DerError| TestPkiError::UnreadableRequest;
        let what = "OCSPRequest";
        let mut fields = Reader::of_sequence(request, what).map_err(refused)?;
        let mut to_be_signed = fields.sequence(what).map_err(refused)?;
        let mut requests = to_be_signed.sequence(what).map_err(refused)?;
        let id = requests
            .sequence(what)
            .and_then(|mut request| request.expect(der::SEQUENCE, what))
            .map_err(refused)?;
        let extensions = to_be_signed.optional(0xa2, what).map_err(refused)?;
        let mut inside = Reader::new(id.content);
        inside.sequence(what).map_err(refused)?;
        let name = inside.octet_string(what).map_err(refused)?;
        inside.octet_string(what).map_err(refused)?;
        let serial = inside.integer(what).map_err(refused)?;
        let issuer = self
            .authorities
            .values()
            .find(|state| openssl::sha::sha1(state.certificate.raw_subject()) == name)
            .ok_or(TestPkiError::UnreadableRequest)?;
        // The nonce is the only extension that our requests have; it goes back as it came.
        let extensions = extensions.map(|extensions| extensions.content);
        respond(issuer, id.whole, serial, extensions, how)
    }
}

fn respond(
    issuer: &AuthorityState,
    id: &[u8],
    serial: &[u8],
    extensions: Option<&[u8]>,
    how: &OcspAnswering<'_>,
) -> Result<Vec<u8>, TestPkiError> {
    let time = |time: UnixTime| -> Result<Vec<u8>, TestPkiError> {
        let text = extension_writer::generalized_time_text(time)?;
        Ok(der::value(der::GENERALIZED_TIME, text.as_bytes()))
    };
    let revoked = issuer
        .revoked
        .iter()
        .find(|revoked| revoked.serial == serial);
    let status = match revoked {
        _ if how.unknown => der::context_primitive(2, &[]),
        None => der::context_primitive(0, &[]),
        Some(Revoked { at, reason, .. }) => {
            let reason = der::value(der::ENUMERATED, &[reason.code()]);
            der::context(1, &[time(*at)?, der::context(0, &reason)].concat())
        }
    };
    let next_update = match how.next_update {
        Some(next_update) => der::context(0, &time(next_update)?),
        None => Vec::new(),
    };
    let single = der::sequence(&[id.to_vec(), status, time(how.this_update)?, next_update]);
    let (signer, key) = match how.responder {
        Some(responder) => (&responder.certificate, &responder.key),
        None => (&issuer.certificate, &issuer.key),
    };
    let responder_id = if how.responder.is_some() {
        let digest = openssl::sha::sha1(public_key_bits(signer)?);
        der::context(2, &der::value(der::OCTET_STRING, &digest))
    } else {
        der::context(1, signer.raw_subject())
    };
    let data = der::sequence(&[
        responder_id,
        time(how.this_update)?,
        der::sequence(&[single]),
        extensions.map_or_else(Vec::new, |extensions| der::context(1, extensions)),
    ]);
    let digest = SignatureDigest::Sha256;
    let certificates = match how.responder {
        Some(_) => der::context(0, &der::sequence(&[signer.der()])),
        None => Vec::new(),
    };
    let basic = der::sequence(&[
        data.clone(),
        key.algorithm(digest)?,
        der::bit_string(&key.signature(digest, &data)?),
        certificates,
    ]);
    let bytes = der::sequence(&[
        oid("1.3.6.1.5.5.7.48.1.1")?,
        der::value(der::OCTET_STRING, &basic),
    ]);
    Ok(der::sequence(&[
        der::value(der::ENUMERATED, &[0]),
        der::context(0, &bytes),
    ]))
}

fn public_key_bits(certificate: &Certificate) -> Result<&[u8], TestPkiError> {
    let refused = |_: DerError| TestPkiError::UnreadableRequest;
    let mut fields = Reader::of_sequence(certificate.spki_der(), "spki").map_err(refused)?;
    fields.sequence("algorithm").map_err(refused)?;
    fields.bit_string("subjectPublicKey").map_err(refused)
}
