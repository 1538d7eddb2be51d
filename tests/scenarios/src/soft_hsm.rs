//! A SoftHSM 2 token, made by its own tool and filled by OpenSC's `pkcs11-tool` with the keys and certificates of a person's card.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use openssl::pkey::PKey;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{CardPerson, Issued};
use paraphe_softcard::PkiDirectory;

use crate::programs::succeed;

/// Where Debian puts the module.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// A folder with one token.
#[derive(Debug)]
pub struct SoftHsm {
    configuration: PathBuf,
    folder: PathBuf,
}

impl SoftHsm {
    /// The token's PIN.
    pub const PIN: &'static str = "1234";
    /// The variable that names the configuration to the module.
    pub const VARIABLE: &'static str = "SOFTHSM2_CONF";

    /// Makes a token of this person's in `folder`.
    ///
    /// # Panics
    /// Where a program is missing or refuses.
    #[must_use]
    pub fn with_card_of(person: &CardPerson, pki: &Path, folder: &Path) -> Self {
        let tokens = folder.join("softhsm");
        std::fs::create_dir(&tokens).unwrap();
        let hsm = Self {
            configuration: folder.join("softhsm2.conf"),
            folder: folder.to_owned(),
        };
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        std::fs::write(&hsm.configuration, text).unwrap();
        succeed(hsm.tool("softhsm2-util").args([
            "--init-token",
            "--free",
            "--label",
            "essai",
            "--so-pin",
            "87654321",
            "--pin",
            Self::PIN,
        ]));
        let now = UnixTime::from(SystemTime::now());
        let card = PkiDirectory::open_or_create(pki, now)
            .unwrap()
            .with_authorities(|pki| pki.issue_card(person, now))
            .unwrap()
            .unwrap();
        // Identifiers say nothing about the use.
        hsm.put("a0", &card.signature);
        hsm.put("07", &card.authentication);
        hsm
    }

    /// The value of [`SoftHsm::VARIABLE`].
    #[must_use]
    pub fn configuration(&self) -> &Path {
        &self.configuration
    }

    fn put(&self, identifier: &str, issued: &Issued) {
        let pem = issued.private_key_pkcs8_pem.expose();
        let key = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
        for (kind, content) in [
            ("cert", issued.certificate.der().to_vec()),
            ("privkey", key.private_key_to_der().unwrap()),
        ] {
            let file = self.folder.join("object.der");
            std::fs::write(&file, content).unwrap();
            succeed(
                self.tool("pkcs11-tool")
                    .args(["--module", MODULE, "--token-label", "essai", "--login"])
                    .args(["--pin", Self::PIN, "--id", identifier, "--type", kind])
                    .arg("--write-object")
                    .arg(&file),
            );
            std::fs::remove_file(file).unwrap();
        }
    }

    fn tool(&self, program: &str) -> Command {
        let mut tool = Command::new(program);
        tool.env(Self::VARIABLE, &self.configuration);
        tool
    }
}
