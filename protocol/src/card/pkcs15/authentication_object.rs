//! EF.AODF, how PINs are presented (PKCS#15 v1.1 section 6.8.1). What is wanted of it is the form
//! of the holder's PIN and that of the code that unblocks it. Their flags tell them apart and nothing
//! else does: on real cards the identifiers that should join them differ. The flags of a real
//! CPS3 say "needs padding" and store 8 bytes for 4 digits.

use super::entry::{
    BIT_STRING, ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, TYPE_ATTRIBUTES, bit, entries,
    unsigned,
};
use crate::card::error::CardError;
use crate::card::file::CardFile;
use crate::card::pin::PinFormat;
use crate::card::tlv::Element;

/// pinFlags: the PIN is filled up to its stored length.
const NEEDS_PADDING: usize = 5;
/// pinFlags: this one unblocks another.
const UNBLOCKING_PIN: usize = 6;
/// pinFlags: this one is the issuer's.
const SECURITY_OFFICER_PIN: usize = 7;
/// pinType ascii-numeric, and utf8, which is the same for digits.
const DIGITS_AS_CHARACTERS: [u32; 2] = [1, 2];

/// The form of the holder's PIN: the first PIN of the file that is neither an unblocking nor a
/// security officer one.
///
/// # Errors
/// [`CardError::Malformed`] for content that is not BER-TLV or a PIN whose form is incomplete or
/// unusable; [`CardError::NoPin`] where the file holds no PIN of the holder.
pub fn pin_format(content: &[u8]) -> Result<PinFormat, CardError> {
    first(content, |attributes| !unblocks(attributes))?.ok_or(CardError::NoPin)
}

/// The form of the code that unblocks the holder's PIN: the first PIN of the file that is flagged as
/// an unblocking or security officer one. `None` where the file holds none.
///
/// # Errors
/// [`CardError::Malformed`] as for [`pin_format`].
pub fn unblocking_code_format(content: &[u8]) -> Result<Option<PinFormat>, CardError> {
    first(content, unblocks)
}

fn first(
    content: &[u8],
    is_wanted: impl Fn(&Element<'_>) -> bool,
) -> Result<Option<PinFormat>, CardError> {
    let entries = entries(content, CardFile::AuthenticationObjects)?;
    entries
        .iter()
        .filter(|entry| entry.is(SEQUENCE))
        .filter_map(|entry| entry.child(TYPE_ATTRIBUTES)?.child(SEQUENCE))
        .find(|attributes| is_wanted(attributes))
        .map(format)
        .transpose()
}

fn unblocks(attributes: &Element<'_>) -> bool {
    is_flagged(attributes, UNBLOCKING_PIN) || is_flagged(attributes, SECURITY_OFFICER_PIN)
}

fn is_flagged(attributes: &Element<'_>, flag: usize) -> bool {
    attributes
        .child(BIT_STRING)
        .is_some_and(|flags| bit(flags.value(), flag))
}

/// PinAttributes: flags, type, minLength, storedLength, [maxLength], [0] reference, [padChar].
fn format(attributes: &Element<'_>) -> Result<PinFormat, CardError> {
    let file = CardFile::AuthenticationObjects;
    let kind = attributes
        .child(ENUMERATED)
        .and_then(|kind| unsigned(kind.value()));
    if !kind.is_some_and(|kind| DIGITS_AS_CHARACTERS.contains(&kind)) {
        return Err(CardError::invalid(file, "pinType"));
    }
    let mut lengths = attributes
        .children()
        .iter()
        .filter(|child| child.is(INTEGER))
        .map(|child| unsigned(child.value()).and_then(|length| usize::try_from(length).ok()));
    let mut length = || {
        lengths
            .next()
            .map(|length| length.ok_or(CardError::invalid(file, "length of the PIN")))
            .transpose()
    };
    let minimum = length()?.ok_or(CardError::missing(file, "minLength"))?;
    let stored = length()?.ok_or(CardError::missing(file, "storedLength"))?;
    let maximum = length()?.unwrap_or(stored);
    let reference = match attributes.child(0x80).map(Element::value) {
        Some([reference] | [0, reference]) => *reference,
        None => 0,
        Some(_) => return Err(CardError::invalid(file, "pinReference")),
    };
    let padding = match attributes.child(OCTET_STRING).map(Element::value) {
        Some([padding]) if is_flagged(attributes, NEEDS_PADDING) => Some(*padding),
        _ if is_flagged(attributes, NEEDS_PADDING) && minimum < stored => {
            return Err(CardError::missing(file, "padChar"));
        }
        _ => None,
    };
    PinFormat::new(minimum, maximum, stored, padding, reference)
        .map_err(|_| CardError::invalid(file, "form of the PIN"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{pin_format, unblocking_code_format};
    use crate::card::error::CardError;
    use crate::card::pin::PinFormat;

    /// The holder's PIN of a real card, as published: invalid flags `03 01 08`, access rules, four
    /// digits padded to eight bytes.
    const HOLDER: &[u8] = b"\x30\x61\x30\x3F\x0C\x1CCode porteur de la carte CPX\x03\x01\x08\x04\x01\x02\x30\x19\x30\x06\x03\x02\x05\x20\x05\x00\
        \x30\x06\x03\x02\x06\x40\x05\x00\x30\x07\x03\x02\x03\x08\x04\x01\x04\x30\x03\x04\x01\x01\xA1\x19\x30\x17\x03\x03\x04\x0C\x10\x0A\x01\x01\
        \x02\x01\x04\x02\x01\x08\x02\x01\x04\x80\x01\x01\x04\x01\xFF";
    /// Its unblocking code: soPin flag, eight digits, reference 2.
    const UNBLOCKING: &[u8] = b"\x30\x25\x30\x0B\x0C\x04Code\x03\x01\x08\x30\x00\x30\x03\x04\x01\x04\xA1\x11\x30\x0F\x03\x03\x04\x1D\x10\x0A\x01\x02\
        \x02\x01\x08\x02\x01\x08";

    #[test]
    fn the_holder_s_pin_of_a_real_card_is_read() {
        let format = pin_format(&[HOLDER, &[0; 9]].concat()).unwrap();
        assert_eq!(format, PinFormat::new(4, 4, 8, Some(0xFF), 1).unwrap());
    }

    #[test]
    fn an_unblocking_code_is_not_the_holder_s_pin() {
        let unblocking = &UNBLOCKING[..UNBLOCKING.len()];
        let fixed = fix_lengths(unblocking);
        assert!(matches!(pin_format(&fixed), Err(CardError::NoPin)));
        assert_eq!(
            pin_format(&[fixed.as_slice(), HOLDER].concat())
                .unwrap()
                .reference(),
            1
        );
        assert!(matches!(pin_format(&[]), Err(CardError::NoPin)));
    }

    #[test]
    fn the_unblocking_code_of_a_real_card_is_read() {
        // "Code de déblocage de la carte CPX", soPin, unblock-disabled, needs-padding, 8/8/8,
        // reference 02, no padding character.
        let real = b"\x30\x58\x30\x39\x0C\x22Code de d\xC3\xA9blocage de la carte CPX\x03\x01\x08\x30\x10\
            \x30\x06\x03\x02\x05\x20\x05\x00\x30\x06\x03\x02\x06\x40\x05\x00\x30\x03\x04\x01\x04\
            \xA1\x16\x30\x14\x03\x03\x04\x1D\x10\x0A\x01\x02\x02\x01\x08\x02\x01\x08\x02\x01\x08\x80\x01\x02";
        let content = [HOLDER, real.as_slice()].concat();
        let format = unblocking_code_format(&content).unwrap().unwrap();
        assert_eq!(format, PinFormat::new(8, 8, 8, None, 2).unwrap());
        assert_eq!(pin_format(&content).unwrap().reference(), 1);
        assert_eq!(unblocking_code_format(HOLDER).unwrap(), None);
    }

    /// The test vector's outer lengths follow its parts.
    fn fix_lengths(entry: &[u8]) -> Vec<u8> {
        let mut entry = entry.to_vec();
        let length = entry.len();
        let attributes = 2 + 2 + 11 + 2 + 3;
        entry[1] = u8::try_from(length - 2).unwrap();
        entry[attributes + 1] = u8::try_from(length - attributes - 2).unwrap();
        entry[attributes + 3] = u8::try_from(length - attributes - 4).unwrap();
        entry
    }

    #[test]
    fn an_incomplete_form_is_refused() {
        for (from, to) in [
            (b"\x0A\x01\x01".as_slice(), b"\x0A\x01\x00".as_slice()),
            (b"\x02\x01\x08\x02\x01\x04", b"\x02\x01\x11\x02\x01\x04"),
            (b"\x04\x01\xFF", b"\x05\x01\xFF"),
            (b"\x80\x01\x01", b"\x80\x01\x81"),
            (b"\x02\x01\x04\x02\x01\x08", b"\x06\x01\x04\x06\x01\x08"),
        ] {
            let at = HOLDER
                .windows(from.len())
                .rposition(|window| window == from)
                .unwrap();
            let mut content = HOLDER.to_vec();
            content[at..at + to.len()].copy_from_slice(to);
            assert!(
                matches!(pin_format(&content), Err(CardError::Malformed { .. })),
                "{to:02X?}"
            );
        }
    }
}
