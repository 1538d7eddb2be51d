//! Which readers are one box. A bi-slot terminal is several PC/SC readers: slots of one interface, whose names end in the same
//! index and their own slot number (`... 00 00`, `... 00 01`: pcsc-lite), or interfaces of one USB device, which pcsc-lite
//! numbers apart. So readers belong together where their drivers tell the same USB device (PC/SC part 3, channel id:
//! `0x0020`, bus, address), and where no driver tells, by name and index. Two equal boxes differ in both. A slot is never
//! fixed to a kind of card: whatever card is in whichever slot is served. Whether a slot is contactless is said as the name
//! says it, for people to find the place; what a card can prove is the card's to say.

use std::collections::BTreeMap;

use paraphe_protocol::api::ReaderInterface;

/// The upper half of a channel id that means USB; the lower half is bus and address.
const USB_CHANNEL: u32 = 0x0020;
/// Words in the names of contactless interfaces, in lower case.
const CONTACTLESS_WORDS: [&str; 7] = [
    "contactless",
    "sans contact",
    "cless",
    "picc",
    "nfc",
    "rfid",
    "cl",
];

/// A reader as a part of its box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePlace {
    /// The box: the same for all its readers, different for any two boxes.
    pub device: String,
    /// Which slot of the box, from 0.
    pub slot: u8,
    /// Contact or contactless, where the names say it.
    pub interface: Option<ReaderInterface>,
}

/// The places of readers given by name and channel id, in the same order.
pub(super) fn places<'a>(
    readers: impl Iterator<Item = (&'a str, Option<u32>)>,
) -> Vec<DevicePlace> {
    let names: Vec<_> = readers
        .map(|(name, channel)| (Name::of(name), channel))
        .collect();
    let mut boxes: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    for (position, (name, channel)) in names.iter().enumerate() {
        boxes
            .entry(Key::of(name, *channel))
            .or_default()
            .push(position);
    }
    let mut places = vec![None; names.len()];
    for mut members in boxes.into_values() {
        members.sort_by_key(|member| names.get(*member).map(|(name, _)| (name.index, name.slot)));
        let parts: Vec<&Name<'_>> = members
            .iter()
            .filter_map(|member| names.get(*member).map(|(name, _)| name))
            .collect();
        let device = label(&parts);
        let is_mixed = parts.iter().any(|name| name.is_contactless());
        for ((member, name), slot) in members.iter().zip(&parts).zip(0_u8..=u8::MAX) {
            let interface = match (name.is_contactless(), is_mixed) {
                (true, _) => Some(ReaderInterface::Contactless),
                (false, true) => Some(ReaderInterface::Contact),
                (false, false) => None,
            };
            if let Some(place) = places.get_mut(*member) {
                *place = Some(DevicePlace {
                    device: device.clone(),
                    slot,
                    interface,
                });
            }
        }
    }
    places.into_iter().flatten().collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Usb(u16),
    Named(&'a str, Option<u8>),
}

impl<'a> Key<'a> {
    fn of(name: &Name<'a>, channel: Option<u32>) -> Self {
        match channel.map(|channel| (channel >> 16, channel & 0xFFFF)) {
            Some((USB_CHANNEL, place)) => {
                u16::try_from(place).map_or(Self::Named(name.base, name.index), Self::Usb)
            }
            _ => Self::Named(name.base, name.index),
        }
    }
}

/// A reader's name in its parts.
#[derive(Debug)]
struct Name<'a> {
    /// Everything before the pair of numbers.
    base: &'a str,
    index: Option<u8>,
    slot: Option<u8>,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let mut parts = name.rsplitn(3, ' ');
        let numbers = (
            parts.next().and_then(two_digits),
            parts.next().and_then(two_digits),
            parts.next(),
        );
        match numbers {
            (Some(slot), Some(index), Some(base)) => Self {
                base,
                index: Some(index),
                slot: Some(slot),
            },
            _ => Self {
                base: name,
                index: None,
                slot: None,
            },
        }
    }

    fn is_contactless(&self) -> bool {
        let name = self.base.to_lowercase();
        CONTACTLESS_WORDS.iter().any(|word| {
            name.match_indices(word).any(|(at, _)| {
                let before = name.get(..at).and_then(|text| text.chars().next_back());
                let after = name
                    .get(at + word.len()..)
                    .and_then(|text| text.chars().next());
                // A model such as `5422CL` ends in the word; no word begins with it.
                !before.is_some_and(char::is_alphabetic)
                    && !after.is_some_and(char::is_alphanumeric)
            })
        })
    }
}

fn two_digits(text: &str) -> Option<u8> {
    let is_pair = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_pair.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

/// What the names of a box have in common, and its first index.
fn label(parts: &[&Name<'_>]) -> String {
    let Some((first, others)) = parts.split_first() else {
        return String::new();
    };
    let common = others.iter().fold(first.base, |common, name| {
        let length = common
            .char_indices()
            .zip(name.base.chars())
            .take_while(|((_, one), other)| one == other)
            .map(|((at, one), _)| at + one.len_utf8())
            .last()
            .unwrap_or(0);
        common.get(..length).unwrap_or_default()
    });
    let common =
        common.trim_end_matches(|last: char| !last.is_alphanumeric() && !")]".contains(last));
    // An opened bracket is where the names of interfaces begin to differ.
    let common = match (common.rfind('['), common.rfind(']')) {
        (Some(opened), closed) if closed.is_none_or(|closed| closed < opened) => {
            common.get(..opened).unwrap_or_default().trim_end()
        }
        _ => common,
    };
    let common = if common.is_empty() {
        first.base
    } else {
        common
    };
    match first.index {
        Some(index) => format!("{common} {index:02X}"),
        None => common.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use paraphe_protocol::api::ReaderInterface::{Contact, Contactless};

    use super::places;

    fn usb(bus: u32, address: u32) -> Option<u32> {
        Some(0x0020_0000 | bus << 8 | address)
    }

    #[test]
    fn slots_of_one_interface_are_one_box_and_equal_boxes_are_not() {
        let found = places(
            [
                ("Bi-slot 00 00", None),
                ("Bi-slot 00 01", None),
                ("Bi-slot 01 00", None),
                ("Bi-slot 01 01", None),
            ]
            .into_iter(),
        );
        let told: Vec<_> = found
            .iter()
            .map(|place| (place.device.as_str(), place.slot))
            .collect();
        assert_eq!(
            told,
            [
                ("Bi-slot 00", 0),
                ("Bi-slot 00", 1),
                ("Bi-slot 01", 0),
                ("Bi-slot 01", 1)
            ]
        );
        assert!(found.iter().all(|place| place.interface.is_none()));
    }

    #[test]
    fn interfaces_of_one_usb_device_are_one_box_in_whatever_order_they_come() {
        let found = places(
            [
                ("KAPELSE inSide [CLESS slot2] (123) 02 00", usb(1, 7)),
                ("KAPELSE inSide [slot0] (123) 00 00", usb(1, 7)),
                ("KAPELSE inSide [slot1] (123) 01 00", usb(1, 7)),
                ("KAPELSE inSide [slot0] (124) 03 00", usb(1, 8)),
            ]
            .into_iter(),
        );
        let told: Vec<_> = found
            .iter()
            .map(|place| (place.device.as_str(), place.slot, place.interface))
            .collect();
        assert_eq!(
            told,
            [
                ("KAPELSE inSide 00", 2, Some(Contactless)),
                ("KAPELSE inSide 00", 0, Some(Contact)),
                ("KAPELSE inSide 00", 1, Some(Contact)),
                ("KAPELSE inSide [slot0] (124) 03", 0, None),
            ]
        );
    }

    #[test]
    fn contactless_is_a_word_or_the_end_of_a_model() {
        for (name, is_contactless) in [
            ("OMNIKEY 5422 [OMNIKEY 5422CL Smartcard Reader] 01 00", true),
            ("Sensyl SSC-NFC 00 00", true),
            ("Lecteur sans contact", true),
            ("CLOUD 2700 R 00 00", false),
            ("Cherry Clavier 00 00", false),
            ("Gemalto PC Twin 00 00", false),
        ] {
            let found = places([(name, None)].into_iter());
            assert_eq!(found[0].interface.is_some(), is_contactless, "{name}");
        }
    }

    #[test]
    fn names_without_numbers_stand_for_themselves() {
        let found = places(
            [
                ("Windows Hello 1", None),
                ("", None),
                ("00 00", None),
                ("Lecteur Santé 0G 00", None),
                // A serial port is no USB device.
                ("Old 00 00", Some(0x0001_0001)),
                ("Other 01 00", Some(0x0001_0001)),
            ]
            .into_iter(),
        );
        let told: Vec<_> = found.iter().map(|place| place.device.as_str()).collect();
        assert_eq!(
            told,
            [
                "Windows Hello 1",
                "",
                "00 00",
                "Lecteur Santé 0G 00",
                "Old 00",
                "Other 01"
            ]
        );
    }
}
