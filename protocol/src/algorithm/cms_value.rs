//! Signature values in CMS and X.509: RSA as keys give it, ECDSA as DER of `ECDSA-Sig-Value` (RFC 3279 section 2.2.3), which
//! OpenSSL writes and reads. Refused: DER that is not the shortest, anything after it, r or s of zero, negative, or longer than
//! the curve's coordinates.

use openssl::bn::{BigNum, BigNumRef};
use openssl::ecdsa::EcdsaSig;

use super::{Curve, SignatureAlgorithm, SignatureError, SignatureScheme};

impl SignatureAlgorithm {
    /// The value as CMS and X.509 write it, of a value as keys give it.
    ///
    /// # Errors
    /// [`SignatureError::Encoding`].
    pub fn cms_value(self, value: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self.scheme() {
            SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss => Ok(value.to_vec()),
            SignatureScheme::Ecdsa(curve) => {
                ecdsa_to_der(curve, value).ok_or(SignatureError::Encoding)
            }
        }
    }

    /// The value as keys give it, of one as CMS and X.509 write it.
    ///
    /// # Errors
    /// [`SignatureError::Encoding`].
    pub fn from_cms_value(self, value: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self.scheme() {
            SignatureScheme::RsaPkcs1 | SignatureScheme::RsaPss => Ok(value.to_vec()),
            SignatureScheme::Ecdsa(curve) => {
                ecdsa_from_der(curve, value).ok_or(SignatureError::Encoding)
            }
        }
    }
}

fn ecdsa_to_der(curve: Curve, value: &[u8]) -> Option<Vec<u8>> {
    let length = curve.coordinate_length();
    let (r, s) = value.split_at_checked(length)?;
    if s.len() != length {
        return None;
    }
    let integer = |bytes| {
        BigNum::from_slice(bytes)
            .ok()
            .filter(|integer| is_positive(integer))
    };
    EcdsaSig::from_private_components(integer(r)?, integer(s)?)
        .and_then(|signature| signature.to_der())
        .ok()
}

fn ecdsa_from_der(curve: Curve, der: &[u8]) -> Option<Vec<u8>> {
    let signature = EcdsaSig::from_der(der).ok()?;
    // OpenSSL is lenient in reading and strict in writing.
    if signature.to_der().ok()?.as_slice() != der {
        return None;
    }
    let length = i32::try_from(curve.coordinate_length()).ok()?;
    let bytes = |integer: &BigNumRef| {
        is_positive(integer)
            .then(|| integer.to_vec_padded(length).ok())
            .flatten()
    };
    Some([bytes(signature.r())?, bytes(signature.s())?].concat())
}

fn is_positive(integer: &BigNumRef) -> bool {
    integer.num_bits() > 0 && !integer.is_negative()
}
