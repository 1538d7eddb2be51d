//! The Vitale 2 in process, by the command sequences that independent readers were seen to use.

use std::path::Path;
use std::time::SystemTime;

use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

const MF_VITALE: &[u8] = b"\xD2\x50\x00\x00\x02MF_VITALE";
const VITALE: &[u8] = b"\xD2\x50\x00\x00\x02VITALE";

fn card(profile: &str) -> SoftCard {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap();
    let mut card = SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki).unwrap();
    card.power_on();
    card
}

fn select_name(card: &mut SoftCard, name: &[u8]) -> Vec<u8> {
    let mut command = vec![0x00, 0xA4, 0x04, 0x00, name.len() as u8];
    command.extend(name);
    card.transmit(&command)
}

/// Reads with Le 00, then with the length that the card names.
fn read(card: &mut SoftCard, p1: u8) -> Vec<u8> {
    let mut answer = card.transmit(&[0x00, 0xB0, p1, 0x00, 0x00]);
    if let [0x6C, length] = answer[..] {
        answer = card.transmit(&[0x00, 0xB0, p1, 0x00, length]);
    }
    let status = answer.split_off(answer.len() - 2);
    assert_eq!(status, [0x90, 0x00]);
    answer
}

#[test]
fn identity_and_number_by_short_identifier() {
    let mut card = card("vitale-holder");
    assert_eq!(
        card.atr(),
        [0x3B, 0x75, 0x13, 0, 0, 0x45, 0x09, 0xEA, 0x90, 0]
    );
    let selected = card.transmit(&[0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]);
    assert_eq!(selected[0], 0x61);
    let identity = read(&mut card, 0x82);
    assert!(identity.starts_with(b"\x65\x20\x80\x0CPATIENTESSAI\x81\x06LOUISE"));
    assert!(identity.windows(10).any(|w| w == b"\x82\x0819820415"));
    assert_eq!(select_name(&mut card, VITALE)[0], 0x61);
    assert_eq!(read(&mut card, 0x82), b"\x65\x11\x93\x0F282049999900264");
}

#[test]
fn identity_by_file_identifier() {
    let mut card = card("vitale-family");
    assert_eq!(select_name(&mut card, MF_VITALE)[0], 0x61);
    assert_eq!(
        card.transmit(&[0x00, 0xA4, 0x02, 0x00, 0x02, 0xD0, 0x01, 0x00]),
        [0x61, 0x1E]
    );
    let parameters = card.transmit(&[0x00, 0xC0, 0x00, 0x00, 0x1E]);
    assert_eq!((parameters[0], parameters.len()), (0x62, 32));
    let size = parameters[5];
    let mut identities = card.transmit(&[0x00, 0xB0, 0x00, 0x00, size]);
    assert_eq!(identities.split_off(identities.len() - 2), [0x90, 0x00]);
    // Three people, ISO 8859-1, the lunar date as it is.
    let records = identities.windows(2).filter(|w| *w == [0x82, 0x08]).count();
    assert_eq!(records, 3);
    assert!(identities.windows(6).any(|w| w == b"HONOR\xC9"));
    assert!(identities.windows(8).any(|w| w == b"19780700"));
    select_name(&mut card, VITALE);
    let numbers = read(&mut card, 0x82);
    assert!(
        numbers.ends_with(b"\x65\x02\x93\x00"),
        "no number of its own"
    );
}

#[test]
fn what_is_not_public_is_refused() {
    let mut card = card("vitale-holder");
    assert_eq!(
        card.transmit(&[0x00, 0xA4, 0x02, 0x00, 0x02, 0x12, 0x34]),
        [0x6A, 0x82]
    );
    assert_eq!(
        card.transmit(&[0x00, 0x20, 0x00, 0x01, 0x04, 0x31, 0x32, 0x33, 0x34]),
        [0x6A, 0x88]
    );
    for adele in [
        &b"\xE8\x28\xBD\x08\x0F\xD2\x50\x00\x00\x04Ad\xE8le"[..],
        b"\xD2\x50\x00\x00\x04Ad\xE8le\x01\x01",
    ] {
        assert_eq!(select_name(&mut card, adele), [0x90, 0x00]);
        assert_eq!(card.transmit(&[0x00, 0xB0, 0x82, 0x00, 0x00]), [0x69, 0x85]);
        assert_eq!(card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]), [0x69, 0x85]);
    }
    card.reset();
    assert_eq!(card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]), [0x6D, 0x00]);
    assert_eq!(card.transmit(&[0xBC, 0xB0, 0x00, 0x00, 0x08]), [0x6E, 0x00]);
    assert_eq!(card.counters().verifies, 0);
}

#[test]
fn card_number_and_pointers() {
    let mut card = card("vitale-holder");
    card.transmit(&[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x2F, 0x02]);
    assert_eq!(
        read(&mut card, 0x00),
        b"\x5A\x0B\x80\x25\x00\x00\x02\x99\x00\x00\x00\x00\x08"
    );
    select_name(&mut card, VITALE);
    card.transmit(&[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x20, 0x01]);
    assert_eq!(read(&mut card, 0x00)[0], 0xE0);
}
