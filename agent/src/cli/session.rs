//! Who does the work of a command: the running agent, or an agent in this very process.

use std::sync::Arc;

use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::options::CommonOptions;
use super::pin_entry;
use crate::caller::Caller;
use crate::config::{Config, Directories, LogLevel};
use crate::door::client::Client;
use crate::logging;
use crate::reader::Backend;
use crate::service::Agent;

/// What a command was started with.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) options: CommonOptions,
    pub(super) config: Arc<Config>,
    pub(super) directories: Directories,
    pub(super) language: Language,
    backend: Arc<dyn Backend>,
}

/// Who does the work.
pub(super) enum Session {
    Running(Client, Language),
    Here(Agent, Language),
}

impl Invocation {
    pub(super) fn new(options: CommonOptions) -> Result<Self, Failure> {
        let directories = Directories::from_environment();
        let config = Config::load(options.config.as_deref(), &directories)?;
        let language = options.language();
        #[cfg(feature = "softcard")]
        let (config, backend) = super::soft_cards::backend(&options, config, &directories)?;
        #[cfg(not(feature = "softcard"))]
        let backend: Arc<dyn Backend> = Arc::new(crate::reader::PcscBackend);
        Ok(Self {
            options,
            config: Arc::new(config),
            directories,
            language,
            backend,
        })
    }

    /// A person reads the answer: only errors of the program itself are worth a line beside it.
    pub(super) fn log_errors_only(&self) -> Result<(), Failure> {
        let mut log = self.config.log.clone();
        if log.level != LogLevel::Debug {
            log.level = LogLevel::Error;
        }
        begin_to_log(&log)
    }

    /// Start an agent in this process.
    pub(super) async fn start_agent(
        &self,
        pin_entry: Arc<dyn crate::pin::PinEntry>,
    ) -> Result<Agent, Failure> {
        let (config, backend) = (Arc::clone(&self.config), Arc::clone(&self.backend));
        // It waits for the first list of readers.
        tokio::task::spawn_blocking(move || Agent::start(config, backend, pin_entry))
            .await
            .map_err(|error| Failure::System(std::io::Error::other(error)))?
            .map_err(Failure::from)
    }
}

pub(super) fn begin_to_log(config: &crate::config::LogConfig) -> Result<(), Failure> {
    logging::start(config).map_err(|error| Failure::System(std::io::Error::other(error)))
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?)
}

impl Session {
    /// The running agent where there is one that may do it, else one in this process.
    pub(super) async fn open(invocation: &Invocation) -> Result<Self, Failure> {
        let language = invocation.language;
        if !invocation.options.in_this_process()
            && let Some(socket) = invocation.directories.socket()
            && let Some(client) = Client::connect(&socket).await?
        {
            return Ok(Self::Running(client, language));
        }
        let pin_entry = pin_entry::for_a_person(invocation)?;
        Ok(Self::Here(
            invocation.start_agent(pin_entry).await?,
            language,
        ))
    }

    /// Perform one operation.
    pub(super) async fn perform(
        &mut self,
        operation: Operation,
        request: &impl Serialize,
    ) -> Result<Value, Failure> {
        let body = serde_json::to_vec(request).map_err(|_| Failure::Answer)?;
        match self {
            Self::Running(client, language) => {
                Ok(client.perform(operation, body, *language).await?)
            }
            Self::Here(agent, language) => {
                let answer = agent
                    .perform(&Caller::CommandLine, operation, &body, *language)
                    .await
                    .map_err(|problem| Failure::Problem(Box::new(problem)))?;
                value(&answer)
            }
        }
    }
}

/// An answer to be looked into.
pub(super) fn value(answer: &RawValue) -> Result<Value, Failure> {
    serde_json::from_str(answer.get()).map_err(|_| Failure::Answer)
}

/// A request that the caller spelt wrongly, found before it is sent.
pub(super) fn invalid(language: Language, french: &str, english: &str) -> Failure {
    let detail = match language {
        Language::French => french,
        Language::English => english,
    };
    Failure::Problem(Box::new(
        Problem::new(ErrorCode::RequestInvalid, language).with_detail(detail),
    ))
}
