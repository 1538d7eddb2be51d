//! Which web sites may ask for what. The configuration grants and forbids; the person grants the rest, site by site and right by
//! right (pairing.rs), for this time or until it is revoked (`grant/*`). Origins are compared byte for byte (RFC 6454). A site
//! without rights can ask for some, in a bounded way (pending.rs), and can do nothing else.
//!
//! Refused: an origin that is forbidden, in everything; rights beyond those of the configuration for a site that it lists; a login
//! right without a record server of the agent's own table.

mod appearance;
mod granted;
mod pairing;
mod pending;
mod question;
mod window;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use paraphe_protocol::api::{
    ErrorCode, EventKind, GrantDuration, GrantListResponse, GrantSummary, Language, Operation,
    Right, SiteAccess,
};
use tokio::sync::watch;

use crate::audit::Journal;
use crate::caller::Caller;
use crate::config::{Config, Origin, RecordServer, RecordServerName};
use crate::events::EventLog;
use crate::operation::now;
use crate::problem::Failure;

use granted::Granted;
use pending::PendingPairings;
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
