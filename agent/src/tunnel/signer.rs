//! Signs the handshakes of one tunnel, on a thread of its own. One presentation of the PIN serves the handshakes that wait by then. A card is
//! given back at once, since other programs want it; a token of a module and a key in a file stay unlocked for a moment after the last
//! handshake, because the next one often follows and opening them anew takes longer than signing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::tls::CertificateVerify;

use super::Tunnel;
use crate::problem::Failure;
use crate::token::{Access, Token, TokenWork, UnlockedToken};

/// Handshakes that wait at most; a connection more is told so.
const MAXIMUM_WAITING: usize = 256;
/// Handshakes of one presentation of the PIN to a card, which is held meanwhile.
const MAXIMUM_OF_A_CARD: usize = 8;
/// How long a token that is no card of ours stays unlocked after a handshake, and in all.
const LINGER: Duration = Duration::from_millis(200);
const LONGEST_STAY: Duration = Duration::from_secs(5);

/// A handshake to be signed, and who waits for it.
pub(super) struct Job {
    algorithm: SignatureAlgorithm,
    content: CertificateVerify,
    answer: SyncSender<Result<Vec<u8>, Failure>>,
}

impl Job {
    /// Answers it, once. Whoever gave it up meanwhile is not told.
    fn answer(&self, result: Result<Vec<u8>, Failure>) {
        let _given_up = self.answer.try_send(result).is_err();
    }
}

/// Where handshakes are brought to be signed.
#[derive(Debug)]
pub(super) struct Signer(Mutex<Option<SyncSender<Job>>>);

/// The handshakes that wait, and the one that is being signed. Neither lock is held while the token works: a card that never answers
/// must not keep whoever tells that.
pub(super) struct Waiting {
    jobs: Mutex<Receiver<Job>>,
    current: Mutex<Option<Arc<Job>>>,
}

impl Signer {
    /// Nothing is signed before [`start`].
    pub(super) fn new() -> (Self, Waiting) {
        let (bring, jobs) = sync_channel(MAXIMUM_WAITING);
        let waiting = Waiting {
            jobs: Mutex::new(jobs),
            current: Mutex::new(None),
        };
        (Self(Mutex::new(Some(bring))), waiting)
    }

    /// Signs one handshake. Blocks.
    pub(super) fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<Vec<u8>, Failure> {
        let bring = self.lock().clone().ok_or(ErrorCode::TunnelEnded)?;
        let (answer, answered) = sync_channel(1);
        let job = Job {
            algorithm,
            content: content.clone(),
            answer,
        };
        bring.try_send(job).map_err(|_| ErrorCode::TooBusy)?;
        drop(bring);
        answered
            .recv()
            .unwrap_or_else(|_| Err(ErrorCode::TunnelEnded.into()))
    }

    /// Takes no more; what waits is not signed.
    pub(super) fn end(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<SyncSender<Job>>> {
        // Every change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Whether a handshake still waits to be signed.
    pub(super) fn is_waited_for(&self) -> bool {
        self.current().is_some()
    }

    /// The handshake that is being signed, or the next one, if it comes in this time; `None` waits for ever.
    fn next(&self, limit: Option<Duration>) -> Option<Arc<Job>> {
        if let Some(job) = &*self.current() {
            return Some(Arc::clone(job));
        }
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match limit {
            Some(limit) => jobs.recv_timeout(limit).ok(),
            None => jobs.recv().ok(),
        };
        let job = Arc::new(job?);
        *self.current() = Some(Arc::clone(&job));
        Some(job)
    }

    fn done(&self, job: &Arc<Job>, result: Result<Vec<u8>, Failure>) {
        job.answer(result);
        self.current().take_if(|current| Arc::ptr_eq(current, job));
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Job>>> {
        // Every change is one assignment.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts to sign, until the tunnel has ended.
pub(super) fn start(tunnel: &Arc<Tunnel>, waiting: Waiting) -> Result<(), Failure> {
    let tunnel = Arc::downgrade(tunnel);
    let waiting = Arc::new(waiting);
    thread::Builder::new()
        .name("tunnel-signer".to_owned())
        .spawn(move || serve(&tunnel, &waiting))
        .map(drop)
        .map_err(|error| {
            Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error)
        })
}

fn serve(tunnel: &Weak<Tunnel>, waiting: &Arc<Waiting>) {
    while let Some(job) = waiting.next(None) {
        let Some(tunnel) = tunnel.upgrade() else {
            return;
        };
        if let Err(failure) = tunnel.sign_waiting(waiting) {
            let current = waiting.current().clone();
            waiting.done(&current.unwrap_or(job), Err(failure));
        }
    }
}

/// What is done with the unlocked token: signs what waits, as long as `goes_on` says so. What cannot be signed stays the current one.
pub(super) fn work(
    waiting: &Arc<Waiting>,
    token: &Token,
    goes_on: impl Fn() -> bool + Send + Sync + 'static,
) -> impl TokenWork<()> {
    let waiting = Arc::clone(waiting);
    let is_card = matches!(token.access, Access::Card(_));
    move |token: &mut dyn UnlockedToken| {
        let until = Instant::now() + LONGEST_STAY;
        let mut signed = 0_usize;
        while goes_on() {
            let stays = if is_card {
                signed < MAXIMUM_OF_A_CARD
            } else {
                Instant::now() < until
            };
            if signed > 0 && !stays {
                break;
            }
            let linger = if is_card { Duration::ZERO } else { LINGER };
            let Some(job) = waiting.next(Some(linger)) else {
                break;
            };
            let signature = token.sign_certificate_verify(job.algorithm, &job.content)?;
            waiting.done(&job, Ok(signature.as_bytes().to_vec()));
            signed = signed.saturating_add(1);
        }
        Ok(())
    }
}
