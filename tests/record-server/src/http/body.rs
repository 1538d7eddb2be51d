//! Reading request bodies: bounded, and given up when nothing comes for too long.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Refusal};

/// How much of a refused body is read and thrown away, so that the refusal reaches a client that is still sending.
const DRAINED_BYTES: u64 = 8 << 20;

/// For how long.
const DRAINED_FOR: Duration = Duration::from_secs(5);

/// A request body, piece by piece.
#[derive(Debug)]
pub(crate) struct BodyReader {
    body: Incoming,
    idle: Duration,
    ended: bool,
}

impl BodyReader {
    pub(crate) const fn new(body: Incoming, idle: Duration) -> Self {
        Self {
            body,
            idle,
            ended: false,
        }
    }

    /// Bytes that the client announced and that are still to come; 0 where it did not say.
    pub(crate) fn announced(&self) -> u64 {
        self.body.size_hint().lower()
    }

    /// The next piece, `None` at the end.
    ///
    /// # Errors
    /// `request-interrupted` where the client stopped or went away.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let frame = match tokio::time::timeout(self.idle, self.body.frame()).await {
                Ok(frame) => frame,
                Err(elapsed) => {
                    self.ended = true;
                    return Err(Refusal::new(Code::RequestInterrupted).because(elapsed));
                }
            };
            match frame {
                None => {
                    self.ended = true;
                    return Ok(None);
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(Refusal::new(Code::RequestInterrupted).because(error));
                }
                // Trailers are not part of the document.
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// Reads and throws away what a client is still sending, within limits of bytes and time.
    pub(crate) async fn drain(&mut self) {
        let reading = async {
            let mut read = 0_u64;
            while !self.ended && read < DRAINED_BYTES {
                match self.next().await {
                    Ok(Some(piece)) => {
                        read = read.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                    }
                    Ok(None) | Err(_) => return,
                }
            }
        };
        // What does not come in time is not waited for.
        let _ = tokio::time::timeout(DRAINED_FOR, reading).await;
    }

    /// The whole body, at most `maximum` bytes.
    async fn whole(&mut self, maximum: usize) -> Result<Vec<u8>, Refusal> {
        let too_large = || Refusal::new(Code::RequestTooLarge).with_detail(format!("> {maximum}"));
        if usize::try_from(self.announced()).map_or(true, |announced| announced > maximum) {
            self.drain().await;
            return Err(too_large());
        }
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if piece.len() > maximum.saturating_sub(whole.len()) {
                self.drain().await;
                return Err(too_large());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// Reads a JSON body of at most `maximum` bytes.
pub(super) async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Incoming,
    maximum: usize,
    idle: Duration,
) -> Result<T, Refusal> {
    let mut body = BodyReader::new(body, idle);
    if !is_json(headers) {
        body.drain().await;
        return Err(Code::MediaTypeUnsupported.into());
    }
    let bytes = body.whole(maximum).await?;
    // The parser's message may quote what was sent: it goes neither to the client nor to the log.
    serde_json::from_slice(&bytes).map_err(|error| {
        Refusal::new(Code::RequestMalformed).with_detail(format!(
            "line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}
