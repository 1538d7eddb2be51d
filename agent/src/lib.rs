//! The Paraphe agent: it reads health cards, proves who is at the keyboard, signs lots of documents, and serves that to
//! web pages (HTTPS on loopback), practice software (Unix socket) and people (command line).

pub mod caller;
pub mod config;
pub mod door;
