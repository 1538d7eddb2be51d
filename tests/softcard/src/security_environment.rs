//! MANAGE SECURITY ENVIRONMENT (ISO/IEC 7816-4, 11.5.11): the templates that name algorithm and key before a
//! cryptographic operation.
//!
//! `22 41` with AA (hash), B6 (signature), A4 (authentication) or B8 (confidentiality); data objects 80 (algorithm) and 84
//! (private key) or 83 in any order. `22 F3` restores the empty environment. The environment belongs to the application
//! directory: selecting another directory, or a reset, clears it.

use crate::apdu::Command;
use crate::hash_continuation::HashAlgorithm;
use crate::status_word::StatusWord;
use crate::tlv;

/// Signature algorithm references of the card.
const SIGN_SHA1: u8 = 0x12;
const SIGN_SHA256: u8 = 0x42;
/// Client and server authentication: PKCS#1 v1.5 padding of whatever is given.
const AUTHENTICATE: u8 = 0x02;
/// PKCS#1 v1.5 decipherment.
const DECIPHER: u8 = 0x1A;

/// A private key of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyReference {
    /// 81, CPS_PRIV_SIG.
    Signature,
    /// 82, CPS_PRIV_AUT.
    Authentication,
    /// 83, the technical key of the contactless application.
    Technical,
}

impl KeyReference {
    pub(crate) fn from_byte(reference: u8) -> Option<Self> {
        match reference {
            0x81 => Some(Self::Signature),
            0x82 => Some(Self::Authentication),
            0x83 => Some(Self::Technical),
            _ => None,
        }
    }
}

/// The templates set so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct SecurityEnvironment {
    hash: Option<HashAlgorithm>,
    signature: Option<(HashAlgorithm, KeyReference)>,
    authentication: Option<KeyReference>,
    confidentiality: Option<KeyReference>,
}

impl SecurityEnvironment {
    /// Forgets every template.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// MANAGE SECURITY ENVIRONMENT, SET and RESTORE. Keys are local to their application: `keys` are those of the directory that
    /// is selected.
    pub(crate) fn manage(
        &mut self,
        command: &Command,
        keys: &[KeyReference],
    ) -> Result<(), StatusWord> {
        match command.p1 {
            0x41 => {}
            0xF3 => {
                self.clear();
                return Ok(());
            }
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        let template = Template::read(command.data()?)?;
        match command.p2 {
            0xAA => self.hash = Some(hash_algorithm(template.algorithm)?),
            0xB6 => {
                let algorithm = match template.algorithm {
                    Some(SIGN_SHA1) => HashAlgorithm::Sha1,
                    Some(SIGN_SHA256) => HashAlgorithm::Sha256,
                    _ => return Err(StatusWord::INCORRECT_DATA),
                };
                self.signature = Some((algorithm, template.key(keys)?));
            }
            0xA4 if template.algorithm == Some(AUTHENTICATE) => {
                self.authentication = Some(template.key(keys)?);
            }
            0xB8 if template.algorithm == Some(DECIPHER) => {
                self.confidentiality = Some(template.key(keys)?);
            }
            0xA4 | 0xB8 => return Err(StatusWord::INCORRECT_DATA),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        }
        Ok(())
    }

    /// The hash template; `6985` when there is none.
    pub(crate) fn hash(&self) -> Result<HashAlgorithm, StatusWord> {
        self.hash.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }

    /// The signature template; `6985` when there is none.
    pub(crate) fn signature(&self) -> Result<(HashAlgorithm, KeyReference), StatusWord> {
        self.signature.ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }

    /// The authentication template; `6985` when there is none.
    pub(crate) fn authentication(&self) -> Result<KeyReference, StatusWord> {
        self.authentication
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }

    /// The confidentiality template; `6985` when there is none.
    pub(crate) fn confidentiality(&self) -> Result<KeyReference, StatusWord> {
        self.confidentiality
            .ok_or(StatusWord::CONDITIONS_NOT_SATISFIED)
    }
}

/// The data objects of one control reference template, each given once.
struct Template {
    algorithm: Option<u8>,
    key: Option<u8>,
}

impl Template {
    fn read(data: &[u8]) -> Result<Self, StatusWord> {
        let mut template = Self {
            algorithm: None,
            key: None,
        };
        for object in tlv::read_all(data)? {
            let slot = match object.tag {
                0x80 => &mut template.algorithm,
                0x83 | 0x84 => &mut template.key,
                _ => return Err(StatusWord::INCORRECT_DATA),
            };
            let [value] = *object.value else {
                return Err(StatusWord::INCORRECT_DATA);
            };
            if slot.replace(value).is_some() {
                return Err(StatusWord::INCORRECT_DATA);
            }
        }
        Ok(template)
    }

    fn key(&self, keys: &[KeyReference]) -> Result<KeyReference, StatusWord> {
        let reference = self.key.ok_or(StatusWord::INCORRECT_DATA)?;
        KeyReference::from_byte(reference)
            .filter(|key| keys.contains(key))
            .ok_or(StatusWord::REFERENCED_DATA_NOT_FOUND)
    }
}

fn hash_algorithm(reference: Option<u8>) -> Result<HashAlgorithm, StatusWord> {
    match reference {
        Some(0x10) => Ok(HashAlgorithm::Sha1),
        Some(0x40) => Ok(HashAlgorithm::Sha256),
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}
