//! Who a record is about, and that they agreed. The identity comes from a beneficiary read on a Vitale card: the
//! person's own number is required, with its key, and never the rights holder's for a dependant (domain facts 3.1, 3.2);
//! temporary numbers are refused; the authority's OID depends on the environment (3.4). Consent must be recorded: given,
//! by which form, collected by whom and when (6.4).

use paraphe_certs::{NationalId, UnixTime};
use paraphe_protocol::api::{BeneficiarySummary, NirSummary};
use paraphe_protocol::identifiers::{BirthDate, Environment, Ins, Nir, NirKind};
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Refusal};

/// Longest name, characters.
const MAXIMUM_NAME: usize = 100;

/// How the patient agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConsentForm {
    /// A box ticked before the patient.
    Checkbox,
    /// By word.
    Oral,
    /// On paper.
    Written,
}

impl ConsentForm {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Checkbox => "checkbox",
            Self::Oral => "oral",
            Self::Written => "written",
        }
    }
}

/// The consent as the client reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The patient said yes.
    pub given: bool,
    /// How.
    pub form: ConsentForm,
    /// National identifier, with its type digit, of who asked the patient.
    pub collected_by: String,
    /// When.
    pub collected_at: UnixTime,
}

/// A consent that was given, says who and when, and is not of the future.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedConsent {
    /// How.
    pub form: ConsentForm,
    /// Who asked the patient.
    pub collected_by: String,
    /// When.
    pub collected_at: UnixTime,
}

/// How far the workstation's clock may run ahead, seconds.
const CLOCK_TOLERANCE: i64 = 120;

impl RecordedConsent {
    /// Reads the client's report.
    ///
    /// # Errors
    /// `consent-missing` where there is none or it was not given, `consent-invalid` where it does not say who or is of
    /// the future.
    pub(crate) fn parse(consent: Option<Consent>, now: UnixTime) -> Result<Self, Refusal> {
        let consent = consent
            .filter(|consent| consent.given)
            .ok_or(Code::ConsentMissing)?;
        let collected_by = NationalId::parse(&consent.collected_by)
            .map_err(|error| Refusal::new(Code::ConsentInvalid).because(error))?;
        if consent.collected_at > now.plus_seconds(CLOCK_TOLERANCE)
            || consent.collected_at < UnixTime(0)
        {
            return Err(Code::ConsentInvalid.into());
        }
        Ok(Self {
            form: consent.form,
            collected_by: collected_by.to_string(),
            collected_at: consent.collected_at,
        })
    }
}

/// A person who may have a record: own permanent number, names, birth date as on the card.
#[derive(Debug, Clone)]
pub(crate) struct PatientIdentity {
    pub(crate) ins: Ins,
    pub(crate) family_name: String,
    pub(crate) given_name: String,
    pub(crate) birth_date: BirthDate,
}

impl PatientIdentity {
    /// Reads one beneficiary of a Vitale card.
    pub(crate) fn parse(
        beneficiary: &BeneficiarySummary,
        environment: Environment,
    ) -> Result<Self, Refusal> {
        let number = beneficiary.nir.as_ref().ok_or(Code::PatientNumberMissing)?;
        let ins = parse_number(number, environment)?;
        let birth_date = beneficiary
            .birth_date
            .parse()
            .map_err(|_| Code::PatientIdentityInvalid)?;
        Ok(Self {
            ins,
            family_name: name(&beneficiary.family_name)?,
            given_name: name(&beneficiary.given_name)?,
            birth_date,
        })
    }
}

/// Reads a number with its key: permanent ones only.
pub(crate) fn parse_number(number: &NirSummary, environment: Environment) -> Result<Ins, Refusal> {
    let nir = Nir::from_number_and_key(&number.number, &number.key)
        .map_err(|error| Refusal::new(Code::PatientNumberInvalid).because(error))?;
    match nir.kind() {
        NirKind::Permanent => Ok(Ins::new(nir, environment)),
        NirKind::Temporary => Err(Code::PatientNumberTemporary.into()),
    }
}

/// Matricule and key as one text of 15 characters.
pub(crate) fn matricule(ins: &Ins) -> String {
    let nir = ins.matricule();
    format!("{}{:02}", nir.number(), nir.key())
}

fn name(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let count = text.chars().count();
    if (1..=MAXIMUM_NAME).contains(&count) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Code::PatientIdentityInvalid.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_certs::UnixTime;
    use paraphe_protocol::api::{BeneficiarySummary, NirSummary};
    use paraphe_protocol::identifiers::Environment;

    use super::{Consent, ConsentForm, PatientIdentity, RecordedConsent, matricule};
    use crate::problem::Code;

    fn beneficiary(nir: Option<(&str, &str)>) -> BeneficiarySummary {
        BeneficiarySummary {
            position: 1,
            family_name: "EXEMPLE".to_owned(),
            given_name: "MARIE ODILE".to_owned(),
            birth_date: "19651112".to_owned(),
            nir: nir.map(|(number, key)| NirSummary {
                number: number.to_owned(),
                key: key.to_owned(),
            }),
            ins_c: None,
            ..BeneficiarySummary::default()
        }
    }

    #[test]
    fn an_own_number_makes_an_identity() {
        // Corsica: the letter is kept (published INS-C vectors).
        let identity = PatientIdentity::parse(
            &beneficiary(Some(("265112A571315", "79"))),
            Environment::Test,
        )
        .unwrap();
        assert_eq!(matricule(&identity.ins), "265112A57131579");
        assert_eq!(identity.ins.authority().oid(), "1.2.250.1.213.1.4.10");
        let production = PatientIdentity::parse(
            &beneficiary(Some(("265112A571315", "79"))),
            Environment::Production,
        )
        .unwrap();
        assert_eq!(production.ins.authority().oid(), "1.2.250.1.213.1.4.8");
    }

    #[test]
    fn each_bad_identity_has_its_reason() {
        let temporary_key = {
            let number: u64 = 8_651_127_571_315;
            format!("{:02}", 97 - number % 97)
        };
        let cases = [
            (beneficiary(None), Code::PatientNumberMissing),
            (
                beneficiary(Some(("265112A571315", "78"))),
                Code::PatientNumberInvalid,
            ),
            (
                beneficiary(Some(("265112A57131", "79"))),
                Code::PatientNumberInvalid,
            ),
            (
                beneficiary(Some(("8651127571315", &temporary_key))),
                Code::PatientNumberTemporary,
            ),
        ];
        for (person, code) in cases {
            assert_eq!(
                PatientIdentity::parse(&person, Environment::Test)
                    .unwrap_err()
                    .code,
                code
            );
        }
        for spoil in [
            |person: &mut BeneficiarySummary| person.family_name = "  ".to_owned(),
            |person: &mut BeneficiarySummary| person.given_name = "A\u{7}".to_owned(),
            |person: &mut BeneficiarySummary| person.family_name = "A".repeat(101),
            |person: &mut BeneficiarySummary| person.birth_date = "hier".to_owned(),
        ] {
            let mut person = beneficiary(Some(("265112A571315", "79")));
            spoil(&mut person);
            assert_eq!(
                PatientIdentity::parse(&person, Environment::Test)
                    .unwrap_err()
                    .code,
                Code::PatientIdentityInvalid
            );
        }
    }

    #[test]
    fn consent_is_given_by_somebody_and_not_in_the_future() {
        let now = UnixTime(1_795_000_000);
        let good = Consent {
            given: true,
            form: ConsentForm::Checkbox,
            collected_by: "899700000017".to_owned(),
            collected_at: now,
        };
        assert!(RecordedConsent::parse(Some(good.clone()), now).is_ok());
        let bad = [
            (None, Code::ConsentMissing),
            (
                Some(Consent {
                    given: false,
                    ..good.clone()
                }),
                Code::ConsentMissing,
            ),
            (
                Some(Consent {
                    collected_by: String::new(),
                    ..good.clone()
                }),
                Code::ConsentInvalid,
            ),
            (
                Some(Consent {
                    collected_at: now.plus_seconds(121),
                    ..good.clone()
                }),
                Code::ConsentInvalid,
            ),
            (
                Some(Consent {
                    collected_at: UnixTime(-1),
                    ..good
                }),
                Code::ConsentInvalid,
            ),
        ];
        for (consent, code) in bad {
            assert_eq!(RecordedConsent::parse(consent, now).unwrap_err().code, code);
        }
    }
}
