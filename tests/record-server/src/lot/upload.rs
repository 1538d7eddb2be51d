//! Receiving a document of a lot: a raw stream to a file of the staging folder, hashed on the way, cut as soon as it
//! passes the limit, synced before it counts. A refusal of the document's content ends its lot; a connection that breaks
//! loses this document only.

use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;

use super::reading::Reading;
use super::staging::{Received, Reservation};
use crate::http::BodyReader;
use crate::problem::{Code, Refusal};
use crate::service::Service;
use crate::session::Session;
use crate::token::hexadecimal;
use crate::trace::Entry;

/// Answer to `PUT /v1/lots/{lot}/documents/{n}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPutReceipt {
    /// The document's number, from 1.
    pub number: usize,
    /// Bytes received.
    pub size: u64,
    /// Their SHA-256, hexadecimal.
    pub sha256: String,
}

impl Service {
    /// `PUT /v1/lots/{lot}/documents/{n}`.
    pub(crate) async fn put_document(
        &self,
        session: &Session,
        (lot, number): (&str, usize),
        body: Incoming,
        entry: &mut Entry,
    ) -> Result<DocumentPutReceipt, Refusal> {
        let mut body = BodyReader::new(body, self.configuration().limits.idle);
        match self.lots().record_of(lot, &session.digest, self.now()) {
            Ok(record) => entry.record = Some(record),
            Err(refusal) => {
                body.drain().await;
                return Err(refusal);
            }
        }
        entry.lot = Some(lot.to_owned());
        let received = self.receive(lot, number, &mut body).await;
        match received {
            Ok(received) => {
                // Its lot is traced.
                entry.settled = true;
                Ok(DocumentPutReceipt {
                    number,
                    size: received.size,
                    sha256: hexadecimal(&received.sha256),
                })
            }
            Err(refusal) => {
                // Nothing of the lot changed where the document was lost on the way, came twice or has no place.
                let harmless = matches!(
                    refusal.code,
                    Code::RequestInterrupted
                        | Code::DocumentAlreadyReceived
                        | Code::DocumentUnknown
                );
                if !harmless {
                    let ended = self.lots().end(lot).into_iter().collect();
                    self.discard(ended).await?;
                }
                body.drain().await;
                Err(refusal.with_detail(format!("document {number}")))
            }
        }
    }

    async fn receive(
        &self,
        lot: &str,
        number: usize,
        body: &mut BodyReader,
    ) -> Result<Received, Refusal> {
        let maximum = self.configuration().limits.document_bytes;
        let reservation = self.lots().reserve(lot, number)?;
        if body.announced() > maximum {
            return Err(Code::DocumentTooLarge.into());
        }
        let received = write(&reservation, body, maximum).await?;
        reservation.keep(received)?;
        Ok(received)
    }
}

async fn write(
    reservation: &Reservation,
    body: &mut BodyReader,
    maximum: u64,
) -> Result<Received, Refusal> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(reservation.path())
        .await
        .map_err(|error| match error.kind() {
            // The lot ended meanwhile, and its folder with it.
            std::io::ErrorKind::NotFound => Code::LotUnknown.into(),
            _ => Refusal::from(error),
        })?;
    let mut reading = Reading::new(reservation.media_type(), maximum);
    while let Some(piece) = body.next().await? {
        reading.update(&piece)?;
        file.write_all(&piece).await?;
    }
    let received = reading.finish()?;
    file.sync_all().await?;
    Ok(received)
}
