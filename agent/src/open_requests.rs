//! The question for a PIN that is open now, for those who look at it elsewhere than in its window: who asks, what the person is told,
//! which documents would be signed. It is there from the moment that the person is asked until they answered, and no longer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paraphe_protocol::api::{DocumentSource, ErrorCode, EventKind};

use crate::caller::Caller;
use crate::events::EventLog;
use crate::problem::Failure;

/// The questions that are open. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenRequests {
    open: Arc<Mutex<Vec<Arc<OpenRequest>>>>,
}

/// A question.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    pub(crate) id: String,
    pub(crate) caller: Caller,
    pub(crate) statement: String,
    pub(crate) reader: String,
    pub(crate) on_keypad: bool,
    /// Seconds since 1970-01-01 UTC.
    pub(crate) asked_at: i64,
    pub(crate) documents: Vec<DocumentToSign>,
}

/// A document that would be signed.
#[derive(Debug, Clone)]
pub(crate) struct DocumentToSign {
    pub(crate) title: String,
    pub(crate) source: DocumentSource,
    pub(crate) media_type: Option<String>,
}

/// Takes the question away when it is dropped.
#[derive(Debug)]
pub(crate) struct WhileOpen {
    requests: OpenRequests,
    events: EventLog,
    id: String,
}

impl OpenRequests {
    /// The question is asked, until the result is dropped.
    pub(crate) fn open(&self, events: &EventLog, request: OpenRequest) -> WhileOpen {
        let id = request.id.clone();
        self.lock().push(Arc::new(request));
        events.record_request(EventKind::RequestOpened);
        WhileOpen {
            requests: self.clone(),
            events: events.clone(),
            id,
        }
    }

    /// All that are open.
    pub(crate) fn all(&self) -> Vec<Arc<OpenRequest>> {
        self.lock().clone()
    }

    /// The question of this name.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<OpenRequest>, Failure> {
        let open = self.lock();
        let found = open.iter().find(|request| request.id == id).cloned();
        found.ok_or_else(|| ErrorCode::RequestUnknown.into())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<OpenRequest>>> {
        // Every change is one insertion or removal.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WhileOpen {
    fn drop(&mut self) {
        self.requests.lock().retain(|request| request.id != self.id);
        self.events.record_request(EventKind::RequestEnded);
    }
}
