//! Documents beside the signature (`sigD`, TS 119 182-1 clause 5.2.8): by name and digest, mechanism ObjectIdByURIHash. The digests
//! are of the documents' own bytes where `b64` is false (RFC 7797), which is how they are made here, else of their base64url.
//! The mechanisms that sign the documents' bytes instead (ObjectIdByURI, HttpHeaders) are refused.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::json::Json;
use super::names::{
    BY_URI_HASH, digest_algorithm, digest_name, from_base64url, malformed, to_base64url,
};
use super::prepare::short_media_type;
use crate::signature::{
    DetachedDocument, DigestAlgorithm, MAXIMUM_DOCUMENTS, ReadError, SubIndication, document_name,
};

/// What `sigD` says.
pub(super) struct DetachedObjects {
    pub(super) algorithm: DigestAlgorithm,
    /// URI reference and digest of each.
    pub(super) objects: Vec<(String, Vec<u8>)>,
}

/// `sigD` of these documents.
pub(super) fn write(documents: &[DetachedDocument], digest: DigestAlgorithm) -> Value {
    let names = documents.iter();
    let names = names.map(|document| document_name::to_uri(&document.name));
    let digests = documents.iter();
    let digests = digests.map(|document| to_base64url(&document.digest));
    let types = documents.iter();
    let types = types.map(|document| short_media_type(&document.media_type));
    json!({
        "mId": BY_URI_HASH,
        "pars": names.collect::<Vec<_>>(),
        "hashM": digest_name(digest),
        "hashV": digests.collect::<Vec<_>>(),
        "ctys": types.collect::<Vec<_>>(),
    })
}

impl DetachedObjects {
    pub(super) fn read(value: &Json<'_>) -> Result<Self, ReadError> {
        let what = "sigD";
        for (name, _) in value.object(what)? {
            if !["mId", "pars", "hashM", "hashV", "ctys"].contains(&name.as_ref()) {
                return Err(malformed("sigD has a member that is not known"));
            }
        }
        let mechanism = value.member("mId", what)?.text("mId")?;
        if mechanism != BY_URI_HASH {
            let mechanism: String = mechanism.chars().take(64).collect();
            return Err(ReadError::new(
                SubIndication::FormatFailure,
                "detached-mechanism",
                format!(
                    "documents beside the signature are named by {mechanism}, which is not read: only by digests"
                ),
            ));
        }
        let algorithm = digest_algorithm(value.member("hashM", what)?.text("hashM")?)?;
        let names = value.member("pars", what)?.array("pars")?;
        let digests = value.member("hashV", what)?.array("hashV")?;
        if names.is_empty() || names.len() > MAXIMUM_DOCUMENTS || names.len() != digests.len() {
            return Err(malformed(
                "sigD does not name documents, or too many, or not a digest for each",
            ));
        }
        if let Some(types) = value.optional_member("ctys", what)? {
            let types = types.array("ctys")?;
            for media_type in types {
                media_type.text("ctys")?;
            }
            if types.len() != names.len() {
                return Err(malformed("sigD has not a type for each document"));
            }
        }
        let mut known = HashSet::with_capacity(names.len());
        let mut objects = Vec::with_capacity(names.len());
        for (name, digest) in names.iter().zip(digests) {
            let name = name.text("pars")?;
            let digest = from_base64url(digest.text("hashV")?, "hashV")?;
            if digest.len() != algorithm.length() {
                return Err(malformed(
                    "a document's digest has another length than its algorithm's",
                ));
            }
            if name.is_empty() || !known.insert(name) {
                return Err(malformed("sigD names a document twice, or not at all"));
            }
            objects.push((name.to_owned(), digest));
        }
        Ok(Self { algorithm, objects })
    }
}
