//! What a signature needs from elsewhere beyond level B: time stamps of the configured authority (RFC 3161), revocation lists (RFC 5280)
//! and OCSP responses (RFC 6960). Fetched after the card was let go, never while it waits; formats and judgement are
//! `paraphe_protocol`'s and `paraphe_certs`', only the conversation is here.
//!
//! Whatever is fetched is bounded in size and time, over `http` or `https` only, and read by a total parser. An address in a certificate
//! is asked only once the certificate's path to a configured anchor holds: a trusted authority wrote it. Each answer is
//! verified before it goes into a file, and evidence that would not convince a verifier who has the anchors alone is
//! refused here rather than there.

mod address;
mod conclusion;
mod error;
mod fetch;
mod gathering;
mod http;
mod kept;
mod login_answer;
mod raising;
mod stamping;
mod tls_anchors;

// The test PKI comes with the simulated cards.
#[cfg(all(test, feature = "softcard"))]
mod tests;

use std::path::Path;
use std::sync::Arc;

pub(crate) use error::EvidenceError;
pub(crate) use fetch::{Fetch, FetchError, FetchRequest};
pub(crate) use http::HttpFetcher;

use crate::config::Config;
use crate::operation::TrustLoader;
use kept::KeptAnswers;

/// Whether this is an address that may be asked: `http` or `https`, with a host and without a user name.
pub(crate) fn is_address(text: &str) -> bool {
    address::Address::parse(text).is_ok()
}

/// The way to time stamps and revocation data.
#[derive(Debug)]
pub(crate) struct EvidenceSource {
    config: Arc<Config>,
    fetcher: Arc<dyn Fetch>,
    /// Whom to trust for time stamps.
    time_stamping: TrustLoader,
    /// Who may sign documents besides professionals and structures.
    other_signers: TrustLoader,
    kept: KeptAnswers,
}

impl EvidenceSource {
    /// As the configuration says, through this fetcher; what is fetched is kept below `directory`.
    pub(crate) fn new(config: Arc<Config>, fetcher: Arc<dyn Fetch>, directory: &Path) -> Self {
        Self {
            time_stamping: TrustLoader::new(config.time_stamp.trust.clone()),
            other_signers: TrustLoader::new(config.document_trust.clone()),
            config,
            fetcher,
            kept: KeptAnswers::in_directory(directory.join("revocation")),
        }
    }

    /// Whether a time-stamping authority is configured: without one there is no level above B.
    pub(crate) fn has_time_stamps(&self) -> bool {
        self.config.time_stamp.url.is_some()
    }

    /// The store of the time-stamping authorities, to sign and to verify with.
    pub(crate) fn time_stamping(&self) -> &TrustLoader {
        &self.time_stamping
    }
}
