//! Which users have an agent: one line each, whose other end the kernel vouches for (SO_PEERCRED). A second agent of a user whose
//! first one lives is told so. An agent that does not take what it is handed gets no more: nobody waits for it, and no other
//! user's connection does.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::sockopt::socket_peercred;

use super::handing_over::{ANOTHER_IS_THERE, Heard, REGISTERED, give, hear, say};

/// Connections that an agent may leave untaken: as many as it serves at once.
const UNTAKEN: usize = 64;
/// Users at once.
const MAXIMUM_USERS: usize = 1024;

/// Which users have an agent.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    agents: Mutex<HashMap<u32, Registered>>,
}

#[derive(Debug)]
struct Registered {
    line: UnixStream,
    untaken: usize,
}

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandOver {
    /// The user's agent has it.
    Done,
    /// The user has no agent.
    NoAgent,
    /// The user's agent takes none at present.
    NotTaking,
}

impl Registered {
    fn is_there(&mut self) -> bool {
        match hear(&self.line) {
            Heard::Taken(taken) => {
                self.untaken = self.untaken.saturating_sub(taken);
                true
            }
            Heard::Gone => false,
        }
    }
}

impl Registrations {
    /// An agent has come: of whom, the kernel says.
    pub(super) fn register(&self, line: UnixStream) {
        let uid = match socket_peercred(&line) {
            Ok(credentials) => credentials.uid.as_raw(),
            Err(error) => {
                tracing::error!(%error, "whose an agent is cannot be found, refused");
                return;
            }
        };
        let mut agents = self.agents();
        agents.retain(|_, registered| registered.is_there());
        if agents.contains_key(&uid) || agents.len() >= MAXIMUM_USERS {
            tracing::warn!(uid, "an agent is refused: this user has one");
            let _gone = say(&line, ANOTHER_IS_THERE);
            return;
        }
        if say(&line, REGISTERED).is_ok() {
            tracing::info!(uid, "agent registered");
            agents.insert(uid, Registered { line, untaken: 0 });
        }
    }

    /// Hand a connection of this user's to their agent.
    pub(super) fn hand_over(&self, uid: u32, connection: impl std::os::fd::AsFd) -> HandOver {
        let mut agents = self.agents();
        let Some(agent) = agents.get_mut(&uid) else {
            return HandOver::NoAgent;
        };
        if !agent.is_there() {
            agents.remove(&uid);
            return HandOver::NoAgent;
        }
        if agent.untaken >= UNTAKEN {
            return HandOver::NotTaking;
        }
        match give(&agent.line, connection) {
            Ok(()) => {
                agent.untaken = agent.untaken.saturating_add(1);
                HandOver::Done
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => HandOver::NotTaking,
            Err(_) => {
                agents.remove(&uid);
                HandOver::NoAgent
            }
        }
    }

    fn agents(&self) -> MutexGuard<'_, HashMap<u32, Registered>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
