//! Why an assertion is refused: one variant per reason, in the order of the checks.

use paraphe_certs::{CertificateError, PathError};

use super::VihfMode;
use crate::algorithm::SignatureError;
use crate::xml::gate::GateError;
use crate::xml::{CanonicalError, ShapeError};

/// Why an assertion is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VihfError {
    /// The XML does not pass the gate, or is not well-formed.
    #[error(transparent)]
    Xml(#[from] GateError),
    /// The canonicaliser failed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// Not an assertion of this profile: something is missing, moved or added.
    #[error("not a signed VIHF: {0}")]
    Shape(#[from] ShapeError),
    /// The signature is over something else than the whole assertion.
    #[error("the signature is not over this assertion")]
    Reference,
    /// SHA-1 or MD5 somewhere.
    #[error("the signature uses {uri}, which is too weak")]
    WeakAlgorithm {
        /// Identifier of the algorithm, cut to 128 characters.
        uri: String,
    },
    /// An algorithm or transform that the VIHF does not have, or not with this key.
    #[error("the signature uses {uri}, which the VIHF does not have")]
    UnknownAlgorithm {
        /// Identifier of the algorithm, cut to 128 characters.
        uri: String,
    },
    /// A certificate cannot be read.
    #[error("the certificate of the signature cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate's key is not one that may sign.
    #[error("the signer's key is refused: {0}")]
    Key(#[source] SignatureError),
    /// The signature value does not verify.
    #[error("the signature does not match what was signed and the signer's key")]
    Signature,
    /// The assertion was altered: its digest is not the one that was signed.
    #[error("the assertion was altered after signing")]
    Altered,
    /// An attribute that every assertion, or every one of this mode, has.
    #[error("the attribute {name} is missing")]
    AttributeMissing {
        /// Its name.
        name: &'static str,
    },
    /// An attribute that this verifier does not know, and so could not respect.
    #[error("the attribute {name} is not known")]
    AttributeUnknown {
        /// Its name, cut to 128 characters.
        name: String,
    },
    /// The same attribute twice.
    #[error("the attribute {name} stands twice")]
    AttributeRepeated {
        /// Its name.
        name: &'static str,
    },
    /// A value outside the attribute's value set.
    #[error("the value of {name} is not one of its value set")]
    AttributeValue {
        /// Name of the attribute or element.
        name: &'static str,
    },
    /// Another version of the VIHF.
    #[error("this version of the VIHF is not accepted")]
    Version,
    /// The assertion is for another resource.
    #[error("the assertion is for another resource")]
    Resource,
    /// The assertion is for another server, or for none in particular where one must be named.
    #[error("the assertion is for another server, or does not say for which")]
    Audience,
    /// Issued later than the verifier's clock and its tolerance.
    #[error("the assertion comes from the future; is the workstation's clock right?")]
    NotYetValid,
    /// Too old, or past its own end.
    #[error("the assertion has expired; is the workstation's clock right?")]
    Expired,
    /// The signer is not of the kind that signs in this mode: a card's signature key, or a structure's seal.
    #[error("this certificate does not sign in mode {mode}")]
    WrongCertificate {
        /// The mode.
        mode: VihfMode,
    },
    /// The certificate is not one that may sign, at the time of verification.
    #[error("the signer's certificate is refused: {0}")]
    Path(#[source] PathError),
    /// The issuer named is not the signer.
    #[error("the issuer is not the subject of the signer's certificate")]
    IssuerMismatch,
    /// The user, names or roles are not those of the card that signed.
    #[error("the user or the roles are not those of the card that signed")]
    UserMismatch,
    /// A physician or pharmacist without speciality, or somebody else with one.
    #[error("the roles are not those that the profession demands")]
    Roles,
    /// The structure is not the one whose seal signed.
    #[error("the structure is not the one whose seal signed")]
    StructureMismatch,
    /// The user did not log in by the means that the mode demands.
    #[error("the user did not log in as mode {mode} demands")]
    Authentication {
        /// The mode.
        mode: VihfMode,
    },
    /// Break-glass without a patient.
    #[error("break-glass is about one patient")]
    PatientMissing,
    /// A test patient with a production certificate, or the reverse.
    #[error("the patient's identifier is of another environment than the signer's certificate")]
    Environment,
    /// The assertion was admitted before.
    #[error("the assertion was used before")]
    Replayed,
}

impl VihfError {
    /// Stable name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(_) | Self::Canonical(_) => "xml-refused",
            Self::Shape(_) => "structure",
            Self::Reference => "reference",
            Self::WeakAlgorithm { .. } => "weak-algorithm",
            Self::UnknownAlgorithm { .. } => "unknown-algorithm",
            Self::Certificate(_) => "certificate-unreadable",
            Self::Key(_) => "key-refused",
            Self::Signature => "signature-wrong",
            Self::Altered => "assertion-altered",
            Self::AttributeMissing { .. } => "attribute-missing",
            Self::AttributeUnknown { .. } => "attribute-unknown",
            Self::AttributeRepeated { .. } => "attribute-repeated",
            Self::AttributeValue { .. } => "attribute-value",
            Self::Version => "version",
            Self::Resource => "resource",
            Self::Audience => "audience",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::WrongCertificate { .. } => "wrong-certificate",
            Self::Path(_) => "certificate-refused",
            Self::IssuerMismatch => "issuer-mismatch",
            Self::UserMismatch => "user-mismatch",
            Self::Roles => "roles",
            Self::StructureMismatch => "structure-mismatch",
            Self::Authentication { .. } => "authentication",
            Self::PatientMissing => "patient-missing",
            Self::Environment => "environment",
            Self::Replayed => "replayed",
        }
    }
}
