//! Peers that are slow, silent or too many, and the agent's own end: nobody waits without a limit.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use tokio::task::spawn_blocking;

use super::super::{SOON, limits};
use super::{PATIENCE, connect, read_to_end, serve, status};
use crate::door::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_shakes_hands_is_cut() {
    let served = serve(Limits {
        handshake: SOON,
        ..limits()
    })
    .await;
    let port = served.port;
    let answer = spawn_blocking(move || {
        let mut silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        silent.set_read_timeout(Some(PATIENCE)).unwrap();
        read_to_end(&mut silent)
    });
    assert_eq!(answer.await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_ends_its_head_is_cut() {
    let served = serve(Limits {
        head: SOON,
        ..limits()
    })
    .await;
    let head = served.good("/v1/status", "{}");
    for begun in [0, 1, 60] {
        let answer = served.exchange(&head.as_bytes()[..begun]).await;
        assert!(matches!(status(&answer), "408" | "closed"), "{answer}");
    }
    assert_eq!(served.recorder.performed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_ends_its_body_is_cut() {
    let served = serve(Limits {
        body: SOON,
        ..limits()
    })
    .await;
    let request = served.good("/v1/status", "{}");
    let answer = served
        .exchange(&request.as_bytes()[..request.len() - 1])
        .await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert_eq!(served.recorder.performed(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_read_loses_its_place() {
    let served = serve(Limits {
        connections: 1,
        stalled: SOON,
        ..limits()
    })
    .await;
    let (port, root) = (served.port, served.root_pem.clone());
    let big = served.good("/v1/document/get", "{}");
    let held = spawn_blocking(move || {
        let mut stream = connect(Ipv4Addr::LOCALHOST.into(), port, &root);
        stream.write_all(big.as_bytes()).unwrap();
        stream
    });
    let _held = held.await.unwrap();
    let (root, request) = (served.root_pem.clone(), served.good("/v1/status", "{}"));
    let answered = spawn_blocking(move || {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(answer) = try_exchange(port, &root, &request) {
                return answer;
            }
        }
        panic!("the place was never given back");
    });
    assert_eq!(status(&answered.await.unwrap()), "200");
}

fn try_exchange(port: u16, root_pem: &[u8], request: &str) -> Option<String> {
    let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    let mut connector = SslConnector::builder(SslMethod::tls_client()).ok()?;
    connector
        .cert_store_mut()
        .add_cert(X509::from_pem(root_pem).ok()?)
        .ok()?;
    let mut stream = connector.build().connect("127.0.0.1", tcp).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    Some(read_to_end(&mut stream)).filter(|answer| !answer.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn more_operations_at_once_than_allowed_are_refused() {
    let served = serve(Limits {
        operations: 1,
        ..limits()
    })
    .await;
    let (port, root) = (served.port, served.root_pem.clone());
    let waiting = served.good("/v1/events", "{}");
    let first = spawn_blocking(move || {
        let mut stream = connect(Ipv4Addr::LOCALHOST.into(), port, &root);
        stream.write_all(waiting.as_bytes()).unwrap();
        read_to_end(&mut stream)
    });
    served.recorder.0.begun.notified().await;
    let second = served.exchange(served.good("/v1/status", "{}")).await;
    assert_eq!(status(&second), "429", "{second}");
    assert!(second.contains("too-busy"));
    served.recorder.0.finish.notify_one();
    assert_eq!(status(&first.await.unwrap()), "200");
    assert_eq!(served.recorder.performed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_a_running_operation_end_and_takes_no_more() {
    let served = serve(limits()).await;
    let (port, root) = (served.port, served.root_pem.clone());
    let waiting = served
        .good("/v1/events", "{}")
        .replace("Connection: close\r\n", "");
    let first = spawn_blocking(move || {
        let mut stream = connect(Ipv4Addr::LOCALHOST.into(), port, &root);
        stream.write_all(waiting.as_bytes()).unwrap();
        read_to_end(&mut stream)
    });
    served.recorder.0.begun.notified().await;
    served.stop.send_replace(true);
    served.recorder.0.finish.notify_one();
    assert!(first.await.unwrap().ends_with("{\"ended\":true}"));
    served.serving.await.unwrap();
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}
