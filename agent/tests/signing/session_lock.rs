//! Mandates and the session manager: a lock and the beginning of sleep end them, other people's locks do not, and an agent without a
//! session manager works, says that nobody tells, and finds one that comes later.
//!
//! Needs the program `dbus-daemon`.

use std::time::{Duration, Instant};

use crate::stage::session_manager::{Bus, Logind, OURS, THEIRS, impostor};
use crate::stage::{Answer, Card, Stage};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

fn stage(bus: &Bus) -> (Stage, Card) {
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &bus.configuration());
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    (stage, card)
}

async fn open(stage: &Stage) -> Value {
    let body = json!({"purpose": "Ordonnances du jour", "maximum_count": 5});
    stage.perform(Operation::MandateOpen, body).await.unwrap()
}

async fn status(stage: &Stage, mandate: &Value) -> Value {
    let body = json!({"mandate": mandate["mandate"]});
    let answer = stage.perform(Operation::MandateStatus, body).await;
    answer.unwrap()["mandates"][0].clone()
}

/// Why it ends, as soon as it does.
async fn end(stage: &Stage, mandate: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let end = status(stage, mandate).await["end"]["reason"].clone();
        if !end.is_null() {
            return end;
        }
        assert!(begun.elapsed() < LONG, "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ends_on_lock(stage: &Stage) -> bool {
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    let warned = status["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|warning| warning["code"] == "session-not-watched");
    assert_eq!(status["ends_on_lock"], !warned);
    !warned
}

async fn until_it_is_watched(stage: &Stage, watched: bool) {
    let begun = Instant::now();
    while ends_on_lock(stage).await != watched {
        assert!(begun.elapsed() < LONG, "watched: {}", !watched);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_and_the_beginning_of_sleep_end_mandates() {
    let bus = Bus::start();
    let logind = Logind::start(&bus).await;
    let (stage, card) = stage(&bus);
    for (which, reason) in [
        ("Lock", "session-locked"),
        ("LockedHint", "session-locked"),
        ("PrepareForSleep", "workstation-slept"),
    ] {
        stage.will_answer(Answer::Pin("1234"));
        let mandate = open(&stage).await;
        assert_eq!(mandate["ends_on_lock"], true);
        match which {
            "Lock" => logind.lock(OURS).await,
            "LockedHint" => logind.locked_hint(OURS, true).await,
            _ => logind.prepare_for_sleep(true).await,
        }
        assert_eq!(end(&stage, &mandate).await, reason, "{which}");
        let body = json!({
            "format": "cades",
            "documents": [{"source": {"path": "/dev/null"}, "name": "a.txt"}],
            "mandate": mandate["mandate"],
        });
        let refused = stage.perform(Operation::Sign, body).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::MandateEnded);
    }
    assert_eq!(card.counters().verifies, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_ends_them() {
    let bus = Bus::start();
    let logind = Logind::start(&bus).await;
    let (stage, _card) = stage(&bus);
    let mandate = open(&stage).await;
    impostor(&bus).await;
    logind.lock(THEIRS).await;
    logind.locked_hint(THEIRS, true).await;
    logind.locked_hint(OURS, false).await;
    logind.unlock(OURS).await;
    logind.prepare_for_sleep(false).await;
    // Signals come in their order: what is told after all of these is told by this one alone.
    logind.prepare_for_sleep(true).await;
    assert_eq!(end(&stage, &mandate).await, "workstation-slept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_while_the_person_is_asked_is_not_overlooked() {
    let bus = Bus::start();
    let logind = Logind::start(&bus).await;
    let (stage, _card) = stage(&bus);
    let first = open(&stage).await;
    let (lock, is_to_lock) = std::sync::mpsc::channel();
    let (tell, locked) = std::sync::mpsc::channel::<()>();
    stage.will_answer(Answer::PinAfter(
        "1234",
        Box::new(move || {
            lock.send(()).unwrap();
            locked.recv_timeout(LONG).unwrap();
        }),
    ));
    let ending = async {
        let waited = tokio::task::spawn_blocking(move || is_to_lock.recv_timeout(LONG).unwrap());
        waited.await.unwrap();
        logind.lock(OURS).await;
        // Once the first one ended, the lock was heard.
        assert_eq!(end(&stage, &first).await, "session-locked");
        tell.send(()).unwrap();
    };
    let (second, ()) = tokio::join!(open(&stage), ending);
    assert_eq!(end(&stage, &second).await, "session-locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_told_goes_away_and_comes_back() {
    let bus = Bus::start();
    let logind = Logind::start(&bus).await;
    let (stage, card) = stage(&bus);
    let mandate = open(&stage).await;
    assert!(ends_on_lock(&stage).await);
    logind.stop().await;
    assert_eq!(end(&stage, &mandate).await, "session-manager-lost");
    until_it_is_watched(&stage, false).await;
    // Without it a mandate is opened all the same, and says so.
    stage.will_answer(Answer::Pin("1234"));
    let unwatched = open(&stage).await;
    assert_eq!(unwatched["ends_on_lock"], false);
    let logind = Logind::start(&bus).await;
    until_it_is_watched(&stage, true).await;
    assert_eq!(status(&stage, &unwatched).await["ends_on_lock"], true);
    logind.lock(OURS).await;
    assert_eq!(end(&stage, &unwatched).await, "session-locked");
    // The bus itself.
    stage.will_answer(Answer::Pin("1234"));
    let mandate = open(&stage).await;
    drop(bus);
    assert_eq!(end(&stage, &mandate).await, "session-manager-lost");
    until_it_is_watched(&stage, false).await;
    let read = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(read.unwrap()["card"]["kind"], "cps3");
    assert_eq!(card.counters().verifies, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_tells_the_agent_works_and_says_so() {
    let nowhere = "[session_manager]\nbus = \"unix:path=/nowhere/at/all\"\n";
    for configuration in [nowhere.to_owned(), Bus::start().configuration()] {
        let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
        stage.insert("Lecteur 1", &Card::shipped("physician"));
        assert!(!ends_on_lock(&stage).await);
        let mandate = open(&stage).await;
        assert_eq!(mandate["ends_on_lock"], false);
        assert_eq!(mandate.get("end"), None);
    }
    // A bus that is there, and takes connections and never answers.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus");
    let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let configuration = format!(
        "[session_manager]\nbus = \"unix:path={}\"\n",
        path.display()
    );
    let stage = Stage::with(vec![], false, &configuration);
    assert!(!ends_on_lock(&stage).await);
}
