//! `POST /v1/access`: the documents of the patient whom a VIHF names, for whoever it proves, once, without a session. The assertion
//! says who, from where, about whom and why; break-glass comes with its reason beside it, and both are a line of the trace. Mode
//! DIRECTE alone: this record's rules are about cards (`rules.rs`), and in the other modes there is none to apply them to.
//!
//! An identifier is spent in the database, in one step, before anything is answered: of many submissions one is admitted.

use paraphe_certs::UnixTime;
use paraphe_protocol::identifiers::Ins;
use paraphe_protocol::vihf::{
    self, AccessReason, AdmitError, CheckedVihf, Expected, ExpectedAudience, PurposeOfUse,
    Resource, VerifiedVihf, VihfError, VihfId, VihfSigner,
};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::card::{self, check_environment};
use crate::problem::{Code, Refusal};
use crate::record::DocumentsResponse;
use crate::rules::{Action, permits};
use crate::service::Service;
use crate::trace::{Actor, Entry};

/// Body of `POST /v1/access`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRequest {
    /// The assertion's XML.
    pub assertion: String,
    /// Why the glass is broken; demanded of `bris_de_glace`, and of nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<AccessReason>,
}

impl Service {
    /// `POST /v1/access`.
    pub(crate) async fn access(
        &self,
        request: AccessRequest,
        entry: &mut Entry,
    ) -> Result<DocumentsResponse, Refusal> {
        let now = self.now();
        let configuration = self.configuration();
        let trust = self.trust();
        let AccessRequest { assertion, reason } = request;
        let checked = tokio::task::spawn_blocking(move || {
            let expected = Expected {
                resource: &Resource::default(),
                audience: ExpectedAudience::Named(&configuration.audience),
                now,
            };
            vihf::check(assertion.as_bytes(), &expected, &trust.current())
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))?
        .map_err(refusal)?;
        let admitted = self
            .storage()
            .run(move |connection| admit(connection, checked, now))
            .await?;
        let patient = self.note(&admitted, reason, entry)?;
        let record = self.record_of(patient).await?;
        self.documents(record, entry).await
    }

    /// Who, why and about whom, into the trace's line; then the rules.
    fn note(
        &self,
        admitted: &VerifiedVihf,
        reason: Option<AccessReason>,
        entry: &mut Entry,
    ) -> Result<Ins, Refusal> {
        let content = admitted.content();
        entry.vihf = Some(content.id.to_string());
        entry.access = content.purpose;
        let VihfSigner::Card(certificate) = admitted.signer() else {
            return Err(Refusal::new(Code::AccessDenied).with_detail(content.mode.name()));
        };
        let holder = certificate.holder();
        let profession = holder.profession.map(|code| code.0);
        entry.actor = holder.card_kind.map(|card_kind| Actor {
            national_id: holder.national_id.to_string(),
            card_kind,
            card_number: holder.card_serial.clone(),
        });
        check_environment(holder, self.configuration().environment)?;
        if !permits(holder.card_kind, profession, Action::RecordAccess) {
            return Err(Code::AccessDenied.into());
        }
        let breaks_glass = content.purpose == PurposeOfUse::BreakGlass;
        if breaks_glass != reason.is_some() {
            return Err(Code::AccessReasonMissing.into());
        }
        entry.access_reason = reason.map(String::from);
        content.patient.clone().ok_or(Code::RecordUnknown.into())
    }
}

/// Spends the identifier; only its digest is kept.
fn admit(
    connection: &Connection,
    checked: CheckedVihf,
    now: UnixTime,
) -> Result<VerifiedVihf, Refusal> {
    let consumed = checked.admit(|id, forgotten| consume(connection, id, forgotten, now));
    consumed.map_err(|error| match error {
        AdmitError::Refused(error) => refusal(error),
        AdmitError::Store(error) => error.into(),
    })
}

fn consume(
    connection: &Connection,
    id: &VihfId,
    forgotten: UnixTime,
    now: UnixTime,
) -> rusqlite::Result<bool> {
    connection.execute("DELETE FROM used_vihf WHERE forgotten_at <= ?1", [now.0])?;
    let digest = openssl::sha::sha256(id.as_str().as_bytes());
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO used_vihf (id_digest, forgotten_at) VALUES (?1, ?2)",
        )?
        .execute(params![digest, forgotten.0])?;
    Ok(inserted == 1)
}

fn refusal(error: VihfError) -> Refusal {
    let code = match &error {
        VihfError::Path(path) => card::path_code(path),
        VihfError::Certificate(_) | VihfError::Key(_) => Code::CertificateInvalid,
        VihfError::WrongCertificate { .. } => Code::CertificateWrongUse,
        VihfError::NotYetValid | VihfError::Expired => Code::AssertionExpired,
        VihfError::Signature | VihfError::Altered => Code::AssertionSignatureInvalid,
        VihfError::Replayed => Code::VihfUsed,
        VihfError::Xml(_) | VihfError::Shape(_) | VihfError::Reference => Code::AssertionMalformed,
        _ => Code::VihfRefused,
    };
    Refusal::new(code).with_detail(error.code()).because(error)
}
