//! The record server's program, as a hospital would start it, and a client of it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use paraphe_protocol::api::RequestedBinding;
use paraphe_record_server::Client;

use crate::programs::{Running, program};
use crate::{AUDIENCE, ORIGIN};

/// A record server that runs until it is dropped.
#[derive(Debug)]
pub struct RunningRecordServer {
    process: Running,
    url: String,
    root: Vec<u8>,
}

impl RunningRecordServer {
    /// Starts it on test trust.
    ///
    /// # Panics
    /// Where it does not say that it is ready.
    #[must_use]
    pub fn start(folder: &Path, pki: &Path) -> Self {
        Self::start_with(folder, pki, &[])
    }

    /// The same with more options.
    ///
    /// # Panics
    /// Where it does not say that it is ready.
    #[must_use]
    pub fn start_with(folder: &Path, pki: &Path, options: &[&OsStr]) -> Self {
        let tls = folder.join("record-server-tls");
        let mut command = Command::new(program("paraphe-record-server"));
        command
            .arg("--data")
            .arg(folder.join("record-server"))
            .arg("--trust")
            .arg(pki)
            .args([
                "--origin",
                ORIGIN,
                "--audience",
                AUDIENCE,
                "--accept-test",
                "--self-signed",
            ])
            .arg(&tls)
            .args(options);
        let mut process = Running::start(&mut command);
        let line = process.line();
        let url = line
            .strip_prefix("ready ")
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_else(|| panic!("not a ready line: {line}"))
            .to_owned();
        Self {
            process,
            url,
            root: std::fs::read(tls.join("root.pem")).unwrap(),
        }
    }

    /// A client without a session.
    ///
    /// # Panics
    /// Where the server's root cannot be used.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.url, &self.root).unwrap()
    }

    /// Stops it; gives whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.process.stop()
    }
}

/// What a login must be bound to, to be this client's: its own key.
///
/// # Panics
/// Where the client has none.
#[must_use]
pub fn key_of(client: &Client) -> RequestedBinding {
    RequestedBinding::of_key(client.key_thumbprint().unwrap().as_bytes())
}
