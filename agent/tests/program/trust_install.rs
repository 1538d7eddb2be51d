//! `paraphe trust install | status | renew | remove` as an administrator runs them, into a tree of files: with no user at the
//! machine and nothing of the machine's own touched.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const CONFIG: &str = "[[site]]\norigin = \"https://dossier.example.fr\"\n";
const CHROMIUM: &str = "etc/chromium/policies/managed/paraphe.json";

fn paraphe(home: &Path, arguments: &[&str]) -> Output {
    std::fs::write(home.join("config.toml"), CONFIG).unwrap();
    Command::new(env!("CARGO_BIN_EXE_paraphe"))
        .args(arguments)
        .arg("--config")
        .arg(home.join("config.toml"))
        .env("HOME", home)
        .env("SUDO_UID", rustix::process::getuid().as_raw().to_string())
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_RUNTIME_DIR")
        .env_remove("LANG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn document(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_machine_is_installed_judged_renewed_and_left_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let machine = home.path().join("machine");
    std::fs::create_dir_all(machine.join("usr/bin")).unwrap();
    std::fs::write(machine.join("usr/bin/firefox-esr"), "").unwrap();
    let root = machine.to_str().unwrap();
    let run = |words: &[&str]| paraphe(home.path(), &[words, &["--root", root]].concat());

    let missing = run(&["trust", "status"]);
    assert_eq!(missing.status.code(), Some(1));
    let installed = run(&["trust", "install"]);
    let said = String::from_utf8_lossy(&installed.stdout).into_owned();
    assert!(installed.status.success(), "{installed:?}");
    for expected in [
        "Le poste a son certificat",
        "The machine has its certificate",
        "Firefox              croira l'agent\n",
        "Chromium             croira l'agent (non installé)\n",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }

    let status = document(&run(&["trust", "status", "--json"]));
    let browsers = status["browsers"].as_array().unwrap();
    assert_eq!(browsers.len(), 4);
    for browser in browsers {
        assert_eq!(browser["believes"], true, "{status}");
        assert_eq!(browser["doubts"], Value::Array(Vec::new()), "{status}");
        assert_eq!(browser["installed"], browser["browser"] == "Firefox");
    }
    // The certificate that browsers are given is the one that the door shows.
    let served = std::fs::read_to_string(machine.join("var/lib/paraphe/tls/root.pem")).unwrap();
    let base64: String = served
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let policy = std::fs::read_to_string(machine.join(CHROMIUM)).unwrap();
    assert!(policy.contains(&base64), "{policy}");

    let again = document(&run(&["trust", "renew", "--json"]));
    assert_eq!(again["sha256"], status["sha256"]);
    assert_eq!(again["done"], "kept");
    let renewed = document(&run(&["trust", "renew", "--now", "--json"]));
    assert_ne!(renewed["sha256"], status["sha256"]);
    assert_ne!(
        std::fs::read_to_string(machine.join(CHROMIUM)).unwrap(),
        policy
    );
    let status = document(&run(&["trust", "status", "--json"]));
    assert_eq!(status["sha256"], renewed["sha256"]);
    assert_eq!(status["browsers"][0]["believes"], true, "{status}");

    let removed = document(&run(&["trust", "remove", "--json"]));
    assert_eq!(removed["removed"], true);
    assert!(!machine.join("etc").exists() && !machine.join("var").exists());
    assert_eq!(
        document(&run(&["trust", "remove", "--json"]))["removed"],
        false
    );
}
