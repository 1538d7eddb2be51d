//! The project's sample documents, and what the agent keeps for its callers.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::Operation;
use serde_json::{Value, json};

use super::Stage;

/// Where a sample document is.
pub fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/documents")
        .join(name)
        .canonicalize()
        .unwrap()
}

/// All of a document that the agent keeps and an answer names.
pub async fn fetched(stage: &Stage, source: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let body = json!({"document": source["document"], "offset": bytes.len()});
        let piece = stage.perform(Operation::DocumentGet, body).await.unwrap();
        bytes.extend(STANDARD.decode(piece["content"].as_str().unwrap()).unwrap());
        if piece["last"] == true {
            return bytes;
        }
    }
}
