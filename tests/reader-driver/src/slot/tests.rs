//! A slot with cards played by threads.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::*;
use std::sync::Arc;
use std::thread;

const LONG: u32 = 60_000;

/// A path that no other test uses.
pub(crate) fn socket(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("paraphe-slot-{}-{name}", std::process::id()))
}

/// Connects, answers the ATR and then each command with itself and 9000, until the reader or `commands` ends.
fn card(path: &Path, atr: &'static [u8], commands: usize) -> thread::JoinHandle<()> {
    let mut connection = UnixStream::connect(path).unwrap();
    thread::spawn(move || {
        for _ in 0..=commands {
            let Ok(message) = receive(&mut connection) else {
                return;
            };
            let answer = match message[..] {
                [GET_ATR] => atr.to_vec(),
                [_] => continue,
                _ => [&message[..], &[0x90, 0x00]].concat(),
            };
            send(&mut connection, &answer).unwrap();
        }
    })
}

/// What a test types on the pad.
#[derive(Debug)]
pub(crate) enum Typed {
    Digits(&'static str),
    Cancel,
    Nothing,
}

/// A card's side that answers each question of the pad with the next of these, and a command with itself and 9000.
pub(crate) fn card_with_pad(path: &Path, typed: Vec<Typed>) -> thread::JoinHandle<()> {
    let mut connection = UnixStream::connect(path).unwrap();
    thread::spawn(move || {
        let mut typed = typed.into_iter();
        while let Ok(message) = receive(&mut connection) {
            let answer = match message[..] {
                [GET_ATR] => vec![0x3B, 0x00],
                [question @ 0x80..=0xFF] => {
                    assert_eq!(question, ASK_ENTRY | 30);
                    match typed.next().unwrap() {
                        Typed::Digits(digits) => [&[0x00], digits.as_bytes()].concat(),
                        Typed::Cancel => vec![0x01],
                        Typed::Nothing => vec![0x02],
                    }
                }
                _ => [&message[..], &[0x90, 0x00]].concat(),
            };
            send(&mut connection, &answer).unwrap();
        }
        assert!(typed.next().is_none(), "asked too little");
    })
}

#[test]
fn insertion_wakes_and_removal_wakes() {
    let slot = Slot::listen(&socket("wakes")).unwrap();
    assert!(!slot.presence());
    let inserted = card(&slot.path, &[0x3B, 0x00], 1);
    slot.wait(LONG);
    assert!(slot.presence());
    assert_eq!(slot.atr().unwrap(), [0x3B, 0x00]);
    assert_eq!(slot.transmit(&[1, 2, 3, 4]).unwrap(), [1, 2, 3, 4, 0x90, 0]);
    inserted.join().unwrap();
    slot.wait(LONG);
    assert!(!slot.presence());
    assert!(slot.atr().is_none());
    assert!(slot.transmit(&[1, 2, 3, 4]).is_err());
    assert!(slot.power(Power::On).is_err());
    assert!(slot.power(Power::Off).is_ok());
}

#[test]
fn a_swap_is_seen_as_absence_first() {
    let slot = Slot::listen(&socket("swap")).unwrap();
    let first = card(&slot.path, &[0x3B, 0x00], 0);
    assert!(slot.presence());
    first.join().unwrap();
    let _second = card(&slot.path, &[0x3B, 0x80, 0x01], 9);
    assert!(!slot.presence(), "the loss is reported before the new card");
    assert!(slot.presence());
    assert_eq!(slot.power(Power::Reset).unwrap(), [0x3B, 0x80, 0x01]);
}

#[test]
fn a_card_pulled_in_a_command_is_an_error_until_its_loss_is_seen() {
    let slot = Slot::listen(&socket("pulled")).unwrap();
    let pulled = card(&slot.path, &[0x3B, 0x00], 0);
    assert!(slot.presence());
    pulled.join().unwrap();
    assert!(slot.transmit(&[0, 0xA4, 0, 0]).is_err());
    assert!(slot.atr().is_some());
    assert!(!slot.presence());
}

#[test]
fn a_wait_can_be_ended() {
    let slot = Arc::new(Slot::listen(&socket("ended")).unwrap());
    let waiting = {
        let slot = Arc::clone(&slot);
        thread::spawn(move || slot.wait(LONG))
    };
    slot.stop_waiting();
    waiting.join().unwrap();
}

#[test]
fn wrong_atrs_and_foreign_files_are_refused() {
    let slot = Slot::listen(&socket("wrong")).unwrap();
    let _mute = card(&slot.path, &[], 0);
    assert!(!slot.presence());
    let file = socket("file");
    fs::write(&file, b"not a socket").unwrap();
    assert!(Slot::listen(&file).is_err());
    assert!(file.exists());
    fs::remove_file(file).unwrap();
}
