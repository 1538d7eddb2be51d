//! Whom to trust: anchors, the authorities below them, and their revocation lists, all given as bytes by the caller.

use openssl::x509::{X509, X509Crl};
use thiserror::Error;

use crate::certificate::{Certificate, CertificateError};
use crate::crl::{RevocationList, RevocationListError};
use crate::path::certificate_use::{CertificateSubject, CertificateUse};
use crate::path::error::PathError;
use crate::path::openssl_store::{self, Material, Refusal};
use crate::path::verified::VerifiedCertificate;
use crate::pem::{self, PemError};
use crate::unix_time::UnixTime;

/// X509_V_ERR_CA_BCONS_NOT_CRITICAL of OpenSSL 3, which openssl-sys does not name.
const CA_BASIC_CONSTRAINTS_NOT_CRITICAL: i32 = 89;
/// X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, the same.
const CA_WITHOUT_KEY_USAGE: i32 = 92;

/// Most anchors in a store.
pub const MAX_ANCHORS: usize = 64;
/// Most issuing authorities in a store.
pub const MAX_INTERMEDIATES: usize = 256;
/// Most revocation lists in a store.
pub const MAX_CRLS: usize = 256;
/// Most bytes of revocation lists in a store.
pub const MAX_TOTAL_CRL_BYTES: usize = 256 * 1024 * 1024;

/// Anchors, authorities below them, revocation lists, and whether test products are accepted. Empty when made, and then it
/// refuses everything.
#[derive(Clone, Default)]
pub struct TrustStore {
    anchors: Vec<X509>,
    intermediates: Vec<X509>,
    crls: Vec<RevocationList>,
    accept_test: bool,
}

impl TrustStore {
    /// An empty store that accepts production certificates only.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store from a PEM text with certificates and revocation lists: self-issued authorities become anchors, other
    /// authorities intermediates. Only for a text that the caller trusts as a whole.
    ///
    /// # Errors
    /// [`TrustStoreError`] where a block is unreadable, unknown or not an authority's.
    pub fn from_pem_bundle(pem: &[u8]) -> Result<Self, TrustStoreError> {
        let mut store = Self::new();
        for block in pem::blocks(pem)? {
            match block.label.as_str() {
                pem::CERTIFICATE => {
                    let certificate = Certificate::from_der(&block.contents)?;
                    if certificate.is_self_issued() {
                        store.add_anchor(&certificate)?;
                    } else {
                        store.add_intermediate(&certificate)?;
                    }
                }
                pem::X509_CRL => store.add_crl(RevocationList::from_der(&block.contents)?)?,
                _ => return Err(TrustStoreError::UnexpectedPemBlock { label: block.label }),
            }
        }
        Ok(store)
    }

    /// Sets whether certificates of test products are accepted. They are refused unless this is called with `true`.
    pub fn accept_test(&mut self, accept: bool) -> &mut Self {
        self.accept_test = accept;
        self
    }

    /// Whether certificates of test products are accepted.
    #[must_use]
    pub fn accepts_test(&self) -> bool {
        self.accept_test
    }

    /// Trusts a root. It must be a self-issued authority.
    ///
    /// # Errors
    /// [`TrustStoreError::NotAnAnchor`], [`TrustStoreError::Full`] or an unreadable certificate.
    pub fn add_anchor(&mut self, certificate: &Certificate) -> Result<(), TrustStoreError> {
        if !certificate.is_ca() || !certificate.is_self_issued() {
            return Err(TrustStoreError::NotAnAnchor {
                subject: certificate.subject_rfc2253(),
            });
        }
        add(&mut self.anchors, MAX_ANCHORS, "anchors", certificate)
    }

    /// Trusts every certificate of a PEM text as a root.
    ///
    /// # Errors
    /// As [`TrustStore::add_anchor`], and where the text holds anything but certificates.
    pub fn add_anchors_pem(&mut self, pem: &[u8]) -> Result<(), TrustStoreError> {
        certificates(pem)?
            .iter()
            .try_for_each(|certificate| self.add_anchor(certificate))
    }

    /// Makes an issuing authority known. It is not trusted by that: its own path to an anchor is verified each time.
    ///
    /// # Errors
    /// [`TrustStoreError::NotAnIntermediate`], [`TrustStoreError::Full`] or an unreadable certificate.
    pub fn add_intermediate(&mut self, certificate: &Certificate) -> Result<(), TrustStoreError> {
        if !certificate.is_ca() || certificate.is_self_issued() {
            return Err(TrustStoreError::NotAnIntermediate {
                subject: certificate.subject_rfc2253(),
            });
        }
        add(
            &mut self.intermediates,
            MAX_INTERMEDIATES,
            "intermediates",
            certificate,
        )
    }

    /// Makes every certificate of a PEM text known as an issuing authority.
    ///
    /// # Errors
    /// As [`TrustStore::add_intermediate`], and where the text holds anything but certificates.
    pub fn add_intermediates_pem(&mut self, pem: &[u8]) -> Result<(), TrustStoreError> {
        certificates(pem)?
            .iter()
            .try_for_each(|certificate| self.add_intermediate(certificate))
    }

    /// Adds a revocation list. Of several lists of one authority the engine takes the one that is valid at the time.
    ///
    /// # Errors
    /// [`TrustStoreError::Full`].
    pub fn add_crl(&mut self, crl: RevocationList) -> Result<(), TrustStoreError> {
        let bytes: usize = self.crls.iter().map(|crl| crl.der().len()).sum();
        if self.crls.len() >= MAX_CRLS
            || bytes.saturating_add(crl.der().len()) > MAX_TOTAL_CRL_BYTES
        {
            return Err(TrustStoreError::Full {
                what: "revocation lists",
            });
        }
        self.crls.push(crl);
        Ok(())
    }

    /// Adds every revocation list of a PEM text.
    ///
    /// # Errors
    /// [`TrustStoreError::Full`], and where the text holds anything but revocation lists.
    pub fn add_crls_pem(&mut self, pem: &[u8]) -> Result<(), TrustStoreError> {
        for block in pem::blocks(pem)? {
            if block.label != pem::X509_CRL {
                return Err(TrustStoreError::UnexpectedPemBlock { label: block.label });
            }
            self.add_crl(RevocationList::from_der(&block.contents)?)?;
        }
        Ok(())
    }

    /// Forgets the revocation lists, so that newer ones can be added.
    pub fn clear_crls(&mut self) {
        self.crls.clear();
    }

    /// The revocation lists held, so that a caller can tell which one is about to expire.
    #[must_use]
    pub fn crls(&self) -> &[RevocationList] {
        &self.crls
    }

    /// The same anchors and nothing else: what a signature must bring along all that its path needs with.
    #[must_use]
    pub fn anchors_only(&self) -> Self {
        Self {
            anchors: self.anchors.clone(),
            accept_test: self.accept_test,
            ..Self::default()
        }
    }

    /// How many anchors are trusted.
    #[must_use]
    pub fn anchor_count(&self) -> usize {
        self.anchors.len()
    }

    /// Verifies that a certificate leads to an anchor, is valid and not revoked at a time, allows the use `U`, states a
    /// holder, and does not mix test and production.
    ///
    /// The engine counts the very second of a notAfter or nextUpdate as too late, one second earlier than RFC 5280 does.
    ///
    /// # Errors
    /// [`PathError`], the first reason met: path, then use, then holder, then test or production.
    pub fn verify<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
    ) -> Result<VerifiedCertificate<U>, PathError> {
        let crls: Vec<_> = self.crls.iter().map(RevocationList::parsed).collect();
        self.accept::<U>(leaf, at, &[], Some(&crls))
    }

    /// The same without a look at revocation, with further authorities that are not trusted by being given.
    pub(super) fn verify_path<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        further: &[Certificate],
    ) -> Result<VerifiedCertificate<U>, PathError> {
        self.accept::<U>(leaf, at, further, None)
    }

    fn accept<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        further: &[Certificate],
        crls: Option<&[&X509Crl]>,
    ) -> Result<VerifiedCertificate<U>, PathError> {
        if leaf.is_ca() {
            return Err(PathError::IsAuthority);
        }
        let chain = self.path(leaf, at, further, crls)?;
        if !U::allows(leaf) {
            return Err(PathError::WrongUse {
                used_for: U::NAME,
                expected: U::EXPECTED,
                key_usage: leaf.key_usage().to_string(),
                extended_key_usage: leaf.extended_key_usage_oids().to_vec(),
            });
        }
        let subject = U::Subject::of(leaf)?;
        if subject.is_test() && !self.accept_test {
            return Err(PathError::TestCertificate);
        }
        for authority in chain.iter().skip(1) {
            let name = authority.subject().common_name();
            if subject.states_environment() && name.starts_with("TEST ") != subject.is_test() {
                return Err(PathError::MixedEnvironments {
                    authority: name.to_owned(),
                    leaf_is_test: subject.is_test(),
                });
            }
        }
        Ok(VerifiedCertificate::new(leaf.clone(), chain, subject, at))
    }

    fn path(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        further: &[Certificate],
        crls: Option<&[&X509Crl]>,
    ) -> Result<Vec<Certificate>, PathError> {
        let engine_failed = |detail: &openssl::error::ErrorStack| PathError::Refused {
            subject: leaf.subject_rfc2253(),
            code: 0,
            reason: detail.to_string(),
        };
        let parsed = X509::from_der(leaf.der()).map_err(|error| engine_failed(&error))?;
        let mut intermediates = self.intermediates.clone();
        for authority in further.iter().filter(|further| further.is_ca()) {
            intermediates
                .push(X509::from_der(authority.der()).map_err(|error| engine_failed(&error))?);
        }
        let material = Material {
            anchors: &self.anchors,
            intermediates: &intermediates,
            crls,
        };
        match openssl_store::verify(&material, &parsed, at)
            .map_err(|error| engine_failed(&error))?
        {
            Ok(chain) => Ok(chain
                .iter()
                .map(|der| Certificate::from_der(der))
                .collect::<Result<_, _>>()?),
            Err(refusal) => Err(self.explain(&refusal, leaf)?),
        }
    }

    /// OpenSSL's verification codes (openssl/x509_vfy.h) as this crate's reasons.
    fn explain(
        &self,
        refusal: &Refusal,
        leaf: &Certificate,
    ) -> Result<PathError, CertificateError> {
        let stopped_at = match &refusal.certificate {
            Some(der) => Certificate::from_der(der)?,
            None => leaf.clone(),
        };
        let subject = stopped_at.subject_rfc2253();
        let issuer = stopped_at.issuer_rfc2253();
        let reason = refusal.reason.to_owned();
        Ok(match refusal.code {
            openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
            | openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | openssl_sys::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
            | openssl_sys::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
            | openssl_sys::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
            | openssl_sys::X509_V_ERR_CERT_UNTRUSTED => PathError::UnknownIssuer { issuer },
            openssl_sys::X509_V_ERR_CERT_SIGNATURE_FAILURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE => {
                PathError::BadSignature { subject }
            }
            openssl_sys::X509_V_ERR_CERT_NOT_YET_VALID => PathError::NotYetValid {
                subject,
                not_before: stopped_at.not_before(),
            },
            openssl_sys::X509_V_ERR_CERT_HAS_EXPIRED => PathError::Expired {
                subject,
                not_after: stopped_at.not_after(),
            },
            openssl_sys::X509_V_ERR_CERT_REVOKED => PathError::Revoked {
                subject,
                serial_number: stopped_at.serial_number_decimal(),
            },
            openssl_sys::X509_V_ERR_UNABLE_TO_GET_CRL => PathError::RevocationUnknown { issuer },
            openssl_sys::X509_V_ERR_CRL_HAS_EXPIRED => PathError::CrlExpired {
                issuer,
                next_update: self.newest_next_update(&stopped_at),
            },
            openssl_sys::X509_V_ERR_CRL_NOT_YET_VALID => PathError::CrlNotYetValid { issuer },
            openssl_sys::X509_V_ERR_CRL_SIGNATURE_FAILURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
            | openssl_sys::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
            | openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
            | openssl_sys::X509_V_ERR_DIFFERENT_CRL_SCOPE
            | openssl_sys::X509_V_ERR_CRL_PATH_VALIDATION_ERROR
            | openssl_sys::X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
            | openssl_sys::X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD => {
                PathError::CrlUnusable { issuer, reason }
            }
            openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION => {
                PathError::CriticalExtension { subject }
            }
            openssl_sys::X509_V_ERR_EE_KEY_TOO_SMALL
            | openssl_sys::X509_V_ERR_CA_KEY_TOO_SMALL
            | openssl_sys::X509_V_ERR_CA_MD_TOO_WEAK => {
                PathError::WeakAlgorithm { subject, reason }
            }
            openssl_sys::X509_V_ERR_INVALID_CA
            | openssl_sys::X509_V_ERR_NO_ISSUER_PUBLIC_KEY
            | openssl_sys::X509_V_ERR_PATH_LENGTH_EXCEEDED
            | openssl_sys::X509_V_ERR_KEYUSAGE_NO_CERTSIGN
            | openssl_sys::X509_V_ERR_CERT_CHAIN_TOO_LONG
            | CA_BASIC_CONSTRAINTS_NOT_CRITICAL
            | CA_WITHOUT_KEY_USAGE
            | openssl_sys::X509_V_ERR_PERMITTED_VIOLATION
            | openssl_sys::X509_V_ERR_EXCLUDED_VIOLATION => {
                PathError::InvalidAuthority { subject, reason }
            }
            code => PathError::Refused {
                subject,
                code,
                reason,
            },
        })
    }

    fn newest_next_update(&self, certificate: &Certificate) -> Option<UnixTime> {
        let of_issuer = self
            .crls
            .iter()
            .filter(|crl| crl.issuer().names_the_same(certificate.issuer()));
        of_issuer.filter_map(RevocationList::next_update).max()
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustStore")
            .field("anchors", &self.anchors.len())
            .field("intermediates", &self.intermediates.len())
            .field("crls", &self.crls)
            .field("accept_test", &self.accept_test)
            .finish()
    }
}

/// Why something cannot go into a trust store.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustStoreError {
    /// Not a self-issued authority.
    #[error("the certificate of {subject} is not a root: an anchor is a self-issued authority")]
    NotAnAnchor {
        /// Its subject.
        subject: String,
    },
    /// Not an authority, or self-issued.
    #[error("the certificate of {subject} is not an issuing authority below a root")]
    NotAnIntermediate {
        /// Its subject.
        subject: String,
    },
    /// A limit of the store is reached.
    #[error("the trust store holds as many {what} as it may")]
    Full {
        /// What there is too much of.
        what: &'static str,
    },
    /// A PEM block that does not belong there.
    #[error("the PEM text has an unexpected block {label:?}")]
    UnexpectedPemBlock {
        /// Its label.
        label: String,
    },
    /// The PEM text cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A revocation list cannot be read.
    #[error(transparent)]
    RevocationList(#[from] RevocationListError),
}

fn add(
    to: &mut Vec<X509>,
    limit: usize,
    what: &'static str,
    certificate: &Certificate,
) -> Result<(), TrustStoreError> {
    if to.len() >= limit {
        return Err(TrustStoreError::Full { what });
    }
    let parsed =
        X509::from_der(certificate.der()).map_err(|error| CertificateError::Malformed {
            detail: error.to_string(),
        })?;
    to.push(parsed);
    Ok(())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, TrustStoreError> {
    pem::blocks(pem)?
        .into_iter()
        .map(|block| match block.label.as_str() {
            pem::CERTIFICATE => Ok(Certificate::from_der(&block.contents)?),
            _ => Err(TrustStoreError::UnexpectedPemBlock { label: block.label }),
        })
        .collect()
}
