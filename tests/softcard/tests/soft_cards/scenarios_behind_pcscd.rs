//! Each action of a scenario as a PC/SC client sees it, behind `vpcd` and behind our own reader driver.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind, TestProcess};
use paraphe_softcard::{CardSlot, PkiDirectory, Profile, Scenario, SoftCard};
use pcsc::{Card, Context, Protocols, ReaderState, Scope, ShareMode, State};

const LONG: Duration = Duration::from_secs(20);

/// One rule a command: P2 says which.
const SCENARIO: &str = r#"{"rules": [
    {"when": {"command": "80F00001"}, "then": {"delay_ms": 30, "status": "6F42"}},
    {"when": {"command": "80F00002"}, "then": {"answer": "4142439000"}},
    {"when": {"command": "80F00003"}, "then": {"reset": true}},
    {"when": {"command": "80F00004"}, "then": {"drop": true}},
    {"when": {"command": "80F00005"}, "then": {"remove": {"back_after_ms": 100}}},
    {"when": {"command": "80F00006"}, "then": {"remove": {}}},
    {"when": {"command": "80F00007"}, "then": {"mute": true}},
    {"when": {"command": "80F00008"}, "then": {"swap": {"profile": "vitale-holder"}}, "repeat": 2},
    {"when": {"ins": "B0"}, "then": {"truncate_to": 3}},
    {"when": {"ins": "B0"}, "then": {"corrupt": {"byte": 0, "xor": "01"}}},
    {"when": {"ins": "B0", "nth": 3}, "then": {"lie_length": 127}}
]}"#;

/// In the second process: a `pcscd` with a reader.
fn in_second_process(test: &str, kind: ReaderKind) -> Option<PrivatePcscd> {
    let process = match TestProcess::of_test(test).unwrap_or_else(|error| panic!("{error}")) {
        TestProcess::First(_) => return None,
        TestProcess::Second(process) => process,
    };
    let pcscd = PrivatePcscd::start(&[kind]).unwrap();
    process.lead_to(&pcscd).unwrap();
    Some(pcscd)
}

struct Client {
    context: Context,
    reader: String,
}

impl Client {
    /// Waits, without polling, for a card that can be connected to.
    fn connect(&self) -> Card {
        let name = std::ffi::CString::new(self.reader.clone()).unwrap();
        let deadline = Instant::now() + LONG;
        let mut states = [ReaderState::new(name.clone(), State::UNAWARE)];
        loop {
            assert!(Instant::now() < deadline, "no card");
            // A time-out is another attempt. Connecting before the reader has told of the card can meet the one before it.
            let _ = self
                .context
                .get_status_change(Duration::from_millis(500), &mut states);
            states[0].sync_current_state();
            if states[0].event_state().contains(State::PRESENT)
                && let Ok(card) = self
                    .context
                    .connect(&name, ShareMode::Shared, Protocols::ANY)
            {
                return card;
            }
        }
    }
}

fn transmit(card: &Card, command: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 300];
    // A card that is gone is an error, or, with vpcd, no bytes.
    match card.transmit(command, &mut buffer) {
        Ok(answer) => answer.to_vec(),
        Err(_) => Vec::new(),
    }
}

fn rule(number: u8) -> [u8; 5] {
    [0x80, 0xF0, 0x00, number, 0x00]
}

fn all_actions(pcscd: &PrivatePcscd) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap();
    let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki)
        .unwrap()
        .with_scenario(&Scenario::from_json(SCENARIO).unwrap(), &mut pki)
        .unwrap();
    let atr = card.atr().to_vec();
    let slot = CardSlot::insert(pcscd.slots()[0].endpoint.clone(), card, None);
    slot.wait_ready(LONG).unwrap();
    let client = Client {
        context: Context::establish(Scope::User).unwrap(),
        reader: pcscd.slots()[0].reader.clone(),
    };
    let login = b"\x00\x20\x00\x01\x081234\xFF\xFF\xFF\xFF";

    let card = client.connect();
    assert_eq!(transmit(&card, &rule(1)), [0x6F, 0x42]);
    assert_eq!(transmit(&card, &rule(2)), b"ABC\x90\x00");
    let select = [0x00, 0xA4, 0x09, 0x0C, 0x04, 0x3F, 0x00, 0xD0, 0x03];
    let read = [0x00, 0xB0, 0x00, 0x00, 0x02];
    assert_eq!(transmit(&card, &select), [0x90, 0x00]);
    assert_eq!(transmit(&card, &read), [0x5A, 0x0A, 0x90]);
    assert_eq!(transmit(&card, &read), [0x5B, 0x0A, 0x90, 0x00]);
    assert_eq!(transmit(&card, &read), [0x5A, 0x7F, 0x90, 0x00]);
    assert_eq!(transmit(&card, login), [0x90, 0x00]);
    transmit(&card, &rule(3));
    assert!(!slot.with_card(|card| card.pin_verified()), "reset");

    // Each of these loses the card, with everything verified on it.
    let mut card = card;
    for number in [4, 5] {
        assert_eq!(transmit(&card, login), [0x90, 0x00], "rule {number}");
        assert!(transmit(&card, &rule(number)).len() < 2, "rule {number}");
        drop(card);
        card = client.connect();
        assert_eq!(transmit(&card, &[0, 0x20, 0, 1]), [0x63, 0xC3]);
    }
    assert!(transmit(&card, &rule(6)).len() < 2);
    assert!(slot.wait_ready(Duration::from_millis(1)).is_err());
    drop(card);
    slot.put_back().unwrap();

    // A mute card is heard of again once it was pulled.
    let card = client.connect();
    let asked = slot.with_card(|card| card.counters().apdus);
    std::thread::scope(|scope| {
        let mute = scope.spawn(|| transmit(&card, &rule(7)));
        while slot.with_card(|card| card.counters().apdus) == asked {
            std::thread::yield_now();
        }
        assert!(!mute.is_finished());
        slot.pull().unwrap();
        assert!(mute.join().unwrap().len() < 2);
    });
    drop(card);
    slot.put_back().unwrap();

    for serial in ["990000000008", "99000001"] {
        let card = client.connect();
        assert!(transmit(&card, &rule(8)).len() < 2);
        drop(card);
        slot.wait_ready(LONG).unwrap();
        let card = client.connect();
        assert_eq!(slot.with_card(|card| card.serial().to_owned()), serial);
        let shown = card.status2_owned().unwrap();
        assert_eq!(shown.atr() == atr, serial == "99000001");
    }
}

#[test]
fn behind_vpcd() {
    if let Some(pcscd) = in_second_process("behind_vpcd", ReaderKind::Vpcd) {
        all_actions(&pcscd);
    }
}

#[test]
fn behind_our_own_driver() {
    let test = "behind_our_own_driver";
    if let Some(pcscd) = in_second_process(test, ReaderKind::OwnDriver) {
        all_actions(&pcscd);
    }
}
