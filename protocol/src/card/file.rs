//! The files of a card as the drivers speak of them: which file an error is about, and the path
//! that selects it. Paths are those of ISO/IEC 7816-4 section 5.3.1.2: two-byte identifiers from
//! the master file `3F00` down.

use std::fmt;

use serde::Serialize;

/// The file that an operation or an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CardFile {
    /// EF.SN.ICC, the card's serial number.
    SerialNumber,
    /// EF_ACTUA, the dates of the last update of the card's content.
    UpdateDates,
    /// EF.ATR, what the card can do.
    CardCapabilities,
    /// EF.DIR, the card's applications.
    ApplicationDirectory,
    /// The PKCS#15 application itself.
    Application,
    /// EF.OD, where the PKCS#15 directories are.
    ObjectDirectory,
    /// EF.TokenInfo.
    TokenInfo,
    /// EF.AODF, how PINs are presented.
    AuthenticationObjects,
    /// EF.PrKDF, the private keys.
    PrivateKeys,
    /// EF.CDF, the certificates.
    CertificateDirectory,
    /// EF.DODF, the data objects.
    DataObjects,
    /// A certificate, by its place in EF.CDF.
    Certificate,
    /// The control data of a PIN (GET DATA).
    PinCounters,
    /// CPS_INFO_PS, CPS_NAME_PS, CPS_ID_CARD.
    ProfessionalData,
    /// CPS_ACTIVITY_nn_PS, a practice situation.
    PracticeSituation,
    /// The application of a Vitale card.
    VitaleApplication,
    /// The identity records of a Vitale card.
    VitaleIdentity,
    /// The NIR records of a Vitale card.
    VitaleNir,
}

impl fmt::Display for CardFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SerialNumber => "EF.SN",
            Self::UpdateDates => "EF_ACTUA",
            Self::CardCapabilities => "EF.ATR",
            Self::ApplicationDirectory => "EF.DIR",
            Self::Application => "the PKCS#15 application",
            Self::ObjectDirectory => "EF.OD",
            Self::TokenInfo => "EF.TokenInfo",
            Self::AuthenticationObjects => "EF.AODF",
            Self::PrivateKeys => "EF.PrKDF",
            Self::CertificateDirectory => "EF.CDF",
            Self::DataObjects => "EF.DODF",
            Self::Certificate => "a certificate",
            Self::PinCounters => "the PIN counters",
            Self::ProfessionalData => "the professional's data",
            Self::PracticeSituation => "a practice situation",
            Self::VitaleApplication => "the Vitale application",
            Self::VitaleIdentity => "the Vitale identity records",
            Self::VitaleNir => "the Vitale NIR records",
        })
    }
}

/// An absolute path: 1 to 8 identifiers, the first of them `3F00`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FilePath(Vec<u8>);

impl FilePath {
    /// The master file.
    const MASTER_FILE: [u8; 2] = [0x3F, 0x00];
    /// Bytes in the longest path.
    const MAX_BYTES: usize = 16;

    /// The master file itself.
    #[must_use]
    pub fn master_file() -> Self {
        Self(Self::MASTER_FILE.to_vec())
    }

    /// An absolute path. `None` if it does not begin by `3F00`, has an odd length or more than 8
    /// identifiers.
    #[must_use]
    pub fn absolute(bytes: &[u8]) -> Option<Self> {
        let fits = bytes.len().is_multiple_of(2) && bytes.len() <= Self::MAX_BYTES;
        (fits && bytes.starts_with(&Self::MASTER_FILE)).then(|| Self(bytes.to_vec()))
    }

    /// A path as a directory file of the folder `self` writes it: absolute, or relative to that
    /// folder. `None` if neither fits.
    #[must_use]
    pub fn resolve(&self, written: &[u8]) -> Option<Self> {
        if written.is_empty() {
            None
        } else if written.starts_with(&Self::MASTER_FILE) {
            Self::absolute(written)
        } else {
            Self::absolute(&[self.0.as_slice(), written].concat())
        }
    }

    /// The path of the file `identifier` inside the folder `self`; `None` beyond 8 identifiers.
    #[must_use]
    pub fn child(&self, identifier: u16) -> Option<Self> {
        self.resolve(&identifier.to_be_bytes())
    }

    /// The identifiers, two bytes each, `3F00` first.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::FilePath;

    #[test]
    fn paths_are_absolute_and_bounded() {
        let application = FilePath::absolute(&[0x3F, 0x00, 0x00, 0x01]).unwrap();
        let file = application.child(0x5031).unwrap();
        assert_eq!(file.as_bytes(), [0x3F, 0x00, 0x00, 0x01, 0x50, 0x31]);
        assert_eq!(application.resolve(file.as_bytes()), Some(file.clone()));
        assert_eq!(application.resolve(&[]), None);
        assert_eq!(application.resolve(&[0x50]), None);
        assert_eq!(FilePath::absolute(&[0x00, 0x01]), None);
        assert_eq!(FilePath::absolute(&[0x3F]), None);
        assert_eq!(FilePath::absolute(&[0x3F, 0x00].repeat(9)), None);
        assert_eq!(file.resolve(&[0x50; 12]), None);
        assert_eq!(format!("{file:?}"), "3F0000015031");
    }
}
