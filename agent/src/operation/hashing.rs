//! Reading many documents at once: as many threads as the machine has processors, one fixed buffer each, so that memory
//! does not grow with the size or number of documents. Results come in the order of the documents; the failure of the
//! first document that fails is told, with its position.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::problem::Failure;

/// Does `work` with every item, on all processors. `work` is given a buffer that it may use.
pub(crate) fn in_parallel<Item: Sync, Done: Send>(
    items: &[Item],
    work: impl Fn(&mut Vec<u8>, &Item) -> Result<Done, Failure> + Sync,
) -> Result<Vec<Done>, Failure> {
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len());
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut buffer = Vec::new();
                while !failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(&mut buffer, item);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results
        .into_iter()
        .map(|(index, result)| result.map_err(|failure| failure.about_document(index + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use paraphe_protocol::api::{ErrorCode, Language};

    use super::in_parallel;

    #[test]
    fn results_come_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let squares = in_parallel(&items, |_, item| Ok(item * item)).unwrap();
        assert!(
            squares
                .iter()
                .enumerate()
                .all(|(item, square)| item * item == *square)
        );
        assert!(
            in_parallel(&[], |_, item: &usize| Ok(*item))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_failure_names_the_position() {
        let failure = in_parallel(&[1, 2, 3], |_, item| match item {
            2 => Err(ErrorCode::DocumentMissing.into()),
            other => Ok(*other),
        })
        .unwrap_err();
        let problem = failure.into_problem(Language::English);
        assert_eq!(problem.code, ErrorCode::DocumentMissing);
        assert_eq!(problem.detail.as_deref(), Some("Document 2."));
    }
}
