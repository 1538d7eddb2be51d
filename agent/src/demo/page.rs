//! The demo's web page: what a browser page of the record's site would send to the agent's HTTPS door, header for
//! header (Fetch standard), over TLS 1.3 that trusts the localhost root and nothing else.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use paraphe_protocol::api::{
    DocumentGetRequest, DocumentGetResponse, DocumentPutRequest, DocumentPutResponse,
    MAXIMUM_CHUNK_BYTES, Operation, Problem,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::DemoError;

/// A page of the record's site, open in the browser of this workstation.
#[derive(Debug)]
pub struct Page {
    sender: SendRequest<Full<Bytes>>,
    origin: String,
    host: String,
}

impl Page {
    /// Opens a connection to the agent, as the browser does at the page's first call.
    ///
    /// # Errors
    /// The root cannot be read, or the door does not answer.
    pub async fn open(port: u16, root_pem: &[u8], origin: &str) -> Result<Self, DemoError> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(root_pem).map_err(DemoError::because)?)
            .map_err(DemoError::because)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(DemoError::because)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from("127.0.0.1").map_err(DemoError::because)?;
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(name, stream)
            .await?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(DemoError::because)?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            origin: origin.to_owned(),
            host: format!("127.0.0.1:{port}"),
        })
    }

    /// One operation, as the page asks for it.
    ///
    /// # Errors
    /// [`DemoError::Refused`] with the agent's problem, or the connection broke.
    pub async fn call<Answer: DeserializeOwned>(
        &mut self,
        operation: Operation,
        request: &impl Serialize,
    ) -> Result<Answer, DemoError> {
        let body = serde_json::to_vec(request).map_err(DemoError::because)?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/{operation}"))
            .header(header::HOST, &self.host)
            .header(header::ORIGIN, &self.origin)
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-paraphe", "1")
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-dest", "empty")
            .header("sec-fetch-site", "cross-site")
            .header(header::ACCEPT_LANGUAGE, "fr")
            .body(Full::new(Bytes::from(body)))
            .map_err(DemoError::because)?;
        self.sender.ready().await.map_err(DemoError::because)?;
        let answer = self
            .sender
            .send_request(request)
            .await
            .map_err(DemoError::because)?;
        let status = answer.status();
        let body = answer
            .into_body()
            .collect()
            .await
            .map_err(DemoError::because)?
            .to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(DemoError::because);
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(DemoError::Refused(Box::new(problem))),
            Err(_) => Err(DemoError::because(format!("the agent answered {status}"))),
        }
    }

    /// Hands a document over, piece by piece; gives its name.
    ///
    /// # Errors
    /// As [`Page::call`], or the document is empty.
    pub async fn put(&mut self, content: &[u8]) -> Result<String, DemoError> {
        let mut document = None;
        let mut offset = 0;
        let mut pieces = content.chunks(MAXIMUM_CHUNK_BYTES).peekable();
        while let Some(piece) = pieces.next() {
            let answer: DocumentPutResponse = self
                .call(
                    Operation::DocumentPut,
                    &DocumentPutRequest {
                        document: document.clone(),
                        offset,
                        content: STANDARD.encode(piece),
                        last: pieces.peek().is_none(),
                    },
                )
                .await?;
            offset = answer.size;
            document = Some(answer.document);
        }
        document.ok_or_else(|| DemoError::because("an empty document"))
    }

    /// Fetches a document that the agent holds, piece by piece.
    ///
    /// # Errors
    /// As [`Page::call`].
    pub async fn get(&mut self, document: &str) -> Result<Vec<u8>, DemoError> {
        let mut content = Vec::new();
        loop {
            let request = DocumentGetRequest {
                document: document.to_owned(),
                offset: content.len() as u64,
            };
            let piece: DocumentGetResponse = self.call(Operation::DocumentGet, &request).await?;
            content.extend(STANDARD.decode(piece.content).map_err(DemoError::because)?);
            if piece.last {
                return Ok(content);
            }
        }
    }
}
