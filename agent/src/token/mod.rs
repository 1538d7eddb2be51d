//! Tokens: what holds a person's keys, and the one seam through which a key is used: *give me a signature of these bytes
//! with the key of this purpose*. Operations see a [`Token`], which is what can be known of it without its secret, and do
//! their work on an [`UnlockedToken`], which exists only inside the closure that is run once the secret was accepted.
//! A kind of token is one file here and one variant of [`Access`].
//!
//! Refused: a signature by the key of another purpose (the types differ), one that the token's own certificate does not
//! verify, and a token whose serial number is no longer the one that was prepared for.

mod card;
mod error;
mod held_secret;
pub(crate) mod pkcs11;
mod secret;
mod signature;
pub(crate) mod software;
mod unlocked;

use std::sync::Arc;
use std::time::Duration;

use paraphe_certs::{Certificate, Holder, Structure};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{Assurance, CardSummary, ErrorCode};
use paraphe_protocol::card::LastTry;
use paraphe_protocol::card::pinpad::Pinpad;

use crate::pin::{RequestedCode, TriesLeft};
use crate::problem::Failure;
use crate::reader::CardTarget;
use crate::service::Inner;

pub(crate) use card::{CardAccess, VERIFIED_LIMIT, known, lock, read as read_card, without_pin};
pub(crate) use error::TokenError;
pub(crate) use held_secret::HeldSecret;
pub(crate) use secret::Secret;
pub(crate) use signature::{AuthenticationSignature, DocumentSignature};
pub(crate) use unlocked::{ProvenSecret, TokenWork, UnlockedToken};

/// What is known of a token without its secret.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// The reader, slot or file that it is in, as `status` names it.
    pub(crate) place: String,
    /// Kind, serial number and label, for the caller.
    pub(crate) summary: CardSummary,
    /// The serial number that every later step must meet again.
    pub(crate) serial: String,
    pub(crate) assurance: Assurance,
    pub(crate) authentication: Option<Certificate>,
    pub(crate) signature: Option<Certificate>,
    /// Of the key that needs no PIN, without contacts; it is nobody's.
    pub(crate) technical: Option<Certificate>,
    /// What it makes of keys that suit them; which of them its signature key does is [`Token::document_algorithms`].
    pub(crate) offered_algorithms: Vec<SignatureAlgorithm>,
    /// How it is reached.
    pub(crate) access: Access,
}

/// Whom a token's certificate is about.
#[derive(Debug, Clone)]
pub(crate) enum Bearer {
    /// A person.
    Person(Box<Holder>),
    /// A structure, by software of its own.
    Structure(Structure),
    /// A patient, by a token that the configuration calls theirs: known by the token's name there, and no professional.
    Patient(String),
}

impl Bearer {
    /// What a person is shown.
    pub(crate) fn display_name(&self) -> String {
        match self {
            Self::Person(holder) => holder.display_name(),
            Self::Structure(structure) => structure.name.clone(),
            Self::Patient(token) => token.clone(),
        }
    }

    /// The one or the other, for the caller; a patient is neither.
    pub(crate) fn into_parts(self) -> (Option<Holder>, Option<Structure>) {
        match self {
            Self::Person(holder) => (Some(*holder), None),
            Self::Structure(structure) => (None, Some(structure)),
            Self::Patient(_) => (None, None),
        }
    }
}

/// How a token is reached.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// By a driver of ours, in a reader.
    Card(CardAccess),
    /// Through a PKCS#11 module.
    Pkcs11(Box<pkcs11::Pkcs11Access>),
    /// In a file.
    Software(Box<software::SoftwareAccess>),
}

impl Token {
    /// The holder, from the signature certificate, or the authentication certificate where there is no other. Never from the
    /// technical certificate, whatever it states.
    pub(crate) fn holder(&self) -> Result<Holder, Failure> {
        if self.assurance == Assurance::CardOnly {
            return Err(ErrorCode::CardProvesNoHolder.into());
        }
        let certificate = self
            .signature
            .as_ref()
            .or(self.authentication.as_ref())
            .ok_or(ErrorCode::CertificateMissing)?;
        Holder::from_certificate(certificate).map_err(|error| {
            Failure::new(ErrorCode::CertificateInvalid).with_technical_detail(error)
        })
    }

    /// Which presence of a card in one of our readers it is; `None` where it is no card there.
    pub(crate) fn card_target(&self) -> Option<&CardTarget> {
        match &self.access {
            Access::Card(card) => Some(&card.target),
            Access::Pkcs11(_) | Access::Software(_) => None,
        }
    }

    /// Whom its certificate is about.
    pub(crate) fn bearer(&self) -> Result<Bearer, Failure> {
        if let Access::Software(software) = &self.access
            && software.is_patients()
        {
            // What the certificate says of a name is not repeated in any window.
            return Ok(Bearer::Patient(self.place.clone()));
        }
        if self.assurance == Assurance::Software
            && let Some(certificate) = self.signature.as_ref().or(self.authentication.as_ref())
            && let Ok(structure) = Structure::from_certificate(certificate)
        {
            return Ok(Bearer::Structure(structure));
        }
        self.holder().map(|holder| Bearer::Person(Box::new(holder)))
    }

    /// What the signature key signs documents with, the preferred algorithm first: what goes with its certificate and is
    /// offered by what holds it. Nothing where there is no signature certificate, or one whose key is refused.
    pub(crate) fn document_algorithms(&self) -> Vec<SignatureAlgorithm> {
        self.algorithms_of(self.signature.as_ref())
    }

    /// What the authentication key signs TLS handshakes with: what goes with its certificate and is offered by what holds it. Nothing
    /// where there is no authentication certificate, or one whose key is refused.
    pub(crate) fn handshake_algorithms(&self) -> Vec<SignatureAlgorithm> {
        self.algorithms_of(self.authentication.as_ref())
    }

    fn algorithms_of(&self, certificate: Option<&Certificate>) -> Vec<SignatureAlgorithm> {
        let of_key = certificate
            .and_then(|certificate| SignatureAlgorithm::for_documents(certificate.spki_der()).ok());
        of_key
            .unwrap_or_default()
            .iter()
            .copied()
            .filter(|algorithm| self.offered_algorithms.contains(algorithm))
            .collect()
    }

    /// Whether its authentication key is asked for logins by this algorithm.
    pub(crate) fn logs_in_by(&self, algorithm: SignatureAlgorithm) -> bool {
        self.offered_algorithms.contains(&algorithm)
    }

    /// The algorithm for a document: the one that was asked for, or the preferred one.
    pub(crate) fn document_algorithm(
        &self,
        wanted: Option<SignatureAlgorithm>,
    ) -> Result<SignatureAlgorithm, Failure> {
        let certificate = self
            .signature
            .as_ref()
            .ok_or(ErrorCode::CertificateMissing)?;
        // Tells what is wrong with a key that is refused.
        SignatureAlgorithm::for_documents(certificate.spki_der())?;
        let offered = self.document_algorithms();
        let chosen = match wanted {
            Some(wanted) => offered.iter().find(|algorithm| **algorithm == wanted),
            None => offered.first(),
        };
        chosen.copied().ok_or_else(|| {
            let names: Vec<_> = offered.iter().map(|algorithm| algorithm.name()).collect();
            let names = names.join(", ");
            Failure::new(ErrorCode::SignatureAlgorithmNotOffered).with_detail(
                format!("Le support sait : {names}."),
                format!("The token can: {names}."),
            )
        })
    }

    /// The tries that the secret has left. Refused where the token has no secret, or none that can still be presented.
    pub(crate) fn tries_left(&self) -> Result<TriesLeft, Failure> {
        match &self.access {
            Access::Card(card) => card.tries_left(),
            Access::Pkcs11(token) => token.tries_left(),
            Access::Software(_) => Ok(TriesLeft::Unlimited),
        }
    }

    /// The keypad of its own on which the secret can be entered.
    pub(crate) fn keypad(&self) -> Option<Pinpad> {
        match &self.access {
            Access::Card(card) => card.keypad,
            // Its module drives it.
            Access::Pkcs11(_) | Access::Software(_) => None,
        }
    }

    /// Which code opens it: digits for a card, as its certificate says, and a text for anything else.
    pub(crate) fn requested_code(&self) -> RequestedCode {
        match &self.access {
            Access::Pkcs11(token) if token.takes_text() => RequestedCode::Passphrase,
            Access::Software(_) => RequestedCode::Passphrase,
            _ => RequestedCode::Pin,
        }
    }

    /// Presents a secret that this token accepted before and does `work`, for at most `limit`; the token is left locked. The secret
    /// is `held` again afterwards, unless it was refused or may have been.
    pub(crate) fn unlock_held<R: Send + 'static>(
        &self,
        agent: &Inner,
        held: &Arc<HeldSecret>,
        limit: Duration,
        work: impl TokenWork<R>,
    ) -> Result<Result<R, TokenError>, Failure> {
        if let Access::Card(card) = &self.access {
            return card.unlock_held(agent, Arc::clone(held), limit, work);
        }
        let Some(ProvenSecret::Entered(secret)) = held.take() else {
            return Err(ErrorCode::Internal.into());
        };
        let work = |token: &mut dyn UnlockedToken| {
            let done = work(token);
            if let Some(secret) = token.take_proven_secret() {
                held.put_back(secret);
            }
            done
        };
        Ok(match &self.access {
            Access::Pkcs11(token) => {
                let done = token.unlock(secret, LastTry::Refused, work);
                token.leave_reset(&agent.readers);
                done
            }
            Access::Software(token) => token.unlock(secret, work),
            Access::Card(_) => return Err(ErrorCode::Internal.into()),
        })
    }

    /// The card, where the token is one that a driver of ours drives.
    pub(crate) fn card(&self) -> Result<&CardAccess, Failure> {
        match &self.access {
            Access::Card(card) => Ok(card),
            Access::Pkcs11(_) | Access::Software(_) => Err(ErrorCode::PinNotManagedHere.into()),
        }
    }
}
