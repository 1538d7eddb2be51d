//! Control lines of the program: pulling, putting back and exchanging cards while other programs use them.

use std::sync::Arc;

use paraphe_softcard::{CardSlot, PkiDirectory, Profile, SoftCard};

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
        match self.try_carry_out(&words) {
            Ok(()) => format!("done {}", words.join(" ")),
            Err(reason) => format!("error {}: {reason}", words.join(" ")),
        }
    }

    fn try_carry_out(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["remove", endpoint] => self.slot(endpoint)?.pull().map_err(text),
            ["insert", endpoint] => self.slot(endpoint)?.put_back().map_err(text),
            ["swap", endpoint, profile] => {
                let profile = Profile::named_or_path(profile).map_err(text)?;
                let card = SoftCard::new(&profile, &mut self.pki).map_err(text)?;
                self.slot(endpoint)?.exchange(card).map_err(text)
            }
            _ => Err(
                "expected: remove ENDPOINT, insert ENDPOINT or swap ENDPOINT PROFILE".to_owned(),
            ),
        }
    }

    fn slot(&self, endpoint: &str) -> Result<&CardSlot, String> {
        self.slots
            .iter()
            .find(|slot| slot.endpoint().to_string() == endpoint)
            .ok_or_else(|| format!("no card was placed at {endpoint}"))
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
