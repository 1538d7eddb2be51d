//! A structure (establishment, practice, software house): the identity that an ORG_AUTH_CLI or ORG_SIGN certificate of the
//! IGC-Santé states. O is its name, OU its identifier with the type digit, CN free text. Refused: a subject that names a
//! person, a missing or repeated attribute, a key that is not software, text that cannot be shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::card_kind::Category;
use crate::certificate::Certificate;
use crate::distinguished_name::attribute_type;
use crate::holder::{HolderError, single};
use crate::private_extension;

/// The identity in a structure's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Structure {
    /// Name (O).
    pub name: String,
    /// Identifier with its type digit (OU), such as `1760021832`.
    pub structure_id: String,
    /// Free text (CN): a service, a server.
    pub common_name: String,
    /// What holds the key.
    pub category: Category,
}

impl Structure {
    /// Reads the structure from a certificate's subject and private extensions.
    ///
    /// # Errors
    /// [`HolderError`] where the subject is not that of a structure's software certificate.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, HolderError> {
        for (oid, attribute) in [
            (attribute_type::SURNAME, "surname"),
            (attribute_type::GIVEN_NAME, "givenName"),
            (attribute_type::PSEUDONYM, "pseudonym"),
        ] {
            if single(certificate, oid, attribute)?.is_some() {
                return Err(HolderError::NamesAPerson);
            }
        }
        let required = |oid, attribute| {
            single(certificate, oid, attribute)?.ok_or(HolderError::MissingAttribute { attribute })
        };
        let category = private_extension::read(certificate)?
            .category
            .ok_or(HolderError::MissingCategory)?;
        if !matches!(category, Category::Software | Category::TestSoftware) {
            return Err(HolderError::NotSoftware);
        }
        Ok(Self {
            name: required(attribute_type::ORGANIZATION, "organizationName")?,
            structure_id: required(
                attribute_type::ORGANIZATIONAL_UNIT,
                "organizationalUnitName",
            )?,
            common_name: required(attribute_type::COMMON_NAME, "commonName")?,
            category,
        })
    }

    /// Whether the certificate is of a test product, which must never touch production.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.category.is_test()
    }
}
