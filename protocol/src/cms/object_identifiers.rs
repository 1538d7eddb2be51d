//! Object identifiers of CMS (RFC 5652), ESS (RFC 5035), CAdES (EN 319 122-1) and revocation information (RFC 5940), dotted.

use paraphe_certs::der;

pub(crate) const DATA: &str = "1.2.840.113549.1.7.1";
pub(crate) const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
pub(crate) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(crate) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(crate) const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
pub(crate) const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
pub(crate) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
pub(crate) const SIGNATURE_TIME_STAMP: &str = "1.2.840.113549.1.9.16.2.14";
pub(crate) const ARCHIVE_TIME_STAMP_V3: &str = "0.4.0.1733.2.4";
pub(crate) const ATS_HASH_INDEX_V3: &str = "0.4.0.19122.1.5";
/// `id-ri-ocsp-response`, of an `OCSPResponse`.
pub(crate) const OCSP_RESPONSE: &str = "1.3.6.1.5.5.7.16.2";
/// `id-pkix-ocsp-basic`, of a `BasicOCSPResponse`.
pub(crate) const BASIC_OCSP_RESPONSE: &str = "1.3.6.1.5.5.7.48.1.1";

/// DER of one of the constants above.
#[allow(
    clippy::expect_used,
    reason = "constants, each of which a test encodes"
)]
pub(crate) fn encoded(dotted: &'static str) -> Vec<u8> {
    der::object_identifier(dotted).expect("a constant object identifier is well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_an_object_identifier() {
        for dotted in [
            DATA,
            SIGNED_DATA,
            CONTENT_TYPE,
            MESSAGE_DIGEST,
            SIGNING_TIME,
            SIGNING_CERTIFICATE,
            SIGNING_CERTIFICATE_V2,
            SIGNATURE_TIME_STAMP,
            ARCHIVE_TIME_STAMP_V3,
            ATS_HASH_INDEX_V3,
            OCSP_RESPONSE,
            BASIC_OCSP_RESPONSE,
        ] {
            assert!(!encoded(dotted).is_empty(), "{dotted}");
        }
        for digest in crate::signature::DigestAlgorithm::ALL {
            assert!(!encoded(digest.oid()).is_empty());
        }
        for algorithm in crate::algorithm::SignatureAlgorithm::DOCUMENTS {
            assert!(!encoded(algorithm.oid()).is_empty());
        }
    }
}
