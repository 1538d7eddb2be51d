//! The cards of health professionals, all models behind one type. Two states: [`ProfessionalCard`],
//! opened, gives what is public; [`VerifiedCard`], made only by a right PIN, borrows the opened one
//! and gives practice situations and signatures. What a model does in its own way (how files are
//! named, how the PIN's counter is read, which commands sign) is in its face and the module of
//! that name; PKCS#15 is read the same way on all of them. Files are found through EF.DIR, EF.OD and
//! the directories; keys by the use that their certificate states, joined by PKCS#15 identifier.
//!
//! A contactless card proves that the card is there and not who holds it: it has no PIN, so it can
//! never become a [`VerifiedCard`], and its only signature is a [`TechnicalSignature`].
//!
//! Refused: cards of other models, cards without the issuer prefix in EF.SN, a PIN to an unknown
//! revision.

mod code_change;
mod contactless;
mod content;
mod cps3;
mod cps4;
mod face;
mod identifiers;
mod keypad;
mod legacy_lot;
mod presentation;
mod signature;

use serde::Serialize;

use super::cache::{CardCache, CardContent};
use super::ef_actua::LastUpdate;
use super::error::CardError;
use super::exchange::Exchange;
use super::file::{CardFile, FilePath};
use super::model::CardModel;
use super::reading::{ReadPlan, one_object};
use super::serial::CardSerial;
use super::status::StatusMeaning;
use super::transport::Transport;
use face::Face;

pub use contactless::TechnicalSignature;
pub use content::CardCertificates;
pub use presentation::{LastTry, ProvenPin, ProvenPinRefused, VerifiedCard};
pub use signature::{AuthenticationSignature, DocumentSignature};

/// A professional's card, opened: its serial number is known and it has the issuer's prefix. Borrows
/// its transport until it is dropped.
pub struct ProfessionalCard<'t, T: Transport + ?Sized> {
    exchange: Exchange<'t, T>,
    face: Face,
    model: CardModel,
    serial: CardSerial,
    last_update: LastUpdate,
    content: CardContent,
    /// Whether the application's folder was the last thing selected, by this program.
    in_application: bool,
    /// Whether this operation may still bring back an application that another program took away.
    may_recover: bool,
}

/// What a card can prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// That its holder, who knows the PIN, is there.
    Holder,
    /// That the card is there, in anybody's hand.
    CardOnly,
}

impl<'t, T: Transport + ?Sized> ProfessionalCard<'t, T> {
    /// Opens a card that answered its reset as `model`: reads EF.SN, and EF_ACTUA where the model
    /// has one. At most 4 commands; a few more on a CPS4 that another program left elsewhere.
    ///
    /// # Errors
    /// [`CardError::NotThisCard`] for a model that is no CPS, or a card of another issuer;
    /// [`CardError::UpdateInterrupted`] for an empty EF_ACTUA.
    pub fn open(transport: &'t mut T, model: CardModel) -> Result<Self, CardError> {
        let face = Face::of(model).ok_or(CardError::NotThisCard { model })?;
        let protocol = transport.agreed_protocol().unwrap_or(face.usual_protocol());
        let mut exchange = Exchange::new(transport, protocol).on_channel(face.channel());
        face.enter(&mut exchange)?;
        let serial = match read_serial(face, &mut exchange, model) {
            Err(error) if has_lost_its_application(face, &error) => {
                face.enter_again(&mut exchange)?;
                read_serial(face, &mut exchange, model)?
            }
            result => result?,
        };
        let last_update = if face.has_update_dates() {
            read_last_update(face, &mut exchange)?
        } else {
            LastUpdate::Never
        };
        Ok(Self {
            exchange,
            face,
            model,
            serial,
            last_update,
            content: CardContent::default(),
            in_application: false,
            may_recover: true,
        })
    }

    /// As [`ProfessionalCard::open`], and takes what `cache` knows of the card if the card was not
    /// updated since: by EF_ACTUA where the model has one, by the last bytes of each certificate
    /// (its issuer's signature, 2 commands each) where it has none.
    ///
    /// # Errors
    /// As [`ProfessionalCard::open`].
    pub fn open_known(
        transport: &'t mut T,
        model: CardModel,
        cache: &CardCache,
    ) -> Result<Self, CardError> {
        let mut card = Self::open(transport, model)?;
        let known = cache.content(&card.serial, model, card.last_update.token());
        if let Some(content) = known
            && (card.face.has_update_dates() || card.has_these_certificates(&content)?)
        {
            card.content = content;
        }
        Ok(card)
    }

    /// Gives `cache` what was read of the card's public content so far.
    pub fn remember(&self, cache: &mut CardCache) {
        cache.store(
            self.serial.clone(),
            self.model,
            self.last_update.token(),
            self.content.clone(),
        );
    }

    /// The model that the answer to reset told.
    #[must_use]
    pub fn model(&self) -> CardModel {
        self.model
    }

    /// What the card can prove.
    #[must_use]
    pub fn assurance(&self) -> Assurance {
        self.face.assurance()
    }

    /// The serial number, eight digits; the same by contacts and without.
    #[must_use]
    pub fn serial(&self) -> &CardSerial {
        &self.serial
    }

    /// When the card's content was last updated in the field; a CPS4 and a contactless card do not
    /// say it.
    #[must_use]
    pub fn last_update(&self) -> &LastUpdate {
        &self.last_update
    }

    /// APDUs sent since the card was opened, GET RESPONSE included.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.exchange.exchanges()
    }

    fn begin_operation(&mut self) {
        self.exchange.begin_operation();
        self.may_recover = true;
    }

    /// Does `attempt`, and once more in this operation if the card says that its application is not
    /// the current one (`6985` on a CPS4). Only for what may be done twice: never for a PIN.
    fn recovering<R>(
        &mut self,
        attempt: impl Fn(&mut Self) -> Result<R, CardError>,
    ) -> Result<R, CardError> {
        match attempt(self) {
            Err(error) if self.may_recover && has_lost_its_application(self.face, &error) => {
                self.may_recover = false;
                self.in_application = false;
                self.face.enter_again(&mut self.exchange)?;
                attempt(self)
            }
            result => result,
        }
    }

    /// Selects a file and reads it as the plan says.
    fn read_file(
        &mut self,
        file: CardFile,
        path: &FilePath,
        plan: &ReadPlan,
    ) -> Result<Vec<u8>, CardError> {
        self.recovering(|card| {
            card.in_application = false;
            card.face.select(&mut card.exchange, file, path)?;
            card.exchange.read(file, plan)
        })
    }
}

impl<T: Transport + ?Sized> std::fmt::Debug for ProfessionalCard<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProfessionalCard")
            .field("model", &self.model)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

fn read_serial<T: Transport + ?Sized>(
    face: Face,
    exchange: &mut Exchange<'_, T>,
    model: CardModel,
) -> Result<CardSerial, CardError> {
    let file = CardFile::SerialNumber;
    let path = in_master_file(identifiers::SERIAL_NUMBER, file)?;
    face.select(exchange, file, &path)?;
    let content = exchange.read(file, &ReadPlan::new(CardSerial::FILE_LENGTH, one_object))?;
    CardSerial::from_file(&content, model)
}

fn read_last_update<T: Transport + ?Sized>(
    face: Face,
    exchange: &mut Exchange<'_, T>,
) -> Result<LastUpdate, CardError> {
    let file = CardFile::UpdateDates;
    let path = in_master_file(identifiers::UPDATE_DATES, file)?;
    match face.select(exchange, file, &path) {
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

/// Whether the card says that another program left it in another application.
fn has_lost_its_application(face: Face, error: &CardError) -> bool {
    matches!(error, CardError::Status { status, .. }
        if status.meaning() == StatusMeaning::ConditionsNotSatisfied)
        && face.can_lose_its_application()
}

fn in_master_file(identifier: u16, file: CardFile) -> Result<FilePath, CardError> {
    FilePath::master_file()
        .child(identifier)
        .ok_or(CardError::Missing { file })
}

#[cfg(test)]
mod tests;
