//! Every kind of token signs a document by each algorithm that it tells, and by no other: cards in readers, tokens of SoftHSM
//! by each mechanism, software tokens. Every signature is judged by the `openssl` program. Needs the Debian packages
//! `softhsm2` and `opensc`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, Issued, KeyAlgorithm, TestPki, TestPkiOptions,
    Validity,
};
use paraphe_certs::{Category, UnixTime};
use paraphe_protocol::SecretPage;
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureScheme};
use paraphe_protocol::api::{ErrorCode, Language};
use paraphe_protocol::card::{LastTry, Pin};
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

use super::Context;
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use crate::caller::Caller;
use crate::config::{Config, KnownModule};
use crate::pin::{EnteredPin, Passphrase, PinEntry, PinEntryError, PinPurpose, PinRequest};
use crate::problem::Failure;
use crate::reader::InProcessReaders;
use crate::service::{Agent, HelperProgram};
use crate::token::Token;

const MESSAGE: &[u8] = b"what a document's signature covers";
const PIN: &str = "1234";
const READER: &str = "Lecteur 1";
const RSA: [&str; 6] = ["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"];

/// A person who always enters the right code.
struct Knowing;

impl PinEntry for Knowing {
    fn ask(&self, _: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Ok(EnteredPin::Pin(Pin::from_digits(PIN.as_bytes())?))
    }

    fn ask_passphrase(&self, _: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        let page = SecretPage::copy_of(PIN.as_bytes()).unwrap();
        Ok((Passphrase::from_page(page)?, LastTry::Refused))
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

/// An agent with one token.
struct Stage {
    folder: tempfile::TempDir,
    readers: InProcessReaders,
    agent: Agent,
}

impl Stage {
    fn new(configuration: &str, helper: &HelperProgram) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let readers = InProcessReaders::new();
        let agent = Agent::start_with(
            Arc::new(Config::from_toml(configuration, Path::new("test.toml")).unwrap()),
            Arc::new(readers.clone()),
            Arc::new(Knowing),
            folder.path(),
            helper,
        )
        .unwrap();
        Self {
            folder,
            readers,
            agent,
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            agent: self.agent.inner(),
            caller: &Caller::CommandLine,
            language: Language::English,
        }
    }

    fn token(&self, place: Option<&str>) -> Token {
        selection::token(&self.context(), Family::Holder, place, None).unwrap()
    }

    fn signature(&self, token: &Token, algorithm: SignatureAlgorithm) -> Result<Vec<u8>, Failure> {
        let purpose = PinPurpose::SignLot {
            documents: 1,
            first_titles: vec!["Document".to_owned()],
        };
        let signed = PinDialogue::new(&self.context(), token, purpose)?
            .run(&self.context(), move |token| {
                token.sign_document(algorithm, MESSAGE)
            })?;
        Ok(signed.as_bytes().to_vec())
    }

    /// Signs by every algorithm: those that `token` tells are judged, the others are refused.
    fn check(&self, token: &Token, expected: &[&str]) {
        let told: Vec<_> = token.document_algorithms();
        let names: Vec<_> = told.iter().map(|algorithm| algorithm.name()).collect();
        assert_eq!(names, expected);
        assert_eq!(token.document_algorithm(None).unwrap(), told[0]);
        for algorithm in SignatureAlgorithm::DOCUMENTS {
            let signature = self.signature(token, algorithm);
            let chosen = token.document_algorithm(Some(algorithm));
            if told.contains(&algorithm) {
                assert_eq!(chosen.unwrap(), algorithm);
                self.judge(token, algorithm, &signature.unwrap());
            } else {
                let refused = ErrorCode::SignatureAlgorithmNotOffered;
                assert_eq!(chosen.unwrap_err().code(), refused);
                assert_eq!(signature.unwrap_err().code(), refused, "{algorithm}");
            }
        }
    }

    /// What OpenSSL says of a signature by the token's certificate.
    fn judge(&self, token: &Token, algorithm: SignatureAlgorithm, value: &[u8]) {
        let file = |name: &str, content: &[u8]| {
            let path = self.folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let certificate = token.signature.as_ref().unwrap();
        let key = PKey::public_key_from_der(certificate.spki_der()).unwrap();
        let key = file("key.pem", &key.public_key_to_pem().unwrap());
        let signature = file("signature", &algorithm.cms_value(value).unwrap());
        let digest = match algorithm.digest() {
            DigestAlgorithm::Sha256 => "sha256",
            DigestAlgorithm::Sha384 => "sha384",
            DigestAlgorithm::Sha512 => "sha512",
        };
        let mut judge = Command::new("openssl");
        judge.args(["dgst", &format!("-{digest}"), "-verify"]);
        judge.arg(key).arg("-signature").arg(signature);
        if algorithm.scheme() == SignatureScheme::RsaPss {
            judge.args(["-sigopt", "rsa_padding_mode:pss"]);
            judge.args(["-sigopt", "rsa_pss_saltlen:digest"]);
            judge.args(["-sigopt", &format!("rsa_mgf1_md:{digest}")]);
        }
        let said = judge.arg(file("message", MESSAGE)).output().unwrap();
        assert!(said.status.success(), "{algorithm}: {said:?}");
    }

    fn insert(&self, profile: &str) {
        let mut pki = PkiDirectory::open_or_create(&self.folder.path().join("pki"), now()).unwrap();
        let card = SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki).unwrap();
        self.readers.insert(READER, card);
        let seen = self
            .agent
            .readers()
            .wait_for(Duration::from_secs(30), |views| {
                views.iter().any(|view| view.atr.is_some())
            });
        assert!(seen);
    }
}

fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}

/// A signature certificate of a person with a key of this kind.
fn issued(person: &CardPerson, key: KeyAlgorithm) -> Issued {
    let authority = person.authority();
    let pki = TestPki::generate_with(
        &TestPkiOptions {
            authorities: vec![Authority::clone(&authority)],
            ..TestPkiOptions::quick()
        },
        now(),
    );
    let template = CertificateTemplate {
        key,
        ..person.signature_template(Validity::of_card(now()))
    };
    pki.unwrap().issue(authority, &template).unwrap()
}

fn private_key(issued: &Issued) -> PKey<Private> {
    PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes()).unwrap()
}

#[test]
fn a_cps3_signs_by_pkcs1_and_a_cps4_by_pss_too() {
    for (profile, expected) in [
        ("physician", ["RS256"].as_slice()),
        ("physician-cps4", &["RS256", "PS256"]),
    ] {
        let stage = Stage::new("", &HelperProgram::this_program());
        stage.insert(profile);
        stage.check(&stage.token(Some(READER)), expected);
    }
}

#[test]
fn a_software_token_signs_by_all_that_its_key_can() {
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    };
    for (key, expected) in [
        (KeyAlgorithm::RSA_2048, RSA.as_slice()),
        (KeyAlgorithm::Rsa { bits: 3072 }, &RSA),
        (KeyAlgorithm::P256, &["ES256"]),
        (KeyAlgorithm::P384, &["ES384"]),
    ] {
        let issued = issued(&person, key);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token.pem");
        let mut pem = private_key(&issued)
            .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PIN.as_bytes())
            .unwrap();
        pem.extend_from_slice(issued.certificate.pem().as_bytes());
        fs::write(&file, pem).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let configuration = format!("[[software]]\nname = \"software\"\npath = {file:?}\n");
        let stage = Stage::new(&configuration, &HelperProgram::this_program());
        stage.check(&stage.token(Some("software")), expected);
    }
}

#[test]
fn a_token_of_a_module_signs_by_each_mechanism_that_it_lists() {
    for (key, expected) in [
        (KeyAlgorithm::RSA_2048, RSA.as_slice()),
        (KeyAlgorithm::P256, &["ES256"]),
        (KeyAlgorithm::P384, &["ES384"]),
    ] {
        let hsm = SoftHsm::new(key, &[]);
        let stage = hsm.stage();
        stage.check(&stage.token(None), expected);
    }
}

/// What hashes by itself is asked where the key wants it so, or wants the PIN between the parts of each signature.
#[test]
fn mechanisms_that_hash_by_themselves_are_used_where_the_others_are_not_allowed() {
    let hashing = "SHA256-RSA-PKCS,SHA384-RSA-PKCS,SHA512-RSA-PKCS,\
                   SHA256-RSA-PKCS-PSS,SHA384-RSA-PKCS-PSS,SHA512-RSA-PKCS-PSS";
    for of_key in [
        ["--allowed-mechanisms", hashing].as_slice(),
        &["--always-auth"],
    ] {
        let hsm = SoftHsm::new(KeyAlgorithm::RSA_2048, of_key);
        let stage = hsm.stage();
        stage.check(&stage.token(None), &RSA);
    }
}

#[test]
fn a_key_that_refuses_a_mechanism_of_its_slot_signs_nothing_by_it() {
    let hsm = SoftHsm::new(
        KeyAlgorithm::RSA_2048,
        &["--allowed-mechanisms", "RSA-PKCS-PSS"],
    );
    let stage = hsm.stage();
    let token = stage.token(None);
    let refused = stage.signature(&token, SignatureAlgorithm::RsaPkcs1Sha256);
    assert_eq!(refused.unwrap_err().code(), ErrorCode::CardRefused);
    let signed = stage.signature(&token, SignatureAlgorithm::RsaPssSha384);
    stage.judge(&token, SignatureAlgorithm::RsaPssSha384, &signed.unwrap());
}

/// A SoftHSM token with one key and its certificate.
struct SoftHsm {
    folder: tempfile::TempDir,
    module: PathBuf,
}

impl SoftHsm {
    fn new(key: KeyAlgorithm, of_key: &[&str]) -> Self {
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
        let hsm = Self { folder, module };
        hsm.run("softhsm2-util", |tool| {
            tool.args(["--init-token", "--free", "--label", "token"]);
            tool.args(["--so-pin", "87654321", "--pin", PIN]);
        });
        let issued = issued(&CardPerson::sample_physician(), key);
        hsm.put("cert", issued.certificate.der(), &[]);
        let der = private_key(&issued).private_key_to_der().unwrap();
        hsm.put("privkey", &der, of_key);
        hsm
    }

    fn put(&self, kind: &str, content: &[u8], more: &[&str]) {
        let file = self.folder.path().join("object.der");
        fs::write(&file, content).unwrap();
        self.run("pkcs11-tool", |tool| {
            tool.arg("--module").arg(&self.module);
            tool.args(["--token-label", "token", "--login", "--pin", PIN]);
            tool.arg("--write-object").arg(&file);
            tool.args(["--type", kind, "--id", "07"]).args(more);
        });
    }

    fn run(&self, program: &str, with: impl FnOnce(&mut Command)) {
        let mut tool = Command::new(program);
        tool.env("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"));
        with(&mut tool);
        let output = tool.output().expect("apt install softhsm2 opensc");
        assert!(output.status.success(), "{tool:?}: {output:?}");
    }

    /// An agent whose helpers are this test program: the `paraphe` program is not there for tests inside the library.
    fn stage(&self) -> Stage {
        let script = self.folder.path().join("helper.sh");
        let content = format!(
            "#!/bin/sh\nexec {:?} --ignored --exact {}::helper_of_a_module\n",
            std::env::current_exe().unwrap(),
            module_path!().split_once("::").unwrap().1
        );
        fs::write(&script, content).unwrap();
        fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
        let helper = HelperProgram::at(&script)
            .with_variable("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"));
        let configuration = format!(
            "[[pkcs11]]\nname = \"softhsm\"\nmodule = {:?}\n",
            self.module
        );
        Stage::new(&configuration, &helper)
    }
}

#[test]
#[ignore = "no test: what the tests above start as the helper of a module"]
fn helper_of_a_module() {
    crate::token::pkcs11::run_helper();
}
