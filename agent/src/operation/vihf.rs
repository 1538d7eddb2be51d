//! `vihf`: the SAML assertion by which the French record is opened (docs/vihf.md). Mode DIRECTE: the card's signature key signs, from
//! one of the practice situations on the card (`by_card`). The other modes: the user proves who they are with card and PIN, and the
//! structure's seal signs for them, with its own passphrase (`by_seal`). The recipient comes from the agent's own table, as for a
//! login: a page gets an assertion for the record server of its own origin and for no other.
//!
//! Nothing that a card or certificate says is a field of the request. The person reads purpose, patient and reason where the PIN is
//! asked for, each time: no mandate covers it. Break-glass needs a reason and a patient, is logged without either, and is an event.

mod by_card;
mod by_seal;

use paraphe_certs::{Holder, UnixTime};
use paraphe_protocol::api::{ErrorCode, VihfRequest, VihfResponse};
use paraphe_protocol::identifiers::{Environment, Ins, Nir, NirError};
use paraphe_protocol::vihf::{
    self, Access, AccessReason, ClientSoftware, PracticePlace, PreparedVihf, PurposeOfUse,
    Recipient, VihfAuthor, VihfId, VihfMode,
};

use super::asking_server;
use super::selection::{self, Family};
use super::{Context, card_certificate};
use crate::config::RecordServer;
use crate::document_store::Owner;
use crate::pin::PinPurpose;
use crate::problem::Failure;
use crate::random::random_bytes;
use crate::token::{Bearer, Token};

pub(super) fn perform(
    context: &Context<'_>,
    request: &VihfRequest,
) -> Result<VihfResponse, Failure> {
    let server = asking_server::server(context, request.server.as_deref())?;
    let statement = Statement::new(context, request, server)?;
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    let token = selection::token(context, Family::Holder, reader, serial)?;
    let holder = holder(&token)?;
    let made = match request.mode {
        VihfMode::Direct => by_card::sign(context, &statement, &token, request)?,
        VihfMode::Indirect | VihfMode::IndirectReinforced => {
            by_seal::sign(context, &statement, &token, request)?
        }
    };
    if statement.access.purpose() == PurposeOfUse::BreakGlass {
        let server = server.name.as_str();
        let mode = request.mode.name();
        tracing::warn!(
            server,
            mode,
            reader = token.place,
            "break-glass assertion made"
        );
        let asker = Owner::from(context.caller);
        context
            .agent
            .events
            .record_break_glass(asker, &token.place, server);
    }
    Ok(VihfResponse {
        assertion: String::from_utf8(made.assertion).map_err(|_| ErrorCode::Internal)?,
        id: statement.id.to_string(),
        expires_at: made.expires_at.0,
        mode: request.mode,
        purpose: statement.access.purpose(),
        card: token.serial,
        assurance: token.assurance,
        holder,
        structure_id: made.place.structure().to_string(),
        sector: made.place.sector().to_string(),
    })
}

fn holder(token: &Token) -> Result<Holder, Failure> {
    match token.bearer()? {
        Bearer::Person(holder) => Ok(*holder),
        Bearer::Patient(_) => Err(card_certificate::patients_refused()),
        Bearer::Structure(_) => Err(Failure::new(ErrorCode::CertificateWrongUse).with_detail(
            "Le jeton parle d'une personne : sa carte est nécessaire, le cachet de la structure ne la remplace pas.",
            "The assertion is about a person: their card is needed, the structure's seal does not stand for it.",
        )),
    }
}

/// What every assertion of one request says, whoever signs it.
#[derive(Clone)]
struct Statement {
    id: VihfId,
    server_title: String,
    recipient: Recipient,
    patient: Option<Ins>,
    access: Access,
    software: ClientSoftware,
}

/// A finished assertion.
struct Made {
    assertion: Vec<u8>,
    expires_at: UnixTime,
    place: PracticePlace,
}

impl Statement {
    fn new(
        context: &Context<'_>,
        request: &VihfRequest,
        server: &RecordServer,
    ) -> Result<Self, Failure> {
        let random = random_bytes()?;
        let config = &context.agent.config;
        let environment = if config.trust.accept_test {
            Environment::Test
        } else {
            Environment::Production
        };
        let patient = match &request.patient {
            Some(matricule) => {
                let matricule: Nir = matricule.parse().map_err(|error: NirError| {
                    Failure::new(ErrorCode::LotPatientInvalid).with_technical_detail(error)
                })?;
                Some(Ins::new(matricule, environment))
            }
            None => None,
        };
        let named = server.vihf.names_server.then(|| server.audience.clone());
        Ok(Self {
            id: VihfId::from_random(random),
            server_title: server.title.clone(),
            recipient: Recipient {
                resource: server.vihf.resource.clone(),
                audience: named,
            },
            patient,
            access: access(request)?,
            software: config.vihf.software.clone(),
        })
    }

    fn prepare(
        &self,
        author: VihfAuthor<'_>,
        authenticated_at: UnixTime,
    ) -> Result<PreparedVihf, Failure> {
        let request = vihf::VihfRequest {
            id: self.id.clone(),
            // A clock that was set back meanwhile does not put the login after the issue.
            issued_at: card_certificate::now().max(authenticated_at),
            authenticated_at,
            recipient: &self.recipient,
            patient: self.patient.as_ref(),
            access: &self.access,
            software: &self.software,
        };
        Ok(request.prepare(author)?)
    }

    fn pin_purpose(&self, mode: VihfMode, structure: Option<&str>) -> PinPurpose {
        PinPurpose::Vihf {
            server: self.server_title.clone(),
            mode,
            structure: structure.map(str::to_owned),
            patient: self.patient.clone(),
            access: self.access.clone(),
        }
    }
}

fn access(request: &VihfRequest) -> Result<Access, Failure> {
    match (request.purpose, &request.reason) {
        (PurposeOfUse::BreakGlass, Some(reason)) => {
            Ok(Access::BreakGlass(AccessReason::new(reason)?))
        }
        (PurposeOfUse::Normal, None) => Ok(Access::Normal),
        (PurposeOfUse::RegulationCentre, None) => Ok(Access::RegulationCentre),
        (PurposeOfUse::BreakGlass, None) | (_, Some(_)) => {
            Err(ErrorCode::AccessReasonMissing.into())
        }
    }
}
