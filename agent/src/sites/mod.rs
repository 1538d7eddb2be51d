//! Which web sites may ask for what. The configuration grants and forbids; the person grants the rest, site by site and right by
//! right (`pairing/*`), for this time or until it is revoked (`grant/*`). Origins are compared byte for byte (RFC 6454). A site
//! without rights can ask for some, in a bounded way (pending.rs), and can do nothing else.
//!
//! Refused: an origin that is forbidden, in everything; rights beyond those of the configuration for a site that it lists; a login
//! right without a record server of the agent's own table.

mod appearance;
mod granted;
mod pending;
mod question;
mod window;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::api::{
    ErrorCode, EventKind, GrantDuration, GrantListResponse, GrantSummary, Language, Operation,
    PairingAnswerRequest, PairingDecision, PairingListResponse, PairingRequest, PairingState,
    PairingStatusResponse, PairingSummary, Right, SiteAccess,
};
use tokio::sync::watch;

use crate::audit::Journal;
use crate::caller::Caller;
use crate::config::{Config, Origin, RecordServer, RecordServerName};
use crate::events::EventLog;
use crate::operation::now;
use crate::problem::Failure;
use crate::random::{random_bytes, random_id};

use granted::{Grant, Granted, THIS_TIME};
use pending::{Fresh, Pairing, PendingPairings};
pub(crate) use window::PairingWindow;

/// Who may ask for what. Clones are the same.
#[derive(Debug, Clone)]
pub struct Sites {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Arc<Config>,
    granted: Mutex<Granted>,
    pending: Mutex<PendingPairings>,
    /// Counts what was answered or ran out.
    answered: watch::Sender<u64>,
    events: Option<EventLog>,
    journal: Option<Arc<Journal>>,
}

/// How an origin stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has these rights; there is at least one.
    Rights(BTreeSet<Right>),
    /// It may ask for rights.
    Unknown,
    /// It may not even ask.
    Forbidden,
}

impl From<&Config> for Sites {
    /// The sites of the configuration, and none that a person granted.
    fn from(config: &Config) -> Self {
        Self::new(Arc::new(config.clone()), Granted::default(), None, None)
    }
}

impl Sites {
    /// With what the person granted, kept in this directory.
    pub(crate) fn in_directory(
        config: Arc<Config>,
        directory: &Path,
        events: EventLog,
        journal: Arc<Journal>,
    ) -> Self {
        let granted = Granted::in_directory(directory);
        Self::new(config, granted, Some(events), Some(journal))
    }

    fn new(
        config: Arc<Config>,
        granted: Granted,
        events: Option<EventLog>,
        journal: Option<Arc<Journal>>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                config,
                granted: Mutex::new(granted),
                pending: Mutex::default(),
                answered: watch::Sender::new(0),
                events,
                journal,
            }),
        }
    }

    /// How many sites the configuration lists.
    pub(crate) fn configured(&self) -> usize {
        self.shared.config.sites.len()
    }

    /// How this origin stands now.
    pub(crate) fn standing(&self, origin: &Origin) -> Standing {
        let config = &self.shared.config;
        if let Some(site) = config.site(origin.as_str()) {
            return match site.rights.is_empty() {
                true => Standing::Forbidden,
                false => Standing::Rights(site.rights.clone()),
            };
        }
        if config.pairing.forbidden.contains(origin) {
            return Standing::Forbidden;
        }
        let granted = self.granted();
        let granted = granted.of(origin).flat_map(|grant| &grant.rights);
        let granted: BTreeSet<_> = granted.copied().collect();
        if !granted.is_empty() {
            return Standing::Rights(granted);
        }
        match config.pairing.allowed {
            true => Standing::Unknown,
            false => Standing::Forbidden,
        }
    }

    /// Whether this caller may ask for this operation at all.
    pub(crate) fn check(&self, caller: &Caller, operation: Operation) -> Result<(), Failure> {
        if *caller == Caller::OwnPage && !operation.is_for_own_page() {
            return Err(ErrorCode::OperationNotForSites.into());
        }
        let access = operation.site_access();
        let Caller::Site(origin) = caller else {
            return match access {
                SiteAccess::Anybody => Err(ErrorCode::OperationNotForPrograms.into()),
                _ => Ok(()),
            };
        };
        match (access, self.standing(origin)) {
            (SiteAccess::Nobody, _) => Err(ErrorCode::OperationNotForSites.into()),
            (_, Standing::Forbidden) => Err(ErrorCode::OriginNotAllowed.into()),
            (SiteAccess::Anybody, _) => Ok(()),
            (_, Standing::Unknown) => Err(ErrorCode::OriginNotAllowed.into()),
            (SiteAccess::AnyRight, Standing::Rights(_)) => Ok(()),
            (SiteAccess::Needs(right), Standing::Rights(rights)) if rights.contains(&right) => {
                Ok(())
            }
            (SiteAccess::Needs(right), Standing::Rights(_)) => {
                Err(Failure::new(ErrorCode::RightNotGranted).with_detail(
                    format!("Droit « {} ».", right.title(Language::French)),
                    format!("Right \"{}\".", right.title(Language::English)),
                ))
            }
        }
    }

    /// The record server that this origin's logins are for.
    pub(crate) fn record_server(&self, origin: &Origin) -> Option<&RecordServer> {
        let config = &self.shared.config;
        let name = match config.site(origin.as_str()) {
            Some(site) => site.record_server.clone(),
            None => self
                .granted()
                .of(origin)
                .find_map(|grant| grant.record_server.clone()),
        };
        config.record_server(name?.as_str())
    }

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
        self.tell(EventKind::PairingEnded, &pairing.origin);
        Some(self.answer_about(&pairing.origin, Some(&pairing), state))
    }

    /// Who has which rights.
    pub(crate) fn grants(&self, language: Language) -> GrantListResponse {
        self.expire();
        let config = &self.shared.config;
        let known = self.known();
        let warnings = |origin: &Origin| appearance::warnings(origin, &known, language);
        let name = |name: &RecordServerName| name.as_str().to_owned();
        let mut grants: Vec<_> = config
            .sites
            .iter()
            .map(|site| GrantSummary {
                origin: site.origin.as_str().to_owned(),
                warnings: Vec::new(),
                rights: site.rights.iter().copied().collect(),
                record_server: site.record_server.as_ref().map(name),
                duration: GrantDuration::Configuration,
                granted_at: None,
                expires_at: None,
            })
            .collect();
        let now_at = (Instant::now(), now().0);
        // What the configuration decides about an origin is all that counts for it.
        let granted = self.granted().all().to_vec();
        let granted = granted.iter().filter(|grant| {
            config.site(grant.origin.as_str()).is_none()
                && !config.pairing.forbidden.contains(&grant.origin)
        });
        grants.extend(granted.map(|grant| GrantSummary {
            origin: grant.origin.as_str().to_owned(),
            warnings: warnings(&grant.origin),
            rights: grant.rights.iter().copied().collect(),
            record_server: grant.record_server.as_ref().map(name),
            duration: grant.duration(),
            granted_at: Some(grant.granted_at),
            expires_at: grant.over.map(|over| {
                let left = over.saturating_duration_since(now_at.0).as_secs();
                now_at
                    .1
                    .saturating_add(i64::try_from(left).unwrap_or(i64::MAX))
            }),
        }));
        grants.sort_by(|one, other| one.origin.cmp(&other.origin));
        GrantListResponse {
            grants,
            forbidden: config
                .pairing
                .forbidden
                .iter()
                .map(|origin| origin.as_str().to_owned())
                .collect(),
            pairing_allowed: config.pairing.allowed,
        }
    }

    /// Takes a site's rights away.
    pub(crate) fn revoke(&self, origin: &Origin) -> Result<(), Failure> {
        self.expire();
        if self.shared.config.site(origin.as_str()).is_some() {
            return Err(ErrorCode::GrantOfConfiguration.into());
        }
        if !self.granted().remove(origin)? {
            return Err(ErrorCode::GrantUnknown.into());
        }
        tracing::info!(%origin, "a site's rights were revoked");
        self.tell(EventKind::GrantEnded, origin);
        Ok(())
    }

    /// Ends what ran out.
    fn expire(&self) {
        let now = Instant::now();
        let over = self.pending().expire(now);
        if !over.is_empty() {
            self.shared.answered.send_modify(|count| *count += 1);
        }
        for pairing in over {
            self.tell(EventKind::PairingEnded, &pairing.origin);
        }
        let over = self.granted().expire(now);
        for origin in over {
            self.tell(EventKind::GrantEnded, &origin);
        }
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

    fn server(&self, name: Option<&RecordServerName>) -> Option<&RecordServer> {
        self.shared.config.record_server(name?.as_str())
    }

    /// The origins that a person knows here.
    fn known(&self) -> Vec<Origin> {
        let configured = self.shared.config.sites.iter();
        let mut known: Vec<_> = configured.map(|site| site.origin.clone()).collect();
        known.extend(
            self.granted()
                .all()
                .iter()
                .map(|grant| grant.origin.clone()),
        );
        known
    }

    fn tell(&self, kind: EventKind, origin: &Origin) {
        if let Some(events) = &self.shared.events {
            events.record_site(kind, origin);
        }
        let Some(journal) = &self.shared.journal else {
            return;
        };
        match (kind, self.standing(origin)) {
            (EventKind::GrantGiven, Standing::Rights(rights)) => {
                journal.note_grant(origin, rights.into_iter().collect());
            }
            (EventKind::GrantEnded, _) => journal.note_grant(origin, Vec::new()),
            _ => {}
        }
    }

    fn granted(&self) -> MutexGuard<'_, Granted> {
        // Every change replaces the whole list.
        let granted = &self.shared.granted;
        granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, PendingPairings> {
        // Every change is one insertion, removal or assignment.
        let pending = &self.shared.pending;
        pending.lock().unwrap_or_else(PoisonError::into_inner)
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
