#![allow(clippy::unwrap_used, reason = "tests")]
use super::{Extent, ReadPlan, one_object, series_of_objects, whole_objects};
use crate::card::apdu::TransmissionProtocol;
use crate::card::error::CardError;
use crate::card::exchange::Exchange;
use crate::card::file::{CardFile, FilePath};
use crate::card::transcript::Replay;

const FILE: CardFile = CardFile::CertificateDirectory;

fn read(conversation: &str, plan: &ReadPlan) -> Result<Vec<u8>, CardError> {
    let mut replay = Replay::parse(conversation).unwrap();
    let result = Exchange::new(&mut replay, TransmissionProtocol::T0).read(FILE, plan);
    assert!(replay.is_finished(), "the whole conversation is used");
    result
}

#[test]
fn a_file_is_selected_by_its_whole_path() {
    let mut replay = Replay::parse(
        "> 00A4090C043F00D003\n< 9000\n> 00A4000C023F00\n< 6A82\n> 00A4090C043F00D003\n< 6982\n",
    )
    .unwrap();
    let mut exchange = Exchange::new(&mut replay, TransmissionProtocol::T0);
    let path = FilePath::master_file().child(0xD003).unwrap();
    exchange.select(FILE, &path).unwrap();
    assert!(matches!(
        exchange.select(FILE, &FilePath::master_file()),
        Err(CardError::Missing { file: FILE })
    ));
    let refused = exchange.select(FILE, &path);
    assert!(matches!(
        refused,
        Err(CardError::Status {
            file: Some(FILE),
            ..
        })
    ));
}

#[test]
fn every_honest_end_of_a_file_is_accepted() {
    let objects = "040101040102";
    let plan = || ReadPlan::new(256, series_of_objects);
    let expected = [4, 1, 1, 4, 1, 2];
    for conversation in [
        format!("> 00B0000000\n< {objects}9000\n"),
        format!("> 00B0000000\n< {objects}6282\n"),
        format!("> 00B0000000\n< 6C06\n> 00B0000006\n< {objects}9000\n"),
        format!("> 00B0000000\n< {objects}00000000009000\n"),
    ] {
        assert_eq!(
            read(&conversation, &plan()).unwrap(),
            expected,
            "{conversation}"
        );
    }
    // The first block ends between two objects: only the card can say that nothing follows.
    for end in ["6B00", "9000", "6282"] {
        let conversation = format!("> 00B0000006\n< {objects}9000\n> 00B0000600\n< {end}\n");
        assert_eq!(
            read(&conversation, &ReadPlan::new(6, series_of_objects)).unwrap(),
            expected
        );
    }
}

#[test]
fn an_announced_length_ends_the_reading() {
    let conversation = format!(
        "> 00B0000000\n< 30820102{}9000\n> 00B0010006\n< BBBBBBBBBBBB9000\n",
        "AA".repeat(252)
    );
    assert_eq!(
        read(&conversation, &ReadPlan::new(256, one_object))
            .unwrap()
            .len(),
        262
    );
    // A short answer in the middle is no end where more was announced.
    let conversation =
        "> 00B0000000\n< 04059000\n> 00B0000205\n< 01029000\n> 00B0000403\n< 0304059000\n";
    assert_eq!(
        read(conversation, &ReadPlan::new(256, one_object)).unwrap(),
        [4, 5, 1, 2, 3, 4, 5]
    );
    // The end of the file inside an object is left to the parser.
    let conversation = "> 00B0000000\n< 04820100AAAA6282\n";
    assert_eq!(
        read(conversation, &ReadPlan::new(256, one_object))
            .unwrap()
            .len(),
        6
    );
    // An unused file has no content.
    let unused = read(
        "> 00B0000000\n< 00000000009000\n",
        &ReadPlan::new(256, one_object),
    );
    assert!(unused.unwrap().is_empty());
}

#[test]
fn a_refused_block_names_file_and_status() {
    let result = read("> 00B0000000\n< 6982\n", &ReadPlan::new(256, one_object));
    let message = result.unwrap_err().to_string();
    assert_eq!(
        message,
        "the card answered 6982 (security status not satisfied) to READ BINARY for EF.CDF"
    );
}

#[test]
fn offsets_stop_at_15_bits() {
    let plan = ReadPlan {
        start: 0x7FFF,
        ..ReadPlan::new(1, series_of_objects)
    };
    assert!(matches!(
        read("> 00B07FFF01\n< 049000\n", &plan),
        Err(CardError::TooLarge { .. })
    ));
    let plan = ReadPlan {
        start: 0x8000,
        ..ReadPlan::new(1, series_of_objects)
    };
    assert!(matches!(read("", &plan), Err(CardError::TooLarge { .. })));
}

#[test]
fn a_short_identifier_is_used_for_the_first_block_only() {
    let plan = ReadPlan {
        short_identifier: Some(2),
        ..ReadPlan::new(3, series_of_objects)
    };
    let conversation = "> 00B0820003\n< 0401019000\n> 00B0000300\n< 6B00\n";
    assert_eq!(read(conversation, &plan).unwrap(), [4, 1, 1]);
}

#[test]
fn extents_are_those_of_the_content() {
    assert_eq!(one_object(&[]), Ok(Extent::Inside));
    assert_eq!(one_object(&[0x04, 0x02, 1]), Ok(Extent::Exactly(4)));
    assert_eq!(one_object(&[0x04, 0x01, 1, 9, 9]), Ok(Extent::Complete(3)));
    assert!(one_object(&[0x30, 0x80]).is_err());
    assert_eq!(series_of_objects(&[]), Ok(Extent::Between));
    assert_eq!(series_of_objects(&[4, 0, 4]), Ok(Extent::Inside));
    assert_eq!(series_of_objects(&[4, 0, 0, 9]), Ok(Extent::Complete(2)));
    let (position, objects) = whole_objects(&[4, 0, 4, 1]);
    assert_eq!((position, objects.len()), (2, 1));
}
