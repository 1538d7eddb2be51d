//! `status`: versions of each layer, readers, cards, and what will need someone's attention. No command is sent to any
//! card: what is told of a card is its answer to reset and what was read before.

use paraphe_protocol::api::{
    ErrorCode, Language, ReaderSummary, StatusRequest, StatusResponse, Versions, Warning,
};

use super::{Context, summary_of_atr};
use crate::problem::{Failure, Sentence};
use crate::reader::ReaderError;

pub(super) fn perform(
    context: &Context<'_>,
    _request: &StatusRequest,
) -> Result<StatusResponse, Failure> {
    let mut warnings = Vec::new();
    let views = match context.agent.readers.list() {
        Ok(views) => views,
        Err(error) => {
            debug_assert_eq!(error, ReaderError::ServiceUnavailable);
            warnings.push(warning(
                ErrorCode::ReaderServiceUnavailable,
                &Sentence::new(
                    "Le service des cartes (pcscd) ne répond pas.",
                    "The card service (pcscd) does not answer.",
                ),
                context.language,
            ));
            Vec::new()
        }
    };
    if views.is_empty() && warnings.is_empty() {
        warnings.push(warning(
            ErrorCode::ReaderAbsent,
            &Sentence::new(
                "Aucun lecteur de carte n'est branché.",
                "No card reader is plugged in.",
            ),
            context.language,
        ));
    }
    let readers = views
        .into_iter()
        .map(|view| ReaderSummary {
            name: view.target.reader.to_string(),
            state: view.state,
            card: view
                .known_card
                .or_else(|| view.atr.as_deref().map(summary_of_atr)),
        })
        .collect();
    Ok(StatusResponse {
        versions: Versions {
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            api: "v1".to_owned(),
            cards: context.agent.readers.backend_name().to_owned(),
        },
        readers,
        warnings,
    })
}

fn warning(code: ErrorCode, detail: &Sentence, language: Language) -> Warning {
    Warning {
        code,
        detail: detail.in_language(language).to_owned(),
        remedy: code.remedy(language),
    }
}
