//! Where the network begins: one question, one answer. The agent has one implementation over HTTP; tests have their own.

use std::fmt;
use std::time::Duration;

/// A question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchRequest<'a> {
    /// `http` or `https`.
    pub(crate) address: &'a str,
    /// What is posted, and its media type; `None` asks with GET.
    pub(crate) post: Option<(&'static str, &'a [u8])>,
    /// Largest answer, bytes.
    pub(crate) maximum_bytes: usize,
    /// For everything from the name to the last byte.
    pub(crate) timeout: Duration,
}

/// Asks over the network. Blocks: it is never called on the executor, nor while a card waits.
pub(crate) trait Fetch: fmt::Debug + Send + Sync {
    /// The body of a successful answer.
    ///
    /// # Errors
    /// [`FetchError`].
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchError>;
}

/// Why there is no answer. Addresses are the operator's or an authority's and may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    /// Not an address that is asked.
    #[error("the address {address} is not an http or https address")]
    Address {
        /// The address.
        address: String,
    },
    /// No connection, or it broke.
    #[error("no connection to {host}: {cause}")]
    Connection {
        /// Host and port.
        host: String,
        /// What the system or the other side said.
        cause: String,
    },
    /// Another answer than success.
    #[error("{host} answered with HTTP status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
    },
    /// Sent elsewhere too often, or from https to http.
    #[error("{host} refers to an address that is not followed")]
    Redirect {
        /// Host and port.
        host: String,
    },
    /// More than the answer may have.
    #[error("the answer of {host} is longer than {limit} bytes")]
    TooLong {
        /// Host and port.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// Too late.
    #[error("{host} did not answer within {seconds} s")]
    TimedOut {
        /// Host and port.
        host: String,
        /// How long was waited.
        seconds: u64,
    },
}
