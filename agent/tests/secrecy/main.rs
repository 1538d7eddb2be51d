//! Where a PIN is while it is used, and that it is nowhere afterwards.

#![cfg(feature = "softcard")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod memory_lock;
mod pin_secrecy;
mod process_secrecy;
#[path = "../stage/mod.rs"]
mod stage;
