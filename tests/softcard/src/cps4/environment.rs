//! MANAGE SECURITY ENVIRONMENT of a CPS4: `22 81 B6` with `91 02 algorithm key` before a signature, `22 41 B8` with `83 01 key`
//! before RSA without padding. The signature template names its key with bit 8 set (key 10 is 90), the other one as it is.

use crate::apdu::Command;
use crate::hash_continuation::HashAlgorithm;
use crate::status_word::StatusWord;
use crate::tlv::{self, DataObject};

/// A private key of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyReference {
    /// 10, CPS_PRIV_SIG.
    Signature,
    /// 20, CPS_PRIV_AUT.
    Authentication,
}

impl KeyReference {
    fn from_byte(reference: u8) -> Option<Self> {
        match reference {
            0x10 => Some(Self::Signature),
            0x20 => Some(Self::Authentication),
            _ => None,
        }
    }
}

/// How the card pads the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    Pkcs1,
    Pss,
}

/// A signature algorithm of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignatureAlgorithm {
    pub(super) hash: HashAlgorithm,
    pub(super) padding: Padding,
}

impl SignatureAlgorithm {
    fn from_byte(reference: u8) -> Option<Self> {
        let (hash, padding) = match reference {
            0x0A => (HashAlgorithm::Sha1, Padding::Pkcs1),
            0x15 => (HashAlgorithm::Sha1, Padding::Pss),
            0x28 => (HashAlgorithm::Sha256, Padding::Pkcs1),
            0x2C => (HashAlgorithm::Sha256, Padding::Pss),
            _ => return None,
        };
        Some(Self { hash, padding })
    }
}

/// The templates set so far.
#[derive(Debug, Default)]
pub(super) struct Environment {
    signature: Option<(SignatureAlgorithm, KeyReference)>,
    raw: Option<KeyReference>,
}

impl Environment {
    /// Sets a template. Keys are local to the application: `keys_present` says whether its directory is selected. The
    /// authentication key signs hashes with PSS only (with PKCS#1 the host pads): our choice, the official module does no other.
    pub(super) fn manage(
        &mut self,
        command: &Command,
        keys_present: bool,
    ) -> Result<(), StatusWord> {
        let key = |reference| {
            KeyReference::from_byte(reference)
                .filter(|_| keys_present)
                .ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)
        };
        let objects = tlv::read_all(command.data()?)?;
        match (command.p1, command.p2, objects.as_slice()) {
            (
                0x81,
                0xB6,
                [
                    DataObject {
                        tag: 0x91,
                        value: [algorithm, reference @ 0x80..=0xFF],
                    },
                ],
            ) => {
                let algorithm =
                    SignatureAlgorithm::from_byte(*algorithm).ok_or(StatusWord::INCORRECT_DATA)?;
                let key = key(reference & 0x7F)?;
                if (key, algorithm.padding) == (KeyReference::Authentication, Padding::Pkcs1) {
                    return Err(StatusWord::INCORRECT_DATA);
                }
                self.signature = Some((algorithm, key));
            }
            (
                0x41,
                0xB8,
                [
                    DataObject {
                        tag: 0x83,
                        value: [reference],
                    },
                ],
            ) => self.raw = Some(key(*reference)?),
            (0x81, 0xB6, _) | (0x41, 0xB8, _) => return Err(StatusWord::INCORRECT_DATA),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        Ok(())
    }

    /// The signature template; `6985` when there is none.
    pub(super) fn signature(&self) -> Result<(SignatureAlgorithm, KeyReference), StatusWord> {
        self.signature.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }

    /// The template for RSA without padding; `6985` when there is none.
    pub(super) fn raw(&self) -> Result<KeyReference, StatusWord> {
        self.raw.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }
}
