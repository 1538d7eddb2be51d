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

/// Verifies the structure's signature with the key of a DER SubjectPublicKeyInfo.
pub(crate) fn verify(structure: &[u8], spki_der: &[u8]) -> Result<(), SignatureSchemeError> {
    let what = "a signed structure";
    let mut fields = Reader::of_sequence(structure, what)?;
    let to_be_signed = fields.expect(SEQUENCE, what)?.whole;
    let algorithm = fields.expect(SEQUENCE, what)?.whole;
    let signature = fields.bit_string(what)?;
    fields.end(what)?;
    // RFC 5280, 4.1.1.2: the algorithm stands inside what is signed, too, and must be the same.
    let mut inside = Reader::of_sequence(to_be_signed, what)?;
    loop {
        let field = inside.any(what)?;
        if field.identifier == SEQUENCE {
            if field.whole == algorithm {
                break;
            }
            return Err(DerError { what }.into());
        }
    }
    SignatureScheme::from_der(algorithm)?.verify(spki_der, to_be_signed, signature)
}
