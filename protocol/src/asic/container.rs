//! A ZIP file that every reader must read the same way: the directory says all, the local headers say the same, and the entries fill the
//! file from its first byte to the directory without gap or overlap. Bounded in entries, sizes and in what unpacking gives.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::extra_fields::{ExtraFieldId, ExtraFields};
use rawzip::{
    CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipFileHeaderRecord, ZipLocator,
};

use super::entry_name::{self, Names};
use super::failure::{malformed, refused};
use super::layout::Checksum;
use crate::signature::{Contents, ContentsError, MAXIMUM_DOCUMENTS, ReadError};

/// A container's bytes, read where they are asked for.
pub use rawzip::ReaderAt as RandomAccess;

/// Most entries: the documents, and the three that every container has.
pub const MAXIMUM_ENTRIES: usize = MAXIMUM_DOCUMENTS + 3;

/// Where the end of the directory may begin, counted from the end of the file: behind it stands a short comment at most, such as the name of
/// the program that made it.
const END_SPACE: u64 = 1024;
/// Largest entry that is held in memory.
const MAXIMUM_HELD_BYTES: u64 = 64 * 1024 * 1024;
/// How many bytes one packed byte may give, beyond [`FREE_BYTES`]: ten times what text gives.
const MAXIMUM_RATIO: u64 = 100;
/// Bytes that a container may give whatever its length.
const FREE_BYTES: u64 = 1024 * 1024;
/// General purpose bits that may be set: two of deflate's speed, sizes behind the data, names in UTF-8.
const ALLOWED_FLAGS: u16 = 0x080E;
/// Extra fields that tell times and owners, and a mark of Java's. Others change names, sizes or content.
const HARMLESS_FIELDS: [ExtraFieldId; 6] = [
    ExtraFieldId::EXTENDED_TIMESTAMP,
    ExtraFieldId::INFO_ZIP_UNIX,
    ExtraFieldId::INFO_ZIP_UNIX_ORIGINAL,
    ExtraFieldId::INFO_ZIP_UNIX_UID_GID,
    ExtraFieldId::NTFS,
    ExtraFieldId::JAVA_JAR,
];

/// A container whose structure holds; nothing is unpacked yet.
pub(super) struct Container<'a> {
    archive: ZipArchive<&'a dyn RandomAccess>,
    entries: Vec<Entry>,
}

/// A file in it.
pub(super) struct Entry {
    pub(super) name: String,
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    flags: u16,
    crc32: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

impl<'a> Container<'a> {
    /// Looks at every header of a file of this length.
    pub(super) fn open(data: &'a dyn RandomAccess, length: u64) -> Result<Self, ReadError> {
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let locator = ZipLocator::new().max_search_space(END_SPACE);
        let archive = locator.locate_in_reader(data, &mut buffer, length);
        let archive = archive.map_err(|(_, error)| malformed(error))?;
        check_end(&archive, data, length)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut names = Names::default();
        let mut directory = archive.directory_offset();
        let mut walk = archive.entries(&mut buffer);
        while let Some(record) = walk.next_entry().map_err(malformed)? {
            if record.central_directory_offset() != directory {
                return Err(malformed(
                    "something stands between two headers of the directory",
                ));
            }
            directory = directory.saturating_add(record_length(&record));
            if entries.len() >= MAXIMUM_ENTRIES {
                return Err(refused("container-limits", "it has too many entries"));
            }
            let entry = Entry::read(&record)?;
            if !names.insert(&entry.name) {
                return Err(refused("container-name", "two names are the same, or meet"));
            }
            entries.push(entry);
        }
        let declared = usize::try_from(archive.entries_hint()).unwrap_or(usize::MAX);
        if directory != archive.eocd_offset() || declared != entries.len() {
            return Err(malformed("the directory does not end where it says"));
        }
        let container = Self { archive, entries };
        container.check_sizes(length)?;
        container.check_places(data)?;
        Ok(container)
    }

    /// In the order of the directory.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The bytes of an entry that must be small.
    pub(super) fn held(&self, entry: &Entry) -> Result<Vec<u8>, ReadError> {
        if entry.size > MAXIMUM_HELD_BYTES {
            return Err(refused(
                "container-limits",
                "an entry of META-INF is too long",
            ));
        }
        let mut held = Vec::new();
        self.unpack(entry, &mut |piece| held.extend_from_slice(piece))
            .map_err(malformed)?;
        Ok(held)
    }

    fn check_sizes(&self, length: u64) -> Result<(), ReadError> {
        let bombs = |packed: u64, size: u64| {
            size > packed
                .saturating_mul(MAXIMUM_RATIO)
                .saturating_add(FREE_BYTES)
        };
        let sizes = self.entries.iter().map(|entry| entry.size);
        let total = sizes.fold(0u64, u64::saturating_add);
        let is_bomb = |entry: &Entry| bombs(entry.packed, entry.size);
        if bombs(length, total) || self.entries.iter().any(is_bomb) {
            return Err(refused(
                "container-limits",
                "it would unpack to far more than it is",
            ));
        }
        Ok(())
    }

    /// Entries one behind the other, each with a local header that says what the directory says.
    fn check_places(&self, data: &dyn RandomAccess) -> Result<(), ReadError> {
        let mut by_place: Vec<&Entry> = self.entries.iter().collect();
        by_place.sort_by_key(|entry| entry.offset);
        let ends = by_place.iter().skip(1).map(|entry| entry.offset);
        let ends = ends.chain([self.archive.directory_offset()]);
        let mut expected = 0;
        let mut buffer = vec![0; 2 * usize::from(u16::MAX)];
        for (entry, next) in by_place.iter().zip(ends) {
            if entry.offset != expected {
                return Err(malformed(
                    "entries overlap, or something stands between them",
                ));
            }
            let found = self.archive.get_entry(entry.place).map_err(malformed)?;
            let local = found.local_header(&mut buffer).map_err(malformed)?;
            let is_behind = local.flags().has_data_descriptor();
            let same = |local: u64, said: u64| local == said || (is_behind && local == 0);
            let agrees = local.file_path().as_bytes() == entry.name.as_bytes()
                && local.compression_method() == entry.method
                && local.flags().bits() == entry.flags
                && same(u64::from(local.crc32()), u64::from(entry.crc32))
                && same(local.compressed_size_hint(), entry.packed)
                && same(local.uncompressed_size_hint(), entry.size);
            if !agrees {
                return Err(malformed(
                    "a local header says something else than the directory",
                ));
            }
            check_extra(local.extra_fields())?;
            let (_, end) = found.compressed_data_range();
            if end > next {
                return Err(malformed("entries overlap"));
            }
            if is_behind {
                check_descriptor(data, end, next, entry)?;
            } else if end != next {
                return Err(malformed("something stands between two entries"));
            }
            expected = next;
        }
        Ok(())
    }

    /// Gives an entry's bytes, which must be as many as was said, with the CRC that was said, and all that was packed.
    fn unpack(&self, entry: &Entry, sink: &mut dyn FnMut(&[u8])) -> Result<(), String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let found = self.archive.get_entry(entry.place);
        let mut packed = found.map_err(|error| told(&error))?.reader();
        let mut checksum = Checksum::default();
        let mut size = 0u64;
        let mut each = |piece: &[u8]| {
            size = size.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            checksum.update(piece);
            if size > entry.size {
                return Err("an entry is longer than it says".to_owned());
            }
            sink(piece);
            Ok(())
        };
        let taken = if entry.method == CompressionMethod::STORE {
            pump(&mut packed, &mut each)?;
            entry.packed
        } else {
            let mut unpacked = DeflateDecoder::new(packed);
            pump(&mut unpacked, &mut each)?;
            unpacked.total_in()
        };
        if size != entry.size || taken != entry.packed || checksum.value() != entry.crc32 {
            return Err("an entry is damaged".to_owned());
        }
        Ok(())
    }
}

impl Entry {
    fn read(record: &ZipFileHeaderRecord<'_>) -> Result<Self, ReadError> {
        let name = std::str::from_utf8(record.file_path().as_bytes()).ok();
        let flags = record.flags();
        // Without the mark a name beyond ASCII is of another alphabet, which readers guess.
        let name = name.filter(|name| name.is_ascii() || flags.is_utf8());
        let name = name.filter(|name| entry_name::is_acceptable(name));
        let name = name.ok_or_else(|| {
            refused(
                "container-name",
                "an entry has a name that leads elsewhere or cannot be read",
            )
        })?;
        let method = record.compression_method();
        let is_known = method == CompressionMethod::STORE || method == CompressionMethod::DEFLATE;
        if flags.bits() & !ALLOWED_FLAGS != 0 || !is_known {
            return Err(malformed(
                "an entry is encrypted or packed in a way that is not read",
            ));
        }
        let (packed, size) = (
            record.compressed_size_hint(),
            record.uncompressed_size_hint(),
        );
        let limit = u64::from(u32::MAX);
        if packed >= limit || size >= limit {
            return Err(malformed("an entry is too long"));
        }
        if method == CompressionMethod::STORE && packed != size {
            return Err(malformed("a stored entry has two lengths"));
        }
        check_extra(record.extra_fields())?;
        Ok(Self {
            name: name.to_owned(),
            place: record.wayfinder(),
            method,
            flags: flags.bits(),
            crc32: record.crc32(),
            packed,
            size,
            offset: record.local_header_offset(),
        })
    }
}

/// The record at the end: the only directory, whole, and behind it a comment at most.
fn check_end(
    archive: &ZipArchive<&dyn RandomAccess>,
    data: &dyn RandomAccess,
    length: u64,
) -> Result<(), ReadError> {
    let at = archive.eocd_offset();
    let mut record = [0; 22];
    data.read_exact_at(&mut record, at).map_err(malformed)?;
    let directory = archive.directory_offset();
    let small = |number: u64| u32::try_from(number).map_err(malformed);
    let count = u16::try_from(archive.entries_hint()).map_err(malformed)?;
    let comment = length.saturating_sub(at.saturating_add(22));
    let mut expected = b"PK\x05\x06\0\0\0\0".to_vec();
    expected.extend_from_slice(&[count.to_le_bytes(), count.to_le_bytes()].concat());
    expected.extend_from_slice(&small(at.saturating_sub(directory))?.to_le_bytes());
    expected.extend_from_slice(&small(directory)?.to_le_bytes());
    let comment = u16::try_from(comment).map_err(malformed)?;
    expected.extend_from_slice(&comment.to_le_bytes());
    if record.as_slice() != expected {
        return Err(malformed(
            "the end of its directory says something else than what is there",
        ));
    }
    let mut found = vec![0; usize::from(comment)];
    data.read_exact_at(&mut found, at.saturating_add(22))
        .map_err(malformed)?;
    // In a comment another end could stand, which other readers would take for the true one.
    if memchr::memmem::find(&found, b"PK").is_some() {
        return Err(malformed("its comment could be taken for something else"));
    }
    Ok(())
}

fn record_length(record: &ZipFileHeaderRecord<'_>) -> u64 {
    let variable = [
        record.file_path().as_bytes().len(),
        record.extra_fields().remaining_bytes().len(),
        record.comment().as_bytes().len(),
    ];
    let variable: usize = variable.into_iter().sum();
    u64::try_from(variable)
        .unwrap_or(u64::MAX)
        .saturating_add(46)
}

fn check_extra(mut fields: ExtraFields<'_>) -> Result<(), ReadError> {
    let are_known = fields
        .by_ref()
        .all(|(field, _)| HARMLESS_FIELDS.contains(&field));
    if are_known && fields.remaining_bytes().is_empty() {
        Ok(())
    } else {
        Err(malformed("a header has an extra field that is not known"))
    }
}

/// Sizes behind the data, with or without their mark, and nothing else before the next entry.
fn check_descriptor(
    data: &dyn RandomAccess,
    end: u64,
    next: u64,
    entry: &Entry,
) -> Result<(), ReadError> {
    let (Ok(packed), Ok(size)) = (u32::try_from(entry.packed), u32::try_from(entry.size)) else {
        return Err(malformed("an entry is too long"));
    };
    let numbers = [entry.crc32, packed, size].map(u32::to_le_bytes).concat();
    let expected = [b"PK\x07\x08", numbers.as_slice()].concat();
    let length = usize::try_from(next.saturating_sub(end)).unwrap_or_default();
    let mut found = vec![0; length.min(expected.len())];
    data.read_exact_at(&mut found, end).map_err(malformed)?;
    if length <= expected.len() && (found == expected || found == numbers) {
        Ok(())
    } else {
        Err(malformed("what follows an entry is not its sizes"))
    }
}

fn pump(
    reader: &mut dyn Read,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => sink(buffer.get(..read).unwrap_or_default())?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Files of a container as the documents of its signature.
pub(super) struct Files<'c, 'a> {
    pub(super) container: &'c Container<'a>,
    pub(super) entries: Vec<&'c Entry>,
}

impl Contents for Files<'_, '_> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let failed = |cause: String| ContentsError { index, cause };
        let entry = self.entries.get(index);
        let entry = entry.ok_or_else(|| failed("there is no such file".to_owned()))?;
        self.container.unpack(entry, piece).map_err(failed)
    }
}
