//! Why a configuration is refused, with the file, the line and what to write instead.

use std::path::PathBuf;

use paraphe_protocol::login::AudienceError;
use paraphe_protocol::vihf::{PlaceError, ResourceError};

use super::{RecordServerNameError, SiteOriginError};

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Longer than any configuration.
    #[error("{}: longer than {limit} bytes", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// Bytes allowed.
        limit: u64,
    },
    /// Not TOML, an unknown word, or a value of another kind.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A value that breaks a rule.
    #[error("{}:{line}: {key}: {fault}", path.display())]
    Value {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// The rule that is broken.
        fault: Fault,
    },
}

/// The rule that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not an origin.
    #[error("{0}")]
    Origin(#[from] SiteOriginError),
    /// Not a name.
    #[error("{0}")]
    Name(#[from] RecordServerNameError),
    /// Not an audience.
    #[error("{0}")]
    Audience(#[from] AudienceError),
    /// Not a sector of activity.
    #[error("{0}")]
    Sector(#[from] PlaceError),
    /// Not a resource.
    #[error("{0}")]
    Resource(#[from] ResourceError),
    /// A name that has another meaning.
    #[error("this name is kept for something else")]
    Reserved,
    /// The same twice.
    #[error("stands twice")]
    Twice,
    /// Names a record server that is not described.
    #[error("no [[record_server]] has the name {0:?}")]
    UnknownRecordServer(String),
    /// Not a right of a site.
    #[error("must be log-in, read-patient, read-professional or sign")]
    Right,
    /// A number outside its range.
    #[error("must be from {least} to {most}")]
    Range {
        /// Least value.
        least: u64,
        /// Largest value.
        most: u64,
    },
    /// A path that depends on where the agent was started.
    #[error("must be an absolute path")]
    NotAbsolute,
    /// Both of two keys, or neither.
    #[error("needs exactly one of {0} and {1}")]
    OneOf(&'static str, &'static str),
    /// Not an address that is asked.
    #[error("must be an http:// or https:// address, without a user name")]
    WebAddress,
    /// Neither a host name nor an IP address.
    #[error("must be a host name or an IP address, without scheme, port or path")]
    Host,
    /// Not a dotted object identifier.
    #[error("must be an object identifier such as 1.2.3.4")]
    ObjectIdentifier,
    /// Empty, too long, or with control characters.
    #[error("must be 1 to {0} printable characters")]
    Text(usize),
}
