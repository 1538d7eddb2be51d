//! Short texts of an assertion: bounded, printable, nothing at either end.

/// Longest text, in characters.
pub(super) const MAX_CHARACTERS: usize = 256;

/// Whether a text can stand in an assertion and be shown as it is.
pub(super) fn is_acceptable(text: &str) -> bool {
    let misleads = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= MAX_CHARACTERS
        && !text.chars().any(misleads)
}
