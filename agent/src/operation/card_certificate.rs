//! Whether a card's certificate can be used, checked before the person is asked for a PIN, so that no try is spent on
//! what the record server would refuse. The record server verifies again; this workstation refuses what it knows to be
//! wrong: expired, revoked, for another use, of an authority that is not trusted, a test card in production. What it cannot
//! know, because it has no trust anchors or no fresh revocation list, it leaves to the record server, but for a login where the
//! configuration asks for an OCSP answer: then what is not known refuses.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use paraphe_certs::{
    CardSignature, Certificate, CertificateSubject, CertificateUse, PathError, PatientSignature,
    StructureSeal, UnixTime,
};
use paraphe_protocol::api::ErrorCode;

use super::Context;
use crate::problem::Failure;
use crate::token::Bearer;

/// Checks the certificate with which a token's bearer signs documents: a person's signature or a structure's seal. As [`check`].
pub(crate) fn check_signature(
    context: &Context<'_>,
    bearer: &Bearer,
    certificate: &Certificate,
    at: UnixTime,
) -> Result<Vec<Certificate>, Failure> {
    match bearer {
        Bearer::Person(_) => check::<CardSignature>(context, certificate, at),
        Bearer::Structure(_) => check::<StructureSeal>(context, certificate, at),
        Bearer::Patient(_) => Err(patients_refused()),
    }
}

/// As [`check_signature`], for a lot, which a patient may sign too. Their authorities are not among those that this workstation
/// trusts: whether the certificate leads to one, and whose it is, is the record server's to say.
pub(super) fn check_lot_signature(
    context: &Context<'_>,
    bearer: &Bearer,
    certificate: &Certificate,
    at: UnixTime,
) -> Result<Vec<Certificate>, Failure> {
    match bearer {
        Bearer::Patient(_) => without_anchors::<PatientSignature>(certificate, at, true),
        Bearer::Person(_) | Bearer::Structure(_) => {
            check_signature(context, bearer, certificate, at)
        }
    }
}

/// What a patient's token is asked beyond a lot.
pub(super) fn patients_refused() -> Failure {
    Failure::new(ErrorCode::CertificateWrongUse).with_detail(
        "Ce support est celui d'un patient : il ne signe que des lots de ses propres documents.",
        "This token is a patient's: it signs lots of their own documents only.",
    )
}

/// Checks a certificate for use `U` and returns the issuing certificates known here, nearest first, without the anchor.
pub(crate) fn check<U: CertificateUse>(
    context: &Context<'_>,
    certificate: &Certificate,
    at: UnixTime,
) -> Result<Vec<Certificate>, Failure> {
    let trust = context.agent.trust.load()?;
    let needs_answer = U::IS_LOGIN && trust.freshness().login_needs_answer;
    // Without anchors nobody's answer can be believed.
    if trust.anchor_count() == 0 && !needs_answer {
        tracing::warn!(
            "no trust anchor is configured: the card's certificate path is not checked here"
        );
        return without_anchors::<U>(certificate, at, trust.accepts_test());
    }
    let trust = if needs_answer {
        let evidence = &context.agent.evidence;
        Arc::new(evidence.with_login_answer::<U>(&trust, certificate, at)?)
    } else {
        trust
    };
    match trust.verify::<U>(certificate, at) {
        Ok(verified) => {
            let chain = verified.chain();
            let issuing = chain.get(1..chain.len().saturating_sub(1));
            Ok(issuing.unwrap_or_default().to_vec())
        }
        Err(
            error @ (PathError::RevocationUnknown { .. }
            | PathError::CrlExpired { .. }
            | PathError::CrlTooOld { .. }
            | PathError::CrlNotYetValid { .. }
            | PathError::CrlUnusable { .. }),
        ) if !needs_answer => {
            tracing::warn!(
                code = Failure::from(error).code().name(),
                "left to the record server"
            );
            without_anchors::<U>(certificate, at, trust.accepts_test())
        }
        Err(error) => Err(error.into()),
    }
}

fn without_anchors<U: CertificateUse>(
    certificate: &Certificate,
    at: UnixTime,
    accepts_test: bool,
) -> Result<Vec<Certificate>, Failure> {
    let subject = String::new();
    if at > certificate.not_after() {
        return Err(PathError::Expired {
            subject,
            not_after: certificate.not_after(),
        }
        .into());
    }
    if at < certificate.not_before() {
        return Err(PathError::NotYetValid {
            subject,
            not_before: certificate.not_before(),
        }
        .into());
    }
    if !U::allows(certificate) {
        return Err(Failure::new(ErrorCode::CertificateWrongUse).with_technical_detail(U::EXPECTED));
    }
    let subject = U::Subject::of(certificate).map_err(PathError::Holder)?;
    if subject.is_test() && !accepts_test {
        return Err(PathError::TestCertificate.into());
    }
    Ok(Vec::new())
}

/// The workstation's clock.
pub(crate) fn now() -> UnixTime {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
    UnixTime(seconds)
}
