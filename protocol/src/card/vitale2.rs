//! The Vitale 2 as public readers know it: identity records (`D001` of the MF_VITALE application)
//! and NIR records (short identifier 2 of the VITALE application), templates `65`, the rights
//! holder first, both files in the same order. T=0, no PIN. Everything read is the card's unsigned
//! word. Refused: guessing. Dates stay the card's text (lunar months and days exist), a dependant
//! never gets the holder's number, and where the two files do not match one to one no dependant
//! gets any. Vitale 1 is not driven.

use std::fmt;

use serde::Serialize;

use super::apdu::{Command, Instruction, TransmissionProtocol};
use super::error::CardError;
use super::exchange::Exchange;
use super::file::CardFile;
use super::model::CardModel;
use super::reading::{ReadPlan, series_of_objects};
use super::text;
use super::tlv::{self, Element, Tail};
use super::transport::Transport;
use crate::identifiers::Nir;

/// `D2 50 00 00 02` and "MF_VITALE".
const MASTER_APPLICATION: [u8; 14] = *b"\xD2\x50\x00\x00\x02MF_VITALE";
/// `D2 50 00 00 02` and "VITALE".
const VITALE_APPLICATION: [u8; 11] = *b"\xD2\x50\x00\x00\x02VITALE";
/// The identity records.
const IDENTITY_FILE: [u8; 2] = [0xD0, 0x01];
/// Short identifier of the identity records at the master file, and of the NIR records in the
/// application.
const RECORDS: u8 = 2;
/// People on one card.
const MAX_BENEFICIARIES: usize = 20;

/// A Vitale 2, opened: its application answered.
pub struct Vitale2<'t, T: Transport + ?Sized> {
    exchange: Exchange<'t, T>,
    model: CardModel,
    /// Whether MF_VITALE is the selected application, as it is behind `open`.
    at_master_application: bool,
}

/// What a Vitale 2 says without a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VitaleData {
    /// The rights holder first, then the dependants, in the card's order. At least one.
    pub beneficiaries: Vec<Beneficiary>,
}

/// A person on a Vitale card. Unsigned and unverified.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Beneficiary {
    /// Family name as on the card.
    pub family_name: String,
    /// Given name as on the card.
    pub given_name: String,
    /// Birth date as on the card, AAAAMMJJ; month and day may be outside any calendar. Empty where
    /// the card has none.
    pub birth_date: String,
    /// The person's own number. Absent where the card has none for this person, or none that can be
    /// read.
    pub nir: Option<Nir>,
    /// Whether this is the rights holder.
    pub is_holder: bool,
}

impl fmt::Debug for Beneficiary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beneficiary")
            .field("is_holder", &self.is_holder)
            .field("has_nir", &self.nir.is_some())
            .finish_non_exhaustive()
    }
}

impl<'t, T: Transport + ?Sized> Vitale2<'t, T> {
    /// Opens a card that answered its reset as `model`, by selecting the MF_VITALE application.
    ///
    /// # Errors
    /// [`CardError::NotThisCard`] for another model or a card without the application.
    pub fn open(transport: &'t mut T, model: CardModel) -> Result<Self, CardError> {
        if !matches!(
            model,
            CardModel::Vitale2 | CardModel::Vitale2UnknownRevision
        ) {
            return Err(CardError::NotThisCard { model });
        }
        let mut exchange = Exchange::new(transport, TransmissionProtocol::T0);
        match exchange.select_with(
            CardFile::VitaleApplication,
            &select_application(&MASTER_APPLICATION)?,
        ) {
            Ok(()) => Ok(Self {
                exchange,
                model,
                at_master_application: true,
            }),
            Err(CardError::Missing { .. }) => Err(CardError::NotThisCard { model }),
            Err(error) => Err(error),
        }
    }

    /// The model that the answer to reset told.
    #[must_use]
    pub fn model(&self) -> CardModel {
        self.model
    }

    /// APDUs sent since the card was opened, GET RESPONSE included.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.exchange.exchanges()
    }

    /// Reads the people on the card.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for records that are not BER-TLV, or no record at all; whatever the
    /// exchange meets. A card that keeps its NIR records to itself is no error: the numbers are
    /// absent.
    pub fn read(&mut self) -> Result<VitaleData, CardError> {
        self.exchange.begin_operation();
        if !std::mem::replace(&mut self.at_master_application, false) {
            let select = select_application(&MASTER_APPLICATION)?;
            self.exchange
                .select_with(CardFile::VitaleApplication, &select)?;
        }
        let identities = self.identity_records()?;
        let numbers = self.nir_records()?;
        beneficiaries(&identities, numbers.as_deref())
    }

    fn identity_records(&mut self) -> Result<Vec<u8>, CardError> {
        let file = CardFile::VitaleIdentity;
        let select = Command::new(Instruction::Select, 0x02, 0x00).with_data(&IDENTITY_FILE)?;
        let plan = match self.exchange.select_with(file, &select) {
            Ok(()) => ReadPlan::new(256, series_of_objects),
            // Some cards are only known to be read by short identifier.
            Err(CardError::Missing { .. }) => ReadPlan {
                short_identifier: Some(RECORDS),
                ..ReadPlan::new(256, series_of_objects)
            },
            Err(error) => return Err(error),
        };
        self.exchange.read(file, &plan)
    }

    /// `None` where the card has no NIR records or does not let them be read.
    fn nir_records(&mut self) -> Result<Option<Vec<u8>>, CardError> {
        let file = CardFile::VitaleNir;
        let plan = ReadPlan {
            short_identifier: Some(RECORDS),
            ..ReadPlan::new(256, series_of_objects)
        };
        let select = select_application(&VITALE_APPLICATION)?;
        let content = self
            .exchange
            .select_with(file, &select)
            .and_then(|()| self.exchange.read(file, &plan));
        match content {
            Ok(content) => Ok(Some(content)),
            Err(CardError::Missing { .. } | CardError::Status { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<T: Transport + ?Sized> fmt::Debug for Vitale2<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vitale2")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Puts identity records and NIR records together. Public for fuzzing and for content read by other
/// means.
///
/// # Errors
/// [`CardError::Malformed`] for records that are not BER-TLV, more than 20 of them, or none.
pub fn beneficiaries(identities: &[u8], numbers: Option<&[u8]>) -> Result<VitaleData, CardError> {
    let file = CardFile::VitaleIdentity;
    let identities = records(identities, file)?;
    let numbers = numbers
        .map(|numbers| records(numbers, CardFile::VitaleNir))
        .transpose()?
        .unwrap_or_default();
    if identities.is_empty() {
        return Err(CardError::missing(file, "record (template 65)"));
    }
    if identities.len() > MAX_BENEFICIARIES {
        return Err(CardError::invalid(file, "number of records"));
    }
    let same_order = numbers.len() == identities.len();
    let holder_nir = numbers.first().and_then(nir);
    let beneficiary = |(position, record): (usize, &Element<'_>)| {
        let is_holder = position == 0;
        let nir = if is_holder {
            holder_nir.clone()
        } else {
            // The holder's number in a dependant's record is the holder's: dependants without one
            // have it there.
            numbers
                .get(position)
                .filter(|_| same_order)
                .and_then(nir)
                .filter(|own| Some(own) != holder_nir.as_ref())
        };
        let field = |tag| {
            record
                .child(tag)
                .map(|field| text::from_card(field.value()))
                .unwrap_or_default()
        };
        Beneficiary {
            family_name: field(0x80),
            given_name: field(0x81),
            birth_date: field(0x82),
            nir,
            is_holder,
        }
    };
    Ok(VitaleData {
        beneficiaries: identities.iter().enumerate().map(beneficiary).collect(),
    })
}

fn records(content: &[u8], file: CardFile) -> Result<Vec<Element<'_>>, CardError> {
    let elements =
        tlv::parse(content, Tail::Zeros).map_err(|error| CardError::malformed(file, error))?;
    Ok(elements
        .into_iter()
        .filter(|element| element.is(0x65))
        .collect())
}

/// Tag `93`: 15 characters, number and key.
fn nir(record: &Element<'_>) -> Option<Nir> {
    text::from_card(record.child(0x93)?.value()).parse().ok()
}

fn select_application(identifier: &[u8]) -> Result<Command, CardError> {
    Ok(Command::new(Instruction::Select, 0x04, 0x00).with_data(identifier)?)
}

#[cfg(test)]
mod tests;
