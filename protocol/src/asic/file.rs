//! A container on its way up the levels, which are those of the signature inside.

use std::fmt;

use super::layout::Layout;
use super::prepare::{ContainedDocument, check_names};
use super::{MANIFEST, MEDIA_TYPE, MIMETYPE, SIGNATURES, manifest};
use crate::signature::{
    Contents, DigestAlgorithm, Evidence, Level, Output, OutputPiece, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

pub(super) struct AsicFile {
    signature: Box<dyn SignatureFile>,
    documents: Vec<ContainedDocument>,
}

impl AsicFile {
    pub(super) fn new(
        signature: Box<dyn SignatureFile>,
        documents: Vec<ContainedDocument>,
    ) -> Self {
        Self {
            signature,
            documents,
        }
    }
}

impl SignatureFile for AsicFile {
    fn level(&self) -> Level {
        self.signature.level()
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        self.signature.imprint(digest, contents)
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        self.signature.add_time_stamp(token)
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        self.signature.add_evidence(evidence)
    }

    fn finish(self: Box<Self>) -> Result<Output, SigningError> {
        let Output::Whole(signature) = self.signature.finish()? else {
            return Err(SigningError::Encoding(
                "the signature inside is no file of its own".to_owned(),
            ));
        };
        let mut layout = documents(&self.documents)?;
        let documents = self.documents.iter().map(|contained| &contained.document);
        layout.bytes(MANIFEST, &manifest::write(documents))?;
        layout.bytes(SIGNATURES, &signature)?;
        Ok(Output::Container(layout.finish()?))
    }
}

/// What a container of these documents begins with, before its signature is known: all pieces of
/// [`Output::Container`] but the last.
///
/// # Errors
/// [`SigningError`].
pub fn beginning(contained: &[ContainedDocument]) -> Result<Vec<OutputPiece>, SigningError> {
    check_names(contained)?;
    Ok(documents(contained)?.beginning())
}

fn documents(contained: &[ContainedDocument]) -> Result<Layout, SigningError> {
    let mut layout = Layout::default();
    layout.bytes(MIMETYPE, MEDIA_TYPE.as_bytes())?;
    for (index, one) in contained.iter().enumerate() {
        layout.document(index, &one.document.name, one.crc32, one.size)?;
    }
    Ok(layout)
}

impl fmt::Debug for AsicFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsicFile")
            .field("signature", &self.signature)
            .field("documents", &self.documents.len())
            .finish()
    }
}
