//! Why the dispatcher cannot work, with what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

use paraphe_protocol::api::{ErrorCode, Language, Problem};

/// Why the dispatcher cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The port is taken or not to be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket for agents cannot be made.
    #[error("{}: {source}", path.display())]
    Socket {
        /// Which socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A socket was handed over that is not one of ours.
    #[error("inherited socket {number} is not one of the dispatcher's: {reason}")]
    Inherited {
        /// Its position, from 0.
        number: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A thread could not be started, or ended.
    #[error("{0}")]
    Thread(std::io::Error),
}

impl DispatchError {
    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        let (french, english) = match self {
            Self::Listen { .. } => (
                "Un autre programme tient ce port : `ss -ltnp` le nomme. Arrêtez-le, ou changez `port` dans la configuration.",
                "Another program holds this port: `ss -ltnp` names it. Stop it, or change `port` in the configuration.",
            ),
            Self::Socket { .. } => (
                "Lancez le répartiteur par son unité (paraphe-dispatch.socket), qui prépare ce répertoire.",
                "Start the dispatcher by its unit (paraphe-dispatch.socket), which prepares this directory.",
            ),
            Self::Inherited { .. } => (
                "Rétablissez l'unité paraphe-dispatch.socket livrée, avec le même port que la configuration.",
                "Restore the paraphe-dispatch.socket unit as shipped, with the configuration's port.",
            ),
            Self::Thread(_) => ("Voyez le journal du système.", "See the system's log."),
        };
        let mut problem =
            Problem::new(ErrorCode::ConfigurationInvalid, language).with_detail(self.to_string());
        let (title, remedy) = match language {
            Language::French => (
                "Le répartiteur de connexions ne peut pas travailler.",
                french,
            ),
            Language::English => ("The dispatcher of connections cannot work.", english),
        };
        title.clone_into(&mut problem.title);
        remedy.clone_into(&mut problem.remedy.text);
        problem
    }
}
