//! A place in the line as a header carries it: 128 random bits in base64url (RFC 4648 section 5), without padding. It is no right to
//! anything: who shows it waits less long, and only as the same caller.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{HeaderMap, HeaderName};

/// The header in which a request that was told to ask again shows its ticket.
pub const TICKET_HEADER: HeaderName = HeaderName::from_static("x-paraphe-queue");

const BYTES: usize = 16;

/// A place in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket([u8; BYTES]);

impl Ticket {
    /// A new one; `None` where the system gives no random bytes.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; BYTES];
        openssl::rand::rand_bytes(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The one that a request shows. Anything that is not the form of one is none.
    pub(super) fn shown(headers: &HeaderMap) -> Option<Self> {
        let written = headers.get(TICKET_HEADER)?.as_bytes();
        let bytes = URL_SAFE_NO_PAD.decode(written).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// As the header carries it.
    pub(super) fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use hyper::header::{HeaderMap, HeaderValue};

    use super::{TICKET_HEADER, Ticket};

    fn shown(value: &[u8]) -> Option<Ticket> {
        let mut headers = HeaderMap::new();
        headers.insert(TICKET_HEADER, HeaderValue::from_bytes(value).unwrap());
        Ticket::shown(&headers)
    }

    #[test]
    fn a_ticket_is_read_as_it_is_written_and_nothing_else_is_one() {
        let ticket = Ticket::random().unwrap();
        assert_ne!(ticket, Ticket::random().unwrap());
        let written = ticket.written();
        assert_eq!(shown(written.as_bytes()), Some(ticket));
        for other in [
            "",
            "AAAA",
            "0",
            &format!("{written}A"),
            &format!("{written}="),
        ] {
            assert_eq!(shown(other.as_bytes()), None, "{other}");
        }
        assert_eq!(shown(&[0xFF; 22]), None);
        assert_eq!(Ticket::shown(&HeaderMap::new()), None);
    }
}
