//! The record server for which a card makes a statement, and the origin that is signed with it: a page gets the record server of
//! its own origin and no other; a local program or person names one of the agent's own table, and the origin is that of the site
//! configured for it, since the server knows no other. Refused: a server that the table does not have, or another than the page's.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::login::{AgentNonce, Origin};

use super::Context;
use crate::caller::Caller;
use crate::config::RecordServer;
use crate::problem::Failure;
use crate::random::random_bytes;

/// The record server that this caller means and may mean.
pub(super) fn server<'a>(
    context: &Context<'a>,
    named: Option<&str>,
) -> Result<&'a RecordServer, Failure> {
    let config = &context.agent.config;
    if let Caller::Site(origin) = context.caller {
        let server = context
            .agent
            .sites
            .record_server(origin)
            .filter(|server| named.is_none_or(|named| named == server.name.as_str()))
            .ok_or(ErrorCode::RecordServerUnknown)?;
        return Ok(server);
    }
    let server = match (named, config.record_servers.as_slice()) {
        (Some(named), _) => config.record_server(named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    Ok(server.ok_or(ErrorCode::RecordServerUnknown)?)
}

/// The same, and the origin to be signed.
pub(super) fn server_and_origin<'a>(
    context: &Context<'a>,
    named: Option<&str>,
) -> Result<(&'a RecordServer, Origin), Failure> {
    let server = server(context, named)?;
    if let Caller::Site(origin) = context.caller {
        return Ok((server, origin.clone()));
    }
    let config = &context.agent.config;
    let origin = config
        .sites
        .iter()
        .find(|site| site.record_server.as_ref() == Some(&server.name))
        .map(|site| site.origin.clone())
        .or_else(|| server.audience.as_str().parse().ok())
        .ok_or_else(|| {
            Failure::new(ErrorCode::RecordServerUnknown).with_detail(
                "Aucun site de la configuration n'est celui de ce serveur : son origine est inconnue.",
                "No site of the configuration is this server's: its origin is not known.",
            )
        })?;
    Ok((server, origin))
}

/// 32 fresh random bytes of the agent's own, so that a server cannot choose alone what a card signs.
pub(super) fn agent_nonce() -> Result<AgentNonce, Failure> {
    random_bytes().map(AgentNonce::from_bytes)
}
