//! `login`: a login assertion (docs/login-assertion.md) by the card's authentication key. The audience comes from the
//! agent's own table: a page gets the record server of its own origin and no other; a local program or person names one.
//! Everything is checked before the PIN is asked, and the assertion is verified with the card's own certificate before it
//! leaves. A local login carries the origin of the site that is configured for that server, since the server knows no other.
//!
//! The algorithm is the server's first that the key allows and the token can do. A page binds its login to a key of its own; only who is
//! on this computer may bind one to a TLS connection, since a page cannot know its value. Web eID tokens: `web_eid.rs`.

use paraphe_certs::Certificate;
use paraphe_certs::{CardLogin, StructureLogin, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{ErrorCode, LoginFormat, LoginRequest, LoginResponse};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::{
    self, AgentNonce, Audience, ChannelBinding, LoginAssertion, MAX_LIFETIME_SECONDS,
    OfferedAlgorithms, Origin, PrepareLoginError, PreparedLogin, ServerNonce, StatedTerms,
};

use super::asking_server::{agent_nonce, server_and_origin};
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, card_certificate, web_eid};
use crate::caller::Caller;
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::token::{AuthenticationSignature, Bearer, Token};

pub(super) fn perform(
    context: &Context<'_>,
    request: &LoginRequest,
) -> Result<LoginResponse, Failure> {
    if request.format == LoginFormat::WebEid {
        return web_eid::perform(context, request);
    }
    let (server, origin) = server_and_origin(context, request.server.as_deref())?;
    let nonce = ServerNonce::from_base64url(&request.nonce)?;
    let channel_binding = binding(context, request)?;
    let offered = request
        .offered
        .clone()
        .unwrap_or_else(OfferedAlgorithms::all);
    let (token, certificate) = token(context, request)?;
    let spki = certificate.spki_der();
    let algorithm = offered.choose(spki, |algorithm| token.logs_in_by(algorithm))?;
    let purpose = PinPurpose::Login {
        server: server.title.clone(),
    };
    let dialogue = PinDialogue::new(context, &token, purpose)?;
    let statement = Statement {
        algorithm,
        audience: server.audience.clone(),
        origin,
        nonce,
        certificate,
        channel_binding,
        offered,
        shown: Sha256Digest::of(dialogue.statement().as_bytes()),
        agent_nonce: agent_nonce()?,
    };
    let signed_for = statement.terms();
    // Made once for nothing, so that what cannot be made is refused before a PIN is asked for.
    statement.prepare(card_certificate::now())?;
    // Made in earnest once the PIN is in: its two minutes must not run while the person types.
    let (prepared, signature) = dialogue.run(context, move |unlocked| {
        let prepared = statement.prepare(card_certificate::now());
        let signature = match &prepared {
            Ok(prepared) => {
                let (algorithm, bytes) = (prepared.algorithm(), prepared.to_be_signed());
                Some(unlocked.sign_authentication(algorithm, bytes)?)
            }
            Err(_) => None,
        };
        Ok((prepared, signature))
    })?;
    let assertion = complete(prepared?, signature)?;
    Ok(LoginResponse {
        card: token.serial,
        assurance: token.assurance,
        assertion: serde_json::to_value(&assertion).map_err(|_| ErrorCode::Internal)?,
        signed_for: Some(signed_for),
    })
}

/// The token that logs in, with its certificate, checked.
pub(super) fn token(
    context: &Context<'_>,
    request: &LoginRequest,
) -> Result<(Token, Certificate), Failure> {
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
    Ok((token, certificate))
}

fn binding(context: &Context<'_>, request: &LoginRequest) -> Result<ChannelBinding, Failure> {
    let Some(requested) = &request.channel_binding else {
        return Ok(ChannelBinding::None);
    };
    let binding = requested
        .read()
        .map_err(|error| Failure::new(ErrorCode::RequestInvalid).with_technical_detail(error))?;
    let of_connection = matches!(binding, ChannelBinding::TlsExporter(_));
    if of_connection && matches!(context.caller, Caller::Site(_)) {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            "Une page ne connaît pas la liaison TLS : elle lie sa connexion à une clé (jkt).",
            "A page does not know the TLS connection: it binds its login to a key (jkt).",
        ));
    }
    Ok(binding)
}

struct Statement {
    algorithm: SignatureAlgorithm,
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    certificate: Certificate,
    channel_binding: ChannelBinding,
    offered: OfferedAlgorithms,
    shown: Sha256Digest,
    agent_nonce: AgentNonce,
}

impl Statement {
    fn prepare(&self, now: UnixTime) -> Result<PreparedLogin, PrepareLoginError> {
        let lifetime = i64::try_from(MAX_LIFETIME_SECONDS).unwrap_or_default();
        login::LoginRequest {
            algorithm: self.algorithm,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: self.agent_nonce,
            issued_at: now,
            expires_at: UnixTime(now.0.saturating_add(lifetime)),
            certificate: &self.certificate,
            channel_binding: self.channel_binding,
            shown: self.shown,
            offered: &self.offered,
        }
        .prepare()
    }

    fn terms(&self) -> StatedTerms {
        let (audience, origin) = (&self.audience, &self.origin);
        StatedTerms::of(
            audience,
            origin,
            &self.nonce,
            &self.offered,
            &self.channel_binding,
        )
    }
}

fn complete(
    prepared: PreparedLogin,
    signature: Option<AuthenticationSignature>,
) -> Result<LoginAssertion, Failure> {
    let signature = signature.ok_or(ErrorCode::Internal)?;
    Ok(prepared.complete(signature.as_bytes())?)
}
