//! One connection of the caller's, and the one connection to the record server that goes with it. Each request is let in by the gate
//! (admission.rs), loses what belongs to its own connection (RFC 9110 section 7.6.1) and the secret, gets the record server's `Host`, and
//! is passed on; so is the answer, back. Bodies pass in pieces as they come, in both directions, and no faster than the slower side
//! takes them. Nothing is sent twice: a request whose connection broke is answered by a problem document.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName,
    HeaderValue, TE, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use paraphe_protocol::api::{ErrorCode, Language};
use tokio::sync::Mutex;

use super::admission::{self, Refused, SECRET_HEADER};
use super::port::BUFFER;
use super::traffic::{Counted, UnderWay};
use super::{Tunnel, failure};
use crate::problem::Failure;

/// What belongs to one connection and goes no further. `Transfer-Encoding` is laid out anew.
const OF_THE_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-authorization"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// An answer: the record server's as it comes, or a problem.
type Answer = Response<Either<Passing, Full<Bytes>>>;

/// One connection of the caller's.
#[derive(Debug)]
pub(super) struct Forwarding<'a> {
    tunnel: &'a Arc<Tunnel>,
    /// The connection to the record server, once there is one.
    sender: Mutex<Option<SendRequest<Incoming>>>,
}

impl<'a> Forwarding<'a> {
    pub(super) fn new(tunnel: &'a Arc<Tunnel>) -> Self {
        Self {
            tunnel,
            sender: Mutex::new(None),
        }
    }

    /// Answers a request, whatever it is.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let language = request.headers().get(ACCEPT_LANGUAGE);
        let language = language.and_then(|value| value.to_str().ok());
        let language = Language::from_accept_language(language.unwrap_or_default());
        let (port, secret) = (self.tunnel.port(), self.tunnel.secret());
        let answered = match admission::admit(&request, port, secret) {
            Ok(target) => {
                let passed = self.pass_on(request, target).await;
                passed.inspect_err(|failure| self.tunnel.note_failure(failure))
            }
            Err(refused) => Err(not_admitted(refused)),
        };
        Ok(answered.unwrap_or_else(|failure| problem(failure, language)))
    }

    async fn pass_on(
        &self,
        mut request: Request<Incoming>,
        target: PathAndQuery,
    ) -> Result<Answer, Failure> {
        let under_way = self.tunnel.traffic().begin();
        let internal = |_| Failure::new(ErrorCode::Internal);
        *request.uri_mut() = Uri::from(target);
        let headers = request.headers_mut();
        remove_of_the_connection(headers);
        headers.remove(&SECRET_HEADER);
        // Answered at the port, where the body comes from.
        headers.remove(EXPECT);
        let authority = self.tunnel.upstream().authority();
        headers.insert(HOST, HeaderValue::from_str(&authority).map_err(internal)?);

        // Requests of one connection come one after the other: nobody waits here.
        let mut place = self.sender.lock().await;
        let kept = match place.take() {
            // Closed by the record server between two requests, most often.
            Some(mut sender) => sender.ready().await.ok().map(|()| sender),
            None => None,
        };
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let answer = sender.send_request(request).await;
        let mut answer = answer.map_err(|error| failure::of(&error))?;
        *place = Some(sender);
        drop(place);
        remove_of_the_connection(answer.headers_mut());
        Ok(answer.map(|body| Either::Left(Passing { body, under_way })))
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>, Failure> {
        let stream = self.tunnel.upstream().connect().await?;
        let traffic = self.tunnel.traffic();
        traffic.connected();
        let stream = Counted::new(stream, Arc::clone(traffic));
        let (sender, connection) = Builder::new()
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failure::of(&error))?;
        let mut ending = self.tunnel.ending();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection to a record server ended");
                    }
                }
                () = ending.said() => {}
            }
        });
        Ok(sender)
    }
}

/// The record server's answer as it comes; the request is under way until its end.
pub(super) struct Passing {
    body: Incoming,
    #[allow(dead_code, reason = "its end is what counts")]
    under_way: UnderWay,
}

impl Body for Passing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Removes what belongs to one connection, and what that connection names as its own.
fn remove_of_the_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in OF_THE_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
}

fn not_admitted(refused: Refused) -> Failure {
    tracing::warn!(check = ?refused, "request at a tunnel's port refused");
    ErrorCode::TunnelCallerRefused.into()
}

/// A problem document (RFC 9457). What is left of the request is not read.
fn problem(failure: Failure, language: Language) -> Answer {
    let problem = failure.into_problem(language);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(body))));
    *answer.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    let media_type = HeaderValue::from_static("application/problem+json");
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
