//! Soft cards in the readers of a private pcscd, through the program that a vendor's CI would use.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use paraphe_softcard::Endpoint;
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind, Slot};

use crate::programs::{Running, program};

const LONG: Duration = Duration::from_secs(60);

/// What a card was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Command APDUs, GET RESPONSE included.
    pub apdus: usize,
    /// Commands that carried a code.
    pub codes: usize,
}

impl std::ops::Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            apdus: self.apdus - before.apdus,
            codes: self.codes - before.codes,
        }
    }
}

/// A private pcscd and the soft cards in its readers.
#[derive(Debug)]
pub struct CardsInReaders {
    // Dropped in this order: the cards leave before their readers do.
    cards: Running,
    pcscd: PrivatePcscd,
    slots: Vec<Slot>,
    trace: PathBuf,
}

impl CardsInReaders {
    /// Starts pcscd and puts one profile in each of the first slots. vpcd has two slots an entry, our driver one.
    ///
    /// # Panics
    /// Where a program is missing or a card does not appear.
    #[must_use]
    pub fn insert(kinds: &[ReaderKind], profiles: &[&str], folder: &Path, pki: &Path) -> Self {
        let pcscd = PrivatePcscd::start(kinds).unwrap();
        let slots: Vec<Slot> = pcscd.slots().iter().take(profiles.len()).cloned().collect();
        assert_eq!(slots.len(), profiles.len(), "more cards than slots");
        let trace = folder.join("apdu-trace");
        let mut command = Command::new(program("paraphe-softcard"));
        command.arg("--pki").arg(pki).arg("--trace").arg(&trace);
        for (slot, profile) in slots.iter().zip(profiles) {
            match &slot.endpoint {
                Endpoint::Vpcd(port) => command.arg("--vpcd").arg(format!("{port}={profile}")),
                Endpoint::Reader(socket) => command
                    .arg("--reader")
                    .arg(format!("{}={profile}", socket.display())),
            };
        }
        let mut cards = Running::start(&mut command);
        for profile in profiles {
            let line = cards.line();
            assert!(
                line.starts_with("ready ") && line.contains(profile),
                "{line}"
            );
        }
        Self {
            cards,
            pcscd,
            slots,
            trace,
        }
    }

    /// PC/SC name of the reader of the card at this place.
    #[must_use]
    pub fn reader(&self, index: usize) -> &str {
        &self.slots[index].reader
    }

    /// The private pcscd.
    #[must_use]
    pub fn pcscd(&self) -> &PrivatePcscd {
        &self.pcscd
    }

    /// Pulls the card at this place and waits until pcscd has seen it.
    ///
    /// # Panics
    /// Where the removal is not seen.
    pub fn pull(&mut self, index: usize) {
        let endpoint = endpoint(&self.slots[index]);
        assert_eq!(
            self.cards.ask(&format!("remove {endpoint}")),
            format!("done remove {endpoint}")
        );
        self.pcscd
            .wait_for_removal(&self.slots[index].reader)
            .unwrap();
    }

    /// Puts another card in this place.
    ///
    /// # Panics
    /// Where it does not appear.
    pub fn swap(&mut self, index: usize, profile: &str) {
        let endpoint = endpoint(&self.slots[index]);
        let answer = self.cards.ask(&format!("swap {endpoint} {profile}"));
        assert_eq!(answer, format!("done swap {endpoint} {profile}"));
    }

    /// Begins a scenario of faults for the card at this place.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub fn begin_scenario(&mut self, index: usize, file: &Path) {
        let line = format!(
            "scenario {} {}",
            endpoint(&self.slots[index]),
            file.display()
        );
        assert_eq!(self.cards.ask(&line), format!("done {line}"));
    }

    /// Stops pcscd. The cards look for their readers until it is back.
    pub fn stop_pcscd(&mut self) {
        self.pcscd.stop();
    }

    /// Starts pcscd again and waits until it shows every card.
    ///
    /// # Panics
    /// Where it does not.
    pub fn start_pcscd_again(&mut self) {
        self.pcscd.start_again().unwrap();
        let shown = self.pcscd.wait_until(LONG, "every card", |states| {
            self.slots.iter().all(|slot| {
                states
                    .iter()
                    .any(|state| state.name == slot.reader && state.atr.is_some())
            })
        });
        shown.unwrap();
    }

    /// What the card at this place was sent so far, by its own trace.
    ///
    /// # Panics
    /// Where the trace cannot be read.
    #[must_use]
    pub fn cost(&self, index: usize) -> Cost {
        let mark = format!(" {} -> ", endpoint(&self.slots[index]));
        let trace = std::fs::read_to_string(&self.trace).unwrap();
        let commands = || trace.lines().filter_map(|line| line.split_once(&mark));
        Cost {
            apdus: commands().count(),
            // The trace masks codes, and nothing else.
            codes: commands()
                .filter(|(_, command)| command.contains("**"))
                .count(),
        }
    }

    /// VERIFY commands with data that the cards have seen so far.
    ///
    /// # Panics
    /// Where the trace cannot be read.
    #[must_use]
    pub fn pin_presentations(&self) -> usize {
        std::fs::read_to_string(&self.trace)
            .unwrap()
            .lines()
            .filter(|line| line.to_ascii_uppercase().contains("00200001"))
            .count()
    }
}

fn endpoint(slot: &Slot) -> String {
    match &slot.endpoint {
        Endpoint::Vpcd(port) => port.to_string(),
        Endpoint::Reader(socket) => socket.display().to_string(),
    }
}
