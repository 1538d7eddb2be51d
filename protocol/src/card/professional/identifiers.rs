//! The only file identifiers of a CPS that this program knows beforehand. Everything else is found
//! on the card.

use crate::card::reading::Extent;
use crate::card::tlv::{self, TlvError};

/// EF.DIR in the master file (ISO/IEC 7816-4 section 8.2.1.1).
pub(super) const APPLICATION_DIRECTORY: u16 = 0x2F00;
/// EF.ATR in the master file (ISO/IEC 7816-4 section 8.2.1.1).
pub(super) const CARD_CAPABILITIES: u16 = 0x2F01;
/// EF.SN in the master file.
pub(super) const SERIAL_NUMBER: u16 = 0xD003;
/// EF_ACTUA in the master file.
pub(super) const UPDATE_DATES: u16 = 0xD010;
/// EF.OD in the PKCS#15 application (PKCS#15 v1.1 section 5.5).
pub(super) const OBJECT_DIRECTORY: u16 = 0x5031;
/// EF.TokenInfo in the PKCS#15 application.
pub(super) const TOKEN_INFO: u16 = 0x5032;

/// EF_ACTUA ends with its template; content that is no template counts as far as it was read in one
/// block.
pub(super) fn update_dates_extent(content: &[u8]) -> Result<Extent, TlvError> {
    Ok(match tlv::announced_length(content) {
        Ok(Some(total)) if total > content.len() && total <= 256 => Extent::Exactly(total),
        Ok(None) => Extent::Inside,
        Ok(Some(total)) if total <= content.len() => Extent::Complete(total),
        Ok(Some(_)) | Err(_) => Extent::Complete(content.len()),
    })
}
