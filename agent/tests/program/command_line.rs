//! The program as a person or a script runs it: exit status, streams, languages.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn paraphe(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    paraphe_at(home.path(), arguments)
}

fn paraphe_at(home: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paraphe"))
        .args(arguments)
        .env("HOME", home)
        .env("PCSCLITE_CSOCK_NAME", home.join("no-pcscd"))
        .env("PATH", "/nowhere")
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env_remove("LANG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn wrong_usage_is_status_2_and_help_is_status_0() {
    for wrong in [
        &[][..],
        &["--bogus"],
        &["sign"],
        &["card"],
        &["card", "read", "1234"],
        &["card", "read", "--pin", "1234"],
        &["card", "read", "--pin-fd", "0", "--pin-file", "x"],
        &["lot", "sign", "a.pdf"],
        &["lot", "sign", "--patient", "1", "-o", "d"],
        &[
            "lot",
            "sign",
            "--profile",
            "other",
            "--patient",
            "1",
            "-o",
            "d",
            "a.pdf",
        ],
        &["login"],
        &["verify"],
        &["status", "--language", "de"],
        &["events", "--follow", "--wait-ms", "1"],
        &["demo", "--bogus"],
    ] {
        let output = paraphe(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert_eq!(text(&output.stdout), "", "{wrong:?}");
    }
    for right in [&["--help"][..], &["--version"], &["lot", "sign", "--help"]] {
        assert_eq!(paraphe(right).status.code(), Some(0), "{right:?}");
    }
}

#[test]
fn a_refusal_is_status_1_with_lines_for_people_and_a_document_for_programs() {
    let french = paraphe(&["card", "read"]);
    assert_eq!(french.status.code(), Some(1));
    assert_eq!(text(&french.stdout), "");
    let said = text(&french.stderr);
    for label in ["Erreur", "À faire", "Par qui", "Code "] {
        assert!(said.lines().any(|line| line.starts_with(label)), "{said}");
    }
    assert!(
        said.contains("reader-service-unavailable (lecteur)"),
        "{said}"
    );

    let english = text(&paraphe(&["card", "read", "--language", "en"]).stderr);
    for label in ["Error", "What to do", "By whom", "Code "] {
        assert!(
            english.lines().any(|line| line.starts_with(label)),
            "{english}"
        );
    }

    let json = paraphe(&["--json", "card", "read"]);
    assert_eq!(json.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["code"], "reader-service-unavailable");
    assert_eq!(
        document["type"],
        "urn:paraphe:problem:reader-service-unavailable"
    );
}

#[test]
fn a_wrong_configuration_is_named_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("wrong.toml");
    std::fs::write(
        &path,
        "port = 47443\n[[site]]\norigin = \"http://dossier.example.fr\"\n",
    )
    .unwrap();
    let output = paraphe_at(home.path(), &["--config", path.to_str().unwrap(), "status"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("wrong.toml, ligne 3, site.origin"), "{said}");
    assert!(said.contains("configuration-invalid"), "{said}");
}

#[test]
fn the_status_of_a_workstation_without_card_service_is_an_answer() {
    let output = paraphe(&["status", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["versions"]["api"], "v1");
    assert_eq!(answer["readers"], Value::Array(Vec::new()));
}

#[test]
fn the_local_certificate_is_made_shown_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| paraphe_at(home.path(), arguments);
    let missing = run(&["trust", "status"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("paraphe trust init"));

    let made = run(&["trust", "init"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let said = text(&made.stdout);
    let french = said
        .find("Une racine et un certificat ont été faits")
        .unwrap();
    let english = said.find("A root and a certificate were made").unwrap();
    assert!(french < english, "{said}");
    let root = home.path().join(".local/state/paraphe/tls/root.pem");
    assert!(said.contains(root.to_str().unwrap()), "{said}");

    let document = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    let status = document(&run(&["--json", "trust", "status"]));
    let again = document(&run(&["--json", "trust", "init"]));
    assert_eq!(again["done"], "kept");
    assert_eq!(again["sha256"], status["sha256"]);
    let renewed = document(&run(&["--json", "trust", "init", "--renew"]));
    assert_eq!(renewed["done"], "made");
    assert_ne!(renewed["sha256"], status["sha256"]);
    // What people compare is what openssl computes.
    let openssl = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(&root)
        .output()
        .unwrap();
    let fingerprint = renewed["sha256"].as_str().unwrap();
    assert!(text(&openssl.stdout).contains(fingerprint), "{openssl:?}");

    assert_eq!(run(&["trust", "remove"]).status.code(), Some(0));
    assert!(!root.exists());
    assert_eq!(run(&["trust", "remove"]).status.code(), Some(0));
}

#[test]
fn a_file_that_is_not_there_is_named_as_it_was_typed() {
    for (language, said) in [
        ("fr", "nulle-part/lot.xml : introuvable."),
        ("en", "nulle-part/lot.xml: not found."),
    ] {
        for arguments in [
            &["verify", "nulle-part/lot.xml"][..],
            &["verify", "Cargo.toml", "nulle-part/lot.xml"],
            &[
                "lot",
                "sign",
                "--patient",
                "1",
                "-o",
                "d",
                "nulle-part/lot.xml",
            ],
        ] {
            let output = paraphe(&[arguments, &["--language", language]].concat());
            assert_eq!(output.status.code(), Some(1));
            let shown = text(&output.stderr);
            assert!(shown.contains(said), "{shown}");
            assert!(shown.contains("document-missing"), "{shown}");
            assert!(!shown.contains("entity"), "{shown}");
        }
        for arguments in [
            &["status", "--config", "nulle-part/lot.xml"][..],
            &["card", "read", "--pin-file", "nulle-part/lot.xml"],
        ] {
            let output = paraphe(&[arguments, &["--language", language]].concat());
            let shown = text(&output.stderr);
            assert!(shown.contains("nulle-part/lot.xml"), "{shown}");
            assert!(!shown.contains("entity"), "{shown}");
            assert!(!shown.contains("os error"), "{shown}");
            assert_eq!(shown.contains("not found"), language == "en", "{shown}");
        }
    }
}
