//! The TLS sessions of one tunnel, kept so that further connections are resumed and need no card (RFC 5246 section 7.3, RFC 5077, RFC
//! 8446 section 2.2). They live in memory, as long as the tunnel.
//!
//! A session of TLS 1.2 serves any number of connections; a ticket of TLS 1.3 serves one (RFC 8446 section C.4) and comes just after a
//! handshake. Connections that begin together would all find nothing and all ask the card: each therefore takes a [`Place`], which waits
//! for a ticket where another handshake is about to bring one, and has a full handshake only where none does. A server that gives no
//! tickets is waited for once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls_pki_types::ServerName;
use tokio::sync::Notify;

/// Tickets kept; servers give one or two for each handshake.
const MAXIMUM_TICKETS: usize = 64;
/// How long after a handshake its tickets are waited for.
pub(super) const TICKET_WAIT: Duration = Duration::from_millis(1000);
/// Longest wait for another connection's ticket: a full handshake with a slow card, and a slow network.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The sessions of a tunnel.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    tickets: VecDeque<Tls13ClientSessionValue>,
    /// Handshakes under way that may bring a session.
    expected: usize,
    /// Whether the server was seen to give none.
    gives_none: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("State")
            .field("tickets", &self.tickets.len())
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// One connection's part in the sessions: rustls asks it for a session, and brings it those that come.
pub(super) struct Place {
    sessions: Arc<Sessions>,
    own: Mutex<Own>,
    /// Told when this connection brought a session, or is not expected to any more.
    settled: Notify,
}

#[derive(Default)]
struct Own {
    ticket: Option<Tls13ClientSessionValue>,
    settled: bool,
}

impl Sessions {
    /// A place for one connection, once there is a session for it or nobody is about to bring one.
    pub(super) async fn place(self: &Arc<Self>) -> Arc<Place> {
        let waited = tokio::time::timeout(LONGEST_WAIT, async {
            loop {
                let changed = self.changed.notified();
                if let Some(place) = self.try_place() {
                    return place;
                }
                changed.await;
            }
        });
        match waited.await {
            Ok(place) => place,
            Err(_) => self.new_place(&mut self.lock()),
        }
    }

    fn try_place(self: &Arc<Self>) -> Option<Arc<Place>> {
        let mut state = self.lock();
        let has_one = state.tls12.is_some() || !state.tickets.is_empty();
        (has_one || state.expected == 0 || state.gives_none).then(|| self.new_place(&mut state))
    }

    fn new_place(self: &Arc<Self>, state: &mut State) -> Arc<Place> {
        state.expected = state.expected.saturating_add(1);
        // The latest lives longest.
        let ticket = state.tickets.pop_back();
        Arc::new(Place {
            sessions: Arc::clone(self),
            own: Mutex::new(Own {
                ticket,
                settled: false,
            }),
            settled: Notify::new(),
        })
    }

    /// Forgets every session.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        state.tls12 = None;
        state.tickets.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changes are assignments that do not depend on each other's success.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The handshake is over: its tickets are waited for, but not for ever.
    pub(super) fn handshake_done(self: &Arc<Self>) {
        let place = Arc::clone(self);
        tokio::spawn(async move {
            if tokio::time::timeout(TICKET_WAIT, place.settled())
                .await
                .is_err()
            {
                place.settle(true);
            }
        });
    }

    /// Comes back when this connection brought a session, or is not expected to any more.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.settled.notified();
            if self.own().settled {
                return;
            }
            settled.await;
        }
    }

    fn settle(&self, in_vain: bool) {
        {
            let mut own = self.own();
            if own.settled {
                return;
            }
            own.settled = true;
            let mut state = self.sessions.lock();
            state.expected = state.expected.saturating_sub(1);
            state.gives_none = in_vain;
        }
        self.settled.notify_waiters();
        self.sessions.changed.notify_waiters();
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let own = self.own.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.sessions.lock();
        state.tickets.extend(own.ticket.take());
        if !own.settled {
            state.expected = state.expected.saturating_sub(1);
        }
        drop(state);
        self.sessions.changed.notify_waiters();
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Place(..)")
    }
}

/// Of one server only, so that its name says nothing.
impl ClientSessionStore for Place {
    fn set_kx_hint(&self, _: ServerName<'static>, group: NamedGroup) {
        self.sessions.lock().group = Some(group);
    }

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        self.sessions.lock().group
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.sessions.lock().tls12 = Some(value);
        self.settle(false);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.sessions.lock().tls12.clone()
    }

    fn remove_tls12_session(&self, _: &ServerName<'_>) {
        self.sessions.lock().tls12 = None;
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut state = self.sessions.lock();
        if state.tickets.len() == MAXIMUM_TICKETS {
            state.tickets.pop_front();
        }
        state.tickets.push_back(value);
        drop(state);
        self.settle(false);
        self.sessions.changed.notify_waiters();
    }

    fn take_tls13_ticket(&self, _: &ServerName<'_>) -> Option<Tls13ClientSessionValue> {
        self.own().ticket.take()
    }
}
