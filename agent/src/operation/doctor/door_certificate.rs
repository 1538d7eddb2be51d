//! The HTTPS door's certificate on this workstation: there, whole, private, and not about to end.

use paraphe_protocol::api::{DoctorCheck, DoctorSubject, ErrorCode};

use super::super::{Context, card_certificate};
use super::{Looked, fault};
use crate::config::Directories;
use crate::problem::Sentence;
use crate::trust::{TlsDirectory, TrustState};

/// What was found.
pub(super) struct DoorCertificate {
    pub(super) check: DoctorCheck,
    /// Where it can be read.
    pub(super) state: Option<TrustState>,
}

pub(super) fn look(context: &Context<'_>) -> DoorCertificate {
    let language = context.language;
    let wrong = |seen: Looked, sentence: &Sentence, state| DoorCertificate {
        check: seen
            .with_faults(vec![fault(
                ErrorCode::DoorCertificateUnusable,
                sentence,
                language,
            )])
            .judged(language),
        state,
    };
    let not_read = || {
        Looked::at(
            DoctorSubject::DoorCertificate,
            "Il ne peut pas être lu.",
            "It cannot be read.",
        )
    };
    let now = card_certificate::now();
    let directories = Directories::from_environment();
    let Some(directory) = TlsDirectory::in_use(&context.agent.config, &directories) else {
        let sentence = Sentence::new(
            "Ni HOME ni XDG_STATE_HOME n'est défini.",
            "Neither HOME nor XDG_STATE_HOME is set.",
        );
        return wrong(not_read(), &sentence, None);
    };
    let state = match directory.read(now) {
        Ok(state) => state,
        Err(error) => {
            let problem = error.problem(language);
            let detail = problem.detail.unwrap_or(problem.title);
            return wrong(not_read(), &Sentence::new(detail.clone(), detail), None);
        }
    };
    let (ends, days) = (state.not_after(), state.days_left(now));
    let looked = Looked::at(
        DoctorSubject::DoorCertificate,
        format!("Valable jusqu'au {ends} (encore {days} jours)."),
        format!("Valid until {ends} ({days} days left)."),
    );
    if let Some(problem) = state.problems().first() {
        let sentence = Sentence::new(problem.to_string(), problem.to_string());
        return wrong(looked, &sentence, None);
    }
    if state.should_be_renewed(now) {
        let sentence = Sentence::new(
            format!("Il finit dans {days} jours."),
            format!("It ends in {days} days."),
        );
        return wrong(looked, &sentence, Some(state));
    }
    DoorCertificate {
        check: looked.judged(language),
        state: Some(state),
    }
}
