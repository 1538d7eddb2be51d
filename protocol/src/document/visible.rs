//! Text as it may be shown: what a person cannot see, or what makes other text look different from what it is, stands there by its
//! number (Unicode UAX 9 and UTR 36: overrides, isolates, marks, zero-width and other format characters). Line ends and tabs stay.

/// The text with everything in it visible.
///
/// ```
/// use paraphe_protocol::document::visible;
/// assert_eq!(visible("dose : 10\u{202e}01 mg\n"), "dose : 10⟨U+202E⟩01 mg\n");
/// ```
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => shown.push(character),
            // A line end; alone it would let what follows overwrite the line on a terminal.
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\u{c}' => shown.push('\n'),
            hidden if is_hidden(hidden) => {
                shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(hidden)));
            }
            _ => shown.push(character),
        }
    }
    shown
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_is_written_stays_and_what_hides_is_seen() {
        assert_eq!(
            visible("été, œdème\t37,5 °C\r\nfin"),
            "été, œdème\t37,5 °C\nfin"
        );
        assert_eq!(visible("a\rb"), "a\nb");
        assert_eq!(visible("\u{1b}[2J"), "⟨U+001B⟩[2J");
        assert_eq!(visible("a\u{200b}b\u{feff}"), "a⟨U+200B⟩b⟨U+FEFF⟩");
        assert_eq!(visible("\u{2066}x\u{2069}"), "⟨U+2066⟩x⟨U+2069⟩");
        assert_eq!(visible("\u{e0041}"), "⟨U+E0041⟩");
    }
}
