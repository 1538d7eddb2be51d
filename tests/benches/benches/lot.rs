//! A lot of 1,000 documents of 100 KB from files to its signature, with one card signature, and the verification of that signature
//! with its documents, beside the hashing of the same files on the same cores: the ratio of the medians is the figure.
//! Formats are checked and active content is looked for in the same pass as a lot is signed.
//!
//! With `--bench` also a lot of 10,000, 1 GB, on a card that takes 350 ms for its one signature. That comes when everything is hashed
//! and nothing can make it shorter: what is measured is the rest, and the whole is printed once.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use openssl::sha::Sha256;
use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};
use paraphe::reader::InProcessReaders;
use paraphe::service::Agent;
use paraphe_benches::{WatchedCard, Work, pki_path, wired_with};
use paraphe_protocol::api::{
    DocumentDropRequest, DocumentSource, Language, LotDocumentRequest, LotPatient, LotProfile,
    LotSignRequest, Operation, VerifyRequest,
};
use paraphe_protocol::card::Pin;
use paraphe_softcard::profile::Timing;
use serde_json::Value;
use serde_json::value::RawValue;

const BYTES: usize = 100_000;
const BUFFER: usize = 256 << 10;

struct Fingers;

impl PinEntry for Fingers {
    fn ask(&self, _: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Ok(EnteredPin::Pin(Pin::from_digits(b"1234")?))
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

/// PDF files whose streams are noise, as scanned or compressed pages are.
fn write_documents(folder: &Path, count: usize) -> Vec<PathBuf> {
    let mut noise = 0x2545_F491_4F6C_DD1D_u64;
    (0..count)
        .map(|number| {
            let head = format!("%PDF-1.4\n% {number}\n1 0 obj\n<< /Length {BYTES} >>\nstream\n");
            let mut content = head.into_bytes();
            while content.len() < BYTES - 24 {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                content.extend(noise.to_le_bytes());
            }
            content.extend(b"\nendstream\nendobj\n%%EOF\n");
            let path = folder.join(format!("document-{number:04}.pdf"));
            let mut file = File::create_new(&path).unwrap();
            file.write_all(&content).unwrap();
            // Else the kernel writes a gigabyte back while it is measured.
            file.sync_all().unwrap();
            path
        })
        .collect()
}

/// The least that any program must do: read the files and hash them, on every core.
fn hash_all(files: &[PathBuf]) {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().unwrap().get();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut buffer = vec![0; BUFFER];
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut file = File::open(path).unwrap();
                    let mut hasher = Sha256::new();
                    loop {
                        let read = file.read(&mut buffer).unwrap();
                        if read == 0 {
                            break;
                        }
                        hasher.update(&buffer[..read]);
                    }
                    black_box(hasher.finish());
                }
            });
        }
    });
}

/// A lot's files, and an agent with a card that signs them.
struct Desk {
    files: Vec<PathBuf>,
    agent: Agent,
    runtime: tokio::runtime::Runtime,
    /// What the card did.
    work: Arc<Mutex<Work>>,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(documents: usize, timing: Timing) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let readers = InProcessReaders::new();
        let (card, work) = WatchedCard::new(wired_with("physician", timing).0);
        readers.insert("bench 00 00", card);
        let trust = pki_path();
        let text = format!(
            "[trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n[limits]\nlot_documents = {documents}\n",
            trust.join("anchors"),
            trust.join("intermediates"),
            trust.join("crls"),
        );
        let config = Arc::new(Config::from_toml(&text, Path::new("bench.toml")).unwrap());
        let readers = Arc::new(readers);
        Self {
            files: write_documents(folder.path(), documents),
            agent: Agent::start_in(config, readers, Arc::new(Fingers), folder.path()).unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .unwrap(),
            work,
            _folder: folder,
        }
    }

    fn sources(&self) -> impl Iterator<Item = DocumentSource> + '_ {
        let paths = self.files.iter();
        paths.map(|path| DocumentSource::Path(path.to_str().unwrap().to_owned()))
    }

    fn sign_request(&self) -> Vec<u8> {
        let request = LotSignRequest {
            profile: LotProfile::Dsg,
            patient: LotPatient {
                ins: "178079999900861".to_owned(),
                birth_name: None,
                given_names: None,
                birth_date: None,
                sex: None,
                birth_place: None,
            },
            documents: self
                .sources()
                .map(|source| LotDocumentRequest {
                    source,
                    title: "Document".to_owned(),
                    media_type: None,
                    type_code: None,
                    sha256: None,
                })
                .collect(),
            cda: false,
            practice_situation: None,
            reader: None,
            card: None,
            mandate: None,
        };
        serde_json::to_vec(&request).unwrap()
    }

    fn perform(&self, operation: Operation, body: &[u8]) -> Box<RawValue> {
        let caller = Caller::CommandLine;
        let answer = self
            .agent
            .perform(&caller, operation, body, Language::French);
        self.runtime.block_on(answer).unwrap()
    }

    /// Signs the lot once: the document that holds its signature, all that it took, and what the card took of that.
    fn sign(&self, request: &[u8]) -> (String, Duration, Duration) {
        let busy = || self.work.lock().unwrap().busy;
        let before = busy();
        let started = Instant::now();
        let signed = self.perform(Operation::LotSign, request);
        let spent = started.elapsed();
        let on_the_card = busy() - before;
        let signed: Value = serde_json::from_str(signed.get()).unwrap();
        assert_eq!(
            signed["documents"].as_array().unwrap().len(),
            self.files.len()
        );
        let document = signed["signature"]["document"].as_str().unwrap();
        (document.to_owned(), spent, on_the_card)
    }

    /// The signature is kept for the caller until it is given up.
    fn drop_document(&self, document: String) {
        let drop = serde_json::to_vec(&DocumentDropRequest { document }).unwrap();
        self.perform(Operation::DocumentDrop, &drop);
    }

    fn verify(&self, request: &[u8]) {
        let report = self.perform(Operation::Verify, request);
        let passed = r#"{"conclusion":"total-passed","#;
        assert!(report.get().starts_with(passed), "not passed");
    }
}

fn lot(criterion: &mut Criterion) {
    let desk = Desk::new(1_000, Timing::default());
    let mut group = criterion.benchmark_group("1,000 documents of 100 KB");
    group.sample_size(20);
    group.bench_function("hashing alone", |bencher| {
        bencher.iter(|| hash_all(&desk.files));
    });
    let request = desk.sign_request();
    group.bench_function("lot/sign", |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let (document, all, _) = desk.sign(&request);
                spent += all;
                desk.drop_document(document);
            }
            spent
        });
    });
    let (document, ..) = desk.sign(&request);
    let documents: Vec<_> = desk.sources().collect();
    let request = VerifyRequest {
        signature: DocumentSource::Document(document),
        documents,
    };
    let request = serde_json::to_vec(&request).unwrap();
    group.bench_function("verify", |bencher| bencher.iter(|| desk.verify(&request)));
    group.finish();
}

fn large_lot(criterion: &mut Criterion) {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let desk = Desk::new(
        10_000,
        Timing {
            milliseconds_per_apdu: 0,
            milliseconds_per_private_key_operation: 350,
        },
    );
    let mut group = criterion.benchmark_group("10,000 documents of 100 KB");
    group.sample_size(10);
    group.bench_function("hashing alone", |bencher| {
        bencher.iter(|| hash_all(&desk.files));
    });
    let request = desk.sign_request();
    group.bench_function("lot/sign but the card's own time", |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let (document, all, card) = desk.sign(&request);
                spent += all - card;
                desk.drop_document(document);
            }
            spent
        });
    });
    let (_, all, card) = desk.sign(&request);
    println!("lot/sign of 10,000: {all:?} in all, {card:?} of it the card's");
    group.finish();
}

criterion_group!(benches, lot, large_lot);
criterion_main!(benches);
