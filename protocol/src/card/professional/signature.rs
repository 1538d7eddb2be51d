//! Signatures of the holder's two keys, which do different things and give different types, and the
//! one way in which every model computes: the application's folder, an environment, a computation.
//! Every answer is checked with the card's own certificate before it leaves, so that neither a fault
//! nor a card with swapped keys gives a signature that only a server would refuse.

use openssl::md::Md;
use openssl::pkey::{PKey, Public};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::RsaPssSaltlen;

use super::face::Face;
use super::presentation::{VerifiedCard, pin_lost};
use super::{ProfessionalCard, cps3, cps4};
use crate::algorithm::{SignatureAlgorithm, rsa_public_key};
use crate::card::apdu::Command;
use crate::card::cache::StoredCertificate;
use crate::card::error::{CardError, KeyPurpose};
use crate::card::file::{CardFile, FilePath};
use crate::card::status::{StatusMeaning, StatusWord};
use crate::card::transport::Transport;
use crate::digest::Sha256Digest;

/// DigestInfo of RFC 8017 section 9.2 for SHA-256, up to the digest.
pub(super) const DIGEST_INFO_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A signature by the authentication key, as long as its modulus. It proves
/// presence and signs no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationSignature {
    bytes: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// A signature by the signature key, as long as its modulus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSignature {
    bytes: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl AuthenticationSignature {
    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How it was computed.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl DocumentSignature {
    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, big-endian as RFC 8017 writes them.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// How it was computed.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

/// The commands of one private-key operation, in the application's folder.
pub(super) struct SigningSteps {
    /// Environment, and what precedes the answer in a chain.
    pub(super) before: Vec<Command>,
    /// The command that answers with the signature.
    pub(super) last: Command,
}

impl<T: Transport + ?Sized> VerifiedCard<'_, '_, T> {
    /// What the key with that use signs with, the preferred algorithm first.
    #[must_use]
    pub fn offered_algorithms(&self, purpose: KeyPurpose) -> &'static [SignatureAlgorithm] {
        self.card.offered_algorithms(purpose)
    }

    /// Signs the digest of a login challenge with the authentication key, by PKCS#1 v1.5. 4 commands
    /// on a CPS3, 3 on a CPS4.
    ///
    /// # Errors
    /// [`CardError::CertificateNotFound`] and [`CardError::KeyNotFound`] where the card has no such
    /// key; [`CardError::PinNotVerified`] if the card lost the PIN;
    /// [`CardError::SignatureInvalid`]; whatever the exchange meets.
    pub fn sign_authentication(
        &mut self,
        digest: &Sha256Digest,
    ) -> Result<AuthenticationSignature, CardError> {
        self.sign_authentication_with(SignatureAlgorithm::RsaPkcs1Sha256, digest)
    }

    /// As [`VerifiedCard::sign_authentication`], by an algorithm that the key offers.
    ///
    /// # Errors
    /// As [`VerifiedCard::sign_authentication`], and [`CardError::AlgorithmNotOffered`].
    pub fn sign_authentication_with(
        &mut self,
        algorithm: SignatureAlgorithm,
        digest: &Sha256Digest,
    ) -> Result<AuthenticationSignature, CardError> {
        let bytes = self.sign(KeyPurpose::Authentication, algorithm, digest)?;
        Ok(AuthenticationSignature { bytes, algorithm })
    }

    /// Signs the digest of a document with the signature key, by PKCS#1 v1.5. 4 commands on a CPS3,
    /// 2 on a CPS4.
    ///
    /// # Errors
    /// As [`VerifiedCard::sign_authentication`].
    pub fn sign_signature(
        &mut self,
        digest: &Sha256Digest,
    ) -> Result<DocumentSignature, CardError> {
        self.sign_signature_with(SignatureAlgorithm::RsaPkcs1Sha256, digest)
    }

    /// As [`VerifiedCard::sign_signature`], by an algorithm that the key offers.
    ///
    /// # Errors
    /// As [`VerifiedCard::sign_authentication`], and [`CardError::AlgorithmNotOffered`].
    pub fn sign_signature_with(
        &mut self,
        algorithm: SignatureAlgorithm,
        digest: &Sha256Digest,
    ) -> Result<DocumentSignature, CardError> {
        let bytes = self.sign(KeyPurpose::Signature, algorithm, digest)?;
        Ok(DocumentSignature { bytes, algorithm })
    }

    fn sign(
        &mut self,
        purpose: KeyPurpose,
        algorithm: SignatureAlgorithm,
        digest: &Sha256Digest,
    ) -> Result<Vec<u8>, CardError> {
        if !self.offered_algorithms(purpose).contains(&algorithm) {
            return Err(CardError::AlgorithmNotOffered { purpose, algorithm });
        }
        let stored = self.card.stored_certificate(purpose)?;
        let key = public_key(&stored)?;
        let reference = self.key_reference(purpose, &stored)?;
        let modulus = usize::try_from(key.size()).unwrap_or_default();
        let steps = match self.card.face {
            Face::Cps3 => cps3::signing_steps(purpose, reference, digest)?,
            Face::Cps4 => cps4::signing_steps(purpose, algorithm, reference, modulus, digest)?,
            Face::Contactless => return Err(CardError::KeyNotFound { purpose }),
        };
        let is_right = |answer: &[u8]| match algorithm {
            SignatureAlgorithm::RsaPkcs1Sha256 => is_pkcs1_signature_of(&key, digest, answer),
            SignatureAlgorithm::RsaPssSha256 => is_pss_signature_of(&key, digest, answer),
            // No card offers another one.
            _ => false,
        };
        self.compute_checked(purpose, &steps, is_right)
    }

    /// A private-key operation whose answer is checked before it leaves.
    pub(super) fn compute_checked(
        &mut self,
        purpose: KeyPurpose,
        steps: &SigningSteps,
        is_right: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, CardError> {
        self.card.begin_operation();
        if self.card.in_application {
            // What the card refuses here, or signs wrongly, may be another program's doing: once
            // more, from the folder.
            match self.card.compute_here(steps) {
                Ok(answer) if is_right(&answer) => return Ok(answer),
                Ok(_) | Err(CardError::Status { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let answer = self.card.compute(steps).map_err(pin_lost)?;
        if is_right(&answer) {
            Ok(answer)
        } else {
            Err(CardError::SignatureInvalid { purpose })
        }
    }

    pub(super) fn key_reference(
        &mut self,
        purpose: KeyPurpose,
        stored: &StoredCertificate,
    ) -> Result<u8, CardError> {
        let keys = self.card.private_keys()?;
        let mut found = keys
            .iter()
            .filter(|key| key.identifier == stored.identifier);
        // Two keys with one identifier: nothing says which is meant.
        match (found.next(), found.next()) {
            (Some(key), None) => Ok(key.reference),
            _ => Err(CardError::KeyNotFound { purpose }),
        }
    }
}

impl<T: Transport + ?Sized> ProfessionalCard<'_, T> {
    /// Selects the application's folder, to which environments belong: another program may have
    /// left it.
    pub(super) fn enter_application(&mut self) -> Result<(), CardError> {
        let application = self.application()?;
        self.begin_operation();
        self.recovering(|card| card.select_application(&application))
    }

    /// A private-key operation, from the selection of the folder on.
    pub(super) fn compute(&mut self, steps: &SigningSteps) -> Result<Vec<u8>, CardError> {
        let application = self.application()?;
        self.begin_operation();
        self.recovering(|card| {
            card.select_application(&application)?;
            card.compute_here(steps)
        })
    }

    fn select_application(&mut self, application: &FilePath) -> Result<(), CardError> {
        self.in_application = false;
        self.face.select_folder(&mut self.exchange, application)?;
        self.in_application = self.face.keeps_its_folder();
        Ok(())
    }

    /// A private-key operation in the current folder.
    fn compute_here(&mut self, steps: &SigningSteps) -> Result<Vec<u8>, CardError> {
        for command in &steps.before {
            let status = self.exchange.send_for_status(command)?;
            if status.meaning() != StatusMeaning::Success {
                return Err(refused(command, status));
            }
        }
        let response = self.exchange.send(&steps.last)?;
        match response.status.meaning() {
            StatusMeaning::Success => Ok(response.data),
            _ => Err(refused(&steps.last, response.status)),
        }
    }
}

fn refused(command: &Command, status: StatusWord) -> CardError {
    CardError::Status {
        command: command.instruction(),
        file: None,
        status,
    }
}

pub(super) fn digest_info(digest: &Sha256Digest) -> Vec<u8> {
    [DIGEST_INFO_SHA256.as_slice(), digest.as_bytes()].concat()
}

/// The certificate's RSA key, whose modulus must leave a SHA-256 DigestInfo within 40 %.
pub(super) fn public_key(stored: &StoredCertificate) -> Result<Rsa<Public>, CardError> {
    let unusable = || CardError::invalid(CardFile::Certificate, "RSA public key");
    let key = rsa_public_key(stored.certificate.spki_der()).ok_or_else(unusable)?;
    let modulus = usize::try_from(key.size()).map_err(|_| unusable())?;
    if (128..=512).contains(&modulus) {
        Ok(key)
    } else {
        Err(unusable())
    }
}

pub(super) fn is_pkcs1_signature_of(
    key: &Rsa<Public>,
    digest: &Sha256Digest,
    signature: &[u8],
) -> bool {
    let mut recovered = vec![0; usize::try_from(key.size()).unwrap_or_default()];
    if signature.len() != recovered.len() {
        return false;
    }
    match key.public_decrypt(signature, &mut recovered, Padding::PKCS1) {
        Ok(length) => recovered.get(..length) == Some(digest_info(digest).as_slice()),
        Err(_) => false,
    }
}

/// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
fn is_pss_signature_of(key: &Rsa<Public>, digest: &Sha256Digest, signature: &[u8]) -> bool {
    let verify = || {
        let key = PKey::from_rsa(key.clone())?;
        let mut context = PkeyCtx::new(&key)?;
        context.verify_init()?;
        context.set_rsa_padding(Padding::PKCS1_PSS)?;
        context.set_signature_md(Md::sha256())?;
        context.set_rsa_mgf1_md(Md::sha256())?;
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        context.verify(digest.as_bytes(), signature)
    };
    // A malformed signature is an error to OpenSSL and a wrong one is false.
    verify().unwrap_or(false)
}
