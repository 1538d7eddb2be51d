//! SoftHSM 2 tokens for tests, each in a folder of its own: made by its own tool, filled with keys and certificates of the
//! test PKI by OpenSC's `pkcs11-tool`. Needs the Debian packages `softhsm2` and `opensc`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    unreachable_pub,
    reason = "tests, each of which uses a part"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use paraphe::config::KnownModule;
use paraphe::service::HelperProgram;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{CardPerson, Issued};

use crate::stage;

pub const PIN: &str = "1234";
/// CKA_ID of the two keys, which say nothing about their use.
const FIRST: &str = "a0";
const SECOND: &str = "07";

/// A folder of SoftHSM tokens.
pub struct SoftHsm {
    folder: tempfile::TempDir,
    module: PathBuf,
}

impl SoftHsm {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tokens")).unwrap();
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            folder.path().join("tokens").display()
        );
        fs::write(folder.path().join("softhsm2.conf"), configuration).unwrap();
        let module = KnownModule::Softhsm
            .files()
            .into_iter()
            .find(|file| file.exists())
            .expect("SoftHSM is not there (apt install softhsm2)");
        Self { folder, module }
    }

    /// The folder, for files of a test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// SoftHSM's own file.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// What starts helpers that see these tokens.
    pub fn helper(&self) -> HelperProgram {
        HelperProgram::at(env!("CARGO_BIN_EXE_paraphe"))
            .with_variable("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"))
    }

    /// The part of a configuration that names the module.
    pub fn configuration(&self) -> String {
        format!(
            "[[pkcs11]]\nname = \"softhsm\"\nmodule = {:?}\n",
            self.module
        )
    }

    /// A token without objects.
    pub fn token(&self, label: &str) {
        run(self.tool("softhsm2-util").args([
            "--init-token",
            "--free",
            "--label",
            label,
            "--so-pin",
            "87654321",
            "--pin",
            PIN,
        ]));
    }

    /// A token with the keys and certificates of a person's card.
    pub fn card(&self, label: &str, person: &CardPerson) {
        self.card_with(label, person, &[]);
    }

    /// The same, with more said of the signature key.
    pub fn card_with(&self, label: &str, person: &CardPerson, signature_key: &[&str]) {
        self.token(label);
        let card = stage::pki()
            .with_authorities(|pki| pki.issue_card(person, UnixTime::from(SystemTime::now())))
            .unwrap()
            .unwrap();
        self.key_and_certificate(label, FIRST, &card.signature, signature_key);
        self.key_and_certificate(label, SECOND, &card.authentication, &[]);
    }

    /// Puts a key and its certificate into a token.
    pub fn key_and_certificate(&self, label: &str, id: &str, issued: &Issued, more: &[&str]) {
        self.certificate(label, id, issued);
        self.key(label, id, issued, more);
    }

    /// Puts a certificate into a token.
    pub fn certificate(&self, label: &str, id: &str, issued: &Issued) {
        self.put(label, id, issued.certificate.der(), "cert", &[]);
    }

    /// Puts a private key into a token.
    pub fn key(&self, label: &str, id: &str, issued: &Issued, more: &[&str]) {
        let pem = issued.private_key_pkcs8_pem.expose();
        let key = openssl::pkey::PKey::private_key_from_pem(pem.as_bytes()).unwrap();
        let der = key.private_key_to_der().unwrap();
        self.put(label, id, &der, "privkey", more);
    }

    /// Removes a token, as one that is unplugged.
    pub fn remove(&self, label: &str) {
        run(self
            .tool("softhsm2-util")
            .args(["--delete-token", "--token", label]));
    }

    fn put(&self, label: &str, id: &str, content: &[u8], kind: &str, more: &[&str]) {
        let file = self.folder.path().join("object.der");
        fs::write(&file, content).unwrap();
        let mut tool = self.tool("pkcs11-tool");
        tool.arg("--module").arg(&self.module);
        tool.args(["--token-label", label, "--login", "--pin", PIN, "--id", id]);
        tool.arg("--write-object").arg(&file);
        tool.args(["--type", kind, "--label", "of no account"]);
        run(tool.args(more));
    }

    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"));
        command
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error} (apt install softhsm2 opensc)"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
