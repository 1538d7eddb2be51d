//! What is known of the readers at one moment: which there are, which box each belongs to, what is in it and what was already
//! read of the card there. A change of what the card service sees becomes events here, each once.

use std::collections::BTreeMap;
use std::time::Duration;

use paraphe_protocol::api::{CardSummary, EventKind, ReaderState};

use super::device::{self, DevicePlace};
use super::owner::Owner;
use super::{CardTarget, ReaderName, ReaderStatus};
use crate::events::EventLog;

/// The readers as last seen.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The list is complete; not so before the first one, while the service is lost, and just after a sleep.
    pub(super) listed: bool,
    pub(super) service_lost: bool,
    pub(super) epoch: u64,
    /// How long the workstation had slept when the readers were listed.
    pub(super) slept: Duration,
    /// In the order in which the service lists them.
    readers: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    status: ReaderStatus,
    owner: Owner,
    known_card: Option<CardSummary>,
}

/// A reader and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderView {
    /// What a job on its card must name.
    pub target: CardTarget,
    /// Which slot of which box it is.
    pub place: DevicePlace,
    /// What is in it.
    pub state: ReaderState,
    /// Answer to reset.
    pub atr: Option<Vec<u8>>,
    /// What was read of this card since it came.
    pub known_card: Option<CardSummary>,
}

impl Table {
    /// Nothing listed yet, on a workstation that slept so long so far.
    pub(super) fn new(slept: Duration) -> Self {
        Self {
            slept,
            ..Self::default()
        }
    }

    /// Every reader is unknown from now on, and every target that names one is void.
    pub(super) fn forget(&mut self) {
        self.listed = false;
        self.epoch += 1;
        self.readers.clear();
    }

    /// Takes over what the service sees now. `start` makes the thread of a new reader; a reader without one is left out.
    pub(super) fn update(
        &mut self,
        now: Vec<ReaderStatus>,
        events: &EventLog,
        start: impl Fn(&ReaderName) -> Option<Owner>,
    ) {
        let announce = self.listed;
        let mut before: BTreeMap<ReaderName, Entry> = self
            .readers
            .drain(..)
            .map(|entry| (entry.status.name.clone(), entry))
            .collect();
        for status in now {
            if self
                .readers
                .iter()
                .any(|entry| entry.status.name == status.name)
            {
                continue;
            }
            let known = before.remove(&status.name);
            if known.is_none() && announce {
                events.record(EventKind::ReaderArrived, &status.name, None);
            }
            let was = known.as_ref().map(|entry| &entry.status);
            record_card_events(events, was, &status, announce);
            match known {
                Some(mut entry) => {
                    if entry.status.event_counter != status.event_counter
                        || entry.status.atr != status.atr
                    {
                        entry.known_card = None;
                    }
                    entry.status = status;
                    self.readers.push(entry);
                }
                None => {
                    if let Some(owner) = start(&status.name) {
                        self.readers.push(Entry {
                            status,
                            owner,
                            known_card: None,
                        });
                    }
                }
            }
        }
        for (name, gone) in before {
            if gone.status.state != ReaderState::Empty {
                events.record(EventKind::CardRemoved, &name, None);
            }
            events.record(EventKind::ReaderLeft, &name, None);
        }
        self.listed = true;
    }

    pub(super) fn views(&self) -> Vec<ReaderView> {
        let channels = self
            .readers
            .iter()
            .map(|entry| (&*entry.status.name, entry.owner.channel()));
        self.readers
            .iter()
            .zip(device::places(channels))
            .map(|(entry, place)| ReaderView {
                target: entry.target(self.epoch),
                place,
                state: entry.status.state,
                atr: entry.status.atr.clone(),
                known_card: entry.known_card.clone(),
            })
            .collect()
    }

    /// Whether the card that `target` names is still there, and never was away.
    pub(super) fn holds(&self, target: &CardTarget) -> bool {
        self.readers.iter().any(|entry| {
            entry.status.state != ReaderState::Empty && entry.target(self.epoch) == *target
        })
    }

    /// The thread of the reader that `target` names.
    pub(super) fn owner(&self, target: &CardTarget) -> Option<Owner> {
        let entry = self
            .readers
            .iter()
            .find(|entry| entry.status.name == target.reader)?;
        Some(entry.owner.clone())
    }

    /// Remembers what was read of the card, if it is still the one there.
    pub(super) fn remember(&mut self, target: &CardTarget, card: CardSummary) {
        let epoch = self.epoch;
        if let Some(entry) = self
            .readers
            .iter_mut()
            .find(|entry| entry.target(epoch) == *target)
        {
            entry.known_card = Some(card);
        }
    }
}

impl Entry {
    fn target(&self, epoch: u64) -> CardTarget {
        CardTarget {
            reader: self.status.name.clone(),
            epoch,
            event_counter: self.status.event_counter,
        }
    }
}

fn record_card_events(
    events: &EventLog,
    before: Option<&ReaderStatus>,
    now: &ReaderStatus,
    announce: bool,
) {
    let was_there = before.is_some_and(|before| before.state != ReaderState::Empty);
    let is_there = now.state != ReaderState::Empty;
    let same = before.is_some_and(|before| before.event_counter == now.event_counter);
    if was_there && (!is_there || !same) {
        events.record(EventKind::CardRemoved, &now.name, None);
    }
    if is_there && (!was_there || !same) && announce {
        let card = now.atr.as_deref().map(crate::operation::summary_of_atr);
        events.record(EventKind::CardInserted, &now.name, card);
    }
}
