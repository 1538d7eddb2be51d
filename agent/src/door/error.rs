//! Why a door cannot be opened, with what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use paraphe_protocol::api::{ErrorCode, Language, Problem};

use super::port_holder::PortHolder;

/// Why a door cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The port is taken or not to be had.
    #[error("cannot listen on {address}: {source}{}", held_by(holder.as_deref()))]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
        /// Who holds it, where the system tells.
        holder: Option<Box<PortHolder>>,
    },
    /// Neither loopback address exists.
    #[error("neither 127.0.0.1 nor ::1 can be listened on")]
    NoLoopback,
    /// The Unix socket cannot be made.
    #[error("{}: cannot listen: {source}", path.display())]
    Socket {
        /// Which socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another agent of this user answers on the socket.
    #[error("{}: another agent is running", path.display())]
    AlreadyRunning {
        /// Which socket.
        path: PathBuf,
    },
    /// The socket's directory belongs to somebody else, or others can get in.
    #[error("{}: must be a directory of this user with mode 0700", path.display())]
    SocketDirectory {
        /// Which directory.
        path: PathBuf,
    },
    /// There is no directory for sockets.
    #[error("XDG_RUNTIME_DIR is not set: no place for the Unix socket")]
    NoRuntimeDirectory,
    /// A socket was handed over that is not one of ours.
    #[error("inherited socket {number} ({name:?}) is not one of the agent's: {reason}")]
    Inherited {
        /// Its position, from 0.
        number: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The machine's dispatcher cannot be relied on.
    #[error("{}: {reason}", path.display())]
    Dispatcher {
        /// Its socket.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificate or key of the HTTPS door cannot be used.
    #[error("the HTTPS door's certificate cannot be used: {0}")]
    Certificate(#[from] rustls::Error),
    /// Anything else that the system refused.
    #[error("{doing}: {source}")]
    System {
        /// While doing what.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DoorError {
    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        if let Self::Listen {
            address,
            holder: Some(holder),
            ..
        } = self
        {
            let detail = match language {
                Language::French => format!("{address} est tenu par {}.", holder.named(language)),
                Language::English => format!("{address} is held by {}.", holder.named(language)),
            };
            return Problem::new(ErrorCode::PortTaken, language).with_detail(detail);
        }
        let (french, english) = self.remedy();
        let mut problem =
            Problem::new(ErrorCode::ConfigurationInvalid, language).with_detail(self.to_string());
        let (title, remedy) = match language {
            Language::French => ("L'agent ne peut pas ouvrir une de ses portes.", french),
            Language::English => ("The agent cannot open one of its doors.", english),
        };
        title.clone_into(&mut problem.title);
        remedy.clone_into(&mut problem.remedy.text);
        problem
    }

    fn remedy(&self) -> (&'static str, &'static str) {
        match self {
            Self::Listen { .. } => (
                "Un autre programme tient ce port : arrêtez-le, ou changez `port` dans la configuration.",
                "Another program holds this port: stop it, or change `port` in the configuration.",
            ),
            Self::NoLoopback => (
                "Activez l'interface de bouclage (lo) du poste.",
                "Bring up the workstation's loopback interface (lo).",
            ),
            Self::AlreadyRunning { .. } => (
                "Utilisez l'agent qui tourne déjà, ou arrêtez-le (systemctl --user stop paraphe).",
                "Use the agent that is running, or stop it (systemctl --user stop paraphe).",
            ),
            Self::Socket { .. } | Self::SocketDirectory { .. } | Self::NoRuntimeDirectory => (
                "Lancez l'agent dans une session ouverte par systemd (XDG_RUNTIME_DIR), sous votre compte.",
                "Start the agent in a session opened by systemd (XDG_RUNTIME_DIR), under your account.",
            ),
            Self::Inherited { .. } => (
                "Rétablissez l'unité paraphe.socket livrée, avec le même port que la configuration.",
                "Restore the paraphe.socket unit as shipped, with the configuration's port.",
            ),
            Self::Dispatcher { .. } => (
                "Relancez le répartiteur (systemctl restart paraphe-dispatch.service), ou retirez `[dispatch]` de la configuration.",
                "Restart the dispatcher (systemctl restart paraphe-dispatch.service), or take `[dispatch]` out of the configuration.",
            ),
            Self::Certificate(_) => (
                "Refaites le certificat : `paraphe trust renew`.",
                "Make the certificate again: `paraphe trust renew`.",
            ),
            Self::System { .. } => ("Voyez le journal de l'agent.", "See the agent's log."),
        }
    }
}

fn held_by(holder: Option<&PortHolder>) -> String {
    holder.map_or_else(String::new, |holder| {
        format!(" (held by {})", holder.named(Language::English))
    })
}
