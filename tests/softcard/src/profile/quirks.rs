//! What differs between real cards of one kind, or is not known of them: switches of a CPS profile.

use serde::Deserialize;

use super::{ProfileError, require};

/// Switchable properties of real cards.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// The file of in-field updates, 3F00/D010.
    pub ef_actua: EfActua,
    /// Whether the records of EF.DIR carry a discretionary template 73 that repeats an AID.
    pub directory_discretionary_template: bool,
    /// Which record comes first in EF.DIR.
    pub directory_order: DirectoryOrder,
    /// How flags of certificate entries are written.
    pub certificate_flags: CertificateFlags,
    /// Encoding of text in business data.
    pub text_encoding: TextEncoding,
    /// CPS4 only: which of its three answers to reset, and with it the transmission protocol.
    pub cps4_atr: Cps4Atr,
    /// CPS4 only: what it takes to select the card's application again after another program selected another one.
    pub cps4_reselection: Reselection,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            ef_actua: EfActua::Absent,
            directory_discretionary_template: true,
            directory_order: DirectoryOrder::ContactlessFirst,
            certificate_flags: CertificateFlags::Real,
            text_encoding: TextEncoding::Utf8,
            cps4_atr: Cps4Atr::default(),
            cps4_reselection: Reselection::default(),
        }
    }
}

/// State of EF_ACTUA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EfActua {
    /// A card that was never updated in the field.
    Absent,
    /// Start and end of an update are there.
    Valid,
    /// The file is there with size 0; the official module refuses such a card.
    Empty,
}

/// Order of the records of EF.DIR. The one of real cards is not established; OpenSC shows the contact application only with
/// the contactless one first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryOrder {
    /// Contactless application, then contact application.
    ContactlessFirst,
    /// Contact application, then contactless application.
    ContactFirst,
}

/// Flags of the entries of EF.CDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateFlags {
    /// `03 01 00`.
    Minimal,
    /// `03 02 08 00` and an access-rule sequence: not valid DER, as on a real card.
    Real,
}

/// Encoding of text in business data; which one real cards use is not established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// ISO 8859-1; characters outside it become `?`.
    Latin1,
}

/// The answers to reset of a CPS4.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cps4Atr {
    /// `3B9B 18 80 01 00 12 25 00 64 80 00 04 01 00 90 44`, T=1.
    #[default]
    Rc,
    /// `3B9B 18 80 01 00 12 25 00 64 80 04 01 00 00 90 44`, T=1.
    First,
    /// `3BDC 18 FF 00 00 12 25 00 64 80 00 04 01 00 90 00`, T=0.
    T0,
}

/// How a CPS4 whose logical channel 1 was left on another application comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reselection {
    /// Selecting the application by name is enough.
    #[default]
    Direct,
    /// `6985` until the card manager was selected on channel 1 and the CPS2ter application on channel 0.
    Dance,
    /// As `dance`, and each power-on and reset finds channel 1 on another application.
    DanceFromPowerOn,
}

impl Quirks {
    /// Refuses what has no meaning on this kind of card.
    pub(super) fn check(&self, is_cps4: bool) -> Result<(), ProfileError> {
        for (field, is_default) in [
            ("quirks.cps4_atr", self.cps4_atr == Cps4Atr::default()),
            (
                "quirks.cps4_reselection",
                self.cps4_reselection == Reselection::default(),
            ),
        ] {
            require(
                is_cps4 || is_default,
                field,
                "kind \"cps4\" with this field",
            )?;
        }
        // No CPS4 shows a file of updates.
        require(
            !is_cps4 || self.ef_actua == EfActua::Absent,
            "quirks.ef_actua",
            "another kind than \"cps4\" with this field",
        )
    }
}
