//! The HTTPS door: what pages, other programs and other users try.

mod patience;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;
use paraphe_certs::UnixTime;
use paraphe_protocol::api::{ErrorCode, Language};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Recorder, as_nobody, limits, reception};
use crate::config::{Config, Site};
use crate::door::https::{HttpsDoor, ServerIdentity};
use crate::door::{Limits, Stop, Traffic};
use crate::trust::{Initialised, TlsDirectory};

const SITE: &str = "https://dossier.example.fr";
/// Listens on this address and says on which port, until it is ended.
const SQUATTER: &str = "import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
held = socket.create_server((sys.argv[1], 0), family=family)
print(held.getsockname()[1], flush=True)
sys.stdin.read()
";
/// Longer than any limit of these tests, so that a test that waits for an end fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    port: u16,
    root_pem: Vec<u8>,
    recorder: Recorder,
    traffic: Traffic,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

async fn serve(limits: Limits) -> Served {
    let (identity, root_pem) = identity();
    let door = HttpsDoor::listen(0, identity).await.unwrap();
    let config = Config {
        sites: vec![Site::of(SITE.parse().unwrap())],
        ..Config::default()
    };
    let recorder = Recorder::default();
    let port = door.port();
    let (stop, stopping) = Stop::by_hand();
    let handler = recorder.clone();
    let (reception, traffic) = reception(limits);
    let serving =
        tokio::spawn(async move { door.serve(handler, &config, reception, stopping).await });
    Served {
        port,
        root_pem,
        recorder,
        traffic,
        stop,
        serving,
    }
}

impl Served {
    /// Send bytes over TLS, read until the agent closes.
    async fn exchange(&self, bytes: impl Into<Vec<u8>>) -> String {
        let (port, root, bytes) = (self.port, self.root_pem.clone(), bytes.into());
        spawn_blocking(move || {
            let mut stream = connect(Ipv4Addr::LOCALHOST.into(), port, &root);
            stream.write_all(&bytes).unwrap();
            read_to_end(&mut stream)
        })
        .await
        .unwrap()
    }

    fn good(&self, target: &str, body: &str) -> String {
        self.request("POST", target, "application/json", &["X-Paraphe: 1"], body)
    }

    fn request(
        &self,
        method: &str,
        target: &str,
        media_type: &str,
        more: &[&str],
        body: &str,
    ) -> String {
        let more: String = more.iter().map(|line| format!("{line}\r\n")).collect();
        format!(
            "{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nOrigin: {SITE}\r\n\
             Content-Type: {media_type}\r\n{more}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        )
    }
}

fn connect(ip: IpAddr, port: u16, root_pem: &[u8]) -> SslStream<TcpStream> {
    let tcp = TcpStream::connect(SocketAddr::new(ip, port)).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    let root = X509::from_pem(root_pem).unwrap();
    connector.cert_store_mut().add_cert(root).unwrap();
    connector.set_verify(SslVerifyMode::PEER);
    connector.build().connect(&ip.to_string(), tcp).unwrap()
}

fn read_to_end(stream: &mut impl Read) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("the agent did not close in time")
            }
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("closed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_configured_site_is_served_on_both_addresses() {
    let served = serve(limits()).await;
    let request = served.good("/v1/card/read", "{}");
    let answer = served.exchange(request.clone()).await;
    assert_eq!(status(&answer), "200", "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains("\"operation\":\"card/read\""), "{body}");
    assert!(body.contains("Site(Origin"), "{body}");
    let mut headers: Vec<_> = head
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with("date: ") && !line.starts_with("content-length: "))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "access-control-allow-origin: https://dossier.example.fr",
            "cache-control: no-store",
            "connection: close",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "content-type: application/json",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
            "vary: Origin",
            "x-content-type-options: nosniff",
        ]
    );
    let (port, root) = (served.port, served.root_pem.clone());
    let request = request.replace("127.0.0.1", "[::1]");
    let answer = spawn_blocking(move || {
        let mut stream = connect(Ipv6Addr::LOCALHOST.into(), port, &root);
        stream.write_all(request.as_bytes()).unwrap();
        read_to_end(&mut stream)
    });
    assert_eq!(status(&answer.await.unwrap()), "200");
    assert_eq!(served.recorder.performed(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_the_port_on_one_loopback_is_named() {
    for address in ["127.0.0.1", "::1", "0.0.0.0"] {
        let Some(mut command) = as_nobody("/usr/bin/python3") else {
            return;
        };
        let mut squatter = command
            .args(["-c", SQUATTER, address])
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()
            .expect("setpriv and python3 are installed");
        let mut said = BufReader::new(squatter.stdout.take().unwrap());
        let mut port = String::new();
        said.read_line(&mut port).unwrap();
        let port = port.trim().parse().unwrap();
        let refused = HttpsDoor::listen(port, identity().0).await.unwrap_err();
        let problem = refused.problem(Language::English);
        let pid = squatter.id();
        squatter.kill().unwrap();
        squatter.wait().unwrap();
        assert_eq!(problem.code, ErrorCode::PortTaken, "{refused}");
        let detail = problem.detail.unwrap();
        for named in ["(uid 65534)", "python3", &format!("(pid {pid})")] {
            assert!(detail.contains(named), "{address}: {detail}");
        }
        // It is gone: both loopbacks are ours.
        let door = HttpsDoor::listen(port, identity().0).await.unwrap();
        assert_eq!(door.port(), port);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_not_executed() {
    let served = serve(limits()).await;
    let good = served.good("/v1/lot/sign", "{}");
    let navigated = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    let json_shaped = "{\"profile\":\"dsg\",\"x\":\"=\"}";
    let told = [
        (
            "415",
            served.request(
                "POST",
                "/v1/lot/sign",
                "text/plain",
                &navigated,
                json_shaped,
            ),
        ),
        (
            "405",
            served.request(
                "GET",
                "/v1/lot/sign",
                "application/json",
                &["X-Paraphe: 1"],
                "",
            ),
        ),
        ("400", good.replace("X-Paraphe: 1\r\n", "")),
        ("404", good.replace("/v1/lot/sign", "/v1/lot")),
        ("411", good.replace("Content-Length: 2\r\n", "")),
        ("413", served.good("/v1/lot/sign", &" ".repeat(1001))),
        (
            "411",
            good.replace("Content-Length: 2", "Transfer-Encoding: chunked")
                .replace("\r\n\r\n{}", "\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        ),
        (
            "411",
            good.replace(
                "Content-Length: 2",
                "Content-Length: 2\r\nTransfer-Encoding: chunked",
            ),
        ),
        (
            "400",
            good.replace("X-Paraphe: 1", "X-Paraphe: 1\r\nX-A: 1\r\nX-A: 2"),
        ),
    ];
    for (expected, request) in told {
        let answer = served.exchange(request.clone()).await;
        assert_eq!(status(&answer), expected, "{request}\n{answer}");
        assert!(
            answer.contains("content-type: application/problem+json"),
            "{answer}"
        );
        assert!(
            answer.contains(&format!("allow-origin: {SITE}")),
            "{answer}"
        );
    }
    let port = served.port;
    let silent = [
        ("403", good.replace(SITE, "https://evil.example")),
        ("403", good.replace(SITE, "null")),
        ("403", good.replace(&format!("Origin: {SITE}\r\n"), "")),
        (
            "403",
            good.replace("Origin: ", &format!("Origin: {SITE}\r\nOrigin: ")),
        ),
        (
            "403",
            good.replace("X-Paraphe: 1", "X-Paraphe: 1\r\nSec-Fetch-Mode: no-cors"),
        ),
        (
            "421",
            good.replace(&format!("127.0.0.1:{port}"), "rebound.example"),
        ),
        (
            "421",
            good.replace(
                &format!("127.0.0.1:{port}"),
                &format!("rebound.example:{port}"),
            ),
        ),
        (
            "421",
            good.replace("Host: ", &format!("Host: 127.0.0.1:{port}\r\nHost: ")),
        ),
        (
            "421",
            good.replace("POST /", "POST https://rebound.example/"),
        ),
        ("505", good.replace("HTTP/1.1", "HTTP/1.0")),
    ];
    for (expected, request) in silent {
        let answer = served.exchange(request.clone()).await;
        assert_eq!(status(&answer), expected, "{request}\n{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "a body: {answer}");
        assert!(!answer.contains("access-control"), "{answer}");
    }
    for unreadable in [
        good.replace("X-Paraphe: 1", "X-Paraphe: 1\r\n folded"),
        good.replace(
            "Content-Length: 2",
            "Content-Length: 2\r\nContent-Length: 3",
        ),
        good.replace("X-Paraphe: 1", &"X-A: 1\r\n".repeat(100)),
        good.replace("X-Paraphe: 1", &format!("X-A: {}", "a".repeat(20_000))),
        good.replace("POST", "PO ST"),
        "\u{16}\u{3}\u{1}garbage\r\n\r\n".to_owned(),
    ] {
        let answer = served.exchange(unreadable.clone()).await;
        assert!(
            matches!(status(&answer), "400" | "431" | "closed"),
            "{unreadable}\n{answer}"
        );
    }
    assert_eq!(served.recorder.performed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_performs_nothing_and_allows_no_more_than_needed() {
    let served = serve(limits()).await;
    let preflight = format!(
        "OPTIONS /v1/lot/sign HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: {SITE}\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type,x-paraphe\r\n\
         Access-Control-Request-Private-Network: true\r\nConnection: close\r\n\r\n",
        served.port
    );
    let answer = served.exchange(preflight.clone()).await;
    assert_eq!(status(&answer), "204", "{answer}");
    let mut cors: Vec<_> = answer
        .lines()
        .filter(|line| line.starts_with("access-control") || line.starts_with("vary"))
        .collect();
    cors.sort_unstable();
    assert_eq!(
        cors,
        [
            "access-control-allow-headers: content-type, x-paraphe, x-paraphe-queue",
            "access-control-allow-methods: POST",
            "access-control-allow-origin: https://dossier.example.fr",
            "access-control-max-age: 0",
            "vary: Origin",
        ]
    );
    let foreign = served
        .exchange(preflight.replace(SITE, "https://evil.example"))
        .await;
    assert_eq!(status(&foreign), "403");
    assert!(!foreign.contains("access-control"), "{foreign}");
    assert_eq!(served.recorder.performed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_told_in_the_language_of_the_page() {
    let served = serve(limits()).await;
    let french = served.exchange(served.good("/v1/login", "{}")).await;
    assert_eq!(status(&french), "409");
    assert!(
        french.contains("content-type: application/problem+json"),
        "{french}"
    );
    assert!(french.contains("content-language: fr"), "{french}");
    assert!(french.contains("\"code\":\"pin-blocked\""), "{french}");
    let request = served.good("/v1/login", "{}");
    let english = served
        .exchange(request.replace("X-Paraphe", "Accept-Language: en-GB,en;q=0.8\r\nX-Paraphe"))
        .await;
    assert!(english.contains("content-language: en"), "{english}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_1_3_with_http_1_1_or_nothing() {
    let served = serve(limits()).await;
    let port = served.port;
    let shaken = |arguments: &'static [&'static str]| {
        spawn_blocking(move || {
            let output = Command::new("openssl")
                .args(["s_client", "-connect", &format!("127.0.0.1:{port}")])
                .args(arguments)
                .stdin(Stdio::null())
                .output()
                .expect("openssl is installed");
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stdout).into_owned(),
            )
        })
    };
    for (arguments, accepted) in [
        (&["-tls1_3", "-alpn", "http/1.1"][..], true),
        (&["-tls1_3"], true),
        (&["-tls1_3", "-alpn", "h2"], false),
        (&["-tls1_2"], false),
        (&["-tls1_1"], false),
    ] {
        let (done, output) = shaken(arguments).await.unwrap();
        assert_eq!(done, accepted, "{arguments:?}: {output}");
        if accepted {
            assert!(output.contains("TLSv1.3"), "{output}");
        }
        if accepted && arguments.len() > 1 {
            assert!(output.contains("ALPN protocol: http/1.1"), "{output}");
        }
    }
    assert_eq!(served.recorder.performed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_trusts_the_agent_with_its_root_and_not_without() {
    let served = serve(limits()).await;
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), &served.root_pem).unwrap();
    let port = served.port;
    let curl = move |host: &str, trust: &[&std::ffi::OsStr]| {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--max-time", "20", "--data", "{}"])
            .args([
                "--header",
                &format!("Origin: {SITE}"),
                "--header",
                "X-Paraphe: 1",
            ])
            .args(["--header", "Content-Type: application/json"])
            .args(trust)
            .arg(format!("https://{host}:{port}/v1/status"));
        spawn_blocking(move || command.output().expect("curl is installed"))
    };
    let trust = ["--cacert".as_ref(), root.path().as_os_str()];
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let output = curl(host, &trust).await.unwrap();
        assert!(output.status.success(), "{host}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("\"operation\":\"status\""));
    }
    let untrusted = curl("127.0.0.1", &[]).await.unwrap();
    // "Peer certificate cannot be authenticated with known CA certificates."
    assert_eq!(untrusted.status.code(), Some(60));
    assert_eq!(served.recorder.performed(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_of_the_machine_is_not_served() {
    let served = serve(limits()).await;
    let Some(mut curl) = as_nobody("curl") else {
        return;
    };
    curl.args(["--insecure", "--silent", "--max-time", "20", "--data", "{}"])
        .args([
            "--header",
            &format!("Origin: {SITE}"),
            "--header",
            "X-Paraphe: 1",
        ])
        .args(["--header", "Content-Type: application/json"])
        .arg(format!("https://127.0.0.1:{}/v1/status", served.port));
    let output = spawn_blocking(move || curl.output().expect("setpriv and curl are installed"))
        .await
        .unwrap();
    // "SSL connect error": closed before the handshake.
    assert_eq!(output.status.code(), Some(35), "{output:?}");
    assert_eq!(served.recorder.performed(), 0);
}

/// What `paraphe trust init` makes.
fn identity() -> (ServerIdentity, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let directory = TlsDirectory::new(directory.path().join("tls"));
    let now = UnixTime::from(std::time::SystemTime::now());
    let Initialised::Made(state) = directory.initialise(now, false).unwrap() else {
        panic!("an empty directory held a certificate");
    };
    let root_pem = state.root().pem().into_bytes();
    (state.into_identity().unwrap(), root_pem)
}
