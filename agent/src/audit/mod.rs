//! The journal: what was done with a card, and who was let in, one line of JSON each in the state directory, chained by
//! digests ([`chain`]). An operation that uses a key is written down, durably, before it begins; a journal that cannot be written
//! lets nothing be signed. Its outcome follows; one without an outcome is one whose end is not known. Which operations, and
//! what of them is written: [`subject`]. Nothing of it is a PIN, an INS, a name or a content.
//!
//! What it does not do: a process of the same user can write the whole file anew, chain and all. A head that was noted
//! elsewhere (`audit/verify`) finds that.

mod chain;
mod file;
mod said;
mod subject;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::api::{
    AuditCaller, AuditEntry, AuditHead, AuditOutcome, AuditSubject, ErrorCode, Operation, Right,
};
use paraphe_protocol::login::Origin;

use crate::caller::Caller;
use crate::document_store::Owner;
use crate::operation::now;
use crate::problem::Failure;

pub(crate) use chain::check;
pub(crate) use file::JournalError;
use file::JournalFile;

/// A site whose operations are refused more often than this in [`PERIOD`] waits: nobody fills the disk with refusals.
const REFUSALS: usize = 60;
const PERIOD: Duration = Duration::from_secs(60);

/// The journal of this user's agents and commands.
#[derive(Debug)]
pub(crate) struct Journal {
    file: JournalFile,
    /// Names of the configured record servers.
    servers: Vec<String>,
    refusals: Mutex<HashMap<Owner, Vec<Instant>>>,
}

/// An operation that was written down and has not ended.
#[derive(Debug)]
pub(crate) struct Begun {
    sequence: u64,
    operation: Operation,
    caller: AuditCaller,
    owner: Owner,
    about: AuditSubject,
}

impl Journal {
    pub(crate) fn in_directory(directory: &Path, servers: Vec<String>) -> Self {
        Self {
            file: JournalFile::in_directory(directory),
            servers,
            refusals: Mutex::default(),
        }
    }

    /// Write down that `operation` begins, before it does; `None`: it is not one that is written down.
    pub(crate) fn begin(
        &self,
        caller: &Caller,
        operation: Operation,
        request: &[u8],
    ) -> Result<Option<Begun>, Failure> {
        if !subject::is_written_down(operation) {
            return Ok(None);
        }
        let owner = Owner::from(caller);
        // A page must not fill the disk. The user's own programs could anyway, and try again while a card is in trouble.
        if matches!(caller, Caller::Site(_)) && self.is_refused_too_often(&owner) {
            return Err(ErrorCode::TooBusy.into());
        }
        let about = subject::of_request(operation, request, &self.servers);
        let mut begun = Begun {
            sequence: 0,
            operation,
            caller: asker(&owner),
            owner,
            about,
        };
        begun.sequence = self.append(&begun, AuditOutcome::Begun, None)?;
        Ok(Some(begun))
    }

    /// Write down how it ended, with the JSON of its answer. The operation is over: where this cannot be written its answer is given all the same, and the log
    /// says so.
    pub(crate) fn end(&self, mut begun: Begun, answer: Result<&str, ErrorCode>) {
        let (outcome, code) = match answer {
            Ok(answer) => {
                subject::add_answer(&mut begun.about, answer);
                (AuditOutcome::Done, None)
            }
            Err(code) => {
                if let AuditCaller::Site(_) = begun.caller {
                    self.note_refusal(&begun.owner);
                }
                (AuditOutcome::Refused, Some(code))
            }
        };
        if let Err(failure) = self.append(&begun, outcome, code) {
            tracing::error!(
                code = failure.code().name(),
                "how an operation ended could not be written in the journal"
            );
        }
    }

    /// Write down a grant that was given (its rights), or that ended (none).
    pub(crate) fn note_grant(&self, origin: &Origin, rights: Vec<Right>) {
        let operation = if rights.is_empty() {
            Operation::GrantRevoke
        } else {
            Operation::PairingAnswer
        };
        let about = AuditSubject {
            origin: Some(origin.as_str().to_owned()),
            rights,
            ..AuditSubject::default()
        };
        self.note(
            operation,
            AuditOutcome::Done,
            None,
            AuditCaller::User,
            about,
        );
    }

    /// Write down that the person refused a site's request for rights.
    pub(crate) fn note_refused_pairing(&self, origin: &Origin) {
        let about = AuditSubject {
            origin: Some(origin.as_str().to_owned()),
            ..AuditSubject::default()
        };
        let outcome = AuditOutcome::Refused;
        self.note(
            Operation::PairingAnswer,
            outcome,
            None,
            AuditCaller::User,
            about,
        );
    }

    /// Write down how what `owner` had opened ended: `operation` is the one that the API's description names for that, `code` what
    /// stopped it.
    pub(crate) fn note_end(
        &self,
        operation: Operation,
        owner: &Owner,
        about: AuditSubject,
        code: Option<ErrorCode>,
    ) {
        let outcome = match code {
            Some(_) => AuditOutcome::Refused,
            None => AuditOutcome::Done,
        };
        self.note(operation, outcome, code, asker(owner), about);
    }

    /// Writes down what stands already: where this cannot be written the log says so.
    fn note(
        &self,
        operation: Operation,
        outcome: AuditOutcome,
        code: Option<ErrorCode>,
        caller: AuditCaller,
        about: AuditSubject,
    ) {
        let written = self.file.append(|head| AuditEntry {
            sequence: chain::next(head),
            at: now().0,
            operation: operation.name().to_owned(),
            outcome,
            begun: None,
            code,
            caller,
            about,
            previous: chain::previous(head),
        });
        if let Err(error) = written {
            tracing::error!(%error, %operation, "not written in the journal");
        }
    }

    /// Entries before one, the latest first, and where the journal ends.
    pub(crate) fn latest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, Option<AuditHead>), Failure> {
        Ok(self.file.latest(before, limit)?)
    }

    /// The whole journal, to be read from its beginning.
    pub(crate) fn reader(&self) -> Result<impl std::io::BufRead, Failure> {
        Ok(self.file.reader()?)
    }

    fn append(
        &self,
        begun: &Begun,
        outcome: AuditOutcome,
        code: Option<ErrorCode>,
    ) -> Result<u64, Failure> {
        let is_begin = outcome == AuditOutcome::Begun;
        let sequence = self.file.append(|head| AuditEntry {
            sequence: chain::next(head),
            at: now().0,
            operation: begun.operation.name().to_owned(),
            outcome,
            begun: (!is_begin).then_some(begun.sequence),
            code,
            caller: begun.caller.clone(),
            about: begun.about.clone(),
            previous: chain::previous(head),
        })?;
        Ok(sequence)
    }

    fn is_refused_too_often(&self, owner: &Owner) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = refusals.get_mut(owner) else {
            return false;
        };
        times.retain(|time| time.elapsed() < PERIOD);
        times.len() >= REFUSALS
    }

    fn note_refusal(&self, owner: &Owner) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, times| times.iter().any(|time| time.elapsed() < PERIOD));
        refusals
            .entry(owner.clone())
            .or_default()
            .push(Instant::now());
    }
}

fn asker(owner: &Owner) -> AuditCaller {
    match owner {
        Owner::Site(origin) => AuditCaller::Site(origin.as_str().to_owned()),
        Owner::User => AuditCaller::User,
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the journal");
        match error {
            JournalError::Io(error) => Self::new(ErrorCode::AuditUnavailable).with_system_error(
                "Le journal ne peut pas être lu ou écrit",
                "The journal cannot be read or written",
                &error,
            ),
            JournalError::Damaged => Self::new(ErrorCode::AuditUnavailable).with_detail(
                "La dernière ligne du journal n'est pas une inscription.",
                "The last line of the journal is no entry.",
            ),
            JournalError::Busy => Self::new(ErrorCode::AuditUnavailable).with_detail(
                "Un autre programme tient le journal.",
                "Another program holds the journal.",
            ),
        }
    }
}
