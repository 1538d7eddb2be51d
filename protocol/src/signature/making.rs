//! The three steps, as types: prepared, signed elsewhere, complete; and the way up the levels. A format implements both
//! traits; whoever drives them (one document, a batch) knows no format.

use std::fmt;

use super::{DigestAlgorithm, Evidence, EvidenceError, Level};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::time_stamp::TimeStampToken;

/// A signature that is laid out and waits for its value. `Debug` never shows what is signed.
pub trait PreparedSignature: fmt::Debug + Send + Sync {
    /// The algorithm that the key must use.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The bytes to sign. They do not change between two calls: whoever signs them twice signs the same.
    fn to_be_signed(&self) -> &[u8];

    /// Takes the signature value as keys give it (RSA: big-endian of the modulus' length; ECDSA: r and s of equal length, one
    /// after the other) and gives the file, after checking that the signer's certificate made it.
    ///
    /// # Errors
    /// [`SigningError`].
    fn complete(
        self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError>;
}

/// A signature file on its way up: level B when it is made, T with a time stamp, LT with evidence, LTA with another time stamp.
/// Steps out of order are refused ([`SigningError::OutOfOrder`]).
pub trait SignatureFile: fmt::Debug + Send {
    /// The level that it has reached.
    fn level(&self) -> Level;

    /// The digest that a time-stamping authority is asked to stamp for the next level: over the signature value at level B, over
    /// everything that is protected at level LT. Between this call and [`add_time_stamp`](Self::add_time_stamp) nothing else is added.
    ///
    /// # Errors
    /// [`SigningError`]; `contents` could not be read, where the format needs detached documents once more.
    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError>;

    /// Level B to T, or LT to LTA. The token's imprint must be the one that was given.
    ///
    /// # Errors
    /// [`SigningError`].
    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError>;

    /// Level T to LT.
    ///
    /// # Errors
    /// [`SigningError`].
    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError>;

    /// The file as it is now.
    ///
    /// # Errors
    /// [`SigningError`].
    fn finish(self: Box<Self>) -> Result<Output, SigningError>;
}

/// What is written to disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The whole file: a signature beside its document, around it, or the document with the signature inside.
    Whole(Vec<u8>),
    /// Bytes that follow the document's own, which stay as they are (PDF incremental update).
    Appended(Vec<u8>),
    /// A container with the documents in it, piece by piece: the last piece follows the last document.
    Container(Vec<OutputPiece>),
}

/// A piece of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputPiece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of a document, by its number from 0 in the order in which the signature names them.
    Document(usize),
}

impl Output {
    /// Gives the whole file to `sink`, piece by piece. Documents that stand in it come from `contents`, which must give what was signed,
    /// to the byte.
    ///
    /// # Errors
    /// [`ContentsError`]; what was given until then is no whole file.
    pub fn write(
        &self,
        contents: &mut dyn Contents,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ContentsError> {
        match self {
            Self::Whole(bytes) => sink(bytes),
            Self::Appended(bytes) => {
                contents.read(0, sink)?;
                sink(bytes);
            }
            Self::Container(pieces) => {
                for piece in pieces {
                    match piece {
                        OutputPiece::Bytes(bytes) => sink(bytes),
                        OutputPiece::Document(index) => contents.read(*index, sink)?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// The documents that a detached signature covers, to be read again.
pub trait Contents {
    /// Hands the document at `index`, counted from 0 in the order in which the signature names them, to `piece`, piece by piece.
    ///
    /// # Errors
    /// [`ContentsError`].
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError>;
}

/// A document could not be read again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("document {index} could not be read again: {cause}")]
pub struct ContentsError {
    /// Which one, from 0.
    pub index: usize,
    /// Why, without its content or path.
    pub cause: String,
}

/// Why a signature cannot be made or raised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The certificate is not one that signs documents.
    #[error("this certificate is not for signing documents: expected {expected}")]
    WrongUse {
        /// What a signature certificate allows.
        expected: &'static str,
    },
    /// The certificate's key cannot use this algorithm.
    #[error("the certificate's key does not go with the algorithm {algorithm}")]
    WrongAlgorithm {
        /// The one that was asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The document cannot carry this format.
    #[error("the document cannot be signed in this format: {reason}")]
    Document {
        /// Why.
        reason: String,
    },
    /// The signing time cannot be written.
    #[error("the signing time is out of range")]
    SigningTime,
    /// A level was skipped, or asked for twice.
    #[error("this step does not follow level {}", level.name())]
    OutOfOrder {
        /// The level that was reached.
        level: Level,
    },
    /// The time stamp is of other bytes.
    #[error("the time stamp does not hold the imprint that was asked for")]
    TimeStampImprint,
    /// More than the format or a limit leaves room for.
    #[error("no room for {what}")]
    NoRoom {
        /// For what.
        what: &'static str,
    },
    /// The structure could not be written.
    #[error("the signature could not be encoded: {0}")]
    Encoding(String),
    /// Evidence beyond its limits.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A detached document could not be read again.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// The key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}
