//! Which algorithms and keys are good enough until when (EN 319 102-1 clause 5.2.8; ETSI TS 119 312), as data. What this crate does not
//! know at all (SHA-1, RSA below 2048 bits) is refused before it comes here.

use paraphe_certs::{Certificate, UnixTime};

use super::Finding;
use crate::signature::{CheckedSignature, SubIndication};

/// 2030-12-31T23:59:59Z.
const END_OF_2030: UnixTime = UnixTime(1_924_991_999);

/// One line of the table: keys below a size are good enough until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RsaSunset {
    /// RSA keys with fewer bits than this.
    below_bits: u32,
    /// Last second at which a signature with one may have been made.
    until: UnixTime,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmConstraints {
    rsa: Vec<RsaSunset>,
}

impl Default for AlgorithmConstraints {
    /// RSA keys of less than 3072 bits until the end of 2030, as the ANSSI's reference (RGS, annex B1) allows; all else without end.
    fn default() -> Self {
        Self {
            rsa: vec![RsaSunset {
                below_bits: 3072,
                until: END_OF_2030,
            }],
        }
    }
}

impl AlgorithmConstraints {
    /// Adds a line: RSA keys of fewer bits than this are good enough until this time, its second included.
    #[must_use]
    pub fn with_rsa_until(mut self, below_bits: u32, until: UnixTime) -> Self {
        self.rsa.push(RsaSunset { below_bits, until });
        self
    }

    /// The first key of these certificates that was too weak at a time.
    pub(super) fn weak_key<'a>(
        &self,
        certificates: impl IntoIterator<Item = &'a Certificate>,
        at: UnixTime,
    ) -> Option<String> {
        certificates.into_iter().find_map(|certificate| {
            let bits = certificate.rsa_modulus_bits()?;
            let row = self
                .rsa
                .iter()
                .find(|row| bits < row.below_bits && at > row.until)?;
            Some(format!(
                "the RSA key of {bits} bits of {} was good enough until {} only",
                certificate.subject_rfc2253(),
                row.until
            ))
        })
    }

    /// The signer's key and those of its path, the anchor's aside: that is trusted as it is.
    pub(super) fn finding(
        &self,
        signature: &CheckedSignature,
        chain: &[Certificate],
        at: UnixTime,
        is_proved: bool,
    ) -> Option<Finding> {
        let below_anchor = chain.split_last().map_or(&[][..], |(_, below)| below);
        let keys = std::iter::once(&signature.signer).chain(below_anchor);
        let explanation = self.weak_key(keys, at)?;
        let sub_indication = if is_proved {
            SubIndication::CryptoConstraintsFailure
        } else {
            SubIndication::CryptoConstraintsFailureNoPoe
        };
        Some(Finding::new(sub_indication, "key-too-weak", explanation))
    }
}
