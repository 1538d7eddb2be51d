//! The key pairs of a professional's card before they are put on it: from the profile, or from the PKI directory.

use std::fmt;
use std::path::PathBuf;

use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::X509;

use crate::profile::{Source, SuppliedKey};

/// Why keys cannot be put on a card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file that the profile names cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not Base64.
    #[error("the {what} is not valid Base64: {source}")]
    Base64 {
        /// Certificate or private key.
        what: &'static str,
        /// Where it is wrong.
        source: base64::DecodeError,
    },
    /// Neither PEM nor DER of what is expected.
    #[error("the {what} cannot be parsed as PEM or DER: {source}")]
    Encoding {
        /// Certificate or private key.
        what: &'static str,
        /// What OpenSSL said.
        source: openssl::error::ErrorStack,
    },
    /// These cards have RSA keys of 2048 bits (1024 to 2048 are accepted).
    #[error("the private key has {bits} bits; this card takes RSA keys of 1024 to 2048 bits")]
    Size {
        /// Size of the modulus.
        bits: u32,
    },
    /// The certificate is for another key.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
}

/// One private key and its certificate.
pub struct KeyPair {
    /// X.509, DER.
    pub(crate) certificate_der: Vec<u8>,
    pub(crate) private_key: Rsa<Private>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyPair").finish_non_exhaustive()
    }
}

impl KeyPair {
    /// Takes a certificate and an RSA private key (PKCS#8 or PKCS#1), each PEM or DER, that belong together.
    pub fn new(certificate: &[u8], private_key: &[u8]) -> Result<Self, KeyError> {
        let encoding = |what| move |source| KeyError::Encoding { what, source };
        let certificate = X509::from_pem(certificate)
            .or_else(|_| X509::from_der(certificate))
            .map_err(encoding("certificate"))?;
        let private_key = PKey::private_key_from_pem(private_key)
            .or_else(|_| PKey::private_key_from_der(private_key))
            .map_err(encoding("private key"))?;
        let public_key = certificate
            .public_key()
            .map_err(encoding("certificate's public key"))?;
        if !public_key.public_eq(&private_key) {
            return Err(KeyError::Mismatch);
        }
        if !(1024..=2048).contains(&private_key.bits()) {
            return Err(KeyError::Size {
                bits: private_key.bits(),
            });
        }
        Ok(Self {
            certificate_der: certificate.to_der().map_err(encoding("certificate"))?,
            private_key: private_key.rsa().map_err(encoding("RSA private key"))?,
        })
    }

    /// The pair that a profile brings along.
    pub(crate) fn supplied(key: &SuppliedKey) -> Result<Self, KeyError> {
        Self::new(
            &read(&key.certificate, "certificate")?,
            &read(&key.private_key, "private key")?,
        )
    }
}

/// Both key pairs of a professional's card.
#[derive(Debug)]
pub struct CardKeys {
    /// CPS_PRIV_AUT.
    pub authentication: KeyPair,
    /// CPS_PRIV_SIG.
    pub signature: KeyPair,
}

fn read(source: &Source, what: &'static str) -> Result<Vec<u8>, KeyError> {
    use base64::Engine;
    match source {
        Source::Pem(text) => Ok(text.as_bytes().to_vec()),
        Source::Base64(text) => base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|source| KeyError::Base64 { what, source }),
        Source::Path(path) => std::fs::read(path).map_err(|source| KeyError::Unreadable {
            path: path.clone(),
            source,
        }),
    }
}
