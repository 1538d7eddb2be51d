//! A batch at work, from the first look at its documents to its end, on a thread of its own: the turn, the look, the mandate, the
//! three stages, and what the journal is told at the end.

use std::sync::Arc;
use std::thread;

use paraphe_protocol::api::{AuditSubject, ErrorCode, Language, MandateEndReason, Operation};
use paraphe_protocol::digest::Sha256Digest;

use super::journal::Journal;
use super::line::Line;
use super::look::Seen;
use super::one_batch::Activity;
use super::record::Record;
use super::signing::BatchSigner;
use super::{Batch, card_stage, finish_stage, look, prepare_stage, result_file, storage};
use crate::caller::Caller;
use crate::document_store::Owner;
use crate::mandate::{Mandate, Scope};
use crate::opened::Opened;
use crate::operation::{
    Context, MandateQuestion, ask_for_mandate, check_signature, holder_token, now,
};
use crate::problem::Failure;
use crate::service::Inner;
use crate::token::Token;

/// What a batch is set to work with.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) caller: Caller,
    pub(crate) language: Language,
    /// The mandate to sign under; absent: one of its own.
    pub(crate) mandate: Option<String>,
    pub(crate) not_after: Option<i64>,
    pub(crate) retry_failed: bool,
}

/// Sets a batch to work and comes back.
pub(crate) fn start(agent: Arc<Inner>, batch: &Arc<Batch>, run: Run) -> Result<(), Failure> {
    if let Some(mandate) = &run.mandate {
        let owner = Owner::from(&run.caller);
        agent.mandates.find(&owner, mandate)?.check_open()?;
    }
    let journal = batch.begin_work()?;
    let working = Arc::clone(batch);
    thread::Builder::new()
        .name("batch".to_owned())
        .spawn(move || {
            let outcome = work(&agent, &working, &journal, &run);
            let outcome = outcome.and_then(|stopped| {
                conclude(&working, &journal)?;
                Ok(stopped)
            });
            let problem = outcome.unwrap_or_else(Some);
            if let Some(problem) = &problem {
                tracing::info!(code = problem.code().name(), "a batch stopped");
            }
            write_down_end(&agent, &working, problem.as_ref().map(Failure::code));
            // Another process may work on it from now on.
            drop(journal);
            working.end_work(problem);
        })
        .map_err(|error| {
            batch.end_work(None);
            Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error)
        })?;
    Ok(())
}

/// What came of it, in the agent's journal.
fn write_down_end(agent: &Inner, batch: &Batch, code: Option<ErrorCode>) {
    let (state, done) = batch.outcome();
    let about = AuditSubject {
        card: serial(batch),
        id: Some(batch.id().to_owned()),
        ended: Some(state.name().to_owned()),
        count: Some(done.into()),
        ..AuditSubject::default()
    };
    let journal = &agent.journal;
    journal.note_end(Operation::BatchStart, batch.owner(), about, code);
}

/// What stopped it, if something did.
fn work(
    agent: &Arc<Inner>,
    batch: &Arc<Batch>,
    journal: &Arc<Journal>,
    run: &Run,
) -> Result<Option<Failure>, Failure> {
    let Some(_turn) = agent.batches.take_turn(batch) else {
        return Ok(None);
    };
    batch.set_activity(Activity::Preparing);
    batch.record(journal, &[Record::Working])?;
    let results = result_file::directory(batch.begun(), batch.directory());
    result_file::clear_unfinished(batch.id(), &results).map_err(|error| storage(&error))?;
    if run.retry_failed {
        batch.record(journal, &[Record::Retried])?;
    }
    let Some(left) = look::look(agent, batch, journal)? else {
        return Ok(None);
    };
    let context = Context {
        agent,
        caller: &run.caller,
        language: run.language,
    };
    if left.unsigned.is_empty() {
        // What is signed is finished without the PIN; the card says whose certificate it was.
        return match left.signed {
            true => {
                let token = holder_token(
                    &context,
                    batch.begun().reader.as_deref(),
                    serial(batch).as_deref(),
                )?;
                sign(&context, agent, batch, journal, &token, None)
            }
            false => Ok(None),
        };
    }
    let (mandate, own) = mandate(&context, batch, run, left)?;
    batch.set_mandate(mandate.id());
    let outcome = sign(
        &context,
        agent,
        batch,
        journal,
        mandate.token(),
        Some(&mandate),
    );
    if own {
        // It was asked for this work alone.
        mandate.end(MandateEndReason::Closed);
    }
    outcome
}

/// Whose card began it goes on.
fn serial(batch: &Batch) -> Option<String> {
    let signer = batch.with_table(|table| table.signer.clone());
    signer
        .map(|(serial, _)| serial)
        .or_else(|| batch.begun().card.clone())
}

fn mandate(
    context: &Context<'_>,
    batch: &Batch,
    run: &Run,
    left: Seen,
) -> Result<(Arc<Mandate>, bool), Failure> {
    let mandates = &context.agent.mandates;
    if let Some(id) = &run.mandate {
        return Ok((mandates.find(&Owner::from(&run.caller), id)?, false));
    }
    let begun = batch.begun();
    let longest = context.agent.config.mandate.maximum_duration.as_secs();
    let at_most = i64::try_from(longest).unwrap_or(i64::MAX);
    let not_after = run.not_after.unwrap_or(now().0.saturating_add(at_most));
    let mandate = ask_for_mandate(
        context,
        MandateQuestion {
            purpose: &begun.purpose,
            scope: Scope::documents(left.unsigned),
            first_titles: left.first_titles,
            not_after: Some(not_after),
            reader: begun.reader.as_deref(),
            card: serial(batch).as_deref(),
        },
    )?;
    Ok((mandate, true))
}

fn sign(
    context: &Context<'_>,
    agent: &Arc<Inner>,
    batch: &Arc<Batch>,
    journal: &Arc<Journal>,
    token: &Token,
    mandate: Option<&Arc<Mandate>>,
) -> Result<Option<Failure>, Failure> {
    let signer = signer(context, batch, journal, token)?;
    batch.set_activity(Activity::Signing);
    let line = Arc::new(Line::new(
        Arc::clone(agent),
        Arc::clone(batch),
        Arc::clone(journal),
        signer,
    ));
    let no_thread =
        |error| Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error);
    let started = prepare_stage::start(&line).map_err(no_thread);
    let ahead = started.inspect_err(|_| line.stop(None))?;
    let behind = finish_stage::start(&line).map_err(no_thread);
    let behind = behind.inspect_err(|_| line.stop(None))?;
    if let Some(mandate) = mandate {
        card_stage::sign(&line, mandate);
    }
    for stage in ahead {
        if stage.join().is_err() {
            line.stop(Some(ErrorCode::Internal.into()));
        }
    }
    line.signed.close();
    for stage in behind {
        if stage.join().is_err() {
            line.stop(Some(ErrorCode::Internal.into()));
        }
    }
    Ok(line.why_stopped())
}

/// Who signs, and nobody else from the first signature on.
fn signer(
    context: &Context<'_>,
    batch: &Batch,
    journal: &Journal,
    token: &Token,
) -> Result<BatchSigner, Failure> {
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let chain = check_signature(context, &token.bearer()?, &certificate, now())?;
    let fingerprint = Sha256Digest::of(certificate.der());
    match batch.with_table(|table| table.signer.clone()) {
        Some((_, before)) if before == fingerprint => {}
        Some(_) => return Err(ErrorCode::CardChanged.into()),
        None => {
            let record = Record::Signer {
                serial: token.serial.clone(),
                certificate: fingerprint,
            };
            batch.record(journal, &[record])?;
        }
    }
    Ok(BatchSigner {
        token: token.clone(),
        certificate,
        chain,
    })
}

/// Makes all that is recorded durable, and writes down that it was cancelled.
fn conclude(batch: &Batch, journal: &Journal) -> Result<(), Failure> {
    let records: &[Record] = if batch.is_cancelled() {
        &[Record::Cancelled]
    } else {
        &[]
    };
    let end = batch.record(journal, records)?;
    journal.sync(end).map_err(|error| storage(&error))
}
