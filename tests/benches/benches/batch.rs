//! A batch on a card that takes 350 ms for a signature: how busy it keeps the card, and, in the same run on the same card behind
//! pcscd, one `pkcs11-tool` process for each document and a PKCS#11 loop in one process (OpenSC's module, with the key that it can
//! use of such a card).
//!
//! And how much memory 5 GB of documents take: a process of its own signs them and tells the most that it ever held, itself, its
//! libraries and the simulated card included.
//!
//! Without `--bench` a short form: few documents, a fast card, nothing to be read from the figures.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};
use paraphe::reader::{InProcessReaders, PcscBackend};
use paraphe::service::{Agent, HelperProgram};
use paraphe_benches::{WatchedCard, now, pki_path};
use paraphe_protocol::api::{Language, Operation};
use paraphe_protocol::card::Pin;
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use paraphe_softcard::profile::Timing;
use paraphe_softcard::{CardSlot, PkiDirectory, Profile, SoftCard};
use serde_json::{Value, json};

const MODULE: &str = "opensc-pkcs11.so";
/// Object identifier of the key that OpenSC can use.
const KEY: &str = "e828bd080f8025000001ff001002";
/// How this program calls itself in the environment of a private pcscd.
const LOOP: &str = "--pkcs11-loop";
const BATCH: &str = "--batch";
const LARGE: &str = "--large-batch";

/// What the card is asked and how much.
struct Plan {
    documents: usize,
    compared: usize,
    /// Documents of [`LARGE_DOCUMENT`] bytes in the large batch.
    large: usize,
    timing: Timing,
}

/// Bytes of a document of the large batch.
const LARGE_DOCUMENT: u64 = 100_000_000;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [what, count] = arguments.as_slice() {
        let count = count.parse().unwrap();
        match what.as_str() {
            LOOP => return pkcs11_loop(count),
            BATCH => return batch_behind_pcscd(count),
            LARGE => return large_batch(count),
            _ => {}
        }
    }
    let full = arguments.iter().any(|argument| argument == "--bench");
    let plan = if full {
        Plan {
            documents: 100,
            compared: 20,
            large: 50,
            timing: Timing {
                milliseconds_per_apdu: 5,
                milliseconds_per_private_key_operation: 350,
            },
        }
    } else {
        Plan {
            documents: 8,
            compared: 2,
            large: 2,
            timing: Timing {
                milliseconds_per_apdu: 0,
                milliseconds_per_private_key_operation: 5,
            },
        }
    };
    busy_share(&plan);
    memory(&plan);
    side_by_side(&plan);
}

fn card(timing: Timing) -> SoftCard {
    let mut pki = PkiDirectory::open_or_create(&pki_path(), now()).unwrap();
    let mut profile = Profile::shipped("physician").unwrap();
    if let Profile::Cps3(card) = &mut profile {
        card.timing = timing;
    }
    SoftCard::new(&profile, &mut pki).unwrap()
}

/// The PIN of every shipped card, typed at once.
struct Fingers;

impl PinEntry for Fingers {
    fn ask(&self, _request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Ok(EnteredPin::Pin(Pin::from_digits(b"1234")?))
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

fn config() -> Config {
    let pki = PkiDirectory::open_or_create(&pki_path(), now()).unwrap();
    let text = format!(
        "[trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n",
        pki.anchors(),
        pki.intermediates(),
        pki.crls()
    );
    Config::from_toml(&text, Path::new("bench.toml")).unwrap()
}

fn agent(backend: Arc<dyn paraphe::reader::Backend>, state: &Path) -> Agent {
    let helper = HelperProgram::at("/nowhere");
    Agent::start_with(
        Arc::new(config()),
        backend,
        Arc::new(Fingers),
        state,
        &helper,
    )
    .unwrap()
}

fn documents(folder: &Path, count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| {
            let path = folder.join(format!("document-{number}.txt"));
            fs::write(&path, format!("Compte rendu {number}\n").repeat(5000)).unwrap();
            json!({"source": {"path": path}})
        })
        .collect()
}

/// Documents that fill no disk: between the head and the end of a PDF a hole, read as so many zero bytes.
fn large_documents(folder: &Path, count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| {
            let path = folder.join(format!("scan-{number}.pdf"));
            let file = fs::File::create(&path).unwrap();
            file.write_all_at(b"%PDF-1.4\n", 0).unwrap();
            let end = b"\n%%EOF\n";
            file.write_all_at(end, LARGE_DOCUMENT - end.len() as u64)
                .unwrap();
            json!({"source": {"path": path}})
        })
        .collect()
}

/// Signs these documents one by one; gives what it took from the question to the last result.
fn batch(agent: &Agent, folder: &Path, items: &[Value]) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
    let perform = |operation, body: Value| {
        let body = body.to_string();
        let answer = agent.perform(
            &Caller::CommandLine,
            operation,
            body.as_bytes(),
            Language::English,
        );
        let answer = runtime.block_on(answer).unwrap();
        serde_json::from_str::<Value>(answer.get()).unwrap()
    };
    let output = folder.join("results");
    let body = json!({"purpose": "Bench", "items": items, "output": output});
    let started = perform(Operation::BatchStart, body);
    loop {
        let status = perform(Operation::BatchStatus, json!({"batch": started["batch"]}));
        let summary = &status["batches"][0];
        match summary["state"].as_str().unwrap() {
            "done" => break assert_eq!(summary["done"], items.len(), "{summary}"),
            "stopped" => panic!("{summary}"),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    begun.elapsed()
}

fn busy_share(plan: &Plan) {
    let folder = tempfile::tempdir().unwrap();
    let readers = InProcessReaders::new();
    let agent = agent(Arc::new(readers.clone()), &folder.path().join("state"));
    let (inserted, work) = WatchedCard::new(card(plan.timing));
    readers.insert("Lecteur 1", inserted);
    assert!(agent.readers().wait_for(Duration::from_secs(30), |views| {
        views.iter().any(|view| view.atr.is_some())
    }));
    let items = documents(folder.path(), plan.documents);
    let took = batch(&agent, folder.path(), &items);
    let work = *work.lock().unwrap();
    let span = work.last_signature.unwrap() - work.first_signature.unwrap();
    println!(
        "batch: {} documents, {} ms a signature: {:.1} s in all; from the first signature to the last the card was busy {:.2} % of {:.1} s",
        plan.documents,
        plan.timing.milliseconds_per_private_key_operation,
        took.as_secs_f64(),
        100.0 * work.busy_between.as_secs_f64() / span.as_secs_f64(),
        span.as_secs_f64()
    );
}

fn side_by_side(plan: &Plan) {
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver]).unwrap();
    let slot = &pcscd.slots()[0];
    let inserted = CardSlot::insert(slot.endpoint.clone(), card(plan.timing), None);
    inserted.wait_ready(Duration::from_secs(30)).unwrap();
    let count = plan.compared;
    let each =
        |took: Duration| took.as_secs_f64() * 1000.0 / f64::from(u32::try_from(count).unwrap());
    let own = |what: &str| {
        let program = std::env::current_exe().unwrap();
        let output = pcscd
            .client(program)
            .args([what, &count.to_string()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let milliseconds = String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .unwrap();
        Duration::from_millis(milliseconds)
    };
    let ours = own(BATCH);
    let in_a_loop = own(LOOP);
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    for number in 0..count {
        let path = |name: &str| folder.path().join(name);
        fs::write(path("in"), digest_info(&number.to_be_bytes())).unwrap();
        let mut command: Command = pcscd.client("pkcs11-tool");
        let output = command
            .args(["--module", MODULE, "--login", "-p", "1234", "--sign"])
            .args(["-m", "RSA-PKCS", "--id", KEY, "-i"])
            .arg(path("in"))
            .arg("-o")
            .arg(path("out"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let processes = begun.elapsed();
    println!(
        "batch: {count} documents behind pcscd, a document: ours {:.0} ms (entry, certificates, formats and files included), \
         PKCS#11 loop in one process {:.0} ms (bare signatures), one pkcs11-tool process each {:.0} ms (bare signatures)",
        each(ours),
        each(in_a_loop),
        each(processes)
    );
}

fn batch_behind_pcscd(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let agent = agent(Arc::new(PcscBackend), &folder.path().join("state"));
    assert!(agent.readers().wait_for(Duration::from_secs(30), |views| {
        views.iter().any(|view| view.atr.is_some())
    }));
    let items = documents(folder.path(), count);
    println!("{}", batch(&agent, folder.path(), &items).as_millis());
}

fn memory(plan: &Plan) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([LARGE, &plan.large.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let gigabytes = LARGE_DOCUMENT as f64 * plan.large as f64 / 1e9;
    println!(
        "batch: {gigabytes:.1} GB in {} documents: {}",
        plan.large,
        String::from_utf8_lossy(&output.stdout).trim()
    );
}

fn large_batch(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let readers = InProcessReaders::new();
    let agent = agent(Arc::new(readers.clone()), &folder.path().join("state"));
    let (inserted, _) = WatchedCard::new(card(Timing::default()));
    readers.insert("Lecteur 1", inserted);
    assert!(agent.readers().wait_for(Duration::from_secs(30), |views| {
        views.iter().any(|view| view.atr.is_some())
    }));
    let items = large_documents(folder.path(), count);
    let before = peak_memory();
    let took = batch(&agent, folder.path(), &items);
    println!(
        "at most {} KiB of memory in all ({before} KiB before the first document), {:.1} s",
        peak_memory(),
        took.as_secs_f64()
    );
}

/// The most memory that this process ever held, KiB (`VmHWM` of proc(5)).
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let value = line.unwrap().trim().trim_end_matches(" kB");
    value.parse().unwrap()
}

/// DigestInfo of SHA-256 (RFC 8017 section 9.2), as a raw PKCS#11 signature wants it.
fn digest_info(bytes: &[u8]) -> Vec<u8> {
    const PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    [PREFIX.as_slice(), &openssl::sha::sha256(bytes)].concat()
}

fn pkcs11_loop(count: usize) {
    let begun = Instant::now();
    let pkcs11 = Pkcs11::new(MODULE).unwrap();
    pkcs11
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slot = pkcs11.get_slots_with_token().unwrap()[0];
    let session = pkcs11.open_ro_session(slot).unwrap();
    let pin = AuthPin::new("1234".to_owned().into_boxed_str());
    session.login(UserType::User, Some(&pin)).unwrap();
    let id = (0..KEY.len() / 2)
        .map(|index| u8::from_str_radix(&KEY[2 * index..2 * index + 2], 16).unwrap())
        .collect();
    let template = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Id(id),
    ];
    let key = session.find_objects(&template).unwrap()[0];
    for number in 0..count {
        let bytes = digest_info(&number.to_be_bytes());
        session.sign(&Mechanism::RsaPkcs, key, &bytes).unwrap();
    }
    println!("{}", begun.elapsed().as_millis());
}
