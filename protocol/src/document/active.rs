//! A streaming search for content that acts when a document is opened.
//!
//! PDF: names of ISO 32000-1 (with their `#xx` escapes undone) anywhere in the file. RTF: control
//! words of embedded objects. Text: tags that make a browser read it as a page.
//!
//! Honest limits: names inside compressed object streams, encrypted files' strings and the contents
//! of embedded fonts and images are not seen. Encrypted PDF files are refused for that reason.
//! A search that skips compressed streams cannot promise a harmless document; a reader that does not
//! run scripts can.

use std::fmt;

use fearless_simd::Level;
use serde::{Deserialize, Serialize};

use super::marker::Marker;

/// Something that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ActiveContent {
    /// A script in a PDF.
    JavaScript,
    /// A PDF that starts a program.
    Launch,
    /// An XFA form, a program in itself.
    XfaForm,
    /// A file inside the document.
    EmbeddedFile,
    /// Video, sound, Flash or 3D.
    RichMedia,
    /// A form that sends or fetches data.
    FormAction,
    /// A link into a file inside another.
    RemoteGoTo,
    /// An OLE object in an RTF.
    EmbeddedObject,
    /// Tags of a web page in a text.
    Markup,
    /// Encryption, which hides all of the above.
    Encryption,
}

impl fmt::Display for ActiveContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::JavaScript => "a script",
            Self::Launch => "an action that starts a program",
            Self::XfaForm => "an XFA form",
            Self::EmbeddedFile => "an embedded file",
            Self::RichMedia => "multimedia",
            Self::FormAction => "a form that sends data",
            Self::RemoteGoTo => "a link into an embedded file",
            Self::EmbeddedObject => "an embedded object",
            Self::Markup => "tags of a web page",
            Self::Encryption => "encrypted content",
        })
    }
}

/// Names after `/`. `JS` alone is not among them: three letters come up by chance in compressed
/// data, and every action that uses it also has a longer name of this list.
const PDF_NAMES: &[(&[u8], ActiveContent)] = &[
    (b"JavaScript", ActiveContent::JavaScript),
    (b"Launch", ActiveContent::Launch),
    (b"XFA", ActiveContent::XfaForm),
    (b"EmbeddedFile", ActiveContent::EmbeddedFile),
    (b"EmbeddedFiles", ActiveContent::EmbeddedFile),
    (b"RichMedia", ActiveContent::RichMedia),
    (b"RichMediaExecute", ActiveContent::RichMedia),
    (b"Rendition", ActiveContent::RichMedia),
    (b"SubmitForm", ActiveContent::FormAction),
    (b"ImportData", ActiveContent::FormAction),
    (b"GoToE", ActiveContent::RemoteGoTo),
    (b"Encrypt", ActiveContent::Encryption),
];

/// Control words after `\`, which end at anything but a letter.
const RTF_WORDS: &[(&[u8], ActiveContent)] = &[
    (b"objdata", ActiveContent::EmbeddedObject),
    (b"objemb", ActiveContent::EmbeddedObject),
    (b"objocx", ActiveContent::EmbeddedObject),
    (b"objlink", ActiveContent::EmbeddedObject),
    (b"objautlink", ActiveContent::EmbeddedObject),
    (b"objupdate", ActiveContent::EmbeddedObject),
    (b"objhtml", ActiveContent::EmbeddedObject),
];

/// Tags after `<`, in lower case.
const TEXT_TAGS: &[(&[u8], ActiveContent)] = &[
    (b"!doctype", ActiveContent::Markup),
    (b"html", ActiveContent::Markup),
    (b"script", ActiveContent::Markup),
    (b"iframe", ActiveContent::Markup),
    (b"svg", ActiveContent::Markup),
    (b"object", ActiveContent::Markup),
    (b"embed", ActiveContent::Markup),
];

/// Longest word kept: the longest name, each of its characters escaped.
const MAX_WORD: usize = 3 * 16 + 1;

#[derive(Clone, Copy, Debug)]
enum Language {
    Pdf,
    Rtf,
    Text,
}

/// Finds words after a marker, whatever the borders of the chunks.
#[derive(Debug)]
pub(super) struct ActiveScanner {
    language: Language,
    /// Whether a marker was seen and its word is not over.
    in_word: bool,
    /// The word so far, cut to [`MAX_WORD`].
    word: Vec<u8>,
    /// The vector instructions that this processor has.
    level: Level,
}

impl ActiveScanner {
    pub(super) fn pdf() -> Self {
        Self::new(Language::Pdf)
    }

    pub(super) fn rtf() -> Self {
        Self::new(Language::Rtf)
    }

    pub(super) fn text() -> Self {
        Self::new(Language::Text)
    }

    fn new(language: Language) -> Self {
        Self {
            language,
            in_word: false,
            word: Vec::with_capacity(MAX_WORD),
            level: Level::new(),
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, mut chunk: &[u8]) -> Result<(), ActiveContent> {
        while !chunk.is_empty() {
            if !self.in_word {
                let Some(at) = self.language.next_word(self.level, chunk) else {
                    return Ok(());
                };
                chunk = chunk.get(at..).unwrap_or_default();
                self.in_word = true;
                continue;
            }
            let length = chunk
                .iter()
                .position(|byte| !self.language.continues(*byte))
                .unwrap_or(chunk.len());
            let room = MAX_WORD.saturating_sub(self.word.len());
            let kept = chunk.get(..length.min(room)).unwrap_or_default();
            self.word.extend_from_slice(kept);
            chunk = chunk.get(length..).unwrap_or_default();
            if !chunk.is_empty() {
                self.end_word()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), ActiveContent> {
        self.end_word()
    }

    fn end_word(&mut self) -> Result<(), ActiveContent> {
        self.in_word = false;
        let found = self.language.find(&self.word);
        self.word.clear();
        found.map_or(Ok(()), Err)
    }
}

impl Language {
    /// Where the next word of the list can begin: behind a marker that the first two letters of a word of the list follow, as far
    /// as they are known.
    fn next_word(self, level: Level, bytes: &[u8]) -> Option<usize> {
        let beginnings = self.beginnings();
        let begins = |marker: usize| {
            let Some(first) = bytes.get(marker + 1) else {
                return true;
            };
            match beginnings.get(usize::from(*first)) {
                None | Some(Second::Never) => false,
                Some(Second::Any) => true,
                Some(Second::OneOf(letters)) => bytes
                    .get(marker + 2)
                    .is_none_or(|second| letters.contains(&self.folded(*second))),
            }
        };
        let marker = self.marker().find(level, bytes, begins)?;
        Some(marker + 1)
    }

    /// A letter as [`Second`] has it.
    fn folded(self, letter: u8) -> u8 {
        match self {
            Self::Text => letter.to_ascii_lowercase(),
            Self::Pdf | Self::Rtf => letter,
        }
    }

    /// What a word of the document is in the list.
    fn find(self, word: &[u8]) -> Option<ActiveContent> {
        let written = |words: &[(&[u8], ActiveContent)], word: &[u8]| {
            words
                .iter()
                .find(|(name, _)| *name == word)
                .map(|(_, found)| *found)
        };
        match self {
            Self::Pdf if word.contains(&b'#') => written(PDF_NAMES, &without_escapes(word)),
            Self::Pdf => written(PDF_NAMES, word),
            Self::Rtf => written(RTF_WORDS, word),
            Self::Text => TEXT_TAGS
                .iter()
                .find(|(tag, _)| tag.eq_ignore_ascii_case(word))
                .map(|(_, found)| *found),
        }
    }

    fn marker(self) -> Marker {
        let (byte, mask, value, or) = match self {
            // A capital letter, or an escape.
            Self::Pdf => (b'/', 0xe0, 0x40, b'#'),
            Self::Rtf => (b'\\', 0xff, b'o', b'o'),
            // A letter, or a declaration.
            Self::Text => (b'<', 0x40, 0x40, b'!'),
        };
        Marker {
            byte,
            mask,
            value,
            or,
        }
    }

    /// What can follow a byte that a word of the list can begin with, or an escape of it.
    fn beginnings(self) -> &'static [Second; 256] {
        const PDF: [Second; 256] = escaped(beginnings(PDF_NAMES));
        const RTF: [Second; 256] = beginnings(RTF_WORDS);
        const TEXT: [Second; 256] = in_capitals(beginnings(TEXT_TAGS));
        match self {
            Self::Pdf => &PDF,
            Self::Rtf => &RTF,
            Self::Text => &TEXT,
        }
    }

    /// Whether a byte belongs to the word.
    fn continues(self, byte: u8) -> bool {
        match self {
            // ISO 32000-1 section 7.2.2: white space and delimiters end a name.
            Self::Pdf => !matches!(
                byte,
                0 | b'\t'
                    | b'\n'
                    | 0x0c
                    | b'\r'
                    | b' '
                    | b'('
                    | b')'
                    | b'<'
                    | b'>'
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
                    | b'/'
                    | b'%'
            ),
            Self::Rtf => byte.is_ascii_alphabetic(),
            Self::Text => byte.is_ascii_alphabetic() || byte == b'!',
        }
    }
}

/// The second letters of words that begin with a letter.
#[derive(Clone, Copy)]
enum Second {
    /// No word begins so.
    Never,
    /// One of these; unused places repeat the first.
    OneOf([u8; 3]),
    /// Anything.
    Any,
}

/// The first two letters of a list, whose words have more.
const fn beginnings(words: &[(&[u8], ActiveContent)]) -> [Second; 256] {
    let mut begins = [Second::Never; 256];
    let mut rest = words;
    while let [(word, _), after @ ..] = rest {
        if let [first, second, ..] = word {
            let place = &mut begins[*first as usize];
            *place = match *place {
                Second::Never => Second::OneOf([*second; 3]),
                Second::OneOf([one, ..]) if one == *second => *place,
                Second::OneOf([one, two, _]) if two == one => Second::OneOf([one, *second, one]),
                Second::OneOf([_, two, _]) if two == *second => *place,
                _ => Second::Any,
            };
        }
        rest = after;
    }
    begins
}

/// The same where any letter may be written as an escape, which begins with `#`.
const fn escaped(mut begins: [Second; 256]) -> [Second; 256] {
    let mut byte = 0;
    while byte < 256 {
        begins[byte] = match begins[byte] {
            Second::OneOf([one, two, _]) => Second::OneOf([one, two, b'#']),
            other => other,
        };
        byte += 1;
    }
    begins[b'#' as usize] = Second::Any;
    begins
}

/// The same where the first letter may be a capital.
const fn in_capitals(mut begins: [Second; 256]) -> [Second; 256] {
    let mut byte = b'a';
    while byte <= b'z' {
        begins[byte.to_ascii_uppercase() as usize] = begins[byte as usize];
        byte += 1;
    }
    begins
}

/// A PDF name with its `#xx` escapes undone (ISO 32000-1 section 7.3.5).
fn without_escapes(name: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, after @ ..] = rest {
        match after {
            [high, low, others @ ..] if *first == b'#' => {
                if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                    plain.push(u8::try_from(high * 16 + low).unwrap_or(0));
                    rest = others;
                    continue;
                }
                plain.push(*first);
            }
            _ => plain.push(*first),
        }
        rest = after;
    }
    plain
}
