//! One person as a component writes it, and the rules of each field. Names beside the fields are those of the official
//! reading component's output.

use serde::Deserialize;

use super::answer::{ComponentAnswerError, text};
use crate::api::{BeneficiarySummary, InsuranceSummary, NirSummary, RightsPeriod};
use crate::identifiers::{BirthDate, InsC, Nir};

/// Characters of a name, an address line or a wording.
const MAXIMUM_TEXT: usize = 128;
/// Characters of a code.
const MAXIMUM_CODE: usize = 16;
/// Lines of an address.
const MAXIMUM_LINES: usize = 5;
/// Periods of rights.
const MAXIMUM_PERIODS: usize = 20;
/// The quality of the insured person.
const INSURED: u8 = 0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenBeneficiary {
    family_name: Option<String>,
    birth_name: Option<String>,
    given_name: Option<String>,
    birth_date: Option<String>,
    civil_birth_date: Option<String>,
    birth_rank: Option<u8>,
    nir: Option<String>,
    certified_nir: Option<String>,
    #[serde(default)]
    address: Vec<String>,
    insurance: Option<WrittenInsurance>,
    complementary_cover: Option<String>,
    treating_physician: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenInsurance {
    beneficiary_quality: Option<u8>,
    regime: Option<String>,
    fund: Option<String>,
    managing_centre: Option<String>,
    management_code: Option<String>,
    card_centre: Option<String>,
    #[serde(default)]
    rights: Vec<WrittenPeriod>,
    exemption: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPeriod {
    from: Option<String>,
    until: Option<String>,
}

impl WrittenBeneficiary {
    /// The person at this position, 1 being the rights holder unless its quality says otherwise.
    pub(super) fn checked(self, position: u8) -> Result<BeneficiarySummary, ComponentAnswerError> {
        let family_name = text("family_name", self.family_name, MAXIMUM_TEXT)?;
        let birth_name = text("birth_name", self.birth_name, MAXIMUM_TEXT)?;
        let Some(family_name) = family_name.or_else(|| birth_name.clone()) else {
            return Err(ComponentAnswerError::Field("family_name"));
        };
        let given_name = text("given_name", self.given_name, MAXIMUM_TEXT)?.unwrap_or_default();
        let birth_date = date("birth_date", self.birth_date.as_deref())?;
        let insurance = self.insurance.map(WrittenInsurance::checked).transpose()?;
        let quality = insurance
            .as_ref()
            .and_then(|insurance| insurance.beneficiary_quality);
        let is_holder = match quality {
            Some(quality) => quality == INSURED,
            None => position == 1,
        };
        let stated = nir("nir", self.nir.as_deref())?;
        let certified = nir("certified_nir", self.certified_nir.as_deref())?;
        // The plain number of a dependant is the insured person's: only a certified one is its own.
        let own = certified.clone().or(stated.filter(|_| is_holder));
        let ins_c = own.as_ref().and_then(|own| {
            InsC::compute(&given_name, birth_date.as_ref(), own)
                .ok()
                .map(|ins_c| ins_c.to_string())
        });
        Ok(BeneficiarySummary {
            position,
            family_name,
            given_name,
            birth_date: birth_date.map(String::from).unwrap_or_default(),
            nir: own.as_ref().map(NirSummary::from),
            ins_c,
            birth_name,
            civil_birth_date: date("civil_birth_date", self.civil_birth_date.as_deref())?
                .map(String::from),
            birth_rank: match self.birth_rank {
                Some(0) => return Err(ComponentAnswerError::Field("birth_rank")),
                rank => rank,
            },
            certified_nir: certified.as_ref().map(NirSummary::from),
            address: lines(self.address)?,
            insurance,
            complementary_cover: text(
                "complementary_cover",
                self.complementary_cover,
                MAXIMUM_TEXT,
            )?,
            treating_physician: text("treating_physician", self.treating_physician, MAXIMUM_TEXT)?,
            ..BeneficiarySummary::default()
        })
    }
}

impl WrittenInsurance {
    fn checked(self) -> Result<InsuranceSummary, ComponentAnswerError> {
        if self.rights.len() > MAXIMUM_PERIODS {
            return Err(ComponentAnswerError::Field("rights"));
        }
        let rights = self.rights.into_iter().map(WrittenPeriod::checked);
        Ok(InsuranceSummary {
            beneficiary_quality: self.beneficiary_quality,
            regime: text("regime", self.regime, MAXIMUM_CODE)?,
            fund: text("fund", self.fund, MAXIMUM_CODE)?,
            managing_centre: text("managing_centre", self.managing_centre, MAXIMUM_CODE)?,
            management_code: text("management_code", self.management_code, MAXIMUM_CODE)?,
            card_centre: text("card_centre", self.card_centre, MAXIMUM_CODE)?,
            rights: rights.collect::<Result<_, _>>()?,
            exemption: text("exemption", self.exemption, MAXIMUM_TEXT)?,
        })
    }
}

impl WrittenPeriod {
    fn checked(self) -> Result<RightsPeriod, ComponentAnswerError> {
        let day = |field, text: Option<String>| {
            let day = date(field, text.as_deref())?;
            match day {
                Some(day) if day.aaaammjj().is_none() => Err(ComponentAnswerError::Field(field)),
                day => Ok(day.map(String::from)),
            }
        };
        Ok(RightsPeriod {
            from: day("from", self.from)?,
            until: day("until", self.until)?,
        })
    }
}

/// Six or eight digits; blank is absent. Never through a calendar: lunar dates exist.
fn date(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<BirthDate>, ComponentAnswerError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(digits) => match digits.parse() {
            Ok(date) => Ok(Some(date)),
            Err(_) => Err(ComponentAnswerError::Field(field)),
        },
    }
}

/// Fifteen characters, number and key; blank is absent.
fn nir(field: &'static str, text: Option<&str>) -> Result<Option<Nir>, ComponentAnswerError> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(digits) => match digits.parse() {
            Ok(nir) => Ok(Some(nir)),
            Err(_) => Err(ComponentAnswerError::Field(field)),
        },
    }
}

fn lines(written: Vec<String>) -> Result<Vec<String>, ComponentAnswerError> {
    if written.len() > MAXIMUM_LINES {
        return Err(ComponentAnswerError::Field("address"));
    }
    let lines = written
        .into_iter()
        .map(|line| text("address", Some(line), MAXIMUM_TEXT));
    Ok(lines
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}
