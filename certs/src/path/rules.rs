//! What the path engine asks of a path: RFC 5280, 6.1, with the settings that the standard leaves to its user (6.1.1), and what the
//! uses of this crate ask beyond it.

use std::ffi::c_int;

/// anyPolicy (RFC 5280, 4.2.1.4).
const ANY_POLICY: &str = "2.5.29.32.0";

/// Settings of the engine. The uses of this crate have one set, [`PathRules::of_uses`]; other ones are for conformance suites, which
/// ask the engine about keys, depths and policies that no use accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRules {
    /// Longest path, in certificates below the anchor and above the certificate itself.
    pub(super) depth: c_int,
    /// OpenSSL's security level: 2 is 112 bits, so RSA 2048 at least and no SHA-1 on the path.
    pub(super) security_level: c_int,
    /// Whether certificates must keep to the profile of RFC 5280 where a path can be built without: critical basicConstraints, key
    /// identifiers, serial numbers, versions that go with extensions.
    pub(super) is_strict: bool,
    /// user-initial-policy-set, dotted.
    pub(super) policies: Vec<String>,
    /// initial-explicit-policy.
    pub(super) explicit_policy: bool,
    /// initial-any-policy-inhibit.
    pub(super) inhibit_any_policy: bool,
    /// initial-policy-mapping-inhibit.
    pub(super) inhibit_policy_mapping: bool,
}

impl PathRules {
    /// The rules of every use: the profile has one level of issuing authorities below the roots, whatever policies they name.
    #[must_use]
    pub fn of_uses() -> Self {
        Self {
            depth: 4,
            security_level: 2,
            is_strict: true,
            ..Self::of_the_standard()
        }
    }

    /// RFC 5280, 6.1, and nothing beyond: any policy, any depth that a suite reaches, any key and digest that the engine knows.
    #[must_use]
    pub fn of_the_standard() -> Self {
        Self {
            depth: 16,
            security_level: 0,
            is_strict: false,
            policies: vec![ANY_POLICY.to_owned()],
            explicit_policy: false,
            inhibit_any_policy: false,
            inhibit_policy_mapping: false,
        }
    }

    /// The same with these policies, dotted, as the only acceptable ones, and one of them needed.
    #[must_use]
    pub fn with_policies(self, policies: &[&str]) -> Self {
        Self {
            policies: policies.iter().map(|oid| (*oid).to_owned()).collect(),
            explicit_policy: true,
            ..self
        }
    }

    /// The same with the initial inhibitions of RFC 5280, 6.1.1 (e) and (g).
    #[must_use]
    pub fn inhibiting(self, any_policy: bool, policy_mapping: bool) -> Self {
        Self {
            inhibit_any_policy: any_policy,
            inhibit_policy_mapping: policy_mapping,
            ..self
        }
    }

    /// The same with another longest path, in certificates between the anchor and the certificate itself.
    #[must_use]
    pub fn with_depth(self, authorities: u8) -> Self {
        Self {
            depth: c_int::from(authorities),
            ..self
        }
    }
}
