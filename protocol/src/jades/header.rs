//! The protected header: what the signer signed about the signature (RFC 7515 section 4, TS 119 182-1 clause 5). Read out of the very
//! bytes that are signed. Parameters that are not critical and say nothing that is needed are passed over.

use std::collections::HashSet;

use paraphe_certs::{Certificate, UnixTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::certificate_digest::CertificateDigest;
use super::detached::DetachedObjects;
use super::json::Json;
use super::names::{from_base64, malformed, not_accepted};
use super::unsigned::MAXIMUM_CERTIFICATE_BYTES;
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{MAXIMUM_CERTIFICATES, ReadError, SubIndication};
use crate::xades::is_writable_time;

const WHAT: &str = "the protected header";
/// Parameters beyond RFC 7515 that are understood here: a signer may demand that. The last three say under which commitments, where
/// and in which role it was signed; nothing here follows from them.
const UNDERSTOOD: [&str; 9] = [
    "b64", "iat", "sigD", "sigT", "sigX5ts", "x5t#o", "srCms", "sigPl", "srAts",
];
/// Those that must be declared critical where they are used, for a reader that passed them over would verify something else.
const ALWAYS_CRITICAL: [&str; 2] = ["b64", "sigD"];

/// What the protected header says.
pub(super) struct ProtectedHeader {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signing_time: Option<UnixTime>,
    pub(super) signer: CertificateDigest,
    pub(super) certificates: Vec<Certificate>,
    /// Whether payload and documents are signed as they are (`b64` is false), not in base64url.
    pub(super) is_unencoded: bool,
    pub(super) detached: Option<DetachedObjects>,
}

impl ProtectedHeader {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let header = Json::parse(bytes, WHAT)?;
        check_critical(&header)?;
        let name = header.member("alg", WHAT)?.text("alg")?;
        let algorithm: SignatureAlgorithm = name.parse().map_err(|_| not_accepted(name))?;
        let is_unencoded = match header.optional_member("b64", WHAT)? {
            None => false,
            Some(Json::Boolean(is_encoded)) => !is_encoded,
            Some(_) => return Err(malformed("b64 is neither true nor false")),
        };
        let detached = header.optional_member("sigD", WHAT)?;
        Ok(Self {
            algorithm,
            signing_time: signing_time(&header)?,
            signer: CertificateDigest::read(&header)?,
            certificates: certificates(&header)?,
            is_unencoded,
            detached: detached.map(DetachedObjects::read).transpose()?,
        })
    }
}

fn check_critical(header: &Json<'_>) -> Result<(), ReadError> {
    let refused = |explanation: String| {
        let failure = SubIndication::FormatFailure;
        Err(ReadError::new(failure, "critical-header", explanation))
    };
    let mut critical = HashSet::new();
    if let Some(names) = header.optional_member("crit", WHAT)? {
        for name in names.array("crit")? {
            let name = name.text("crit")?;
            if !UNDERSTOOD.contains(&name) {
                let name: String = name.chars().take(64).collect();
                return refused(format!("{name} is critical and not understood"));
            }
            if header.optional_member(name, WHAT)?.is_none() || !critical.insert(name) {
                return refused("a critical header is not there, or named twice".to_owned());
            }
        }
        if critical.is_empty() {
            return refused("the list of critical headers is empty".to_owned());
        }
    }
    for name in ALWAYS_CRITICAL {
        if header.optional_member(name, WHAT)?.is_some() && !critical.contains(name) {
            return refused(format!("{name} is used without being declared critical"));
        }
    }
    Ok(())
}

/// `iat` since version 1.2.1, `sigT` before; not both.
fn signing_time(header: &Json<'_>) -> Result<Option<UnixTime>, ReadError> {
    let time = match (
        header.optional_member("iat", WHAT)?,
        header.optional_member("sigT", WHAT)?,
    ) {
        (None, None) => return Ok(None),
        (Some(Json::Integer(seconds)), None) => UnixTime(*seconds),
        (None, Some(text)) => {
            let moment = OffsetDateTime::parse(text.text("sigT")?, &Rfc3339);
            UnixTime(
                moment
                    .map_err(|_| malformed("sigT is not a time"))?
                    .unix_timestamp(),
            )
        }
        _ => return Err(malformed("the time of signing stands twice, or is no time")),
    };
    if is_writable_time(time) {
        Ok(Some(time))
    } else {
        Err(malformed("the time of signing is out of range"))
    }
}

/// `x5c`: in standard base64, the signer's first.
fn certificates(header: &Json<'_>) -> Result<Vec<Certificate>, ReadError> {
    let Some(chain) = header.optional_member("x5c", WHAT)? else {
        return Ok(Vec::new());
    };
    let chain = chain.array("x5c")?;
    if chain.is_empty() || chain.len() > MAXIMUM_CERTIFICATES {
        return Err(malformed("x5c holds no certificate, or too many"));
    }
    chain
        .iter()
        .map(|value| certificate(value.text("x5c")?))
        .collect()
}

pub(super) fn certificate(text: &str) -> Result<Certificate, ReadError> {
    let der = from_base64(text, MAXIMUM_CERTIFICATE_BYTES, "a certificate")?;
    Certificate::from_der(&der).map_err(|error| {
        ReadError::new(
            SubIndication::FormatFailure,
            "certificate-unreadable",
            format!("a certificate of the signature cannot be read: {error}"),
        )
    })
}
