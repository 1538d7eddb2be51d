//! The PIN through a `pinentry` program (GnuPG's Assuan dialogue), the usual way on a desktop. Cancelling is an answer.
//! The description is bounded because an Assuan line holds 1,000 bytes.

use std::path::{Path, PathBuf};

use paraphe_protocol::card::{LastTry, Pin, UnblockingCode};
use pinentry::{ConfirmationDialog, PassphraseInput};
use secrecy::{ExposeSecret, SecretString};

use super::{EnteredPin, PinEntry, PinEntryError, PinRequest};

/// How long the person has, seconds.
const TIMEOUT: u16 = 120;
/// Longest text sent in one Assuan line, in bytes after line breaks were escaped; the line holds 1,000 with its keyword.
const MAXIMUM_TEXT: usize = 940;

/// Asks through a pinentry program.
#[derive(Debug, Clone)]
pub struct PinentryProgram {
    program: PathBuf,
}

impl PinentryProgram {
    /// The program at this path, or `pinentry` found in `PATH`.
    ///
    /// # Errors
    /// [`PinEntryError::Unavailable`] where there is no such program.
    pub fn new(program: Option<&Path>) -> Result<Self, PinEntryError> {
        let program = program.unwrap_or(Path::new("pinentry"));
        if PassphraseInput::with_binary(program).is_none() {
            return Err(unavailable(format!(
                "{} is not a program",
                program.display()
            )));
        }
        Ok(Self {
            program: program.to_owned(),
        })
    }

    fn confirm_last_try(&self, question: &str, description: &str) -> Result<(), PinEntryError> {
        let question = format!("{question}\n{description}");
        let confirmed = ConfirmationDialog::with_binary(&self.program)
            .ok_or_else(|| unavailable("the pinentry program is gone"))?
            .with_ok("Continuer / go on")
            .with_cancel("Annuler / cancel")
            .with_timeout(TIMEOUT)
            .confirm(bounded(&question))
            .map_err(error)?;
        if confirmed {
            Ok(())
        } else {
            Err(PinEntryError::Cancelled)
        }
    }

    fn interact(
        &self,
        title: &str,
        description: &str,
        prompt: &str,
        wrong_before: Option<&str>,
    ) -> Result<SecretString, PinEntryError> {
        let mut input = PassphraseInput::with_binary(&self.program)
            .ok_or_else(|| unavailable("the pinentry program is gone"))?;
        input
            .with_title(title)
            .with_description(bounded(description))
            .with_prompt(prompt)
            .with_ok("OK")
            .with_cancel("Annuler / cancel")
            .with_timeout(TIMEOUT);
        if let Some(text) = wrong_before {
            input.with_error(text);
        }
        input.interact().map_err(error)
    }

    fn enter(&self, request: &PinRequest) -> Result<SecretString, PinEntryError> {
        let description = request.description();
        if request.is_last_try() {
            self.confirm_last_try(request.last_try_question(), &description)?;
        }
        self.interact(
            request.title(),
            &description,
            request.prompt(),
            request.error(),
        )
    }
}

impl PinEntry for PinentryProgram {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        let entered = self.enter(request)?;
        let pin = Pin::from_digits(entered.expose_secret().as_bytes())?;
        Ok(if request.is_last_try() {
            EnteredPin::LastTryConfirmed(pin)
        } else {
            EnteredPin::Pin(pin)
        })
    }

    fn ask_unblocking_code(
        &self,
        request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        let entered = self.enter(request)?;
        let code = UnblockingCode::from_digits(entered.expose_secret().as_bytes())?;
        Ok((code, request.last_try_once_confirmed()))
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

/// The longest beginning that fits one Assuan line once `%`, CR and LF are escaped as three bytes.
fn bounded(text: &str) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += match character {
            '\n' | '\r' | '%' => 3,
            other => other.len_utf8(),
        };
        if used > MAXIMUM_TEXT {
            return &text[..position];
        }
    }
    text
}

fn unavailable(detail: impl Into<String>) -> PinEntryError {
    PinEntryError::Unavailable {
        detail: detail.into(),
    }
}

fn error(error: pinentry::Error) -> PinEntryError {
    match error {
        pinentry::Error::Cancelled => PinEntryError::Cancelled,
        pinentry::Error::Timeout => PinEntryError::Timeout,
        // GPG_ERR_FULLY_CANCELED and GPG_ERR_NOT_CONFIRMED are the person's no as well.
        pinentry::Error::Gpg(gpg) if matches!(gpg.code(), 198 | 114) => PinEntryError::Cancelled,
        // An undecodable answer is what was typed: nothing of it is repeated.
        pinentry::Error::Encoding(_) => unavailable("the pinentry program answered no text"),
        other => unavailable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use paraphe_protocol::card::PinFormatError;

    use super::{MAXIMUM_TEXT, PinentryProgram, bounded};
    use crate::pin::{
        EnteredPin, PinEntry, PinEntryError, PinPurpose, PinRequest, RequestedCode, Requester,
        TriesLeft,
    };

    /// A program that speaks Assuan: notes what it is told, answers `pin` to GETPIN and `confirm` to CONFIRM.
    fn program(directory: &Path, pin: &str, confirm: &str) -> PinentryProgram {
        let path = directory.join("pinentry");
        let script = format!(
            "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  echo \"$line\" >> '{}/told'\n  case \"$line\" in\n    \
             GETPIN) printf '{pin}\\n' ;;\n    CONFIRM) printf '{confirm}\\n' ;;\n    BYE) echo OK; exit 0 ;;\n    \
             *) echo OK ;;\n  esac\ndone\n",
            directory.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        PinentryProgram::new(Some(&path)).unwrap()
    }

    fn request(tries_left: u8, titles: &str) -> PinRequest {
        PinRequest {
            purpose: PinPurpose::SignLot {
                documents: 3,
                first_titles: vec![titles.to_owned(); 3],
            },
            code: RequestedCode::Pin,
            requester: Requester::Site("https://dossier.example".to_owned()),
            holder: "CAMILLE SIMULATEUR".to_owned(),
            card_serial: "99000001".to_owned(),
            reader: "Lecteur 1".to_owned(),
            tries_left: TriesLeft::Exactly(tries_left),
            wrong_before: false,
        }
    }

    const PIN: &str = "D 1234\\nOK";
    const CANCELLED: &str = "ERR 83886179 cancelled";

    #[test]
    fn the_dialogue_shows_the_question_and_gives_the_pin() {
        let directory = tempfile::tempdir().unwrap();
        let entry = program(directory.path(), PIN, CANCELLED);
        let entered = entry.ask(&request(3, "Compte rendu")).unwrap();
        assert!(matches!(entered, EnteredPin::Pin(_)));
        let told = fs::read_to_string(directory.path().join("told")).unwrap();
        assert!(told.contains("Signature de 3 document(s) : « Compte rendu »"));
        assert!(told.contains("https://dossier.example%0A"));
        assert!(!told.contains("CONFIRM"));
    }

    #[test]
    fn the_last_try_is_confirmed_before_the_pin_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let entry = program(directory.path(), PIN, "OK");
        let entered = entry.ask(&request(1, "Titre")).unwrap();
        assert!(matches!(entered, EnteredPin::LastTryConfirmed(_)));

        let directory = tempfile::tempdir().unwrap();
        let entry = program(directory.path(), PIN, CANCELLED);
        let refused = entry.ask(&request(1, "Titre"));
        assert!(matches!(refused, Err(PinEntryError::Cancelled)));
        let told = fs::read_to_string(directory.path().join("told")).unwrap();
        assert!(told.contains("DERNIER ESSAI") && !told.contains("GETPIN"));
    }

    #[test]
    fn a_no_and_nonsense_are_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let ask = |pin| program(directory.path(), pin, CANCELLED).ask(&request(3, "Titre"));
        assert!(matches!(ask(CANCELLED), Err(PinEntryError::Cancelled)));
        assert!(matches!(
            ask("ERR 83886142 timeout"),
            Err(PinEntryError::Timeout)
        ));
        assert!(matches!(
            ask("OK"),
            Err(PinEntryError::Format(PinFormatError::Empty))
        ));
        assert!(matches!(
            ask("D 12a4\\nOK"),
            Err(PinEntryError::Format(PinFormatError::NotDigits))
        ));
        assert!(matches!(
            PinentryProgram::new(Some(Path::new("/nonexistent/pinentry"))),
            Err(PinEntryError::Unavailable { .. })
        ));
    }

    #[test]
    fn no_text_is_too_long_for_an_assuan_line() {
        let directory = tempfile::tempdir().unwrap();
        let entry = program(directory.path(), PIN, "OK");
        for titles in ["é".repeat(5000), "%".repeat(5000), "\\".repeat(5000)] {
            entry.ask(&request(1, &titles)).unwrap();
            entry.ask(&request(3, &titles)).unwrap();
        }
        let text = "%\n".repeat(1000);
        assert!(bounded(&text).len() * 3 <= MAXIMUM_TEXT);
        assert_eq!(bounded("court"), "court");
    }
}
