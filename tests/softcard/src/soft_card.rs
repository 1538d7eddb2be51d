//! A simulated card in a program's own memory: power, reset, APDUs, counters.
//!
//! It is total: any bytes in give a status word out, and nothing that comes in can make it panic. State that a real card
//! keeps (tries left, a changed PIN, CPS_DATA) lives as long as the value.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::cps3::Cps3;
use crate::cps3_contactless::Cps3Contactless;
use crate::cps4::Cps4;
use crate::keys::{CardKeys, KeyError, KeyPair};
use crate::pin::Pins;
use crate::pki_directory::{PkiDirectory, PkiDirectoryError};
use crate::profile::{Cps4Atr, ProfessionalProfile, Profile, ProfileError, Vitale2Profile};
use crate::scenario::{Decision, EffectKind, Replacement, Scenario, Script};
use crate::transport_t0::{Application, TransportT0};
use crate::transport_t1::TransportT1;
use crate::vitale1::Vitale1;
use crate::vitale2::Vitale2;

/// Why a card cannot be made of a profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoftCardError {
    /// The profile's own keys are not usable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The profile of a card that a scenario swaps in.
    #[error("a card of the scenario: {0}")]
    Profile(#[from] ProfileError),
    /// The PKI directory could not issue the card's certificates.
    #[error(transparent)]
    Pki(#[from] PkiDirectoryError),
}

/// What the card has been asked so far, since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Command APDUs received, GET RESPONSE included.
    pub apdus: u64,
    /// Presentations of a code, right or wrong, by whatever command.
    pub verifies: u64,
    /// Signatures, authentications and decipherments done.
    pub private_key_operations: u64,
    /// Power-ons and resets.
    pub resets: u64,
}

/// What a card's chip does, whatever its transmission protocol.
pub(crate) trait Chip: Application + fmt::Debug + Send {
    /// Answer to reset.
    fn atr(&self) -> &[u8];

    /// Cold or warm reset: nothing stays selected or verified; counters and written data stay.
    fn reset(&mut self);

    /// The card's codes, where it has any.
    fn pins(&self) -> Option<&Pins> {
        None
    }

    /// Private-key operations done since the card was made.
    fn private_key_operations(&self) -> u64 {
        0
    }
}

#[derive(Debug)]
enum Transport {
    T0(TransportT0),
    T1(TransportT1),
}

/// Chip and transmission protocol, without what is counted and scripted.
#[derive(Debug)]
struct Body {
    chip: Box<dyn Chip>,
    transport: Transport,
    delay: Duration,
    serial: String,
}

impl Body {
    fn reset(&mut self) {
        match &mut self.transport {
            Transport::T0(transport) => transport.reset(),
            Transport::T1(transport) => transport.reset(),
        }
        self.chip.reset();
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        match &mut self.transport {
            Transport::T0(transport) => transport.exchange(command, self.chip.as_mut()),
            Transport::T1(transport) => transport.exchange(command, self.chip.as_mut()),
        }
    }
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Data and status word; without a scenario always this, and at least two bytes.
    Answer(Vec<u8>),
    /// The card will never answer this command nor another one, until it is taken out.
    Mute,
    /// The card is gone. When it comes back it may be another one: [`SoftCard::atr`] and [`SoftCard::serial`] tell.
    Removed {
        /// When it is back; `None`: never by itself.
        back_after: Option<Duration>,
    },
}

/// What comes of a command, and when.
#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) delay: Duration,
    pub(crate) outcome: Outcome,
}

/// A simulated card.
#[derive(Debug)]
pub struct SoftCard {
    body: Body,
    script: Option<Script>,
    /// Cards that rules put in the place of this one, by the rule's index.
    others: BTreeMap<usize, Body>,
    apdus: u64,
    resets: u64,
}

impl SoftCard {
    /// Makes the card of a profile. Keys that the profile does not bring are made and certified by the PKI directory, which
    /// keeps them: the same profile gives the same keys again.
    pub fn new(profile: &Profile, pki: &mut PkiDirectory) -> Result<Self, SoftCardError> {
        let mut card = Self::with_body(body(profile, pki)?);
        card.set_scenario(profile.scenario(), pki)?;
        Ok(card)
    }

    /// Makes a Vitale, which needs no PKI; a scenario in its profile is left out.
    pub fn vitale2(profile: &Vitale2Profile) -> Self {
        Self::with_body(vitale2(profile))
    }

    fn with_body(body: Body) -> Self {
        Self {
            body,
            script: None,
            others: BTreeMap::new(),
            apdus: 0,
            resets: 0,
        }
    }

    /// The same card under a scenario, from its beginning. The PKI directory serves for the cards that the scenario swaps in.
    pub fn with_scenario(
        mut self,
        scenario: &Scenario,
        pki: &mut PkiDirectory,
    ) -> Result<Self, SoftCardError> {
        self.set_scenario(Some(scenario), pki)?;
        Ok(self)
    }

    /// Whether a scenario is under way.
    pub fn has_scenario(&self) -> bool {
        self.script.is_some()
    }

    /// Begins a scenario, or ends the present one.
    pub fn set_scenario(
        &mut self,
        scenario: Option<&Scenario>,
        pki: &mut PkiDirectory,
    ) -> Result<(), SoftCardError> {
        let mut others = BTreeMap::new();
        for (index, rule) in scenario.iter().flat_map(|s| &s.rules).enumerate() {
            if let EffectKind::Replace {
                by: Replacement::Swap { profile, .. },
                ..
            } = &rule.effect.kind
            {
                let profile = Profile::named_or_path(profile)?;
                others.insert(index, body(&profile, pki)?);
            }
        }
        self.script = scenario.map(Script::new);
        self.others = others;
        Ok(())
    }

    /// Answer to reset: the chip's, or the scenario's.
    pub fn atr(&self) -> &[u8] {
        self.script
            .as_ref()
            .and_then(Script::atr)
            .unwrap_or_else(|| self.body.chip.atr())
    }

    /// Serial number of the profile of the card that is there now.
    pub fn serial(&self) -> &str {
        &self.body.serial
    }

    /// Cold reset.
    pub fn power_on(&mut self) {
        self.reset();
    }

    /// Warm reset: nothing stays selected or verified.
    pub fn reset(&mut self) {
        self.resets += 1;
        self.body.reset();
    }

    /// One physical exchange: a command APDU of any bytes in, at most 256 bytes and a status word out. It takes as long as
    /// the profile's timing says. Where a scenario has the card removed or mute the answer is empty, as some readers
    /// report a card that was pulled; [`SoftCard::exchange`] tells which it was.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        match self.exchange(command) {
            Outcome::Answer(answer) => answer,
            Outcome::Mute | Outcome::Removed { .. } => Vec::new(),
        }
    }

    /// One physical exchange with all that a scenario can make of it.
    pub fn exchange(&mut self, command: &[u8]) -> Outcome {
        let reaction = self.react(command);
        if !reaction.delay.is_zero() {
            std::thread::sleep(reaction.delay);
        }
        reaction.outcome
    }

    /// As [`SoftCard::exchange`], but waiting is left to the caller.
    pub(crate) fn react(&mut self, command: &[u8]) -> Reaction {
        self.apdus += 1;
        let mut delay = self.body.delay;
        let decision = self.script.as_mut().and_then(|s| s.decide(command));
        let Some(Decision { rule, effect }) = decision else {
            let outcome = Outcome::Answer(self.body.answer(command));
            return Reaction { delay, outcome };
        };
        delay += effect.delay;
        if effect.reset {
            self.body.reset();
        }
        let outcome = match effect.kind {
            EffectKind::Nothing => Outcome::Answer(self.body.answer(command)),
            EffectKind::Mangle(mangling) => {
                Outcome::Answer(mangling.apply(self.body.answer(command)))
            }
            EffectKind::Replace { executed, by } => {
                if executed {
                    // Whatever the card says is lost on the way.
                    self.body.answer(command);
                }
                self.replace(rule, by)
            }
        };
        Reaction { delay, outcome }
    }

    fn replace(&mut self, rule: usize, by: Replacement) -> Outcome {
        match by {
            Replacement::Answer(answer) => Outcome::Answer(answer),
            Replacement::Mute => Outcome::Mute,
            Replacement::Remove { back_after } => {
                self.body.reset();
                Outcome::Removed { back_after }
            }
            Replacement::Swap { after, .. } => {
                // The card that goes waits where the other one was: the same rule puts it back.
                if let Some(other) = self.others.get_mut(&rule) {
                    std::mem::swap(&mut self.body, other);
                }
                self.body.reset();
                Outcome::Removed {
                    back_after: Some(after),
                }
            }
        }
    }

    /// What the card has been asked so far.
    pub fn counters(&self) -> Counters {
        Counters {
            apdus: self.apdus,
            verifies: self.body.chip.pins().map_or(0, Pins::presentations),
            private_key_operations: self.body.chip.private_key_operations(),
            resets: self.resets,
        }
    }

    /// Tries left of the PIN; a Vitale and a contactless CPS have none.
    pub fn pin_tries_left(&self) -> Option<u8> {
        self.body.chip.pins().map(Pins::pin_tries_left)
    }

    /// Whether the PIN is verified at this moment.
    pub fn pin_verified(&self) -> bool {
        self.body.chip.pins().is_some_and(Pins::pin_verified)
    }
}

/// The card of a profile, keys and all.
fn body(profile: &Profile, pki: &mut PkiDirectory) -> Result<Body, SoftCardError> {
    let t0 = || Transport::T0(TransportT0::default());
    let t1 = || Transport::T1(TransportT1::default());
    let (chip, transport): (Box<dyn Chip>, _) = match profile {
        Profile::Cps3(card) => (Box::new(Cps3::new(card, card_keys(card, pki)?)), t0()),
        Profile::Cps3Contactless(card) => {
            let technical = match &card.keys.authentication {
                Some(supplied) => KeyPair::supplied(supplied)?,
                None => pki.technical_key(card)?,
            };
            (Box::new(Cps3Contactless::new(card, technical)), t1())
        }
        Profile::Cps4(card) => {
            let transport = match card.quirks.cps4_atr {
                Cps4Atr::Rc | Cps4Atr::First => t1(),
                Cps4Atr::T0 => t0(),
            };
            (Box::new(Cps4::new(card, card_keys(card, pki)?)), transport)
        }
        Profile::Vitale1(card) => (Box::new(Vitale1::new(card)), t0()),
        Profile::Vitale2(card) => return Ok(vitale2(card)),
    };
    Ok(Body {
        chip,
        transport,
        delay: Duration::from_millis(profile.timing().milliseconds_per_apdu),
        serial: profile.serial().to_owned(),
    })
}

fn vitale2(profile: &Vitale2Profile) -> Body {
    Body {
        chip: Box::new(Vitale2::new(profile)),
        transport: Transport::T0(TransportT0::default()),
        delay: Duration::from_millis(profile.timing.milliseconds_per_apdu),
        serial: profile.serial.clone(),
    }
}

/// Both key pairs of a card with contacts: those that the profile brings, the others from the PKI.
fn card_keys(
    profile: &ProfessionalProfile,
    pki: &mut PkiDirectory,
) -> Result<CardKeys, SoftCardError> {
    let supplied = |key: &Option<_>| key.as_ref().map(KeyPair::supplied).transpose();
    let authentication = supplied(&profile.keys.authentication)?;
    let signature = supplied(&profile.keys.signature)?;
    Ok(match (authentication, signature) {
        (Some(authentication), Some(signature)) => CardKeys {
            authentication,
            signature,
        },
        (authentication, signature) => {
            let issued = pki.card_keys(profile)?;
            CardKeys {
                authentication: authentication.unwrap_or(issued.authentication),
                signature: signature.unwrap_or(issued.signature),
            }
        }
    })
}
