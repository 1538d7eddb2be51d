//! One module and its helper process, supervised: started when it is needed, killed when it passes a deadline or answers
//! nonsense, started again after a rest that grows with every failure in a row. A module that fails takes nothing with it but
//! the call that it was in; every failure names the module.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{ErrorCode, EventKind};

use super::error::{Pkcs11Error, Pkcs11Fault};
use super::helper_process::{HelperProcess, HelperProgram, NoAnswer};
use super::message::{Answer, Call, Refusal, SlotState};
use super::place_of;
use crate::config::Pkcs11Module;
use crate::events::EventLog;
use crate::problem::Failure;
use crate::reader::Readers;
use crate::trusted_file::FileFault;

/// How often a module is asked which tokens there are.
const POLL: Duration = Duration::from_secs(2);
/// Rests before a helper is started again: none after one failure, then doubled from the first to the last.
const FIRST_REST: Duration = Duration::from_millis(250);
const LAST_REST: Duration = Duration::from_secs(30);
/// The longest rest that an operation waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A configured module.
#[derive(Debug)]
pub(crate) struct Module {
    name: String,
    files: Vec<PathBuf>,
    limit: Duration,
    program: HelperProgram,
    helper: Mutex<Helper>,
    seen: Mutex<Seen>,
}

/// The helper process, and how it went so far.
#[derive(Debug, Default)]
pub(crate) struct Helper {
    process: Option<HelperProcess>,
    failures: u32,
    rests_until: Option<Instant>,
    last_fault: Option<Pkcs11Fault>,
}

/// What was last seen of a module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Whether the module was ever asked.
    pub(crate) asked: bool,
    pub(crate) slots: Vec<SlotState>,
    /// The module's own description and version.
    pub(crate) description: String,
    /// Why it cannot be used.
    pub(crate) fault: Option<Pkcs11Fault>,
}

impl Module {
    pub(crate) fn new(configured: &Pkcs11Module, program: HelperProgram) -> Self {
        Self {
            name: configured.name.as_str().to_owned(),
            files: configured.files.clone(),
            limit: Duration::from_secs(configured.timeout_seconds.into()),
            program,
            helper: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How long a call may last.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// What was last seen.
    pub(crate) fn seen(&self) -> Seen {
        self.lock_seen().clone()
    }

    /// The tokens that are there now.
    pub(crate) fn slots(&self) -> Result<Vec<SlotState>, Pkcs11Error> {
        let mut helper = self.hold();
        self.look(&mut helper).map_err(|fault| self.error(fault))
    }

    /// The helper, for as long as the guard lives: what is asked through it is not mixed with other callers' calls.
    pub(crate) fn hold(&self) -> MutexGuard<'_, Helper> {
        // What a panicking holder leaves is a helper that may be unlocked: it is ended.
        self.helper.lock().unwrap_or_else(|poisoned| {
            let mut helper = poisoned.into_inner();
            helper.process = None;
            helper
        })
    }

    /// Starts the helper where none runs, so that what fails here is not the next call.
    pub(crate) fn ready(&self, helper: &mut Helper) -> Result<(), Pkcs11Error> {
        self.start(helper).map_err(|fault| self.error(fault))
    }

    /// Asks once, and starts the helper where none runs.
    pub(crate) fn ask(
        &self,
        helper: &mut Helper,
        call: Call,
        secrets: [&[u8]; 2],
        limit: Duration,
    ) -> Result<Answer, Pkcs11Error> {
        self.asking(helper, call, secrets, limit)
            .map_err(|fault| self.error(fault))
    }

    /// Asks a helper only if it runs.
    pub(crate) fn ask_running(
        &self,
        helper: &mut Helper,
        call: Call,
    ) -> Result<Answer, Pkcs11Error> {
        if helper.process.is_none() {
            return Err(self.error(Pkcs11Fault::Ended));
        }
        self.ask(helper, call, [b"", b""], self.limit)
    }

    /// Ends the helper, so that nothing stays unlocked.
    pub(crate) fn end(&self, helper: &mut Helper) {
        helper.process = None;
    }

    pub(crate) fn error(&self, fault: Pkcs11Fault) -> Pkcs11Error {
        Pkcs11Error {
            module: self.name.clone(),
            fault,
            had_code: false,
        }
    }

    fn look(&self, helper: &mut Helper) -> Result<Vec<SlotState>, Pkcs11Fault> {
        let result = match self.asking(helper, Call::Slots, [b"", b""], self.limit) {
            Ok(Answer::Slots(slots)) => Ok(slots),
            Ok(_) => Err(self.failed(helper, Pkcs11Fault::Nonsense)),
            Err(fault) => Err(fault),
        };
        let mut seen = self.lock_seen();
        seen.asked = true;
        seen.fault = result.as_ref().err().cloned();
        seen.slots = result.clone().unwrap_or_default();
        result
    }

    fn asking(
        &self,
        helper: &mut Helper,
        call: Call,
        secrets: [&[u8]; 2],
        limit: Duration,
    ) -> Result<Answer, Pkcs11Fault> {
        let is_look = call == Call::Slots;
        self.start(helper)?;
        let process = helper.process.as_mut().ok_or(Pkcs11Fault::Ended)?;
        match process.ask(call, secrets, limit) {
            Ok(answer) => {
                // A module that only tells its slots has proved nothing yet.
                if !is_look {
                    helper.failures = 0;
                }
                Ok(answer)
            }
            Err(NoAnswer::Refused(refusal)) => Err(Pkcs11Fault::Refused(refusal)),
            Err(no_answer) => Err(self.failed(helper, fault_of(no_answer, limit))),
        }
    }

    /// Starts the helper and has it load the module, where none runs and it need not rest.
    fn start(&self, helper: &mut Helper) -> Result<(), Pkcs11Fault> {
        if helper.process.is_some() {
            return Ok(());
        }
        let rest = helper
            .rests_until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .unwrap_or_default();
        if rest > PATIENCE {
            return Err(helper.last_fault.clone().unwrap_or(Pkcs11Fault::Ended));
        }
        thread::sleep(rest);
        // Of a known module the file that is there; of a configured one that one, there or not.
        let file = self.files.iter().find(|file| file.exists());
        let Some(file) = file.or(self.files.first()) else {
            return Err(self.failed(helper, Pkcs11Fault::File(FileFault::Missing)));
        };
        let mut process = HelperProcess::start(&self.program)
            .map_err(|error| self.failed(helper, Pkcs11Fault::NotStarted(error.kind())))?;
        let load = Call::Load { file: file.clone() };
        match process.ask(load, [b"", b""], self.limit) {
            Ok(Answer::Loaded {
                description,
                version,
            }) => {
                tracing::info!(module = self.name, "module loaded");
                self.lock_seen().description = format!("{description} {version}");
                helper.process = Some(process);
                Ok(())
            }
            Ok(_) => Err(self.failed(helper, Pkcs11Fault::Nonsense)),
            Err(NoAnswer::Refused(Refusal::File(fault))) => {
                Err(self.failed(helper, Pkcs11Fault::File(fault)))
            }
            Err(NoAnswer::Refused(refusal)) => {
                Err(self.failed(helper, Pkcs11Fault::Refused(refusal)))
            }
            Err(no_answer) => Err(self.failed(helper, fault_of(no_answer, self.limit))),
        }
    }

    /// Ends the helper and says how long it rests.
    fn failed(&self, helper: &mut Helper, fault: Pkcs11Fault) -> Pkcs11Fault {
        let error = self.error(fault.clone());
        tracing::warn!(%error, "module failed");
        helper.process = None;
        helper.failures = helper.failures.saturating_add(1);
        let rest = match helper.failures.checked_sub(2) {
            None => Duration::ZERO,
            Some(before) => FIRST_REST
                .saturating_mul(1 << before.min(16))
                .min(LAST_REST),
        };
        helper.rests_until = Some(Instant::now() + rest);
        helper.last_fault = Some(fault.clone());
        fault
    }

    fn lock_seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks for tokens that came and went, unless an operation holds the helper or it rests.
    fn poll(&self) {
        let mut helper = match self.helper.try_lock() {
            Ok(helper) => helper,
            Err(TryLockError::Poisoned(_)) => self.hold(),
            Err(TryLockError::WouldBlock) => return,
        };
        let rests = helper
            .rests_until
            .is_some_and(|until| until > Instant::now());
        if helper.process.is_none() && rests {
            return;
        }
        // Told by `status`, and noted in the log when it happened.
        let _noted = self.look(&mut helper);
    }
}

/// Starts a thread that watches a module until nobody has it any more, and tells which tokens come and go.
pub(super) fn watch(
    module: &Arc<Module>,
    readers: Readers,
    events: EventLog,
) -> Result<(), std::io::Error> {
    let weak = Arc::downgrade(module);
    thread::Builder::new()
        .name("token-monitor".to_owned())
        .spawn(move || {
            let mut before: Option<Vec<SlotState>> = None;
            while let Some(module) = weak.upgrade() {
                module.poll();
                let now = module.seen().slots;
                tell(&module, before.as_deref(), &now, &readers, &events);
                before = Some(now);
                drop(module);
                thread::sleep(POLL);
            }
        })
        .map(drop)
}

fn tell(
    module: &Module,
    before: Option<&[SlotState]>,
    now: &[SlotState],
    readers: &Readers,
    events: &EventLog,
) {
    let Some(before) = before else {
        return;
    };
    let readers = readers.list().unwrap_or_default();
    let is_in =
        |slot: &SlotState, slots: &[SlotState]| slots.iter().any(|other| other.token == slot.token);
    for slot in before.iter().filter(|slot| !is_in(slot, now)) {
        if !super::is_told_by_a_reader(slot, &readers) {
            events.record(
                EventKind::CardRemoved,
                &place_of(module.name(), slot, before),
                None,
            );
        }
    }
    for slot in now.iter().filter(|slot| !is_in(slot, before)) {
        if !super::is_told_by_a_reader(slot, &readers) {
            let place = place_of(module.name(), slot, now);
            events.record(
                EventKind::CardInserted,
                &place,
                Some(super::summary_of(slot)),
            );
        }
    }
}

fn fault_of(no_answer: NoAnswer, limit: Duration) -> Pkcs11Fault {
    match no_answer {
        NoAnswer::Refused(refusal) => Pkcs11Fault::Refused(refusal),
        NoAnswer::Ended => Pkcs11Fault::Ended,
        NoAnswer::Deadline => Pkcs11Fault::Deadline {
            seconds: limit.as_secs(),
        },
        NoAnswer::Nonsense => Pkcs11Fault::Nonsense,
    }
}

/// Whether the fault is the module's own, so that it is told beside the tokens.
impl Seen {
    /// Why the module cannot be used now, for `status`.
    pub(crate) fn failure(&self, module: &str) -> Option<Failure> {
        let fault = self.fault.clone()?;
        let error = Pkcs11Error {
            module: module.to_owned(),
            fault,
            had_code: false,
        };
        let failure = Failure::from(error);
        (failure.code() != ErrorCode::CardRemoved).then_some(failure)
    }
}
