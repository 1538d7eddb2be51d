//! `paraphe doctor`, and a program of another user that sits on the agent's port.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::serve::Place;

/// Listens on this address and port and says so, until its input ends.
const SQUATTER: &str = "import socket, sys
held = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6)
print('listening', flush=True)
sys.stdin.read()
";

struct Squatter(Child);

impl Squatter {
    /// On [::1] only; another user where this one can become another.
    fn sit_on(port: u16) -> Self {
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                "/usr/bin/python3",
            ]);
            command
        } else {
            Command::new("/usr/bin/python3")
        };
        let mut child = command
            .args(["-c", SQUATTER, "::1", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("setpriv and python3 are installed");
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "listening\n");
        child.stdout = Some(said.into_inner());
        Self(child)
    }

    fn owner(&self) -> String {
        let root = rustix::process::getuid().is_root();
        let uid = if root {
            65534
        } else {
            rustix::process::getuid().as_raw()
        };
        format!("(uid {uid})")
    }
}

impl Drop for Squatter {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn check<'a>(report: &'a Value, subject: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .find(|check| check["subject"] == subject)
        .unwrap_or_else(|| panic!("{subject}: {report}"))
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn it_tells_what_is_missing_and_what_is_right() {
    let place = Place::new();
    let output = place.paraphe(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let before = report(&output);
    assert_eq!(before["healthy"], false);
    let certificate = check(&before, "door-certificate");
    assert_eq!(certificate["result"], "wrong", "{before}");
    assert_eq!(
        certificate["faults"][0]["code"],
        "door-certificate-unusable"
    );
    let service = check(&before, "card-service");
    assert_eq!(service["faults"][0]["code"], "reader-service-unavailable");
    assert_eq!(service["faults"][0]["remedy"]["who"], "administrator");
    assert_eq!(check(&before, "port")["result"], "unknown", "{before}");
    assert_eq!(check(&before, "clock")["result"], "good", "{before}");

    assert!(place.paraphe(&["trust", "init"]).status.success());
    let mut agent = place.serve();
    let after = report(&place.paraphe(&["doctor", "--json"]));
    assert_eq!(check(&after, "door-certificate")["result"], "good");
    let port = check(&after, "port");
    assert_eq!(port["result"], "good", "{after}");
    assert!(
        !port["seen"].as_str().unwrap().contains("personne"),
        "{after}"
    );
    let person = place.paraphe(&["doctor", "--language", "en"]);
    let told = String::from_utf8_lossy(&person.stdout);
    assert!(told.contains("By whom"), "{told}");
    assert!(told.contains("Something must be mended."), "{told}");
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn who_sits_on_the_port_of_one_loopback_is_named() {
    let place = Place::new();
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let squatter = Squatter::sit_on(place.port);
    let refused = place.paraphe(&["serve", "--language", "en"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    let pid = format!("(pid {})", squatter.0.id());
    for named in ["port-taken", "[::1]", &squatter.owner(), "python3", &pid] {
        assert!(said.contains(named), "{named}: {said}");
    }
    let output = place.paraphe(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = report(&output);
    let fault = &check(&report, "port")["faults"][0];
    assert_eq!(fault["code"], "port-taken", "{report}");
    assert_eq!(fault["remedy"]["who"], "administrator");
    let detail = fault["detail"].as_str().unwrap();
    assert!(
        detail.contains(&squatter.owner()) && detail.contains(&pid),
        "{detail}"
    );
    drop(squatter);
    let mut agent = place.serve();
    assert_eq!(agent.stop(), Some(0));
}
