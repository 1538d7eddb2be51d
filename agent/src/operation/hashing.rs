//! Reading many documents at once: as many threads as the machine has processors, the caller's among them, one fixed buffer
//! each, so that memory does not grow with the size or number of documents. Results come in the order of the documents; the failure of the
//! first document that fails is told, with its position.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::document_source::Source;
use super::reading::{Reading, read_through};
use crate::problem::Failure;

/// Does `work` with every item, on all processors. `work` is given a buffer that it may use.
pub(crate) fn in_parallel<Item: Sync, Done: Send>(
    items: &[Item],
    work: impl Fn(&mut Vec<u8>, &Item) -> Result<Done, Failure> + Sync,
) -> Result<Vec<Done>, Failure> {
    let ((), results) = share(
        || Ok(()),
        items,
        1,
        |buffer, items| items.iter().map(|item| work(buffer, item)).collect(),
    )?;
    Ok(results)
}

/// Reads every document, two at once on each processor where there are enough, while the caller's thread does `first` before it helps. What
/// fails in `first` is told first, and ends the rest.
pub(super) fn read_in_parallel<First, Item: Sync, R: Reading, Done: Send>(
    first: impl FnOnce() -> Result<First, Failure>,
    items: &[Item],
    open: impl Fn(&Item) -> Result<(Source, R), Failure> + Sync,
    close: impl Fn(&Item, R) -> Result<Done, Failure> + Sync,
) -> Result<(First, Vec<Done>), Failure> {
    share(first, items, 2, |buffer, items| {
        let read = read_through(items.iter().map(&open).collect(), buffer);
        let closed = items.iter().zip(read);
        closed.map(|(item, read)| close(item, read?)).collect()
    })
}

/// Threads take items from the front, `at_once` together where all have enough to do; `work` gives a result for each.
fn share<First, Item: Sync, Done: Send>(
    first: impl FnOnce() -> Result<First, Failure>,
    items: &[Item],
    at_once: usize,
    work: impl Fn(&mut Vec<u8>, &[Item]) -> Vec<Result<Done, Failure>> + Sync,
) -> Result<(First, Vec<Done>), Failure> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let workers = processors.min(items.len());
    let is_enough = items.len() >= workers.saturating_mul(at_once).saturating_mul(2);
    let at_once = if is_enough { at_once } else { 1 };
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let do_what_is_left = || {
        let mut buffer = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(at_once, Ordering::Relaxed);
            let end = index.saturating_add(at_once).min(items.len());
            let Some(taken) = items.get(index..end).filter(|taken| !taken.is_empty()) else {
                break;
            };
            let done = work(&mut buffer, taken);
            if done.iter().any(Result::is_err) {
                failed.store(true, Ordering::Relaxed);
            }
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend((index..).zip(done));
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

    use std::sync::atomic::{AtomicUsize, Ordering};

    use paraphe_protocol::api::{ErrorCode, Language};

    use super::{in_parallel, share};

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
        let all = |_: &mut Vec<u8>, items: &[usize]| items.iter().copied().map(Ok).collect();
        let (first, items) = share(|| Ok(7), &[1, 2], 1, all).unwrap();
        assert_eq!((first, items), (7, vec![1, 2]));
        let both = share(
            || Err::<(), _>(ErrorCode::CertificateExpired.into()),
            &[1, 2],
            1,
            |_, items| {
                let failed = |_| Err::<(), _>(ErrorCode::DocumentMissing.into());
                items.iter().map(failed).collect()
            },
        );
        assert_eq!(both.unwrap_err().code(), ErrorCode::CertificateExpired);
    }

    #[test]
    fn several_at_once_are_all_done_in_order() {
        for count in 0..40_usize {
            let items: Vec<usize> = (0..count).collect();
            let most = AtomicUsize::new(0);
            let ((), done) = share(
                || Ok(()),
                &items,
                2,
                |_, items| {
                    most.fetch_max(items.len(), Ordering::Relaxed);
                    items.iter().map(|item| Ok(item * 3)).collect()
                },
            )
            .unwrap();
            assert_eq!(done, items.iter().map(|item| item * 3).collect::<Vec<_>>());
            let processors = std::thread::available_parallelism().unwrap().get();
            let expected = if count >= 4 * processors.min(count) {
                2
            } else {
                1
            };
            assert!(most.into_inner() <= expected);
        }
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
