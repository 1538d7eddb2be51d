//! The certificate of the agent's own HTTPS door on this workstation: made by `paraphe trust install` for the machine and its
//! browsers ([`browsers`]) or by `paraphe trust init` for one user, kept in one directory, checked each time it is used. The root
//! can vouch for this machine only, and its key no longer exists (`paraphe_certs::localhost`). A certificate that still holds is
//! never replaced unless that is asked for. Beside it, whom the workstation trusts as authorities of cards: installed by
//! `paraphe trust anchors`.

mod authorities;
mod authorities_error;
pub mod browsers;
mod directory;
mod error;
mod reader;
mod renewal;
mod state;

#[cfg(test)]
mod tests;

pub use authorities::{Additions, Authorities, Authority, written_fingerprint};
pub use authorities_error::AuthoritiesError;
pub use directory::{
    Initialised, LEAF_FILE, LEAF_KEY_FILE, NEXT_ROOT_FILE, ROOT_FILE, TlsDirectory,
};
pub use error::TrustError;
pub use reader::KeyReader;
pub use renewal::take_up_renewals;
pub use state::TrustState;

use paraphe_certs::Certificate;

/// SHA-256 of a certificate as people compare it: capitals, a colon between bytes.
fn fingerprint(certificate: &Certificate) -> String {
    let digest = certificate.sha256();
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
