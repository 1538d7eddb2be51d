//! Making an assertion: request in, bytes to sign out, signature in, XML out.
//!
//! The caller brings time, identifier and certificates. Refused: a certificate of another use or of somebody else than the mode
//! demands, a user of another mode, a break-glass access about no patient, an INS of another environment than the certificate's, a
//! signature that the certificate's own key did not make.

use std::fmt;

use paraphe_certs::{
    CardSignature, Certificate, CertificateUse, Holder, HolderError, Structure, StructureSeal,
    UnixTime,
};

use super::layout::{self, Assertion, AssertionLayout};
use super::user::UserError;
use super::{
    Access, ClientSoftware, LIFETIME_SECONDS, PlaceError, PracticePlace, PurposeOfUse, Recipient,
    Sector, VihfId, VihfMode, VihfUser,
};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;
use crate::identifiers::{Environment, Ins};

/// Who signs, and for whom.
#[derive(Clone, Copy, Debug)]
pub enum VihfAuthor<'a> {
    /// The card of the user: mode DIRECTE.
    Card {
        /// Its signature certificate.
        signature: &'a Certificate,
        /// The speciality, where the card has several.
        speciality: Option<&'a str>,
        /// The practice situation that was chosen.
        place: &'a PracticePlace,
    },
    /// A structure, for a user that it answers for: the other modes.
    Structure {
        /// Its seal (ORG_SIGN).
        seal: &'a Certificate,
        /// Its sector.
        sector: &'a Sector,
        /// The user.
        user: &'a VihfUser,
        /// INDIRECTE_RENFORCEE.
        reinforced: bool,
    },
}

/// What an assertion is to say.
#[derive(Clone, Debug)]
pub struct VihfRequest<'a> {
    /// Identifier; never used before.
    pub id: VihfId,
    /// Now.
    pub issued_at: UnixTime,
    /// When the user logged in.
    pub authenticated_at: UnixTime,
    /// For whom it is.
    pub recipient: &'a Recipient,
    /// About whom; `None` where a transaction is about no patient.
    pub patient: Option<&'a Ins>,
    /// Why.
    pub access: &'a Access,
    /// Made by this software.
    pub software: &'a ClientSoftware,
}

/// An assertion that waits for its signature. `Debug` shows nothing of what it says.
#[derive(Clone)]
pub struct PreparedVihf {
    algorithm: SignatureAlgorithm,
    certificate: Certificate,
    signed_info: String,
    assertion: Assertion,
    expires_at: UnixTime,
    place: PracticePlace,
}

/// Why an assertion cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareVihfError {
    /// The certificate is not one that signs for this mode.
    #[error("this certificate does not sign in mode {mode}: expected {expected}")]
    WrongUse {
        /// The mode.
        mode: VihfMode,
        /// What it demands.
        expected: &'static str,
    },
    /// The certificate is about nobody of the kind that the mode demands.
    #[error("the certificate does not say who signs: {0}")]
    Certificate(#[from] HolderError),
    /// The user.
    #[error(transparent)]
    User(#[from] UserError),
    /// The user did not log in by the means that the mode demands.
    #[error("the user did not log in as mode {mode} demands")]
    Authentication {
        /// The mode.
        mode: VihfMode,
    },
    /// The structure or sector.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Break-glass about nobody.
    #[error("break-glass is about one patient")]
    PatientMissing,
    /// A test patient with a production certificate, or the reverse.
    #[error("the patient's identifier is of another environment than the certificate")]
    Environment,
    /// A time before 1970 or after the year 9999, or a login after the issue.
    #[error("the time is out of range")]
    Time,
    /// The certificate's key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl VihfRequest<'_> {
    /// Lays out what will be signed.
    ///
    /// # Errors
    /// [`PrepareVihfError`].
    pub fn prepare(&self, author: VihfAuthor<'_>) -> Result<PreparedVihf, PrepareVihfError> {
        let not_on_or_after = self.issued_at.plus_seconds(LIFETIME_SECONDS);
        let times = [self.issued_at, not_on_or_after, self.authenticated_at];
        if !times.into_iter().all(crate::xades::is_writable_time)
            || self.authenticated_at > self.issued_at
        {
            return Err(PrepareVihfError::Time);
        }
        let Author {
            certificate,
            mode,
            user,
            place,
            is_test,
        } = author.check()?;
        if self.access.purpose() == PurposeOfUse::BreakGlass && self.patient.is_none() {
            return Err(PrepareVihfError::PatientMissing);
        }
        let environment = if is_test {
            Environment::Test
        } else {
            Environment::Production
        };
        if self
            .patient
            .is_some_and(|ins| ins.environment() != environment)
        {
            return Err(PrepareVihfError::Environment);
        }
        let algorithm = SignatureAlgorithm::for_key(certificate.spki_der())?;
        let assertion = AssertionLayout {
            id: self.id.as_str(),
            issued_at: self.issued_at,
            not_on_or_after,
            authenticated_at: self.authenticated_at,
            issuer: &certificate.subject_rfc2253(),
            mode,
            user: &user,
            place: &place,
            patient: self.patient,
            recipient: self.recipient,
            purpose: self.access.purpose(),
            software: self.software,
        }
        .write();
        Ok(PreparedVihf {
            algorithm,
            certificate: certificate.clone(),
            signed_info: layout::signed_info(algorithm, self.id.as_str(), assertion.sha256()),
            assertion,
            expires_at: not_on_or_after,
            place,
        })
    }
}

struct Author<'a> {
    certificate: &'a Certificate,
    mode: VihfMode,
    user: VihfUser,
    place: PracticePlace,
    is_test: bool,
}

impl<'a> VihfAuthor<'a> {
    fn check(self) -> Result<Author<'a>, PrepareVihfError> {
        match self {
            Self::Card {
                signature,
                speciality,
                place,
            } => {
                demand_use::<CardSignature>(signature, VihfMode::Direct)?;
                Ok(Author {
                    certificate: signature,
                    mode: VihfMode::Direct,
                    user: VihfUser::of_card(signature, speciality)?,
                    place: place.clone(),
                    is_test: Holder::from_certificate(signature)?.is_test(),
                })
            }
            Self::Structure {
                seal,
                sector,
                user,
                reinforced,
            } => {
                let mode = if reinforced {
                    VihfMode::IndirectReinforced
                } else {
                    VihfMode::Indirect
                };
                demand_use::<StructureSeal>(seal, mode)?;
                let structure = Structure::from_certificate(seal)?;
                if !user.context().goes_with(mode) {
                    return Err(PrepareVihfError::Authentication { mode });
                }
                Ok(Author {
                    certificate: seal,
                    mode,
                    user: user.clone(),
                    place: PracticePlace::of_structure(&structure, sector.clone())?,
                    is_test: structure.is_test(),
                })
            }
        }
    }
}

fn demand_use<U: CertificateUse>(
    certificate: &Certificate,
    mode: VihfMode,
) -> Result<(), PrepareVihfError> {
    if U::allows(certificate) {
        Ok(())
    } else {
        let expected = U::EXPECTED;
        Err(PrepareVihfError::WrongUse { mode, expected })
    }
}

impl PreparedVihf {
    /// Algorithm that the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to sign (canonical SignedInfo), for a signer that hashes itself.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    /// SHA-256 of the bytes to sign, for a card that takes a digest.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(self.signed_info.as_bytes())
    }

    /// From this time on the assertion is good for nothing.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The structure and sector that the assertion names.
    #[must_use]
    pub fn place(&self) -> &PracticePlace {
        &self.place
    }

    /// Takes the signature and writes the assertion, after checking that the certificate's key made it.
    ///
    /// # Errors
    /// [`PrepareVihfError::Signature`].
    pub fn complete(&self, signature: &[u8]) -> Result<Vec<u8>, PrepareVihfError> {
        self.algorithm
            .verify(self.certificate.spki_der(), self.to_be_signed(), signature)?;
        let (signed_info, certificate) = (&self.signed_info, &self.certificate);
        let file = self
            .assertion
            .with_signature(signed_info, signature, certificate);
        Ok(file.into_bytes())
    }
}

impl fmt::Debug for PreparedVihf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedVihf({} {})", self.algorithm, self.sha256())
    }
}
