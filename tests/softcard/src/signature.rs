//! The private-key operations of CPS cards (ISO/IEC 7816-8, 11.8 and 11.12; ISO/IEC 7816-4, 11.5.2; RFC 8017, 8.2 and 7.2).
//!
//! COMPUTE DIGITAL SIGNATURE of a raw hash (the card makes the DigestInfo), INTERNAL AUTHENTICATE of at most 40 % of the
//! modulus (the card pads, PKCS#1 type 1), decipherment (the card removes the type 2 padding): CPS3. PSS made by the card (RFC 8017,
//! 8.1, salt as long as the hash) and RSA without any padding: CPS4. RSA comes from OpenSSL.
//! A card's chip is slow: an operation lasts at least the time that the profile names.

use std::fmt;
use std::time::{Duration, Instant};

use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::RsaPssSaltlen;

use crate::hash_continuation::HashAlgorithm;
use crate::status_word::StatusWord;

/// DigestInfo up to the hash (RFC 8017, 9.2, note 1).
const DIGEST_INFO_SHA1: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
];
const DIGEST_INFO_SHA256: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];
/// INTERNAL AUTHENTICATE takes at most this share of the modulus, in percent.
const AUTHENTICATION_PERCENT: usize = 40;
/// Padding indicator before a cryptogram (ISO/IEC 7816-8, 11.12).
const CRYPTOGRAM_FOLLOWS: u8 = 0x81;

/// A private key on the card.
pub(crate) struct PrivateKey {
    rsa: Rsa<Private>,
    minimum_duration: Duration,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}

impl PrivateKey {
    pub(crate) fn new(rsa: Rsa<Private>, minimum_duration: Duration) -> Self {
        Self {
            rsa,
            minimum_duration,
        }
    }

    /// Length of the modulus in bytes.
    pub(crate) fn modulus_length(&self) -> usize {
        usize::try_from(self.rsa.size()).unwrap_or(0)
    }

    /// Length of the modulus in bits, as PKCS#15 files tell it.
    pub(crate) fn modulus_bits(&self) -> u16 {
        u16::try_from(self.modulus_length() * 8).unwrap_or(u16::MAX)
    }

    /// Signature of a raw hash of this algorithm; `6A80` for another length.
    pub(crate) fn sign_hash(
        &self,
        algorithm: HashAlgorithm,
        hash: &[u8],
    ) -> Result<Vec<u8>, StatusWord> {
        if hash.len() != algorithm.length() {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let prefix: &[u8] = match algorithm {
            HashAlgorithm::Sha1 => &DIGEST_INFO_SHA1,
            HashAlgorithm::Sha256 => &DIGEST_INFO_SHA256,
        };
        self.pad_and_sign(&[prefix, hash].concat())
    }

    /// Signature of the bytes as they are; `6700` for none, or more than 40 % of the modulus.
    pub(crate) fn authenticate(&self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if data.is_empty() || data.len() > self.modulus_length() * AUTHENTICATION_PERCENT / 100 {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.pad_and_sign(data)
    }

    /// The message in a cryptogram (`81` and as many bytes as the modulus); `6A80` when its padding is wrong.
    pub(crate) fn decipher(&self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        let [CRYPTOGRAM_FOLLOWS, cryptogram @ ..] = data else {
            return Err(StatusWord::INCORRECT_DATA);
        };
        if cryptogram.len() != self.modulus_length() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.slowly(|| {
            let mut block = vec![0; self.modulus_length()];
            self.rsa
                .private_decrypt(cryptogram, &mut block, Padding::NONE)
                .map_err(|_| StatusWord::INCORRECT_DATA)?;
            remove_type_2_padding(&block).map(<[u8]>::to_vec)
        })
    }

    /// PSS signature of a raw hash: MGF1 with the same hash, salt of its length; `6A80` for another length.
    pub(crate) fn sign_hash_pss(
        &self,
        algorithm: HashAlgorithm,
        hash: &[u8],
    ) -> Result<Vec<u8>, StatusWord> {
        if hash.len() != algorithm.length() {
            return Err(StatusWord::INCORRECT_DATA);
        }
        self.slowly(|| {
            self.pss(algorithm, hash)
                .map_err(|_| StatusWord::INTERNAL_ERROR)
        })
    }

    fn pss(&self, algorithm: HashAlgorithm, hash: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let digest = match algorithm {
            HashAlgorithm::Sha1 => Md::sha1(),
            HashAlgorithm::Sha256 => Md::sha256(),
        };
        let key = PKey::from_rsa(self.rsa.clone())?;
        let mut context = PkeyCtx::new(&key)?;
        context.sign_init()?;
        context.set_rsa_padding(Padding::PKCS1_PSS)?;
        context.set_signature_md(digest)?;
        context.set_rsa_mgf1_md(digest)?;
        context.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
        let mut signature = Vec::new();
        context.sign_to_vec(hash, &mut signature)?;
        Ok(signature)
    }

    /// RSA of a block as long as the modulus (`6700` otherwise); `6A80` when its number is not smaller than the modulus.
    pub(crate) fn raw(&self, block: &[u8]) -> Result<Vec<u8>, StatusWord> {
        if block.len() != self.modulus_length() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.slowly(|| {
            let mut result = vec![0; self.modulus_length()];
            self.rsa
                .private_decrypt(block, &mut result, Padding::NONE)
                .map_err(|_| StatusWord::INCORRECT_DATA)?;
            Ok(result)
        })
    }

    fn pad_and_sign(&self, data: &[u8]) -> Result<Vec<u8>, StatusWord> {
        self.slowly(|| {
            let mut signature = vec![0; self.modulus_length()];
            self.rsa
                .private_encrypt(data, &mut signature, Padding::PKCS1)
                .map_err(|_| StatusWord::INTERNAL_ERROR)?;
            Ok(signature)
        })
    }

    fn slowly<R>(&self, operation: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = operation();
        let rest = self.minimum_duration.saturating_sub(start.elapsed());
        if !rest.is_zero() {
            std::thread::sleep(rest);
        }
        result
    }
}

/// RFC 8017, 7.2.2, step 3: 00 02, eight bytes or more without zero, 00, the message.
fn remove_type_2_padding(block: &[u8]) -> Result<&[u8], StatusWord> {
    let [0x00, 0x02, rest @ ..] = block else {
        return Err(StatusWord::INCORRECT_DATA);
    };
    rest.iter()
        .position(|byte| *byte == 0)
        .filter(|zero| *zero >= 8)
        .and_then(|zero| rest.get(zero + 1..))
        .ok_or(StatusWord::INCORRECT_DATA)
}
