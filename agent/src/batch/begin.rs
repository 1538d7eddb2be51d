//! The beginning of a batch: its items are written down before anybody is answered, what was handed over is copied, and the
//! directory gets its name when all of that is durable. Documents themselves are not opened: that takes time and comes later.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use paraphe_protocol::api::{
    BatchItemRequest, BatchStartRequest, DocumentSource, ErrorCode, MAXIMUM_BATCH_ITEMS,
    MAXIMUM_PURPOSE,
};

use super::journal::Journal;
use super::one_batch::JOURNAL;
use super::record::{Begun, Item, Record, VERSION};
use super::signing::BatchSigner;
use super::{Batch, INCOMPLETE, result_file, storage};
use crate::caller::Caller;
use crate::operation::{Context, Source, now, parse_strictly};
use crate::problem::Failure;
use crate::random::random_id;

/// Longest title, characters.
const MAXIMUM_TITLE: usize = 128;
/// Longest line of a list, bytes.
const MAXIMUM_LINE: usize = 16 << 10;
/// Records written at once.
const GROUP: usize = 256;

/// Writes a batch down.
pub(crate) fn begin(
    context: &Context<'_>,
    request: &BatchStartRequest,
) -> Result<Arc<Batch>, Failure> {
    let purpose = request.purpose.trim();
    if purpose.is_empty() || purpose.chars().count() > MAXIMUM_PURPOSE {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("purpose: 1 to {MAXIMUM_PURPOSE} characters")));
    }
    if request.items.is_empty() == request.list.is_none() {
        return Err(ErrorCode::BatchSize.into());
    }
    BatchSigner::check(context.agent, request.defaults)?;
    if request.output.is_some() && matches!(context.caller, Caller::Site(_)) {
        return Err(ErrorCode::PathNotAllowed.into());
    }
    let id = random_id()?;
    let batches = &context.agent.batches;
    batches.make_room(&context.agent.config.batch)?;
    let parent = batches.directory().map_err(|error| storage(&error))?;
    let growing = parent.join(format!("{id}{INCOMPLETE}"));
    let written = write(context, request, purpose, &growing);
    if let Err(failure) = written {
        // What remains is not a batch, and its name says so.
        let _removed = fs::remove_dir_all(&growing);
        return Err(failure);
    }
    let directory = parent.join(&id);
    fs::rename(&growing, &directory)
        .and_then(|()| result_file::sync_directory(parent))
        .map_err(|error| storage(&error))?;
    let batch = Arc::new(Batch::load(&id, &directory)?);
    batches.know(&batch);
    Ok(batch)
}

fn write(
    context: &Context<'_>,
    request: &BatchStartRequest,
    purpose: &str,
    directory: &Path,
) -> Result<(), Failure> {
    for name in [directory, &directory.join("documents")] {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(name)
            .map_err(|error| storage(&error))?;
    }
    let journal = Journal::create(&directory.join(JOURNAL))?;
    let begun = Begun {
        version: VERSION,
        site: Begun::site_of(context.caller),
        purpose: purpose.to_owned(),
        output: request.output.clone(),
        reader: request.reader.clone(),
        card: request.card.clone(),
        at: now().0,
    };
    let results = match &request.output {
        Some(output) => Path::new(output).to_owned(),
        None => directory.join("results"),
    };
    let mut writing = Writing {
        context,
        directory,
        journal,
        request,
        group: vec![Record::Begun(begun)],
        items: 0,
    };
    for item in &request.items {
        writing.add(item)?;
    }
    if let Some(list) = &request.list {
        writing.add_list(list)?;
    }
    let items = writing.items;
    if items == 0 {
        return Err(ErrorCode::BatchSize.into());
    }
    writing.group.push(Record::Listed { items });
    writing.flush()?;
    let end = writing
        .journal
        .append(&[])
        .map_err(|error| storage(&error))?;
    writing
        .journal
        .sync(end.1)
        .map_err(|error| storage(&error))?;
    result_file::make_directory(&results)?;
    result_file::sync_directory(directory).map_err(|error| storage(&error))
}

struct Writing<'a> {
    context: &'a Context<'a>,
    directory: &'a Path,
    journal: Journal,
    request: &'a BatchStartRequest,
    group: Vec<Record>,
    items: u32,
}

impl Writing<'_> {
    fn add(&mut self, item: &BatchItemRequest) -> Result<(), Failure> {
        let number = self.items + 1;
        if number > MAXIMUM_BATCH_ITEMS {
            return Err(ErrorCode::BatchSize.into());
        }
        let about = |failure: Failure| failure.about_document(usize::try_from(number).unwrap_or(0));
        let title = item.title.clone();
        if title
            .as_ref()
            .is_some_and(|title| title.chars().count() > MAXIMUM_TITLE)
        {
            return Err(about(
                Failure::new(ErrorCode::RequestInvalid).with_technical_detail(format!(
                    "a title has at most {MAXIMUM_TITLE} characters"
                )),
            ));
        }
        let choice = item.signature.over(self.request.defaults);
        BatchSigner::check(self.context.agent, choice).map_err(about)?;
        let (path, copied) = match &item.source {
            DocumentSource::Path(path) => {
                if matches!(self.context.caller, Caller::Site(_)) || !Path::new(path).is_absolute()
                {
                    return Err(about(ErrorCode::PathNotAllowed.into()));
                }
                (path.clone(), false)
            }
            source @ DocumentSource::Document(_) => {
                (self.copy(source, number).map_err(about)?, true)
            }
        };
        self.items = number;
        self.group.push(Record::Item(Item {
            item: number,
            path,
            copied,
            title,
            choice,
        }));
        if self.group.len() >= GROUP {
            self.flush()?;
        }
        Ok(())
    }

    /// Adds every line of a list.
    fn add_list(&mut self, list: &DocumentSource) -> Result<(), Failure> {
        let limit = self.context.agent.config.limits.document_bytes;
        let source = Source::open(self.context, list, limit)?;
        let mut line = Vec::new();
        source.read_through(&mut Vec::new(), |piece| {
            for part in piece.split_inclusive(|byte| *byte == b'\n') {
                line.extend_from_slice(part);
                if line.len() > MAXIMUM_LINE {
                    return Err(Failure::new(ErrorCode::RequestInvalid)
                        .with_technical_detail("a line of the list is too long"));
                }
                if line.ends_with(b"\n") {
                    self.add_line(&line)?;
                    line.clear();
                }
            }
            Ok(())
        })?;
        self.add_line(&line)
    }

    fn add_line(&mut self, line: &[u8]) -> Result<(), Failure> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let position = usize::try_from(self.items).unwrap_or(0) + 1;
        let item = parse_strictly(line).map_err(|failure| failure.about_document(position))?;
        self.add(&item)
    }

    /// Copies what was handed over: it would vanish with the agent.
    fn copy(&self, source: &DocumentSource, number: u32) -> Result<String, Failure> {
        let limit = self.context.agent.config.limits.document_bytes;
        let source = Source::open(self.context, source, limit)?;
        let name = format!("{number:06}");
        let path = self.directory.join("documents").join(&name);
        let mut file = File::create_new(&path).map_err(|error| storage(&error))?;
        source.read_through(&mut Vec::new(), |piece| {
            file.write_all(piece).map_err(|error| storage(&error))
        })?;
        file.sync_all().map_err(|error| storage(&error))?;
        // Found in the batch's own directory, whatever that is called by then.
        Ok(name)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.journal
            .append(&self.group)
            .map_err(|error| storage(&error))?;
        self.group.clear();
        Ok(())
    }
}
