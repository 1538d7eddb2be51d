//! The record server's side of logins, for a server to embed: docs/login-assertion.md sections 6 to 9, in types that leave no step out.
//!
//! 1. [`LoginServer::issue_nonce`] gives a nonce and keeps its digest in a [`SingleUseStore`]: in memory here ([`MemoryStore`]), SQLite and
//!    PostgreSQL in the crate `paraphe-stores`.
//! 2. [`LoginServer::consume_nonce`] uses it up, whatever follows, and gives the [`ConsumedNonce`] without which nothing is verified.
//! 3. [`Connection`] says what the server knows of the connection and of the client's key; it takes proofs that were checked
//!    ([`crate::dpop`]) and nothing that a request merely says.
//! 4. [`LoginServer::verify`] makes the checks in their order and gives a [`VerifiedIdentity`], which cannot be made otherwise.
//! 5. [`SessionKey`] is what the session that is opened then is bound to, and what every later request must prove
//!    ([`SessionKey::check`]).
//!
//! Nothing here does I/O or reads a clock: time and randomness come in as arguments, and each step is a call of its own, so that a server
//! can do the second on its database's thread and the fourth on another.

mod connection;
mod identity;
mod memory;
mod nonce;
mod server;
mod single_use;

pub use connection::{Connection, SessionKey, SessionKeyMismatch};
pub use identity::{IdentityAssurance, VerifiedIdentity};
pub use memory::MemoryStore;
pub use nonce::{
    ConsumedNonce, IssuedNonce, NonceRefusal, consume_for_approval, issue_for_approval,
};
pub use server::{LoginRefusal, LoginServer};
pub use single_use::{Consumed, REMEMBERED_SECONDS, SingleUseStore};
