//! One mandate: what it allows, what was used of it, its secret, and its end, which happens once and wipes the secret.
//!
//! A signature needs a [`Permit`], which takes its place in the count and among the approved documents before the card is asked
//! and gives it back if no signature came of it: two signatures at once cannot go beyond the count together.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{
    AuditSubject, ErrorCode, EventKind, MandateEnd, MandateEndReason, MandateSummary, Operation,
};
use paraphe_protocol::card::{CardError, TransportError};
use paraphe_protocol::digest::Sha256Digest;

use super::Scope;
use super::session_lock::SessionLock;
use crate::audit::Journal;
use crate::document_store::Owner;
use crate::events::EventLog;
use crate::opened::{Opened, Tenure};
use crate::operation::now;
use crate::problem::Failure;
use crate::service::Inner;
use crate::token::{
    DocumentSignature, HeldSecret, ProvenSecret, Token, TokenError, TokenWork, VERIFIED_LIMIT,
};

/// How often who opened it is told that it was used, at most.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// What a mandate is begun with: all of it was shown to the person, whose entry the token accepted.
#[derive(Debug)]
pub(crate) struct MandateTerms {
    pub(crate) owner: Owner,
    pub(crate) purpose: String,
    pub(crate) token: Token,
    pub(crate) scope: Scope,
    pub(crate) not_after: UnixTime,
    pub(crate) secret: ProvenSecret,
    /// How long the workstation had slept before the person was asked.
    pub(crate) slept: Duration,
    /// How often the session had been locked before that.
    pub(crate) locks_told: u64,
}

/// A mandate.
pub(crate) struct Mandate {
    tenure: Tenure,
    purpose: String,
    count: u32,
    documents_approved: bool,
    secret: Arc<HeldSecret>,
    /// Held while the token works: one transaction at a time.
    turn: Mutex<()>,
    state: Mutex<State>,
    events: EventLog,
    journal: Arc<Journal>,
    session_lock: Arc<SessionLock>,
}

struct State {
    /// Signatures made, and being made.
    taken: u32,
    /// Signatures made.
    used: u32,
    scope: Scope,
    end: Option<MandateEnd>,
    told: Instant,
}

/// Leave for one signature.
#[derive(Debug)]
pub(crate) struct Permit {
    mandate: Arc<Mandate>,
    /// Among the approved documents.
    places: Vec<usize>,
    /// What it takes of the count.
    weight: u32,
    spent: bool,
}

impl Mandate {
    pub(super) fn new(
        terms: MandateTerms,
        events: EventLog,
        journal: Arc<Journal>,
        session_lock: Arc<SessionLock>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            tenure: Tenure::begin(terms.owner, terms.token, terms.slept, terms.not_after)?,
            purpose: terms.purpose,
            count: terms.scope.count(),
            documents_approved: matches!(terms.scope, Scope::Documents(_)),
            secret: Arc::new(HeldSecret::new(terms.secret)),
            turn: Mutex::new(()),
            state: Mutex::new(State {
                taken: 0,
                used: 0,
                scope: terms.scope,
                end: None,
                told: Instant::now(),
            }),
            events,
            journal,
            session_lock,
        })
    }

    /// Refuses where it has ended, and says why it did.
    pub(crate) fn check_open(&self) -> Result<(), Failure> {
        if self.is_open() {
            return Ok(());
        }
        match self.lock().end {
            Some(end) => Err(ended(end.reason)),
            None => Ok(()),
        }
    }

    /// As its owner sees it now.
    pub(crate) fn summary(&self) -> MandateSummary {
        self.is_open();
        self.summary_without_ending()
    }

    /// Tells its owner that it was opened.
    pub(super) fn announce(&self) {
        self.tell(EventKind::MandateOpened);
    }

    /// Takes leave for one signature over these documents. Of a mandate for a number it takes one; of a mandate for documents each of
    /// them, since none may be signed more often than it was approved.
    pub(crate) fn permit(self: &Arc<Self>, documents: &[Sha256Digest]) -> Result<Permit, Failure> {
        self.check_open()?;
        let mut state = self.lock();
        if state.taken >= self.count {
            return Err(ended(MandateEndReason::UsedUp));
        }
        let (places, weight) = match &mut state.scope {
            Scope::Count(_) => (Vec::new(), 1),
            Scope::Documents(approved) => {
                let places = approved.take_all(documents);
                let places = places.ok_or(ErrorCode::MandateDocumentNotApproved)?;
                let weight = u32::try_from(places.len()).unwrap_or(u32::MAX);
                (places, weight)
            }
        };
        state.taken = state.taken.saturating_add(weight);
        Ok(Permit {
            mandate: Arc::clone(self),
            places,
            weight,
            spent: false,
        })
    }

    /// Makes the signature that the permit is for. What another program's reset lost is tried once more.
    pub(crate) fn sign(
        &self,
        agent: &Inner,
        mut permit: Permit,
        work: impl TokenWork<DocumentSignature>,
    ) -> Result<DocumentSignature, Failure> {
        let work = Arc::new(work);
        let mut again = true;
        loop {
            let work = Arc::clone(&work);
            let signed = self.with_token(agent, VERIFIED_LIMIT, move |token| work(token))?;
            match signed {
                Ok(signature) => {
                    permit.spend();
                    return Ok(signature);
                }
                Err(error) if again && is_foreign_reset(&error) => again = false,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Refuses a request that names another card or reader than this mandate's.
    pub(crate) fn check_card(
        &self,
        reader: Option<&str>,
        card: Option<&str>,
    ) -> Result<(), Failure> {
        let is_other = card.is_some_and(|card| card != self.token().serial)
            || reader.is_some_and(|reader| reader != self.token().place);
        if is_other {
            return Err(Failure::new(ErrorCode::CardChanged).with_detail(
                "Le mandat est celui d'une autre carte ou d'un autre lecteur.",
                "The mandate is for another card or reader.",
            ));
        }
        Ok(())
    }

    /// Does `work` on the unlocked token, in one transaction of at most `limit`. A secret that was not accepted ends the mandate.
    pub(crate) fn with_token<R: Send + 'static>(
        &self,
        agent: &Inner,
        limit: Duration,
        work: impl TokenWork<R>,
    ) -> Result<Result<R, TokenError>, Failure> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_open()?;
        let outcome = self
            .tenure
            .token
            .unlock_held(agent, &self.secret, limit, work);
        if matches!(&outcome, Ok(Err(error)) if error.code_was_refused()) {
            agent.pin_entry.note_refused();
        }
        let another = matches!(
            &outcome,
            Ok(Err(TokenError::Card(CardError::PinOfAnotherCard)))
        );
        if another || !self.secret.is_here() {
            self.end(reason_of(&outcome));
        }
        outcome
    }

    fn use_up(&self, weight: u32) {
        let (tell, used_up) = {
            let mut state = self.lock();
            state.used = state.used.saturating_add(weight);
            let tell = state.told.elapsed() >= TOLD_EVERY;
            if tell {
                state.told = Instant::now();
            }
            (tell, state.used >= self.count)
        };
        if used_up {
            self.end(MandateEndReason::UsedUp);
        } else if tell {
            self.tell(EventKind::MandateUsed);
        }
    }

    fn give_back(&self, places: &[usize], weight: u32) {
        let mut state = self.lock();
        state.taken = state.taken.saturating_sub(weight);
        if let Scope::Documents(approved) = &mut state.scope {
            places.iter().for_each(|place| approved.give_back(*place));
        }
    }

    /// An end that no operation stands for in the journal.
    fn write_down_end(&self, reason: MandateEndReason) {
        let about = AuditSubject {
            card: Some(self.token().serial.clone()),
            id: Some(self.tenure.id.clone()),
            ended: Some(reason.name().to_owned()),
            count: Some(self.lock().used.into()),
            ..AuditSubject::default()
        };
        let journal = &self.journal;
        journal.note_end(Operation::MandateClose, self.owner(), about, None);
    }

    fn tell(&self, kind: EventKind) {
        let summary = self.summary_without_ending();
        self.events
            .record_mandate(kind, self.owner().clone(), summary);
    }

    /// Without a look at the clock, which could end it and tell that from within.
    fn summary_without_ending(&self) -> MandateSummary {
        let state = self.lock();
        MandateSummary {
            mandate: self.tenure.id.clone(),
            purpose: self.purpose.clone(),
            card: self.token().serial.clone(),
            reader: self.token().place.clone(),
            count: self.count,
            remaining: self.count.saturating_sub(state.used),
            documents_approved: self.documents_approved,
            opened: self.tenure.opened.0,
            not_after: self.tenure.not_after.0,
            remaining_seconds: match state.end {
                Some(_) => 0,
                None => self.tenure.left().as_secs(),
            },
            ends_on_lock: self.session_lock.is_watching(),
            origin: None,
            end: state.end,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changes are assignments that do not depend on each other's success.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened for Mandate {
    type Reason = MandateEndReason;

    const NAME: &'static str = "mandate";

    fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    fn cease(&self, reason: MandateEndReason) -> bool {
        self.secret.forget();
        let mut state = self.lock();
        let is_first = state.end.is_none();
        state.end.get_or_insert_with(|| MandateEnd {
            reason,
            at: now().0,
        });
        is_first
    }

    fn tell_end(&self, reason: MandateEndReason) {
        tracing::info!(reason = reason.name(), "a mandate ended");
        if reason != MandateEndReason::Closed {
            self.write_down_end(reason);
        }
        self.tell(EventKind::MandateEnded);
    }
}

impl Permit {
    /// The signature was made.
    pub(crate) fn spend(&mut self) {
        self.spent = true;
        self.mandate.use_up(self.weight);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.spent {
            self.mandate.give_back(&self.places, self.weight);
        }
    }
}

impl fmt::Debug for Mandate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Mandate")
            .field("id", &self.tenure.id)
            .finish_non_exhaustive()
    }
}

/// Another program reset the card, or took the verified state away: the card is as it was before the PIN.
pub(crate) fn is_foreign_reset(error: &TokenError) -> bool {
    matches!(
        error,
        TokenError::Card(
            CardError::Transport(TransportError::CardReset) | CardError::PinNotVerified
        )
    )
}

fn ended(reason: MandateEndReason) -> Failure {
    let (french, english) = match reason {
        MandateEndReason::AgentStopped => ("L'agent s'est arrêté.", "The agent stopped."),
        MandateEndReason::CardChanged => ("La carte a changé.", "The card changed."),
        MandateEndReason::CardFailed => (
            "La carte, son module ou son fichier a échoué.",
            "The card, its module or its file failed.",
        ),
        MandateEndReason::CardRemoved => ("La carte a été retirée.", "The card was taken out."),
        MandateEndReason::CardServiceLost => (
            "Le service des cartes s'est arrêté.",
            "The card service stopped.",
        ),
        MandateEndReason::Closed => ("Il a été fermé.", "It was closed."),
        MandateEndReason::Expired => ("Son temps est écoulé.", "Its time is over."),
        MandateEndReason::PinRefused => (
            "La carte a refusé le code, qui n'est plus présenté.",
            "The card refused the PIN, which is not presented any more.",
        ),
        MandateEndReason::SessionLocked => {
            ("La session a été verrouillée.", "The session was locked.")
        }
        MandateEndReason::SessionManagerLost => (
            "Plus personne ne dit si la session est verrouillée.",
            "Nobody tells any more whether the session is locked.",
        ),
        MandateEndReason::UsedUp => (
            "Toutes ses signatures sont faites ou en cours.",
            "All its signatures are made or being made.",
        ),
        MandateEndReason::WorkstationSlept => {
            ("Le poste s'est mis en veille.", "The workstation slept.")
        }
        _ => ("Il est terminé.", "It has ended."),
    };
    Failure::new(ErrorCode::MandateEnded).with_detail(french, english)
}

/// Why a mandate ends whose secret did not come back.
pub(crate) fn reason_of<R>(outcome: &Result<Result<R, TokenError>, Failure>) -> MandateEndReason {
    match outcome {
        Ok(Err(TokenError::Card(CardError::PinOfAnotherCard))) => MandateEndReason::CardChanged,
        Ok(Err(TokenError::Card(CardError::PinBlocked | CardError::LastTryNotConfirmed))) => {
            MandateEndReason::PinRefused
        }
        Ok(Err(error)) if error.code_was_refused() => MandateEndReason::PinRefused,
        _ => MandateEndReason::CardFailed,
    }
}
