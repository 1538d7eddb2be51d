//! SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }: the frame of certificates and revocation lists (RFC 5280, 4.1 and 5.1).

use crate::der::{DerError, Reader, SEQUENCE};
use crate::signature_scheme::{SignatureScheme, SignatureSchemeError};

/// DER of the AlgorithmIdentifier outside what is signed.
pub(crate) fn algorithm(structure: &[u8]) -> Result<&[u8], DerError> {
    let what = "a signed structure";
    let mut fields = Reader::of_sequence(structure, what)?;
    fields.expect(SEQUENCE, what)?;
    Ok(fields.expect(SEQUENCE, what)?.whole)
}

/// The three fields of a structure whose algorithm stands inside what is signed, too (RFC 5280, 4.1.1.2).
pub(crate) struct SignedStructure<'a> {
    /// DER of what is signed.
    pub(crate) to_be_signed: &'a [u8],
    /// DER of the AlgorithmIdentifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> SignedStructure<'a> {
    pub(crate) fn read(structure: &'a [u8]) -> Result<Self, DerError> {
        let what = "a signed structure";
        let mut fields = Reader::of_sequence(structure, what)?;
        let to_be_signed = fields.expect(SEQUENCE, what)?.whole;
        let algorithm = fields.expect(SEQUENCE, what)?.whole;
        let signature = fields.bit_string(what)?;
        fields.end(what)?;
        let mut inside = Reader::of_sequence(to_be_signed, what)?;
        loop {
            let field = inside.any(what)?;
            if field.identifier == SEQUENCE {
                if field.whole == algorithm {
                    break;
                }
                return Err(DerError { what });
            }
        }
        Ok(Self {
            to_be_signed,
            algorithm,
            signature,
        })
    }
}

/// Verifies the structure's signature with the key of a DER SubjectPublicKeyInfo.
pub(crate) fn verify(structure: &[u8], spki_der: &[u8]) -> Result<(), SignatureSchemeError> {
    let signed = SignedStructure::read(structure)?;
    SignatureScheme::from_der(signed.algorithm)?.verify(
        spki_der,
        signed.to_be_signed,
        signed.signature,
    )
}
