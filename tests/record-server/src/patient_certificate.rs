//! The certificates of patients' own tokens: which one is of which record. Nothing public says how a patient's certificate is linked
//! to a record (docs/assumptions.md): here a professional who may feed the record registers it, and only its SHA-256 is kept.
//! Refused: what leads to no anchor of the patients' store, a professional's or a structure's certificate, one of another record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, CertificateError, PatientSignature, UnixTime};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use crate::card::path_code;
use crate::problem::{Code, Refusal};
use crate::record;
use crate::service::Service;
use crate::session::Session;
use crate::token::hexadecimal;
use crate::trace::Entry;

/// Hexadecimal digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;

/// Body of `POST /v1/records/{record}/patient-certificates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterPatientCertificateRequest {
    /// The certificate, DER or PEM, base64.
    pub certificate: String,
}

impl RegisterPatientCertificateRequest {
    /// Of a certificate, DER or PEM.
    #[must_use]
    pub fn new(certificate: &[u8]) -> Self {
        Self {
            certificate: STANDARD.encode(certificate),
        }
    }
}

/// A patient's certificate was registered. Holds no name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientCertificateReceipt {
    /// The record.
    pub record: String,
    /// SHA-256 of the certificate's DER, hexadecimal.
    pub sha256: String,
    /// When.
    pub registered_at: UnixTime,
    /// National identifier of the session's holder.
    pub registered_by: String,
}

impl Service {
    /// `POST /v1/records/{record}/patient-certificates`.
    pub(crate) async fn register_patient_certificate(
        &self,
        session: &Session,
        record: String,
        request: RegisterPatientCertificateRequest,
        entry: &mut Entry,
    ) -> Result<PatientCertificateReceipt, Refusal> {
        let patients = self.patients().ok_or(Code::SignerModeUnavailable)?;
        self.known_record(&record, entry).await?;
        let now = self.now();
        let certificate = read(&request.certificate)?;
        let sha256 = hexadecimal(&certificate.sha256());
        entry.patient_certificate = Some(sha256.clone());
        // Looks at the folder of revocation lists: not for the async executor.
        tokio::task::spawn_blocking(move || {
            let verified = patients
                .current()
                .verify::<PatientSignature>(&certificate, now);
            verified
                .map(|_| ())
                .map_err(|error| Refusal::new(path_code(&error)).because(error))
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))??;
        let maximum = self.configuration().limits.patient_certificates;
        let receipt = PatientCertificateReceipt {
            record,
            sha256,
            registered_at: now,
            registered_by: session.actor.national_id.clone(),
        };
        let line = entry.done();
        let receipt = self
            .storage()
            .run(move |connection| -> Result<_, Refusal> {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                register(&transaction, &receipt, maximum)?;
                line.write(&transaction)?;
                transaction.commit()?;
                Ok(receipt)
            })
            .await?;
        entry.settled = true;
        Ok(receipt)
    }

    /// `DELETE /v1/records/{record}/patient-certificates/{sha256}`. Lots that it signed stay.
    pub(crate) async fn remove_patient_certificate(
        &self,
        record: String,
        sha256: String,
        entry: &mut Entry,
    ) -> Result<(), Refusal> {
        self.known_record(&record, entry).await?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256.len() != DIGEST_DIGITS || !sha256.bytes().all(is_digit) {
            return Err(Code::PatientCertificateUnknown.into());
        }
        entry.patient_certificate = Some(sha256.clone());
        let line = entry.done();
        self.storage()
            .run(move |connection| -> Result<_, Refusal> {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let removed = transaction.execute(
                    "DELETE FROM patient_certificate WHERE sha256 = unhex(?1) AND record = ?2",
                    [&sha256, &record],
                )?;
                if removed == 0 {
                    return Err(Code::PatientCertificateUnknown.into());
                }
                line.write(&transaction)?;
                Ok(transaction.commit()?)
            })
            .await?;
        entry.settled = true;
        Ok(())
    }

    async fn known_record(&self, record: &str, entry: &mut Entry) -> Result<(), Refusal> {
        let name = record.to_owned();
        self.storage()
            .run(move |connection| record::known(connection, &name))
            .await?;
        entry.record = Some(record.to_owned());
        Ok(())
    }
}

/// Refuses a certificate that is not registered on this record.
pub(crate) fn check(connection: &Connection, record: &str, sha256: &str) -> Result<(), Refusal> {
    match record_of(connection, sha256)? {
        Some(registered) if registered == record => Ok(()),
        Some(_) => Err(Code::PatientCertificateElsewhere.into()),
        None => Err(Code::PatientCertificateUnknown.into()),
    }
}

fn record_of(connection: &Connection, sha256: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT record FROM patient_certificate WHERE sha256 = unhex(?1)",
            [sha256],
            |row| row.get(0),
        )
        .optional()
}

fn register(
    connection: &Connection,
    receipt: &PatientCertificateReceipt,
    maximum: usize,
) -> Result<(), Refusal> {
    match record_of(connection, &receipt.sha256)? {
        Some(record) if record == receipt.record => {
            return Err(Code::PatientCertificateRegistered.into());
        }
        Some(_) => return Err(Code::PatientCertificateElsewhere.into()),
        None => {}
    }
    let registered: usize = connection.query_row(
        "SELECT count(*) FROM patient_certificate WHERE record = ?1",
        [&receipt.record],
        |row| row.get(0),
    )?;
    if registered >= maximum {
        return Err(
            Refusal::new(Code::PatientCertificatesTooMany).with_detail(format!("> {maximum}"))
        );
    }
    connection.execute(
        "INSERT INTO patient_certificate (sha256, record, registered_at, registered_by) VALUES (unhex(?1), ?2, ?3, ?4)",
        params![
            receipt.sha256,
            receipt.record,
            receipt.registered_at.0,
            receipt.registered_by,
        ],
    )?;
    Ok(())
}

fn read(text: &str) -> Result<Certificate, Refusal> {
    let malformed = || Refusal::new(Code::PatientCertificateMalformed);
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| malformed().because(error))?;
    let is_pem = bytes.starts_with(b"-----BEGIN ");
    let certificate = if is_pem {
        Certificate::from_pem(&bytes)
    } else {
        Certificate::from_der(&bytes)
    };
    certificate.map_err(|error: CertificateError| malformed().because(error))
}
