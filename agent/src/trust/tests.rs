//! The directory of the HTTPS door's certificate: made, kept, renewed, removed, and what is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use paraphe_certs::UnixTime;
use paraphe_certs::localhost::LocalhostProblem;
use paraphe_protocol::api::Language;

use super::{Initialised, LEAF_FILE, LEAF_KEY_FILE, ROOT_FILE, TlsDirectory, TrustError};

const NOW: UnixTime = UnixTime(1_800_000_000);

fn place() -> (tempfile::TempDir, TlsDirectory) {
    let home = tempfile::tempdir().unwrap();
    let directory = TlsDirectory::new(home.path().join("state/paraphe/tls"));
    (home, directory)
}

fn made(directory: &TlsDirectory, now: UnixTime, renew: bool) -> String {
    match directory.initialise(now, renew).unwrap() {
        Initialised::Made(state) => state.fingerprint(),
        Initialised::Kept(_) => panic!("kept"),
    }
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_is_made_once_and_only_for_this_user() {
    let (home, directory) = place();
    assert!(matches!(
        directory.read(NOW),
        Err(TrustError::NotInitialised { .. })
    ));
    let first = made(&directory, NOW, false);
    assert_eq!(first.len(), 32 * 3 - 1);
    assert_eq!(mode(directory.path().to_owned()), 0o700);
    assert_eq!(mode(directory.path().join(LEAF_KEY_FILE)), 0o600);
    match directory.initialise(NOW, false).unwrap() {
        Initialised::Kept(state) => assert_eq!(state.fingerprint(), first),
        Initialised::Made(_) => panic!("made again"),
    }
    directory.read(NOW).unwrap().into_identity().unwrap();
    let beside = fs::read_dir(home.path().join("state/paraphe")).unwrap();
    assert_eq!(beside.count(), 1, "something was left beside it");
}

#[test]
fn it_is_renewed_when_asked_or_when_it_no_longer_holds() {
    let (home, directory) = place();
    let first = made(&directory, NOW, false);
    let second = made(&directory, NOW, true);
    assert_ne!(first, second);
    let later = NOW.plus_days(91);
    let expired = directory.read(later).unwrap();
    assert!(expired.should_be_renewed(later));
    assert_eq!(expired.days_left(later), -1);
    assert!(matches!(
        expired.problems().first(),
        Some(LocalhostProblem::Expired { .. })
    ));
    assert!(matches!(
        expired.into_identity(),
        Err(TrustError::Unusable(_))
    ));
    assert_ne!(made(&directory, later, false), second);
    let beside = fs::read_dir(home.path().join("state/paraphe")).unwrap();
    assert_eq!(beside.count(), 1, "an old directory was left");
}

#[test]
fn the_hint_comes_with_the_last_fifth() {
    let (_home, directory) = place();
    made(&directory, NOW, false);
    let state = directory.read(NOW).unwrap();
    assert_eq!(state.days_left(NOW), 90);
    assert!(!state.should_be_renewed(NOW.plus_days(71)));
    assert!(state.should_be_renewed(NOW.plus_days(73)));
}

#[test]
fn what_others_can_read_is_refused() {
    let (_home, directory) = place();
    made(&directory, NOW, false);
    for (path, open, closed) in [
        (directory.path().join(LEAF_KEY_FILE), 0o640, 0o600),
        (directory.path().to_owned(), 0o750, 0o700),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        assert!(matches!(
            directory.read(NOW),
            Err(TrustError::NotPrivate { .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(closed)).unwrap();
        directory.read(NOW).unwrap();
    }
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let (_home, directory) = place();
    let (_other_home, other) = place();
    made(&directory, NOW, false);
    made(&other, NOW, false);
    let copy = |name| fs::copy(other.path().join(name), directory.path().join(name)).unwrap();
    copy(LEAF_KEY_FILE);
    assert!(matches!(
        directory.read(NOW),
        Err(TrustError::WrongKey { .. })
    ));
    copy(LEAF_FILE);
    let state = directory.read(NOW).unwrap();
    assert_eq!(state.problems(), [LocalhostProblem::NotSignedByRoot]);
    copy(ROOT_FILE);
    assert_eq!(directory.read(NOW).unwrap().problems(), []);
    fs::write(directory.path().join(ROOT_FILE), "no certificate").unwrap();
    let error = directory.read(NOW).unwrap_err();
    assert!(matches!(error, TrustError::Certificate { .. }));
    assert!(
        error
            .problem(Language::French)
            .remedy
            .text
            .contains("--renew")
    );
    made(&directory, NOW, false);
}

#[test]
fn removing_deletes_our_files_and_nothing_else() {
    let (_home, directory) = place();
    assert!(!directory.remove().unwrap());
    made(&directory, NOW, false);
    let foreign = directory.path().join("thesis.txt");
    fs::write(&foreign, "years of work").unwrap();
    assert!(matches!(
        directory.remove(),
        Err(TrustError::ForeignFile { .. })
    ));
    assert!(matches!(
        directory.initialise(NOW, true),
        Err(TrustError::ForeignFile { .. })
    ));
    assert!(directory.path().join(ROOT_FILE).exists());
    fs::remove_file(foreign).unwrap();
    assert!(directory.remove().unwrap());
    assert!(!directory.path().exists());
}
