//! What the standard leaves to whoever validates: whom to trust for what, and the constraints.

use paraphe_certs::TrustStore;
use serde::Deserialize;

use super::AlgorithmConstraints;
use crate::signature::Evidence;

/// Whom to trust. The three stores are apart on purpose: an authority of one of them cannot make a certificate of another's kind.
#[derive(Clone, Copy, Debug)]
pub struct SignatureTrust<'a> {
    /// Authorities of the professionals' and structures' certificates: a signer under these is who the profile says.
    pub professionals: &'a TrustStore,
    /// Other authorities whose certificates may sign documents: a signer under these is known by the subject's name.
    pub others: Option<&'a TrustStore>,
    /// Authorities of time-stamping authorities.
    pub time_stamping: &'a TrustStore,
    /// Certificates and revocation data that the caller fetched for this signature; judged like the file's.
    pub fetched: Option<&'a Evidence>,
}

/// The stores of a [`SignatureTrust`] without anything but their anchors.
pub(super) struct AnchorsOnly {
    pub(super) professionals: TrustStore,
    pub(super) others: Option<TrustStore>,
    pub(super) time_stamping: TrustStore,
}

impl SignatureTrust<'_> {
    pub(super) fn anchors_only(&self) -> AnchorsOnly {
        AnchorsOnly {
            professionals: self.professionals.anchors_only(),
            others: self.others.map(TrustStore::anchors_only),
            time_stamping: self.time_stamping.anchors_only(),
        }
    }
}

/// For which time a time-stamping authority's revocation status must be known. One that is known to be revoked proves nothing,
/// whatever is chosen here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeStampRevocation {
    /// For the present, or for the time that a later time stamp proves: the standard to the letter. Old files then need data
    /// that is fetched anew at each verification.
    AtPresent,
    /// For the time of the stamp at least: what the file carries is enough.
    #[default]
    AtStamping,
    /// For no time, where nothing is at hand.
    WhereKnown,
}

/// The constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationPolicy {
    /// Which algorithms and keys are good enough until when.
    pub algorithms: AlgorithmConstraints,
    /// For which time a time-stamping authority's revocation status must be known.
    pub time_stamp_revocation: TimeStampRevocation,
    /// How far clocks may be apart, seconds.
    pub clock_tolerance_seconds: i64,
}

impl Default for ValidationPolicy {
    /// The standard's rules, the project's table of algorithms, five minutes between clocks.
    fn default() -> Self {
        Self {
            algorithms: AlgorithmConstraints::default(),
            time_stamp_revocation: TimeStampRevocation::AtStamping,
            clock_tolerance_seconds: 300,
        }
    }
}
