//! `document/put`, `document/get`, `document/drop`: documents go in and out in pieces, so that a page can hand over
//! any size in JSON and the agent never holds a whole one in memory. A document belongs to the origin or local user
//! that put it; nobody else can name it.

use serde::{Deserialize, Serialize};

/// Largest piece, bytes before base64.
pub const MAXIMUM_CHUNK_BYTES: usize = 1 << 20;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentPutRequest {
    /// Absent: begin a new document. Present: go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Bytes already put; must be exactly what the agent has, so that a lost or doubled piece is seen.
    pub offset: u64,
    /// The piece, base64, at most [`MAXIMUM_CHUNK_BYTES`] decoded.
    pub content: String,
    /// This is the last piece: the document is closed and can be used.
    pub last: bool,
}

/// Where the document stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPutResponse {
    /// Its name from now on.
    pub document: String,
    /// Bytes held.
    pub size: u64,
    /// SHA-256, hexadecimal; once the last piece is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Read a piece of a closed document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentGetRequest {
    /// Which.
    pub document: String,
    /// From which byte.
    pub offset: u64,
}

/// The piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentGetResponse {
    /// Base64, at most [`MAXIMUM_CHUNK_BYTES`] decoded.
    pub content: String,
    /// Whole size, bytes.
    pub size: u64,
    /// Nothing follows.
    pub last: bool,
}

/// Give up a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentDropRequest {
    /// Which.
    pub document: String,
}

/// Done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentDropResponse {}

/// Where a document's bytes are. Paths are for the command line and the socket door; the HTTPS door refuses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DocumentSource {
    /// A document put before.
    Document(String),
    /// An absolute path.
    Path(String),
}
