//! The JSON form of a scenario, and its checking.

use std::time::Duration;

use serde::Deserialize;

use super::{Condition, Effect, EffectKind, Mangling, Replacement, Rule, Scenario};
use crate::hex;

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read the scenario {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not JSON, or not the fields of a scenario.
    #[error("the scenario is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that this field cannot have.
    #[error("the scenario is not valid: {0}")]
    Value(#[from] InvalidValue),
}

/// A value that does not make sense where it is.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct InvalidValue {
    place: String,
    reason: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default, rename = "description")]
    _description: String,
    atr: Option<String>,
    #[serde(default)]
    rules: Vec<RuleDocument>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    #[serde(default, rename = "comment")]
    _comment: String,
    #[serde(default)]
    when: When,
    then: Then,
    #[serde(default)]
    repeat: Repeat,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    ins: Option<String>,
    command: Option<String>,
    nth: Option<u64>,
    after_commands: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "repeat is a number of times, or \"always\"")]
enum Repeat {
    Times(u64),
    Always(Always),
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Always {
    #[serde(rename = "always")]
    Always,
}

impl Default for Repeat {
    fn default() -> Self {
        Self::Times(1)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Then {
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    reset: bool,
    execute: Option<bool>,
    answer: Option<String>,
    status: Option<String>,
    #[serde(default)]
    mute: bool,
    #[serde(default)]
    drop: bool,
    remove: Option<Remove>,
    swap: Option<Swap>,
    truncate_to: Option<usize>,
    corrupt: Option<Corrupt>,
    lie_length: Option<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    back_after_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Swap {
    profile: String,
    #[serde(default)]
    after_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Corrupt {
    byte: isize,
    #[serde(default = "all_bits")]
    xor: String,
}

fn all_bits() -> String {
    "FF".to_owned()
}

/// No time of a scenario is longer than an hour.
const LONGEST: u64 = 3_600_000;

impl TryFrom<Document> for Scenario {
    type Error = InvalidValue;

    fn try_from(document: Document) -> Result<Self, InvalidValue> {
        let atr = match document.atr {
            None => None,
            Some(text) => Some(
                hex::decode(&text)
                    .filter(|atr| (2..=33).contains(&atr.len()))
                    .ok_or_else(|| invalid("atr", "2 to 33 bytes in hexadecimal"))?,
            ),
        };
        let rules = document
            .rules
            .into_iter()
            .enumerate()
            .map(|(index, rule)| {
                rule.check().map_err(|(field, reason)| InvalidValue {
                    place: format!("rule {} {field}", index + 1),
                    reason,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { atr, rules })
    }
}

/// The field and what is expected of it.
type Refusal = (&'static str, &'static str);

impl RuleDocument {
    fn check(self) -> Result<Rule, Refusal> {
        let instruction = match &self.when.ins {
            None => None,
            Some(text) => Some(single_byte(text).ok_or(("when.ins", "one byte in hexadecimal"))?),
        };
        let beginning = match &self.when.command {
            None => Vec::new(),
            Some(text) => pattern(text).ok_or((
                "when.command",
                "bytes in hexadecimal from the class byte on, a dot for any digit",
            ))?,
        };
        let nth = self.when.nth.unwrap_or(1);
        if nth == 0 {
            return Err(("when.nth", "1 for the first such command, or more"));
        }
        let repeat = match self.repeat {
            Repeat::Always(Always::Always) => None,
            Repeat::Times(0) => return Err(("repeat", "1 or more, or \"always\"")),
            Repeat::Times(times) => Some(times),
        };
        Ok(Rule {
            condition: Condition {
                instruction,
                beginning,
                after_commands: self.when.after_commands,
            },
            nth,
            repeat,
            effect: self.then.check()?,
        })
    }
}

impl Then {
    fn check(self) -> Result<Effect, Refusal> {
        let delay = milliseconds("then.delay_ms", self.delay_ms)?;
        let mut kinds = Vec::new();
        let executed = self.execute.unwrap_or(false);
        let replace = |by| EffectKind::Replace { executed, by };
        if let Some(text) = &self.answer {
            let answer = hex::decode(text)
                .filter(|answer| (1..=258).contains(&answer.len()))
                .ok_or((
                    "then.answer",
                    "1 to 258 bytes in hexadecimal, status word included",
                ))?;
            kinds.push(replace(Replacement::Answer(answer)));
        }
        if let Some(text) = &self.status {
            let status = hex::decode(text)
                .filter(|status| status.len() == 2)
                .ok_or(("then.status", "a status word, 4 hexadecimal digits"))?;
            kinds.push(replace(Replacement::Answer(status)));
        }
        if self.mute {
            kinds.push(replace(Replacement::Mute));
        }
        if self.drop {
            kinds.push(replace(Replacement::Remove {
                back_after: Some(Duration::ZERO),
            }));
        }
        if let Some(remove) = self.remove {
            let back_after = remove
                .back_after_ms
                .map(|time| milliseconds("then.remove.back_after_ms", time))
                .transpose()?;
            kinds.push(replace(Replacement::Remove { back_after }));
        }
        if let Some(swap) = self.swap {
            let after = milliseconds("then.swap.after_ms", swap.after_ms)?;
            kinds.push(replace(Replacement::Swap {
                profile: swap.profile,
                after,
            }));
        }
        if let Some(length) = self.truncate_to {
            if length == 0 {
                return Err(("then.truncate_to", "1 or more; for nothing at all use drop"));
            }
            kinds.push(EffectKind::Mangle(Mangling::TruncateTo(length)));
        }
        if let Some(corrupt) = self.corrupt {
            let xor = single_byte(&corrupt.xor)
                .filter(|xor| *xor != 0)
                .ok_or(("then.corrupt.xor", "one byte in hexadecimal, not 00"))?;
            let byte = corrupt.byte;
            kinds.push(EffectKind::Mangle(Mangling::Corrupt { byte, xor }));
        }
        if let Some(length) = self.lie_length {
            kinds.push(EffectKind::Mangle(Mangling::LieLength(length)));
        }
        let kind = match (kinds.pop(), kinds.as_slice()) {
            (Some(kind), []) => kind,
            (None, _) if self.reset || !delay.is_zero() => EffectKind::Nothing,
            (None, _) => return Err(("then", "something that happens")),
            (Some(_), _) => {
                return Err((
                    "then",
                    "one only of answer, status, mute, drop, remove, swap, truncate_to, corrupt and lie_length",
                ));
            }
        };
        if self.execute.is_some() && !matches!(kind, EffectKind::Replace { .. }) {
            return Err((
                "then.execute",
                "only beside answer, status, mute, drop, remove or swap; otherwise the card always carries the command out",
            ));
        }
        Ok(Effect {
            delay,
            reset: self.reset,
            kind,
        })
    }
}

fn milliseconds(field: &'static str, time: u64) -> Result<Duration, Refusal> {
    if time > LONGEST {
        return Err((field, "at most 3600000, an hour"));
    }
    Ok(Duration::from_millis(time))
}

fn single_byte(text: &str) -> Option<u8> {
    match hex::decode(text)?[..] {
        [byte] => Some(byte),
        _ => None,
    }
}

/// Mask and value of each byte of `01 A4 .4 ..`.
fn pattern(text: &str) -> Option<Vec<(u8, u8)>> {
    let digits: Vec<(u8, u8)> = text
        .chars()
        .filter(|character| *character != ' ')
        .map(|character| match character {
            '.' => Some((0x0, 0x0)),
            _ => Some((0xF, u8::try_from(character.to_digit(16)?).ok()?)),
        })
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    (!pairs.is_empty()).then(|| {
        pairs
            .iter()
            .map(|[high, low]| (high.0 << 4 | low.0, high.1 << 4 | low.1))
            .collect()
    })
}

fn invalid(place: &str, reason: &'static str) -> InvalidValue {
    InvalidValue {
        place: place.to_owned(),
        reason,
    }
}
