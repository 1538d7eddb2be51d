//! The line: who comes when, who is told to wait, and that nobody is forgotten or served twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use paraphe_protocol::api::Operation;
use tokio::task::JoinHandle;
use tokio::task::yield_now;

use super::{NoTurn, Turn, Turns};
use crate::caller::Caller;
use crate::door::Limits;

const LONG: Duration = Duration::from_secs(600);
const READ: Operation = Operation::CardRead;

fn limits() -> Limits {
    Limits {
        card_operations: 1,
        operations: 2,
        waiting: 100,
        turn: LONG,
        place_kept: LONG,
        ..Limits::default()
    }
}

fn site(name: &str) -> Caller {
    Caller::Site(format!("https://{name}.example").parse().unwrap())
}

async fn take<'a>(turns: &'a Turns, caller: &Caller) -> Turn<'a> {
    turns.take(READ, caller, None).await.unwrap()
}

/// Requests that note their names in the order of their turns.
struct Crowd {
    turns: Arc<Turns>,
    served: Arc<Mutex<Vec<String>>>,
    running: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn new() -> Self {
        Self {
            turns: Arc::new(Turns::new(&limits())),
            served: Arc::default(),
            running: Vec::new(),
        }
    }

    /// Arrives now: the runtime of these tests has one thread.
    async fn arrives(&mut self, caller: &str) {
        let (turns, served) = (Arc::clone(&self.turns), Arc::clone(&self.served));
        let (name, caller) = (caller.to_owned(), site(caller));
        self.running.push(tokio::spawn(async move {
            let _turn = take(&turns, &caller).await;
            served.lock().unwrap().push(name);
        }));
        yield_now().await;
    }

    async fn served(self) -> String {
        for request in self.running {
            request.await.unwrap();
        }
        self.served.lock().unwrap().concat()
    }
}

#[tokio::test]
async fn each_caller_has_a_turn_before_anybody_has_a_second() {
    let mut crowd = Crowd::new();
    let turns = Arc::clone(&crowd.turns);
    let first = take(&turns, &site("x")).await;
    for caller in ["a", "a", "a", "a", "b", "b", "c"] {
        crowd.arrives(caller).await;
    }
    drop(first);
    assert_eq!(crowd.served().await, "abcabaa");
}

#[tokio::test]
async fn a_long_wait_is_told_and_the_place_is_kept() {
    // Who is called in time has the turn however late he looks.
    let turns = Turns::new(&Limits {
        turn: Duration::from_millis(10),
        ..limits()
    });
    let running = take(&turns, &site("x")).await;
    let queued = |outcome: Result<Turn<'_>, NoTurn>| match outcome {
        Err(NoTurn::Queued { ticket, ahead, .. }) => (ticket, ahead),
        _ => panic!("it had a turn"),
    };
    let (first, ahead) = queued(turns.take(READ, &site("a"), None).await);
    assert_eq!(ahead, 0);
    let (second, ahead) = queued(turns.take(READ, &site("b"), None).await);
    assert_eq!(ahead, 1);
    // Somebody else's ticket, and a stranger's, are worth nothing: both go to the end.
    let (stranger, ahead) = queued(turns.take(READ, &site("c"), Some(&first)).await);
    assert_eq!(ahead, 2);
    assert_ne!(stranger, first);
    let (again, ahead) = queued(turns.take(READ, &site("a"), Some(&first)).await);
    assert_eq!((again, ahead), (first.clone(), 0));
    drop(running);
    // All are away: who comes does not wait for them, and takes nobody's place.
    let passing = turns.take(READ, &site("d"), None).await.unwrap();
    let (a, b) = (site("a"), site("b"));
    let (later, earlier) = (
        turns.take(READ, &b, Some(&second)),
        turns.take(READ, &a, Some(&first)),
    );
    let mut order = Vec::new();
    let order_of = Mutex::new(&mut order);
    let note = |name: &'static str, turn: Turn<'_>| {
        order_of.lock().unwrap().push(name);
        drop(turn);
    };
    tokio::join!(
        async { note("b", later.await.unwrap()) },
        async { note("a", earlier.await.unwrap()) },
        async { drop(passing) },
    );
    assert_eq!(order, ["a", "b"]);
}

#[tokio::test]
async fn a_place_that_nobody_comes_back_for_is_given_up() {
    let turns = Turns::new(&Limits {
        turn: Duration::from_millis(1),
        place_kept: Duration::ZERO,
        waiting: 1,
        ..limits()
    });
    let running = take(&turns, &site("x")).await;
    for _ in 0..3 {
        let Err(NoTurn::Queued { .. }) = turns.take(READ, &site("a"), None).await else {
            panic!("not queued");
        };
    }
    drop(running);
    drop(take(&turns, &site("b")).await);
}

#[tokio::test]
async fn a_full_line_is_told_at_once_and_who_leaves_makes_room() {
    let turns = Arc::new(Turns::new(&Limits {
        waiting: 1,
        ..limits()
    }));
    let running = take(&turns, &site("x")).await;
    let waiting = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move { drop(take(&turns, &site("a")).await) }
    });
    yield_now().await;
    assert!(matches!(
        turns.take(READ, &site("b"), None).await,
        Err(NoTurn::Full)
    ));
    // Its connection ended.
    waiting.abort();
    assert!(waiting.await.is_err());
    let next = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move { drop(take(&turns, &site("b")).await) }
    });
    yield_now().await;
    drop(running);
    next.await.unwrap();
}

#[tokio::test]
async fn who_was_called_and_is_gone_gives_the_turn_on() {
    let turns = Arc::new(Turns::new(&limits()));
    let running = take(&turns, &site("x")).await;
    let gone = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move { drop(take(&turns, &site("a")).await) }
    });
    yield_now().await;
    // Called, and ended before it ran.
    drop(running);
    gone.abort();
    assert!(gone.await.is_err());
    drop(take(&turns, &site("b")).await);
}

#[tokio::test]
async fn cards_keep_nobody_from_the_rest_and_a_long_poll_takes_no_turn() {
    let turns = Turns::new(&limits());
    let caller = site("a");
    let _card = take(&turns, &caller).await;
    let _others = [
        turns.take(Operation::Status, &caller, None).await.unwrap(),
        turns.take(Operation::Verify, &caller, None).await.unwrap(),
    ];
    let mut polls = Vec::new();
    for _ in 0..10 {
        polls.push(turns.take(Operation::Events, &caller, None).await.unwrap());
    }
}
