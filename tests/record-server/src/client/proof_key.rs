//! The client's own key, P-256, made anew for each client and kept in memory: it proves at the login and at every request of the session
//! that the token is in the right hands (RFC 9449).

use std::sync::Arc;

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Private;
use paraphe_certs::UnixTime;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::dpop::{P256PublicJwk, ProofDraft};

use super::ClientError;

#[derive(Clone)]
pub(super) struct ProofKey {
    key: Arc<EcKey<Private>>,
    public: P256PublicJwk,
}

impl ProofKey {
    pub(super) fn generate() -> Result<Self, ClientError> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = EcKey::generate(&group)?;
        let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
        let mut context = BigNumContext::new()?;
        key.public_key()
            .affine_coordinates(&group, &mut x, &mut y, &mut context)?;
        let coordinate = |number: &BigNum| -> Result<[u8; 32], ClientError> {
            let bytes = number.to_vec_padded(32)?;
            bytes.try_into().map_err(|_| ClientError::ProofKey)
        };
        let public = P256PublicJwk::from_coordinates(&coordinate(&x)?, &coordinate(&y)?)
            .map_err(|_| ClientError::ProofKey)?;
        Ok(Self {
            key: Arc::new(key),
            public,
        })
    }

    pub(super) fn thumbprint(&self) -> Sha256Digest {
        self.public.thumbprint()
    }

    /// The value of the `DPoP` header of this request.
    pub(super) fn proof(
        &self,
        (method, url, now): (&str, &str, UnixTime),
        access_token: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<String, ClientError> {
        let mut identifier = [0; 16];
        openssl::rand::rand_bytes(&mut identifier)?;
        let draft = ProofDraft {
            key: &self.public,
            method,
            url,
            issued_at: now,
            identifier,
            access_token,
            nonce,
        };
        let prepared = draft.prepare().map_err(ClientError::Request)?;
        let signature = self.sign(prepared.to_be_signed())?;
        prepared
            .complete(&signature)
            .map_err(|_| ClientError::ProofKey)
    }

    fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let signature = EcdsaSig::sign(&openssl::sha::sha256(bytes), &self.key)?;
        let mut value = signature.r().to_vec_padded(32)?;
        value.extend(signature.s().to_vec_padded(32)?);
        Ok(value)
    }
}
