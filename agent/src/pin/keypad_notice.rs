//! What a person is shown while they type on the reader's own keypad. It ends with the entry: a window is closed, lines stay.

use super::assuan::Dialogue;

/// Shown until it is dropped.
#[derive(Debug)]
pub struct KeypadNotice {
    _window: Option<Dialogue>,
}

impl KeypadNotice {
    /// A window of a pinentry program.
    pub(super) fn window(window: Dialogue) -> Self {
        Self {
            _window: Some(window),
        }
    }

    /// Lines that nobody takes away again.
    #[must_use]
    pub fn lines() -> Self {
        Self { _window: None }
    }
}
