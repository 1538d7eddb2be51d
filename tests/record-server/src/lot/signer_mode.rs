//! Who signs a lot (docs/signer-modes.md): said when it is opened, and never changed.

use paraphe_protocol::approval::ApprovalPurpose;
use serde::{Deserialize, Serialize};

/// Whose certificate the lot's signature carries, and so what must come with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignerMode {
    /// The card that opened the session.
    #[default]
    ProfessionalCard,
    /// This server, once the session's holder approved the content.
    ServerCertificate,
    /// A structure's software, with the approval of a person responsible for it.
    StructureCertificate,
    /// A token of the patient's own, whose certificate is registered on the record.
    Patient,
}

impl SignerMode {
    /// The name in JSON and in the tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProfessionalCard => "professional-card",
            Self::ServerCertificate => "server-certificate",
            Self::StructureCertificate => "structure-certificate",
            Self::Patient => "patient",
        }
    }

    /// What the approval that must come with it is for; none where none must.
    #[must_use]
    pub const fn approval(self) -> Option<ApprovalPurpose> {
        match self {
            Self::ServerCertificate => Some(ApprovalPurpose::ServerSignature),
            Self::StructureCertificate => Some(ApprovalPurpose::StructureSignature),
            Self::ProfessionalCard | Self::Patient => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::SignerMode;

    #[test]
    fn modes_are_named_as_they_are_written() {
        use SignerMode::{Patient, ProfessionalCard, ServerCertificate, StructureCertificate};
        for mode in [
            ProfessionalCard,
            ServerCertificate,
            StructureCertificate,
            Patient,
        ] {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
            let is_approved = matches!(mode, ServerCertificate | StructureCertificate);
            assert_eq!(mode.approval().is_some(), is_approved);
        }
    }
}
