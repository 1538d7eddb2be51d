//! A PKCS#11 module that fails takes nothing with it but the call that it was in: each fault ends in a typed error that names
//! the module, within a bound, and the next operation works. The flags of a PIN, a token that is another one now, and a keypad.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::soft_hsm::{PIN, SoftHsm};
use crate::stage::{self, Answer, Stage};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe::caller::Caller;
use paraphe::pin::{DescriptorPinEntry, PinEntryError, RefusedFiles, TriesLeft};
use paraphe::reader::InProcessReaders;
use paraphe::service::{Agent, HelperProgram};
use paraphe_certs::test_pki::CardPerson;
use paraphe_faulty_module::Fault;
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem};
use paraphe_protocol::card::LastTry;
use serde_json::{Value, json};

/// Far beyond any deadline here; a loaded machine does not reach it.
const BOUND: Duration = Duration::from_secs(60);

/// SoftHSM behind the faulty module.
struct Broken {
    hsm: SoftHsm,
}

impl Broken {
    fn new() -> Self {
        let hsm = SoftHsm::new();
        hsm.card("CPS", &CardPerson::sample_physician());
        // A copy, so that whatever wrote the library leaves nobody else able to.
        let directory = hsm.folder().join("module");
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(built_module(), directory.join("faulty.so")).unwrap();
        fs::set_permissions(
            directory.join("faulty.so"),
            fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        Self { hsm }
    }

    fn helper(&self) -> HelperProgram {
        self.hsm
            .helper()
            .with_variable("PARAPHE_FAULT", self.fault_file())
            .with_variable("PARAPHE_FAULTLESS_MODULE", self.hsm.module())
    }

    fn configuration(&self) -> String {
        format!(
            "[[pkcs11]]\nname = \"faulty\"\nmodule = {:?}\ntimeout_seconds = 3\n",
            self.hsm.folder().join("module/faulty.so")
        )
    }

    fn stage(&self, answers: Vec<Answer>) -> Stage {
        Stage::with_helper(answers, false, &self.configuration(), &self.helper())
    }

    fn fault_file(&self) -> PathBuf {
        self.hsm.folder().join("fault")
    }

    /// From now on the module fails so.
    fn fail(&self, fault: Fault) {
        let (_, name) = Fault::ALL
            .into_iter()
            .find(|(known, _)| *known == fault)
            .unwrap();
        fs::write(self.fault_file(), name).unwrap();
    }

    /// From now on the module does what it should.
    fn mend(&self) {
        fs::write(self.fault_file(), "").unwrap();
    }
}

/// The library beside the test program, where cargo puts it.
fn built_module() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("libparaphe_faulty_module.so"))
        .find(|path| path.exists())
        .expect("the faulty module was not built")
}

fn login() -> Value {
    json!({"nonce": URL_SAFE_NO_PAD.encode([0x5A; 32]), "server": "regional"})
}

#[track_caller]
fn problem(result: Result<Value, Problem>) -> Problem {
    match result {
        Err(problem) => problem,
        Ok(value) => panic!("succeeded: {value}"),
    }
}

fn pins(count: usize) -> Vec<Answer> {
    (0..count).map(|_| Answer::Pin(PIN)).collect()
}

/// The processes whose command line has these words: id and parent's id.
fn processes(words: &str) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        if String::from_utf8_lossy(&line)
            .replace('\0', " ")
            .contains(words)
        {
            found.push((id, parent.unwrap_or_default()));
        }
    }
    found
}

fn helpers_of_this_process() -> Vec<u32> {
    let this = std::process::id();
    let helpers = processes("paraphe pkcs11-helper").into_iter();
    helpers
        .filter(|(_, parent)| *parent == this)
        .map(|(id, _)| id)
        .collect()
}

#[tokio::test]
async fn every_fault_is_told_in_time_and_the_next_operation_works() {
    let broken = Broken::new();
    for (fault, expected) in [
        (Fault::CrashInInitialize, ErrorCode::Pkcs11ModuleFailed),
        (Fault::HangInInitialize, ErrorCode::Pkcs11ModuleFailed),
        (Fault::CrashInSign, ErrorCode::Pkcs11ModuleFailed),
        (Fault::ExitInSign, ErrorCode::Pkcs11ModuleFailed),
        (Fault::HangInSign, ErrorCode::Pkcs11ModuleFailed),
        (Fault::LongSignature, ErrorCode::Pkcs11ModuleFailed),
        (Fault::LongAttribute, ErrorCode::Pkcs11ModuleFailed),
        (Fault::RemovedInSign, ErrorCode::CardRemoved),
        (Fault::NoSlot, ErrorCode::ReaderAbsent),
    ] {
        let stage = broken.stage(pins(2));
        broken.fail(fault);
        let begun = Instant::now();
        let refused = problem(stage.perform(Operation::Login, login()).await);
        let took = begun.elapsed();
        assert_eq!(refused.code, expected, "{fault:?}: {refused:?}");
        if expected == ErrorCode::Pkcs11ModuleFailed {
            assert!(refused.detail.unwrap().contains("faulty"), "{fault:?}");
        }
        assert!(took < BOUND, "{fault:?}: {took:?}");
        println!("{fault:?}: told after {} ms", took.as_millis());
        broken.mend();
        let begun = Instant::now();
        stage.perform(Operation::Login, login()).await.unwrap();
        println!(
            "{fault:?}: works again after {} ms",
            begun.elapsed().as_millis()
        );
    }
}

#[tokio::test]
async fn a_module_that_forks_or_prints_does_no_harm() {
    for fault in [Fault::ForkInInitialize, Fault::PrintInInitialize] {
        let broken = Broken::new();
        broken.fail(fault);
        let stage = broken.stage(pins(2));
        for _ in 0..2 {
            stage.perform(Operation::Login, login()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_module_that_always_fails_rests_and_is_told_by_status() {
    let broken = Broken::new();
    broken.fail(Fault::CrashInInitialize);
    let stage = broken.stage(vec![]);
    let begun = Instant::now();
    for _ in 0..8 {
        let refused = problem(stage.perform(Operation::CardRead, json!({})).await);
        assert_eq!(refused.code, ErrorCode::Pkcs11ModuleFailed);
    }
    assert!(begun.elapsed() < 2 * BOUND, "{:?}", begun.elapsed());
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert_eq!(status["modules"][0]["works"], false, "{status}");
    assert!(
        status["warnings"]
            .to_string()
            .contains("pkcs11-module-failed")
    );
}

#[tokio::test]
async fn the_helper_has_no_descriptor_of_the_agent_and_ends_with_it() {
    let broken = Broken::new();
    broken.fail(Fault::TellDescriptors);
    // What the agent holds: a listening socket and a file.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let file = fs::File::open(broken.hsm.folder().join("softhsm2.conf")).unwrap();
    let stage = broken.stage(vec![]);
    stage.perform(Operation::CardRead, json!({})).await.unwrap();
    let told = fs::read_to_string(broken.hsm.folder().join("fault.descriptors")).unwrap();
    let sockets = told.lines().filter(|line| line.contains("socket:")).count();
    assert_eq!(sockets, 2, "its own socket, for two threads: {told}");
    assert!(!told.contains("softhsm2.conf"), "{told}");
    for number in 0..2 {
        assert!(told.contains(&format!("{number} /dev/null\n")), "{told}");
    }
    drop((listener, file));
    let helpers = helpers_of_this_process();
    assert_eq!(helpers.len(), 1);
    // The agent's end of the socket goes with the agent, also where the module never comes back.
    drop(stage);
    let until = Instant::now() + BOUND;
    while Path::new(&format!("/proc/{}", helpers[0])).exists() {
        assert!(Instant::now() < until, "the helper outlives the agent");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_flags_of_a_pin_are_the_rules_of_every_card() {
    let broken = Broken::new();
    broken.fail(Fault::FinalTry);
    let stage = broken.stage(vec![
        Answer::Pin(PIN),
        Answer::LastTryConfirmed(PIN),
        Answer::Pin(PIN),
    ]);
    let refused = problem(stage.perform(Operation::Login, login()).await);
    assert_eq!(refused.code, ErrorCode::PinLastTry);
    assert_eq!(refused.tries_left, Some(1));
    stage.perform(Operation::Login, login()).await.unwrap();
    assert!(stage.asked().iter().all(|request| request.is_last_try()));
    broken.fail(Fault::CountLow);
    let status = stage
        .perform(Operation::PinStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(status["pin"], json!({"missed": true, "blocked": false}));
    stage.perform(Operation::Login, login()).await.unwrap();
    assert_eq!(stage.asked()[2].tries_left, TriesLeft::Few);
    broken.fail(Fault::Locked);
    let refused = problem(stage.perform(Operation::Login, login()).await);
    assert_eq!(refused.code, ErrorCode::PinBlocked);
    assert_eq!(stage.asked().len(), 3, "nobody is asked for a blocked PIN");
}

#[tokio::test]
async fn a_token_that_is_another_one_now_is_given_no_pin() {
    let broken = Broken::new();
    // While the person types, the token is replaced.
    let file = broken.fault_file();
    let stage = broken.stage(vec![Answer::PinAfter(
        PIN,
        Box::new(move || fs::write(&file, "another-token").unwrap()),
    )]);
    let refused = problem(stage.perform(Operation::Login, login()).await);
    assert_eq!(refused.code, ErrorCode::CardChanged);
    assert!(refused.detail.unwrap().contains("faulty"));
}

/// Whether the token looked at the code is not known; a script that runs again must not present it again.
#[tokio::test]
async fn a_file_whose_code_a_failing_module_had_is_used_for_nothing_until_it_is_written() {
    let broken = Broken::new();
    let folder = tempfile::tempdir().unwrap();
    let refused_files = RefusedFiles::in_directory(folder.path());
    let file = folder.path().join("pin");
    let open = || {
        DescriptorPinEntry::from_file(&file, LastTry::Refused)
            .unwrap()
            .unless_refused(refused_files.clone())
    };
    for (fault, operation, had_code) in [
        (Fault::CrashInLogin, Operation::Login, true),
        (Fault::HangInLogin, Operation::Login, true),
        (Fault::CrashInSetPin, Operation::PinChange, true),
        (Fault::HangInSetPin, Operation::PinChange, true),
        // The code was accepted, or not presented yet.
        (Fault::CrashInSign, Operation::Login, false),
        (Fault::HangInSign, Operation::Login, false),
        (Fault::CrashInInitialize, Operation::Login, false),
    ] {
        fs::write(&file, format!("{PIN}\n{PIN}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        broken.mend();
        let agent = Agent::start_with(
            Arc::new(stage::configuration(&broken.configuration())),
            Arc::new(InProcessReaders::new()),
            Arc::new(open().unwrap()),
            folder.path(),
            &broken.helper(),
        )
        .unwrap();
        broken.fail(fault);
        let body = match operation {
            Operation::Login => login(),
            _ => json!({}),
        };
        let failed = agent
            .perform(
                &Caller::CommandLine,
                operation,
                body.to_string().as_bytes(),
                Language::English,
            )
            .await;
        assert_eq!(
            failed.unwrap_err().code,
            ErrorCode::Pkcs11ModuleFailed,
            "{fault:?}"
        );
        let refused = matches!(open(), Err(PinEntryError::AlreadyRefused));
        assert_eq!(refused, had_code, "{fault:?}");
    }
}

#[tokio::test]
async fn a_pin_typed_on_the_keypad_never_comes_here() {
    let broken = Broken::new();
    broken.fail(Fault::Keypad);
    let stage = broken.stage(vec![]);
    stage.perform(Operation::Login, login()).await.unwrap();
    assert!(stage.asked().is_empty());
    assert_eq!(
        stage.announced().len(),
        1,
        "the person is told to type on the reader"
    );
}

#[tokio::test]
async fn a_file_that_others_can_write_is_not_loaded() {
    let broken = Broken::new();
    let file = broken.hsm.folder().join("module/faulty.so");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o775)).unwrap();
    let stage = broken.stage(vec![]);
    let refused = problem(stage.perform(Operation::CardRead, json!({})).await);
    assert_eq!(refused.code, ErrorCode::Pkcs11ModuleRefused);
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert!(
        status["warnings"]
            .to_string()
            .contains("pkcs11-module-refused"),
        "{status}"
    );
}
