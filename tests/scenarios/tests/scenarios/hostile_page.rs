//! Pages and programs from elsewhere at the running agent's HTTPS door, with curl in the role of the browser: what is
//! refused is not executed, tells nothing, and gets no CORS header.

use std::path::{Path, PathBuf};
use std::process::Command;

use paraphe_scenarios::{CardsInReaders, ORIGIN, Running, Workstation, program, succeed};
use paraphe_softcard::pcscd::ReaderKind;

/// The running agent, and what a page needs to reach it.
struct Agent {
    _process: Running,
    port: u16,
    root: PathBuf,
}

/// One request of a page, as curl sends it.
struct PageRequest<'a> {
    method: &'a str,
    host: Option<&'a str>,
    origin: Option<&'a str>,
    content_type: &'a str,
    marker: bool,
    body: &'a str,
}

const STATUS: PageRequest<'static> = PageRequest {
    method: "POST",
    host: None,
    origin: Some(ORIGIN),
    content_type: "application/json",
    marker: true,
    body: "{}",
};

#[test]
fn only_the_configured_site_is_served() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = CardsInReaders::insert(
        &[ReaderKind::OwnDriver],
        &["physician"],
        workstation.path(),
        workstation.pki(),
    );
    let agent = serve(&workstation, &cards);

    let (status, headers, body) = agent.ask("status", &STATUS);
    assert_eq!(status, 200, "{body}");
    assert!(
        headers.contains(&format!("access-control-allow-origin: {ORIGIN}")),
        "{headers}"
    );
    assert!(body.contains("cps3"), "{body}");

    let stranger = Some("https://dossier.simulateur.invalid.attacker.example");
    let hostile = [
        (
            PageRequest {
                origin: stranger,
                ..STATUS
            },
            403,
        ),
        (
            PageRequest {
                origin: None,
                ..STATUS
            },
            403,
        ),
        (
            PageRequest {
                origin: Some("null"),
                ..STATUS
            },
            403,
        ),
        (
            PageRequest {
                origin: Some("http://dossier.simulateur.invalid"),
                ..STATUS
            },
            403,
        ),
        (
            PageRequest {
                host: Some("attacker.example:443"),
                ..STATUS
            },
            421,
        ),
        (
            PageRequest {
                method: "GET",
                body: "",
                ..STATUS
            },
            405,
        ),
        (
            PageRequest {
                content_type: "text/plain",
                ..STATUS
            },
            415,
        ),
        (
            PageRequest {
                marker: false,
                ..STATUS
            },
            400,
        ),
    ];
    for (request, expected) in hostile {
        for operation in ["status", "card/read", "login"] {
            let (status, headers, body) = agent.ask(operation, &request);
            assert_eq!(status, expected, "{operation}: {headers}{body}");
            assert!(
                !body.contains("cps3") && !body.contains("SIMULATEUR"),
                "{body}"
            );
            if request.origin != Some(ORIGIN) || expected == 421 {
                assert!(body.is_empty(), "{body}");
                assert!(!headers.contains("access-control-"), "{headers}");
            }
        }
    }
    assert_eq!(cards.pin_presentations(), 0);

    // Without the workstation's own root the certificate is worth nothing.
    let distrusted = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20"])
        .arg(agent.url("status"))
        .output()
        .unwrap();
    assert_eq!(distrusted.status.code(), Some(60), "{distrusted:?}");
}

#[test]
fn a_page_hands_over_no_path_and_chooses_no_audience() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = CardsInReaders::insert(
        &[ReaderKind::OwnDriver],
        &["physician"],
        workstation.path(),
        workstation.pki(),
    );
    let agent = serve(&workstation, &cards);
    let lot = format!(
        r#"{{"profile": "dsg", "patient": {{"ins": "178079999900861"}},
            "documents": [{{"source": {{"path": {path:?}}}, "title": "x"}}]}}"#,
        path = workstation.configuration()
    );
    let nonce = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
    let cases = [
        ("lot/sign", lot.as_str(), "path-not-allowed"),
        (
            "login",
            &format!(r#"{{"nonce": "{nonce}", "server": "other"}}"#),
            "record-server-unknown",
        ),
        ("login", r#"{"nonce": "c2hvcnQ"}"#, "nonce-invalid"),
        (
            "login",
            &format!(r#"{{"nonce": "{nonce}", "audience": "other"}}"#),
            "request-invalid",
        ),
        (
            "login",
            &format!(r#"{{"nonce": "{nonce}", "nonce": "{nonce}"}}"#),
            "request-invalid",
        ),
        ("card/read", r#"{"pin": "1234"}"#, "request-invalid"),
        (
            "document/get",
            r#"{"document": "00000000000000000000000000000000", "offset": 0}"#,
            "document-missing",
        ),
    ];
    for (operation, body, code) in cases {
        let (status, _, answer) = agent.ask(operation, &PageRequest { body, ..STATUS });
        assert!((400..500).contains(&status), "{operation}: {answer}");
        let problem: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(problem["code"], code, "{operation}: {answer}");
    }
    assert_eq!(cards.pin_presentations(), 0);
}

fn serve(workstation: &Workstation, cards: &CardsInReaders) -> Agent {
    let paraphe = || workstation.command(cards.pcscd().client(program("paraphe")));
    let _ = succeed(paraphe().args(["trust", "init"]));
    let configuration = std::fs::read_to_string(workstation.configuration()).unwrap();
    let port = configuration
        .lines()
        .find_map(|line| line.strip_prefix("port = "))
        .and_then(|port| port.parse().ok())
        .unwrap();
    let process = Running::start(paraphe().arg("serve"));
    let agent = Agent {
        _process: process,
        port,
        root: root(workstation.path()),
    };
    agent.wait();
    agent
}

fn root(workstation: &Path) -> PathBuf {
    workstation.join("state/paraphe/tls/root.pem")
}

impl Agent {
    fn url(&self, operation: &str) -> String {
        format!("https://127.0.0.1:{}/v1/{operation}", self.port)
    }

    /// Until the door answers; curl itself waits between its tries.
    fn wait(&self) {
        let _ = succeed(
            Command::new("curl")
                .args([
                    "--silent",
                    "--retry",
                    "50",
                    "--retry-connrefused",
                    "--retry-delay",
                    "1",
                ])
                .args(["--max-time", "60", "--output", "/dev/null", "--cacert"])
                .arg(&self.root)
                .arg(self.url("status")),
        );
    }

    /// Status, headers (lower case), body.
    fn ask(&self, operation: &str, request: &PageRequest<'_>) -> (u16, String, String) {
        let mut command = Command::new("curl");
        command
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "30",
                "--include",
                "--cacert",
            ])
            .arg(&self.root)
            .args(["--request", request.method, "--header"])
            .arg(format!("Content-Type: {}", request.content_type));
        if let Some(host) = request.host {
            command.arg("--header").arg(format!("Host: {host}"));
        }
        if let Some(origin) = request.origin {
            command.arg("--header").arg(format!("Origin: {origin}"));
        }
        if request.marker {
            command.args(["--header", "X-Paraphe: 1"]);
        }
        if !request.body.is_empty() {
            command.args(["--data-binary", request.body]);
        }
        let answer = succeed(command.arg(self.url(operation)));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }
}
