//! Whom the HTTPS door may let in: pages of sites, by what they were granted, and the agent's own page, where there is one.

use crate::config::Config;
use crate::own_page::PageSessions;
use crate::sites::Sites;

/// Whom the HTTPS door may let in. Clones are the same.
#[derive(Debug, Clone)]
pub struct Callers {
    pub(crate) sites: Sites,
    pub(crate) own_page: Option<PageSessions>,
}

impl From<Sites> for Callers {
    /// Sites, and no page of the agent's own.
    fn from(sites: Sites) -> Self {
        Self {
            sites,
            own_page: None,
        }
    }
}

impl From<&Config> for Callers {
    /// The sites of the configuration alone.
    fn from(config: &Config) -> Self {
        Sites::from(config).into()
    }
}
