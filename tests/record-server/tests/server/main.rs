//! The reference record server, through its own door.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

#[path = "../fixture/mod.rs"]
mod fixture;
mod happy_path;
mod login_refusals;
mod lot_refusals;
mod patient_lots;
mod program;
mod record_refusals;
mod session_keys;
mod signer_modes;
mod tls;
mod vihf_access;
