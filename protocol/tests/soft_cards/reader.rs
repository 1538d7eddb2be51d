//! A reader with a soft card in it, that can lose the card or falsify one answer, and counts.

use std::path::Path;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::card::{Atr, CardModel, Transport, TransportError};
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

/// What goes wrong, and at which exchange (counted from 0).
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Removal { at: usize },
    Answer { at: usize, bytes: Vec<u8> },
}

pub(crate) struct Reader {
    pub(crate) card: SoftCard,
    pub(crate) fault: Option<Fault>,
    pub(crate) exchanges: usize,
    pub(crate) presentations: usize,
}

impl Reader {
    /// The shipped card of that name.
    pub(crate) fn with(profile: &str) -> Self {
        let card = SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki()).unwrap();
        Self {
            card,
            fault: None,
            exchanges: 0,
            presentations: 0,
        }
    }

    pub(crate) fn model(&self) -> CardModel {
        CardModel::identify(&Atr::from_bytes(self.card.atr()).unwrap())
    }

    /// A fresh start with that fault; the card's tries left are what they were.
    pub(crate) fn restart(&mut self, fault: Option<Fault>) {
        self.card.reset();
        self.fault = fault;
        self.exchanges = 0;
        self.presentations = 0;
    }
}

impl Transport for Reader {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let number = self.exchanges;
        self.exchanges += 1;
        // VERIFY without data is a question.
        let presents = command.get(1) == Some(&0x20) && command.len() > 5;
        self.presentations += usize::from(presents);
        match &self.fault {
            Some(Fault::Removal { at }) if number >= *at => Err(TransportError::CardRemoved),
            Some(Fault::Answer { at, bytes }) if number == *at => Ok(bytes.clone()),
            _ => Ok(self.card.transmit(command)),
        }
    }
}

/// One PKI for all the tests of this file: its keys take a while to make.
pub(crate) fn pki() -> PkiDirectory {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-cards-pki");
    PkiDirectory::open_or_create(&folder, UnixTime::from(SystemTime::now())).unwrap()
}

/// Names of the shipped profiles of that model, of which there is one at least.
pub(crate) fn shipped(model: CardModel) -> Vec<&'static str> {
    let names: Vec<_> = Profile::shipped_names()
        .into_iter()
        .filter(|name| Reader::with(name).model() == model)
        .collect();
    assert!(!names.is_empty());
    names
}
