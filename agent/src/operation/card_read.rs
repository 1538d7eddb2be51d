//! `card/read`: holder, certificates, PIN state; practice situations on request, which asks for the PIN. A card without
//! contacts gives its technical certificate and no holder, whatever that certificate states.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::Certificate;
use paraphe_protocol::api::{
    Assurance, CardReadRequest, CardReadResponse, CertificatePurpose, CertificateSummary,
    PinSummary, PracticeSituationSummary,
};
use paraphe_protocol::card::{PinCounters, PracticeSituation};
use paraphe_protocol::digest::Sha256Digest;

use super::Context;
use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::token::Access;
use crate::token::pkcs11::Tries;

pub(super) fn perform(
    context: &Context<'_>,
    request: &CardReadRequest,
) -> Result<CardReadResponse, Failure> {
    let family = if request.practice_situations {
        Family::Holder
    } else {
        Family::Professional
    };
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, family, reader, serial)?;
    let (holder, structure) = match token.assurance {
        Assurance::CardOnly => (None, None),
        _ => token.bearer()?.into_parts(),
    };
    let practice_situations = if request.practice_situations {
        let situations = PinDialogue::new(context, &token, PinPurpose::ReadPracticeSituations)?
            .run(context, |unlocked| unlocked.practice_situations())?;
        Some(situations.into_iter().map(situation_summary).collect())
    } else {
        None
    };
    let certificates = [
        (CertificatePurpose::Authentication, &token.authentication),
        (CertificatePurpose::Signature, &token.signature),
        (CertificatePurpose::Technical, &token.technical),
    ]
    .into_iter()
    .filter_map(|(purpose, certificate)| Some(certificate_summary(purpose, certificate.as_ref()?)))
    .collect();
    Ok(CardReadResponse {
        assurance: token.assurance,
        holder,
        structure,
        certificates,
        document_algorithms: token.document_algorithms(),
        pin: match &token.access {
            Access::Card(card) => card.counters.map(pin_summary),
            Access::Pkcs11(token) => Some(summary_of_tries(token.tries())),
            Access::Software(_) => None,
        },
        reader: token.place,
        card: token.summary,
        practice_situations,
    })
}

pub(super) fn pin_summary(counters: PinCounters) -> PinSummary {
    PinSummary {
        tries_max: Some(counters.max),
        tries_left: Some(counters.left),
        missed: false,
        blocked: counters.is_blocked(),
    }
}

/// As far as a token behind a PKCS#11 module says it.
pub(super) fn summary_of_tries(tries: Tries) -> PinSummary {
    PinSummary {
        tries_max: None,
        tries_left: match tries {
            Tries::Blocked => Some(0),
            Tries::Last => Some(1),
            Tries::Several | Tries::Few => None,
        },
        missed: tries == Tries::Few,
        blocked: tries == Tries::Blocked,
    }
}

fn certificate_summary(
    purpose: CertificatePurpose,
    certificate: &Certificate,
) -> CertificateSummary {
    CertificateSummary {
        purpose,
        subject: certificate.subject_rfc2253(),
        issuer: certificate.issuer_rfc2253(),
        serial_number: certificate.serial_number_decimal(),
        not_before: certificate.not_before().0,
        not_after: certificate.not_after().0,
        sha256: Sha256Digest::from_bytes(certificate.sha256()).to_string(),
        der: STANDARD.encode(certificate.der()),
    }
}

fn situation_summary(situation: PracticeSituation) -> PracticeSituationSummary {
    PracticeSituationSummary {
        number: situation.number,
        structure_name: situation.structure_name,
        structure_id: situation.structure_id,
        sector: situation.sector,
        mode: situation.mode,
    }
}
