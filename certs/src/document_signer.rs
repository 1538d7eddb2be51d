//! Whom a certificate that signs documents can be about: a professional, a structure, or, outside the profile of the IGC-Santé,
//! whoever the certificate names. Refused: a certificate that carries the profile's category and states neither of the first two.

use serde::Serialize;

use crate::certificate::Certificate;
use crate::holder::{Holder, HolderError};
use crate::private_extension;
use crate::structure::Structure;

/// The signer of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DocumentSigner {
    /// The holder of a professional's card or software key.
    Holder(Holder),
    /// A structure, by its seal.
    Structure(Structure),
    /// Somebody whom another authority certified.
    Other(NamedSubject),
}

/// A subject known by its name only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NamedSubject {
    /// The whole name, RFC 2253.
    pub name: String,
}

impl NamedSubject {
    /// The subject of any certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            name: certificate.subject_rfc2253(),
        }
    }
}

impl DocumentSigner {
    /// Reads the subject of a certificate.
    ///
    /// # Errors
    /// [`HolderError`] where the certificate is of the profile and does not keep to it.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, HolderError> {
        if certificate.extension(private_extension::CATEGORY).is_none() {
            return Ok(Self::Other(NamedSubject::of(certificate)));
        }
        match Holder::from_certificate(certificate) {
            Ok(holder) => Ok(Self::Holder(holder)),
            Err(error) => Structure::from_certificate(certificate)
                .map(Self::Structure)
                .map_err(|_| error),
        }
    }
}
