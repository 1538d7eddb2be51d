//! Sessions: opened only from a [`VerifiedLogin`], named by a bearer token of 256 random bits of which only the
//! SHA-256 is kept, bound to the holder, the card and the issuer of its certificate, ended by time or by the client.

use paraphe_certs::UnixTime;
use paraphe_protocol::login::{
    self, ChannelBinding, Expected, LoginAssertion, LoginError, ServerNonce, VerifiedLogin,
};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::{self, check_environment};
use crate::nonce;
use crate::problem::{Code, Refusal};
use crate::rules::{Action, permits};
use crate::service::Service;
use crate::token::Token;
use crate::trace::{Actor, Entry, card_kind_from_name, card_kind_name};

/// Body of `POST /v1/login`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The nonce, as it was issued.
    pub nonce: String,
    /// The assertion made for it.
    pub assertion: LoginAssertion,
}

/// Answer to `POST /v1/login`.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginResponse {
    /// Bearer token; secret.
    pub session: String,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
    /// What the certificate says of the holder.
    pub holder: Value,
}

impl std::fmt::Debug for LoginResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoginResponse {{ expires_at: {}, .. }}", self.expires_at)
    }
}

/// A session in force.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) digest: [u8; 32],
    pub(crate) actor: Actor,
    pub(crate) profession: Option<u8>,
    /// DER name of the issuer of the login's certificate.
    pub(crate) issuer: Vec<u8>,
    pub(crate) expires_at: UnixTime,
}

impl Session {
    /// Whether the rules let this card do this.
    pub(crate) fn check(&self, action: Action) -> Result<(), Refusal> {
        if permits(Some(self.actor.card_kind), self.profession, action) {
            Ok(())
        } else {
            Err(Code::AccessDenied.into())
        }
    }
}

impl Service {
    /// `POST /v1/login`: the nonce is consumed first, whatever follows.
    pub(crate) async fn login(
        &self,
        request: LoginRequest,
        entry: &mut Entry,
    ) -> Result<LoginResponse, Refusal> {
        let now = self.now();
        let nonce = Token::from_text(&request.nonce).ok_or(Code::NonceUnknown)?;
        let server_nonce = ServerNonce::from_bytes(nonce.bytes())
            .map_err(|error| Refusal::new(Code::NonceUnknown).because(error))?;
        self.storage()
            .run(move |connection| nonce::consume(connection, &nonce, now))
            .await?;

        let configuration = self.configuration();
        let trust = self.trust();
        let verified = tokio::task::spawn_blocking(move || {
            let expected = Expected {
                audience: &configuration.audience,
                origin: &configuration.origin,
                nonce: &server_nonce,
                now,
                offered: &configuration.offered,
                channel_binding: ChannelBinding::None,
            };
            login::verify(&expected, &request.assertion, &trust.current())
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))?
        .map_err(refusal)?;

        self.open_session(&verified, now, entry).await
    }

    async fn open_session(
        &self,
        login: &VerifiedLogin,
        now: UnixTime,
        entry: &mut Entry,
    ) -> Result<LoginResponse, Refusal> {
        let holder = login.holder();
        let profession = holder.profession.map(|code| code.0);
        if let Some(card_kind) = holder.card_kind {
            entry.actor = Some(Actor {
                national_id: holder.national_id.to_string(),
                card_kind,
                card_number: holder.card_serial.clone(),
            });
        }
        check_environment(holder, self.configuration().environment)?;
        let actor = entry
            .actor
            .clone()
            .filter(|actor| permits(Some(actor.card_kind), profession, Action::Login))
            .ok_or(Code::AccessDenied)?;
        let token = Token::random()?;
        let session = Session {
            digest: token.digest(),
            actor,
            profession,
            issuer: login.certificate().certificate().raw_issuer().to_vec(),
            expires_at: now.plus_seconds(self.configuration().limits.session_seconds),
        };
        let expires_at = session.expires_at;
        let line = entry.done();
        self.storage()
            .run(move |connection| -> Result<(), Refusal> {
                let transaction = connection.transaction()?;
                keep(&transaction, &session, now)?;
                line.write(&transaction)?;
                transaction.commit()?;
                Ok(())
            })
            .await?;
        entry.settled = true;
        let holder = serde_json::to_value(holder)
            .map_err(|error| Refusal::new(Code::Internal).because(error))?;
        Ok(LoginResponse {
            session: token.to_text(),
            expires_at,
            holder,
        })
    }

    /// The session of a bearer token. One found expired is forgotten with its open lots.
    pub(crate) async fn session(&self, token: Option<&str>) -> Result<Session, Refusal> {
        let token = token.ok_or(Code::SessionMissing)?;
        let digest = Token::from_text(token)
            .ok_or(Code::SessionUnknown)?
            .digest();
        let session = self
            .storage()
            .run(move |connection| find(connection, digest).map_err(Refusal::from))
            .await?
            .ok_or(Code::SessionUnknown)?;
        if self.now() < session.expires_at {
            Ok(session)
        } else {
            self.discard(self.lots().end_session(&digest)).await?;
            Err(Code::SessionExpired.into())
        }
    }

    /// `DELETE /v1/session`.
    pub(crate) async fn logout(&self, session: &Session) -> Result<(), Refusal> {
        let digest = session.digest;
        self.discard(self.lots().end_session(&digest)).await?;
        self.storage()
            .run(move |connection| -> Result<(), Refusal> {
                connection.execute("DELETE FROM session WHERE token_digest = ?1", [digest])?;
                Ok(())
            })
            .await
    }
}

/// How long an expired session is remembered, so that "expired" and "unknown" are told apart, seconds.
const REMEMBERED: i64 = 86_400;

fn keep(connection: &Connection, session: &Session, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM session WHERE expires_at < ?1",
        [now.plus_seconds(-REMEMBERED).0],
    )?;
    connection.execute(
        "INSERT INTO session (token_digest, national_id, card_kind, card_number, profession, issuer, opened_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            session.digest,
            session.actor.national_id,
            card_kind_name(session.actor.card_kind),
            session.actor.card_number,
            session.profession,
            session.issuer,
            now.0,
            session.expires_at.0,
        ],
    )?;
    Ok(())
}

fn find(connection: &Connection, digest: [u8; 32]) -> rusqlite::Result<Option<Session>> {
    let row = connection
        .prepare_cached(
            "SELECT national_id, card_kind, card_number, profession, issuer, expires_at FROM session WHERE token_digest = ?1",
        )?
        .query_row([digest], |row| {
            let card_kind: String = row.get(1)?;
            let Some(card_kind) = card_kind_from_name(&card_kind) else {
                return Ok(None);
            };
            Ok(Some(Session {
                digest,
                actor: Actor {
                    national_id: row.get(0)?,
                    card_kind,
                    card_number: row.get(2)?,
                },
                profession: row.get(3)?,
                issuer: row.get(4)?,
                expires_at: UnixTime(row.get(5)?),
            }))
        })
        .optional()?;
    Ok(row.flatten())
}

fn refusal(error: LoginError) -> Refusal {
    let code = match &error {
        LoginError::Path(path) => card::path_code(path),
        LoginError::Certificate(_) | LoginError::CertificateSize { .. } | LoginError::Key(_) => {
            Code::CertificateInvalid
        }
        LoginError::Lifetime | LoginError::Expired | LoginError::NotYetValid => {
            Code::AssertionExpired
        }
        LoginError::Signature => Code::AssertionSignatureInvalid,
        _ => Code::AssertionMalformed,
    };
    Refusal::new(code).because(error)
}
