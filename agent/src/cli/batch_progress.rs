//! How far a batch is: one line that is rewritten on a terminal, with a bar, the rate and the remaining time; JSON lines, as the API
//! tells it, everywhere else and for programs.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use paraphe_protocol::api::{BatchState, BatchSummary, Language};

use super::output::{self, either};

/// Width of the bar, characters.
const BAR: u32 = 30;
/// Shortest time between two JSON lines of the same state.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows how far a batch is.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    language: Language,
    last: Option<(Instant, BatchSummary)>,
}

impl Progress {
    pub(super) fn new(json: bool, language: Language) -> Self {
        Self {
            terminal: !json && std::io::stdout().is_terminal(),
            language,
            last: None,
        }
    }

    /// Shows where it stands, if that is news.
    pub(super) fn show(&mut self, summary: &BatchSummary) {
        if self.terminal {
            // While the PIN is asked for the terminal belongs to that question.
            if summary.state != BatchState::Preparing {
                let line = line(summary, self.language);
                let mut output = std::io::stdout().lock();
                let _gone = write!(output, "\r\x1b[K{line}").and_then(|()| output.flush());
            }
            return;
        }
        let news = self.last.as_ref().is_none_or(|(when, before)| {
            before.state != summary.state || (before != summary && when.elapsed() >= LINE_EVERY)
        });
        if news {
            self.write_line(summary);
        }
    }

    /// Shows how it ended.
    pub(super) fn end(&mut self, summary: &BatchSummary) {
        if self.terminal {
            output::print(&format!("\r\x1b[K{}\n", line(summary, self.language)));
        } else if self
            .last
            .as_ref()
            .is_none_or(|(_, before)| before != summary)
        {
            self.write_line(summary);
        }
    }

    fn write_line(&mut self, summary: &BatchSummary) {
        let line = serde_json::to_string(summary).unwrap_or_default();
        output::print(&format!("{line}\n"));
        self.last = Some((Instant::now(), summary.clone()));
    }
}

fn line(summary: &BatchSummary, language: Language) -> String {
    let finished = summary.done.saturating_add(summary.failed);
    let full = u64::from(BAR) * u64::from(finished) / u64::from(summary.items.max(1));
    let full = usize::try_from(full).unwrap_or_default();
    let empty = usize::try_from(BAR)
        .unwrap_or_default()
        .saturating_sub(full);
    let mut line = format!(
        "[{}{}] {finished}/{}",
        "#".repeat(full),
        "-".repeat(empty),
        summary.items
    );
    if summary.failed > 0 {
        let word = either(language, "refusés", "failed");
        line.push_str(&format!("  {} {word}", summary.failed));
    }
    if let Some(rate) = summary.per_minute {
        line.push_str(&format!("  {rate}/min"));
    }
    if let (Some(left), BatchState::Signing) = (summary.remaining_seconds, summary.state) {
        let word = either(language, "reste", "left");
        line.push_str(&format!("  {word} {}", duration(left)));
    }
    line
}

/// `1 h 05 min`, `4 min 20 s`, `12 s`.
fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use paraphe_protocol::api::{BatchState, BatchSummary, Language};

    use super::line;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let summary = BatchSummary {
            batch: String::new(),
            purpose: String::new(),
            state: BatchState::Signing,
            problem: None,
            items: 200,
            done: 99,
            failed: 1,
            signed: 0,
            per_minute: Some(171),
            remaining_seconds: Some(3900),
            mandate: None,
            output: None,
            started: 0,
        };
        assert_eq!(
            line(&summary, Language::English),
            "[###############---------------] 100/200  1 failed  171/min  left 1 h 05 min"
        );
    }
}
