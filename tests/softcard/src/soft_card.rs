//! A simulated card in a program's own memory: power, reset, APDUs, counters.
//!
//! It is total: any bytes in give a status word out, and nothing that comes in can make it panic. State that a real card
//! keeps (tries left, a changed PIN, CPS_DATA) lives as long as the value.

use std::fmt;
use std::time::Duration;

use crate::cps3::Cps3;
use crate::cps3_contactless::Cps3Contactless;
use crate::cps4::Cps4;
use crate::keys::{CardKeys, KeyError, KeyPair};
use crate::pin::Pins;
use crate::pki_directory::{PkiDirectory, PkiDirectoryError};
use crate::profile::{Cps4Atr, ProfessionalProfile, Profile, Timing, Vitale2Profile};
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

/// A simulated card.
#[derive(Debug)]
pub struct SoftCard {
    chip: Box<dyn Chip>,
    transport: Transport,
    delay: Duration,
    serial: String,
    apdus: u64,
    resets: u64,
}

impl SoftCard {
    /// Makes the card of a profile. Keys that the profile does not bring are made and certified by the PKI directory, which
    /// keeps them: the same profile gives the same keys again.
    pub fn new(profile: &Profile, pki: &mut PkiDirectory) -> Result<Self, SoftCardError> {
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
            Profile::Vitale2(card) => return Ok(Self::vitale2(card)),
        };
        Ok(Self::with_chip(
            chip,
            transport,
            profile.timing(),
            profile.serial(),
        ))
    }

    /// Makes a Vitale, which needs no PKI.
    pub fn vitale2(profile: &Vitale2Profile) -> Self {
        let chip = Box::new(Vitale2::new(profile));
        let transport = Transport::T0(TransportT0::default());
        Self::with_chip(chip, transport, profile.timing, &profile.serial)
    }

    fn with_chip(chip: Box<dyn Chip>, transport: Transport, timing: Timing, serial: &str) -> Self {
        Self {
            chip,
            transport,
            delay: Duration::from_millis(timing.milliseconds_per_apdu),
            serial: serial.to_owned(),
            apdus: 0,
            resets: 0,
        }
    }

    /// Answer to reset.
    pub fn atr(&self) -> &[u8] {
        self.chip.atr()
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
        match &mut self.transport {
            Transport::T0(transport) => transport.reset(),
            Transport::T1(transport) => transport.reset(),
        }
        self.chip.reset();
    }

    /// One physical exchange: a command APDU of any bytes in, at most 256 bytes and a status word out. It takes as long as
    /// the profile's timing says.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.apdus += 1;
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        match &mut self.transport {
            Transport::T0(transport) => transport.exchange(command, self.chip.as_mut()),
            Transport::T1(transport) => transport.exchange(command, self.chip.as_mut()),
        }
    }

    /// What the card has been asked so far.
    pub fn counters(&self) -> Counters {
        Counters {
            apdus: self.apdus,
            verifies: self.chip.pins().map_or(0, Pins::presentations),
            private_key_operations: self.chip.private_key_operations(),
            resets: self.resets,
        }
    }

    /// Tries left of the PIN; a Vitale and a contactless CPS have none.
    pub fn pin_tries_left(&self) -> Option<u8> {
        self.chip.pins().map(Pins::pin_tries_left)
    }

    /// Whether the PIN is verified at this moment.
    pub fn pin_verified(&self) -> bool {
        self.chip.pins().is_some_and(Pins::pin_verified)
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
