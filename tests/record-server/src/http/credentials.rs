//! What a request shows of who sends it: the session's token (RFC 6750, RFC 9449 section 7.1), the proof of a key (RFC 9449), and what
//! the connection itself proves (RFC 9266, RFC 8705).
//!
//! Refused: two proofs in one request; a token of a session that is bound to a key, without proof of that key.

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderMap};
use paraphe_protocol::dpop::{self, FirstUseError, ProofExpectation};
use paraphe_protocol::login_server::Connection;
use paraphe_stores::SqliteStore;

use crate::problem::{Code, Refusal};
use crate::service::Service;

/// Name of the header of a proof.
const PROOF: &str = "dpop";

/// What a request shows.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The session's token.
    pub(crate) token: Option<String>,
    proof: Option<String>,
    method: Method,
    path: String,
    connection: Connection,
}

impl Credentials {
    pub(super) fn of(
        headers: &HeaderMap,
        method: &Method,
        path: &str,
        connection: Connection,
    ) -> Result<Self, Refusal> {
        let mut proofs = headers.get_all(PROOF).iter();
        let proof = proofs.next().map(|value| value.to_str().map(str::to_owned));
        let proof = proof
            .transpose()
            .map_err(|error| Refusal::new(Code::ProofInvalid).because(error))?;
        if proofs.next().is_some() {
            return Err(Code::ProofInvalid.into());
        }
        Ok(Self {
            token: token(headers),
            proof,
            method: method.clone(),
            path: path.to_owned(),
            connection,
        })
    }
}

fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = ["bearer", "dpop"].iter();
    let mut known = known.filter(|known| scheme.eq_ignore_ascii_case(known));
    known.next().map(|_| token.to_owned())
}

impl Service {
    /// The connection with what the request proves, where it proves anything. With a nonce the proof must repeat it.
    pub(crate) async fn shown_by(
        &self,
        credentials: &Credentials,
        nonce: Option<&str>,
    ) -> Result<Connection, Refusal> {
        let connection = credentials.connection.clone();
        let Some(proof) = &credentials.proof else {
            return Ok(connection);
        };
        let now = self.now();
        let urls: Vec<String> = self
            .own_urls()
            .map(|url| format!("{url}{}", credentials.path))
            .collect();
        let expected = ProofExpectation {
            method: credentials.method.as_str(),
            urls: &urls,
            access_token: credentials.token.as_deref(),
            nonce,
            now,
        };
        let proof = dpop::verify(proof, &expected)
            .map_err(|error| Refusal::new(Code::ProofInvalid).because(error))?;
        let fresh = self
            .storage()
            .run(move |database| -> Result<_, Refusal> {
                let store = &mut SqliteStore::on(database);
                proof.first_use(store, now).map_err(|error| match error {
                    FirstUseError::Replayed => Code::ProofReplayed.into(),
                    FirstUseError::Store(error) => Refusal::new(Code::Internal).because(error),
                })
            })
            .await?;
        Ok(connection.with_proof(&fresh))
    }
}
