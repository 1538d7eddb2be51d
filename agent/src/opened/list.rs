//! Those that are open, and the last ones that ended, the oldest first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::Opened;
use crate::document_store::Owner;

/// How many that have ended are still told.
const MAXIMUM_ENDED: usize = 32;

type Kept<T> = Mutex<VecDeque<Arc<T>>>;

/// A list. Clones are the same.
#[derive(Debug)]
pub(crate) struct OpenedList<T>(Arc<Kept<T>>);

/// A list for one whom what is on it may have: it keeps none of them.
#[derive(Debug)]
pub(crate) struct WeakList<T>(Weak<Kept<T>>);

impl<T> Default for OpenedList<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for OpenedList<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> WeakList<T> {
    /// The list, if anybody still has it.
    pub(crate) fn upgrade(&self) -> Option<OpenedList<T>> {
        self.0.upgrade().map(OpenedList)
    }
}

impl<T: Opened> OpenedList<T> {
    /// The same without keeping it.
    pub(crate) fn downgrade(&self) -> WeakList<T> {
        WeakList(Arc::downgrade(&self.0))
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        // Not under the lock: a look may end one.
        self.all().iter().filter(|one| one.is_open()).count()
    }

    /// Adds one; the oldest that has ended makes room where too many have.
    pub(crate) fn add(&self, one: &Arc<T>) {
        let mut list = self.lock();
        let ended = list.iter().filter(|one| one.has_ended()).count();
        if ended > MAXIMUM_ENDED
            && let Some(oldest) = list.iter().position(|one| one.has_ended())
        {
            list.remove(oldest);
        }
        list.push_back(Arc::clone(one));
    }

    /// The one of this name, if it is this owner's.
    pub(crate) fn find(&self, owner: &Owner, id: &str) -> Option<Arc<T>> {
        self.lock()
            .iter()
            .find(|one| one.id() == id && one.owner() == owner)
            .cloned()
    }

    /// All of this owner's.
    pub(crate) fn of(&self, owner: &Owner) -> Vec<Arc<T>> {
        let list = self.lock();
        let own = list.iter().filter(|one| one.owner() == owner);
        own.cloned().collect()
    }

    /// All of everybody's.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        self.lock().iter().cloned().collect()
    }

    /// Makes them all cease; those that had not ended before, whose end is to be told.
    pub(crate) fn cease_all(&self, reason: T::Reason) -> Vec<Arc<T>> {
        let mut all = self.all();
        all.retain(|one| one.cease(reason));
        all
    }

    /// Ends them all: everything is wiped before anything waits for the disk.
    pub(crate) fn end_all(&self, reason: T::Reason) {
        // Not under the lock: an end wakes others, who may ask for the list.
        for one in self.cease_all(reason) {
            one.tell_end(reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<T>>> {
        // Every change is one insertion or removal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
