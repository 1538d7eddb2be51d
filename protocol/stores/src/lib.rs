//! Stores for [`paraphe_protocol::login_server`]: SQLite for a server that is alone (feature `sqlite`, the default), PostgreSQL where several
//! share one (feature `postgres`).
//!
//! Apart from `paraphe-protocol`, which does no I/O. Both keep two tables of their own, made where they are missing: `paraphe_nonce` and
//! `paraphe_seen`; a server may put them beside its own. Times are seconds since 1970, by the server's clock and never the database's.

#![warn(missing_docs)]

#[cfg(feature = "postgres")]
mod postgresql;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgresql::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
