//! What a web site may be granted: four rights, and which of them each operation needs. The table is [`Operation::site_access`];
//! there is no right to everything, and what no right opens is closed to sites.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Language, Operation};

/// A right that a site may have on a workstation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Right {
    /// Prove to the record server of the site who is at the keyboard.
    LogIn,
    /// Read a Vitale card.
    ReadPatient,
    /// Read a professional's card.
    ReadProfessional,
    /// Ask for signatures, mandates and approvals.
    Sign,
}

/// Which sites may ask for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteAccess {
    /// Every https site that is not forbidden: to ask for rights is all that one without rights can do.
    Anybody,
    /// A site that has any right.
    AnyRight,
    /// A site that has this right.
    Needs(Right),
    /// None.
    Nobody,
}

impl Right {
    /// Every right, in alphabetical order of its name.
    pub const ALL: [Self; 4] = [
        Self::LogIn,
        Self::ReadPatient,
        Self::ReadProfessional,
        Self::Sign,
    ];

    /// The name in JSON and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::ReadPatient => "read-patient",
            Self::ReadProfessional => "read-professional",
            Self::Sign => "sign",
        }
    }

    /// What it allows, as a person is told.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::LogIn, Language::French) => "se connecter en votre nom",
            (Self::LogIn, Language::English) => "log in in your name",
            (Self::ReadPatient, Language::French) => "lire la carte Vitale",
            (Self::ReadPatient, Language::English) => "read the Vitale card",
            (Self::ReadProfessional, Language::French) => "lire la carte du professionnel",
            (Self::ReadProfessional, Language::English) => "read the professional's card",
            (Self::Sign, Language::French) => "demander des signatures",
            (Self::Sign, Language::English) => "ask for signatures",
        }
    }
}

impl Operation {
    /// Whether any site may ask for it.
    #[must_use]
    pub const fn is_for_sites(self) -> bool {
        !matches!(self.site_access(), SiteAccess::Nobody)
    }

    /// Whether the agent's own page may ask for it: to look, to answer and to stop. It reads no patient, signs nothing and logs in nowhere.
    #[must_use]
    pub const fn is_for_own_page(self) -> bool {
        matches!(
            self,
            Self::AuditList
                | Self::AuditVerify
                | Self::CardRead
                | Self::Doctor
                | Self::Events
                | Self::GrantList
                | Self::GrantRevoke
                | Self::MandateClose
                | Self::MandateStatus
                | Self::PageEnter
                | Self::PairingAnswer
                | Self::PairingList
                | Self::RequestGet
                | Self::RequestList
                | Self::RequestRefuse
                | Self::RequestShow
                | Self::Status
                | Self::TunnelClose
                | Self::TunnelStatus
        )
    }

    /// Which sites may ask for it. The life of a PIN is the person's own affair, at their own programs, as are the rights of
    /// sites and the journal, which tells of all of them; a tunnel is for programs, because no page can be told apart from another at a local port.
    #[must_use]
    pub const fn site_access(self) -> SiteAccess {
        match self {
            Self::PairingRequest | Self::PairingStatus => SiteAccess::Anybody,
            Self::DocumentDrop
            | Self::DocumentGet
            | Self::DocumentPut
            | Self::DocumentShow
            | Self::Events
            | Self::Openapi
            | Self::Status
            | Self::Verify => SiteAccess::AnyRight,
            Self::Login | Self::Vihf => SiteAccess::Needs(Right::LogIn),
            Self::VitaleRead => SiteAccess::Needs(Right::ReadPatient),
            Self::CardRead => SiteAccess::Needs(Right::ReadProfessional),
            Self::Approve
            | Self::BatchCancel
            | Self::BatchForget
            | Self::BatchResult
            | Self::BatchResume
            | Self::BatchStart
            | Self::BatchStatus
            | Self::LotSign
            | Self::MandateClose
            | Self::MandateOpen
            | Self::MandateStatus
            | Self::Sign => SiteAccess::Needs(Right::Sign),
            Self::AuditExport
            | Self::AuditList
            | Self::AuditVerify
            | Self::GrantList
            | Self::GrantRevoke
            | Self::Open
            | Self::PageEnter
            | Self::PairingAnswer
            | Self::PairingList
            | Self::PinChange
            | Self::Doctor
            | Self::PinStatus
            | Self::PinUnblock
            | Self::RequestGet
            | Self::RequestList
            | Self::RequestRefuse
            | Self::RequestShow
            | Self::TunnelClose
            | Self::TunnelOpen
            | Self::TunnelStatus => SiteAccess::Nobody,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Operation, Right, SiteAccess};

    #[test]
    fn names_are_what_serde_writes() {
        for right in Right::ALL {
            assert_eq!(serde_json::to_value(right).unwrap(), right.name());
        }
        assert!(Right::ALL.is_sorted_by_key(|right| right.name()));
    }

    #[test]
    fn without_a_right_a_site_can_ask_for_one_and_no_more() {
        let open: Vec<_> = Operation::ALL
            .into_iter()
            .filter(|operation| operation.site_access() == SiteAccess::Anybody)
            .collect();
        assert_eq!(open, [Operation::PairingRequest, Operation::PairingStatus]);
        // What a person alone decides has no right that opens it.
        for operation in Operation::ALL {
            let name = operation.name();
            let of_the_person = ["audit/", "pin/", "tunnel/", "grant/"]
                .iter()
                .any(|family| name.starts_with(family))
                || matches!(name, "pairing/list" | "pairing/answer");
            assert!(
                !of_the_person || operation.site_access() == SiteAccess::Nobody,
                "{name}"
            );
        }
    }
}
