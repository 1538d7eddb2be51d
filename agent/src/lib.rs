//! The Paraphe agent: it reads health cards, proves who is at the keyboard, signs lots of documents, and serves that to
//! web pages (HTTPS on loopback), practice software (Unix socket) and people (command line).

mod audit;
mod batch;
pub mod caller;
pub mod cli;
pub mod config;
#[cfg(feature = "softcard")]
pub mod demo;
pub mod dispatch;
mod document_store;
pub mod door;
mod elsewhere;
pub mod events;
mod evidence;
mod installation;
pub mod logging;
mod mandate;
mod open_requests;
mod opened;
pub mod operation;
pub mod own_page;
pub mod pin;
pub mod problem;
pub mod process_hardening;
mod random;
pub mod reader;
mod root_owner;
pub mod service;
mod signing;
pub mod sites;
mod token;
pub mod trust;
pub mod trusted_file;
mod tunnel;
pub mod vitale_component;
mod whole_file;
