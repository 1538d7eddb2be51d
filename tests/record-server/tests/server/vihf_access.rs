//! A record opened by a SAML assertion, without a session, through real HTTPS: who, why and the reason are in the trace; what does
//! not hold is refused with its own code, and one of many submissions is admitted.

use crate::fixture::{AUDIENCE, Card, World, patient_ins, sign};
use hyper::Method;
use paraphe_certs::test_pki::CardPerson;
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::identifiers::Ins;
use paraphe_protocol::vihf::{
    Access, AccessReason, ClientSoftware, PracticePlace, Recipient, Resource, VihfAuthor, VihfId,
    VihfRequest,
};
use paraphe_record_server::ClientError;
use paraphe_record_server::problem::Code;
use paraphe_record_server::record::DocumentsResponse;
use paraphe_record_server::vihf::AccessRequest;

const REASON: &str = "Patient inconscient, urgence vitale";

/// What an agent makes with this card.
struct Agent<'a> {
    world: &'a World,
    card: &'a Card,
}

impl Agent<'_> {
    fn assertion(&self, id: u8, access: &Access, patient: &Ins, audience: Option<&str>) -> String {
        let place = PracticePlace::of_situation(&PracticeSituation {
            number: 1,
            mode: None,
            structure_name: None,
            structure_id: Some("499700000017001".into()),
            sector: Some("SA07".into()),
            unknown: Vec::new(),
        });
        let prepared = VihfRequest {
            id: VihfId::from_random([id; 16]),
            issued_at: self.world.now(),
            authenticated_at: self.world.now(),
            recipient: &Recipient {
                resource: Resource::default(),
                audience: audience.map(|audience| audience.parse().unwrap()),
            },
            patient: Some(patient),
            access,
            software: &ClientSoftware::default(),
        }
        .prepare(VihfAuthor::Card {
            signature: &self.card.signature().certificate,
            speciality: None,
            place: &place.unwrap(),
        })
        .unwrap();
        let value = sign(self.card.signature(), prepared.to_be_signed());
        String::from_utf8(prepared.complete(&value).unwrap()).unwrap()
    }

    async fn ask(
        &self,
        assertion: String,
        reason: Option<&str>,
    ) -> Result<DocumentsResponse, ClientError> {
        let request = AccessRequest {
            assertion,
            reason: reason.map(|reason| AccessReason::new(reason).unwrap()),
        };
        let client = self.world.client();
        client
            .json(Method::POST, "/v1/access", Some(&request))
            .await
    }

    async fn refused(&self, assertion: String, reason: Option<&str>, code: Code) {
        let error = self.ask(assertion, reason).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error}");
        self.world
            .assert_refusal_traced("record-access", code.name())
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn purpose_and_reason_are_in_the_trace() {
    let world = World::start().await;
    let (card, _, record) = world.physician_with_record().await;
    let agent = Agent {
        world: &world,
        card: &card,
    };
    let glass = Access::BreakGlass(AccessReason::new(REASON).unwrap());
    for (id, access, reason) in [
        (1, Access::Normal, None),
        (2, glass.clone(), Some(REASON)),
        (3, Access::RegulationCentre, None),
    ] {
        let assertion = agent.assertion(id, &access, &patient_ins(), Some(AUDIENCE));
        let answer = agent.ask(assertion, reason).await.unwrap();
        assert_eq!(answer.record, record);
        let trace = world.server().trace().await.unwrap();
        let line = trace.last().unwrap();
        assert_eq!(
            (line.action.as_str(), line.outcome.as_str()),
            ("record-access", "done")
        );
        assert_eq!(
            (line.mode.as_str(), line.access.as_str()),
            ("DIRECTE", access.purpose().code())
        );
        assert_eq!(line.access_reason.as_deref(), reason);
        assert_eq!(line.vihf, Some(VihfId::from_random([id; 16]).to_string()));
        assert_eq!(line.actor.as_ref().unwrap().national_id, "899700000017");
        assert_eq!(line.record.as_deref(), Some(record.as_str()));
    }
    // Without its reason, or with one for nothing, the assertion is spent and nothing is shown.
    let assertion = agent.assertion(4, &glass, &patient_ins(), Some(AUDIENCE));
    agent
        .refused(assertion, None, Code::AccessReasonMissing)
        .await;
    let assertion = agent.assertion(5, &Access::Normal, &patient_ins(), Some(AUDIENCE));
    agent
        .refused(assertion, Some(REASON), Code::AccessReasonMissing)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_submissions_of_one_assertion_one_is_admitted() {
    let world = World::start().await;
    let (card, _, _) = world.physician_with_record().await;
    let agent = Agent {
        world: &world,
        card: &card,
    };
    let assertion = agent.assertion(1, &Access::Normal, &patient_ins(), Some(AUDIENCE));
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (client, assertion) = (world.client(), assertion.clone());
        attempts.spawn(async move {
            let request = AccessRequest {
                assertion,
                reason: None,
            };
            client
                .json::<_, DocumentsResponse>(Method::POST, "/v1/access", Some(&request))
                .await
                .map_err(|error| error.code())
        });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refusals.copied().all(|code| code == Some(Code::VihfUsed)));
    // It stays spent for as long as it could be admitted, and is too old after that.
    world.advance(299);
    agent.refused(assertion.clone(), None, Code::VihfUsed).await;
    world.advance(2);
    agent.refused(assertion, None, Code::AssertionExpired).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_opens_nothing() {
    let world = World::start().await;
    let (card, _, _) = world.physician_with_record().await;
    let agent = Agent {
        world: &world,
        card: &card,
    };
    let normal = Access::Normal;
    let patient = patient_ins();
    for audience in [Some("autre.invalid"), None] {
        let assertion = agent.assertion(1, &normal, &patient, audience);
        agent.refused(assertion, None, Code::VihfRefused).await;
    }
    let good = agent.assertion(1, &normal, &patient, Some(AUDIENCE));
    let altered = good.replace(">899700000017<", ">899700000025<");
    agent
        .refused(altered, None, Code::AssertionSignatureInvalid)
        .await;
    agent
        .refused("<a/>".into(), None, Code::AssertionMalformed)
        .await;
    let nobody = Ins::new("285072B50202465".parse().unwrap(), patient.environment());
    let assertion = agent.assertion(2, &normal, &nobody, Some(AUDIENCE));
    agent.refused(assertion, None, Code::RecordUnknown).await;
    // A student's card signs a good assertion, and may not consult.
    let student = world.card(&CardPerson::sample_student());
    let student = Agent {
        world: &world,
        card: &student,
    };
    let assertion = student.assertion(3, &normal, &patient, Some(AUDIENCE));
    student.refused(assertion, None, Code::AccessDenied).await;
    // None of the refused ones was admitted meanwhile.
    agent.ask(good, None).await.unwrap();
}
