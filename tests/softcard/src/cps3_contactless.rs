//! A CPS3 on a contactless reader: the directory files and the technical key of its contactless application, and nothing of the
//! holder.
//!
//! T=1. There is no PIN (`6A88` to VERIFY), no file of the contact application can be read (`6982`, our choice of status word), and
//! the one key signs what INTERNAL AUTHENTICATE brings for whoever asks: it proves the card, not the holder. Access rules are
//! those that the files' control parameters have always shown for contactless use.

use std::time::Duration;

use crate::access_rules::{Anyone, FileAccess, Interface};
use crate::apdu::Command;
use crate::file_system::{ControlParameters, DirectoryId, ElementaryFile, FileSystem};
use crate::keys::KeyPair;
use crate::pkcs15_content::{self as pkcs15, KeyDescription, identifier};
use crate::profile::ProfessionalProfile;
use crate::security_environment::{KeyReference, SecurityEnvironment};
use crate::signature::PrivateKey;
use crate::soft_card::Chip;
use crate::status_word::StatusWord;
use crate::transport_t0::Application;
use crate::{binary_access, challenge, personalisation};

/// Answer to reset as contactless readers make it of the historical bytes.
const ATR: [u8; 20] = [
    0x3B, 0x8F, 0x80, 0x01, 0x00, 0x31, 0xB8, 0x64, 0x04, 0xB0, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80,
    0x82, 0x90, 0x00, 0x0E,
];

/// The card's state.
#[derive(Debug)]
pub(crate) struct Cps3Contactless {
    files: FileSystem,
    application: DirectoryId,
    environment: SecurityEnvironment,
    technical_key: PrivateKey,
    private_key_operations: u64,
}

impl Cps3Contactless {
    /// Personalises a card with its technical key and certificate.
    pub(crate) fn new(profile: &ProfessionalProfile, technical: KeyPair) -> Self {
        let duration = Duration::from_millis(profile.timing.milliseconds_per_private_key_operation);
        let technical_key = PrivateKey::new(technical.private_key, duration);
        let mut files = personalisation::master_file(profile, ControlParameters::DualInterface);
        // The contact application's files are there, and none can be read.
        let contact = files.add_directory(
            identifier::CONTACT_APPLICATION,
            &pkcs15::CONTACT_APPLICATION,
        );
        for (identifier, content) in [
            (identifier::OBJECT_DIRECTORY, pkcs15::object_directory()),
            (
                identifier::AUTHENTICATION_OBJECTS,
                pkcs15::authentication_objects(true),
            ),
        ] {
            let file = ElementaryFile::new(identifier, FileAccess::CONTACT_READ, content);
            files.add_file(contact, file);
        }
        let application = files.add_directory(
            identifier::CONTACTLESS_APPLICATION,
            &pkcs15::CONTACTLESS_APPLICATION,
        );
        let key = &KeyDescription::TECHNICAL;
        for (identifier, content) in [
            (
                identifier::OBJECT_DIRECTORY,
                pkcs15::contactless_object_directory(),
            ),
            (
                identifier::TOKEN_INFO,
                pkcs15::token_info("CPS3v3_CL", false, &[]),
            ),
            (
                identifier::PRIVATE_KEYS,
                pkcs15::private_keys(&[(key, technical_key.modulus_bits())]),
            ),
            (
                identifier::CERTIFICATES,
                pkcs15::certificates(&[key], profile.quirks.certificate_flags),
            ),
            (key.certificate_file, technical.certificate_der),
        ] {
            let file = ElementaryFile::new(identifier, FileAccess::CONTACTLESS_READ, content);
            files.add_file(application, file);
        }
        personalisation::replace_files(&mut files, &profile.files);
        Self {
            files,
            application,
            environment: SecurityEnvironment::default(),
            technical_key,
            private_key_operations: 0,
        }
    }

    fn execute_iso(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.instruction {
            0xA4 => {
                if !matches!(command.p2, 0x04 | 0x0C) {
                    return Err(StatusWord::INCORRECT_P1_P2);
                }
                self.files.select(command)?;
                Ok(match command.p2 {
                    0x04 => self.files.file_control_parameters(),
                    _ => Vec::new(),
                })
            }
            0xB0 => binary_access::read(&mut self.files, command, Interface::Contactless, &Anyone),
            0xD6 => Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
            0x20 | 0x24 | 0x2C | 0xCB => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
            0x22 => {
                let keys: &[KeyReference] = if self.files.current_directory() == self.application {
                    &[KeyReference::Technical]
                } else {
                    &[]
                };
                self.environment.manage(command, keys).map(|()| Vec::new())
            }
            0x88 => {
                if command.p1_p2() != 0 {
                    return Err(StatusWord::INCORRECT_P1_P2);
                }
                self.environment.authentication()?;
                let signature = self.technical_key.authenticate(command.data()?)?;
                self.private_key_operations += 1;
                Ok(signature)
            }
            0x84 => challenge::get_challenge(command),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }
}

impl Chip for Cps3Contactless {
    fn atr(&self) -> &[u8] {
        &ATR
    }

    fn reset(&mut self) {
        self.files.reset();
        self.environment.clear();
    }

    fn private_key_operations(&self) -> u64 {
        self.private_key_operations
    }
}

impl Application for Cps3Contactless {
    fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        match command.class {
            0x00 => {
                let directory = self.files.current_directory();
                let result = self.execute_iso(command);
                if self.files.current_directory() != directory {
                    self.environment.clear();
                }
                result
            }
            0x04 | 0x08 | 0x0C => Err(StatusWord::SECURE_MESSAGING_NOT_SUPPORTED),
            _ => Err(StatusWord::CLASS_NOT_SUPPORTED),
        }
    }

    fn accepts_chaining(&self, _instruction: u8) -> bool {
        false
    }
}
