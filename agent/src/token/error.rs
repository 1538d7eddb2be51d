//! Why a token did not do what was asked, kept in the words of its own kind until a person is told.

use paraphe_protocol::algorithm::SignatureError;
use paraphe_protocol::card::{CardError, Instruction};

use super::pkcs11::{Pkcs11Error, Pkcs11Fault, Refusal};
use super::software::{SoftwareError, SoftwareFault};

/// Why a token did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TokenError {
    /// A card and its driver.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A PKCS#11 module or its token.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// A software token.
    #[error(transparent)]
    Software(#[from] SoftwareError),
    /// What the token signed is not a signature of its certificate.
    #[error(transparent)]
    Signature(SignatureError),
}

impl TokenError {
    /// Whether a code was presented and refused, or may have been: it must not be presented again.
    pub(crate) fn code_was_refused(&self) -> bool {
        match self {
            Self::Card(error) => code_was_refused(error),
            Self::Pkcs11(error) => match &error.fault {
                Pkcs11Fault::Refused(refusal) => {
                    matches!(refusal, Refusal::PinWrong { .. } | Refusal::PinBlocked)
                }
                // A module that failed does not say what became of the code.
                Pkcs11Fault::Ended | Pkcs11Fault::Deadline { .. } | Pkcs11Fault::Nonsense => {
                    error.had_code
                }
                Pkcs11Fault::File(_) | Pkcs11Fault::NotStarted(_) => false,
            },
            Self::Software(error) => error.fault == SoftwareFault::PassphraseWrong,
            Self::Signature(_) => false,
        }
    }
}

/// Whether a code was presented and refused, or may have been: it must not be presented again.
fn code_was_refused(error: &CardError) -> bool {
    matches!(
        error,
        CardError::WrongPin { .. }
            | CardError::WrongUnblockingCode { .. }
            | CardError::AnswerLost {
                command: Instruction::Verify | Instruction::ChangeReferenceData,
                ..
            }
    )
}
