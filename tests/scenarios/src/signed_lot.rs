//! The answer of `lot/sign`, read.

use std::path::PathBuf;

use paraphe_record_server::client::{DocumentSource, OutgoingDocument};
use paraphe_record_server::lot::AnnouncedDocument;
use serde_json::Value;

/// The documents of a lot as `lot/sign` answered, to be sent to a record server.
///
/// # Panics
/// Where it is no such answer.
#[must_use]
pub fn outgoing(signed: &Value) -> Vec<OutgoingDocument> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    signed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| OutgoingDocument {
            announced: AnnouncedDocument {
                unique_id: text(&document["unique_id"]),
                title: text(&document["title"]),
                media_type: text(&document["media_type"]),
            },
            source: DocumentSource::Path(path_of(&document["content"])),
        })
        .collect()
}

/// The path in a document source of an answer.
///
/// # Panics
/// Where there is none.
#[must_use]
pub fn path_of(source: &Value) -> PathBuf {
    PathBuf::from(
        source["path"]
            .as_str()
            .unwrap_or_else(|| panic!("not a path: {source}")),
    )
}
