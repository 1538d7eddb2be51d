//! Laying a container out: one detached XAdES signature over all documents, whose URIs are their names in the container.

use std::fmt;

use super::entry_name::{self, Names};
use super::file::AsicFile;
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{DetachedDocument, PreparedSignature, SignatureFile, SigningError};
use crate::xades::{self, XadesParameters};

/// A document on its way into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainedDocument {
    /// Its name in the container, type and digest.
    pub document: DetachedDocument,
    /// Bytes.
    pub size: u64,
    /// [`Checksum`](super::Checksum) of all its bytes.
    pub crc32: u32,
}

/// Lays a container out. The result of the steps is [`Output::Container`](crate::signature::Output::Container), for whose writing every
/// document is read once more.
///
/// # Errors
/// [`SigningError`].
pub fn prepare(
    documents: Vec<ContainedDocument>,
    parameters: &XadesParameters<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    check_names(&documents)?;
    let signed: Vec<_> = documents.iter().map(|one| one.document.clone()).collect();
    let signature = xades::prepare_in_container(&signed, parameters)?;
    Ok(Box::new(PreparedAsic {
        signature,
        documents,
    }))
}

/// Whether these documents can stand in one container.
pub(super) fn check_names(documents: &[ContainedDocument]) -> Result<(), SigningError> {
    let mut names = Names::default();
    for contained in documents {
        let name = &contained.document.name;
        let reason = if !entry_name::is_acceptable(name) || entry_name::is_reserved(name) {
            "its name cannot stand in a container"
        } else if !names.insert(name) {
            "two documents have the same name, or names that meet when written otherwise"
        } else {
            continue;
        };
        return Err(SigningError::Document {
            reason: reason.to_owned(),
        });
    }
    Ok(())
}

/// A container that waits for its signature value.
struct PreparedAsic {
    signature: Box<dyn PreparedSignature>,
    documents: Vec<ContainedDocument>,
}

impl PreparedSignature for PreparedAsic {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.signature.algorithm()
    }

    fn to_be_signed(&self) -> &[u8] {
        self.signature.to_be_signed()
    }

    fn complete(
        self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError> {
        let signature = self.signature.complete(signature_value)?;
        Ok(Box::new(AsicFile::new(signature, self.documents)))
    }
}

impl fmt::Debug for PreparedAsic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedAsic")
            .field("signature", &self.signature)
            .field("documents", &self.documents.len())
            .finish()
    }
}
