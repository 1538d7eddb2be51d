//! The certificates of the agent's own HTTPS door: a root that can vouch for this machine only, and one leaf.
//!
//! The root (P-256) has critical basicConstraints with path length 0, critical keyUsage keyCertSign, and **critical**
//! nameConstraints that permit `localhost`, 127.0.0.1 and ::1 only (RFC 5280, 4.2.1.10). It signs one leaf for those names, and its
//! private key is destroyed before [`LocalhostCertificates::generate`] returns: RFC 5280 lets a verifier ignore the
//! constraints of a trust anchor, and a key that no longer exists covers those. Renewal makes a new root.

mod inspection;
mod key;

use std::net::Ipv6Addr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyUsagePurpose, NameConstraints, SanType, SerialNumber,
};
use thiserror::Error;
use time::OffsetDateTime;

pub use inspection::{LocalhostProblem, inspect, key_matches};

use crate::certificate::{Certificate, CertificateError};
use crate::secret::PrivateKeyPem;
use crate::unix_time::UnixTime;
use key::P256Key;

/// Longest validity of root and leaf, and the usual one: 90 days.
pub const MAX_VALIDITY: Duration = Duration::from_secs(90 * 86_400);

/// How far before `now` the validity begins, in seconds: a clock that is set back a little must not close the door.
const BACKDATED_SECONDS: i64 = 300;

const DNS_NAME: &str = "localhost";
const IPV4: [u8; 4] = [127, 0, 0, 1];
const IPV6: [u8; 16] = Ipv6Addr::LOCALHOST.octets();

/// A constrained root, its only leaf, and the leaf's private key.
#[derive(Debug)]
pub struct LocalhostCertificates {
    root: Certificate,
    leaf: Certificate,
    leaf_key: PrivateKeyPem,
}

impl LocalhostCertificates {
    /// Makes a root and a leaf that are valid from five minutes before `now` until `now + validity`.
    ///
    /// # Errors
    /// [`LocalhostError::Validity`] where the validity is zero or longer than [`MAX_VALIDITY`]; otherwise a failure of the crypto
    /// library or a time that no certificate can hold.
    pub fn generate(now: UnixTime, validity: Duration) -> Result<Self, LocalhostError> {
        if validity.is_zero() || validity > MAX_VALIDITY {
            return Err(LocalhostError::Validity {
                seconds: validity.as_secs(),
            });
        }
        let period = Period::new(now, validity)?;
        let (issuer, root) = root(&period)?;
        let leaf_key = P256Key::generate()?;
        let leaf = leaf(&issuer, &leaf_key, &period, names()?)?;
        // The root's key ends here.
        drop(issuer);
        Ok(Self {
            root,
            leaf,
            leaf_key: leaf_key.to_pem()?,
        })
    }

    /// The root, to be trusted by browsers.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }

    /// DER of the root.
    #[must_use]
    pub fn root_der(&self) -> &[u8] {
        self.root.der()
    }

    /// The root as PEM.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// The leaf, for the TLS server.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// The leaf as PEM.
    #[must_use]
    pub fn leaf_pem(&self) -> String {
        self.leaf.pem()
    }

    /// The leaf's private key, PKCS#8.
    #[must_use]
    pub fn leaf_key_pem(&self) -> &PrivateKeyPem {
        &self.leaf_key
    }

    /// Gives the leaf's private key away, for a caller that stores it.
    #[must_use]
    pub fn into_leaf_key_pem(self) -> PrivateKeyPem {
        self.leaf_key
    }
}

/// Why localhost certificates could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LocalhostError {
    /// Zero, or longer than [`MAX_VALIDITY`].
    #[error("a validity of {seconds} s is not between 1 s and 90 days")]
    Validity {
        /// What was asked for, in seconds.
        seconds: u64,
    },
    /// `now` is out of the range of dates.
    #[error("the time {} cannot be written in a certificate", .time.0)]
    Time {
        /// The time.
        time: UnixTime,
    },
    /// Key generation or randomness failed.
    #[error("the crypto library failed: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
    /// The certificate could not be written.
    #[error("the certificate could not be made: {0}")]
    Writing(#[from] rcgen::Error),
    /// The certificate that was made cannot be read back.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

struct Period {
    from: OffsetDateTime,
    to: OffsetDateTime,
}

impl Period {
    fn new(now: UnixTime, validity: Duration) -> Result<Self, LocalhostError> {
        let seconds = i64::try_from(validity.as_secs()).unwrap_or(i64::MAX);
        let date = |time: UnixTime| {
            OffsetDateTime::from_unix_timestamp(time.0).map_err(|_| LocalhostError::Time { time })
        };
        Ok(Self {
            from: date(now.plus_seconds(-BACKDATED_SECONDS))?,
            to: date(now.plus_seconds(seconds))?,
        })
    }
}

fn root(period: &Period) -> Result<(Issuer<'static, P256Key>, Certificate), LocalhostError> {
    let key = P256Key::generate()?;
    let mut parameters = parameters(period)?;
    // Each root has its own name, so that a browser that knows an older one never takes it for this one.
    let name = format!("Paraphe localhost root {}", random_hexadecimal()?);
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName(DNS_NAME.into()),
            GeneralSubtree::IpAddress(CidrSubnet::V4(IPV4, [0xff; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(IPV6, [0xff; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    let certificate = parameters.self_signed(&key)?;
    Ok((
        Issuer::new(parameters, key),
        Certificate::from_der(certificate.der())?,
    ))
}

fn leaf(
    issuer: &Issuer<'_, P256Key>,
    key: &P256Key,
    period: &Period,
    names: Vec<SanType>,
) -> Result<Certificate, LocalhostError> {
    let mut parameters = parameters(period)?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, DNS_NAME);
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.subject_alt_names = names;
    parameters.use_authority_key_identifier_extension = true;
    Ok(Certificate::from_der(
        parameters.signed_by(key, issuer)?.der(),
    )?)
}

fn names() -> Result<Vec<SanType>, LocalhostError> {
    Ok(vec![
        SanType::DnsName(DNS_NAME.try_into()?),
        SanType::IpAddress(IPV4.into()),
        SanType::IpAddress(IPV6.into()),
    ])
}

/// 16 hexadecimal digits: with the words before them they stay under X.520's 64 characters for a commonName.
fn random_hexadecimal() -> Result<String, openssl::error::ErrorStack> {
    let mut bytes = [0; 8];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn parameters(period: &Period) -> Result<CertificateParams, LocalhostError> {
    let mut serial = [0; 16];
    openssl::rand::rand_bytes(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    parameters.not_before = period.from;
    parameters.not_after = period.to;
    Ok(parameters)
}

#[cfg(test)]
mod tests;
