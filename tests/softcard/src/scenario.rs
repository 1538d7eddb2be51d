//! Scripted faults: a JSON document that says which command of a conversation gets something else than the card's answer.
//!
//! The language is documented, with examples, in `tests/softcard/scenarios/README.md`. Unknown fields, contradictions and numbers
//! without sense are refused with the rule and the field. A scenario is run by [`crate::SoftCard::with_scenario`].

mod document;
mod script;

use std::path::Path;
use std::time::Duration;

pub use document::ScenarioError;
pub(crate) use script::{Decision, Script};

/// A list of rules; the first one that is due decides.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(try_from = "document::Document")]
pub struct Scenario {
    /// Answer to reset instead of the card's own.
    pub(crate) atr: Option<Vec<u8>>,
    pub(crate) rules: Vec<Rule>,
}

/// When something happens, and what.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) condition: Condition,
    /// Nothing before the n-th command that fulfils the condition, 1 being the first.
    pub(crate) nth: u64,
    /// How often it happens, on as many such commands in a row; `None` is always.
    pub(crate) repeat: Option<u64>,
    pub(crate) effect: Effect,
}

/// What a command must be like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) instruction: Option<u8>,
    /// Mask and value of each byte that the command must begin with.
    pub(crate) beginning: Vec<(u8, u8)>,
    /// As many commands must have come before, since the scenario began.
    pub(crate) after_commands: u64,
}

impl Condition {
    fn is_met(&self, command: &[u8], earlier_commands: u64) -> bool {
        earlier_commands >= self.after_commands
            && self
                .instruction
                .is_none_or(|instruction| command.get(1) == Some(&instruction))
            && command.len() >= self.beginning.len()
            && self
                .beginning
                .iter()
                .zip(command)
                .all(|((mask, value), byte)| byte & mask == *value)
    }
}

/// What happens.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    /// Time before anything else, in addition to the card's own.
    pub(crate) delay: Duration,
    /// The card loses power for a moment before it gets the command.
    pub(crate) reset: bool,
    pub(crate) kind: EffectKind,
}

/// What comes instead of the card's answer.
#[derive(Debug, Clone)]
pub(crate) enum EffectKind {
    /// The card's answer after all.
    Nothing,
    /// The card's answer, changed.
    Mangle(Mangling),
    /// Something else; the card carries the command out first, or never sees it.
    Replace { executed: bool, by: Replacement },
}

/// How an answer is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mangling {
    /// Only so many bytes of it.
    TruncateTo(usize),
    /// One byte, counted from the start or, negative, from the end, combined by exclusive or.
    Corrupt { byte: isize, xor: u8 },
    /// A wrong length where the answer tells one.
    LieLength(u8),
}

/// What comes instead of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Replacement {
    /// These bytes, status word included.
    Answer(Vec<u8>),
    /// Nothing, ever, until the card is taken out.
    Mute,
    /// The card is gone, and back after this time if at all.
    Remove { back_after: Option<Duration> },
    /// The card is gone, and after this time another one is there.
    Swap { profile: String, after: Duration },
}

impl Scenario {
    /// Parses and checks a scenario. Paths of profiles in it are relative to the working directory.
    pub fn from_json(json: &str) -> Result<Self, ScenarioError> {
        Ok(serde_json::from_str::<document::Document>(json)?.try_into()?)
    }

    /// Reads a scenario file. Paths of profiles in it are relative to the folder of that file.
    pub fn from_path(path: &Path) -> Result<Self, ScenarioError> {
        let json = std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        let mut scenario = Self::from_json(&json)?;
        if let Some(folder) = path.parent() {
            scenario.resolve_paths(folder);
        }
        Ok(scenario)
    }

    /// Makes the paths of profiles relative to a folder; names of shipped profiles stay.
    pub(crate) fn resolve_paths(&mut self, folder: &Path) {
        for rule in &mut self.rules {
            if let EffectKind::Replace {
                by: Replacement::Swap { profile, .. },
                ..
            } = &mut rule.effect.kind
                && profile.contains(['/', '.'])
            {
                *profile = folder.join(&*profile).display().to_string();
            }
        }
    }
}

#[cfg(test)]
mod tests;
