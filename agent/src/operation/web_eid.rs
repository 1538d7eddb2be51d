//! `login` in format `web-eid:1`: an authentication token for a site that the configuration marks with `web_eid = true`, and for no other;
//! a page gets one for its own origin only. Everything is checked before the PIN is asked, and the signature is verified with the card's
//! own certificate before it leaves.

use paraphe_protocol::api::{ErrorCode, LoginRequest, LoginResponse};
use paraphe_protocol::login::Origin;
use paraphe_protocol::web_eid::{self, ChallengeNonce, WebEidError};

use super::pin_dialogue::PinDialogue;
use super::{Context, login};
use crate::caller::Caller;
use crate::pin::PinPurpose;
use crate::problem::Failure;

pub(super) fn perform(
    context: &Context<'_>,
    request: &LoginRequest,
) -> Result<LoginResponse, Failure> {
    let origin = site(context, request)?;
    let nonce = ChallengeNonce::new(&request.nonce)?;
    let (token, certificate) = login::token(context, request)?;
    let algorithms = web_eid::algorithms(&certificate)?.iter().copied();
    let algorithm = algorithms
        .clone()
        .find(|algorithm| token.logs_in_by(*algorithm))
        .ok_or(ErrorCode::SignatureAlgorithmNotOffered)?;
    let prepared = web_eid::prepare(&certificate, algorithm, &origin, &nonce)?;
    // The site has no other name that the operator gave it.
    let purpose = PinPurpose::Login {
        server: origin.to_string(),
    };
    let dialogue = PinDialogue::new(context, &token, purpose)?;
    let to_be_signed = prepared.to_be_signed().to_vec();
    let signature = dialogue.run(context, move |unlocked| {
        unlocked.sign_authentication(algorithm, &to_be_signed)
    })?;
    let version = env!("CARGO_PKG_VERSION");
    let made = prepared.complete(signature.as_bytes(), version)?;
    Ok(LoginResponse {
        card: token.serial,
        assurance: token.assurance,
        assertion: serde_json::to_value(&made).map_err(|_| ErrorCode::Internal)?,
        signed_for: None,
    })
}

/// The site that the token is for: the page's own, or the one that a local caller names; marked as one of Web eID.
fn site(context: &Context<'_>, request: &LoginRequest) -> Result<Origin, Failure> {
    let of_record_servers =
        request.server.is_some() || request.offered.is_some() || request.channel_binding.is_some();
    if of_record_servers {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            "Un jeton Web eID n'a ni serveur de dossiers, ni liste d'algorithmes, ni liaison.",
            "A Web eID token has no record server, no list of algorithms and no binding.",
        ));
    }
    let named = request.site.as_deref();
    let origin = match (context.caller, named) {
        (Caller::Site(origin), named) if named.is_none_or(|named| named == origin.as_str()) => {
            origin.as_str()
        }
        (Caller::Site(_), _) | (_, None) => return Err(ErrorCode::OriginNotAllowed.into()),
        (_, Some(named)) => named,
    };
    let site = context.agent.config.site(origin);
    let site = site.filter(|site| site.web_eid);
    let site = site.ok_or(ErrorCode::OriginNotAllowed)?;
    Ok(site.origin.clone())
}

impl From<WebEidError> for Failure {
    fn from(error: WebEidError) -> Self {
        match error {
            WebEidError::Signature(error) => error.into(),
            error => Self::new(ErrorCode::NonceInvalid).with_technical_detail(error),
        }
    }
}
