//! The operations of the API, one file each, and what they share: who asks, in which language, and the agent that acts.
//! Requests are read strictly (`strict_json`); failures are [`Failure`]s with a stable code; nothing here knows by which
//! door a request came, except that a site has fewer rights than a program of the user.

mod approve;
mod asking_server;
mod audit;
mod batch;
mod card_certificate;
mod card_read;
mod doctor;
mod document;
mod document_show;
mod document_source;
mod events;
mod grant;
mod hashing;
mod keypad_entry;
mod login;
mod lot_sign;
mod mandate;
mod module_pin;
mod openapi;
mod own_page;
mod pairing;
mod pin;
mod pin_dialogue;
mod reading;
mod request;
mod secret_entry;
mod selection;
mod sign;
mod status;
mod strict_json;
mod summary;
#[cfg(all(test, feature = "softcard"))]
mod token_signatures;
mod token_status;
mod trust_store;
mod tunnel;
mod verify;
mod vihf;
mod vitale_components;
mod vitale_read;
mod web_eid;

use std::path::Path;

use paraphe_protocol::api::{Language, Operation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};

use crate::caller::Caller;
use crate::problem::Failure;
use crate::service::Inner;

pub(crate) use card_certificate::{check_signature, now};
pub(crate) use document_source::Source;
pub(crate) use hashing::in_parallel;
pub(crate) use lot_sign::unique_id;
pub(crate) use mandate::{MandateQuestion, ask as ask_for_mandate};
pub use strict_json::MAXIMUM_BODY_BYTES;
pub(crate) use strict_json::parse as parse_strictly;
pub(crate) use summary::{hexadecimal_capitals, summary_of_atr};
pub(crate) use trust_store::{TrustLoadError, TrustLoader};

/// Reads the token that can sign for its holder: in that reader, with that serial number, or the only one. No secret is needed.
pub(crate) fn holder_token(
    context: &Context<'_>,
    reader: Option<&str>,
    serial: Option<&str>,
) -> Result<crate::token::Token, Failure> {
    selection::token(context, selection::Family::Holder, reader, serial)
}

/// One request on its way through an operation.
pub(crate) struct Context<'a> {
    pub(crate) agent: &'a Inner,
    pub(crate) caller: &'a Caller,
    pub(crate) language: Language,
}

/// Performs `operation`, which the caller may ask for, and gives its response as JSON text. It may block: never call it on the async
/// executor. `events` and `pairing/status` wait and are not here.
pub(crate) fn perform(
    context: &Context<'_>,
    operation: Operation,
    body: &[u8],
) -> Result<Box<RawValue>, Failure> {
    written_down(context, operation, body, || {
        dispatched(context, operation, body)
    })
}

/// Performs `work`, with its beginning and its end in the journal where the operation is one that stands there.
fn written_down(
    context: &Context<'_>,
    operation: Operation,
    body: &[u8],
    work: impl FnOnce() -> Result<Box<RawValue>, Failure>,
) -> Result<Box<RawValue>, Failure> {
    let journal = &context.agent.journal;
    let begun = journal.begin(context.caller, operation, body)?;
    let result = work();
    if let Some(begun) = begun {
        match &result {
            Ok(answer) => journal.end(begun, Ok(answer.get())),
            Err(failure) => journal.end(begun, Err(failure.code())),
        }
    }
    result
}

fn dispatched(
    context: &Context<'_>,
    operation: Operation,
    body: &[u8],
) -> Result<Box<RawValue>, Failure> {
    match operation {
        Operation::Approve => run(context, body, approve::perform),
        Operation::AuditExport => run(context, body, audit::export),
        Operation::AuditList => run(context, body, audit::list),
        Operation::AuditVerify => run(context, body, audit::verify),
        Operation::BatchCancel => run(context, body, batch::cancel),
        Operation::BatchForget => run(context, body, batch::forget),
        Operation::BatchResult => run(context, body, batch::result),
        Operation::BatchResume => run(context, body, batch::resume),
        Operation::BatchStart => run(context, body, batch::start),
        Operation::BatchStatus => run(context, body, batch::status),
        Operation::CardRead => run(context, body, card_read::perform),
        Operation::Doctor => run(context, body, doctor::perform),
        Operation::DocumentDrop => run(context, body, document::drop_document),
        Operation::DocumentGet => run(context, body, document::get),
        Operation::DocumentPut => run(context, body, document::put),
        Operation::DocumentShow => run(context, body, document_show::show),
        Operation::GrantList => run(context, body, grant::list),
        Operation::GrantRevoke => run(context, body, grant::revoke),
        Operation::Login => run(context, body, login::perform),
        Operation::LotSign => run(context, body, lot_sign::perform),
        Operation::MandateClose => run(context, body, mandate::close),
        Operation::MandateOpen => run(context, body, mandate::open),
        Operation::MandateStatus => run(context, body, mandate::status),
        Operation::Open => run(context, body, own_page::open),
        Operation::PageEnter => run(context, body, own_page::enter),
        Operation::RequestGet => run(context, body, request::get),
        Operation::RequestList => run(context, body, request::list),
        Operation::RequestRefuse => run(context, body, request::refuse),
        Operation::RequestShow => run(context, body, request::show),
        Operation::Openapi => run(context, body, openapi::perform),
        Operation::PairingAnswer => run(context, body, pairing::answer),
        Operation::PairingList => run(context, body, pairing::list),
        Operation::PairingRequest => run(context, body, pairing::request),
        Operation::PinChange => run(context, body, pin::change),
        Operation::PinStatus => run(context, body, pin::status),
        Operation::PinUnblock => run(context, body, pin::unblock),
        Operation::Sign => run(context, body, sign::perform),
        Operation::Status => run(context, body, status::perform),
        Operation::TunnelClose => run(context, body, tunnel::close),
        Operation::TunnelOpen => run(context, body, tunnel::open),
        Operation::TunnelStatus => run(context, body, tunnel::status),
        Operation::Verify => run(context, body, verify::perform),
        Operation::Vihf => run(context, body, vihf::perform),
        Operation::VitaleRead => run(context, body, vitale_read::perform),
        _ => Err(paraphe_protocol::api::ErrorCode::OperationUnknown.into()),
    }
}

/// `lot/sign` with everything into a directory; only for the command line in this process.
pub(crate) fn sign_lot_into(
    context: &Context<'_>,
    body: &[u8],
    directory: &Path,
) -> Result<Box<RawValue>, Failure> {
    written_down(context, Operation::LotSign, body, || {
        run(context, body, |context, request| {
            lot_sign::perform_into(context, request, directory)
        })
    })
}

/// The long poll of `events`, which waits without holding a thread.
pub(crate) async fn wait_for_events(
    log: &crate::events::EventLog,
    caller: &Caller,
    body: &[u8],
) -> Result<Box<RawValue>, Failure> {
    let response = events::perform(log, caller, strict_json::parse(body)?).await?;
    to_json(&response)
}

/// The wait of `pairing/status`, which holds no thread either.
pub(crate) async fn wait_for_pairing(
    sites: &crate::sites::Sites,
    caller: &Caller,
    body: &[u8],
) -> Result<Box<RawValue>, Failure> {
    let response = pairing::status(sites, caller, strict_json::parse(body)?).await?;
    to_json(&response)
}

fn run<Request: DeserializeOwned, Response: Serialize>(
    context: &Context<'_>,
    body: &[u8],
    operation: impl FnOnce(&Context<'_>, &Request) -> Result<Response, Failure>,
) -> Result<Box<RawValue>, Failure> {
    let response = operation(context, &strict_json::parse(body)?)?;
    to_json(&response)
}

fn to_json(response: &impl Serialize) -> Result<Box<RawValue>, Failure> {
    to_raw_value(response).map_err(|_| {
        Failure::new(paraphe_protocol::api::ErrorCode::Internal).with_detail(
            "La réponse n'a pas pu être écrite.",
            "The response could not be written.",
        )
    })
}
