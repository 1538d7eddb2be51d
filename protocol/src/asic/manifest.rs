//! `META-INF/manifest.xml` (OASIS OpenDocument 1.2 part 3): the container's files and their types. Nobody signs it; it must agree with
//! what is there.

use std::collections::HashSet;

use super::failure::refused;
use super::{MANIFEST, MEDIA_TYPE};
use crate::signature::{DetachedDocument, ReadError};
use crate::xml::{CanonicalWriter, Namespace, XmlElement, gate};

const NAMESPACE: Namespace = Namespace {
    prefix: "manifest",
    uri: "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0",
};

/// The manifest of these documents.
pub(super) fn write<'a>(documents: impl Iterator<Item = &'a DetachedDocument>) -> Vec<u8> {
    let mut written = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut writer = CanonicalWriter::new();
    writer.start(NAMESPACE, "manifest", &[]);
    let mut entry = |path: &str, media_type: &str| {
        let attributes = [
            ("manifest:full-path", path),
            ("manifest:media-type", media_type),
        ];
        writer.element(NAMESPACE, "file-entry", &attributes, "");
    };
    entry("/", MEDIA_TYPE);
    for document in documents {
        entry(&document.name, &document.media_type);
    }
    written.push_str(&writer.finish());
    written.into_bytes()
}

/// Demands that a manifest names each of these files, and nothing that is not there.
pub(super) fn check(xml: &[u8], files: &[&str]) -> Result<(), ReadError> {
    let wrong = |what: &str| {
        Err(refused(
            "container-manifest",
            format_args!("the manifest {what}"),
        ))
    };
    let limits = gate::Limits {
        bytes: 8 * 1024 * 1024,
        elements: 20_100,
        ..gate::Limits::default()
    };
    let Ok(document) = gate::parse(xml, &limits) else {
        return wrong("is not XML that is accepted");
    };
    let root = XmlElement::root(&document)
        .and_then(|root| root.named(NAMESPACE.uri, "manifest").ok())
        .and_then(|root| root.spaced_elements().ok());
    let Some(entries) = root else {
        return wrong("is not one of OpenDocument");
    };
    let mut named = HashSet::new();
    for entry in entries {
        let path = entry
            .is(NAMESPACE.uri, "file-entry")
            .then(|| entry.attribute_of(NAMESPACE.uri, "full-path"))
            .flatten();
        let media_type = entry.attribute_of(NAMESPACE.uri, "media-type");
        match (path, media_type) {
            (Some("/"), Some(MEDIA_TYPE)) if named.insert("/") => {}
            (Some(path), Some(_)) if files.contains(&path) && named.insert(path) => {}
            // Some list themselves.
            (Some(path), _) if path == MANIFEST || path.starts_with("META-INF/") => {}
            _ => return wrong("names a file that is not there, or twice, or another type"),
        }
    }
    if files.iter().all(|file| named.contains(file)) {
        Ok(())
    } else {
        wrong("does not name every file")
    }
}
