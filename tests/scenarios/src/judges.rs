//! Programs that nobody in this project wrote, or that were written from the documents alone, judge what we make.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::RequestedBinding;
use paraphe_protocol::login::OfferedAlgorithms;
use serde_json::{Value, json};

use crate::{AUDIENCE, ORIGIN, Workstation, project, succeed};

/// The verifier in another language, written from docs/login-assertion.md alone, accepts a login.
///
/// # Panics
/// Where it does not, with what it said.
pub fn python_accepts_login(
    workstation: &Workstation,
    nonce: &str,
    binding: &RequestedBinding,
    assertion: &Value,
) {
    let vector = workstation.path().join("login.json");
    let content = json!({
        "trust": {
            "anchors": texts(&workstation.pki().join("anchors")),
            "intermediates": texts(&workstation.pki().join("intermediates")),
            "crls": texts(&workstation.pki().join("crls")),
        },
        "cases": [{
            "name": "made by a card behind pcscd",
            "expected": {
                "audience": AUDIENCE,
                "origin": ORIGIN,
                "nonce": nonce,
                "now": UnixTime::from(SystemTime::now()).0,
                "offered": OfferedAlgorithms::all(),
                "channel_binding": binding,
            },
            "assertion": assertion,
            "outcome": "accepted",
        }],
    });
    std::fs::write(&vector, content.to_string()).unwrap();
    let _ = succeed(
        Command::new("python3")
            .arg(project().join("tests/interop/verify_login.py"))
            .args(["--one".as_ref(), vector.as_os_str()]),
    );
}

/// All files' texts.
fn texts(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

/// xmlsec1 accepts a lot signature.
///
/// # Panics
/// Where it does not, with what it said.
pub fn xmlsec1_accepts_lot(signature: &Path, pki: &Path) {
    let mut command = Command::new("xmlsec1");
    command.args(["--verify", "--ignore-manifests"]);
    for (option, folder) in [
        ("--trusted-pem", "anchors"),
        ("--untrusted-pem", "intermediates"),
    ] {
        for entry in std::fs::read_dir(pki.join(folder)).unwrap() {
            command.arg(option).arg(entry.unwrap().path());
        }
    }
    let _ = succeed(command.arg(signature).current_dir(project()));
}
