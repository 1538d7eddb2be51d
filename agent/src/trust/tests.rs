//! The directory of the HTTPS door's certificate: made, kept, renewed, removed, and what is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use paraphe_certs::UnixTime;
use paraphe_certs::localhost::LocalhostProblem;
use paraphe_protocol::api::Language;

use super::{
    Initialised, KeyReader, LEAF_FILE, LEAF_KEY_FILE, NEXT_ROOT_FILE, ROOT_FILE, TlsDirectory,
    TrustError,
};

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
    // After the pair that follows, too.
    let later = NOW.plus_days(163);
    let expired = directory.read(later).unwrap();
    assert!(expired.should_be_renewed(later));
    assert_eq!(expired.days_left(later), -73);
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
fn the_next_pair_takes_over_by_itself_and_is_known_before() {
    let (home, directory) = place();
    let first = made(&directory, NOW, false);
    let state = directory.read(NOW.plus_days(71)).unwrap();
    let next = state.next().unwrap().clone();
    assert_eq!(state.fingerprint(), first);
    assert_eq!(state.roots(), [state.root(), &next]);
    // Nothing is missing, so nothing is made.
    let kept = directory.complete(NOW.plus_days(71)).unwrap();
    assert!(matches!(kept, Initialised::Kept(_)));
    for day in [73, 100, 161] {
        let now = NOW.plus_days(day);
        let state = directory.read(now).unwrap();
        assert_eq!(state.root(), &next, "day {day}");
        assert!(state.should_be_renewed(now));
        state.into_identity().unwrap();
    }
    // Renewal keeps the pair that browsers know and makes the one after it.
    let now = NOW.plus_days(80);
    let Initialised::Made(state) = directory.complete(now).unwrap() else {
        panic!("kept");
    };
    assert_eq!(state.root(), &next);
    assert!(!state.should_be_renewed(now));
    assert!(state.next().is_some_and(|root| root != &next));
    let long_after = state.not_after().plus_days(70);
    directory.read(long_after).unwrap().into_identity().unwrap();
    let beside = fs::read_dir(home.path().join("state/paraphe")).unwrap();
    assert_eq!(beside.count(), 1, "something was left beside it");
}

#[test]
fn a_pair_without_one_that_follows_is_given_one() {
    let (_home, directory) = place();
    let first = made(&directory, NOW, false);
    for name in [NEXT_ROOT_FILE, "next-leaf.pem", "next-leaf-key.pem"] {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    assert!(directory.read(NOW).unwrap().next().is_none());
    assert!(matches!(
        directory.complete(NOW).unwrap(),
        Initialised::Made(_)
    ));
    let state = directory.read(NOW).unwrap();
    assert_eq!(state.fingerprint(), first);
    assert!(state.next().is_some());
}

#[test]
fn a_link_or_a_second_name_is_not_followed() {
    let (home, directory) = place();
    made(&directory, NOW, false);
    let key = directory.path().join("next-leaf-key.pem");
    let elsewhere = home.path().join("another-key.pem");
    fs::rename(&key, &elsewhere).unwrap();
    symlink(&elsewhere, &key).unwrap();
    directory.read(NOW).unwrap_err();
    fs::remove_file(&key).unwrap();
    fs::hard_link(&elsewhere, &key).unwrap();
    directory.read(NOW).unwrap_err();
    fs::remove_file(&elsewhere).unwrap();
    directory.read(NOW).unwrap();
}

/// By root, as `trust install` is run; nobody else can give files away.
#[test]
fn a_user_s_or_a_group_s_directory_is_theirs_alone() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (_home, own) = place();
    let path = own.path().to_owned();
    for (reader, uid, gid, directory_mode, key_mode) in [
        (KeyReader::User(65_534), 65_534, 0, 0o700, 0o600),
        (KeyReader::Group(65_534), 0, 65_534, 0o750, 0o640),
    ] {
        let directory = TlsDirectory::for_reader(path.clone(), reader);
        made(&directory, NOW, true);
        for (path, expected) in [
            (path.clone(), directory_mode),
            (path.join(LEAF_KEY_FILE), key_mode),
            (path.join("next-leaf-key.pem"), key_mode),
        ] {
            let metadata = fs::metadata(&path).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (uid, gid), "{path:?}");
            assert_eq!(mode(path), expected);
        }
        assert_eq!(own.present_reader(), Some(reader));
        own.read(NOW).unwrap();
        // Open to more than them.
        fs::set_permissions(path.join(LEAF_KEY_FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(own.read(NOW), Err(TrustError::NotPrivate { .. })));
    }
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
    let problem = error.problem(Language::French);
    assert!(problem.remedy.text.contains("trust renew"), "{problem:?}");
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
