//! Signatures and lots, made and verified, and judged by programs that nobody here wrote.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod approval;
mod asic;
mod asic_hostile;
mod cades;
mod cades_levels;
mod conclusions;
mod documents;
mod jades;
mod jades_levels;
mod jades_mutations;
mod lot;
mod lot_legacy;
mod lot_mutations;
mod pades;
mod pades_pyhanko;
mod pades_reading;
#[path = "../support/mod.rs"]
mod support;
mod wycheproof;
mod xades;
mod xades_foreign;
mod xades_levels;
mod xades_mutations;
mod xades_signxml;
mod xades_wrapping;
