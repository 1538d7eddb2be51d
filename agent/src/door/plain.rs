//! Plain text on the port of the HTTPS door. A page whose request failed cannot see why: no agent, an agent whose certificate its
//! browser does not believe, another program. So `GET /paraphe` in plain HTTP/1.1 gets one constant answer, of which a page learns no
//! more than that there was one, and every other plain text is hung up on without a byte: no other web server does both
//! (protocol/js/src/diagnosis.js). Nothing is told of the agent, nothing reaches the gate or an operation.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// First byte of a TLS record that may begin a connection (RFC 8446 section 5.1: handshake).
const TLS_HANDSHAKE: u8 = 22;
/// What is greeted.
const REQUEST_LINE: &[u8] = b"GET /paraphe HTTP/1.1\r\n";
/// How much of the head that follows is taken, bytes: a connection that is closed before its request was read is reset, and its
/// answer lost.
const HEAD_BYTES: usize = 16 << 10;
const ANSWER: &[u8] =
    b"HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\nCache-Control: no-store\r\n\r\n";

/// Whether this connection begins as TLS does. One that does not is answered, or hung up on; `false`: there is nothing left to do.
pub(super) async fn begins_tls(stream: &mut TcpStream) -> io::Result<bool> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Ok(false);
    }
    if first == [TLS_HANDSHAKE] {
        return Ok(true);
    }
    let mut line = [0; REQUEST_LINE.len()];
    stream.read_exact(&mut line).await?;
    if line != REQUEST_LINE {
        return Ok(false);
    }
    let mut head = Vec::new();
    let mut rest = stream.take(HEAD_BYTES as u64);
    while !head.ends_with(b"\r\n\r\n") && rest.read_buf(&mut head).await? != 0 {}
    stream.write_all(ANSWER).await?;
    stream.shutdown().await?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::{ANSWER, begins_tls};

    /// What the door says of bytes and what it sends back.
    async fn sent(bytes: &[u8]) -> (std::io::Result<bool>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut page = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        page.write_all(bytes).await.unwrap();
        page.shutdown().await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let begins = begins_tls(&mut stream).await;
        drop(stream);
        let mut answer = Vec::new();
        // A connection that is hung up on may be reset.
        let _reset = page.read_to_end(&mut answer).await;
        (begins, answer)
    }

    #[tokio::test]
    async fn one_request_is_greeted_and_no_other() {
        let (begins, answer) =
            sent(b"GET /paraphe HTTP/1.1\r\nHost: 127.0.0.1:47443\r\n\r\n").await;
        assert!(!begins.unwrap());
        assert_eq!(answer, ANSWER);
        for other in [
            &b"GET / HTTP/1.1\r\nHost: 127.0.0.1:47443\r\n\r\n"[..],
            b"GET /paraphe/ HTTP/1.1\r\n\r\n",
            b"GET /paraphe HTTP/1.0\r\n\r\n",
            b"POST /paraphe HTTP/1.1\r\n\r\n",
            b"GET /paraphe",
            b"\x80",
            b"",
        ] {
            let (begins, answer) = sent(other).await;
            assert!(!begins.unwrap_or(false), "{other:?}");
            assert_eq!(answer, b"", "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_handshake_is_left_where_it_is() {
        let (begins, answer) = sent(b"\x16\x03\x01\x00\x00").await;
        assert!(begins.unwrap());
        assert_eq!(answer, b"");
    }
}
