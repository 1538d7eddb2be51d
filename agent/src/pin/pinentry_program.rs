//! The PIN through a `pinentry` program, the usual way on a desktop: a window of its own for each question. Cancelling is an
//! answer. While the PIN is typed on the reader's own keypad the window says so, and is closed when that ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use paraphe_protocol::SecretPage;
use paraphe_protocol::card::{LastTry, Pin, UnblockingCode};

use super::assuan::{self, Dialogue, TIMEOUT};
use super::{EnteredPin, KeypadNotice, Passphrase, PinEntry, PinEntryError, PinRequest, Question};

const CANCEL: &str = "Annuler / cancel";

/// Asks through a pinentry program.
#[derive(Debug, Clone)]
pub struct PinentryProgram {
    program: PathBuf,
    /// How often a question was withdrawn.
    withdrawals: Arc<AtomicU64>,
}

impl PinentryProgram {
    /// The program at this path, or `pinentry` found in `PATH`.
    ///
    /// # Errors
    /// [`PinEntryError::Unavailable`] where there is no such program.
    pub fn new(program: Option<&Path>) -> Result<Self, PinEntryError> {
        let program = program.unwrap_or(Path::new("pinentry"));
        match assuan::find(program) {
            Some(program) => Ok(Self {
                program,
                withdrawals: Arc::default(),
            }),
            None => Err(PinEntryError::Unavailable {
                detail: format!("{} is not a program", program.display()),
            }),
        }
    }

    fn window(&self, title: &str, description: &str) -> Result<Dialogue, PinEntryError> {
        let mut window = Dialogue::open(&self.program)?;
        window.tell("SETTITLE", title)?;
        window.tell("SETDESC", description)?;
        window.tell("SETTIMEOUT", &TIMEOUT.to_string())?;
        Ok(window)
    }

    fn enter(&self, request: &PinRequest) -> Result<SecretPage, PinEntryError> {
        if request.is_last_try() {
            self.confirm_last_try(request)?;
        }
        let mut window = self.window(request.title(), &request.description())?;
        if let Some(wrong_before) = request.error() {
            window.tell("SETERROR", wrong_before)?;
        }
        window.tell("SETPROMPT", request.prompt())?;
        window.tell("SETOK", "OK")?;
        window.tell("SETCANCEL", CANCEL)?;
        let before = self.withdrawals.load(Ordering::SeqCst);
        let withdrawn = || self.withdrawals.load(Ordering::SeqCst) != before;
        match window.ask_unless("GETPIN", &withdrawn) {
            // Whoever withdrew it said the person's no.
            Err(PinEntryError::Withdrawn) => Err(PinEntryError::Cancelled),
            answer => answer,
        }
    }
}

impl PinEntry for PinentryProgram {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        let pin = Pin::from_page(self.enter(request)?)?;
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
        let code = UnblockingCode::from_page(self.enter(request)?)?;
        Ok((code, request.last_try_once_confirmed()))
    }

    fn ask_passphrase(&self, request: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        let passphrase = Passphrase::from_page(self.enter(request)?)?;
        Ok((passphrase, request.last_try_once_confirmed()))
    }

    fn confirm_last_try(&self, request: &PinRequest) -> Result<(), PinEntryError> {
        let question = format!("{}\n{}", request.last_try_question(), request.description());
        let mut window = self.window(request.title(), &question)?;
        window.tell("SETOK", "Continuer / go on")?;
        window.tell("SETCANCEL", CANCEL)?;
        window.ask("CONFIRM").map(drop)
    }

    fn announce_keypad(&self, request: &PinRequest) -> Result<KeypadNotice, PinEntryError> {
        let mut window = self.window(request.title(), &request.keypad_notice())?;
        window.tell("SETOK", "Fermer / close")?;
        window.show("MESSAGE")?;
        Ok(KeypadNotice::window(window))
    }

    fn confirm(
        &self,
        question: &Question,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<(), PinEntryError> {
        let mut window = self.window(question.title, &question.text)?;
        window.tell("SETOK", question.yes)?;
        window.tell("SETCANCEL", question.no)?;
        window.ask_unless("CONFIRM", withdrawn).map(drop)
    }

    fn withdraw(&self) {
        self.withdrawals.fetch_add(1, Ordering::SeqCst);
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use paraphe_protocol::card::PinFormatError;

    use super::PinentryProgram;
    use crate::pin::{
        EnteredPin, PinEntry, PinEntryError, PinPurpose, PinRequest, Question, RequestedCode,
        Requester, TriesLeft,
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
    fn long_titles_are_shown_in_part() {
        let directory = tempfile::tempdir().unwrap();
        let entry = program(directory.path(), PIN, "OK");
        for titles in ["é".repeat(5000), "%".repeat(5000), "\\".repeat(5000)] {
            entry.ask(&request(1, &titles)).unwrap();
            entry.ask(&request(3, &titles)).unwrap();
        }
    }

    #[test]
    fn a_program_that_dies_or_babbles_repeats_nothing_that_was_typed() {
        let directory = tempfile::tempdir().unwrap();
        for answer in ["D 73915082", "D 73915082\\nERR 1 73915082", "73915082\\nOK"] {
            let path = directory.path().join("pinentry");
            let script = format!(
                "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  case \"$line\" in\n    \
                 GETPIN) printf '{answer}'; exit 0 ;;\n    *) echo OK ;;\n  esac\ndone\n"
            );
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            let entry = PinentryProgram::new(Some(&path)).unwrap();
            let error = entry.ask(&request(3, "Titre")).unwrap_err();
            assert!(matches!(error, PinEntryError::Unavailable { .. }));
            assert!(!format!("{error} {error:?}").contains("7391"), "{error:?}");
        }
    }

    #[test]
    fn a_question_that_is_withdrawn_is_closed_and_is_a_no() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pinentry");
        let script = format!(
            "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  case \"$line\" in\n    \
             GETPIN|CONFIRM) echo $$ > '{}/asked'; exec sleep 600 ;;\n    *) echo OK ;;\n  esac\ndone\n",
            directory.path().display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        let entry = PinentryProgram::new(Some(&path)).unwrap();
        let asked = directory.path().join("asked");
        let is_asked = || fs::read_to_string(&asked).is_ok_and(|text| text.ends_with('\n'));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_asked() {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                entry.withdraw();
            });
            let refused = entry.ask(&request(3, "Titre"));
            assert!(
                matches!(refused, Err(PinEntryError::Cancelled)),
                "{refused:?}"
            );
        });
        let id = fs::read_to_string(&asked).unwrap();
        assert!(!Path::new("/proc").join(id.trim()).exists());
        fs::remove_file(&asked).unwrap();
        let question = Question {
            title: "Titre",
            text: "Oui ou non ?".to_owned(),
            yes: "Oui",
            no: "Non",
        };
        let withdrawn = entry.confirm(&question, &is_asked);
        assert!(
            matches!(withdrawn, Err(PinEntryError::Withdrawn)),
            "{withdrawn:?}"
        );
    }

    #[test]
    fn yes_and_no_are_told_apart_and_nothing_else_is_a_yes() {
        let question = Question {
            title: "Titre",
            text: "https://rendez-vous.example:8443".to_owned(),
            yes: "Oui",
            no: "Non",
        };
        for (answer, is_yes) in [
            ("OK", true),
            (CANCELLED, false),
            ("ERR 83886194 not confirmed", false),
            ("ERR 83886142 timeout", false),
            ("ERR 1 x", false),
            ("nonsense", false),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let entry = program(directory.path(), PIN, answer);
            assert_eq!(
                entry.confirm(&question, &|| false).is_ok(),
                is_yes,
                "{answer}"
            );
            let told = fs::read_to_string(directory.path().join("told")).unwrap();
            assert!(
                told.contains("SETDESC https://rendez-vous.example:8443"),
                "{told}"
            );
        }
    }

    #[test]
    fn the_keypad_s_window_is_there_until_the_entry_ended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pinentry");
        let script = format!(
            "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  echo \"$line\" >> '{0}/told'\n  case \"$line\" in\n    \
             MESSAGE) echo $$ > '{0}/shown'; exec sleep 600 ;;\n    *) echo OK ;;\n  esac\ndone\n",
            directory.path().display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        let entry = PinentryProgram::new(Some(&path)).unwrap();
        let notice = entry.announce_keypad(&request(3, "Titre")).unwrap();
        let shown = directory.path().join("shown");
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !fs::read_to_string(&shown).is_ok_and(|text| text.ends_with('\n')) {
            assert!(std::time::Instant::now() < until, "nothing was shown");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let id = fs::read_to_string(&shown).unwrap();
        let process = Path::new("/proc").join(id.trim());
        assert!(process.exists());
        let told = fs::read_to_string(directory.path().join("told")).unwrap();
        assert!(told.contains("sur le lecteur") && told.contains("on the reader"));
        assert!(told.contains("CAMILLE SIMULATEUR") && told.contains("tries left: 3"));
        drop(notice);
        assert!(!process.exists());
    }
}
