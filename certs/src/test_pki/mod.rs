//! A PKI of invented authorities and people, with the shape of the IGC-Santé TEST one (feature `test-pki`).
//!
//! Three roots, six issuing authorities, card certificates with the profile's names and private extensions, structure
//! certificates, revocation lists. Every name says TEST and SIMULATEUR, every address is under `.invalid`, and the product
//! category is that of test products, so that nothing made here can pass for the real thing. Keys are made by the crypto
//! library's generator; times come in as arguments; storing is the caller's, see [`TestPki::to_state`] and
//! [`TestPki::public_files`].
//!
//! ```
//! use paraphe_certs::test_pki::{Authority, CardPerson, Level, TestPki, TestPkiOptions};
//! use paraphe_certs::{CardLogin, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime(1_780_000_000);
//! let options = TestPkiOptions { authorities: vec![Authority::Persons(Level::Fort)], ..TestPkiOptions::default() };
//! let pki = TestPki::generate_with(&options, now)?;
//! let card = pki.issue_card(&CardPerson::sample_physician(), now)?;
//! let verified = pki.trust_store(now)?.verify::<CardLogin>(&card.authentication.certificate, now)?;
//! assert_eq!(verified.holder().national_id.as_str(), "899700000017");
//! # Ok(())
//! # }
//! ```

mod authority;
mod card;
mod error;
mod extension_writer;
mod issue;
mod key;
mod name;
mod ocsp;
mod revocation;
mod state;
mod structure;
mod template;
mod time_stamping;

use std::collections::BTreeMap;

pub use authority::{Authority, Level, ORGANIZATION};
pub use card::{CardCertificates, CardPerson, Issued};
pub use error::TestPkiError;
pub use key::KeyAlgorithm;
pub use name::{NameAttribute, Rdn, printable, t61_latin1, utf8};
pub use ocsp::{OcspAnswering, OcspResponder};
pub use revocation::{IssuedList, RevocationReason};
pub use structure::Structure;
pub use template::{CertificateTemplate, SignatureDigest, Validity};
pub use time_stamping::TimeStampingAuthority;

use crate::certificate::Certificate;
use crate::path::TrustStore;
use crate::unix_time::UnixTime;
use key::{Key, SubjectKey};
use revocation::{Revoked, Times};

/// Life of a revocation list, in days.
pub const CRL_DAYS: i64 = 7;
/// Years (of 365 days) for which the authorities are valid before and after the time of their making, so that a test can issue a
/// certificate that expired long ago.
pub const AUTHORITY_YEARS: i64 = 10;

/// What to generate.
#[derive(Debug, Clone)]
pub struct TestPkiOptions {
    /// Authorities to make; the roots that they need are added. All nine unless told.
    pub authorities: Vec<Authority>,
    /// The authorities' keys: RSA 2048 unless told. The real ones have 4096 bits, which take seconds each to make; P-256 is
    /// quicker still.
    pub authority_key: KeyAlgorithm,
}

impl TestPkiOptions {
    /// All nine authorities with P-256 keys, made in milliseconds: for tests that do not look at the authorities' keys. Cards
    /// still get RSA keys.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            authority_key: KeyAlgorithm::P256,
            ..Self::default()
        }
    }
}

impl Default for TestPkiOptions {
    fn default() -> Self {
        Self {
            authorities: Authority::ALL.to_vec(),
            authority_key: KeyAlgorithm::RSA_2048,
        }
    }
}

/// The authorities with their keys and what they revoked.
#[derive(Debug)]
pub struct TestPki {
    authorities: BTreeMap<Authority, AuthorityState>,
}

#[derive(Debug)]
struct AuthorityState {
    certificate: Certificate,
    key: Key,
    revoked: Vec<Revoked>,
}

/// A file that is nobody's secret, for a directory that other programs read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicFile {
    /// `anchors`, `intermediates` or `crls`.
    pub directory: &'static str,
    /// File name, such as `ACI-FO-PP-TEST.pem` or `ACI-FO-PP-TEST.crl`.
    pub name: String,
    /// PEM text.
    pub contents: String,
}

impl TestPki {
    /// Makes the nine authorities, valid around `now`.
    ///
    /// # Errors
    /// [`TestPkiError`] where the crypto library fails or the time is out of range.
    pub fn generate(now: UnixTime) -> Result<Self, TestPkiError> {
        Self::generate_with(&TestPkiOptions::default(), now)
    }

    /// Makes the authorities that the options name, with the roots that these need.
    ///
    /// # Errors
    /// As [`TestPki::generate`].
    pub fn generate_with(options: &TestPkiOptions, now: UnixTime) -> Result<Self, TestPkiError> {
        let days = AUTHORITY_YEARS * 365;
        let validity = Validity {
            not_before: now.plus_days(-days),
            not_after: now.plus_days(days),
        };
        let mut authorities: BTreeMap<Authority, AuthorityState> = BTreeMap::new();
        // Roots come first in the order of the enum, so that each is there when it is needed.
        let mut wanted: Vec<Authority> = options
            .authorities
            .iter()
            .flat_map(|authority| [authority.issuer(), *authority])
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        for authority in wanted {
            let key = Key::generate(options.authority_key)?;
            let issuer_key = authorities
                .get(&authority.issuer())
                .map_or(&key, |issuer| &issuer.key);
            let certificate = issue::authority_certificate(authority, &key, issuer_key, validity)?;
            authorities.insert(
                authority,
                AuthorityState {
                    certificate,
                    key,
                    revoked: Vec::new(),
                },
            );
        }
        Ok(Self { authorities })
    }

    /// The authorities of this PKI with their certificates, roots first.
    pub fn authorities(&self) -> impl Iterator<Item = (Authority, &Certificate)> {
        self.authorities
            .iter()
            .map(|(authority, state)| (*authority, &state.certificate))
    }

    /// Makes the two certificates of a card, valid for three years from `now`.
    ///
    /// # Errors
    /// [`TestPkiError::NoSuchAuthority`] where the PKI was generated without the one that issues this kind of card.
    pub fn issue_card(
        &self,
        person: &CardPerson,
        now: UnixTime,
    ) -> Result<CardCertificates, TestPkiError> {
        self.issue_card_valid(person, Validity::of_card(now))
    }

    /// Makes the two certificates of a card with a given validity, also one in the past.
    ///
    /// # Errors
    /// As [`TestPki::issue_card`].
    pub fn issue_card_valid(
        &self,
        person: &CardPerson,
        validity: Validity,
    ) -> Result<CardCertificates, TestPkiError> {
        Ok(CardCertificates {
            authentication: self.issue(
                person.authority(),
                &person.authentication_template(validity),
            )?,
            signature: self.issue(person.authority(), &person.signature_template(validity))?,
        })
    }

    /// Makes a key and a certificate from any template.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn issue(
        &self,
        authority: Authority,
        template: &CertificateTemplate,
    ) -> Result<Issued, TestPkiError> {
        let issuer = self.state(authority)?;
        let key = Key::generate(template.key)?;
        Ok(Issued {
            certificate: issue::holder_certificate(template, &key.public, authority, &issuer.key)?,
            private_key_pkcs8_pem: key.to_pem()?,
        })
    }

    /// Makes a certificate from any template for a key that was made elsewhere, on a card for instance: `public_key` is its PEM form
    /// (SubjectPublicKeyInfo). The template's own kind of key does not count.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn issue_for_key(
        &self,
        authority: Authority,
        template: &CertificateTemplate,
        public_key: &[u8],
    ) -> Result<Certificate, TestPkiError> {
        let issuer = self.state(authority)?;
        let key = SubjectKey::from_pem(public_key)?;
        issue::holder_certificate(template, &key, authority, &issuer.key)
    }

    /// Makes a certificate signed with the key of another certificate of a holder, in that holder's name: what a stolen or dishonest
    /// card would do, and every relying party must refuse. Published addresses are those of `authority`.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn issue_below(
        &self,
        issuer: &Issued,
        authority: Authority,
        template: &CertificateTemplate,
    ) -> Result<Issued, TestPkiError> {
        let issuer_key = Key::from_pem(issuer.private_key_pkcs8_pem.expose())?;
        let template = CertificateTemplate {
            forged_issuer: Some(issuer.certificate.raw_subject().to_vec()),
            ..template.clone()
        };
        let key = Key::generate(template.key)?;
        Ok(Issued {
            certificate: issue::holder_certificate(&template, &key.public, authority, &issuer_key)?,
            private_key_pkcs8_pem: key.to_pem()?,
        })
    }

    /// Puts a certificate, of a holder or of an issuing authority, on its issuer's list from now on.
    ///
    /// # Errors
    /// [`TestPkiError::ForeignCertificate`].
    pub fn revoke(
        &mut self,
        certificate: &Certificate,
        at: UnixTime,
        reason: RevocationReason,
    ) -> Result<(), TestPkiError> {
        let issuer = self
            .authorities
            .values_mut()
            .find(|state| state.certificate.raw_subject() == certificate.raw_issuer())
            .ok_or_else(|| TestPkiError::ForeignCertificate {
                issuer: certificate.issuer_rfc2253(),
            })?;
        let serial = certificate.serial_number().to_vec();
        if !issuer
            .revoked
            .iter()
            .any(|revoked| revoked.serial == serial)
        {
            issuer.revoked.push(Revoked { serial, at, reason });
        }
        Ok(())
    }

    /// The revocation list of every authority, made at `now` and valid for [`CRL_DAYS`].
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn crls(&self, now: UnixTime) -> Result<Vec<IssuedList>, TestPkiError> {
        self.crls_valid(now, now.plus_days(CRL_DAYS))
    }

    /// The revocation list of every authority with given times, also past ones.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn crls_valid(
        &self,
        this_update: UnixTime,
        next_update: UnixTime,
    ) -> Result<Vec<IssuedList>, TestPkiError> {
        self.make_lists(Times {
            this_update,
            next_update,
            base: None,
        })
    }

    /// The delta of every authority to its complete list of `base` (RFC 5280, 5.2.4): what was revoked since, made and due at given
    /// times.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn delta_crls(
        &self,
        base: UnixTime,
        this_update: UnixTime,
        next_update: UnixTime,
    ) -> Result<Vec<IssuedList>, TestPkiError> {
        self.make_lists(Times {
            this_update,
            next_update,
            base: Some(base),
        })
    }

    fn make_lists(&self, times: Times) -> Result<Vec<IssuedList>, TestPkiError> {
        let authorities = self.authorities.iter();
        let lists = authorities.map(|(authority, state)| {
            let issuer = state.certificate.raw_subject();
            revocation::make(*authority, &state.key, issuer, &state.revoked, times)
        });
        lists.collect()
    }

    /// The roots as PEM.
    #[must_use]
    pub fn anchors_pem(&self) -> String {
        self.certificates_pem(true)
    }

    /// The issuing authorities as PEM.
    #[must_use]
    pub fn intermediates_pem(&self) -> String {
        self.certificates_pem(false)
    }

    /// The revocation lists of [`TestPki::crls`] as PEM.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn crls_pem(&self, now: UnixTime) -> Result<String, TestPkiError> {
        Ok(self.crls(now)?.iter().map(IssuedList::pem).collect())
    }

    /// Everything that a relying party needs, one file each, with lists made at `now`.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn public_files(&self, now: UnixTime) -> Result<Vec<PublicFile>, TestPkiError> {
        let certificates = self
            .authorities()
            .map(|(authority, certificate)| PublicFile {
                directory: if authority.is_root() {
                    "anchors"
                } else {
                    "intermediates"
                },
                name: format!("{}.pem", authority.file_stem()),
                contents: certificate.pem(),
            });
        let mut files: Vec<PublicFile> = certificates.collect();
        files.extend(self.crls(now)?.iter().map(|issued| PublicFile {
            directory: "crls",
            name: format!("{}.crl", issued.authority.file_stem()),
            contents: issued.pem(),
        }));
        Ok(files)
    }

    /// A trust store that accepts this PKI, with lists made at `now`.
    ///
    /// # Errors
    /// [`TestPkiError`].
    pub fn trust_store(&self, now: UnixTime) -> Result<TrustStore, TestPkiError> {
        let mut store = TrustStore::new();
        store.accept_test(true);
        for (authority, certificate) in self.authorities() {
            if authority.is_root() {
                store.add_anchor(certificate)?;
            } else {
                store.add_intermediate(certificate)?;
            }
        }
        for issued in self.crls(now)? {
            store.add_crl(issued.list)?;
        }
        Ok(store)
    }

    fn state(&self, authority: Authority) -> Result<&AuthorityState, TestPkiError> {
        self.authorities
            .get(&authority)
            .ok_or(TestPkiError::NoSuchAuthority { authority })
    }

    fn certificates_pem(&self, roots: bool) -> String {
        self.authorities()
            .filter(|(authority, _)| authority.is_root() == roots)
            .map(|(_, certificate)| certificate.pem())
            .collect()
    }
}
