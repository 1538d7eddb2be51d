//! Detached documents that are in memory anyway.

use super::{Contents, ContentsError};

/// Documents in the order in which the signature names them.
#[derive(Clone, Copy)]
pub struct DocumentsInMemory<'a>(pub &'a [&'a [u8]]);

impl Contents for DocumentsInMemory<'_> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let document = self.0.get(index).ok_or_else(|| ContentsError {
            index,
            cause: format!("only {} were given", self.0.len()),
        })?;
        piece(document);
        Ok(())
    }
}

impl std::fmt::Debug for DocumentsInMemory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DocumentsInMemory({})", self.0.len())
    }
}
