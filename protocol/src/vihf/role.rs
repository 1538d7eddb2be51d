//! What the user is (`subject:role`): the profession, and for physicians and pharmacists their speciality as a second role.
//!
//! Tables G15 and G16 for professions, R01 and G05 for specialities, TRE_A00 for who has no profession: the card's certificate
//! says all of it. Refused: a physician or pharmacist without a speciality (the shared record refuses them), a speciality that is
//! not on the card, a card that says neither profession nor staff.

use paraphe_certs::{CardKind, Holder, ProfessionCode};

/// A coded role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Code.
    pub code: String,
    /// Object identifier of the table.
    pub code_system: String,
    /// Name of the table, where it was given. It decides nothing.
    pub code_system_name: Option<String>,
    /// Label, where it was given. It decides nothing.
    pub display_name: Option<String>,
}

/// Why a card gives no roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleError {
    /// Neither profession nor staff.
    #[error("the certificate states no profession")]
    NoProfession,
    /// A physician's or pharmacist's card without a speciality.
    #[error("the certificate of a physician or pharmacist states no speciality")]
    NoSpeciality,
    /// Several specialities, and none was chosen.
    #[error("the certificate states several specialities: one must be chosen")]
    SeveralSpecialities,
    /// A speciality that the card does not have.
    #[error("the certificate does not state the chosen speciality")]
    ForeignSpeciality,
}

const PROFESSIONS: &str = "1.2.250.1.71.1.2.7";
const PROFESSIONS_IN_TRAINING: &str = "1.2.250.1.71.1.2.8";
const SKILLS: &str = "1.2.250.1.71.4.2.5";
const PHARMACISTS: &str = "1.2.250.1.71.4.2.6";
const NO_PROFESSION: &str = "1.2.250.1.213.1.1.4.6";

impl Role {
    /// An automaton (TRE_A00).
    pub(super) fn automaton() -> Self {
        Self::new("AUTOMATE", NO_PROFESSION, None, "Automate")
    }

    fn new(code: &str, system: &str, system_name: Option<&str>, label: &str) -> Self {
        Self {
            code: code.to_owned(),
            code_system: system.to_owned(),
            code_system_name: system_name.map(str::to_owned),
            display_name: Some(label.to_owned()),
        }
    }

    /// The roles of a card's holder, with the speciality that was chosen among the card's.
    pub(super) fn of_holder(
        holder: &Holder,
        speciality: Option<&str>,
    ) -> Result<Vec<Self>, RoleError> {
        let profession = Self::profession(holder).ok_or(RoleError::NoProfession)?;
        let Some(system) = speciality_system(&profession) else {
            return match speciality {
                None => Ok(vec![profession]),
                Some(_) => Err(RoleError::ForeignSpeciality),
            };
        };
        let skill = match (speciality, holder.skills.as_slice()) {
            (_, []) => return Err(RoleError::NoSpeciality),
            (None, [only]) => only,
            (None, _) => return Err(RoleError::SeveralSpecialities),
            (Some(chosen), skills) => skills
                .iter()
                .find(|skill| *skill == chosen)
                .ok_or(RoleError::ForeignSpeciality)?,
        };
        let name = (system == SKILLS).then_some("specialites RPPS");
        let speciality = Self::new(skill, system, name, speciality_label(skill));
        Ok(vec![profession, speciality])
    }

    /// Whether these are roles that the holder's card states.
    pub(super) fn are_of_holder(roles: &[Self], holder: &Holder) -> bool {
        let speciality = roles.get(1).map(|role| role.code.as_str());
        Self::of_holder(holder, speciality).is_ok_and(|stated| {
            let code = |role: &Self| (role.code.clone(), role.code_system.clone());
            stated.iter().map(code).eq(roles.iter().map(code))
        })
    }

    /// Whether there are as many as the first demands: two of a physician or pharmacist, one of anybody else.
    pub(super) fn are_complete(roles: &[Self]) -> bool {
        match roles {
            [profession] => speciality_system(profession).is_none(),
            [profession, speciality] => {
                speciality_system(profession) == Some(speciality.code_system.as_str())
            }
            _ => false,
        }
    }

    fn profession(holder: &Holder) -> Option<Self> {
        let label = |code: ProfessionCode| {
            let label = code.label().or(holder.title.as_deref());
            label.unwrap_or("Professionnel de santé").to_owned()
        };
        if let Some(code) = holder.profession {
            let system_name = Some("professions");
            return Some(Self::new(
                &code.to_string(),
                PROFESSIONS,
                system_name,
                &label(code),
            ));
        }
        if let Some(code) = holder.profession_in_training {
            return Some(Self::new(
                &code.to_string(),
                PROFESSIONS_IN_TRAINING,
                None,
                &label(code),
            ));
        }
        let is_staff = holder.card_kind == Some(CardKind::Cpe);
        is_staff.then(|| {
            Self::new(
                "SECRETARIAT_MEDICAL",
                NO_PROFESSION,
                None,
                "Secrétariat médical",
            )
        })
    }
}

/// The table of specialities of a profession, where it must state one. Somebody in training has none.
fn speciality_system(profession: &Role) -> Option<&'static str> {
    if profession.code_system != PROFESSIONS {
        return None;
    }
    match profession.code.as_str() {
        "10" => Some(SKILLS),
        "21" => Some(PHARMACISTS),
        _ => None,
    }
}

/// Labels that general practice meets; others read as their code.
fn speciality_label(code: &str) -> &str {
    match code {
        "SM26" => "Qualifié en médecine générale (SM)",
        "SM53" => "Spécialiste en médecine générale (SM)",
        "SM54" => "Médecine générale (SM)",
        other => other,
    }
}
