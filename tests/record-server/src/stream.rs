//! An HTTP body whose bytes come from a reader, never wholly in memory: documents on their way out of the server, and
//! out of the client.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Pieces read ahead of the connection.
const AHEAD: usize = 2;

/// The body. Its reader runs in a task that ends with it.
#[derive(Debug)]
pub(crate) struct ReaderBody {
    receiver: mpsc::Receiver<std::io::Result<Bytes>>,
    remaining: Option<u64>,
}

impl ReaderBody {
    /// A body of this many bytes, or of a length that is not known before its end.
    pub(crate) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        length: Option<u64>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(read(reader, sender));
        Self {
            receiver,
            remaining: length,
        }
    }
}

async fn read(mut reader: impl AsyncRead + Unpin, sender: mpsc::Sender<std::io::Result<Bytes>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let read = match reader.read(&mut piece).await {
            Ok(0) => return,
            Ok(read) => {
                piece.truncate(read);
                Ok(Bytes::from(piece))
            }
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.send(read).await.is_err() || failed {
            return;
        }
    }
}

impl Body for ReaderBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let polled = self.receiver.poll_recv(context);
        if let (Poll::Ready(Some(Ok(piece))), Some(remaining)) = (&polled, &mut self.remaining) {
            *remaining = remaining.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        polled.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
