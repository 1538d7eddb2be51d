//! How the user really logged in (SAML authentication context classes), and which of them each mode admits.

use super::VihfMode;

/// A class of authentication that the VIHF knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticationContext {
    /// A card with its PIN.
    SmartcardPki,
    /// A password, at the structure's own software.
    Password,
    /// A certificate over TLS.
    TlsClient,
    /// A phone, through the national identity provider (Pro Santé Connect).
    MobileTwoFactorUnregistered,
    /// An automaton: nobody logged in.
    Unspecified,
}

const CLASSES: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:";

impl AuthenticationContext {
    const ALL: [Self; 5] = [
        Self::SmartcardPki,
        Self::Password,
        Self::TlsClient,
        Self::MobileTwoFactorUnregistered,
        Self::Unspecified,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::SmartcardPki => "SmartcardPKI",
            Self::Password => "Password",
            Self::TlsClient => "TLSClient",
            Self::MobileTwoFactorUnregistered => "MobileTwoFactorUnregistered",
            Self::Unspecified => "unspecified",
        }
    }

    /// Identifier of the class.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{CLASSES}{}", self.name())
    }

    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix(CLASSES)?;
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether a user of this mode can have logged in so. A card signs by itself, and strong means are a card or the phone.
    pub(super) const fn goes_with(self, mode: VihfMode) -> bool {
        match mode {
            VihfMode::Direct => matches!(self, Self::SmartcardPki),
            VihfMode::Indirect => true,
            VihfMode::IndirectReinforced => {
                matches!(self, Self::SmartcardPki | Self::MobileTwoFactorUnregistered)
            }
        }
    }
}
