//! Mandates: one PIN entry, its bounds, who may see it, and every way in which it ends by itself, each told with its reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::stage::{Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, program, site};
use paraphe::caller::Caller;
use paraphe::pin::{PinPurpose, Requester};
use paraphe::reader::{Backend, Connector, InProcessReaders, Watch};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::digest::Sha256Digest;
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const LONG_MS: u32 = 30_000;

fn stage(answers: Vec<Answer>) -> (Stage, Card) {
    stage_with(answers, "")
}

fn stage_with(answers: Vec<Answer>, configuration: &str) -> (Stage, Card) {
    let stage = Stage::with(answers, false, configuration);
    let card = Card::shipped("physician");
    stage.insert(READER, &card);
    (stage, card)
}

async fn open(stage: &Stage, caller: &Caller) -> Value {
    let body = json!({"purpose": "Ordonnances du jour", "maximum_count": 5});
    stage
        .perform_as(caller, Operation::MandateOpen, body)
        .await
        .unwrap()
}

async fn status(stage: &Stage, caller: &Caller, mandate: &Value) -> Value {
    let body = json!({"mandate": mandate["mandate"]});
    let answer = stage
        .perform_as(caller, Operation::MandateStatus, body)
        .await;
    answer.unwrap()["mandates"][0].clone()
}

async fn cursor(stage: &Stage, caller: &Caller) -> Value {
    let answer = stage.perform_as(caller, Operation::Events, json!({})).await;
    answer.unwrap()["cursor"].clone()
}

/// The reason with which the end was pushed.
async fn pushed_end(stage: &Stage, caller: &Caller, mut cursor: Value) -> Value {
    for _ in 0..20 {
        let body = json!({"cursor": cursor, "wait_ms": LONG_MS});
        let answer = stage
            .perform_as(caller, Operation::Events, body)
            .await
            .unwrap();
        let events = answer["events"].as_array().unwrap();
        if let Some(end) = events.iter().find(|event| event["kind"] == "mandate-ended") {
            return end["mandate"]["end"]["reason"].clone();
        }
        cursor = answer["cursor"].clone();
    }
    panic!("no end was told");
}

#[tokio::test]
async fn one_entry_opens_it_and_the_person_sees_what_for() {
    let (stage, card) = stage(vec![Answer::Pin("1234")]);
    let caller = site(SITE);
    let digests: Vec<_> = (0_u8..5)
        .map(|one| Sha256Digest::of(&[one]).to_string())
        .collect();
    let documents: Vec<_> = digests
        .iter()
        .zip(["Un", "Deux", "Trois", "Quatre", "Cinq"])
        .map(|(sha256, title)| json!({"sha256": sha256, "title": title}))
        .collect();
    let body = json!({"purpose": "Ordonnances", "documents": documents});
    let mandate = stage
        .perform_as(&caller, Operation::MandateOpen, body)
        .await
        .unwrap();
    assert_eq!(mandate["count"], 5);
    assert_eq!(mandate["remaining"], 5);
    assert_eq!(mandate["documents_approved"], true);
    let left = mandate["remaining_seconds"].as_u64().unwrap();
    assert!((3000..=3600).contains(&left), "{left}");
    assert_eq!(card.counters().verifies, 1);
    assert!(!card.pin_verified());
    let asked = stage.asked();
    assert_eq!(asked[0].requester, Requester::Site(SITE.to_owned()));
    assert!(matches!(
        &asked[0].purpose,
        PinPurpose::Mandate { purpose, count: 5, first_titles, minutes: 60, .. }
            if purpose == "Ordonnances" && first_titles.len() == 3
    ));
    let shown = asked[0].description();
    for part in ["Ordonnances", "5 signature(s)", "60 min", "« Un »", SITE] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn nobody_else_sees_or_closes_it() {
    let (stage, _card) = stage(vec![Answer::Pin("1234")]);
    let owner = site(SITE);
    let mandate = open(&stage, &owner).await;
    let before = json!(mandate["opened"].as_i64().unwrap() * 1_000_000);
    for other in [site(SITE_WITHOUT_SERVER), program(), Caller::CommandLine] {
        let body = json!({"mandate": mandate["mandate"]});
        for operation in [Operation::MandateStatus, Operation::MandateClose] {
            let refused = stage.perform_as(&other, operation, body.clone()).await;
            assert_eq!(refused.unwrap_err().code, ErrorCode::MandateUnknown);
        }
        let all = stage
            .perform_as(&other, Operation::MandateStatus, json!({}))
            .await;
        assert_eq!(all.unwrap()["mandates"], json!([]));
        let events = stage
            .perform_as(&other, Operation::Events, json!({"cursor": before.clone()}))
            .await
            .unwrap();
        assert!(!events.to_string().contains("mandate"), "{events}");
    }
    let events = stage
        .perform_as(&owner, Operation::Events, json!({"cursor": before}))
        .await
        .unwrap();
    assert!(events.to_string().contains("mandate-opened"), "{events}");
}

#[tokio::test]
async fn closing_ends_it_for_good() {
    let (stage, card) = stage(vec![Answer::Pin("1234")]);
    let caller = program();
    let mandate = open(&stage, &caller).await;
    let cursor = cursor(&stage, &caller).await;
    let body = json!({"mandate": mandate["mandate"]});
    let closed = stage
        .perform_as(&caller, Operation::MandateClose, body.clone())
        .await
        .unwrap();
    assert_eq!(closed["end"]["reason"], "closed");
    assert_eq!(pushed_end(&stage, &caller, cursor).await, "closed");
    assert_eq!(
        status(&stage, &caller, &mandate).await["end"],
        closed["end"]
    );
    assert!(!card.pin_verified());
    // The operation stands for its end.
    let journal = stage.journal().await;
    let ends = journal
        .iter()
        .filter(|entry| entry["about"]["ended"].is_string());
    assert_eq!(ends.count(), 0, "{journal:?}");
}

#[tokio::test]
async fn it_ends_when_the_card_leaves() {
    let (stage, card) = stage(vec![Answer::Pin("1234")]);
    let caller = program();
    let mandate = open(&stage, &caller).await;
    let cursor = cursor(&stage, &caller).await;
    stage.readers.remove(READER);
    assert_eq!(pushed_end(&stage, &caller, cursor).await, "card-removed");
    // The same card put back does not bring it back.
    stage.insert(READER, &card);
    let end = &status(&stage, &caller, &mandate).await["end"]["reason"];
    assert_eq!(end, "card-removed");
    let written = &stage.journal().await[0];
    assert_eq!(written["operation"], "mandate/close", "{written}");
    assert_eq!(written["about"]["ended"], "card-removed");
    assert_eq!(written["about"]["id"], mandate["mandate"]);
    assert_eq!(written["about"]["count"], 0);
}

#[tokio::test]
async fn it_ends_when_its_time_is_over() {
    let (stage, _card) = stage(vec![Answer::Pin("1234")]);
    let caller = program();
    let soon = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 2;
    let cursor = cursor(&stage, &caller).await;
    let body = json!({"purpose": "Bref", "maximum_count": 1, "not_after": soon});
    stage
        .perform_as(&caller, Operation::MandateOpen, body)
        .await
        .unwrap();
    assert_eq!(pushed_end(&stage, &caller, cursor).await, "expired");
}

/// Readers of a workstation that is put to sleep by hand.
#[derive(Debug)]
struct Sleeper {
    readers: InProcessReaders,
    slept_ms: Arc<AtomicU64>,
}

impl Backend for Sleeper {
    fn name(&self) -> &'static str {
        "in-process"
    }

    fn watch(&self) -> Box<dyn Watch> {
        self.readers.watch()
    }

    fn connector(&self) -> Box<dyn Connector> {
        self.readers.connector()
    }

    fn slept(&self) -> Duration {
        Duration::from_millis(self.slept_ms.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn it_ends_when_the_workstation_slept() {
    let slept_ms = Arc::new(AtomicU64::new(0));
    let readers = InProcessReaders::new();
    let backend = Arc::new(Sleeper {
        readers: readers.clone(),
        slept_ms: Arc::clone(&slept_ms),
    });
    let stage = Stage::over(backend, vec![Answer::Pin("1234")], false, "");
    readers.insert(READER, Card::shipped("physician"));
    assert!(
        stage
            .agent
            .readers()
            .wait_for(Duration::from_secs(30), |views| {
                views.iter().any(|view| view.atr.is_some())
            })
    );
    let caller = program();
    open(&stage, &caller).await;
    let cursor = cursor(&stage, &caller).await;
    slept_ms.store(10_000, Ordering::Relaxed);
    assert_eq!(
        pushed_end(&stage, &caller, cursor).await,
        "workstation-slept"
    );
}

#[tokio::test]
async fn it_ends_when_the_agent_stops() {
    let (stage, _card) = stage(vec![Answer::Pin("1234")]);
    let caller = program();
    let mandate = open(&stage, &caller).await;
    stage.agent.stop();
    let end = &status(&stage, &caller, &mandate).await["end"]["reason"];
    assert_eq!(end, "agent-stopped");
}

#[tokio::test]
async fn what_goes_beyond_the_bounds_is_refused_before_anybody_is_asked() {
    let bounds = "[mandate]\nmaximum_count = 3\nmaximum_blank_count = 2\nmaximum_minutes = 1\n";
    let (stage, card) = stage_with(vec![], bounds);
    let digest = |one: u8| json!({"sha256": Sha256Digest::of(&[one])});
    let year_ahead = 4_000_000_000_u64;
    for (body, code) in [
        (
            json!({"purpose": "x", "maximum_count": 3}),
            ErrorCode::MandateLimit,
        ),
        (
            json!({"purpose": "x", "documents": [digest(1), digest(2), digest(3), digest(4)]}),
            ErrorCode::MandateLimit,
        ),
        (
            json!({"purpose": "x", "maximum_count": 1, "not_after": year_ahead}),
            ErrorCode::MandateLimit,
        ),
        (
            json!({"purpose": "x", "maximum_count": 1, "not_after": 1}),
            ErrorCode::RequestInvalid,
        ),
        (
            json!({"purpose": "x", "maximum_count": 0}),
            ErrorCode::RequestInvalid,
        ),
        (json!({"purpose": "x"}), ErrorCode::RequestInvalid),
        (
            json!({"purpose": " ", "maximum_count": 1}),
            ErrorCode::RequestInvalid,
        ),
        (
            json!({"purpose": "x", "maximum_count": 1, "documents": [digest(1)]}),
            ErrorCode::RequestInvalid,
        ),
    ] {
        let refused = stage.perform(Operation::MandateOpen, body.clone()).await;
        assert_eq!(refused.unwrap_err().code, code, "{body}");
    }
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn a_no_and_a_wrong_pin_open_nothing() {
    let (stage, card) = stage(vec![Answer::Cancel]);
    let body = json!({"purpose": "x", "maximum_count": 1});
    let no = stage.perform(Operation::MandateOpen, body.clone()).await;
    assert_eq!(no.unwrap_err().code, ErrorCode::OperationCancelled);
    let unattended = Stage::unattended(vec![Answer::Pin("0000")]);
    unattended.insert(READER, &card);
    let wrong = unattended.perform(Operation::MandateOpen, body).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::PinWrong);
    assert_eq!(card.counters().verifies, 1);
    let all = unattended
        .perform(Operation::MandateStatus, json!({}))
        .await;
    assert_eq!(all.unwrap()["mandates"], json!([]));
}
