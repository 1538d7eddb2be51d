//! A reference record server: the other end of the line. It issues nonces, verifies logins, creates records, receives
//! signed lots and keeps a trace of every action. What it believes was verified by `paraphe-protocol`, whose
//! `VerifiedLogin` and `VerifiedLot` cannot be made otherwise; it has no verification code of its own.
//!
//! The interface, its refusals and the order of its checks are in `docs/record-server.md`. Start one with
//! [`Server::start`].

mod card;
pub mod client;
pub mod client_certificate;
pub mod clock;
pub mod configuration;
mod http;
pub mod lot;
pub mod nonce;
pub mod patient;
pub mod patient_certificate;
pub mod problem;
pub mod receipt;
pub mod record;
pub mod rules;
pub mod server;
pub mod server_signer;
mod service;
pub mod session;
pub mod signers;
pub mod storage;
mod stream;
pub mod tls;
pub mod token;
pub mod trace;
pub mod trust;
pub mod vihf;

pub use client::{Client, ClientError};
pub use client_certificate::{ClientCertificates, ClientIdentity};
pub use clock::Clock;
pub use configuration::{Configuration, Limits};
pub use server::{RunningServer, Server, StartError};
pub use server_signer::ServerSigner;
pub use signers::Signers;
pub use tls::TlsSource;
pub use trust::TrustSource;
