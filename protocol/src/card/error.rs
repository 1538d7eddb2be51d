//! What can go wrong between a driver and a card, with what a person can act on: which file, which
//! command, which status word. A card is hostile until checked, so each shape of nonsense is a case
//! here; none of them is a panic.

use paraphe_certs::{CertificateError, HolderError};

use super::apdu::{ApduError, Instruction};
use super::file::CardFile;
use super::model::CardModel;
use super::pin::PinFormatError;
use super::pinpad::{PinpadError, PinpadOutcome};
use super::status::StatusWord;
use super::tlv::TlvError;
use super::transport::TransportError;
use crate::algorithm::SignatureAlgorithm;

/// Why a card operation did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// The exchange failed below the card.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer had no status word: the card is gone, whatever the reader said.
    #[error("the card stopped answering during {command}")]
    LostCard {
        /// The command that got no answer.
        command: Instruction,
    },
    /// A command that carries a code was sent and its answer was lost: the card may have counted a
    /// try, or accepted the code.
    #[error("the answer to {command}, which carries a code, was lost: {reason}")]
    AnswerLost {
        /// The command.
        command: Instruction,
        /// What happened below the card.
        reason: TransportError,
    },
    /// A command or an answer that short APDUs do not allow.
    #[error(transparent)]
    Apdu(#[from] ApduError),
    /// The card refused a command.
    #[error("the card answered {status} to {command}{}", about(*file))]
    Status {
        /// The command.
        command: Instruction,
        /// The file it was about, if any.
        file: Option<CardFile>,
        /// The card's answer.
        status: StatusWord,
    },
    /// An answer has another length than the card announced or the command asked for.
    #[error("the card answered {length} bytes to {command} where {announced} were due")]
    AnswerLength {
        /// The command.
        command: Instruction,
        /// Bytes announced or asked for.
        announced: u16,
        /// Bytes received.
        length: usize,
    },
    /// The card went on announcing more data beyond 32 GET RESPONSE or 64 KiB.
    #[error("the card's answer to {command} does not end")]
    AnswerTooLong {
        /// The command.
        command: Instruction,
    },
    /// The operation used up its exchanges: no honest card needs that many.
    #[error("the operation needs more exchanges than any real card does")]
    TooManyExchanges,
    /// A file that must be there is not.
    #[error("{file} is not on the card")]
    Missing {
        /// The file.
        file: CardFile,
    },
    /// A file, or what it announces, goes beyond 64 KiB or the reach of a 15-bit offset.
    #[error("{file} is too large")]
    TooLarge {
        /// The file.
        file: CardFile,
    },
    /// The content of a file is not what its standard says.
    #[error("{file} cannot be read: {reason}")]
    Malformed {
        /// The file.
        file: CardFile,
        /// What is wrong with it.
        reason: MalformedReason,
    },
    /// The card is not of the kind that this driver drives.
    #[error("this is not a card that the driver knows (recognised as {model})")]
    NotThisCard {
        /// What the answer to reset said.
        model: CardModel,
    },
    /// The card belongs to a revision that this driver has not been tried with: it is read, never
    /// given a PIN.
    #[error("{model} is read but never given a PIN")]
    ReadOnlyRevision {
        /// What the answer to reset said.
        model: CardModel,
    },
    /// EF_ACTUA is empty: an update of the card began and did not end. The issuer's own software
    /// refuses such a card.
    #[error("an update of the card was interrupted")]
    UpdateInterrupted,
    /// The PIN does not have the form this card wants. The card was not asked.
    #[error(transparent)]
    PinFormat(#[from] PinFormatError),
    /// The card has no PIN of its holder.
    #[error("the card has no PIN")]
    NoPin,
    /// No try is left.
    #[error("the PIN is blocked")]
    PinBlocked,
    /// One try is left and the caller did not confirm that it may be spent. The card was not asked.
    #[error("one try is left and was not confirmed")]
    LastTryNotConfirmed,
    /// The PIN is wrong.
    #[error("the PIN is wrong, {tries_left} tries left")]
    WrongPin {
        /// Tries left after this one; 0 means that it is blocked now.
        tries_left: u8,
    },
    /// The card has no code that unblocks its PIN.
    #[error("the card has no unblocking code")]
    NoUnblockingCode,
    /// The unblocking code cannot be used any more: no try or no use is left.
    #[error("the unblocking code is used up ({tries_left} tries, {} left)", uses(*uses_left))]
    UnblockingCodeBlocked {
        /// Tries left.
        tries_left: u8,
        /// Uses left where the card limits them.
        uses_left: Option<u16>,
    },
    /// The last try or use of the unblocking code is left and the caller did not confirm that it may
    /// be spent. The card was not asked.
    #[error(
        "the last try or use of the unblocking code was not confirmed ({tries_left} tries, {} left)",
        uses(*uses_left)
    )]
    LastUnblockingNotConfirmed {
        /// Tries left.
        tries_left: u8,
        /// Uses left where the card limits them.
        uses_left: Option<u16>,
    },
    /// The unblocking code is wrong.
    #[error("the unblocking code is wrong, {tries_left} tries left ({} before it)", uses(*uses_left))]
    WrongUnblockingCode {
        /// Tries left after this one; 0 means that the code is blocked for good.
        tries_left: u8,
        /// Uses that were left before this one, where the card limits them.
        uses_left: Option<u16>,
    },
    /// The reader's keypad cannot be used for this card's PIN. The card was not asked.
    #[error(transparent)]
    Pinpad(#[from] PinpadError),
    /// A CPS4 is given no PIN by a keypad: the issuer's own software refuses it too.
    #[error("this card takes no PIN from a reader's keypad")]
    NoPinpadEntry,
    /// The person, or the keypad, ended the entry. The card was not asked.
    #[error("{outcome}")]
    PinpadEntry {
        /// How.
        outcome: PinpadOutcome,
    },
    /// A PIN that was right for one card was offered to another. The card was not asked.
    #[error("the PIN belongs to another card")]
    PinOfAnotherCard,
    /// The card no longer holds the PIN as verified: it was reset, or another program took it.
    #[error("the card no longer holds the PIN as verified")]
    PinNotVerified,
    /// No certificate of the card has the wanted use.
    #[error("the card has no {purpose} certificate")]
    CertificateNotFound {
        /// The use.
        purpose: KeyPurpose,
    },
    /// The authentication certificate does not state an identity that can be read.
    #[error(transparent)]
    Holder(#[from] HolderError),
    /// No private key of the card belongs to the certificate with the wanted use.
    #[error("the card has no {purpose} key")]
    KeyNotFound {
        /// The use.
        purpose: KeyPurpose,
    },
    /// The key does not sign with this algorithm.
    #[error("the card's {purpose} key does not sign with {algorithm}")]
    AlgorithmNotOffered {
        /// The use of the key.
        purpose: KeyPurpose,
        /// What was asked for.
        algorithm: SignatureAlgorithm,
    },
    /// The card has no technical key that works without PIN: only its contactless face has one.
    #[error("the card has no technical key")]
    NoTechnicalKey,
    /// The signature that came back does not verify with the technical certificate.
    #[error("the card's technical signature does not verify with its certificate")]
    TechnicalSignatureInvalid,
    /// The signature that came back does not verify with the card's own certificate.
    #[error("the card's {purpose} signature does not verify with its certificate")]
    SignatureInvalid {
        /// The use of the key.
        purpose: KeyPurpose,
    },
}

/// What is wrong with the content of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedReason {
    /// Not BER-TLV.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// Not a certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Something that must be there is not.
    #[error("no {what}")]
    Missing {
        /// What, in the words of its standard.
        what: &'static str,
    },
    /// A value outside what its standard, or this program, allows.
    #[error("invalid {what}")]
    Invalid {
        /// What, in the words of its standard.
        what: &'static str,
    },
}

/// The use of a key, as its certificate states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPurpose {
    /// Proves who is there; never signs a document.
    Authentication,
    /// Signs documents (nonRepudiation); never logs in.
    Signature,
}

impl std::fmt::Display for KeyPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Authentication => "authentication",
            Self::Signature => "signature",
        })
    }
}

impl CardError {
    pub(crate) fn malformed(file: CardFile, reason: impl Into<MalformedReason>) -> Self {
        Self::Malformed {
            file,
            reason: reason.into(),
        }
    }

    pub(crate) fn missing(file: CardFile, what: &'static str) -> Self {
        Self::Malformed {
            file,
            reason: MalformedReason::Missing { what },
        }
    }

    pub(crate) fn invalid(file: CardFile, what: &'static str) -> Self {
        Self::Malformed {
            file,
            reason: MalformedReason::Invalid { what },
        }
    }
}

fn uses(left: Option<u16>) -> String {
    left.map_or_else(
        || "unlimited uses".to_owned(),
        |left| format!("{left} uses"),
    )
}

fn about(file: Option<CardFile>) -> String {
    file.map(|file| format!(" for {file}")).unwrap_or_default()
}
