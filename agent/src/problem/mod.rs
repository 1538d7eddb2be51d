//! From the errors of every layer to the one form that a caller sees: a [`Failure`] with a stable code, turned into a
//! [`Problem`] (RFC 9457) in the caller's language. One table file per layer. A card's own status word is passed on
//! unchanged. Never in a failure: a PIN, an INS, a name, a title or document content, because failures are logged.

mod approval;
mod card;
mod certificate;
mod document;
mod login;
mod lot;
mod pin;
mod pkcs11;
mod reader;
mod signature;
mod software;
mod system;
mod token;
mod trusted_file;
mod vihf;
mod vitale;

use std::fmt;

use paraphe_protocol::api::{CardChoice, ErrorCode, Language, Problem};

pub use system::system_error;
pub(crate) use trusted_file::sentence as trusted_file_sentence;

/// Why an operation was not done. What it holds may be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: ErrorCode,
    detail: Option<Sentence>,
    card_status: Option<String>,
    tries_left: Option<u8>,
    choices: Vec<CardChoice>,
}

/// A code with what is particular to one case of it: the row of a table of faults.
fn told(code: ErrorCode, french: impl Into<String>, english: impl Into<String>) -> Failure {
    Failure::new(code).with_detail(french, english)
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// French.
    pub french: String,
    /// English.
    pub english: String,
}

impl Sentence {
    /// Both languages at once.
    pub fn new(french: impl Into<String>, english: impl Into<String>) -> Self {
        Self {
            french: french.into(),
            english: english.into(),
        }
    }

    /// In one language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::French => &self.french,
            Language::English => &self.english,
        }
    }
}

impl Failure {
    /// A failure of this code, without detail.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            detail: None,
            card_status: None,
            tries_left: None,
            choices: Vec::new(),
        }
    }

    /// The same with a sentence on this very case.
    #[must_use]
    pub fn with_detail(mut self, french: impl Into<String>, english: impl Into<String>) -> Self {
        self.detail = Some(Sentence::new(french, english));
        self
    }

    /// The same with a technical detail that is not translated: a position, a status, an error of the system.
    #[must_use]
    pub fn with_technical_detail(self, detail: impl fmt::Display) -> Self {
        let detail = detail.to_string();
        self.with_detail(detail.clone(), detail)
    }

    /// The same with the card's own status word.
    #[must_use]
    pub fn with_card_status(mut self, status: u16) -> Self {
        self.card_status = Some(format!("{status:04X}"));
        self
    }

    /// The same with the PIN entries that are left.
    #[must_use]
    pub fn with_tries_left(mut self, tries_left: u8) -> Self {
        self.tries_left = Some(tries_left);
        self
    }

    /// The same with the cards among which the caller must choose.
    #[must_use]
    pub fn with_choices(mut self, choices: Vec<CardChoice>) -> Self {
        self.choices = choices;
        self
    }

    /// The same, said of the document at this position, from 1.
    #[must_use]
    pub fn about_document(self, position: usize) -> Self {
        let which = format!("Document {position}.");
        self.about(&which, &which)
    }

    /// The same, said of what these words name.
    #[must_use]
    pub fn about(mut self, french: &str, english: &str) -> Self {
        let before = self.detail.take().unwrap_or(Sentence::new("", ""));
        self.with_detail(
            format!("{french} {}", before.french).trim_end(),
            format!("{english} {}", before.english).trim_end(),
        )
    }

    /// The sentence on this very case.
    #[must_use]
    pub(crate) fn detail(&self) -> Option<&Sentence> {
        self.detail.as_ref()
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// What a caller sees.
    #[must_use]
    pub fn into_problem(self, language: Language) -> Problem {
        let mut problem = Problem::new(self.code, language);
        problem.detail = self
            .detail
            .map(|detail| detail.in_language(language).to_owned());
        problem.card_status = self.card_status;
        problem.tries_left = self.tries_left;
        problem.choices = self.choices;
        problem
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}
