//! The database: one SQLite file, WAL with `synchronous=FULL` (security facts 5.3), one connection on its own thread,
//! work sent to it as closures. The schema carries the rules that must hold whatever the code does: one record per
//! patient identity, one lot per submission set, one document per unique id, a trace that is only added to.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use paraphe_stores::SqliteStore;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// SQLite refused.
    #[error("the database refused: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The database file is of another version of this program.
    #[error("the database has schema {found}, this program knows {expected}")]
    Schema {
        /// Version found.
        found: i64,
        /// Version known.
        expected: i64,
    },
    /// The database thread has ended.
    #[error("the database is closed")]
    Closed,
    /// The database thread could not be started.
    #[error("the database thread did not start: {0}")]
    Thread(#[source] std::io::Error),
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the database thread. The thread ends, and the file is closed, when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Storage {
    sender: mpsc::Sender<Work>,
}

/// Waits for the database thread.
#[derive(Debug)]
pub struct StorageThread(thread::JoinHandle<()>);

impl StorageThread {
    /// Blocks until the file is closed; every [`Storage`] must have been dropped or be about to be.
    pub fn join(self) {
        if self.0.join().is_err() {
            tracing::error!("the database thread panicked");
        }
    }
}

impl Storage {
    /// Opens or creates the database file and starts its thread.
    ///
    /// # Errors
    /// The file cannot be opened, is not a database, or has another schema.
    pub fn open(path: &Path) -> Result<(Self, StorageThread), StorageError> {
        let mut connection = Connection::open(path)?;
        prepare(&mut connection)?;
        let (sender, receiver) = mpsc::channel::<Work>();
        let thread = thread::Builder::new()
            .name("records-database".to_owned())
            .spawn(move || {
                for work in receiver {
                    work(&mut connection);
                }
                if let Err((_, error)) = connection.close() {
                    tracing::error!(%error, "the database did not close cleanly");
                }
            })
            .map_err(StorageError::Thread)?;
        Ok((Self { sender }, StorageThread(thread)))
    }

    /// Runs this work on the database thread and gives back its answer. Once handed over, the work is done even if
    /// the caller goes away.
    ///
    /// # Errors
    /// What the work answers, or [`StorageError::Closed`].
    pub async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // The caller may have gone away; the work is done all the same.
            let _ = answer.send(work(connection));
        });
        self.sender.send(work).map_err(|_| StorageError::Closed)?;
        receiver.await.map_err(|_| StorageError::Closed)?
    }
}

const SCHEMA_VERSION: i64 = 5;

/// What leads from one version to the next, from an empty file on.
const STEPS: [&str; 5] = [
    RECORDS_AND_LOTS,
    SIGNER_MODES,
    PATIENT_CERTIFICATES,
    SAML_ASSERTIONS,
    SESSION_KEYS,
];

const RECORDS_AND_LOTS: &str = "
CREATE TABLE nonce (
    digest      BLOB    PRIMARY KEY CHECK (length(digest) = 32),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX nonce_by_expiry ON nonce (expires_at);

CREATE TABLE session (
    token_digest BLOB    PRIMARY KEY CHECK (length(token_digest) = 32),
    national_id  TEXT    NOT NULL,
    card_kind    TEXT    NOT NULL,
    card_number  TEXT,
    profession   INTEGER,
    issuer       BLOB    NOT NULL,
    opened_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE record (
    id                   TEXT    PRIMARY KEY,
    patient_oid          TEXT    NOT NULL,
    patient_number       TEXT    NOT NULL CHECK (length(patient_number) = 13),
    patient_key          TEXT    NOT NULL CHECK (length(patient_key) = 2),
    family_name          TEXT    NOT NULL,
    given_name           TEXT    NOT NULL,
    birth_date           TEXT    NOT NULL,
    consent_form         TEXT    NOT NULL,
    consent_collected_by TEXT    NOT NULL,
    consent_collected_at INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    created_by           TEXT    NOT NULL,
    UNIQUE (patient_oid, patient_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE lot (
    id               TEXT    PRIMARY KEY,
    record           TEXT    NOT NULL REFERENCES record (id),
    submission_set   TEXT    NOT NULL UNIQUE,
    signer           TEXT    NOT NULL,
    signing_time     INTEGER NOT NULL,
    signature_sha256 BLOB    NOT NULL CHECK (length(signature_sha256) = 32),
    received_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_by_record ON lot (record);

CREATE TABLE document (
    unique_id  TEXT    PRIMARY KEY,
    lot        TEXT    NOT NULL REFERENCES lot (id),
    number     INTEGER NOT NULL CHECK (number > 0),
    title      TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       INTEGER NOT NULL CHECK (size > 0),
    sha256     BLOB    NOT NULL CHECK (length(sha256) = 32),
    UNIQUE (lot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    mode        TEXT    NOT NULL,
    access      TEXT    NOT NULL,
    national_id TEXT,
    card_kind   TEXT,
    card_number TEXT,
    patient     TEXT,
    record      TEXT,
    lot         TEXT,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('done', 'refused')),
    code        TEXT,
    CHECK ((outcome = 'refused') = (code IS NOT NULL))
) STRICT;
CREATE INDEX trace_by_record ON trace (record);
CREATE INDEX trace_by_patient ON trace (patient);
CREATE TRIGGER trace_is_not_changed BEFORE UPDATE ON trace BEGIN SELECT RAISE(ABORT, 'the trace is append-only'); END;
CREATE TRIGGER trace_is_not_deleted BEFORE DELETE ON trace BEGIN SELECT RAISE(ABORT, 'the trace is append-only'); END;
";

/// Who signed a lot in which mode, and the approval that came with it. Lots from before were all signed by their session's card.
const SIGNER_MODES: &str = "
ALTER TABLE lot ADD COLUMN signer_mode TEXT NOT NULL DEFAULT 'professional-card';
ALTER TABLE lot ADD COLUMN approved_by TEXT CHECK ((approved_by IS NULL) = (signer_mode NOT IN ('server-certificate', 'structure-certificate')));
ALTER TABLE lot ADD COLUMN approver_card TEXT;
ALTER TABLE lot ADD COLUMN approved_at INTEGER CHECK ((approved_at IS NULL) = (approved_by IS NULL));
ALTER TABLE lot ADD COLUMN approval_sha256 BLOB CHECK ((approval_sha256 IS NULL) = (approved_by IS NULL));

ALTER TABLE trace ADD COLUMN signer_mode TEXT;
ALTER TABLE trace ADD COLUMN approved_by TEXT;
ALTER TABLE trace ADD COLUMN approver_card TEXT;
ALTER TABLE trace ADD COLUMN approved_at INTEGER;
ALTER TABLE trace ADD COLUMN approval_sha256 BLOB;
";

/// The certificates of patients' own tokens, each of one record. A lot that a patient signs has its certificate's digest as signer.
const PATIENT_CERTIFICATES: &str = "
CREATE TABLE patient_certificate (
    sha256        BLOB    PRIMARY KEY CHECK (length(sha256) = 32),
    record        TEXT    NOT NULL REFERENCES record (id),
    registered_at INTEGER NOT NULL,
    registered_by TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX patient_certificate_by_record ON patient_certificate (record);
CREATE TRIGGER patient_is_registered BEFORE INSERT ON lot WHEN NEW.signer_mode = 'patient' AND NOT EXISTS
    (SELECT 1 FROM patient_certificate WHERE record = NEW.record AND sha256 = unhex(NEW.signer))
    BEGIN SELECT RAISE(ABORT, 'the certificate is not registered on the record'); END;

ALTER TABLE trace ADD COLUMN patient_certificate BLOB;
";

/// SAML assertions that were admitted, until none of them could be any more; and what they add to the trace.
const SAML_ASSERTIONS: &str = "
CREATE TABLE used_vihf (
    id_digest    BLOB    PRIMARY KEY CHECK (length(id_digest) = 32),
    forgotten_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_vihf_by_end ON used_vihf (forgotten_at);

ALTER TABLE trace ADD COLUMN access_reason TEXT;
ALTER TABLE trace ADD COLUMN vihf TEXT;
";

/// What a session is bound to. Sessions from before, bound to nothing, end. Nonces moved to tables of `paraphe_stores`' own.
const SESSION_KEYS: &str = "
DELETE FROM session;
ALTER TABLE session ADD COLUMN key_method TEXT CHECK (key_method IN ('jkt', 'x5t#S256'));
ALTER TABLE session ADD COLUMN key_digest BLOB CHECK ((key_digest IS NULL) = (key_method IS NULL));
DROP TABLE nonce;
";

fn prepare(connection: &mut Connection) -> Result<(), StorageError> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = usize::try_from(found)
        .ok()
        .and_then(|found| STEPS.get(found..))
        .ok_or(StorageError::Schema {
            found,
            expected: SCHEMA_VERSION,
        })?;
    SqliteStore::prepare(connection)?;
    if missing.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// A database in memory with the schema, for tests of the tables' rules.
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
pub(crate) fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    prepare(&mut connection).unwrap();
    connection
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{SCHEMA_VERSION, Storage, StorageError, in_memory};

    #[tokio::test]
    async fn the_file_is_durable_and_reopens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.sqlite");
        for expected_before in 0..2_i64 {
            let (storage, thread) = Storage::open(&path).unwrap();
            let (before, journal, synchronous) = storage
                .run(|connection| -> Result<_, StorageError> {
                    let before: i64 =
                        connection.query_row("SELECT count(*) FROM paraphe_nonce", [], |row| {
                            row.get(0)
                        })?;
                    connection.execute(
                        "INSERT INTO paraphe_nonce VALUES (randomblob(32), 1, 2, NULL)",
                        [],
                    )?;
                    let journal: String =
                        connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                    let synchronous: i64 =
                        connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
                    Ok((before, journal, synchronous))
                })
                .await
                .unwrap();
            assert_eq!(before, expected_before);
            assert_eq!(journal, "wal");
            assert_eq!(synchronous, 2, "FULL");
            drop(storage);
            thread.join();
        }
    }

    #[test]
    fn a_database_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.sqlite");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(
            Storage::open(&path),
            Err(StorageError::Schema {
                found: 99,
                expected: SCHEMA_VERSION
            })
        ));
    }

    #[test]
    fn a_database_from_before_is_led_on_with_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.sqlite");
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(super::RECORDS_AND_LOTS).unwrap();
        connection
            .execute_batch(
                "INSERT INTO record VALUES ('a', 'oid', '1610275999999', '19', 'F', 'G', '19610217', 'oral', 'x', 1, 1, 'x');
                 INSERT INTO lot VALUES ('l1', 'a', 'set1', 'x', 1, zeroblob(32), 1);",
            )
            .unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        drop(connection);
        let (storage, thread) = Storage::open(&path).unwrap();
        drop(storage);
        thread.join();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mode: String = connection
            .query_row("SELECT signer_mode FROM lot", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "professional-card");
    }

    #[test]
    fn the_trace_is_only_added_to() {
        let connection = in_memory();
        connection
            .execute("INSERT INTO trace (at, action, mode, access, outcome) VALUES (1, 'login', 'DIRECTE', 'normal', 'done')", [])
            .unwrap();
        for change in ["UPDATE trace SET at = 2", "DELETE FROM trace"] {
            let error = connection.execute(change, []).unwrap_err();
            assert!(error.to_string().contains("append-only"), "{error}");
        }
        // A refusal always has its code and a success never has one.
        for (outcome, code) in [("refused", None), ("done", Some("internal"))] {
            assert!(connection
                .execute("INSERT INTO trace (at, action, mode, access, outcome, code) VALUES (1, 'login', 'DIRECTE', 'normal', ?1, ?2)", (outcome, code))
                .is_err());
        }
    }

    #[test]
    fn the_schema_holds_the_rules() {
        let connection = in_memory();
        let record = "INSERT INTO record VALUES (?1, 'oid', '1610275999999', '19', 'F', 'G', '19610217', 'oral', 'x', 1, 1, 'x')";
        connection.execute(record, ["a"]).unwrap();
        assert!(
            connection.execute(record, ["b"]).is_err(),
            "one record per identity"
        );
        let lot = "INSERT INTO lot (id, record, submission_set, signer, signing_time, signature_sha256, received_at)
                   VALUES (?1, ?2, ?3, 'x', 1, zeroblob(32), 1)";
        connection.execute(lot, ["l1", "a", "set1"]).unwrap();
        assert!(
            connection.execute(lot, ["l2", "a", "set1"]).is_err(),
            "one lot per submission set"
        );
        assert!(
            connection.execute(lot, ["l3", "nowhere", "set3"]).is_err(),
            "a lot belongs to a record"
        );
        let unapproved = "INSERT INTO lot (id, record, submission_set, signer, signing_time, signature_sha256, received_at, signer_mode)
                          VALUES ('l4', 'a', 'set4', 'x', 1, zeroblob(32), 1, 'server-certificate')";
        assert!(
            connection.execute(unapproved, []).is_err(),
            "no lot of the server's without an approval"
        );
        let by_patient = "INSERT INTO lot (id, record, submission_set, signer, signing_time, signature_sha256, received_at, signer_mode)
                          VALUES (?1, 'a', ?1, ?2, 1, zeroblob(32), 1, 'patient')";
        let digest = "ab".repeat(32);
        assert!(
            connection.execute(by_patient, ["l5", &digest]).is_err(),
            "no lot of a patient whom the record does not know"
        );
        let certificate = "INSERT INTO patient_certificate VALUES (unhex(?1), 'a', 1, 'x')";
        connection.execute(certificate, [&digest]).unwrap();
        connection.execute(by_patient, ["l5", &digest]).unwrap();
        assert!(
            connection.execute(certificate, [&digest]).is_err(),
            "a certificate is of one record"
        );
        let document =
            "INSERT INTO document VALUES (?1, ?2, ?3, 't', 'text/plain', 1, zeroblob(32))";
        connection.execute(document, ("d1", "l1", 1)).unwrap();
        assert!(
            connection.execute(document, ("d1", "l1", 2)).is_err(),
            "one document per unique id"
        );
        assert!(
            connection.execute(document, ("d2", "l9", 1)).is_err(),
            "a document belongs to a lot"
        );
    }
}
