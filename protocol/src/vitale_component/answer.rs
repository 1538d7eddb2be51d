//! The answer of a component: beneficiaries, or why there are none.

use serde::Deserialize;

use super::CONTRACT;
use super::written::WrittenBeneficiary;
use crate::api::BeneficiarySummary;

/// Longest answer, bytes.
pub const MAXIMUM_ANSWER_BYTES: usize = 256 * 1024;
/// People on one card.
const MAXIMUM_BENEFICIARIES: usize = 20;
/// Characters of what a component says of itself.
const MAXIMUM_PRODUCT: usize = 64;

/// What a component answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentAnswer {
    /// It read.
    Read(ComponentReading),
    /// It could not.
    Refused(ComponentRefusal),
}

/// What a component read. At least one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentReading {
    /// What it says it is.
    pub product: Option<String>,
    /// Its version, as it says.
    pub version: Option<String>,
    /// Rights holder first. A dependant's `nir` is a certified number of its own or absent.
    pub beneficiaries: Vec<BeneficiarySummary>,
}

/// Why a component gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentRefusal {
    /// The person at the keyboard, or the patient on the phone, said no.
    Cancelled,
    /// It sees no Vitale card, or no phone.
    NoCard,
    /// It wants a professional's card beside the Vitale card and sees none.
    NoProfessionalCard,
    /// It is not in a state to read: no licence, no service, no network.
    Unavailable,
    /// It sees a card and cannot read it.
    UnreadableCard,
}

/// Why an answer is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentAnswerError {
    /// Longer than any answer.
    #[error("longer than {MAXIMUM_ANSWER_BYTES} bytes")]
    TooLong,
    /// Not the JSON that the contract describes.
    #[error("not the JSON of the contract, at line {line} column {column}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another version of the contract.
    #[error("contract {0} is not spoken here")]
    Contract(u8),
    /// Both or neither of `error` and `beneficiaries`.
    #[error("exactly one of `error` and `beneficiaries` is expected")]
    NotOneOutcome,
    /// No person, or more than one card holds.
    #[error("1 to {MAXIMUM_BENEFICIARIES} beneficiaries are expected")]
    Count,
    /// A field that breaks its rule.
    #[error("`{0}` breaks its rule")]
    Field(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    contract: u8,
    product: Option<String>,
    version: Option<String>,
    error: Option<ComponentRefusal>,
    beneficiaries: Option<Vec<WrittenBeneficiary>>,
}

/// Reads what a component answered.
///
/// # Errors
/// [`ComponentAnswerError`]; nothing of such an answer is used.
pub fn parse(answer: &[u8]) -> Result<ComponentAnswer, ComponentAnswerError> {
    if answer.len() > MAXIMUM_ANSWER_BYTES {
        return Err(ComponentAnswerError::TooLong);
    }
    // serde_json's words may quote a value; its position does not.
    let written: Written =
        serde_json::from_slice(answer).map_err(|error| ComponentAnswerError::Syntax {
            line: error.line(),
            column: error.column(),
        })?;
    if written.contract != CONTRACT {
        return Err(ComponentAnswerError::Contract(written.contract));
    }
    match (written.error, written.beneficiaries) {
        (Some(refusal), None) => Ok(ComponentAnswer::Refused(refusal)),
        (None, Some(beneficiaries)) => Ok(ComponentAnswer::Read(ComponentReading {
            product: text("product", written.product, MAXIMUM_PRODUCT)?,
            version: text("version", written.version, MAXIMUM_PRODUCT)?,
            beneficiaries: people(beneficiaries)?,
        })),
        _ => Err(ComponentAnswerError::NotOneOutcome),
    }
}

fn people(
    written: Vec<WrittenBeneficiary>,
) -> Result<Vec<BeneficiarySummary>, ComponentAnswerError> {
    if written.is_empty() || written.len() > MAXIMUM_BENEFICIARIES {
        return Err(ComponentAnswerError::Count);
    }
    let mut people = Vec::with_capacity(written.len());
    for (person, position) in written.into_iter().zip(1..) {
        people.push(person.checked(position)?);
    }
    // What stands on a dependant as its own number and is the holder's is the holder's.
    let holder = people.first().and_then(|holder| holder.nir.clone());
    for dependant in people.iter_mut().skip(1) {
        if dependant.nir.is_some() && dependant.nir == holder {
            dependant.nir = None;
            dependant.certified_nir = None;
            dependant.ins_c = None;
        }
    }
    Ok(people)
}

/// Text of at most so many characters, none of which steers a display; blank is absent.
pub(super) fn text(
    field: &'static str,
    text: Option<String>,
    most: usize,
) -> Result<Option<String>, ComponentAnswerError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let is_shown_as_it_is = crate::card::text::from_card(trimmed.as_bytes()) == trimmed;
    if trimmed.chars().count() > most || !is_shown_as_it_is {
        return Err(ComponentAnswerError::Field(field));
    }
    Ok(Some(trimmed.to_owned()))
}
