//! What the HTTPS door adds to an operation: the same `card/read` asked for in this process and through TLS, gate and
//! HTTP, on one connection as a browser keeps it. The difference of the medians is the overhead.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::demo::Page;
use paraphe::door::https::HttpsDoor;
use paraphe::door::{Limits, Rate, Reception, Stop};
use paraphe::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};
use paraphe::reader::InProcessReaders;
use paraphe::service::Agent;
use paraphe::trust::{TlsDirectory, TrustState};
use paraphe_benches::{now, wired};
use paraphe_protocol::api::{CardReadRequest, Language, Operation};
use serde_json::Value;

const ORIGIN: &str = "https://dossier.simulateur.invalid";

/// Nothing here asks for a PIN.
struct NoPin;

impl PinEntry for NoPin {
    fn ask(&self, _: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Err(PinEntryError::Cancelled)
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

fn https(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let readers = InProcessReaders::new();
    readers.insert("bench 00 00", wired("physician").0);
    let text = format!("[[site]]\norigin = \"{ORIGIN}\"\n");
    let config = Arc::new(Config::from_toml(&text, Path::new("bench.toml")).unwrap());
    let agent = Agent::start_in(config, Arc::new(readers), Arc::new(NoPin), folder.path()).unwrap();
    let tls = TlsDirectory::new(folder.path().join("tls"));
    tls.initialise(now(), false).unwrap();
    let identity = tls.read(now()).and_then(TrustState::into_identity).unwrap();
    let root = std::fs::read(tls.root_file()).unwrap();
    let (stop, stopped) = Stop::by_hand();

    let mut page = runtime.block_on(async {
        let door = HttpsDoor::listen(0, identity).await.unwrap();
        let port = door.port();
        let handler = agent.clone();
        tokio::spawn(async move {
            let callers = handler.callers();
            // One page never asks as often as this bench.
            let limits = Limits {
                requests: Rate {
                    burst: 1_000_000,
                    per_second: 1_000_000,
                },
                ..Limits::default()
            };
            let reception = Reception::new(limits, handler.traffic().clone());
            door.serve(handler, callers, Arc::new(reception), stopped)
                .await;
        });
        Page::open(port, &root, ORIGIN).await.unwrap()
    });

    let body = serde_json::to_vec(&CardReadRequest::default()).unwrap();
    let mut group = criterion.benchmark_group("card/read");
    group.bench_function("in process", |bencher| {
        bencher.iter(|| {
            let answer = agent.perform(
                &Caller::CommandLine,
                Operation::CardRead,
                &body,
                Language::French,
            );
            black_box(runtime.block_on(answer).unwrap())
        });
    });
    group.bench_function("through HTTPS", |bencher| {
        let request = CardReadRequest::default();
        bencher.iter(|| {
            let answer = page.call::<Value>(Operation::CardRead, &request);
            black_box(runtime.block_on(answer).unwrap())
        });
    });
    group.finish();
    drop(stop);
}

criterion_group!(benches, https);
criterion_main!(benches);
