//! Containers with their documents inside (ASiC-E): read here and there, never wholly in memory, and nothing may stand beside.

use paraphe_certs::TrustStore;
use paraphe_protocol::api::{DocumentSource, VerifyResponse};
use paraphe_protocol::asic;

use super::signature_file::{at_most, conclude};
use crate::operation::{Context, Source};
use crate::problem::Failure;

/// Reads and judges a container.
pub(super) fn examine(
    context: &Context<'_>,
    container: &Source,
    documents: &[DocumentSource],
    trust: &TrustStore,
) -> Result<VerifyResponse, Failure> {
    at_most(0, documents)?;
    let read = asic::read(container, container.size());
    container.check_unchanged()?;
    conclude(context, vec![read], trust)
}
