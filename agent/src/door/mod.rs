//! The ways into the agent: HTTPS on loopback for pages of configured sites ([`https`]) and a Unix socket for programs of
//! the same user ([`socket`]). Both pass the one [`gate`] and end in the one router; neither executes anything for
//! a request that the gate refused. [`client`] is the other side of the socket, for the command line.

mod callers;
pub mod client;
mod connection;
mod dispatched;
mod error;
pub mod gate;
pub mod https;
mod inherited;
pub(crate) mod peer;
mod plain;
mod port_holder;
mod rate;
mod reception;
mod response;
mod router;
mod serve;
pub mod socket;
mod socket_diagnosis;
mod stop;
mod ticket;
mod tls;
mod traffic;
mod turns;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use paraphe_protocol::api::{Language, Operation, Problem};
use serde_json::value::RawValue;

use crate::caller::Caller;
use crate::operation::MAXIMUM_BODY_BYTES;

pub use callers::Callers;
pub use error::DoorError;
pub use inherited::Inherited;
pub(crate) use port_holder::holder_of;
pub use port_holder::{HolderProgram, PortHolder};
pub use rate::Rate;
pub use reception::Reception;
pub use serve::Doors;
pub use stop::Stop;
pub use ticket::TICKET_HEADER;
pub use traffic::{DoorTraffic, Traffic};

/// What performs the operations of requests that were let in.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Perform one operation; the answer is its response, JSON text. `body` is the request's JSON, not yet parsed, at most [`Limits::body_bytes`] long.
    fn perform(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> impl Future<Output = Result<Box<RawValue>, Problem>> + Send;
}

/// What a door bears from its callers. Constants of the program, not of the configuration; tests use smaller ones.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest request body, bytes: a piece of a document (1 MiB in base64) or a lot of some thousand documents.
    pub body_bytes: u64,
    /// Longest request line and headers, bytes.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Connections at once, per door. More are closed as they come.
    pub connections: usize,
    /// Operations at once that may reach a card, at all doors: what they wait for each other at a reader stays within the wait of a job.
    pub card_operations: usize,
    /// Other operations at once, at all doors.
    pub operations: usize,
    /// Requests that may wait for their turn, beside the operations of each kind. More are refused as too busy.
    pub waiting: usize,
    /// How long a request waits for its turn before it is told that it is queued.
    pub turn: Duration,
    /// How long the place of a request that was told so is kept.
    pub place_kept: Duration,
    /// TLS handshakes; more wait.
    pub handshakes: Rate,
    /// Requests of one site that reach an operation. More are refused as too busy.
    pub requests: Rate,
    /// Longest body that is read before the request has its turn, bytes; a longer one costs its place in the meantime.
    pub early_body_bytes: u64,
    /// Time for the TLS handshake.
    pub handshake: Duration,
    /// Time for a request's head, and idle time between two requests.
    pub head: Duration,
    /// Time for a request's body.
    pub body: Duration,
    /// Time that a peer may take no byte of an answer.
    pub stalled: Duration,
    /// Time that running operations have to end when the agent stops.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: MAXIMUM_BODY_BYTES as u64,
            head_bytes: 16 << 10,
            headers: 64,
            connections: 256,
            card_operations: 4,
            operations: 16,
            waiting: 256,
            turn: Duration::from_secs(20),
            place_kept: Duration::from_secs(20),
            handshakes: Rate {
                burst: 300,
                per_second: 100,
            },
            requests: Rate {
                burst: 2000,
                per_second: 1000,
            },
            early_body_bytes: 64 << 10,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(15),
            body: Duration::from_secs(20),
            stalled: Duration::from_secs(20),
            farewell: Duration::from_secs(5),
        }
    }
}
