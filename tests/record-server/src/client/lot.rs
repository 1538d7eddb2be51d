//! Sending a lot: open, each document streamed from where it is, commit.

use std::path::PathBuf;

use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::body::Bytes;
use tokio::fs::File;
use tokio::io::AsyncRead;

use super::connection::full;
use super::{Client, ClientError, Empty, MAXIMUM_ANSWER};
use crate::lot::{
    AnnouncedDocument, ApprovalRequestResponse, AwaitingApprovalResponse, CommitLotRequest,
    DocumentPutReceipt, OpenLotRequest, OpenLotResponse, SignerMode,
};
use crate::receipt::LotReceipt;
use crate::stream::ReaderBody;

/// A document to send.
#[derive(Debug)]
pub struct OutgoingDocument {
    /// What the server is told of it.
    pub announced: AnnouncedDocument,
    /// Where its bytes are.
    pub source: DocumentSource,
}

/// Where the bytes of a document are.
#[non_exhaustive]
pub enum DocumentSource {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a file.
    Path(PathBuf),
    /// In anything that can be read; its length is not told in advance.
    Reader(Box<dyn AsyncRead + Send + Unpin>),
}

impl std::fmt::Debug for DocumentSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Path(_) => f.write_str("Path(..)"),
            Self::Reader(_) => f.write_str("Reader(..)"),
        }
    }
}

impl Client {
    /// Opens a lot, sends its documents one after the other, commits it with this signature file.
    ///
    /// # Errors
    /// [`ClientError`]; the server has then kept nothing of the lot, or removes it when the lot expires.
    pub async fn send_lot(
        &self,
        record: &str,
        documents: Vec<OutgoingDocument>,
        signature: &[u8],
    ) -> Result<LotReceipt, ClientError> {
        let announced = documents
            .iter()
            .map(|document| document.announced.clone())
            .collect();
        let opened = self.open_lot(record, announced).await?;
        for (number, document) in (1..).zip(documents) {
            self.put_document(&opened.lot, number, document.source)
                .await?;
        }
        self.commit_lot(&opened.lot, signature).await
    }

    /// `POST /v1/lots`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn open_lot(
        &self,
        record: &str,
        documents: Vec<AnnouncedDocument>,
    ) -> Result<OpenLotResponse, ClientError> {
        self.open_lot_signed_by(SignerMode::default(), record, documents)
            .await
    }

    /// `POST /v1/lots` of a lot that somebody else than the session's card signs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn open_lot_signed_by(
        &self,
        signer_mode: SignerMode,
        record: &str,
        documents: Vec<AnnouncedDocument>,
    ) -> Result<OpenLotResponse, ClientError> {
        let body = OpenLotRequest {
            record: record.to_owned(),
            signer_mode,
            documents,
        };
        self.json(Method::POST, "/v1/lots", Some(&body)).await
    }

    /// Opens a lot that somebody else than the session's card signs, and sends its documents.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn fill_lot(
        &self,
        signer_mode: SignerMode,
        record: &str,
        documents: Vec<OutgoingDocument>,
    ) -> Result<OpenLotResponse, ClientError> {
        let announced = documents
            .iter()
            .map(|document| document.announced.clone())
            .collect();
        let opened = self
            .open_lot_signed_by(signer_mode, record, announced)
            .await?;
        for (number, document) in (1..).zip(documents) {
            self.put_document(&opened.lot, number, document.source)
                .await?;
        }
        Ok(opened)
    }

    /// `GET /v1/lots/awaiting-approval`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn awaiting_approval(&self) -> Result<AwaitingApprovalResponse, ClientError> {
        self.json::<Empty, _>(Method::GET, "/v1/lots/awaiting-approval", None)
            .await
    }

    /// `POST /v1/lots/{lot}/approval-request`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn approval_request(
        &self,
        lot: &str,
    ) -> Result<ApprovalRequestResponse, ClientError> {
        let path = format!("/v1/lots/{lot}/approval-request");
        self.json(Method::POST, &path, Some(&Empty {})).await
    }

    /// `POST /v1/lots/{lot}/commit` with whatever the lot's mode wants.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn commit(
        &self,
        lot: &str,
        body: &CommitLotRequest,
    ) -> Result<LotReceipt, ClientError> {
        self.json(Method::POST, &format!("/v1/lots/{lot}/commit"), Some(body))
            .await
    }

    /// `PUT /v1/lots/{lot}/documents/{number}`, number from 1.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put_document(
        &self,
        lot: &str,
        number: usize,
        source: DocumentSource,
    ) -> Result<DocumentPutReceipt, ClientError> {
        let body = match source {
            DocumentSource::Bytes(bytes) => full(bytes),
            DocumentSource::Path(path) => {
                let file = File::open(path).await.map_err(ClientError::Document)?;
                let length = file.metadata().await.map_err(ClientError::Document)?.len();
                ReaderBody::new(file, Some(length)).boxed()
            }
            DocumentSource::Reader(reader) => ReaderBody::new(reader, None).boxed(),
        };
        let path = format!("/v1/lots/{lot}/documents/{number}");
        let body = Some((body, "application/octet-stream"));
        let bytes: Bytes = self
            .exchange((Method::PUT, &path), body, MAXIMUM_ANSWER)
            .await?;
        serde_json::from_slice(&bytes).map_err(ClientError::Answer)
    }

    /// `POST /v1/lots/{lot}/commit`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn commit_lot(&self, lot: &str, signature: &[u8]) -> Result<LotReceipt, ClientError> {
        let body = CommitLotRequest::new(signature);
        self.json(Method::POST, &format!("/v1/lots/{lot}/commit"), Some(&body))
            .await
    }

    /// `DELETE /v1/lots/{lot}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn abandon_lot(&self, lot: &str) -> Result<(), ClientError> {
        self.send::<Empty>(Method::DELETE, &format!("/v1/lots/{lot}"), None)
            .await?;
        Ok(())
    }
}
