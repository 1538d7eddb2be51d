//! What must hold after every operation, whatever happened during it: answers that belong to the card that was asked for, PIN
//! tries exactly as many as were spent, no time beyond the bound, no defect.

use std::collections::BTreeMap;
use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use serde_json::Value;

/// Nothing may take longer.
const HANG: Duration = Duration::from_secs(30);

/// A card as it is when nobody disturbs it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub serial: String,
    pub holder: Value,
    pub certificates: Value,
}

/// The codes of a card: presentations seen, tries left.
pub type Codes = (u64, u8);

#[derive(Debug, Default)]
pub struct Ledger {
    pub done: u64,
    pub refused: BTreeMap<&'static str, u64>,
    pub presentations: u64,
    pub longest: Duration,
}

impl Ledger {
    /// One operation on the card `known`, whose PIN, if it came to that, was right or wrong.
    pub fn enter(
        &mut self,
        operation: Operation,
        known: &Known,
        result: &Result<Value, Problem>,
        took: Duration,
    ) {
        assert!(took < HANG, "{operation} took {took:?}: {result:?}");
        self.longest = self.longest.max(took);
        match result {
            Ok(answer) => {
                self.done += 1;
                belongs_to(operation, known, answer);
            }
            Err(problem) => {
                assert_ne!(problem.code, ErrorCode::Internal, "{problem:?}");
                *self.refused.entry(problem.code.name()).or_default() += 1;
            }
        }
    }

    /// The codes of every card before and after: that of the card asked for was presented once at most, the others never.
    pub fn account(&mut self, asked: usize, right: bool, before: &[Codes], after: &[Codes]) {
        for (card, (before, after)) in before.iter().zip(after).enumerate() {
            let presented = after.0 - before.0;
            assert!(
                presented <= u64::from(card == asked),
                "card {card} instead of {asked}"
            );
            self.presentations += presented;
            let left = match (presented, right) {
                (0, _) => before.1,
                (_, true) => 3,
                (_, false) => before.1 - 1,
            };
            assert_eq!(after.1, left, "card {card}: {before:?} {after:?}");
        }
    }
}

/// Serial number, certificates and holder of an answer are those of one card, and it is the card asked for.
fn belongs_to(operation: Operation, known: &Known, answer: &Value) {
    let text = answer.to_string();
    match operation {
        Operation::CardRead => {
            assert_eq!(answer["card"]["serial"], known.serial, "{text}");
            assert_eq!(answer["holder"], known.holder, "{text}");
            assert_eq!(answer["certificates"], known.certificates, "{text}");
        }
        Operation::Login => {
            assert_eq!(answer["card"], known.serial, "{text}");
            let der = known.certificates[0]["der"].as_str().unwrap();
            let der = der
                .trim_end_matches('=')
                .replace('+', "-")
                .replace('/', "_");
            assert_eq!(answer["assertion"]["certificate"], der, "{text}");
        }
        Operation::LotSign => {
            assert_eq!(answer["card"], known.serial, "{text}");
            assert_eq!(answer["signer"], known.holder, "{text}");
        }
        Operation::PinStatus => assert_eq!(answer["card"]["serial"], known.serial, "{text}"),
        other => panic!("{other} is not part of it"),
    }
}
