//! The trace: who did what, when, by which means, on whose record, with what outcome (domain facts 6.4). Refusals
//! included. Append-only: the table's triggers refuse changes. A trace that cannot be written makes its action fail.

use paraphe_certs::{CardKind, UnixTime};
use paraphe_protocol::vihf::PurposeOfUse;
use rusqlite::{Connection, Row, named_params};
use serde::{Deserialize, Serialize};

use crate::lot::{KeptApproval, SignerMode};
use crate::problem::Code;
use crate::rules::Action;
use crate::token::hexadecimal;

/// Authentication mode of the shared record: the professional's own card.
const MODE: &str = "DIRECTE";
/// Who acted, as verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// National identifier with its type digit.
    pub national_id: String,
    /// Card family.
    pub card_kind: CardKind,
    /// Issuer prefix and card number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_number: Option<String>,
}

/// One line of the trace while its action goes on. Filled as things become known, written once.
#[derive(Debug)]
pub(crate) struct Entry {
    action: Action,
    at: UnixTime,
    pub(crate) actor: Option<Actor>,
    pub(crate) patient: Option<String>,
    pub(crate) record: Option<String>,
    pub(crate) lot: Option<String>,
    pub(crate) signer_mode: Option<SignerMode>,
    pub(crate) approval: Option<KeptApproval>,
    /// SHA-256 of the certificate of a patient's token, hexadecimal.
    pub(crate) patient_certificate: Option<String>,
    /// Why the record is opened; sessions are for normal care.
    pub(crate) access: PurposeOfUse,
    /// Why the glass was broken.
    pub(crate) access_reason: Option<String>,
    /// Identifier of the SAML assertion that was admitted.
    pub(crate) vihf: Option<String>,
    /// The action wrote it in its own transaction, or its success is traced by another action.
    pub(crate) settled: bool,
}

impl Entry {
    pub(crate) const fn new(action: Action, at: UnixTime) -> Self {
        Self {
            action,
            at,
            actor: None,
            patient: None,
            record: None,
            lot: None,
            signer_mode: None,
            approval: None,
            patient_certificate: None,
            access: PurposeOfUse::Normal,
            access_reason: None,
            vihf: None,
            settled: false,
        }
    }

    /// The line as it will be written, for a transaction of the action's own.
    pub(crate) fn done(&self) -> Line {
        self.line(None)
    }

    pub(crate) fn refused(&self, code: Code) -> Line {
        self.line(Some(code))
    }

    fn line(&self, code: Option<Code>) -> Line {
        Line {
            action: self.action,
            at: self.at,
            actor: self.actor.clone(),
            patient: self.patient.clone(),
            record: self.record.clone(),
            lot: self.lot.clone(),
            signer_mode: self.signer_mode,
            approval: self.approval.clone(),
            patient_certificate: self.patient_certificate.clone(),
            access: self.access,
            access_reason: self.access_reason.clone(),
            vihf: self.vihf.clone(),
            code,
        }
    }
}

/// A line ready to be written.
#[derive(Debug)]
pub(crate) struct Line {
    action: Action,
    at: UnixTime,
    actor: Option<Actor>,
    patient: Option<String>,
    record: Option<String>,
    lot: Option<String>,
    signer_mode: Option<SignerMode>,
    approval: Option<KeptApproval>,
    patient_certificate: Option<String>,
    access: PurposeOfUse,
    access_reason: Option<String>,
    vihf: Option<String>,
    code: Option<Code>,
}

impl Line {
    /// Adds the line, within whatever transaction is open.
    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let actor = self.actor.as_ref();
        let approval = self.approval.as_ref();
        connection
            .prepare_cached(
                "INSERT INTO trace (at, action, mode, access, national_id, card_kind, card_number, patient, record, lot, outcome, code,
                                    signer_mode, approved_by, approver_card, approved_at, approval_sha256, patient_certificate,
                                    access_reason, vihf)
                 VALUES (:at, :action, :mode, :access, :national_id, :card_kind, :card_number,
                         coalesce(:patient, (SELECT patient_number || patient_key FROM record WHERE id = :record)),
                         :record, :lot, :outcome, :code,
                         :signer_mode, :approved_by, :approver_card, :approved_at, unhex(:approval_sha256), unhex(:patient_certificate),
                         :access_reason, :vihf)",
            )?
            .execute(named_params! {
                ":at": self.at.0,
                ":action": self.action.name(),
                ":mode": MODE,
                ":access": self.access.code(),
                ":national_id": actor.map(|actor| &actor.national_id),
                ":card_kind": actor.map(|actor| card_kind_name(actor.card_kind)),
                ":card_number": actor.and_then(|actor| actor.card_number.as_ref()),
                ":patient": self.patient,
                ":record": self.record,
                ":lot": self.lot,
                ":outcome": if self.code.is_none() { "done" } else { "refused" },
                ":code": self.code.map(Code::name),
                ":signer_mode": self.signer_mode.map(SignerMode::name),
                ":approved_by": approval.map(|approval| &approval.approved_by),
                ":approver_card": approval.and_then(|approval| approval.card_number.as_ref()),
                ":approved_at": approval.map(|approval| approval.approved_at.0),
                ":approval_sha256": approval.map(|approval| &approval.sha256),
                ":patient_certificate": self.patient_certificate,
                ":access_reason": self.access_reason,
                ":vihf": self.vihf,
            })?;
        Ok(())
    }
}

/// A line as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEntry {
    /// Order of writing, from 1.
    pub sequence: i64,
    /// When the action began.
    pub at: UnixTime,
    /// What was asked.
    pub action: String,
    /// Authentication mode (`DIRECTE`: the professional's own card).
    pub mode: String,
    /// Access mode (`normal`, `bris_de_glace`, `centre_15`).
    pub access: String,
    /// Who, where somebody was identified.
    pub actor: Option<Actor>,
    /// Matricule and key, where one was given or the record is known.
    pub patient: Option<String>,
    /// Record.
    pub record: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// `done` or `refused`.
    pub outcome: String,
    /// Code of the refusal.
    pub code: Option<String>,
    /// Who signs the lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer_mode: Option<String>,
    /// Who approved the lot's documents, and when, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<KeptApproval>,
    /// SHA-256 of the certificate of the patient's token that was registered, removed, or signed the lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_certificate: Option<String>,
    /// Why the glass was broken, in the professional's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_reason: Option<String>,
    /// Identifier of the SAML assertion that was admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vihf: Option<String>,
}

/// Answer to `GET /v1/records/{record}/trace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceResponse {
    /// The record.
    pub record: String,
    /// Oldest first.
    pub entries: Vec<TraceEntry>,
}

/// Lines on this record or its patient (a refused creation names the patient only), oldest first.
pub(crate) fn of_record(
    connection: &Connection,
    record: &str,
) -> rusqlite::Result<Vec<TraceEntry>> {
    connection
        .prepare_cached(
            "SELECT sequence, at, action, mode, access, national_id, card_kind, card_number, patient, record, lot, outcome, code,
                    signer_mode, approved_by, approver_card, approved_at, approval_sha256, patient_certificate,
                    access_reason, vihf
             FROM trace
             WHERE record = ?1 OR patient = (SELECT patient_number || patient_key FROM record WHERE id = ?1)
             ORDER BY sequence",
        )?
        .query_map([record], read)?
        .collect()
}

/// The whole trace, oldest first: for the operator and for tests.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<TraceEntry>> {
    connection
        .prepare(
            "SELECT sequence, at, action, mode, access, national_id, card_kind, card_number, patient, record, lot, outcome, code,
                    signer_mode, approved_by, approver_card, approved_at, approval_sha256, patient_certificate,
                    access_reason, vihf
             FROM trace ORDER BY sequence",
        )?
        .query_map([], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<TraceEntry> {
    let national_id: Option<String> = row.get("national_id")?;
    let card_kind: Option<String> = row.get("card_kind")?;
    let card_number = row.get("card_number")?;
    let actor = match (
        national_id,
        card_kind.as_deref().and_then(card_kind_from_name),
    ) {
        (Some(national_id), Some(card_kind)) => Some(Actor {
            national_id,
            card_kind,
            card_number,
        }),
        _ => None,
    };
    let approved_by: Option<String> = row.get("approved_by")?;
    let approval = match approved_by {
        Some(approved_by) => Some(KeptApproval {
            approved_by,
            card_number: row.get("approver_card")?,
            approved_at: UnixTime(row.get("approved_at")?),
            sha256: hexadecimal(&row.get::<_, [u8; 32]>("approval_sha256")?),
        }),
        None => None,
    };
    let patient_certificate: Option<[u8; 32]> = row.get("patient_certificate")?;
    Ok(TraceEntry {
        sequence: row.get("sequence")?,
        at: UnixTime(row.get("at")?),
        action: row.get("action")?,
        mode: row.get("mode")?,
        access: row.get("access")?,
        actor,
        patient: row.get("patient")?,
        record: row.get("record")?,
        lot: row.get("lot")?,
        outcome: row.get("outcome")?,
        code: row.get("code")?,
        signer_mode: row.get("signer_mode")?,
        approval,
        patient_certificate: patient_certificate.map(|digest| hexadecimal(&digest)),
        access_reason: row.get("access_reason")?,
        vihf: row.get("vihf")?,
    })
}

/// Card kind in the tables, the same word as in JSON.
pub(crate) const fn card_kind_name(kind: CardKind) -> &'static str {
    match kind {
        CardKind::Cps => "cps",
        CardKind::Cpf => "cpf",
        CardKind::Cpe => "cpe",
        CardKind::Cpa => "cpa",
    }
}

pub(crate) fn card_kind_from_name(name: &str) -> Option<CardKind> {
    [CardKind::Cps, CardKind::Cpf, CardKind::Cpe, CardKind::Cpa]
        .into_iter()
        .find(|&kind| card_kind_name(kind) == name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_certs::{CardKind, UnixTime};

    use super::{Actor, Entry, all, of_record};
    use crate::problem::Code;
    use crate::rules::Action;
    use crate::storage::in_memory;

    #[test]
    fn lines_are_read_back_by_record_and_by_patient() {
        let connection = in_memory();
        connection
            .execute("INSERT INTO record VALUES ('r', 'oid', '1610275999999', '19', 'F', 'G', '19610217', 'oral', 'x', 1, 1, 'x')", [])
            .unwrap();
        let mut refused = Entry::new(Action::RecordCreate, UnixTime(1));
        refused.patient = Some("161027599999919".to_owned());
        refused
            .refused(Code::ConsentMissing)
            .write(&connection)
            .unwrap();
        let mut done = Entry::new(Action::LotCommit, UnixTime(2));
        done.record = Some("r".to_owned());
        done.actor = Some(Actor {
            national_id: "899700000017".to_owned(),
            card_kind: CardKind::Cps,
            card_number: None,
        });
        done.done().write(&connection).unwrap();
        let mut elsewhere = Entry::new(Action::LotOpen, UnixTime(3));
        elsewhere.record = Some("other".to_owned());
        elsewhere.done().write(&connection).unwrap();

        let lines = of_record(&connection, "r").unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0].code.as_deref(), Some("consent-missing"));
        assert_eq!(lines[0].actor, None);
        assert_eq!(
            lines[1].patient.as_deref(),
            Some("161027599999919"),
            "the record's patient is added"
        );
        assert_eq!(lines[1].actor, done.actor);
        assert_eq!(lines[1].mode, "DIRECTE");
        assert_eq!(all(&connection).unwrap().len(), 3);
    }
}
