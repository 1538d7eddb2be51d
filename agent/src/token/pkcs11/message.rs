//! What the agent asks of the helper of a module, and what it answers: JSON, strict in both directions (unknown and missing
//! members refused, lists bounded by the frame). Each answer carries the number of its call, so that what comes twice or
//! late is recognised. A secret is never in a message: it travels beside it.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::trusted_file::FileFault;

/// A call and its number.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) call: Call,
}

/// An answer, with the number of the call that it belongs to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) number: u64,
    pub(super) result: Result<Answer, Refusal>,
}

/// What the agent asks.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum Call {
    /// Load and initialise the module; the first call, once.
    Load {
        /// Its file.
        file: PathBuf,
    },
    /// Which slots hold a token.
    Slots,
    /// The certificates of a token, and what it signs with.
    Certificates {
        /// Which token must be there.
        token: Identity,
    },
    /// Log in, with the first secret or, without one, on the reader's own keypad.
    Unlock {
        /// Which token must be there.
        token: Identity,
        /// Whether the person confirmed that the last try may be spent.
        last_try_confirmed: bool,
    },
    /// A signature by the key that belongs to a certificate. After `Unlock`.
    Sign {
        /// CKA_ID of certificate and key.
        identifier: Bytes,
        /// How.
        algorithm: SignatureAlgorithm,
        /// What is hashed and signed.
        to_be_signed: Bytes,
    },
    /// The data objects with the practice situations. After `Unlock`.
    PracticeSituations,
    /// Log out.
    Lock,
    /// Give the token a new PIN, the second secret, by the present one, the first.
    SetPin {
        /// Which token must be there.
        token: Identity,
        /// Whether the person confirmed that the last try may be spent.
        last_try_confirmed: bool,
    },
}

/// What the helper answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) enum Answer {
    /// Nothing to tell.
    Done,
    /// The module's own description and version.
    Loaded {
        description: String,
        version: String,
    },
    Slots(Vec<SlotState>),
    Certificates {
        certificates: Vec<StoredCertificate>,
        /// What the slot's mechanisms make of keys that suit them.
        algorithms: Vec<SignatureAlgorithm>,
    },
    Signature(Bytes),
    PracticeSituations(Vec<StoredObject>),
}

/// Why the helper did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) enum Refusal {
    /// The module's file breaks a rule.
    #[error("{0}")]
    File(FileFault),
    /// The module cannot be loaded or initialised.
    #[error("the module cannot be loaded: {detail}")]
    NotLoadable { detail: String },
    /// There is no token in the slot.
    #[error("the token was removed")]
    TokenRemoved,
    /// Another token is in the slot.
    #[error("another token is in the slot")]
    TokenChanged,
    /// The PIN is wrong.
    #[error("the PIN is wrong")]
    PinWrong { tries: Tries },
    /// The PIN is blocked.
    #[error("the PIN is blocked")]
    PinBlocked,
    /// The last try is left and nobody confirmed that it may be spent. The token was not asked.
    #[error("the last try was not confirmed")]
    LastTryNotConfirmed,
    /// The PIN has not the form that the token wants.
    #[error("the PIN has not the form that the token wants")]
    PinForm,
    /// The person ended the entry at the keypad.
    #[error("the entry on the keypad was ended")]
    EntryCancelled,
    /// No private key, or more than one, has the certificate's CKA_ID.
    #[error("{found} private keys have the identifier of the certificate")]
    KeyNotFound { found: u32 },
    /// The slot has no mechanism for the algorithm.
    #[error("no mechanism of the token signs by {algorithm}")]
    AlgorithmNotOffered { algorithm: SignatureAlgorithm },
    /// The key wants the PIN at each signature, and the module has no mechanism that hashes by itself, without which no safe
    /// call has room for it.
    #[error("the key wants the PIN at each signature, and the module cannot hash by itself")]
    KeyWantsPinEachTime,
    /// The token is not unlocked.
    #[error("the token is not unlocked")]
    Locked,
    /// The module refused a call, in its own words.
    #[error("{function}: {code}")]
    Refused { function: String, code: String },
    /// The call is none, or out of place.
    #[error("a call that the helper does not understand")]
    NotACall,
}

/// A token in a slot, told apart from any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// CK_SLOT_ID.
    pub(crate) slot: u64,
    pub(crate) label: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) serial: String,
}

/// A slot with a token in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotState {
    /// slotDescription: with most modules the reader's name, cut at 64 bytes.
    pub(crate) description: String,
    pub(crate) token: Identity,
    pub(crate) tries: Tries,
    /// CKF_PROTECTED_AUTHENTICATION_PATH: the PIN is typed on the reader.
    pub(crate) keypad: bool,
    /// ulMinPinLen and ulMaxPinLen.
    pub(crate) pin_bytes: [usize; 2],
}

/// What the token's flags say of the tries left. The number itself is not known to PKCS#11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tries {
    /// None of the flags.
    Several,
    /// CKF_USER_PIN_COUNT_LOW: missed since the last right entry.
    Few,
    /// CKF_USER_PIN_FINAL_TRY.
    Last,
    /// CKF_USER_PIN_LOCKED.
    Blocked,
}

/// A certificate of a token, not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredCertificate {
    /// CKA_ID.
    pub(crate) identifier: Bytes,
    /// CKA_VALUE.
    pub(crate) der: Bytes,
}

/// A data object of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredObject {
    /// CKA_LABEL.
    pub(crate) label: String,
    /// CKA_VALUE.
    pub(crate) value: Bytes,
}

/// Bytes, base64 in JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_protocol::algorithm::SignatureAlgorithm;

    use super::{Answer, Bytes, Call, Reply, Request};

    #[test]
    fn messages_come_out_as_they_went_in() {
        let request = Request {
            number: 7,
            call: Call::Sign {
                identifier: Bytes(vec![0x01, 0xFF]),
                algorithm: SignatureAlgorithm::EcdsaP256Sha256,
                to_be_signed: Bytes(b"message".to_vec()),
            },
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    }

    #[test]
    fn what_is_not_exactly_an_answer_is_refused() {
        let answer = r#"{"number":1,"result":{"Ok":"done"}}"#;
        assert_eq!(
            serde_json::from_str::<Reply>(answer).unwrap().result,
            Ok(Answer::Done)
        );
        for text in [
            r#"{"number":1,"result":{"Ok":"done"},"more":1}"#,
            r#"{"number":1,"result":{"Ok":"done","Err":"locked"}}"#,
            r#"{"number":-1,"result":{"Ok":"done"}}"#,
            r#"{"number":1,"result":{"Ok":{"signature":"=="}}}"#,
            r#"{"number":1,"result":{"Ok":{"loaded":{"description":"a","version":"b","more":"c"}}}}"#,
            r#"{"result":{"Ok":"done"}}"#,
            r#"{"number":1,"result":{"Ok":"done"}}{}"#,
            "",
        ] {
            assert!(serde_json::from_str::<Reply>(text).is_err(), "{text}");
        }
    }
}
