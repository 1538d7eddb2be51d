//! Reading many documents at once: as many threads as the machine has processors, the caller's among them, one fixed buffer
//! each, so that memory does not grow with the size or number of documents. Results come in the order of the documents; the failure of the
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
    let ((), results) = in_parallel_with(|| Ok(()), items, work)?;
    Ok(results)
}

/// The same, while the caller's thread does `first` before it helps. What fails in `first` is told first, and ends the rest.
pub(super) fn in_parallel_with<First, Item: Sync, Done: Send>(
    first: impl FnOnce() -> Result<First, Failure>,
    items: &[Item],
    work: impl Fn(&mut Vec<u8>, &Item) -> Result<Done, Failure> + Sync,
) -> Result<(First, Vec<Done>), Failure> {
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len());
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let do_what_is_left = || {
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
    };
    let first = thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(do_what_is_left);
        }
        let first = first();
        if first.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        do_what_is_left();
        first
    })?;
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    let results = results
        .into_iter()
        .map(|(index, result)| result.map_err(|failure| failure.about_document(index + 1)))
        .collect::<Result<_, _>>()?;
    Ok((first, results))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use paraphe_protocol::api::{ErrorCode, Language};

    use super::{in_parallel, in_parallel_with};

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
    fn what_comes_first_is_told_first() {
        let (first, items) = in_parallel_with(|| Ok(7), &[1, 2], |_, item| Ok(*item)).unwrap();
        assert_eq!((first, items), (7, vec![1, 2]));
        let both = in_parallel_with(
            || Err::<(), _>(ErrorCode::CertificateExpired.into()),
            &[1, 2],
            |_, _| Err::<(), _>(ErrorCode::DocumentMissing.into()),
        );
        assert_eq!(both.unwrap_err().code(), ErrorCode::CertificateExpired);
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
