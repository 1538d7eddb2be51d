//! The two keys of a CPS3, which do different things and give different types: the authentication
//! key answers a challenge by INTERNAL AUTHENTICATE (algorithm `02`: the card pads a DigestInfo of
//! at most 40 % of the modulus by PKCS#1 v1.5), the signature key signs a SHA-256 hash computed
//! outside by PSO COMPUTE DIGITAL SIGNATURE (algorithm `42`). Every answer is checked with the
//! card's own certificate before it leaves, so that neither a fault nor a card with swapped keys
//! gives a signature that only a server would refuse.

use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};

use super::verification::{VerifiedCps3, pin_lost};
use crate::card::apdu::{Command, Instruction};
use crate::card::cache::StoredCertificate;
use crate::card::error::{CardError, KeyPurpose};
use crate::card::file::CardFile;
use crate::card::status::StatusMeaning;
use crate::card::transport::Transport;
use crate::digest::Sha256Digest;

/// DigestInfo of RFC 8017 section 9.2 for SHA-256, up to the digest.
pub(super) const DIGEST_INFO_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// A PKCS#1 v1.5 SHA-256 signature by the authentication key, as long as its modulus. It proves
/// presence and signs no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationSignature(Vec<u8>);

/// A PKCS#1 v1.5 SHA-256 signature by the signature key, as long as its modulus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSignature(Vec<u8>);

impl AuthenticationSignature {
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
}

impl DocumentSignature {
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
}

impl<T: Transport + ?Sized> VerifiedCps3<'_, '_, T> {
    /// Signs the digest of a login challenge with the authentication key. 4 commands.
    ///
    /// # Errors
    /// [`CardError::CertificateNotFound`] and [`CardError::KeyNotFound`] where the card has no such
    /// key; [`CardError::PinNotVerified`] if the card lost the PIN;
    /// [`CardError::SignatureInvalid`]; whatever the exchange meets.
    pub fn sign_authentication(
        &mut self,
        digest: &Sha256Digest,
    ) -> Result<AuthenticationSignature, CardError> {
        let data = digest_info(digest);
        let command = Command::new(Instruction::InternalAuthenticate, 0x00, 0x00)
            .with_data(&data)?
            .expecting(256);
        self.sign(KeyPurpose::Authentication, digest, &command)
            .map(AuthenticationSignature)
    }

    /// Signs the digest of a document with the signature key. 4 commands.
    ///
    /// # Errors
    /// As [`VerifiedCps3::sign_authentication`].
    pub fn sign_signature(
        &mut self,
        digest: &Sha256Digest,
    ) -> Result<DocumentSignature, CardError> {
        let command = Command::new(Instruction::PerformSecurityOperation, 0x9E, 0x9A)
            .with_data(digest.as_bytes())?
            .expecting(256);
        self.sign(KeyPurpose::Signature, digest, &command)
            .map(DocumentSignature)
    }

    fn sign(
        &mut self,
        purpose: KeyPurpose,
        digest: &Sha256Digest,
        command: &Command,
    ) -> Result<Vec<u8>, CardError> {
        let stored = self.card.stored_certificate(purpose)?;
        let key = public_key(&stored)?;
        let reference = self.key_reference(purpose, &stored)?;
        let application = self.card.application()?;
        let exchange = &mut self.card.exchange;
        exchange.begin_operation();
        // The environment belongs to the application's folder, and another program may have left
        // it.
        exchange.select(CardFile::Application, &application)?;
        let environment = environment(purpose, reference)?;
        let status = exchange.send_for_status(&environment)?;
        if status.meaning() != StatusMeaning::Success {
            return Err(pin_lost(CardError::Status {
                command: environment.instruction(),
                file: None,
                status,
            }));
        }
        let response = exchange.send(command)?;
        let status = response.status;
        if status.meaning() != StatusMeaning::Success {
            return Err(pin_lost(CardError::Status {
                command: command.instruction(),
                file: None,
                status,
            }));
        }
        if is_signature_of(&key, digest, &response.data) {
            Ok(response.data)
        } else {
            Err(CardError::SignatureInvalid { purpose })
        }
    }

    fn key_reference(
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

/// MANAGE SECURITY ENVIRONMENT, set for computation: algorithm (tag `80`), then key reference (tag
/// `84`).
fn environment(purpose: KeyPurpose, reference: u8) -> Result<Command, CardError> {
    let (template, algorithm) = match purpose {
        KeyPurpose::Authentication => (0xA4, 0x02),
        KeyPurpose::Signature => (0xB6, 0x42),
    };
    let data = [0x80, 0x01, algorithm, 0x84, 0x01, reference];
    Ok(Command::new(Instruction::ManageSecurityEnvironment, 0x41, template).with_data(&data)?)
}

fn digest_info(digest: &Sha256Digest) -> Vec<u8> {
    [DIGEST_INFO_SHA256.as_slice(), digest.as_bytes()].concat()
}

/// The certificate's RSA key, whose modulus must leave a SHA-256 DigestInfo within 40 %.
fn public_key(stored: &StoredCertificate) -> Result<Rsa<openssl::pkey::Public>, CardError> {
    let unusable = || CardError::invalid(CardFile::Certificate, "RSA public key");
    let key = PKey::public_key_from_der(stored.certificate.spki_der())
        .and_then(|key| key.rsa())
        .map_err(|_| unusable())?;
    let modulus = usize::try_from(key.size()).map_err(|_| unusable())?;
    if (128..=512).contains(&modulus) {
        Ok(key)
    } else {
        Err(unusable())
    }
}

fn is_signature_of(
    key: &Rsa<openssl::pkey::Public>,
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
