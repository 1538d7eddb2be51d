//! Peers that are slow, silent or too many, and the agent's own end: nobody waits without a limit.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Instant;

use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::{SOON, limits};
use super::{PATIENCE, Served, connect, read_to_end, serve, status};
use crate::door::{Limits, Rate};

impl Served {
    /// A card operation that goes on until it may end.
    fn held_back(&self) -> JoinHandle<String> {
        let (port, root) = (self.port, self.root_pem.clone());
        let request = self.good("/v1/pin/status", "{}");
        spawn_blocking(move || {
            let mut stream = connect(Ipv4Addr::LOCALHOST.into(), port, &root);
            stream.write_all(request.as_bytes()).unwrap();
            read_to_end(&mut stream)
        })
    }
}

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
async fn a_request_that_waits_is_told_so_and_keeps_its_place() {
    let served = serve(Limits {
        card_operations: 1,
        turn: SOON,
        ..limits()
    })
    .await;
    let first = served.held_back();
    served.recorder.0.begun.notified().await;

    let asked = served.good("/v1/card/read", "{}");
    let queued = served.exchange(asked.clone()).await;
    assert_eq!(status(&queued), "503", "{queued}");
    assert!(queued.contains("\"code\":\"busy-queued\""), "{queued}");
    assert!(queued.contains("\"ahead\":0"), "{queued}");
    assert!(queued.contains("retry-after: 0"), "{queued}");
    let (_, ticket) = queued.split_once("\"ticket\":\"").unwrap();
    let (ticket, _) = ticket.split_once('"').unwrap();
    // Cards keep nobody from the rest.
    let status_of_all = served.exchange(served.good("/v1/status", "{}")).await;
    assert_eq!(status(&status_of_all), "200");

    let again = served.exchange(asked.replace(
        "X-Paraphe: 1",
        &format!("X-Paraphe: 1\r\nX-Paraphe-Queue: {ticket}"),
    ));
    let later = served.exchange(asked.clone());
    served.recorder.0.finish.notify_one();
    let (again, later) = tokio::join!(again, later);
    assert_eq!(status(&again), "200", "{again}");
    assert_eq!(status(&later), "200", "{later}");
    assert_eq!(status(&first.await.unwrap()), "200");
    assert_eq!(served.recorder.performed(), 4);
    let numbers = serde_json::to_value(served.traffic.summaries()).unwrap();
    assert_eq!(numbers[0]["requests_performed"], 4, "{numbers}");
    assert_eq!(numbers[0]["requests_queued"], 1, "{numbers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_wait_are_refused() {
    let served = serve(Limits {
        card_operations: 1,
        waiting: 0,
        ..limits()
    })
    .await;
    let first = served.held_back();
    served.recorder.0.begun.notified().await;
    let second = served.exchange(served.good("/v1/card/read", "{}")).await;
    assert_eq!(status(&second), "429", "{second}");
    assert!(second.contains("too-busy"));
    assert!(second.contains("retry-after: 1"), "{second}");
    served.recorder.0.finish.notify_one();
    assert_eq!(status(&first.await.unwrap()), "200");
    assert_eq!(served.recorder.performed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_asks_too_often_is_told_so() {
    let served = serve(Limits {
        requests: Rate {
            burst: 2,
            per_second: 1,
        },
        ..limits()
    })
    .await;
    let mut told = Vec::new();
    // However slow the machine, so many in a row are too many in a second.
    for _ in 0..2 {
        let asked = served
            .good("/v1/status", "{}")
            .replace("close", "keep-alive");
        let last = served.good("/v1/status", "{}");
        let answers = served.exchange(asked.repeat(20) + &last).await;
        told.extend(
            answers
                .match_indices("HTTP/1.1 ")
                .map(|(place, _)| answers[place + 9..place + 12].to_owned()),
        );
    }
    assert_eq!(told.len(), 42);
    assert!(told.iter().all(|status| status == "200" || status == "429"));
    assert!(told.iter().any(|status| status == "429"), "{told:?}");
    let performed = told.iter().filter(|status| *status == "200").count();
    assert_eq!(served.recorder.performed(), performed);
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
