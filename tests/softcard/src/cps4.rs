//! The CPS4 of a professional, through its contacts: a ChipDoc applet on logical channel 1, as the official module speaks to it.
//!
//! Selection by full name (P1 = 04) or by path without 3F00 (P1 = 08), P2 = 00 for control information (tag 6F) or 0C for nothing. The
//! PIN's state is asked by an empty VERIFY. Signatures are made of a hash by PSO, with PKCS#1 or PSS padding by the card; the
//! authentication key also does RSA without padding. Whatever no public source shows is refused, so that a driver cannot depend on
//! it; the file tree is that of the CPS3, by our choice.
//!
//! Channel 1 knows two applications: the card's own and the card manager. As long as another one than the card's own is selected
//! everything but SELECT by name is `6985`; the profile says what it takes to come back ([`Reselection`]). Leaving the application, or
//! selecting it again, ends what was verified.

use std::time::Duration;

use crate::access_rules::Interface;
use crate::apdu::Command;
use crate::cps2ter::Cps2ter;
use crate::file_system::{ControlParameters, DirectoryId, FileSystem};
use crate::keys::CardKeys;
use crate::personalisation::{self, ContactApplication, DataObject, ROOT_APPLICATION};
use crate::pin::Pins;
use crate::pkcs15_content::KeyDescription;
use crate::profile::{Cps4Atr, ProfessionalProfile, Reselection};
use crate::signature::PrivateKey;
use crate::soft_card::Chip;
use crate::status_word::StatusWord;
use crate::transport_t0::Application;
use crate::{binary_access, challenge};

mod environment;

use environment::{Environment, KeyReference, Padding};

const ATR_RC: [u8; 16] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00, 0x90,
];
/// Check byte of both T=1 answers to reset.
const TCK: u8 = 0x44;
const ATR_FIRST: [u8; 16] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x04, 0x01, 0x00, 0x00, 0x90,
];
const ATR_T0: [u8; 17] = [
    0x3B, 0xDC, 0x18, 0xFF, 0x00, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00, 0x90,
    0x00,
];
/// The card manager's name.
const CARD_MANAGER: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];
/// The application of the older generation, on the basic channel.
const CPS2TER: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02];
/// Tries of both codes after each success.
const MAXIMUM_TRIES: u8 = 3;

/// What is selected on logical channel 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selected {
    Nothing,
    Card,
    /// Another application; `released` once the application of the older generation was selected on channel 0 after the card
    /// manager on channel 1.
    Other {
        is_card_manager: bool,
        released: bool,
    },
}

/// The card's state.
#[derive(Debug)]
pub(crate) struct Cps4 {
    atr: Vec<u8>,
    files: FileSystem,
    application: DirectoryId,
    pins: Pins,
    environment: Environment,
    signature_key: PrivateKey,
    authentication_key: PrivateKey,
    reselection: Reselection,
    selected: Selected,
    cps2ter: Cps2ter,
    cps2ter_selected: bool,
    private_key_operations: u64,
}

impl Cps4 {
    /// Personalises a card: the profile's data, and its keys with their certificates.
    pub(crate) fn new(profile: &ProfessionalProfile, keys: CardKeys) -> Self {
        let duration = Duration::from_millis(profile.timing.milliseconds_per_private_key_operation);
        let signature_key = PrivateKey::new(keys.signature.private_key, duration);
        let authentication_key = PrivateKey::new(keys.authentication.private_key, duration);
        let mut files =
            personalisation::master_file(profile, ControlParameters::FileControlInformation);
        let mut data_objects: Vec<DataObject> = personalisation::data_objects(profile);
        data_objects.extend(personalisation::cps2ter_data_objects(profile));
        let application = personalisation::add_contact_application(
            &mut files,
            profile,
            ContactApplication {
                token_label: format!("CPS4v1-{}", profile.card_number),
                algorithms: &[],
                keys: [
                    (
                        &KeyDescription::SIGNATURE_CPS4,
                        keys.signature.certificate_der,
                    ),
                    (
                        &KeyDescription::AUTHENTICATION_CPS4,
                        keys.authentication.certificate_der,
                    ),
                ],
                modulus_bits: [&signature_key, &authentication_key].map(PrivateKey::modulus_bits),
                data_objects,
            },
        );
        personalisation::replace_files(&mut files, &profile.files);
        let mut card = Self {
            atr: match profile.quirks.cps4_atr {
                Cps4Atr::Rc => [&ATR_RC[..], &[TCK]].concat(),
                Cps4Atr::First => [&ATR_FIRST[..], &[TCK]].concat(),
                Cps4Atr::T0 => ATR_T0.to_vec(),
            },
            files,
            application,
            pins: personalisation::pins(profile, MAXIMUM_TRIES),
            environment: Environment::default(),
            signature_key,
            authentication_key,
            reselection: profile.quirks.cps4_reselection,
            selected: Selected::Nothing,
            cps2ter: personalisation::cps2ter(profile),
            cps2ter_selected: false,
            private_key_operations: 0,
        };
        card.reset();
        card
    }

    /// Nothing verified, nothing selected in the application.
    fn leave_application(&mut self) {
        self.files.reset();
        self.pins.reset();
        self.environment = Environment::default();
    }

    /// The basic channel: selection of applications, by name only.
    fn execute_basic_channel(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.instruction != 0xA4 {
            return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED);
        }
        if command.p1 != 0x04 || !matches!(command.p2, 0x00 | 0x0C) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let name = command.data()?;
        if name == CPS2TER {
            self.cps2ter.reset();
            self.cps2ter_selected = true;
            if let Selected::Other {
                is_card_manager: true,
                released,
            } = &mut self.selected
            {
                *released = true;
            }
            return Ok(Vec::new());
        }
        if name == CARD_MANAGER {
            self.cps2ter_selected = false;
            return Ok(Vec::new());
        }
        Err(StatusWord::FILE_NOT_FOUND)
    }

    fn execute_channel_1(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.instruction == 0xA4 && command.p1 == 0x04 {
            return self.select_by_name(command);
        }
        match self.selected {
            Selected::Card => {}
            Selected::Nothing | Selected::Other { .. } => {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
        }
        match command.instruction {
            0xA4 => self.select_by_path(command),
            0xB0 => binary_access::read(&mut self.files, command, Interface::Contact, &self.pins),
            0xD6 => {
                binary_access::update(&mut self.files, command, &self.pins).map(|()| Vec::new())
            }
            0x20 => self.pins.verify(command).map(|()| Vec::new()),
            0x24 => self
                .pins
                .change_after_verification(command)
                .map(|()| Vec::new()),
            0x2C => self
                .pins
                .unblock_after_verification(command)
                .map(|()| Vec::new()),
            0x22 => {
                let keys_present = self.files.current_directory() == self.application;
                self.environment
                    .manage(command, keys_present)
                    .map(|()| Vec::new())
            }
            0x2A => self.perform_security_operation(command),
            0x84 => challenge::get_challenge(command),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn select_by_name(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        let wants_information = wants_information(command)?;
        let name = command.data()?;
        if name == CARD_MANAGER {
            self.leave_application();
            self.selected = Selected::Other {
                is_card_manager: true,
                released: false,
            };
            return Ok(Vec::new());
        }
        if name == ROOT_APPLICATION {
            if let Selected::Other {
                released: false, ..
            } = self.selected
                && self.reselection != Reselection::Direct
            {
                return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
            }
            self.leave_application();
            self.selected = Selected::Card;
            return Ok(self.information(wants_information));
        }
        if self.selected != Selected::Card {
            return Err(StatusWord::FILE_NOT_FOUND);
        }
        self.select_file(command)?;
        Ok(self.information(wants_information))
    }

    fn select_by_path(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.p1 != 0x08 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let wants_information = wants_information(command)?;
        // The path starts below the master file; the master file alone can be named.
        if let [0x3F, 0x00, _, ..] = command.data()? {
            return Err(StatusWord::FILE_NOT_FOUND);
        }
        self.select_file(command)?;
        Ok(self.information(wants_information))
    }

    /// Selects; another directory ends the security environment.
    fn select_file(&mut self, command: &Command) -> Result<(), StatusWord> {
        let directory = self.files.current_directory();
        self.files.select(command)?;
        if self.files.current_directory() != directory {
            self.environment = Environment::default();
        }
        Ok(())
    }

    fn information(&self, wanted: bool) -> Vec<u8> {
        if wanted {
            self.files.file_control_parameters()
        } else {
            Vec::new()
        }
    }

    fn perform_security_operation(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        let result = match command.p1_p2() {
            0x9E9A => {
                let (algorithm, key) = self.environment.signature()?;
                self.require_pin()?;
                let key = match key {
                    KeyReference::Signature => &self.signature_key,
                    KeyReference::Authentication => &self.authentication_key,
                };
                let hash = command.data()?;
                match algorithm.padding {
                    Padding::Pkcs1 => key.sign_hash(algorithm.hash, hash)?,
                    Padding::Pss => key.sign_hash_pss(algorithm.hash, hash)?,
                }
            }
            0x8086 => {
                let KeyReference::Authentication = self.environment.raw()? else {
                    return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
                };
                self.require_pin()?;
                self.authentication_key.raw(command.data()?)?
            }
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        self.private_key_operations += 1;
        Ok(result)
    }

    fn require_pin(&self) -> Result<(), StatusWord> {
        if self.pins.pin_verified() {
            return Ok(());
        }
        Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
    }
}

impl Chip for Cps4 {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn reset(&mut self) {
        self.leave_application();
        self.selected = match self.reselection {
            Reselection::Direct | Reselection::Dance => Selected::Nothing,
            Reselection::DanceFromPowerOn => Selected::Other {
                is_card_manager: false,
                released: false,
            },
        };
        self.cps2ter.reset();
        self.cps2ter_selected = false;
    }

    fn pins(&self) -> Option<&Pins> {
        Some(&self.pins)
    }

    fn private_key_operations(&self) -> u64 {
        self.private_key_operations
    }
}

impl Application for Cps4 {
    fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.class {
            0x00 => self.execute_basic_channel(command),
            0x01 => self.execute_channel_1(command),
            0xA0 if self.cps2ter_selected => {
                self.cps2ter.execute(command, self.pins.pin_verified())
            }
            0x02 | 0x03 => Err(StatusWord::LOGICAL_CHANNEL_NOT_SUPPORTED),
            // Secure messaging in the first interindustry classes (ISO/IEC 7816-4, table 2).
            0x04..=0x0F => Err(StatusWord::SECURE_MESSAGING_NOT_SUPPORTED),
            _ => Err(StatusWord::CLASS_NOT_SUPPORTED),
        }
    }

    fn accepts_chaining(&self, instruction: u8) -> bool {
        instruction == 0x2A
    }
}

/// P2 of SELECT: 00 asks for control information, 0C for nothing.
fn wants_information(command: &Command) -> Result<bool, StatusWord> {
    match command.p2 {
        0x00 => Ok(true),
        0x0C => Ok(false),
        _ => Err(StatusWord::INCORRECT_P1_P2),
    }
}
