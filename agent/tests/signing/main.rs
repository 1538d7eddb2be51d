//! Documents, lots, batches and mandates, from the request to the signature.

#![cfg(feature = "softcard")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests"
)]

mod approve_operation;
mod batch_keeping;
mod batch_levels;
mod batch_operations;
mod document_show;
mod legacy_lot;
mod long_term_signatures;
mod lot_operations;
mod mandate_operations;
mod open_request;
mod session_lock;
mod several_documents;
mod sign_operations;
mod sign_under_mandate;
mod signature_matrix;
#[path = "../soft_hsm/mod.rs"]
mod soft_hsm;
#[path = "../stage/mod.rs"]
mod stage;
mod visible_mark;
mod wrapped_lot_operations;
