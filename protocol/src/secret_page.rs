//! Memory for one secret, a PIN above all: a page of its own that the system keeps in RAM (mlock),
//! leaves out of core dumps and out of child processes (madvise), and that is wiped before it is
//! given back. What is written there never moves, so that no copy stays behind. Where the system
//! refuses to lock (RLIMIT_MEMLOCK) the secret is held all the same and [`SecretPage::is_locked`]
//! says so: a doctor must be able to work, and somebody must be told.
//!
//! This is memory and not I/O: nothing outside the process is read or written.

use memmap2::MmapMut;
use zeroize::{Zeroize, Zeroizing};

/// A place for 0 to [`SecretPage::CAPACITY`] bytes, empty at first. It cannot be shown, copied or
/// compared.
#[expect(
    missing_debug_implementations,
    reason = "a secret has no form that may be shown"
)]
pub struct SecretPage {
    place: Place,
    length: usize,
}

enum Place {
    Own {
        page: MmapMut,
        locked: bool,
    },
    /// Where the system has no page left to map.
    Heap(Box<Zeroizing<[u8; SecretPage::CAPACITY]>>),
}

impl SecretPage {
    /// Bytes that fit: a line of the Assuan protocol, the longest that carries a PIN here, has
    /// 1,000.
    pub const CAPACITY: usize = 1024;

    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let place = match MmapMut::map_anon(Self::CAPACITY) {
            Ok(page) => Place::Own {
                locked: keep_in_memory(&page),
                page,
            },
            Err(_) => Place::Heap(Box::new(Zeroizing::new([0; Self::CAPACITY]))),
        };
        Self { place, length: 0 }
    }

    /// One that holds a copy of these bytes; `None` where they do not fit. The caller wipes its own.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Option<Self> {
        let mut page = Self::new();
        page.spare().get_mut(..bytes.len())?.copy_from_slice(bytes);
        page.grow(bytes.len());
        Some(page)
    }

    /// Whether the system keeps it in RAM and out of dumps.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.place, Place::Own { locked: true, .. })
    }

    /// What it holds. Whoever copies it wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.whole().get(..self.length).unwrap_or_default()
    }

    /// What it holds, to be changed in place.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        let length = self.length;
        self.whole_mut().get_mut(..length).unwrap_or_default()
    }

    /// The room behind what it holds, to be written and then taken in by [`SecretPage::grow`].
    pub fn spare(&mut self) -> &mut [u8] {
        let length = self.length;
        self.whole_mut().get_mut(length..).unwrap_or_default()
    }

    /// Takes in that many bytes of [`SecretPage::spare`], or all of them where there are fewer.
    pub fn grow(&mut self, bytes: usize) {
        self.length = self.length.saturating_add(bytes).min(Self::CAPACITY);
    }

    /// Drops, and wipes, everything behind the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        if let Some(rest) = self.expose_mut().get_mut(length..) {
            rest.zeroize();
            self.length = length;
        }
    }

    fn whole(&self) -> &[u8] {
        match &self.place {
            Place::Own { page, .. } => page,
            Place::Heap(bytes) => &***bytes,
        }
    }

    fn whole_mut(&mut self) -> &mut [u8] {
        match &mut self.place {
            Place::Own { page, .. } => page,
            Place::Heap(bytes) => &mut ***bytes,
        }
    }
}

impl Default for SecretPage {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for SecretPage {
    fn drop(&mut self) {
        self.whole_mut().zeroize();
        self.length.zeroize();
    }
}

/// Whether the system granted everything that it was asked for. Unmapping takes all of it back.
fn keep_in_memory(page: &MmapMut) -> bool {
    #[cfg(target_os = "linux")]
    let left_out = {
        use memmap2::Advice;
        page.advise(Advice::DontDump).is_ok() && page.advise(Advice::DontFork).is_ok()
    };
    #[cfg(not(target_os = "linux"))]
    let left_out = true;
    #[cfg(unix)]
    let locked = page.lock().is_ok();
    #[cfg(not(unix))]
    let locked = false;
    left_out && locked
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::SecretPage;

    #[test]
    fn what_is_written_is_held_and_what_is_dropped_is_wiped() {
        let mut page = SecretPage::copy_of(b"12345678").unwrap();
        page.spare()[..2].copy_from_slice(b"90");
        page.grow(2);
        assert_eq!(page.expose(), b"1234567890");
        page.truncate(4);
        page.truncate(9);
        assert_eq!(page.expose(), b"1234");
        assert!(page.spare().iter().all(|byte| *byte == 0));
        page.expose_mut()[0] = b'9';
        assert_eq!(page.expose(), b"9234");
    }

    #[test]
    fn it_has_an_end() {
        assert!(SecretPage::copy_of(&[1; SecretPage::CAPACITY + 1]).is_none());
        let mut full = SecretPage::copy_of(&[1; SecretPage::CAPACITY]).unwrap();
        assert!(full.spare().is_empty());
        full.grow(1);
        assert_eq!(full.expose().len(), SecretPage::CAPACITY);
    }

    /// The kernel's own word on the mapping (proc(5), smaps): locked, not dumped, not inherited.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_keeps_it_in_memory_and_out_of_dumps() {
        let page = SecretPage::copy_of(b"1234").unwrap();
        let address = page.expose().as_ptr().addr();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        let flags = maps
            .lines()
            .find(|line| {
                if let Some((from, to)) = line.split(' ').next().unwrap().split_once('-') {
                    let address_of = |text| usize::from_str_radix(text, 16);
                    if let (Ok(from), Ok(to)) = (address_of(from), address_of(to)) {
                        inside = (from..to).contains(&address);
                    }
                }
                inside && line.starts_with("VmFlags:")
            })
            .unwrap();
        let has = |flag| flags.split(' ').any(|word| word == flag);
        assert!(has("dd") && has("dc"), "{flags}");
        assert_eq!(has("lo"), page.is_locked(), "{flags}");
    }
}
