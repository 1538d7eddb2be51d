//! Proofs of who is at the keyboard: logins, VIHF, tunnels.

#![cfg(feature = "softcard")]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod login_formats;
mod pairing;
#[path = "../soft_hsm/mod.rs"]
mod soft_hsm;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../tls_servers/mod.rs"]
mod tls_servers;
mod trust_anchors;
mod tunnel_command;
mod tunnel_nginx;
mod tunnel_record_server;
mod tunnel_refusals;
mod vihf_operation;
