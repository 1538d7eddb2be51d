//! How a site comes by rights: it asks, the person sees the exact origin and a number, and answers right by right (`pairing/*`).
//! A request waits in a bounded table (pending.rs) and becomes a grant (granted.rs) or nothing.
//!
//! Refused: no right or one twice; an answer with rights that were not asked for, or to a request that is over; another site's request.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{
    ErrorCode, EventKind, Language, PairingAnswerRequest, PairingDecision, PairingListResponse,
    PairingRequest, PairingState, PairingStatusResponse, PairingSummary, Right,
};

use super::granted::{Grant, THIS_TIME};
use super::pending::{Fresh, Pairing};
use super::{Sites, Standing, appearance};
use crate::config::{Origin, RecordServer, RecordServerName};
use crate::operation::now;
use crate::problem::Failure;
use crate::random::{random_bytes, random_id};

impl Sites {
    /// A site asks for rights. Whoever has them already is told so, and nobody is asked; the second value says whether somebody is to
    /// be asked now.
    pub(crate) fn ask(
        &self,
        origin: &Origin,
        request: &PairingRequest,
    ) -> Result<(PairingStatusResponse, bool), Failure> {
        let wanted: BTreeSet<_> = request.rights.iter().copied().collect();
        if wanted.is_empty() || wanted.len() != request.rights.len() {
            return Err(Failure::new(ErrorCode::RequestInvalid)
                .with_technical_detail("rights: at least one, none twice"));
        }
        self.expire();
        let is_listed = self.shared.config.site(origin.as_str()).is_some();
        if let Standing::Rights(rights) = self.standing(origin)
            && (is_listed || rights.is_superset(&wanted))
        {
            return Ok((
                self.answer_about(origin, None, PairingState::Granted),
                false,
            ));
        }
        let server = match wanted.contains(&Right::LogIn) {
            true => Some(self.server_of(origin, request.record_server.as_deref())?),
            false => None,
        };
        let fresh = Fresh {
            id: random_id()?,
            number: random_number()?,
            at: now().0,
            now: Instant::now(),
        };
        let (pairing, is_new) =
            self.pending()
                .ask(origin, &wanted, server.map(|server| &server.name), fresh)?;
        if is_new {
            tracing::info!(%origin, "a site asks for rights");
            self.tell(EventKind::PairingRequested, origin);
        }
        let answer = self.answer_about(origin, Some(&pairing), PairingState::Pending);
        Ok((answer, is_new))
    }

    /// What became of a site's request, as soon as it is answered or `wait` is over. One waits at a time for each request.
    pub(crate) async fn wait_for_answer(
        &self,
        origin: &Origin,
        id: Option<&str>,
        wait: Duration,
    ) -> Result<PairingStatusResponse, Failure> {
        let Some(id) = id else {
            let state = match self.standing(origin) {
                Standing::Rights(_) => PairingState::Granted,
                _ => PairingState::None,
            };
            return Ok(self.answer_about(origin, None, state));
        };
        let mut answered = self.shared.answered.subscribe();
        let pairing = self.own(origin, id)?;
        if pairing.state() == PairingState::Pending && !wait.is_zero() {
            // Dropped with this call, so that a page that goes away leaves its place.
            // Another page of the site waits: this one is told at once how it stands.
            let Some(_place) = AwaitedPlace::take(self, id) else {
                return Ok(self.answer_about(origin, Some(&pairing), PairingState::Pending));
            };
            let no_longer_pending = async {
                while self
                    .own(origin, id)
                    .is_ok_and(|pairing| pairing.state() == PairingState::Pending)
                    && answered.changed().await.is_ok()
                {}
            };
            // Both ends are normal: it was answered, or was not in time.
            let _ = tokio::time::timeout(wait, no_longer_pending).await;
        }
        let pairing = self.own(origin, id)?;
        Ok(self.answer_about(origin, Some(&pairing), pairing.state()))
    }

    /// Requests that wait for the person.
    pub(crate) fn waiting(&self, language: Language) -> PairingListResponse {
        self.expire();
        let waiting: Vec<_> = self.pending().waiting().cloned().collect();
        let known = self.known();
        let summary = |pairing: Pairing| PairingSummary {
            warnings: appearance::warnings(&pairing.origin, &known, language),
            record_server_title: self
                .server(pairing.record_server.as_ref())
                .map(|server| server.title.clone()),
            expires_at: pairing.expires_at(),
            pairing: pairing.id,
            origin: pairing.origin.into(),
            number: pairing.number,
            rights: pairing.rights.into_iter().collect(),
            record_server: pairing.record_server.map(|name| name.as_str().to_owned()),
            asked_at: pairing.asked_at,
        };
        PairingListResponse {
            pairings: waiting.into_iter().map(summary).collect(),
        }
    }

    /// The person's answer.
    pub(crate) fn answer(
        &self,
        request: &PairingAnswerRequest,
    ) -> Result<PairingStatusResponse, Failure> {
        self.expire();
        let unknown = || Failure::new(ErrorCode::PairingUnknown);
        let pairing = self
            .pending()
            .waiting()
            .find(|pairing| pairing.id == request.pairing)
            .cloned()
            .ok_or_else(unknown)?;
        let over = match request.decision {
            PairingDecision::Refuse => {
                return self
                    .end(&pairing.id, PairingState::Refused)
                    .ok_or_else(unknown);
            }
            PairingDecision::ThisTime => Some(Instant::now() + THIS_TIME),
            PairingDecision::UntilRevoked => None,
        };
        let rights: BTreeSet<_> = match &request.rights {
            Some(rights) => rights.iter().copied().collect(),
            None => pairing.rights.clone(),
        };
        if rights.is_empty() || !rights.is_subset(&pairing.rights) {
            return Err(Failure::new(ErrorCode::RequestInvalid)
                .with_technical_detail("rights: some of those that were asked for"));
        }
        // Ended first: of two answers at once one counts.
        let ended = self
            .pending()
            .end(&pairing.id, PairingState::Granted, Instant::now());
        let pairing = ended.ok_or_else(unknown)?;
        let granted = self.grant(&pairing, rights, over);
        if granted.is_err() {
            self.pending().revise(&pairing.id, PairingState::Refused);
        }
        self.shared.answered.send_modify(|count| *count += 1);
        self.tell(EventKind::PairingEnded, &pairing.origin);
        granted?;
        self.tell(EventKind::GrantGiven, &pairing.origin);
        Ok(self.answer_about(&pairing.origin, Some(&pairing), PairingState::Granted))
    }

    fn grant(
        &self,
        pairing: &Pairing,
        rights: BTreeSet<Right>,
        over: Option<Instant>,
    ) -> Result<(), Failure> {
        let mut granted = self.granted();
        let grant = Grant {
            origin: pairing.origin.clone(),
            record_server: pairing
                .record_server
                .clone()
                .filter(|_| rights.contains(&Right::LogIn)),
            rights,
            granted_at: now().0,
            over,
        };
        granted.add(grant)
    }

    /// Ends a request without a grant.
    fn end(&self, id: &str, state: PairingState) -> Option<PairingStatusResponse> {
        let pairing = self.pending().end(id, state, Instant::now())?;
        self.shared.answered.send_modify(|count| *count += 1);
        tracing::info!(origin = %pairing.origin, ?state, "a site's request for rights ended");
        if let (PairingState::Refused, Some(journal)) = (state, &self.shared.journal) {
            journal.note_refused_pairing(&pairing.origin);
        }
        self.tell(EventKind::PairingEnded, &pairing.origin);
        Some(self.answer_about(&pairing.origin, Some(&pairing), state))
    }

    fn answer_about(
        &self,
        origin: &Origin,
        pairing: Option<&Pairing>,
        state: PairingState,
    ) -> PairingStatusResponse {
        let rights = match self.standing(origin) {
            Standing::Rights(rights) => rights.into_iter().collect(),
            _ => Vec::new(),
        };
        let is_pending = state == PairingState::Pending;
        PairingStatusResponse {
            state,
            pairing: pairing.map(|pairing| pairing.id.clone()),
            number: pairing
                .filter(|_| is_pending)
                .map(|pairing| pairing.number.clone()),
            expires_at: pairing.filter(|_| is_pending).map(Pairing::expires_at),
            record_server: self
                .record_server(origin)
                .map(|server| server.name.as_str().to_owned()),
            rights,
        }
    }

    /// The request of this name, if it is this origin's.
    fn own(&self, origin: &Origin, id: &str) -> Result<Pairing, Failure> {
        self.expire();
        self.pending()
            .find(id)
            .filter(|pairing| &pairing.origin == origin)
            .cloned()
            .ok_or_else(|| ErrorCode::PairingUnknown.into())
    }

    /// The record server that a site's logins would be for.
    fn server_of(&self, origin: &Origin, named: Option<&str>) -> Result<&RecordServer, Failure> {
        let config = &self.shared.config;
        if let Some(named) = named {
            let server = config.record_server(named);
            return server.ok_or_else(|| ErrorCode::RecordServerUnknown.into());
        }
        let is_own = |server: &&RecordServer| {
            let rest = server.audience.as_str().strip_prefix(origin.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut own = config.record_servers.iter().filter(is_own);
        match (own.next(), own.next(), config.record_servers.as_slice()) {
            (Some(server), None, _) | (None, None, [server]) => Ok(server),
            _ => Err(ErrorCode::RecordServerUnknown.into()),
        }
    }

    pub(super) fn server(&self, name: Option<&RecordServerName>) -> Option<&RecordServer> {
        self.shared.config.record_server(name?.as_str())
    }
}

/// The one place of a request at which its outcome is awaited.
struct AwaitedPlace<'a> {
    sites: &'a Sites,
    id: &'a str,
}

impl<'a> AwaitedPlace<'a> {
    fn take(sites: &'a Sites, id: &'a str) -> Option<Self> {
        let mut pending = sites.pending();
        let pairing = pending.find_mut(id)?;
        if pairing.is_awaited {
            return None;
        }
        pairing.is_awaited = true;
        Some(Self { sites, id })
    }
}

impl Drop for AwaitedPlace<'_> {
    fn drop(&mut self) {
        if let Some(pairing) = self.sites.pending().find_mut(self.id) {
            pairing.is_awaited = false;
        }
    }
}

fn random_number() -> Result<u16, Failure> {
    let number = u64::from_be_bytes(random_bytes()?) % 10_000;
    Ok(u16::try_from(number).unwrap_or_default())
}
