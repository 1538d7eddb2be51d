//! INS: the national health identity number of a patient and the authority that assigns it.
//!
//! A matricule of 15 characters (NIR or waiting number NIA, with its key) and the object identifier
//! of its authority, rendered in HL7 CX form `<matricule>^^^&<OID>&ISO^NH`. The authority depends
//! on the environment: a test identity never carries a production authority nor the reverse, and a
//! mismatch is refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Nir, NirError, NirKind};

/// Test data or real patients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Test cards, test identities.
    Test,
    /// Real cards, real people.
    Production,
}

/// Who assigned the matricule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InsAuthority {
    /// Production, from a NIR.
    Nir,
    /// Production, from a waiting number.
    Nia,
    /// Test data of either kind.
    Test,
}

/// A patient's INS. Prints in CX form with `Display`, as `***` with `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ins {
    matricule: Nir,
    authority: InsAuthority,
}

/// Why a text is not an INS of this environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsError {
    /// The matricule is not 15 well-formed characters with the right key.
    #[error("the INS matricule is wrong: {0}")]
    Matricule(#[from] NirError),
    /// Not the CX form `<matricule>^^^&<OID>&ISO^NH`.
    #[error("an INS is written <matricule>^^^&<OID>&ISO^NH")]
    Form,
    /// The object identifier is not one that assigns INS numbers.
    #[error("the assigning authority of this INS is unknown")]
    UnknownAuthority,
    /// A test identity in production, the reverse, or a NIR under the authority of waiting numbers.
    #[error("the assigning authority of this INS does not belong to this environment or number")]
    AuthorityMismatch,
}

impl InsAuthority {
    /// Dotted object identifier.
    #[must_use]
    pub fn oid(self) -> &'static str {
        match self {
            Self::Nir => "1.2.250.1.213.1.4.8",
            Self::Nia => "1.2.250.1.213.1.4.9",
            Self::Test => "1.2.250.1.213.1.4.10",
        }
    }

    fn from_oid(oid: &str) -> Option<Self> {
        [Self::Nir, Self::Nia, Self::Test]
            .into_iter()
            .find(|authority| authority.oid() == oid)
    }
}

impl Ins {
    /// The INS of a matricule: its authority follows from the environment and from the number.
    #[must_use]
    pub fn new(matricule: Nir, environment: Environment) -> Self {
        let authority = match (environment, matricule.kind()) {
            (Environment::Test, _) => InsAuthority::Test,
            (Environment::Production, NirKind::Permanent) => InsAuthority::Nir,
            (Environment::Production, NirKind::Temporary) => InsAuthority::Nia,
        };
        Self {
            matricule,
            authority,
        }
    }

    /// Reads the CX form, of whichever environment. See [`Ins::environment`].
    ///
    /// # Errors
    /// [`InsError`].
    pub fn from_cx(text: &str) -> Result<Self, InsError> {
        let (matricule, rest) = text.split_once("^^^&").ok_or(InsError::Form)?;
        let oid = rest.strip_suffix("&ISO^NH").ok_or(InsError::Form)?;
        let authority = InsAuthority::from_oid(oid).ok_or(InsError::UnknownAuthority)?;
        let matricule: Nir = matricule.parse()?;
        match (authority, matricule.kind()) {
            (InsAuthority::Nir, NirKind::Temporary) | (InsAuthority::Nia, NirKind::Permanent) => {
                Err(InsError::AuthorityMismatch)
            }
            _ => Ok(Self {
                matricule,
                authority,
            }),
        }
    }

    /// Reads the CX form and refuses an identity of another environment.
    ///
    /// # Errors
    /// [`InsError`].
    pub fn from_cx_in(text: &str, environment: Environment) -> Result<Self, InsError> {
        let ins = Self::from_cx(text)?;
        if ins.environment() == environment {
            Ok(ins)
        } else {
            Err(InsError::AuthorityMismatch)
        }
    }

    /// The number.
    #[must_use]
    pub fn matricule(&self) -> &Nir {
        &self.matricule
    }

    /// Who assigned it.
    #[must_use]
    pub fn authority(&self) -> InsAuthority {
        self.authority
    }

    /// Test or production, as the authority says.
    #[must_use]
    pub fn environment(&self) -> Environment {
        match self.authority {
            InsAuthority::Test => Environment::Test,
            InsAuthority::Nir | InsAuthority::Nia => Environment::Production,
        }
    }

    /// HL7 CX form: `<matricule>^^^&<OID>&ISO^NH`.
    #[must_use]
    pub fn to_cx(&self) -> String {
        self.to_string()
    }
}

impl Serialize for Ins {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ins {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_cx(&text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}^^^&{}&ISO^NH", self.matricule, self.authority.oid())
    }
}

impl fmt::Debug for Ins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ins(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn nir() -> Nir {
        "285072B50202465".parse().unwrap()
    }

    #[test]
    fn authority_follows_environment_and_number() {
        assert_eq!(
            Ins::new(nir(), Environment::Test).to_cx(),
            "285072B50202465^^^&1.2.250.1.213.1.4.10&ISO^NH"
        );
        assert_eq!(
            Ins::new(nir(), Environment::Production).to_cx(),
            "285072B50202465^^^&1.2.250.1.213.1.4.8&ISO^NH"
        );
        let waiting = Nir::from_number("7610275754289").unwrap();
        let ins = Ins::new(waiting, Environment::Production);
        assert_eq!(ins.authority(), InsAuthority::Nia);
        assert_eq!(Ins::from_cx(&ins.to_cx()).unwrap(), ins);
    }

    #[test]
    fn other_environment_is_refused() {
        let test = Ins::new(nir(), Environment::Test).to_cx();
        assert!(Ins::from_cx_in(&test, Environment::Test).is_ok());
        assert_eq!(
            Ins::from_cx_in(&test, Environment::Production),
            Err(InsError::AuthorityMismatch)
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for (text, error) in [
            ("285072B50202465", InsError::Form),
            (
                "285072B50202465^^^&1.2.250.1.213.1.4.10&ISO^PI",
                InsError::Form,
            ),
            (
                "285072B50202465^^^&1.2.250.1.213.1.4.2&ISO^NH",
                InsError::UnknownAuthority,
            ),
            (
                "285072B50202465^^^&1.2.250.1.213.1.4.9&ISO^NH",
                InsError::AuthorityMismatch,
            ),
            (
                "285072B50202466^^^&1.2.250.1.213.1.4.8&ISO^NH",
                InsError::Matricule(NirError::Key),
            ),
        ] {
            assert_eq!(Ins::from_cx(text), Err(error), "{text}");
        }
    }
}
