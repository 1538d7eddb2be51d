//! What was fetched survives a restart, and is believed no more than what is fetched: expired, altered or misplaced files are nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use paraphe_certs::{Certificate, DocumentSigning};
use paraphe_protocol::signature::Evidence;

use super::super::{EvidenceError, EvidenceSource};
use super::{NOW, Network};

fn gather(
    network: &Arc<Network>,
    signer: &Certificate,
    source: &EvidenceSource,
    days: i64,
) -> Result<Evidence, EvidenceError> {
    let mut evidence = Evidence::default();
    let store = network.store();
    let now = NOW.plus_days(days);
    source.gather::<DocumentSigning>(&store, signer, &[], now, &mut evidence)?;
    Ok(evidence)
}

fn files(state: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(state.join("revocation")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// As if everything had been fetched an hour ago.
fn age(state: &Path) {
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    for path in files(state) {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(hour_ago).unwrap();
    }
}

#[test]
fn a_restart_asks_nobody_and_knows_what_was_known() {
    let network = Arc::new(Network::new());
    let signer = network.signer().certificate;
    let state = tempfile::tempdir().unwrap();
    gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
    assert_eq!(network.asked(), 2);
    assert_eq!(
        files(state.path()).len(),
        2,
        "the root's list and the response"
    );
    let again = network.source(state.path(), true);
    gather(&network, &signer, &again, 0).unwrap();
    assert_eq!(network.asked(), 2, "fetched a moment ago");

    // Later it asks again, and only where nobody answers what is kept is used, while its issuer vouches for it.
    age(state.path());
    gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
    assert_eq!(network.asked(), 4);
    age(state.path());
    network.silence(true);
    let evidence = gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
    assert_eq!(network.asked(), 6, "asked in vain");
    assert_eq!(evidence.revocation_lists().len(), 1);
    assert_eq!(evidence.ocsp_responses().len(), 1);

    let late = gather(&network, &signer, &network.source(state.path(), true), 30);
    assert!(matches!(late, Err(EvidenceError::NoRevocationData { .. })));
    assert!(files(state.path()).is_empty(), "expired ones are discarded");
}

#[test]
fn a_file_that_somebody_changed_is_nothing() {
    let network = Arc::new(Network::new());
    let signer = network.signer().certificate;
    let state = tempfile::tempdir().unwrap();
    gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
    let [list, response] = &files(state.path())[..] else {
        panic!("two files")
    };
    let whole = [list, response].map(|path| std::fs::read(path).unwrap());
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() - 20;
        bytes[middle] ^= 1;
        bytes
    };
    for [of_list, of_response] in [
        [Vec::new(), Vec::new()],
        [b"not DER".to_vec(), vec![0x30; 100_000]],
        [whole[0][..200].to_vec(), whole[1][..100].to_vec()],
        // Readable, and its signature is not the issuer's.
        [flipped(&whole[0]), flipped(&whole[1])],
        // Each in the other's place.
        [whole[1].clone(), whole[0].clone()],
    ] {
        std::fs::write(list, &of_list).unwrap();
        std::fs::write(response, &of_response).unwrap();
        let before = network.asked();
        let evidence = gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
        assert_eq!(network.asked(), before + 2, "fetched anew");
        assert_eq!(evidence.revocation_lists().len(), 1);
    }
    // Nor does it help where nobody answers.
    std::fs::write(list, flipped(&whole[0])).unwrap();
    std::fs::write(response, flipped(&whole[1])).unwrap();
    network.silence(true);
    let failed = gather(&network, &signer, &network.source(state.path(), true), 0);
    assert!(matches!(
        failed,
        Err(EvidenceError::NoRevocationData { .. })
    ));
}

#[test]
fn the_files_are_private_and_a_directory_that_cannot_be_made_is_no_failure() {
    use std::os::unix::fs::PermissionsExt;
    let network = Arc::new(Network::new());
    let signer = network.signer().certificate;
    let state = tempfile::tempdir().unwrap();
    gather(&network, &signer, &network.source(state.path(), true), 0).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state.path().join("revocation")), 0o700);
    for path in files(state.path()) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("revocation"), "a file").unwrap();
    assert!(
        gather(
            &network,
            &signer,
            &network.source(elsewhere.path(), true),
            0
        )
        .is_ok()
    );
}
