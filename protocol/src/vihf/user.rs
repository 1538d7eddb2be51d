//! The user of the record: a card's holder, read from the card's own certificate, or an automaton of a structure, read from the
//! structure's. There is no way to write a user by hand.

use std::fmt;

use paraphe_certs::{Certificate, Holder, HolderError, Structure};

use super::authentication_context::AuthenticationContext;
use super::role::{Role, RoleError};
use super::text;

/// Whom an assertion is about. `Debug` names nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct VihfUser {
    name_id: String,
    names: String,
    roles: Vec<Role>,
    context: AuthenticationContext,
}

/// Why a certificate gives no user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// The certificate states no holder, or no structure.
    #[error("the certificate does not say who it is about: {0}")]
    Certificate(#[from] HolderError),
    /// Its roles.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// The certificate is of a software key: no card.
    #[error("the certificate is not that of a card")]
    NotACard,
    /// A name or identifier that no assertion can carry.
    #[error("the {what} is not 1 to {} printable characters", text::MAX_CHARACTERS)]
    Text {
        /// Which.
        what: &'static str,
    },
}

impl VihfUser {
    /// The holder of a card who logged in with it, from one of the card's certificates. Of several specialities one is chosen.
    ///
    /// # Errors
    /// [`UserError`].
    pub fn of_card(certificate: &Certificate, speciality: Option<&str>) -> Result<Self, UserError> {
        let holder = Holder::from_certificate(certificate)?;
        if holder.card_kind.is_none() {
            return Err(UserError::NotACard);
        }
        Ok(Self {
            name_id: holder.national_id.to_string(),
            names: names_of(&holder),
            roles: Role::of_holder(&holder, speciality)?,
            context: AuthenticationContext::SmartcardPki,
        })
    }

    /// An automaton of the structure whose seal this is: `internal_id` is the structure's own number for it, `software` its
    /// software and model. Nobody logged in.
    ///
    /// # Errors
    /// [`UserError`].
    pub fn automaton(
        seal: &Certificate,
        internal_id: &str,
        software: &str,
    ) -> Result<Self, UserError> {
        let structure = Structure::from_certificate(seal)?;
        if !text::is_acceptable(internal_id) || internal_id.contains('/') {
            return Err(UserError::Text {
                what: "internal identifier",
            });
        }
        if !text::is_acceptable(software) {
            return Err(UserError::Text { what: "software" });
        }
        Ok(Self {
            name_id: format!("{}/{internal_id}", structure.structure_id),
            names: software.to_owned(),
            roles: vec![Role::automaton()],
            context: AuthenticationContext::Unspecified,
        })
    }

    /// National identifier, or the structure's and its own number.
    #[must_use]
    pub fn name_id(&self) -> &str {
        &self.name_id
    }

    /// Names of the person, or software of the automaton.
    #[must_use]
    pub fn names(&self) -> &str {
        &self.names
    }

    /// Profession and speciality.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// How the user logged in.
    #[must_use]
    pub fn context(&self) -> AuthenticationContext {
        self.context
    }
}

impl fmt::Debug for VihfUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VihfUser({:?})", self.context)
    }
}

/// Given name and surname. A card that names nobody gives the number of the card and the structure, special characters other than
/// apostrophe, hyphen and space made hyphens.
pub(super) fn names_of(holder: &Holder) -> String {
    match &holder.family_name {
        Some(_) => holder.display_name(),
        None => {
            let organization = holder.organization.as_deref().unwrap_or_default();
            let names = format!("{} {organization}", holder.national_id);
            let allowed =
                |character: char| character.is_alphanumeric() || "'- ".contains(character);
            let plain = names
                .chars()
                .map(|character| if allowed(character) { character } else { '-' });
            plain.collect::<String>().trim_end().to_owned()
        }
    }
}
