//! Reading a professional's card: serial number, certificates, holder, PIN counters, all without PIN and in one short
//! transaction. What was read before is taken from the cache where the card says that it was not updated.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paraphe_certs::{Certificate, Holder};
use paraphe_protocol::api::{CardSummary, ErrorCode};
use paraphe_protocol::card::{
    self, Assurance, CardCache, CardError, CardModel, CardSerial, KeyPurpose, PinCounters,
    TransportError,
};

use super::Context;
use super::selection::{Candidate, Family, candidates, only};
use super::summary::hexadecimal_capitals;
use crate::problem::Failure;
use crate::reader::{CardChannel, CardEnd, CardTarget};

/// Longest reading; a card read for the first time through a slow reader takes some seconds.
const READING_LIMIT: Duration = Duration::from_secs(30);

/// What a professional's card says without its PIN.
#[derive(Debug, Clone)]
pub(super) struct ProfessionalCard {
    pub(super) target: CardTarget,
    pub(super) model: CardModel,
    pub(super) serial: CardSerial,
    pub(super) summary: CardSummary,
    pub(super) assurance: Assurance,
    pub(super) authentication: Option<Certificate>,
    pub(super) signature: Option<Certificate>,
    /// Of the key that needs no PIN, without contacts; it is nobody's.
    pub(super) technical: Option<Certificate>,
    /// `None` for a card without PIN.
    pub(super) counters: Option<PinCounters>,
}

/// Reads the card of `family` that the caller means: in that reader, with that serial number, or the only one.
pub(super) fn read(
    context: &Context<'_>,
    family: Family,
    reader: Option<&str>,
    serial: Option<&str>,
) -> Result<ProfessionalCard, Failure> {
    let found = candidates(context, family, reader)?;
    let Some(serial) = serial else {
        return read_one(context, &only(found)?);
    };
    let several = found.len() > 1;
    for candidate in &found {
        let known = candidate
            .view
            .known_card
            .as_ref()
            .and_then(|card| card.serial.as_deref());
        if known.is_some_and(|known| known != serial) {
            continue;
        }
        match read_one(context, candidate) {
            Ok(card) if card.serial.as_str() == serial => return Ok(card),
            Ok(_) => {}
            // Another card that cannot be read is not the one asked for.
            Err(failure) if several => tracing::debug!(code = failure.code().name(), "passed over"),
            Err(failure) => return Err(failure),
        }
    }
    Err(ErrorCode::CardChanged.into())
}

impl ProfessionalCard {
    /// The holder, from the signature certificate, or the authentication certificate where there is no other. Never from the
    /// technical certificate, whatever it states.
    pub(super) fn holder(&self) -> Result<Holder, Failure> {
        if self.assurance != Assurance::Holder {
            return Err(ErrorCode::CardProvesNoHolder.into());
        }
        let certificate = self
            .signature
            .as_ref()
            .or(self.authentication.as_ref())
            .ok_or(ErrorCode::CertificateMissing)?;
        Holder::from_certificate(certificate).map_err(|error| {
            Failure::new(ErrorCode::CertificateInvalid).with_technical_detail(error)
        })
    }
}

fn read_one(context: &Context<'_>, candidate: &Candidate) -> Result<ProfessionalCard, Failure> {
    let label = candidate
        .view
        .known_card
        .as_ref()
        .map(|card| card.label.clone());
    let model = candidate.model;
    let cache = Arc::clone(&context.agent.card_cache);
    let target = candidate.view.target.clone();
    let card = without_pin(context, &target, {
        let target = target.clone();
        move |channel| {
            let atr = hexadecimal_capitals(channel.atr());
            let mut card = card::ProfessionalCard::open_known(channel, model, &lock(&cache))?;
            let authentication = certificate(&mut card, KeyPurpose::Authentication)?;
            let signature = certificate(&mut card, KeyPurpose::Signature)?;
            let (technical, counters) = match card.assurance() {
                Assurance::Holder => (None, Some(card.pin_counters()?)),
                Assurance::CardOnly => (Some(card.technical_certificate()?), None),
            };
            let label = match &label {
                Some(known) => known.clone(),
                None => card.token_info().ok().and_then(|token| token.label),
            };
            card.remember(&mut lock(&cache));
            Ok(ProfessionalCard {
                target: target.clone(),
                model,
                serial: card.serial().clone(),
                summary: CardSummary {
                    kind: model.name().to_owned(),
                    atr,
                    serial: Some(card.serial().as_str().to_owned()),
                    label,
                },
                assurance: card.assurance(),
                authentication,
                signature,
                technical,
                counters,
            })
        }
    })?;
    context
        .agent
        .readers
        .remember(&target, card.summary.clone());
    let certificates = [&card.authentication, &card.signature, &card.technical];
    let ends = certificates
        .into_iter()
        .flatten()
        .map(Certificate::not_after)
        .min();
    if let Some(ends) = ends {
        context.agent.note_expiry(card.serial.as_str(), ends);
    }
    Ok(card)
}

/// Runs a job that presents no PIN, and once more if another program reset the card under it.
pub(super) fn without_pin<R: Send + 'static>(
    context: &Context<'_>,
    target: &CardTarget,
    job: impl Fn(&mut CardChannel<'_>) -> Result<R, CardError> + Send + Sync + 'static,
) -> Result<R, Failure> {
    let job = Arc::new(job);
    let mut again = true;
    loop {
        let this_time = Arc::clone(&job);
        let result = context
            .agent
            .readers
            .run(target, READING_LIMIT, move |channel| {
                (this_time(channel), CardEnd::Leave)
            })?;
        match result {
            Err(CardError::Transport(TransportError::CardReset)) if again => again = false,
            result => return result.map_err(Failure::from),
        }
    }
}

fn certificate(
    card: &mut card::ProfessionalCard<'_, CardChannel<'_>>,
    purpose: KeyPurpose,
) -> Result<Option<Certificate>, CardError> {
    match card.certificate(purpose) {
        Ok(certificate) => Ok(Some(certificate)),
        Err(CardError::CertificateNotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn lock(cache: &Mutex<CardCache>) -> MutexGuard<'_, CardCache> {
    // What a panicking holder leaves is at worst a card that is read again.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
