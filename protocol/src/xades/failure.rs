//! Why a file is refused, told once: the reason of EN 319 102-1 and a stable name for each.

use crate::signature::{ReadError, SubIndication};
use crate::xml::{CanonicalError, RefusedAlgorithm, ShapeError, gate::GateError};

pub(super) fn refused(
    sub_indication: SubIndication,
    code: &'static str,
    explanation: impl Into<String>,
) -> ReadError {
    ReadError::new(sub_indication, code, explanation)
}

/// Not the structure of an XML signature.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn format(error: ShapeError) -> ReadError {
    refused(
        SubIndication::FormatFailure,
        "structure",
        format!("not a signature that is read here: {error}"),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn gate(error: GateError) -> ReadError {
    refused(
        SubIndication::FormatFailure,
        "xml-refused",
        error.to_string(),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn canonical(error: CanonicalError) -> ReadError {
    refused(
        SubIndication::FormatFailure,
        "xml-refused",
        error.to_string(),
    )
}

/// An algorithm that is not accepted.
pub(super) fn weak_or_unknown(uri: &str) -> ReadError {
    let RefusedAlgorithm { uri, is_weak } = RefusedAlgorithm::new(uri);
    if is_weak {
        refused(
            SubIndication::CryptoConstraintsFailure,
            "weak-algorithm",
            format!("the signature uses {uri}, which is too weak"),
        )
    } else {
        refused(
            SubIndication::CryptoConstraintsFailure,
            "unknown-algorithm",
            format!("the signature uses {uri}, which is not accepted"),
        )
    }
}
