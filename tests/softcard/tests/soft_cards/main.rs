//! The simulated cards, command by command, and behind pcscd.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod any_bytes;
mod cps3_conversation;
mod cps4_conversation;
mod opensc;
mod pin_pad;
mod pki_directory;
mod program;
mod reader_relay;
mod recognised_cards;
mod scenarios;
mod scenarios_behind_pcscd;
mod vitale2_conversation;
