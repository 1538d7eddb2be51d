//! A scenario under way: which rule is due for a command.
//!
//! Every rule counts the commands that fulfil its condition, also while another rule decides. Counting goes on over resets and
//! swaps of the card, so that a conversation that is begun again meets the next fault and not the first.

use super::{Effect, Mangling, Rule, Scenario};

/// A scenario with what it has counted so far.
#[derive(Debug)]
pub(crate) struct Script {
    atr: Option<Vec<u8>>,
    rules: Vec<Progress>,
    commands: u64,
}

#[derive(Debug)]
struct Progress {
    rule: Rule,
    met: u64,
    done: u64,
}

impl Progress {
    /// Counts a command that fulfils the condition; true when the rule is due.
    fn count(&mut self, command: &[u8], earlier_commands: u64) -> bool {
        if !self.rule.condition.is_met(command, earlier_commands) {
            return false;
        }
        self.met += 1;
        self.met >= self.rule.nth && self.rule.repeat.is_none_or(|times| self.done < times)
    }
}

/// What the first rule that is due says, and which one it is.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) rule: usize,
    pub(crate) effect: Effect,
}

impl Script {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            atr: scenario.atr.clone(),
            rules: scenario
                .rules
                .iter()
                .map(|rule| Progress {
                    rule: rule.clone(),
                    met: 0,
                    done: 0,
                })
                .collect(),
            commands: 0,
        }
    }

    pub(crate) fn atr(&self) -> Option<&[u8]> {
        self.atr.as_deref()
    }

    /// Takes note of a command; `None` when the card answers it as ever.
    pub(crate) fn decide(&mut self, command: &[u8]) -> Option<Decision> {
        let earlier = self.commands;
        self.commands += 1;
        let mut decision = None;
        for (index, progress) in self.rules.iter_mut().enumerate() {
            if progress.count(command, earlier) && decision.is_none() {
                progress.done += 1;
                decision = Some(Decision {
                    rule: index,
                    effect: progress.rule.effect.clone(),
                });
            }
        }
        decision
    }
}

impl Mangling {
    /// The answer, changed.
    pub(crate) fn apply(self, mut answer: Vec<u8>) -> Vec<u8> {
        match self {
            Self::TruncateTo(length) => answer.truncate(length),
            Self::Corrupt { byte, xor } => {
                let index = if byte < 0 {
                    answer.len().checked_add_signed(byte)
                } else {
                    usize::try_from(byte).ok()
                };
                // An answer that is too short for it stays as it is.
                if let Some(byte) = index.and_then(|index| answer.get_mut(index)) {
                    *byte ^= xor;
                }
            }
            Self::LieLength(length) => match answer.as_mut_slice() {
                [.., 0x61 | 0x6C | 0x9F, told] => *told = length,
                // Tag, length and status word at least.
                [_, told, _, _, ..] => *told = length,
                _ => {}
            },
        }
        answer
    }
}
