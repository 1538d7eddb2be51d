//! The CPS3 with contacts: an IAS-ECC card under T=0 with a PKCS#15 application. Two states:
//! [`Cps3`], opened, gives what is public; [`VerifiedCps3`], made only by a right PIN, borrows the
//! opened one and gives practice situations and signatures. Files are found through EF.DIR, EF.OD
//! and the directories; keys by the use that their certificate states, joined by PKCS#15
//! identifier. Refused: cards of other models, cards without the issuer prefix in EF.SN, a PIN to
//! an unknown revision.
//!
//! Commands are those that the issuer's own module was observed to send. Reading a card for the
//! first time takes 9 to 12 commands and one per 256 bytes of certificate; a card seen before takes
//! 3 or 4; a signature takes 4.

mod content;
mod identifiers;
mod signature;
mod verification;

use super::apdu::TransmissionProtocol;
use super::cache::{CardCache, CardContent};
use super::ef_actua::LastUpdate;
use super::error::CardError;
use super::exchange::Exchange;
use super::file::{CardFile, FilePath};
use super::model::CardModel;
use super::reading::{ReadPlan, one_object};
use super::serial::CardSerial;
use super::transport::Transport;

pub use content::CardCertificates;
pub use signature::{AuthenticationSignature, DocumentSignature};
pub use verification::{LastTry, ProvenPin, VerifiedCps3};

/// A CPS3, opened: its serial number is known and it has the issuer's prefix. Borrows its transport
/// until it is dropped.
pub struct Cps3<'t, T: Transport + ?Sized> {
    exchange: Exchange<'t, T>,
    model: CardModel,
    serial: CardSerial,
    last_update: LastUpdate,
    content: CardContent,
}

impl<'t, T: Transport + ?Sized> Cps3<'t, T> {
    /// Opens a card that answered its reset as `model`: reads EF.SN and EF_ACTUA, 3 or 4 commands.
    ///
    /// # Errors
    /// [`CardError::NotThisCard`] for a model that is no CPS with contacts, or a card of another
    /// issuer; [`CardError::UpdateInterrupted`] for an empty EF_ACTUA.
    pub fn open(transport: &'t mut T, model: CardModel) -> Result<Self, CardError> {
        if !matches!(model, CardModel::Cps3 | CardModel::CpsUnknownRevision) {
            return Err(CardError::NotThisCard { model });
        }
        let mut exchange = Exchange::new(transport, TransmissionProtocol::T0);
        let serial = read_serial(&mut exchange, model)?;
        let last_update = read_last_update(&mut exchange)?;
        Ok(Self {
            exchange,
            model,
            serial,
            last_update,
            content: CardContent::default(),
        })
    }

    /// As [`Cps3::open`], and takes what `cache` knows of the card if the card was not updated
    /// since.
    ///
    /// # Errors
    /// As [`Cps3::open`].
    pub fn open_known(
        transport: &'t mut T,
        model: CardModel,
        cache: &CardCache,
    ) -> Result<Self, CardError> {
        let mut card = Self::open(transport, model)?;
        if let Some(content) = cache.content(&card.serial, card.last_update.token()) {
            card.content = content;
        }
        Ok(card)
    }

    /// Gives `cache` what was read of the card's public content so far.
    pub fn remember(&self, cache: &mut CardCache) {
        cache.store(
            self.serial.clone(),
            self.last_update.token(),
            self.content.clone(),
        );
    }

    /// The model that the answer to reset told.
    #[must_use]
    pub fn model(&self) -> CardModel {
        self.model
    }

    /// The serial number, eight digits.
    #[must_use]
    pub fn serial(&self) -> &CardSerial {
        &self.serial
    }

    /// When the card's content was last updated in the field.
    #[must_use]
    pub fn last_update(&self) -> &LastUpdate {
        &self.last_update
    }

    /// APDUs sent since the card was opened, GET RESPONSE included.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.exchange.exchanges()
    }
}

impl<T: Transport + ?Sized> std::fmt::Debug for Cps3<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cps3")
            .field("model", &self.model)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

fn read_serial<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
    model: CardModel,
) -> Result<CardSerial, CardError> {
    let file = CardFile::SerialNumber;
    exchange.select(file, &in_master_file(identifiers::SERIAL_NUMBER, file)?)?;
    let content = exchange.read(file, &ReadPlan::new(CardSerial::FILE_LENGTH, one_object))?;
    CardSerial::from_file(&content, model)
}

fn read_last_update<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
) -> Result<LastUpdate, CardError> {
    let file = CardFile::UpdateDates;
    match exchange.select(file, &in_master_file(identifiers::UPDATE_DATES, file)?) {
        Ok(()) => {}
        Err(CardError::Missing { .. }) => return Ok(LastUpdate::from_file(None)),
        Err(error) => return Err(error),
    }
    // What is not BER-TLV here is kept as the bytes of the first block: it is compared, not
    // understood.
    let content = exchange.read(
        file,
        &ReadPlan::new(LastUpdate::USUAL_LENGTH, identifiers::update_dates_extent),
    )?;
    if content.is_empty() {
        return Err(CardError::UpdateInterrupted);
    }
    Ok(LastUpdate::from_file(Some(content)))
}

fn in_master_file(identifier: u16, file: CardFile) -> Result<FilePath, CardError> {
    FilePath::master_file()
        .child(identifier)
        .ok_or(CardError::Missing { file })
}

#[cfg(test)]
mod tests;
