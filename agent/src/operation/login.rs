//! `login`: a login assertion (docs/login-assertion.md) by the card's authentication key. The audience comes from the
//! agent's own table: a page gets the record server of its own origin and no other; a local program or person names one.
//! Everything is checked before the PIN is asked, and the assertion is verified with the card's own certificate before it
//! leaves. A local login carries the origin of the site that is configured for that server, since the server knows no other.

use paraphe_certs::Certificate;
use paraphe_certs::{CardLogin, StructureLogin, UnixTime};
use paraphe_protocol::api::{ErrorCode, LoginRequest, LoginResponse};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    self, AgentNonce, Audience, ChannelBinding, LoginAssertion, MAX_LIFETIME_SECONDS,
    OfferedAlgorithms, Origin, PrepareLoginError, PreparedLogin, ServerNonce,
};

use super::asking_server::{agent_nonce, server_and_origin};
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, card_certificate};
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::token::{AuthenticationSignature, Bearer};

pub(super) fn perform(
    context: &Context<'_>,
    request: &LoginRequest,
) -> Result<LoginResponse, Failure> {
    let (server, origin) = server_and_origin(context, request.server.as_deref())?;
    let nonce = ServerNonce::from_base64url(&request.nonce)?;
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let certificate = token
        .authentication
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let now = card_certificate::now();
    match token.bearer()? {
        Bearer::Person(_) => card_certificate::check::<CardLogin>(context, &certificate, now)?,
        // Marked as what it is; whether that opens anything is the record server's to say.
        Bearer::Structure(_) => {
            card_certificate::check::<StructureLogin>(context, &certificate, now)?
        }
        Bearer::Patient(_) => return Err(card_certificate::patients_refused()),
    };
    let purpose = PinPurpose::Login {
        server: server.title.clone(),
    };
    let dialogue = PinDialogue::new(context, &token, purpose)?;
    let statement = Statement {
        audience: server.audience.clone(),
        origin,
        nonce,
        certificate,
        shown: Sha256Digest::of(dialogue.statement().as_bytes()),
        agent_nonce: agent_nonce()?,
    };
    // Made once for nothing, so that what cannot be made is refused before a PIN is asked for.
    statement.prepare(card_certificate::now())?;
    // Made in earnest once the PIN is in: its two minutes must not run while the person types.
    let (prepared, signature) = dialogue.run(context, move |unlocked| {
        let prepared = statement.prepare(card_certificate::now());
        let signature = match &prepared {
            Ok(prepared) => Some(unlocked.sign_authentication(prepared.to_be_signed())?),
            Err(_) => None,
        };
        Ok((prepared, signature))
    })?;
    let assertion = complete(prepared?, signature)?;
    Ok(LoginResponse {
        card: token.serial,
        assurance: token.assurance,
        assertion: serde_json::to_value(&assertion).map_err(|_| ErrorCode::Internal)?,
    })
}

struct Statement {
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    certificate: Certificate,
    shown: Sha256Digest,
    agent_nonce: AgentNonce,
}

impl Statement {
    fn prepare(&self, now: UnixTime) -> Result<PreparedLogin, PrepareLoginError> {
        let lifetime = i64::try_from(MAX_LIFETIME_SECONDS).unwrap_or_default();
        login::LoginRequest {
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: self.agent_nonce,
            issued_at: now,
            expires_at: UnixTime(now.0.saturating_add(lifetime)),
            certificate: &self.certificate,
            channel_binding: ChannelBinding::None,
            shown: self.shown,
            offered: &OfferedAlgorithms::all(),
        }
        .prepare()
    }
}

fn complete(
    prepared: PreparedLogin,
    signature: Option<AuthenticationSignature>,
) -> Result<LoginAssertion, Failure> {
    let signature = signature.ok_or(ErrorCode::Internal)?;
    Ok(prepared.complete(signature.as_bytes())?)
}
