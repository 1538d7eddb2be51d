//! From documents and a choice of format to a signature file: the one place that knows every format. Whoever holds the key (one
//! PIN entry for one signature, a mandate, a batch) goes through the same three steps of [`paraphe_protocol::signature`].
//! A format is one arm in [`prepare`]. Nothing here talks to a token or asks anybody.

mod choice;
mod document;
mod documents_again;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::cades;
use paraphe_protocol::signature::{Packaging, PreparedSignature, SignatureFormat, Signer};

pub(crate) use choice::{AskedSignature, SignatureChoice};
pub(crate) use document::ReadDocument;
pub(crate) use documents_again::DocumentsAgain;

use crate::problem::Failure;

/// Lays the signature of these documents out.
pub(crate) fn prepare(
    choice: &SignatureChoice,
    certificate: &Certificate,
    chain: &[Certificate],
    documents: &mut [ReadDocument],
    signing_time: UnixTime,
) -> Result<Box<dyn PreparedSignature>, Failure> {
    let signer = Signer {
        certificate,
        chain,
        algorithm: choice.algorithm,
        signing_time,
    };
    let first = documents.first_mut().ok_or(ErrorCode::LotEmpty)?;
    let mut content = || first.content.take().ok_or(ErrorCode::Internal);
    let prepared = match (choice.format, choice.packaging) {
        (SignatureFormat::Cades, Packaging::Detached) => {
            cades::prepare_detached(&first.digest, &signer)
        }
        (SignatureFormat::Cades, Packaging::Enveloping) => {
            cades::prepare_attached(content()?, &signer)
        }
        _ => return Err(ErrorCode::Internal.into()),
    };
    Ok(prepared?)
}
