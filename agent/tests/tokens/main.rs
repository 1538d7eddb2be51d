//! Tokens beside cards: PKCS#11 modules, keys in files.

#![cfg(feature = "softcard")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod patient_tokens;
mod pkcs11_faults;
mod pkcs11_opensc;
mod pkcs11_tokens;
#[path = "../soft_hsm/mod.rs"]
mod soft_hsm;
mod software_tokens;
#[path = "../stage/mod.rs"]
mod stage;
