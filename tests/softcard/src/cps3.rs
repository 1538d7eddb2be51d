//! The CPS3 of a professional, through its contacts: files, codes, keys and the CPS2ter face put together, one
//! instruction after the other (IAS-ECC over ISO/IEC 7816-4 and -8; selection rules as seen on real cards).
//!
//! P2 of SELECT must be 04 (control parameters) or 0C (nothing); only the root application, by its full name, may also be
//! selected with 00. The security environment and a hash under way end when another directory is selected. Secure
//! messaging and logical channels are refused.

use crate::access_rules::FileAccess;
use crate::apdu::Command;
use crate::binary_access;
use crate::business_data::{self, integrated_circuit_serial};
use crate::cps2ter::Cps2ter;
use crate::file_system::{ControlParameters, DirectoryId, ElementaryFile, FileSystem};
use crate::keys::CardKeys;
use crate::pin::{PinStorage, Pins};
use crate::pkcs15_content::{self as pkcs15, DataObjectFlags, identifier};
use crate::profile::{CodeStorage, Cps3Profile, EfActua, file_path};
use crate::security_data_objects::{self, Place};
use crate::security_environment::{KeyReference, SecurityEnvironment};
use crate::signature::PrivateKey;
use crate::status_word::StatusWord;
use crate::tlv::encode;
use crate::transport_t0::Application;
use crate::{hash_continuation, hex};

/// Answer to reset of a CPS3 through its contacts.
pub(crate) const ATR: [u8; 17] = [
    0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90,
    0x00,
];
/// DF name of the master file.
const ROOT_APPLICATION: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];
/// GET CHALLENGE gives this many bytes and no other number.
const CHALLENGE_LENGTH: usize = 8;

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
    pub(crate) fn new(profile: &Cps3Profile, keys: CardKeys) -> Self {
        let storage = match profile.pin.storage {
            CodeStorage::Padded => PinStorage::Padded,
            CodeStorage::Unpadded => PinStorage::Unpadded,
        };
        let pins = Pins::new(
            storage,
            profile.pin.value.as_bytes(),
            profile.pin.tries_left,
            profile.unblock_code.value.as_bytes(),
            profile.unblock_code.tries_left,
            profile.unblock_code.uses_left,
        );
        let duration =
            std::time::Duration::from_millis(profile.timing.milliseconds_per_private_key_operation);
        let signature_key = PrivateKey::new(keys.signature.private_key, duration);
        let authentication_key = PrivateKey::new(keys.authentication.private_key, duration);
        let modulus_bits = [&signature_key, &authentication_key]
            .map(|key| u16::try_from(key.modulus_length() * 8).unwrap_or(u16::MAX));

        let mut files = master_file(profile);
        let application = files.add_directory(
            identifier::CONTACT_APPLICATION,
            &pkcs15::CONTACT_APPLICATION,
        );
        let mut add = |identifier, access, content| {
            files.add_file(
                application,
                ElementaryFile::new(identifier, access, content),
            );
        };
        let free = FileAccess::CONTACT_READ;
        add(
            identifier::OBJECT_DIRECTORY,
            free,
            pkcs15::object_directory(),
        );
        let label = format!("CPS3v3-{}", profile.card_number);
        add(identifier::TOKEN_INFO, free, pkcs15::token_info(&label));
        add(
            identifier::AUTHENTICATION_OBJECTS,
            free,
            pkcs15::authentication_objects(storage == PinStorage::Padded),
        );
        add(
            identifier::PRIVATE_KEYS,
            free,
            pkcs15::private_keys(modulus_bits),
        );
        add(
            identifier::CERTIFICATES,
            free,
            pkcs15::certificates(profile.quirks.certificate_flags),
        );
        add(
            identifier::SIGNATURE_CERTIFICATE,
            free,
            keys.signature.certificate_der,
        );
        add(
            identifier::AUTHENTICATION_CERTIFICATE,
            free,
            keys.authentication.certificate_der,
        );
        let mut directory = Vec::new();
        for object in data_objects(profile) {
            let access = match object.flags {
                DataObjectFlags::Free => FileAccess::CONTACT_READ,
                DataObjectFlags::Private => FileAccess::PIN_READ,
                DataObjectFlags::Modifiable => FileAccess::PIN_UPDATE,
            };
            directory.extend(pkcs15::data_object(
                &object.label,
                object.identifier,
                object.flags,
            ));
            add(object.identifier, access, object.content);
        }
        add(identifier::DATA_OBJECTS, free, directory);
        add_contactless_application(&mut files);
        for (path, content) in &profile.files {
            if let Some(path) = file_path(path) {
                let content = content.as_deref().and_then(hex::decode);
                files.override_file(&path, content.as_deref());
            }
        }

        Self {
            files,
            application,
            pins,
            environment: SecurityEnvironment::default(),
            digest: None,
            signature_key,
            authentication_key,
            cps2ter: cps2ter(profile),
            private_key_operations: 0,
        }
    }

    /// Cold or warm reset: nothing stays selected or verified; counters and CPS_DATA stay.
    pub(crate) fn reset(&mut self) {
        self.files.reset();
        self.pins.reset();
        self.cps2ter.reset();
        self.end_operations();
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.pins
    }

    /// Private-key operations done since the card was made.
    pub(crate) fn private_key_operations(&self) -> u64 {
        self.private_key_operations
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
            0xB0 => binary_access::read(&mut self.files, command, &self.pins),
            0xD6 => {
                binary_access::update(&mut self.files, command, &self.pins).map(|()| Vec::new())
            }
            0x20 => self.pins.verify(command).map(|()| Vec::new()),
            0x24 => self.pins.change(command).map(|()| Vec::new()),
            0x2C => self.pins.reset_retry_counter(command).map(|()| Vec::new()),
            0x22 => {
                let keys_present = self.in_application();
                self.environment
                    .manage(command, keys_present)
                    .map(|()| Vec::new())
            }
            0x2A => self.perform_security_operation(command),
            0x88 => self.internal_authenticate(command),
            0x84 => get_challenge(command),
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
        let is_root = command.p1 == 0x04 && command.data()? == ROOT_APPLICATION;
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

fn get_challenge(command: &Command) -> Result<Vec<u8>, StatusWord> {
    if command.p1_p2() != 0 {
        return Err(StatusWord::INCORRECT_P1_P2);
    }
    if command.expected_length()? != CHALLENGE_LENGTH {
        return Err(StatusWord::wrong_le(CHALLENGE_LENGTH));
    }
    let mut challenge = vec![0; CHALLENGE_LENGTH];
    openssl::rand::rand_bytes(&mut challenge).map_err(|_| StatusWord::INTERNAL_ERROR)?;
    Ok(challenge)
}

/// The master file with EF.DIR, EF.ATR, EF.SN and, where the profile wants it, EF_ACTUA.
fn master_file(profile: &Cps3Profile) -> FileSystem {
    let mut files = FileSystem::new(&ROOT_APPLICATION, ControlParameters::DualInterface);
    let mut add = |file| files.add_file(FileSystem::MASTER, file);
    add(ElementaryFile::new(
        0x2F00,
        FileAccess::ISSUER_UPDATES,
        pkcs15::directory(
            profile.quirks.directory_discretionary_template,
            profile.quirks.directory_order,
        ),
    )
    .with_short_identifier(0x1E));
    add(
        ElementaryFile::new(0x2F01, FileAccess::ISSUER_UPDATES, pkcs15::EF_ATR.to_vec())
            .with_short_identifier(0x1D),
    );
    add(ElementaryFile::new(
        0xD003,
        FileAccess::READ_ONLY,
        encode(0x5A, &integrated_circuit_serial(&profile.serial)),
    )
    .with_short_identifier(0x1C));
    let update_record = match profile.quirks.ef_actua {
        EfActua::Absent => None,
        EfActua::Valid => Some(business_data::update_record()),
        EfActua::Empty => Some(Vec::new()),
    };
    if let Some(content) = update_record {
        add(ElementaryFile::new(0xD010, FileAccess::READ_ONLY, content));
    }
    files
}

/// The contactless application's directory is there but shows nothing through the contacts: its content on a real card
/// is not public, and no program needs it.
fn add_contactless_application(files: &mut FileSystem) {
    files.add_directory(
        identifier::CONTACTLESS_APPLICATION,
        &pkcs15::CONTACTLESS_APPLICATION,
    );
}

struct DataObject {
    label: String,
    identifier: u16,
    flags: DataObjectFlags,
    content: Vec<u8>,
}

fn data_objects(profile: &Cps3Profile) -> Vec<DataObject> {
    let object = |label: &str, identifier, flags, content| DataObject {
        label: label.to_owned(),
        identifier,
        flags,
        content,
    };
    let holder_data = profile
        .holder_data
        .as_deref()
        .and_then(hex::decode)
        .unwrap_or_else(|| vec![0; 64]);
    let free = DataObjectFlags::Free;
    let mut objects = vec![
        object(
            "CPS_DATA",
            identifier::HOLDER_DATA,
            DataObjectFlags::Modifiable,
            holder_data,
        ),
        object(
            "CPS_ID_CARD",
            identifier::ID_CARD,
            free,
            business_data::id_card(profile),
        ),
        object(
            "CPS_NAME_PS",
            identifier::NAME,
            free,
            business_data::name(profile),
        ),
        object(
            "CPS_LANG_PS",
            identifier::LANGUAGE,
            free,
            business_data::language(profile),
        ),
        object(
            "CPS_INFO_PS",
            identifier::PROFESSIONAL,
            free,
            business_data::professional(profile),
        ),
    ];
    objects.extend(profile.situations.iter().map(|situation| {
        object(
            &format!("CPS_ACTIVITY_{:02}_PS", situation.number),
            identifier::FIRST_ACTIVITY + u16::from(situation.number.saturating_sub(1)),
            DataObjectFlags::Private,
            business_data::activity(profile, situation),
        )
    }));
    objects
}

fn cps2ter(profile: &Cps3Profile) -> Cps2ter {
    let billing_situation = profile
        .billing_situation
        .as_deref()
        .and_then(hex::decode)
        .unwrap_or_else(|| vec![0; 32]);
    Cps2ter::new(
        billing_situation,
        profile
            .situations
            .iter()
            .map(|situation| (situation.number, vec![0; 16])),
    )
}
