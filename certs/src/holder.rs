//! Who holds a card: the identity that a certificate of the IGC-Santé states (or of the older IGC-CPS).
//!
//! The subject's commonName is the national identifier; givenName and surname name the person, or a pseudonym labels a
//! staff card that names nobody; title (OU in the older generation) is the profession as a label; private extensions of
//! arc 1.2.250.1.71 carry card kind, card serial, category, profession and skills. The three attributes of the last RDN
//! come in any order. Refused: a repeated name attribute, no category, text with control or direction-changing characters
//! (a name is shown to people), a private extension that cannot be read. Reading a holder says nothing about trust.

use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

use crate::card_kind::{CardKind, Category};
use crate::certificate::Certificate;
use crate::distinguished_name::attribute_type;
use crate::national_id::{NationalId, NationalIdError};
use crate::private_extension::{self, PrivateExtensionError};
use crate::profession::ProfessionCode;

/// Longest name attribute that is accepted, in characters.
pub const MAX_NAME_CHARACTERS: usize = 256;

/// The identity in a card certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Holder {
    /// National identifier, the subject's commonName.
    pub national_id: NationalId,
    /// Surname; absent on a staff card that names nobody.
    pub family_name: Option<String>,
    /// Given name or names, as one text.
    pub given_name: Option<String>,
    /// Label of a card that names nobody.
    pub pseudonym: Option<String>,
    /// Profession or function as a label: title, or OU in the older generation.
    pub title: Option<String>,
    /// Profession, table G15.
    pub profession: Option<ProfessionCode>,
    /// Profession in training, table G16.
    pub profession_in_training: Option<ProfessionCode>,
    /// Card family; absent on software certificates.
    pub card_kind: Option<CardKind>,
    /// Issuer prefix and card number, such as `8025000001/2800636234`; absent on software certificates.
    pub card_serial: Option<String>,
    /// What holds the key.
    pub category: Category,
    /// Skills ("savoir-faire", table R01), such as `SM26`.
    pub skills: Vec<String>,
    /// Name of the structure (O), on staff cards.
    pub organization: Option<String>,
    /// Identifier of the structure with its type digit (OU), on staff cards, such as `1760021832`.
    pub structure_id: Option<String>,
}

impl Holder {
    /// Reads the holder from a certificate's subject and private extensions.
    ///
    /// # Errors
    /// [`HolderError`] where the subject is not that of a person's card or software certificate.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, HolderError> {
        let one = |oid, name| single(certificate, oid, name);
        let national_id = one(attribute_type::COMMON_NAME, "commonName")?.ok_or(
            HolderError::MissingAttribute {
                attribute: "commonName",
            },
        )?;
        let national_id = NationalId::parse(&national_id)?;
        let family_name = one(attribute_type::SURNAME, "surname")?;
        let given_name = one(attribute_type::GIVEN_NAME, "givenName")?;
        let pseudonym = one(attribute_type::PSEUDONYM, "pseudonym")?;
        if family_name.is_none() && pseudonym.is_none() {
            return Err(HolderError::MissingAttribute {
                attribute: "surname or pseudonym",
            });
        }
        let extensions = private_extension::read(certificate)?;
        let (title, structure_id) = title_and_structure(
            one(attribute_type::TITLE, "title")?,
            texts(certificate, attribute_type::ORGANIZATIONAL_UNIT)?,
        );
        Ok(Self {
            national_id,
            family_name,
            given_name,
            pseudonym,
            title,
            profession: extensions.profession,
            profession_in_training: extensions.profession_in_training,
            card_kind: extensions.card_kind,
            card_serial: extensions.card_serial,
            category: extensions.category.ok_or(HolderError::MissingCategory)?,
            skills: extensions.skills,
            organization: texts(certificate, attribute_type::ORGANIZATION)?
                .into_iter()
                .next(),
            structure_id,
        })
    }

    /// Whether the certificate is of a test product, which must never touch production.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.category.is_test()
    }

    /// Whether the card names a person; a staff card may carry only a label.
    #[must_use]
    pub fn is_nominative(&self) -> bool {
        self.family_name.is_some()
    }

    /// What a person is shown: given name and surname, or the pseudonym.
    #[must_use]
    pub fn display_name(&self) -> String {
        match (&self.given_name, &self.family_name) {
            (Some(given), Some(family)) => format!("{given} {family}"),
            (None, Some(family)) => family.clone(),
            (_, None) => self.pseudonym.clone().unwrap_or_default(),
        }
    }
}

/// Why a certificate does not state a card holder's identity.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HolderError {
    /// The subject lacks an attribute.
    #[error("the subject has no {attribute}")]
    MissingAttribute {
        /// Its name.
        attribute: &'static str,
    },
    /// The subject holds an attribute twice, so that two readers could see two people.
    #[error("the subject has more than one {attribute}")]
    RepeatedAttribute {
        /// Its name.
        attribute: &'static str,
    },
    /// A name is not readable text: empty, too long, or with characters that mislead on a screen.
    #[error("the attribute {oid} of the subject is not text that can be shown")]
    UnacceptableText {
        /// OID of the attribute, dotted.
        oid: String,
    },
    /// The commonName is not a national identifier.
    #[error("the commonName is not a national identifier: {0}")]
    NationalId(#[from] NationalIdError),
    /// The certificate does not say whether it is for test or for production.
    #[error("the certificate has no product category (extension 1.2.250.1.71.1.2.5)")]
    MissingCategory,
    /// The subject names a person where a structure is due.
    #[error("the subject names a person, not a structure")]
    NamesAPerson,
    /// The category is not that of a software key.
    #[error("the certificate is not that of a software key")]
    NotSoftware,
    /// A private extension cannot be read.
    #[error(transparent)]
    PrivateExtension(#[from] PrivateExtensionError),
}

pub(crate) fn single(
    certificate: &Certificate,
    oid: &str,
    attribute: &'static str,
) -> Result<Option<String>, HolderError> {
    let mut values = texts(certificate, oid)?;
    if values.len() > 1 {
        return Err(HolderError::RepeatedAttribute { attribute });
    }
    Ok(values.pop())
}

fn texts(certificate: &Certificate, oid: &str) -> Result<Vec<String>, HolderError> {
    let refused = || HolderError::UnacceptableText {
        oid: oid.to_owned(),
    };
    let present = certificate
        .subject()
        .attributes()
        .filter(|attribute| attribute.oid == oid)
        .count();
    let values: Vec<String> = certificate
        .subject()
        .text_values(oid)
        .map(str::to_owned)
        .collect();
    if values.len() != present || !values.iter().all(|value| can_be_shown(value)) {
        return Err(refused());
    }
    Ok(values)
}

/// Control characters break lines and terminals; the bidirectional controls of Unicode show one name for another.
fn can_be_shown(text: &str) -> bool {
    let misleads = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    !text.trim().is_empty()
        && text.chars().count() <= MAX_NAME_CHARACTERS
        && !text.chars().any(misleads)
}

/// In the IGC-Santé generation the label is the title and OU, on staff cards, is the structure; in the older one OU is the label.
fn title_and_structure(
    title: Option<String>,
    units: Vec<String>,
) -> (Option<String>, Option<String>) {
    let (structures, labels): (Vec<String>, Vec<String>) = units.into_iter().partition(|unit| {
        unit.bytes().all(|b| b.is_ascii_alphanumeric()) && unit.bytes().any(|b| b.is_ascii_digit())
    });
    (
        title.or_else(|| labels.into_iter().next()),
        structures.into_iter().next(),
    )
}
