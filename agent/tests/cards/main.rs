//! What cards, readers and PIN entry do in the hands of the agent.

#![cfg(feature = "softcard")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod card_caches;
mod card_kinds;
mod card_operations;
#[allow(unreachable_pub, reason = "shared with tests/scenarios")]
#[path = "../../../tests/scenarios/src/card_table.rs"]
mod card_table;
mod faults;
mod keypads;
mod pcsc_readers;
mod pcsc_recovery;
mod pcsc_topology;
mod pin_operations;
mod pin_rules;
#[path = "../stage/mod.rs"]
mod stage;
mod vitale_components;
