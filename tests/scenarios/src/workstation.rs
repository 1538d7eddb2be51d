//! A workstation in a temporary folder: configuration, trust, private folders, and `paraphe` run on it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_softcard::PkiDirectory;
use paraphe_softcard::pcscd::PrivatePcscd;
use serde_json::Value;
use tempfile::TempDir;

use crate::programs::{program, said};
use crate::{AUDIENCE, ORIGIN};

/// A workstation.
#[derive(Debug)]
pub struct Workstation {
    folder: TempDir,
    pki: PathBuf,
}

/// How a command ended.
#[derive(Debug)]
pub struct Answer {
    /// Exit status.
    pub status: i32,
    /// Standard output as JSON; null where it is not.
    pub json: Value,
    /// Standard output, then standard error.
    pub text: String,
}

impl Workstation {
    /// A new one. The test authorities are kept under `shared`, made once for all tests, because RSA keys take time.
    ///
    /// # Panics
    /// Where the folders cannot be made.
    #[must_use]
    pub fn new(shared: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("workstation-")
            .tempdir()
            .unwrap();
        let pki = Path::new(shared).join("scenarios-pki");
        PkiDirectory::open_or_create(&pki, UnixTime::from(SystemTime::now())).unwrap();
        let workstation = Self { folder, pki };
        for name in ["run", "state", "config"] {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(workstation.path().join(name))
                .unwrap();
        }
        fs::write(
            workstation.configuration(),
            workstation.configuration_text(),
        )
        .unwrap();
        workstation
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The test authorities.
    #[must_use]
    pub fn pki(&self) -> &Path {
        &self.pki
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.path().join("config/config.toml")
    }

    /// Adds to the configuration file.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn configure(&self, more: &str) {
        let mut text = fs::read_to_string(self.configuration()).unwrap();
        text.push_str(more);
        fs::write(self.configuration(), text).unwrap();
    }

    fn configuration_text(&self) -> String {
        let trust = |name: &str| self.pki.join(name);
        format!(
            "port = {port}\n\
             [[record_server]]\nname = \"dossier\"\ntitle = \"Dossier de test\"\naudience = \"{AUDIENCE}\"\n\
             [[site]]\norigin = \"{ORIGIN}\"\nrecord_server = \"dossier\"\n\
             [trust]\nanchors = {anchors:?}\nintermediates = {intermediates:?}\ncrls = {crls:?}\naccept_test = true\n",
            port = free_port(),
            anchors = trust("anchors"),
            intermediates = trust("intermediates"),
            crls = trust("crls"),
        )
    }

    /// A private file with a PIN in it, for unattended work.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn pin_file(&self, pin: &str) -> PathBuf {
        self.private_file(&format!("pin-{pin}"), &format!("{pin}\n"))
    }

    /// A file of this name that nobody else can read.
    ///
    /// # Panics
    /// Where it cannot be written.
    #[must_use]
    pub fn private_file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut file = fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// `paraphe` on this workstation, in English, with the cards of the pcscd that `command` is a client of.
    #[must_use]
    pub fn command(&self, mut command: Command) -> Command {
        command
            .env("XDG_RUNTIME_DIR", self.path().join("run"))
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("LANG", "en_GB.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("DISPLAY")
            .arg("--config")
            .arg(self.configuration());
        command
    }

    /// Runs `paraphe ARGUMENTS --json` as [`Workstation::command`].
    ///
    /// # Panics
    /// Where the program cannot be run or is killed.
    #[must_use]
    pub fn paraphe(&self, cards: &crate::CardsInReaders, arguments: &[&str]) -> Answer {
        self.paraphe_in(cards.pcscd(), arguments)
    }

    /// The same with the readers of this pcscd, whatever is in them.
    ///
    /// # Panics
    /// Where the program cannot be run or is killed.
    #[must_use]
    pub fn paraphe_in(&self, pcscd: &PrivatePcscd, arguments: &[&str]) -> Answer {
        self.run(pcscd.client(program("paraphe")), arguments)
    }

    /// The same with a command that was begun elsewhere.
    ///
    /// # Panics
    /// Where the program cannot be run or is killed.
    #[must_use]
    pub fn run(&self, command: Command, arguments: &[&str]) -> Answer {
        let mut command = self.command(command);
        let output = command
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = said(&output);
        let Some(status) = output.status.code() else {
            panic!("{command:?}\n{text}");
        };
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Answer { status, json, text }
    }
}

impl Answer {
    /// The JSON of a command that succeeded.
    ///
    /// # Panics
    /// Where it did not.
    #[must_use]
    pub fn done(self) -> Value {
        assert_eq!(self.status, 0, "{}", self.text);
        self.json
    }

    /// The problem of a command that was refused with this code; it says what to do.
    ///
    /// # Panics
    /// Where it was not.
    #[must_use]
    pub fn refused(self, code: &str) -> Value {
        assert_eq!(self.status, 1, "{}", self.text);
        assert_eq!(self.json["code"], code, "{}", self.text);
        assert!(
            self.json["remedy"]["text"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(!self.text.contains("panicked"), "{}", self.text);
        self.json
    }
}

/// `paraphe login` with the PIN in this file.
#[must_use]
pub fn login<'a>(nonce: &'a str, pin_file: &'a str) -> Vec<&'a str> {
    vec![
        "login",
        "--server",
        "dossier",
        "--nonce",
        nonce,
        "--pin-file",
        pin_file,
    ]
}

/// `paraphe lot sign` of these documents into this folder, with the PIN in this file.
///
/// # Panics
/// Where a path is not UTF-8.
#[must_use]
pub fn sign_lot<'a>(
    patient: &'a str,
    pin_file: &'a str,
    folder: &'a Path,
    documents: &'a [PathBuf],
) -> Vec<&'a str> {
    let mut arguments = vec!["lot", "sign", "--profile", "dsg", "--patient", patient];
    arguments.extend(["--pin-file", pin_file, "-o", folder.to_str().unwrap()]);
    arguments.extend(documents.iter().map(|document| document.to_str().unwrap()));
    arguments
}

/// `paraphe verify` of a lot that was signed so, by the answer of `lot sign`.
///
/// # Panics
/// Where it is not such an answer.
#[must_use]
pub fn verify_lot(signed: &Value) -> Vec<&str> {
    let mut arguments = vec!["verify", signed["signature"]["path"].as_str().unwrap()];
    let documents = signed["documents"].as_array().unwrap().iter();
    arguments.extend(documents.map(|document| document["content"]["path"].as_str().unwrap()));
    arguments
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
