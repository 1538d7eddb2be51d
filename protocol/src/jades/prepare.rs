//! Laying a JAdES-B signature out (TS 119 182-1 clause 6.3): `alg`, `typ`, `iat`, `x5t#S256`, `x5c`; `cty` of the payload, or `sigD` with
//! `b64` and `crit`. The bytes to sign are protected header and payload in base64url with a point between, or with nothing behind the point.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::detached;
use super::file::JadesFile;
use super::names::{TYPE, to_base64, to_base64url};
use crate::algorithm::SignatureAlgorithm;
use crate::signature::detached_document::{self, DetachedDocument, check_media_type};
use crate::signature::{DigestAlgorithm, PreparedSignature, SignatureFile, Signer, SigningError};
use crate::xades::is_writable_time;

/// Largest document that is put into a signature file, bytes.
pub const MAXIMUM_ATTACHED_BYTES: usize = 64 * 1024 * 1024;

/// Lays a signature out that stands beside its documents. Their digests are by the digest of the signer's algorithm.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_detached(
    documents: &[DetachedDocument],
    signer: &Signer<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    let digest = signer.algorithm.digest();
    detached_document::check(documents, digest)?;
    let mut header = header(signer)?;
    header.insert("b64".to_owned(), json!(false));
    header.insert("sigD".to_owned(), detached::write(documents, digest));
    header.insert("crit".to_owned(), json!(["b64", "sigD"]));
    Ok(prepare(signer, header, None, documents.len()))
}

/// Lays a signature out that has its document inside.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_attached(
    document: &[u8],
    media_type: &str,
    signer: &Signer<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    check_media_type(media_type)?;
    if document.len() > MAXIMUM_ATTACHED_BYTES {
        return Err(SigningError::NoRoom {
            what: "a document of this size inside a signature",
        });
    }
    if document.is_empty() {
        return Err(SigningError::Document {
            reason: "an empty document cannot be told from one that is missing".to_owned(),
        });
    }
    let mut header = header(signer)?;
    header.insert("cty".to_owned(), json!(short_media_type(media_type)));
    Ok(prepare(signer, header, Some(document), 0))
}

/// Media type as RFC 7515 section 4.1.10 recommends it: without `application/`, where no other slash follows.
pub(super) fn short_media_type(media_type: &str) -> &str {
    let short = media_type.strip_prefix("application/");
    short
        .filter(|short| !short.contains('/'))
        .unwrap_or(media_type)
}

fn header(signer: &Signer<'_>) -> Result<Map<String, Value>, SigningError> {
    signer.check()?;
    if !is_writable_time(signer.signing_time) {
        return Err(SigningError::SigningTime);
    }
    let certificates = signer.certificates();
    let certificates = certificates.map(|certificate| to_base64(certificate.der()));
    let thumbprint = DigestAlgorithm::Sha256.digest(signer.certificate.der())?;
    let parameters = [
        ("alg", json!(signer.algorithm.name())),
        ("typ", json!(TYPE)),
        ("iat", json!(signer.signing_time.0)),
        ("x5t#S256", json!(to_base64url(&thumbprint))),
        ("x5c", json!(certificates.collect::<Vec<_>>())),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
    Ok(parameters.into_iter().collect())
}

fn prepare(
    signer: &Signer<'_>,
    header: Map<String, Value>,
    payload: Option<&[u8]>,
    documents: usize,
) -> Box<dyn PreparedSignature> {
    let mut signed = to_base64url(Value::Object(header).to_string().as_bytes());
    let protected_length = signed.len();
    signed.push('.');
    if let Some(payload) = payload {
        signed.reserve_exact(payload.len().div_ceil(3).saturating_mul(4));
        URL_SAFE_NO_PAD.encode_string(payload, &mut signed);
    }
    Box::new(PreparedJades {
        algorithm: signer.algorithm,
        spki: signer.certificate.spki_der().to_vec(),
        signed: SignedText {
            text: signed,
            protected_length,
        },
        documents,
    })
}

/// What is signed: protected header, a point, payload.
pub(super) struct SignedText {
    text: String,
    protected_length: usize,
}

impl SignedText {
    pub(super) fn protected(&self) -> &str {
        self.text.get(..self.protected_length).unwrap_or_default()
    }

    /// Empty where the documents stand beside.
    pub(super) fn payload(&self) -> &str {
        let at = self.protected_length.saturating_add(1);
        self.text.get(at..).unwrap_or_default()
    }
}

/// A JAdES signature that waits for its value.
struct PreparedJades {
    algorithm: SignatureAlgorithm,
    spki: Vec<u8>,
    signed: SignedText,
    /// How many stand beside.
    documents: usize,
}

impl PreparedSignature for PreparedJades {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn to_be_signed(&self) -> &[u8] {
        self.signed.text.as_bytes()
    }

    fn complete(
        self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError> {
        self.algorithm
            .verify(&self.spki, self.to_be_signed(), signature_value)?;
        // RFC 7518 writes r and s as keys give them.
        let signature = to_base64url(signature_value);
        Ok(Box::new(JadesFile::new(
            self.signed,
            signature,
            self.documents,
        )))
    }
}

impl fmt::Debug for PreparedJades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedJades({})", self.algorithm)
    }
}
