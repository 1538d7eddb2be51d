//! The PKI directory: certificates that a relying party accepts or refuses for the right reason, shared use, file modes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use paraphe_certs::{CardLogin, CardSignature, PathError, TrustStore, UnixTime};
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

fn now() -> UnixTime {
    SystemTime::now().into()
}

fn open(path: &Path) -> PkiDirectory {
    PkiDirectory::open_or_create(path, now()).unwrap()
}

/// What a relying party makes of the directory's public files.
fn trust(pki: &PkiDirectory) -> TrustStore {
    let mut store = TrustStore::new();
    store.accept_test(true);
    let files = |folder| {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
    };
    for pem in files(pki.anchors()) {
        store.add_anchors_pem(&pem).unwrap();
    }
    for pem in files(pki.intermediates()) {
        store.add_intermediates_pem(&pem).unwrap();
    }
    for pem in files(pki.crls()) {
        store.add_crls_pem(&pem).unwrap();
    }
    store
}

#[test]
fn who_lists_what_is_published_finds_whole_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let pki = open(folder.path());
    let published = [pki.anchors(), pki.intermediates(), pki.crls()];
    thread::scope(|scope| {
        let renewing = scope.spawn(|| (0..40).for_each(|_| drop(open(folder.path()))));
        let mut looks = 0;
        while !renewing.is_finished() || looks == 0 {
            for folder in &published {
                for entry in fs::read_dir(folder).unwrap() {
                    let text = fs::read_to_string(entry.unwrap().path()).unwrap();
                    assert!(text.trim_end().ends_with('-'), "{text}");
                }
            }
            looks += 1;
        }
    });
}

#[test]
fn every_shipped_card_has_the_certificates_that_its_profile_says() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = open(&path);
    for name in Profile::shipped_names() {
        let profile = Profile::shipped(name).unwrap();
        SoftCard::new(&profile, &mut pki).unwrap();
        let (Profile::Cps3(cps) | Profile::Cps4(cps)) = &profile else {
            continue;
        };
        let (authentication, signature) = pki.card_certificates(profile.serial()).unwrap();
        let store = trust(&pki);
        let login = store.verify::<CardLogin>(&authentication, now());
        let signing = store.verify::<CardSignature>(&signature, now());
        if cps.certificate_validity.is_some() {
            assert!(matches!(login, Err(PathError::Expired { .. })), "{name}");
            assert!(matches!(signing, Err(PathError::Expired { .. })), "{name}");
            continue;
        }
        let (login, signing) = (login.unwrap(), signing.unwrap());
        for holder in [login.holder(), signing.holder()] {
            assert_eq!(
                holder.national_id.as_str(),
                cps.person.national_id,
                "{name}"
            );
            assert_eq!(holder.family_name, cps.person.family_name, "{name}");
            assert_eq!(holder.given_name, cps.person.given_name, "{name}");
            assert!(holder.is_test(), "{name}");
        }
        // A key for one use is refused for the other.
        assert!(
            store
                .verify::<CardSignature>(&authentication, now())
                .is_err()
        );
        assert!(store.verify::<CardLogin>(&signature, now()).is_err());
    }
}

#[test]
fn a_revoked_card_is_refused_and_stays_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let mut pki = open(folder.path());
    let profile = Profile::shipped("nurse").unwrap();
    SoftCard::new(&profile, &mut pki).unwrap();
    let (authentication, _) = pki.card_certificates(profile.serial()).unwrap();
    assert!(
        trust(&pki)
            .verify::<CardLogin>(&authentication, now())
            .is_ok()
    );
    pki.revoke_card(profile.serial()).unwrap();
    for pki in [&pki, &open(folder.path())] {
        let verdict = trust(pki).verify::<CardLogin>(&authentication, now());
        assert!(
            matches!(verdict, Err(PathError::Revoked { .. })),
            "{verdict:?}"
        );
    }
    assert!(pki.revoke_card("../nurse").is_err());
    assert!(pki.revoke_card("12345678").is_err());
}

#[test]
fn several_may_open_a_new_directory_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let atr_and_certificate = || {
        let mut pki = open(folder.path());
        let profile = Profile::shipped("student").unwrap();
        SoftCard::new(&profile, &mut pki).unwrap();
        let (authentication, signature) = pki.card_certificates(profile.serial()).unwrap();
        (authentication.sha256(), signature.sha256())
    };
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(atr_and_certificate)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
    // Keys are nobody else's business, and no half-written file is left.
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("authorities/state.txt"), 0o600);
    assert_eq!(mode("cards/99000003/signature-key.pem"), 0o600);
    assert_eq!(mode("cards/99000003/authentication-key.pem"), 0o600);
    let left: Vec<_> = fs::read_dir(folder.path().join("crls")).unwrap().collect();
    assert_eq!(left.len(), 9);
}

#[test]
fn keys_can_come_with_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let mut pki = open(&folder.path().join("pki"));
    let nurse = Profile::shipped("nurse").unwrap();
    SoftCard::new(&nurse, &mut pki).unwrap();
    let issued = folder.path().join("pki/cards/99000002");
    let supplied = |certificate: &str, key: &str| {
        format!(
            r#"{{"certificate": {{"path": "pki/cards/99000002/{certificate}.pem"}}, "private_key": {{"pem": {}}}}}"#,
            serde_json::Value::from(fs::read_to_string(issued.join(format!("{key}.pem"))).unwrap())
        )
    };
    let profile = |authentication: &str| {
        let json = include_str!("../../profiles/physician.json").replacen(
            "\"person\"",
            &format!(
                r#""keys": {{"authentication": {authentication}, "signature": {}}}, "person""#,
                supplied("signature", "signature-key")
            ),
            1,
        );
        let path = folder.path().join("profile.json");
        fs::write(&path, json).unwrap();
        Profile::from_path(&path).unwrap()
    };
    let right = profile(&supplied("authentication", "authentication-key"));
    SoftCard::new(&right, &mut pki).unwrap();
    // Nothing had to be issued for this card.
    assert!(pki.card_certificates("99000001").is_err());
    let wrong = profile(&supplied("authentication", "signature-key"));
    let error = SoftCard::new(&wrong, &mut pki).unwrap_err().to_string();
    assert!(error.contains("does not belong"), "{error}");
}

#[test]
fn a_slow_card_takes_at_least_its_time() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let json = include_str!("../../profiles/vitale-holder.json").replacen(
        "\"beneficiaries\"",
        r#""timing": {"milliseconds_per_apdu": 20}, "beneficiaries""#,
        1,
    );
    let mut card = SoftCard::new(&Profile::from_json(&json).unwrap(), &mut open(&path)).unwrap();
    let start = Instant::now();
    card.transmit(&[0x00, 0xA4, 0x00, 0x0C]);
    card.transmit(&[0x00, 0xB0, 0x82, 0x00, 0x00]);
    assert!(start.elapsed() >= Duration::from_millis(40));
}
