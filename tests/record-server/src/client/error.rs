//! Why a call did not succeed.

use crate::problem::{Code, Problem};

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Not `https://host:port`.
    #[error("the server's address is not https://host:port")]
    Url,
    /// The root cannot be used.
    #[error("the server's root certificate cannot be used: {0}")]
    Root(String),
    /// No connection.
    #[error("cannot connect to the record server: {0}")]
    Connect(#[source] std::io::Error),
    /// The client's own key cannot be made or used.
    #[error("the client's own key cannot be made or used")]
    ProofKey,
    /// The system's OpenSSL failed.
    #[error("the client's own key failed: {0}")]
    OpenSsl(#[from] openssl::error::ErrorStack),
    /// A document cannot be read.
    #[error("a document cannot be read: {0}")]
    Document(#[source] std::io::Error),
    /// The connection broke.
    #[error("the exchange with the record server failed: {0}")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The request cannot be written.
    #[error("the request cannot be written: {0}")]
    Request(#[source] serde_json::Error),
    /// The answer cannot be read.
    #[error("the record server's answer cannot be read: {0}")]
    Answer(#[source] serde_json::Error),
    /// The record server refused.
    #[error("the record server refused: {} ({})", .0.title, .0.code.name())]
    Refused(Box<Problem>),
}

impl ClientError {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            _ => None,
        }
    }
}
