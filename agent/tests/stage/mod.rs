//! A workstation for tests: an agent on in-process readers, soft cards whose counters stay in reach, a person who answers
//! the PIN questions as scripted, and a test PKI that the agent trusts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    unreachable_pub,
    reason = "tests, each of which uses a part"
)]

pub mod documents;
pub mod home;
pub mod pcsc;
pub mod running;
pub mod session_manager;
pub mod time_stamping;
pub mod trust;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use paraphe::caller::Caller;
use paraphe::config::Config;
use paraphe::pin::{
    EnteredPin, KeypadNotice, Passphrase, PinEntry, PinEntryError, PinRequest, Question,
};
use paraphe::reader::{Backend, CardOutcome, InProcessCard, InProcessReaders};
use paraphe::service::{Agent, HelperProgram};
use paraphe_protocol::SecretPage;
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem};
use paraphe_protocol::card::{LastTry, Pin, UnblockingCode};
use paraphe_softcard::{Counters, PkiDirectory, Profile, Scenario, SoftCard};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(30);

/// The PKI of all tests of this folder; parallel processes share it.
pub fn pki() -> PkiDirectory {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("agent-pki");
    PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap()
}

/// A soft card that stays in reach while it is in a reader.
#[derive(Clone)]
pub struct Card(Arc<Mutex<SoftCard>>);

impl Card {
    pub fn shipped(profile: &str) -> Self {
        Self::of(&Profile::shipped(profile).unwrap())
    }

    /// The shipped profile with one JSON value replaced, by pointer.
    pub fn altered(profile: &str, pointer: &[&str], value: Value) -> Self {
        Self::of(&altered_profile(profile, pointer, value))
    }

    /// A shipped profile's card under a scenario.
    pub fn scripted(profile: &str, scenario: &Scenario) -> Self {
        let profile = Profile::shipped(profile).unwrap();
        let mut pki = pki();
        let card = SoftCard::new(&profile, &mut pki).unwrap();
        let card = card.with_scenario(scenario, &mut pki).unwrap();
        Self(Arc::new(Mutex::new(card)))
    }

    /// Looks at the card itself.
    pub fn with<R>(&self, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        look(&mut self.0.lock().unwrap())
    }

    /// The JSON of a shipped profile.
    pub fn profile_json(profile: &str) -> Value {
        let path = format!(
            "{}/../tests/softcard/profiles/{profile}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    pub fn from_json(profile: &Value) -> Self {
        Self::of(&Profile::from_json(&profile.to_string()).unwrap())
    }

    fn of(profile: &Profile) -> Self {
        Self(Arc::new(Mutex::new(
            SoftCard::new(profile, &mut pki()).unwrap(),
        )))
    }

    pub fn counters(&self) -> Counters {
        self.0.lock().unwrap().counters()
    }

    pub fn tries_left(&self) -> u8 {
        self.0.lock().unwrap().pin_tries_left().unwrap()
    }

    pub fn pin_verified(&self) -> bool {
        self.0.lock().unwrap().pin_verified()
    }

    /// Waits until its PIN is not verified: who was given a signature early may look before the transaction is over.
    pub async fn until_locked(&self) {
        let until = Instant::now() + LONG;
        while self.pin_verified() {
            assert!(Instant::now() < until, "the card stays verified");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The shipped profile with one JSON value replaced, by pointer.
pub fn altered_profile(profile: &str, pointer: &[&str], value: Value) -> Profile {
    let mut json = Card::profile_json(profile);
    let place = pointer
        .iter()
        .fold(&mut json, |place, key| &mut place[*key]);
    *place = value;
    Profile::from_json(&json.to_string()).unwrap()
}

impl InProcessCard for Card {
    fn atr(&self) -> Vec<u8> {
        self.0.lock().unwrap().atr().to_vec()
    }

    fn reset(&mut self) {
        self.0.lock().unwrap().reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.0.lock().unwrap().transmit(command)
    }

    fn exchange(&mut self, command: &[u8]) -> CardOutcome {
        self.0.lock().unwrap().exchange(command).into()
    }
}

/// What the person does when asked.
pub enum Answer {
    Pin(&'static str),
    /// The PIN, once something else has happened.
    PinAfter(&'static str, Box<dyn FnOnce() + Send>),
    LastTryConfirmed(&'static str),
    /// The unblocking code, whose last try may not be spent.
    Unblocking(&'static str),
    Passphrase(&'static str),
    /// Yes, the last try may be spent at the reader's keypad.
    ConfirmLastTry,
    Cancel,
    /// Yes to a question of yes or no, after so long.
    Allow(Duration),
    /// No to a question of yes or no.
    Refuse,
}

/// A person who follows a script, and remembers what was asked.
#[derive(Default)]
pub struct Person {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<PinRequest>>,
    /// What was shown while the PIN was typed on the reader.
    announced: Mutex<Vec<PinRequest>>,
    /// The questions of yes or no.
    questions: Mutex<Vec<Question>>,
    /// What happens while the person types the next answer.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// How often a code was told to be refused.
    refusals: AtomicUsize,
    unattended: bool,
}

impl Person {
    pub fn new(answers: Vec<Answer>, unattended: bool) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.into()),
            unattended,
            ..Self::default()
        })
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<PinRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// What was shown so far while the PIN was typed on the reader.
    pub fn announced(&self) -> Vec<PinRequest> {
        self.announced.lock().unwrap().clone()
    }
}

impl PinEntry for Person {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        self.asked.lock().unwrap().push(request.clone());
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        let pin = |digits: &str| Pin::from_digits(digits.as_bytes());
        match self.answers.lock().unwrap().pop_front() {
            Some(Answer::Pin(digits)) => Ok(EnteredPin::Pin(pin(digits)?)),
            Some(Answer::PinAfter(digits, happens)) => {
                happens();
                Ok(EnteredPin::Pin(pin(digits)?))
            }
            Some(Answer::LastTryConfirmed(digits)) => {
                Ok(EnteredPin::LastTryConfirmed(pin(digits)?))
            }
            Some(Answer::Cancel) => Err(PinEntryError::Cancelled),
            Some(_) => panic!("a PIN was asked for"),
            None => panic!("the person was asked once too often"),
        }
    }

    fn ask_unblocking_code(
        &self,
        request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        self.asked.lock().unwrap().push(request.clone());
        match self.answers.lock().unwrap().pop_front() {
            Some(Answer::Unblocking(digits)) => {
                let code = UnblockingCode::from_digits(digits.as_bytes())?;
                Ok((code, LastTry::Refused))
            }
            Some(Answer::Cancel) => Err(PinEntryError::Cancelled),
            _ => panic!("an unblocking code was asked for"),
        }
    }

    fn ask_passphrase(&self, request: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        self.asked.lock().unwrap().push(request.clone());
        match self.answers.lock().unwrap().pop_front() {
            Some(Answer::Passphrase(text)) => {
                let page = SecretPage::copy_of(text.as_bytes()).unwrap();
                Ok((Passphrase::from_page(page)?, LastTry::Refused))
            }
            Some(Answer::Cancel) => Err(PinEntryError::Cancelled),
            _ => panic!("a passphrase was asked for"),
        }
    }

    fn confirm_last_try(&self, request: &PinRequest) -> Result<(), PinEntryError> {
        self.asked.lock().unwrap().push(request.clone());
        match self.answers.lock().unwrap().pop_front() {
            Some(Answer::ConfirmLastTry) => Ok(()),
            Some(Answer::Cancel) => Err(PinEntryError::Cancelled),
            _ => panic!("a confirmation was asked for"),
        }
    }

    fn announce_keypad(&self, request: &PinRequest) -> Result<KeypadNotice, PinEntryError> {
        self.announced.lock().unwrap().push(request.clone());
        Ok(KeypadNotice::lines())
    }

    fn confirm(
        &self,
        question: &Question,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<(), PinEntryError> {
        self.questions.lock().unwrap().push(question.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(Answer::Allow(after)) => {
                let until = Instant::now() + after;
                while Instant::now() < until {
                    if withdrawn() {
                        return Err(PinEntryError::Withdrawn);
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(())
            }
            Some(Answer::Refuse) => Err(PinEntryError::Cancelled),
            // Nobody looks at the window.
            _ => Err(PinEntryError::Timeout),
        }
    }

    fn note_refused(&self) {
        self.refusals.fetch_add(1, Ordering::SeqCst);
    }

    fn is_interactive(&self) -> bool {
        !self.unattended
    }
}

/// A workstation.
pub struct Stage {
    pub readers: InProcessReaders,
    pub agent: Agent,
    person: Arc<Person>,
    state: tempfile::TempDir,
}

impl Stage {
    pub fn new(answers: Vec<Answer>) -> Self {
        Self::with(answers, false, "")
    }

    pub fn unattended(answers: Vec<Answer>) -> Self {
        Self::with(answers, true, "")
    }

    pub fn with(answers: Vec<Answer>, unattended: bool, more_configuration: &str) -> Self {
        let helper = HelperProgram::at(env!("CARGO_BIN_EXE_paraphe"));
        Self::with_helper(answers, unattended, more_configuration, &helper)
    }

    /// The same with this program for PKCS#11 modules.
    pub fn with_helper(
        answers: Vec<Answer>,
        unattended: bool,
        more_configuration: &str,
        helper: &HelperProgram,
    ) -> Self {
        let readers = InProcessReaders::new();
        let backend: Arc<dyn Backend> = Arc::new(readers.clone());
        Self {
            readers,
            ..Self::start(backend, answers, unattended, more_configuration, helper)
        }
    }

    /// The same on whatever readers; the field `readers` then leads nowhere.
    pub fn over(
        backend: Arc<dyn Backend>,
        answers: Vec<Answer>,
        unattended: bool,
        more_configuration: &str,
    ) -> Self {
        let helper = HelperProgram::at(env!("CARGO_BIN_EXE_paraphe"));
        Self::start(backend, answers, unattended, more_configuration, &helper)
    }

    fn start(
        backend: Arc<dyn Backend>,
        answers: Vec<Answer>,
        unattended: bool,
        more_configuration: &str,
        helper: &HelperProgram,
    ) -> Self {
        let config = configuration(more_configuration);
        let person = Person::new(answers, unattended);
        let state = tempfile::tempdir().unwrap();
        let agent = Agent::start_with(
            Arc::new(config),
            backend,
            Arc::clone(&person) as Arc<dyn PinEntry>,
            state.path(),
            helper,
        )
        .unwrap();
        Self {
            readers: InProcessReaders::new(),
            agent,
            person,
            state,
        }
    }

    /// Where the agent keeps what outlives it.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// What happens while the person types the next PIN.
    pub fn meanwhile(&self, happens: impl FnOnce() + Send + 'static) {
        *self.person.meanwhile.lock().unwrap() = Some(Box::new(happens));
    }

    /// What the person will answer next, and nothing after it.
    pub fn will_answer(&self, answer: Answer) {
        *self.person.answers.lock().unwrap() = [answer].into();
    }

    /// Puts a card in and waits until the agent has seen it.
    pub fn insert(&self, reader: &str, card: &Card) {
        self.insert_any(reader, card.clone());
    }

    /// The same, with a card that is no soft card.
    pub fn insert_any(&self, reader: &str, card: impl InProcessCard + 'static) {
        let before = self.agent.readers().list().unwrap();
        self.readers.insert(reader, card);
        assert!(self.agent.readers().wait_for(LONG, |views| {
            views != before.as_slice()
                && views
                    .iter()
                    .any(|view| &*view.target.reader == reader && view.atr.is_some())
        }));
    }

    /// What was shown while the PIN was typed on the reader.
    pub fn announced(&self) -> Vec<PinRequest> {
        self.person.announced()
    }

    /// How often the entry was told that its code was refused.
    pub fn refusals(&self) -> usize {
        self.person.refusals.load(Ordering::SeqCst)
    }

    /// The questions of yes or no that the person was asked.
    pub fn questions(&self) -> Vec<Question> {
        self.person.questions.lock().unwrap().clone()
    }

    /// What the person was asked.
    pub fn asked(&self) -> Vec<PinRequest> {
        self.person.asked()
    }

    /// The journal's entries, the latest first.
    pub async fn journal(&self) -> Vec<Value> {
        let body = serde_json::json!({"limit": 50});
        let answer = self
            .perform_as(&program(), Operation::AuditList, body)
            .await;
        answer.unwrap()["entries"].as_array().unwrap().clone()
    }

    pub async fn perform(&self, operation: Operation, body: Value) -> Result<Value, Problem> {
        self.perform_as(&Caller::CommandLine, operation, body).await
    }

    pub async fn perform_as(
        &self,
        caller: &Caller,
        operation: Operation,
        body: Value,
    ) -> Result<Value, Problem> {
        self.agent
            .perform(
                caller,
                operation,
                body.to_string().as_bytes(),
                Language::English,
            )
            .await
            .map(|answer| serde_json::from_str(answer.get()).unwrap())
    }
}

/// A configuration that trusts the test PKI, with more TOML at its end.
pub fn configuration(more: &str) -> Config {
    let pki = pki();
    let configuration = format!(
        "{SITES}\n[trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n{more}",
        pki.anchors(),
        pki.intermediates(),
        pki.crls()
    );
    Config::from_toml(&configuration, Path::new("test.toml")).unwrap()
}

/// A site of the configuration, and one that may not log in.
pub const SITE: &str = "https://dossier.example";
pub const SITE_WITHOUT_SERVER: &str = "https://cabinet.example";
pub const AUDIENCE: &str = "https://dossier.example/api";

const SITES: &str = r#"
[[record_server]]
name = "regional"
title = "Dossier régional"
audience = "https://dossier.example/api"

[[record_server]]
name = "other"
title = "Autre dossier"
audience = "other.example"

[[site]]
origin = "https://dossier.example"
record_server = "regional"

[[site]]
origin = "https://cabinet.example"
"#;

/// Why an operation was refused.
pub fn code(result: &Result<Value, Problem>) -> ErrorCode {
    match result {
        Err(problem) => problem.code,
        Ok(value) => panic!("succeeded: {value}"),
    }
}

pub fn site(origin: &str) -> Caller {
    Caller::Site(origin.parse().unwrap())
}

/// A second program of the user.
pub fn program() -> Caller {
    Caller::LocalProgram {
        uid: 1000,
        pid: None,
    }
}
