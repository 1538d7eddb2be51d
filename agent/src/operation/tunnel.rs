//! `tunnel/open`, `tunnel/status`, `tunnel/close`. Opening checks everything that can be known before the PIN is asked for: the bounds and
//! the server of the configuration, its anchors, the card, its certificate, and which version of TLS they can speak. The PIN is asked
//! before the server is dialled, which waits in seconds; then the server is reached once, so that what is wrong is told here.
//! A PIN that is typed on a reader's keypad never comes here and cannot serve a tunnel: refused.

use paraphe_certs::{CardLogin, Certificate, StructureLogin, UnixTime};
use paraphe_protocol::api::{
    ErrorCode, TunnelCloseRequest, TunnelEndReason, TunnelOpenRequest, TunnelOpenResponse,
    TunnelStatusRequest, TunnelStatusResponse, TunnelSummary,
};

use super::mandate::{is_on_keypad, time_of_day};
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, card_certificate};
use crate::config::RecordServer;
use crate::document_store::Owner;
use crate::opened::Opened;
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::token::{Bearer, Token};
use crate::tunnel::{self, LocalPort, TunnelTerms};

/// How long a tunnel lasts where nobody says it, seconds.
const USUAL_SECONDS: u64 = 3600;

pub(super) fn open(
    context: &Context<'_>,
    request: &TunnelOpenRequest,
) -> Result<TunnelOpenResponse, Failure> {
    let agent = context.agent;
    let now = card_certificate::now();
    let server = server(context, request.server.as_deref())?;
    let address = server.address.as_ref();
    let address = address.ok_or(ErrorCode::TunnelNotConfigured)?;
    let (seconds, maximum_handshakes) = checked_bounds(context, request, now)?;
    agent.tunnels.check_room()?;
    let anchors = tunnel::load_anchors(&address.anchors)?;
    // Before the card is chosen, so that no sleep is overlooked.
    let slept = agent.readers.slept();
    let locks_told = agent.mandates.locks_told();
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let chain = checked_chain(context, &token, now)?;
    let algorithms = token.handshake_algorithms();
    let tls = tunnel::version(&algorithms, address.tls)?;
    if is_on_keypad(context, &token) {
        return Err(ErrorCode::TunnelPinOnKeypad.into());
    }
    let port = LocalPort::take()?;
    agent.modules.watch(&agent.readers, &agent.events);
    let not_after = UnixTime(
        now.0
            .saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)),
    );
    let purpose = PinPurpose::Tunnel {
        server: server.title.clone(),
        handshakes: maximum_handshakes,
        minutes: seconds.div_ceil(60),
        until: time_of_day(not_after),
    };
    let dialogue = PinDialogue::new(context, &token, purpose)?;
    let secret = dialogue
        .run(context, |token| Ok(token.take_proven_secret()))?
        .ok_or(ErrorCode::TunnelPinOnKeypad)?;
    let terms = TunnelTerms {
        owner: Owner::from(context.caller),
        server: server.clone(),
        anchors,
        token,
        chain,
        algorithms,
        tls,
        maximum_handshakes,
        not_after,
        secret,
        slept,
        locks_told,
    };
    agent.tunnels.begin(agent, port, terms)
}

pub(super) fn status(
    context: &Context<'_>,
    request: &TunnelStatusRequest,
) -> Result<TunnelStatusResponse, Failure> {
    let owner = Owner::from(context.caller);
    let tunnels = &context.agent.tunnels;
    let tunnels = match &request.tunnel {
        Some(id) => vec![tunnels.find(&owner, id)?.summary(context.agent)],
        None => tunnels.of(&owner, context.agent),
    };
    Ok(TunnelStatusResponse { tunnels })
}

pub(super) fn close(
    context: &Context<'_>,
    request: &TunnelCloseRequest,
) -> Result<TunnelSummary, Failure> {
    let owner = Owner::from(context.caller);
    let tunnel = context.agent.tunnels.find(&owner, &request.tunnel)?;
    tunnel.end(TunnelEndReason::Closed);
    Ok(tunnel.summary(context.agent))
}

/// The record server of this name, or the only one.
fn server<'a>(context: &Context<'a>, named: Option<&str>) -> Result<&'a RecordServer, Failure> {
    let config = &context.agent.config;
    match (named, config.record_servers.as_slice()) {
        (Some(named), _) => config.record_server(named),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
    .ok_or_else(|| ErrorCode::RecordServerUnknown.into())
}

/// How long it may last, seconds, and how many handshakes the card may sign, after everything that the configuration bounds.
fn checked_bounds(
    context: &Context<'_>,
    request: &TunnelOpenRequest,
    now: UnixTime,
) -> Result<(u64, u32), Failure> {
    let limits = &context.agent.config.tunnel;
    let most = limits.maximum_handshakes;
    let handshakes = match request.maximum_handshakes {
        Some(0) => {
            return Err(Failure::new(ErrorCode::RequestInvalid)
                .with_technical_detail("maximum_handshakes is 0"));
        }
        Some(wanted) if wanted > most => {
            return Err(Failure::new(ErrorCode::TunnelLimit).with_detail(
                format!("Au plus {most} signatures de connexion."),
                format!("At most {most} connection signatures."),
            ));
        }
        wanted => wanted.unwrap_or(most),
    };
    let longest = limits.maximum_duration.as_secs();
    let Some(not_after) = request.not_after else {
        return Ok((USUAL_SECONDS.min(longest), handshakes));
    };
    match u64::try_from(not_after.saturating_sub(now.0)) {
        Ok(seconds) if seconds > longest => Err(Failure::new(ErrorCode::TunnelLimit).with_detail(
            format!("Au plus {} minutes.", longest / 60),
            format!("At most {} minutes.", longest / 60),
        )),
        Ok(seconds) if seconds > 0 => Ok((seconds, handshakes)),
        _ => Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail("not_after is in the past")),
    }
}

/// The authentication certificate, and the issuing ones that are known here, without the anchor.
fn checked_chain(
    context: &Context<'_>,
    token: &Token,
    now: UnixTime,
) -> Result<Vec<Certificate>, Failure> {
    let certificate = token.authentication.clone();
    let certificate = certificate.ok_or(ErrorCode::CertificateMissing)?;
    let issuing = match token.bearer()? {
        Bearer::Person(_) => card_certificate::check::<CardLogin>(context, &certificate, now)?,
        Bearer::Structure(_) => {
            card_certificate::check::<StructureLogin>(context, &certificate, now)?
        }
        Bearer::Patient(_) => return Err(card_certificate::patients_refused()),
    };
    Ok([vec![certificate], issuing].concat())
}
