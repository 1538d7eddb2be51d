//! The authorities of the test PKI: three roots, and under each an issuing authority for persons and one for organisations.
//!
//! Names follow the pattern of the IGC-Santé TEST ones, with SIMULATEUR where that names itself and an organisation of our own:
//! nobody can take them for the real ones.

use super::name::{self, Rdn};
use crate::der;

/// Organisation of every authority.
pub const ORGANIZATION: &str = "PARAPHE-SIMULATEUR";
/// Where lists and certificates would be published: a host that cannot exist (RFC 6761).
const PUBLICATION_HOST: &str = "igc.simulateur.invalid";

/// Assurance level, one root each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// ELEMENTAIRE: software certificates, structures.
    Elementaire,
    /// STANDARD: CPE and CPA.
    Standard,
    /// FORT: CPS and CPF.
    Fort,
}

impl Level {
    /// The three levels.
    pub const ALL: [Self; 3] = [Self::Elementaire, Self::Standard, Self::Fort];

    const fn word(self) -> &'static str {
        match self {
            Self::Elementaire => "ELEMENTAIRE",
            Self::Standard => "STANDARD",
            Self::Fort => "FORT",
        }
    }

    const fn abbreviation(self) -> &'static str {
        match self {
            Self::Elementaire => "EL",
            Self::Standard => "ST",
            Self::Fort => "FO",
        }
    }
}

/// One authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authority {
    /// `TEST AC RACINE SIMULATEUR …`.
    Root(Level),
    /// `TEST AC SIMULATEUR … PERSONNES`.
    Persons(Level),
    /// `TEST AC SIMULATEUR … ORGANISATIONS`.
    Organizations(Level),
}

impl Authority {
    /// The nine authorities, roots first.
    pub const ALL: [Self; 9] = [
        Self::Root(Level::Elementaire),
        Self::Root(Level::Standard),
        Self::Root(Level::Fort),
        Self::Persons(Level::Elementaire),
        Self::Persons(Level::Standard),
        Self::Persons(Level::Fort),
        Self::Organizations(Level::Elementaire),
        Self::Organizations(Level::Standard),
        Self::Organizations(Level::Fort),
    ];

    /// Who signs this authority's certificate; a root signs its own.
    #[must_use]
    pub const fn issuer(self) -> Self {
        match self {
            Self::Root(level) | Self::Persons(level) | Self::Organizations(level) => {
                Self::Root(level)
            }
        }
    }

    /// Whether the authority is a root.
    #[must_use]
    pub const fn is_root(self) -> bool {
        matches!(self, Self::Root(_))
    }

    /// commonName.
    #[must_use]
    pub fn common_name(self) -> String {
        match self {
            Self::Root(level) => format!("TEST AC RACINE SIMULATEUR {}", level.word()),
            Self::Persons(level) => format!("TEST AC SIMULATEUR {} PERSONNES", level.word()),
            Self::Organizations(level) => {
                format!("TEST AC SIMULATEUR {} ORGANISATIONS", level.word())
            }
        }
    }

    /// Name of its files without extension, after the field's own: `ACR-FO-TEST`, `ACI-FO-PP-TEST`, `ACI-EL-ORG-TEST`.
    #[must_use]
    pub fn file_stem(self) -> String {
        match self {
            Self::Root(level) => format!("ACR-{}-TEST", level.abbreviation()),
            Self::Persons(level) => format!("ACI-{}-PP-TEST", level.abbreviation()),
            Self::Organizations(level) => format!("ACI-{}-ORG-TEST", level.abbreviation()),
        }
    }

    /// The authority whose files have this stem.
    #[must_use]
    pub fn from_file_stem(stem: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|authority| authority.file_stem() == stem)
    }

    pub(super) fn crl_url(self) -> String {
        format!("http://{PUBLICATION_HOST}/CRL/{}.crl", self.file_stem())
    }

    pub(super) fn delta_crl_url(self) -> String {
        format!(
            "http://{PUBLICATION_HOST}/CRL/{}-DELTA.crl",
            self.file_stem()
        )
    }

    pub(super) fn certificate_url(self) -> String {
        format!("http://{PUBLICATION_HOST}/AC/{}.cer", self.file_stem())
    }

    pub(super) fn ocsp_url() -> String {
        format!("http://ocsp.{PUBLICATION_HOST}")
    }

    pub(super) fn policy_url() -> String {
        format!("http://{PUBLICATION_HOST}/PC")
    }

    /// C, O, OU (ISO 6523 code and number), OU, CN: the order of the field's authorities.
    pub(super) fn subject(self) -> Vec<Rdn> {
        vec![
            vec![name::printable("2.5.4.6", "FR")],
            vec![name::utf8("2.5.4.10", ORGANIZATION)],
            vec![name::utf8("2.5.4.11", "0002 000000000")],
            vec![name::utf8("2.5.4.11", "SIMULATEUR TEST")],
            vec![name::utf8("2.5.4.3", &self.common_name())],
        ]
    }

    pub(super) fn raw_subject(self) -> Option<Vec<u8>> {
        let rdns: Option<Vec<Vec<u8>>> = self.subject().iter().map(name::encode_rdn).collect();
        rdns.map(|rdns| der::sequence(&rdns))
    }
}
