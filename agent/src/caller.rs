//! Who asks: every operation is performed for a caller, which only the doors and the command line make.

use paraphe_protocol::login::Origin;

/// Who asks. A document put by one caller cannot be named by another; a site logs in only to its own record server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A page of a configured site, through the HTTPS door.
    Site(Origin),
    /// A program of the same user, through the Unix socket.
    LocalProgram {
        /// Its user, by the kernel; always the agent's own.
        uid: u32,
        /// Its process at the time it connected, for display and logs; never trusted.
        pid: Option<i32>,
    },
    /// The agent's own page, in a session that a program of the same user opened.
    OwnPage,
    /// A person at the command line, in this very process.
    CommandLine,
}
