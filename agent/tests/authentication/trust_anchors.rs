//! `paraphe trust anchors`: an operator installs, lists and takes away authorities; what must not be trusted is refused whole.
//! The authorities are made here, of both environments.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkey::{PKey, Private};
use openssl::stack::Stack;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509NameBuilder};
use serde_json::Value;

struct Station {
    home: tempfile::TempDir,
}

struct Made {
    certificate: X509,
    key: PKey<Private>,
}

impl Station {
    fn new(accept_test: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let trust = home.path().join("trust");
        let text = format!(
            "[trust]\nanchors = {:?}\nintermediates = {:?}\naccept_test = {accept_test}\n",
            trust.join("anchors"),
            trust.join("intermediates"),
        );
        std::fs::write(home.path().join("config.toml"), text).unwrap();
        Self { home }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_paraphe"))
            .arg("--config")
            .arg(self.home.path().join("config.toml"))
            .args(["--language", "en", "--json", "trust", "anchors"])
            .args(arguments)
            .env("HOME", self.home.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Files below the two directories.
    fn installed(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for directory in ["anchors", "intermediates"] {
            let path = self.home.path().join("trust").join(directory);
            let entries = std::fs::read_dir(path).into_iter().flatten();
            found.extend(entries.map(|entry| entry.unwrap().path()));
        }
        found
    }

    /// Refused with this code, and nothing changed.
    fn refused(&self, arguments: &[&str], code: &str, detail: &str) {
        let before = self.installed();
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let problem = document(&output);
        assert_eq!(problem["code"], code, "{problem}");
        let said = problem["detail"].as_str().unwrap();
        assert!(said.contains(detail), "{said}");
        assert_eq!(self.installed(), before);
    }
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Valid from and to these days from now.
fn authority(name: &str, issuer: Option<&Made>, days: [i64; 2], is_authority: bool) -> Made {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("O", "ESSAI").unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs();
    let day = |days: i64| {
        let seconds = i64::try_from(now).unwrap() + days * 86_400;
        Asn1Time::from_unix(seconds).unwrap()
    };
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject).unwrap();
    let issuer_name = issuer.map_or(&*subject, |issuer| issuer.certificate.subject_name());
    builder.set_issuer_name(issuer_name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&day(days[0])).unwrap();
    builder.set_not_after(&day(days[1])).unwrap();
    if is_authority {
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        builder.append_extension(constraints).unwrap();
        let usage = KeyUsage::new()
            .critical()
            .key_cert_sign()
            .crl_sign()
            .build();
        builder.append_extension(usage.unwrap()).unwrap();
    }
    let signer = issuer.map_or(&key, |issuer| &issuer.key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    Made {
        certificate: builder.build(),
        key,
    }
}

fn pem(made: &Made) -> Vec<u8> {
    made.certificate.to_pem().unwrap()
}

/// As `openssl x509 -fingerprint -sha256` writes it.
fn fingerprint(made: &Made) -> String {
    let digest = made.certificate.digest(MessageDigest::sha256()).unwrap();
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

const VALID: [i64; 2] = [-10, 3000];

#[test]
fn a_chain_is_installed_once_its_root_is_confirmed() {
    let station = Station::new(false);
    let root = authority("AC RACINE ESSAI", None, VALID, true);
    let below = authority("AC ESSAI PERSONNES", Some(&root), VALID, true);
    let chain = station.file("chain.pem", &[pem(&root), pem(&below)].concat());
    let print = fingerprint(&root);
    station.refused(&["add", &chain], "configuration-invalid", &print);
    let other = "00".repeat(32);
    station.refused(
        &["add", &chain, "--yes", &other],
        "configuration-invalid",
        &other,
    );
    let of_below = fingerprint(&below);
    station.refused(
        &["add", &chain, "--yes", &of_below],
        "configuration-invalid",
        &print,
    );
    let short = print.replace(':', "").to_lowercase();
    let added = station.run(&["add", &chain, "--yes", &short]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let authorities = document(&added)["authorities"].clone();
    assert_eq!(authorities[0]["kind"], "intermediate");
    assert_eq!(authorities[1]["kind"], "anchor");
    assert_eq!(authorities[1]["sha256"], print.as_str());
    assert_eq!(authorities[1]["environment"], "production");

    // What was written is what the agent trusts: it reads the same directories.
    let listed = document(&station.run(&["list"]))["authorities"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    for authority in listed.as_array().unwrap() {
        let path = Path::new(authority["file"].as_str().unwrap());
        let text = std::fs::read(path).unwrap();
        assert!(X509::from_pem(&text).is_ok());
    }
    // The same again changes nothing and asks nothing.
    let again = document(&station.run(&["add", &chain]));
    assert_eq!(again["authorities"][0]["done"], "kept");
    assert_eq!(station.installed().len(), 2);

    station.refused(&["remove", &other], "configuration-invalid", "fingerprint");
    let removed = station.run(&["remove", &print]);
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
    assert_eq!(station.installed().len(), 1);
}

#[test]
fn a_published_bundle_is_read_as_it_is() {
    let station = Station::new(false);
    let root = authority("AC RACINE ESSAI", None, VALID, true);
    let below = authority("AC ESSAI ORGANISATIONS", Some(&root), VALID, true);
    let mut certificates = Stack::new().unwrap();
    certificates.push(below.certificate.clone()).unwrap();
    let bundle = Pkcs7::sign(
        &root.certificate,
        &root.key,
        &certificates,
        b"",
        Pkcs7Flags::empty(),
    );
    let bundle = station.file("chain.p7b", &bundle.unwrap().to_der().unwrap());
    let added = station.run(&["add", &bundle, "--yes", &fingerprint(&root)]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    assert_eq!(station.installed().len(), 2);
    let single = Station::new(false);
    let der = single.file("root.cer", &root.certificate.to_der().unwrap());
    let added = single.run(&["add", &der, "--yes", &fingerprint(&root)]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
}

#[test]
fn what_must_not_be_trusted_is_refused_whole() {
    let station = Station::new(false);
    let root = authority("AC RACINE ESSAI", None, VALID, true);
    let yes = fingerprint(&root);
    let good = station.file("root.pem", &pem(&root));
    let refuse = |name: &str, made: &Made, code: &str, detail: &str| {
        let file = station.file(name, &pem(made));
        let print = fingerprint(made);
        station.refused(
            &["add", &good, &file, "--yes", &yes, "--yes", &print],
            code,
            detail,
        );
    };
    let holder = authority("899700000017", Some(&root), VALID, false);
    refuse(
        "holder.pem",
        &holder,
        "certificate-invalid",
        "not an authority",
    );
    let old = authority("AC ANCIENNE", None, [-3000, -1], true);
    refuse("old.pem", &old, "certificate-invalid", "valid from");
    let future = authority("AC FUTURE", None, [1, 3000], true);
    refuse("future.pem", &future, "certificate-invalid", "valid from");
    let stranger = authority("AC RACINE INCONNUE", None, VALID, true);
    let orphan = authority("AC ORPHELINE", Some(&stranger), VALID, true);
    refuse(
        "orphan.pem",
        &orphan,
        "certificate-not-trusted",
        "AC RACINE INCONNUE",
    );
    // A root's name over another key: signed by nobody who is known.
    let impostor = authority("AC RACINE ESSAI", None, VALID, true);
    let forged = authority("AC FAUSSE", Some(&impostor), VALID, true);
    refuse(
        "forged.pem",
        &forged,
        "certificate-not-trusted",
        "AC RACINE ESSAI",
    );
    let test = authority("TEST AC RACINE", None, VALID, true);
    refuse("test.pem", &test, "configuration-invalid", "test");

    let mut altered = root.certificate.to_der().unwrap();
    *altered.last_mut().unwrap() ^= 1;
    let altered = station.file("altered.der", &altered);
    station.refused(&["add", &altered], "certificate-invalid", "signature");
    for (name, content) in [
        ("empty.pem", &b""[..]),
        ("text.pem", b"certificates"),
        ("half.der", b"\x30\x82"),
    ] {
        let file = station.file(name, content);
        station.refused(&["add", &file], "certificate-invalid", name);
    }
    station.refused(
        &["add", "/nowhere/at/all.pem"],
        "configuration-invalid",
        "/nowhere",
    );
}

#[test]
fn test_and_production_never_meet() {
    let station = Station::new(true);
    let production = authority("AC RACINE ESSAI", None, VALID, true);
    let test = authority("TEST AC RACINE ESSAI", None, VALID, true);
    let (one, other) = (
        station.file("production.pem", &pem(&production)),
        station.file("test.pem", &pem(&test)),
    );
    let yes = [fingerprint(&production), fingerprint(&test)];
    station.refused(
        &["add", &one, &other, "--yes", &yes[0], "--yes", &yes[1]],
        "configuration-invalid",
        "never mixed",
    );
    let added = station.run(&["add", &other, "--yes", &yes[1]]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    assert_eq!(document(&added)["authorities"][0]["environment"], "test");
    station.refused(
        &["add", &one, "--yes", &yes[0]],
        "configuration-invalid",
        "never mixed",
    );
    assert_eq!(station.run(&["remove", &yes[1]]).status.code(), Some(0));
    let added = station.run(&["add", &one, "--yes", &yes[0]]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
}
