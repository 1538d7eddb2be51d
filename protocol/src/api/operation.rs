//! The table of operations: a name, used as path on the HTTPS and socket doors (`POST /v1/<name>`) and, with spaces,
//! as words on the command line (`card/read` is `paraphe card read`).

use std::fmt;

/// An operation of the API. There is no other way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Approve exactly these documents for a record server that asked, so that another certificate may sign them.
    Approve,
    /// The journal as a file.
    AuditExport,
    /// Entries of the journal.
    AuditList,
    /// Whether the journal is whole.
    AuditVerify,
    /// Stop a batch between two card operations.
    BatchCancel,
    /// Forget a batch.
    BatchForget,
    /// The result of one item of a batch.
    BatchResult,
    /// Go on with what is missing of a batch.
    BatchResume,
    /// Sign many documents, each by itself.
    BatchStart,
    /// How the caller's batches stand.
    BatchStatus,
    /// Holder, certificates, PIN state, practice situations of a professional's card.
    CardRead,
    /// What is wrong on this workstation and who can mend it.
    Doctor,
    /// Give up an uploaded or produced document.
    DocumentDrop,
    /// Read a produced document, piece by piece.
    DocumentGet,
    /// Hand a document to the agent, piece by piece.
    DocumentPut,
    /// Look at a document before it is signed.
    DocumentShow,
    /// What changed at the readers since a cursor.
    Events,
    /// Which sites have which rights here.
    GrantList,
    /// Take a site's rights away.
    GrantRevoke,
    /// A login assertion for a record server's nonce.
    Login,
    /// Sign a lot of documents with one PIN entry.
    LotSign,
    /// Close a mandate.
    MandateClose,
    /// One PIN entry for a bounded set of signatures.
    MandateOpen,
    /// What is left of the caller's mandates.
    MandateStatus,
    /// A link to the agent's own page.
    Open,
    /// The API as an OpenAPI document.
    Openapi,
    /// The agent's own page enters by its link.
    PageEnter,
    /// The person's answer to a site that asks for rights.
    PairingAnswer,
    /// Sites that ask for rights.
    PairingList,
    /// A site asks for rights.
    PairingRequest,
    /// What became of a site's request for rights.
    PairingStatus,
    /// A new PIN, by the old one.
    PinChange,
    /// Tries left of the PIN and of the code that unblocks it.
    PinStatus,
    /// A new PIN, by the unblocking code.
    PinUnblock,
    /// A piece of a document that would be signed.
    RequestGet,
    /// The questions for a PIN that are open.
    RequestList,
    /// Say no to such a question.
    RequestRefuse,
    /// Look at a document that would be signed.
    RequestShow,
    /// Sign a document in a format of the field.
    Sign,
    /// Versions, readers, cards, warnings.
    Status,
    /// Close a tunnel.
    TunnelClose,
    /// A local port that reaches a record server over mutual TLS with the card's key.
    TunnelOpen,
    /// How the caller's tunnels stand.
    TunnelStatus,
    /// Check a lot signature and its documents.
    Verify,
    /// A SAML assertion of the French record (VIHF).
    Vihf,
    /// Beneficiaries of a Vitale card.
    VitaleRead,
}

impl Operation {
    /// Every operation, in alphabetical order of its name.
    pub const ALL: [Self; 46] = [
        Self::Approve,
        Self::AuditExport,
        Self::AuditList,
        Self::AuditVerify,
        Self::BatchCancel,
        Self::BatchForget,
        Self::BatchResult,
        Self::BatchResume,
        Self::BatchStart,
        Self::BatchStatus,
        Self::CardRead,
        Self::Doctor,
        Self::DocumentDrop,
        Self::DocumentGet,
        Self::DocumentPut,
        Self::DocumentShow,
        Self::Events,
        Self::GrantList,
        Self::GrantRevoke,
        Self::Login,
        Self::LotSign,
        Self::MandateClose,
        Self::MandateOpen,
        Self::MandateStatus,
        Self::Open,
        Self::Openapi,
        Self::PageEnter,
        Self::PairingAnswer,
        Self::PairingList,
        Self::PairingRequest,
        Self::PairingStatus,
        Self::PinChange,
        Self::PinStatus,
        Self::PinUnblock,
        Self::RequestGet,
        Self::RequestList,
        Self::RequestRefuse,
        Self::RequestShow,
        Self::Sign,
        Self::Status,
        Self::TunnelClose,
        Self::TunnelOpen,
        Self::TunnelStatus,
        Self::Verify,
        Self::Vihf,
        Self::VitaleRead,
    ];

    /// The name in a path, without leading slash or version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::AuditExport => "audit/export",
            Self::AuditList => "audit/list",
            Self::AuditVerify => "audit/verify",
            Self::BatchCancel => "batch/cancel",
            Self::BatchForget => "batch/forget",
            Self::BatchResult => "batch/result",
            Self::BatchResume => "batch/resume",
            Self::BatchStart => "batch/start",
            Self::BatchStatus => "batch/status",
            Self::CardRead => "card/read",
            Self::Doctor => "doctor",
            Self::DocumentDrop => "document/drop",
            Self::DocumentGet => "document/get",
            Self::DocumentPut => "document/put",
            Self::DocumentShow => "document/show",
            Self::Events => "events",
            Self::GrantList => "grant/list",
            Self::GrantRevoke => "grant/revoke",
            Self::Login => "login",
            Self::LotSign => "lot/sign",
            Self::MandateClose => "mandate/close",
            Self::MandateOpen => "mandate/open",
            Self::MandateStatus => "mandate/status",
            Self::Open => "open",
            Self::Openapi => "openapi",
            Self::PageEnter => "page/enter",
            Self::PairingAnswer => "pairing/answer",
            Self::PairingList => "pairing/list",
            Self::PairingRequest => "pairing/request",
            Self::PairingStatus => "pairing/status",
            Self::PinChange => "pin/change",
            Self::PinStatus => "pin/status",
            Self::PinUnblock => "pin/unblock",
            Self::RequestGet => "request/get",
            Self::RequestList => "request/list",
            Self::RequestRefuse => "request/refuse",
            Self::RequestShow => "request/show",
            Self::Sign => "sign",
            Self::Status => "status",
            Self::TunnelClose => "tunnel/close",
            Self::TunnelOpen => "tunnel/open",
            Self::TunnelStatus => "tunnel/status",
            Self::Verify => "verify",
            Self::Vihf => "vihf",
            Self::VitaleRead => "vitale/read",
        }
    }

    /// The operation of this exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn every_name_leads_back_to_its_operation() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(operation));
        }
        assert_eq!(Operation::from_name("card/read/"), None);
        assert_eq!(Operation::from_name("signe"), None);
    }
}
