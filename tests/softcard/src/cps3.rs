//! The CPS3 of a professional, through its contacts: files, codes, keys and the CPS2ter face put together, one
//! instruction after the other (IAS-ECC over ISO/IEC 7816-4 and -8; selection rules as seen on real cards).
//!
//! P2 of SELECT must be 04 (control parameters) or 0C (nothing); only the root application, by its full name, may also be
//! selected with 00. The security environment and a hash under way end when another directory is selected. Secure
//! messaging and logical channels are refused.

use crate::access_rules::Interface;
use crate::apdu::Command;
use crate::cps2ter::Cps2ter;
use crate::file_system::{ControlParameters, DirectoryId, FileSystem};
use crate::keys::CardKeys;
use crate::personalisation::{self, ContactApplication};
use crate::pin::{Pins, UNBLOCK_MAXIMUM_TRIES};
use crate::pkcs15_content::{self as pkcs15, CPS3_ALGORITHMS, KeyDescription, identifier};
use crate::profile::ProfessionalProfile;
use crate::security_data_objects::{self, Place};
use crate::security_environment::{KeyReference, SecurityEnvironment};
use crate::signature::PrivateKey;
use crate::soft_card::Chip;
use crate::status_word::StatusWord;
use crate::transport_t0::Application;
use crate::{binary_access, challenge, hash_continuation};

/// Answer to reset of a CPS3 through its contacts.
const ATR: [u8; 17] = [
    0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90,
    0x00,
];

/// The card's state.
#[derive(Debug)]
pub(crate) struct Cps3 {
    files: FileSystem,
    application: DirectoryId,
    pins: Pins,
    environment: SecurityEnvironment,
    digest: Option<Vec<u8>>,
    signature_key: PrivateKey,
    authentication_key: PrivateKey,
    cps2ter: Cps2ter,
    private_key_operations: u64,
}

impl Cps3 {
    /// Personalises a card: the profile's data, and its keys with their certificates.
    pub(crate) fn new(profile: &ProfessionalProfile, keys: CardKeys) -> Self {
        let pins = personalisation::pins(profile, UNBLOCK_MAXIMUM_TRIES);
        let duration =
            std::time::Duration::from_millis(profile.timing.milliseconds_per_private_key_operation);
        let signature_key = PrivateKey::new(keys.signature.private_key, duration);
        let authentication_key = PrivateKey::new(keys.authentication.private_key, duration);
        let modulus_bits = [&signature_key, &authentication_key].map(PrivateKey::modulus_bits);

        let mut files = personalisation::master_file(profile, ControlParameters::DualInterface);
        let application = personalisation::add_contact_application(
            &mut files,
            profile,
            ContactApplication {
                token_label: format!("CPS3v3-{}", profile.card_number),
                algorithms: &CPS3_ALGORITHMS,
                keys: [
                    (&KeyDescription::SIGNATURE, keys.signature.certificate_der),
                    (
                        &KeyDescription::AUTHENTICATION,
                        keys.authentication.certificate_der,
                    ),
                ],
                modulus_bits,
                data_objects: personalisation::data_objects(profile),
            },
        );
        add_contactless_application(&mut files);
        personalisation::replace_files(&mut files, &profile.files);

        Self {
            files,
            application,
            pins,
            environment: SecurityEnvironment::default(),
            digest: None,
            signature_key,
            authentication_key,
            cps2ter: personalisation::cps2ter(profile),
            private_key_operations: 0,
        }
    }

    fn end_operations(&mut self) {
        self.environment.clear();
        self.digest = None;
    }

    fn in_application(&self) -> bool {
        self.files.current_directory() == self.application
    }

    fn execute_iso(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.instruction {
            0xA4 => self.select(command),
            0xB0 => binary_access::read(&mut self.files, command, Interface::Contact, &self.pins),
            0xD6 => {
                binary_access::update(&mut self.files, command, &self.pins).map(|()| Vec::new())
            }
            0x20 => self.pins.verify(command).map(|()| Vec::new()),
            0x24 => self.pins.change(command).map(|()| Vec::new()),
            0x2C => self.pins.reset_retry_counter(command).map(|()| Vec::new()),
            0x22 => {
                let keys: &[KeyReference] = if self.in_application() {
                    &[KeyReference::Signature, KeyReference::Authentication]
                } else {
                    &[]
                };
                self.environment.manage(command, keys).map(|()| Vec::new())
            }
            0x2A => self.perform_security_operation(command),
            0x88 => self.internal_authenticate(command),
            0x84 => challenge::get_challenge(command),
            0xCB => {
                let place = if self.in_application() {
                    Place::Application
                } else if self.files.current_directory() == FileSystem::MASTER {
                    Place::MasterFile
                } else {
                    Place::Elsewhere
                };
                let modulus_length = self.signature_key.modulus_length();
                security_data_objects::get_data(command, place, &self.pins, modulus_length)
            }
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn select(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        let is_root = command.p1 == 0x04 && command.data()? == personalisation::ROOT_APPLICATION;
        match command.p2 {
            0x04 | 0x0C => {}
            0x00 if is_root => {}
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        self.files.select(command)?;
        Ok(match command.p2 {
            0x04 => self.files.file_control_parameters(),
            _ => Vec::new(),
        })
    }

    fn perform_security_operation(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.p1_p2() {
            0x90A0 => {
                let algorithm = self.environment.hash()?;
                self.digest = None;
                self.digest = Some(hash_continuation::finish(algorithm, command.data()?)?);
                Ok(Vec::new())
            }
            0x9E9A => self.compute_digital_signature(command),
            0x8086 => {
                let reference = self.environment.confidentiality()?;
                let KeyReference::Authentication = reference else {
                    return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
                };
                self.require_pin()?;
                let message = self.authentication_key.decipher(command.data()?)?;
                self.private_key_operations += 1;
                Ok(message)
            }
            _ => Err(StatusWord::INCORRECT_P1_P2),
        }
    }

    /// With data: a hash made outside. Without: the digest of the last PSO HASH, which is used up.
    fn compute_digital_signature(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        let (algorithm, KeyReference::Signature) = self.environment.signature()? else {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        };
        self.require_pin()?;
        let pending = self.digest.take();
        let data = command.data()?;
        let signature = if data.is_empty() {
            let digest = pending
                .filter(|digest| digest.len() == algorithm.length())
                .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)?;
            self.signature_key.sign_hash(algorithm, &digest)?
        } else {
            self.signature_key.sign_hash(algorithm, data)?
        };
        self.private_key_operations += 1;
        Ok(signature)
    }

    fn internal_authenticate(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.p1_p2() != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let KeyReference::Authentication = self.environment.authentication()? else {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        };
        self.require_pin()?;
        let signature = self.authentication_key.authenticate(command.data()?)?;
        self.private_key_operations += 1;
        Ok(signature)
    }

    fn require_pin(&self) -> Result<(), StatusWord> {
        if self.pins.pin_verified() {
            return Ok(());
        }
        Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED)
    }
}

impl Chip for Cps3 {
    fn atr(&self) -> &[u8] {
        &ATR
    }

    fn reset(&mut self) {
        self.files.reset();
        self.pins.reset();
        self.cps2ter.reset();
        self.end_operations();
    }

    fn pins(&self) -> Option<&Pins> {
        Some(&self.pins)
    }

    fn private_key_operations(&self) -> u64 {
        self.private_key_operations
    }
}

impl Application for Cps3 {
    fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.class {
            0x00 => {
                let directory = self.files.current_directory();
                let result = self.execute_iso(command);
                if self.files.current_directory() != directory {
                    self.end_operations();
                }
                result
            }
            0xA0 => self.cps2ter.execute(command, self.pins.pin_verified()),
            // Secure messaging in the first interindustry classes (ISO/IEC 7816-4, table 2).
            0x04 | 0x08 | 0x0C => Err(StatusWord::SECURE_MESSAGING_NOT_SUPPORTED),
            _ => Err(StatusWord::CLASS_NOT_SUPPORTED),
        }
    }

    fn accepts_chaining(&self, instruction: u8) -> bool {
        instruction == 0x2A
    }
}

/// The contactless application's directory is there but shows nothing through the contacts: its content on a real card
/// is not public, and no program needs it.
fn add_contactless_application(files: &mut FileSystem) {
    files.add_directory(
        identifier::CONTACTLESS_APPLICATION,
        &pkcs15::CONTACTLESS_APPLICATION,
    );
}
