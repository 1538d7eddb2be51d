//! Whether the person's session is locked, or the workstation is about to sleep, as systemd-logind tells it on the system bus
//! (org.freedesktop.login1(5): `Lock`, `LockedHint`, `PrepareForSleep`). Linux only; another system gets a file of its own.
//!
//! Any session of this user counts, because a user's service has no session of its own. Nothing is asked of logind but whose a
//! session is; where it does not say, the session is taken for this user's. Signals of anybody else's are not listened to.
//!
//! Where nobody tells, mandates do not end on lock and say so (`ends_on_lock`). Where whoever told goes away, the mandates that were
//! promised to end on lock end then; it is looked for again every few seconds, for those that are opened later.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use paraphe_protocol::api::MandateEndReason;
use tokio::sync::oneshot;
use zbus::message::{Header, Type};
use zbus::{Connection, Message, MessageStream, ObjectPath, OwnedVariant, Variant};

const BUS: &str = "org.freedesktop.DBus";
const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// What is asked of the bus: everything that logind tells, and whether it is there.
const RULES: [&str; 2] = [
    "type='signal',sender='org.freedesktop.login1',path_namespace='/org/freedesktop/login1'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.login1'",
];
/// How long the bus and logind may take to answer.
const ANSWER: Duration = Duration::from_secs(2);
/// How soon whoever is not there is looked for again.
const AGAIN: Duration = Duration::from_secs(5);

/// Somebody who tells, or may come to tell.
#[derive(Debug)]
pub(super) struct SessionLock {
    state: Arc<State>,
    /// Dropped with this, which ends the thread.
    _stop: oneshot::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether it is listened; `None` before the first try ended.
    listening: Option<bool>,
    /// How often an end was told, and the last one.
    told: (u64, Option<MandateEndReason>),
}

impl SessionLock {
    /// Begins to listen, on the bus of this address or the system's. `told` is called with each reason for mandates to end.
    pub(super) fn watch(
        address: Option<String>,
        told: impl Fn(MandateEndReason) + Send + 'static,
    ) -> Self {
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let listening = Arc::clone(&state);
        let started = thread::Builder::new()
            .name("session-lock".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                if let Ok(runtime) = runtime {
                    runtime.block_on(async {
                        tokio::select! {
                            _ = stopped => {}
                            () = listen(address.as_deref(), &listening, &told) => {}
                        }
                    });
                }
                listening.set_listening(false);
            });
        if let Err(error) = started {
            tracing::warn!(%error, "the session's lock is not watched");
            state.set_listening(false);
        }
        Self { state, _stop: stop }
    }

    /// Whether somebody tells. The first time it waits until that is known, which is not long.
    pub(super) fn is_watching(&self) -> bool {
        let known = self.state.lock();
        let waited = self
            .state
            .changed
            .wait_timeout_while(known, ANSWER, |known| known.listening.is_none());
        let (known, _) = waited.unwrap_or_else(PoisonError::into_inner);
        known.listening.unwrap_or(false)
    }

    /// How often an end was told, and the last one.
    pub(super) fn told(&self) -> (u64, Option<MandateEndReason>) {
        self.state.lock().told
    }
}

impl State {
    fn set_listening(&self, listening: bool) {
        self.lock().listening = Some(listening);
        self.changed.notify_all();
    }

    fn note(&self, reason: MandateEndReason) {
        let mut known = self.lock();
        known.told = (known.told.0.saturating_add(1), Some(reason));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Every change is an assignment.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens, and looks again for whoever is not there, without end.
async fn listen(address: Option<&str>, state: &State, told: &impl Fn(MandateEndReason)) {
    let tell = |reason| {
        // Counted first: a mandate that is being opened sees the count, one that is open is told.
        state.note(reason);
        told(reason);
    };
    let mut was_told = false;
    loop {
        let found = tokio::time::timeout(ANSWER, Logind::find(address)).await;
        match found {
            Ok(Ok(mut logind)) => {
                tracing::info!("the session's lock is watched");
                state.set_listening(true);
                logind.hear(&tell).await;
                state.set_listening(false);
                tracing::warn!("the session's lock is not watched any more");
                tell(MandateEndReason::SessionManagerLost);
            }
            absent if !was_told => {
                was_told = true;
                let why = match absent {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no answer in time".to_owned(),
                };
                tracing::info!(why, "the session's lock is not watched");
            }
            _ => {}
        }
        state.set_listening(false);
        tokio::time::sleep(AGAIN).await;
    }
}

/// logind, on its bus.
struct Logind {
    connection: Connection,
    messages: MessageStream,
    /// The only one whose signals count.
    unique_name: String,
}

impl Logind {
    async fn find(address: Option<&str>) -> zbus::Result<Self> {
        let connection = match address {
            None => Connection::system().await?,
            Some(address) => {
                let builder = zbus::connection::Builder::address(address);
                builder.build().await?
            }
        };
        let messages = MessageStream::from(&connection);
        for rule in RULES {
            let path = "/org/freedesktop/DBus";
            let added = connection.call_method(Some(BUS), path, Some(BUS), "AddMatch", &rule);
            added.await?;
        }
        let path = "/org/freedesktop/DBus";
        // Fails where logind is not there.
        let owner = connection.call_method(Some(BUS), path, Some(BUS), "GetNameOwner", &LOGIND);
        let unique_name = owner.await?.body().deserialize()?;
        Ok(Self {
            connection,
            messages,
            unique_name,
        })
    }

    /// Tells what logind says until it or the bus goes away.
    async fn hear(&mut self, tell: &impl Fn(MandateEndReason)) {
        loop {
            let messages = &mut self.messages;
            let next = std::future::poll_fn(|context| Pin::new(&mut *messages).poll_next(context));
            let Some(Ok(message)) = next.await else {
                return;
            };
            let header = message.header();
            if header.message_type() != Type::Signal {
                continue;
            }
            let sender = header.sender().map(|sender| sender.as_str());
            if sender == Some(BUS) {
                // Restarted or gone: found anew, or not.
                if has_changed(&header, &message) {
                    return;
                }
            } else if sender == Some(self.unique_name.as_str())
                && let Some(reason) = meaning(&header, &message)
                && (reason != MandateEndReason::SessionLocked || self.is_ours(&header).await)
            {
                tell(reason);
            }
        }
    }

    /// Whether the session that a signal is of is this user's.
    async fn is_ours(&self, header: &Header<'_>) -> bool {
        let Some(path) = header.path() else {
            return true;
        };
        let of_user = async {
            let question = (SESSION, "User");
            let interface = Some(PROPERTIES);
            let answer =
                self.connection
                    .call_method(Some(LOGIND), path, interface, "Get", &question);
            let answer = answer.await.ok()?;
            let body = answer.body();
            let value: Variant<'_> = body.deserialize().ok()?;
            let (uid, _): (u32, ObjectPath<'_>) = value.try_into().ok()?;
            Some(uid)
        };
        match tokio::time::timeout(ANSWER, of_user).await {
            Ok(Some(uid)) => uid == rustix::process::getuid().as_raw(),
            _ => true,
        }
    }
}

/// Whether a signal of the bus says that logind's name went or changed hands.
fn has_changed(header: &Header<'_>, message: &Message) -> bool {
    let is_it = header
        .member()
        .is_some_and(|member| member.as_str() == "NameOwnerChanged");
    let body = message.body();
    let names: Result<(String, String, String), _> = body.deserialize();
    is_it && names.is_ok_and(|(name, _, _)| name == LOGIND)
}

/// What a signal says, if it is one of those that end a mandate.
fn meaning(header: &Header<'_>, message: &Message) -> Option<MandateEndReason> {
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (SESSION, "Lock") => Some(MandateEndReason::SessionLocked),
        (PROPERTIES, "PropertiesChanged") => {
            let (interface, changed, _): (String, HashMap<String, OwnedVariant>, Vec<String>) =
                body.deserialize().ok()?;
            let hint = changed.get("LockedHint")?;
            let is_locked = matches!(&**hint, Variant::Bool(true));
            (interface == SESSION && is_locked).then_some(MandateEndReason::SessionLocked)
        }
        (MANAGER, "PrepareForSleep") => {
            let is_about_to: bool = body.deserialize().ok()?;
            is_about_to.then_some(MandateEndReason::WorkstationSlept)
        }
        _ => None,
    }
}
