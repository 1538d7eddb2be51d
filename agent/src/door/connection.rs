//! One connection of a door: HTTP/1.1 (RFC 9112) by hyper, with limits on the head, a peer that stops taking bytes cut,
//! and an end when the agent stops. The request itself is the door's business.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::response::Answer;
use super::{Limits, Stop};

/// Serve one connection until the peer leaves, breaks a limit, or the agent stops.
pub(super) async fn serve<Stream, Respond, Responding>(
    stream: Stream,
    limits: Limits,
    mut stop: Stop,
    respond: Respond,
) where
    Stream: AsyncRead + AsyncWrite + Unpin,
    Respond: Fn(Request<Incoming>) -> Responding,
    Responding: Future<Output = Answer>,
{
    let stream = TokioIo::new(StallLimited::new(stream, limits.stalled));
    let service = service_fn(|request| {
        let responding = respond(request);
        async move { Ok::<_, Infallible>(responding.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(64 << 10))
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.said() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// A stream whose writes fail when the peer takes no byte for a while.
struct StallLimited<Stream> {
    stream: Stream,
    limit: Duration,
    stalled_until: Pin<Box<Sleep>>,
    stalled: bool,
}

impl<Stream> StallLimited<Stream> {
    fn new(stream: Stream, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            stalled_until: Box::pin(sleep(limit)),
            stalled: false,
        }
    }

    fn watch<Value>(
        &mut self,
        context: &mut Context<'_>,
        progress: Poll<io::Result<Value>>,
    ) -> Poll<io::Result<Value>> {
        if progress.is_ready() {
            self.stalled = false;
            return progress;
        }
        if !self.stalled {
            self.stalled = true;
            self.stalled_until
                .as_mut()
                .reset(Instant::now() + self.limit);
        }
        ready!(self.stalled_until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for StallLimited<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for StallLimited<Stream> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, progress)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, progress)
    }
}
