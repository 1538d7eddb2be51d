//! What the stages of a batch at work share: preparing runs ahead of the card, finishing behind it, each bounded, so that the card
//! waits for neither and memory does not grow.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::signature::PreparedSignature;

use super::Batch;
use super::journal::Journal;
use super::queue::{Allowance, Queue, Share};
use super::record::{Intent, Item};
use super::signing::BatchSigner;
use crate::operation::Source;
use crate::problem::Failure;
use crate::service::Inner;

/// Items laid out that wait for their intents to be durable, for the card, and for being finished.
const ROOM: usize = 32;
/// What they may hold of documents together, bytes.
const MEMORY: u64 = 16 << 20;

/// A batch at work.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) agent: Arc<Inner>,
    pub(super) batch: Arc<Batch>,
    pub(super) journal: Arc<Journal>,
    pub(super) signer: BatchSigner,
    /// Laid out; the intent is not durable yet.
    pub(super) prepared: Queue<LaidOut>,
    /// The card may be asked.
    pub(super) ready: Queue<LaidOut>,
    pub(super) signed: Queue<SignedItem>,
    pub(super) allowance: Arc<Allowance>,
    /// The last item that was taken to be prepared.
    pub(super) taken: Mutex<u32>,
    /// Preparing threads that are still at work.
    pub(super) preparing: AtomicU32,
    stopping: AtomicBool,
    stopped: Mutex<Option<Failure>>,
}

/// An item that is laid out.
#[derive(Debug)]
pub(super) struct LaidOut {
    pub(super) item: Item,
    pub(super) signature: Box<dyn PreparedSignature>,
    pub(super) intent: Intent,
    /// The intent is in the journal already.
    pub(super) intended: bool,
    /// The value, where the card has given it before.
    pub(super) value: Option<Vec<u8>>,
    pub(super) share: Share,
}

/// An item that is signed.
#[derive(Debug)]
pub(super) struct SignedItem {
    pub(super) item: Item,
    pub(super) signature: Box<dyn PreparedSignature>,
    pub(super) document: Sha256Digest,
    pub(super) value: Vec<u8>,
    /// Where its record ends.
    pub(super) recorded: u64,
    pub(super) share: Share,
}

impl Line {
    pub(super) fn new(
        agent: Arc<Inner>,
        batch: Arc<Batch>,
        journal: Arc<Journal>,
        signer: BatchSigner,
    ) -> Self {
        Self {
            agent,
            batch,
            journal,
            signer,
            prepared: Queue::new(ROOM),
            ready: Queue::new(ROOM),
            signed: Queue::new(ROOM),
            allowance: Arc::new(Allowance::new(MEMORY)),
            taken: Mutex::new(0),
            preparing: AtomicU32::new(0),
            stopping: AtomicBool::new(false),
            stopped: Mutex::new(None),
        }
    }

    /// Whether nothing new is to be begun.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed) || self.batch.is_to_stop()
    }

    /// Stops: what is signed is finished, nothing more is. The first reason is the one that is told.
    pub(super) fn stop(&self, why: Option<Failure>) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(why) = why {
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            stopped.get_or_insert(why);
        }
        self.allowance.close();
        self.prepared.abandon();
        self.ready.abandon();
    }

    /// Notes why items are left unfinished, without stopping.
    pub(super) fn note(&self, why: Failure) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert(why);
    }

    /// Why it stopped.
    pub(super) fn why_stopped(&self) -> Option<Failure> {
        self.stopped
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Opens an item's document.
pub(super) fn open(agent: &Inner, batch: &Batch, item: &Item) -> Result<Source, Failure> {
    let path = if item.copied {
        batch.directory().join("documents").join(&item.path)
    } else {
        PathBuf::from(&item.path)
    };
    Source::open_path(&path, agent.config.limits.document_bytes)
}
