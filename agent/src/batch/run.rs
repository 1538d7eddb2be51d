//! A batch at work, from the first look at its documents to its end, on a thread of its own: the turn, the look, the mandate, the
//! three stages, and what the journal is told at the end.

use std::sync::Arc;
use std::thread;

use paraphe_certs::{CardSignature, StructureSeal};
use paraphe_protocol::api::{ErrorCode, Language};
use paraphe_protocol::digest::Sha256Digest;

use super::journal::Journal;
use super::line::Line;
use super::one_batch::Activity;
use super::record::Record;
use super::signing::BatchSigner;
use super::{Batch, card_stage, finish_stage, look, prepare_stage, storage};
use crate::caller::Caller;
use crate::document_store::Owner;
use crate::mandate::{Mandate, Scope};
use crate::operation::{Context, MandateQuestion, ask_for_mandate, check_certificate, now};
use crate::problem::Failure;
use crate::service::Inner;
use crate::token::Bearer;

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
    if run.retry_failed {
        batch.record(journal, &[Record::Retried])?;
    }
    let Some((digests, titles)) = look::look(agent, batch, journal)? else {
        return Ok(None);
    };
    if digests.is_empty() {
        return Ok(None);
    }
    let context = Context {
        agent,
        caller: &run.caller,
        language: run.language,
    };
    let (mandate, own) = mandate(&context, batch, run, digests, titles)?;
    batch.set_mandate(mandate.id());
    let outcome = sign(&context, agent, batch, journal, &mandate);
    if own {
        // It was asked for this work alone.
        mandate.end(paraphe_protocol::api::MandateEndReason::Closed);
    }
    outcome
}

fn mandate(
    context: &Context<'_>,
    batch: &Batch,
    run: &Run,
    digests: Vec<Sha256Digest>,
    first_titles: Vec<String>,
) -> Result<(Arc<Mandate>, bool), Failure> {
    let mandates = &context.agent.mandates;
    if let Some(id) = &run.mandate {
        return Ok((mandates.find(&Owner::from(&run.caller), id)?, false));
    }
    let begun = batch.begun();
    let longest = context.agent.config.mandate.maximum_duration.as_secs();
    let at_most = i64::try_from(longest).unwrap_or(i64::MAX);
    let not_after = run.not_after.unwrap_or(now().0.saturating_add(at_most));
    // Whose card began it goes on.
    let signer = batch.with_table(|table| table.signer.clone());
    let serial = signer
        .map(|(serial, _)| serial)
        .or_else(|| begun.card.clone());
    let mandate = ask_for_mandate(
        context,
        MandateQuestion {
            purpose: &begun.purpose,
            scope: Scope::documents(digests),
            first_titles,
            not_after: Some(not_after),
            reader: begun.reader.as_deref(),
            card: serial.as_deref(),
        },
    )?;
    Ok((mandate, true))
}

fn sign(
    context: &Context<'_>,
    agent: &Arc<Inner>,
    batch: &Arc<Batch>,
    journal: &Arc<Journal>,
    mandate: &Arc<Mandate>,
) -> Result<Option<Failure>, Failure> {
    let signer = signer(context, batch, journal, mandate)?;
    batch.set_activity(Activity::Signing);
    let line = Arc::new(Line::new(
        Arc::clone(agent),
        Arc::clone(batch),
        Arc::clone(journal),
        signer,
        Arc::clone(mandate),
    ));
    let no_thread =
        |error| Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error);
    let started = prepare_stage::start(&line).map_err(no_thread);
    let ahead = started.inspect_err(|_| line.stop(None))?;
    let behind = finish_stage::start(&line).map_err(no_thread);
    let behind = behind.inspect_err(|_| line.stop(None))?;
    card_stage::sign(&line);
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
    mandate: &Mandate,
) -> Result<BatchSigner, Failure> {
    let token = mandate.token();
    let certificate = token
        .signature
        .clone()
        .ok_or(ErrorCode::CertificateMissing)?;
    let chain = match token.bearer()? {
        Bearer::Person(_) => check_certificate::<CardSignature>(context, &certificate, now())?,
        Bearer::Structure(_) => check_certificate::<StructureSeal>(context, &certificate, now())?,
    };
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
