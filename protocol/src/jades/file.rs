//! A JAdES signature on its way up the levels (TS 119 182-1 clause 6.3): `sigTst`, then `xVals` and `rVals`, then `arcTst`. What is
//! there stays byte for byte; each step adds components behind it.

use std::fmt;

use super::prepare::SignedText;
use super::serialization;
use super::unsigned;
use crate::signature::imprint::{self, Piece};
use crate::signature::progress::Progress;
use crate::signature::{
    Contents, DigestAlgorithm, Evidence, Level, Output, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// A signature file of level B or above.
pub(super) struct JadesFile {
    progress: Progress,
    signed: SignedText,
    /// In base64url.
    signature: String,
    /// Documents beside it.
    documents: usize,
    /// Components of `etsiU`, in base64url.
    unsigned: Vec<String>,
}

impl JadesFile {
    pub(super) fn new(signed: SignedText, signature: String, documents: usize) -> Self {
        Self {
            progress: Progress::new(),
            signed,
            signature,
            documents,
            unsigned: Vec::new(),
        }
    }
}

impl SignatureFile for JadesFile {
    fn level(&self) -> Level {
        self.progress.level()
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let imprint = match self.progress.level() {
            // Clause 5.3.4: the value as it stands there, in base64url.
            Level::B => digest.digest(self.signature.as_bytes())?,
            Level::LT => {
                let payload = [Piece::Bytes(self.signed.payload().as_bytes())].into_iter();
                let documents = (0..self.documents).map(Piece::Document);
                let pieces = unsigned::archived(
                    payload.chain(documents),
                    self.signed.protected(),
                    &self.signature,
                    self.unsigned.iter().map(String::as_str),
                );
                imprint::imprint(pieces, digest, contents)?
            }
            Level::T | Level::LTA => return Err(self.progress.out_of_order()),
        };
        Ok(self.progress.await_stamp(digest, imprint))
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        let name = match self.progress.stamped(token)? {
            Level::LTA => "arcTst",
            _ => "sigTst",
        };
        self.unsigned.push(unsigned::time_stamp(name, token));
        Ok(())
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        self.progress.proven(evidence)?;
        self.unsigned.extend(unsigned::evidence(evidence));
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Output, SigningError> {
        let payload = self.signed.payload();
        let written = serialization::flattened(
            (self.documents == 0).then_some(payload),
            self.signed.protected(),
            &self.signature,
            &self.unsigned,
        );
        Ok(Output::Whole(written.into_bytes()))
    }
}

impl fmt::Debug for JadesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JadesFile({})", self.level().name())
    }
}
