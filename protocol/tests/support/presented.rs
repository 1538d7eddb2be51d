//! Documents in memory, presented by name beside a signature.

use paraphe_protocol::signature::{DocumentsInMemory, Presented};

/// Reads with these documents presented.
pub fn with_presented<R>(files: &[(&str, &[u8])], read: impl FnOnce(&mut Presented<'_>) -> R) -> R {
    let names: Vec<_> = files
        .iter()
        .map(|(name, _)| Some((*name).to_owned()))
        .collect();
    let contents: Vec<_> = files.iter().map(|(_, bytes)| *bytes).collect();
    read(&mut Presented {
        names: &names,
        contents: &mut DocumentsInMemory(&contents),
    })
}
