//! The agent's own page, in the person's browser: who is let in, and its files. `paraphe open` asks at the Unix socket, where the
//! kernel says who connects, for a link; the link is good once, for a minute, and is exchanged by the page for the word of its session,
//! which the page keeps in its memory alone and sends as a header that no other page can make a browser send.
//!
//! A cookie would be no such word: browsers send cookies to every port of 127.0.0.1 (RFC 6265 section 8.5), whoever listens there, and
//! with requests that other pages cause. Kept here are SHA-256 digests, not the words. Refused: a link that was used or is late, more
//! than a few sessions. No clock is read in the table itself.

mod files;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::digest::Sha256Digest;

use crate::problem::Failure;
use crate::random::random_bytes;

pub use files::PageFile;
pub(crate) use files::file;

/// How long a link waits for its page.
pub(crate) const LINK_LASTS: Duration = Duration::from_secs(60);
/// How long a session lasts without a request. An open page asks at least every half minute.
const IDLE: Duration = Duration::from_secs(120);
/// How long a session lasts at most.
const SESSION_LASTS: Duration = Duration::from_secs(8 * 3600);
const MAXIMUM_LINKS: usize = 4;
const MAXIMUM_SESSIONS: usize = 4;

/// Links and sessions of the page. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct PageSessions {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The port at which the page is, once a door is open.
    port: OnceLock<u16>,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    links: VecDeque<(Sha256Digest, Instant)>,
    sessions: VecDeque<Session>,
}

#[derive(Debug)]
struct Session {
    word: Sha256Digest,
    begun: Instant,
    used: Instant,
}

impl PageSessions {
    /// The door that serves the page is open at this port.
    pub(crate) fn served_at(&self, port: u16) {
        // A second door of one agent would serve the same page; links lead to the first.
        let _port = self.shared.port.get_or_init(|| port);
    }

    /// A link to the page, with a word in its fragment, which browsers send nowhere.
    pub(crate) fn link(&self) -> Result<String, Failure> {
        let port = self.shared.port.get().ok_or_else(|| {
            Failure::new(ErrorCode::RequestInvalid).with_detail(
                "Aucun agent ne tourne : la page est servie par l'agent.",
                "No agent is running: the page is served by the agent.",
            )
        })?;
        let (word, digest) = word()?;
        self.table().add_link(digest, Instant::now());
        Ok(format!("https://127.0.0.1:{port}/#{word}"))
    }

    /// The word of a new session for that of a link, once.
    pub(crate) fn enter(&self, link: &str) -> Result<String, Failure> {
        let (word, digest) = word()?;
        let link = Sha256Digest::of(link.as_bytes());
        if self.table().enter(&link, digest, Instant::now()) {
            tracing::info!("the agent's own page was opened");
            return Ok(word);
        }
        tracing::warn!("a link to the agent's own page was refused");
        Err(ErrorCode::PageLinkInvalid.into())
    }

    /// Whether this is the word of a session; it is used by asking.
    pub(crate) fn admit(&self, word: &str) -> bool {
        let word = Sha256Digest::of(word.as_bytes());
        self.table().admit(&word, Instant::now())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is one insertion, removal or assignment.
        let table = &self.shared.table;
        table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn add_link(&mut self, link: Sha256Digest, now: Instant) {
        if self.links.len() >= MAXIMUM_LINKS {
            self.links.pop_front();
        }
        self.links.push_back((link, now));
    }

    fn enter(&mut self, link: &Sha256Digest, word: Sha256Digest, now: Instant) -> bool {
        self.expire(now);
        let Some(known) = self.links.iter().position(|(known, _)| known == link) else {
            return false;
        };
        self.links.remove(known);
        if self.sessions.len() >= MAXIMUM_SESSIONS {
            self.sessions.pop_front();
        }
        self.sessions.push_back(Session {
            word,
            begun: now,
            used: now,
        });
        true
    }

    fn admit(&mut self, word: &Sha256Digest, now: Instant) -> bool {
        self.expire(now);
        let found = self
            .sessions
            .iter_mut()
            .find(|session| &session.word == word);
        found.map(|session| session.used = now).is_some()
    }

    fn expire(&mut self, now: Instant) {
        self.links
            .retain(|(_, made)| now.duration_since(*made) < LINK_LASTS);
        self.sessions.retain(|session| {
            now.duration_since(session.used) < IDLE
                && now.duration_since(session.begun) < SESSION_LASTS
        });
    }
}

/// 256 random bits in 43 characters, and their digest.
fn word() -> Result<(String, Sha256Digest), Failure> {
    let word = URL_SAFE_NO_PAD.encode(random_bytes::<32>()?);
    let digest = Sha256Digest::of(word.as_bytes());
    Ok((word, digest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::{Duration, Instant};

    use paraphe_protocol::digest::Sha256Digest;

    use super::{IDLE, LINK_LASTS, MAXIMUM_SESSIONS, PageSessions, SESSION_LASTS, Table};

    fn digest(text: &str) -> Sha256Digest {
        Sha256Digest::of(text.as_bytes())
    }

    #[test]
    fn a_link_is_good_once_and_for_a_minute() {
        let mut table = Table::default();
        let now = Instant::now();
        assert!(!table.enter(&digest("link"), digest("word"), now));
        table.add_link(digest("link"), now);
        assert!(!table.enter(&digest("other"), digest("word"), now));
        assert!(!table.admit(&digest("word"), now) && !table.admit(&digest("link"), now));
        assert!(table.enter(&digest("link"), digest("word"), now));
        assert!(table.admit(&digest("word"), now) && !table.admit(&digest("link"), now));
        assert!(!table.enter(&digest("link"), digest("more"), now), "twice");
        table.add_link(digest("late"), now);
        assert!(!table.enter(&digest("late"), digest("more"), now + LINK_LASTS));
    }

    #[test]
    fn a_session_ends_without_use_in_the_end_and_for_newer_ones() {
        let mut table = Table::default();
        let start = Instant::now();
        let begin = |table: &mut Table, word: &str, now| {
            table.add_link(digest("link"), now);
            assert!(table.enter(&digest("link"), digest(word), now));
        };
        begin(&mut table, "first", start);
        let mut now = start;
        let step = IDLE - Duration::from_secs(1);
        while now + step < start + SESSION_LASTS {
            now += step;
            assert!(table.admit(&digest("first"), now));
        }
        assert!(!table.admit(&digest("first"), start + SESSION_LASTS));
        begin(&mut table, "idle", now);
        assert!(!table.admit(&digest("idle"), now + IDLE));
        for number in 0..=MAXIMUM_SESSIONS {
            begin(&mut table, &format!("word {number}"), now);
        }
        assert!(!table.admit(&digest("word 0"), now));
        assert!(table.admit(&digest("word 1"), now));
    }

    #[test]
    fn the_link_leads_to_the_door_and_its_word_is_in_the_fragment() {
        let sessions = PageSessions::default();
        sessions.link().unwrap_err();
        sessions.served_at(47443);
        let link = sessions.link().unwrap();
        let word = link.strip_prefix("https://127.0.0.1:47443/#").unwrap();
        assert_eq!(word.len(), 43);
        assert!(!sessions.admit(word));
        let session = sessions.enter(word).unwrap();
        assert_ne!(session, word);
        assert!(sessions.admit(&session));
        sessions.enter(word).unwrap_err();
        assert_ne!(sessions.link().unwrap(), link);
    }
}
