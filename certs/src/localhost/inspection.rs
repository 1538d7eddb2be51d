//! Reads back a stored root and leaf and says what is wrong with them, for `paraphe trust status`.
//!
//! The extensions that carry the guarantee are compared byte for byte with the only encoding that
//! [`LocalhostCertificates::generate`](super::LocalhostCertificates::generate) writes: anything else is not ours.

use openssl::pkey::PKey;
use openssl::x509::X509;
use thiserror::Error;

use super::{DNS_NAME, IPV4, IPV6};
use crate::certificate::Certificate;
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::secret::PrivateKeyPem;
use crate::unix_time::UnixTime;

/// One thing that is wrong with stored localhost certificates.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalhostProblem {
    /// The root or the leaf has expired: make new ones.
    #[error("the {which} certificate expired on {not_after}")]
    Expired {
        /// `root` or `leaf`.
        which: &'static str,
        /// Its last second of validity.
        not_after: UnixTime,
    },
    /// The root or the leaf is not valid yet; the clock may be wrong.
    #[error("the {which} certificate is not valid before {not_before}")]
    NotYetValid {
        /// `root` or `leaf`.
        which: &'static str,
        /// Its first second of validity.
        not_before: UnixTime,
    },
    /// The root lacks the critical name constraints: it could vouch for any site, and must not be trusted.
    #[error("the root is not limited to localhost by critical name constraints")]
    Unconstrained,
    /// The root is not a self-signed authority with path length 0 that signs certificates only.
    #[error("the root is not an authority of the form that Paraphe makes")]
    UnexpectedRoot,
    /// The leaf's signature does not verify with the root's key, or names another issuer.
    #[error("the leaf was not signed by the root")]
    NotSignedByRoot,
    /// The leaf is not a TLS server's for exactly localhost, 127.0.0.1 and ::1.
    #[error("the leaf is not a server certificate for localhost, 127.0.0.1 and ::1 only")]
    UnexpectedLeaf,
}

/// What is wrong with a root and a leaf at a time. Nothing where they are what Paraphe makes, and valid.
#[must_use]
pub fn inspect(root: &Certificate, leaf: &Certificate, now: UnixTime) -> Vec<LocalhostProblem> {
    let mut problems = Vec::new();
    for (which, certificate) in [("root", root), ("leaf", leaf)] {
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        if now > not_after {
            problems.push(LocalhostProblem::Expired { which, not_after });
        }
        if now < not_before {
            problems.push(LocalhostProblem::NotYetValid { which, not_before });
        }
    }
    if !has_critical(root, "2.5.29.30", &name_constraints()) {
        problems.push(LocalhostProblem::Unconstrained);
    }
    // CA:TRUE, pathLenConstraint 0
    let is_root = has_critical(root, "2.5.29.19", &[0x30, 6, 1, 1, 0xff, 2, 1, 0])
        && root.key_usage() == KeyUsage::KEY_CERT_SIGN
        && root.is_self_issued()
        && signed_by(root, root);
    if !is_root {
        problems.push(LocalhostProblem::UnexpectedRoot);
    }
    if leaf.raw_issuer() != root.raw_subject() || !signed_by(leaf, root) {
        problems.push(LocalhostProblem::NotSignedByRoot);
    }
    let is_server = !leaf.is_ca()
        && leaf.key_usage() == KeyUsage::DIGITAL_SIGNATURE
        && leaf.extended_key_usage_oids() == [ExtendedKeyUsage::ServerAuth.oid()]
        && leaf
            .extension("2.5.29.17")
            .is_some_and(|names| names.value == subject_alternative_names());
    if !is_server {
        problems.push(LocalhostProblem::UnexpectedLeaf);
    }
    problems
}

/// Whether a private key is the one of a certificate.
#[must_use]
pub fn key_matches(certificate: &Certificate, key: &PrivateKeyPem) -> bool {
    PKey::private_key_from_pem(key.expose().as_bytes())
        .and_then(|key| key.public_key_to_der())
        .is_ok_and(|spki| spki == certificate.spki_der())
}

fn has_critical(certificate: &Certificate, oid: &str, value: &[u8]) -> bool {
    certificate
        .extension(oid)
        .is_some_and(|found| found.critical && found.value == value)
}

fn signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let verified = || -> Result<bool, openssl::error::ErrorStack> {
        let key = PKey::public_key_from_der(issuer.spki_der())?;
        X509::from_der(certificate.der())?.verify(&key)
    };
    verified().unwrap_or(false)
}

/// NameConstraints with permittedSubtrees only. Every length here is below 128.
fn name_constraints() -> Vec<u8> {
    let subtree = |tag: u8, content: &[u8]| short(0x30, &short(tag, content));
    let permitted = [
        subtree(0x82, DNS_NAME.as_bytes()),
        subtree(0x87, &[IPV4, [0xff; 4]].concat()),
        subtree(0x87, &[IPV6, [0xff; 16]].concat()),
    ];
    short(0x30, &short(0xa0, &permitted.concat()))
}

/// GeneralNames of the leaf.
fn subject_alternative_names() -> Vec<u8> {
    let names = [
        short(0x82, DNS_NAME.as_bytes()),
        short(0x87, &IPV4),
        short(0x87, &IPV6),
    ];
    short(0x30, &names.concat())
}

fn short(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(0x7f);
    [&[tag, length][..], content].concat()
}
