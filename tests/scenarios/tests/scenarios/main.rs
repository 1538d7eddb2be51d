//! What happens to people, end to end.

#![allow(clippy::unwrap_used, reason = "tests")]

mod arrows;
mod bad_input;
mod batch_survival;
mod browsers;
mod demo;
mod every_card;
mod every_token;
mod foreign_card;
mod hostile_page;
mod main_job;
mod signer_modes;
mod vihf;
