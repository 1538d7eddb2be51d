//! A card slot against a reader played by the test: pcscd goes and comes, a message makes no sense.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use super::*;
use crate::Profile;

const PATIENCE: Duration = Duration::from_secs(20);

/// A reader's socket and a Vitale that looks for it.
fn reader_and_card() -> (tempfile::TempDir, UnixListener, CardSlot) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("reader");
    let listener = UnixListener::bind(&socket).unwrap();
    let Profile::Vitale2(profile) = Profile::shipped("vitale-holder").unwrap() else {
        panic!("not a Vitale");
    };
    let card = SoftCard::vitale2(&profile);
    let slot = CardSlot::insert(Endpoint::Reader(socket), card, None);
    (folder, listener, slot)
}

fn ask(stream: &mut UnixStream, message: &[u8]) -> Vec<u8> {
    stream.write_all(&[0, message.len() as u8]).unwrap();
    stream.write_all(message).unwrap();
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).unwrap();
    answer
}

#[test]
fn the_card_comes_back_to_a_reader_that_went_away() {
    let (_folder, listener, slot) = reader_and_card();
    for _ in 0..2 {
        let (mut reader, _) = listener.accept().unwrap();
        assert_eq!(ask(&mut reader, &[0x04])[..2], [0x3B, 0x75]);
        slot.wait_ready(PATIENCE).unwrap();
        let answer = ask(&mut reader, &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0xD0, 0x01]);
        assert_eq!(answer, [0x90, 0x00]);
    }
    assert_eq!(slot.with_card(|card| card.counters().apdus), 2);
}

#[test]
fn a_message_without_sense_ends_the_connection() {
    let (_folder, listener, _slot) = reader_and_card();
    for nonsense in [&[0, 0][..], &[0, 1, 0x09]] {
        let (mut reader, _) = listener.accept().unwrap();
        reader.write_all(nonsense).unwrap();
        assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0, "{nonsense:?}");
    }
}

#[test]
fn a_pulled_card_does_not_connect() {
    let (_folder, listener, slot) = reader_and_card();
    let (mut reader, _) = listener.accept().unwrap();
    ask(&mut reader, &[0x04]);
    slot.pull().unwrap();
    assert_eq!(reader.read(&mut [0; 1]).unwrap(), 0);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
    assert!(slot.wait_ready(Duration::from_millis(1)).is_err());
}
