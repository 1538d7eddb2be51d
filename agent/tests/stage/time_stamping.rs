//! A time-stamping authority on this machine: `openssl ts -reply` behind a small HTTP server, with a certificate of the tests' PKI.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{Authority, Level, TimeStampingAuthority, Validity};

use super::pki;

const CONFIGURATION: &str = "[tsa]\ndefault_tsa = here\n[here]\nserial = serial\nsigner_cert = tsa.pem\n\
    signer_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256, sha384\n\
    clock_precision_digits = 3\ness_cert_id_alg = sha256\n";

/// The server; it ends when this is dropped.
pub struct TimeStampingServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TimeStampingServer {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = UnixTime::from(SystemTime::now());
        let template = TimeStampingAuthority::template(Validity::of_card(now.plus_days(-1)));
        let issuer = Authority::Organizations(Level::Elementaire);
        let issued = pki().with_authorities(|pki| pki.issue(issuer, &template.unwrap()));
        let issued = issued.unwrap().unwrap();
        let write = |name: &str, content: &str| {
            std::fs::write(directory.path().join(name), content).unwrap();
        };
        write("tsa.pem", &issued.certificate.pem());
        write("tsa.key", issued.private_key_pkcs8_pem.expose());
        write("tsa.cnf", CONFIGURATION);
        write("serial", "01");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let [away, stopping] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (counter, ends) = (Arc::clone(&asked), Arc::clone(&stopping));
        let is_away = Arc::clone(&away);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                if is_away.load(Ordering::SeqCst) {
                    continue;
                }
                answer(directory.path(), stream.unwrap());
            }
        });
        Self {
            address,
            asked,
            away,
            stopping,
            thread: Some(thread),
        }
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Hangs up on everybody, or answers again.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// What a workstation's configuration says of it. Nothing else is fetched: the addresses in the certificates lead nowhere.
    pub fn configuration(&self) -> String {
        configuration(&format!("http://{}/tsa", self.address), "SHA-256")
    }
}

/// The sections for an authority at an address.
pub fn configuration(url: &str, digest: &str) -> String {
    let trust = pki().path_of_directory().to_owned();
    format!(
        "[time_stamp]\nurl = {url:?}\ndigest = {digest:?}\ntrust = {trust:?}\n\n[evidence]\nfetch = false\n"
    )
}

impl Drop for TimeStampingServer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is to end.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(directory: &Path, mut stream: TcpStream) {
    let query = query(&mut stream);
    std::fs::write(directory.join("query.tsq"), query).unwrap();
    let output = Command::new("openssl")
        .current_dir(directory)
        .args([
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-queryfile",
            "query.tsq",
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\r\n",
        output.stdout.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), &output.stdout].concat());
}

/// The body of a POST.
fn query(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "a request that ends early");
        bytes.extend_from_slice(&piece[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("post /tsa "), "{head}");
        assert!(head.contains("content-type: application/timestamp-query"));
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().parse().unwrap();
        if bytes.len() >= end + 4 + length {
            return bytes.split_off(end + 4);
        }
    }
}
