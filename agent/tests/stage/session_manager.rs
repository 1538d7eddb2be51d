//! A message bus of the test's own (`dbus-daemon`) and a stand-in for systemd-logind on it, with two sessions: this user's and
//! another's.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use futures_core::Stream;
use zbus::message::Type;
use zbus::{Connection, MessageStream, ObjectPath, Variant};

pub const OURS: &str = "/org/freedesktop/login1/session/_31";
pub const THEIRS: &str = "/org/freedesktop/login1/session/_32";
const LOGIND: &str = "org.freedesktop.login1";
const SESSION: &str = "org.freedesktop.login1.Session";
/// What everybody may do on it is said in full: a bus delivers nothing that no rule lets it deliver, signals least of all.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=FOLDER</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;

/// A bus; it ends when this is dropped.
pub struct Bus {
    process: Child,
    pub address: String,
    _folder: tempfile::TempDir,
}

impl Bus {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bus.conf");
        let place = folder.path().to_str().unwrap();
        std::fs::write(&file, CONFIGURATION.replace("FOLDER", place)).unwrap();
        let mut process = Command::new("dbus-daemon")
            .arg("--config-file")
            .arg(&file)
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon (Debian: dbus-daemon) is needed for this test");
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            process,
            address: address.trim().to_owned(),
            _folder: folder,
        }
    }

    /// What a workstation's configuration says of it.
    pub fn configuration(&self) -> String {
        format!("[session_manager]\nbus = {:?}\n", self.address)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The stand-in; it says whose a session is as long as this is there.
pub struct Logind {
    connection: Connection,
    answering: tokio::task::JoinHandle<()>,
}

impl Drop for Logind {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

impl Logind {
    pub async fn start(bus: &Bus) -> Self {
        let connection = zbus::connection::Builder::address(bus.address.as_str())
            .name(LOGIND)
            .build()
            .await
            .unwrap();
        let answering = tokio::spawn(answer(connection.clone()));
        Self {
            connection,
            answering,
        }
    }

    pub async fn lock(&self, session: &str) {
        self.emit(session, SESSION, "Lock", &()).await;
    }

    pub async fn unlock(&self, session: &str) {
        self.emit(session, SESSION, "Unlock", &()).await;
    }

    pub async fn locked_hint(&self, session: &str, locked: bool) {
        let changed = HashMap::from([("LockedHint", Variant::from(locked))]);
        let nothing: [&str; 0] = [];
        let body = (SESSION, changed, nothing.as_slice());
        let properties = "org.freedesktop.DBus.Properties";
        self.emit(session, properties, "PropertiesChanged", &body)
            .await;
    }

    pub async fn prepare_for_sleep(&self, begins: bool) {
        let manager = "org.freedesktop.login1.Manager";
        self.emit(
            "/org/freedesktop/login1",
            manager,
            "PrepareForSleep",
            &begins,
        )
        .await;
    }

    async fn emit<B: serde::Serialize + zbus::DynamicType>(
        &self,
        path: &str,
        interface: &str,
        member: &str,
        body: &B,
    ) {
        self.connection
            .emit_signal(None::<&str>, path, interface, member, body)
            .await
            .unwrap();
    }

    /// Leaves the bus.
    pub async fn stop(self) {
        self.connection.clone().close().await.unwrap();
    }
}

/// Another program of the bus that says what only logind may say.
pub async fn impostor(bus: &Bus) {
    let builder = zbus::connection::Builder::address(bus.address.as_str());
    let connection = builder.build().await.unwrap();
    connection
        .emit_signal(None::<&str>, OURS, SESSION, "Lock", &())
        .await
        .unwrap();
    connection.close().await.unwrap();
}

async fn answer(connection: Connection) {
    let uid = rustix::process::getuid().as_raw();
    let mut messages = MessageStream::from(&connection);
    loop {
        let next = std::future::poll_fn(|context| Pin::new(&mut messages).poll_next(context));
        let Some(Ok(message)) = next.await else {
            return;
        };
        let header = message.header();
        if header.message_type() != Type::MethodCall {
            continue;
        }
        let uid = match header.path().map(ObjectPath::as_str) {
            Some(OURS) => uid,
            _ => uid + 1,
        };
        let user = ObjectPath::try_from("/org/freedesktop/login1/user/_1").unwrap();
        let user = Variant::from((uid, user));
        let _gone = connection.reply(&header, &user).await;
    }
}
