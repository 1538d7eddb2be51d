//! The PIN typed on the reader's own keypad, through the real `pcscd` and a reader driver with a simulated one. Whatever
//! happens there ends in what the person is told; a try is spent by digits that the person typed and by nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stage::pcsc::{Service, second_process};
use crate::stage::{self, Answer, Person, altered_profile, code, configuration};
use paraphe::caller::Caller;
use paraphe::pin::{PinEntry, RequestedCode, TriesLeft};
use paraphe::reader::PcscBackend;
use paraphe::service::Agent;
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem, WhoActs};
use paraphe_softcard::pcscd::ReaderKind;
use paraphe_softcard::{CardSlot, Profile, SoftCard};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(30);
/// In the second process: a reader with a keypad.
fn in_second_process(test: &str) -> Option<Keypad> {
    with_reader(test, ReaderKind::OwnDriverWithPinPad)
}

fn with_reader(test: &str, kind: ReaderKind) -> Option<Keypad> {
    let process = second_process(test)?;
    Some(Keypad(Service::direct(&process, &[kind])))
}

/// The reader with a keypad.
struct Keypad(Service);

/// A card in that reader, a person, and an agent.
struct Workplace {
    slot: CardSlot,
    person: Arc<Person>,
    agent: Agent,
    _state: tempfile::TempDir,
}

impl Keypad {
    fn with(&self, profile: &Profile, person: Arc<Person>, more: &str) -> Workplace {
        let card = SoftCard::new(profile, &mut stage::pki()).unwrap();
        let slot = self.0.insert(0, card);
        let reader = &*self.0.slot(0).reader;
        let state = tempfile::tempdir().unwrap();
        let agent = Agent::start_in(
            Arc::new(configuration(more)),
            Arc::new(PcscBackend),
            Arc::clone(&person) as Arc<dyn PinEntry>,
            state.path(),
        )
        .unwrap();
        assert!(agent.readers().wait_for(LONG, |views| {
            views
                .iter()
                .any(|view| &*view.target.reader == reader && view.atr.is_some())
        }));
        Workplace {
            slot,
            person,
            agent,
            _state: state,
        }
    }

    fn with_physician(&self, answers: Vec<Answer>) -> Workplace {
        let profile = Profile::shipped("physician").unwrap();
        self.with(&profile, Person::new(answers, false), "")
    }
}

impl Workplace {
    fn type_all(&self, entries: &[&str]) {
        for digits in entries {
            self.slot.type_digits(digits).unwrap();
        }
    }

    /// Presentations that the card has seen, and tries left.
    fn spent(&self) -> (u64, u8) {
        self.slot
            .with_card(|card| (card.counters().verifies, card.pin_tries_left().unwrap()))
    }

    /// The reader passes a reset on and does not wait for the card to have done it; what it passes on later comes later.
    fn is_left_without_its_pin(&self) {
        let until = Instant::now() + LONG;
        while self.slot.with_card(|card| card.pin_verified()) {
            assert!(Instant::now() < until, "the card still holds its PIN");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    async fn perform(&self, operation: Operation, body: Value) -> Result<Value, Problem> {
        self.agent
            .perform(
                &Caller::CommandLine,
                operation,
                body.to_string().as_bytes(),
                Language::English,
            )
            .await
            .map(|answer| serde_json::from_str(answer.get()).unwrap())
    }

    async fn read_situations(&self) -> Result<Value, Problem> {
        let body = json!({"practice_situations": true});
        self.perform(Operation::CardRead, body).await
    }
}

#[tokio::test]
async fn a_wrong_pin_then_the_right_one() {
    let Some(keypad) = in_second_process("a_wrong_pin_then_the_right_one") else {
        return;
    };
    let work = keypad.with_physician(vec![]);
    work.type_all(&["4321", "1234"]);
    let read = work.read_situations().await.unwrap();
    assert_eq!(read["practice_situations"].as_array().unwrap().len(), 2);
    assert_eq!(work.spent(), (2, 3));
    work.is_left_without_its_pin();
    assert!(work.person.asked().is_empty());
    let announced = work.person.announced();
    let shown: Vec<_> = announced
        .iter()
        .map(|request| (request.code, request.tries_left, request.wrong_before))
        .collect();
    let tries = TriesLeft::Exactly;
    assert_eq!(
        shown,
        [
            (RequestedCode::Pin, tries(3), false),
            (RequestedCode::Pin, tries(2), true)
        ]
    );
    let notice = announced[1].keypad_notice();
    for line in [
        "Code porteur incorrect.",
        "Tapez votre code porteur sur le lecteur",
        "type your PIN on the reader",
        "Lecture des situations d'exercice",
        "CAMILLE SIMULATEUR",
        "tries left: 2",
    ] {
        assert!(notice.contains(line), "{line}: {notice}");
    }
    // Another operation, another entry.
    work.type_all(&["1234"]);
    let nonce = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, [7; 32]);
    let body = json!({"nonce": nonce, "server": "regional"});
    work.perform(Operation::Login, body).await.unwrap();
    assert_eq!(work.spent(), (3, 3));
}

#[tokio::test]
async fn a_no_a_silence_and_a_slip_spend_nothing() {
    let Some(keypad) = in_second_process("a_no_a_silence_and_a_slip_spend_nothing") else {
        return;
    };
    let profile = Profile::shipped("physician").unwrap();
    let impatient = "[pin_entry]\nkeypad_seconds = 1\n";
    let work = keypad.with(&profile, Person::new(vec![], false), impatient);
    work.slot.cancel_entry();
    let refused = work.read_situations().await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    let silence = work.read_situations().await;
    assert_eq!(code(&silence), ErrorCode::OperationCancelled);
    let detail = silence.unwrap_err().detail.unwrap();
    assert!(detail.contains("in time"), "{detail}");
    for digits in ["123", "12345"] {
        work.type_all(&[digits]);
        let slip = work.read_situations().await;
        assert_eq!(code(&slip), ErrorCode::PinFormat);
    }
    assert_eq!(work.spent(), (0, 3));
    assert_eq!(work.person.announced().len(), 4);
}

#[tokio::test]
async fn the_last_try_is_confirmed_on_the_screen_first() {
    let Some(keypad) = in_second_process("the_last_try_is_confirmed_on_the_screen_first") else {
        return;
    };
    let profile = altered_profile("physician", &["pin"], json!({"tries_left": 1}));
    let answers = vec![Answer::Cancel, Answer::ConfirmLastTry];
    let work = keypad.with(&profile, Person::new(answers, false), "");
    let refused = work.read_situations().await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert!(work.person.announced().is_empty());
    assert_eq!(work.spent(), (0, 1));
    work.type_all(&["1234"]);
    work.read_situations().await.unwrap();
    assert_eq!(work.spent(), (1, 3));
    assert!(work.person.asked()[1].is_last_try());

    // Two wrong ones lead to a last try; its confirmation is asked for then, and a no leaves it.
    let work2 = {
        drop(work);
        keypad.with_physician(vec![Answer::Cancel])
    };
    work2.type_all(&["4321", "4321"]);
    let refused = work2.read_situations().await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert_eq!(work2.spent(), (2, 1));
}

#[tokio::test]
async fn a_pin_is_changed_there() {
    let Some(keypad) = in_second_process("a_pin_is_changed_there") else {
        return;
    };
    let work = keypad.with_physician(vec![]);
    work.type_all(&["1234", "5678", "5679"]);
    let differ = work.perform(Operation::PinChange, json!({})).await;
    assert_eq!(code(&differ), ErrorCode::PinFormat);
    work.type_all(&["1234"]);
    work.slot.cancel_entry();
    let refused = work.perform(Operation::PinChange, json!({})).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert_eq!(work.spent(), (0, 3));

    work.type_all(&["9999", "5678", "5678"]);
    let wrong = work.perform(Operation::PinChange, json!({})).await;
    assert_eq!(code(&wrong), ErrorCode::PinWrong);
    assert_eq!(wrong.unwrap_err().tries_left, Some(2));
    assert_eq!(work.spent(), (1, 2));

    work.type_all(&["1234", "5678", "5678"]);
    let changed = work.perform(Operation::PinChange, json!({})).await.unwrap();
    assert_eq!(changed["pin"]["tries_left"], 3);
    assert_eq!(work.spent(), (2, 3));
    let notice = work.person.announced().pop().unwrap().keypad_notice();
    assert!(notice.contains("l'ancien code, le nouveau"), "{notice}");
    work.type_all(&["5678"]);
    work.read_situations().await.unwrap();
    assert_eq!(work.spent(), (3, 3));
    assert!(work.person.asked().is_empty());
}

#[tokio::test]
async fn a_wrapped_lot_is_signed_by_one_entry() {
    let Some(keypad) = in_second_process("a_wrapped_lot_is_signed_by_one_entry") else {
        return;
    };
    let work = keypad.with_physician(vec![]);
    let document = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/documents/compte-rendu.pdf")
        .canonicalize()
        .unwrap();
    let mut lot = json!({
        "profile": "dsg",
        "cda": true,
        "practice_situation": 3,
        "patient": {
            "ins": "282049999900264",
            "birth_name": "Patientessai",
            "given_names": "Marie-Ève Anne",
            "birth_date": "19820415",
            "sex": "F",
            "birth_place": "99999",
        },
        "documents": [{"source": {"path": document}, "title": "Compte rendu"}],
    });
    work.type_all(&["1234"]);
    let signed = work.perform(Operation::LotSign, lot.clone()).await.unwrap();
    assert_eq!(signed["documents"].as_array().unwrap().len(), 1);
    assert_eq!(work.spent(), (1, 3));
    assert_eq!(work.person.announced().len(), 1);
    let signatures = |work: &Workplace| {
        work.slot
            .with_card(|card| card.counters().private_key_operations)
    };
    assert_eq!(signatures(&work), 1);

    // What fails between the PIN and the signature signs nothing, and the card is left without its PIN.
    lot["practice_situation"] = json!(9);
    work.type_all(&["1234"]);
    let refused = work.perform(Operation::LotSign, lot.clone()).await;
    assert_eq!(code(&refused), ErrorCode::PracticeSituationUnknown);
    assert_eq!(signatures(&work), 1);
    work.is_left_without_its_pin();
    // What ends the entry ends the lot.
    work.slot.cancel_entry();
    let refused = work.perform(Operation::LotSign, lot).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert_eq!(signatures(&work), 1);
}

#[tokio::test]
async fn a_keypad_that_does_not_suit_is_left_alone() {
    let Some(keypad) = in_second_process("a_keypad_that_does_not_suit_is_left_alone") else {
        return;
    };
    let physician = Profile::shipped("physician").unwrap();
    let cps4 = Profile::shipped("physician-cps4").unwrap();
    let unpadded = json!({"storage": "unpadded"});
    let unpadded = altered_profile("physician", &["pin"], unpadded);
    for (profile, unattended, more) in [
        (&physician, true, ""),
        (&physician, false, "[pin_entry]\nkeypad = \"never\"\n"),
        (&cps4, false, ""),
        (&unpadded, false, ""),
    ] {
        let person = Person::new(vec![Answer::Pin("1234")], unattended);
        let work = keypad.with(profile, person, more);
        work.read_situations().await.unwrap();
        assert_eq!(work.person.asked().len(), 1);
        assert!(work.person.announced().is_empty());
    }
}

#[tokio::test]
async fn a_card_pulled_while_the_keypad_waits_loses_no_try() {
    let test = "a_card_pulled_while_the_keypad_waits_loses_no_try";
    let Some(keypad) = in_second_process(test) else {
        return;
    };
    let work = Arc::new(keypad.with_physician(vec![]));
    let reading = tokio::spawn({
        let work = Arc::clone(&work);
        async move { work.read_situations().await }
    });
    let waiting = Arc::clone(&work);
    tokio::task::spawn_blocking(move || {
        waiting.slot.wait_until_asked(LONG).unwrap();
        waiting.slot.pull().unwrap();
    })
    .await
    .unwrap();
    let refused = reading.await.unwrap();
    // No program can know whether the keypad had sent its command by then.
    assert_eq!(code(&refused), ErrorCode::PinOutcomeUnknown);
    assert_eq!(work.spent(), (0, 3));
    // The same card, put back, is asked for its PIN anew.
    work.slot.put_back().unwrap();
    assert!(work.agent.readers().wait_for(LONG, |views| {
        views.iter().any(|view| view.atr.is_some())
    }));
    work.type_all(&["1234"]);
    work.read_situations().await.unwrap();
    assert_eq!(work.spent(), (1, 3));
}

/// A keypad says that it has one, and not what it can write: it is asked once, refuses (`6B80`), and nothing reaches the card.
#[tokio::test]
async fn a_keypad_that_refuses_what_the_card_wants_is_named_with_its_remedy() {
    let test = "a_keypad_that_refuses_what_the_card_wants_is_named_with_its_remedy";
    let Some(keypad) = with_reader(test, ReaderKind::OwnDriverWithBankPinPad) else {
        return;
    };
    let work = keypad.with_physician(vec![]);
    for (operation, body) in [
        (Operation::CardRead, json!({"practice_situations": true})),
        (Operation::PinChange, json!({})),
    ] {
        let refused = work.perform(operation, body).await;
        assert_eq!(code(&refused), ErrorCode::ReaderKeypadRefused);
        let problem = refused.unwrap_err();
        assert_eq!(problem.remedy.who, WhoActs::Administrator);
        assert!(
            problem.remedy.text.contains("keypad = \"never\""),
            "{}",
            problem.remedy.text
        );
    }
    assert_eq!(work.spent(), (0, 3));
    assert_eq!(work.person.announced().len(), 2);
    assert!(work.person.asked().is_empty());
    drop(work);

    // What the remedy says, done: the PIN is typed on the workstation.
    let profile = Profile::shipped("physician").unwrap();
    let person = Person::new(vec![Answer::Pin("1234")], false);
    let work = keypad.with(&profile, person, "[pin_entry]\nkeypad = \"never\"\n");
    work.read_situations().await.unwrap();
    assert_eq!(work.spent(), (1, 3));
    assert!(work.person.announced().is_empty());
}
