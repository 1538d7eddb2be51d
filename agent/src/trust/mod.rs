//! The certificate of the agent's own HTTPS door on this workstation: made by `paraphe trust init`, kept in one directory,
//! checked each time it is used. The root can vouch for this machine only, and its key no longer exists
//! (`paraphe_certs::localhost`). A certificate that still holds is never replaced unless that is asked for. Beside it, whom the
//! workstation trusts as authorities of cards: installed by `paraphe trust anchors`.

mod authorities;
mod authorities_error;
mod directory;
mod error;

#[cfg(test)]
mod tests;

pub use authorities::{Additions, Authorities, Authority, written_fingerprint};
pub use authorities_error::AuthoritiesError;
pub use directory::{Initialised, LEAF_FILE, LEAF_KEY_FILE, ROOT_FILE, TlsDirectory};
pub use error::TrustError;

use paraphe_certs::localhost::LocalhostProblem;
use paraphe_certs::{Certificate, UnixTime};

use crate::door::https::ServerIdentity;

/// What the directory holds, as it is now.
#[derive(Debug)]
pub struct TrustState {
    root: Certificate,
    leaf: Certificate,
    problems: Vec<LocalhostProblem>,
    identity: ServerIdentity,
}

/// SHA-256 of a certificate as people compare it: capitals, a colon between bytes.
fn fingerprint(certificate: &Certificate) -> String {
    let digest = certificate.sha256();
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

impl TrustState {
    /// The root, to be given to browsers.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }

    /// SHA-256 of the root's DER form, as people compare it: capitals, a colon between bytes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.root)
    }

    /// When the HTTPS door's certificate ends.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.leaf.not_after()
    }

    /// Whole days left at `now`; negative once it has ended.
    #[must_use]
    pub fn days_left(&self, now: UnixTime) -> i64 {
        self.not_after()
            .0
            .saturating_sub(now.0)
            .div_euclid(UnixTime::DAY)
    }

    /// Less than a fifth of its life is left.
    #[must_use]
    pub fn should_be_renewed(&self, now: UnixTime) -> bool {
        let life = self.not_after().0.saturating_sub(self.leaf.not_before().0);
        let left = self.not_after().0.saturating_sub(now.0);
        left.saturating_mul(5) < life
    }

    /// What is wrong; nothing where the door can be opened with it.
    #[must_use]
    pub fn problems(&self) -> &[LocalhostProblem] {
        &self.problems
    }

    /// What the HTTPS door needs.
    ///
    /// # Errors
    /// Something is wrong with the certificates.
    pub fn into_identity(self) -> Result<ServerIdentity, TrustError> {
        if self.problems.is_empty() {
            Ok(self.identity)
        } else {
            Err(TrustError::Unusable(self.problems))
        }
    }
}
