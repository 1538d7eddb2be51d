//! A client of this interface: HTTPS with TLS 1.3, trusting exactly one root, documents streamed, its session bound to a key of its own or
//! to its certificate. For the demonstration and for tests; a program that talks to a record server of its own needs no more than this.

mod connection;
mod error;
mod lot;
mod proof_key;

use hyper::Method;
use hyper::body::Bytes;
use paraphe_protocol::api::NirSummary;
use paraphe_protocol::digest::Sha256Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::ClientError;
pub use lot::{DocumentSource, OutgoingDocument};

use crate::clock::Clock;
use crate::nonce::NonceResponse;
use crate::patient_certificate::{PatientCertificateReceipt, RegisterPatientCertificateRequest};
use crate::receipt::RecordReceipt;
use crate::record::{
    CreateRecordRequest, DocumentsResponse, RecordExistsRequest, RecordExistsResponse,
};
use crate::session::LoginResponse;
use crate::trace::TraceResponse;
use connection::{Connections, Link, RequestBody, Shown, full};
use proof_key::ProofKey;

/// Longest answer in JSON, bytes.
const MAXIMUM_ANSWER: usize = 64 << 20;

/// A client of one record server, with at most one session.
pub struct Client {
    connections: Connections,
    session: Option<String>,
    key: ClientKey,
    clock: Clock,
    /// The connection whose exporter value was told, kept for the login.
    told: Option<Link>,
}

/// What the client proves itself by.
#[derive(Clone)]
enum ClientKey {
    /// A key of its own, at every request.
    Proof(ProofKey),
    /// The certificate of its connections.
    Certificate,
    /// Nothing.
    None,
}

#[derive(Serialize)]
struct LoginBody<'a, A> {
    nonce: &'a str,
    assertion: &'a A,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_for: Option<&'a Value>,
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
            connections: Connections::new(url, root_pem, None)?,
            session: None,
            key: ClientKey::Proof(ProofKey::generate()?),
            clock: Clock::system(),
            told: None,
        })
    }

    /// The same with a certificate and private key of its own (PEM) for every connection, and no other key.
    ///
    /// # Errors
    /// As [`Client::new`], and the certificate or key cannot be used.
    pub fn with_certificate(
        url: &str,
        root_pem: &[u8],
        chain_pem: &[u8],
        key_pem: &[u8],
    ) -> Result<Self, ClientError> {
        let identity = Some((chain_pem, key_pem));
        Ok(Self {
            connections: Connections::new(url, root_pem, identity)?,
            session: None,
            key: ClientKey::Certificate,
            clock: Clock::system(),
            told: None,
        })
    }

    /// The same client with another clock than the system's.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same client without a key: what a thief of its session has.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self {
            key: ClientKey::None,
            ..self
        }
    }

    /// The thumbprint of the client's own key, for a login of binding `jkt`.
    #[must_use]
    pub fn key_thumbprint(&self) -> Option<Sha256Digest> {
        match &self.key {
            ClientKey::Proof(key) => Some(key.thumbprint()),
            ClientKey::Certificate | ClientKey::None => None,
        }
    }

    /// The exporter value of a connection over which the next login goes, for a login of binding `tls-exporter`.
    ///
    /// # Errors
    /// No connection.
    pub async fn tls_exporter(&mut self) -> Result<[u8; 32], ClientError> {
        let link = self.connections.connect().await?;
        let exporter = link.exporter;
        self.told = Some(link);
        Ok(exporter)
    }

    /// Another client of the same server in this session.
    #[must_use]
    pub fn with_session(&self, session: &str) -> Self {
        Self {
            session: Some(session.to_owned()),
            ..self.another()
        }
    }

    /// Another client in this session, with the same key.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            connections: self.connections.clone(),
            session: self.session.clone(),
            key: self.key.clone(),
            clock: self.clock.clone(),
            told: None,
        }
    }

    /// The same client, with its key and session, of the same server at another address.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn at_another_address(&self, url: &str, root_pem: &[u8]) -> Result<Self, ClientError> {
        Ok(Self {
            connections: Connections::new(url, root_pem, None)?,
            ..self.another()
        })
    }

    /// The server's URL, without path.
    #[must_use]
    pub fn url(&self) -> String {
        self.connections.url("")
    }

    /// The session's token, once logged in.
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
        self.login_made_for(nonce, assertion, None).await
    }

    /// The same with what the agent says beside the assertion that it was made for.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login_made_for<A: Serialize + Sync>(
        &mut self,
        nonce: &str,
        assertion: &A,
        signed_for: Option<&Value>,
    ) -> Result<LoginResponse, ClientError> {
        let body = LoginBody {
            nonce,
            assertion,
            signed_for,
        };
        let body = full(serde_json::to_vec(&body).map_err(ClientError::Request)?);
        let request = (Method::POST, "/v1/login");
        let shown = self.shown((&request.0, request.1), None, Some(nonce))?;
        let body = Some((body, "application/json"));
        let over = self.told.take();
        let bytes = self
            .connections
            .exchange(request, shown, body, MAXIMUM_ANSWER, over)
            .await?;
        let response: LoginResponse =
            serde_json::from_slice(&bytes).map_err(ClientError::Answer)?;
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
        self.exchange((Method::GET, &path), None, maximum).await
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
        let body = body.map(|body| (body, "application/json"));
        self.exchange((method, path), body, MAXIMUM_ANSWER).await
    }

    /// One request in the session, where there is one.
    async fn exchange(
        &self,
        (method, path): (Method, &str),
        body: Option<(RequestBody, &str)>,
        maximum: usize,
    ) -> Result<Bytes, ClientError> {
        let shown = self.shown((&method, path), self.session(), None)?;
        self.connections
            .exchange((method, path), shown, body, maximum, None)
            .await
    }

    fn shown(
        &self,
        (method, path): (&Method, &str),
        session: Option<&str>,
        nonce: Option<&str>,
    ) -> Result<Shown, ClientError> {
        let asks = session.is_some() || nonce.is_some();
        let (scheme, proof) = match &self.key {
            ClientKey::Proof(key) if asks => {
                let url = self.connections.url(path);
                let request = (method.as_str(), url.as_str(), self.clock.now());
                ("DPoP", Some(key.proof(request, session, nonce)?))
            }
            _ => ("Bearer", None),
        };
        Ok(Shown {
            authorization: session.map(|session| format!("{scheme} {session}")),
            proof,
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}
