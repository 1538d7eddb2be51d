//! Revocation values in SignedData (RFC 5652 section 10.2.1): lists as they are, OCSP responses as other information (RFC 5940
//! section 2). Read besides: a bare BasicOCSPResponse, which older signatures hold; others are passed over.

use paraphe_certs::RevocationList;
use paraphe_certs::der::{self, Reader};

use super::CmsError;
use super::object_identifiers as oid;
use crate::signature::Evidence;

/// `[1]`: another form than a list.
const OTHER: u8 = 0xa1;

/// An OCSP response, DER of `OCSPResponse`, as a RevocationInfoChoice.
pub(crate) fn of_ocsp_response(response: &[u8]) -> Vec<u8> {
    let identifier = oid::encoded(oid::OCSP_RESPONSE);
    der::constructed(OTHER, &[identifier.as_slice(), response])
}

/// Adds a RevocationInfoChoice, where it is one that is known.
pub(super) fn add_to(evidence: &mut Evidence, choice: &[u8]) -> Result<(), CmsError> {
    let what = "a revocation value";
    let element = Reader::new(choice).any(what)?;
    match element.identifier {
        der::SEQUENCE => {
            if let Ok(list) = RevocationList::from_der(choice) {
                evidence.add_revocation_list(list)?;
            }
        }
        OTHER => {
            let mut inside = Reader::new(element.content);
            let form = inside.object_identifier(what)?;
            let information = inside.any(what)?.whole;
            inside.end(what)?;
            match form.as_str() {
                oid::OCSP_RESPONSE => evidence.add_ocsp_response(information)?,
                oid::BASIC_OCSP_RESPONSE => evidence.add_ocsp_response(&successful(information))?,
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

/// OCSPResponse around a BasicOCSPResponse (RFC 6960 section 4.2.1): status successful.
fn successful(basic: &[u8]) -> Vec<u8> {
    let bytes = der::sequence(&[
        oid::encoded(oid::BASIC_OCSP_RESPONSE),
        der::value(der::OCTET_STRING, basic),
    ]);
    der::sequence(&[der::value(der::ENUMERATED, &[0]), der::context(0, &bytes)])
}
