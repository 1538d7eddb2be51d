//! Revocation lists of the test PKI's authorities (RFC 5280, section 5).

use crate::crl::RevocationList;
use crate::pem;
use crate::unix_time::UnixTime;

use super::authority::Authority;
use super::error::TestPkiError;
use super::extension_writer::{self, authority_key_identifier, extension};
use super::issue::encode_time;
use super::key::Key;
use super::template::SignatureDigest;
use crate::der;

/// Why a certificate is revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationReason {
    /// 1: the key may be known to others.
    KeyCompromise,
    /// 4: the holder has a newer card.
    Superseded,
    /// 5: the holder no longer practises.
    CessationOfOperation,
}

impl RevocationReason {
    const ALL: [Self; 3] = [
        Self::KeyCompromise,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::KeyCompromise => 1,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// One revoked certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Revoked {
    pub(super) serial: Vec<u8>,
    pub(super) at: UnixTime,
    pub(super) reason: RevocationReason,
}

/// A revocation list with its authority.
#[derive(Debug, Clone)]
pub struct IssuedList {
    /// Who issued it.
    pub authority: Authority,
    /// The list.
    pub list: RevocationList,
}

impl IssuedList {
    /// The list as one PEM block.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(pem::X509_CRL, self.list.der())
    }
}

/// When a list is made, when the next one is due, and for a delta the time of the complete list that it amends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) this_update: UnixTime,
    pub(super) next_update: UnixTime,
    pub(super) base: Option<UnixTime>,
}

/// Makes a list. Its cRLNumber is the time, so that it grows without a counter to keep.
pub(super) fn make(
    authority: Authority,
    key: &Key,
    raw_issuer: &[u8],
    revoked: &[Revoked],
    times: Times,
) -> Result<IssuedList, TestPkiError> {
    let Times {
        this_update,
        next_update,
        base,
    } = times;
    let digest = SignatureDigest::Sha256;
    let mut entries = Vec::new();
    for entry in revoked
        .iter()
        .filter(|entry| base.is_none_or(|base| entry.at >= base))
    {
        let reason = extension(
            "2.5.29.21",
            false,
            der::value(der::ENUMERATED, &[entry.reason.code()]),
        );
        entries.push(der::sequence(&[
            der::unsigned_integer(&entry.serial),
            encode_time(entry.at)?,
            extension_writer::encode(&[reason])?,
        ]));
    }
    let number = |time: UnixTime| -> Result<Vec<u8>, TestPkiError> {
        let number = u64::try_from(time.0).map_err(|_| TestPkiError::InvalidTime { time })?;
        Ok(der::unsigned_integer(&number.to_be_bytes()))
    };
    let mut extensions = vec![
        authority_key_identifier(&key.public.identifier),
        extension("2.5.29.20", false, number(this_update)?),
    ];
    if let Some(base) = base {
        extensions.push(extension("2.5.29.27", true, number(base)?));
    }
    let extensions = extension_writer::encode(&extensions)?;
    let to_be_signed = der::sequence(&[
        der::unsigned_integer(&[1]),
        key.algorithm(digest)?,
        raw_issuer.to_vec(),
        encode_time(this_update)?,
        encode_time(next_update)?,
        // RFC 5280, 5.1.2.6: absent where nothing is revoked
        if entries.is_empty() {
            Vec::new()
        } else {
            der::sequence(&entries)
        },
        der::context(0, &extensions),
    ]);
    let list = RevocationList::from_der(&key.signed(digest, &to_be_signed)?)?;
    Ok(IssuedList { authority, list })
}
