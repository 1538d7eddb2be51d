//! The journal: chained, durable, shared by processes, and what a change to it is found by.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use paraphe_protocol::api::{
    AuditCaller, AuditFault, AuditHead, AuditOutcome, AuditSubject, ErrorCode, Operation, Right,
};
use paraphe_protocol::login::Origin;
use serde_json::json;

use super::chain::Check;
use super::{Journal, check};
use crate::caller::Caller;
use crate::document_store::Owner;

fn journal(directory: &Path) -> Journal {
    Journal::in_directory(directory, vec!["dossier".to_owned()])
}

fn login(journal: &Journal, answer: Result<(), ErrorCode>) {
    let request = json!({ "server": "dossier", "nonce": "x" }).to_string();
    let begun = journal.begin(&Caller::CommandLine, Operation::Login, request.as_bytes());
    let begun = begun.unwrap().unwrap();
    let done = json!({ "card": "99000001", "assertion": { "secret": "Dupont" } }).to_string();
    journal.end(begun, answer.map(|()| done.as_str()));
}

fn checked(path: &Path, noted: Option<&AuditHead>) -> Check {
    check(fs::read(path).unwrap().as_slice(), noted, |_, _| {}).unwrap()
}

fn filled() -> (tempfile::TempDir, PathBuf, Journal) {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(directory.path());
    for _ in 0..3 {
        login(&journal, Ok(()));
    }
    login(&journal, Err(ErrorCode::PinWrong));
    let path = directory.path().join("audit.jsonl");
    (directory, path, journal)
}

#[test]
fn each_operation_stands_with_its_beginning_and_its_end() {
    let (_directory, path, journal) = filled();
    let (latest, head) = journal.latest(None, 3).unwrap();
    assert_eq!(head.unwrap().sequence, 8);
    let said: Vec<_> = latest
        .iter()
        .map(|entry| (entry.sequence, entry.outcome, entry.begun, entry.code))
        .collect();
    assert_eq!(
        said,
        [
            (8, AuditOutcome::Refused, Some(7), Some(ErrorCode::PinWrong)),
            (7, AuditOutcome::Begun, None, None),
            (6, AuditOutcome::Done, Some(5), None),
        ]
    );
    let (older, _) = journal.latest(Some(3), 50).unwrap();
    assert_eq!(older.len(), 2);
    assert_eq!(older[0].about.card.as_deref(), Some("99000001"));
    assert_eq!(older[0].about.server.as_deref(), Some("dossier"));
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("Dupont") && !text.contains("nonce"),
        "{text}"
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let found = checked(&path, None);
    assert_eq!((found.entries, found.fault), (8, None));
}

#[test]
fn what_is_not_written_down_leaves_no_line() {
    let (_directory, path, journal) = filled();
    let before = fs::read(&path).unwrap();
    let begun = journal.begin(&Caller::CommandLine, Operation::CardRead, b"{}");
    assert!(begun.unwrap().is_none());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_grant_stands_with_its_origin_and_its_rights_and_its_end() {
    let (_directory, path, journal) = filled();
    let origin = "https://dossier.example.fr".parse().unwrap();
    journal.note_grant(&origin, vec![Right::LogIn, Right::Sign]);
    journal.note_grant(&origin, Vec::new());
    let (latest, _) = journal.latest(None, 2).unwrap();
    assert_eq!(latest[0].operation, "grant/revoke");
    assert_eq!(latest[1].operation, "pairing/answer");
    assert_eq!(latest[1].about.rights, [Right::LogIn, Right::Sign]);
    for entry in latest {
        assert_eq!(entry.about.origin.as_deref(), Some(origin.as_str()));
    }
    assert_eq!(checked(&path, None).entries, 10);
}

#[test]
fn what_nobody_closed_stands_with_how_it_ended_and_a_refused_site_with_its_origin() {
    let (_directory, path, journal) = filled();
    let origin: Origin = "https://dossier.example.fr".parse().unwrap();
    let about = |ended: &str| AuditSubject {
        ended: Some(ended.to_owned()),
        ..AuditSubject::default()
    };
    let site = Owner::Site(origin.clone());
    journal.note_end(Operation::MandateClose, &site, about("used-up"), None);
    let code = Some(ErrorCode::CardRemoved);
    journal.note_end(Operation::BatchStart, &Owner::User, about("stopped"), code);
    journal.note_refused_pairing(&origin);
    let (latest, _) = journal.latest(None, 3).unwrap();
    let said: Vec<_> = latest
        .iter()
        .map(|entry| (entry.operation.as_str(), entry.outcome, entry.code))
        .collect();
    assert_eq!(
        said,
        [
            ("pairing/answer", AuditOutcome::Refused, None),
            ("batch/start", AuditOutcome::Refused, code),
            ("mandate/close", AuditOutcome::Done, None),
        ]
    );
    assert_eq!(
        latest[2].caller,
        AuditCaller::Site(origin.as_str().to_owned())
    );
    assert_eq!(latest[1].caller, AuditCaller::User);
    assert_eq!(checked(&path, None).entries, 11);
}

#[test]
fn a_lock_that_another_process_keeps_refuses_after_a_while() {
    let (_directory, path, journal) = filled();
    let other = fs::File::open(&path).unwrap();
    rustix::fs::flock(&other, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let refused = journal.begin(&Caller::CommandLine, Operation::Login, b"{}");
    assert_eq!(refused.unwrap_err().code(), ErrorCode::AuditUnavailable);
    drop(other);
    login(&journal, Ok(()));
    assert_eq!(checked(&path, None).entries, 10);
}

#[test]
fn every_change_is_found() {
    let (_directory, path, journal) = filled();
    let (_, head) = journal.latest(None, 1).unwrap();
    let whole = fs::read(&path).unwrap();
    assert_eq!(checked(&path, head.as_ref()).fault, None);
    let mut changed = 0;
    for place in 0..whole.len() - 1 {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        // The last line has none after it that vouches for it: the noted head does.
        let found = checked(&path, head.as_ref());
        assert!(found.fault.is_some(), "byte {place}");
        changed += 1;
    }
    assert!(changed > 1000, "{changed}");
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let joined = |order: &[usize]| -> Vec<u8> {
        order
            .iter()
            .flat_map(|index| lines[*index].to_vec())
            .collect()
    };
    for (order, fault) in [
        (&[0, 1, 2, 3, 4, 5, 7][..], AuditFault::ChainBroken),
        (&[0, 1, 2, 3, 4, 5, 7, 6], AuditFault::ChainBroken),
        (&[0, 0, 1, 2, 3, 4, 5, 6, 7], AuditFault::ChainBroken),
        (&[1, 2, 3, 4, 5, 6, 7], AuditFault::ChainBroken),
        // Yesterday's journal, whole: only who noted today's end sees it.
        (&[0, 1, 2, 3, 4, 5], AuditFault::NotedHeadMissing),
    ] {
        fs::write(&path, joined(order)).unwrap();
        assert_eq!(
            checked(&path, head.as_ref()).fault,
            Some(fault),
            "{order:?}"
        );
    }
    fs::write(&path, b"no entry\n").unwrap();
    assert_eq!(checked(&path, None).fault, Some(AuditFault::Unreadable));
    // Nothing is chained to what is no entry, and nothing is signed without.
    let begun = journal.begin(&Caller::CommandLine, Operation::Sign, b"{}");
    assert_eq!(begun.unwrap_err().code(), ErrorCode::AuditUnavailable);
}

#[test]
fn a_line_that_was_cut_by_the_end_of_a_process_never_counted() {
    let (_directory, path, journal) = filled();
    let whole = fs::read(&path).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"sequence":9,"at":1"#).unwrap();
    assert_eq!(checked(&path, None).entries, 8);
    login(&journal, Ok(()));
    let found = checked(&path, None);
    assert_eq!((found.entries, found.fault), (10, None));
    assert!(fs::read(&path).unwrap().starts_with(&whole));
}

#[test]
fn several_processes_write_one_chain() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Each opens the file for itself, as a process does.
            let journal = journal(directory.path());
            scope.spawn(move || {
                for _ in 0..5 {
                    login(&journal, Ok(()));
                }
            });
        }
    });
    let found = checked(&directory.path().join("audit.jsonl"), None);
    assert_eq!((found.entries, found.fault), (40, None));
}

#[test]
fn refusals_do_not_fill_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(directory.path());
    for _ in 0..60 {
        login(&journal, Err(ErrorCode::RequestInvalid));
    }
    let site = |origin: &str| Caller::Site(origin.parse().unwrap());
    let (page, other) = (
        site("https://dossier.example.fr"),
        site("https://autre.example.fr"),
    );
    for _ in 0..60 {
        let begun = journal.begin(&page, Operation::Login, b"{}");
        journal.end(begun.unwrap().unwrap(), Err(ErrorCode::RequestInvalid));
    }
    let more = journal.begin(&page, Operation::Login, b"{}");
    assert_eq!(more.unwrap_err().code(), ErrorCode::TooBusy);
    // Nobody else waits for it, and the user's own programs never do.
    for caller in [&other, &Caller::CommandLine] {
        let begun = journal.begin(caller, Operation::Login, b"{}");
        assert!(begun.unwrap().is_some());
    }
}

#[test]
fn where_it_cannot_be_written_nothing_begins() {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(&directory.path().join("missing"));
    let begun = journal.begin(&Caller::CommandLine, Operation::Sign, b"{}");
    assert_eq!(begun.unwrap_err().code(), ErrorCode::AuditUnavailable);
}
