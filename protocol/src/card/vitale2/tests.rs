#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::{any, prop, proptest};

use super::{Vitale2, beneficiaries};
use crate::card::error::CardError;
use crate::card::file::CardFile;
use crate::card::model::CardModel;
use crate::card::tlv::{Tag, write};
use crate::card::transcript::Replay;

const HOLDER: &str = "178079999900861";
const CHILD: &str = "213059999900365";

fn record(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut value = Vec::new();
    fields
        .iter()
        .for_each(|(tag, field)| write(&mut value, Tag::new(*tag), field));
    let mut out = Vec::new();
    write(&mut out, Tag::new(0x65), &value);
    out
}

fn identity(given_name: &str, birth_date: &str) -> Vec<u8> {
    record(&[
        (0x80, b"ESSAI"),
        (0x81, given_name.as_bytes()),
        (0x82, birth_date.as_bytes()),
    ])
}

fn number(nir: &str) -> Vec<u8> {
    record(&[(0x93, nir.as_bytes())])
}

fn nirs(identities: &[Vec<u8>], numbers: &[Vec<u8>]) -> Vec<Option<String>> {
    let data = beneficiaries(&identities.concat(), Some(&numbers.concat())).unwrap();
    data.beneficiaries
        .iter()
        .map(|person| person.nir.as_ref().map(ToString::to_string))
        .collect()
}

#[test]
fn each_person_gets_its_own_number_only() {
    let three = [
        identity("A", "19780700"),
        identity("B", "20130512"),
        identity("C", "20190823"),
    ];
    let some = |nir: &str| Some(nir.to_owned());
    assert_eq!(
        nirs(&three, &[number(HOLDER), number(CHILD), record(&[])]),
        [some(HOLDER), some(CHILD), None]
    );
    // The holder's number in a dependant's record is still the holder's.
    assert_eq!(
        nirs(&three, &[number(HOLDER), number(HOLDER), number(CHILD)]),
        [some(HOLDER), None, some(CHILD)]
    );
    // With a record too few or too many, nobody knows whose is whose.
    assert_eq!(
        nirs(&three, &[number(HOLDER), number(CHILD)]),
        [some(HOLDER), None, None]
    );
    assert_eq!(
        nirs(&three[..2], &[number(HOLDER), number(CHILD), number(CHILD)]),
        [some(HOLDER), None]
    );
    // A wrong key, a filler: no number.
    assert_eq!(nirs(&three[..1], &[number("178079999900862")]), [None]);
    assert_eq!(nirs(&three[..1], &[number("               ")]), [None]);
    assert_eq!(nirs(&three[..1], &[]), [None]);
}

#[test]
fn text_stays_as_on_the_card() {
    let content = record(&[
        (0x80, b"L\xC9GER"),
        (0x81, b"ZO\xCB  "),
        (0x82, b"19451332"),
        (0x90, b"FR"),
    ]);
    let data = beneficiaries(&content, None).unwrap();
    let person = data.beneficiaries.first().unwrap();
    assert_eq!(
        (person.family_name.as_str(), person.given_name.as_str()),
        ("LÉGER", "ZOË")
    );
    assert_eq!(person.birth_date, "19451332");
    assert!(person.is_holder);
    assert!(!format!("{person:?}").contains("GER"));
}

#[test]
fn records_that_are_none_are_refused() {
    for content in [vec![], vec![0; 124], vec![0x04, 0x00], vec![0x66, 0x00]] {
        assert!(
            matches!(
                beneficiaries(&content, None),
                Err(CardError::Malformed { .. })
            ),
            "{content:02X?}"
        );
    }
    assert!(beneficiaries(&identity("A", "19780700")[..9], None).is_err());
    assert!(beneficiaries(&identity("A", "19780700").repeat(20), None).is_ok());
    assert!(beneficiaries(&identity("A", "19780700").repeat(21), None).is_err());
}

const MASTER: &str = "> 00A404000ED250000002 4D465F564954414C45\n";
const VITALE: &str = "> 00A404000BD250000002 564954414C45\n";

fn read(conversation: &str) -> (Result<usize, CardError>, bool) {
    let mut replay = Replay::parse(conversation).unwrap();
    let result = Vitale2::open(&mut replay, CardModel::Vitale2).and_then(|mut card| card.read());
    (
        result.map(|data| {
            data.beneficiaries
                .iter()
                .filter(|person| person.nir.is_some())
                .count()
        }),
        replay.is_finished(),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn both_files_are_read_under_t0() {
    let (identities, numbers) = (hex(&identity("A", "19780700")), hex(&number(HOLDER)));
    let (first, second) = (identities.len() / 2, numbers.len() / 2);
    let conversation = format!(
        "{MASTER}< 6120\n> 00A4020002D001\n< 611E\n> 00B0000000\n< 6C{first:02X}\n> 00B00000{first:02X}\n< {identities}9000\n\
         {VITALE}< 6120\n> 00B0820000\n< 6C{second:02X}\n> 00B08200{second:02X}\n< {numbers}9000\n"
    );
    let (result, finished) = read(&conversation);
    assert_eq!(result.unwrap(), 1);
    assert!(finished);
    // Records by short identifier at the master file, numbers that the card keeps to itself.
    let conversation = format!(
        "{MASTER}< 9000\n> 00A4020002D001\n< 6A82\n> 00B0820000\n< {identities}6282\n{VITALE}< 9000\n> 00B0820000\n< 6982\n"
    );
    let (result, finished) = read(&conversation);
    assert_eq!(result.unwrap(), 0);
    assert!(finished);
}

#[test]
fn a_card_without_the_application_is_another_card() {
    let (result, _) = read(&format!("{MASTER}< 6A82\n"));
    assert!(matches!(
        result,
        Err(CardError::NotThisCard {
            model: CardModel::Vitale2
        })
    ));
    let (result, _) = read(&format!("{MASTER}< 9000\n> 00A4020002D001\n< 6985\n"));
    assert!(matches!(
        result,
        Err(CardError::Status {
            file: Some(CardFile::VitaleIdentity),
            ..
        })
    ));
    let mut replay = Replay::parse("").unwrap();
    for model in [CardModel::Vitale1, CardModel::Unknown, CardModel::Cps3] {
        assert!(matches!(
            Vitale2::open(&mut replay, model),
            Err(CardError::NotThisCard { .. })
        ));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        identities in prop::collection::vec(any::<u8>(), 0..200),
        numbers in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = beneficiaries(&identities, Some(&numbers));
    }
}
