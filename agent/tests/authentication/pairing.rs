//! A site that the configuration does not list: it can ask for rights and can do nothing else, the person grants some or none, in a
//! window, on the command line, for this time or until they are taken back, and each operation needs its own right.

use std::time::Duration;

use crate::stage::{Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, program, site};
use paraphe::caller::Caller;
use paraphe_protocol::api::{ErrorCode, Operation, Problem, Right, SiteAccess};
use serde_json::{Value, json};

const STRANGER: &str = "https://rendez-vous.example:8443";
/// Longer than a window's answer is taken for one that nobody meant.
const READ: Duration = Duration::from_millis(1500);

async fn as_site(
    stage: &Stage,
    origin: &str,
    operation: Operation,
    body: Value,
) -> Result<Value, Problem> {
    stage.perform_as(&site(origin), operation, body).await
}

async fn ask(stage: &Stage, origin: &str, body: Value) -> Value {
    let asked = as_site(stage, origin, Operation::PairingRequest, body);
    asked.await.unwrap()
}

/// The outcome, once there is one.
async fn outcome(stage: &Stage, origin: &str, asked: &Value) -> Value {
    for _ in 0..4 {
        let body = json!({"pairing": asked["pairing"], "wait_ms": 20_000});
        let status = as_site(stage, origin, Operation::PairingStatus, body);
        let status = status.await.unwrap();
        if status["state"] != "pending" {
            return status;
        }
    }
    panic!("no outcome");
}

async fn answer(stage: &Stage, asked: &Value, decision: &str) -> Value {
    let body = json!({"pairing": asked["pairing"], "decision": decision});
    let answered = stage.perform(Operation::PairingAnswer, body);
    answered.await.unwrap()
}

async fn refusal(stage: &Stage, origin: &str, operation: Operation) -> ErrorCode {
    code(&as_site(stage, origin, operation, json!({})).await)
}

#[tokio::test]
async fn a_stranger_can_ask_for_rights_and_nothing_else() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    for operation in Operation::ALL {
        let refused = match operation.site_access() {
            SiteAccess::Anybody => continue,
            SiteAccess::Nobody => ErrorCode::OperationNotForSites,
            _ => ErrorCode::OriginNotAllowed,
        };
        assert_eq!(
            refusal(&stage, STRANGER, operation).await,
            refused,
            "{operation}"
        );
    }
    let status = as_site(&stage, STRANGER, Operation::PairingStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(status, json!({"state": "none", "rights": []}));
    for body in [
        json!({}),
        json!({"rights": []}),
        json!({"rights": ["sign", "sign"]}),
        json!({"rights": ["log-in"], "record_server": "nowhere"}),
        // Two record servers, and neither is this site's.
        json!({"rights": ["log-in"]}),
    ] {
        let asked = as_site(&stage, STRANGER, Operation::PairingRequest, body.clone());
        assert!(
            matches!(
                code(&asked.await),
                ErrorCode::RequestInvalid | ErrorCode::RecordServerUnknown
            ),
            "{body}"
        );
    }
    // What sites ask is for sites alone.
    for caller in [program(), Caller::CommandLine] {
        for operation in [Operation::PairingRequest, Operation::PairingStatus] {
            let refused = stage.perform_as(&caller, operation, json!({"rights": ["sign"]}));
            assert_eq!(code(&refused.await), ErrorCode::OperationNotForPrograms);
        }
    }
    assert!(stage.questions().is_empty() && stage.asked().is_empty());
    assert_eq!(card.counters().apdus, 0);
}

#[tokio::test]
async fn the_window_s_yes_is_for_this_time_and_for_these_rights() {
    let stage = Stage::new(vec![Answer::Allow(READ)]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let cursor = stage.perform(Operation::Events, json!({})).await.unwrap()["cursor"].clone();
    let asked = ask(&stage, STRANGER, json!({"rights": ["read-professional"]})).await;
    assert_eq!(asked["state"], "pending");
    assert_eq!(asked["rights"], json!([]));
    let number = asked["number"].as_str().unwrap();
    assert_eq!(number.len(), 4);
    let outcome = outcome(&stage, STRANGER, &asked).await;
    assert_eq!(outcome["state"], "granted");
    assert_eq!(outcome["rights"], json!(["read-professional"]));
    let questions = stage.questions();
    let [question] = questions.as_slice() else {
        panic!("{questions:?}");
    };
    for shown in [STRANGER, number, "lire la carte du professionnel", "port"] {
        assert!(question.text.contains(shown), "{shown}: {}", question.text);
    }
    let read = as_site(&stage, STRANGER, Operation::CardRead, json!({}));
    assert_eq!(read.await.unwrap()["assurance"], "holder");
    as_site(&stage, STRANGER, Operation::Status, json!({}))
        .await
        .unwrap();
    for operation in [Operation::LotSign, Operation::Login, Operation::VitaleRead] {
        let refused = refusal(&stage, STRANGER, operation).await;
        assert_eq!(refused, ErrorCode::RightNotGranted, "{operation}");
    }
    let grants = stage
        .perform(Operation::GrantList, json!({}))
        .await
        .unwrap();
    let grant = grants["grants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|grant| grant["origin"] == STRANGER)
        .unwrap();
    assert_eq!(grant["duration"], "this-time");
    assert!(grant["expires_at"].is_i64());
    let kept = std::fs::read_to_string(stage.state().join("grants.json")).unwrap();
    assert!(!kept.contains(STRANGER), "{kept}");
    // Who has the rights is not asked about again.
    let again = ask(&stage, STRANGER, json!({"rights": ["read-professional"]})).await;
    assert_eq!(again["state"], "granted");
    assert_eq!(stage.questions().len(), 1);
    let body = json!({"cursor": cursor});
    let told = stage
        .perform(Operation::Events, body.clone())
        .await
        .unwrap();
    let kinds: Vec<_> = told["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["origin"] == STRANGER)
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["pairing-requested", "pairing-ended", "grant-given"]);
    let told = as_site(&stage, SITE, Operation::Events, body);
    assert!(!told.await.unwrap().to_string().contains(STRANGER));
}

#[tokio::test]
async fn a_no_silence_and_haste_grant_nothing() {
    let stage = Stage::new(vec![Answer::Refuse]);
    let asked = ask(&stage, STRANGER, json!({"rights": ["sign"]})).await;
    let refused = outcome(&stage, STRANGER, &asked).await;
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["rights"], json!([]));
    let written = &stage.journal().await[0];
    assert_eq!(written["operation"], "pairing/answer", "{written}");
    assert_eq!(written["outcome"], "refused");
    assert_eq!(written["about"], json!({"origin": STRANGER}));
    let again = json!({"rights": ["sign"]});
    let again = as_site(&stage, STRANGER, Operation::PairingRequest, again);
    assert_eq!(code(&again.await), ErrorCode::PairingTooMany);

    // A yes that came before anybody could read, as often as it comes, then a window that nobody answers.
    let hasty = || Answer::Allow(Duration::ZERO);
    let stage = Stage::new(vec![hasty(), hasty(), hasty()]);
    let asked = ask(&stage, STRANGER, json!({"rights": ["sign"]})).await;
    while stage.questions().len() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let body = json!({"pairing": asked["pairing"], "wait_ms": 500});
    let status = as_site(&stage, STRANGER, Operation::PairingStatus, body);
    assert_eq!(status.await.unwrap()["state"], "pending");
    assert_eq!(
        refusal(&stage, STRANGER, Operation::Status).await,
        ErrorCode::OriginNotAllowed
    );
    // It still waits for an answer elsewhere.
    answer(&stage, &asked, "refuse").await;
    assert_eq!(outcome(&stage, STRANGER, &asked).await["state"], "refused");
}

#[tokio::test]
async fn some_rights_until_they_are_taken_back() {
    let stage = Stage::new(vec![
        Answer::Allow(Duration::from_secs(60)),
        Answer::Pin("1234"),
    ]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let wanted = json!({"rights": ["sign", "log-in"], "record_server": "regional"});
    let asked = ask(&stage, STRANGER, wanted).await;
    // Another site's page neither sees it nor learns what became of it.
    let spied = as_site(
        &stage,
        SITE,
        Operation::PairingStatus,
        json!({"pairing": asked["pairing"]}),
    );
    assert_eq!(code(&spied.await), ErrorCode::PairingUnknown);
    let waiting = stage
        .perform(Operation::PairingList, json!({}))
        .await
        .unwrap();
    let waiting = &waiting["pairings"][0];
    assert_eq!(waiting["origin"], STRANGER);
    assert_eq!(waiting["number"], asked["number"]);
    assert_eq!(waiting["record_server_title"], "Dossier régional");
    assert_eq!(waiting["warnings"][0]["kind"], "unusual-port");
    let more = json!({"pairing": asked["pairing"], "decision": "until-revoked", "rights": ["read-patient"]});
    let more = stage.perform(Operation::PairingAnswer, more).await;
    assert_eq!(code(&more), ErrorCode::RequestInvalid, "not asked for");
    let some =
        json!({"pairing": asked["pairing"], "decision": "until-revoked", "rights": ["sign"]});
    stage
        .perform(Operation::PairingAnswer, some.clone())
        .await
        .unwrap();
    let twice = stage.perform(Operation::PairingAnswer, some).await;
    assert_eq!(code(&twice), ErrorCode::PairingUnknown);
    let outcome = outcome(&stage, STRANGER, &asked).await;
    assert_eq!(outcome["rights"], json!(["sign"]));
    assert_eq!(outcome.get("record_server"), None);
    let kept = std::fs::read_to_string(stage.state().join("grants.json")).unwrap();
    assert!(kept.contains(STRANGER), "{kept}");

    stage.will_answer(Answer::Pin("1234"));
    let body = json!({"purpose": "Ordonnances", "maximum_count": 2});
    let mandate = as_site(&stage, STRANGER, Operation::MandateOpen, body);
    let mandate = mandate.await.unwrap()["mandate"].clone();
    let revoke = |origin: &str| stage.perform(Operation::GrantRevoke, json!({"origin": origin}));
    let revoked = revoke(STRANGER).await.unwrap();
    assert_eq!(revoked["mandates_ended"], 1);
    assert_eq!(
        refusal(&stage, STRANGER, Operation::MandateStatus).await,
        ErrorCode::OriginNotAllowed
    );
    // Granted again, the site finds the mandate ended.
    let asked = ask(&stage, STRANGER, json!({"rights": ["sign"]})).await;
    answer(&stage, &asked, "this-time").await;
    let body = json!({"mandate": mandate});
    let ended = as_site(&stage, STRANGER, Operation::MandateStatus, body);
    assert_eq!(
        ended.await.unwrap()["mandates"][0]["end"]["reason"],
        "closed"
    );

    assert_eq!(
        code(&revoke("https://nobody.example").await),
        ErrorCode::GrantUnknown
    );
    assert_eq!(code(&revoke("nonsense").await), ErrorCode::GrantUnknown);
    assert_eq!(code(&revoke(SITE).await), ErrorCode::GrantOfConfiguration);
}

#[tokio::test]
async fn a_login_is_for_the_record_server_that_the_person_saw() {
    let stage = Stage::new(vec![]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let wanted = json!({"rights": ["log-in"], "record_server": "regional"});
    let asked = ask(&stage, STRANGER, wanted).await;
    answer(&stage, &asked, "this-time").await;
    stage.will_answer(Answer::Pin("1234"));
    let nonce = "A".repeat(43);
    let body = json!({"nonce": nonce, "server": "other"});
    let other = as_site(&stage, STRANGER, Operation::Login, body).await;
    assert_eq!(code(&other), ErrorCode::RecordServerUnknown);
    let login = as_site(&stage, STRANGER, Operation::Login, json!({"nonce": nonce}));
    let login = login.await.unwrap();
    assert!(login["assertion"].is_object());
    assert!(stage.asked()[0].description().contains("Dossier régional"));
    assert!(stage.asked()[0].description().contains(STRANGER));
}

#[tokio::test]
async fn the_configuration_has_the_last_word() {
    let forbidden = "https://interdit.example";
    let reader = "https://accueil.example";
    let more = format!(
        "[[site]]\norigin = {reader:?}\nrights = [\"read-patient\"]\n[pairing]\nforbidden = [{forbidden:?}]\n"
    );
    let stage = Stage::with(vec![], false, &more);
    let wanted = json!({"rights": Right::ALL});
    // A listed site has what the list says, and nobody is asked for more.
    let answered = ask(&stage, reader, wanted.clone()).await;
    assert_eq!(answered["state"], "granted");
    assert_eq!(answered["rights"], json!(["read-patient"]));
    assert_eq!(
        refusal(&stage, reader, Operation::CardRead).await,
        ErrorCode::RightNotGranted
    );
    let answered = ask(&stage, SITE_WITHOUT_SERVER, wanted.clone()).await;
    assert_eq!(answered["rights"], json!(Right::ALL));
    for operation in [Operation::PairingRequest, Operation::PairingStatus] {
        let refused = refusal(&stage, forbidden, operation).await;
        assert_eq!(refused, ErrorCode::OriginNotAllowed);
    }
    let closed = Stage::with(vec![], false, "[pairing]\nallowed = false\n");
    let refused = as_site(&closed, STRANGER, Operation::PairingRequest, wanted);
    assert_eq!(code(&refused.await), ErrorCode::OriginNotAllowed);
    assert!(stage.questions().is_empty() && closed.questions().is_empty());
}
