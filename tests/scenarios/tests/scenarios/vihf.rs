//! A record opened by `paraphe vihf`, from the card behind the real pcscd to the record server's program: normal care, and break-glass
//! with its reason, each assertion once.

use hyper::Method;
use paraphe_protocol::vihf::AccessReason;
use paraphe_record_server::client::Client;
use paraphe_record_server::problem::Code;
use paraphe_record_server::record::DocumentsResponse;
use paraphe_record_server::vihf::AccessRequest;
use paraphe_scenarios::{
    CardsInReaders, PATIENT, RunningRecordServer, Workstation, key_of, login, record_of_patient,
};
use paraphe_softcard::pcscd::ReaderKind;

const PHYSICIAN: &str = "899700000013";
const REASON: &str = "Patient inconscient, urgence vitale";

async fn access(
    client: &Client,
    assertion: &str,
    reason: Option<&str>,
) -> Result<DocumentsResponse, Option<Code>> {
    let request = AccessRequest {
        assertion: assertion.to_owned(),
        reason: reason.map(|reason| AccessReason::new(reason).unwrap()),
    };
    let answer = client.json(Method::POST, "/v1/access", Some(&request));
    answer.await.map_err(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_opened_by_what_the_card_signs() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = CardsInReaders::insert(
        &[ReaderKind::Vpcd],
        &["physician"],
        workstation.path(),
        workstation.pki(),
    );
    let server = RunningRecordServer::start(workstation.path(), workstation.pki());
    let pin = workstation.pin_file("1234").to_str().unwrap().to_owned();
    let mut records = server.client();
    let nonce = records.nonce().await.unwrap().nonce;
    let binding = key_of(&records);
    let mut arguments = login(&nonce, &pin);
    arguments.extend(["--jkt", &binding.value]);
    let answer = workstation.paraphe(&cards, &arguments).done();
    records.login(&nonce, &answer["assertion"]).await.unwrap();
    let record = records
        .create_record(&record_of_patient(PHYSICIAN))
        .await
        .unwrap()
        .record;

    // Who has the assertion needs no session.
    let nobody = server.client();
    let vihf = |more: &[&str]| {
        let mut arguments = vec!["vihf", "--server", "dossier", "--patient", PATIENT];
        arguments.extend(["--situation", "1", "--reader", cards.reader(0)]);
        arguments.extend(["--pin-file", &pin]);
        arguments.extend(more);
        workstation.paraphe(&cards, &arguments)
    };
    let made = vihf(&[]).done();
    assert_eq!(made["mode"], "DIRECTE");
    assert_eq!(made["structure_id"], "499700000013001");
    let assertion = made["assertion"].as_str().unwrap();
    assert_eq!(
        access(&nobody, assertion, None).await.unwrap().record,
        record
    );
    let again = access(&nobody, assertion, None).await.unwrap_err();
    assert_eq!(again, Some(Code::VihfUsed));

    let refused = vihf(&["--purpose", "bris_de_glace"]);
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (1, &"access-reason-missing".into())
    );
    let made = vihf(&["--purpose", "bris_de_glace", "--reason", REASON]).done();
    let assertion = made["assertion"].as_str().unwrap();
    assert!(!assertion.contains("inconscient"));
    access(&nobody, assertion, Some(REASON)).await.unwrap();

    let trace = records.trace(&record).await.unwrap().entries;
    let opened: Vec<_> = trace
        .iter()
        .filter(|line| line.action == "record-access" && line.outcome == "done")
        .map(|line| (line.access.as_str(), line.access_reason.as_deref()))
        .collect();
    assert_eq!(opened, [("normal", None), ("bris_de_glace", Some(REASON))]);
}
