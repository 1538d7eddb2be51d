//! Records: created once per patient identity, asked for by number, listed and read by those who may.

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{BeneficiarySummary, NirSummary};
use paraphe_protocol::identifiers::Ins;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use crate::patient::{Consent, PatientIdentity, RecordedConsent, matricule, parse_number};
use crate::problem::{Code, Refusal};
use crate::receipt::RecordReceipt;
use crate::service::Service;
use crate::session::Session;
use crate::token::{hexadecimal, random_name};
use crate::trace::{self, Entry, TraceResponse};

/// Body of `POST /v1/records`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRecordRequest {
    /// One beneficiary, as `vitale/read` gives it.
    pub patient: BeneficiarySummary,
    /// The patient's consent.
    #[serde(default)]
    pub consent: Option<Consent>,
}

/// Body of `POST /v1/records/exists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordExistsRequest {
    /// The patient's own number.
    pub patient: NirSummary,
}

/// Answer to `POST /v1/records/exists`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordExistsResponse {
    /// Whether there is a record.
    pub exists: bool,
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
}

/// Answer to `GET /v1/records/{record}/documents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentsResponse {
    /// The record.
    pub record: String,
    /// Its documents, in order of arrival.
    pub documents: Vec<RecordDocument>,
}

/// A document of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDocument {
    /// Unique id (OID).
    pub unique_id: String,
    /// Title.
    pub title: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Lot that it came in.
    pub lot: String,
    /// Submission set of that lot.
    pub submission_set: String,
    /// Who signed it: national identifier of a person or a structure, or SHA-256 of a patient's certificate, hexadecimal.
    pub author: String,
    /// National identifier of who approved it, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it came.
    pub received_at: UnixTime,
}

/// Where the bytes of a document are.
#[derive(Debug)]
pub(crate) struct DocumentFile {
    pub(crate) lot: String,
    pub(crate) number: u32,
    pub(crate) media_type: String,
    pub(crate) size: u64,
}

impl Service {
    /// `POST /v1/records`.
    pub(crate) async fn create_record(
        &self,
        session: &Session,
        request: CreateRecordRequest,
        entry: &mut Entry,
    ) -> Result<RecordReceipt, Refusal> {
        let now = self.now();
        let environment = self.configuration().environment;
        let identity = PatientIdentity::parse(&request.patient, environment);
        // The refusal's trace names the patient where the number itself is good.
        entry.patient = identity
            .as_ref()
            .ok()
            .map(|identity| matricule(&identity.ins));
        let consent = RecordedConsent::parse(request.consent, now)?;
        let identity = identity?;

        let record = random_name()?;
        entry.record = Some(record.clone());
        let receipt = RecordReceipt {
            record,
            created_at: now,
            created_by: session.actor.national_id.clone(),
            environment,
            patient_identity_oid: identity.ins.authority().oid().to_owned(),
            consent,
        };
        let line = entry.done();
        let written = self
            .storage()
            .run(move |connection| -> Result<RecordReceipt, Refusal> {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                if find(&transaction, &identity.ins)?.is_some() {
                    return Err(Code::RecordExists.into());
                }
                keep(&transaction, &identity, &receipt)?;
                line.write(&transaction)?;
                transaction.commit()?;
                Ok(receipt)
            })
            .await;
        match written {
            Ok(receipt) => {
                entry.settled = true;
                Ok(receipt)
            }
            Err(refusal) => {
                entry.record = None;
                Err(refusal)
            }
        }
    }

    /// `POST /v1/records/exists`.
    pub(crate) async fn record_exists(
        &self,
        request: &RecordExistsRequest,
        entry: &mut Entry,
    ) -> Result<RecordExistsResponse, Refusal> {
        let ins = parse_number(&request.patient, self.configuration().environment)?;
        entry.patient = Some(matricule(&ins));
        let record = self
            .storage()
            .run(move |connection| find(connection, &ins).map_err(Refusal::from))
            .await?;
        entry.record.clone_from(&record);
        Ok(RecordExistsResponse {
            exists: record.is_some(),
            record,
        })
    }

    /// The record of this patient.
    pub(crate) async fn record_of(&self, patient: Ins) -> Result<String, Refusal> {
        let found = self
            .storage()
            .run(move |connection| find(connection, &patient).map_err(Refusal::from))
            .await?;
        found.ok_or(Code::RecordUnknown.into())
    }

    /// `GET /v1/records/{record}/documents`.
    pub(crate) async fn documents(
        &self,
        record: String,
        entry: &mut Entry,
    ) -> Result<DocumentsResponse, Refusal> {
        self.storage()
            .run({
                let record = record.clone();
                move |connection| known(connection, &record)
            })
            .await?;
        entry.record = Some(record.clone());
        self.storage()
            .run(move |connection| -> Result<_, Refusal> {
                let documents = list(connection, &record)?;
                Ok(DocumentsResponse { record, documents })
            })
            .await
    }

    /// `GET /v1/records/{record}/documents/{unique_id}`: where its bytes are.
    pub(crate) async fn document(
        &self,
        record: String,
        unique_id: String,
        entry: &mut Entry,
    ) -> Result<DocumentFile, Refusal> {
        self.storage()
            .run({
                let record = record.clone();
                move |connection| known(connection, &record)
            })
            .await?;
        entry.record = Some(record.clone());
        let file = self
            .storage()
            .run(move |connection| locate(connection, &record, &unique_id).map_err(Refusal::from))
            .await?
            .ok_or(Code::DocumentUnknown)?;
        entry.lot = Some(file.lot.clone());
        Ok(file)
    }

    /// `GET /v1/records/{record}/trace`.
    pub(crate) async fn trace(
        &self,
        record: String,
        entry: &mut Entry,
    ) -> Result<TraceResponse, Refusal> {
        self.storage()
            .run({
                let record = record.clone();
                move |connection| known(connection, &record)
            })
            .await?;
        entry.record = Some(record.clone());
        self.storage()
            .run(move |connection| -> Result<_, Refusal> {
                let entries = trace::of_record(connection, &record)?;
                Ok(TraceResponse { record, entries })
            })
            .await
    }
}

/// The patient that a record is about.
pub(crate) fn patient(
    connection: &Connection,
    record: &str,
) -> rusqlite::Result<Option<(String, String)>> {
    connection
        .query_row(
            "SELECT patient_oid, patient_number || patient_key FROM record WHERE id = ?1",
            [record],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
}

/// Refuses a record that is not there.
pub(crate) fn known(connection: &Connection, record: &str) -> Result<(), Refusal> {
    match patient(connection, record)? {
        Some(_) => Ok(()),
        None => Err(Code::RecordUnknown.into()),
    }
}

fn find(connection: &Connection, ins: &Ins) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT id FROM record WHERE patient_oid = ?1 AND patient_number = ?2",
            [ins.authority().oid(), ins.matricule().number()],
            |row| row.get(0),
        )
        .optional()
}

fn keep(
    connection: &Connection,
    identity: &PatientIdentity,
    receipt: &RecordReceipt,
) -> rusqlite::Result<()> {
    let nir = identity.ins.matricule();
    connection.execute(
        "INSERT INTO record (id, patient_oid, patient_number, patient_key, family_name, given_name, birth_date,
                             consent_form, consent_collected_by, consent_collected_at, created_at, created_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            receipt.record,
            receipt.patient_identity_oid,
            nir.number(),
            format!("{:02}", nir.key()),
            identity.family_name,
            identity.given_name,
            identity.birth_date.as_str(),
            receipt.consent.form.name(),
            receipt.consent.collected_by,
            receipt.consent.collected_at.0,
            receipt.created_at.0,
            receipt.created_by,
        ],
    )?;
    Ok(())
}

fn list(connection: &Connection, record: &str) -> rusqlite::Result<Vec<RecordDocument>> {
    connection
        .prepare_cached(
            "SELECT unique_id, title, media_type, size, sha256, lot.id, submission_set, signer, received_at, approved_by
             FROM document JOIN lot ON lot.id = document.lot
             WHERE lot.record = ?1 ORDER BY received_at, lot.id, number",
        )?
        .query_map([record], |row| {
            let sha256: [u8; 32] = row.get(4)?;
            Ok(RecordDocument {
                unique_id: row.get(0)?,
                title: row.get(1)?,
                media_type: row.get(2)?,
                size: row.get(3)?,
                sha256: hexadecimal(&sha256),
                lot: row.get(5)?,
                submission_set: row.get(6)?,
                author: row.get(7)?,
                received_at: UnixTime(row.get(8)?),
                approved_by: row.get(9)?,
            })
        })?
        .collect()
}

fn locate(
    connection: &Connection,
    record: &str,
    unique_id: &str,
) -> rusqlite::Result<Option<DocumentFile>> {
    connection
        .query_row(
            "SELECT lot.id, number, media_type, size FROM document JOIN lot ON lot.id = document.lot
             WHERE lot.record = ?1 AND unique_id = ?2",
            [record, unique_id],
            |row| {
                Ok(DocumentFile {
                    lot: row.get(0)?,
                    number: row.get(1)?,
                    media_type: row.get(2)?,
                    size: row.get(3)?,
                })
            },
        )
        .optional()
}
