//! Records that must not be created, and what staff may not do, through real HTTPS.

use crate::fixture::{self, NOW, TestLot, World, create_request, number};
use paraphe_certs::test_pki::CardPerson;
use paraphe_protocol::api::NirSummary;
use paraphe_record_server::problem::Code;
use paraphe_record_server::record::CreateRecordRequest;

/// Makes a good request wrong in one way.
type Spoil = fn(&mut CreateRecordRequest);

#[tokio::test(flavor = "multi_thread")]
async fn a_record_needs_consent_and_an_identity_of_its_own() {
    let world = World::start().await;
    let reception = world
        .logged_in(&world.login_card(&CardPerson::sample_staff()))
        .await;
    let cases: [(Spoil, Code); 8] = [
        (|request| request.consent = None, Code::ConsentMissing),
        (
            |request| request.consent.as_mut().unwrap().given = false,
            Code::ConsentMissing,
        ),
        (
            |request| request.consent.as_mut().unwrap().collected_by.clear(),
            Code::ConsentInvalid,
        ),
        (
            |request| request.consent.as_mut().unwrap().collected_at = NOW.plus_days(1),
            Code::ConsentInvalid,
        ),
        // A dependant read on a parent's card: no number of their own.
        (
            |request| {
                request.patient.position = 2;
                request.patient.nir = None;
            },
            Code::PatientNumberMissing,
        ),
        (
            |request| {
                let good = request.patient.nir.take().unwrap();
                let key = if good.key == "01" { "02" } else { "01" };
                request.patient.nir = Some(NirSummary {
                    key: key.to_owned(),
                    ..good
                });
            },
            Code::PatientNumberInvalid,
        ),
        (
            |request| request.patient.nir = Some(number("8610275999999")),
            Code::PatientNumberTemporary,
        ),
        (
            |request| request.patient.family_name.clear(),
            Code::PatientIdentityInvalid,
        ),
    ];
    let before = world.stored();
    for (spoil, code) in cases {
        let mut request = create_request(NOW);
        spoil(&mut request);
        let error = reception.create_record(&request).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        world
            .assert_refusal_traced("record-create", code.name())
            .await;
        assert_eq!(world.stored(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_has_one_record() {
    let world = World::start().await;
    let reception = world
        .logged_in(&world.login_card(&CardPerson::sample_staff()))
        .await;
    let first = reception.create_record(&create_request(NOW)).await.unwrap();
    // Many at once, by several people, under another spelling of the name: the number decides.
    let mut attempts = tokio::task::JoinSet::new();
    for index in 0..10 {
        let client = reception.another();
        let mut request = create_request(NOW);
        request.patient.given_name = format!("PAUL{}", "X".repeat(index));
        attempts.spawn(async move {
            client
                .create_record(&request)
                .await
                .map_err(|error| error.code())
        });
    }
    for outcome in attempts.join_all().await {
        assert_eq!(outcome.unwrap_err(), Some(Code::RecordExists));
    }
    world
        .assert_refusal_traced("record-create", "record-exists")
        .await;
    assert_eq!(world.stored().rows, [1, 0, 0]);
    let physician = world
        .logged_in(&world.login_card(&CardPerson::sample_physician()))
        .await;
    let trace = physician.trace(&first.record).await.unwrap();
    let refused = trace
        .entries
        .iter()
        .filter(|line| line.code.as_deref() == Some("record-exists"));
    assert_eq!(
        refused.count(),
        10,
        "refused creations are in the patient's trace"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_create_but_neither_consult_nor_feed() {
    let world = World::start().await;
    let reception = world
        .logged_in(&world.login_card(&CardPerson::sample_staff()))
        .await;
    let record = reception
        .create_record(&create_request(NOW))
        .await
        .unwrap()
        .record;
    let before = world.stored();

    let code = |error: paraphe_record_server::ClientError| error.code();
    let denied = Some(Code::AccessDenied);
    assert_eq!(
        reception
            .documents(&record)
            .await
            .map_err(code)
            .unwrap_err(),
        denied
    );
    world
        .assert_refusal_traced("documents-list", "access-denied")
        .await;
    assert_eq!(
        reception
            .document(&record, "2.25.1", 10)
            .await
            .map_err(code)
            .unwrap_err(),
        denied
    );
    world
        .assert_refusal_traced("document-read", "access-denied")
        .await;
    assert_eq!(
        reception.trace(&record).await.map_err(code).unwrap_err(),
        denied
    );
    world
        .assert_refusal_traced("trace-read", "access-denied")
        .await;
    let announced = TestLot::new(1).announced();
    assert_eq!(
        reception
            .open_lot(&record, announced)
            .await
            .map_err(code)
            .unwrap_err(),
        denied
    );
    world
        .assert_refusal_traced("lot-open", "access-denied")
        .await;
    assert_eq!(
        reception
            .commit_lot("any", b"<x/>")
            .await
            .map_err(code)
            .unwrap_err(),
        denied
    );
    world
        .assert_refusal_traced("lot-commit", "access-denied")
        .await;
    assert_eq!(
        reception
            .abandon_lot("any")
            .await
            .map_err(code)
            .unwrap_err(),
        denied
    );
    assert_eq!(world.stored(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_out_of_form_are_refused() {
    let world = World::start().await;
    let (_, physician, record) = world.physician_with_record().await;
    let post = hyper::Method::POST;
    let malformed = [
        serde_json::json!({"patient": {}}),
        serde_json::json!({"patient": fixture::patient(), "consent": null, "extra": 1}),
        serde_json::json!([]),
    ];
    for body in malformed {
        let error = physician
            .json::<_, serde_json::Value>(post.clone(), "/v1/records", Some(&body))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(Code::RequestMalformed), "{body}");
        world
            .assert_refusal_traced("record-create", "request-malformed")
            .await;
    }
    let huge = "x".repeat(2 << 20);
    let error = physician
        .json::<_, serde_json::Value>(post.clone(), "/v1/records", Some(&huge))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::RequestTooLarge));
    let error = physician.documents("unknown").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::RecordUnknown));
    let error = physician.document(&record, "2.25.9", 10).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::DocumentUnknown));
    let error = physician
        .json::<serde_json::Value, serde_json::Value>(post.clone(), "/v1/elsewhere", None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::PathUnknown));
    let error = physician
        .json::<serde_json::Value, serde_json::Value>(post, "/v1/nonce", None)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::MediaTypeUnsupported));
}
