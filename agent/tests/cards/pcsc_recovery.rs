//! Recovery without a restart of the agent, through a real `pcscd`: the service stopped and started again, a reader unplugged
//! under a command, another program that resets or holds the card, a workstation that slept. What recovery takes is measured
//! and printed; only bounds that a loaded machine keeps are asserted.

use std::ffi::CString;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::stage::pcsc::{Service, second_process};
use crate::stage::{self, Answer, Stage};
use paraphe::reader::{Backend, Connector, PcscBackend, Watch};
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_softcard::pcscd::ReaderKind::{OwnDriver, Vpcd};
use paraphe_softcard::{CardSlot, Profile, Scenario, SoftCard};
use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);
/// The second command of reading a file is answered late.
const SLOW_READ: &str =
    r#"{"rules": [{"when": {"ins": "B0", "nth": 2}, "then": {"delay_ms": 4000}}]}"#;

fn physician(scenario: Option<&str>) -> SoftCard {
    let mut pki = stage::pki();
    let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki).unwrap();
    match scenario {
        None => card,
        Some(json) => card
            .with_scenario(&Scenario::from_json(json).unwrap(), &mut pki)
            .unwrap(),
    }
}

fn agent() -> Stage {
    Stage::over(Arc::new(PcscBackend), vec![], true, "")
}

fn until_present(stage: &Stage) {
    let seen = stage
        .agent
        .readers()
        .wait_for(LONG, |views| views.iter().any(|view| view.atr.is_some()));
    assert!(seen, "{:?}", stage.agent.readers().list());
}

async fn read(stage: &Stage) -> Result<Value, Problem> {
    stage.perform(Operation::CardRead, json!({})).await
}

async fn situations(stage: &Stage) -> Result<Value, Problem> {
    let body = json!({"practice_situations": true});
    stage.perform(Operation::CardRead, body).await
}

fn code(result: &Result<Value, Problem>) -> ErrorCode {
    result.as_ref().unwrap_err().code
}

/// How long until the card can be read, asked again and again.
async fn time_to_read(stage: &Stage) -> Duration {
    let begun = Instant::now();
    while read(stage).await.is_err() {
        assert!(begun.elapsed() < LONG, "{:?}", read(stage).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> u128 {
    times.sort_unstable();
    times[times.len() / 2].as_millis()
}

#[tokio::test]
async fn the_card_service_is_stopped_and_started_again() {
    let Some(process) = second_process("the_card_service_is_stopped_and_started_again") else {
        return;
    };
    let mut service = Service::direct(&process, &[OwnDriver]);
    let slot = service.insert(0, physician(None));
    let stage = agent();
    until_present(&stage);
    read(&stage).await.unwrap();
    let mut times = Vec::new();
    for pause in [0, 30, 300, 2500] {
        service.pcscd.stop();
        let begun = Instant::now();
        while code_of(read(&stage).await) != Some(ErrorCode::ReaderServiceUnavailable) {
            assert!(begun.elapsed() < LONG);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        service.pcscd.start_again().unwrap();
        times.push(time_to_read(&stage).await);
    }
    println!(
        "recovery: pcscd back -> card read in {} ms, {} ms at most (target 1000)",
        median(times.clone()),
        times.iter().max().unwrap().as_millis()
    );
    // A PIN goes where it should afterwards, once.
    stage.will_answer(Answer::Pin("1234"));
    situations(&stage).await.unwrap();
    assert_eq!(slot.with_card(|card| card.counters().verifies), 1);
}

fn code_of(result: Result<Value, Problem>) -> Option<ErrorCode> {
    result.err().map(|problem| problem.code)
}

/// Another program with the card.
fn other_program(reader: &str, mode: ShareMode) -> pcsc::Card {
    let context = Context::establish(Scope::User).unwrap();
    let name = CString::new(reader).unwrap();
    context
        .connect(&name, mode, Protocols::T0 | Protocols::T1)
        .unwrap()
}

#[tokio::test]
async fn another_program_resets_the_card() {
    let Some(process) = second_process("another_program_resets_the_card") else {
        return;
    };
    let service = Service::direct(&process, &[OwnDriver]);
    let slot = service.insert(0, physician(None));
    let stage = agent();
    until_present(&stage);
    read(&stage).await.unwrap();
    let mut other = other_program(&service.slot(0).reader, ShareMode::Shared);
    let mut times = Vec::new();
    for _ in 0..9 {
        other
            .reconnect(
                ShareMode::Shared,
                Protocols::T0 | Protocols::T1,
                Disposition::ResetCard,
            )
            .unwrap();
        let begun = Instant::now();
        read(&stage).await.unwrap();
        times.push(begun.elapsed());
    }
    println!(
        "recovery: foreign reset -> next operation in {} ms, {} ms at most (target 300)",
        median(times.clone()),
        times.iter().max().unwrap().as_millis()
    );
    // Also while the person types: the PIN is presented to the card as it is then, once.
    let other = Arc::new(Mutex::new(other));
    let resetting = Arc::clone(&other);
    stage.meanwhile(move || {
        let mut other = resetting.lock().unwrap();
        let protocols = Protocols::T0 | Protocols::T1;
        other
            .reconnect(ShareMode::Shared, protocols, Disposition::ResetCard)
            .unwrap();
    });
    stage.will_answer(Answer::Pin("1234"));
    situations(&stage).await.unwrap();
    assert_eq!(slot.with_card(|card| card.counters().verifies), 1);
}

/// Runs `happens` while a card is under a command that it answers late, and gives what the reading ended in.
async fn under_a_command(
    stage: &Stage,
    slot: &CardSlot,
    happens: impl FnOnce() + Send + 'static,
) -> Result<Value, Problem> {
    let watched = slot.with_card(|card| card.counters().apdus);
    let reading = read(stage);
    tokio::pin!(reading);
    let mut happens = Some(happens);
    loop {
        tokio::select! {
            result = &mut reading => return result,
            () = tokio::time::sleep(Duration::from_millis(150)) => {
                // The delayed command is the fourth or so: by now it has been received.
                if slot.with_card(|card| card.counters().apdus) > watched
                    && let Some(happens) = happens.take()
                {
                    tokio::task::block_in_place(happens);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_unplugged_under_a_command() {
    let Some(process) = second_process("a_reader_is_unplugged_under_a_command") else {
        return;
    };
    let service = Arc::new(Service::relayed(&process, &[OwnDriver]));
    let slot = service.insert(0, physician(Some(SLOW_READ)));
    let stage = agent();
    until_present(&stage);
    let unplugged = Arc::clone(&service);
    let result = under_a_command(&stage, &slot, move || {
        unplugged.relay().unplug(&unplugged.slot(0).reader);
    })
    .await;
    assert_eq!(code(&result), ErrorCode::ReaderFailed, "{result:?}");
    assert!(stage.agent.readers().wait_for(LONG, <[_]>::is_empty));
    assert_eq!(code(&read(&stage).await), ErrorCode::ReaderAbsent);
    service.relay().plug(&service.slot(0).reader);
    let took = time_to_read(&stage).await;
    println!(
        "recovery: reader plugged in again -> card read in {} ms",
        took.as_millis()
    );
    assert_eq!(slot.with_card(|card| card.counters().verifies), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_card_service_ends_under_a_command() {
    let Some(process) = second_process("the_card_service_ends_under_a_command") else {
        return;
    };
    let service = Arc::new(Mutex::new(Service::direct(&process, &[OwnDriver])));
    let slot = service
        .lock()
        .unwrap()
        .insert(0, physician(Some(SLOW_READ)));
    let stage = agent();
    until_present(&stage);
    let stopped = Arc::clone(&service);
    let result = under_a_command(&stage, &slot, move || {
        stopped.lock().unwrap().pcscd.stop();
    })
    .await;
    assert_eq!(
        code(&result),
        ErrorCode::ReaderServiceUnavailable,
        "{result:?}"
    );
    // Ends the card's own waiting, which would be counted otherwise.
    slot.pull().unwrap();
    service.lock().unwrap().pcscd.start_again().unwrap();
    slot.put_back().unwrap();
    let took = time_to_read(&stage).await;
    println!(
        "recovery: pcscd ended under a command and is back -> card read in {} ms (target 1000)",
        took.as_millis()
    );
}

#[tokio::test]
async fn another_program_holds_the_card() {
    let Some(process) = second_process("another_program_holds_the_card") else {
        return;
    };
    // In a transaction (the holder's calls wait inside the service) and exclusively (they fail at once).
    let service = Service::direct(&process, &[OwnDriver, Vpcd]);
    for slot in [0, 1] {
        let inserted = service.insert(slot, physician(None));
        let stage = agent();
        until_present(&stage);
        for mode in [ShareMode::Shared, ShareMode::Exclusive] {
            {
                let mut other = other_program(&service.slot(slot).reader, mode);
                let held = match mode {
                    ShareMode::Shared => Some(other.transaction().unwrap()),
                    _ => None,
                };
                let begun = Instant::now();
                let refused = read(&stage).await.unwrap_err();
                assert_eq!(refused.code, ErrorCode::ReaderBusy);
                // Waited for as long as it says, and no longer than a person does.
                let said = refused.detail.unwrap();
                assert!(said.contains("during a wait of "), "{said}");
                assert!((4..15).contains(&begun.elapsed().as_secs()), "{said}");
                drop(held);
            }
            let took = time_to_read(&stage).await;
            println!(
                "recovery: another program lets go -> card read in {} ms",
                took.as_millis()
            );
        }
        drop(stage);
        inserted.pull().unwrap();
    }
}

/// PC/SC on a workstation whose sleep is told by the test.
#[derive(Debug, Clone, Default)]
struct SleepyPcsc {
    slept: Arc<Mutex<Duration>>,
}

impl Backend for SleepyPcsc {
    fn name(&self) -> &'static str {
        PcscBackend.name()
    }

    fn watch(&self) -> Box<dyn Watch> {
        PcscBackend.watch()
    }

    fn connector(&self) -> Box<dyn Connector> {
        PcscBackend.connector()
    }

    fn slept(&self) -> Duration {
        *self.slept.lock().unwrap()
    }
}

#[tokio::test]
async fn after_a_sleep_every_reader_is_new() {
    let Some(process) = second_process("after_a_sleep_every_reader_is_new") else {
        return;
    };
    let service = Service::relayed(&process, &[OwnDriver, OwnDriver]);
    let slot = service.insert(0, physician(None));
    let sleepy = SleepyPcsc::default();
    let stage = Stage::over(Arc::new(sleepy.clone()), vec![], true, "");
    until_present(&stage);
    let target = stage.agent.readers().list().unwrap()[0].target.clone();
    let cursor = stage.perform(Operation::Events, json!({})).await.unwrap()["cursor"].clone();
    // Readers are numbered anew by what wakes up: the second one is gone, and the PIN was on its way.
    let sleeping = sleepy.clone();
    stage.meanwhile(move || *sleeping.slept.lock().unwrap() += Duration::from_secs(7200));
    stage.will_answer(Answer::Pin("1234"));
    service.relay().unplug(&service.slot(1).reader);
    assert_eq!(code(&situations(&stage).await), ErrorCode::CardChanged);
    assert_eq!(slot.with_card(|card| card.counters().verifies), 0);
    let took = time_to_read(&stage).await;
    println!(
        "recovery: workstation awake -> card read in {} ms",
        took.as_millis()
    );
    assert_ne!(stage.agent.readers().list().unwrap()[0].target, target);
    let events = stage
        .perform(Operation::Events, json!({"cursor": cursor, "wait_ms": 100}))
        .await
        .unwrap();
    let kinds: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"workstation-resumed"), "{kinds:?}");
    stage.will_answer(Answer::Pin("1234"));
    situations(&stage).await.unwrap();
    assert_eq!(slot.with_card(|card| card.counters().verifies), 1);
}
