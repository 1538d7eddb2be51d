//! The PC/SC backend on a real, private `pcscd` with `vpcd` readers: insertion and removal, a card pulled under a job, other
//! programs that hold or reset the card, and the card left reset after a PIN.

use crate::stage;
use std::sync::Arc;
use std::time::Duration;

use crate::stage::pcsc::{Service, second_process};
use paraphe::events::EventLog;
use paraphe::reader::{CardEnd, CardTarget, PcscBackend, ReaderError, ReaderName, Readers};
use paraphe_protocol::card::{
    Atr, CardModel, LastTry, Pin, PinCounters, ProfessionalCard, Transport, TransportError,
};
use paraphe_softcard::pcscd::ReaderKind;
use paraphe_softcard::{CardSlot, Profile, SoftCard};
use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};

const LONG: Duration = Duration::from_secs(30);
/// SELECT of the master file.
const SELECT: &[u8] = &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00];

/// In the second process: a `pcscd` with a reader.
fn in_second_process(test: &str) -> Option<Service> {
    let process = second_process(test)?;
    Some(Service::direct(&process, &[ReaderKind::Vpcd]))
}

struct Stage {
    reader: String,
    slot: CardSlot,
    readers: Readers,
}

impl Stage {
    fn new(service: &Service) -> Self {
        let readers = Readers::start(Arc::new(PcscBackend), EventLog::new(), LONG).unwrap();
        let profile = Profile::shipped("physician").unwrap();
        let card = SoftCard::new(&profile, &mut stage::pki()).unwrap();
        Self {
            reader: service.slot(0).reader.clone(),
            slot: service.insert(0, card),
            readers,
        }
    }

    fn wait_for(&self, present: bool) -> CardTarget {
        assert!(self.readers.wait_for(LONG, |views| {
            views
                .iter()
                .any(|view| *view.target.reader == *self.reader && view.atr.is_some() == present)
        }));
        let views = self.readers.list().unwrap();
        let here = views
            .iter()
            .find(|view| *view.target.reader == *self.reader);
        here.unwrap().target.clone()
    }

    fn select(&self, target: &CardTarget) -> Result<Result<Vec<u8>, TransportError>, ReaderError> {
        self.readers.run(target, LONG, |channel| {
            (channel.transmit(SELECT), CardEnd::Leave)
        })
    }

    fn other_program(&self, mode: ShareMode) -> pcsc::Card {
        let reader = std::ffi::CString::new(self.reader.as_str()).unwrap();
        let context = Context::establish(Scope::User).unwrap();
        context
            .connect(&reader, mode, Protocols::T0 | Protocols::T1)
            .unwrap()
    }
}

#[test]
fn a_card_comes_and_goes() {
    let Some(service) = in_second_process("a_card_comes_and_goes") else {
        return;
    };
    let stage = Stage::new(&service);
    let first = stage.wait_for(true);
    assert_eq!(stage.select(&first).unwrap().unwrap(), [0x90, 0x00]);
    stage.slot.pull().unwrap();
    stage.wait_for(false);
    assert_eq!(stage.select(&first), Err(ReaderError::CardRemoved));
    stage.slot.put_back().unwrap();
    let second = stage.wait_for(true);
    assert_ne!(first, second);
    assert_eq!(stage.select(&first), Err(ReaderError::CardChanged));
    assert_eq!(stage.select(&second).unwrap().unwrap(), [0x90, 0x00]);
    let mut unknown = second;
    unknown.reader = ReaderName::from("Lecteur absent");
    assert_eq!(stage.select(&unknown), Err(ReaderError::ReaderUnknown));
}

#[test]
fn a_card_pulled_under_a_job_is_told() {
    let Some(service) = in_second_process("a_card_pulled_under_a_job_is_told") else {
        return;
    };
    let stage = Stage::new(&service);
    let target = stage.wait_for(true);
    let slot = Arc::new(stage.slot);
    let pulled = Arc::clone(&slot);
    let answers = stage
        .readers
        .run(&target, LONG, move |channel| {
            let before = channel.transmit(SELECT);
            pulled.pull().unwrap();
            let after = [channel.transmit(SELECT), channel.transmit(SELECT)];
            ((before, after), CardEnd::Reset)
        })
        .unwrap();
    assert_eq!(answers.0.unwrap(), [0x90, 0x00]);
    assert_eq!(answers.1, [0; 2].map(|_| Err(TransportError::CardRemoved)));
}

#[test]
fn another_program_may_hold_or_reset_the_card() {
    let Some(service) = in_second_process("another_program_may_hold_or_reset_the_card") else {
        return;
    };
    let stage = Stage::new(&service);
    let target = stage.wait_for(true);
    let exclusive = stage.other_program(ShareMode::Exclusive);
    assert!(
        matches!(stage.select(&target), Err(ReaderError::Busy { waited }) if waited > Duration::from_secs(3))
    );
    exclusive
        .disconnect(Disposition::LeaveCard)
        .map_err(|(_, error)| error)
        .unwrap();
    assert!(stage.select(&target).unwrap().is_ok());
    // A reset between two of our transactions costs nothing, and one that we asked for is seen by others.
    let mut shared = stage.other_program(ShareMode::Shared);
    assert!(stage.select(&target).unwrap().is_ok());
    shared
        .reconnect(
            ShareMode::Shared,
            Protocols::T0 | Protocols::T1,
            Disposition::ResetCard,
        )
        .unwrap();
    assert!(stage.select(&target).unwrap().is_ok());
    stage
        .readers
        .run(&target, LONG, |channel| {
            (channel.transmit(SELECT).is_ok(), CardEnd::Reset)
        })
        .unwrap();
    let mut answer = [0; 258];
    assert_eq!(
        shared.transmit(SELECT, &mut answer),
        Err(pcsc::Error::ResetCard)
    );
}

#[test]
fn a_verified_card_is_left_unverified_even_while_others_hold_it() {
    let Some(service) =
        in_second_process("a_verified_card_is_left_unverified_even_while_others_hold_it")
    else {
        return;
    };
    let stage = Stage::new(&service);
    let target = stage.wait_for(true);
    let _holding = stage.other_program(ShareMode::Shared);
    let tries: PinCounters = stage
        .readers
        .run(&target, LONG, |channel| {
            let model = CardModel::identify(&Atr::from_bytes(channel.atr()).unwrap());
            assert_eq!(
                channel.protocol(),
                paraphe_protocol::card::TransmissionProtocol::T0
            );
            let mut card = ProfessionalCard::open(channel, model).unwrap();
            let pin = Pin::from_digits(b"1234").unwrap();
            card.verify_pin(pin, LastTry::Refused).unwrap();
            (card.pin_counters().unwrap(), CardEnd::Reset)
        })
        .unwrap();
    assert_eq!(tries.left, 3);
    assert!(!stage.slot.with_card(|card| card.pin_verified()));
    assert_eq!(stage.slot.with_card(|card| card.counters().verifies), 1);
}
