//! The content of a client's CertificateVerify: what its signature covers.
//!
//! TLS 1.3 (RFC 8446 section 4.4.3): 64 spaces, the client's context string, a zero byte, the transcript's hash. TLS 1.2 (RFC 5246
//! section 7.4.8): all handshake messages so far, one after the other, from ClientHello to ClientKeyExchange; with the suites of
//! the record's referential each of them has its place (section 7.3), and no other sequence is taken.
//!
//! Nothing else begins like either: a login begins with its own context string after 64 spaces, signed attributes with `31`, XML with `<`.

use super::TlsVersion;

/// Longest transcript of TLS 1.2, bytes: the certificates of both sides with room to spare.
pub const MAXIMUM_TRANSCRIPT: usize = 256 << 10;

/// What precedes the hash in TLS 1.3.
const SPACES: [u8; 64] = [0x20; 64];
const CONTEXT: &[u8] = b"TLS 1.3, client CertificateVerify\0";
/// SHA-256 and SHA-384, the hashes of the suites of TLS 1.3.
const HASH_LENGTHS: [usize; 2] = [32, 48];

/// Handshake types (RFC 5246 section 7.4, RFC 6066 section 8).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const CERTIFICATE_STATUS: u8 = 22;

/// The sequence of a full handshake with a client certificate; CERTIFICATE_STATUS may stand after the server's certificate.
const SEQUENCE: [u8; 8] = [
    CLIENT_HELLO,
    SERVER_HELLO,
    CERTIFICATE,
    SERVER_KEY_EXCHANGE,
    CERTIFICATE_REQUEST,
    SERVER_HELLO_DONE,
    CERTIFICATE,
    CLIENT_KEY_EXCHANGE,
];
/// legacy_version of ClientHello and ServerHello.
const VERSION_12: [u8; 2] = [0x03, 0x03];

/// The content of a client's CertificateVerify. An authentication key signs nothing else for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateVerify {
    version: TlsVersion,
    content: Vec<u8>,
}

/// Why bytes are not the content of a client's CertificateVerify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateVerifyError {
    /// Not the client's context string, or not followed by a hash.
    #[error("not the content of a client's CertificateVerify of TLS 1.3")]
    NotTls13,
    /// Not the messages of a handshake, or not in their order.
    #[error("not the handshake messages of TLS 1.2 up to the client's CertificateVerify")]
    NotTls12,
    /// Longer than any handshake.
    #[error("a handshake of more than {MAXIMUM_TRANSCRIPT} bytes")]
    TooLong,
}

impl CertificateVerify {
    /// Reads what a TLS implementation asks to be signed.
    ///
    /// # Errors
    /// [`CertificateVerifyError`]: it is something else.
    pub fn read(version: TlsVersion, content: &[u8]) -> Result<Self, CertificateVerifyError> {
        if content.len() > MAXIMUM_TRANSCRIPT {
            return Err(CertificateVerifyError::TooLong);
        }
        match version {
            TlsVersion::Tls12 => read_messages(content),
            TlsVersion::Tls13 => read_context(content),
        }?;
        Ok(Self {
            version,
            content: content.to_vec(),
        })
    }

    /// The bytes that the signature covers.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.content
    }

    /// Of which version.
    #[must_use]
    pub fn version(&self) -> TlsVersion {
        self.version
    }
}

fn read_context(content: &[u8]) -> Result<(), CertificateVerifyError> {
    content
        .strip_prefix(SPACES.as_slice())
        .and_then(|rest| rest.strip_prefix(CONTEXT))
        .filter(|hash| HASH_LENGTHS.contains(&hash.len()))
        .map(drop)
        .ok_or(CertificateVerifyError::NotTls13)
}

fn read_messages(content: &[u8]) -> Result<(), CertificateVerifyError> {
    let not_tls12 = CertificateVerifyError::NotTls12;
    let mut rest = content;
    let mut before = None;
    for expected in SEQUENCE {
        let (mut kind, mut body);
        (kind, body, rest) = message(rest).ok_or(not_tls12)?;
        if kind == CERTIFICATE_STATUS && before == Some(CERTIFICATE) {
            (kind, body, rest) = message(rest).ok_or(not_tls12)?;
        }
        let is_hello = matches!(expected, CLIENT_HELLO | SERVER_HELLO);
        if kind != expected || (is_hello && !body.starts_with(&VERSION_12)) {
            return Err(not_tls12);
        }
        before = Some(kind);
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(not_tls12)
    }
}

/// Type, body, and what follows (RFC 5246 section 7.4: a type, 24 bits of length, the body).
fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let ([kind, high, middle, low], rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*kind, body, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{
        CERTIFICATE_STATUS, CONTEXT, CertificateVerify, CertificateVerifyError, MAXIMUM_TRANSCRIPT,
        SEQUENCE, SPACES, TlsVersion,
    };

    fn tls13(hash: usize) -> Vec<u8> {
        [SPACES.as_slice(), CONTEXT, &vec![0xAB; hash]].concat()
    }

    fn message(kind: u8) -> Vec<u8> {
        vec![kind, 0, 0, 3, 0x03, 0x03, 0x5A]
    }

    fn tls12(kinds: &[u8]) -> Vec<u8> {
        kinds.iter().flat_map(|kind| message(*kind)).collect()
    }

    #[test]
    fn the_content_of_tls13_is_exact() {
        for hash in [32, 48] {
            let content = tls13(hash);
            let read = CertificateVerify::read(TlsVersion::Tls13, &content).unwrap();
            assert_eq!(read.as_bytes(), content);
        }
        let server = b"TLS 1.3, server CertificateVerify\0";
        let of_server = [SPACES.as_slice(), server, &[0; 32]].concat();
        for wrong in [tls13(0), tls13(31), tls13(64), of_server, Vec::new()] {
            let refused = CertificateVerify::read(TlsVersion::Tls13, &wrong);
            assert_eq!(refused, Err(CertificateVerifyError::NotTls13));
        }
    }

    #[test]
    fn the_messages_of_tls12_stand_in_their_order() {
        let whole = tls12(&SEQUENCE);
        CertificateVerify::read(TlsVersion::Tls12, &whole).unwrap();
        let mut stapled = SEQUENCE.to_vec();
        stapled.insert(3, CERTIFICATE_STATUS);
        CertificateVerify::read(TlsVersion::Tls12, &tls12(&stapled)).unwrap();
        for (position, kind) in SEQUENCE.into_iter().enumerate() {
            let mut missing = SEQUENCE.to_vec();
            missing.remove(position);
            let mut twice = SEQUENCE.to_vec();
            twice.insert(position, kind);
            for kinds in [missing, twice] {
                let refused = CertificateVerify::read(TlsVersion::Tls12, &tls12(&kinds));
                assert_eq!(refused, Err(CertificateVerifyError::NotTls12), "{kinds:?}");
            }
        }
        let mut earlier = whole.clone();
        earlier[5] = 0x02;
        for wrong in [&earlier, &whole[..whole.len() - 1], &[]] {
            let refused = CertificateVerify::read(TlsVersion::Tls12, wrong);
            assert_eq!(refused, Err(CertificateVerifyError::NotTls12));
        }
        let long = vec![0x20; MAXIMUM_TRANSCRIPT + 1];
        let refused = CertificateVerify::read(TlsVersion::Tls12, &long);
        assert_eq!(refused, Err(CertificateVerifyError::TooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_are_both(content in prop::collection::vec(any::<u8>(), 0..300)) {
            let read = [TlsVersion::Tls12, TlsVersion::Tls13]
                .map(|version| CertificateVerify::read(version, &content).is_ok());
            prop_assert!(!(read[0] && read[1]));
        }
    }
}
