//! What RFC 5280 asks of the certificates on a path and the engine passes over: serial numbers (4.1.2.2), algorithms of this crate's
//! list, criticality and content of constraints (4.2.1.10, 4.2.1.11), form of alternative names (4.2.1.6) and of
//! authorityInfoAccess (4.2.2.1). Asked of certificates that are used now; signatures of the past are judged without.

use crate::certificate::Certificate;
use crate::der::{DerError, Reader};
use crate::general_name;
use crate::path::error::PathError;
use crate::signature_scheme::SignatureScheme;
use crate::signed_structure;

const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
const POLICY_CONSTRAINTS: &str = "2.5.29.36";
/// Longest serial number, bytes of the INTEGER's content.
const MAX_SERIAL_BYTES: usize = 20;
/// Content of the OBJECT IDENTIFIER rsaEncryption.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// id-RSASSA-PSS.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// id-ecPublicKey.
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// P-256, P-384 and P-521.
const CURVES: [&[u8]; 3] = [
    &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
    &[0x2b, 0x81, 0x04, 0x00, 0x22],
    &[0x2b, 0x81, 0x04, 0x00, 0x23],
];

/// Checks a path that the engine accepted, the certificate first and the anchor last.
pub(super) fn check(chain: &[Certificate]) -> Result<(), PathError> {
    let Some((leaf, authorities)) = chain.split_first() else {
        return Ok(());
    };
    let outside = |certificate: &Certificate, reason: &'static str| PathError::OutsideProfile {
        subject: certificate.subject_rfc2253(),
        reason,
    };
    for (place, certificate) in chain.iter().enumerate() {
        if !has_accepted_key(certificate) {
            return Err(outside(
                certificate,
                "a key of another kind than RSA or P-256, P-384, P-521",
            ));
        }
        let is_anchor = place > 0 && place.saturating_add(1) == chain.len();
        if is_anchor {
            continue;
        }
        if !has_accepted_serial_number(certificate) {
            return Err(outside(
                certificate,
                "a serial number that is not positive or is too long",
            ));
        }
        if !has_accepted_signature(certificate) {
            return Err(outside(
                certificate,
                "a signature algorithm that is not accepted",
            ));
        }
        if !certificate.states_responders_readably() {
            return Err(outside(
                certificate,
                "an authorityInfoAccess that cannot be read",
            ));
        }
    }
    let mut is_constrained = false;
    for authority in authorities {
        if let Some(constraints) = authority.extension(NAME_CONSTRAINTS) {
            is_constrained = true;
            if !constraints.critical || are_constraints(&constraints.value).is_err() {
                return Err(outside(
                    authority,
                    "name constraints that are not critical or not readable",
                ));
            }
        }
        let policies = authority.extension(POLICY_CONSTRAINTS);
        if policies.is_some_and(|policies| !policies.critical) {
            return Err(outside(
                authority,
                "policy constraints that are not critical",
            ));
        }
    }
    if leaf.extension(NAME_CONSTRAINTS).is_some() {
        return Err(outside(
            leaf,
            "name constraints on the certificate of a holder",
        ));
    }
    let names = leaf.extension(SUBJECT_ALTERNATIVE_NAME);
    if names.is_some_and(|names| !general_name::are_well_formed(&names.value, is_constrained)) {
        return Err(outside(
            leaf,
            "alternative names that do not have their form",
        ));
    }
    Ok(())
}

fn has_accepted_serial_number(certificate: &Certificate) -> bool {
    let serial = certificate.serial_number();
    let is_positive =
        serial.first().is_some_and(|first| *first < 0x80) && serial.iter().any(|byte| *byte != 0);
    is_positive && serial.len() <= MAX_SERIAL_BYTES
}

fn has_accepted_signature(certificate: &Certificate) -> bool {
    signed_structure::algorithm(certificate.der())
        .is_ok_and(|algorithm| SignatureScheme::from_der(algorithm).is_ok())
}

fn has_accepted_key(certificate: &Certificate) -> bool {
    const WHAT: &str = "subjectPublicKeyInfo";
    let kind = || -> Result<bool, DerError> {
        let mut algorithm = Reader::of_sequence(certificate.spki_der(), WHAT)?.sequence(WHAT)?;
        let kind = algorithm.any(WHAT)?.content;
        if kind == ELLIPTIC {
            let curve = algorithm.any(WHAT)?.content;
            return Ok(CURVES.contains(&curve));
        }
        Ok(kind == RSA || kind == RSA_PSS)
    };
    // A modulus is made of whole bytes everywhere but in forgeries and experiments.
    let is_whole = certificate
        .rsa_modulus_bits()
        .is_none_or(|bits| bits % 8 == 0);
    is_whole && kind().unwrap_or(false)
}

/// NameConstraints with at least one subtree, whose DNS bases have no leading period, which only other names' bases may have.
fn are_constraints(value: &[u8]) -> Result<(), DerError> {
    const WHAT: &str = "nameConstraints";
    let refused = DerError { what: WHAT };
    let mut trees = Reader::of_sequence(value, WHAT)?;
    let mut count = 0_usize;
    while !trees.is_empty() {
        let list = trees.any(WHAT)?;
        if !matches!(list.identifier, 0xa0 | 0xa1) {
            return Err(refused);
        }
        let mut list = Reader::new(list.content);
        while !list.is_empty() {
            let base = list.sequence(WHAT)?.any(WHAT)?;
            if base.identifier == general_name::DNS_NAME && base.content.first() == Some(&b'.') {
                return Err(refused);
            }
            count = count.saturating_add(1);
        }
    }
    if count == 0 { Err(refused) } else { Ok(()) }
}
