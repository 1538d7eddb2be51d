//! Control lines of the program: pulling, putting back and exchanging cards while other programs use them.

use std::path::Path;
use std::sync::Arc;

use paraphe_softcard::{CardSlot, PkiDirectory, Profile, Scenario, SoftCard};

/// The cards of this program.
#[derive(Debug)]
pub(crate) struct Control {
    slots: Arc<[CardSlot]>,
    pki: PkiDirectory,
}

impl Control {
    pub(crate) fn new(slots: Arc<[CardSlot]>, pki: PkiDirectory) -> Self {
        Self { slots, pki }
    }

    /// Carries out one line; the answer starts with `done` and the line, or with `error` and the reason.
    pub(crate) fn carry_out(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = match words.as_slice() {
            // Digits are not repeated.
            ["type", endpoint, ..] => format!("type {endpoint} ****"),
            _ => words.join(" "),
        };
        match self.try_carry_out(&words) {
            Ok(()) => format!("done {said}"),
            Err(reason) => format!("error {said}: {reason}"),
        }
    }

    fn try_carry_out(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["remove", endpoint] => self.slot(endpoint)?.pull().map_err(text),
            ["insert", endpoint] => self.slot(endpoint)?.put_back().map_err(text),
            ["swap", endpoint, profile] => {
                let card = make_card(profile, &mut self.pki).map_err(text)?;
                self.slot(endpoint)?.exchange(card).map_err(text)
            }
            ["type", endpoint, digits] => self.pad(endpoint)?.type_digits(digits).map_err(text),
            ["cancel", endpoint] => {
                self.pad(endpoint)?.cancel_entry();
                Ok(())
            }
            ["scenario", endpoint, file] => {
                let scenario = match *file {
                    "none" => None,
                    path => Some(Scenario::from_path(Path::new(path)).map_err(text)?),
                };
                let slot = Self::find(&self.slots, endpoint)?;
                slot.with_card(|card| card.set_scenario(scenario.as_ref(), &mut self.pki))
                    .map_err(text)
            }
            _ => Err("expected: remove ENDPOINT, insert ENDPOINT, swap ENDPOINT PROFILE, scenario ENDPOINT FILE, type ENDPOINT DIGITS or cancel ENDPOINT".to_owned()),
        }
    }

    fn slot(&self, endpoint: &str) -> Result<&CardSlot, String> {
        Self::find(&self.slots, endpoint)
    }

    fn pad(&self, endpoint: &str) -> Result<&CardSlot, String> {
        let slot = self.slot(endpoint)?;
        if !slot.endpoint().has_pin_pad() {
            return Err("this reader has no PIN pad".to_owned());
        }
        Ok(slot)
    }

    fn find<'a>(slots: &'a [CardSlot], endpoint: &str) -> Result<&'a CardSlot, String> {
        slots
            .iter()
            .find(|slot| slot.endpoint().to_string() == endpoint)
            .ok_or_else(|| format!("no card was placed at {endpoint}"))
    }
}

/// The card of `PROFILE` or `PROFILE@SCENARIO`.
pub(crate) fn make_card(
    text: &str,
    pki: &mut PkiDirectory,
) -> Result<SoftCard, Box<dyn std::error::Error + Send + Sync>> {
    let (profile, scenario) = match text.rsplit_once('@') {
        Some((profile, scenario)) => (profile, Some(Scenario::from_path(Path::new(scenario))?)),
        None => (text, None),
    };
    let card = SoftCard::new(&Profile::named_or_path(profile)?, pki)?;
    Ok(match scenario {
        Some(scenario) => card.with_scenario(&scenario, pki)?,
        None => card,
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
