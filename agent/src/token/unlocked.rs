//! A token that accepted its secret, as operations see it: two keys that do different things, and what else lies behind the
//! secret. It lasts as long as the closure that is given it; the token is locked again afterwards.

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::{PracticeSituation, ProvenPin, VerifiedCard};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::lot::legacy::PreparedLegacyLot;
use paraphe_protocol::tls::CertificateVerify;

use super::{AuthenticationSignature, DocumentSignature, Secret, TokenError};
use crate::reader::CardChannel;

/// A token that accepted its secret.
pub(crate) trait UnlockedToken {
    /// Signs these bytes with the authentication key, by an algorithm that the token logs in with.
    ///
    /// # Errors
    /// There is no such key, or the token refuses, does not sign by this algorithm or is gone, or the signature is not the
    /// certificate's.
    fn sign_authentication(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<AuthenticationSignature, TokenError>;

    /// Signs a TLS handshake with the authentication key, by an algorithm of [`Token::handshake_algorithms`](super::Token).
    ///
    /// # Errors
    /// As [`UnlockedToken::sign_authentication`], and the token does not sign by this algorithm.
    fn sign_certificate_verify(
        &mut self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<AuthenticationSignature, TokenError>;

    /// Signs these bytes with the signature key, by an algorithm that the token signs documents with.
    ///
    /// # Errors
    /// As [`UnlockedToken::sign_authentication`], and the token does not sign by this algorithm.
    fn sign_document(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<DocumentSignature, TokenError>;

    /// Signs a lot of profile `dmp-legacy`, the only thing that is signed with SHA-1.
    ///
    /// # Errors
    /// As [`UnlockedToken::sign_document`].
    fn sign_legacy_lot(&mut self, lot: &PreparedLegacyLot)
    -> Result<DocumentSignature, TokenError>;

    /// The practice situations that the token holds, by ascending number; none where it is of a kind without them.
    ///
    /// # Errors
    /// They cannot be read.
    fn practice_situations(&mut self) -> Result<Vec<PracticeSituation>, TokenError>;

    /// The secret, to be presented to the same token once more in the same operation. `None` the second time.
    fn take_proven_secret(&mut self) -> Option<ProvenSecret>;
}

/// What is done with a token that accepted its secret.
pub(crate) trait TokenWork<R>:
    Fn(&mut dyn UnlockedToken) -> Result<R, TokenError> + Send + Sync + 'static
{
}

impl<R, F> TokenWork<R> for F where
    F: Fn(&mut dyn UnlockedToken) -> Result<R, TokenError> + Send + Sync + 'static
{
}

/// A secret that one token accepted a moment ago. Wiped when dropped.
pub(crate) enum ProvenSecret {
    /// A card's PIN.
    Card(ProvenPin),
    /// Of any other token, as it was entered.
    Entered(Secret),
}

impl std::fmt::Debug for ProvenSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProvenSecret(..)")
    }
}

impl UnlockedToken for VerifiedCard<'_, '_, CardChannel<'_>> {
    fn sign_authentication(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<AuthenticationSignature, TokenError> {
        // The driver refuses every algorithm with another digest: no card has one.
        let digest = Sha256Digest::of(to_be_signed);
        Ok(self.sign_authentication_with(algorithm, &digest)?.into())
    }

    fn sign_certificate_verify(
        &mut self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<AuthenticationSignature, TokenError> {
        // The driver refuses every algorithm with another digest: no card has one.
        let digest = Sha256Digest::of(content.as_bytes());
        Ok(self.sign_authentication_with(algorithm, &digest)?.into())
    }

    fn sign_document(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<DocumentSignature, TokenError> {
        // The driver refuses every algorithm with another digest: no card has one.
        let digest = Sha256Digest::of(to_be_signed);
        Ok(self.sign_signature_with(algorithm, &digest)?.into())
    }

    fn sign_legacy_lot(
        &mut self,
        lot: &PreparedLegacyLot,
    ) -> Result<DocumentSignature, TokenError> {
        let signature = VerifiedCard::sign_legacy_lot(self, lot)?;
        Ok(DocumentSignature::checked(signature))
    }

    fn practice_situations(&mut self) -> Result<Vec<PracticeSituation>, TokenError> {
        Ok(VerifiedCard::practice_situations(self)?)
    }

    fn take_proven_secret(&mut self) -> Option<ProvenSecret> {
        self.take_proven_pin().map(ProvenSecret::Card)
    }
}
