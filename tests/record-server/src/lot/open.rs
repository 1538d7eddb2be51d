//! Opening a lot: which record, which documents, each with its unique id (an OID of at most 64 characters, domain
//! facts 5.6), title and media type. Giving one up.

use std::collections::BTreeSet;

use paraphe_certs::UnixTime;
use paraphe_protocol::identifiers::Oid;
use serde::{Deserialize, Serialize};

use super::SignerMode;
use super::staging::{NewLot, OpenLot};
use crate::problem::{Code, Refusal};
use crate::record;
use crate::service::Service;
use crate::session::Session;
use crate::token::{random_name, unique_id};
use crate::trace::Entry;

/// Longest title, characters.
const MAXIMUM_TITLE: usize = 128;

/// Media types of documents: the five formats of the shared record, and CDA.
const MEDIA_TYPES: [&str; 7] = [
    "application/pdf",
    "application/rtf",
    "image/jpeg",
    "image/tiff",
    "text/plain",
    "text/rtf",
    "text/xml",
];

/// Body of `POST /v1/lots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenLotRequest {
    /// Record that the lot is for.
    pub record: String,
    /// Who will sign it; absent: the card of the session.
    #[serde(default)]
    pub signer_mode: SignerMode,
    /// Its documents, in the order of their numbers.
    pub documents: Vec<AnnouncedDocument>,
}

/// A document that will be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnouncedDocument {
    /// Unique id (OID), as in the signature.
    pub unique_id: String,
    /// Title, at most 128 characters.
    pub title: String,
    /// Media type.
    pub media_type: String,
}

/// Answer to `POST /v1/lots`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLotResponse {
    /// Name of the lot, 32 hexadecimal digits.
    pub lot: String,
    /// From this time on it is gone.
    pub expires_at: UnixTime,
    /// Most bytes of one document.
    pub maximum_document_bytes: u64,
}

impl Service {
    /// `POST /v1/lots`.
    pub(crate) async fn open_lot(
        &self,
        session: &Session,
        request: OpenLotRequest,
        entry: &mut Entry,
    ) -> Result<OpenLotResponse, Refusal> {
        let configuration = self.configuration();
        let limits = &configuration.limits;
        let mode = request.signer_mode;
        entry.signer_mode = Some(mode);
        if !mode.is_available(&configuration) {
            return Err(Code::SignerModeUnavailable.into());
        }
        // What this server signs it names itself.
        let submission_set = match mode {
            SignerMode::ServerCertificate => Some(unique_id()?),
            _ => None,
        };
        check(&request.documents, limits.documents_per_lot)?;
        let record = request.record;
        self.storage()
            .run({
                let record = record.clone();
                move |connection| record::known(connection, &record)
            })
            .await?;
        entry.record = Some(record.clone());

        let now = self.now();
        let lot = random_name()?;
        let expires_at = now.plus_seconds(limits.lot_seconds).min(session.expires_at);
        let lots = self.lots().clone();
        let (name, limits) = (lot.clone(), limits.clone());
        let new = NewLot {
            owner: session.digest,
            record,
            mode,
            submission_set,
            documents: request.documents,
            expires_at,
        };
        // Makes a folder: not for the async executor.
        tokio::task::spawn_blocking(move || {
            lots.sweep(now);
            lots.open(name, new, &limits)
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))??;
        entry.lot = Some(lot.clone());
        Ok(OpenLotResponse {
            lot,
            expires_at,
            maximum_document_bytes: configuration.limits.document_bytes,
        })
    }

    /// `DELETE /v1/lots/{lot}`.
    pub(crate) async fn abandon_lot(
        &self,
        session: &Session,
        lot: &str,
        entry: &mut Entry,
    ) -> Result<(), Refusal> {
        let taken = self.take_lot(session, lot, entry)?;
        self.discard(vec![taken]).await
    }

    /// Ends lots that were taken out of the table: removes their folders, away from the async executor.
    pub(crate) async fn discard(&self, lots: Vec<OpenLot>) -> Result<(), Refusal> {
        if lots.is_empty() {
            return Ok(());
        }
        tokio::task::spawn_blocking(move || drop(lots))
            .await
            .map_err(|error| Refusal::new(Code::Internal).because(error))
    }
}

fn check(documents: &[AnnouncedDocument], maximum: usize) -> Result<(), Refusal> {
    if documents.is_empty() {
        return Err(Code::LotEmpty.into());
    }
    if documents.len() > maximum {
        return Err(Refusal::new(Code::LotTooManyDocuments)
            .with_detail(format!("{} > {maximum}", documents.len())));
    }
    let mut seen = BTreeSet::new();
    for (number, document) in (1_usize..).zip(documents) {
        let title_length = document.title.chars().count();
        let good = document.unique_id.parse::<Oid>().is_ok()
            && seen.insert(document.unique_id.as_str())
            && (1..=MAXIMUM_TITLE).contains(&title_length)
            && !document.title.chars().any(char::is_control)
            && MEDIA_TYPES.contains(&document.media_type.as_str());
        if !good {
            return Err(
                Refusal::new(Code::LotDocumentInvalid).with_detail(format!("document {number}"))
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{AnnouncedDocument, check};
    use crate::problem::Code;

    fn document(unique_id: &str) -> AnnouncedDocument {
        AnnouncedDocument {
            unique_id: unique_id.to_owned(),
            title: "Compte rendu".to_owned(),
            media_type: "application/pdf".to_owned(),
        }
    }

    #[test]
    fn announcements_are_checked() {
        assert!(check(&[document("2.25.1"), document("2.25.2")], 2).is_ok());
        assert_eq!(check(&[], 2).unwrap_err().code, Code::LotEmpty);
        let three = [document("2.25.1"), document("2.25.2"), document("2.25.3")];
        assert_eq!(
            check(&three, 2).unwrap_err().code,
            Code::LotTooManyDocuments
        );
        let bad = [
            AnnouncedDocument {
                unique_id: "2.25.01".to_owned(),
                ..document("")
            },
            AnnouncedDocument {
                unique_id: format!("2.25.{}", "1".repeat(60)),
                ..document("")
            },
            AnnouncedDocument {
                title: String::new(),
                ..document("2.25.1")
            },
            AnnouncedDocument {
                title: "x".repeat(129),
                ..document("2.25.1")
            },
            AnnouncedDocument {
                title: "a\nb".to_owned(),
                ..document("2.25.1")
            },
            AnnouncedDocument {
                media_type: "text/html".to_owned(),
                ..document("2.25.1")
            },
        ];
        for document in bad {
            assert_eq!(
                check(std::slice::from_ref(&document), 2).unwrap_err().code,
                Code::LotDocumentInvalid,
                "{document:?}"
            );
        }
        let twice = [document("2.25.1"), document("2.25.1")];
        assert_eq!(check(&twice, 2).unwrap_err().code, Code::LotDocumentInvalid);
    }
}
