//! `document/put`, `document/get`, `document/show`, `document/drop`: documents go in and out in pieces, so that a page can hand over
//! any size in JSON and the agent never holds a whole one in memory. A document belongs to the origin or local user
//! that put it; nobody else can name it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Problem;
use crate::digest::Sha256Digest;

/// Longest text in an answer of `document/show`, bytes of the document.
pub const MAXIMUM_SHOWN_TEXT: usize = 256 << 10;
/// Largest piece, bytes before base64.
pub const MAXIMUM_CHUNK_BYTES: usize = 1 << 20;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentPutRequest {
    /// Absent: begin a new document. Present: go on with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Bytes already put; must be exactly what the agent has, so that a lost or doubled piece is seen.
    pub offset: u64,
    /// The piece, base64, at most [`MAXIMUM_CHUNK_BYTES`] decoded.
    #[schemars(extend("pattern" = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"))]
    pub content: String,
    /// This is the last piece: the document is closed and can be used.
    pub last: bool,
}

/// Where the document stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentGetRequest {
    /// Which.
    pub document: String,
    /// From which byte.
    pub offset: u64,
}

/// The piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentGetResponse {
    /// Base64, at most [`MAXIMUM_CHUNK_BYTES`] decoded.
    pub content: String,
    /// Whole size, bytes.
    pub size: u64,
    /// Nothing follows.
    pub last: bool,
}

/// Look at a document before it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentShowRequest {
    /// Where its bytes are. A file is read once, now.
    pub source: DocumentSource,
    /// Declared media type; absent: found from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// What there is to look at: a snapshot that never changes. Who signs `document`, or asks for `sha256` at signing, signs this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentShowResponse {
    /// The snapshot: a document to `document/get` and to sign.
    pub document: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the snapshot.
    pub sha256: Sha256Digest,
    /// What it is, by its content; absent where that is none of the formats that are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its text, where it is plain text or XML, as a page or terminal may show it: characters that are not seen, or that turn the
    /// direction of writing, stand there as `⟨U+202E⟩`. At most the first [`MAXIMUM_SHOWN_TEXT`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// There is more text than `text` has.
    #[serde(default)]
    pub text_is_cut: bool,
    /// Why it will not be signed: active content, a format that is not one of the record... Empty: nothing stands against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

/// Give up a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentDropRequest {
    /// Which.
    pub document: String,
}

/// Done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentDropResponse {}

/// Where a document's bytes are. Paths are for the command line and the socket door; the HTTPS door refuses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DocumentSource {
    /// A document put before.
    Document(String),
    /// An absolute path.
    Path(String),
}
