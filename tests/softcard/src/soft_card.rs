//! A simulated card in a program's own memory: power, reset, APDUs, counters.
//!
//! It is total: any bytes in give a status word out, and nothing that comes in can make it panic. State that a real card
//! keeps (tries left, a changed PIN, CPS_DATA) lives as long as the value.

use std::time::Duration;

use crate::cps3::{self, Cps3};
use crate::keys::{CardKeys, KeyError, KeyPair};
use crate::pki_directory::{PkiDirectory, PkiDirectoryError};
use crate::profile::{Profile, Timing, Vitale2Profile};
use crate::transport_t0::TransportT0;
use crate::vitale2::Vitale2;

/// Why a card cannot be made of a profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoftCardError {
    /// The profile's own keys are not usable.
    #[error(transparent)]
    Key(#[from] KeyError),
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

/// A simulated card.
#[derive(Debug)]
pub struct SoftCard {
    model: Model,
    transport: TransportT0,
    delay: Duration,
    serial: String,
    apdus: u64,
    resets: u64,
}

#[derive(Debug)]
enum Model {
    Cps3(Box<Cps3>),
    Vitale2(Box<Vitale2>),
}

impl SoftCard {
    /// Makes the card of a profile. Keys that the profile does not bring are made and certified by the PKI directory, which
    /// keeps them: the same profile gives the same keys again.
    pub fn new(profile: &Profile, pki: &mut PkiDirectory) -> Result<Self, SoftCardError> {
        let profile = match profile {
            Profile::Vitale2(profile) => return Ok(Self::vitale2(profile)),
            Profile::Cps3(profile) => profile,
        };
        let supplied = |key: &Option<_>| key.as_ref().map(KeyPair::supplied).transpose();
        let authentication = supplied(&profile.keys.authentication)?;
        let signature = supplied(&profile.keys.signature)?;
        let keys = match (authentication, signature) {
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
        };
        let model = Model::Cps3(Box::new(Cps3::new(profile, keys)));
        Ok(Self::with_model(model, profile.timing, &profile.serial))
    }

    /// Makes a Vitale, which needs no PKI.
    pub fn vitale2(profile: &Vitale2Profile) -> Self {
        let model = Model::Vitale2(Box::new(Vitale2::new(profile)));
        Self::with_model(model, profile.timing, &profile.serial)
    }

    fn with_model(model: Model, timing: Timing, serial: &str) -> Self {
        Self {
            model,
            transport: TransportT0::default(),
            delay: Duration::from_millis(timing.milliseconds_per_apdu),
            serial: serial.to_owned(),
            apdus: 0,
            resets: 0,
        }
    }

    /// Answer to reset.
    pub fn atr(&self) -> &[u8] {
        match &self.model {
            Model::Cps3(_) => &cps3::ATR,
            Model::Vitale2(card) => card.atr(),
        }
    }

    /// The profile's serial number.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Cold reset.
    pub fn power_on(&mut self) {
        self.reset();
    }

    /// Warm reset: nothing stays selected or verified.
    pub fn reset(&mut self) {
        self.resets += 1;
        self.transport.reset();
        match &mut self.model {
            Model::Cps3(card) => card.reset(),
            Model::Vitale2(card) => card.reset(),
        }
    }

    /// One physical exchange: a command APDU of any bytes in, at most 256 bytes and a status word out. It takes as long as
    /// the profile's timing says.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.apdus += 1;
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        match &mut self.model {
            Model::Cps3(card) => self.transport.exchange(command, card.as_mut()),
            Model::Vitale2(card) => self.transport.exchange(command, card.as_mut()),
        }
    }

    /// What the card has been asked so far.
    pub fn counters(&self) -> Counters {
        let (verifies, private_key_operations) = match &self.model {
            Model::Cps3(card) => (card.pins().presentations(), card.private_key_operations()),
            Model::Vitale2(_) => (0, 0),
        };
        Counters {
            apdus: self.apdus,
            verifies,
            private_key_operations,
            resets: self.resets,
        }
    }

    /// Tries left of the PIN; a Vitale has none.
    pub fn pin_tries_left(&self) -> Option<u8> {
        match &self.model {
            Model::Cps3(card) => Some(card.pins().pin_tries_left()),
            Model::Vitale2(_) => None,
        }
    }

    /// Whether the PIN is verified at this moment.
    pub fn pin_verified(&self) -> bool {
        match &self.model {
            Model::Cps3(card) => card.pins().pin_verified(),
            Model::Vitale2(_) => false,
        }
    }
}
