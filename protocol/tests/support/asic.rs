//! What the ASiC tests share: containers made by us, and ZIP files of every other shape, written here byte by byte.

use paraphe_protocol::asic::{self, Checksum, ContainedDocument};
use paraphe_protocol::signature::{
    CheckedSignature, DetachedDocument, DocumentsInMemory, Output, PreparedSignature, ReadError,
};
use paraphe_protocol::xades::XadesParameters;

use super::document_signer::DocumentSigner;

pub const MIMETYPE: &str = "application/vnd.etsi.asic-e+zip";

pub fn check_asic(container: &[u8]) -> Result<CheckedSignature, ReadError> {
    asic::read(&container.to_vec(), container.len() as u64)
}

pub fn contained(signer: &DocumentSigner, files: &[(&str, &[u8])]) -> Vec<ContainedDocument> {
    let documents = files.iter().map(|(name, bytes)| {
        let mut checksum = Checksum::default();
        checksum.update(bytes);
        ContainedDocument {
            document: DetachedDocument {
                name: (*name).to_owned(),
                media_type: "text/plain".to_owned(),
                digest: signer.algorithm.digest().digest(bytes).unwrap(),
            },
            size: bytes.len() as u64,
            crc32: checksum.value(),
        }
    });
    documents.collect()
}

pub fn prepared(signer: &DocumentSigner, files: &[(&str, &[u8])]) -> Box<dyn PreparedSignature> {
    let parameters = XadesParameters {
        signer: signer.signer(),
        digest: signer.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    };
    asic::prepare(contained(signer, files), &parameters).unwrap()
}

pub fn signed(signer: &DocumentSigner, files: &[(&str, &[u8])]) -> Vec<u8> {
    let prepared = prepared(signer, files);
    let value = signer.sign(prepared.to_be_signed());
    written(&prepared.complete(&value).unwrap().finish().unwrap(), files)
}

/// The whole file, with the documents in it.
pub fn written(output: &Output, files: &[(&str, &[u8])]) -> Vec<u8> {
    let documents: Vec<_> = files.iter().map(|(_, bytes)| *bytes).collect();
    let mut bytes = Vec::new();
    output
        .write(&mut DocumentsInMemory(&documents), &mut |piece| {
            bytes.extend_from_slice(piece);
        })
        .unwrap();
    bytes
}

/// An entry of a ZIP file, any part of which may lie.
#[derive(Clone)]
pub struct ZipEntry {
    pub name: Vec<u8>,
    /// In the local header; the same unless told.
    pub local_name: Option<Vec<u8>>,
    pub method: u16,
    pub flags: u16,
    pub crc32: u32,
    /// As it stands there.
    pub data: Vec<u8>,
    pub size: u32,
    pub extra: Vec<u8>,
    /// Behind the data: sizes, or anything.
    pub behind: Vec<u8>,
    /// Size, packed size and CRC that the local header tells, where not the same.
    pub local: Option<[u32; 3]>,
}

impl ZipEntry {
    pub fn stored(name: &str, data: &[u8]) -> Self {
        let mut checksum = Checksum::default();
        checksum.update(data);
        Self {
            name: name.as_bytes().to_vec(),
            local_name: None,
            method: 0,
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            crc32: checksum.value(),
            data: data.to_vec(),
            size: u32::try_from(data.len()).unwrap(),
            extra: Vec::new(),
            behind: Vec::new(),
            local: None,
        }
    }

    fn header(&self, local: bool) -> Vec<u8> {
        let packed = u32::try_from(self.data.len()).unwrap();
        let numbers = [self.crc32, packed, self.size];
        let numbers = self.local.filter(|_| local).unwrap_or(numbers);
        let mut bytes = Vec::new();
        for number in [20, self.flags, self.method, 0, 0x21] {
            bytes.extend_from_slice(&u16::to_le_bytes(number));
        }
        for number in numbers {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let name = self.local_name.as_ref().filter(|_| local);
        let lengths = [name.unwrap_or(&self.name).len(), self.extra.len()];
        for length in lengths {
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_le_bytes());
        }
        bytes
    }
}

/// A ZIP file of these entries.
pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = u32::try_from(file.len()).unwrap();
        file.extend_from_slice(b"PK\x03\x04");
        file.extend(entry.header(true));
        file.extend(entry.local_name.as_ref().unwrap_or(&entry.name));
        for part in [&entry.extra, &entry.data, &entry.behind] {
            file.extend(part);
        }
        directory.extend_from_slice(b"PK\x01\x02\x14\0");
        directory.extend(entry.header(false));
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    end(file, &directory, entries.len())
}

/// With its directory and the end of it.
pub fn end(mut file: Vec<u8>, directory: &[u8], count: usize) -> Vec<u8> {
    let start = u32::try_from(file.len()).unwrap();
    let count = u16::try_from(count).unwrap().to_le_bytes();
    file.extend_from_slice(directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    file.extend_from_slice(&[count, count].concat());
    file.extend_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
    file.extend_from_slice(&start.to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

/// The entries of a container that we made: all are stored, one behind the other.
pub fn entries(container: &[u8]) -> Vec<ZipEntry> {
    let mut entries = Vec::new();
    let mut at = 0;
    while container[at..].starts_with(b"PK\x03\x04") {
        let number = |from: usize, length: usize| {
            let bytes = &container[at + from..at + from + length];
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        };
        let (size, name) = (number(22, 4), number(26, 2));
        let start = at + 30 + name;
        let name = std::str::from_utf8(&container[at + 30..start]).unwrap();
        entries.push(ZipEntry::stored(name, &container[start..start + size]));
        at = start + size;
    }
    entries
}

/// An entry of a container by its name.
pub fn entry(container: &[u8], name: &str) -> Vec<u8> {
    let entries = entries(container).into_iter();
    let mut found = entries.filter(|entry| entry.name == name.as_bytes());
    found.next().unwrap().data
}
