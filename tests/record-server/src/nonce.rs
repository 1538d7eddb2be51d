//! What the server says of a nonce, and why it refuses one. How nonces are issued, kept and consumed is `paraphe_protocol::login_server`'s,
//! in the server's own database (`paraphe_stores::SqliteStore`).

use paraphe_certs::UnixTime;
use paraphe_protocol::login_server::NonceRefusal;
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Refusal};

/// Answer to `POST /v1/nonce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceResponse {
    /// 32 bytes, base64url without padding.
    pub nonce: String,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
    /// What the assertion must be made for.
    pub audience: String,
    /// The algorithms of signatures that are accepted, in the order that is signed.
    pub offered: Vec<String>,
}

impl<E> From<NonceRefusal<E>> for Refusal
where
    E: std::error::Error + Send + Sync + 'static,
{
    fn from(refusal: NonceRefusal<E>) -> Self {
        Self::new(match refusal {
            NonceRefusal::Unknown => Code::NonceUnknown,
            NonceRefusal::Used => Code::NonceUsed,
            NonceRefusal::Expired => Code::NonceExpired,
            NonceRefusal::TooMany => Code::TooBusy,
            NonceRefusal::Store(error) => return Self::new(Code::Internal).because(error),
        })
    }
}
