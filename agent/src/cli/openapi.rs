//! `paraphe openapi`: the document of the API, of this very program: whatever agent is running is not asked.

use paraphe_protocol::api::OpenapiResponse;

use super::Ending;
use super::failure::Failure;
use super::output;
use super::session::Invocation;

pub(super) fn run(invocation: &Invocation) -> Result<Ending, Failure> {
    let document = OpenapiResponse::of_this_version();
    let text = if invocation.options.json {
        serde_json::to_string(&document)
    } else {
        serde_json::to_string_pretty(&document)
    };
    output::print(&format!("{}\n", text.map_err(|_| Failure::Answer)?));
    Ok(Ending::Done)
}
