//! Refusals: one table of stable codes with HTTP status, the name that the French shared record gives to the same
//! refusal where it has one (domain facts 6.5), and what a person reads, in French and English. At the HTTP edge a
//! refusal becomes a problem document (RFC 9457). None ever holds an INS, a name or document content.

use paraphe_protocol::api::Language;
use serde::{Deserialize, Serialize};

use crate::storage::StorageError;

/// A request that was refused, or failed.
#[derive(Debug, thiserror::Error)]
#[error("{}", code.name())]
pub struct Refusal {
    /// Why, stable.
    pub code: Code,
    /// Which document, which limit: nothing that names a person.
    pub detail: Option<String>,
    /// What lies beneath, for the log only.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Refusal {
    /// The refusal of this code.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            cause: None,
        }
    }

    /// The same, saying which one.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same, with what lies beneath, for the log.
    #[must_use]
    pub fn because(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The problem document in this language.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        let row = self.code.row();
        let pick = |[french, english]: [&'static str; 2]| match language {
            Language::French => french.to_owned(),
            Language::English => english.to_owned(),
        };
        Problem {
            kind: format!("urn:paraphe:record-server:problem:{}", row.name),
            title: pick(row.title),
            status: row.status,
            code: self.code,
            detail: self.detail.clone(),
            remedy: pick(row.remedy),
            domain_code: row.domain.map(str::to_owned),
        }
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::new(Code::Internal).because(error)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        StorageError::from(error).into()
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::Internal).because(error)
    }
}

/// A problem document (RFC 9457) of the record server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:paraphe:record-server:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, one sentence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: Code,
    /// This very case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do, one sentence.
    pub remedy: String,
    /// The French shared record's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_code: Option<String>,
}

struct Row {
    name: &'static str,
    status: u16,
    domain: Option<&'static str>,
    title: [&'static str; 2],
    remedy: [&'static str; 2],
}

const INVALID_CERTIFICATE: Option<&str> = Some("DMPInvalidCertificate");
const ACCESS_DENIED: Option<&str> = Some("DMPAccessDeniedByRightsService");
const LOG_IN_AGAIN: [&str; 2] = [
    "Ouvrez une nouvelle session avec la carte.",
    "Log in again with the card.",
];
const NEW_NONCE: [&str; 2] = [
    "Demandez un nouveau défi et recommencez la connexion.",
    "Ask for a new nonce and log in again.",
];
const SIGN_AGAIN: [&str; 2] = [
    "Ouvrez un nouveau lot et signez exactement les documents envoyés.",
    "Open a new lot and sign exactly the documents that are sent.",
];
const SEND_AGAIN: [&str; 2] = [
    "Ouvrez un nouveau lot et envoyez tous ses documents.",
    "Open a new lot and send all of its documents.",
];
const APPROVE_AGAIN: [&str; 2] = [
    "Ouvrez un nouveau lot et validez exactement les documents envoyés.",
    "Open a new lot and approve exactly the documents that are sent.",
];
const ASK_DEVELOPER: [&str; 2] = [
    "Signalez-le à l'éditeur du logiciel appelant.",
    "Report it to the maker of the calling software.",
];
const OTHER_CARD: [&str; 2] = [
    "Utilisez une carte en cours de validité, ou faites remplacer celle-ci par son émetteur.",
    "Use a card that is in force, or have its issuer replace this one.",
];

macro_rules! codes {
    ($( $(#[$meta:meta])* $variant:ident = $name:literal, $status:literal, $domain:expr, $title:expr, $remedy:expr; )*) => {
        /// Stable codes of refusals.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code { $( $(#[$meta])* #[serde(rename = $name)] $variant, )* }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            const fn row(self) -> Row {
                match self {
                    $( Self::$variant => Row { name: $name, status: $status, domain: $domain, title: $title, remedy: $remedy }, )*
                }
            }
        }
    };
}

impl Code {
    /// The stable name, such as `nonce-used`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// HTTP status of the problem document.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// The French shared record's name for the same refusal.
    #[must_use]
    pub fn domain_name(self) -> Option<&'static str> {
        self.row().domain
    }
}

codes! {
    /// The request is not what the interface says.
    RequestMalformed = "request-malformed", 400, None,
        ["La requête n'a pas la forme attendue.", "The request does not have the expected form."], ASK_DEVELOPER;
    /// The body is longer than allowed.
    RequestTooLarge = "request-too-large", 413, None,
        ["Le corps de la requête est trop long.", "The request body is too long."], ASK_DEVELOPER;
    /// The body stopped coming.
    RequestInterrupted = "request-interrupted", 408, None,
        ["L'envoi s'est interrompu.", "The transfer was interrupted."],
        ["Vérifiez le réseau et renvoyez ce document.", "Check the network and send this document again."];
    /// A JSON request without its content type.
    MediaTypeUnsupported = "media-type-unsupported", 415, None,
        ["La requête doit être en JSON.", "The request must be JSON."], ASK_DEVELOPER;
    /// No such path.
    PathUnknown = "path-unknown", 404, None,
        ["Adresse inconnue.", "Unknown path."], ASK_DEVELOPER;
    /// The path exists, not with this method.
    MethodNotAllowed = "method-not-allowed", 405, None,
        ["Méthode non admise à cette adresse.", "Method not allowed on this path."], ASK_DEVELOPER;
    /// The server holds as much as it may.
    TooBusy = "too-busy", 503, None,
        ["Le serveur est trop occupé.", "The server is too busy."],
        ["Réessayez dans un instant.", "Try again in a moment."];
    /// The server failed.
    Internal = "internal", 500, None,
        ["Le serveur a rencontré une erreur interne.", "The server met an internal error."],
        ["Réessayez ; si cela persiste, prévenez l'exploitant.", "Try again; if it persists, tell the operator."];
    /// This nonce was never issued here, or long ago.
    NonceUnknown = "nonce-unknown", 403, None,
        ["Ce défi n'a pas été émis par ce serveur.", "This nonce was not issued by this server."], NEW_NONCE;
    /// This nonce was already presented.
    NonceUsed = "nonce-used", 403, None,
        ["Ce défi a déjà servi.", "This nonce was already used."], NEW_NONCE;
    /// This nonce is too old.
    NonceExpired = "nonce-expired", 403, None,
        ["Ce défi a expiré.", "This nonce has expired."], NEW_NONCE;
    /// The assertion cannot be read.
    AssertionMalformed = "assertion-malformed", 400, None,
        ["L'assertion de connexion est illisible.", "The login assertion cannot be read."], ASK_DEVELOPER;
    /// The assertion's times do not fit the server's clock.
    AssertionExpired = "assertion-expired", 403, None,
        ["L'assertion de connexion n'est pas de ce moment.", "The login assertion is not of this moment."],
        ["Vérifiez l'heure du poste, puis recommencez la connexion.", "Check the workstation's clock, then log in again."];
    /// The signature is not over what this server expects.
    AssertionSignatureInvalid = "assertion-signature-invalid", 403, None,
        ["La signature de connexion n'est pas valable pour ce serveur, cette origine et ce défi.",
         "The login signature does not hold for this server, this origin and this nonce."], NEW_NONCE;
    /// A SAML assertion does not hold here.
    VihfRefused = "vihf-refused", 403, ACCESS_DENIED,
        ["Le jeton VIHF n'est pas admis par ce serveur.", "The VIHF is not accepted by this server."], ASK_DEVELOPER;
    /// A SAML assertion was used before.
    VihfUsed = "vihf-used", 403, ACCESS_DENIED,
        ["Ce jeton VIHF a déjà servi.", "This VIHF was already used."],
        ["Faites-en un nouveau pour chaque demande.", "Make a new one for each request."];
    /// Break-glass without a reason, or a reason without break-glass.
    AccessReasonMissing = "access-reason-missing", 422, None,
        ["Un bris de glace, et lui seul, demande un motif.", "Break-glass, and it alone, needs a reason."],
        ["Dites en quelques mots pourquoi le patient ne peut pas consentir.", "Say in a few words why the patient cannot consent."];
    /// Signed for another record server.
    AssertionOtherAudience = "assertion-other-audience", 403, None,
        ["La connexion a été signée pour un autre serveur de dossiers.", "The login was signed for another record server."],
        ["Vérifiez dans la configuration du poste quel serveur va avec ce site.", "Check in the workstation's configuration which server goes with this site."];
    /// Signed for a page of another origin.
    AssertionOtherOrigin = "assertion-other-origin", 403, None,
        ["La connexion a été signée pour une page d'une autre adresse.", "The login was signed for a page of another address."],
        ["Ouvrez la page du serveur à son adresse exacte, puis recommencez la connexion.", "Open the server's page at its exact address, then log in again."];
    /// Signed for another nonce.
    AssertionOtherNonce = "assertion-other-nonce", 403, None,
        ["La connexion a été signée pour un autre défi.", "The login was signed for another nonce."], NEW_NONCE;
    /// Signed for another list of algorithms.
    AssertionOtherOffer = "assertion-other-offer", 403, None,
        ["La connexion a été signée pour une autre liste d'algorithmes que celle du serveur.", "The login was signed for another list of algorithms than the server's."], ASK_DEVELOPER;
    /// Signed for another connection or key.
    AssertionOtherBinding = "assertion-other-binding", 403, None,
        ["La connexion a été signée pour une autre liaison ou une autre clé.", "The login was signed for another connection or key."], NEW_NONCE;
    /// Not signed by the algorithm that it names, or by one that is not accepted here.
    AssertionAlgorithm = "assertion-algorithm", 403, None,
        ["L'algorithme de la connexion n'est pas celui qui est annoncé, ou n'est pas admis ici.", "The login's algorithm is not the one announced, or is not accepted here."], ASK_DEVELOPER;
    /// The login is bound to nothing that this request shows.
    AssertionBinding = "assertion-binding", 403, None,
        ["La connexion n'est liée ni à une clé ni à une liaison que cette requête montre.", "The login is bound to no key or connection that this request shows."], ASK_DEVELOPER;
    /// No proof of the key that the session is, or would be, bound to.
    ProofMissing = "proof-missing", 401, None,
        ["La preuve de possession de la clé manque.", "The proof of possession of the key is missing."], ASK_DEVELOPER;
    /// The proof does not hold for this request.
    ProofInvalid = "proof-invalid", 401, None,
        ["La preuve de possession de la clé n'est pas valable pour cette requête.", "The proof of possession of the key does not hold for this request."],
        ["Vérifiez l'heure du poste, puis recommencez.", "Check the workstation's clock, then try again."];
    /// The proof was used before.
    ProofReplayed = "proof-replayed", 401, None,
        ["Cette preuve de possession a déjà servi.", "This proof of possession was already used."], ASK_DEVELOPER;
    /// The session is bound to another key.
    SessionKeyMismatch = "session-key-mismatch", 401, None,
        ["Cette session est liée à une autre clé.", "This session is bound to another key."], LOG_IN_AGAIN;
    /// The certificate has expired or is not yet valid.
    CertificateExpired = "certificate-expired", 403, INVALID_CERTIFICATE,
        ["Le certificat de la carte n'est pas en cours de validité.", "The card's certificate is not in force."], OTHER_CARD;
    /// The certificate has been revoked.
    CertificateRevoked = "certificate-revoked", 403, INVALID_CERTIFICATE,
        ["Le certificat de la carte est révoqué.", "The card's certificate has been revoked."], OTHER_CARD;
    /// No usable revocation list.
    CertificateRevocationUnknown = "certificate-revocation-unknown", 403, INVALID_CERTIFICATE,
        ["L'état de révocation du certificat est inconnu.", "The certificate's revocation state is unknown."],
        ["Prévenez l'exploitant : une liste de révocation manque ou a expiré.", "Tell the operator: a revocation list is missing or has expired."];
    /// The path does not lead to a trusted authority.
    CertificateNotTrusted = "certificate-not-trusted", 403, INVALID_CERTIFICATE,
        ["Le certificat ne vient pas d'une autorité reconnue.", "The certificate does not come from a recognised authority."], OTHER_CARD;
    /// The certificate is for another use.
    CertificateWrongUse = "certificate-wrong-use", 403, INVALID_CERTIFICATE,
        ["Ce certificat n'est pas prévu pour cet usage.", "This certificate is not meant for this use."], ASK_DEVELOPER;
    /// The certificate cannot be read, or names its holder in no known way.
    CertificateInvalid = "certificate-invalid", 403, INVALID_CERTIFICATE,
        ["Le certificat de la carte est inutilisable.", "The card's certificate cannot be used."], OTHER_CARD;
    /// A test card on a production server.
    TestCardRefused = "test-card-refused", 403, INVALID_CERTIFICATE,
        ["Les cartes de test ne sont pas admises ici.", "Test cards are not accepted here."],
        ["Utilisez une carte de production, ou le serveur de test.", "Use a production card, or the test server."];
    /// A production card on a test server.
    ProductionCardRefused = "production-card-refused", 403, INVALID_CERTIFICATE,
        ["Les cartes de production ne sont pas admises sur ce serveur de test.", "Production cards are not accepted on this test server."],
        ["Utilisez une carte de test, ou le serveur de production.", "Use a test card, or the production server."];
    /// No session in the request.
    SessionMissing = "session-missing", 401, None,
        ["Aucune session n'est ouverte.", "No session is open."], LOG_IN_AGAIN;
    /// No such session.
    SessionUnknown = "session-unknown", 401, None,
        ["Cette session est inconnue ou close.", "This session is unknown or closed."], LOG_IN_AGAIN;
    /// The session is too old.
    SessionExpired = "session-expired", 401, None,
        ["La session a expiré.", "The session has expired."], LOG_IN_AGAIN;
    /// The rules do not allow this card to do this.
    AccessDenied = "access-denied", 403, ACCESS_DENIED,
        ["Cette carte ne permet pas cette action.", "This card does not permit this action."],
        ["Demandez à un professionnel habilité.", "Ask a professional who may."];
    /// No consent, or not given.
    ConsentMissing = "consent-missing", 422, ACCESS_DENIED,
        ["Le consentement du patient n'est pas enregistré.", "The patient's consent is not recorded."],
        ["Recueillez le consentement du patient avant de créer le dossier.", "Collect the patient's consent before creating the record."];
    /// The consent does not say who or when.
    ConsentInvalid = "consent-invalid", 422, None,
        ["Le consentement ne dit pas qui l'a recueilli ni quand, ou sa date est à venir.", "The consent does not say who collected it and when, or its date is to come."],
        ["Indiquez qui a recueilli le consentement et quand.", "Say who collected the consent and when."];
    /// The person has no number of their own on the card.
    PatientNumberMissing = "patient-number-missing", 422, None,
        ["Cette personne n'a pas de numéro propre sur la carte ; celui de l'assuré n'est pas le sien.",
         "This person has no number of their own on the card; the rights holder's is not theirs."],
        ["Retrouvez l'INS de la personne par le téléservice INSi.", "Find the person's INS with the INSi service."];
    /// Number or key is wrong.
    PatientNumberInvalid = "patient-number-invalid", 422, Some("XDSUnknownPatientId"),
        ["Le numéro du patient et sa clé ne concordent pas.", "The patient's number and its key do not agree."],
        ["Relisez la carte Vitale.", "Read the Vitale card again."];
    /// A waiting number.
    PatientNumberTemporary = "patient-number-temporary", 422, None,
        ["Un numéro provisoire ne permet pas de créer un dossier.", "A record cannot be created from a temporary number."],
        ["Attendez l'attribution du numéro définitif.", "Wait until the definitive number is assigned."];
    /// Names or birth date cannot be used.
    PatientIdentityInvalid = "patient-identity-invalid", 422, None,
        ["L'identité du patient est incomplète.", "The patient's identity is incomplete."],
        ["Relisez la carte Vitale.", "Read the Vitale card again."];
    /// There is already a record for this identity.
    RecordExists = "record-exists", 409, None,
        ["Ce patient a déjà un dossier.", "This patient already has a record."],
        ["Utilisez le dossier existant.", "Use the record that exists."];
    /// No such record.
    RecordUnknown = "record-unknown", 404, Some("XDSUnknownPatientId"),
        ["Ce dossier n'existe pas.", "This record does not exist."],
        ["Faites créer le dossier à l'accueil.", "Have reception create the record."];
    /// A lot without documents.
    LotEmpty = "lot-empty", 422, None,
        ["Le lot n'a aucun document.", "The lot has no document."], SEND_AGAIN;
    /// More documents than allowed.
    LotTooManyDocuments = "lot-too-many-documents", 422, None,
        ["Le lot a trop de documents.", "The lot has too many documents."],
        ["Faites plusieurs lots.", "Make several lots."];
    /// A document's unique id, title or media type is not acceptable.
    LotDocumentInvalid = "lot-document-invalid", 422, Some("XDSDocumentUniqueIdError"),
        ["L'identifiant, le titre ou le type d'un document n'est pas admis.", "A document's identifier, title or type is not acceptable."], ASK_DEVELOPER;
    /// No such lot in this session.
    LotUnknown = "lot-unknown", 404, None,
        ["Ce lot n'existe pas dans cette session.", "This lot does not exist in this session."], SEND_AGAIN;
    /// No document of this number in the lot, or of this identifier in the record.
    DocumentUnknown = "document-unknown", 404, Some("XDSDocumentUniqueIdError"),
        ["Ce document n'existe pas ici.", "This document does not exist here."], ASK_DEVELOPER;
    /// A document sent twice.
    DocumentAlreadyReceived = "document-already-received", 409, None,
        ["Ce document du lot a déjà été envoyé.", "This document of the lot was already sent."], SEND_AGAIN;
    /// An empty document.
    DocumentEmpty = "document-empty", 422, None,
        ["Le document est vide.", "The document is empty."], SEND_AGAIN;
    /// Content and announced type do not agree, or the file is cut off or two files in one.
    DocumentFormat = "document-format", 422, None,
        ["Le contenu du document ne correspond pas au format annoncé.", "The document's content does not match its announced format."], SEND_AGAIN;
    /// A document that acts when it is opened.
    DocumentActiveContent = "document-active-content", 422, None,
        ["Le document contient du contenu actif.", "The document has active content."],
        ["Exportez le document sans script, formulaire ni fichier joint.", "Export the document without scripts, forms or attached files."];
    /// A document longer than allowed.
    DocumentTooLarge = "document-too-large", 413, None,
        ["Le document dépasse la taille admise.", "The document exceeds the size allowed."],
        ["Réduisez le document, puis ouvrez un nouveau lot.", "Make the document smaller, then open a new lot."];
    /// A document named or announced was not sent.
    DocumentMissing = "document-missing", 422, None,
        ["Un document du lot manque.", "A document of the lot is missing."], SEND_AGAIN;
    /// A document that the signature does not name.
    DocumentExtra = "document-extra", 422, None,
        ["Un document envoyé n'est pas couvert par la signature.", "A document that was sent is not covered by the signature."], SIGN_AGAIN;
    /// A document whose bytes are not those signed.
    DocumentChanged = "document-changed", 422, None,
        ["Un document n'est pas celui qui a été signé.", "A document is not the one that was signed."], SIGN_AGAIN;
    /// A document identifier already stored.
    DocumentIdentifierUsed = "document-identifier-used", 409, Some("XDSDocumentUniqueIdError"),
        ["L'identifiant d'un document a déjà servi.", "A document's identifier was already used."], SIGN_AGAIN;
    /// The signature file cannot be read.
    LotSignatureMalformed = "lot-signature-malformed", 422, None,
        ["La signature du lot est illisible.", "The lot's signature cannot be read."], ASK_DEVELOPER;
    /// The signature does not hold.
    LotSignatureInvalid = "lot-signature-invalid", 422, None,
        ["La signature du lot n'est pas valable.", "The lot's signature does not hold."], SIGN_AGAIN;
    /// The server is not set up for lots signed in this way.
    SignerModeUnavailable = "signer-mode-unavailable", 422, None,
        ["Ce serveur n'accepte pas les lots signés de cette façon.", "This server does not accept lots signed in this way."],
        ["Signez avec la carte de la session, ou adressez-vous à l'exploitant du serveur.", "Sign with the session's card, or ask the server's operator."];
    /// A lot that wants an approval came without one.
    ApprovalMissing = "approval-missing", 422, None,
        ["La validation d'un professionnel manque.", "A professional's approval is missing."], APPROVE_AGAIN;
    /// A lot that wants no approval was given or asked one.
    ApprovalNotAwaited = "approval-not-awaited", 422, None,
        ["Ce lot n'attend pas de validation.", "This lot awaits no approval."], ASK_DEVELOPER;
    /// The approval cannot be read.
    ApprovalMalformed = "approval-malformed", 400, None,
        ["La validation est illisible.", "The approval cannot be read."], ASK_DEVELOPER;
    /// The approval's times do not fit the server's clock.
    ApprovalExpired = "approval-expired", 403, None,
        ["La validation n'est pas de ce moment.", "The approval is not of this moment."],
        ["Vérifiez l'heure du poste, puis ouvrez un nouveau lot et validez-le.", "Check the workstation's clock, then open a new lot and approve it."];
    /// Not an approval of exactly these documents, for this lot and nonce.
    ApprovalNotOfThisLot = "approval-not-of-this-lot", 403, ACCESS_DENIED,
        ["La validation ne porte pas exactement sur les documents de ce lot.", "The approval is not of exactly this lot's documents."], APPROVE_AGAIN;
    /// Approved by somebody else than the session's holder, or with another card.
    ApproverMismatch = "approver-mismatch", 403, ACCESS_DENIED,
        ["La validation n'est pas faite par la carte qui a ouvert la session.", "The approval is not made by the card that opened the session."],
        ["Validez avec la carte de la session, ou ouvrez une session avec celle qui a validé.", "Approve with the session's card, or log in with the one that approved."];
    /// Approved by somebody who is not responsible for the structure that signed.
    ApproverNotResponsible = "approver-not-responsible", 403, ACCESS_DENIED,
        ["La personne qui a validé n'est pas responsable de la structure qui a signé.", "Who approved is not responsible for the structure that signed."],
        ["Faites valider par la personne responsable, ou faites-la enregistrer par l'exploitant du serveur.", "Have the person responsible approve, or have the server's operator register them."];
    /// Signed by somebody else than the session's holder, or with another card.
    LotSignerMismatch = "lot-signer-mismatch", 403, ACCESS_DENIED,
        ["Le lot n'est pas signé par la carte qui a ouvert la session.", "The lot is not signed by the card that opened the session."],
        ["Signez avec la carte de la session, ou ouvrez une session avec celle qui a signé.", "Sign with the session's card, or log in with the one that signed."];
    /// What is to be registered is no certificate that can be read.
    PatientCertificateMalformed = "patient-certificate-malformed", 422, None,
        ["Le certificat du patient est illisible.", "The patient's certificate cannot be read."],
        ["Envoyez un seul certificat, en PEM ou en DER.", "Send one certificate, PEM or DER."];
    /// Already on this record.
    PatientCertificateRegistered = "patient-certificate-registered", 409, None,
        ["Ce certificat est déjà enregistré dans ce dossier.", "This certificate is already registered on this record."],
        ["Il n'y a rien à faire.", "There is nothing to do."];
    /// On another record.
    PatientCertificateElsewhere = "patient-certificate-elsewhere", 403, ACCESS_DENIED,
        ["Ce certificat est celui d'un autre dossier.", "This certificate is that of another record."],
        ["Vérifiez le dossier ouvert et le support que le patient a présenté.", "Check which record is open and which token the patient presented."];
    /// On no record, or not on this one.
    PatientCertificateUnknown = "patient-certificate-unknown", 403, ACCESS_DENIED,
        ["Ce certificat n'est pas enregistré dans ce dossier.", "This certificate is not registered on this record."],
        ["Un professionnel qui alimente le dossier peut l'enregistrer, le patient présent.", "A professional who feeds the record can register it, with the patient present."];
    /// As many as a record may have.
    PatientCertificatesTooMany = "patient-certificates-too-many", 422, None,
        ["Ce dossier a déjà tous les certificats qu'il peut avoir.", "This record already has all the certificates that it may have."],
        ["Retirez un certificat qui ne sert plus.", "Remove a certificate that is no longer used."];
    /// Signed for another patient.
    LotPatientMismatch = "lot-patient-mismatch", 422, Some("XDSPatientIdDoesNotMatch"),
        ["Le lot a été signé pour un autre patient.", "The lot was signed for another patient."],
        ["Vérifiez le dossier ouvert, puis signez le lot pour ce patient.", "Check which record is open, then sign the lot for that patient."];
    /// A submission set stored before.
    SubmissionSetReplayed = "submission-set-replayed", 409, Some("XDSDuplicateUniqueIdInRegistry"),
        ["Ce lot a déjà été reçu.", "This lot was already received."],
        ["Rien à faire si l'envoi avait réussi ; sinon signez un nouveau lot.", "Nothing to do if it had been accepted; otherwise sign a new lot."];
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use paraphe_protocol::api::Language;

    use super::{Code, Refusal};

    #[test]
    fn every_code_is_told_in_both_languages() {
        let mut names = BTreeSet::new();
        for &code in Code::ALL {
            assert!(names.insert(code.name()), "{}", code.name());
            assert!((400..600).contains(&code.status()), "{}", code.name());
            let french = Refusal::new(code).problem(Language::French);
            let english = Refusal::new(code).problem(Language::English);
            assert_ne!(french.title, english.title);
            assert_ne!(french.remedy, english.remedy);
            for text in [
                &french.title,
                &english.title,
                &french.remedy,
                &english.remedy,
            ] {
                assert!(text.ends_with('.'), "{text}");
            }
        }
    }

    #[test]
    fn the_documentation_lists_every_code_with_its_status() {
        let documentation = include_str!("../../../docs/record-server.md");
        for &code in Code::ALL {
            let row = format!(
                "| `{}` | {} | {} |",
                code.name(),
                code.status(),
                code.domain_name()
                    .map_or(String::new(), |name| format!("`{name}`"))
            );
            assert!(
                documentation.contains(&row),
                "docs/record-server.md lacks: {row}"
            );
        }
    }

    #[test]
    fn a_problem_reads_back() {
        let problem = Refusal::new(Code::NonceUsed)
            .with_detail("x")
            .problem(Language::English);
        let json = serde_json::to_string(&problem).unwrap();
        assert!(json.contains(r#""code":"nonce-used""#), "{json}");
        let back: super::Problem = serde_json::from_str(&json).unwrap();
        assert_eq!(back, problem);
    }
}
