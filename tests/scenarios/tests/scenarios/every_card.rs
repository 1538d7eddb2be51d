//! Every shipped card through every operation that touches a card, with the programs that people install, through the real
//! pcscd: the table of what each must end in is the one that agent/tests/cards/card_kinds.rs runs in process. What each operation
//! cost is counted at the card. What cannot be done costs no code, and a card that has no driver is sent nothing.

use std::path::PathBuf;

use paraphe_protocol::api::ErrorCode;
use paraphe_scenarios::card_table::{NO_HOLDER, Row, TABLE};
use paraphe_scenarios::{
    Answer, CardsInReaders, Cost, Stranger, Workstation, login, project, sign_lot, verify_lot,
};
use paraphe_softcard::pcscd::ReaderKind;
use serde_json::Value;

const NONCE: &str = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo";
const PATIENT: &str = "282049999900264";
/// Most APDUs of reading a card for the first time: identity, certificates, counters and label. The benches hold the tighter bounds.
const COLD_READING: usize = 40;

/// Eight cards a pcscd: a quarter of a minute each on a quiet machine.
const HALF: usize = 8;

#[test]
fn the_first_half_of_the_table_through_vpcd() {
    run(&TABLE[..HALF], &[ReaderKind::Vpcd; 4]);
}

#[test]
fn the_second_half_of_the_table_through_vpcd() {
    run(&TABLE[HALF..], &[ReaderKind::Vpcd; 4]);
}

#[test]
fn one_card_of_each_kind_through_our_own_reader_driver() {
    let mut kinds: Vec<&str> = Vec::new();
    let rows: Vec<Row> = TABLE
        .into_iter()
        .filter(|row| {
            let is_new = !kinds.contains(&row.kind);
            kinds.push(row.kind);
            is_new
        })
        .collect();
    assert_eq!(rows.len(), 5);
    run(&rows, &[ReaderKind::OwnDriver; 5]);
}

/// Runs every operation on every card of these rows; each card has its reader.
fn run(rows: &[Row], readers: &[ReaderKind]) {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let profiles: Vec<_> = rows.iter().map(|row| row.profile).collect();
    let cards = CardsInReaders::insert(readers, &profiles, workstation.path(), workstation.pki());
    let status = workstation.paraphe(&cards, &["status"]).done();
    for (index, row) in rows.iter().enumerate() {
        let name = row.profile;
        let in_reader = |reader: &&Value| reader["name"] == cards.reader(index);
        let seen = status["readers"].as_array().unwrap().iter().find(in_reader);
        assert_eq!(seen.unwrap()["card"]["kind"], row.kind, "{name}");
        // To be named, a card is sent nothing.
        assert_eq!(cards.cost(index), Cost { apdus: 0, codes: 0 }, "{name}");
        Bench {
            workstation: &workstation,
            cards: &cards,
            index,
            row,
        }
        .run();
    }
}

/// One card and its row.
struct Bench<'a> {
    workstation: &'a Workstation,
    cards: &'a CardsInReaders,
    index: usize,
    row: &'a Row,
}

impl Bench<'_> {
    fn run(&self) {
        let row = self.row;
        let name = row.profile;
        let holder_or = |holder: Result<(), ErrorCode>| match row.read {
            Ok("holder") => holder,
            Ok(_) => Err(NO_HOLDER),
            Err(code) => Err(code),
        };

        let read = self.ends(row.read.map(drop), 0, &["card", "read"]);
        if let Ok(assurance) = row.read {
            assert_eq!(read["assurance"], assurance, "{name}");
            assert_eq!(read["holder"].is_object(), assurance == "holder", "{name}");
        }
        let pin = self.codes("pin", "1234\n");
        let pin = pin.to_str().unwrap();
        let read = self.ends(
            row.situations.map(drop),
            1,
            &["card", "read", "--practice-situations", "--pin-file", pin],
        );
        if let Ok(count) = row.situations {
            let situations = read["practice_situations"].as_array().unwrap();
            assert_eq!(situations.len(), count, "{name}");
        }
        self.ends(row.acts, 1, &login(NONCE, pin));
        let lot = self.folder("lot");
        let documents = [project().join("tests/documents/compte-rendu.pdf")];
        let signed = self.ends(row.acts, 1, &sign_lot(PATIENT, pin, &lot, &documents));
        if row.acts.is_ok() {
            let report = self.ends(Ok(()), 0, &verify_lot(&signed));
            assert_eq!(report["conclusion"], "total-passed", "{name}");
        }
        self.ends(holder_or(Ok(())), 0, &["pin", "status"]);
        self.change_codes(holder_or(match row.acts {
            Err(ErrorCode::PinBlocked) => Err(ErrorCode::PinBlocked),
            _ => Ok(()),
        }));

        let vitale = self.ends(row.vitale.map(drop), 0, &["vitale", "read"]);
        if let Ok(count) = row.vitale {
            assert_eq!(vitale["provenance"], "chip-unverified", "{name}");
            assert_eq!(
                vitale["beneficiaries"].as_array().unwrap().len(),
                count,
                "{name}"
            );
        }
    }

    /// Another PIN by the old one, and the old one back by the unblocking code. A card in tests/softcard/profiles has 1234
    /// and 12345678.
    fn change_codes(&self, change: Result<(), ErrorCode>) {
        let codes = self.codes("change", "1234\n5678\n");
        let before = self.cards.cost(self.index);
        self.ends_somehow(
            change,
            &["pin", "change", "--pin-file", codes.to_str().unwrap()],
        );
        let unblock = match change {
            Err(ErrorCode::PinBlocked) => Ok(()),
            other => other,
        };
        let codes = self.codes("unblock", "12345678\n1234\n");
        self.ends_somehow(
            unblock,
            &["pin", "unblock", "--pin-file", codes.to_str().unwrap()],
        );
        let cost = self.cards.cost(self.index) - before;
        let name = self.row.profile;
        println!(
            "{name:30} change, unblock      {:3} APDUs, {} codes",
            cost.apdus, cost.codes
        );
        // The old PIN is verified and replaced in one or two commands, the unblocking code presented and the new PIN set in
        // two or three.
        let most = if unblock.is_ok() { 5 } else { 0 };
        assert!(cost.codes <= most, "{name}: {cost:?}");
    }

    /// The operation ends as `expected`. Done, it presents `codes`; refused, none.
    fn ends(&self, expected: Result<(), ErrorCode>, codes: usize, arguments: &[&str]) -> Value {
        let name = self.row.profile;
        let before = self.cards.cost(self.index);
        let answer = self.ends_somehow(expected, arguments);
        let cost = self.cards.cost(self.index) - before;
        let is_word = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        let words: Vec<_> = arguments.iter().take_while(is_word).copied().collect();
        let operation = words.join(" ");
        println!(
            "{name:30} {operation:20} {:3} APDUs, {} codes",
            cost.apdus, cost.codes
        );
        let expected_codes = if expected.is_ok() { codes } else { 0 };
        assert_eq!(cost.codes, expected_codes, "{name}: {operation}");
        if self.has_no_driver_for(expected) {
            assert_eq!(cost.apdus, 0, "{name}: {operation}");
        }
        if arguments == ["card", "read"] {
            assert!(cost.apdus <= COLD_READING, "{name}: {cost:?}");
        }
        answer
    }

    /// Refused for what the card is, which its answer to reset tells.
    fn has_no_driver_for(&self, expected: Result<(), ErrorCode>) -> bool {
        matches!(
            expected,
            Err(ErrorCode::CardNotAProfessionalCard
                | ErrorCode::CardNotVitale
                | ErrorCode::CardVitale1)
        )
    }

    fn ends_somehow(&self, expected: Result<(), ErrorCode>, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--reader", self.cards.reader(self.index)]);
        let answer: Answer = self.workstation.paraphe(self.cards, &arguments);
        match expected {
            Ok(()) => answer.done(),
            Err(code) => answer.refused(code.name()),
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.workstation
            .path()
            .join(format!("{name}-{}", self.index))
    }

    /// A private file of codes, one a line.
    fn codes(&self, name: &str, lines: &str) -> PathBuf {
        let name = format!("{name}-{}", self.index);
        self.workstation.private_file(&name, lines)
    }
}

#[test]
fn an_unknown_card_is_named_so_and_sent_nothing() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = CardsInReaders::insert(
        &[ReaderKind::Vpcd],
        &["vitale-holder"],
        workstation.path(),
        workstation.pki(),
    );
    let slot = &cards.pcscd().slots()[1];
    let stranger = Stranger::insert(cards.pcscd(), slot);
    let reader = slot.reader.as_str();
    let paraphe = |arguments: &[&str]| {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--reader", reader]);
        workstation.paraphe(&cards, &arguments)
    };
    let status = paraphe(&["status"]).done();
    let in_reader = |seen: &&Value| seen["name"] == reader;
    let seen = status["readers"].as_array().unwrap().iter().find(in_reader);
    assert_eq!(seen.unwrap()["card"]["kind"], "unknown");

    let pin = workstation.pin_file("1234");
    let pin = pin.to_str().unwrap();
    let lot = workstation.path().join("lot");
    let documents = [project().join("tests/documents/compte-rendu.pdf")];
    let operations: &[&[&str]] = &[
        &["card", "read"],
        &["card", "read", "--practice-situations", "--pin-file", pin],
        &login(NONCE, pin),
        &sign_lot(PATIENT, pin, &lot, &documents),
        &["pin", "status"],
        &["pin", "change", "--pin-file", pin],
        &["pin", "unblock", "--pin-file", pin],
        &["vitale", "read"],
    ];
    for arguments in operations {
        let _ = paraphe(arguments).refused("card-unknown");
    }
    assert_eq!(stranger.commands(), 0);
}
