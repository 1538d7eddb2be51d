//! One tunnel: what the person agreed to, what was used of it, the held PIN, and its end, which happens once: the PIN is wiped, the
//! sessions are forgotten, every connection is cut.
//!
//! Each full handshake is one signature, made once the PIN was presented to the same serial number (signer.rs); the card is left reset.
//! Refused: more handshakes than the person agreed to.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{
    AuditSubject, ErrorCode, EventKind, Operation, TunnelEnd, TunnelEndReason, TunnelSummary,
};
use paraphe_protocol::card::CardError;
use paraphe_protocol::tls::{CertificateVerify, TlsVersion};
use rustls::RootCertStore;
use tokio::sync::watch;

use super::admission::TunnelSecret;
use super::key::SignHandshake;
use super::signer::{self, Signer, Waiting};
use super::traffic::Traffic;
use super::upstream::{ClientSide, Upstream};
use crate::config::RecordServer;
use crate::document_store::Owner;
use crate::mandate::{is_foreign_reset, reason_of};
use crate::opened::{Opened, Tenure};
use crate::operation::now;
use crate::problem::Failure;
use crate::reader::with_patience;
use crate::service::Inner;
use crate::token::{Access, HeldSecret, ProvenSecret, Token, TokenError, VERIFIED_LIMIT};

/// What a tunnel is begun with: all of it was shown to the person, whose entry the token accepted.
#[derive(Debug)]
pub(crate) struct TunnelTerms {
    pub(crate) owner: Owner,
    pub(crate) server: RecordServer,
    pub(crate) anchors: RootCertStore,
    pub(crate) token: Token,
    /// The token's certificate and the issuing ones that are known here.
    pub(crate) chain: Vec<Certificate>,
    pub(crate) algorithms: Vec<SignatureAlgorithm>,
    pub(crate) tls: TlsVersion,
    pub(crate) maximum_handshakes: u32,
    pub(crate) not_after: UnixTime,
    pub(crate) secret: ProvenSecret,
    /// How long the workstation had slept before the person was asked.
    pub(crate) slept: Duration,
    /// How often the session had been locked before that.
    pub(crate) locks_told: u64,
}

/// A tunnel.
pub(crate) struct Tunnel {
    tenure: Tenure,
    server: String,
    port: u16,
    secret: TunnelSecret,
    tls: TlsVersion,
    maximum_handshakes: u32,
    idle: Duration,
    held: Arc<HeldSecret>,
    signer: Signer,
    state: Mutex<State>,
    traffic: Arc<Traffic>,
    upstream: Upstream,
    ended: watch::Sender<bool>,
    agent: Weak<Inner>,
}

#[derive(Debug, Default)]
struct State {
    /// Handshakes signed, and being signed.
    handshakes: u32,
    last_failure: Option<ErrorCode>,
    end: Option<TunnelEnd>,
}

/// The tunnel that signs for a key; none before it is made and after it is gone.
#[derive(Debug, Default)]
struct Signing(OnceLock<Weak<Tunnel>>);

impl SignHandshake for Signing {
    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<Vec<u8>, Failure> {
        let tunnel = self.0.get().and_then(Weak::upgrade);
        tunnel
            .ok_or(ErrorCode::TunnelEnded)?
            .sign(algorithm, content)
    }
}

impl Tunnel {
    pub(super) fn new(terms: TunnelTerms, port: u16, agent: &Inner) -> Result<Arc<Self>, Failure> {
        let signing = Arc::new(Signing::default());
        let address = terms.server.address.ok_or(ErrorCode::TunnelNotConfigured)?;
        let client = ClientSide {
            chain: &terms.chain,
            algorithms: &terms.algorithms,
            version: terms.tls,
        };
        let signer: Arc<dyn SignHandshake> = Arc::<Signing>::clone(&signing);
        let upstream = Upstream::new(address, terms.anchors, &client, signer)?;
        let (signer, waiting) = Signer::new();
        let tunnel = Arc::new(Self {
            tenure: Tenure::begin(terms.owner, terms.token, terms.slept, terms.not_after)?,
            server: terms.server.name.as_str().to_owned(),
            port,
            secret: TunnelSecret::random()?,
            tls: terms.tls,
            maximum_handshakes: terms.maximum_handshakes,
            idle: agent.config.tunnel.idle,
            held: Arc::new(HeldSecret::new(terms.secret)),
            signer,
            state: Mutex::default(),
            traffic: Arc::new(Traffic::new()),
            upstream,
            ended: watch::Sender::new(false),
            agent: Arc::downgrade(&agent.shared()?),
        });
        // Nobody else has it yet.
        let _first = signing.0.set(Arc::downgrade(&tunnel));
        signer::start(&tunnel, waiting)?;
        Ok(tunnel)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn secret(&self) -> &TunnelSecret {
        &self.secret
    }

    pub(super) fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Handshakes that the card signed.
    pub(super) fn handshakes(&self) -> u32 {
        self.lock().handshakes
    }

    /// Says when it has ended.
    pub(super) fn ending(&self) -> Ending {
        Ending(self.ended.subscribe())
    }

    /// Refuses where it has ended.
    fn check_open(&self) -> Result<(), Failure> {
        if self.is_open() {
            Ok(())
        } else {
            Err(ErrorCode::TunnelEnded.into())
        }
    }

    /// Remembers why a connection failed, for who asks.
    pub(super) fn note_failure(&self, failure: &Failure) {
        tracing::info!(
            code = failure.code().name(),
            "no connection through a tunnel"
        );
        self.lock().last_failure = Some(failure.code());
    }

    /// Tells its owner that it was opened.
    pub(super) fn announce(&self) {
        self.tell(EventKind::TunnelOpened);
    }

    fn tell(&self, kind: EventKind) {
        if let Some(agent) = self.agent.upgrade() {
            let summary = self.summary_without_ending(&agent);
            agent
                .events
                .record_tunnel(kind, self.owner().clone(), summary);
        }
    }

    /// An end that no operation stands for in the journal.
    fn write_down_end(&self, reason: TunnelEndReason) {
        let Some(agent) = self.agent.upgrade() else {
            return;
        };
        let about = AuditSubject {
            card: Some(self.token().serial.clone()),
            server: Some(self.server.clone()),
            id: Some(self.tenure.id.clone()),
            ended: Some(reason.name().to_owned()),
            count: Some(self.handshakes().into()),
            ..AuditSubject::default()
        };
        let journal = &agent.journal;
        journal.note_end(Operation::TunnelClose, self.owner(), about, None);
    }

    /// As its owner sees it now.
    pub(crate) fn summary(&self, agent: &Inner) -> TunnelSummary {
        self.is_open();
        self.summary_without_ending(agent)
    }

    /// Without a look at the clock, which could end it and tell that from within.
    fn summary_without_ending(&self, agent: &Inner) -> TunnelSummary {
        let [connections, sent_bytes, received_bytes] = self.traffic.counts();
        let state = self.lock();
        TunnelSummary {
            tunnel: self.tenure.id.clone(),
            server: self.server.clone(),
            port: self.port,
            card: self.token().serial.clone(),
            reader: self.token().place.clone(),
            tls: self.tls,
            handshakes: state.handshakes,
            maximum_handshakes: self.maximum_handshakes,
            connections,
            sent_bytes,
            received_bytes,
            opened: self.tenure.opened.0,
            not_after: self.tenure.not_after.0,
            remaining_seconds: match state.end {
                Some(_) => 0,
                None => self.tenure.left().as_secs(),
            },
            idle_seconds: self.idle.as_secs(),
            ends_on_lock: agent.mandates.ends_on_lock(),
            last_failure: state.last_failure,
            end: state.end,
        }
    }

    /// Signs one handshake, which takes its place in the count before the card is asked and gives it back if no signature came of it.
    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<Vec<u8>, Failure> {
        self.check_open()?;
        let is_over = {
            let mut state = self.lock();
            let is_over = state.handshakes >= self.maximum_handshakes;
            if !is_over {
                state.handshakes = state.handshakes.saturating_add(1);
            }
            is_over
        };
        if is_over {
            self.end(TunnelEndReason::HandshakesUsedUp);
            return Err(ErrorCode::TunnelEnded.into());
        }
        self.signer.sign(algorithm, content).inspect_err(|_| {
            let mut state = self.lock();
            state.handshakes = state.handshakes.saturating_sub(1);
        })
    }

    /// Presents the PIN and signs what waits. What another program's reset lost is tried once more.
    pub(super) fn sign_waiting(&self, waiting: &Arc<Waiting>) -> Result<(), Failure> {
        let agent = self.agent.upgrade().ok_or(ErrorCode::TunnelEnded)?;
        with_patience(agent.config.limits.card_time, || {
            let mut again = true;
            loop {
                self.check_open()?;
                match self.unlock_once(&agent, waiting)? {
                    Err(error) if again && is_foreign_reset(&error) => again = false,
                    Err(error) => return Err(error.into()),
                    // It ended meanwhile.
                    Ok(()) if waiting.is_waited_for() => {
                        return Err(ErrorCode::TunnelEnded.into());
                    }
                    Ok(()) => return Ok(()),
                }
            }
        })
    }

    /// A PIN that was not accepted ends the tunnel.
    fn unlock_once(
        &self,
        agent: &Inner,
        waiting: &Arc<Waiting>,
    ) -> Result<Result<(), TokenError>, Failure> {
        let ended = self.ended.subscribe();
        let work = signer::work(waiting, self.token(), move || !*ended.borrow());
        let outcome = self
            .token()
            .unlock_held(agent, &self.held, VERIFIED_LIMIT, work);
        if matches!(&outcome, Ok(Err(error)) if error.code_was_refused()) {
            agent.pin_entry.note_refused();
        }
        let another = matches!(
            &outcome,
            Ok(Err(TokenError::Card(CardError::PinOfAnotherCard)))
        );
        if another || !self.held.is_here() {
            self.end(reason_of(&outcome).into());
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changes are assignments that do not depend on each other's success.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened for Tunnel {
    type Reason = TunnelEndReason;

    const NAME: &'static str = "tunnel";

    fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    fn has_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    /// The PIN is wiped, no handshake is resumed or begun, every connection is cut.
    fn cease(&self, reason: TunnelEndReason) -> bool {
        self.held.forget();
        self.signer.end();
        self.upstream.forget();
        let is_first = {
            let mut state = self.lock();
            let is_first = state.end.is_none();
            state.end.get_or_insert_with(|| TunnelEnd {
                reason,
                at: now().0,
            });
            is_first
        };
        self.ended.send_replace(true);
        is_first
    }

    fn tell_end(&self, reason: TunnelEndReason) {
        tracing::info!(reason = reason.name(), "a tunnel ended");
        if !matches!(
            reason,
            TunnelEndReason::Closed | TunnelEndReason::NotReached
        ) {
            self.write_down_end(reason);
        }
        self.tell(EventKind::TunnelClosed);
    }

    /// The quiet that lasts too long, and the token that is no longer in its module.
    fn why_over_besides(&self) -> Option<TunnelEndReason> {
        if self.traffic.idle() >= self.idle {
            return Some(TunnelEndReason::Idle);
        }
        match &self.token().access {
            Access::Pkcs11(module) if !module.is_seen() => Some(TunnelEndReason::CardRemoved),
            _ => None,
        }
    }
}

/// Says when a tunnel has ended.
#[derive(Debug, Clone)]
pub(super) struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Comes back when it has, or nobody has it any more.
    pub(super) async fn said(&mut self) {
        let _nobody_left = self.0.wait_for(|ended| *ended).await.is_err();
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tunnel")
            .field("id", &self.tenure.id)
            .finish_non_exhaustive()
    }
}
