//! What crosses a boundary: cards, identifiers, login, signatures, documents, the API's types.
//!
//! Nothing here does I/O, starts a thread, reads a clock or the environment: time, randomness,
//! transport and signer come in as arguments. Every signature is made in three steps, *prepare*,
//! *sign elsewhere*, *complete*, so that a format never sees a card and a card never sees a format.

#![warn(missing_docs)]

pub mod algorithm;
pub mod api;
pub mod approval;
pub mod asic;
mod base64url;
pub mod cades;
pub mod card;
pub mod cda;
mod cms;
pub mod digest;
pub mod document;
pub mod dpop;
pub mod identifiers;
pub mod jades;
pub mod login;
pub mod login_server;
pub mod lot;
pub mod pades;
mod secret_page;
pub mod signature;
mod signed_fields;
mod statement;
pub mod time_stamp;
pub mod tls;
pub mod vihf;
pub mod vitale_component;
pub mod web_eid;
pub mod xades;
pub mod xml;

pub use secret_page::SecretPage;
