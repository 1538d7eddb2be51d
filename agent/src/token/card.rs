//! A professional's card in a reader, driven by our own drivers. Reading it (serial number, certificates, PIN counters) takes
//! no PIN and one short transaction; what was read before is taken from the cache where the card says that it was not
//! updated. What needs the PIN opens the card anew in the very transaction that presents it, meets the serial number that was
//! prepared for, and leaves the card reset whatever happened.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paraphe_certs::Certificate;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{CardSummary, ErrorCode};
use paraphe_protocol::card::pinpad::{Pinpad, PinpadPrompt};
use paraphe_protocol::card::{
    Assurance, CardCache, CardError, CardModel, CardSerial, KeyPurpose, LastTry, Pin, PinCounters,
    ProfessionalCard, ProvenPin, TransportError,
};

use super::{Access, HeldSecret, ProvenSecret, Token, TokenError, TokenWork};
use crate::operation::hexadecimal_capitals;
use crate::pin::TriesLeft;
use crate::problem::Failure;
use crate::reader::{CardChannel, CardEnd, CardTarget, ReaderView};
use crate::service::Inner;

/// Longest reading; a card read for the first time through a slow reader takes some seconds.
const READING_LIMIT: Duration = Duration::from_secs(15);
/// Longest work behind a PIN: one signature, or 16 practice situations. The operation's own time is the narrower bound where
/// reading took long.
pub(crate) const VERIFIED_LIMIT: Duration = Duration::from_secs(25);

/// How a card is reached.
#[derive(Debug, Clone)]
pub(crate) struct CardAccess {
    pub(crate) target: CardTarget,
    pub(crate) model: CardModel,
    pub(crate) serial: CardSerial,
    /// `None` for a card without PIN.
    pub(crate) counters: Option<PinCounters>,
    /// The reader's own keypad, where it suits this card.
    pub(crate) keypad: Option<Pinpad>,
}

impl CardAccess {
    /// The tries of the PIN.
    pub(super) fn tries_left(&self) -> Result<TriesLeft, Failure> {
        let counters = self.counters.ok_or(ErrorCode::CardProvesNoHolder)?;
        if counters.is_blocked() {
            return Err(CardError::PinBlocked.into());
        }
        Ok(TriesLeft::Exactly(counters.left))
    }

    /// Presents a PIN, once, and does `work` in the same transaction.
    pub(crate) fn unlock<R: Send + 'static>(
        &self,
        agent: &Inner,
        pin: Pin,
        last_try: LastTry,
        work: &Arc<impl TokenWork<R>>,
    ) -> Result<Result<R, TokenError>, Failure> {
        let work = Arc::clone(work);
        self.in_one_transaction(agent, move |opened| {
            work(&mut opened.verify_pin(pin, last_try)?)
        })
    }

    /// The same with a PIN that this card accepted a moment ago.
    pub(crate) fn unlock_again<R: Send + 'static>(
        &self,
        agent: &Inner,
        proven: ProvenPin,
        work: impl TokenWork<R>,
    ) -> Result<Result<R, TokenError>, Failure> {
        self.in_one_transaction(agent, move |opened| {
            let verified = opened.verify_proven_pin(proven).map_err(CardError::from);
            work(&mut verified?)
        })
    }

    /// The same with a PIN that is kept for longer, for work of at most `limit`. It is kept again afterwards where the card accepted
    /// it, or never saw it.
    pub(super) fn unlock_held<R: Send + 'static>(
        &self,
        agent: &Inner,
        held: Arc<HeldSecret>,
        limit: Duration,
        work: impl TokenWork<R>,
    ) -> Result<Result<R, TokenError>, Failure> {
        self.in_one_transaction_within(agent, limit, move |opened| {
            let Some(ProvenSecret::Card(pin)) = held.take() else {
                return Err(CardError::PinNotVerified.into());
            };
            match opened.verify_proven_pin(pin) {
                Ok(mut verified) => {
                    let done = work(&mut verified);
                    if let Some(pin) = verified.take_proven_pin() {
                        held.put_back(ProvenSecret::Card(pin));
                    }
                    done
                }
                Err(refused) => {
                    if let Some(pin) = refused.unspent {
                        held.put_back(ProvenSecret::Card(pin));
                    }
                    Err(refused.error.into())
                }
            }
        })
    }

    /// Lets the person present the PIN on the reader's own keypad, once, and does `work` in the same transaction. It lasts as
    /// long as the person takes, and then at most `work_limit`.
    pub(crate) fn unlock_on_keypad<R: Send + 'static>(
        &self,
        agent: &Inner,
        prompt: PinpadPrompt,
        last_try: LastTry,
        work_limit: Duration,
        work: &Arc<impl TokenWork<R>>,
    ) -> Result<Result<R, TokenError>, Failure> {
        let work = Arc::clone(work);
        let limit = entry_limit(&prompt, 1).saturating_add(work_limit);
        self.in_one_transaction_within(agent, limit, move |opened| {
            work(&mut opened.verify_pin_on_pinpad(&prompt, last_try)?)
        })
    }

    /// Lets the person change the PIN on the reader's own keypad, and reads what tries the new one has.
    pub(crate) fn change_on_keypad(
        &self,
        agent: &Inner,
        prompt: PinpadPrompt,
        last_try: LastTry,
    ) -> Result<PinCounters, Failure> {
        let limit = entry_limit(&prompt, 3).saturating_add(VERIFIED_LIMIT);
        let changed: Result<_, CardError> =
            self.in_one_transaction_within(agent, limit, move |opened| {
                opened.change_pin_on_pinpad(&prompt, last_try)?;
                opened.pin_counters()
            })?;
        Ok(changed?)
    }

    /// Opens the card in one transaction, makes sure that it is the one prepared for, works, and leaves it reset.
    pub(crate) fn in_one_transaction<R: Send + 'static, E: From<CardError> + Send + 'static>(
        &self,
        agent: &Inner,
        work: impl FnOnce(&mut ProfessionalCard<'_, CardChannel<'_>>) -> Result<R, E> + Send + 'static,
    ) -> Result<Result<R, E>, Failure> {
        self.in_one_transaction_within(agent, VERIFIED_LIMIT, work)
    }

    fn in_one_transaction_within<R: Send + 'static, E: From<CardError> + Send + 'static>(
        &self,
        agent: &Inner,
        limit: Duration,
        work: impl FnOnce(&mut ProfessionalCard<'_, CardChannel<'_>>) -> Result<R, E> + Send + 'static,
    ) -> Result<Result<R, E>, Failure> {
        let cache = Arc::clone(&agent.card_cache);
        let model = self.model;
        let serial = self.serial.clone();
        let result = agent.readers.run(&self.target, limit, move |channel| {
            let opened = ProfessionalCard::open_known(channel, model, &known(&cache));
            let result = opened.map_err(E::from).and_then(|mut opened| {
                if *opened.serial() == serial {
                    work(&mut opened)
                } else {
                    Err(CardError::PinOfAnotherCard.into())
                }
            });
            (result, CardEnd::Reset)
        })?;
        Ok(result)
    }
}

/// How long a person may take for so many PINs at a keypad.
fn entry_limit(prompt: &PinpadPrompt, pins: u32) -> Duration {
    Duration::from_secs(prompt.timeout_seconds.into()).saturating_mul(pins)
}

/// What a card read without its PIN says.
struct Read {
    serial: CardSerial,
    assurance: Assurance,
    authentication: Option<Certificate>,
    signature: Option<Certificate>,
    technical: Option<Certificate>,
    offered_algorithms: Vec<SignatureAlgorithm>,
    counters: Option<PinCounters>,
    keypad: Option<Pinpad>,
    label: Option<String>,
    atr: String,
}

/// Reads the card that `view` shows, whose answer to reset is that of `model`.
pub(crate) fn read(agent: &Inner, view: &ReaderView, model: CardModel) -> Result<Token, Failure> {
    let label = view.known_card.as_ref().map(|card| card.label.clone());
    let cache = Arc::clone(&agent.card_cache);
    let target = view.target.clone();
    let read = without_pin(agent, &target, move |channel| {
        let atr = hexadecimal_capitals(channel.atr());
        let mut card = ProfessionalCard::open_known(channel, model, &known(&cache))?;
        let authentication = certificate(&mut card, KeyPurpose::Authentication)?;
        let signature = certificate(&mut card, KeyPurpose::Signature)?;
        let (technical, counters) = match card.assurance() {
            Assurance::Holder => (None, Some(card.pin_counters()?)),
            Assurance::CardOnly => (Some(card.technical_certificate()?), None),
        };
        let keypad = card.suitable_pinpad()?;
        let label = match &label {
            Some(known) => known.clone(),
            None => card.token_info().ok().and_then(|token| token.label),
        };
        card.remember(&mut lock(&cache));
        Ok(Read {
            offered_algorithms: card.offered_algorithms(KeyPurpose::Signature).to_vec(),
            serial: card.serial().clone(),
            assurance: card.assurance(),
            authentication,
            signature,
            technical,
            counters,
            keypad,
            label,
            atr,
        })
    })?;
    let token = Token {
        place: target.reader.to_string(),
        summary: CardSummary {
            kind: model.name().to_owned(),
            atr: Some(read.atr),
            serial: Some(read.serial.as_str().to_owned()),
            label: read.label,
        },
        serial: read.serial.as_str().to_owned(),
        assurance: read.assurance.into(),
        authentication: read.authentication,
        signature: read.signature,
        technical: read.technical,
        offered_algorithms: read.offered_algorithms,
        access: Access::Card(CardAccess {
            target: target.clone(),
            model,
            serial: read.serial,
            counters: read.counters,
            keypad: read.keypad,
        }),
    };
    agent.readers.remember(&target, token.summary.clone());
    let certificates = [&token.authentication, &token.signature, &token.technical];
    let ends = certificates
        .into_iter()
        .flatten()
        .map(Certificate::not_after)
        .min();
    if let Some(ends) = ends {
        agent.note_expiry(&token.serial, ends);
    }
    Ok(token)
}

/// Runs a job that presents no PIN, and once more if another program reset the card under it.
pub(crate) fn without_pin<R: Send + 'static>(
    agent: &Inner,
    target: &CardTarget,
    job: impl Fn(&mut CardChannel<'_>) -> Result<R, CardError> + Send + Sync + 'static,
) -> Result<R, Failure> {
    let job = Arc::new(job);
    let mut again = true;
    loop {
        let this_time = Arc::clone(&job);
        let result = agent.readers.run(target, READING_LIMIT, move |channel| {
            (this_time(channel), CardEnd::Leave)
        })?;
        match result {
            Err(CardError::Transport(TransportError::CardReset)) if again => again = false,
            result => return result.map_err(Failure::from),
        }
    }
}

fn certificate(
    card: &mut ProfessionalCard<'_, CardChannel<'_>>,
    purpose: KeyPurpose,
) -> Result<Option<Certificate>, CardError> {
    match card.certificate(purpose) {
        Ok(certificate) => Ok(Some(certificate)),
        Err(CardError::CertificateNotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is known of cards now. The cache itself is not held while a card is asked, which may never answer.
pub(crate) fn known(cache: &Mutex<CardCache>) -> CardCache {
    lock(cache).clone()
}

pub(crate) fn lock(cache: &Mutex<CardCache>) -> MutexGuard<'_, CardCache> {
    // What a panicking holder leaves is at worst a card that is read again.
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
