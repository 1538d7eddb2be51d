//! What `status` tells of tokens that are no card in a reader of ours: software tokens, and slots of PKCS#11 modules, with the
//! modules themselves and what is wrong with them. A card that a driver of ours serves is not told a second time as a module's.

use paraphe_protocol::api::{ModuleSummary, TokenSummary};

use super::Context;
use crate::config::KnownModule;
use crate::problem::Failure;
use crate::token;

/// What there is beside cards in readers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) tokens: Vec<TokenSummary>,
    pub(super) modules: Vec<ModuleSummary>,
    pub(super) modules_not_configured: Vec<String>,
    /// Why modules and software tokens do not work.
    pub(super) failures: Vec<Failure>,
}

pub(super) fn tokens(context: &Context<'_>) -> Seen {
    let readers = context.agent.readers.list().unwrap_or_default();
    let mut seen = Seen::default();
    for module in context.agent.modules.views() {
        seen.modules.push(ModuleSummary {
            name: module.name,
            description: (!module.description.is_empty()).then_some(module.description),
            works: module.failure.is_none(),
        });
        seen.failures.extend(module.failure);
        let told = module
            .tokens
            .into_iter()
            .filter(|token| !token.is_told_by_a_reader(&readers))
            .map(|token| TokenSummary {
                card: token.summary(),
                name: token.place,
            });
        seen.tokens.extend(told);
    }
    for configured in &context.agent.config.software_tokens {
        match token::software::summary(configured) {
            Ok(card) => seen.tokens.push(TokenSummary {
                name: configured.name.as_str().to_owned(),
                card,
            }),
            Err(error) => seen.failures.push(error.into()),
        }
    }
    let configured = &context.agent.config.pkcs11_modules;
    seen.modules_not_configured = KnownModule::ALL
        .into_iter()
        .filter(|known| {
            let files = known.files();
            let is_configured = configured
                .iter()
                .any(|module| module.files.iter().any(|file| files.contains(file)));
            !is_configured && files.iter().any(|file| file.exists())
        })
        .map(|known| known.name().to_owned())
        .collect();
    seen
}
