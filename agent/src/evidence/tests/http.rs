//! The HTTP client against servers that answer well, too much, elsewhere, late, or not at all.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use paraphe_certs::UnixTime;
use paraphe_certs::localhost::LocalhostCertificates;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::super::{Fetch, FetchError, FetchRequest, HttpFetcher};
use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(60);

/// Answers one connection after the other with these bytes, and gives the requests back.
fn serve(answers: Vec<Vec<u8>>) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let answer = |bytes: Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            let request = request(&mut stream);
            // A client that has had enough closes.
            let _ = stream.write_all(&bytes);
            request
        };
        answers.into_iter().map(answer).collect()
    });
    (address, thread)
}

/// The head and the body of a request with a Content-Length.
fn request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(count > 0, "{text}");
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn ask(address: &str, timeout: Duration) -> Result<Vec<u8>, FetchError> {
    ask_with(Config::default(), address, timeout)
}

fn ask_with(config: Config, address: &str, timeout: Duration) -> Result<Vec<u8>, FetchError> {
    HttpFetcher::new(Arc::new(config)).fetch(&FetchRequest {
        address,
        post: Some(("application/timestamp-query", b"question")),
        maximum_bytes: 16,
        timeout,
    })
}

#[test]
fn a_question_is_posted_and_its_answer_read() {
    let (address, server) = serve(vec![answer("200 OK", "answer")]);
    let body = ask(&format!("http://{address}/tsa?x=1"), PATIENCE).unwrap();
    assert_eq!(body, b"answer");
    let requests = server.join().unwrap();
    let told = requests[0].to_lowercase();
    assert!(told.starts_with("post /tsa?x=1 http/1.1\r\n"), "{told}");
    assert!(told.contains(&format!("host: {address}\r\n")), "{told}");
    assert!(told.contains("content-type: application/timestamp-query\r\n"));
    assert!(told.ends_with("\r\n\r\nquestion"), "{told}");
}

#[test]
fn answers_that_are_not_taken() {
    let at = |bytes: Vec<u8>| {
        let (address, server) = serve(vec![bytes]);
        let error = ask(&format!("http://{address}/"), PATIENCE).unwrap_err();
        server.join().unwrap();
        error
    };
    assert!(matches!(
        at(answer("200 OK", "more than sixteen bytes")),
        FetchError::TooLong { limit: 16, .. }
    ));
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 20]].concat();
    assert!(matches!(at(endless), FetchError::TooLong { .. }));
    assert!(matches!(
        at(answer("503 Busy", "")),
        FetchError::Status { status: 503, .. }
    ));
    assert!(matches!(
        at(b"SSH-2.0-x\r\n".to_vec()),
        FetchError::Connection { .. }
    ));
    assert!(matches!(
        at(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort".to_vec()),
        FetchError::Connection { .. }
    ));
    for location in ["ftp://127.0.0.1/", "file:///etc/passwd", "//127.0.0.1/"] {
        let away = format!("302 Found\r\nLocation: {location}");
        assert!(matches!(at(answer(&away, "")), FetchError::Redirect { .. }));
    }
}

#[test]
fn a_redirection_is_followed_a_few_times() {
    let (target, server) = serve(vec![answer("200 OK", "there")]);
    let away = format!("302 Found\r\nLocation: http://{target}/x");
    let (address, first) = serve(vec![answer(&away, "")]);
    assert_eq!(
        ask(&format!("http://{address}/"), PATIENCE).unwrap(),
        b"there"
    );
    first.join().unwrap();
    assert!(server.join().unwrap()[0].starts_with("POST /x "));
    let around = answer("302 Found\r\nLocation: /again", "");
    let (address, circle) = serve(vec![around; 4]);
    let error = ask(&format!("http://{address}/"), PATIENCE).unwrap_err();
    assert!(matches!(error, FetchError::Redirect { .. }));
    circle.join().unwrap();
}

#[test]
fn nobody_waits_for_ever() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap();
    let error = ask(&format!("http://{address}/"), Duration::from_secs(1)).unwrap_err();
    assert!(matches!(error, FetchError::TimedOut { seconds: 1, .. }));
    drop(mute);
    let error = ask(&format!("http://{address}/"), PATIENCE).unwrap_err();
    assert!(matches!(error, FetchError::Connection { .. }));
    let error = ask("gopher://x/", PATIENCE).unwrap_err();
    assert!(matches!(error, FetchError::Address { .. }));
}

#[test]
fn https_trusts_the_configured_roots_alone() {
    let now = UnixTime::from(std::time::SystemTime::now());
    let localhost =
        || LocalhostCertificates::generate(now, paraphe_certs::localhost::MAX_VALIDITY).unwrap();
    let (ours, others) = (localhost(), localhost());
    let directory = tempfile::tempdir().unwrap();
    let roots = directory.path().join("roots.pem");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let chain = CertificateDer::from_pem_slice(ours.leaf_pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(ours.leaf_key_pem().expose().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let tls = Arc::new(tls);
    let server = std::thread::spawn(move || {
        let accept = || -> TcpStream { listener.accept().unwrap().0 };
        let connection = || ServerConnection::new(Arc::clone(&tls)).unwrap();
        let mut stream = StreamOwned::new(connection(), accept());
        request(&mut stream);
        stream.write_all(&answer("200 OK", "answer")).unwrap();
        stream.conn.send_close_notify();
        let _ = stream.flush();
        // The second one is refused by the client.
        let mut stream = StreamOwned::new(connection(), accept());
        assert!(stream.read(&mut [0; 1]).is_err());
    });
    let config = || {
        let mut config = Config::default();
        config.evidence.tls_anchors = Some(roots.clone());
        config
    };
    let address = format!("https://localhost:{port}/tsa");
    std::fs::write(&roots, ours.root_pem()).unwrap();
    assert_eq!(ask_with(config(), &address, PATIENCE).unwrap(), b"answer");
    std::fs::write(&roots, others.root_pem()).unwrap();
    let error = ask_with(config(), &address, PATIENCE).unwrap_err();
    assert!(matches!(error, FetchError::Connection { .. }), "{error}");
    server.join().unwrap();
}
