//! Professions of health, table G15 (OID 1.2.250.1.71.1.2.7), and its subset for professionals in training, table G16.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A code of table G15. Codes that this crate does not know are kept: the table grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ProfessionCode(pub u8);

impl ProfessionCode {
    /// 10, médecin.
    pub const PHYSICIAN: Self = Self(10);
    /// 21, pharmacien.
    pub const PHARMACIST: Self = Self(21);
    /// 40, chirurgien-dentiste.
    pub const DENTIST: Self = Self(40);
    /// 50, sage-femme.
    pub const MIDWIFE: Self = Self(50);
    /// 60, infirmier.
    pub const NURSE: Self = Self(60);

    /// The label of table G15, in French; none where the code is not in the table as known here.
    #[must_use]
    pub const fn label(self) -> Option<&'static str> {
        Some(match self.0 {
            10 => "Médecin",
            21 => "Pharmacien",
            26 => "Audioprothésiste",
            28 => "Opticien-lunetier",
            31 => "Assistant dentaire",
            32 => "Physicien médical",
            35 => "Aide-soignant",
            36 => "Ambulancier",
            37 => "Auxiliaire de puériculture",
            38 | 39 => "Préparateur en pharmacie",
            40 => "Chirurgien-dentiste",
            50 => "Sage-femme",
            60 => "Infirmier",
            69 => "Infirmier psychiatrique",
            70 => "Masseur-kinésithérapeute",
            80 => "Pédicure-podologue",
            81..=85 => "Professionnel de l'appareillage",
            86 => "Technicien de laboratoire médical",
            91 => "Orthophoniste",
            92 => "Orthoptiste",
            94 => "Ergothérapeute",
            95 => "Diététicien",
            96 => "Psychomotricien",
            98 => "Manipulateur ERM",
            _ => return None,
        })
    }
}

impl std::fmt::Display for ProfessionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
