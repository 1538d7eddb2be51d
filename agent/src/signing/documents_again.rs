//! Detached documents read once more, for the time stamp that covers everything (level LTA). Each must still be what was signed:
//! one that changed meanwhile is refused, or the stamp would be of other bytes than the signature.

use paraphe_protocol::api::SignDocumentRequest;
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use paraphe_protocol::signature::{Contents, ContentsError};

use super::ReadDocument;
use crate::operation::{Context, Source};

/// The documents of a signature, in its order.
pub(crate) struct DocumentsAgain<'a, 'c> {
    context: &'a Context<'c>,
    requests: &'a [SignDocumentRequest],
    signed: Vec<Sha256Digest>,
}

impl<'a, 'c> DocumentsAgain<'a, 'c> {
    /// The documents of a request as they were read for the signature.
    pub(crate) fn new(
        context: &'a Context<'c>,
        requests: &'a [SignDocumentRequest],
        documents: &[ReadDocument],
    ) -> Self {
        Self {
            context,
            requests,
            signed: documents.iter().map(|document| document.sha256).collect(),
        }
    }
}

impl Contents for DocumentsAgain<'_, '_> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let failed = |cause: &str| ContentsError {
            index,
            cause: cause.to_owned(),
        };
        let (request, signed) = self
            .requests
            .get(index)
            .zip(self.signed.get(index))
            .ok_or_else(|| failed("there is no such document"))?;
        let limit = self.context.agent.config.limits.document_bytes;
        let source = Source::open(self.context, &request.source, limit)
            .map_err(|failure| failed(failure.code().name()))?;
        let mut hasher = Sha256Hasher::new();
        source
            .read_through(&mut Vec::new(), |bytes| {
                hasher.update(bytes);
                piece(bytes);
                Ok(())
            })
            .map_err(|failure| failed(failure.code().name()))?;
        if hasher.finish() == *signed {
            Ok(())
        } else {
            Err(failed("it is no longer what was signed"))
        }
    }
}
