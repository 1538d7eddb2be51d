//! `status`: versions of each layer, readers, cards, and what will need someone's attention. No command is sent to any
//! card: what is told of a card is its answer to reset and what was read before.

use paraphe_protocol::SecretPage;
use paraphe_protocol::api::{
    ErrorCode, Language, ReaderSummary, StatusRequest, StatusResponse, Versions, Warning,
};

use super::{Context, card_certificate, summary_of_atr, token_status, vitale_components};
use crate::caller::Caller;
use crate::problem::{Failure, Sentence};
use crate::reader::ReaderError;

/// Readers that pcsc-lite has places for; a slot is one.
const PLACES: usize = 16;
/// A card that ends within 60 days is told: ordering one takes weeks.
const EXPIRING_SECONDS: i64 = 60 * 24 * 3600;

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
    if views.len() >= PLACES && context.agent.readers.backend_name() == "pcsc" {
        warnings.push(warning(
            ErrorCode::ReaderPlacesTaken,
            &Sentence::new(
                format!("{} lecteurs sont branchés.", views.len()),
                format!("{} readers are plugged in.", views.len()),
            ),
            context.language,
        ));
    }
    let readers: Vec<_> = views
        .into_iter()
        .map(|view| ReaderSummary {
            name: view.target.reader.to_string(),
            device: view.place.device,
            slot: view.place.slot,
            interface: view.place.interface,
            state: view.state,
            card: view
                .known_card
                .or_else(|| view.atr.as_deref().map(summary_of_atr)),
        })
        .collect();
    warnings.extend(expiring(context, &readers));
    // Asked anew each time: what else is locked at this moment counts too.
    if !SecretPage::new().is_locked() {
        warnings.push(warning(
            ErrorCode::MemoryNotLocked,
            &Sentence::new(
                "Le système refuse de verrouiller la mémoire où les codes sont tenus un instant.",
                "The system refuses to lock the memory in which PINs are held for a moment.",
            ),
            context.language,
        ));
    }
    let (mut vitale_components, faults) = vitale_components::look(context.agent);
    if matches!(context.caller, Caller::Site(_)) {
        // Where programs lie is the workstation's business.
        for component in &mut vitale_components {
            component.place = None;
        }
    } else {
        let unusable = faults
            .iter()
            .map(|fault| warning(ErrorCode::VitaleComponentUnusable, fault, context.language));
        warnings.extend(unusable);
    }
    let seen = token_status::tokens(context);
    if !matches!(context.caller, Caller::Site(_)) {
        warnings.extend(seen.failures.into_iter().map(|failure| {
            Warning {
                code: failure.code(),
                remedy: failure.code().remedy(context.language),
                detail: failure
                    .into_problem(context.language)
                    .detail
                    .unwrap_or_default(),
            }
        }));
    }
    let ends_on_lock = context.agent.mandates.ends_on_lock();
    if !ends_on_lock {
        warnings.push(warning(
            ErrorCode::SessionNotWatched,
            &Sentence::new(
                "Aucun gestionnaire de session (systemd-logind) ne répond : un mandat ne finit pas quand la session se verrouille.",
                "No session manager (systemd-logind) answers: a mandate does not end when the session is locked.",
            ),
            context.language,
        ));
    }
    let doors = match context.caller {
        Caller::Site(_) => Vec::new(),
        _ => context.agent.traffic.summaries(),
    };
    Ok(StatusResponse {
        doors,
        ends_on_lock,
        tokens: seen.tokens,
        modules: seen.modules,
        modules_not_configured: seen.modules_not_configured,
        versions: Versions {
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            api: "v1".to_owned(),
            cards: context.agent.readers.backend_name().to_owned(),
        },
        readers,
        vitale_components,
        warnings,
    })
}

/// Cards read before whose first certificate ends soon, or has ended.
fn expiring(context: &Context<'_>, readers: &[ReaderSummary]) -> Vec<Warning> {
    let now = card_certificate::now();
    let serials = readers
        .iter()
        .filter_map(|reader| reader.card.as_ref()?.serial.as_deref());
    serials
        .filter_map(|serial| {
            let ends = context.agent.expiry(serial)?;
            let sentence = if ends < now {
                Sentence::new(
                    format!("La carte {serial} a expiré le {ends}."),
                    format!("Card {serial} expired on {ends}."),
                )
            } else if ends.0.saturating_sub(now.0) < EXPIRING_SECONDS {
                Sentence::new(
                    format!("La carte {serial} expire le {ends}."),
                    format!("Card {serial} expires on {ends}."),
                )
            } else {
                return None;
            };
            Some(warning(
                ErrorCode::CertificateExpired,
                &sentence,
                context.language,
            ))
        })
        .collect()
}

pub(super) fn warning(code: ErrorCode, detail: &Sentence, language: Language) -> Warning {
    Warning {
        code,
        detail: detail.in_language(language).to_owned(),
        remedy: code.remedy(language),
    }
}
