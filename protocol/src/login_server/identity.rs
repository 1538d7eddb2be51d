//! Who logged in, as a record server may believe it: everything is from a certificate whose path was verified and whose key signed this
//! login. Only [`super::LoginServer::verify`] makes one; it is written out, never read in.

use paraphe_certs::{CardKind, Category, NationalId, ProfessionCode, UnixTime};
use serde::Serialize;

use super::SessionKey;
use crate::identifiers::Environment;
use crate::login::VerifiedLogin;

/// A person who logged in.
#[derive(Debug)]
pub struct VerifiedIdentity {
    login: VerifiedLogin,
    environment: Environment,
    session_key: Option<SessionKey>,
}

/// What stands behind a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityAssurance {
    /// A card, which lets its authentication key sign only after the holder's PIN: the holder was there.
    CardAndPin,
    /// A key that its issuer calls software: somebody had a file and what opens it.
    Software,
}

impl VerifiedIdentity {
    pub(super) fn new(
        login: VerifiedLogin,
        environment: Environment,
        session_key: Option<SessionKey>,
    ) -> Self {
        Self {
            login,
            environment,
            session_key,
        }
    }

    /// National identifier, with its type digit.
    #[must_use]
    pub fn national_id(&self) -> &NationalId {
        &self.login.holder().national_id
    }

    /// Given name and surname, or the label of a card that names nobody.
    #[must_use]
    pub fn display_name(&self) -> String {
        self.login.holder().display_name()
    }

    /// Surname; absent on a staff card that names nobody.
    #[must_use]
    pub fn family_name(&self) -> Option<&str> {
        self.login.holder().family_name.as_deref()
    }

    /// Given name or names, as one text.
    #[must_use]
    pub fn given_name(&self) -> Option<&str> {
        self.login.holder().given_name.as_deref()
    }

    /// Profession, table G15.
    #[must_use]
    pub fn profession(&self) -> Option<ProfessionCode> {
        self.login.holder().profession
    }

    /// Profession in training, table G16.
    #[must_use]
    pub fn profession_in_training(&self) -> Option<ProfessionCode> {
        self.login.holder().profession_in_training
    }

    /// Specialities and skills, table R01, such as `SM26`.
    #[must_use]
    pub fn specialities(&self) -> &[String] {
        &self.login.holder().skills
    }

    /// Card family; absent where the certificate is of no card.
    #[must_use]
    pub fn card_kind(&self) -> Option<CardKind> {
        self.login.holder().card_kind
    }

    /// Issuer prefix and card number; absent where the certificate is of no card.
    #[must_use]
    pub fn card_number(&self) -> Option<&str> {
        self.login.holder().card_serial.as_deref()
    }

    /// Identifier of the structure with its type digit, on staff cards. The practice situations of other cards are not in their
    /// certificates.
    #[must_use]
    pub fn structure_id(&self) -> Option<&str> {
        self.login.holder().structure_id.as_deref()
    }

    /// Name of the structure, on staff cards.
    #[must_use]
    pub fn structure_name(&self) -> Option<&str> {
        self.login.holder().organization.as_deref()
    }

    /// Test or production, as the certificate says and the server is.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// What stands behind it.
    #[must_use]
    pub fn assurance(&self) -> IdentityAssurance {
        let holder = self.login.holder();
        match holder.category {
            Category::Card | Category::TestCard if holder.card_kind.is_some() => {
                IdentityAssurance::CardAndPin
            }
            _ => IdentityAssurance::Software,
        }
    }

    /// What the session that is opened now is bound to.
    #[must_use]
    pub fn session_key(&self) -> Option<SessionKey> {
        self.session_key
    }

    /// When the agent made the login, by the workstation's clock.
    #[must_use]
    pub fn issued_at(&self) -> UnixTime {
        self.login.issued_at()
    }

    /// The login, with the certificate and its path.
    #[must_use]
    pub fn login(&self) -> &VerifiedLogin {
        &self.login
    }
}
