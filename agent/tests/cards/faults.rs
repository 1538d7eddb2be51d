//! What can happen to a card, a reader and the card service in the middle of an operation, and what each must end in: one
//! table. Each row is an operation that presents a PIN and signs, or would; it must end in the code documented for the fault,
//! with the PIN presented as often as the row says and no try lost that was not spent, and once the person did what the
//! remedy says the next operation must work. Faults of the card are the JSON scenarios of `tests/softcard/scenarios`, and
//! are met twice: on readers in this process, and through a real `pcscd`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stage::pcsc::{Service, second_process};
use crate::stage::{self, Answer, Card, Stage};
use paraphe::reader::{InProcessReaders, PcscBackend};
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_softcard::pcscd::ReaderKind::{OwnDriver, Vpcd};
use paraphe_softcard::{Counters, Profile, Scenario, SoftCard};
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const LONG: Duration = Duration::from_secs(60);
/// What cards may take of an operation here: more than an honest one needs on a loaded machine, little enough to wait for.
const CARD_SECONDS: &str = "[limits]\ncard_seconds = 10\n";
/// No operation may take longer: the cards' time and some for a loaded machine.
const WITHIN: Duration = Duration::from_secs(30);

/// A fault that the card's scenario brings.
struct CardFault {
    scenario: &'static str,
    /// The PIN that the person types, if it comes to that.
    pin: &'static str,
    ends_in: Result<(), ErrorCode>,
    /// Presentations that the card saw, and the tries that it has left.
    spent: (u64, u8),
    /// The card answers nothing any more until it is taken out.
    stays_mute: bool,
}

const fn fault(
    scenario: &'static str,
    ends_in: Result<(), ErrorCode>,
    presentations: u64,
) -> CardFault {
    CardFault {
        scenario,
        pin: "1234",
        ends_in,
        spent: (presentations, 3),
        stays_mute: false,
    }
}

const fn mute(mut row: CardFault) -> CardFault {
    row.stays_mute = true;
    row
}

const fn with_wrong_pin(mut row: CardFault) -> CardFault {
    row.pin = "9876";
    row.spent.1 = 2;
    row
}

const CARD_FAULTS: [CardFault; 12] = [
    fault("bad-contact", Err(ErrorCode::CardRemoved), 0),
    fault("removed-while-signing", Err(ErrorCode::CardRemoved), 1),
    fault("removed-at-pin", Err(ErrorCode::PinOutcomeUnknown), 0),
    fault(
        "lost-answer-to-verify",
        Err(ErrorCode::PinOutcomeUnknown),
        1,
    ),
    with_wrong_pin(fault(
        "lost-answer-to-verify",
        Err(ErrorCode::PinOutcomeUnknown),
        1,
    )),
    mute(fault("mute", Err(ErrorCode::CardMute), 0)),
    mute(fault("mute-at-pin", Err(ErrorCode::PinOutcomeUnknown), 1)),
    mute(with_wrong_pin(fault(
        "mute-at-pin",
        Err(ErrorCode::PinOutcomeUnknown),
        1,
    ))),
    mute(fault("mute-while-signing", Err(ErrorCode::CardMute), 1)),
    fault("signature-refused", Err(ErrorCode::CardRefused), 1),
    fault("pin-state-lost", Err(ErrorCode::CardRefused), 1),
    fault("hostile-answers", Err(ErrorCode::CardDataMalformed), 0),
];

fn scenario(name: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/softcard/scenarios");
    Scenario::from_json(&std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap())
        .unwrap()
}

fn lot() -> Value {
    let document =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/compte-rendu.pdf");
    json!({
        "profile": "dsg",
        "patient": {"ins": "282049999900264"},
        "documents": [{"source": {"path": document.canonicalize().unwrap()}, "title": "Compte rendu"}],
    })
}

fn outcome(result: &Result<Value, Problem>) -> Result<(), ErrorCode> {
    result.as_ref().map(|_| ()).map_err(|problem| problem.code)
}

/// Signs a lot; it must not take longer than anything may.
async fn sign(stage: &Stage) -> Result<Value, Problem> {
    let begun = Instant::now();
    let result = stage.perform(Operation::LotSign, lot()).await;
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    result
}

/// Waits for a card to be there, and to be known to the agent.
fn until_present(stage: &Stage) {
    let seen = stage
        .agent
        .readers()
        .wait_for(LONG, |views| views.iter().any(|view| view.atr.is_some()));
    assert!(seen, "{:?}", stage.agent.readers().list());
}

/// The operation's answer once the reader has settled: a card that comes back by itself may be seen late.
async fn once_settled(stage: &Stage, operation: Operation, body: Value) -> Value {
    for _ in 0..100 {
        match stage.perform(operation, body.clone()).await {
            Err(problem)
                if matches!(
                    problem.code,
                    ErrorCode::CardRemoved | ErrorCode::CardAbsent | ErrorCode::CardChanged
                ) =>
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            result => return result.unwrap(),
        }
    }
    panic!("the card never came back");
}

/// The card under test, wherever it is.
trait Bed {
    fn look<R>(&self, look: impl FnOnce(&mut SoftCard) -> R) -> R;
    fn take_out(&self);
    fn put_back(&self);

    fn spent(&self) -> (u64, u8) {
        self.look(|card| (card.counters().verifies, card.pin_tries_left().unwrap()))
    }
}

/// One row on one card that was just put in.
async fn meets(row: &CardFault, stage: &Stage, bed: &impl Bed) {
    let name = row.scenario;
    stage.will_answer(Answer::Pin(row.pin));
    let result = sign(stage).await;
    assert_eq!(outcome(&result), row.ends_in, "{name}: {result:?}");
    assert_eq!(bed.spent(), row.spent, "{name}: nothing is presented twice");
    if row.stays_mute {
        // Whoever comes later is told at once, and nothing is sent for them.
        let sent = bed.look(|card| card.counters().apdus);
        let begun = Instant::now();
        let refused = stage.perform(Operation::CardRead, json!({})).await;
        assert_eq!(outcome(&refused), Err(ErrorCode::CardMute), "{name}");
        assert!(begun.elapsed() < Duration::from_secs(8), "{name}");
        assert_eq!(bed.look(|card| card.counters().apdus), sent, "{name}");
        bed.take_out();
        assert!(stage.agent.readers().wait_for(LONG, |views| {
            views.iter().all(|view| view.atr.is_none())
        }));
        bed.put_back();
    }
    bed.look(|card| card.set_scenario(None, &mut stage::pki()).unwrap());
    until_present(stage);
    // The person does what the remedy says, and it works, with the right PIN presented once.
    let before = bed.spent().0;
    stage.will_answer(Answer::Pin("1234"));
    let signed = once_settled(stage, Operation::LotSign, lot()).await;
    assert_eq!(signed["card"], "99000001", "{name}");
    assert_eq!(bed.spent(), (before + 1, 3), "{name}");
    // The reader carries the reset out a moment after it was asked to.
    let until = Instant::now() + LONG;
    while bed.look(|card| card.pin_verified()) {
        assert!(Instant::now() < until, "{name}: left verified");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

struct InProcess {
    readers: InProcessReaders,
    card: Card,
}

impl Bed for InProcess {
    fn look<R>(&self, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        self.card.with(look)
    }

    fn take_out(&self) {
        self.readers.remove(READER);
    }

    fn put_back(&self) {
        self.readers.insert(READER, self.card.clone());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn faults_of_the_card_in_process() {
    let mut rows = tokio::task::JoinSet::new();
    for row in &CARD_FAULTS {
        rows.spawn(async move {
            let stage = Stage::with(vec![], true, CARD_SECONDS);
            let card = Card::scripted("physician", &scenario(row.scenario));
            stage.insert(READER, &card);
            let bed = InProcess {
                readers: stage.readers.clone(),
                card,
            };
            meets(row, &stage, &bed).await;
        });
    }
    while let Some(row) = rows.join_next().await {
        row.unwrap();
    }
}

impl Bed for paraphe_softcard::CardSlot {
    fn look<R>(&self, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        self.with_card(look)
    }

    fn take_out(&self) {
        self.pull().unwrap();
    }

    fn put_back(&self) {
        Self::put_back(self).unwrap();
    }
}

async fn through_pcscd(test: &str, kind: paraphe_softcard::pcscd::ReaderKind) {
    let Some(process) = second_process(test) else {
        return;
    };
    let service = Service::direct(&process, &[kind]);
    let stage = Stage::over(Arc::new(PcscBackend), vec![], true, CARD_SECONDS);
    for row in &CARD_FAULTS {
        let mut pki = stage::pki();
        let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki).unwrap();
        let card = card
            .with_scenario(&scenario(row.scenario), &mut pki)
            .unwrap();
        let slot = service.insert(0, card);
        until_present(&stage);
        meets(row, &stage, &slot).await;
        slot.pull().unwrap();
        assert!(stage.agent.readers().wait_for(LONG, |views| {
            views.iter().all(|view| view.atr.is_none())
        }));
    }
}

#[tokio::test]
async fn faults_of_the_card_through_pcscd() {
    through_pcscd("faults_of_the_card_through_pcscd", OwnDriver).await;
}

#[tokio::test]
async fn faults_of_the_card_through_pcscd_and_vpcd() {
    through_pcscd("faults_of_the_card_through_pcscd_and_vpcd", Vpcd).await;
}

/// What happens while the person types, what it ends in, and what has the next operation work again.
struct Row {
    what: &'static str,
    happens: fn(&InProcessReaders, &Card),
    ends_in: Result<(), ErrorCode>,
    mended: fn(&InProcessReaders, &Card),
}

const fn meanwhile(
    what: &'static str,
    ends_in: Result<(), ErrorCode>,
    happens: fn(&InProcessReaders, &Card),
    mended: fn(&InProcessReaders, &Card),
) -> Row {
    Row {
        what,
        happens,
        ends_in,
        mended,
    }
}

const MEANWHILE: [Row; 9] = [
    meanwhile(
        "the card is pulled",
        Err(ErrorCode::CardRemoved),
        |readers, _| readers.remove(READER),
        |readers, card| readers.insert(READER, card.clone()),
    ),
    meanwhile(
        "the card is pulled and put back",
        Err(ErrorCode::CardChanged),
        |readers, card| {
            readers.remove(READER);
            readers.insert(READER, card.clone());
        },
        |_, _| {},
    ),
    meanwhile(
        "another card takes its place",
        Err(ErrorCode::CardChanged),
        |readers, _| readers.insert(READER, Card::shipped("nurse")),
        |readers, card| readers.insert(READER, card.clone()),
    ),
    meanwhile(
        "another program resets the card",
        Ok(()),
        |readers, _| assert!(readers.reset_card(READER, LONG)),
        |_, _| {},
    ),
    meanwhile(
        "another program takes the reader",
        Err(ErrorCode::ReaderBusy),
        |readers, _| readers.hold(READER, true),
        |readers, _| readers.hold(READER, false),
    ),
    meanwhile(
        "the card service stops",
        Err(ErrorCode::ReaderServiceUnavailable),
        |readers, _| readers.set_service(false),
        |readers, _| readers.set_service(true),
    ),
    meanwhile(
        "the reader is unplugged",
        Err(ErrorCode::ReaderUnknown),
        |readers, _| readers.remove_reader(READER),
        |readers, card| readers.insert(READER, card.clone()),
    ),
    meanwhile(
        "the workstation sleeps",
        Err(ErrorCode::CardChanged),
        |readers, _| readers.sleep(Duration::from_secs(3600)),
        |_, _| {},
    ),
    meanwhile(
        "the card moves to another reader",
        Err(ErrorCode::CardRemoved),
        |readers, card| {
            readers.remove(READER);
            readers.insert("Lecteur 2", card.clone());
        },
        |_, _| {},
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn faults_while_the_person_types() {
    let mut rows = tokio::task::JoinSet::new();
    for row in &MEANWHILE {
        rows.spawn(async move {
            let stage = Stage::with(vec![Answer::Pin("1234")], true, CARD_SECONDS);
            let card = Card::shipped("physician");
            stage.insert(READER, &card);
            let (readers, typed) = (stage.readers.clone(), card.clone());
            stage.meanwhile(move || (row.happens)(&readers, &typed));
            let result = sign(&stage).await;
            assert_eq!(outcome(&result), row.ends_in, "{}: {result:?}", row.what);
            let presented = u64::from(row.ends_in.is_ok());
            assert_eq!(card.counters().verifies, presented, "{}", row.what);
            (row.mended)(&stage.readers, &card);
            assert!(
                stage.agent.readers().wait_for(LONG, |views| {
                    views.iter().any(|view| {
                        view.atr.is_some()
                            && view.state == paraphe_protocol::api::ReaderState::Present
                    })
                }),
                "{}",
                row.what
            );
            // The card that was there between may be seen for another moment.
            let read = once_settled(&stage, Operation::CardRead, json!({})).await;
            assert_eq!(read["card"]["serial"], "99000001", "{}", row.what);
            stage.will_answer(Answer::Pin("1234"));
            let signed = sign(&stage).await;
            let signed = signed.unwrap_or_else(|problem| panic!("{}: {problem:?}", row.what));
            assert_eq!(signed["card"], "99000001", "{}", row.what);
            assert_eq!(card.counters().verifies, presented + 1, "{}", row.what);
            assert_eq!(card.tries_left(), 3, "{}", row.what);
        });
    }
    while let Some(row) = rows.join_next().await {
        row.unwrap();
    }
}

#[tokio::test]
async fn a_swap_never_mixes_two_cards() {
    for name in ["another-card", "another-card-while-signing"] {
        let stage = Stage::with(vec![Answer::Pin("1234")], true, CARD_SECONDS);
        let card = Card::scripted("physician", &scenario(name));
        stage.insert(READER, &card);
        let result = sign(&stage).await;
        assert_eq!(outcome(&result), Err(ErrorCode::CardRemoved), "{name}");
        // The nurse's card is there now; it was asked for nothing that concerns a PIN.
        assert!(stage.agent.readers().wait_for(LONG, |views| {
            views[0].atr.is_some() && card.with(|card| card.serial() == "99000002")
        }));
        let nurse: Counters = card.counters();
        assert_eq!(
            (nurse.verifies, nurse.private_key_operations),
            (0, 0),
            "{name}"
        );
        let read = once_settled(&stage, Operation::CardRead, json!({})).await;
        assert_eq!(read["card"]["serial"], "99000002", "{name}");
        assert!(read["holder"].to_string().contains("ESSAI"), "{name}");
        let pinned = json!({"card": "99000001"});
        let refused = stage.perform(Operation::CardRead, pinned).await;
        assert_eq!(outcome(&refused), Err(ErrorCode::CardChanged), "{name}");
    }
}

#[tokio::test]
async fn a_card_that_nobody_knows_is_left_alone() {
    let stage = Stage::with(vec![], true, CARD_SECONDS);
    let card = Card::scripted("physician", &scenario("unknown-card"));
    stage.insert(READER, &card);
    assert_eq!(outcome(&sign(&stage).await), Err(ErrorCode::CardUnknown));
    assert_eq!(card.counters().apdus, 0);
}

#[tokio::test]
async fn a_slow_card_works_and_one_that_is_too_slow_is_given_no_pin() {
    let slow = Card::scripted("physician", &scenario("slow-card"));
    let stage = Stage::unattended(vec![Answer::Pin("1234")]);
    stage.insert(READER, &slow);
    sign(&stage).await.unwrap();
    assert_eq!((slow.counters().verifies, slow.tries_left()), (1, 3));
    let slow = Card::scripted("physician", &scenario("slow-card"));
    let stage = Stage::with(vec![], true, "[limits]\ncard_seconds = 2\n");
    stage.insert(READER, &slow);
    let result = sign(&stage).await;
    assert_eq!(outcome(&result), Err(ErrorCode::ReaderFailed), "{result:?}");
    assert_eq!((slow.counters().verifies, slow.tries_left()), (0, 3));
}

#[tokio::test]
async fn a_mute_card_is_no_other_card_s_business() {
    let stage = Stage::with(vec![], true, CARD_SECONDS);
    let silent = Card::scripted("physician", &scenario("mute"));
    stage.insert(READER, &silent);
    let nurse = Card::shipped("nurse");
    stage.insert("Lecteur 2", &nurse);
    let mute = json!({"reader": READER});
    let other = json!({"reader": "Lecteur 2"});
    let (first, second) = tokio::join!(stage.perform(Operation::CardRead, mute), async {
        while silent.counters().apdus < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let begun = Instant::now();
        let read = stage.perform(Operation::CardRead, other).await;
        (read, begun.elapsed())
    });
    assert_eq!(outcome(&first), Err(ErrorCode::CardMute));
    let (read, took) = second;
    assert_eq!(read.unwrap()["card"]["serial"], "99000002");
    assert!(took < Duration::from_secs(9), "{took:?}");
    // Asked for by its serial number the other one is found beside it, and the mute one is sent nothing.
    let read = stage
        .perform(Operation::CardRead, json!({"card": "99000002"}))
        .await;
    assert_eq!(read.unwrap()["reader"], "Lecteur 2");
    assert_eq!(silent.counters().apdus, 10);
}
