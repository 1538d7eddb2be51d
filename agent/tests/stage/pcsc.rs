//! A private `pcscd` under the agent's tests. The client library reads the socket's name from the environment once a process:
//! so a test runs itself again in a second process that has the name, and the second process holds everything: `pcscd`, the
//! relay that plugs readers in and out, the cards and the agent.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use paraphe_softcard::pcscd::relay::ReaderRelay;
use paraphe_softcard::pcscd::{NamedReader, PrivatePcscd, ReaderKind, Slot};
use paraphe_softcard::{CardSlot, SoftCard};

const FOLDER: &str = "PARAPHE_TEST_FOLDER";
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";
const LONG: Duration = Duration::from_secs(60);

/// In the first process: runs the test of this name again and tells what it said. In the second: the folder for its socket.
pub fn second_process(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return Some(folder.into());
    }
    let folder = tempfile::tempdir().unwrap();
    let outcome = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(SOCKET, folder.path().join("comm"))
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(
        outcome.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&outcome.stderr)
    );
    // What was measured is for whoever runs the tests.
    for line in said
        .lines()
        .filter(|line| line.starts_with("recovery:") || line.starts_with("soak:"))
    {
        println!("{line}");
    }
    None
}

/// `pcscd` where this process's client library looks for it.
pub struct Service {
    // Dropped in this order: the relay's connections end before their server.
    pub relay: Option<ReaderRelay>,
    pub pcscd: PrivatePcscd,
}

impl Service {
    /// `pcscd` itself.
    pub fn direct(folder: &Path, readers: &[ReaderKind]) -> Self {
        Self::behind_a_link(folder, PrivatePcscd::start(readers).unwrap())
    }

    /// The same with names of one's own.
    pub fn named(folder: &Path, readers: &[NamedReader<'_>]) -> Self {
        Self::behind_a_link(folder, PrivatePcscd::start_named(readers).unwrap())
    }

    /// `pcscd` behind a relay that can unplug its readers.
    pub fn relayed(folder: &Path, readers: &[ReaderKind]) -> Self {
        let pcscd = PrivatePcscd::start(readers).unwrap();
        let relay = ReaderRelay::listen(&folder.join("comm"), &pcscd.socket()).unwrap();
        Self {
            relay: Some(relay),
            pcscd,
        }
    }

    fn behind_a_link(folder: &Path, pcscd: PrivatePcscd) -> Self {
        std::os::unix::fs::symlink(pcscd.socket(), folder.join("comm")).unwrap();
        Self { relay: None, pcscd }
    }

    pub fn slot(&self, index: usize) -> &Slot {
        &self.pcscd.slots()[index]
    }

    /// Puts a card in a slot.
    pub fn insert(&self, index: usize, card: SoftCard) -> CardSlot {
        let slot = CardSlot::insert(self.slot(index).endpoint.clone(), card, None);
        slot.wait_ready(LONG).unwrap();
        slot
    }

    pub fn relay(&self) -> &ReaderRelay {
        self.relay.as_ref().unwrap()
    }
}
