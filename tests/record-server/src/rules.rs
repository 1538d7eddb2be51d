//! Who may do what, as a table by card kind and profession, after the functional rights sheet of the French shared
//! record (domain facts 6.2, normal mode). What is not in the table is refused: CPF and CPA cards, software
//! certificates without a card kind, professions not listed.

use paraphe_certs::CardKind;

/// Something that a card's holder can ask; each call of one is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Open a session.
    Login,
    /// Close it.
    Logout,
    /// Create a patient's record.
    RecordCreate,
    /// Ask whether a patient has a record.
    RecordExists,
    /// Register the certificate of the patient's own token on a record.
    PatientCertificateRegister,
    /// Take it off.
    PatientCertificateRemove,
    /// List the lots that wait for an approval.
    ApprovalsAwaited,
    /// Ask what is to be approved of a lot.
    ApprovalRequest,
    /// Open a lot.
    LotOpen,
    /// Send a document of a lot.
    DocumentPut,
    /// Have a lot verified and stored.
    LotCommit,
    /// Give up a lot.
    LotAbandon,
    /// List a record's documents by a SAML assertion.
    RecordAccess,
    /// List a record's documents.
    DocumentsList,
    /// Read a document.
    DocumentRead,
    /// Read a record's trace.
    TraceRead,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 16] = [
        Self::Login,
        Self::Logout,
        Self::RecordCreate,
        Self::RecordExists,
        Self::PatientCertificateRegister,
        Self::PatientCertificateRemove,
        Self::ApprovalsAwaited,
        Self::ApprovalRequest,
        Self::LotOpen,
        Self::DocumentPut,
        Self::LotCommit,
        Self::LotAbandon,
        Self::RecordAccess,
        Self::DocumentsList,
        Self::DocumentRead,
        Self::TraceRead,
    ];

    /// Name in the trace.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::RecordCreate => "record-create",
            Self::RecordExists => "record-exists",
            Self::PatientCertificateRegister => "patient-certificate-register",
            Self::PatientCertificateRemove => "patient-certificate-remove",
            Self::ApprovalsAwaited => "approvals-awaited",
            Self::ApprovalRequest => "approval-request",
            Self::LotOpen => "lot-open",
            Self::DocumentPut => "document-put",
            Self::LotCommit => "lot-commit",
            Self::LotAbandon => "lot-abandon",
            Self::RecordAccess => "record-access",
            Self::DocumentsList => "documents-list",
            Self::DocumentRead => "document-read",
            Self::TraceRead => "trace-read",
        }
    }

    const fn right(self) -> Right {
        match self {
            Self::Login | Self::Logout => Right::Session,
            Self::RecordCreate | Self::RecordExists => Right::Reception,
            Self::PatientCertificateRegister
            | Self::PatientCertificateRemove
            | Self::ApprovalsAwaited
            | Self::ApprovalRequest
            | Self::LotOpen
            | Self::DocumentPut
            | Self::LotCommit
            | Self::LotAbandon => Right::Feed,
            Self::RecordAccess | Self::DocumentsList | Self::DocumentRead | Self::TraceRead => {
                Right::Consult
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Session,
    Reception,
    Feed,
    Consult,
}

enum Professions {
    Any,
    Only(&'static [u8]),
}

struct Row {
    card_kind: CardKind,
    professions: Professions,
    rights: &'static [Right],
}

/// Health professions of table G15 that take care of patients: columns A and B of the sheet.
const HEALTH_PROFESSIONS: &[u8] = &[
    10, 21, 26, 28, 40, 50, 60, 69, 70, 80, 91, 92, 94, 95, 96, 98,
];

const TABLE: &[Row] = &[
    Row {
        card_kind: CardKind::Cps,
        professions: Professions::Only(HEALTH_PROFESSIONS),
        rights: &[
            Right::Session,
            Right::Reception,
            Right::Feed,
            Right::Consult,
        ],
    },
    Row {
        card_kind: CardKind::Cpe,
        professions: Professions::Any,
        rights: &[Right::Session, Right::Reception],
    },
];

/// Whether a card of this kind and profession (table G15) permits this action.
#[must_use]
pub fn permits(card_kind: Option<CardKind>, profession: Option<u8>, action: Action) -> bool {
    TABLE.iter().any(|row| {
        card_kind == Some(row.card_kind)
            && row.rights.contains(&action.right())
            && match row.professions {
                Professions::Any => true,
                Professions::Only(list) => profession.is_some_and(|code| list.contains(&code)),
            }
    })
}

#[cfg(test)]
mod tests {
    use super::{Action, HEALTH_PROFESSIONS, permits};
    use Action::{
        ApprovalRequest, ApprovalsAwaited, DocumentPut, DocumentRead, DocumentsList, Login, Logout,
        LotAbandon, LotCommit, LotOpen, PatientCertificateRegister, PatientCertificateRemove,
        RecordAccess, RecordCreate, RecordExists, TraceRead,
    };
    use paraphe_certs::CardKind::{Cpa, Cpe, Cpf, Cps};

    const PHYSICIAN: Option<u8> = Some(10);
    const NURSE: Option<u8> = Some(60);
    const DENTAL_ASSISTANT: Option<u8> = Some(31);

    #[test]
    fn the_table_is_what_the_sheet_says() {
        let session = &[Login, Logout][..];
        let reception = &[RecordCreate, RecordExists][..];
        let feed = &[
            ApprovalRequest,
            ApprovalsAwaited,
            LotOpen,
            DocumentPut,
            LotCommit,
            LotAbandon,
            PatientCertificateRegister,
            PatientCertificateRemove,
        ][..];
        let consult = &[RecordAccess, DocumentsList, DocumentRead, TraceRead][..];
        let everything = [session, reception, feed, consult].concat();
        assert_eq!(everything.len(), Action::ALL.len());
        let cases = [
            (Some(Cps), PHYSICIAN, everything.clone()),
            (Some(Cps), NURSE, everything),
            (Some(Cps), None, vec![]),
            (Some(Cps), DENTAL_ASSISTANT, vec![]),
            (Some(Cpe), None, [session, reception].concat()),
            // A profession on a staff card gives no right of that profession.
            (Some(Cpe), PHYSICIAN, [session, reception].concat()),
            (Some(Cpf), PHYSICIAN, vec![]),
            (Some(Cpf), None, vec![]),
            (Some(Cpa), PHYSICIAN, vec![]),
            (Some(Cpa), None, vec![]),
            (None, PHYSICIAN, vec![]),
            (None, None, vec![]),
        ];
        for (kind, profession, allowed) in cases {
            for action in Action::ALL {
                assert_eq!(
                    permits(kind, profession, action),
                    allowed.contains(&action),
                    "{kind:?} {profession:?} {action:?}"
                );
            }
        }
    }

    #[test]
    fn unlisted_professions_are_refused() {
        for code in 0..=u8::MAX {
            assert_eq!(
                permits(Some(Cps), Some(code), LotOpen),
                HEALTH_PROFESSIONS.contains(&code)
            );
        }
    }
}
