//! What a person is shown when the PIN is asked for: purpose, who asks, whose card, tries left. French first, English
//! beside it. Text that comes from a page or a document is made harmless before it is shown: no control or
//! direction-changing characters, and bounded length.

use paraphe_protocol::approval::ApprovalPurpose;
use paraphe_protocol::card::LastTry;
use paraphe_protocol::identifiers::Ins;
use paraphe_protocol::vihf::{Access, AccessReason, VihfMode};

use crate::caller::Caller;

/// Longest piece of foreign text that is shown, characters.
const MAXIMUM_SHOWN: usize = 60;
/// Longest path of a program that is shown, characters.
const MAXIMUM_PATH: usize = 100;
/// Titles of documents that are shown: the first ones.
pub(crate) const SHOWN_TITLES: usize = 3;

/// A question for the PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinRequest {
    /// What the PIN is for.
    pub purpose: PinPurpose,
    /// Which code is asked for.
    pub code: RequestedCode,
    /// Who asks.
    pub requester: Requester,
    /// Whose card it is, as the card says.
    pub holder: String,
    /// The card's serial number.
    pub card_serial: String,
    /// Reader's name.
    pub reader: String,
    /// Tries left before the token blocks; the last one needs the person's confirmation. Of no account for a new PIN.
    pub tries_left: TriesLeft,
    /// The PIN entered just before was wrong; of a new one, its two entries differed.
    pub wrong_before: bool,
}

/// What is known of the tries that a code has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriesLeft {
    /// So many; 1 is the last one.
    Exactly(u8),
    /// More than one; the token does not say how many.
    Several,
    /// More than one, and at least one was missed since the last right entry; the token does not say how many are left.
    Few,
    /// Nothing counts them.
    Unlimited,
}

impl std::fmt::Display for TriesLeft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(tries) => write!(formatter, "{tries}"),
            Self::Several => formatter.write_str("plusieurs / several"),
            Self::Unlimited => formatter.write_str("sans limite / unlimited"),
            Self::Few => formatter.write_str("peu, code déjà manqué / few, already missed"),
        }
    }
}

/// Which code is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedCode {
    /// The PIN that the card has.
    Pin,
    /// The PIN that it is to have.
    NewPin {
        /// Fewest digits.
        minimum: usize,
        /// Most digits.
        maximum: usize,
    },
    /// The same once more, against slips of the finger.
    NewPinAgain,
    /// The code that unblocks the PIN.
    UnblockingCode,
    /// The passphrase that the token has.
    Passphrase,
}

/// What a PIN is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinPurpose {
    /// Log in to a record server.
    Login {
        /// The server's title in the agent's own table.
        server: String,
    },
    /// Open a patient's record, or the whole of a server's, by a SAML assertion.
    Vihf {
        /// The server's title in the agent's own table.
        server: String,
        /// Mode of authentication.
        mode: VihfMode,
        /// The structure that answers for the user, in the indirect modes.
        structure: Option<String>,
        /// About whom.
        patient: Option<Ins>,
        /// Why.
        access: Access,
    },
    /// Approve documents for a record server, so that somebody else's certificate may sign them.
    Approve {
        /// The server's title in the agent's own table.
        server: String,
        /// Who signs after it.
        act: ApprovalPurpose,
        /// Identifier of the structure whose certificate will sign.
        signer: String,
        /// Number of documents.
        documents: usize,
        /// Titles of the first ones.
        first_titles: Vec<String>,
    },
    /// Sign a lot.
    SignLot {
        /// Number of documents.
        documents: usize,
        /// Titles of the first ones.
        first_titles: Vec<String>,
    },
    /// Open a mandate.
    Mandate {
        /// What for, in the caller's words.
        purpose: String,
        /// Number of signatures.
        count: usize,
        /// Titles of the first documents; none where they are not known yet.
        first_titles: Vec<String>,
        /// How long, minutes, rounded up.
        minutes: u64,
        /// When it ends at the latest, for a person to read.
        until: String,
    },
    /// Open a tunnel to a record server.
    Tunnel {
        /// The server's title in the agent's own table.
        server: String,
        /// Handshakes that the card may sign with this one entry.
        handshakes: u32,
        /// How long, minutes, rounded up.
        minutes: u64,
        /// When it ends at the latest, for a person to read.
        until: String,
    },
    /// Sign documents in a format of the field.
    SignDocuments {
        /// Name of the format.
        format: &'static str,
        /// Number of documents.
        documents: usize,
        /// Names of the first ones.
        first_names: Vec<String>,
    },
    /// Read the practice situations.
    ReadPracticeSituations,
    /// Change the PIN.
    ChangePin,
    /// Unblock the PIN.
    UnblockPin,
}

/// Who asks, as shown to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// A page of this origin.
    Site(String),
    /// A local program, by the path the system has for it.
    Program(String),
    /// The command line itself.
    CommandLine,
}

impl Requester {
    /// The requester that a caller is. A local program's path is looked up for display; it is no proof of anything.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        match caller {
            Caller::Site(origin) => Self::Site(origin.as_str().to_owned()),
            Caller::LocalProgram { pid, .. } => Self::Program(
                pid.and_then(program_name)
                    .unwrap_or_else(|| "inconnu / unknown".to_owned()),
            ),
            Caller::OwnPage => Self::Program("page de Paraphe / Paraphe's own page".to_owned()),
            Caller::CommandLine => Self::CommandLine,
        }
    }
}

fn program_name(pid: i32) -> Option<String> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe"));
    let name = match path {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?,
    };
    let name = name.trim();
    // What a path ends with says most.
    let length = name.chars().count();
    let name: String = name
        .chars()
        .skip(length.saturating_sub(MAXIMUM_PATH))
        .collect();
    Some(format!("{} ({pid})", harmless_within(&name, MAXIMUM_PATH)))
}

impl PinRequest {
    /// One try is left.
    #[must_use]
    pub fn is_last_try(&self) -> bool {
        self.tries_left == TriesLeft::Exactly(1) && self.code.is_presented()
    }

    /// What may be done with the last try once the code was entered: an entry lets nobody enter one on the last try without
    /// having confirmed it.
    pub(super) fn last_try_once_confirmed(&self) -> LastTry {
        if self.is_last_try() {
            LastTry::Confirmed
        } else {
            LastTry::Refused
        }
    }

    /// What stands before the place where the code is typed.
    #[must_use]
    pub fn prompt(&self) -> &'static str {
        match self.code {
            RequestedCode::Pin => "Code porteur / PIN :",
            RequestedCode::NewPin { .. } => "Nouveau code porteur / new PIN :",
            RequestedCode::NewPinAgain => "Nouveau code, encore une fois / new PIN again :",
            RequestedCode::UnblockingCode => "Code de déblocage / unblocking code :",
            RequestedCode::Passphrase => "Phrase secrète / passphrase :",
        }
    }

    /// Window title.
    #[must_use]
    pub fn title(&self) -> &'static str {
        "Paraphe : code porteur / PIN"
    }

    /// What is asked and by whom, line by line: French, then English. A login signs a digest of this very text.
    #[must_use]
    pub fn statement(&self) -> String {
        let (french, english) = self.purpose.sentences();
        let requester = match &self.requester {
            Requester::Site(origin) => harmless(origin),
            Requester::Program(name) => harmless_within(name, MAXIMUM_PATH + 20),
            Requester::CommandLine => "paraphe (ligne de commande / command line)".to_owned(),
        };
        format!(
            "{french}\n({english})\nDemandé par / asked by: {requester}\nCarte / card: {}, n° {}",
            harmless(&self.holder),
            harmless(&self.card_serial)
        )
    }

    /// The statement, and the tries left or the form of a new PIN.
    #[must_use]
    pub fn description(&self) -> String {
        let statement = self.statement();
        match self.code {
            RequestedCode::Passphrase if self.tries_left == TriesLeft::Unlimited => statement,
            RequestedCode::Pin | RequestedCode::UnblockingCode | RequestedCode::Passphrase => {
                format!(
                    "{statement}\nEssais restants / tries left: {}",
                    self.tries_left
                )
            }
            RequestedCode::NewPin { minimum, maximum } if minimum == maximum => {
                format!("{statement}\n{minimum} chiffres / digits")
            }
            RequestedCode::NewPin { minimum, maximum } => {
                format!("{statement}\n{minimum} à / to {maximum} chiffres / digits")
            }
            RequestedCode::NewPinAgain => statement,
        }
    }

    /// What is shown while the code is typed on the reader's own keypad: what to do first, because a window may show only
    /// the beginning.
    #[must_use]
    pub fn keypad_notice(&self) -> String {
        let reader = harmless(&self.reader);
        let (french, english) = match self.purpose {
            PinPurpose::ChangePin => (
                format!(
                    "Tapez sur le lecteur {reader} : l'ancien code, le nouveau, puis encore le nouveau."
                ),
                "type on the reader: the old PIN, the new one, then the new one again",
            ),
            _ => (
                format!("Tapez votre code porteur sur le lecteur {reader}."),
                "type your PIN on the reader",
            ),
        };
        let wrong_before = self
            .error()
            .map(|error| format!("{error}\n"))
            .unwrap_or_default();
        format!(
            "{wrong_before}{french}\n({english})\n{}",
            self.description()
        )
    }

    /// What is said after a wrong PIN.
    #[must_use]
    pub fn error(&self) -> Option<&'static str> {
        self.wrong_before.then_some(match self.code {
            RequestedCode::Pin => "Code porteur incorrect. / Wrong PIN.",
            RequestedCode::NewPin { .. } | RequestedCode::NewPinAgain => {
                "Les deux saisies diffèrent. / The two entries differ."
            }
            RequestedCode::UnblockingCode => {
                "Code de déblocage incorrect. / Wrong unblocking code."
            }
            RequestedCode::Passphrase => "Phrase secrète incorrecte. / Wrong passphrase.",
        })
    }

    /// The question that must be answered with yes before the last try.
    #[must_use]
    pub fn last_try_question(&self) -> &'static str {
        if self.code == RequestedCode::UnblockingCode {
            return "DERNIER ESSAI : un code de déblocage faux bloque la carte pour toujours. Continuer ?\n\
                    (LAST TRY: a wrong unblocking code blocks the card for good. Go on?)";
        }
        "DERNIER ESSAI : un code faux bloque la carte. Continuer ?\n(LAST TRY: a wrong PIN blocks the card. Go on?)"
    }
}

impl RequestedCode {
    /// Whether the card compares it with one that it has, and counts.
    pub(super) fn is_presented(self) -> bool {
        matches!(self, Self::Pin | Self::UnblockingCode | Self::Passphrase)
    }
}

impl PinPurpose {
    fn sentences(&self) -> (String, String) {
        match self {
            Self::Login { server } => {
                let server = harmless(server);
                (
                    format!("Connexion à {server}"),
                    format!("log in to {server}"),
                )
            }
            Self::Vihf {
                server,
                mode,
                structure,
                patient,
                access,
            } => vihf_sentences(
                server,
                *mode,
                structure.as_deref(),
                patient.as_ref(),
                access,
            ),
            Self::Approve {
                server,
                act,
                signer,
                documents,
                first_titles,
            } => {
                let (server, signer) = (harmless(server), harmless(signer));
                let titles = shown_titles(first_titles, *documents);
                let (french, english) = match act {
                    ApprovalPurpose::StructureSignature => (
                        format!("signés ensuite par la structure {signer}"),
                        format!("then signed by the structure {signer}"),
                    ),
                    _ => (
                        format!("signés ensuite par ce serveur ({signer})"),
                        format!("then signed by that server ({signer})"),
                    ),
                };
                (
                    format!(
                        "VALIDATION demandée par {server} : {documents} document(s), {french} : {titles}"
                    ),
                    format!("approve {documents} document(s) for {server}, {english}"),
                )
            }
            Self::SignLot {
                documents,
                first_titles,
            } => (
                format!(
                    "Signature de {documents} document(s) : {}",
                    shown_titles(first_titles, *documents)
                ),
                format!("sign {documents} document(s)"),
            ),
            Self::Mandate {
                purpose,
                count,
                first_titles,
                minutes,
                until,
            } => {
                let purpose = harmless(purpose);
                let documents = match shown_titles(first_titles, *count) {
                    titles if titles.is_empty() => {
                        "documents non désignés / documents not named yet".to_owned()
                    }
                    titles => titles,
                };
                (
                    format!(
                        "MANDAT « {purpose} » : {count} signature(s) avec cette seule saisie, pendant {minutes} min \
                         (jusqu'à {until})\n{documents}"
                    ),
                    format!("mandate: {count} signature(s) with this one entry, for {minutes} min"),
                )
            }
            Self::Tunnel {
                server,
                handshakes,
                minutes,
                until,
            } => {
                let server = harmless(server);
                (
                    format!(
                        "TUNNEL vers {server} : vos logiciels s'y connectent en votre nom, pendant {minutes} min (jusqu'à {until}), \
                         avec au plus {handshakes} signature(s) de connexion par la carte"
                    ),
                    format!(
                        "tunnel to {server}: your programs connect in your name, for {minutes} min, with at most {handshakes} \
                         connection signature(s) by the card"
                    ),
                )
            }
            Self::SignDocuments {
                format,
                documents,
                first_names,
            } => {
                let names = shown_titles(first_names, *documents);
                (
                    format!("Signature {format} de {documents} document(s) : {names}"),
                    format!("sign {documents} document(s), {format}"),
                )
            }
            Self::ReadPracticeSituations => (
                "Lecture des situations d'exercice".to_owned(),
                "read the practice situations".to_owned(),
            ),
            Self::ChangePin => (
                "Changement du code porteur".to_owned(),
                "change the PIN".to_owned(),
            ),
            Self::UnblockPin => (
                "Déblocage du code porteur".to_owned(),
                "unblock the PIN".to_owned(),
            ),
        }
    }
}

/// Purpose, patient and reason: the person reads what they answer for.
fn vihf_sentences(
    server: &str,
    mode: VihfMode,
    structure: Option<&str>,
    patient: Option<&Ins>,
    access: &Access,
) -> (String, String) {
    let server = harmless(server);
    let (patient, english_patient) = match patient {
        Some(patient) => (
            format!("patient {}", patient.matricule()),
            format!("patient {}", patient.matricule()),
        ),
        None => (
            "aucun patient désigné".to_owned(),
            "no patient named".to_owned(),
        ),
    };
    let structure = structure
        .map(|structure| format!(", par la structure {}", harmless(structure)))
        .unwrap_or_default();
    match access {
        Access::BreakGlass(reason) => (
            format!(
                "BRIS DE GLACE sur {server} (VIHF {mode}{structure}) : {patient}. Motif : « {} »",
                harmless_within(reason.as_str(), AccessReason::MAX_CHARACTERS)
            ),
            format!("BREAK-GLASS on {server}: {english_patient}; the reason is traced"),
        ),
        Access::Normal => (
            format!("Accès à {server} (VIHF {mode}{structure}) : {patient}"),
            format!("access to {server}: {english_patient}"),
        ),
        Access::RegulationCentre => (
            format!("Accès par un CENTRE 15 à {server} (VIHF {mode}{structure}) : {patient}"),
            format!("access by a medical regulation centre to {server}: {english_patient}"),
        ),
    }
}

/// The first titles, and whether there are more.
fn shown_titles(titles: &[String], documents: usize) -> String {
    let shown: Vec<_> = titles
        .iter()
        .take(SHOWN_TITLES)
        .map(|title| format!("« {} »", harmless(title)))
        .collect();
    let more = if !shown.is_empty() && documents > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// Foreign text without characters that could forge or hide lines, and not too long.
fn harmless(text: &str) -> String {
    harmless_within(text, MAXIMUM_SHOWN)
}

fn harmless_within(text: &str, most: usize) -> String {
    let mut shown: String = text
        .chars()
        .map(|character| {
            if is_misleading(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .take(most)
        .collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, line separators, and the characters that change direction or have no width (Unicode TR 36).
fn is_misleading(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{PinPurpose, PinRequest, RequestedCode, Requester, TriesLeft};

    fn request(title: &str) -> PinRequest {
        PinRequest {
            purpose: PinPurpose::SignLot {
                documents: 12,
                first_titles: vec![title.to_owned(), "Ordonnance".to_owned()],
            },
            code: RequestedCode::Pin,
            requester: Requester::Site("https://dossier.example".to_owned()),
            holder: "Dominique TESTMEDECIN".to_owned(),
            card_serial: "2800000042".to_owned(),
            reader: "Lecteur 1".to_owned(),
            tries_left: TriesLeft::Exactly(3),
            wrong_before: false,
        }
    }

    #[test]
    fn the_person_sees_who_asks_for_what() {
        assert_eq!(
            request("Compte rendu").description(),
            "Signature de 12 document(s) : « Compte rendu », « Ordonnance », …\n\
             (sign 12 document(s))\n\
             Demandé par / asked by: https://dossier.example\n\
             Carte / card: Dominique TESTMEDECIN, n° 2800000042\n\
             Essais restants / tries left: 3"
        );
    }

    #[test]
    fn foreign_text_forges_no_line() {
        let shown = request("a\nEssais restants / tries left: 9\u{202e}\u{2028}").description();
        assert_eq!(shown.lines().count(), 5);
        assert!(!shown.contains('\u{202e}') && !shown.contains('\u{2028}'));
        let long = request(&"é".repeat(5000)).description();
        assert!(long.len() < 700, "{}", long.len());
    }
}
