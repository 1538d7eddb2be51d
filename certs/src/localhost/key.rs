//! P-256 keys held by OpenSSL, which wipes them when they are freed, behind rcgen's signing seam.

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;

use crate::secret::PrivateKeyPem;

pub(super) struct P256Key {
    private: PKey<Private>,
    /// Uncompressed point (SEC 1, 2.3.3).
    point: Vec<u8>,
}

impl P256Key {
    pub(super) fn generate() -> Result<Self, ErrorStack> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let key = EcKey::generate(&group)?;
        let mut context = BigNumContext::new()?;
        let point =
            key.public_key()
                .to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)?;
        Ok(Self {
            private: PKey::from_ec_key(key)?,
            point,
        })
    }

    pub(super) fn to_pem(&self) -> Result<PrivateKeyPem, ErrorStack> {
        let pem = zeroize::Zeroizing::new(self.private.private_key_to_pem_pkcs8()?);
        Ok(PrivateKeyPem::new(
            String::from_utf8_lossy(&pem).into_owned(),
        ))
    }

    fn sign_ecdsa(&self, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        Signer::new(MessageDigest::sha256(), &self.private)?.sign_oneshot_to_vec(message)
    }
}

impl rcgen::PublicKeyData for P256Key {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for P256Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_ecdsa(message)
            .map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
