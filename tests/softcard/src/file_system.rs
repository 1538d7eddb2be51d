//! The card's files: master file, dedicated files, transparent elementary files, and their selection and reading
//! (ISO/IEC 7816-4, 7.1, 11.1 and 11.2; control parameters as traces of real CPS3 cards show them).
//!
//! SELECT by file identifier, DF name, parent and path. Which P2 values a card accepts is the card's own rule and not
//! decided here. A SELECT that fails leaves the current files as they were. Reading and writing are in
//! [`crate::binary_access`].

use crate::access_rules::FileAccess;
use crate::apdu::Command;
use crate::status_word::StatusWord;
use crate::tlv::{encode, encode_constructed};

/// The identifier of the master file.
pub(crate) const MASTER_FILE: u16 = 0x3F00;

/// A directory of the arena; only [`FileSystem`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DirectoryId(usize);

/// A transparent elementary file.
#[derive(Debug, Clone)]
pub(crate) struct ElementaryFile {
    pub(crate) identifier: u16,
    /// Short identifier, 1 to 30.
    pub(crate) short_identifier: Option<u8>,
    pub(crate) access: FileAccess,
    pub(crate) content: Vec<u8>,
}

impl ElementaryFile {
    pub(crate) fn new(identifier: u16, access: FileAccess, content: Vec<u8>) -> Self {
        Self {
            identifier,
            short_identifier: None,
            access,
            content,
        }
    }

    pub(crate) fn with_short_identifier(mut self, short_identifier: u8) -> Self {
        self.short_identifier = Some(short_identifier);
        self
    }
}

#[derive(Debug)]
struct Directory {
    identifier: u16,
    name: Vec<u8>,
    parent: Option<DirectoryId>,
    files: Vec<ElementaryFile>,
}

/// What SELECT found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Directory(DirectoryId),
    /// The directory and the file's identifier in it.
    File(DirectoryId, u16),
}

/// How a card writes the control parameters of its elementary files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlParameters {
    /// With access rules for contact and contactless use (CPS3: 39 bytes for a file with a short identifier).
    DualInterface,
    /// With access rules for contact use only (Vitale 2: 30 bytes).
    ContactOnly,
    /// File control information, tag 6F, with access rules for contact use (CPS4; the rules are our choice).
    FileControlInformation,
}

/// The whole tree and what is selected in it.
#[derive(Debug)]
pub(crate) struct FileSystem {
    directories: Vec<Directory>,
    control_parameters: ControlParameters,
    current_directory: DirectoryId,
    current_file: Option<u16>,
}

impl FileSystem {
    /// A tree with a master file of this DF name and nothing else.
    pub(crate) fn new(master_file_name: &[u8], control_parameters: ControlParameters) -> Self {
        Self {
            directories: vec![Directory {
                identifier: MASTER_FILE,
                name: master_file_name.to_vec(),
                parent: None,
                files: Vec::new(),
            }],
            control_parameters,
            current_directory: Self::MASTER,
            current_file: None,
        }
    }

    pub(crate) const MASTER: DirectoryId = DirectoryId(0);

    /// Adds a dedicated file under the master file.
    pub(crate) fn add_directory(&mut self, identifier: u16, name: &[u8]) -> DirectoryId {
        self.directories.push(Directory {
            identifier,
            name: name.to_vec(),
            parent: Some(Self::MASTER),
            files: Vec::new(),
        });
        DirectoryId(self.directories.len() - 1)
    }

    /// Adds an elementary file, in place of one that had its identifier.
    pub(crate) fn add_file(&mut self, directory: DirectoryId, file: ElementaryFile) {
        if let Some(directory) = self.directories.get_mut(directory.0) {
            directory
                .files
                .retain(|other| other.identifier != file.identifier);
            directory.files.push(file);
        }
    }

    /// Replaces the content of the file at an absolute path (identifiers from the master file on), creating a freely
    /// readable file where there is none, or removes it. False when a directory of the path does not exist.
    pub(crate) fn override_file(&mut self, path: &[u16], content: Option<&[u8]>) -> bool {
        let Some((&identifier, directories)) = path.split_last() else {
            return false;
        };
        let Ok(Node::Directory(directory)) = self.walk(Self::MASTER, directories) else {
            return false;
        };
        let Some(directory) = self.directories.get_mut(directory.0) else {
            return false;
        };
        let existing = directory
            .files
            .iter_mut()
            .find(|file| file.identifier == identifier);
        match (existing, content) {
            (Some(file), Some(content)) => file.content = content.to_vec(),
            (None, Some(content)) => directory.files.push(ElementaryFile::new(
                identifier,
                FileAccess::CONTACT_READ,
                content.to_vec(),
            )),
            (_, None) => directory.files.retain(|file| file.identifier != identifier),
        }
        true
    }

    /// Back to the master file, as after a reset.
    pub(crate) fn reset(&mut self) {
        self.current_directory = Self::MASTER;
        self.current_file = None;
    }

    pub(crate) fn current_directory(&self) -> DirectoryId {
        self.current_directory
    }

    /// Performs the selection that P1 and the data ask for (ISO/IEC 7816-4, table 39).
    pub(crate) fn select(&mut self, command: &Command) -> Result<(), StatusWord> {
        let data = command.data()?;
        let node = match command.p1 {
            0x00 if data.is_empty() => Node::Directory(Self::MASTER),
            0x00 => self.by_identifier(single_identifier(data)?)?,
            0x01 | 0x02 => {
                let identifier = single_identifier(data)?;
                match self.child(self.current_directory, identifier) {
                    Some(node) => node,
                    // Seen to work on the real card: the master file by its identifier from anywhere.
                    None if identifier == MASTER_FILE => Node::Directory(Self::MASTER),
                    None => return Err(StatusWord::FILE_NOT_FOUND),
                }
            }
            0x03 if data.is_empty() => Node::Directory(
                self.directory(self.current_directory)
                    .and_then(|directory| directory.parent)
                    .ok_or(StatusWord::FILE_NOT_FOUND)?,
            ),
            0x03 => return Err(StatusWord::WRONG_LENGTH),
            0x04 => self.by_name(data)?,
            0x08 => self.walk(Self::MASTER, &path(data)?)?,
            0x09 => self.walk(self.current_directory, &path(data)?)?,
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        match node {
            Node::Directory(directory) => {
                self.current_directory = directory;
                self.current_file = None;
            }
            Node::File(directory, file) => {
                self.current_directory = directory;
                self.current_file = Some(file);
            }
        }
        Ok(())
    }

    /// The file control parameters (tag 62) or information (tag 6F) of what is selected.
    pub(crate) fn file_control_parameters(&self) -> Vec<u8> {
        if let Some(file) = self.selected_file() {
            return self.elementary_control_parameters(file);
        }
        let Some(directory) = self.directory(self.current_directory) else {
            return Vec::new();
        };
        let mut parts = vec![
            encode(0x82, &[0x38]),
            encode(0x83, &directory.identifier.to_be_bytes()),
        ];
        if !directory.name.is_empty() {
            parts.push(encode(0x84, &directory.name));
        }
        parts.push(encode(0x8A, &[0x05]));
        // Creation of files under it is refused (access mode byte 02: one condition).
        parts.push(encode_constructed(0xA1, &[encode(0x8C, &[0x02, 0xFF])]));
        encode_constructed(self.template(), &parts)
    }

    fn elementary_control_parameters(&self, file: &ElementaryFile) -> Vec<u8> {
        let size = u16::try_from(file.content.len()).unwrap_or(u16::MAX);
        let short_identifier = match file.short_identifier {
            Some(short_identifier) => encode(0x88, &[short_identifier << 3]),
            None => encode(0x88, &[]),
        };
        let mut rules = vec![encode(0x8C, &file.access.contact_bytes())];
        if self.control_parameters == ControlParameters::DualInterface {
            rules.push(encode(0x9C, &file.access.contactless_bytes()));
        }
        encode_constructed(
            self.template(),
            &[
                encode(0x80, &size.to_be_bytes()),
                encode(0x82, &[0x01]),
                encode(0x83, &file.identifier.to_be_bytes()),
                short_identifier,
                encode_constructed(0xA1, &rules),
                encode(0x8A, &[0x05]),
            ],
        )
    }

    /// ISO/IEC 7816-4, table 7.
    fn template(&self) -> u32 {
        match self.control_parameters {
            ControlParameters::DualInterface | ControlParameters::ContactOnly => 0x62,
            ControlParameters::FileControlInformation => 0x6F,
        }
    }

    fn directory(&self, id: DirectoryId) -> Option<&Directory> {
        self.directories.get(id.0)
    }

    /// The file with this short identifier in the current directory, else in the master file; it becomes the current file.
    pub(crate) fn select_by_short_identifier(
        &mut self,
        short_identifier: u8,
    ) -> Result<(), StatusWord> {
        let (directory, identifier) = [self.current_directory, Self::MASTER]
            .into_iter()
            .find_map(|id| {
                self.directory(id)?
                    .files
                    .iter()
                    .find(|file| file.short_identifier == Some(short_identifier))
                    .map(|file| (id, file.identifier))
            })
            .ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.current_directory = directory;
        self.current_file = Some(identifier);
        Ok(())
    }

    /// The current elementary file, to write in it.
    pub(crate) fn selected_file_mut(&mut self) -> Option<&mut ElementaryFile> {
        let identifier = self.current_file?;
        self.directories
            .get_mut(self.current_directory.0)?
            .files
            .iter_mut()
            .find(|file| file.identifier == identifier)
    }

    /// The current elementary file.
    pub(crate) fn selected_file(&self) -> Option<&ElementaryFile> {
        let identifier = self.current_file?;
        self.directory(self.current_directory)?
            .files
            .iter()
            .find(|file| file.identifier == identifier)
    }

    fn child(&self, parent: DirectoryId, identifier: u16) -> Option<Node> {
        let is_file = self
            .directory(parent)?
            .files
            .iter()
            .any(|file| file.identifier == identifier);
        if is_file {
            return Some(Node::File(parent, identifier));
        }
        self.directories
            .iter()
            .position(|other| other.parent == Some(parent) && other.identifier == identifier)
            .map(|index| Node::Directory(DirectoryId(index)))
    }

    /// P1 = 00: the master file, the current directory, what is in it, its parent, what is in its parent.
    fn by_identifier(&self, identifier: u16) -> Result<Node, StatusWord> {
        if identifier == MASTER_FILE {
            return Ok(Node::Directory(Self::MASTER));
        }
        let current = self.current_directory;
        let directory = self.directory(current).ok_or(StatusWord::FILE_NOT_FOUND)?;
        if directory.identifier == identifier {
            return Ok(Node::Directory(current));
        }
        self.child(current, identifier)
            .or_else(|| self.child(directory.parent?, identifier))
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// P1 = 04: the first directory whose name starts with these bytes, applications before the master file.
    fn by_name(&self, name: &[u8]) -> Result<Node, StatusWord> {
        if name.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let named = |directory: &Directory| directory.name.starts_with(name);
        self.directories
            .iter()
            .skip(1)
            .position(named)
            .map(|index| index + 1)
            .or_else(|| self.directories.first().filter(|d| named(d)).map(|_| 0))
            .map(|index| Node::Directory(DirectoryId(index)))
            .ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// Follows identifiers; a path that begins with 3F00 is absolute wherever it starts.
    fn walk(&self, start: DirectoryId, path: &[u16]) -> Result<Node, StatusWord> {
        let (mut node, rest) = match path {
            [MASTER_FILE, rest @ ..] => (Node::Directory(Self::MASTER), rest),
            rest => (Node::Directory(start), rest),
        };
        for identifier in rest {
            let Node::Directory(directory) = node else {
                return Err(StatusWord::FILE_NOT_FOUND);
            };
            node = self
                .child(directory, *identifier)
                .ok_or(StatusWord::FILE_NOT_FOUND)?;
        }
        Ok(node)
    }
}

fn single_identifier(data: &[u8]) -> Result<u16, StatusWord> {
    let bytes = <[u8; 2]>::try_from(data).map_err(|_| StatusWord::WRONG_LENGTH)?;
    Ok(u16::from_be_bytes(bytes))
}

fn path(data: &[u8]) -> Result<Vec<u16>, StatusWord> {
    let (identifiers, []) = data.as_chunks::<2>() else {
        return Err(StatusWord::WRONG_LENGTH);
    };
    if identifiers.is_empty() {
        return Err(StatusWord::WRONG_LENGTH);
    }
    Ok(identifiers
        .iter()
        .map(|bytes| u16::from_be_bytes(*bytes))
        .collect())
}
