//! What cards gave before, so that a card seen again costs its serial number and update dates only.
//! Public content alone: no PIN, nothing that the card gives after one, nothing written to disk. An
//! entry is valid while EF_ACTUA is byte for byte the same (or absent as before). The two faces of
//! one card, by contacts and without, have one serial number and hold different things, so that the
//! model belongs to the key. Content is not
//! proof: a forged card with a copied serial number can plant its own certificates, which then fail
//! at the first signature, where the key's answer is checked against the certificate.

use std::collections::VecDeque;
use std::sync::Arc;

use paraphe_certs::Certificate;

use super::file::FilePath;
use super::model::CardModel;
use super::pin::PinFormat;
use super::pkcs15::{DataObject, Location, ObjectDirectory, PrivateKeyObject};
use super::serial::CardSerial;

/// Public content of cards seen before, the most recent [`CardCache::MAX_CARDS`] of them. A clone is cheap, so that
/// nobody needs to hold the cache while a card, which may never answer, is asked.
#[derive(Clone, Debug, Default)]
pub struct CardCache {
    /// Most recent first.
    entries: VecDeque<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    serial: CardSerial,
    model: CardModel,
    update_token: Option<Vec<u8>>,
    content: Arc<CardContent>,
}

/// Everything public that was read from one card; what was not read yet is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct CardContent {
    pub(crate) application: Option<FilePath>,
    pub(crate) object_directory: Option<ObjectDirectory>,
    pub(crate) certificates: Option<Vec<StoredCertificate>>,
    pub(crate) private_keys: Option<Vec<PrivateKeyObject>>,
    pub(crate) data_objects: Option<Vec<DataObject>>,
    pub(crate) codes: Option<CodeForms>,
}

/// The forms of the holder's codes.
#[derive(Clone, Debug)]
pub(crate) struct CodeForms {
    pub(crate) pin: PinFormat,
    pub(crate) unblocking: Option<PinFormat>,
}

/// A certificate with its PKCS#15 identifier and its place.
#[derive(Clone, Debug)]
pub(crate) struct StoredCertificate {
    pub(crate) identifier: Vec<u8>,
    pub(crate) location: Location,
    pub(crate) certificate: Certificate,
}

impl CardCache {
    /// Cards remembered.
    pub const MAX_CARDS: usize = 16;

    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cards in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Forgets one card, by contacts and without.
    pub fn forget(&mut self, serial: &CardSerial) {
        self.entries.retain(|entry| entry.serial != *serial);
    }

    /// The content of that card, if it was not updated since.
    pub(crate) fn content(
        &self,
        serial: &CardSerial,
        model: CardModel,
        update_token: Option<&[u8]>,
    ) -> Option<CardContent> {
        let entry = self.entries.iter().find(|entry| entry.is(serial, model))?;
        (entry.update_token.as_deref() == update_token).then(|| CardContent::clone(&entry.content))
    }

    /// Keeps the content of a card in place of what was kept for it, and drops the oldest card
    /// beyond the limit.
    pub(crate) fn store(
        &mut self,
        serial: CardSerial,
        model: CardModel,
        update_token: Option<&[u8]>,
        content: CardContent,
    ) {
        self.entries.retain(|entry| !entry.is(&serial, model));
        self.entries.push_front(Entry {
            serial,
            model,
            update_token: update_token.map(<[u8]>::to_vec),
            content: Arc::new(content),
        });
        self.entries.truncate(Self::MAX_CARDS);
    }
}

impl Entry {
    fn is(&self, serial: &CardSerial, model: CardModel) -> bool {
        self.serial == *serial && self.model == model
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{CardCache, CardContent};
    use crate::card::model::CardModel;
    use crate::card::serial::CardSerial;

    fn serial(number: u8) -> CardSerial {
        let content = [0x5A, 0x0A, 0x80, 0x25, 0, 0, 1, 0x99, 0x99, 0, number, 0x7F];
        CardSerial::from_file(&content, CardModel::Cps3).unwrap()
    }

    #[test]
    fn an_update_makes_the_content_stale() {
        let mut cache = CardCache::new();
        cache.store(serial(1), CardModel::Cps3, None, CardContent::default());
        assert!(cache.content(&serial(1), CardModel::Cps3, None).is_some());
        assert!(
            cache
                .content(&serial(1), CardModel::Cps3, Some(&[0xEC]))
                .is_none()
        );
        assert!(cache.content(&serial(2), CardModel::Cps3, None).is_none());
        cache.store(
            serial(1),
            CardModel::Cps3,
            Some(&[0xEC]),
            CardContent::default(),
        );
        assert_eq!(cache.len(), 1);
        assert!(cache.content(&serial(1), CardModel::Cps3, None).is_none());
        assert!(
            cache
                .content(&serial(1), CardModel::Cps3, Some(&[0xEC]))
                .is_some()
        );
    }

    #[test]
    fn the_faces_of_one_card_are_kept_apart() {
        let mut cache = CardCache::new();
        cache.store(serial(1), CardModel::Cps3, None, CardContent::default());
        let contactless = CardModel::Cps3Contactless;
        assert!(cache.content(&serial(1), contactless, None).is_none());
        cache.store(serial(1), contactless, None, CardContent::default());
        assert_eq!(cache.len(), 2);
        cache.forget(&serial(1));
        assert!(cache.is_empty());
    }

    #[test]
    fn the_oldest_card_is_dropped() {
        let mut cache = CardCache::new();
        for number in 0x10..0x21 {
            if number & 0x0F < 10 {
                cache.store(
                    serial(number),
                    CardModel::Cps3,
                    None,
                    CardContent::default(),
                );
            }
        }
        for number in 0x30..0x3A {
            cache.store(
                serial(number),
                CardModel::Cps3,
                None,
                CardContent::default(),
            );
        }
        assert_eq!(cache.len(), CardCache::MAX_CARDS);
        assert!(
            cache
                .content(&serial(0x10), CardModel::Cps3, None)
                .is_none()
        );
        assert!(
            cache
                .content(&serial(0x39), CardModel::Cps3, None)
                .is_some()
        );
        cache.forget(&serial(0x39));
        assert_eq!(cache.len(), CardCache::MAX_CARDS - 1);
        cache.clear();
        assert!(cache.is_empty());
    }
}
