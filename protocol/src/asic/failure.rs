//! Why a container is refused: a stable name for each.

use crate::signature::{ReadError, SubIndication};

/// Not a ZIP file that every reader reads the same way.
pub(super) fn malformed(what: impl std::fmt::Display) -> ReadError {
    refused("container-malformed", what)
}

pub(super) fn refused(code: &'static str, what: impl std::fmt::Display) -> ReadError {
    ReadError::new(
        SubIndication::FormatFailure,
        code,
        format!("not a container that is read here: {what}"),
    )
}
