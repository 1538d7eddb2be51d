//! How long batches are kept: forgotten at their owner's word, by their age, and above a number; unfinished ones only expressly.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::stage::{Answer, Card, SITE, Stage, site};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Desk {
    stage: Stage,
    card: Card,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(configuration: &str) -> Self {
        let stage = Stage::with(vec![], false, configuration);
        let card = Card::shipped("physician");
        stage.insert("Lecteur 1", &card);
        Self {
            stage,
            card,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a batch of one document; its results are the agent's where no directory is named.
    async fn start(&self, answer: Answer, output: Option<&str>) -> Result<String, ErrorCode> {
        self.stage.will_answer(answer);
        let document = self.path("document");
        fs::write(&document, "Document\n").unwrap();
        let mut body = json!({"purpose": "Courrier", "items": [{"source": {"path": document}}]});
        if let Some(output) = output {
            body["output"] = json!(self.path(output));
        }
        let answer = self.stage.perform(Operation::BatchStart, body).await;
        let batch = answer.map_err(|problem| problem.code)?["batch"].clone();
        let batch = batch.as_str().unwrap().to_owned();
        self.ended(&batch).await;
        Ok(batch)
    }

    async fn finished(&self, output: Option<&str>) -> String {
        let batch = self.start(Answer::Pin("1234"), output).await.unwrap();
        assert_eq!(self.ended(&batch).await["state"], "done");
        batch
    }

    async fn unfinished(&self) -> String {
        let batch = self.start(Answer::Cancel, None).await.unwrap();
        assert_eq!(self.ended(&batch).await["state"], "stopped");
        batch
    }

    async fn ended(&self, batch: &str) -> Value {
        let begun = Instant::now();
        loop {
            let body = json!({"batch": batch});
            let status = self.stage.perform(Operation::BatchStatus, body).await;
            let summary = status.unwrap()["batches"][0].clone();
            if ["done", "stopped", "cancelled"].contains(&summary["state"].as_str().unwrap()) {
                return summary;
            }
            assert!(begun.elapsed() < LONG, "{summary}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn forget(&self, batch: &str, unfinished: bool) -> Result<Value, ErrorCode> {
        let body = json!({"batch": batch, "unfinished": unfinished});
        let answer = self.stage.perform(Operation::BatchForget, body).await;
        answer.map_err(|problem| problem.code)
    }

    async fn kept(&self) -> Vec<String> {
        let all = self.stage.perform(Operation::BatchStatus, json!({})).await;
        let all = all.unwrap();
        let batches = all["batches"].as_array().unwrap();
        let mut kept: Vec<_> = batches
            .iter()
            .map(|batch| batch["batch"].as_str().unwrap().to_owned())
            .collect();
        kept.sort();
        kept
    }

    fn directory(&self, batch: &str) -> PathBuf {
        self.stage.state().join("batches").join(batch)
    }

    /// Makes a batch's last record so old.
    fn grow_old(&self, batch: &str, age: Duration) {
        let journal = self.directory(batch).join("journal");
        let file = File::options().write(true).open(journal).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

fn sorted<const N: usize>(mut batches: [String; N]) -> Vec<String> {
    batches.sort();
    batches.to_vec()
}

#[tokio::test]
async fn a_finished_batch_is_forgotten_at_its_owner_s_word() {
    let desk = Desk::new("");
    let own = desk.finished(None).await;
    let elsewhere = desk.finished(Some("results")).await;
    let result = fs::read_dir(desk.path("results")).unwrap().count();
    assert_eq!(result, 1);
    let (body, stranger) = (json!({"batch": own}), site(SITE));
    let stranger = desk
        .stage
        .perform_as(&stranger, Operation::BatchForget, body);
    assert_eq!(stranger.await.unwrap_err().code, ErrorCode::BatchUnknown);
    assert_eq!(desk.kept().await, sorted([own.clone(), elsewhere.clone()]));
    for batch in [&own, &elsewhere] {
        desk.forget(batch, false).await.unwrap();
        assert!(!desk.directory(batch).exists());
        assert_eq!(
            desk.forget(batch, false).await,
            Err(ErrorCode::BatchUnknown)
        );
    }
    assert!(desk.kept().await.is_empty());
    let left = fs::read_dir(desk.stage.state().join("batches"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
    // What was put into the user's own directory stays.
    assert_eq!(fs::read_dir(desk.path("results")).unwrap().count(), 1);
}

#[tokio::test]
async fn an_unfinished_batch_is_forgotten_only_expressly() {
    let desk = Desk::new("[batch]\nkeep_days = 1\n");
    let batch = desk.unfinished().await;
    assert_eq!(
        desk.forget(&batch, false).await,
        Err(ErrorCode::BatchUnfinished)
    );
    // Nor does age take it away.
    desk.grow_old(&batch, DAY * 400);
    let other = desk.finished(None).await;
    assert_eq!(desk.kept().await, sorted([batch.clone(), other]));
    desk.forget(&batch, true).await.unwrap();
    assert!(!desk.directory(&batch).exists());
    let body = json!({"batch": batch});
    let gone = desk.stage.perform(Operation::BatchResume, body).await;
    assert_eq!(gone.unwrap_err().code, ErrorCode::BatchUnknown);
    assert_eq!(desk.card.counters().private_key_operations, 1);
}

#[tokio::test]
async fn finished_batches_go_with_their_age() {
    let desk = Desk::new("[batch]\nkeep_days = 10\n");
    let old = desk.finished(None).await;
    let younger = desk.finished(None).await;
    desk.grow_old(&old, DAY * 11);
    desk.grow_old(&younger, DAY * 9);
    let parent = desk.directory(&old).parent().unwrap().to_owned();
    // What a killed process left while it took one away.
    let left = parent.join(format!("{}.old", "0".repeat(32)));
    fs::create_dir(&left).unwrap();
    // One that is being written down by another process.
    let growing = parent.join(format!("{}.new", "1".repeat(32)));
    fs::create_dir(&growing).unwrap();
    assert_eq!(desk.kept().await, sorted([old.clone(), younger.clone()]));
    let new = desk.finished(None).await;
    assert_eq!(desk.kept().await, sorted([younger, new]));
    assert!(!desk.directory(&old).exists());
    assert!(!left.exists());
    assert!(growing.exists());
}

#[tokio::test]
async fn above_the_number_only_what_loses_nothing_goes() {
    let desk = Desk::new("[batch]\nmaximum_kept = 3\n");
    let results_kept_here = desk.finished(None).await;
    let older = desk.finished(Some("a")).await;
    let newer = desk.finished(Some("b")).await;
    desk.grow_old(&results_kept_here, DAY * 3);
    desk.grow_old(&older, DAY * 2);
    desk.grow_old(&newer, DAY);
    let unfinished = desk.unfinished().await;
    let kept = sorted([results_kept_here.clone(), newer, unfinished.clone()]);
    assert_eq!(desk.kept().await, kept);
    let second = desk.unfinished().await;
    let kept = sorted([results_kept_here.clone(), unfinished, second]);
    assert_eq!(desk.kept().await, kept);
    // Nobody's results and nothing unfinished goes by itself.
    let refused = desk.start(Answer::Pin("1234"), None).await;
    assert_eq!(refused, Err(ErrorCode::BatchTooMany));
    assert_eq!(desk.kept().await, kept);
    desk.forget(&results_kept_here, false).await.unwrap();
    desk.finished(None).await;
}
