//! Reading documents from beginning to end, one or two at once. Two are read in turns by one thread, because some of what is done with their bytes
//! takes less time for two together than for one after the other.

use super::document_source::{BUFFER, Source, SourceReader};
use crate::problem::Failure;

/// What takes the bytes of a document.
pub(crate) trait Reading: Sized {
    /// Takes the next bytes.
    fn take(&mut self, piece: &[u8]) -> Result<(), Failure>;

    /// Takes the next bytes of two documents.
    fn take_both(
        first: &mut Self,
        first_piece: &[u8],
        second: &mut Self,
        second_piece: &[u8],
    ) -> [Result<(), Failure>; 2];
}

/// Gives every byte of every document, in order and once, to its reading; in the order of the documents, each with its own failure.
/// `buffer` is kept by the caller so that memory does not grow.
pub(crate) fn read_through<R: Reading>(
    documents: Vec<Result<(Source, R), Failure>>,
    buffer: &mut Vec<u8>,
) -> Vec<Result<R, Failure>> {
    buffer.resize(2 * BUFFER, 0);
    let (one_buffer, other_buffer) = buffer.split_at_mut(BUFFER);
    let mut results = Vec::with_capacity(documents.len());
    let mut documents = documents.into_iter();
    while let Some(document) = documents.next() {
        match (document.map(Open::new), documents.next()) {
            (Ok(one), Some(Ok(other))) => {
                results.extend(both([one, Open::new(other)], one_buffer, other_buffer));
            }
            (one, other) => {
                results.push(one.and_then(|one| one.read_to_end(one_buffer)));
                results.extend(other.map(|other| other.map(Open::new)?.read_to_end(one_buffer)));
            }
        }
    }
    results
}

/// A document on its way.
struct Open<R> {
    reader: SourceReader,
    reading: R,
}

impl<R: Reading> Open<R> {
    fn new((source, reading): (Source, R)) -> Self {
        Self {
            reader: source.into_reader(),
            reading,
        }
    }

    fn read_to_end(mut self, buffer: &mut [u8]) -> Result<R, Failure> {
        loop {
            let read = self.reader.read(buffer)?;
            if read == 0 {
                return Ok(self.reading);
            }
            self.reading.take(start(buffer, read))?;
        }
    }

    /// Goes on alone with what was just read.
    fn after(mut self, read: Result<usize, Failure>, buffer: &mut [u8]) -> Result<R, Failure> {
        match read? {
            0 => Ok(self.reading),
            read => {
                self.reading.take(start(buffer, read))?;
                self.read_to_end(buffer)
            }
        }
    }
}

/// Until one of the two ends or fails; then the other goes on alone.
fn both<R: Reading>(
    [mut one, mut other]: [Open<R>; 2],
    one_buffer: &mut [u8],
    other_buffer: &mut [u8],
) -> [Result<R, Failure>; 2] {
    loop {
        let read = (one.reader.read(one_buffer), other.reader.read(other_buffer));
        let (Ok(one_read @ 1..), Ok(other_read @ 1..)) = read else {
            return [
                one.after(read.0, one_buffer),
                other.after(read.1, other_buffer),
            ];
        };
        let taken = R::take_both(
            &mut one.reading,
            start(one_buffer, one_read),
            &mut other.reading,
            start(other_buffer, other_read),
        );
        if taken.iter().any(Result::is_err) {
            let [one_taken, other_taken] = taken;
            return [
                one_taken.and_then(|()| one.read_to_end(one_buffer)),
                other_taken.and_then(|()| other.read_to_end(other_buffer)),
            ];
        }
    }
}

fn start(buffer: &[u8], bytes: usize) -> &[u8] {
    buffer.get(..bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_protocol::api::ErrorCode;

    use super::{Reading, read_through};
    use crate::operation::document_source::{BUFFER, Source};
    use crate::problem::Failure;

    /// Keeps what it is given, and fails once it has too much.
    struct Kept {
        bytes: Vec<u8>,
        most: usize,
        with_others: usize,
    }

    impl Reading for Kept {
        fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
            self.bytes.extend(piece);
            if self.bytes.len() > self.most {
                return Err(ErrorCode::DocumentFormat.into());
            }
            Ok(())
        }

        fn take_both(
            first: &mut Self,
            first_piece: &[u8],
            second: &mut Self,
            second_piece: &[u8],
        ) -> [Result<(), Failure>; 2] {
            first.with_others += 1;
            second.with_others += 1;
            [first.take(first_piece), second.take(second_piece)]
        }
    }

    #[test]
    fn each_document_has_its_own_end() {
        let folder = tempfile::tempdir().unwrap();
        let sizes = [0, 1, BUFFER, BUFFER + 1, 3 * BUFFER + 7];
        let content = |size: usize| -> Vec<u8> { (0..size).map(|at| (at % 251) as u8).collect() };
        for size in sizes {
            std::fs::write(folder.path().join(size.to_string()), content(size)).unwrap();
        }
        let open = |size: usize, most: usize| {
            let source = Source::open_path(&folder.path().join(size.to_string()), u64::MAX)?;
            let (bytes, with_others) = (Vec::new(), 0);
            Ok((
                source,
                Kept {
                    bytes,
                    most,
                    with_others,
                },
            ))
        };
        let mut buffer = Vec::new();
        for one in sizes {
            for other in sizes {
                let read = read_through(
                    vec![open(one, usize::MAX), open(other, usize::MAX)],
                    &mut buffer,
                );
                for (read, size) in read.into_iter().zip([one, other]) {
                    let kept = read.unwrap();
                    assert!(kept.bytes == content(size), "{one} and {other}");
                    assert_eq!(kept.with_others > 0, one > 0 && other > 0);
                }
                // One is refused, at once or later, or is not there: the other is read all the same.
                for refused in [open(one, 0), open(one, BUFFER), open(4711, 0)] {
                    let [first, second] =
                        read_through(vec![refused, open(other, usize::MAX)], &mut buffer)
                            .try_into()
                            .ok()
                            .unwrap();
                    assert!(first.is_err() || one <= BUFFER);
                    assert!(second.unwrap().bytes == content(other));
                }
            }
        }
        assert_eq!(buffer.len(), 2 * BUFFER);
    }
}
