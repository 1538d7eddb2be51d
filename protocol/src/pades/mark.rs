//! The visible mark: a frame with a few lines in Helvetica, one of the fonts that every reader of PDF has (ISO 32000-1 section
//! 9.6.2.2), in WinAnsiEncoding. The font is not embedded, which PDF/A asks for: a PDF/A file that gets a mark is one no more.

use lopdf::{Dictionary, Object, Stream};

use crate::signature::SigningError;

/// Most lines of a mark.
pub const MAXIMUM_LINES: usize = 8;
/// Longest line, characters.
pub const MAXIMUM_LINE_CHARACTERS: usize = 120;
/// Largest coordinate, points: what PDF allows for a page.
const MAXIMUM_COORDINATE: f32 = 14_400.0;
/// Largest area, square points: a quarter of an A4 page. A larger mark would hide what was signed before.
pub const MAXIMUM_MARK_AREA: f32 = 125_000.0;
/// Between frame and text, points.
const MARGIN: f32 = 4.0;
/// Distance of lines in font sizes.
const LEADING: f32 = 1.2;
/// Width of Helvetica's characters in font sizes, on average and rather too much.
const CHARACTER_WIDTH: f32 = 0.55;
/// Largest font size, points.
const MAXIMUM_FONT_SIZE: f32 = 12.0;

/// A mark on a page: who signed, in what role, when. It proves nothing; the signature does.
#[derive(Clone, Debug, PartialEq)]
pub struct VisibleMark {
    /// From 0.
    pub page: usize,
    /// From the page's left edge, points.
    pub left: f32,
    /// From the page's bottom edge, points.
    pub bottom: f32,
    /// Points.
    pub width: f32,
    /// Points.
    pub height: f32,
    /// Characters outside Windows-1252 become question marks; what does not fit is cut off.
    pub lines: Vec<String>,
}

impl VisibleMark {
    pub(super) fn check(&self) -> Result<(), SigningError> {
        let refused = |reason: &str| {
            Err(SigningError::Document {
                reason: reason.into(),
            })
        };
        let place = [self.left, self.bottom];
        let size = [self.width, self.height];
        if !place
            .iter()
            .all(|value| (-MAXIMUM_COORDINATE..=MAXIMUM_COORDINATE).contains(value))
            || !size
                .iter()
                .all(|value| (10.0..=MAXIMUM_COORDINATE).contains(value))
        {
            return refused("the visible mark's place is not on a page");
        }
        if self.width * self.height > MAXIMUM_MARK_AREA {
            return refused("the visible mark is larger than a quarter of an A4 page");
        }
        if self.lines.is_empty() || self.lines.len() > MAXIMUM_LINES {
            return refused("a visible mark has one to eight lines");
        }
        let is_too_long = |line: &String| line.chars().count() > MAXIMUM_LINE_CHARACTERS;
        if self.lines.iter().any(is_too_long) {
            return refused("a line of the visible mark is too long");
        }
        Ok(())
    }

    /// Left, bottom, right, top.
    pub(super) fn rectangle(&self) -> [f32; 4] {
        [
            self.left,
            self.bottom,
            self.left + self.width,
            self.bottom + self.height,
        ]
    }

    /// The form XObject that draws it.
    pub(super) fn appearance(&self) -> Object {
        let mut font = Dictionary::new();
        font.set("Type", "Font");
        font.set("Subtype", "Type1");
        font.set("BaseFont", "Helvetica");
        font.set("Encoding", "WinAnsiEncoding");
        let mut fonts = Dictionary::new();
        fonts.set("Helvetica", font);
        let mut resources = Dictionary::new();
        resources.set("Font", fonts);
        let mut form = Dictionary::new();
        form.set("Type", "XObject");
        form.set("Subtype", "Form");
        let corners = [0.0, 0.0, self.width, self.height];
        let corners: Vec<Object> = corners.into_iter().map(Object::Real).collect();
        form.set("BBox", corners);
        form.set("Resources", resources);
        Object::Stream(Stream::new(form, self.content().into_bytes()))
    }

    fn content(&self) -> String {
        let (width, height) = (self.width, self.height);
        let size = self.font_size();
        let mut content = format!(
            "q 0.5 w 0.25 0.25 {} {} re S Q\nq 0 0 {width} {height} re W n\nBT /Helvetica {size} Tf {} TL\n{MARGIN} {} Td\n",
            width - 0.5,
            height - 0.5,
            size * LEADING,
            height - MARGIN - size,
        );
        for line in &self.lines {
            let text: String = line
                .chars()
                .map(|character| format!("{:02X}", windows_1252(character)))
                .collect();
            content.push_str(&format!("<{text}> Tj T*\n"));
        }
        content.push_str("ET Q\n");
        content
    }

    fn font_size(&self) -> f32 {
        let count = |length: usize| f32::from(u16::try_from(length).unwrap_or(u16::MAX)).max(1.0);
        let longest = self.lines.iter().map(|line| line.chars().count()).max();
        let by_height = (self.height - 2.0 * MARGIN) / (count(self.lines.len()) * LEADING);
        let by_width =
            (self.width - 2.0 * MARGIN) / (count(longest.unwrap_or_default()) * CHARACTER_WIDTH);
        by_height.min(by_width).clamp(1.0, MAXIMUM_FONT_SIZE)
    }
}

/// A character in WinAnsiEncoding.
fn windows_1252(character: char) -> u8 {
    const FROM_80: [char; 32] = [
        '€', '?', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '?', 'Ž', '?', '?', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '?', 'ž', 'Ÿ',
    ];
    match u8::try_from(u32::from(character)) {
        Ok(byte @ (0x20..=0x7e | 0xa0..=0xff)) => byte,
        _ => match FROM_80.iter().position(|known| *known == character) {
            Some(place) => u8::try_from(0x80 + place).unwrap_or(b'?'),
            None => b'?',
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_written_and_the_rest_is_not_lost_silently() {
        assert_eq!(windows_1252('é'), 0xe9);
        assert_eq!(windows_1252('œ'), 0x9c);
        assert_eq!(windows_1252('€'), 0x80);
        assert_eq!(windows_1252('?'), b'?');
        assert_eq!(windows_1252('ł'), b'?');
        assert_eq!(windows_1252('\n'), b'?');
    }

    #[test]
    fn marks_have_bounds() {
        let mark = VisibleMark {
            page: 0,
            left: 20.0,
            bottom: 20.0,
            width: 200.0,
            height: 60.0,
            lines: vec!["Dr TEST".into()],
        };
        assert_eq!(mark.check(), Ok(()));
        for changed in [
            VisibleMark {
                left: f32::NAN,
                ..mark.clone()
            },
            VisibleMark {
                width: f32::INFINITY,
                ..mark.clone()
            },
            VisibleMark {
                height: 1.0,
                ..mark.clone()
            },
            VisibleMark {
                lines: Vec::new(),
                ..mark.clone()
            },
            VisibleMark {
                lines: vec!["x".repeat(121)],
                ..mark.clone()
            },
        ] {
            assert!(changed.check().is_err(), "{changed:?}");
        }
    }
}
