//! Cards, from the byte up: command and response APDUs, BER-TLV, PKCS#15, and the drivers of
//! professionals' cards ([`ProfessionalCard`]: CPS3 by contacts and without, CPS4) and of the Vitale
//! 2.
//!
//! A driver works over a [`Transport`], which carries one command at a time, and is told which card
//! it has by a [`CardModel`] made from the answer to reset. It treats the card as hostile: every
//! length, depth, count and number of exchanges is bounded, and whatever the card sends is data or
//! a [`CardError`]. Nothing is written to a card but its codes.
//!
//! ```no_run
//! use paraphe_protocol::card::{Atr, CardError, CardModel, LastTry, Pin, ProfessionalCard, Transport};
//! use paraphe_protocol::digest::Sha256Digest;
//!
//! fn sign(transport: &mut dyn Transport, atr: &Atr, pin: Pin, digest: &Sha256Digest) -> Result<Vec<u8>, CardError> {
//!     let mut card = ProfessionalCard::open(transport, CardModel::identify(atr))?;
//!     let mut verified = card.verify_pin(pin, LastTry::Refused)?;
//!     Ok(verified.sign_signature(digest)?.into_bytes())
//! }
//! ```

mod apdu;
mod atr;
mod cache;
mod ef_actua;
mod ef_atr;
pub mod ef_dir;
mod error;
mod exchange;
mod fcp;
mod file;
mod model;
mod pin;
mod pin_counters;
pub mod pinpad;
pub mod pkcs15;
mod practice_situation;
pub mod professional;
mod professional_data;
mod reading;
mod serial;
mod status;
pub(crate) mod text;
pub mod tlv;
pub mod transcript;
mod transport;
pub mod vitale2;

pub use apdu::{ApduError, Command, Instruction, Response, TransmissionProtocol};
pub use atr::{Atr, AtrError};
pub use cache::CardCache;
pub use ef_actua::{LastUpdate, UpdateDates};
pub use ef_atr::CardCapabilities;
pub use error::{CardError, KeyPurpose, MalformedReason};
pub use exchange::{
    Exchange, MAX_ANSWER, MAX_EXCHANGES_PER_OPERATION, MAX_EXCHANGES_PER_SESSION, MAX_GET_RESPONSE,
};
pub use fcp::{FcpError, FileControlParameters};
pub use file::{CardFile, FilePath};
pub use model::CardModel;
pub use pin::{Pin, PinFormat, PinFormatError, UnblockingCode};
pub use pin_counters::PinCounters;
pub use practice_situation::PracticeSituation;
pub use professional::{
    Assurance, AuthenticationSignature, CardCertificates, DocumentSignature, LastTry,
    ProfessionalCard, ProvenPin, ProvenPinRefused, TechnicalSignature, VerifiedCard,
};
pub use professional_data::{CardIdentification, ProfessionalInfo, ProfessionalName, UnknownTag};
pub use serial::CardSerial;
pub use status::{StatusMeaning, StatusWord};
pub use transport::{Transport, TransportError};
pub use vitale2::{Beneficiary, Vitale2, VitaleData};

#[cfg(test)]
mod tests;
