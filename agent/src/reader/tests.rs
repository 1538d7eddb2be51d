//! The reader layer on in-process readers with a card that only counts: who runs when, for which card, and how the card is
//! left.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use paraphe_protocol::api::EventKind;
use paraphe_protocol::card::{Transport, TransportError};

use super::{
    Backend, CardEnd, CardOutcome, CardTarget, InProcessCard, InProcessReaders, JobLimits,
    ReaderError, Readers,
};
use crate::events::EventLog;

const LONG: Duration = Duration::from_secs(20);
const READER: &str = "Lecteur 1";
const COMMAND: &[u8] = &[0, 0xA4, 0, 0x0C];

/// Answers 9000 to everything and counts.
#[derive(Clone, Default)]
struct CountingCard {
    resets: Arc<AtomicU32>,
    commands: Arc<AtomicU32>,
}

impl InProcessCard for CountingCard {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn reset(&mut self) {
        self.resets.fetch_add(1, Ordering::SeqCst);
    }

    fn transmit(&mut self, _command: &[u8]) -> Vec<u8> {
        self.commands.fetch_add(1, Ordering::SeqCst);
        vec![0x90, 0x00]
    }
}

struct Stage {
    cards: InProcessReaders,
    readers: Readers,
    events: EventLog,
}

impl Stage {
    fn new() -> Self {
        let cards = InProcessReaders::new();
        cards.add_reader(READER);
        let events = EventLog::new();
        let backend: Arc<dyn Backend> = Arc::new(cards.clone());
        let readers = Readers::start(backend, events.clone(), LONG).unwrap();
        Self {
            cards,
            readers,
            events,
        }
    }

    fn insert(&self, card: &CountingCard) -> CardTarget {
        let before = self.target();
        self.cards.insert(READER, card.clone());
        assert!(
            self.readers
                .wait_for(LONG, |views| views[0].target != before
                    && views[0].atr.is_some())
        );
        self.target()
    }

    fn target(&self) -> CardTarget {
        self.readers.list().unwrap()[0].target.clone()
    }

    fn transmit(
        &self,
        target: &CardTarget,
    ) -> Result<Result<Vec<u8>, TransportError>, ReaderError> {
        self.readers.run(target, LONG, |channel| {
            (channel.transmit(COMMAND), CardEnd::Leave)
        })
    }
}

#[test]
fn a_job_runs_on_its_card_and_leaves_it_as_it_says() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    assert_eq!(stage.transmit(&target).unwrap().unwrap(), [0x90, 0x00]);
    assert_eq!(card.resets.load(Ordering::SeqCst), 1, "power-up only");
    let resets = Arc::clone(&card.resets);
    stage
        .readers
        .run(&target, LONG, |_| ((), CardEnd::Reset))
        .unwrap();
    assert_eq!(
        resets.load(Ordering::SeqCst),
        2,
        "reset before the answer came"
    );
}

#[test]
fn a_job_for_a_card_that_left_is_not_run() {
    let stage = Stage::new();
    let first = CountingCard::default();
    let target = stage.insert(&first);
    stage.cards.remove(READER);
    assert_eq!(stage.transmit(&target), Err(ReaderError::CardRemoved));
    let second = CountingCard::default();
    stage.insert(&second);
    assert_eq!(stage.transmit(&target), Err(ReaderError::CardChanged));
    assert_eq!(first.commands.load(Ordering::SeqCst), 0);
    assert_eq!(second.commands.load(Ordering::SeqCst), 0);
    stage.cards.remove_reader(READER);
    assert!(stage.readers.wait_for(LONG, <[_]>::is_empty));
    assert_eq!(stage.transmit(&target), Err(ReaderError::ReaderUnknown));
}

#[test]
fn a_card_pulled_between_two_commands_is_told() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    stage.cards.remove_after(READER, 1);
    let answers = stage
        .readers
        .run(&target, LONG, |channel| {
            let answers = [0; 3].map(|_| channel.transmit(COMMAND));
            (answers, CardEnd::Leave)
        })
        .unwrap();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(TransportError::CardRemoved));
    assert_eq!(answers[2], Err(TransportError::CardRemoved));
    assert_eq!(card.commands.load(Ordering::SeqCst), 1);
}

#[test]
fn a_job_that_dies_leaves_the_card_reset_and_the_reader_usable() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    let died = stage
        .readers
        .run(&target, LONG, |_| -> ((), CardEnd) { panic!("a defect") });
    assert_eq!(died, Err(ReaderError::Stopped));
    assert_eq!(card.resets.load(Ordering::SeqCst), 2);
    assert!(stage.transmit(&target).unwrap().is_ok());
}

#[test]
fn a_job_that_its_caller_gave_up_is_never_run() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| {
            stage.readers.run(&target, LONG, move |_| {
                begun.send(()).unwrap();
                let _ = released.recv();
                ((), CardEnd::Leave)
            })
        });
        has_begun.recv().unwrap();
        let given_up = stage.readers.run(&target, Duration::ZERO, |channel| {
            (channel.transmit(COMMAND), CardEnd::Leave)
        });
        assert!(matches!(given_up, Err(ReaderError::Queued { .. })));
        release.send(()).unwrap();
        holder.join().unwrap().unwrap();
    });
    // Jobs run in order, so the one given up would have come before this one.
    assert!(stage.transmit(&target).unwrap().is_ok());
    assert_eq!(card.commands.load(Ordering::SeqCst), 1);
}

/// Counts commands and answers none until it is taken out.
struct Silent(CountingCard);

impl InProcessCard for Silent {
    fn atr(&self) -> Vec<u8> {
        self.0.atr()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.0.transmit(command)
    }

    fn exchange(&mut self, command: &[u8]) -> CardOutcome {
        self.transmit(command);
        CardOutcome::Mute
    }
}

/// Begins whenever its turn comes, then has little time.
const SHORT_WORK: JobLimits = JobLimits {
    wait: LONG,
    work: Duration::from_millis(50),
    in_all: Duration::from_secs(60),
};

#[test]
fn behind_a_mute_card_nobody_waits_and_the_next_card_works() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let before = stage.target();
    stage.cards.insert(READER, Silent(card.clone()));
    assert!(
        stage
            .readers
            .wait_for(LONG, |views| views[0].target != before)
    );
    let target = stage.target();
    let verify: &[u8] = &[0x00, 0x20, 0x00, 0x01, 0x01, 0x31];
    let mute = loop {
        let outcome = stage.readers.run(&target, SHORT_WORK, move |channel| {
            (channel.transmit(verify), CardEnd::Leave)
        });
        // On a machine so busy that the time was over before the command: nothing was sent, and the card did not go mute yet.
        if outcome != Ok(Err(TransportError::TimeOver)) {
            break outcome;
        }
    };
    assert_eq!(mute, Err(ReaderError::Timeout { presenting: true }));
    let told = stage.transmit(&target);
    assert!(
        matches!(told, Err(ReaderError::Unresponsive { .. })),
        "{told:?}"
    );
    assert_eq!(
        card.commands.load(Ordering::SeqCst),
        1,
        "nothing more is sent"
    );
    stage.cards.remove(READER);
    let next = CountingCard::default();
    let target = stage.insert(&next);
    let answered = stage.transmit(&target);
    assert!(answered.is_ok(), "{answered:?}");
}

#[test]
fn a_job_whose_time_is_over_sends_nothing_more() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    let (tell, told) = mpsc::channel();
    let outcome = stage.readers.run(&target, SHORT_WORK, move |channel| {
        let begun = Instant::now();
        let mut answered = 0;
        // How many fit into the time depends on the machine; on a busy one, none.
        let refused = loop {
            match channel.transmit(COMMAND) {
                Ok(_) if begun.elapsed() < LONG => answered += 1,
                other => break other,
            }
        };
        let after = channel.transmit(COMMAND);
        tell.send((answered, refused, after)).unwrap();
        ((), CardEnd::Leave)
    });
    let (answered, refused, after) = told.recv().unwrap();
    assert_eq!(refused, Err(TransportError::TimeOver));
    assert_eq!(after, Err(TransportError::TimeOver));
    assert_eq!(card.commands.load(Ordering::SeqCst), answered);
    // The caller waits for the end of the last command, but not for ever.
    let overdue = Err(ReaderError::Timeout { presenting: false });
    assert!(outcome == Ok(()) || outcome == overdue, "{outcome:?}");
}

#[test]
fn a_workstation_that_slept_has_new_cards() {
    let stage = Stage::new();
    let card = CountingCard::default();
    let target = stage.insert(&card);
    let cards = stage.cards.clone();
    let answers = stage
        .readers
        .run(&target, LONG, move |channel| {
            let before = channel.transmit(COMMAND);
            cards.sleep(Duration::from_secs(60));
            ((before, channel.transmit(COMMAND)), CardEnd::Leave)
        })
        .unwrap();
    assert!(answers.0.is_ok());
    assert_eq!(answers.1, Err(TransportError::Slept));
    assert_eq!(card.commands.load(Ordering::SeqCst), 1);
    assert_eq!(stage.transmit(&target), Err(ReaderError::CardChanged));
    let now = stage.target();
    assert_ne!(now, target);
    assert!(stage.transmit(&now).unwrap().is_ok());
}

#[tokio::test]
async fn changes_are_told_once_and_in_order() {
    let stage = Stage::new();
    let start = stage
        .events
        .after(&crate::document_store::Owner::User, None, LONG)
        .await
        .cursor;
    stage.insert(&CountingCard::default());
    stage.cards.remove(READER);
    assert!(stage.readers.wait_for(LONG, |views| views[0].atr.is_none()));
    stage.cards.set_service(false);
    let mut kinds = Vec::new();
    let mut cursor = start;
    while !kinds.contains(&EventKind::CardServiceLost) {
        let seen = stage
            .events
            .after(&crate::document_store::Owner::User, Some(cursor), LONG)
            .await;
        cursor = seen.cursor;
        kinds.extend(seen.events.into_iter().map(|event| event.kind));
    }
    assert_eq!(stage.readers.list(), Err(ReaderError::ServiceUnavailable));
    stage.cards.set_service(true);
    assert!(stage.readers.wait_for(LONG, |views| views.len() == 1));
    let seen = stage
        .events
        .after(&crate::document_store::Owner::User, Some(cursor), LONG)
        .await;
    kinds.extend(seen.events.into_iter().map(|event| event.kind));
    assert_eq!(
        kinds,
        [
            EventKind::CardInserted,
            EventKind::CardRemoved,
            EventKind::CardServiceLost,
            EventKind::CardServiceBack,
        ]
    );
}

#[test]
fn a_card_of_an_earlier_life_of_the_service_is_not_this_one() {
    let stage = Stage::new();
    let target = stage.insert(&CountingCard::default());
    stage.cards.set_service(false);
    assert!(!stage.readers.wait_for(Duration::ZERO, |_| false));
    while stage.readers.list().is_ok() {
        std::thread::yield_now();
    }
    assert_eq!(
        stage.transmit(&target),
        Err(ReaderError::ServiceUnavailable)
    );
    stage.cards.set_service(true);
    assert!(stage.readers.wait_for(LONG, |views| views.len() == 1));
    assert_eq!(stage.transmit(&target), Err(ReaderError::CardChanged));
    assert!(stage.transmit(&stage.target()).unwrap().is_ok());
}
