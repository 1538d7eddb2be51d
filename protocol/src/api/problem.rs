//! The one form of an error at every door: a problem document (RFC 9457) with a stable `code`, the `layer` that
//! failed, a cause, a remedy and who can apply it, in the caller's language (`Accept-Language`; French unless English
//! is preferred). It never holds a PIN, an INS, a name or document content.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CardSummary, ErrorCode, Layer, Remedy};

/// Languages of user-facing text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// French, the default.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// From an `Accept-Language` value (RFC 9110 section 12.5.4): English only where it is preferred to French.
    /// Unreadable values and absence give French.
    ///
    /// ```
    /// use paraphe_protocol::api::Language;
    /// assert_eq!(Language::from_accept_language("en-GB,en;q=0.9,fr;q=0.5"), Language::English);
    /// assert_eq!(Language::from_accept_language("de, fr;q=0.5, en;q=0.4"), Language::French);
    /// ```
    #[must_use]
    pub fn from_accept_language(value: &str) -> Self {
        let mut french = 0.0_f32;
        let mut english = 0.0_f32;
        for item in value.split(',').take(32) {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |text| text.parse::<f32>().ok())
                .filter(|quality| (0.0..=1.0).contains(quality))
                .unwrap_or(0.0);
            match tag.split('-').next() {
                Some("fr") => french = french.max(quality),
                Some("en") => english = english.max(quality),
                _ => {}
            }
        }
        if english > french {
            Self::English
        } else {
            Self::French
        }
    }
}

/// A problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `urn:paraphe:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, one sentence.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// This very case: which reader, how many tries are left, which file...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable code.
    pub code: ErrorCode,
    /// The layer that failed.
    pub layer: Layer,
    /// Status word of the card, hexadecimal, where the card refused: its own error, unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_status: Option<String>,
    /// PIN entries left, where the PIN was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// The cards among which the caller must choose, where several would do: each by its reader, and by its serial number
    /// where it could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<CardChoice>,
    /// The place in the line, where the request waits for its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePlace>,
    /// What to do and who can.
    pub remedy: Remedy,
}

/// A place in the line of requests that wait for their turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueuePlace {
    /// What the same request carries as `X-Paraphe-Queue` when it is sent again, so that it goes on where it was.
    pub ticket: String,
    /// How many are before it.
    pub ahead: u32,
    /// How long the place is kept, milliseconds.
    pub kept_ms: u32,
}

/// One of several cards that would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardChoice {
    /// The reader's PC/SC name, as a request's `reader` takes it.
    pub reader: String,
    /// The card; its serial number is what a request's `card` takes.
    pub card: CardSummary,
}

impl Problem {
    /// A problem of this code in this language, without detail.
    #[must_use]
    pub fn new(code: ErrorCode, language: Language) -> Self {
        Self {
            kind: format!("urn:paraphe:problem:{}", code.name()),
            title: code.title(language).to_owned(),
            status: code.status(),
            detail: None,
            code,
            layer: code.layer(),
            card_status: None,
            tries_left: None,
            choices: Vec::new(),
            queue: None,
            remedy: code.remedy(language),
        }
    }

    /// The same with a sentence on this very case.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{ErrorCode, Language, Problem};

    #[test]
    fn french_unless_english_is_preferred() {
        for french in [
            "",
            "fr",
            "de",
            "en;q=0.3, fr;q=0.3",
            "en;q=2",
            "en;q=x",
            "*",
        ] {
            assert_eq!(
                Language::from_accept_language(french),
                Language::French,
                "{french}"
            );
        }
        for english in ["en", "EN-us", "fr;q=0.2,en;q=0.3"] {
            assert_eq!(
                Language::from_accept_language(english),
                Language::English,
                "{english}"
            );
        }
    }

    #[test]
    fn a_problem_is_written_as_rfc_9457_asks() {
        let problem = Problem::new(ErrorCode::PinBlocked, Language::French);
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:paraphe:problem:pin-blocked");
        assert_eq!(json["status"], 409);
        assert_eq!(json["layer"], "card");
        assert_eq!(json["remedy"]["who"], "issuer");
        assert!(json.get("detail").is_none());
    }
}
