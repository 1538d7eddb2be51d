//! One dialogue with a pinentry program, in a process of its own: requests of one line, answers `OK`, `ERR` and `D` (GnuPG's
//! Assuan protocol, manual section 2; the requests are those of the pinentry manual, section 3). What is typed goes byte by
//! byte from the pipe into a [`SecretPage`]: no buffer, no text and no error ever holds it. Refused: an answer that does not
//! come in time, a line longer than the protocol allows, an enquiry. The program is killed where it does not end by itself.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::SecretPage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::PinEntryError;

/// How long the person has, seconds.
pub(super) const TIMEOUT: u16 = 120;
/// Longest text sent in one line, in bytes after line breaks were escaped; the line holds 1,000 with its keyword.
const MAXIMUM_TEXT: usize = 940;
/// How much longer the program may take to tell that the person's time is over.
const GRACE: Duration = Duration::from_secs(15);
/// How often is looked whether a question was withdrawn.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the program has to end after `BYE`.
const ENDING: Duration = Duration::from_secs(1);

/// Codes of GnuPG's error library, in the lowest 16 bits of the number after `ERR`.
const GPG_ERR_TIMEOUT: u32 = 62;
const GPG_ERR_CANCELED: u32 = 99;
const GPG_ERR_NOT_CONFIRMED: u32 = 114;
const GPG_ERR_FULLY_CANCELED: u32 = 198;

/// A running pinentry program; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Dialogue {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// It waits for the person and would not hear a farewell.
    is_waiting: bool,
}

/// The program at this path, or of this name in `PATH`, if it can be run.
pub(super) fn find(program: &Path) -> Option<PathBuf> {
    let can_be_run = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if program.components().count() > 1 {
        return Some(program.to_owned()).filter(can_be_run);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(can_be_run)
}

impl Dialogue {
    /// Starts the program and waits until it is ready.
    pub(super) fn open(program: &Path) -> Result<Self, PinEntryError> {
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| PinEntryError::Source {
                place: program.to_owned(),
                source,
            })?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            let _ = process.kill();
            let _ = process.wait();
            return Err(unavailable("the pinentry program cannot be talked to"));
        };
        let mut dialogue = Self {
            process,
            input,
            output,
            is_waiting: false,
        };
        dialogue.answer()?;
        let kind = std::env::var("TERM").unwrap_or_else(|_| "xterm-256color".to_owned());
        dialogue.tell("OPTION", "ttyname=/dev/tty")?;
        dialogue.tell("OPTION", &format!("ttytype={kind}"))?;
        Ok(dialogue)
    }

    /// A request that only sets something; the beginning of the text that fits is sent.
    pub(super) fn tell(&mut self, request: &str, text: &str) -> Result<(), PinEntryError> {
        self.send(request, text)?;
        self.answer().map(drop)
    }

    /// A request that the person answers; what they typed, for one that has them type.
    pub(super) fn ask(&mut self, request: &str) -> Result<SecretPage, PinEntryError> {
        self.show(request)?;
        self.answer()
    }

    /// The same for a question that may be withdrawn while it is open.
    pub(super) fn ask_unless(
        &mut self,
        request: &str,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<SecretPage, PinEntryError> {
        self.show(request)?;
        let until = Instant::now() + Duration::from_secs(TIMEOUT.into()) + GRACE;
        while !wait_for(&self.output, LOOK_EVERY)? {
            if withdrawn() {
                return Err(PinEntryError::Withdrawn);
            }
            if Instant::now() >= until {
                return Err(PinEntryError::Timeout);
            }
        }
        self.answer()
    }

    /// A request whose answer nobody waits for.
    pub(super) fn show(&mut self, request: &str) -> Result<(), PinEntryError> {
        self.send(request, "")?;
        self.is_waiting = true;
        Ok(())
    }

    fn send(&mut self, request: &str, text: &str) -> Result<(), PinEntryError> {
        let mut line = request.to_owned();
        if !text.is_empty() {
            line.push(' ');
            line.push_str(&escaped(bounded(text)));
        }
        line.push('\n');
        self.input
            .write_all(line.as_bytes())
            .map_err(|_| unavailable("the pinentry program ended"))
    }

    /// Reads to the end of one answer; data lines are put together.
    fn answer(&mut self) -> Result<SecretPage, PinEntryError> {
        let until = Instant::now() + Duration::from_secs(TIMEOUT.into()) + GRACE;
        let mut data = SecretPage::new();
        loop {
            let mut line = self.line(until)?;
            match line.expose() {
                [b'O', b'K', rest @ ..] if matches!(rest.first(), None | Some(b' ')) => {
                    self.is_waiting = false;
                    return Ok(data);
                }
                [b'E', b'R', b'R', b' ', code @ ..] => {
                    self.is_waiting = false;
                    return Err(refusal(code));
                }
                [b'D', b' ', ..] => take_data(&mut line, &mut data)?,
                [b'S' | b'#', ..] => {}
                // An enquiry, or no Assuan. Nothing of it is repeated: it may be what was typed.
                _ => return Err(unavailable("the pinentry program answered nonsense")),
            }
        }
    }

    /// One line without its end.
    fn line(&mut self, until: Instant) -> Result<SecretPage, PinEntryError> {
        let mut line = SecretPage::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !wait_for(&self.output, left)? {
                self.is_waiting = true;
                return Err(PinEntryError::Timeout);
            }
            let place = line.spare().get_mut(..1);
            let place =
                place.ok_or_else(|| unavailable("the pinentry program answered a long line"))?;
            match self.output.read(place) {
                Ok(0) => return Err(unavailable("the pinentry program ended")),
                Ok(_) if place == b"\n" => {
                    let length = line.expose().len();
                    if line.expose().ends_with(b"\r") {
                        line.truncate(length.saturating_sub(1));
                    }
                    return Ok(line);
                }
                Ok(read) => line.grow(read),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(unavailable("the pinentry program cannot be read")),
            }
        }
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if !self.is_waiting && self.send("BYE", "").is_ok() {
            let until = Instant::now() + ENDING;
            while Instant::now() < until {
                if let Ok(Some(_)) = self.process.try_wait() {
                    return;
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Adds the data of a `D` line, its `%XX` undone in place.
fn take_data(line: &mut SecretPage, data: &mut SecretPage) -> Result<(), PinEntryError> {
    let too_long = || unavailable("the pinentry program answered too much");
    let mut from = 2;
    while let Some(byte) = line.expose().get(from).copied() {
        let byte = match (byte, line.expose().get(from + 1..from + 3)) {
            (b'%', Some(digits)) => {
                let value = std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                from += 2;
                value.ok_or_else(|| unavailable("the pinentry program answered nonsense"))?
            }
            _ => byte,
        };
        *data.spare().first_mut().ok_or_else(too_long)? = byte;
        data.grow(1);
        from += 1;
    }
    Ok(())
}

/// What an `ERR` line means. Its words are the program's own and are not repeated.
fn refusal(code: &[u8]) -> PinEntryError {
    let digits = code.split(|byte| *byte == b' ').next().unwrap_or_default();
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<u32>().ok());
    match number.map(|number| number & 0xFFFF) {
        Some(GPG_ERR_CANCELED | GPG_ERR_FULLY_CANCELED | GPG_ERR_NOT_CONFIRMED) => {
            PinEntryError::Cancelled
        }
        Some(GPG_ERR_TIMEOUT) => PinEntryError::Timeout,
        Some(code) => unavailable(format!("pinentry: gpg-error {code}")),
        None => unavailable("the pinentry program answered nonsense"),
    }
}

/// Whether something can be read within that time.
fn wait_for(output: &ChildStdout, time: Duration) -> Result<bool, PinEntryError> {
    let time = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    match poll(&mut [PollFd::new(output, PollFlags::IN)], Some(&time)) {
        Ok(ready) => Ok(ready > 0),
        // Asked again with what is left of the time.
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(_) => Err(unavailable("the pinentry program cannot be read")),
    }
}

/// The longest beginning that fits one line once `%`, CR and LF are escaped as three bytes.
fn bounded(text: &str) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += match character {
            '\n' | '\r' | '%' | '\\' => 3,
            other => other.len_utf8(),
        };
        if used > MAXIMUM_TEXT {
            return &text[..position];
        }
    }
    text
}

/// `%`, CR, LF, and the backslash that would go on with the next line.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '\n' => escaped.push_str("%0A"),
            '\r' => escaped.push_str("%0D"),
            '\\' => escaped.push_str("%5C"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn unavailable(detail: impl Into<String>) -> PinEntryError {
    PinEntryError::Unavailable {
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use paraphe_protocol::SecretPage;

    use super::{MAXIMUM_TEXT, PinEntryError, bounded, escaped, find, refusal, take_data};

    #[test]
    fn no_text_is_too_long_for_a_line() {
        for text in ["%\n".repeat(1000), "é".repeat(5000), "\\".repeat(5000)] {
            let line = escaped(bounded(&text));
            assert!(line.len() <= MAXIMUM_TEXT && !line.contains('\n'));
        }
        assert_eq!(escaped(bounded("court 100 %\n")), "court 100 %25%0A");
    }

    #[test]
    fn data_is_put_together_and_unescaped() {
        let mut data = SecretPage::new();
        for line in ["D 12%333", "D %34"] {
            take_data(
                &mut SecretPage::copy_of(line.as_bytes()).unwrap(),
                &mut data,
            )
            .unwrap();
        }
        assert_eq!(data.expose(), b"12334");
        for nonsense in ["D %4", "D %"] {
            let mut line = SecretPage::copy_of(nonsense.as_bytes()).unwrap();
            take_data(&mut line, &mut SecretPage::new()).unwrap();
        }
        let mut line = SecretPage::copy_of(b"D %zz").unwrap();
        assert!(take_data(&mut line, &mut SecretPage::new()).is_err());
        let mut long = SecretPage::copy_of(&[b'1'; 1000]).unwrap();
        long.expose_mut()[..2].copy_from_slice(b"D ");
        take_data(&mut long, &mut data).unwrap();
        assert!(take_data(&mut long, &mut data).is_err());
    }

    #[test]
    fn a_no_in_any_of_its_forms_is_one() {
        for code in ["83886179 cancelled", "83886278", "83886194 not confirmed"] {
            assert!(matches!(refusal(code.as_bytes()), PinEntryError::Cancelled));
        }
        assert!(matches!(refusal(b"83886142 x"), PinEntryError::Timeout));
        for other in ["", "x", "83886081 1234", "99999999999"] {
            let said = refusal(other.as_bytes()).to_string();
            assert!(!said.contains("1234"), "{said}");
        }
    }

    #[test]
    fn only_what_can_be_run_is_a_program() {
        assert!(find(Path::new("sh")).is_some());
        assert!(find(Path::new("/bin/sh")).is_some());
        for no in ["/etc/passwd", "/etc", "no-such-program-anywhere", "./sh"] {
            assert!(find(Path::new(no)).is_none(), "{no}");
        }
    }
}
