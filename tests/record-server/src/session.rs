//! Sessions: opened only from a [`VerifiedIdentity`], named by a token of 256 random bits of which only the
//! SHA-256 is kept, bound to the client's key, the holder, the card and the issuer of its certificate, ended by time or by the client.

use paraphe_certs::UnixTime;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::{LoginAssertion, LoginError, StatedTerms};
use paraphe_protocol::login_server::{LoginRefusal, SessionKey, VerifiedIdentity};
use paraphe_stores::SqliteStore;
use rusqlite::{Connection as Database, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card;
use crate::http::Credentials;
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
    /// What it was made for, as the agent says beside it: only for the reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_for: Option<StatedTerms>,
}

/// Answer to `POST /v1/login`.
#[derive(Clone, Serialize, Deserialize)]
pub struct LoginResponse {
    /// The session's token; secret, and of use only with the session's key where it is bound to one.
    pub session: String,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
    /// What the session is bound to: `jkt` (RFC 9449) or `x5t#S256` (RFC 8705); absent where it is bound to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// What stands behind the login: `card-and-pin` or `software`.
    pub assurance: Value,
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
    /// What it is bound to.
    pub(crate) key: Option<SessionKey>,
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
        credentials: &Credentials,
        entry: &mut Entry,
    ) -> Result<LoginResponse, Refusal> {
        let now = self.now();
        let server = self.configuration().login_server();
        let consumed = {
            let (server, nonce) = (server.clone(), request.nonce.clone());
            let consume = move |connection: &mut Database| -> Result<_, Refusal> {
                Ok(server.consume_nonce(&mut SqliteStore::on(connection), &nonce, now)?)
            };
            self.storage().run(consume).await?
        };
        let connection = self.shown_by(credentials, Some(&request.nonce)).await?;
        let trust = self.trust();
        let identity = tokio::task::spawn_blocking(move || {
            let login = (&request.assertion, request.signed_for.as_ref());
            server.verify(consumed, login, &connection, &trust.cards(), now)
        })
        .await
        .map_err(|error| Refusal::new(Code::Internal).because(error))?
        .map_err(refusal)?;

        self.open_session(&identity, now, entry).await
    }

    async fn open_session(
        &self,
        identity: &VerifiedIdentity,
        now: UnixTime,
        entry: &mut Entry,
    ) -> Result<LoginResponse, Refusal> {
        let profession = identity.profession().map(|code| code.0);
        if let Some(card_kind) = identity.card_kind() {
            entry.actor = Some(Actor {
                national_id: identity.national_id().to_string(),
                card_kind,
                card_number: identity.card_number().map(str::to_owned),
            });
        }
        let actor = entry
            .actor
            .clone()
            .filter(|actor| permits(Some(actor.card_kind), profession, Action::Login))
            .ok_or(Code::AccessDenied)?;
        let token = Token::random()?;
        let certificate = identity.login().certificate().certificate();
        let session = Session {
            digest: token.digest(),
            actor,
            profession,
            issuer: certificate.raw_issuer().to_vec(),
            expires_at: now.plus_seconds(self.configuration().limits.session_seconds),
            key: identity.session_key(),
        };
        let (expires_at, bound_to) = (session.expires_at, session.key.map(|key| key.method()));
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
        let holder = serde_json::to_value(identity.login().holder())
            .map_err(|error| Refusal::new(Code::Internal).because(error))?;
        Ok(LoginResponse {
            session: token.to_text(),
            expires_at,
            bound_to: bound_to.map(str::to_owned),
            assurance: serde_json::to_value(identity.assurance())
                .map_err(|error| Refusal::new(Code::Internal).because(error))?,
            holder,
        })
    }

    /// The session of a token, for whoever proves its key. One found expired is forgotten with its open lots.
    pub(crate) async fn session(&self, credentials: &Credentials) -> Result<Session, Refusal> {
        let token = credentials.token.as_deref().ok_or(Code::SessionMissing)?;
        let digest = Token::from_text(token)
            .ok_or(Code::SessionUnknown)?
            .digest();
        let session = self
            .storage()
            .run(move |connection| find(connection, digest).map_err(Refusal::from))
            .await?
            .ok_or(Code::SessionUnknown)?;
        let connection = self.shown_by(credentials, None).await?;
        if let Some(key) = session.key {
            // A token that somebody else shows must not tell them, nor end, anything of its session.
            let missing = matches!(key, SessionKey::Proven(_)) && !connection.shows_a_key();
            key.check(&connection).map_err(|error| {
                let code = if missing {
                    Code::ProofMissing
                } else {
                    Code::SessionKeyMismatch
                };
                Refusal::new(code).because(error)
            })?;
        }
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

fn keep(connection: &Database, session: &Session, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM session WHERE expires_at < ?1",
        [now.plus_seconds(-REMEMBERED).0],
    )?;
    connection.execute(
        "INSERT INTO session (token_digest, national_id, card_kind, card_number, profession, issuer, opened_at, expires_at, key_method, key_digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            session.digest,
            session.actor.national_id,
            card_kind_name(session.actor.card_kind),
            session.actor.card_number,
            session.profession,
            session.issuer,
            now.0,
            session.expires_at.0,
            session.key.map(|key| key.method()),
            session.key.map(|key| *key.digest().as_bytes()),
        ],
    )?;
    Ok(())
}

fn find(connection: &Database, digest: [u8; 32]) -> rusqlite::Result<Option<Session>> {
    let row = connection
        .prepare_cached(
            "SELECT national_id, card_kind, card_number, profession, issuer, expires_at, key_method, key_digest FROM session WHERE token_digest = ?1",
        )?
        .query_row([digest], |row| {
            let card_kind: String = row.get(1)?;
            let Some(card_kind) = card_kind_from_name(&card_kind) else {
                return Ok(None);
            };
            let key = match row.get::<_, Option<String>>(6)? {
                None => None,
                Some(method) => {
                    let digest = Sha256Digest::from_bytes(row.get(7)?);
                    match SessionKey::from_parts(&method, digest) {
                        // Bound to what this version does not know: nobody can show it.
                        None => return Ok(None),
                        key => key,
                    }
                }
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
                key,
            }))
        })
        .optional()?;
    Ok(row.flatten())
}

fn refusal(error: LoginRefusal) -> Refusal {
    let code = match &error {
        LoginRefusal::Login(error) => login_code(error),
        LoginRefusal::NoSessionKey => Code::ProofMissing,
        LoginRefusal::BindingNotShown { .. } => Code::AssertionBinding,
        LoginRefusal::Environment {
            found: Environment::Test,
        } => Code::TestCardRefused,
        LoginRefusal::Environment { .. } => Code::ProductionCardRefused,
        _ => Code::Internal,
    };
    Refusal::new(code).because(error)
}

const fn login_code(error: &LoginError) -> Code {
    match error {
        LoginError::Path(path) => card::path_code(path),
        LoginError::Certificate(_) | LoginError::CertificateSize { .. } | LoginError::Key(_) => {
            Code::CertificateInvalid
        }
        LoginError::Lifetime | LoginError::Expired | LoginError::NotYetValid => {
            Code::AssertionExpired
        }
        LoginError::ChannelBindingKind { .. } => Code::AssertionBinding,
        LoginError::UnknownAlgorithm
        | LoginError::AlgorithmMismatch { .. }
        | LoginError::AlgorithmNotOffered { .. } => Code::AssertionAlgorithm,
        LoginError::OtherAudience => Code::AssertionOtherAudience,
        LoginError::OtherOrigin => Code::AssertionOtherOrigin,
        LoginError::OtherNonce => Code::AssertionOtherNonce,
        LoginError::OtherOffer => Code::AssertionOtherOffer,
        LoginError::OtherBinding => Code::AssertionOtherBinding,
        LoginError::Signature => Code::AssertionSignatureInvalid,
        _ => Code::AssertionMalformed,
    }
}
