//! The server's own signature of a lot that a professional approved: a structure's software certificate (ORG_SIGN) and its key,
//! through the same three steps as everybody's (prepare, sign, complete). What it signs is verified like any other lot before it is
//! stored. Refused: a certificate that is not a structure's for signing documents, a key that is not the certificate's.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use paraphe_certs::{Certificate, CertificateUse, Structure, StructureSeal, UnixTime};
use paraphe_protocol::lot::{LotDraft, PrepareLotError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The server's certificate for lots, with its key. `Debug` shows the structure only.
#[derive(Clone)]
pub struct ServerSigner {
    certificate: Certificate,
    issuing: Vec<Certificate>,
    structure: Structure,
    key: PKey<Private>,
}

/// The server's certificate for lots cannot be used, or did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerSignerError {
    /// Not PEM, or no certificate.
    #[error("the certificate for lots is not PEM")]
    Pem,
    /// The certificate cannot be read, or is no structure's.
    #[error("the certificate for lots is not a structure's: {0}")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another use.
    #[error(
        "the certificate for lots is not for signing documents: expected {}",
        StructureSeal::EXPECTED
    )]
    WrongUse,
    /// The key cannot be read, or is not the certificate's.
    #[error("the key for lots is not the certificate's")]
    Key,
    /// The lot could not be laid out or signed.
    #[error(transparent)]
    Lot(#[from] PrepareLotError),
    /// OpenSSL refused to sign.
    #[error("the key for lots did not sign: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
}

impl ServerSigner {
    /// From PEM: the certificate first, then issuing ones without the anchor; and the private key, which is secret.
    ///
    /// # Errors
    /// [`ServerSignerError`].
    pub fn from_pem(certificates: &[u8], private_key: &[u8]) -> Result<Self, ServerSignerError> {
        let mut chain = Vec::new();
        for der in CertificateDer::pem_slice_iter(certificates) {
            let der = der.map_err(|_| ServerSignerError::Pem)?;
            let certificate = Certificate::from_der(&der)
                .map_err(|error| ServerSignerError::Certificate(error.into()))?;
            chain.push(certificate);
        }
        if chain.is_empty() {
            return Err(ServerSignerError::Pem);
        }
        let certificate = chain.remove(0);
        let structure = Structure::from_certificate(&certificate)
            .map_err(|error| ServerSignerError::Certificate(error.into()))?;
        if !StructureSeal::allows(&certificate) {
            return Err(ServerSignerError::WrongUse);
        }
        let key = PKey::private_key_from_pem(private_key).map_err(|_| ServerSignerError::Key)?;
        let public = PKey::public_key_from_der(certificate.spki_der())
            .map_err(|_| ServerSignerError::Key)?;
        if !key.public_eq(&public) {
            return Err(ServerSignerError::Key);
        }
        Ok(Self {
            certificate,
            issuing: chain,
            structure,
            key,
        })
    }

    /// The structure that the certificate is about.
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Signs a lot: the signature file.
    pub(crate) fn sign(
        &self,
        draft: &LotDraft,
        now: UnixTime,
    ) -> Result<Vec<u8>, ServerSignerError> {
        let prepared = draft.prepare(&self.certificate, &self.issuing, now)?;
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key)?;
        let signature = signer.sign_oneshot_to_vec(prepared.to_be_signed())?;
        Ok(prepared.complete(&signature)?)
    }
}

impl std::fmt::Debug for ServerSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerSigner({})", self.structure.structure_id)
    }
}
