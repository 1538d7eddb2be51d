//! The attack suite of tests/attacks against an agent that this test starts, without its slow peers (patience.rs has those).

use std::path::Path;
use std::process::Command;

use super::serve::{Place, SITE};

#[test]
fn no_attack_reaches_an_operation() {
    let place = Place::new();
    place.log_errors_only();
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let mut agent = place.serve();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/attacks");
    let output = Command::new("python3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(suite)
        .args(["--quick", "--site", SITE, "--port", &place.port.to_string()])
        .arg("--root")
        .arg(place.root())
        .arg("--socket")
        .arg(place.socket())
        .output()
        .expect("python3 is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains(" 0 reached an operation"), "{said}");
    assert_eq!(agent.stop(), Some(0));
}
