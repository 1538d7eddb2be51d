//! A reader with a PIN pad as a PC/SC client uses it (part 10), and as a person types on it.

use std::ffi::CString;
use std::path::Path;
use std::time::{Duration, SystemTime};

use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind, TestProcess};
use paraphe_softcard::{CardSlot, PkiDirectory, Profile, SoftCard};
use pcsc::{Card, Context, Protocols, ReaderState, Scope, ShareMode, State};

const LONG: Duration = Duration::from_secs(20);
const GET_FEATURE_REQUEST: u32 = 0x4200_0D48;

/// In the second process: a `pcscd` with a reader.
fn in_second_process(test: &str, kind: ReaderKind) -> Option<PrivatePcscd> {
    let process = match TestProcess::of_test(test).unwrap_or_else(|error| panic!("{error}")) {
        TestProcess::First(_) => return None,
        TestProcess::Second(process) => process,
    };
    let pcscd = PrivatePcscd::start(&[kind]).unwrap();
    assert_eq!(
        pcscd.slots()[0].endpoint.has_pin_pad(),
        kind == ReaderKind::OwnDriverWithPinPad
    );
    process.lead_to(&pcscd).unwrap();
    Some(pcscd)
}

fn insert(pcscd: &PrivatePcscd) -> (CardSlot, Card) {
    let place = &pcscd.slots()[0];
    let reader = CString::new(place.reader.as_str()).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap();
    let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki).unwrap();
    let slot = CardSlot::insert(place.endpoint.clone(), card, None);
    slot.wait_ready(LONG).unwrap();
    let context = Context::establish(Scope::User).unwrap();
    let mut states = [ReaderState::new(reader.clone(), State::EMPTY)];
    while !states[0].event_state().contains(State::PRESENT) {
        context.get_status_change(LONG, &mut states).unwrap();
        states[0].sync_current_state();
    }
    let card = context
        .connect(&reader, ShareMode::Shared, Protocols::ANY)
        .unwrap();
    (slot, card)
}

fn control(card: &Card, code: u32, input: &[u8]) -> Vec<u8> {
    let mut output = [0; 300];
    card.control(code.into(), input, &mut output)
        .unwrap()
        .to_vec()
}

/// The control code of a feature.
fn feature(card: &Card, tag: u8) -> u32 {
    let features = control(card, GET_FEATURE_REQUEST, &[]);
    let record = features.chunks(6).find(|record| record[0] == tag).unwrap();
    u32::from_be_bytes(record[2..6].try_into().unwrap())
}

fn verify_structure(seconds: u8) -> Vec<u8> {
    let command = b"\x00\x20\x00\x01\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    let mut structure = vec![
        seconds, 0, 0x82, 0x08, 0, 4, 4, 0x02, 1, 0x0C, 0x04, 0, 0, 0, 0,
    ];
    structure.extend((command.len() as u32).to_le_bytes());
    structure.extend(command);
    structure
}

#[test]
fn a_pin_is_typed_and_the_host_never_sees_it() {
    let test = "a_pin_is_typed_and_the_host_never_sees_it";
    let Some(pcscd) = in_second_process(test, ReaderKind::OwnDriverWithPinPad) else {
        return;
    };
    let (slot, card) = insert(&pcscd);
    assert_eq!(control(&card, feature(&card, 0x0A), &[]).len(), 4);
    let verify = feature(&card, 0x06);

    // Typed when the reader asks, and what the card says comes back.
    let answer = std::thread::scope(|scope| {
        let asking = scope.spawn(|| control(&card, verify, &verify_structure(30)));
        slot.wait_until_asked(LONG).unwrap();
        assert!(!asking.is_finished());
        slot.type_digits("4321").unwrap();
        asking.join().unwrap()
    });
    assert_eq!(answer, [0x63, 0xC2]);
    // Typed before it asks.
    slot.type_digits("1234").unwrap();
    assert_eq!(control(&card, verify, &verify_structure(30)), [0x90, 0x00]);
    assert!(slot.with_card(|card| card.pin_verified()));

    // What the pad itself says costs no try.
    let before = slot.with_card(|card| card.counters());
    slot.cancel_entry();
    assert_eq!(control(&card, verify, &verify_structure(30)), [0x64, 0x01]);
    assert_eq!(control(&card, verify, &verify_structure(1)), [0x64, 0x00]);
    slot.type_digits("12345").unwrap();
    assert_eq!(control(&card, verify, &verify_structure(30)), [0x64, 0x03]);
    assert_eq!(control(&card, verify, &[0; 3]), [0x6B, 0x80]);
    assert_eq!(slot.with_card(|card| card.counters()), before);
    assert!(slot.type_digits("12a4").is_err());

    // A change: old, new, new again.
    let mut command = vec![0x00, 0x24, 0x00, 0x01, 0x10];
    command.extend([0xFF; 16]);
    let mut structure = vec![
        30, 0, 0x82, 0x08, 0, 0, 8, 4, 4, 0x03, 0x02, 3, 0x0C, 0x04, 0, 1, 2, 0, 0, 0,
    ];
    structure.extend((command.len() as u32).to_le_bytes());
    structure.extend(&command);
    for digits in ["1234", "5678", "5678"] {
        slot.type_digits(digits).unwrap();
    }
    let modify = feature(&card, 0x07);
    assert_eq!(control(&card, modify, &structure), [0x90, 0x00]);
    slot.type_digits("5678").unwrap();
    assert_eq!(control(&card, verify, &verify_structure(30)), [0x90, 0x00]);

    // The card is pulled while the pad waits.
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut output = [0; 300];
            card.control(verify.into(), &verify_structure(30), &mut output)
                .is_err()
        });
        slot.wait_until_asked(LONG).unwrap();
        slot.pull().unwrap();
        assert!(asking.join().unwrap());
    });
}

#[test]
fn an_ordinary_reader_has_no_features() {
    let test = "an_ordinary_reader_has_no_features";
    let Some(pcscd) = in_second_process(test, ReaderKind::OwnDriver) else {
        return;
    };
    let (_slot, card) = insert(&pcscd);
    let mut output = [0; 300];
    let answer = card.control(GET_FEATURE_REQUEST.into(), &[], &mut output);
    assert!(answer.is_err(), "{answer:?}");
}
