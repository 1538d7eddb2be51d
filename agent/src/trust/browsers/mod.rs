//! What makes this machine's browsers believe the agent: policy files in /etc, written and taken back by root. They give the
//! browsers the agent's roots and let pages of the configured sites, and of no other, reach the loopback. Chromium, Chrome and
//! Edge read a file of ours beside those of others (chromium.rs); Firefox has one file, into which our entries go beside those
//! of others (firefox.rs). No browser's own database is touched, nor the system's certificate bundle. What was written is
//! recorded, so that it can be taken back to the last file and directory (installation.rs).

mod belief;
mod chromium;
mod error;
mod firefox;
mod installation;
mod machine;
mod record;
mod site;

#[cfg(test)]
mod tests;

pub use belief::{Belief, Doubt, beliefs};
pub use error::{InstallError, PolicyFault};
pub use installation::{Installation, Wishes};
pub use machine::{MACHINE_TLS_DIRECTORY, MachineRoot};

/// How a browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// A directory of policy files, from the machine's root.
    Chromium(&'static str),
    /// The one policy file.
    Firefox,
}

/// A browser that the agent knows how to be believed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser {
    /// What a person calls it.
    pub name: &'static str,
    family: Family,
    /// Where its program may be, from the machine's root.
    programs: &'static [&'static str],
}

/// All of them. Policies are written for those that are not installed too: they may be, later.
pub const BROWSERS: [Browser; 4] = [
    Browser {
        name: "Chromium",
        family: Family::Chromium("etc/chromium/policies/managed"),
        programs: &["usr/bin/chromium", "usr/bin/chromium-browser"],
    },
    Browser {
        name: "Google Chrome",
        family: Family::Chromium("etc/opt/chrome/policies/managed"),
        programs: &["usr/bin/google-chrome-stable", "opt/google/chrome/chrome"],
    },
    Browser {
        name: "Microsoft Edge",
        family: Family::Chromium("etc/opt/edge/policies/managed"),
        programs: &[
            "usr/bin/microsoft-edge-stable",
            "opt/microsoft/msedge/msedge",
        ],
    },
    Browser {
        name: "Firefox",
        family: Family::Firefox,
        programs: &[
            "usr/bin/firefox-esr",
            "usr/bin/firefox",
            "opt/firefox/firefox",
        ],
    },
];

impl Browser {
    /// Whether its program is where packages put it.
    #[must_use]
    pub fn is_installed(&self, machine: &MachineRoot) -> bool {
        self.programs.iter().any(|path| machine.at(path).exists())
    }
}
