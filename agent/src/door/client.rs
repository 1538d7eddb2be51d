//! The other side of the Unix socket, for the command line: one connection, HTTP/1.1 (RFC 9112), one operation after the
//! other. It speaks only to an agent of the same user, as the kernel names it.

use std::io::ErrorKind;
use std::path::Path;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use paraphe_protocol::api::{Language, Operation, Problem};
use serde_json::Value;
use tokio::net::UnixStream;

use super::ticket::TICKET_HEADER;

/// Longest answer that is read, bytes.
const MAXIMUM_ANSWER_BYTES: usize = 64 << 20;

/// A connection to the running agent.
#[derive(Debug)]
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
}

/// Why there is no answer from the running agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The agent refused or failed, and says why.
    #[error("{0:?}")]
    Problem(Box<Problem>),
    /// Somebody else listens on the socket.
    #[error("the socket is held by another user ({0})")]
    Stranger(u32),
    /// The connection failed.
    #[error("the connection to the agent failed: {0}")]
    Connection(#[from] std::io::Error),
    /// The conversation broke.
    #[error("the agent's answer did not arrive: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is not one that an agent gives.
    #[error("the agent's answer cannot be read")]
    Answer,
}

impl Client {
    /// Connect to the agent that listens here; `None` where there is none.
    ///
    /// # Errors
    /// Something listens that is not this user's, or the system refuses.
    pub async fn connect(socket: &Path) -> Result<Option<Self>, ClientError> {
        let stream = match UnixStream::connect(socket).await {
            Ok(stream) => stream,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let owner = stream.peer_cred()?.uid();
        if owner != rustix::process::getuid().as_raw() {
            return Err(ClientError::Stranger(owner));
        }
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to the agent ended");
            }
        });
        Ok(Some(Self { sender }))
    }

    /// Have an operation performed; where others come before it, wait in the line for as long as it takes.
    ///
    /// # Errors
    /// The agent's problem, or a connection that broke.
    pub async fn perform(
        &mut self,
        operation: Operation,
        body: Vec<u8>,
        language: Language,
    ) -> Result<Value, ClientError> {
        let mut ticket = None;
        loop {
            let answer = self
                .ask(operation, body.clone(), language, ticket.as_deref())
                .await;
            match answer {
                Err(ClientError::Problem(problem)) if problem.queue.is_some() => {
                    ticket = problem.queue.map(|place| place.ticket);
                }
                answer => return answer,
            }
        }
    }

    async fn ask(
        &mut self,
        operation: Operation,
        body: Vec<u8>,
        language: Language,
        ticket: Option<&str>,
    ) -> Result<Value, ClientError> {
        let language = match language {
            Language::French => "fr",
            Language::English => "en",
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/v1/{operation}"))
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, language);
        if let Some(ticket) = ticket {
            request = request.header(TICKET_HEADER, ticket);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| ClientError::Answer)?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let done = answer.status().is_success();
        let body = Limited::new(answer.into_body(), MAXIMUM_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|_| ClientError::Answer)?
            .to_bytes();
        if done {
            return serde_json::from_slice(&body).map_err(|_| ClientError::Answer);
        }
        let problem = serde_json::from_slice(&body).map_err(|_| ClientError::Answer)?;
        Err(ClientError::Problem(Box::new(problem)))
    }
}
