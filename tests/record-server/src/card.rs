//! What the server asks of a card whatever it is used for: why its certificate was refused, as one code each, and that
//! test and production never meet (domain facts 1.3).

use paraphe_certs::{Holder, PathError};
use paraphe_protocol::identifiers::Environment;

use crate::problem::{Code, Refusal};

/// The code of a path that was refused.
pub(crate) const fn path_code(error: &PathError) -> Code {
    match error {
        PathError::Expired { .. } | PathError::NotYetValid { .. } => Code::CertificateExpired,
        PathError::Revoked { .. } => Code::CertificateRevoked,
        PathError::RevocationUnknown { .. }
        | PathError::CrlExpired { .. }
        | PathError::CrlTooOld { .. }
        | PathError::NoFreshAnswer { .. }
        | PathError::CrlNotYetValid { .. }
        | PathError::CrlUnusable { .. } => Code::CertificateRevocationUnknown,
        PathError::UnknownIssuer { .. }
        | PathError::BadSignature { .. }
        | PathError::InvalidAuthority { .. }
        | PathError::MixedEnvironments { .. } => Code::CertificateNotTrusted,
        PathError::WrongUse { .. } | PathError::IsAuthority => Code::CertificateWrongUse,
        PathError::TestCertificate => Code::TestCardRefused,
        _ => Code::CertificateInvalid,
    }
}

/// Test cards on test servers, production cards on production servers.
pub(crate) fn check_environment(holder: &Holder, environment: Environment) -> Result<(), Refusal> {
    match (environment, holder.is_test()) {
        (Environment::Production, true) => Err(Code::TestCardRefused.into()),
        (Environment::Test, false) => Err(Code::ProductionCardRefused.into()),
        (Environment::Production, false) | (Environment::Test, true) => Ok(()),
    }
}
