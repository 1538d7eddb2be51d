//! Two hundred pages at one card: nobody is refused but told "busy, queued", everybody has a turn in a fair order, the agent's memory stays flat, and its own
//! share of a request, neither card nor queue, is a few milliseconds. A short form runs with all tests; `sh tests/load.sh` runs 5 minutes on a
//! card as slow as a real one and holds the figures to their limits.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslStream};
use paraphe_softcard::PkiDirectory;
use serde_json::Value;

use super::serve::{PATIENCE, Place, SITE};

/// Of one site, and of another that has fewer pages open.
const CLIENTS: [(&str, usize); 2] = [(SITE, 150), (OTHER_SITE, 50)];
const OTHER_SITE: &str = "https://cabinet.example.fr";
/// Stack of a client's thread, bytes: two hundred of them are here for a while.
const STACK: usize = 256 << 10;
/// Largest own share at the 99th percentile, microseconds.
const OWN_SHARE_US: u64 = 5_000;

/// What the environment asks for.
struct Run {
    duration: Duration,
    /// Of the card.
    milliseconds_per_apdu: u64,
    /// Whether figures that a busy machine spoils must hold too.
    strict: bool,
}

impl Run {
    fn from_environment() -> Self {
        let number = |name: &str, otherwise| {
            std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
        };
        Self {
            duration: Duration::from_secs(number("PARAPHE_LOAD_SECONDS", 8)),
            milliseconds_per_apdu: number("PARAPHE_LOAD_CARD_MS", 1),
            strict: std::env::var_os("PARAPHE_LOAD_STRICT").is_some(),
        }
    }
}

/// What became of one client.
#[derive(Debug, Default)]
struct Served {
    site: &'static str,
    cards_read: usize,
    /// Times that it was told to go on waiting.
    queued: usize,
    longest: Duration,
    /// Any other answer.
    refused: Vec<String>,
}

#[test]
fn two_hundred_clients_share_one_card() {
    let run = Run::from_environment();
    let place = Place::new();
    place.configure(&format!("[[site]]\norigin = \"{OTHER_SITE}\"\n"));
    place.log_errors_only();
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let card = slow_card(&place, run.milliseconds_per_apdu);
    let pki = Path::new(env!("CARGO_TARGET_TMPDIR")).join("agent-pki");
    PkiDirectory::open_or_create(&pki, std::time::SystemTime::now().into()).unwrap();
    let arguments = [
        "--soft-card",
        card.to_str().unwrap(),
        "--soft-pki",
        pki.to_str().unwrap(),
    ];
    let mut agent = place.serve_with(&arguments);
    let port = place.port;
    // Made once: it reads the system's authorities too, and the agent does not wait for that.
    let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
    connector.set_ca_file(place.root()).unwrap();
    let connector = connector.build();

    let over = Arc::new(AtomicBool::new(false));
    let begin = Arc::new(Barrier::new(
        CLIENTS.iter().map(|(_, count)| count).sum::<usize>() + 1,
    ));
    let clients: Vec<_> = CLIENTS
        .into_iter()
        .flat_map(|(site, count)| std::iter::repeat_n(site, count))
        .map(|site| {
            let (over, begin, connector) =
                (Arc::clone(&over), Arc::clone(&begin), connector.clone());
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || {
                    let stream = connect(port, &connector);
                    begin.wait();
                    client(stream, site, port, &over)
                })
                .unwrap()
        })
        .collect();
    begin.wait();
    let memory = watch_memory(agent.id(), run.duration);
    over.store(true, Ordering::Relaxed);
    let served: Vec<Served> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();

    let status = place.paraphe(&["status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(agent.stop(), Some(0));
    let https = &status["doors"][0];
    assert_eq!(https["name"], "https", "{status}");

    let refused: Vec<_> = served.iter().flat_map(|client| &client.refused).collect();
    assert!(
        refused.is_empty(),
        "{} {:?}",
        refused.len(),
        refused.first()
    );
    report_turns(&served, run.duration);
    report_memory(&memory, run.strict);
    let p99 = report_own_share(https);
    if run.strict {
        assert!(p99.is_some_and(|p99| p99 <= OWN_SHARE_US), "{p99:?}");
    }
}

/// A physician's card that takes so long for every command.
fn slow_card(place: &Place, milliseconds_per_apdu: u64) -> PathBuf {
    let shipped = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/softcard/profiles/physician.json"
    );
    let mut profile: Value = serde_json::from_slice(&std::fs::read(shipped).unwrap()).unwrap();
    profile["timing"] = serde_json::json!({ "milliseconds_per_apdu": milliseconds_per_apdu });
    let path = place.path("slow-card.json");
    std::fs::write(&path, profile.to_string()).unwrap();
    path
}

/// A page that reads the card and looks at the status, over and over, on one connection.
fn client(
    mut stream: SslStream<TcpStream>,
    site: &'static str,
    port: u16,
    over: &AtomicBool,
) -> Served {
    let mut served = Served {
        site,
        ..Served::default()
    };
    while !over.load(Ordering::Relaxed) {
        for operation in ["card/read", "status"] {
            let begun = Instant::now();
            let mut ticket = None;
            loop {
                let (status, body) = ask(&mut stream, site, port, operation, ticket.as_deref());
                let code = &body["code"];
                match (status, code.as_str()) {
                    (200, _) => break,
                    (503, Some("busy-queued")) => {
                        served.queued += 1;
                        ticket = body["queue"]["ticket"].as_str().map(str::to_owned);
                    }
                    _ => {
                        served.refused.push(format!("{operation}: {status} {body}"));
                        return served;
                    }
                }
            }
            if operation == "card/read" {
                served.cards_read += 1;
                served.longest = served.longest.max(begun.elapsed());
            }
        }
    }
    served
}

fn connect(port: u16, connector: &SslConnector) -> SslStream<TcpStream> {
    let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    connector.connect("127.0.0.1", tcp).unwrap()
}

fn ask(
    stream: &mut SslStream<TcpStream>,
    site: &str,
    port: u16,
    operation: &str,
    ticket: Option<&str>,
) -> (u16, Value) {
    let mut request = format!(
        "POST /v1/{operation} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {site}\r\n\
         Content-Type: application/json\r\nX-Paraphe: 1\r\nContent-Length: 2\r\n"
    );
    if let Some(ticket) = ticket {
        write!(request, "X-Paraphe-Queue: {ticket}\r\n").unwrap();
    }
    request.push_str("\r\n{}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).unwrap();
        assert_ne!(length, 0, "the agent closed the connection");
        answer.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let announced: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|length| length.parse().ok())
            .unwrap();
        if body.len() >= announced {
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return (status, serde_json::from_str(body).unwrap());
        }
    }
}

/// Resident memory of the agent while the clients ask, KiB, some times a second.
fn watch_memory(pid: u32, duration: Duration) -> Vec<u64> {
    let begun = Instant::now();
    let mut seen = Vec::new();
    while begun.elapsed() < duration {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
            .unwrap();
        seen.push(resident);
        thread::sleep(Duration::from_millis(250));
    }
    seen
}

fn report_turns(served: &[Served], duration: Duration) {
    let all: usize = served.iter().map(|client| client.cards_read).sum();
    let queued: usize = served.iter().map(|client| client.queued).sum();
    println!(
        "load: {} clients, {} s: {all} card reads, {queued} answers \"busy, queued\", no other error",
        served.len(),
        duration.as_secs()
    );
    for (site, _) in CLIENTS {
        let of_site = || served.iter().filter(|client| client.site == site);
        let turns = || of_site().map(|client| client.cards_read);
        let (least, most) = (turns().min().unwrap(), turns().max().unwrap());
        let longest = of_site().map(|client| client.longest).max().unwrap();
        println!(
            "load: {site}: {} clients, {} turns in all, {least} to {most} each, longest wait {:.1} s",
            turns().count(),
            turns().sum::<usize>(),
            longest.as_secs_f32()
        );
        assert!(least >= 1, "a client never had a turn");
        // In order of arrival nobody has a third turn more than another; one more for who connected first.
        assert!(most - least <= 3, "{least} to {most} turns");
    }
}

fn report_memory(memory: &[u64], strict: bool) {
    let part = memory.len() / 4;
    let most = |part: &[u64]| part.iter().copied().max().unwrap_or_default();
    let (early, late) = (most(&memory[part..2 * part]), most(&memory[3 * part..]));
    println!(
        "load: memory of the agent: {early} KiB in the second quarter, {late} KiB in the last"
    );
    if strict {
        assert!(late <= early + early / 10, "{early} KiB grew to {late} KiB");
    }
}

/// Prints the histogram; gives the 99th percentile, microseconds: the upper end of its class.
fn report_own_share(https: &Value) -> Option<u64> {
    let classes: Vec<(Option<u64>, u64)> = https["own_time"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| {
            (
                class["at_most_us"].as_u64(),
                class["count"].as_u64().unwrap(),
            )
        })
        .collect();
    let all: u64 = classes.iter().map(|(_, count)| count).sum();
    println!("load: the agent's own share of {all} requests, neither card nor queue:");
    let (mut so_far, mut p99) = (0, None);
    let mut found = false;
    for (at_most, count) in classes {
        so_far += count;
        let end = at_most.map_or("more".to_owned(), |end| format!("<= {end}"));
        let bar = "#".repeat(usize::try_from(count * 50 / all.max(1)).unwrap());
        println!("load: {end:>12} us {count:>8} {bar}");
        if !found && so_far * 100 >= all * 99 {
            (p99, found) = (at_most, true);
        }
    }
    match p99 {
        Some(end) => println!("load: 99th percentile: at most {end} us"),
        None => println!("load: 99th percentile: in the last class"),
    }
    p99
}
