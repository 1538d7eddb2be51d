//! Whom to trust: anchors, the authorities below them, and their revocation lists, all given as bytes by the caller.

use openssl::x509::{X509, X509Crl};

use crate::certificate::{Certificate, CertificateError};
use crate::crl::RevocationList;
use crate::ocsp::OcspResponse;
use crate::path::certificate_use::{CertificateSubject, CertificateUse};
use crate::path::error::PathError;
use crate::path::freshness::Freshness;
use crate::path::openssl_store::{self, Material};
use crate::path::profile;
use crate::path::proven::Proofs;
use crate::path::rules::PathRules;
use crate::path::trust_store_error::TrustStoreError;
use crate::path::verified::VerifiedCertificate;
use crate::pem;
use crate::unix_time::UnixTime;

/// Most anchors in a store.
pub const MAX_ANCHORS: usize = 64;
/// Most issuing authorities in a store.
pub const MAX_INTERMEDIATES: usize = 256;
/// Most revocation lists in a store.
pub const MAX_CRLS: usize = 256;
/// Most bytes of revocation lists in a store.
pub const MAX_TOTAL_CRL_BYTES: usize = 256 * 1024 * 1024;
/// Most OCSP responses in a store.
pub const MAX_LOGIN_ANSWERS: usize = 256;

/// Anchors, authorities below them, revocation lists, and whether test products are accepted. Empty when made, and then it
/// refuses everything.
#[derive(Clone, Default)]
pub struct TrustStore {
    anchors: Vec<X509>,
    intermediates: Vec<X509>,
    crls: Vec<RevocationList>,
    login_answers: Vec<OcspResponse>,
    freshness: Freshness,
    accept_test: bool,
    /// Emptied with every change of the anchors, authorities, lists and limits above.
    proofs: Proofs,
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
        self.proofs.forget();
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
        self.proofs.forget();
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
        self.proofs.forget();
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
        self.proofs.forget();
        self.crls.clear();
    }

    /// Sets how fresh revocation data must be for a certificate that is used now.
    pub fn set_freshness(&mut self, freshness: Freshness) -> &mut Self {
        self.proofs.forget();
        self.freshness = freshness;
        self
    }

    /// How fresh revocation data must be.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Adds an OCSP response for logins. Whether its nonce must be that of a request of the caller's is decided where the response is
    /// read, see [`OcspRequest::read_response_with_nonce`](crate::OcspRequest::read_response_with_nonce); its signature and its age
    /// are checked with each login.
    ///
    /// # Errors
    /// [`TrustStoreError::Full`].
    pub fn add_login_answer(&mut self, response: OcspResponse) -> Result<(), TrustStoreError> {
        if self.login_answers.len() >= MAX_LOGIN_ANSWERS {
            return Err(TrustStoreError::Full {
                what: "OCSP responses",
            });
        }
        self.login_answers.push(response);
        Ok(())
    }

    pub(super) fn login_answers(&self) -> &[OcspResponse] {
        &self.login_answers
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
            freshness: self.freshness,
            ..Self::default()
        }
    }

    /// How many anchors are trusted.
    #[must_use]
    pub fn anchor_count(&self) -> usize {
        self.anchors.len()
    }

    /// Verifies that a certificate leads to an anchor, is valid and not revoked at a time, allows the use `U`, states a
    /// holder, and does not mix test and production. Revocation is known by lists of every authority of the path, as fresh as
    /// [`TrustStore::freshness`] says, with the deltas that amend them, and for a login by the OCSP answer where one was added or is
    /// needed.
    ///
    /// The engine counts the very second of a notAfter or nextUpdate as too late, one second earlier than RFC 5280 does.
    ///
    /// # Errors
    /// [`PathError`], the first reason met: path and lists, then use, then holder, then test or production, then OCSP.
    pub fn verify<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
    ) -> Result<VerifiedCertificate<U>, PathError> {
        let crls: Vec<_> = self.parsed_lists_at(at);
        let verified = self.accept::<U>(leaf, at, &[], Some(&crls))?;
        if U::IS_LOGIN
            && let Some(issuer) = verified.chain().get(1)
        {
            self.check_login_answer(leaf, issuer, at)?;
        }
        Ok(verified)
    }

    fn parsed_lists_at(&self, at: UnixTime) -> Vec<&X509Crl> {
        let lists = self.lists_at(at).into_iter();
        lists.map(RevocationList::parsed).collect()
    }

    /// The same without a look at revocation, with further authorities that are not trusted by being given.
    pub(super) fn verify_path<U: CertificateUse>(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        further: &[Certificate],
    ) -> Result<VerifiedCertificate<U>, PathError> {
        let authorities = further.iter().filter(|further| further.is_ca());
        let authorities: Vec<Certificate> = authorities.cloned().collect();
        self.accept::<U>(leaf, at, &authorities, None)
    }

    /// The path alone by other rules than the uses', with revocation lists: for conformance suites. A path proves no use.
    ///
    /// # Errors
    /// [`PathError`].
    #[cfg(feature = "test-pki")]
    pub fn path_by_rules(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        rules: &PathRules,
        further: &[Certificate],
        with_revocation: bool,
    ) -> Result<Vec<Certificate>, PathError> {
        let crls = self.parsed_lists_at(at);
        let crls = with_revocation.then_some(crls.as_slice());
        if rules.is_strict && leaf.is_ca() {
            return Err(PathError::IsAuthority);
        }
        let chain = self.path(leaf, at, further, crls, rules)?;
        if rules.is_strict {
            profile::check(&chain)?;
        }
        Ok(chain)
    }

    /// How many issuing authorities' paths this store has learnt and would not verify again: for tests of that.
    #[cfg(feature = "test-pki")]
    #[must_use]
    pub fn proven_authorities(&self) -> usize {
        self.proofs.count()
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
        let chain = self.path(leaf, at, further, crls, &PathRules::of_uses())?;
        if crls.is_some() {
            profile::check(&chain)?;
        }
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
            if subject.states_environment() && authority.is_named_test() != subject.is_test() {
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
        rules: &PathRules,
    ) -> Result<Vec<Certificate>, PathError> {
        let engine_failed = |detail: &openssl::error::ErrorStack| PathError::Refused {
            subject: leaf.subject_rfc2253(),
            code: 0,
            reason: detail.to_string(),
        };
        // What comes with a certificate proves nothing for the next one.
        let may_learn = crls.is_some() && further.is_empty();
        if may_learn && let Some(path) = self.proofs.path_of(leaf, at, rules) {
            return Ok(path);
        }
        let parsed = X509::from_der(leaf.der()).map_err(|error| engine_failed(&error))?;
        let mut intermediates = self.intermediates.clone();
        for authority in further {
            intermediates
                .push(X509::from_der(authority.der()).map_err(|error| engine_failed(&error))?);
        }
        let material = Material {
            anchors: &self.anchors,
            intermediates: &intermediates,
            crls,
        };
        match openssl_store::verify(&material, &parsed, at, rules)
            .map_err(|error| engine_failed(&error))?
        {
            Ok(chain) => {
                let chain: Vec<_> = chain
                    .iter()
                    .map(|der| Certificate::from_der(der))
                    .collect::<Result<_, _>>()?;
                if may_learn {
                    self.proofs
                        .learn(&chain, rules, &self.crls, &self.freshness);
                }
                Ok(chain)
            }
            Err(refusal) => Err(self.explain(&refusal, leaf, at)?),
        }
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustStore")
            .field("anchors", &self.anchors.len())
            .field("intermediates", &self.intermediates.len())
            .field("crls", &self.crls)
            .field("login_answers", &self.login_answers.len())
            .field("freshness", &self.freshness)
            .field("accept_test", &self.accept_test)
            .finish()
    }
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
