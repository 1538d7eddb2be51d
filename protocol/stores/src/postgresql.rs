//! The store in PostgreSQL, for servers that share one. Each handle is one connection.
//!
//! Every step is one statement, and a row is changed under its lock: of any number of attempts to consume one nonce, PostgreSQL lets one
//! change the row, and the others then read it again and find it consumed (READ COMMITTED, the default; stricter levels are refused by
//! the database with an error, which is a refusal here).

use paraphe_certs::UnixTime;
use paraphe_protocol::login_server::{Consumed, REMEMBERED_SECONDS, SingleUseStore};
use postgres::{Client, Error};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS paraphe_nonce (
    digest      bytea  PRIMARY KEY CHECK (octet_length(digest) = 32),
    issued_at   bigint NOT NULL,
    expires_at  bigint NOT NULL,
    consumed_at bigint
);
CREATE INDEX IF NOT EXISTS paraphe_nonce_by_expiry ON paraphe_nonce (expires_at);
CREATE TABLE IF NOT EXISTS paraphe_seen (
    digest    bytea  PRIMARY KEY CHECK (octet_length(digest) = 32),
    forget_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS paraphe_seen_by_time ON paraphe_seen (forget_at);
";

/// Any number, as long as it is the same for all: two servers that start at once must not both make the tables.
const SCHEMA_LOCK: i64 = 0x7061_7261_7068;

/// A store on one connection. Blocking: not for an asynchronous executor's threads.
pub struct PostgresStore(Client);

impl PostgresStore {
    /// On this connection; makes the tables where they are missing.
    ///
    /// # Errors
    /// PostgreSQL refused.
    pub fn on(mut client: Client) -> Result<Self, Error> {
        let mut transaction = client.transaction()?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&SCHEMA_LOCK])?;
        transaction.batch_execute(SCHEMA)?;
        transaction.commit()?;
        Ok(Self(client))
    }
}

impl SingleUseStore for PostgresStore {
    type Error = Error;

    fn outstanding(&mut self, now: UnixTime) -> Result<u64, Error> {
        let row = self.0.query_one(
            "SELECT count(*) FROM paraphe_nonce WHERE expires_at > $1 AND consumed_at IS NULL",
            &[&now.0],
        )?;
        // A count is not negative.
        Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
    }

    fn keep(
        &mut self,
        digest: [u8; 32],
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Error> {
        let oldest = issued_at.plus_seconds(-REMEMBERED_SECONDS).0;
        self.0.execute(
            "DELETE FROM paraphe_nonce WHERE expires_at < $1",
            &[&oldest],
        )?;
        self.0.execute(
            "INSERT INTO paraphe_nonce (digest, issued_at, expires_at) VALUES ($1, $2, $3)",
            &[&digest.as_slice(), &issued_at.0, &expires_at.0],
        )?;
        Ok(())
    }

    fn consume(&mut self, digest: [u8; 32], now: UnixTime) -> Result<Consumed, Error> {
        let taken = self.0.query_opt(
            "UPDATE paraphe_nonce SET consumed_at = $2 WHERE digest = $1 AND consumed_at IS NULL RETURNING expires_at",
            &[&digest.as_slice(), &now.0],
        )?;
        if let Some(row) = taken {
            return Ok(Consumed::Now {
                expires_at: UnixTime(row.try_get(0)?),
            });
        }
        let known = self.0.query_opt(
            "SELECT 1 FROM paraphe_nonce WHERE digest = $1",
            &[&digest.as_slice()],
        )?;
        Ok(if known.is_some() {
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
    ) -> Result<bool, Error> {
        self.0
            .execute("DELETE FROM paraphe_seen WHERE forget_at <= $1", &[&now.0])?;
        let added = self.0.execute(
            "INSERT INTO paraphe_seen (digest, forget_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&digest.as_slice(), &forget_at.0],
        )?;
        Ok(added == 1)
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}
