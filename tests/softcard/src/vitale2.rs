//! The Vitale 2 card of a patient: what independent readers agree on, and no more (identity and NIR of each beneficiary).
//!
//! The master file answers to the name MF_VITALE and holds EF.DIR, the card number and the identity records (D001, short
//! identifier 2); the VITALE application holds the NIR records (short identifier 2) and the pointer file 2001. The IAS
//! application Adèle can be selected and refuses everything else with `6985`. There is no PIN (`6A88`). File contents that
//! no public source gives (EF.DIR, POINTERS, the NIR file's identifier) are our invention.

use crate::access_rules::{Anyone, FileAccess, Interface};
use crate::apdu::Command;
use crate::binary_access;
use crate::business_data::{bcd, latin1};
use crate::file_system::{ControlParameters, ElementaryFile, FileSystem};
use crate::hex;
use crate::profile::{Beneficiary, Vitale2Profile, file_path};
use crate::soft_card::Chip;
use crate::status_word::StatusWord;
use crate::tlv::{encode, encode_constructed};
use crate::transport_t0::Application;

/// "MF_VITALE".
const MASTER_FILE_NAME: [u8; 14] = [
    0xD2, 0x50, 0x00, 0x00, 0x02, 0x4D, 0x46, 0x5F, 0x56, 0x49, 0x54, 0x41, 0x4C, 0x45,
];
/// "VITALE".
const VITALE: [u8; 11] = [
    0xD2, 0x50, 0x00, 0x00, 0x02, 0x56, 0x49, 0x54, 0x41, 0x4C, 0x45,
];
/// Adèle, as an IAS application.
const ADELE_IAS: [u8; 15] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xD2, 0x50, 0x00, 0x00, 0x04, 0x41, 0x64, 0xE8, 0x6C, 0x65,
];
/// Adèle by its own name.
const ADELE: [u8; 12] = [
    0xD2, 0x50, 0x00, 0x00, 0x04, 0x41, 0x64, 0xE8, 0x6C, 0x65, 0x01, 0x01,
];

/// The card's state.
#[derive(Debug)]
pub(crate) struct Vitale2 {
    atr: [u8; 10],
    files: FileSystem,
    adele_selected: bool,
}

impl Vitale2 {
    pub(crate) fn new(profile: &Vitale2Profile) -> Self {
        let mut files = FileSystem::new(&MASTER_FILE_NAME, ControlParameters::ContactOnly);
        let file = |identifier, content| {
            ElementaryFile::new(identifier, FileAccess::CONTACT_READ, content)
        };
        let mut identities: Vec<u8> = profile.beneficiaries.iter().flat_map(identity).collect();
        identities.extend(encode_constructed(
            0x66,
            &[encode(0x80, profile.valid_from.as_bytes())],
        ));
        let numbers: Vec<u8> = profile.beneficiaries.iter().flat_map(number).collect();
        let master = FileSystem::MASTER;
        files.add_file(master, file(0xD001, identities).with_short_identifier(0x02));
        files.add_file(
            master,
            file(0x2F00, directory()).with_short_identifier(0x1E),
        );
        files.add_file(master, file(0x2F02, card_number(&profile.serial)));
        let vitale = files.add_directory(0x0001, &VITALE);
        files.add_file(vitale, file(0xD002, numbers).with_short_identifier(0x02));
        files.add_file(vitale, file(0x2001, pointers()));
        for (path, content) in &profile.files {
            if let Some(path) = file_path(path) {
                let content = content.as_deref().and_then(hex::decode);
                files.override_file(&path, content.as_deref());
            }
        }
        let chip_version = match hex::decode(&profile.chip_version).as_deref() {
            Some([version]) => *version,
            _ => 0x45,
        };
        Self {
            atr: [
                0x3B,
                0x75,
                0x13,
                0x00,
                0x00,
                chip_version,
                0x09,
                0xEA,
                0x90,
                0x00,
            ],
            files,
            adele_selected: false,
        }
    }

    fn select(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if !matches!(command.p2, 0x00 | 0x04 | 0x0C) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let data = command.data()?;
        if command.p1 == 0x04 && (data == ADELE_IAS || data == ADELE) {
            self.adele_selected = true;
            return Ok(Vec::new());
        }
        self.files.select(command)?;
        self.adele_selected = false;
        Ok(match command.p2 {
            0x0C => Vec::new(),
            _ => self.files.file_control_parameters(),
        })
    }
}

impl Chip for Vitale2 {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn reset(&mut self) {
        self.files.reset();
        self.adele_selected = false;
    }
}

impl Application for Vitale2 {
    fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.class != 0x00 {
            return Err(StatusWord::CLASS_NOT_SUPPORTED);
        }
        match command.instruction {
            0xA4 => self.select(command),
            0x20 => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
            _ if self.adele_selected => Err(StatusWord::CONDITIONS_NOT_SATISFIED),
            0xB0 => binary_access::read(&mut self.files, command, Interface::Contact, &Anyone),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn accepts_chaining(&self, _instruction: u8) -> bool {
        false
    }
}

/// One identity record: names in ISO 8859-1, birth date as eight digits.
fn identity(beneficiary: &Beneficiary) -> Vec<u8> {
    let mut parts = vec![
        encode(0x80, &latin1(&beneficiary.family_name)),
        encode(0x81, &latin1(&beneficiary.given_name)),
        encode(0x82, beneficiary.birth_date.as_bytes()),
    ];
    parts.extend(
        beneficiary
            .nationality
            .as_ref()
            .map(|code| encode(0x90, code.as_bytes())),
    );
    encode_constructed(0x65, &parts)
}

/// One NIR record, in the order of the identities; empty where the beneficiary has no certified number (our choice).
fn number(beneficiary: &Beneficiary) -> Vec<u8> {
    let nir = beneficiary.nir.as_deref().unwrap_or_default();
    encode_constructed(0x65, &[encode(0x93, nir.as_bytes())])
}

/// EF.DIR: the applications by name and label.
fn directory() -> Vec<u8> {
    [(&VITALE[..], "VITALE"), (&ADELE_IAS[..], "ADELE")]
        .into_iter()
        .flat_map(|(name, label)| {
            encode_constructed(0x61, &[encode(0x4F, name), encode(0x50, label.as_bytes())])
        })
        .collect()
}

/// EF.PAN: the card number in BCD with the serial number at its end.
fn card_number(serial: &str) -> Vec<u8> {
    encode(0x5A, &bcd(&format!("8025000002{serial}")))
}

/// POINTERS: the applications, and the files of this one by eight-character name.
fn pointers() -> Vec<u8> {
    let applications = encode_constructed(0xA0, &[encode(0x82, &VITALE), encode(0x82, &ADELE_IAS)]);
    let mut entry = b"NIR     ".to_vec();
    entry.extend([0x01, 0xD0, 0x02]);
    encode_constructed(0xE0, &[applications, encode(0x80, &entry)])
}
