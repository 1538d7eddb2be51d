//! `vihf`: the SAML assertion by which the French record is opened (docs/vihf.md). Who, profession, speciality, structure and sector
//! come from card and certificates, the recipient from the agent's own table; the caller says about whom and why.

use paraphe_certs::Holder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Assurance;
use crate::vihf::{PurposeOfUse, VihfMode};

/// What the caller knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VihfRequest {
    /// Mode of authentication.
    pub mode: VihfMode,
    /// Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may
    /// only confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The patient's INS matricule with its key, 15 characters; absent where the transaction is about no patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Why the record is opened.
    pub purpose: PurposeOfUse,
    /// Why the glass is broken: demanded of `bris_de_glace`, and of nothing else. It is shown to the person and is not in the
    /// assertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of the practice situation on the card, in mode DIRECTE; absent: the card's only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice_situation: Option<u8>,
    /// One of the specialities on the card, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speciality: Option<String>,
    /// Name of the software token that holds the structure's seal, in the other modes; absent: the only one with a sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<String>,
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// The assertion, to be handed to the record server as it is, once.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VihfResponse {
    /// XML text.
    pub assertion: String,
    /// Its identifier, for traces.
    pub id: String,
    /// From this time on it is good for nothing, seconds since 1970-01-01 UTC.
    pub expires_at: i64,
    /// Mode of authentication.
    pub mode: VihfMode,
    /// Why the record is opened.
    pub purpose: PurposeOfUse,
    /// Serial of the user's card.
    pub card: String,
    /// What that card can prove.
    pub assurance: Assurance,
    /// The user, as the card's certificate says.
    pub holder: Holder,
    /// Structure that the assertion names.
    pub structure_id: String,
    /// Its sector of activity.
    pub sector: String,
}
