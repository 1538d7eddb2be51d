//! Whatever bytes come in, a card answers a status word and stays usable.

use std::cell::RefCell;
use std::path::Path;
use std::time::SystemTime;

use paraphe_softcard::{PkiDirectory, Profile, SoftCard};
use proptest::prelude::*;

fn card(profile: &str) -> SoftCard {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap();
    SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki).unwrap()
}

/// Mostly commands that a card knows, with wild parameters; some bytes of no sense.
fn command() -> impl Strategy<Value = Vec<u8>> {
    let header = (
        prop::sample::select(vec![0x00, 0x01, 0x10, 0x11, 0xA0, 0x0C, 0xFF]),
        prop::sample::select(vec![
            0xA4, 0xB0, 0xD6, 0x20, 0x24, 0x2C, 0x22, 0x2A, 0x88, 0x84, 0xCB, 0xC0, 0x00,
        ]),
        prop::sample::select(vec![
            0x00, 0x01, 0x02, 0x04, 0x08, 0x09, 0x3F, 0x41, 0x80, 0x81, 0x90, 0x9C, 0x9E,
        ]),
        prop::sample::select(vec![
            0x00, 0x01, 0x02, 0x04, 0x0C, 0x86, 0x9A, 0xA0, 0xA4, 0xB6, 0xFF,
        ]),
    );
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..255),
        prop::sample::select(vec![
            vec![0x3F, 0x00, 0x00, 0x01],
            vec![0x80, 0x01, 0x42, 0x84, 0x01, 0x81],
            vec![0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, 0x01, 0x02, 0xA0, 0x80],
            vec![0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00],
            vec![0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00],
            vec![0x91, 0x02, 0x2C, 0xA0],
            vec![0x00, 0x01],
            b"1234\xFF\xFF\xFF\xFF".to_vec(),
        ]),
    ];
    prop_oneof![
        8 => (header, data, prop::option::of(any::<u8>())).prop_map(
            |((class, instruction, p1, p2), data, le)| {
                let mut command = vec![class, instruction, p1, p2];
                if !data.is_empty() {
                    command.push(data.len() as u8);
                    command.extend(data);
                }
                command.extend(le);
                command
            }
        ),
        1 => prop::collection::vec(any::<u8>(), 0..600),
    ]
}

fn stays_usable(profile: &str, selects: &[u8]) {
    let card = RefCell::new(card(profile));
    proptest!(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() },
    |(commands in prop::collection::vec(command(), 1..24))| {
        let mut card = card.borrow_mut();
        card.power_on();
        for command in commands {
            let answer = card.transmit(&command);
            prop_assert!((2..=258).contains(&answer.len()));
        }
        card.reset();
        let answer = card.transmit(selects);
        prop_assert_eq!(answer, [0x90, 0x00]);
    });
}

#[test]
fn a_cps3_stays_usable() {
    stays_usable(
        "physician",
        &[0x00, 0xA4, 0x09, 0x0C, 0x04, 0x3F, 0x00, 0x00, 0x01],
    );
}

#[test]
fn a_vitale_stays_usable() {
    stays_usable("vitale-family", &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0xD0, 0x01]);
}

#[test]
fn a_cps4_stays_usable() {
    stays_usable(
        "physician-cps4",
        b"\x01\xA4\x04\x0C\x08\x80\x25\x00\x00\x01\xFF\x01\x00",
    );
}

#[test]
fn a_contactless_cps3_stays_usable() {
    stays_usable(
        "physician-contactless",
        &[0x00, 0xA4, 0x09, 0x0C, 0x04, 0x3F, 0x00, 0x00, 0x02],
    );
}
