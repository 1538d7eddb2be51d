//! `openapi`: the API's own document. It holds nothing of this workstation.

use std::sync::LazyLock;

use paraphe_protocol::api::{OpenapiRequest, OpenapiResponse};

use super::Context;
use crate::problem::Failure;

static DOCUMENT: LazyLock<OpenapiResponse> = LazyLock::new(OpenapiResponse::of_this_version);

pub(super) fn perform(
    _context: &Context<'_>,
    _request: &OpenapiRequest,
) -> Result<&'static OpenapiResponse, Failure> {
    Ok(&DOCUMENT)
}
