//! What the engine's refusals mean for a person: OpenSSL's verification codes (openssl/x509_vfy.h) as this crate's reasons.

use crate::certificate::{Certificate, CertificateError};
use crate::crl::RevocationList;
use crate::path::error::PathError;
use crate::path::openssl_store::Refusal;
use crate::path::trust_store::TrustStore;
use crate::unix_time::UnixTime;

/// X509_V_ERR_CA_BCONS_NOT_CRITICAL of OpenSSL 3, which openssl-sys does not name.
const CA_BASIC_CONSTRAINTS_NOT_CRITICAL: i32 = 89;
/// X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, the same.
const CA_WITHOUT_KEY_USAGE: i32 = 92;

impl TrustStore {
    /// OpenSSL's verification codes (openssl/x509_vfy.h) as this crate's reasons.
    pub(super) fn explain(
        &self,
        refusal: &Refusal,
        leaf: &Certificate,
        at: UnixTime,
    ) -> Result<PathError, CertificateError> {
        let stopped_at = match &refusal.certificate {
            Some(der) => Certificate::from_der(der)?,
            None => leaf.clone(),
        };
        let subject = stopped_at.subject_rfc2253();
        let issuer = stopped_at.issuer_rfc2253();
        let reason = refusal.reason.to_owned();
        Ok(match refusal.code {
            openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT
            | openssl_sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | openssl_sys::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
            | openssl_sys::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT
            | openssl_sys::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
            | openssl_sys::X509_V_ERR_CERT_UNTRUSTED => PathError::UnknownIssuer { issuer },
            openssl_sys::X509_V_ERR_CERT_SIGNATURE_FAILURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE => {
                PathError::BadSignature { subject }
            }
            openssl_sys::X509_V_ERR_CERT_NOT_YET_VALID => PathError::NotYetValid {
                subject,
                not_before: stopped_at.not_before(),
            },
            openssl_sys::X509_V_ERR_CERT_HAS_EXPIRED => PathError::Expired {
                subject,
                not_after: stopped_at.not_after(),
            },
            openssl_sys::X509_V_ERR_CERT_REVOKED => PathError::Revoked {
                subject,
                serial_number: stopped_at.serial_number_decimal(),
            },
            openssl_sys::X509_V_ERR_UNABLE_TO_GET_CRL => match self.newest_too_old(&stopped_at, at)
            {
                Some(list) => PathError::CrlTooOld {
                    issuer,
                    this_update: list.this_update(),
                },
                None => PathError::RevocationUnknown { issuer },
            },
            openssl_sys::X509_V_ERR_CRL_HAS_EXPIRED => PathError::CrlExpired {
                issuer,
                next_update: self.newest_next_update(&stopped_at),
            },
            openssl_sys::X509_V_ERR_CRL_NOT_YET_VALID => PathError::CrlNotYetValid { issuer },
            openssl_sys::X509_V_ERR_CRL_SIGNATURE_FAILURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE
            | openssl_sys::X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER
            | openssl_sys::X509_V_ERR_KEYUSAGE_NO_CRL_SIGN
            | openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION
            | openssl_sys::X509_V_ERR_DIFFERENT_CRL_SCOPE
            | openssl_sys::X509_V_ERR_CRL_PATH_VALIDATION_ERROR
            | openssl_sys::X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD
            | openssl_sys::X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD => {
                PathError::CrlUnusable { issuer, reason }
            }
            openssl_sys::X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION => {
                PathError::CriticalExtension { subject }
            }
            openssl_sys::X509_V_ERR_EE_KEY_TOO_SMALL
            | openssl_sys::X509_V_ERR_CA_KEY_TOO_SMALL
            | openssl_sys::X509_V_ERR_CA_MD_TOO_WEAK => {
                PathError::WeakAlgorithm { subject, reason }
            }
            openssl_sys::X509_V_ERR_INVALID_CA
            | openssl_sys::X509_V_ERR_NO_ISSUER_PUBLIC_KEY
            | openssl_sys::X509_V_ERR_PATH_LENGTH_EXCEEDED
            | openssl_sys::X509_V_ERR_KEYUSAGE_NO_CERTSIGN
            | openssl_sys::X509_V_ERR_CERT_CHAIN_TOO_LONG
            | CA_BASIC_CONSTRAINTS_NOT_CRITICAL
            | CA_WITHOUT_KEY_USAGE
            | openssl_sys::X509_V_ERR_PERMITTED_VIOLATION
            | openssl_sys::X509_V_ERR_EXCLUDED_VIOLATION => {
                PathError::InvalidAuthority { subject, reason }
            }
            code => PathError::Refused {
                subject,
                code,
                reason,
            },
        })
    }

    fn newest_next_update(&self, certificate: &Certificate) -> Option<UnixTime> {
        let of_issuer = self
            .crls()
            .iter()
            .filter(|crl| crl.issuer().names_the_same(certificate.issuer()));
        of_issuer.filter_map(RevocationList::next_update).max()
    }
}
