//! What a certificate says its key may be used for: keyUsage (RFC 5280, 4.2.1.3) and extendedKeyUsage (4.2.1.12).

/// The bits of a keyUsage extension. A certificate without the extension has none of them: this crate grants nothing by silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// digitalSignature, bit 0.
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// nonRepudiation (contentCommitment), bit 1.
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// keyEncipherment, bit 2.
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// dataEncipherment, bit 3.
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// keyAgreement, bit 4.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign, bit 5.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign, bit 6.
    pub const CRL_SIGN: Self = Self(1 << 6);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::DIGITAL_SIGNATURE, "digitalSignature"),
        (Self::NON_REPUDIATION, "nonRepudiation"),
        (Self::KEY_ENCIPHERMENT, "keyEncipherment"),
        (Self::DATA_ENCIPHERMENT, "dataEncipherment"),
        (Self::KEY_AGREEMENT, "keyAgreement"),
        (Self::KEY_CERT_SIGN, "keyCertSign"),
        (Self::CRL_SIGN, "cRLSign"),
    ];

    /// Bit n of the result is named bit n of the extension.
    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Bit n is named bit n of the extension (0 is digitalSignature).
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether every bit of `other` is set here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = Self::NAMES
            .iter()
            .filter(|(bit, _)| self.contains(*bit))
            .map(|(_, name)| *name)
            .collect();
        f.write_str(if names.is_empty() { "(none)" } else { "" })?;
        f.write_str(&names.join("+"))
    }
}

/// The purposes of extendedKeyUsage that the profile knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtendedKeyUsage {
    /// id-kp-serverAuth, 1.3.6.1.5.5.7.3.1.
    ServerAuth,
    /// id-kp-clientAuth, 1.3.6.1.5.5.7.3.2.
    ClientAuth,
    /// id-kp-emailProtection, 1.3.6.1.5.5.7.3.4: what the IGC-Santé puts on signature certificates.
    EmailProtection,
    /// Microsoft smartcard logon, 1.3.6.1.4.1.311.20.2.2.
    SmartcardLogon,
}

impl ExtendedKeyUsage {
    /// Dotted object identifier.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::ServerAuth => "1.3.6.1.5.5.7.3.1",
            Self::ClientAuth => "1.3.6.1.5.5.7.3.2",
            Self::EmailProtection => "1.3.6.1.5.5.7.3.4",
            Self::SmartcardLogon => "1.3.6.1.4.1.311.20.2.2",
        }
    }

    /// Name of the purpose as the standards write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerAuth => "serverAuth",
            Self::ClientAuth => "clientAuth",
            Self::EmailProtection => "emailProtection",
            Self::SmartcardLogon => "smartcardLogon",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_bits() {
        assert_eq!(KeyUsage::default().to_string(), "(none)");
        assert_eq!(
            KeyUsage::DIGITAL_SIGNATURE
                .union(KeyUsage::NON_REPUDIATION)
                .to_string(),
            "digitalSignature+nonRepudiation"
        );
        assert!(!KeyUsage::DIGITAL_SIGNATURE.contains(KeyUsage::NON_REPUDIATION));
    }
}
