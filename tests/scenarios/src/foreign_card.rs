//! A PIV card of other people's making (tests/foreign-card) in a slot of vpcd, personalised with other people's tool: keys made
//! on the card, certificates of the test authorities over them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{CardPerson, CertificateTemplate, Validity};
use paraphe_softcard::pcscd::{PrivatePcscd, Slot};
use paraphe_softcard::{Endpoint, PkiDirectory};

use crate::programs::{Running, succeed};

/// Answer to reset of the foreign card.
const ATR: [u8; 11] = [
    0x3B, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xFF, 0x01, 0x00, 0x0B,
];
/// The management key that every PIV card leaves the factory with (SP 800-73-4, part 1, 2.4.3): no secret.
const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";
/// "PIV Authentication" (SP 800-73-4, part 1, 3.1.3).
const AUTHENTICATION: &str = "9a";
/// "Digital Signature", whose key wants the PIN for each use (3.2.1).
const SIGNATURE: &str = "9c";

/// The card, until dropped.
#[derive(Debug)]
pub struct ForeignCard {
    _card: Running,
    reader: String,
}

impl ForeignCard {
    /// The PIN that it leaves the factory with.
    pub const PIN: &'static str = "123456";

    /// Puts it in the slot, has it make its keys, and gives it the certificates of this person.
    ///
    /// # Panics
    /// Where a program is missing or refuses.
    #[must_use]
    pub fn insert(
        pcscd: &PrivatePcscd,
        slot: &Slot,
        person: &CardPerson,
        pki: &Path,
        folder: &Path,
    ) -> Self {
        let Endpoint::Vpcd(port) = slot.endpoint else {
            panic!("a slot of vpcd is wanted");
        };
        let mut card = Running::start(Command::new(program()).arg(port.to_string()));
        assert_eq!(card.line(), "ready");
        pcscd.wait_for_card(&slot.reader, &ATR).unwrap();
        let card = Self {
            _card: card,
            reader: slot.reader.clone(),
        };
        let validity = Validity {
            not_before: now().plus_days(-1),
            not_after: now().plus_days(100),
        };
        for (key, template) in [
            (AUTHENTICATION, person.authentication_template(validity)),
            (SIGNATURE, person.signature_template(validity)),
        ] {
            card.certify(pcscd, key, person, &template, pki, folder);
        }
        card
    }

    /// Has the card make a key, and stores a certificate for it.
    fn certify(
        &self,
        pcscd: &PrivatePcscd,
        key: &str,
        person: &CardPerson,
        template: &CertificateTemplate,
        pki: &Path,
        folder: &Path,
    ) {
        let public_key = folder.join(format!("{key}.public.pem"));
        succeed(
            self.tool(pcscd, key)
                .args(["--action", "generate", "--algorithm", "RSA2048", "--output"])
                .arg(&public_key),
        );
        let mut pki = PkiDirectory::open_or_create(pki, now()).unwrap();
        let public_key = std::fs::read(public_key).unwrap();
        let certificate = pki
            .with_authorities(|pki| pki.issue_for_key(person.authority(), template, &public_key))
            .unwrap()
            .unwrap();
        let file = folder.join(format!("{key}.pem"));
        std::fs::write(&file, certificate.pem()).unwrap();
        succeed(
            self.tool(pcscd, key)
                .args(["--action", "import-certificate", "--input"])
                .arg(&file),
        );
    }

    fn tool(&self, pcscd: &PrivatePcscd, key: &str) -> Command {
        let mut tool = pcscd.client("yubico-piv-tool");
        tool.args(["--reader", &self.reader, "--slot", key])
            .arg(format!("--key={FACTORY_KEY}"));
        tool
    }
}

/// The card's program, which is a workspace of its own.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let program = target.join("foreign-card/debug/paraphe-foreign-card");
    assert!(
        program.exists(),
        "{} is missing; run `cargo build --manifest-path tests/foreign-card/Cargo.toml --target-dir {}` first",
        program.display(),
        target.join("foreign-card").display()
    );
    program
}

fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}
