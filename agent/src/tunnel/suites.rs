//! What is spoken to a record server, as tables: the version of TLS by what the card can do, the cipher suites of the record's referential
//! (ECDHE-RSA with AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305 for TLS 1.2; its fourth, AES-256-CBC, is not spoken here), those of
//! RFC 8446 for TLS 1.3, and the signature schemes of the client's key.
//!
//! Exactly one version is offered, fixed before the first byte: a card that signs PKCS#1 v1.5 only would otherwise meet a server that
//! chose TLS 1.3 and could prove nothing to it.

use std::sync::Arc;

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::tls::{SIGNATURE_SCHEMES, TlsVersion};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::problem::Failure;

/// In the order of the referential, which is that of preference.
const TLS12: [SupportedCipherSuite; 3] = [
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
const TLS13: [SupportedCipherSuite; 3] = [
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
];

/// The version that is spoken: the one that the configuration wants, or the highest that the card can do.
pub(super) fn version(
    algorithms: &[SignatureAlgorithm],
    wanted: Option<TlsVersion>,
) -> Result<TlsVersion, Failure> {
    let can = |version: TlsVersion| {
        algorithms
            .iter()
            .any(|algorithm| version.signs_by(*algorithm))
    };
    let version = wanted.unwrap_or(if can(TlsVersion::Tls13) {
        TlsVersion::Tls13
    } else {
        TlsVersion::Tls12
    });
    if can(version) {
        return Ok(version);
    }
    Err(Failure::new(ErrorCode::TunnelTlsMismatch).with_detail(
        format!("Cette carte ne peut pas joindre un serveur qui ne parle que TLS {version}."),
        format!("This card cannot reach a server that speaks TLS {version} only."),
    ))
}

/// The algorithms of a version among those that the card can do, each with its name in TLS, the preferred one first.
pub(super) fn schemes(
    algorithms: &[SignatureAlgorithm],
    version: TlsVersion,
) -> Vec<(SignatureAlgorithm, rustls::SignatureScheme)> {
    SIGNATURE_SCHEMES
        .into_iter()
        .filter(|(algorithm, _)| algorithms.contains(algorithm) && version.signs_by(*algorithm))
        .map(|(algorithm, number)| (algorithm, number.into()))
        .collect()
}

/// The cryptography of a version.
pub(super) fn provider(version: TlsVersion) -> Arc<CryptoProvider> {
    let suites = match version {
        TlsVersion::Tls12 => TLS12,
        TlsVersion::Tls13 => TLS13,
    };
    Arc::new(CryptoProvider {
        cipher_suites: suites.to_vec(),
        ..aws_lc_rs::default_provider()
    })
}

/// The version in the words of the implementation.
pub(super) fn protocol(version: TlsVersion) -> &'static SupportedProtocolVersion {
    match version {
        TlsVersion::Tls12 => &rustls::version::TLS12,
        TlsVersion::Tls13 => &rustls::version::TLS13,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_protocol::algorithm::SignatureAlgorithm;
    use paraphe_protocol::api::ErrorCode;
    use paraphe_protocol::tls::TlsVersion::{Tls12, Tls13};

    use super::{provider, schemes, version};

    const CPS3: [SignatureAlgorithm; 1] = [SignatureAlgorithm::RsaPkcs1Sha256];
    const CPS4: [SignatureAlgorithm; 2] = [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPssSha256,
    ];

    #[test]
    fn the_version_follows_from_the_card() {
        assert_eq!(version(&CPS3, None).unwrap(), Tls12);
        assert_eq!(version(&CPS4, None).unwrap(), Tls13);
        assert_eq!(version(&CPS4, Some(Tls12)).unwrap(), Tls12);
        let curve = [SignatureAlgorithm::EcdsaP256Sha256];
        assert_eq!(version(&curve, None).unwrap(), Tls13);
        for (card, wanted) in [(CPS3.as_slice(), Some(Tls13)), (&[], None)] {
            let refused = version(card, wanted).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::TunnelTlsMismatch);
        }
    }

    #[test]
    fn pkcs1_is_not_offered_in_tls13() {
        let names = |version| -> Vec<_> {
            let schemes = schemes(&CPS4, version).into_iter();
            schemes.map(|(algorithm, _)| algorithm.name()).collect()
        };
        assert_eq!(names(Tls12), ["PS256", "RS256"]);
        assert_eq!(names(Tls13), ["PS256"]);
    }

    #[test]
    fn a_version_has_only_its_own_suites() {
        for version in [Tls12, Tls13] {
            let provider = provider(version);
            assert_eq!(provider.cipher_suites.len(), 3);
            let is_13 = |suite: &rustls::SupportedCipherSuite| suite.tls13().is_some();
            assert!(
                provider
                    .cipher_suites
                    .iter()
                    .all(|suite| is_13(suite) == (version == Tls13))
            );
        }
    }
}
