//! Watching the readers through PC/SC (PC/SC Workgroup specification part 5; behaviour of pcsc-lite as measured, infra facts
//! section 2). The list is made anew before each wait, because a reader that comes or goes between two waits is seen by no
//! wait; a wait never lasts longer than its caller said. Of readers with one name PC/SC reaches the first, so that it alone is
//! told. pcsc-lite refuses to watch more than 16 things at once, so that with
//! all its places taken the arrival of a reader is left out: there is no place for one.

use std::ffi::CString;
use std::thread;
use std::time::Duration;

use paraphe_protocol::api::ReaderState as CardPresence;
use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, Scope, State};

use super::pcsc_backend::reader_error;
use super::pcsc_threads::{Inside, give_up};
use super::{ReaderError, ReaderName, ReaderStatus, Watch};

/// How often the list is asked for again while readers arrive.
const LISTINGS: usize = 8;
/// Readers and notifications that one call can watch (`PCSCLITE_MAX_READERS_CONTEXTS`).
const WATCHED_AT_ONCE: usize = 16;
/// Readers listed at most; pcsc-lite itself has 16 places.
const MAXIMUM_READERS: usize = 64;
/// Pause before readers are listed again after one of them left.
const SETTLING: Duration = Duration::from_millis(20);

#[derive(Default)]
pub(super) struct PcscWatch {
    context: Option<Context>,
    readers: Vec<ReaderState>,
    /// Dropped after the context.
    inside: Inside,
}

impl Watch for PcscWatch {
    fn next(&mut self, wait: Duration) -> Result<Vec<ReaderStatus>, ReaderError> {
        let context = match &self.context {
            Some(context) => context.clone(),
            None => {
                let context = Context::establish(Scope::User).map_err(reader_error)?;
                self.inside.watches_with(Some(&context));
                self.context = Some(context.clone());
                context
            }
        };
        let result = self.wait_for_change(&context, wait);
        drop(context);
        if result.is_err() {
            self.give_up_context();
            self.readers.clear();
        }
        result
    }
}

impl Drop for PcscWatch {
    fn drop(&mut self) {
        self.give_up_context();
    }
}

impl PcscWatch {
    fn give_up_context(&mut self) {
        self.inside.watches_with(None);
        if let Some(context) = self.context.take() {
            give_up(context);
        }
    }

    fn wait_for_change(
        &mut self,
        context: &Context,
        wait: Duration,
    ) -> Result<Vec<ReaderStatus>, ReaderError> {
        let changed = self.list(context)?;
        let wait = if changed { Duration::ZERO } else { wait };
        let waited = self.wait(context, wait);
        match waited {
            Ok(()) | Err(Error::Timeout | Error::Cancelled) => {}
            // A reader left between listing and waiting.
            Err(Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable) => {
                self.readers.clear();
                thread::sleep(SETTLING);
                self.list(context)?;
                let _ = self.wait(context, Duration::ZERO);
            }
            Err(error) => return Err(reader_error(error)),
        }
        if waited != Err(Error::Timeout) || changed {
            for reader in &mut self.readers {
                reader.sync_current_state();
            }
        }
        Ok(self.readers.iter().filter_map(status).collect())
    }

    /// Waits for a change of any reader, at most `wait`.
    fn wait(&mut self, context: &Context, wait: Duration) -> Result<(), Error> {
        if self.readers.len() < WATCHED_AT_ONCE {
            self.readers
                .push(ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
            let waited = context.get_status_change(wait, &mut self.readers);
            self.readers.pop();
            return waited;
        }
        let mut wait = wait;
        let mut outcome = Err(Error::Timeout);
        for watched in self.readers.chunks_mut(WATCHED_AT_ONCE) {
            match context.get_status_change(wait, watched) {
                Ok(()) => outcome = Ok(()),
                Err(Error::Timeout) => {}
                Err(error) => return Err(error),
            }
            // Readers beyond those that can be waited for are looked at after each wait.
            wait = Duration::ZERO;
        }
        outcome
    }

    /// Brings the watched readers in line with the service's list; whether there was a difference.
    fn list(&mut self, context: &Context) -> Result<bool, ReaderError> {
        let mut names: Vec<CString> = Vec::new();
        match listed(context) {
            Ok(listed) => {
                for name in listed.into_iter().take(MAXIMUM_READERS) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            Err(Error::NoReadersAvailable) => {}
            Err(error) => return Err(reader_error(error)),
        }
        let same = names.len() == self.readers.len()
            && names
                .iter()
                .zip(&self.readers)
                .all(|(name, reader)| name.as_c_str() == reader.name());
        if !same {
            let mut before = std::mem::take(&mut self.readers);
            for name in names {
                let known = before
                    .iter()
                    .position(|reader| reader.name() == name.as_c_str());
                self.readers.push(match known {
                    Some(index) => before.swap_remove(index),
                    None => ReaderState::new(name, State::UNAWARE),
                });
            }
        }
        Ok(!same)
    }
}

fn status(reader: &ReaderState) -> Option<ReaderStatus> {
    let flags = reader.event_state();
    if flags.intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) {
        return None;
    }
    let state = if flags.contains(State::MUTE) {
        CardPresence::Mute
    } else if flags.contains(State::PRESENT) && flags.contains(State::EXCLUSIVE) {
        CardPresence::InUse
    } else if flags.contains(State::PRESENT) {
        CardPresence::Present
    } else {
        CardPresence::Empty
    };
    let atr =
        (state != CardPresence::Empty && !reader.atr().is_empty()).then(|| reader.atr().to_vec());
    Some(ReaderStatus {
        name: ReaderName::from_pcsc(reader.name()),
        event_counter: reader.event_count(),
        state,
        atr,
    })
}

/// The service's list. It is asked for in two steps, its length and itself: a reader that arrives between them makes it longer than
/// the room that was made.
fn listed(context: &Context) -> Result<Vec<CString>, Error> {
    for _ in 0..LISTINGS {
        match context.list_readers_owned() {
            Err(Error::InsufficientBuffer) => {}
            outcome => return outcome,
        }
    }
    context.list_readers_owned()
}
