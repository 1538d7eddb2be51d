//! Whose signature a committed lot carries, by its mode: that of the session's card; this server's own, made here once the session's
//! holder approved exactly these documents; that of a structure's software, with the approval of a person responsible for it; or that
//! of a token of the patient's own, which the record must know by its certificate (`patient_certificate`).
//! Whatever the mode, what is stored is a [`VerifiedLot`]: the server's own signature goes through the same verification.
//!
//! "The same card" is decided from certificates: national identifier, issuer (the DER name, byte by byte) and card number
//! (extension 1.2.250.1.71.1.2.3, which both certificates of a card carry). A certificate without card number is refused.

use std::sync::Arc;

use paraphe_certs::{Certificate, Holder, Structure, TrustStore, UnixTime};
use paraphe_protocol::approval::{ApprovalPurpose, VerifiedApproval};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Oid};
use paraphe_protocol::login::ServerNonce;
use paraphe_protocol::lot::{
    self, LotDocument, LotDraft, LotError, LotLimits, PresentedDocuments, SubmissionSet,
    VerifiedLot,
};

use super::AnnouncedDocument;
use super::approval::{self, CheckedApproval, SubmittedApproval, lot_document};
use super::commit;
use super::signer_mode::SignerMode;
use super::staging::Received;
use crate::card::check_environment;
use crate::configuration::Configuration;
use crate::problem::{Code, Refusal};
use crate::rules::{Action, permits};
use crate::session::Session;
use crate::token::hexadecimal;
use crate::trust::Trust;

/// What a mode wants with a commit, and has.
pub(super) enum Submitted {
    /// A signature of the session's card.
    Card { signature: Vec<u8> },
    /// An approval; the signature is made here.
    Server {
        approval: Given,
        submission_set: Oid,
    },
    /// A structure's signature and an approval.
    Structure { signature: Vec<u8>, approval: Given },
    /// A signature of the patient's token.
    Patient { signature: Vec<u8> },
}

/// An approval whose nonce was consumed.
pub(super) struct Given {
    pub(super) nonce: ServerNonce,
    pub(super) submitted: SubmittedApproval,
}

/// A lot verified in its mode.
pub(super) struct Signed {
    pub(super) lot: VerifiedLot,
    pub(super) signature: Vec<u8>,
    /// National identifier of the person or structure; SHA-256 of the certificate of a patient, hexadecimal.
    pub(super) signer: String,
    pub(super) approval: Option<CheckedApproval>,
}

/// A lot about to be verified: everything that this needs, so that it can leave the async executor.
pub(super) struct Commit {
    pub(super) configuration: Arc<Configuration>,
    pub(super) trust: Arc<Trust>,
    pub(super) patients: Option<Arc<Trust>>,
    pub(super) session: Session,
    pub(super) now: UnixTime,
    pub(super) patient: Ins,
    pub(super) received: Vec<(AnnouncedDocument, Received)>,
}

impl Commit {
    /// Verifies, and signs where this server does. Blocking.
    pub(super) fn run(self, submitted: Submitted) -> Result<Signed, Refusal> {
        let trust = self.trust.current();
        match submitted {
            Submitted::Card { signature } => {
                let lot = self.verify(&signature, &trust)?;
                let signer = lot.signer().holder().ok_or(Code::LotSignerMismatch)?;
                if !is_sessions_card(signer, lot.signer().certificate(), &self.session) {
                    return Err(Code::LotSignerMismatch.into());
                }
                check_environment(signer, self.configuration.environment)?;
                let signer = signer.national_id.to_string();
                Ok(Signed {
                    lot,
                    signature,
                    signer,
                    approval: None,
                })
            }
            Submitted::Server {
                approval,
                submission_set,
            } => self.by_server(&approval, submission_set, &trust),
            Submitted::Structure {
                signature,
                approval,
            } => self.by_structure(signature, &approval, &trust),
            Submitted::Patient { signature } => self.by_patient(signature),
        }
    }

    fn by_server(
        &self,
        given: &Given,
        submission_set: Oid,
        trust: &TrustStore,
    ) -> Result<Signed, Refusal> {
        let server = self.configuration.signers.server.as_ref();
        let server = server.ok_or(Code::SignerModeUnavailable)?;
        let structure = server.structure();
        let purpose = ApprovalPurpose::ServerSignature;
        let approval = self.approval(
            given,
            (&structure.structure_id, &submission_set),
            purpose,
            trust,
        )?;
        let (holder, certificate) = approver(&approval.verified);
        if !is_sessions_card(holder, certificate, &self.session) {
            return Err(Code::ApproverMismatch.into());
        }
        let documents = self.documents()?;
        let set = SubmissionSet {
            unique_id: submission_set,
            source_id: source_id(&self.configuration),
            patient: self.patient.clone(),
            submission_time: self.now,
        };
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| {
            Refusal::new(Code::Internal).because(error)
        };
        let draft = LotDraft::new(set, documents, &self.limits())
            .map_err(|error| internal(error.into()))?;
        let signature = server
            .sign(&draft, self.now)
            .map_err(|error| internal(error.into()))?;
        let lot = self.verify(&signature, trust)?;
        check_structure(structure, self.configuration.environment)?;
        Ok(Signed {
            lot,
            signature,
            signer: structure.structure_id.clone(),
            approval: Some(approval),
        })
    }

    fn by_structure(
        &self,
        signature: Vec<u8>,
        given: &Given,
        trust: &TrustStore,
    ) -> Result<Signed, Refusal> {
        let lot = self.verify(&signature, trust)?;
        let structure = lot.signer().structure().ok_or(Code::LotSignerMismatch)?;
        check_structure(structure, self.configuration.environment)?;
        let signer = structure.structure_id.clone();
        let set = &lot.submission_set().unique_id;
        let purpose = ApprovalPurpose::StructureSignature;
        let approval = self.approval(given, (&signer, set), purpose, trust)?;
        let (holder, _) = approver(&approval.verified);
        let profession = holder.profession.map(|code| code.0);
        if !permits(holder.card_kind, profession, Action::LotCommit) {
            return Err(Code::AccessDenied.into());
        }
        let person = holder.national_id.to_string();
        let responsible = self.configuration.signers.is_responsible(&signer, &person);
        if !responsible.map_err(|error| Refusal::new(Code::Internal).because(error))? {
            return Err(Code::ApproverNotResponsible.into());
        }
        Ok(Signed {
            lot,
            signature,
            signer,
            approval: Some(approval),
        })
    }

    /// Whose certificate it is the lot does not say: that it is registered on the record is decided where the lot is stored.
    fn by_patient(&self, signature: Vec<u8>) -> Result<Signed, Refusal> {
        let patients = self.patients.as_ref().ok_or(Code::SignerModeUnavailable)?;
        let documents = self.documents()?;
        let documents = PresentedDocuments::ById(&documents);
        let trust = patients.current();
        let lot = lot::verify_patient(&signature, documents, &trust, self.now, &self.limits())
            .map_err(commit::refusal)?;
        let signer = hexadecimal(&lot.signer().certificate().sha256());
        Ok(Signed {
            lot,
            signature,
            signer,
            approval: None,
        })
    }

    fn approval(
        &self,
        given: &Given,
        (signer, set): (&str, &Oid),
        purpose: ApprovalPurpose,
        trust: &TrustStore,
    ) -> Result<CheckedApproval, Refusal> {
        let maximum = self.configuration.limits.documents_per_lot;
        let manifest = approval::manifest(signer, set, &self.patient, &self.received, maximum)?;
        let checked = approval::check(
            &self.configuration,
            trust,
            self.now,
            (&given.nonce, &given.submitted.approval),
            (purpose, &manifest),
        )?;
        check_environment(checked.verified.holder(), self.configuration.environment)?;
        Ok(checked)
    }

    fn verify(&self, signature: &[u8], trust: &TrustStore) -> Result<VerifiedLot, Refusal> {
        let documents = self.documents()?;
        let documents = PresentedDocuments::ById(&documents);
        lot::verify(signature, documents, trust, self.now, &self.limits())
            .map_err(|error: LotError| commit::refusal(error))
    }

    fn documents(&self) -> Result<Vec<LotDocument>, Refusal> {
        self.received
            .iter()
            .map(|(announced, received)| lot_document(announced, received))
            .collect()
    }

    fn limits(&self) -> LotLimits {
        LotLimits {
            max_documents: self.configuration.limits.documents_per_lot,
        }
    }
}

impl SignerMode {
    /// Whether this server is set up for it.
    pub(super) fn is_available(self, configuration: &Configuration) -> bool {
        match self {
            Self::ProfessionalCard => true,
            Self::ServerCertificate => configuration.signers.server.is_some(),
            Self::StructureCertificate => configuration.signers.responsible.is_some(),
            Self::Patient => configuration.signers.patients.is_some(),
        }
    }
}

fn approver(approval: &VerifiedApproval) -> (&Holder, &Certificate) {
    (approval.holder(), approval.certificate().certificate())
}

/// Whether this signature certificate is of the card that opened the session.
fn is_sessions_card(holder: &Holder, certificate: &Certificate, session: &Session) -> bool {
    let same_person = holder.national_id.to_string() == session.actor.national_id;
    let same_issuer = certificate.raw_issuer() == session.issuer;
    let same_card = holder.card_serial.is_some() && holder.card_serial == session.actor.card_number;
    same_person && same_issuer && same_card
}

/// Test certificates on test servers, production certificates on production servers.
fn check_structure(structure: &Structure, environment: Environment) -> Result<(), Refusal> {
    match (environment, structure.is_test()) {
        (Environment::Production, true) => Err(Code::TestCardRefused.into()),
        (Environment::Test, false) => Err(Code::ProductionCardRefused.into()),
        (Environment::Production, false) | (Environment::Test, true) => Ok(()),
    }
}

/// This server as the source of submission sets: `2.25.<UUID>` of the first 16 bytes of its name's SHA-256, so that it stays the
/// same.
fn source_id(configuration: &Configuration) -> Oid {
    let digest = Sha256Digest::of(configuration.audience.as_str().as_bytes());
    let bytes = digest.as_bytes().first_chunk::<16>();
    Oid::from_uuid(u128::from_be_bytes(bytes.copied().unwrap_or_default()))
}
