//! `card/read`: who holds the professional's card, its certificates, its PIN state, and on request (PIN needed) the
//! practice situations.

use paraphe_certs::{Holder, Structure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::SignatureAlgorithm;
use crate::card;

/// Which card to read and how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardReadRequest {
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant (as in [`CardSummary::serial`]); refused if another card is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Also read the practice situations, which asks for the PIN.
    #[serde(default)]
    pub practice_situations: bool,
}

/// What a token can prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Assurance {
    /// That its holder, who knows the PIN, is there with the card.
    Holder,
    /// That the card is there, in anybody's hand.
    CardOnly,
    /// That somebody has a file, or a token that its issuer calls software, and what opens it.
    Software,
}

impl From<card::Assurance> for Assurance {
    fn from(assurance: card::Assurance) -> Self {
        match assurance {
            card::Assurance::Holder => Self::Holder,
            card::Assurance::CardOnly => Self::CardOnly,
        }
    }
}

/// What the card says. Not `Deserialize`: the holder is read from a certificate, never from JSON.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CardReadResponse {
    /// Reader's PC/SC name.
    pub reader: String,
    /// The card itself.
    pub card: CardSummary,
    /// What the card can prove: that its holder is there (`holder`), or only that the card is (`card-only`, without
    /// contacts), or neither (`software`). A `card-only` card gives no holder, takes no PIN, and neither logs in nor signs.
    pub assurance: Assurance,
    /// The holder, from the signature certificate (authentication certificate where there is no other). Absent where the
    /// card proves no holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// The structure, where the certificate is a structure's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// Certificates found, authentication first.
    pub certificates: Vec<CertificateSummary>,
    /// What the signature key signs documents with, the preferred algorithm first. Empty where there is none, or where the
    /// certificate's key is of a kind or size that is refused.
    pub document_algorithms: Vec<SignatureAlgorithm>,
    /// Tries left, read without spending one; absent where the card has no PIN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinSummary>,
    /// Practice situations; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice_situations: Option<Vec<PracticeSituationSummary>>,
}

/// A card in a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardSummary {
    /// `cps3`, `cps3-contactless`, `cps4`, `vitale2`, `vitale1`, `unknown`... ([`CardModel::name`](crate::card::CardModel)),
    /// or `pkcs11`, `software`.
    pub kind: String,
    /// Answer to reset, hexadecimal capitals. Absent for a token that is no card in a reader of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atr: Option<String>,
    /// Serial number (EF.SN.ICC without issuer prefix), digits. Absent until the card was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// PKCS#15 token label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A certificate on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CertificateSummary {
    /// What its key is for.
    pub purpose: CertificatePurpose,
    /// Subject, RFC 2253 form.
    pub subject: String,
    /// Issuer, RFC 2253 form.
    pub issuer: String,
    /// Serial number, decimal.
    pub serial_number: String,
    /// Start of validity.
    pub not_before: i64,
    /// End of validity.
    pub not_after: i64,
    /// SHA-256 of the DER form, hexadecimal.
    pub sha256: String,
    /// DER form, base64.
    pub der: String,
}

/// What a certificate's key is for, read from its key usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CertificatePurpose {
    /// Log in (digitalSignature).
    Authentication,
    /// Sign documents (nonRepudiation).
    Signature,
    /// Prove that the card is there, without contacts and without PIN.
    Technical,
}

/// State of the PIN ("code porteur").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinSummary {
    /// Wrong entries allowed in a row. Absent where the token does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_max: Option<u8>,
    /// Entries left before the card blocks. Absent where the token does not say, which is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u8>,
    /// The PIN was missed since the last right entry: said by tokens that do not say how many tries are left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missed: bool,
    /// No try left: only the unblocking code helps.
    pub blocked: bool,
}

/// A practice situation ("situation d'exercice"), CPS_ACTIVITY_nn_PS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PracticeSituationSummary {
    /// 1 to 16; numbers may have holes.
    pub number: u8,
    /// Structure's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure_name: Option<String>,
    /// Structure's national identifier, with its type digit (G07).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure_id: Option<String>,
    /// Sector of activity (R02), such as `SA07`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// Mode of practice (G17).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u8>,
}
