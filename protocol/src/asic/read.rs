//! Reading a container: structure, names, manifest, then the signature inside by the rules of XAdES with the container's files as its
//! documents. Every file is signed under its very name, and everything that is signed is there.

use super::container::{Container, Entry, Files, RandomAccess};
use super::failure::refused;
use super::{MANIFEST, MEDIA_TYPE, MIMETYPE, entry_name, manifest};
use crate::signature::{
    CheckedSignature, Packaging, Presented, ReadError, SignatureFormat, SubIndication,
};
use crate::xades;

/// Whether bytes begin as a ZIP file does, to tell formats apart. It says nothing about the rest.
#[must_use]
pub fn is_container(beginning: &[u8]) -> bool {
    beginning.starts_with(b"PK\x03\x04")
}

/// Reads a container of this length, bytes, and checks its structure, the digests of its files, the signature value and what its
/// time stamps are of. Files are unpacked piece by piece.
///
/// # Errors
/// [`ReadError`].
pub fn read(data: &dyn RandomAccess, length: u64) -> Result<CheckedSignature, ReadError> {
    let container = Container::open(data, length)?;
    let parts = Parts::of(&container)?;
    if container.held(parts.mimetype)? != MEDIA_TYPE.as_bytes() {
        return Err(refused("container-mimetype", "it is of another media type"));
    }
    let names: Vec<&str> = parts.files.iter().map(|file| file.name.as_str()).collect();
    if let Some(found) = parts.manifest {
        manifest::check(&container.held(found)?, &names)?;
    }
    let xml = container.held(parts.signature)?;
    let presented: Vec<_> = names.iter().map(|name| Some((*name).to_owned())).collect();
    let mut files = Files {
        container: &container,
        entries: parts.files.clone(),
    };
    let mut signature = xades::read_in_container(
        &xml,
        &mut Presented {
            names: &presented,
            contents: &mut files,
        },
    )?;
    for covered in &mut signature.covered {
        // By name alone: another file of the same content is another file.
        let index = covered.presented.take();
        let found = index.and_then(|index| names.get(index));
        if found != Some(&covered.name.as_str()) {
            return Err(ReadError::new(
                SubIndication::SignedDataNotFound,
                "document-missing",
                "a signed file is not in the container under its name",
            ));
        }
    }
    signature.format = SignatureFormat::AsicE;
    signature.packaging = Packaging::Enveloping;
    Ok(signature)
}

/// What the entries are.
struct Parts<'c> {
    mimetype: &'c Entry,
    manifest: Option<&'c Entry>,
    signature: &'c Entry,
    files: Vec<&'c Entry>,
}

impl<'c> Parts<'c> {
    fn of(container: &'c Container<'_>) -> Result<Self, ReadError> {
        let (mut mimetype, mut manifest, mut signature) = (None, None, None);
        let mut files = Vec::new();
        for entry in container.entries() {
            match entry.name.as_str() {
                MIMETYPE => mimetype = Some(entry),
                MANIFEST => manifest = Some(entry),
                name if !entry_name::is_reserved(name) => files.push(entry),
                // EN 319 162-1 clause 4.4.3.2: a name with "signatures" in it.
                name if is_signature(name) => {
                    if signature.replace(entry).is_some() {
                        return Err(refused(
                            "several-signatures",
                            "it holds several signatures, of which none is told apart",
                        ));
                    }
                }
                _ => {
                    return Err(refused(
                        "container-content",
                        "below META-INF stands something that is not known",
                    ));
                }
            }
        }
        let mimetype = mimetype
            .ok_or_else(|| refused("container-mimetype", "it does not tell its media type"))?;
        let signature =
            signature.ok_or_else(|| refused("no-signature", "it holds no XAdES signature"))?;
        Ok(Self {
            mimetype,
            manifest,
            signature,
            files,
        })
    }
}

fn is_signature(name: &str) -> bool {
    let file = name.strip_prefix("META-INF/");
    let stem = file.and_then(|file| file.strip_suffix(".xml"));
    stem.is_some_and(|stem| stem.contains("signatures") && !stem.contains('/'))
}
