//! Random faults across random operations, from a seed: no panic, no hang, no answer that mixes two cards, every PIN try
//! accounted for at the card, and memory that stays where it was. A short run is part of the tests; `sh tests/soak.sh` runs the
//! long one.
#![cfg(feature = "softcard")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    reason = "tests"
)]

mod faults;
mod ledger;
#[path = "../stage/mod.rs"]
mod stage;

use std::ffi::CString;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use faults::{Disturbance, Event, Random, event, scenario};
use ledger::{Codes, Known, Ledger};
use paraphe::reader::{InProcessReaders, PcscBackend};
use paraphe_protocol::api::Operation;
use paraphe_softcard::pcscd::ReaderKind::OwnDriver;
use paraphe_softcard::{CardSlot, PkiDirectory, Profile, Scenario, SoftCard};
use serde_json::{Value, json};
use stage::pcsc::{Service, second_process};
use stage::{Answer, Card, Stage};

const PROFILES: [&str; 3] = ["physician", "nurse", "physician-cps4"];
const LONG: Duration = Duration::from_secs(60);
/// A mute card costs this; an honest one needs much less, and a loaded machine has room.
const CARD_SECONDS: &str = "[limits]\ncard_seconds = 6\n";
/// What the memory of the process may grow by after it has warmed up, MiB.
const GROWTH_LIMIT: u64 = 24;

static PANICS: AtomicU64 = AtomicU64::new(0);

/// The PKI of the tests, opened once.
fn pki() -> MutexGuard<'static, PkiDirectory> {
    static PKI: OnceLock<Mutex<PkiDirectory>> = OnceLock::new();
    PKI.get_or_init(|| Mutex::new(stage::pki())).lock().unwrap()
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    text.parse().unwrap_or(default)
}

/// Resident memory of this process in MiB, and its threads.
fn size() -> (u64, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    (field("VmRSS:") / 1024, field("Threads:") as usize)
}

/// Where the cards are, and what can happen to them.
trait World: Sync {
    fn look<R>(&self, card: usize, look: impl FnOnce(&mut SoftCard) -> R) -> R;
    fn disturb(&self, event: Event);
    /// Everything is plugged in and put in again, and no card is mute or under a scenario.
    fn calm(&self);

    fn codes(&self) -> Vec<Codes> {
        (0..PROFILES.len().min(self.cards()))
            .map(|card| {
                self.look(card, |card| {
                    (card.counters().verifies, card.pin_tries_left().unwrap())
                })
            })
            .collect()
    }

    fn cards(&self) -> usize;
}

fn body(operation: Operation, serial: &str, with_situations: bool) -> Value {
    match operation {
        Operation::Login => json!({
            "nonce": URL_SAFE_NO_PAD.encode([0x5A; 32]), "server": "regional", "card": serial,
        }),
        Operation::LotSign => {
            let path =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/compte-rendu.pdf");
            json!({
                "profile": "dsg", "patient": {"ins": "282049999900264"}, "card": serial,
                "documents": [{"source": {"path": path.canonicalize().unwrap()}, "title": "Compte rendu"}],
            })
        }
        Operation::CardRead if with_situations => {
            json!({"card": serial, "practice_situations": true})
        }
        _ => json!({ "card": serial }),
    }
}

fn until_all_present(stage: &Stage, cards: usize) {
    let seen = stage.agent.readers().wait_for(LONG, |views| {
        views.iter().filter(|view| view.atr.is_some()).count() == cards
    });
    assert!(seen, "{:?}", stage.agent.readers().list());
}

/// Puts everything back in its place. A card that `pcscd` met in the moment of leaving is mute to it until it is put in anew.
fn settle(stage: &Stage, world: &impl World) {
    for _ in 0..15 {
        world.calm();
        let seen = stage.agent.readers().wait_for(LONG / 15, |views| {
            views.iter().filter(|view| view.atr.is_some()).count() == world.cards()
        });
        if seen {
            return;
        }
    }
    panic!("{:?}", stage.agent.readers().list());
}

/// What each card says when nobody disturbs it.
async fn known(stage: &Stage, world: &impl World) -> Vec<Known> {
    until_all_present(stage, world.cards());
    let mut cards = Vec::new();
    for card in 0..world.cards() {
        let serial = world.look(card, |card| card.serial().to_owned());
        let read = stage
            .perform(Operation::CardRead, json!({ "card": serial }))
            .await
            .unwrap();
        cards.push(Known {
            serial,
            holder: read["holder"].clone(),
            certificates: read["certificates"].clone(),
        });
    }
    cards
}

async fn soak(name: &str, stage: &Stage, world: &impl World, operations: u64, seed: u64) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(panic);
    }));
    let cards = known(stage, world).await;
    let mut random = Random::new(seed);
    let mut ledger = Ledger::default();
    let warm_up = (operations / 5).max(10);
    let mut warm = size();
    for round in 0..operations {
        if round == warm_up {
            warm = size();
        }
        let asked = random.below(cards.len());
        let operation = random.of(&[
            Operation::CardRead,
            Operation::CardRead,
            Operation::PinStatus,
            Operation::Login,
            Operation::LotSign,
        ]);
        let codes = world.codes();
        // A wrong PIN only where two tries are left after it; the next right one brings them back.
        let right = codes[asked].1 < 3 || !random.one_in(8);
        stage.will_answer(Answer::Pin(if right { "1234" } else { "9876" }));
        // Two faults an operation: one that a card plays, one that happens to it, or two of the latter.
        let mut events = vec![event(&mut random, cards.len())];
        if random.one_in(3) {
            events.push(event(&mut random, cards.len()));
        } else {
            let script = Scenario::from_json(&scenario(&mut random)).unwrap();
            world.look(asked, |card| {
                card.set_scenario(Some(&script), &mut pki()).unwrap()
            });
        }
        let request = body(operation, &cards[asked].serial, random.one_in(2));
        let begun = Instant::now();
        let mut result = None;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for event in &events {
                    std::thread::sleep(event.after);
                    world.disturb(*event);
                }
            });
            let answer = futures_block(stage.perform(operation, request));
            result = Some((answer, begun.elapsed()));
        });
        // The time until the caller was answered; another program may wait longer for a mute card than the agent lets anyone.
        let (result, took) = result.unwrap();
        ledger.enter(operation, &cards[asked], &result, took);
        settle(stage, world);
        ledger.account(asked, right, &codes, &world.codes());
    }
    let (end, threads) = size();
    let refused: u64 = ledger.refused.values().sum();
    println!(
        "soak: {name}: {operations} operations under {} faults (seed {seed}): {} done, {refused} refused with a typed error; \
         {} panics, 0 hangs (longest {:.1} s), 0 mixed cards, {} PIN presentations all accounted for; \
         memory {} -> {end} MiB, threads {} -> {threads}",
        2 * operations,
        ledger.done,
        PANICS.load(Ordering::SeqCst),
        ledger.longest.as_secs_f32(),
        ledger.presentations,
        warm.0,
        warm.1,
    );
    println!("soak: {name}: {:?}", ledger.refused);
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    assert!(
        ledger.done > operations / 20,
        "faults leave something to be done"
    );
    assert!(refused > operations / 20, "faults are met");
    assert!(end <= warm.0 + GROWTH_LIMIT, "{} -> {end} MiB", warm.0);
}

/// The agent's executor runs elsewhere; this thread waits.
fn futures_block<F: Future>(future: F) -> F::Output {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

struct InProcess {
    readers: InProcessReaders,
    cards: Vec<Card>,
}

fn reader(card: usize) -> String {
    format!("Lecteur {card:02} 00")
}

impl World for InProcess {
    fn look<R>(&self, card: usize, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        self.cards[card].with(look)
    }

    fn disturb(&self, event: Event) {
        let reader = reader(event.card);
        let put_back = || self.readers.insert(&reader, self.cards[event.card].clone());
        match event.what {
            Disturbance::Pulled(pause) => {
                self.readers.remove(&reader);
                std::thread::sleep(pause);
                put_back();
            }
            Disturbance::Moved => {
                // The two change places.
                let other = (event.card + 1) % self.cards.len();
                self.readers.remove(&reader);
                self.readers.remove(&self::reader(other));
                self.readers.insert(&reader, self.cards[other].clone());
                self.readers
                    .insert(&self::reader(other), self.cards[event.card].clone());
            }
            Disturbance::Reset => {
                self.readers.reset_card(&reader, LONG / 30);
            }
            Disturbance::Held(pause) => {
                self.readers.hold(&reader, true);
                std::thread::sleep(pause);
                self.readers.hold(&reader, false);
            }
            Disturbance::Unplugged(pause) => {
                self.readers.remove_reader(&reader);
                std::thread::sleep(pause);
                put_back();
            }
            Disturbance::ServiceRestarted(pause) => {
                self.readers.set_service(false);
                std::thread::sleep(pause);
                self.readers.set_service(true);
            }
            Disturbance::Slept => self.readers.sleep(Duration::from_secs(60)),
        }
    }

    fn calm(&self) {
        for (number, card) in self.cards.iter().enumerate() {
            card.with(|card| card.set_scenario(None, &mut pki()).unwrap());
            self.readers.insert(&reader(number), card.clone());
        }
    }

    fn cards(&self) -> usize {
        self.cards.len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_in_process() {
    let stage = Stage::with(vec![], true, CARD_SECONDS);
    let cards: Vec<_> = PROFILES.map(Card::shipped).into();
    for (number, card) in cards.iter().enumerate() {
        stage.insert(&reader(number), card);
    }
    let world = InProcess {
        readers: stage.readers.clone(),
        cards,
    };
    let operations = number("PARAPHE_SOAK_OPERATIONS", 100);
    soak(
        "in process",
        &stage,
        &world,
        operations,
        number("PARAPHE_SOAK_SEED", 1),
    )
    .await;
}

struct ThroughPcscd {
    service: Mutex<Service>,
    readers: Vec<String>,
    slots: Vec<CardSlot>,
}

impl ThroughPcscd {
    fn service<R>(&self, act: impl FnOnce(&mut Service) -> R) -> R {
        act(&mut self.service.lock().unwrap())
    }

    /// What another program does with the card, if it can.
    fn other_program(&self, card: usize, act: impl FnOnce(pcsc::Card)) {
        let name = CString::new(self.readers[card].as_str()).unwrap();
        let connected = pcsc::Context::establish(pcsc::Scope::User).and_then(|context| {
            context.connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
        });
        if let Ok(card) = connected {
            act(card);
        }
    }
}

impl World for ThroughPcscd {
    fn look<R>(&self, card: usize, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        self.slots[card].with_card(look)
    }

    fn disturb(&self, event: Event) {
        let slot = &self.slots[event.card];
        let reader = &self.readers[event.card];
        match event.what {
            // A card cannot change its reader here; it is out for as long as another would be in.
            Disturbance::Pulled(pause) => {
                let _ = slot.pull();
                std::thread::sleep(pause);
                let _ = slot.put_back();
            }
            Disturbance::Moved | Disturbance::Slept | Disturbance::Reset => {
                self.other_program(event.card, |card| {
                    let _ = card.disconnect(pcsc::Disposition::ResetCard);
                });
            }
            Disturbance::Held(pause) => self.other_program(event.card, |mut card| {
                if let Ok(transaction) = card.transaction() {
                    std::thread::sleep(pause);
                    drop(transaction);
                }
            }),
            Disturbance::Unplugged(pause) => {
                self.service(|service| service.relay().unplug(reader));
                std::thread::sleep(pause);
                self.service(|service| service.relay().plug(reader));
            }
            Disturbance::ServiceRestarted(pause) => self.service(|service| {
                service.pcscd.stop();
                std::thread::sleep(pause);
                service.pcscd.start_again().unwrap();
            }),
        }
    }

    fn calm(&self) {
        for slot in &self.slots {
            slot.with_card(|card| card.set_scenario(None, &mut pki()).unwrap());
            slot.pull().unwrap();
            slot.put_back().unwrap();
        }
    }

    fn cards(&self) -> usize {
        self.slots.len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_faults_through_pcscd() {
    let Some(process) = second_process("random_faults_through_pcscd") else {
        return;
    };
    let service = Service::relayed(&process, &[OwnDriver, OwnDriver]);
    let mut pki = stage::pki();
    let slots: Vec<_> = PROFILES[..2]
        .iter()
        .zip(0..)
        .map(|(profile, slot)| {
            let card = SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki).unwrap();
            service.insert(slot, card)
        })
        .collect();
    let world = ThroughPcscd {
        readers: service
            .pcscd
            .slots()
            .iter()
            .map(|slot| slot.reader.clone())
            .collect(),
        service: Mutex::new(service),
        slots,
    };
    let stage = Stage::over(Arc::new(PcscBackend), vec![], true, CARD_SECONDS);
    let operations = number("PARAPHE_SOAK_OPERATIONS", 100).div_ceil(4);
    soak(
        "through pcscd",
        &stage,
        &world,
        operations,
        number("PARAPHE_SOAK_SEED", 1),
    )
    .await;
}
