//! A certificate revocation list (RFC 5280, section 5): the essentials, and the bytes for the path engine.
//!
//! Entries are not expanded: a production list names hundreds of thousands of certificates, and only the path engine looks
//! one up. Refused: more than [`MAX_CRL_BYTES`], bytes after the list.

use std::sync::Arc;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::x509::{CrlStatus, ReasonCode as ReasonCodeExtension, X509Crl};
use thiserror::Error;
use x509_parser::asn1_rs::{Any, FromDer as _, Tag};
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::certificate::Certificate;
use crate::crl_scope::ListExtensions;
use crate::distinguished_name::DistinguishedName;
use crate::key_usage::KeyUsage;
use crate::pem;
use crate::revocation::{ReasonCode, Revocation};
use crate::signed_structure;
use crate::unix_time::UnixTime;

/// Largest list that is read, in bytes.
pub const MAX_CRL_BYTES: usize = 32 * 1024 * 1024;

/// A revocation list that was read. Its signature is verified when a path is.
#[derive(Clone)]
pub struct RevocationList {
    /// Shared: lists are large and travel with signatures.
    der: Arc<[u8]>,
    issuer: DistinguishedName,
    raw_issuer: Vec<u8>,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    extensions: ListExtensions,
    parsed: Arc<X509Crl>,
}

impl RevocationList {
    /// Reads one list that fills `der` exactly.
    ///
    /// # Errors
    /// [`RevocationListError`] where the bytes are not one readable list within the limits.
    pub fn from_der(der: &[u8]) -> Result<Self, RevocationListError> {
        if der.len() > MAX_CRL_BYTES {
            return Err(RevocationListError::TooLong { length: der.len() });
        }
        let malformed = |detail: &str| RevocationListError::Malformed {
            detail: detail.to_owned(),
        };
        let header = Header::read(der)
            .ok_or_else(|| malformed("its header does not have the form of RFC 5280, 5.1"))?;
        let parsed = X509Crl::from_der(der).map_err(|error| malformed(&error.to_string()))?;
        Ok(Self {
            der: der.into(),
            issuer: DistinguishedName::from_parsed(&header.issuer)
                .ok_or_else(|| malformed("its issuer name is too long"))?,
            raw_issuer: header.issuer.as_raw().to_vec(),
            this_update: header.this_update,
            next_update: header.next_update,
            extensions: header.extensions,
            parsed: Arc::new(parsed),
        })
    }

    /// Reads a list in DER, or a PEM text with exactly one `X509 CRL` block.
    ///
    /// # Errors
    /// [`RevocationListError`] as [`RevocationList::from_der`].
    pub fn from_pem_or_der(bytes: &[u8]) -> Result<Self, RevocationListError> {
        if bytes.first() == Some(&0x30) {
            return Self::from_der(bytes);
        }
        let blocks = pem::blocks(bytes).map_err(|error| RevocationListError::Malformed {
            detail: error.to_string(),
        })?;
        match blocks.as_slice() {
            [block] if block.label == pem::X509_CRL => Self::from_der(&block.contents),
            _ => Err(RevocationListError::Malformed {
                detail: format!("{} PEM blocks, not one X509 CRL", blocks.len()),
            }),
        }
    }

    /// The list, byte for byte as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who issued the list.
    #[must_use]
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// DER of the issuer Name, as encoded.
    #[must_use]
    pub fn raw_issuer(&self) -> &[u8] {
        &self.raw_issuer
    }

    /// When the list was made.
    #[must_use]
    pub fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// When a newer list will exist at the latest; after that this one proves nothing.
    #[must_use]
    pub fn next_update(&self) -> Option<UnixTime> {
        self.next_update
    }

    /// Whether this is a delta: only what changed since a complete list. By itself it proves nothing of a certificate that it does not
    /// name.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.extensions.base.is_some()
    }

    /// Whether the list is complete and says something of certificates like this one: the issuer is the same, and the list's scope
    /// holds it.
    #[must_use]
    pub fn covers(&self, certificate: &Certificate) -> bool {
        !self.is_delta() && self.speaks_of(certificate)
    }

    /// Whether this is a delta that amends a complete list (RFC 5280, 5.2.4 and 6.3.3 (c)): the same issuer and scope, made of that
    /// list or of an older one, and newer than it.
    #[must_use]
    pub fn amends(&self, complete: &Self) -> bool {
        let (own, other) = (&self.extensions, &complete.extensions);
        let (Some(base), Some(number), Some(amended)) = (&own.base, &own.number, &other.number)
        else {
            return false;
        };
        !complete.is_delta()
            && self.raw_issuer == complete.raw_issuer
            && own.scope == other.scope
            && base <= amended
            && number > amended
    }

    /// The delta's or the list's issuer and scope hold the certificate.
    fn speaks_of(&self, certificate: &Certificate) -> bool {
        self.raw_issuer == certificate.raw_issuer() && self.extensions.scope.covers(certificate)
    }

    /// Whether the other list is of the same series and this one is the newer of the two.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        self.is_delta() == other.is_delta()
            && self.raw_issuer == other.raw_issuer
            && self.extensions.scope == other.extensions.scope
            && (&self.extensions.number, self.this_update)
                > (&other.extensions.number, other.this_update)
    }

    /// Whether the list has a cRLNumber that can be read, as RFC 5280, 5.2.3 asks.
    pub(crate) fn is_numbered(&self) -> bool {
        self.extensions.number.is_some()
    }

    /// Whether the list is complete and its scope can be read, so that no other list has to be asked about what it covers.
    pub(crate) fn speaks_for_itself(&self) -> bool {
        !self.is_delta() && self.is_numbered() && self.extensions.scope.is_readable()
    }

    /// Whether the list has any entry of this serial number, or none can be told.
    pub(crate) fn names(&self, certificate: &Certificate) -> bool {
        let number =
            signed(certificate.serial_number()).and_then(|number| number.to_asn1_integer());
        number.map_or(true, |number| {
            !matches!(self.parsed.get_by_serial(&number), CrlStatus::NotRevoked)
        })
    }

    /// The entry of a certificate of the list's issuer, where there is one.
    #[must_use]
    pub fn revocation_of(&self, certificate: &Certificate) -> Option<Revocation> {
        let serial = signed(certificate.serial_number()).ok()?;
        let serial = serial.to_asn1_integer().ok()?;
        let CrlStatus::Revoked(entry) = self.parsed.get_by_serial(&serial) else {
            return None;
        };
        let reason = entry.extension::<ReasonCodeExtension>().ok().flatten();
        Some(Revocation {
            since: seconds(entry.revocation_date()),
            reason: reason
                .and_then(|(_, code)| u8::try_from(code.get_i64().ok()?).ok())
                .map(ReasonCode),
        })
    }

    /// Whether the list was signed with this authority's key, which may sign lists.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        self.raw_issuer == issuer.raw_subject()
            && issuer.key_usage().contains(KeyUsage::CRL_SIGN)
            && signed_structure::verify(&self.der, issuer.spki_der()).is_ok()
    }

    pub(crate) fn parsed(&self) -> &X509Crl {
        &self.parsed
    }
}

impl PartialEq for RevocationList {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for RevocationList {}

impl std::fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationList")
            .field("issuer", &self.issuer.rfc2253())
            .field("this_update", &self.this_update.to_string())
            .field(
                "next_update",
                &self.next_update.map(|time| time.to_string()),
            )
            .finish_non_exhaustive()
    }
}

/// Why bytes are not a revocation list that this crate reads.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationListError {
    /// Longer than [`MAX_CRL_BYTES`].
    #[error("the revocation list has {length} bytes; the limit is {MAX_CRL_BYTES}")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// Not a revocation list, or a truncated one.
    #[error("the revocation list cannot be read: {detail}")]
    Malformed {
        /// What the parser met.
        detail: String,
    },
}

/// A number from the content of an INTEGER, which is in two's complement: authorities have given out negative serial numbers.
fn signed(content: &[u8]) -> Result<BigNum, ErrorStack> {
    if content.first().is_none_or(|first| *first < 0x80) {
        return BigNum::from_slice(content);
    }
    let inverted: Vec<u8> = content.iter().map(|byte| !byte).collect();
    let mut number = BigNum::from_slice(&inverted)?;
    number.add_word(1)?;
    number.set_negative(true);
    Ok(number)
}

/// Not before 1970 in any list; a date that OpenSSL cannot compute counts as the oldest.
fn seconds(time: &Asn1TimeRef) -> UnixTime {
    let elapsed = Asn1Time::from_unix(0)
        .and_then(|epoch| epoch.diff(time))
        .map(|since| i64::from(since.days) * UnixTime::DAY + i64::from(since.secs));
    UnixTime(elapsed.unwrap_or(0))
}

/// The fields around the entries.
struct Header<'a> {
    issuer: X509Name<'a>,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    extensions: ListExtensions,
}

impl<'a> Header<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let sequence = |bytes: &'a [u8]| -> Option<(&'a [u8], &'a [u8])> {
            let (rest, value) = Any::from_der(bytes).ok()?;
            (value.tag() == Tag::Sequence).then_some((rest, value.data))
        };
        let ([], list) = sequence(der)? else {
            return None;
        };
        let (_, mut rest) = sequence(list)?;
        // version is optional, INTEGER
        if rest.first() == Some(&0x02) {
            rest = Any::from_der(rest).ok()?.0;
        }
        let (rest, _signature_algorithm) = sequence(rest)?;
        let (rest, issuer) = X509Name::from_der(rest).ok()?;
        let (rest, this_update) = ASN1Time::from_der(rest).ok()?;
        // nextUpdate is optional: UTCTime or GeneralizedTime
        let (mut rest, next_update) = match rest.first() {
            Some(0x17 | 0x18) => {
                let (rest, time) = ASN1Time::from_der(rest).ok()?;
                (rest, Some(UnixTime(time.timestamp())))
            }
            _ => (rest, None),
        };
        // revokedCertificates is optional and only skipped
        if rest.first() == Some(&0x30) {
            rest = Any::from_der(rest).ok()?.0;
        }
        let extensions = match rest.first() {
            Some(0xa0) => ListExtensions::read(Any::from_der(rest).ok()?.1.data).ok()?,
            _ => ListExtensions::default(),
        };
        Some(Self {
            issuer,
            this_update: UnixTime(this_update.timestamp()),
            next_update,
            extensions,
        })
    }
}
