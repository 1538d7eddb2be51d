//! What an approval is for: who signs after it. One given for the one is none for the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who signs the documents once they are approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ApprovalPurpose {
    /// The record server, with its own certificate, after the professional validated the content.
    ServerSignature,
    /// A structure's software, with the structure's certificate, under the control of the person responsible.
    StructureSignature,
}

impl ApprovalPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::ServerSignature, Self::StructureSignature];

    /// The name in JSON and among the signed bytes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerSignature => "server-signature",
            Self::StructureSignature => "structure-signature",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::ApprovalPurpose;

    #[test]
    fn purposes_are_named_as_they_are_written() {
        for purpose in ApprovalPurpose::ALL {
            assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.name());
        }
    }
}
