//! A signature file on its way up the levels (EN 319 132-1 clauses 5.3 to 5.5): SignatureTimeStamp, CertificateValues and
//! RevocationValues, ArchiveTimeStamp. What is there stays byte for byte; each step adds unsigned properties behind it.

use std::fmt;

use super::layout::{self, SignatureLayout};
use super::prepare::{PreparedXades, Surroundings};
use crate::signature::imprint::{self, Piece};
use crate::signature::progress::Progress;
use crate::signature::{
    Contents, DigestAlgorithm, Evidence, Level, Output, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// What a reference of SignedInfo stands for, for archive time stamps.
pub(super) enum SignedReference {
    /// These octets.
    Octets(Vec<u8>),
    /// A detached document, by its number.
    Document(usize),
}

pub(super) struct XadesFile {
    progress: Progress,
    signed: PreparedXades,
    signature_value: Vec<u8>,
    unsigned_properties: Vec<String>,
}

impl XadesFile {
    pub(super) fn new(signed: PreparedXades, signature_value: Vec<u8>) -> Self {
        Self {
            progress: Progress::new(),
            signed,
            signature_value,
            unsigned_properties: Vec::new(),
        }
    }

    fn layout(&self) -> SignatureLayout<'_> {
        SignatureLayout {
            id: &self.signed.id,
            signed_info: &self.signed.signed_info,
            signature_value: &self.signature_value,
            certificates: &self.signed.certificates,
            objects: &self.signed.objects,
            parts: &[],
            signed_properties: &self.signed.signed_properties,
            unsigned_properties: &self.unsigned_properties,
        }
    }

    /// EN 319 132-1 clause 5.5.2.2, not distributed: the octets of each reference, SignedInfo, SignatureValue, KeyInfo, the
    /// unsigned properties before it, and the objects that no reference names and that do not hold the qualifying properties.
    /// Ours are all named by references, so that none comes last.
    fn archive_imprint(
        &self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let references = self.signed.references.iter();
        let references = references.map(|reference| match reference {
            SignedReference::Octets(octets) => Piece::Bytes(octets),
            SignedReference::Document(index) => Piece::Document(*index),
        });
        let layout = self.layout();
        let (value, key_info) = (
            layout.canonical_signature_value(),
            layout.canonical_key_info(),
        );
        let signed = &self.signed;
        let parts = [
            &signed.signed_properties,
            &signed.signed_info,
            &value,
            &key_info,
        ];
        let parts = parts.into_iter().chain(&self.unsigned_properties);
        let parts = parts.map(|part| Piece::Bytes(part.as_bytes()));
        imprint::imprint(references.chain(parts), digest, contents)
    }
}

impl SignatureFile for XadesFile {
    fn level(&self) -> Level {
        self.progress.level()
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let imprint = match self.progress.level() {
            Level::B => digest.digest(self.layout().canonical_signature_value().as_bytes())?,
            Level::LT => self.archive_imprint(digest, contents)?,
            Level::T | Level::LTA => return Err(self.progress.out_of_order()),
        };
        Ok(self.progress.await_stamp(digest, imprint))
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        let property = match self.progress.stamped(token)? {
            Level::LTA => layout::archive_time_stamp(&format!("{}-A", self.signed.id), token),
            _ => layout::signature_time_stamp(&format!("{}-T", self.signed.id), token),
        };
        self.unsigned_properties.push(property);
        Ok(())
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        self.progress.proven(evidence)?;
        self.unsigned_properties.extend(layout::evidence(evidence));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Output, SigningError> {
        let signature = self.layout().write();
        let Surroundings { before, after } = &self.signed.around;
        Ok(Output::Whole(
            [before, signature.as_bytes(), after].concat(),
        ))
    }
}

impl fmt::Debug for XadesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XadesFile")
            .field("level", &self.level())
            .finish_non_exhaustive()
    }
}
