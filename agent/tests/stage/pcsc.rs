//! A private `pcscd` under the agent's tests, in the second process of a test; with it come the relay that plugs readers in and
//! out, the cards and the agent.

use std::time::Duration;

use paraphe_softcard::pcscd::relay::ReaderRelay;
use paraphe_softcard::pcscd::{
    NamedReader, PrivatePcscd, ReaderKind, SecondProcess, Slot, TestProcess,
};
use paraphe_softcard::{CardSlot, SoftCard};

const LONG: Duration = Duration::from_secs(60);

/// In the first process: runs the test of this name again and tells what it measured. In the second: itself.
#[track_caller]
pub fn second_process(test: &str) -> Option<SecondProcess> {
    match TestProcess::of_test(test).unwrap_or_else(|error| panic!("{error}")) {
        TestProcess::Second(second) => Some(second),
        TestProcess::First(said) => {
            // What was measured is for whoever runs the tests.
            for line in said
                .lines()
                .filter(|line| line.starts_with("recovery:") || line.starts_with("soak:"))
            {
                println!("{line}");
            }
            None
        }
    }
}

/// `pcscd` where this process's client library looks for it.
pub struct Service {
    // Dropped in this order: the relay's connections end before their server.
    pub relay: Option<ReaderRelay>,
    pub pcscd: PrivatePcscd,
}

impl Service {
    /// `pcscd` itself.
    pub fn direct(process: &SecondProcess, readers: &[ReaderKind]) -> Self {
        Self::behind_a_link(process, PrivatePcscd::start(readers).unwrap())
    }

    /// The same with names of one's own.
    pub fn named(process: &SecondProcess, readers: &[NamedReader<'_>]) -> Self {
        Self::behind_a_link(process, PrivatePcscd::start_named(readers).unwrap())
    }

    /// `pcscd` behind a relay that can unplug its readers.
    pub fn relayed(process: &SecondProcess, readers: &[ReaderKind]) -> Self {
        let pcscd = PrivatePcscd::start(readers).unwrap();
        let relay = ReaderRelay::listen(&process.socket(), &pcscd.socket()).unwrap();
        Self {
            relay: Some(relay),
            pcscd,
        }
    }

    fn behind_a_link(process: &SecondProcess, pcscd: PrivatePcscd) -> Self {
        process.lead_to(&pcscd).unwrap();
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
