//! A JAdES signature on its way up the levels (TS 119 182-1 clause 6.3): `sigTst`, then `xVals` and `rVals`, then `arcTst`. What is
//! there stays byte for byte; each step adds components behind it.

use std::fmt;

use super::prepare::SignedText;
use super::serialization;
use super::unsigned;
use crate::signature::imprint::{self, Piece};
use crate::signature::{
    Contents, DigestAlgorithm, Evidence, Level, Output, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// A signature file of level B or above.
pub(super) struct JadesFile {
    level: Level,
    signed: SignedText,
    /// In base64url.
    signature: String,
    /// Documents beside it.
    documents: usize,
    /// Components of `etsiU`, in base64url.
    unsigned: Vec<String>,
    awaited: Option<(DigestAlgorithm, Vec<u8>)>,
}

impl JadesFile {
    pub(super) fn new(signed: SignedText, signature: String, documents: usize) -> Self {
        Self {
            level: Level::B,
            signed,
            signature,
            documents,
            unsigned: Vec::new(),
            awaited: None,
        }
    }

    fn out_of_order(&self) -> SigningError {
        SigningError::OutOfOrder { level: self.level }
    }
}

impl SignatureFile for JadesFile {
    fn level(&self) -> Level {
        self.level
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let imprint = match self.level {
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
            Level::T | Level::LTA => return Err(self.out_of_order()),
        };
        self.awaited = Some((digest, imprint.clone()));
        Ok(imprint)
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        let (digest, imprint) = self.awaited.take().ok_or_else(|| self.out_of_order())?;
        if token.info().digest() != digest || token.info().imprint() != imprint {
            return Err(SigningError::TimeStampImprint);
        }
        let (name, level) = match self.level {
            Level::B => ("sigTst", Level::T),
            Level::LT => ("arcTst", Level::LTA),
            Level::T | Level::LTA => return Err(self.out_of_order()),
        };
        self.unsigned.push(unsigned::time_stamp(name, token));
        self.level = level;
        Ok(())
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        if self.level != Level::T {
            return Err(self.out_of_order());
        }
        if evidence.is_empty() {
            return Err(SigningError::Encoding("no evidence was given".to_owned()));
        }
        self.unsigned.extend(unsigned::evidence(evidence));
        self.level = Level::LT;
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
        write!(f, "JadesFile({})", self.level.name())
    }
}
