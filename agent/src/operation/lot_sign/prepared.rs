//! A lot laid out in either profile, which knows how a token signs it: the old one by a way of its own, because of its digest.

use paraphe_protocol::lot::PreparedLot;
use paraphe_protocol::lot::legacy::PreparedLegacyLot;

use crate::problem::Failure;
use crate::token::{DocumentSignature, TokenError, UnlockedToken};

/// A lot that waits for its signature.
#[derive(Debug)]
pub(super) enum Prepared {
    Dsg(PreparedLot),
    DmpLegacy(Box<PreparedLegacyLot>),
}

impl Prepared {
    pub(super) fn sign(
        &self,
        token: &mut dyn UnlockedToken,
    ) -> Result<DocumentSignature, TokenError> {
        match self {
            Self::Dsg(lot) => token.sign_document(lot.algorithm(), lot.to_be_signed()),
            Self::DmpLegacy(lot) => token.sign_legacy_lot(lot),
        }
    }

    /// The signature file.
    pub(super) fn complete(&self, signature: &DocumentSignature) -> Result<Vec<u8>, Failure> {
        Ok(match self {
            Self::Dsg(lot) => lot.complete(signature.as_bytes())?,
            Self::DmpLegacy(lot) => lot.complete(signature.as_bytes())?,
        })
    }
}
