//! The one thing that a card signs with SHA-1: a lot of profile `dmp-legacy`, whose type nothing else has. Both families can
//! (RSASSA-PKCS1-v1_5, algorithm `12` on a CPS3, `0A` on a CPS4); a contactless face has no signature key.

use openssl::pkey::Public;
use openssl::rsa::{Padding, Rsa};

use super::face::Face;
use super::presentation::VerifiedCard;
use super::signature::public_key;
use super::{cps3, cps4};
use crate::card::error::{CardError, KeyPurpose};
use crate::card::transport::Transport;
use crate::lot::legacy::{LegacyDigest, PreparedLegacyLot};

/// DigestInfo of RFC 8017 section 9.2 for SHA-1, up to the digest.
const DIGEST_INFO_SHA1: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
];

impl<T: Transport + ?Sized> VerifiedCard<'_, '_, T> {
    /// Signs a lot of profile `dmp-legacy` with the signature key. As many commands as for another document.
    ///
    /// # Errors
    /// As [`VerifiedCard::sign_authentication`].
    pub fn sign_legacy_lot(&mut self, lot: &PreparedLegacyLot) -> Result<Vec<u8>, CardError> {
        let purpose = KeyPurpose::Signature;
        let stored = self.card.stored_certificate(purpose)?;
        let key = public_key(&stored)?;
        let reference = self.key_reference(purpose, &stored)?;
        let digest = lot.sha1();
        let steps = match self.card.face {
            Face::Cps3 => cps3::legacy_lot_steps(reference, digest.as_bytes())?,
            Face::Cps4 => cps4::legacy_lot_steps(reference, digest.as_bytes())?,
            Face::Contactless => return Err(CardError::KeyNotFound { purpose }),
        };
        self.compute_checked(purpose, &steps, |answer| {
            is_signature_of(&key, digest, answer)
        })
    }
}

fn is_signature_of(key: &Rsa<Public>, digest: LegacyDigest, signature: &[u8]) -> bool {
    let mut recovered = vec![0; usize::try_from(key.size()).unwrap_or_default()];
    if signature.len() != recovered.len() {
        return false;
    }
    let expected = [DIGEST_INFO_SHA1.as_slice(), digest.as_bytes()].concat();
    match key.public_decrypt(signature, &mut recovered, Padding::PKCS1) {
        Ok(length) => recovered.get(..length) == Some(expected.as_slice()),
        Err(_) => false,
    }
}
