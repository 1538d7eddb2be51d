//! How far a signature file has come on its way up the levels: B, T with a time stamp of the imprint that was asked for, LT with
//! evidence, LTA with another time stamp. Steps out of order and stamps of other bytes are refused.

use super::{DigestAlgorithm, Evidence, Level, SigningError};
use crate::time_stamp::TimeStampToken;

/// The level that was reached, and the imprint that was told last.
#[derive(Debug)]
pub(crate) struct Progress {
    level: Level,
    awaited: Option<(DigestAlgorithm, Vec<u8>)>,
}

impl Progress {
    /// At level B.
    pub(crate) const fn new() -> Self {
        Self {
            level: Level::B,
            awaited: None,
        }
    }

    pub(crate) const fn level(&self) -> Level {
        self.level
    }

    /// The step that was asked for does not follow this level.
    pub(crate) const fn out_of_order(&self) -> SigningError {
        SigningError::OutOfOrder { level: self.level }
    }

    /// Remembers the imprint that is to be stamped, and gives it.
    pub(crate) fn await_stamp(&mut self, digest: DigestAlgorithm, imprint: Vec<u8>) -> Vec<u8> {
        self.awaited = Some((digest, imprint.clone()));
        imprint
    }

    /// Takes the stamp that was awaited; gives the level that is reached with it.
    pub(crate) fn stamped(&mut self, token: &TimeStampToken) -> Result<Level, SigningError> {
        let (digest, imprint) = self.awaited.take().ok_or_else(|| self.out_of_order())?;
        if token.info().digest() != digest || token.info().imprint() != imprint {
            return Err(SigningError::TimeStampImprint);
        }
        self.level = match self.level {
            Level::B => Level::T,
            Level::LT => Level::LTA,
            Level::T | Level::LTA => return Err(self.out_of_order()),
        };
        Ok(self.level)
    }

    /// Takes evidence, of which there must be some.
    pub(crate) fn proven(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        if self.level != Level::T {
            return Err(self.out_of_order());
        }
        if evidence.is_empty() {
            return Err(SigningError::Encoding("no evidence was given".to_owned()));
        }
        self.level = Level::LT;
        Ok(())
    }
}
