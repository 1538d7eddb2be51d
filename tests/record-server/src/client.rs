//! A client of this interface: HTTPS with TLS 1.3, trusting exactly one root, documents streamed. For the demonstration
//! and for tests; a program that talks to a record server of its own needs no more than this.

mod connection;
mod error;
mod lot;

use hyper::Method;
use hyper::body::Bytes;
use paraphe_protocol::api::NirSummary;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::ClientError;
pub use lot::{DocumentSource, OutgoingDocument};

use crate::nonce::NonceResponse;
use crate::patient_certificate::{PatientCertificateReceipt, RegisterPatientCertificateRequest};
use crate::receipt::RecordReceipt;
use crate::record::{
    CreateRecordRequest, DocumentsResponse, RecordExistsRequest, RecordExistsResponse,
};
use crate::session::LoginResponse;
use crate::trace::TraceResponse;
use connection::{Connections, full};

/// Longest answer in JSON, bytes.
const MAXIMUM_ANSWER: usize = 64 << 20;

/// A client of one record server, with at most one session.
#[derive(Debug)]
pub struct Client {
    connections: Connections,
    session: Option<String>,
}

#[derive(Serialize)]
struct LoginBody<'a, A> {
    nonce: &'a str,
    assertion: &'a A,
}

#[derive(Serialize)]
struct Empty {}

impl Client {
    /// A client of the server at this URL (`https://host:port`), whose certificate this root (PEM) issued.
    ///
    /// # Errors
    /// The URL or the root cannot be read.
    pub fn new(url: &str, root_pem: &[u8]) -> Result<Self, ClientError> {
        Ok(Self {
            connections: Connections::new(url, root_pem)?,
            session: None,
        })
    }

    /// Another client of the same server in this session.
    #[must_use]
    pub fn with_session(&self, session: &str) -> Self {
        Self {
            connections: self.connections.clone(),
            session: Some(session.to_owned()),
        }
    }

    /// The session's bearer token, once logged in.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// `POST /v1/nonce`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn nonce(&self) -> Result<NonceResponse, ClientError> {
        self.json(Method::POST, "/v1/nonce", Some(&Empty {})).await
    }

    /// `POST /v1/login`, and goes on in that session.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login<A: Serialize + Sync>(
        &mut self,
        nonce: &str,
        assertion: &A,
    ) -> Result<LoginResponse, ClientError> {
        let body = LoginBody { nonce, assertion };
        let response: LoginResponse = self.json(Method::POST, "/v1/login", Some(&body)).await?;
        self.session = Some(response.session.clone());
        Ok(response)
    }

    /// `DELETE /v1/session`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn logout(&mut self) -> Result<(), ClientError> {
        self.send::<Empty>(Method::DELETE, "/v1/session", None)
            .await?;
        self.session = None;
        Ok(())
    }

    /// `POST /v1/records`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_record(
        &self,
        request: &CreateRecordRequest,
    ) -> Result<RecordReceipt, ClientError> {
        self.json(Method::POST, "/v1/records", Some(request)).await
    }

    /// `POST /v1/records/exists`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record_exists(
        &self,
        patient: &NirSummary,
    ) -> Result<RecordExistsResponse, ClientError> {
        let body = RecordExistsRequest {
            patient: patient.clone(),
        };
        self.json(Method::POST, "/v1/records/exists", Some(&body))
            .await
    }

    /// `GET /v1/records/{record}/documents`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn documents(&self, record: &str) -> Result<DocumentsResponse, ClientError> {
        let path = format!("/v1/records/{record}/documents");
        self.json::<Empty, _>(Method::GET, &path, None).await
    }

    /// `GET /v1/records/{record}/documents/{unique_id}`: the bytes, at most `maximum`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn document(
        &self,
        record: &str,
        unique_id: &str,
        maximum: usize,
    ) -> Result<Bytes, ClientError> {
        let path = format!("/v1/records/{record}/documents/{unique_id}");
        self.connections
            .exchange(Method::GET, &path, self.session(), None, maximum)
            .await
    }

    /// `POST /v1/records/{record}/patient-certificates`, of a certificate in DER or PEM.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn register_patient_certificate(
        &self,
        record: &str,
        certificate: &[u8],
    ) -> Result<PatientCertificateReceipt, ClientError> {
        let path = format!("/v1/records/{record}/patient-certificates");
        let body = RegisterPatientCertificateRequest::new(certificate);
        self.json(Method::POST, &path, Some(&body)).await
    }

    /// `DELETE /v1/records/{record}/patient-certificates/{sha256}`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_patient_certificate(
        &self,
        record: &str,
        sha256: &str,
    ) -> Result<(), ClientError> {
        let path = format!("/v1/records/{record}/patient-certificates/{sha256}");
        self.send::<Empty>(Method::DELETE, &path, None).await?;
        Ok(())
    }

    /// `GET /v1/records/{record}/trace`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn trace(&self, record: &str) -> Result<TraceResponse, ClientError> {
        let path = format!("/v1/records/{record}/trace");
        self.json::<Empty, _>(Method::GET, &path, None).await
    }

    /// Any JSON request, as written in `docs/record-server.md`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn json<B: Serialize + Sync, A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<A, ClientError> {
        let bytes = self.send(method, path, body).await?;
        serde_json::from_slice(&bytes).map_err(ClientError::Answer)
    }

    async fn send<B: Serialize + Sync>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Bytes, ClientError> {
        let body = match body {
            Some(body) => Some(full(
                serde_json::to_vec(body).map_err(ClientError::Request)?,
            )),
            None => None,
        };
        self.connections
            .exchange(
                method,
                path,
                self.session(),
                body.map(|body| (body, "application/json")),
                MAXIMUM_ANSWER,
            )
            .await
    }
}
