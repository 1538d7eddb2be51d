//! Public keys that have an algorithm here, read from DER SubjectPublicKeyInfo (RFC 3279 section 2.3.1, RFC 5480).
//!
//! Refused: a modulus outside 2048 to 4096 bits; an exponent that is even, below 65 537 or above 64 bits; a key that is bound
//! to PSS (id-RSASSA-PSS); curves but P-256 and P-384; curves given by parameters, whatever they are equal to; points that are
//! compressed or not on the curve; anything after the key.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Public;
use openssl::rsa::Rsa;
use paraphe_certs::der::{NULL, OBJECT_IDENTIFIER, Reader};

use super::SignatureError;

/// Smallest RSA modulus accepted, in bits.
pub const RSA_MIN_BITS: u32 = 2048;
/// Largest RSA modulus accepted, in bits.
pub const RSA_MAX_BITS: u32 = 4096;

/// An elliptic curve of NIST SP 800-186.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256 (secp256r1).
    P256,
    /// P-384 (secp384r1).
    P384,
}

/// A key that may verify.
pub(super) enum PublicKey {
    Rsa(Rsa<Public>),
    Ecdsa(Curve, EcKey<Public>),
}

impl Curve {
    const ALL: [Self; 2] = [Self::P256, Self::P384];

    /// Length of a coordinate, and of r and s, bytes.
    #[must_use]
    pub const fn coordinate_length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// Everything in a SubjectPublicKeyInfo before the coordinates of an uncompressed point.
    const fn key_prefix(self) -> &'static [u8] {
        match self {
            Self::P256 => &[
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ],
            Self::P384 => &[
                0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
            ],
        }
    }

    const fn name(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
        }
    }
}

impl PublicKey {
    pub(super) fn read(spki_der: &[u8]) -> Result<Self, SignatureError> {
        for curve in Curve::ALL {
            if let Some(coordinates) = spki_der.strip_prefix(curve.key_prefix()) {
                let key = on_curve(curve, coordinates);
                let key = key.map_err(|_| SignatureError::UnsupportedKey)?;
                return Ok(Self::Ecdsa(curve, key));
            }
        }
        let key = rsa_public_key(spki_der).ok_or(SignatureError::UnsupportedKey)?;
        let bits = u32::try_from(key.n().num_bits()).unwrap_or(0);
        if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
            return Err(SignatureError::KeySize { bits });
        }
        let exponent = key.e();
        if !(17..=64).contains(&exponent.num_bits()) || !exponent.is_bit_set(0) {
            return Err(SignatureError::Exponent);
        }
        Ok(Self::Rsa(key))
    }
}

/// Content of the object identifier rsaEncryption (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

/// The RSA key of a DER SubjectPublicKeyInfo, of any length; parameters may be NULL, as they should, or absent. Read here because
/// OpenSSL's decoders look among all that they know first, which takes longer than a verification.
pub(crate) fn rsa_public_key(spki_der: &[u8]) -> Option<Rsa<Public>> {
    const WHAT: &str = "RSA public key";
    let mut information = Reader::of_sequence(spki_der, WHAT).ok()?;
    let mut algorithm = information.sequence(WHAT).ok()?;
    let identifier = algorithm.expect(OBJECT_IDENTIFIER, WHAT).ok()?.content;
    let key = information.bit_string(WHAT).ok()?;
    information.end(WHAT).ok()?;
    if identifier != RSA_ENCRYPTION || !matches!(algorithm.rest(), [] | NULL) {
        return None;
    }
    let mut numbers = Reader::of_sequence(key, WHAT).ok()?;
    let modulus = natural_number(&mut numbers)?;
    let exponent = natural_number(&mut numbers)?;
    numbers.end(WHAT).ok()?;
    Rsa::from_public_components(modulus, exponent).ok()
}

/// The next INTEGER, where it is not negative and written as short as can be.
fn natural_number(numbers: &mut Reader<'_>) -> Option<BigNum> {
    match numbers.integer("RSA number").ok()? {
        [0x80..=0xFF, ..] | [0, 0..0x80, ..] => None,
        number => BigNum::from_slice(number).ok(),
    }
}

/// The key of an uncompressed point, which OpenSSL refuses where it has another length or is not on the curve.
fn on_curve(curve: Curve, coordinates: &[u8]) -> Result<EcKey<Public>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve.name())?;
    let uncompressed = [&[0x04], coordinates].concat();
    let point = EcPoint::from_bytes(&group, &uncompressed, &mut *BigNumContext::new()?)?;
    EcKey::from_public_key(&group, &point)
}
