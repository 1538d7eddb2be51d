//! Errors of PKCS#11 modules and the tokens behind them. Each names the module; what PKCS#11 does not say (how many tries are
//! left) is not told either.

use paraphe_protocol::api::ErrorCode;

use super::trusted_file::rule;
use super::{Failure, told};
use crate::token::pkcs11::{Pkcs11Error, Pkcs11Fault, Refusal};
use crate::trusted_file::FileFault;

impl From<Pkcs11Error> for Failure {
    fn from(error: Pkcs11Error) -> Self {
        let module = format!("Module {}.", error.module);
        fault(error.fault).about(&module, &module)
    }
}

fn fault(fault: Pkcs11Fault) -> Failure {
    match fault {
        Pkcs11Fault::File(fault) => file(fault),
        Pkcs11Fault::Ended => told(
            ErrorCode::Pkcs11ModuleFailed,
            "Il a arrêté son processus ; l'agent le relance.",
            "It ended its process; the agent starts it again.",
        ),
        Pkcs11Fault::Deadline { seconds } => told(
            ErrorCode::Pkcs11ModuleFailed,
            format!("Il n'a pas répondu en {seconds} s ; l'agent l'a arrêté et le relance."),
            format!(
                "It did not answer within {seconds} s; the agent ended it and starts it again."
            ),
        ),
        Pkcs11Fault::Nonsense => told(
            ErrorCode::Pkcs11ModuleFailed,
            "Sa réponse n'en est pas une ; l'agent le relance.",
            "What it answered is no answer; the agent starts it again.",
        ),
        Pkcs11Fault::NotStarted(kind) => Failure::new(ErrorCode::Pkcs11ModuleFailed)
            .with_system_error(
                "Son processus n'a pas pu être lancé",
                "Its process could not be started",
                &kind.into(),
            ),
        Pkcs11Fault::Refused(refusal) => refused(refusal),
    }
}

fn file(fault: FileFault) -> Failure {
    let said = rule(fault);
    told(
        ErrorCode::Pkcs11ModuleRefused,
        format!("Son fichier : {}", said.french),
        format!("Its file: {}", said.english),
    )
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::File(fault) => file(fault),
        Refusal::NotLoadable { detail } => {
            Failure::new(ErrorCode::Pkcs11ModuleFailed).with_technical_detail(detail)
        }
        Refusal::TokenRemoved => ErrorCode::CardRemoved.into(),
        Refusal::TokenChanged => ErrorCode::CardChanged.into(),
        // How many are left is not known, except that there is one.
        Refusal::PinWrong { tries } => match tries {
            crate::token::pkcs11::Tries::Last => {
                Failure::new(ErrorCode::PinWrong).with_tries_left(1)
            }
            crate::token::pkcs11::Tries::Blocked => {
                Failure::new(ErrorCode::PinBlocked).with_tries_left(0)
            }
            _ => ErrorCode::PinWrong.into(),
        },
        Refusal::PinBlocked => Failure::new(ErrorCode::PinBlocked).with_tries_left(0),
        Refusal::LastTryNotConfirmed => Failure::new(ErrorCode::PinLastTry).with_tries_left(1),
        Refusal::PinForm => ErrorCode::PinFormat.into(),
        Refusal::EntryCancelled => ErrorCode::OperationCancelled.into(),
        Refusal::KeyNotFound { found: 0 } => ErrorCode::CertificateMissing.into(),
        Refusal::KeyNotFound { .. } => told(
            ErrorCode::CertificateInvalid,
            "Deux clés portent l'identifiant du certificat ; rien ne dit laquelle est la bonne.",
            "Two keys have the certificate's identifier; nothing says which is meant.",
        ),
        Refusal::AlgorithmNotOffered { .. } => {
            Failure::new(ErrorCode::SignatureAlgorithmNotOffered).with_technical_detail(refusal)
        }
        Refusal::KeyWantsPinEachTime => told(
            ErrorCode::CardRefused,
            "La clé exige le code à chaque signature d'une manière que ce module ne permet pas d'honorer.",
            "The key wants the PIN at each signature in a way that this module leaves no room for.",
        ),
        Refusal::Refused { .. } | Refusal::Locked | Refusal::NotACall => {
            Failure::new(ErrorCode::CardRefused).with_technical_detail(refusal)
        }
    }
}
