//! The store in SQLite: alone, and as several connections on one file, which is what several processes are.

#![allow(clippy::unwrap_used, reason = "tests")]

mod rules;

use paraphe_stores::SqliteStore;
use tempfile::TempDir;

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(&folder.path().join("nonces.sqlite")).unwrap()
}

#[test]
fn it_keeps_the_rules() {
    rules::rules(&mut open(&TempDir::new().unwrap()));
}

#[test]
fn two_connections_agree() {
    let folder = TempDir::new().unwrap();
    rules::handles_agree(&mut open(&folder), &mut open(&folder));
}

#[test]
fn of_200_submissions_at_once_one_succeeds() {
    let folder = TempDir::new().unwrap();
    rules::one_of_200((0..20).map(|_| open(&folder)).collect());
}
