//! A lot of 1,000 documents of 100 KB from files to its signature, with one card signature, beside the hashing of the
//! same files on the same cores: the ratio of the two medians is the figure. Formats are checked and active content
//! is looked for in the same pass.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use openssl::sha::Sha256;
use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};
use paraphe::reader::InProcessReaders;
use paraphe::service::Agent;
use paraphe_benches::{pki_path, wired};
use paraphe_protocol::api::{
    DocumentDropRequest, DocumentSource, Language, LotDocumentRequest, LotPatient, LotProfile,
    LotSignRequest, Operation,
};
use paraphe_protocol::card::Pin;
use serde_json::Value;
use serde_json::value::RawValue;

const DOCUMENTS: usize = 1_000;
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
fn write_documents(folder: &Path) -> Vec<PathBuf> {
    let mut noise = 0x2545_F491_4F6C_DD1D_u64;
    (0..DOCUMENTS)
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
            std::fs::write(&path, content).unwrap();
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

fn lot(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = write_documents(folder.path());
    let readers = InProcessReaders::new();
    readers.insert("bench 00 00", wired("physician").0);
    let trust = pki_path();
    let text = format!(
        "[trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n",
        trust.join("anchors"),
        trust.join("intermediates"),
        trust.join("crls"),
    );
    let config = Arc::new(Config::from_toml(&text, Path::new("bench.toml")).unwrap());
    let agent =
        Agent::start_in(config, Arc::new(readers), Arc::new(Fingers), folder.path()).unwrap();
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
        documents: files
            .iter()
            .map(|path| LotDocumentRequest {
                sha256: None,
                source: DocumentSource::Path(path.to_str().unwrap().to_owned()),
                title: "Document".to_owned(),
                media_type: None,
                type_code: None,
            })
            .collect(),
        cda: false,
        practice_situation: None,
        mandate: None,
        reader: None,
        card: None,
    };
    let body = serde_json::to_vec(&request).unwrap();
    let perform = |operation: Operation, body: &[u8]| -> Box<RawValue> {
        let answer = agent.perform(&Caller::CommandLine, operation, body, Language::French);
        runtime.block_on(answer).unwrap()
    };

    let mut group = criterion.benchmark_group("1,000 documents of 100 KB");
    group.sample_size(20);
    group.bench_function("hashing alone", |bencher| bencher.iter(|| hash_all(&files)));
    group.bench_function("lot/sign", |bencher| {
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let started = Instant::now();
                let signed = perform(Operation::LotSign, &body);
                spent += started.elapsed();
                let signed: Value = serde_json::from_str(signed.get()).unwrap();
                assert_eq!(signed["documents"].as_array().unwrap().len(), DOCUMENTS);
                // The signature is kept for the caller until it is given up.
                let document = signed["signature"]["document"].as_str().unwrap().to_owned();
                let drop = serde_json::to_vec(&DocumentDropRequest { document }).unwrap();
                perform(Operation::DocumentDrop, &drop);
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, lot);
criterion_main!(benches);
