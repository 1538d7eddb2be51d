//! Proofs of who is at the keyboard, made and verified: login assertions and VIHF.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod cross_protocol;
mod dpop;
mod login;
mod login_interop;
mod login_reasons;
#[path = "../support/mod.rs"]
mod support;
mod vihf;
mod vihf_refusals;
