//! Names of entries: relative paths that stay inside the container, on every system the same, and no two that meet when a system does
//! not tell letters apart (Unicode NFC, lower case).

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::signature::MAXIMUM_TEXT_BYTES;

/// Whether an entry, or a document that becomes one, may be called so.
pub(super) fn is_acceptable(name: &str) -> bool {
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment != "." && segment != ".." && !segment.ends_with(['.', ' '])
    };
    let is_forbidden = |character: char| {
        character.is_control()
            || matches!(character, '\\' | ':' | '\u{fffe}' | '\u{ffff}')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.len() <= MAXIMUM_TEXT_BYTES
        && name.split('/').all(is_segment)
        && !name.chars().any(is_forbidden)
}

/// Names as the least discerning system sees them.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Whether no other name met it.
    pub(super) fn insert(&mut self, name: &str) -> bool {
        self.0.insert(folded(name))
    }
}

/// Whether it is one of those that the container keeps for itself.
pub(super) fn is_reserved(name: &str) -> bool {
    let folded = folded(name);
    folded == "mimetype" || folded == "meta-inf" || folded.starts_with("meta-inf/")
}

fn folded(name: &str) -> String {
    let lower: String = name.nfc().flat_map(char::to_lowercase).collect();
    lower.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        for name in ["a", "a/b.txt", "compte rendu é.pdf", ".hidden", "a..b"] {
            assert!(is_acceptable(name), "{name}");
        }
        for name in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\b",
            "C:a",
            "a\0",
            "a\n",
            "a.",
            "a ",
            "a\u{202e}fdp.exe",
        ] {
            assert!(!is_acceptable(name), "{name:?}");
        }
        assert!(!is_acceptable(&"a".repeat(MAXIMUM_TEXT_BYTES + 1)));
    }

    #[test]
    fn names_that_meet_are_found() {
        let mut names = Names::default();
        assert!(names.insert("Lettre é.txt"));
        for same in ["lettre é.txt", "LETTRE É.TXT", "lettre e\u{301}.txt"] {
            assert!(!names.insert(same), "{same}");
        }
        assert!(names.insert("lettre.txt"));
        for reserved in [
            "mimetype",
            "MimeType",
            "META-INF",
            "meta-inf/x",
            "Meta-Inf/a/b",
        ] {
            assert!(is_reserved(reserved));
        }
        assert!(!is_reserved("META-INF.txt"));
    }
}
