//! The contactless face of a CPS3: one technical key and its certificate, no PIN, no practice
//! situations. It proves that a card is near, in anybody's hand ([`Assurance::CardOnly`]): its
//! signature has its own type, which no login and no document takes. A PIN is never sent without
//! contacts; the application has none.

use paraphe_certs::Certificate;

use super::signature::{is_pkcs1_signature_of, public_key};
use super::{Assurance, Face, ProfessionalCard, cps3};
use crate::card::cache::StoredCertificate;
use crate::card::error::CardError;
use crate::card::model::CardModel;
use crate::card::transport::Transport;
use crate::digest::Sha256Digest;

/// A PKCS#1 v1.5 SHA-256 signature by the technical key, as long as its modulus. It proves that the
/// card was there; it is no signature of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TechnicalSignature(Vec<u8>);

impl TechnicalSignature {
    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What it proves: [`Assurance::CardOnly`], always.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        Assurance::CardOnly
    }
}

impl<T: Transport + ?Sized> ProfessionalCard<'_, T> {
    /// The technical certificate. It is no certificate of the holder whatever it states, and
    /// [`ProfessionalCard::certificate`] never gives it.
    ///
    /// # Errors
    /// [`CardError::NoTechnicalKey`] by contacts, or where the card has no such key; whatever
    /// reading meets.
    pub fn technical_certificate(&mut self) -> Result<Certificate, CardError> {
        self.technical_key().map(|(stored, _)| stored.certificate)
    }

    /// Signs a digest with the technical key, without a PIN: 3 commands.
    ///
    /// # Errors
    /// As [`ProfessionalCard::technical_certificate`]; [`CardError::ReadOnlyRevision`];
    /// [`CardError::TechnicalSignatureInvalid`]; whatever the exchange meets.
    pub fn sign_technical(
        &mut self,
        digest: &Sha256Digest,
    ) -> Result<TechnicalSignature, CardError> {
        let (stored, reference) = self.technical_key()?;
        if self.model != CardModel::Cps3Contactless {
            return Err(CardError::ReadOnlyRevision { model: self.model });
        }
        let key = public_key(&stored)?;
        let answer = self.compute(&cps3::internal_authenticate(reference, digest)?)?;
        if is_pkcs1_signature_of(&key, digest, &answer) {
            Ok(TechnicalSignature(answer))
        } else {
            Err(CardError::TechnicalSignatureInvalid)
        }
    }

    /// The first certificate of the contactless application that exactly one key belongs to.
    fn technical_key(&mut self) -> Result<(StoredCertificate, u8), CardError> {
        if self.face != Face::Contactless {
            return Err(CardError::NoTechnicalKey);
        }
        let certificates = self.stored_certificates()?;
        let keys = self.private_keys()?;
        certificates
            .into_iter()
            .find_map(|stored| {
                let mut found = keys
                    .iter()
                    .filter(|key| key.identifier == stored.identifier);
                match (found.next(), found.next()) {
                    (Some(key), None) => Some((stored, key.reference)),
                    _ => None,
                }
            })
            .ok_or(CardError::NoTechnicalKey)
    }
}
