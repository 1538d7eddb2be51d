//! The card drivers against the simulator, which shares no code with them: every shipped profile,
//! the number of commands, PINs, cards that are pulled out or answer nonsense at every single
//! exchange.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod code_change;
mod contactless;
mod cps4;
mod interruption;
mod pin;
mod professional;
mod reader;
mod vitale;
