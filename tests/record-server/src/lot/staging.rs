//! Lots that are open, and their staging folders. A lot lives in memory and in `staging/<lot>/`; whoever takes it out
//! of the table owns the folder, and a folder whose owner is dropped is removed. So every way of ending a lot other
//! than a commit leaves nothing, and after a crash the next start empties `staging/`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paraphe_certs::UnixTime;
use paraphe_protocol::identifiers::Oid;

use super::{AnnouncedDocument, SignerMode};
use crate::configuration::Limits;
use crate::problem::{Code, Refusal};

/// SHA-256 of a session's token: who a lot belongs to.
type Owner = [u8; 32];

/// Every lot that is open.
#[derive(Debug)]
pub(crate) struct OpenLots {
    staging: PathBuf,
    lots: Mutex<HashMap<String, OpenLot>>,
}

/// What a lot is opened with.
#[derive(Debug)]
pub(crate) struct NewLot {
    pub(crate) owner: Owner,
    pub(crate) record: String,
    pub(crate) mode: SignerMode,
    /// Unique id of the submission set, where this server signs.
    pub(crate) submission_set: Option<Oid>,
    pub(crate) documents: Vec<AnnouncedDocument>,
    /// From this time on it is gone.
    pub(crate) expires_at: UnixTime,
}

/// One open lot. Dropping it removes its folder, unless the folder was moved away.
#[derive(Debug)]
pub(crate) struct OpenLot {
    owner: Owner,
    pub(crate) record: String,
    pub(crate) mode: SignerMode,
    /// Unique id of the submission set, where this server signs.
    pub(crate) submission_set: Option<Oid>,
    pub(crate) documents: Vec<(AnnouncedDocument, Slot)>,
    expires_at: UnixTime,
    pub(crate) folder: StagingFolder,
}

impl OpenLot {
    /// From this time on it is gone.
    pub(crate) fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

/// Where a document of a lot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Awaited,
    Arriving,
    Received(Received),
}

/// A document that was received whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

/// A folder that is removed with what it holds when this is dropped.
#[derive(Debug)]
pub(crate) struct StagingFolder(PathBuf);

impl StagingFolder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for StagingFolder {
    fn drop(&mut self) {
        // A document that is just arriving may add its file between two steps of the removal: try again.
        for _ in 0..3 {
            match std::fs::remove_dir_all(&self.0) {
                Ok(()) => return,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
                Err(error) => tracing::warn!(%error, "a staging folder was not removed"),
            }
        }
    }
}

impl OpenLots {
    /// Takes over the staging folder, emptied of what a former run left.
    pub(crate) fn new(staging: PathBuf) -> std::io::Result<Self> {
        match std::fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => std::fs::create_dir_all(&staging)?,
        }
        Ok(Self {
            staging,
            lots: Mutex::new(HashMap::new()),
        })
    }

    fn table(&self) -> MutexGuard<'_, HashMap<String, OpenLot>> {
        self.lots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a lot with its folder.
    pub(crate) fn open(&self, name: String, new: NewLot, limits: &Limits) -> Result<(), Refusal> {
        let mut table = self.table();
        let own = table.values().filter(|lot| lot.owner == new.owner).count();
        if table.len() >= limits.open_lots || own >= limits.open_lots_per_session {
            return Err(Code::TooBusy.into());
        }
        let folder = self.staging.join(&name);
        std::fs::create_dir(&folder)?;
        let lot = OpenLot {
            owner: new.owner,
            record: new.record,
            mode: new.mode,
            submission_set: new.submission_set,
            documents: new
                .documents
                .into_iter()
                .map(|document| (document, Slot::Awaited))
                .collect(),
            expires_at: new.expires_at,
            folder: StagingFolder(folder),
        };
        table.insert(name, lot);
        Ok(())
    }

    /// Takes a lot of this owner out of the table: to commit it, or to drop it.
    pub(crate) fn take(
        &self,
        name: &str,
        owner: &Owner,
        now: UnixTime,
    ) -> Result<OpenLot, Refusal> {
        let mut table = self.table();
        if !table
            .get(name)
            .is_some_and(|lot| lot.owner == *owner && now < lot.expires_at)
        {
            return Err(Code::LotUnknown.into());
        }
        table.remove(name).ok_or_else(|| Code::LotUnknown.into())
    }

    /// Looks at a lot of this owner.
    pub(crate) fn look<R>(
        &self,
        name: &str,
        owner: &Owner,
        now: UnixTime,
        look: impl FnOnce(&OpenLot) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        let table = self.table();
        let lot = table
            .get(name)
            .filter(|lot| lot.owner == *owner && now < lot.expires_at);
        look(lot.ok_or(Code::LotUnknown)?)
    }

    /// What `look` finds in each lot of this owner, in order of expiry.
    pub(crate) fn of<R>(
        &self,
        owner: &Owner,
        now: UnixTime,
        look: impl Fn(&str, &OpenLot) -> Option<R>,
    ) -> Vec<R> {
        let table = self.table();
        let mut own: Vec<_> = table
            .iter()
            .filter(|(_, lot)| lot.owner == *owner && now < lot.expires_at)
            .collect();
        own.sort_by_key(|(name, lot)| (lot.expires_at, *name));
        own.into_iter()
            .filter_map(|(name, lot)| look(name, lot))
            .collect()
    }

    /// The record of a lot of this owner.
    pub(crate) fn record_of(
        &self,
        name: &str,
        owner: &Owner,
        now: UnixTime,
    ) -> Result<String, Refusal> {
        self.table()
            .get(name)
            .filter(|lot| lot.owner == *owner && now < lot.expires_at)
            .map(|lot| lot.record.clone())
            .ok_or_else(|| Code::LotUnknown.into())
    }

    /// Reserves the place of document `number` (from 1) of a lot that `record_of` has let through.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        name: &str,
        number: usize,
    ) -> Result<Reservation, Refusal> {
        let mut table = self.table();
        let lot = table.get_mut(name).ok_or(Code::LotUnknown)?;
        let index = number.checked_sub(1).ok_or(Code::DocumentUnknown)?;
        let (document, slot) = lot.documents.get_mut(index).ok_or(Code::DocumentUnknown)?;
        if *slot != Slot::Awaited {
            return Err(Code::DocumentAlreadyReceived.into());
        }
        *slot = Slot::Arriving;
        Ok(Reservation {
            lots: Arc::clone(self),
            name: name.to_owned(),
            index,
            path: lot.folder.path().join(number.to_string()),
            media_type: document.media_type.clone(),
            kept: false,
        })
    }

    /// Takes a lot out whatever its state; dropping it removes its folder.
    pub(crate) fn end(&self, name: &str) -> Option<OpenLot> {
        self.table().remove(name)
    }

    /// Takes out the lots of a session.
    pub(crate) fn end_session(&self, owner: &Owner) -> Vec<OpenLot> {
        self.table()
            .extract_if(|_, lot| lot.owner == *owner)
            .map(|(_, lot)| lot)
            .collect()
    }

    /// Ends the lots that have expired.
    pub(crate) fn sweep(&self, now: UnixTime) {
        let ended: Vec<_> = self
            .table()
            .extract_if(|_, lot| lot.expires_at <= now)
            .collect();
        if !ended.is_empty() {
            tracing::info!(lots = ended.len(), "abandoned lots swept");
        }
    }
}

/// The place of a document that is arriving. Dropped before [`Reservation::keep`], it removes the file and frees the
/// place.
#[derive(Debug)]
pub(crate) struct Reservation {
    lots: Arc<OpenLots>,
    name: String,
    index: usize,
    path: PathBuf,
    media_type: String,
    kept: bool,
}

impl Reservation {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// As announced.
    pub(crate) fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The document is whole and on disk.
    pub(crate) fn keep(mut self, received: Received) -> Result<(), Refusal> {
        self.set(Slot::Received(received))?;
        self.kept = true;
        Ok(())
    }

    fn set(&self, new: Slot) -> Result<(), Refusal> {
        let mut table = self.lots.table();
        let (_, slot) = table
            .get_mut(&self.name)
            .and_then(|lot| lot.documents.get_mut(self.index))
            .ok_or(Code::LotUnknown)?;
        *slot = new;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "a partial document was not removed");
            }
            _ => {}
        }
        // The lot may have ended meanwhile.
        let _ = self.set(Slot::Awaited);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use paraphe_certs::UnixTime;

    use super::{NewLot, OpenLots, Received};
    use crate::configuration::Limits;
    use crate::lot::{AnnouncedDocument, SignerMode};
    use crate::problem::Code;

    const OWNER: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];
    const NOW: UnixTime = UnixTime(1_000);

    fn open(lots: &OpenLots, name: &str, limits: &Limits) -> Result<(), Code> {
        let document = AnnouncedDocument {
            unique_id: "2.25.1".to_owned(),
            title: "t".to_owned(),
            media_type: "text/plain".to_owned(),
        };
        let new = NewLot {
            owner: OWNER,
            record: "r".to_owned(),
            mode: SignerMode::ProfessionalCard,
            submission_set: None,
            documents: vec![document],
            expires_at: NOW.plus_seconds(10),
        };
        lots.open(name.to_owned(), new, limits)
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn every_way_out_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path().join("staging");
        std::fs::create_dir(&staging).unwrap();
        std::fs::write(staging.join("left by a crash"), "x").unwrap();
        let lots = Arc::new(OpenLots::new(staging.clone()).unwrap());
        let count = || std::fs::read_dir(&staging).unwrap().count();
        assert_eq!(count(), 0, "emptied at start");
        let limits = Limits::default();

        let ways: [&dyn Fn(&OpenLots); 4] = [
            &|lots| drop(lots.end("a").unwrap()),
            &|lots| drop(lots.end_session(&OWNER)),
            &|lots| lots.sweep(NOW.plus_seconds(10)),
            &|lots| drop(lots.take("a", &OWNER, NOW).unwrap()),
        ];
        for way in ways {
            open(&lots, "a", &limits).unwrap();
            let reservation = lots.reserve("a", 1).unwrap();
            std::fs::write(reservation.path(), "x").unwrap();
            reservation
                .keep(Received {
                    size: 1,
                    sha256: [0; 32],
                })
                .unwrap();
            lots.sweep(NOW);
            assert!(lots.end_session(&OTHER).is_empty());
            assert_eq!(count(), 1);
            way(&lots);
            assert_eq!(count(), 0);
            assert_eq!(
                lots.record_of("a", &OWNER, NOW).unwrap_err().code,
                Code::LotUnknown
            );
        }
    }

    #[test]
    fn a_lot_is_its_owners_and_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let lots = OpenLots::new(folder.path().join("staging")).unwrap();
        open(&lots, "a", &Limits::default()).unwrap();
        assert!(lots.take("a", &OTHER, NOW).is_err());
        assert!(lots.take("a", &OWNER, NOW.plus_seconds(10)).is_err());
        assert_eq!(lots.record_of("a", &OWNER, NOW).unwrap(), "r");
    }

    #[test]
    fn a_document_has_one_place_and_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let lots = Arc::new(OpenLots::new(folder.path().join("staging")).unwrap());
        open(&lots, "a", &Limits::default()).unwrap();
        for number in [0, 2, usize::MAX] {
            assert_eq!(
                lots.reserve("a", number).unwrap_err().code,
                Code::DocumentUnknown
            );
        }
        let first = lots.reserve("a", 1).unwrap();
        assert_eq!(
            lots.reserve("a", 1).unwrap_err().code,
            Code::DocumentAlreadyReceived
        );
        std::fs::write(first.path(), "partial").unwrap();
        let path = first.path().to_owned();
        drop(first);
        assert!(!path.exists(), "an interrupted document is removed");
        let again = lots.reserve("a", 1).unwrap();
        drop(lots.end("a").unwrap());
        assert_eq!(
            again
                .keep(Received {
                    size: 1,
                    sha256: [0; 32]
                })
                .unwrap_err()
                .code,
            Code::LotUnknown
        );
    }

    #[test]
    fn open_lots_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let lots = OpenLots::new(folder.path().join("staging")).unwrap();
        let limits = Limits {
            open_lots_per_session: 2,
            ..Limits::default()
        };
        open(&lots, "a", &limits).unwrap();
        open(&lots, "b", &limits).unwrap();
        assert_eq!(open(&lots, "c", &limits).unwrap_err(), Code::TooBusy);
    }
}
