//! The store in a SQLite file. Each handle is one connection; handles of several threads or processes on one file agree, since SQLite lets
//! one write at a time.

use std::borrow::BorrowMut;
use std::path::Path;
use std::time::Duration;

use paraphe_certs::UnixTime;
use paraphe_protocol::login_server::{Consumed, REMEMBERED_SECONDS, SingleUseStore};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

/// How long a handle waits while another one writes.
const BUSY: Duration = Duration::from_secs(30);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS paraphe_nonce (
    digest      BLOB    PRIMARY KEY CHECK (length(digest) = 32),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS paraphe_nonce_by_expiry ON paraphe_nonce (expires_at);
CREATE TABLE IF NOT EXISTS paraphe_seen (
    digest    BLOB    PRIMARY KEY CHECK (length(digest) = 32),
    forget_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS paraphe_seen_by_time ON paraphe_seen (forget_at);
";

/// A store on a connection of its own, or on one that a server lends for a moment (`SqliteStore<&mut Connection>`).
#[derive(Debug)]
pub struct SqliteStore<C = Connection>(C);

impl SqliteStore {
    /// Opens or creates a file of its own: WAL, every commit on the disk before it counts.
    ///
    /// # Errors
    /// SQLite refused.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Self::prepare(&connection)?;
        Ok(Self(connection))
    }

    /// Makes the tables where they are missing.
    ///
    /// # Errors
    /// SQLite refused.
    pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(SCHEMA)
    }
}

impl<C: BorrowMut<Connection>> SqliteStore<C> {
    /// On a connection whose tables are there ([`SqliteStore::prepare`]).
    pub fn on(connection: C) -> Self {
        Self(connection)
    }

    fn connection(&mut self) -> &mut Connection {
        self.0.borrow_mut()
    }
}

impl<C: BorrowMut<Connection>> SingleUseStore for SqliteStore<C> {
    type Error = rusqlite::Error;

    fn outstanding(&mut self, now: UnixTime) -> Result<u64, Self::Error> {
        self.connection()
            .prepare_cached(
                "SELECT count(*) FROM paraphe_nonce WHERE expires_at > ?1 AND consumed_at IS NULL",
            )?
            .query_row([now.0], |row| row.get(0))
    }

    fn keep(
        &mut self,
        digest: [u8; 32],
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Self::Error> {
        let connection = self.connection();
        // Writes from its beginning: one that read first could not be let wait for another writer.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "DELETE FROM paraphe_nonce WHERE expires_at < ?1",
            [issued_at.plus_seconds(-REMEMBERED_SECONDS).0],
        )?;
        transaction.execute(
            "INSERT INTO paraphe_nonce (digest, issued_at, expires_at) VALUES (?1, ?2, ?3)",
            params![digest, issued_at.0, expires_at.0],
        )?;
        transaction.commit()
    }

    fn consume(&mut self, digest: [u8; 32], now: UnixTime) -> Result<Consumed, Self::Error> {
        let connection = self.connection();
        let taken: Option<i64> = connection
            .prepare_cached("UPDATE paraphe_nonce SET consumed_at = ?2 WHERE digest = ?1 AND consumed_at IS NULL RETURNING expires_at")?
            .query_row(params![digest, now.0], |row| row.get(0))
            .optional()?;
        if let Some(expires_at) = taken {
            return Ok(Consumed::Now {
                expires_at: UnixTime(expires_at),
            });
        }
        let known: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM paraphe_nonce WHERE digest = ?1)",
            [digest],
            |row| row.get(0),
        )?;
        Ok(if known {
            Consumed::Before
        } else {
            Consumed::Unknown
        })
    }

    fn first_use(
        &mut self,
        digest: [u8; 32],
        now: UnixTime,
        forget_at: UnixTime,
    ) -> Result<bool, Self::Error> {
        let connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached("DELETE FROM paraphe_seen WHERE forget_at <= ?1")?
            .execute([now.0])?;
        let added = transaction
            .prepare_cached(
                "INSERT INTO paraphe_seen (digest, forget_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![digest, forget_at.0])?;
        transaction.commit()?;
        Ok(added == 1)
    }
}
