//! The fields of a CPS profile, CPS3 and CPS4: person, validity, codes, practice situations, keys, files, quirks.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::scenario::Scenario;

use super::{ProfileError, Quirks, Timing, check_files, is_digits, require};

/// A professional's card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfessionalProfile {
    /// One line for lists.
    pub description: String,
    /// 8 digits: the serial number of EF.SN.
    pub serial: String,
    /// 10 digits: the number in the token label, in the certificates and in CPS_ID_CARD.
    pub card_number: String,
    /// Issue date of the card, `YYYY-MM-DD`.
    #[serde(default = "default_issued")]
    pub issued: String,
    /// The holder.
    pub person: Person,
    /// Validity of the certificates; absent: valid now, for three years from the making of the PKI directory.
    pub certificate_validity: Option<Validity>,
    /// The PIN.
    #[serde(default)]
    pub pin: Pin,
    /// The unblock code.
    #[serde(default)]
    pub unblock_code: UnblockCode,
    /// Practice situations; their numbers may have holes.
    #[serde(default)]
    pub situations: Vec<PracticeSituation>,
    /// Initial content of CPS_DATA in hexadecimal; its length is the size of the file. Absent: 64 zero bytes.
    pub holder_data: Option<String>,
    /// Content of CPS_SIT_FACT in hexadecimal. Absent: 32 bytes of no meaning.
    pub billing_situation: Option<String>,
    /// Keys and certificates that are not to be made by the test PKI.
    #[serde(default)]
    pub keys: Keys,
    /// Content of single files by path, in hexadecimal; null removes the file.
    #[serde(default)]
    pub files: BTreeMap<String, Option<String>>,
    /// Deviations seen on real cards.
    #[serde(default)]
    pub quirks: Quirks,
    /// Delays.
    #[serde(default)]
    pub timing: Timing,
    /// Scripted faults.
    pub scenario: Option<Scenario>,
}

fn default_issued() -> String {
    "2026-01-02".to_owned()
}

/// The holder of a card, always fictitious.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Absent on a non-nominative card.
    pub family_name: Option<String>,
    /// Absent on a non-nominative card.
    pub given_name: Option<String>,
    /// Non-nominative cards only.
    pub pseudonym: Option<String>,
    /// National identifier with its type digit first (`8` and 11 digits for RPPS, `3<FINESS>/<register>` ...).
    pub national_id: String,
    /// Family of the card.
    pub card_kind: CardKind,
    /// Profession code (table G15), such as 10 for a physician.
    pub profession: Option<u8>,
    /// Profession in training (table G16), CPF only.
    pub profession_in_training: Option<u8>,
    /// `title` of the certificates, such as `Médecin`.
    pub title: Option<String>,
    /// Skill codes (table R01), such as `SM26`; the first one is also in CPS_INFO_PS.
    #[serde(default)]
    pub skills: Vec<String>,
    /// Name of the structure, in the certificates of staff cards.
    pub organization: Option<String>,
    /// Identifier of the structure with its type digit first, in the certificates of staff cards.
    pub structure_id: Option<String>,
    /// Language code of CPS_LANG_PS.
    #[serde(default = "default_language")]
    pub language: String,
}

fn default_language() -> String {
    "FR".to_owned()
}

/// Family of the card (table G02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardKind {
    /// Qualified professional.
    Cps,
    /// Professional in training.
    Cpf,
    /// Staff of a structure.
    Cpe,
    /// Authorised person.
    Cpa,
}

impl CardKind {
    /// Code of table G02.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Cps => 0,
            Self::Cpf => 1,
            Self::Cpe => 2,
            Self::Cpa => 3,
        }
    }
}

/// Validity of both certificates, `YYYY-MM-DD`, midnight UTC.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// First day.
    pub from: String,
    /// Day on which it ends.
    pub until: String,
}

/// The holder's PIN.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pin {
    /// 4 digits; 4 to 8 with storage `unpadded`.
    pub value: String,
    /// 0 (blocked) to 3.
    pub tries_left: u8,
    /// How the card stores and compares it.
    pub storage: CodeStorage,
}

/// Without the value: simulated codes stay out of logs like real ones.
impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pin")
            .field("tries_left", &self.tries_left)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}

impl Default for Pin {
    fn default() -> Self {
        Self {
            value: "1234".to_owned(),
            tries_left: 3,
            storage: CodeStorage::Padded,
        }
    }
}

/// How a PIN is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeStorage {
    /// 4 digits padded with FF to 8 bytes, as real cards announce.
    Padded,
    /// 4 to 8 digits as typed.
    Unpadded,
}

/// The code that unblocks the PIN.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnblockCode {
    /// 8 digits.
    pub value: String,
    /// 0 to 10.
    pub tries_left: u8,
    /// 0 to 100: how often it can still be used.
    pub uses_left: u8,
}

impl fmt::Debug for UnblockCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UnblockCode")
            .field("tries_left", &self.tries_left)
            .field("uses_left", &self.uses_left)
            .finish_non_exhaustive()
    }
}

impl Default for UnblockCode {
    fn default() -> Self {
        Self {
            value: "12345678".to_owned(),
            tries_left: 10,
            uses_left: 100,
        }
    }
}

/// One practice situation, CPS_ACTIVITY_nn_PS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PracticeSituation {
    /// 1 to 16.
    pub number: u8,
    /// Mode of practice (table G17): 0 liberal, 1 salaried, 4 substitute, 7 volunteer.
    pub mode: u8,
    /// Name of the structure.
    pub structure_name: String,
    /// Identifier of the structure with its type digit first (table G07).
    pub structure_id: String,
    /// Sector of activity (table R02), 4 characters.
    pub sector: String,
}

/// Keys that come with the profile; those absent are made and certified by the test PKI.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// CPS_PRIV_AUT and its certificate; on a contactless card the technical key and its certificate.
    pub authentication: Option<SuppliedKey>,
    /// CPS_PRIV_SIG and its certificate.
    pub signature: Option<SuppliedKey>,
}

/// A private key with its certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppliedKey {
    /// X.509 certificate, PEM or DER.
    pub certificate: Source,
    /// RSA private key, PKCS#8 or PKCS#1, PEM or DER.
    pub private_key: Source,
}

/// Where bytes come from.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// PEM text.
    Pem(String),
    /// DER in Base64.
    Base64(String),
    /// A file, PEM or DER.
    Path(PathBuf),
}

/// Without inline bytes, which may be a private key.
impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pem(_) => formatter.write_str("Pem(..)"),
            Self::Base64(_) => formatter.write_str("Base64(..)"),
            Self::Path(path) => formatter.debug_tuple("Path").field(path).finish(),
        }
    }
}

impl ProfessionalProfile {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        require(is_digits(&self.serial, 8), "serial", "8 digits")?;
        require(is_digits(&self.card_number, 10), "card_number", "10 digits")?;
        require(parse_date(&self.issued).is_some(), "issued", "YYYY-MM-DD")?;
        self.person.check()?;
        if let Some(validity) = &self.certificate_validity {
            let from = parse_date(&validity.from);
            let until = parse_date(&validity.until);
            require(
                matches!((from, until), (Some(from), Some(until)) if from < until),
                "certificate_validity",
                "two days as YYYY-MM-DD, the first before the second",
            )?;
        }
        self.check_codes()?;
        self.check_situations()?;
        for (field, bytes) in [
            ("holder_data", &self.holder_data),
            ("billing_situation", &self.billing_situation),
        ] {
            let decoded = bytes.as_deref().map(crate::hex::decode);
            require(
                decoded.is_none_or(|bytes| bytes.is_some_and(|b| !b.is_empty() && b.len() <= 255)),
                field,
                "1 to 255 bytes in hexadecimal",
            )?;
        }
        check_files(&self.files)
    }

    fn check_codes(&self) -> Result<(), ProfileError> {
        let pin = &self.pin;
        let lengths = match pin.storage {
            CodeStorage::Padded => 4..=4,
            CodeStorage::Unpadded => 4..=8,
        };
        require(
            lengths.contains(&pin.value.len()) && is_digits(&pin.value, pin.value.len()),
            "pin.value",
            "4 digits, or 4 to 8 with storage \"unpadded\"",
        )?;
        require(pin.tries_left <= 3, "pin.tries_left", "0 to 3")?;
        let code = &self.unblock_code;
        require(is_digits(&code.value, 8), "unblock_code.value", "8 digits")?;
        require(code.tries_left <= 10, "unblock_code.tries_left", "0 to 10")?;
        require(code.uses_left <= 100, "unblock_code.uses_left", "0 to 100")
    }

    fn check_situations(&self) -> Result<(), ProfileError> {
        let mut seen = [false; 17];
        for situation in &self.situations {
            let slot = seen
                .get_mut(usize::from(situation.number))
                .filter(|_| situation.number > 0);
            require(
                slot.is_some_and(|seen| !std::mem::replace(seen, true)),
                "situations[].number",
                "1 to 16, each once",
            )?;
            require(
                situation.structure_name.len() <= 60,
                "situations[].structure_name",
                "at most 60 bytes",
            )?;
            require(
                situation.structure_id.is_ascii() && situation.structure_id.len() <= 20,
                "situations[].structure_id",
                "at most 20 ASCII characters",
            )?;
            require(
                situation.sector.is_ascii() && situation.sector.len() == 4,
                "situations[].sector",
                "4 ASCII characters",
            )?;
        }
        Ok(())
    }

    /// Makes paths in `keys` relative to the profile's folder.
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        let keys = [&mut self.keys.authentication, &mut self.keys.signature];
        for key in keys.into_iter().flatten() {
            for source in [&mut key.certificate, &mut key.private_key] {
                if let Source::Path(path) = source {
                    *path = folder.join(&*path);
                }
            }
        }
    }
}

impl Person {
    fn check(&self) -> Result<(), ProfileError> {
        require(
            self.national_id.is_ascii() && (2..=30).contains(&self.national_id.len()),
            "person.national_id",
            "2 to 30 ASCII characters, the type digit first",
        )?;
        for (field, name) in [
            ("person.family_name", &self.family_name),
            ("person.given_name", &self.given_name),
            ("person.pseudonym", &self.pseudonym),
            ("person.title", &self.title),
            ("person.organization", &self.organization),
            ("person.structure_id", &self.structure_id),
        ] {
            require(
                name.as_ref()
                    .is_none_or(|name| (1..=60).contains(&name.len())),
                field,
                "1 to 60 bytes",
            )?;
        }
        require(
            self.skills
                .iter()
                .all(|skill| skill.is_ascii() && skill.len() == 4),
            "person.skills",
            "codes of 4 ASCII characters",
        )?;
        require(
            self.language.is_ascii() && self.language.len() == 2,
            "person.language",
            "2 ASCII characters",
        )
    }
}

/// A day as `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<time::Date> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    time::Date::parse(text, format).ok()
}
