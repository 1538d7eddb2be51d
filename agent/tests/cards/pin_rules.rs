//! The rules of a PIN at every way of entering one that is not a terminal or a keypad (those have tests of their own): what is
//! no PIN never reaches the card, the last try wants a word of its own, one that failed is never presented again, and no try
//! is spent by anything but an entry.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::stage::{Card, code, configuration};
use paraphe::caller::Caller;
use paraphe::pin::{DescriptorPinEntry, PinEntry, PinEntryError, PinentryProgram, RefusedFiles};
use paraphe::reader::InProcessReaders;
use paraphe::service::Agent;
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem};
use paraphe_protocol::card::LastTry;
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const LONG: Duration = Duration::from_secs(30);

/// An agent with one card, and this way to ask for PINs.
struct Place {
    agent: Agent,
    readers: InProcessReaders,
    card: Card,
    _state: tempfile::TempDir,
}

impl Place {
    fn new(card: &Card, entry: Arc<dyn PinEntry>) -> Self {
        let readers = InProcessReaders::new();
        readers.insert(READER, card.clone());
        let state = tempfile::tempdir().unwrap();
        let agent = Agent::start_in(
            Arc::new(configuration("")),
            Arc::new(readers.clone()),
            entry,
            state.path(),
        )
        .unwrap();
        let place = Self {
            agent,
            readers,
            card: card.clone(),
            _state: state,
        };
        place.wait_for_card();
        place
    }

    fn wait_for_card(&self) {
        assert!(self.agent.readers().wait_for(LONG, |views| {
            views.iter().any(|view| view.atr.is_some())
        }));
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

    fn spent(&self) -> (u64, u8) {
        (self.card.counters().verifies, self.card.tries_left())
    }
}

/// A pinentry that types this, and answers the confirmation with that; what it was told is in `told`.
fn pinentry(folder: &Path, typed: &str, confirmed: &str) -> Arc<dyn PinEntry> {
    let path = folder.join("pinentry");
    let script = format!(
        "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  echo \"$line\" >> '{}/told'\n  case \"$line\" in\n    \
         GETPIN) printf 'D {typed}\\nOK\\n' ;;\n    CONFIRM) echo '{confirmed}' ;;\n    BYE) echo OK; exit 0 ;;\n    \
         *) echo OK ;;\n  esac\ndone\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    Arc::new(PinentryProgram::new(Some(&path)).unwrap())
}

fn pin_file(folder: &Path, lines: &str) -> std::path::PathBuf {
    let path = folder.join("pin");
    fs::write(&path, lines).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

#[tokio::test]
async fn what_is_no_pin_of_the_card_never_reaches_it() {
    let folder = tempfile::tempdir().unwrap();
    let short_and_long: &[&str] = &["", "123", "123456789"];
    let all: &[&str] = &[
        "",
        "1",
        "123",
        "123456789",
        "12345678901234567",
        "12a4",
        "12 4",
        "-123",
        // The digits of another alphabet, and digits with something behind them.
        "\u{661}\u{662}\u{663}\u{664}",
        "1234%%00",
        "1234%%0A",
    ];
    for (profile, table) in [("physician", all), ("physician-cps4", short_and_long)] {
        let card = Card::shipped(profile);
        for typed in table {
            let place = Place::new(&card, pinentry(folder.path(), typed, "OK"));
            let refused = place.read_situations().await;
            assert_eq!(code(&refused), ErrorCode::PinFormat, "{profile} {typed:?}");
            if short_and_long.contains(typed) {
                for operation in [Operation::PinChange, Operation::PinUnblock] {
                    let refused = place.perform(operation, json!({})).await;
                    assert_eq!(code(&refused), ErrorCode::PinFormat, "{profile} {typed:?}");
                }
            }
            assert_eq!(place.spent(), (0, 3), "{profile} {typed:?}");
            if typed.contains('%') {
                continue;
            }
            let file = pin_file(folder.path(), &format!("{typed}\n"));
            let by_descriptor = File::open(&file).unwrap().into();
            for entry in [
                DescriptorPinEntry::from_file(&file, LastTry::Refused),
                DescriptorPinEntry::from_descriptor(by_descriptor, LastTry::Refused),
            ] {
                match entry {
                    Err(PinEntryError::Format(_)) => {}
                    Err(error) => panic!("{error}"),
                    Ok(entry) => {
                        let place = Place::new(&card, Arc::new(entry));
                        let refused = place.read_situations().await;
                        assert_eq!(code(&refused), ErrorCode::PinFormat, "{profile} {typed:?}");
                        assert_eq!(place.spent(), (0, 3), "{profile} {typed:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_last_try_wants_a_word_of_its_own() {
    const NO: &str = "ERR 83886194 not confirmed";
    let folder = tempfile::tempdir().unwrap();
    let card = Card::altered("physician", &["pin"], json!({"tries_left": 1}));
    for operation in [Operation::CardRead, Operation::PinChange] {
        let place = Place::new(&card, pinentry(folder.path(), "1234", NO));
        let body = match operation {
            Operation::CardRead => json!({"practice_situations": true}),
            _ => json!({}),
        };
        let refused = place.perform(operation, body).await;
        assert_eq!(code(&refused), ErrorCode::OperationCancelled);
        assert_eq!(place.spent(), (0, 1));
    }
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    assert!(told.contains("DERNIER ESSAI") && !told.contains("GETPIN"));

    let file = pin_file(folder.path(), "1234\n");
    let by_descriptor = File::open(&file).unwrap().into();
    for entry in [
        DescriptorPinEntry::from_file(&file, LastTry::Refused),
        DescriptorPinEntry::from_descriptor(by_descriptor, LastTry::Refused),
    ] {
        let place = Place::new(&card, Arc::new(entry.unwrap()));
        let refused = place.read_situations().await;
        assert_eq!(code(&refused), ErrorCode::PinLastTry);
        assert_eq!(place.spent(), (0, 1));
    }
    let place = Place::new(&card, pinentry(folder.path(), "1234", "OK"));
    place.read_situations().await.unwrap();
    assert_eq!(place.spent(), (1, 3));
}

#[tokio::test]
async fn a_pin_that_failed_is_never_presented_again() {
    let folder = tempfile::tempdir().unwrap();
    let card = Card::shipped("physician");
    let refused_files = RefusedFiles::in_directory(folder.path());
    let file = pin_file(folder.path(), "9999\n");
    let entry = DescriptorPinEntry::from_file(&file, LastTry::Refused)
        .unwrap()
        .unless_refused(refused_files.clone())
        .unwrap();
    let place = Place::new(&card, Arc::new(entry));
    let wrong = place.read_situations().await;
    assert_eq!(code(&wrong), ErrorCode::PinWrong);
    for after in [
        "nothing",
        "a reset",
        "a removal",
        "a restart of the card service",
    ] {
        match after {
            "a reset" => assert!(place.readers.reset_card(READER, LONG)),
            "a removal" => {
                place.readers.remove(READER);
                assert!(place.agent.readers().wait_for(LONG, |views| {
                    views.iter().all(|view| view.atr.is_none())
                }));
                place.readers.insert(READER, card.clone());
            }
            "a restart of the card service" => {
                place.readers.set_service(false);
                place.readers.set_service(true);
            }
            _ => {}
        }
        place.wait_for_card();
        let again = place.read_situations().await;
        assert_eq!(
            code(&again),
            ErrorCode::PinEntryUnavailable,
            "after {after}"
        );
        assert_eq!(place.spent(), (1, 2), "after {after}");
    }
    // Nor by another process that is given the same file.
    let again = DescriptorPinEntry::from_file(&file, LastTry::Refused)
        .unwrap()
        .unless_refused(refused_files);
    assert!(matches!(again, Err(PinEntryError::AlreadyRefused)));
}

#[tokio::test]
async fn no_try_is_spent_by_anything_but_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    for profile in [
        "physician",
        "physician-cps4",
        "reception-service",
        "physician-blocked",
    ] {
        let card = Card::shipped(profile);
        let before = card.tries_left();
        // A person who always says no.
        let no = pinentry(folder.path(), "1234", "OK");
        let script = fs::read_to_string(folder.path().join("pinentry")).unwrap();
        let script = script.replace("D 1234\\nOK", "ERR 83886179 cancelled");
        fs::write(folder.path().join("pinentry"), script).unwrap();
        let place = Place::new(&card, no);
        for (operation, body) in [
            (Operation::Status, json!({})),
            (Operation::CardRead, json!({})),
            (Operation::CardRead, json!({"practice_situations": true})),
            (Operation::PinStatus, json!({})),
            (Operation::PinChange, json!({})),
            (Operation::PinUnblock, json!({})),
            (
                Operation::Login,
                json!({"server": "regional", "nonce": "short"}),
            ),
            (
                Operation::Login,
                json!({"server": "regional", "nonce": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}),
            ),
            (
                Operation::LotSign,
                json!({"profile": "dsg", "patient": {"ins": "282049999900264"}, "documents": []}),
            ),
            (Operation::PinStatus, json!({})),
        ] {
            let _told = place.perform(operation, body).await;
        }
        assert_eq!(place.spent(), (0, before), "{profile}");
        let status = place
            .perform(Operation::PinStatus, json!({}))
            .await
            .unwrap();
        assert_eq!(status["pin"]["tries_left"], before, "{profile}");
        assert_eq!(
            status["unblocking_code"]["tries_left"], status["unblocking_code"]["tries_max"],
            "{profile}"
        );
    }
}
