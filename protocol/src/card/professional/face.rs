//! What the models of professional cards do differently below PKCS#15, as one table: protocol and
//! logical channel, how a file is selected, which application is the holder's, whether there are
//! update dates, and which algorithms a key signs with. [`Face`] follows from the answer to reset.

use super::{Assurance, cps4};
use crate::algorithm::SignatureAlgorithm;
use crate::card::apdu::TransmissionProtocol;
use crate::card::ef_dir;
use crate::card::error::CardError;
use crate::card::exchange::Exchange;
use crate::card::file::{CardFile, FilePath};
use crate::card::model::CardModel;
use crate::card::reading::Extent;
use crate::card::tlv::TlvError;
use crate::card::transport::Transport;

/// The way in which a card is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// IAS-ECC by contacts, T=0.
    Cps3,
    /// The same card without contacts, T=1: a technical key and no PIN.
    Contactless,
    /// ChipDoc by contacts, on logical channel 1.
    Cps4,
}

impl Face {
    /// The face of a model; `None` for what is no CPS.
    pub(super) fn of(model: CardModel) -> Option<Self> {
        match model {
            CardModel::Cps3 | CardModel::CpsUnknownRevision => Some(Self::Cps3),
            CardModel::Cps3Contactless | CardModel::CpsContactlessUnknownRevision => {
                Some(Self::Contactless)
            }
            CardModel::Cps4 => Some(Self::Cps4),
            _ => None,
        }
    }

    /// The protocol where the transport does not say it. Two of the three CPS4 offer both, and the
    /// issuer's module then speaks T=1; the third is the reason why a transport should say.
    pub(super) fn usual_protocol(self) -> TransmissionProtocol {
        match self {
            Self::Cps3 => TransmissionProtocol::T0,
            Self::Contactless | Self::Cps4 => TransmissionProtocol::T1,
        }
    }

    pub(super) fn channel(self) -> u8 {
        match self {
            Self::Cps3 | Self::Contactless => 0,
            Self::Cps4 => cps4::CHANNEL,
        }
    }

    pub(super) fn assurance(self) -> Assurance {
        match self {
            Self::Cps3 | Self::Cps4 => Assurance::Holder,
            Self::Contactless => Assurance::CardOnly,
        }
    }

    /// Whether EF_ACTUA says when the card was updated.
    pub(super) fn has_update_dates(self) -> bool {
        self == Self::Cps3
    }

    /// Whether another program can leave the card in an application where ours answers `6985`.
    pub(super) fn can_lose_its_application(self) -> bool {
        self == Self::Cps4
    }

    /// Whether the folder stays selected from one signature to the next, so that selecting it again
    /// is only needed when a signature fails.
    pub(super) fn keeps_its_folder(self) -> bool {
        self == Self::Cps4
    }

    /// The application identifier of the holder's PKCS#15 application.
    pub(super) fn application_identifier(self) -> &'static [u8] {
        match self {
            Self::Cps3 | Self::Cps4 => &ef_dir::CPS_APPLICATION,
            Self::Contactless => &ef_dir::CPS_CONTACTLESS_APPLICATION,
        }
    }

    /// Where reading EF.DIR may stop.
    pub(super) fn until_application(self) -> fn(&[u8]) -> Result<Extent, TlvError> {
        match self {
            Self::Cps3 | Self::Cps4 => ef_dir::until_cps_application,
            Self::Contactless => ef_dir::until_contactless_application,
        }
    }

    /// What the holder's keys sign with, the preferred algorithm first.
    pub(super) fn offered_algorithms(self) -> &'static [SignatureAlgorithm] {
        match self {
            // The card pads by itself, and only this way.
            Self::Cps3 => &[SignatureAlgorithm::RsaPkcs1Sha256],
            Self::Cps4 => &[
                SignatureAlgorithm::RsaPkcs1Sha256,
                SignatureAlgorithm::RsaPssSha256,
            ],
            Self::Contactless => &[],
        }
    }

    /// What comes before the first file.
    pub(super) fn enter<T: Transport + ?Sized>(
        self,
        exchange: &mut Exchange<'_, T>,
    ) -> Result<(), CardError> {
        match self {
            Self::Cps3 | Self::Contactless => Ok(()),
            Self::Cps4 => cps4::enter(exchange),
        }
    }

    /// Brings the application back that another program took away.
    pub(super) fn enter_again<T: Transport + ?Sized>(
        self,
        exchange: &mut Exchange<'_, T>,
    ) -> Result<(), CardError> {
        match self {
            Self::Cps3 | Self::Contactless => Ok(()),
            Self::Cps4 => cps4::enter_again(exchange),
        }
    }

    /// Selects a file.
    pub(super) fn select<T: Transport + ?Sized>(
        self,
        exchange: &mut Exchange<'_, T>,
        file: CardFile,
        path: &FilePath,
    ) -> Result<(), CardError> {
        match self {
            Self::Cps3 | Self::Contactless => exchange.select(file, path),
            Self::Cps4 => exchange.select_with(file, &cps4::select_file(path)?),
        }
    }

    /// Selects the folder of the application, where the keys are.
    pub(super) fn select_folder<T: Transport + ?Sized>(
        self,
        exchange: &mut Exchange<'_, T>,
        path: &FilePath,
    ) -> Result<(), CardError> {
        let file = CardFile::Application;
        match self {
            Self::Cps3 | Self::Contactless => exchange.select(file, path),
            Self::Cps4 => exchange.select_with(file, &cps4::select_folder(path)?),
        }
    }
}
