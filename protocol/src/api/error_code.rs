//! The table of error codes: one row each, with the layer that failed, the HTTP status, who can mend it, and the
//! sentences a person reads, in French and English. Codes are stable: a released code is never renamed or reused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Language;

/// The layer that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Layer {
    /// Paraphe itself.
    Agent,
    /// The browser or its policy.
    Browser,
    /// The card.
    Card,
    /// A certificate or its chain.
    Certificate,
    /// A rule that the administrator or the house set.
    Policy,
    /// The reader or the card service.
    Reader,
    /// The record server.
    Server,
}

/// Who can apply the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WhoActs {
    /// The workstation's administrator.
    Administrator,
    /// The developer of the calling software.
    Developer,
    /// The card's issuer.
    Issuer,
    /// The person at the keyboard.
    User,
}

/// What to do, and who can do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// Who.
    pub who: WhoActs,
    /// What, in the caller's language.
    pub text: String,
}

struct Row {
    name: &'static str,
    layer: Layer,
    status: u16,
    who: WhoActs,
    title: [&'static str; 2],
    remedy: [&'static str; 2],
}

/// Stable error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// Break-glass without a reason, or a reason without break-glass.
    AccessReasonMissing,
    /// A document is not the one that the record server asked to approve.
    ApprovalDocumentMismatch,
    /// What is to be approved is not described as it must be.
    ApprovalInvalid,
    /// The journal cannot be read or written.
    AuditUnavailable,
    /// The batch was interrupted by the end of the agent.
    BatchInterrupted,
    /// The bytes that an item's card operation was begun with cannot be laid out again.
    BatchItemNotReproducible,
    /// A batch's journal is damaged.
    BatchJournalDamaged,
    /// The item has no result yet.
    BatchResultNotReady,
    /// The batch is running.
    BatchRunning,
    /// The batch has no item or too many.
    BatchSize,
    /// The batch's journal or results cannot be written.
    BatchStorage,
    /// As many batches are kept as this workstation allows.
    BatchTooMany,
    /// The batch is not finished.
    BatchUnfinished,
    /// There is no such batch of the caller's.
    BatchUnknown,
    /// A browser has no policy for the agent.
    BrowserPolicyMissing,
    /// The request waits for its turn.
    BusyQueued,
    /// No card in the reader.
    CardAbsent,
    /// The card present is not the one expected.
    CardChanged,
    /// The card gave data that cannot be read.
    CardDataMalformed,
    /// The card does not answer.
    CardMute,
    /// This card is not a professional's card that can be read here.
    CardNotAProfessionalCard,
    /// This card is not a Vitale card that can be read here.
    CardNotVitale,
    /// This card proves that it is there, not who holds it.
    CardProvesNoHolder,
    /// The card refused a command.
    CardRefused,
    /// The card was taken out during the operation.
    CardRemoved,
    /// Several cards would do.
    CardSeveral,
    /// Unknown card.
    CardUnknown,
    /// First-generation Vitale card: not readable here.
    #[serde(rename = "card-vitale-1")]
    CardVitale1,
    /// The card's certificate has expired.
    CertificateExpired,
    /// A certificate could not be read or is not valid.
    CertificateInvalid,
    /// The card has no certificate for this operation.
    CertificateMissing,
    /// The certificate does not lead to a trusted authority.
    CertificateNotTrusted,
    /// The revocation state could not be established.
    CertificateRevocationUnknown,
    /// The certificate has been revoked.
    CertificateRevoked,
    /// This certificate is not meant for this use.
    CertificateWrongUse,
    /// The workstation's clock cannot be right.
    ClockImplausible,
    /// The agent's configuration has an error.
    ConfigurationInvalid,
    /// The document has active content.
    DocumentActiveContent,
    /// A document changed while it was read.
    DocumentChanged,
    /// The document's format is not allowed or does not match its content.
    DocumentFormat,
    /// A document is missing.
    DocumentMissing,
    /// The document cannot carry this kind of signature.
    DocumentNotSignable,
    /// A piece of a document is out of place.
    DocumentPieceOutOfOrder,
    /// The document exceeds the size allowed.
    DocumentTooLarge,
    /// The HTTPS door's certificate cannot be used.
    DoorCertificateUnusable,
    /// The site's rights come from the configuration.
    GrantOfConfiguration,
    /// The rights of sites cannot be kept.
    GrantStorage,
    /// The site has no rights here.
    GrantUnknown,
    /// Internal error of the agent.
    Internal,
    /// The lot has no document.
    LotEmpty,
    /// The patient's identity is incomplete or wrong.
    LotPatientInvalid,
    /// The lot's signature profile is not enabled on this workstation.
    LotProfileDisabled,
    /// The lot has too many documents.
    LotTooManyDocuments,
    /// The document is not among those of the mandate.
    MandateDocumentNotApproved,
    /// The mandate has ended.
    MandateEnded,
    /// The mandate asks for more than this workstation allows.
    MandateLimit,
    /// The PIN is typed on the reader's keypad and cannot serve a mandate.
    MandatePinOnKeypad,
    /// There is no such mandate of the caller's.
    MandateUnknown,
    /// The system does not keep PINs out of the swap space.
    MemoryNotLocked,
    /// The record server's nonce cannot be used.
    NonceInvalid,
    /// Cancelled by the person.
    OperationCancelled,
    /// This operation is for sites only.
    OperationNotForPrograms,
    /// This operation is not open to sites.
    OperationNotForSites,
    /// Unknown operation.
    OperationUnknown,
    /// This site is not allowed on this workstation.
    OriginNotAllowed,
    /// The link to the agent's own page was used, or is late.
    PageLinkInvalid,
    /// Too many requests for rights.
    PairingTooMany,
    /// The request for rights does not wait any more.
    PairingUnknown,
    /// Wrong passphrase.
    PassphraseWrong,
    /// A file path is not allowed here.
    PathNotAllowed,
    /// PIN blocked.
    PinBlocked,
    /// No way to enter the PIN.
    PinEntryUnavailable,
    /// The PIN does not have the expected form.
    PinFormat,
    /// Only one try is left before the card blocks.
    PinLastTry,
    /// This token's PIN is not managed here.
    PinNotManagedHere,
    /// A code was presented and the card's answer was lost.
    PinOutcomeUnknown,
    /// Wrong PIN.
    PinWrong,
    /// A PKCS#11 module does not work.
    Pkcs11ModuleFailed,
    /// A PKCS#11 module is not loaded: its file is not safe.
    Pkcs11ModuleRefused,
    /// Another program holds the port of the HTTPS door.
    PortTaken,
    /// This practice situation is not on the card.
    PracticeSituationUnknown,
    /// No card reader.
    ReaderAbsent,
    /// Another program is using the card.
    ReaderBusy,
    /// The reader no longer answers.
    ReaderFailed,
    /// The reader refuses to take a PIN on its keypad.
    ReaderKeypadRefused,
    /// The card service has no place for another reader.
    ReaderPlacesTaken,
    /// The card service (pcscd) does not answer.
    ReaderServiceUnavailable,
    /// No reader of that name.
    ReaderUnknown,
    /// Record server not known to this workstation.
    RecordServerUnknown,
    /// Malformed request.
    RequestInvalid,
    /// The question for a PIN is not open any more.
    RequestUnknown,
    /// The site does not have this right.
    RightNotGranted,
    /// No session manager tells whether the session is locked.
    SessionNotWatched,
    /// The token does not sign documents by this algorithm.
    SignatureAlgorithmNotOffered,
    /// The signature is not valid.
    SignatureInvalid,
    /// The card made a signature that does not verify.
    SignatureNotAccepted,
    /// A software certificate cannot be used.
    SoftwareTokenUnusable,
    /// The card does not state the speciality that the assertion needs.
    SpecialityUnknown,
    /// No seal of a structure, with its sector, is configured.
    StructureSealMissing,
    /// The time stamp that came back does not hold, or its authority is not trusted here.
    TimeStampInvalid,
    /// A level beyond B needs a time-stamping authority.
    TimeStampNotConfigured,
    /// The time-stamping authority refused.
    TimeStampRefused,
    /// The time-stamping authority does not answer.
    TimeStampUnreachable,
    /// Too many requests at once.
    TooBusy,
    /// The request at the tunnel's port does not come from who opened it.
    TunnelCallerRefused,
    /// The record server refuses the card's certificate.
    TunnelCertificateRefused,
    /// The tunnel has ended.
    TunnelEnded,
    /// Beyond what a tunnel may be on this workstation.
    TunnelLimit,
    /// The record server has no address for a tunnel.
    TunnelNotConfigured,
    /// A PIN typed on the reader serves no tunnel.
    TunnelPinOnKeypad,
    /// The server's certificate is for another name.
    TunnelServerName,
    /// The record server cannot be reached.
    TunnelServerUnreachable,
    /// The server's certificate leads to no trusted authority.
    TunnelServerUntrusted,
    /// Card and server have no version, suite or algorithm of TLS in common.
    TunnelTlsMismatch,
    /// There is no such tunnel of the caller's.
    TunnelUnknown,
    /// The unblocking code can no longer be used.
    UnblockingCodeBlocked,
    /// Only one try of the unblocking code is left.
    UnblockingCodeLastTry,
    /// This card has no unblocking code.
    UnblockingCodeMissing,
    /// Wrong unblocking code.
    UnblockingCodeWrong,
    /// The Vitale component said that it cannot read, or ended badly.
    VitaleComponentFailed,
    /// The Vitale component answered something that is not its contract.
    VitaleComponentMalformed,
    /// The Vitale component did not answer in time.
    VitaleComponentTimeout,
    /// The Vitale component's program is missing or others could change it.
    VitaleComponentUnusable,
    /// No Vitale component of that name.
    VitaleSourceUnknown,
}

impl ErrorCode {
    /// Every code, in alphabetical order.
    pub const ALL: [Self; 124] = [
        Self::AccessReasonMissing,
        Self::ApprovalDocumentMismatch,
        Self::ApprovalInvalid,
        Self::AuditUnavailable,
        Self::BatchInterrupted,
        Self::BatchItemNotReproducible,
        Self::BatchJournalDamaged,
        Self::BatchResultNotReady,
        Self::BatchRunning,
        Self::BatchSize,
        Self::BatchStorage,
        Self::BatchTooMany,
        Self::BatchUnfinished,
        Self::BatchUnknown,
        Self::BrowserPolicyMissing,
        Self::BusyQueued,
        Self::CardAbsent,
        Self::CardChanged,
        Self::CardDataMalformed,
        Self::CardMute,
        Self::CardNotAProfessionalCard,
        Self::CardNotVitale,
        Self::CardProvesNoHolder,
        Self::CardRefused,
        Self::CardRemoved,
        Self::CardSeveral,
        Self::CardUnknown,
        Self::CardVitale1,
        Self::CertificateExpired,
        Self::CertificateInvalid,
        Self::CertificateMissing,
        Self::CertificateNotTrusted,
        Self::CertificateRevocationUnknown,
        Self::CertificateRevoked,
        Self::CertificateWrongUse,
        Self::ClockImplausible,
        Self::ConfigurationInvalid,
        Self::DocumentActiveContent,
        Self::DocumentChanged,
        Self::DocumentFormat,
        Self::DocumentMissing,
        Self::DocumentNotSignable,
        Self::DocumentPieceOutOfOrder,
        Self::DocumentTooLarge,
        Self::DoorCertificateUnusable,
        Self::GrantOfConfiguration,
        Self::GrantStorage,
        Self::GrantUnknown,
        Self::Internal,
        Self::LotEmpty,
        Self::LotPatientInvalid,
        Self::LotProfileDisabled,
        Self::LotTooManyDocuments,
        Self::MandateDocumentNotApproved,
        Self::MandateEnded,
        Self::MandateLimit,
        Self::MandatePinOnKeypad,
        Self::MandateUnknown,
        Self::MemoryNotLocked,
        Self::NonceInvalid,
        Self::OperationCancelled,
        Self::OperationNotForPrograms,
        Self::OperationNotForSites,
        Self::OperationUnknown,
        Self::OriginNotAllowed,
        Self::PageLinkInvalid,
        Self::PairingTooMany,
        Self::PairingUnknown,
        Self::PassphraseWrong,
        Self::PathNotAllowed,
        Self::PinBlocked,
        Self::PinEntryUnavailable,
        Self::PinFormat,
        Self::PinLastTry,
        Self::PinNotManagedHere,
        Self::PinOutcomeUnknown,
        Self::PinWrong,
        Self::Pkcs11ModuleFailed,
        Self::Pkcs11ModuleRefused,
        Self::PortTaken,
        Self::PracticeSituationUnknown,
        Self::ReaderAbsent,
        Self::ReaderBusy,
        Self::ReaderFailed,
        Self::ReaderKeypadRefused,
        Self::ReaderPlacesTaken,
        Self::ReaderServiceUnavailable,
        Self::ReaderUnknown,
        Self::RecordServerUnknown,
        Self::RequestInvalid,
        Self::RequestUnknown,
        Self::RightNotGranted,
        Self::SessionNotWatched,
        Self::SignatureAlgorithmNotOffered,
        Self::SignatureInvalid,
        Self::SignatureNotAccepted,
        Self::SoftwareTokenUnusable,
        Self::SpecialityUnknown,
        Self::StructureSealMissing,
        Self::TimeStampInvalid,
        Self::TimeStampNotConfigured,
        Self::TimeStampRefused,
        Self::TimeStampUnreachable,
        Self::TooBusy,
        Self::TunnelCallerRefused,
        Self::TunnelCertificateRefused,
        Self::TunnelEnded,
        Self::TunnelLimit,
        Self::TunnelNotConfigured,
        Self::TunnelPinOnKeypad,
        Self::TunnelServerName,
        Self::TunnelServerUnreachable,
        Self::TunnelServerUntrusted,
        Self::TunnelTlsMismatch,
        Self::TunnelUnknown,
        Self::UnblockingCodeBlocked,
        Self::UnblockingCodeLastTry,
        Self::UnblockingCodeMissing,
        Self::UnblockingCodeWrong,
        Self::VitaleComponentFailed,
        Self::VitaleComponentMalformed,
        Self::VitaleComponentTimeout,
        Self::VitaleComponentUnusable,
        Self::VitaleSourceUnknown,
    ];

    /// The stable name, such as `pin-blocked`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The layer that failed.
    #[must_use]
    pub fn layer(self) -> Layer {
        self.row().layer
    }

    /// HTTP status of a problem document with this code.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Who can apply the remedy.
    #[must_use]
    pub fn who(self) -> WhoActs {
        self.row().who
    }

    /// What happened, one sentence.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        let [french, english] = self.row().title;
        match language {
            Language::French => french,
            Language::English => english,
        }
    }

    /// What to do, one sentence.
    #[must_use]
    pub fn remedy(self, language: Language) -> Remedy {
        let row = self.row();
        let [french, english] = row.remedy;
        let text = match language {
            Language::French => french,
            Language::English => english,
        };
        Remedy {
            who: row.who,
            text: text.to_owned(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one row per code")]
    const fn row(self) -> Row {
        use Layer::{Agent, Browser, Card, Certificate, Policy, Reader, Server};
        use WhoActs::{Administrator, Developer, Issuer, User};
        match self {
            Self::AccessReasonMissing => Row {
                name: "access-reason-missing",
                layer: Policy,
                status: 422,
                who: User,
                title: [
                    "Le bris de glace demande un motif.",
                    "Break-glass needs a reason.",
                ],
                remedy: [
                    "Dites en quelques mots pourquoi le patient ne peut pas consentir et quel danger il court.",
                    "Say in a few words why the patient cannot consent and what the danger is.",
                ],
            },
            Self::ApprovalDocumentMismatch => Row {
                name: "approval-document-mismatch",
                layer: Policy,
                status: 409,
                who: User,
                title: [
                    "Un document n'est pas celui que le serveur de dossiers demande de valider.",
                    "A document is not the one that the record server asks to approve.",
                ],
                remedy: [
                    "Rien n'a été validé : reprenez les documents tels que le serveur les a reçus, dans son ordre.",
                    "Nothing was approved: take the documents as the server received them, in its order.",
                ],
            },
            Self::ApprovalInvalid => Row {
                name: "approval-invalid",
                layer: Server,
                status: 422,
                who: Developer,
                title: [
                    "La demande de validation n'est pas utilisable.",
                    "The request for an approval cannot be used.",
                ],
                remedy: [
                    "Transmettez la demande du serveur de dossiers telle quelle : titres, identifiants, structure qui signera.",
                    "Hand over the record server's request as it is: titles, identifiers, structure that will sign.",
                ],
            },
            Self::AuditUnavailable => Row {
                name: "audit-unavailable",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "Le journal ne peut pas être lu ou écrit ; sans lui rien n'est signé.",
                    "The journal cannot be read or written; without it nothing is signed.",
                ],
                remedy: [
                    "Vérifiez la place et les droits du répertoire d'état (audit.jsonl), puis recommencez.",
                    "Check room and mode of the state directory (audit.jsonl), then try again.",
                ],
            },
            Self::BatchInterrupted => Row {
                name: "batch-interrupted",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Le traitement par lots a été interrompu par l'arrêt de l'agent.",
                    "The batch was interrupted by the end of the agent.",
                ],
                remedy: [
                    "Reprenez-le (batch/resume) : rien n'est perdu et rien n'est signé deux fois ; le code porteur sera redemandé.",
                    "Resume it (batch/resume): nothing is lost and nothing is signed twice; the PIN will be asked for again.",
                ],
            },
            Self::BatchItemNotReproducible => Row {
                name: "batch-item-not-reproducible",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Cet élément ne peut plus être préparé exactement comme avant l'interruption.",
                    "This item cannot be laid out exactly as before the interruption any more.",
                ],
                remedy: [
                    "Il a peut-être été signé avant l'interruption et n'est pas signé une seconde fois : remettez le document dans un nouveau traitement.",
                    "It may have been signed before the interruption and is not signed a second time: put the document into a new batch.",
                ],
            },
            Self::BatchJournalDamaged => Row {
                name: "batch-journal-damaged",
                layer: Agent,
                status: 500,
                who: Administrator,
                title: [
                    "Le journal de ce traitement par lots est abîmé.",
                    "The journal of this batch is damaged.",
                ],
                remedy: [
                    "Les résultats déjà écrits restent valables ; vérifiez le disque et remettez le reste dans un nouveau traitement.",
                    "Results already written stay valid; check the disk and put the rest into a new batch.",
                ],
            },
            Self::BatchResultNotReady => Row {
                name: "batch-result-not-ready",
                layer: Agent,
                status: 409,
                who: Developer,
                title: [
                    "Cet élément n'a pas de résultat pour l'instant.",
                    "This item has no result at present.",
                ],
                remedy: [
                    "Regardez son état (batch/status) et demandez le résultat quand il est `done`.",
                    "Look at its state (batch/status) and ask for the result when it is `done`.",
                ],
            },
            Self::BatchRunning => Row {
                name: "batch-running",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Ce traitement par lots est en cours.",
                    "This batch is running.",
                ],
                remedy: [
                    "Attendez sa fin ou annulez-le (batch/cancel).",
                    "Wait for its end or cancel it (batch/cancel).",
                ],
            },
            Self::BatchSize => Row {
                name: "batch-size",
                layer: Policy,
                status: 422,
                who: Developer,
                title: [
                    "Le traitement par lots est vide ou trop grand.",
                    "The batch is empty or too large.",
                ],
                remedy: [
                    "Donnez de 1 à 100 000 éléments, dans `items` ou dans `list`.",
                    "Give 1 to 100,000 items, in `items` or in `list`.",
                ],
            },
            Self::BatchStorage => Row {
                name: "batch-storage",
                layer: Agent,
                status: 507,
                who: Administrator,
                title: [
                    "Le journal ou un résultat du traitement par lots n'a pas pu être écrit.",
                    "The batch's journal or a result could not be written.",
                ],
                remedy: [
                    "Faites de la place sur le disque, puis reprenez le traitement (batch/resume) : rien n'est perdu.",
                    "Make room on the disk, then resume the batch (batch/resume): nothing is lost.",
                ],
            },
            Self::BatchTooMany => Row {
                name: "batch-too-many",
                layer: Policy,
                status: 409,
                who: User,
                title: [
                    "Trop de traitements par lots sont gardés.",
                    "Too many batches are kept.",
                ],
                remedy: [
                    "Oubliez ceux dont vous avez les résultats (batch/forget) et reprenez ceux qui sont inachevés (batch/resume) ; l'administrateur peut relever [batch] maximum_kept.",
                    "Forget those whose results you have (batch/forget) and resume those that are unfinished (batch/resume); the administrator can raise [batch] maximum_kept.",
                ],
            },
            Self::BatchUnfinished => Row {
                name: "batch-unfinished",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Ce traitement par lots n'est pas achevé.",
                    "This batch is not finished.",
                ],
                remedy: [
                    "Reprenez-le (batch/resume) ; pour l'oublier quand même, demandez-le expressément (`unfinished`, --unfinished) : ce qui manque ne pourra plus être repris.",
                    "Resume it (batch/resume); to forget it all the same, ask for it expressly (`unfinished`, --unfinished): what is missing can never be resumed.",
                ],
            },
            Self::BatchUnknown => Row {
                name: "batch-unknown",
                layer: Agent,
                status: 404,
                who: Developer,
                title: [
                    "Aucun traitement par lots de ce nom.",
                    "No batch of that name.",
                ],
                remedy: [
                    "Utilisez le nom que batch/start a donné au même appelant.",
                    "Use the name that batch/start gave the same caller.",
                ],
            },
            Self::BrowserPolicyMissing => Row {
                name: "browser-policy-missing",
                layer: Browser,
                status: 503,
                who: Administrator,
                title: [
                    "Un navigateur de ce poste n'a pas les règles de l'agent.",
                    "A browser of this workstation has no policy for the agent.",
                ],
                remedy: [
                    "Posez les règles : `sudo paraphe trust install`.",
                    "Put the policies in place: `sudo paraphe trust install`.",
                ],
            },
            Self::BusyQueued => Row {
                name: "busy-queued",
                layer: Agent,
                status: 503,
                who: User,
                title: [
                    "D'autres demandes passent avant celle-ci.",
                    "Other requests come before this one.",
                ],
                remedy: [
                    "Elle garde sa place : attendez ; le logiciel la présente de nouveau avec son ticket (`queue`).",
                    "It keeps its place: wait; the software asks again with its ticket (`queue`).",
                ],
            },
            Self::CardAbsent => Row {
                name: "card-absent",
                layer: Card,
                status: 409,
                who: User,
                title: ["Aucune carte dans le lecteur.", "No card in the reader."],
                remedy: [
                    "Insérez la carte, puce vers le lecteur, et recommencez.",
                    "Insert the card, chip towards the reader, and try again.",
                ],
            },
            Self::CardChanged => Row {
                name: "card-changed",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "La carte présente n'est pas celle attendue.",
                    "The card present is not the one expected.",
                ],
                remedy: [
                    "Remettez la carte utilisée au début de l'opération, ou recommencez avec celle-ci.",
                    "Put back the card used when the operation began, or start again with this one.",
                ],
            },
            Self::CardDataMalformed => Row {
                name: "card-data-malformed",
                layer: Card,
                status: 502,
                who: Administrator,
                title: [
                    "La carte a donné des données illisibles.",
                    "The card gave data that cannot be read.",
                ],
                remedy: [
                    "Nettoyez la puce et réessayez ; si cela persiste, faites remplacer la carte par son émetteur.",
                    "Clean the chip and try again; if it persists, have the issuer replace the card.",
                ],
            },
            Self::CardMute => Row {
                name: "card-mute",
                layer: Card,
                status: 409,
                who: User,
                title: ["La carte ne répond pas.", "The card does not answer."],
                remedy: [
                    "Vérifiez le sens d'insertion et la propreté de la puce.",
                    "Check which way round it is inserted and that the chip is clean.",
                ],
            },
            Self::CardNotAProfessionalCard => Row {
                name: "card-not-a-professional-card",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "Cette carte n'est pas une carte de professionnel lisible ici.",
                    "This card is not a professional's card that can be read here.",
                ],
                remedy: [
                    "Insérez une carte CPS, CPF ou CPE.",
                    "Insert a CPS, CPF or CPE card.",
                ],
            },
            Self::CardNotVitale => Row {
                name: "card-not-vitale",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "Cette carte n'est pas une carte Vitale lisible ici.",
                    "This card is not a Vitale card that can be read here.",
                ],
                remedy: ["Insérez une carte Vitale 2.", "Insert a Vitale 2 card."],
            },
            Self::CardProvesNoHolder => Row {
                name: "card-proves-no-holder",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "Cette carte prouve sa présence, pas l'identité de son porteur.",
                    "This card proves that it is there, not who holds it.",
                ],
                remedy: [
                    "Insérez la carte, puce vers le lecteur, au lieu de la poser ; le code porteur n'a pas été demandé.",
                    "Insert the card, chip towards the reader, instead of laying it down; the PIN was not asked for.",
                ],
            },
            Self::CardRefused => Row {
                name: "card-refused",
                layer: Card,
                status: 502,
                who: Administrator,
                title: [
                    "La carte a refusé une commande.",
                    "The card refused a command.",
                ],
                remedy: [
                    "Retirez et réinsérez la carte ; si cela persiste, transmettez le code de la carte au support.",
                    "Take the card out and put it back; if it persists, give the card's status word to support.",
                ],
            },
            Self::CardRemoved => Row {
                name: "card-removed",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "La carte a été retirée pendant l'opération.",
                    "The card was taken out during the operation.",
                ],
                remedy: [
                    "Réinsérez la carte et recommencez ; rien n'a été signé.",
                    "Put the card back and start again; nothing was signed.",
                ],
            },
            Self::CardSeveral => Row {
                name: "card-several",
                layer: Card,
                status: 409,
                who: User,
                title: ["Plusieurs cartes conviennent.", "Several cards would do."],
                remedy: [
                    "Précisez le lecteur ou le numéro de carte, ou retirez l'une des cartes.",
                    "Name the reader or the card's serial number, or take one of the cards out.",
                ],
            },
            Self::CardUnknown => Row {
                name: "card-unknown",
                layer: Card,
                status: 409,
                who: User,
                title: ["Carte inconnue.", "Unknown card."],
                remedy: [
                    "Insérez une carte de la famille CPS ou une carte Vitale.",
                    "Insert a card of the CPS family or a Vitale card.",
                ],
            },
            Self::CardVitale1 => Row {
                name: "card-vitale-1",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "Carte Vitale de première génération : non lisible ici.",
                    "First-generation Vitale card: not readable here.",
                ],
                remedy: [
                    "Lisez cette carte avec le composant officiel de votre logiciel.",
                    "Read this card with the official component of your software.",
                ],
            },
            Self::CertificateExpired => Row {
                name: "certificate-expired",
                layer: Certificate,
                status: 409,
                who: Issuer,
                title: [
                    "Le certificat de la carte est expiré.",
                    "The card's certificate has expired.",
                ],
                remedy: [
                    "Demandez le renouvellement de la carte à son émetteur.",
                    "Ask the card's issuer for a new card.",
                ],
            },
            Self::CertificateInvalid => Row {
                name: "certificate-invalid",
                layer: Certificate,
                status: 409,
                who: Administrator,
                title: [
                    "Un certificat n'a pas pu être lu ou n'est pas valable.",
                    "A certificate could not be read or is not valid.",
                ],
                remedy: [
                    "Transmettez le détail au support.",
                    "Give the detail to support.",
                ],
            },
            Self::CertificateMissing => Row {
                name: "certificate-missing",
                layer: Certificate,
                status: 409,
                who: Issuer,
                title: [
                    "La carte n'a pas le certificat nécessaire à cette opération.",
                    "The card has no certificate for this operation.",
                ],
                remedy: [
                    "Utilisez une carte qui permet cette opération.",
                    "Use a card that allows this operation.",
                ],
            },
            Self::CertificateNotTrusted => Row {
                name: "certificate-not-trusted",
                layer: Certificate,
                status: 409,
                who: Administrator,
                title: [
                    "Le certificat ne remonte pas à une autorité reconnue.",
                    "The certificate does not lead to a trusted authority.",
                ],
                remedy: [
                    "L'administrateur installe les autorités de l'IGC-Santé, ou la carte n'est pas pour cet environnement.",
                    "The administrator installs the IGC-Santé authorities, or the card is not for this environment.",
                ],
            },
            Self::CertificateRevocationUnknown => Row {
                name: "certificate-revocation-unknown",
                layer: Certificate,
                status: 503,
                who: Administrator,
                title: [
                    "L'état de révocation n'a pas pu être établi.",
                    "The revocation state could not be established.",
                ],
                remedy: [
                    "L'administrateur met à jour les listes de révocation (CRL).",
                    "The administrator updates the revocation lists (CRL).",
                ],
            },
            Self::CertificateRevoked => Row {
                name: "certificate-revoked",
                layer: Certificate,
                status: 409,
                who: Issuer,
                title: [
                    "Le certificat a été révoqué.",
                    "The certificate has been revoked.",
                ],
                remedy: [
                    "Cette carte ne doit plus servir ; demandez-en une autre à son émetteur.",
                    "This card must no longer be used; ask the issuer for another.",
                ],
            },
            Self::CertificateWrongUse => Row {
                name: "certificate-wrong-use",
                layer: Certificate,
                status: 409,
                who: Developer,
                title: [
                    "Ce certificat n'est pas fait pour cet usage.",
                    "This certificate is not meant for this use.",
                ],
                remedy: [
                    "Utilisez le certificat d'authentification pour se connecter et celui de signature pour signer.",
                    "Use the authentication certificate to log in and the signature certificate to sign.",
                ],
            },
            Self::ClockImplausible => Row {
                name: "clock-implausible",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "L'horloge du poste n'est pas à l'heure.",
                    "The workstation's clock is wrong.",
                ],
                remedy: [
                    "Mettez le poste à l'heure (timedatectl set-ntp true) : certificats et connexions en dépendent.",
                    "Set the clock (timedatectl set-ntp true): certificates and logins depend on it.",
                ],
            },
            Self::ConfigurationInvalid => Row {
                name: "configuration-invalid",
                layer: Agent,
                status: 500,
                who: Administrator,
                title: [
                    "La configuration de l'agent contient une erreur.",
                    "The agent's configuration has an error.",
                ],
                remedy: ["Corrigez le fichier indiqué.", "Correct the file named."],
            },
            Self::DocumentActiveContent => Row {
                name: "document-active-content",
                layer: Policy,
                status: 422,
                who: User,
                title: [
                    "Le document contient un contenu actif.",
                    "The document has active content.",
                ],
                remedy: [
                    "Enregistrez-le sans script ni pièce incorporée (PDF/A) et recommencez.",
                    "Save it without scripts or embedded files (PDF/A) and try again.",
                ],
            },
            Self::DocumentChanged => Row {
                name: "document-changed",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Un document a changé pendant sa lecture.",
                    "A document changed while it was read.",
                ],
                remedy: [
                    "Fermez le document dans les autres logiciels et recommencez ; rien n'a été signé.",
                    "Close the document in other programs and start again; nothing was signed.",
                ],
            },
            Self::DocumentFormat => Row {
                name: "document-format",
                layer: Policy,
                status: 422,
                who: User,
                title: [
                    "Le format du document n'est pas admis ou ne correspond pas à son contenu.",
                    "The document's format is not allowed or does not match its content.",
                ],
                remedy: [
                    "Formats admis : PDF, TXT, RTF, JPEG, TIFF.",
                    "Allowed formats: PDF, TXT, RTF, JPEG, TIFF.",
                ],
            },
            Self::DocumentMissing => Row {
                name: "document-missing",
                layer: Agent,
                status: 404,
                who: User,
                title: ["Un document est introuvable.", "A document is missing."],
                remedy: [
                    "Vérifiez le chemin ou déposez de nouveau le document ; rien n'a été signé.",
                    "Check the path or hand the document over again; nothing was signed.",
                ],
            },
            Self::DocumentNotSignable => Row {
                name: "document-not-signable",
                layer: Agent,
                status: 422,
                who: User,
                title: [
                    "Ce document ne peut pas porter cette signature.",
                    "This document cannot carry this signature.",
                ],
                remedy: [
                    "Choisissez un autre format, par exemple une signature détachée (CAdES, XAdES), ou un autre document.",
                    "Choose another format, for example a detached signature (CAdES, XAdES), or another document.",
                ],
            },
            Self::DocumentPieceOutOfOrder => Row {
                name: "document-piece-out-of-order",
                layer: Agent,
                status: 409,
                who: Developer,
                title: [
                    "Un morceau de document n'est pas à sa place.",
                    "A piece of a document is out of place.",
                ],
                remedy: [
                    "Reprenez à la position donnée.",
                    "Go on from the offset given.",
                ],
            },
            Self::DocumentTooLarge => Row {
                name: "document-too-large",
                layer: Agent,
                status: 413,
                who: User,
                title: [
                    "Le document dépasse la taille admise.",
                    "The document exceeds the size allowed.",
                ],
                remedy: [
                    "Réduisez le document ou demandez à l'administrateur de relever la limite.",
                    "Make the document smaller, or ask the administrator to raise the limit.",
                ],
            },
            Self::DoorCertificateUnusable => Row {
                name: "door-certificate-unusable",
                layer: Certificate,
                status: 503,
                who: User,
                title: [
                    "Le certificat local de l'agent n'est pas utilisable.",
                    "The agent's local certificate cannot be used.",
                ],
                remedy: [
                    "Refaites-le : `paraphe trust renew`, avec sudo pour le certificat du poste.",
                    "Make it again: `paraphe trust renew`, with sudo for the machine's certificate.",
                ],
            },
            Self::GrantOfConfiguration => Row {
                name: "grant-of-configuration",
                layer: Policy,
                status: 409,
                who: Administrator,
                title: [
                    "Les droits de ce site viennent de la configuration.",
                    "This site's rights come from the configuration.",
                ],
                remedy: [
                    "Changez ou retirez son entrée [[site]] dans la configuration, puis relancez l'agent.",
                    "Change or remove its [[site]] entry in the configuration, then restart the agent.",
                ],
            },
            Self::GrantStorage => Row {
                name: "grant-storage",
                layer: Agent,
                status: 500,
                who: Administrator,
                title: [
                    "Les droits des sites ne peuvent pas être enregistrés.",
                    "The rights of sites cannot be kept.",
                ],
                remedy: [
                    "Vérifiez l'espace disque et les droits du répertoire d'état de l'agent ; rien n'a été accordé.",
                    "Check the disk space and the permissions of the agent's state directory; nothing was granted.",
                ],
            },
            Self::GrantUnknown => Row {
                name: "grant-unknown",
                layer: Policy,
                status: 404,
                who: User,
                title: [
                    "Ce site n'a aucun droit sur ce poste.",
                    "This site has no rights on this workstation.",
                ],
                remedy: [
                    "Relisez la liste des sites autorisés (paraphe grant list).",
                    "Read the list of sites again (paraphe grant list).",
                ],
            },
            Self::Internal => Row {
                name: "internal",
                layer: Agent,
                status: 500,
                who: Developer,
                title: ["Erreur interne de l'agent.", "Internal error of the agent."],
                remedy: [
                    "Recommencez ; si cela persiste, transmettez le journal au support.",
                    "Try again; if it persists, give the log to support.",
                ],
            },
            Self::LotEmpty => Row {
                name: "lot-empty",
                layer: Agent,
                status: 422,
                who: Developer,
                title: [
                    "Le lot ne contient aucun document.",
                    "The lot has no document.",
                ],
                remedy: [
                    "Ajoutez au moins un document.",
                    "Add at least one document.",
                ],
            },
            Self::LotPatientInvalid => Row {
                name: "lot-patient-invalid",
                layer: Agent,
                status: 422,
                who: User,
                title: [
                    "L'identité du patient est incomplète ou incorrecte.",
                    "The patient's identity is incomplete or wrong.",
                ],
                remedy: [
                    "Vérifiez le matricule INS et les traits d'identité.",
                    "Check the INS and the identity traits.",
                ],
            },
            Self::LotProfileDisabled => Row {
                name: "lot-profile-disabled",
                layer: Policy,
                status: 403,
                who: Administrator,
                title: [
                    "Ce profil de signature n'est pas activé sur ce poste.",
                    "This signature profile is not enabled on this workstation.",
                ],
                remedy: [
                    "Employez le profil dsg, ou faites activer celui-ci ([signatures] dmp_legacy) si le dossier l'exige encore.",
                    "Use profile dsg, or have this one enabled ([signatures] dmp_legacy) if the record still demands it.",
                ],
            },
            Self::LotTooManyDocuments => Row {
                name: "lot-too-many-documents",
                layer: Agent,
                status: 422,
                who: User,
                title: [
                    "Le lot contient trop de documents.",
                    "The lot has too many documents.",
                ],
                remedy: [
                    "Partagez-le en plusieurs lots.",
                    "Split it into several lots.",
                ],
            },
            Self::MandateDocumentNotApproved => Row {
                name: "mandate-document-not-approved",
                layer: Policy,
                status: 403,
                who: User,
                title: [
                    "Ce document ne fait pas partie du mandat.",
                    "This document is not among those of the mandate.",
                ],
                remedy: [
                    "Ouvrez un mandat qui le comprend, ou signez-le seul ; un document déjà signé sous ce mandat n'est pas signé deux fois.",
                    "Open a mandate that names it, or sign it alone; a document already signed under this mandate is not signed twice.",
                ],
            },
            Self::MandateEnded => Row {
                name: "mandate-ended",
                layer: Policy,
                status: 409,
                who: User,
                title: ["Ce mandat est terminé.", "This mandate has ended."],
                remedy: [
                    "Ouvrez-en un autre : le code porteur sera redemandé.",
                    "Open another one: the PIN will be asked for again.",
                ],
            },
            Self::MandateLimit => Row {
                name: "mandate-limit",
                layer: Policy,
                status: 403,
                who: Administrator,
                title: [
                    "Ce mandat dépasse ce que ce poste autorise.",
                    "This mandate goes beyond what this workstation allows.",
                ],
                remedy: [
                    "Demandez moins de signatures ou moins de temps, ou relevez les limites [mandate] de la configuration.",
                    "Ask for fewer signatures or less time, or raise the [mandate] limits of the configuration.",
                ],
            },
            Self::MandatePinOnKeypad => Row {
                name: "mandate-pin-on-keypad",
                layer: Reader,
                status: 409,
                who: User,
                title: [
                    "Le code se tape sur le clavier du lecteur : il ne peut pas servir à un mandat.",
                    "The PIN is typed on the reader's keypad: it cannot serve a mandate.",
                ],
                remedy: [
                    "Signez un lot (une saisie), ou utilisez un lecteur sans clavier ; l'administrateur peut aussi écrire [pin_entry] keypad = \"never\".",
                    "Sign a lot (one entry), or use a reader without keypad; the administrator can also write [pin_entry] keypad = \"never\".",
                ],
            },
            Self::MandateUnknown => Row {
                name: "mandate-unknown",
                layer: Agent,
                status: 404,
                who: Developer,
                title: ["Aucun mandat de ce nom.", "No mandate of that name."],
                remedy: [
                    "Utilisez le nom que mandate/open a donné au même appelant ; l'agent oublie ses mandats quand il s'arrête.",
                    "Use the name that mandate/open gave the same caller; the agent forgets its mandates when it stops.",
                ],
            },
            Self::MemoryNotLocked => Row {
                name: "memory-not-locked",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "Le système ne garde pas les codes hors de l'espace d'échange.",
                    "The system does not keep PINs out of the swap space.",
                ],
                remedy: [
                    "Relevez la limite de mémoire verrouillée (LimitMEMLOCK, ulimit -l) à 64 Kio ou plus.",
                    "Raise the limit of locked memory (LimitMEMLOCK, ulimit -l) to 64 KiB or more.",
                ],
            },
            Self::NonceInvalid => Row {
                name: "nonce-invalid",
                layer: Server,
                status: 422,
                who: Developer,
                title: [
                    "Le défi du serveur de dossiers n'est pas utilisable.",
                    "The record server's nonce cannot be used.",
                ],
                remedy: [
                    "Le serveur doit fournir un aléa neuf de 32 à 64 octets.",
                    "The server must give a fresh nonce of 32 to 64 bytes.",
                ],
            },
            Self::OperationCancelled => Row {
                name: "operation-cancelled",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Opération annulée par la personne.",
                    "Cancelled by the person.",
                ],
                remedy: [
                    "Rien n'a été fait ; recommencez si vous le souhaitez.",
                    "Nothing was done; start again if you wish.",
                ],
            },
            Self::OperationNotForPrograms => Row {
                name: "operation-not-for-programs",
                layer: Policy,
                status: 403,
                who: Developer,
                title: [
                    "Cette opération est réservée aux pages web.",
                    "This operation is for web pages only.",
                ],
                remedy: [
                    "Un programme du poste n'a besoin d'aucune autorisation : appelez directement l'opération voulue.",
                    "A program of the workstation needs no pairing: call the operation itself.",
                ],
            },
            Self::OperationNotForSites => Row {
                name: "operation-not-for-sites",
                layer: Policy,
                status: 403,
                who: Developer,
                title: [
                    "Cette opération n'est pas ouverte aux sites.",
                    "This operation is not open to sites.",
                ],
                remedy: [
                    "La personne la lance elle-même, avec la commande paraphe ou son logiciel.",
                    "The person starts it, with the paraphe command or their own software.",
                ],
            },
            Self::OperationUnknown => Row {
                name: "operation-unknown",
                layer: Agent,
                status: 404,
                who: Developer,
                title: ["Opération inconnue.", "Unknown operation."],
                remedy: [
                    "Consultez la liste des opérations.",
                    "See the list of operations.",
                ],
            },
            Self::OriginNotAllowed => Row {
                name: "origin-not-allowed",
                layer: Policy,
                status: 403,
                who: Administrator,
                title: [
                    "Ce site n'est pas autorisé sur ce poste.",
                    "This site is not allowed on this workstation.",
                ],
                remedy: [
                    "L'administrateur ajoute l'origine exacte du site à la configuration.",
                    "The administrator adds the site's exact origin to the configuration.",
                ],
            },
            Self::PageLinkInvalid => Row {
                name: "page-link-invalid",
                layer: Agent,
                status: 409,
                who: User,
                title: [
                    "Ce lien vers la page de l'agent a déjà servi, ou n'est plus valable.",
                    "This link to the agent's page was used already, or is not good any more.",
                ],
                remedy: ["Lancez à nouveau paraphe open.", "Run paraphe open again."],
            },
            Self::PairingTooMany => Row {
                name: "pairing-too-many",
                layer: Policy,
                status: 429,
                who: User,
                title: [
                    "Trop de demandes d'autorisation, ou une demande refusée il y a peu.",
                    "Too many requests for rights, or one that was refused a moment ago.",
                ],
                remedy: [
                    "Répondez aux demandes en attente (paraphe open), ou attendez quelques minutes.",
                    "Answer the requests that wait (paraphe open), or wait some minutes.",
                ],
            },
            Self::PairingUnknown => Row {
                name: "pairing-unknown",
                layer: Policy,
                status: 404,
                who: User,
                title: [
                    "Cette demande d'autorisation n'attend pas, ou plus, de réponse.",
                    "This request for rights does not wait for an answer, or not any more.",
                ],
                remedy: [
                    "Relisez les demandes en attente ; la page peut demander à nouveau.",
                    "Read the requests that wait again; the page can ask once more.",
                ],
            },
            Self::PassphraseWrong => Row {
                name: "passphrase-wrong",
                layer: Card,
                status: 403,
                who: User,
                title: ["Phrase secrète incorrecte.", "Wrong passphrase."],
                remedy: [
                    "Recommencez avec la phrase secrète de ce certificat logiciel.",
                    "Try again with the passphrase of this software certificate.",
                ],
            },
            Self::PathNotAllowed => Row {
                name: "path-not-allowed",
                layer: Policy,
                status: 403,
                who: Developer,
                title: [
                    "Un chemin de fichier n'est pas admis ici.",
                    "A file path is not allowed here.",
                ],
                remedy: [
                    "Déposez le document avec document/put.",
                    "Hand the document over with document/put.",
                ],
            },
            Self::PinBlocked => Row {
                name: "pin-blocked",
                layer: Card,
                status: 409,
                who: Issuer,
                title: ["Code porteur bloqué.", "PIN blocked."],
                remedy: [
                    "Débloquez la carte avec le code de déblocage reçu avec elle.",
                    "Unblock the card with the unblocking code received with it.",
                ],
            },
            Self::PinEntryUnavailable => Row {
                name: "pin-entry-unavailable",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "Aucun moyen de saisir le code porteur.",
                    "No way to enter the PIN.",
                ],
                remedy: [
                    "Installez pinentry, ou lancez la commande dans un terminal.",
                    "Install pinentry, or run the command in a terminal.",
                ],
            },
            Self::PinFormat => Row {
                name: "pin-format",
                layer: Agent,
                status: 422,
                who: User,
                title: [
                    "Le code porteur n'a pas la forme attendue.",
                    "The PIN does not have the expected form.",
                ],
                remedy: [
                    "Le code porteur est fait de chiffres ; la carte n'a pas été sollicitée, aucun essai n'est perdu.",
                    "The PIN is made of digits; the card was not asked and no try is lost.",
                ],
            },
            Self::PinLastTry => Row {
                name: "pin-last-try",
                layer: Policy,
                status: 409,
                who: User,
                title: [
                    "Il ne reste qu'un essai avant blocage.",
                    "Only one try is left before the card blocks.",
                ],
                remedy: [
                    "Confirmez explicitement le dernier essai, ou retrouvez votre code.",
                    "Confirm the last try explicitly, or find your PIN first.",
                ],
            },
            Self::PinNotManagedHere => Row {
                name: "pin-not-managed-here",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "Le code de ce support ne se gère pas ici.",
                    "This token's PIN is not managed here.",
                ],
                remedy: [
                    "Utilisez l'outil fourni avec le support ou son module.",
                    "Use the tool that comes with the token or its module.",
                ],
            },
            Self::PinOutcomeUnknown => Row {
                name: "pin-outcome-unknown",
                layer: Card,
                status: 409,
                who: User,
                title: [
                    "La réponse de la carte au code a été perdue : un essai a pu être compté.",
                    "The card's answer to the code was lost: a try may have been counted.",
                ],
                remedy: [
                    "Remettez la carte, regardez les essais restants (`paraphe pin status`), puis recommencez.",
                    "Put the card back, look at the tries left (`paraphe pin status`), then start again.",
                ],
            },
            Self::PinWrong => Row {
                name: "pin-wrong",
                layer: Card,
                status: 409,
                who: User,
                title: ["Code porteur incorrect.", "Wrong PIN."],
                remedy: [
                    "Vérifiez votre code ; le nombre d'essais restants est indiqué.",
                    "Check your PIN; the number of tries left is given.",
                ],
            },
            Self::Pkcs11ModuleFailed => Row {
                name: "pkcs11-module-failed",
                layer: Reader,
                status: 502,
                who: Administrator,
                title: [
                    "Un module PKCS#11 ne fonctionne pas.",
                    "A PKCS#11 module does not work.",
                ],
                remedy: [
                    "Recommencez ; si cela persiste, mettez le module à jour ou retirez-le de la configuration.",
                    "Try again; if it persists, update the module or take it out of the configuration.",
                ],
            },
            Self::Pkcs11ModuleRefused => Row {
                name: "pkcs11-module-refused",
                layer: Policy,
                status: 403,
                who: Administrator,
                title: [
                    "Un module PKCS#11 n'est pas chargé : son fichier n'est pas sûr.",
                    "A PKCS#11 module is not loaded: its file is not safe.",
                ],
                remedy: [
                    "Installez le module là où seul root (ou vous) peut écrire, et corrigez son chemin dans la configuration.",
                    "Install the module where only root (or you) can write, and correct its path in the configuration.",
                ],
            },
            Self::PortTaken => Row {
                name: "port-taken",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "Un autre programme tient le port de l'agent.",
                    "Another program holds the agent's port.",
                ],
                remedy: [
                    "Arrêtez ce programme, ou changez `port` dans la configuration ; d'ici là, n'acceptez aucun avertissement de certificat.",
                    "Stop that program, or change `port` in the configuration; until then, accept no certificate warning.",
                ],
            },
            Self::PracticeSituationUnknown => Row {
                name: "practice-situation-unknown",
                layer: Card,
                status: 422,
                who: User,
                title: [
                    "Cette situation d'exercice n'est pas sur la carte.",
                    "This practice situation is not on the card.",
                ],
                remedy: [
                    "Choisissez une des situations lues sur la carte.",
                    "Choose one of the situations read from the card.",
                ],
            },
            Self::ReaderAbsent => Row {
                name: "reader-absent",
                layer: Reader,
                status: 409,
                who: User,
                title: ["Aucun lecteur de cartes.", "No card reader."],
                remedy: ["Branchez un lecteur de cartes.", "Plug in a card reader."],
            },
            Self::ReaderBusy => Row {
                name: "reader-busy",
                layer: Reader,
                status: 409,
                who: User,
                title: [
                    "Un autre logiciel utilise la carte.",
                    "Another program is using the card.",
                ],
                remedy: [
                    "Fermez l'autre logiciel ou attendez qu'il ait fini.",
                    "Close the other program or wait until it has finished.",
                ],
            },
            Self::ReaderFailed => Row {
                name: "reader-failed",
                layer: Reader,
                status: 502,
                who: User,
                title: [
                    "Le lecteur ne répond plus.",
                    "The reader no longer answers.",
                ],
                remedy: [
                    "Débranchez et rebranchez le lecteur.",
                    "Unplug the reader and plug it in again.",
                ],
            },
            Self::ReaderKeypadRefused => Row {
                name: "reader-keypad-refused",
                layer: Reader,
                status: 502,
                who: Administrator,
                title: [
                    "Le lecteur refuse la saisie du code sur son clavier.",
                    "The reader refuses to take the PIN on its keypad.",
                ],
                remedy: [
                    "Mettez keypad = \"never\" dans la section [pin_entry] de la configuration, ou changez de lecteur.",
                    "Set keypad = \"never\" in section [pin_entry] of the configuration, or use another reader.",
                ],
            },
            Self::ReaderPlacesTaken => Row {
                name: "reader-places-taken",
                layer: Reader,
                status: 409,
                who: Administrator,
                title: [
                    "Le service de cartes n'a plus de place pour un lecteur.",
                    "The card service has no place for another reader.",
                ],
                remedy: [
                    "Débranchez ou désactivez les lecteurs inutilisés (16 au plus, chaque fente compte).",
                    "Unplug or disable unused readers (16 at most, each slot counts).",
                ],
            },
            Self::ReaderServiceUnavailable => Row {
                name: "reader-service-unavailable",
                layer: Reader,
                status: 503,
                who: Administrator,
                title: [
                    "Le service de cartes (pcscd) ne répond pas.",
                    "The card service (pcscd) does not answer.",
                ],
                remedy: [
                    "L'administrateur démarre le service pcscd.",
                    "The administrator starts the pcscd service.",
                ],
            },
            Self::ReaderUnknown => Row {
                name: "reader-unknown",
                layer: Reader,
                status: 404,
                who: User,
                title: ["Aucun lecteur de ce nom.", "No reader of that name."],
                remedy: [
                    "Vérifiez le nom dans la liste des lecteurs.",
                    "Check the name in the list of readers.",
                ],
            },
            Self::RecordServerUnknown => Row {
                name: "record-server-unknown",
                layer: Policy,
                status: 404,
                who: Administrator,
                title: [
                    "Serveur de dossiers inconnu de ce poste.",
                    "Record server not known to this workstation.",
                ],
                remedy: [
                    "L'administrateur l'ajoute à la configuration.",
                    "The administrator adds it to the configuration.",
                ],
            },
            Self::RequestInvalid => Row {
                name: "request-invalid",
                layer: Agent,
                status: 400,
                who: Developer,
                title: ["Requête mal formée.", "Malformed request."],
                remedy: [
                    "Corrigez la requête selon la description de l'API.",
                    "Correct the request after the API's description.",
                ],
            },
            Self::RequestUnknown => Row {
                name: "request-unknown",
                layer: Agent,
                status: 404,
                who: User,
                title: [
                    "Cette demande de code n'est pas, ou plus, ouverte.",
                    "This question for a PIN is not open, or not any more.",
                ],
                remedy: [
                    "Relisez les demandes en attente.",
                    "Read the requests that wait again.",
                ],
            },
            Self::RightNotGranted => Row {
                name: "right-not-granted",
                layer: Policy,
                status: 403,
                who: User,
                title: [
                    "Ce site n'a pas ce droit sur ce poste.",
                    "This site does not have this right on this workstation.",
                ],
                remedy: [
                    "Le site peut le demander (pairing/request) ; vous l'accordez, ou l'administrateur par la configuration.",
                    "The site can ask for it (pairing/request); you grant it, or the administrator in the configuration.",
                ],
            },
            Self::SessionNotWatched => Row {
                name: "session-not-watched",
                layer: Agent,
                status: 503,
                who: Administrator,
                title: [
                    "Le verrouillage de la session n'est pas surveillé.",
                    "The session's lock is not watched.",
                ],
                remedy: [
                    "Vérifiez que systemd-logind et le bus système D-Bus tournent. Sans eux un mandat ouvert reste valable quand la session se verrouille ; son temps, la carte et la veille le bornent.",
                    "Check that systemd-logind and the D-Bus system bus run. Without them an open mandate goes on when the session is locked; its time, the card and sleep bound it.",
                ],
            },
            Self::SignatureAlgorithmNotOffered => Row {
                name: "signature-algorithm-not-offered",
                layer: Card,
                status: 409,
                who: Developer,
                title: [
                    "Cette carte ou ce certificat ne signe pas avec l'algorithme demandé.",
                    "This card or certificate does not sign by the algorithm asked for.",
                ],
                remedy: [
                    "Choisissez l'un des algorithmes que card/read indique, ou n'en demandez aucun : le meilleur est pris.",
                    "Choose one of the algorithms that card/read tells, or ask for none: the best is taken.",
                ],
            },
            Self::SignatureInvalid => Row {
                name: "signature-invalid",
                layer: Agent,
                status: 422,
                who: User,
                title: [
                    "La signature n'est pas valable.",
                    "The signature is not valid.",
                ],
                remedy: [
                    "Voyez les raisons ; demandez un lot signé de nouveau.",
                    "See the reasons; ask for the lot to be signed again.",
                ],
            },
            Self::SignatureNotAccepted => Row {
                name: "signature-not-accepted",
                layer: Agent,
                status: 502,
                who: Developer,
                title: [
                    "La carte a produit une signature qui ne se vérifie pas.",
                    "The card made a signature that does not verify.",
                ],
                remedy: [
                    "Recommencez ; si cela persiste, transmettez le journal au support.",
                    "Try again; if it persists, give the log to support.",
                ],
            },
            Self::SoftwareTokenUnusable => Row {
                name: "software-token-unusable",
                layer: Certificate,
                status: 409,
                who: Administrator,
                title: [
                    "Un certificat logiciel ne peut pas être utilisé.",
                    "A software certificate cannot be used.",
                ],
                remedy: [
                    "Corrigez son fichier, ses droits ou la configuration.",
                    "Correct its file, its mode or the configuration.",
                ],
            },
            Self::SpecialityUnknown => Row {
                name: "speciality-unknown",
                layer: Card,
                status: 422,
                who: User,
                title: [
                    "La carte ne dit pas cette spécialité, ou en dit plusieurs.",
                    "The card does not state this speciality, or states several.",
                ],
                remedy: [
                    "Choisissez une des spécialités de la carte ; si elle n'en dit aucune, l'émetteur la met à jour.",
                    "Choose one of the card's specialities; where it states none, its issuer updates it.",
                ],
            },
            Self::StructureSealMissing => Row {
                name: "structure-seal-missing",
                layer: Policy,
                status: 404,
                who: Administrator,
                title: [
                    "Aucun cachet de structure de ce nom, avec son secteur, n'est configuré.",
                    "No structure's seal of this name, with its sector, is configured.",
                ],
                remedy: [
                    "L'administrateur décrit le certificat de cachet et son secteur dans [[software]].",
                    "The administrator describes the seal certificate and its sector in [[software]].",
                ],
            },
            Self::TimeStampInvalid => Row {
                name: "time-stamp-invalid",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "L'horodatage reçu n'est pas valable ici.",
                    "The time stamp that came back does not hold here.",
                ],
                remedy: [
                    "Vérifiez l'autorité configurée ([time_stamp]), ses certificats racines et l'horloge du poste.",
                    "Check the configured authority ([time_stamp]), its root certificates and the workstation's clock.",
                ],
            },
            Self::TimeStampNotConfigured => Row {
                name: "time-stamp-not-configured",
                layer: Policy,
                status: 409,
                who: Administrator,
                title: [
                    "Ce niveau de signature demande un horodatage, et aucune autorité d'horodatage n'est configurée.",
                    "This signature level needs a time stamp, and no time-stamping authority is configured.",
                ],
                remedy: [
                    "Configurez une autorité d'horodatage ([time_stamp], docs/configuration.md), ou signez au niveau B.",
                    "Configure a time-stamping authority ([time_stamp], docs/configuration.md), or sign at level B.",
                ],
            },
            Self::TimeStampRefused => Row {
                name: "time-stamp-refused",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "L'autorité d'horodatage a refusé la demande.",
                    "The time-stamping authority refused the request.",
                ],
                remedy: [
                    "Le détail dit pourquoi ; corrigez [time_stamp] (digest, policy) ou voyez avec l'autorité.",
                    "The detail says why; correct [time_stamp] (digest, policy) or ask the authority.",
                ],
            },
            Self::TimeStampUnreachable => Row {
                name: "time-stamp-unreachable",
                layer: Server,
                status: 504,
                who: Administrator,
                title: [
                    "L'autorité d'horodatage ne répond pas.",
                    "The time-stamping authority does not answer.",
                ],
                remedy: [
                    "Vérifiez la connexion et l'adresse ([time_stamp] url), puis recommencez.",
                    "Check the connection and the address ([time_stamp] url), then try again.",
                ],
            },
            Self::TooBusy => Row {
                name: "too-busy",
                layer: Agent,
                status: 429,
                who: User,
                title: ["Trop de demandes en cours.", "Too many requests at once."],
                remedy: [
                    "Attendez la fin des opérations en cours.",
                    "Wait until the current operations are done.",
                ],
            },
            Self::TunnelCallerRefused => Row {
                name: "tunnel-caller-refused",
                layer: Policy,
                status: 403,
                who: Developer,
                title: [
                    "La requête reçue au port du tunnel ne vient pas de celui qui l'a ouvert.",
                    "The request at the tunnel's port does not come from who opened it.",
                ],
                remedy: [
                    "Utilisez l'adresse entière que donne `tunnel/open`, depuis un logiciel du même compte ; jamais depuis une page.",
                    "Use the whole address that `tunnel/open` gives, from software of the same account; never from a page.",
                ],
            },
            Self::TunnelCertificateRefused => Row {
                name: "tunnel-certificate-refused",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "Le serveur de dossiers refuse le certificat de la carte, ou n'en demande pas.",
                    "The record server refuses the card's certificate, or asks for none.",
                ],
                remedy: [
                    "Vérifiez avec son exploitant que cette carte y est admise et que l'adresse est celle de l'authentification par carte.",
                    "Check with its operator that this card is admitted there, and that the address is the one for authentication by card.",
                ],
            },
            Self::TunnelEnded => Row {
                name: "tunnel-ended",
                layer: Agent,
                status: 409,
                who: User,
                title: ["Le tunnel est fermé.", "The tunnel has ended."],
                remedy: [
                    "Ouvrez-en un autre (tunnel/open) ; le code porteur sera redemandé.",
                    "Open another one (tunnel/open); the PIN will be asked for again.",
                ],
            },
            Self::TunnelLimit => Row {
                name: "tunnel-limit",
                layer: Policy,
                status: 409,
                who: Administrator,
                title: [
                    "C'est plus que ce que ce poste accorde à un tunnel.",
                    "This is more than what this workstation allows a tunnel.",
                ],
                remedy: [
                    "Demandez moins, fermez un tunnel, ou faites relever les bornes de la section `[tunnel]` de la configuration.",
                    "Ask for less, close a tunnel, or have the limits of the configuration's `[tunnel]` section raised.",
                ],
            },
            Self::TunnelNotConfigured => Row {
                name: "tunnel-not-configured",
                layer: Policy,
                status: 409,
                who: Administrator,
                title: [
                    "La configuration ne dit pas où ce serveur de dossiers est joint par la carte.",
                    "The configuration does not say where this record server is reached with the card.",
                ],
                remedy: [
                    "Ajoutez `[record_server.tunnel]` à ce serveur dans la configuration (docs/tunnel.md).",
                    "Add `[record_server.tunnel]` to this server in the configuration (docs/tunnel.md).",
                ],
            },
            Self::TunnelPinOnKeypad => Row {
                name: "tunnel-pin-on-keypad",
                layer: Policy,
                status: 409,
                who: User,
                title: [
                    "Un code tapé sur le clavier du lecteur ne peut pas servir à un tunnel.",
                    "A PIN typed on the reader's keypad cannot serve a tunnel.",
                ],
                remedy: [
                    "Utilisez un lecteur sans clavier, ou faites régler `pin_entry.keypad` sur `never` : le code sera demandé sur le poste.",
                    "Use a reader without keypad, or have `pin_entry.keypad` set to `never`: the PIN will be asked for on the workstation.",
                ],
            },
            Self::TunnelServerName => Row {
                name: "tunnel-server-name",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "Le certificat du serveur joint est celui d'un autre nom : rien ne lui a été envoyé.",
                    "The certificate of the server that was reached is for another name: nothing was sent to it.",
                ],
                remedy: [
                    "Vérifiez `host` dans `[record_server.tunnel]` ; si le nom est le bon, prévenez l'exploitant du serveur.",
                    "Check `host` in `[record_server.tunnel]`; if the name is right, tell the server's operator.",
                ],
            },
            Self::TunnelServerUnreachable => Row {
                name: "tunnel-server-unreachable",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "Le serveur de dossiers ne peut pas être joint, ou a coupé.",
                    "The record server cannot be reached, or broke off.",
                ],
                remedy: [
                    "Vérifiez le réseau du poste et `host` et `port` dans `[record_server.tunnel]`, puis recommencez.",
                    "Check the workstation's network, and `host` and `port` in `[record_server.tunnel]`, then try again.",
                ],
            },
            Self::TunnelServerUntrusted => Row {
                name: "tunnel-server-untrusted",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "Le certificat du serveur joint ne mène à aucune autorité reconnue ici : rien ne lui a été envoyé.",
                    "The certificate of the server that was reached leads to no authority trusted here: nothing was sent to it.",
                ],
                remedy: [
                    "Vérifiez les autorités de `[record_server.tunnel]` ; n'en ajoutez une que sur l'indication écrite de l'exploitant.",
                    "Check the authorities of `[record_server.tunnel]`; add one only as the operator says in writing.",
                ],
            },
            Self::TunnelTlsMismatch => Row {
                name: "tunnel-tls-mismatch",
                layer: Server,
                status: 502,
                who: Administrator,
                title: [
                    "La carte et le serveur n'ont pas de version, de suite ou d'algorithme TLS en commun.",
                    "The card and the server have no version, suite or algorithm of TLS in common.",
                ],
                remedy: [
                    "Une CPS3 ne joint que les serveurs qui parlent TLS 1.2 ; pour une autre carte, réglez `tls` dans `[record_server.tunnel]` selon le serveur.",
                    "A CPS3 reaches only servers that speak TLS 1.2; for another card, set `tls` in `[record_server.tunnel]` as the server wants.",
                ],
            },
            Self::TunnelUnknown => Row {
                name: "tunnel-unknown",
                layer: Agent,
                status: 404,
                who: Developer,
                title: [
                    "L'appelant n'a pas de tunnel de ce nom.",
                    "The caller has no tunnel of this name.",
                ],
                remedy: [
                    "Utilisez le nom que donne `tunnel/open` ou `tunnel/status`.",
                    "Use the name that `tunnel/open` or `tunnel/status` gives.",
                ],
            },
            Self::UnblockingCodeBlocked => Row {
                name: "unblocking-code-blocked",
                layer: Card,
                status: 409,
                who: Issuer,
                title: [
                    "Le code de déblocage ne peut plus servir.",
                    "The unblocking code can no longer be used.",
                ],
                remedy: [
                    "Demandez une nouvelle carte à son émetteur.",
                    "Ask the card's issuer for a new card.",
                ],
            },
            Self::UnblockingCodeLastTry => Row {
                name: "unblocking-code-last-try",
                layer: Policy,
                status: 409,
                who: User,
                title: [
                    "Il ne reste qu'un essai du code de déblocage.",
                    "Only one try of the unblocking code is left.",
                ],
                remedy: [
                    "Confirmez explicitement ce dernier essai, ou retrouvez d'abord le code : après lui, la carte est perdue.",
                    "Confirm this last try explicitly, or find the code first: after it, the card is lost.",
                ],
            },
            Self::UnblockingCodeMissing => Row {
                name: "unblocking-code-missing",
                layer: Card,
                status: 409,
                who: Issuer,
                title: [
                    "Cette carte n'a pas de code de déblocage.",
                    "This card has no unblocking code.",
                ],
                remedy: [
                    "Demandez à son émetteur comment la débloquer.",
                    "Ask its issuer how to unblock it.",
                ],
            },
            Self::UnblockingCodeWrong => Row {
                name: "unblocking-code-wrong",
                layer: Card,
                status: 409,
                who: User,
                title: ["Code de déblocage incorrect.", "Wrong unblocking code."],
                remedy: [
                    "Vérifiez le courrier de l'émetteur ; le nombre d'essais restants est indiqué.",
                    "Check the issuer's letter; the number of tries left is given.",
                ],
            },
            Self::VitaleComponentFailed => Row {
                name: "vitale-component-failed",
                layer: Agent,
                status: 502,
                who: Administrator,
                title: [
                    "Le composant de lecture Vitale n'a pas pu lire.",
                    "The Vitale reading component could not read.",
                ],
                remedy: [
                    "Vérifiez l'état du composant (licence, service, réseau) ; la puce reste lisible sans lui en le demandant (source `chip`).",
                    "Check the component's state (licence, service, network); the chip can still be read without it on request (source `chip`).",
                ],
            },
            Self::VitaleComponentMalformed => Row {
                name: "vitale-component-malformed",
                layer: Agent,
                status: 502,
                who: Developer,
                title: [
                    "La réponse du composant de lecture Vitale est inutilisable.",
                    "The Vitale reading component's answer cannot be used.",
                ],
                remedy: [
                    "Faites corriger le programme branché par son éditeur ; son contrat est dans docs/vitale-component.md.",
                    "Have the plugged-in program mended by its developer; its contract is in docs/vitale-component.md.",
                ],
            },
            Self::VitaleComponentTimeout => Row {
                name: "vitale-component-timeout",
                layer: Agent,
                status: 504,
                who: User,
                title: [
                    "Le composant de lecture Vitale n'a pas répondu à temps.",
                    "The Vitale reading component did not answer in time.",
                ],
                remedy: [
                    "Recommencez, carte ou téléphone en place ; si cela persiste, prévenez l'administrateur.",
                    "Try again with the card or the phone in place; if it persists, tell the administrator.",
                ],
            },
            Self::VitaleComponentUnusable => Row {
                name: "vitale-component-unusable",
                layer: Policy,
                status: 409,
                who: Administrator,
                title: [
                    "Le programme du composant de lecture Vitale manque ou n'est pas sûr.",
                    "The Vitale reading component's program is missing or not safe.",
                ],
                remedy: [
                    "Installez-le là où seul l'administrateur peut écrire, exécutable, et vérifiez son chemin dans la configuration.",
                    "Install it where only the administrator can write, executable, and check its path in the configuration.",
                ],
            },
            Self::VitaleSourceUnknown => Row {
                name: "vitale-source-unknown",
                layer: Policy,
                status: 404,
                who: Administrator,
                title: [
                    "Aucun composant de lecture Vitale de ce nom n'est branché.",
                    "No Vitale reading component of that name is plugged in.",
                ],
                remedy: [
                    "Utilisez un nom que donne l'état du poste, ou `chip` pour la puce.",
                    "Use a name that the workstation's status gives, or `chip` for the chip.",
                ],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{ErrorCode, Language};

    #[test]
    fn names_are_what_serde_writes() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn every_code_speaks_both_languages_and_asks_for_an_http_error() {
        for code in ErrorCode::ALL {
            assert!((400..600).contains(&code.status()), "{}", code.name());
            for language in [Language::French, Language::English] {
                assert!(code.title(language).ends_with('.'), "{}", code.name());
                assert!(code.remedy(language).text.ends_with('.'), "{}", code.name());
            }
            assert_ne!(code.title(Language::French), code.title(Language::English));
        }
    }

    #[test]
    fn codes_are_listed_once_in_order() {
        let names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }
}
