//! A tunnel beside stunnel with the same PKCS#11 token (SoftHSM), to the same nginx that demands client certificates, in the same run, by
//! turns: handshakes that the token signs, connections that are resumed, and large bodies down and up. Medians of the rounds.
//!
//! The agent is a process of its own, as stunnel is; this one only asks. Without `--bench` a short form: nothing to be read from the figures.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};
use paraphe::reader::InProcessReaders;
use paraphe::service::{Agent, HelperProgram};
use paraphe_benches::tunnel_peers::{MODULE, PIN, Peers, VARIABLE, quoted};
use paraphe_benches::{now, pki_path};
use paraphe_protocol::api::{Language, Operation};
use paraphe_protocol::card::Pin;
use paraphe_softcard::PkiDirectory;
use serde_json::{Value, json};

/// How this program calls itself for the agent's process.
const AGENT: &str = "--tunnel-agent";

struct Plan {
    rounds: usize,
    signed: usize,
    resumed: usize,
    large: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(AGENT) => return agent(Path::new(&arguments[1])),
        // What the agent starts for a module.
        Some(first) if !first.starts_with("--") => return paraphe::cli::run(),
        _ => {}
    }
    let full = arguments.iter().any(|argument| argument == "--bench");
    let plan = if full {
        Plan {
            rounds: 5,
            signed: 100,
            resumed: 400,
            large: 512 << 20,
        }
    } else {
        Plan {
            rounds: 1,
            signed: 3,
            resumed: 3,
            large: 1 << 20,
        }
    };
    measure(&plan);
    ExitCode::SUCCESS
}

/// The two ways to one nginx.
struct Ways {
    tunnel: Way,
    stunnel: Way,
}

/// An address, and what stands before every path.
#[derive(Clone)]
struct Way {
    port: u16,
    before: String,
}

fn measure(plan: &Plan) {
    let peers = Peers::prepare(plan.large);
    let (_resuming, resuming) = peers.nginx("resuming", "");
    let nothing = "ssl_session_tickets off;\nssl_session_cache off;";
    let (_forgetting, forgetting) = peers.nginx("forgetting", nothing);
    let (_first, first) = peers.stunnel(resuming);
    let (_second, second) = peers.stunnel(forgetting);
    let tunnels = AgentProcess::start(&peers, &[resuming, forgetting]);
    let ways = |tunnel: usize, stunnel: u16| Ways {
        tunnel: tunnels.ways[tunnel].clone(),
        stunnel: Way {
            port: stunnel,
            before: String::new(),
        },
    };
    let (resumed, signed) = (ways(0, first), ways(1, second));
    for (what, unit, ways, one) in [
        (
            "handshakes signed by the token, one after the other",
            "/s",
            &signed,
            &(|way: &Way| rate(plan.signed, 1, way)) as &dyn Fn(&Way) -> f64,
        ),
        (
            "handshakes signed by the token, four at once",
            "/s",
            &signed,
            &|way| rate(plan.signed, 4, way),
        ),
        (
            "resumed connections, one after the other",
            "/s",
            &resumed,
            &|way| rate(plan.resumed, 1, way),
        ),
        (
            "resumed connections, four at once",
            "/s",
            &resumed,
            &|way| rate(plan.resumed, 4, way),
        ),
        ("down", " MB/s", &resumed, &|way| down(plan.large, way)),
        ("up", " MB/s", &resumed, &|way| up(plan.large, way)),
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            ours.push(one(&ways.tunnel));
            theirs.push(one(&ways.stunnel));
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!(
            "{what}: tunnel {ours:.1}{unit}, stunnel {theirs:.1}{unit} (ratio {:.2})",
            ours / theirs
        );
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Connections of one small request each, so many in all, per second.
fn rate(count: usize, at_once: usize, way: &Way) -> f64 {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..at_once {
            let share = count / at_once + usize::from(worker < count % at_once);
            scope.spawn(move || {
                for _ in 0..share {
                    let (head, body) = ask(way, "GET", "/files/small", &[]);
                    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                    assert_eq!(body, 5);
                }
            });
        }
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Megabytes per second of one large answer.
fn down(large: usize, way: &Way) -> f64 {
    let begun = Instant::now();
    let (head, body) = ask(way, "GET", "/files/large", &[]);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, large);
    large as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// Megabytes per second of one large request.
fn up(large: usize, way: &Way) -> f64 {
    let body = vec![0x5A; large];
    let begun = Instant::now();
    let (head, _) = ask(way, "PUT", "/sink", &body);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    large as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// One request on a connection of its own; the answer's head, and how many bytes followed it.
fn ask(way: &Way, method: &str, path: &str, body: &[u8]) -> (String, usize) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, way.port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    let head = format!(
        "{method} {}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        way.before,
        way.port,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::scope(|scope| {
        // An answer may come before the body is taken: it must not be waited for by who still sends.
        let mut sending = stream.try_clone().unwrap();
        let sent = scope.spawn(move || sending.write_all(body));
        let answer = read(stream);
        sent.join().unwrap().unwrap();
        answer
    })
}

fn read(stream: TcpStream) -> (String, usize) {
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "cut: {head}");
    }
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .unwrap()
        .parse()
        .unwrap();
    let mut piece = vec![0; 256 << 10];
    let mut got = 0;
    while got < length {
        let read = reader.read(&mut piece).unwrap();
        assert_ne!(read, 0, "cut");
        got += read;
    }
    (head, got)
}

/// The agent's process, until dropped, with one tunnel to each nginx.
struct AgentProcess {
    process: Child,
    ways: Vec<Way>,
}

impl AgentProcess {
    fn start(peers: &Peers, nginx: &[u16]) -> Self {
        let pki = PkiDirectory::open_or_create(&pki_path(), now()).unwrap();
        let mut text = format!(
            "[trust]\nanchors = {}\nintermediates = {}\ncrls = {}\naccept_test = true\n\
             [tunnel]\nmaximum_handshakes = 100000\n[[pkcs11]]\nname = \"softhsm\"\nmodule = {MODULE:?}\n",
            quoted(&pki.anchors()),
            quoted(&pki.intermediates()),
            quoted(&pki.crls())
        );
        for port in nginx {
            text += &format!(
                "[[record_server]]\nname = \"n{port}\"\ntitle = \"nginx\"\naudience = \"urn:n{port}\"\n\
                 [record_server.tunnel]\nhost = \"localhost\"\nport = {port}\nanchors = {}\n",
                quoted(&peers.path("server-authority.pem"))
            );
        }
        let file = peers.path("agent.toml");
        std::fs::write(&file, text).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(AGENT)
            .arg(file)
            .env(VARIABLE, peers.softhsm())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ways = nginx
            .iter()
            .map(|_| {
                let opened: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
                Way {
                    port: opened["tunnel"]["port"]
                        .as_u64()
                        .unwrap()
                        .try_into()
                        .unwrap(),
                    before: format!("/{}", opened["secret"].as_str().unwrap()),
                }
            })
            .collect();
        Self { process, ways }
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        // Its standard input ends, and so does it; it may have ended by itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The token's PIN, typed at once.
struct Fingers;

impl PinEntry for Fingers {
    fn ask(&self, _request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Ok(EnteredPin::Pin(Pin::from_digits(PIN.as_bytes())?))
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

/// Opens a tunnel to every record server, tells them, and stays until its standard input ends.
fn agent(configuration: &Path) -> ExitCode {
    let config = Arc::new(Config::load(Some(configuration), &Default::default()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start_with(
        Arc::clone(&config),
        Arc::new(InProcessReaders::new()),
        Arc::new(Fingers),
        folder.path(),
        &HelperProgram::this_program(),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for server in &config.record_servers {
        let body = json!({"server": server.name.as_str()}).to_string();
        let opened = agent.perform(
            &Caller::CommandLine,
            Operation::TunnelOpen,
            body.as_bytes(),
            Language::English,
        );
        println!("{}", runtime.block_on(opened).unwrap());
    }
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    runtime.block_on(async { agent.stop() });
    ExitCode::SUCCESS
}
