//! Both doors over real sockets, with a handler that counts what reaches it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod https;
mod socket;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{Handler, Limits, Reception, Traffic};
use crate::caller::Caller;

/// Counts, and says what it was asked.
#[derive(Clone, Default)]
struct Recorder(Arc<Recorded>);

#[derive(Default)]
struct Recorded {
    performed: AtomicUsize,
    /// `events` or `pin/status` begins.
    begun: Notify,
    /// It may end.
    finish: Notify,
}

impl Recorder {
    fn performed(&self) -> usize {
        self.0.performed.load(Ordering::SeqCst)
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

impl Handler for Recorder {
    async fn perform(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> Result<Box<RawValue>, Problem> {
        self.0.performed.fetch_add(1, Ordering::SeqCst);
        match operation {
            Operation::Events | Operation::PinStatus => {
                self.0.begun.notify_one();
                self.0.finish.notified().await;
                Ok(raw(&json!({"ended": true})))
            }
            Operation::Login => Err(Problem::new(ErrorCode::PinBlocked, language)),
            // Longer than what sockets hold.
            Operation::DocumentGet => Ok(raw(&Value::String("x".repeat(32 << 20)))),
            _ => Ok(raw(&json!({
                "caller": format!("{caller:?}"),
                "operation": operation.name(),
                "body": String::from_utf8_lossy(body),
            }))),
        }
    }
}

/// Small bodies, and the times of the program.
fn limits() -> Limits {
    Limits {
        body_bytes: 1000,
        ..Limits::default()
    }
}

/// The reception of one agent, with the numbers of its doors.
fn reception(limits: Limits) -> (Arc<Reception>, Traffic) {
    let traffic = Traffic::new();
    (Arc::new(Reception::new(limits, traffic.clone())), traffic)
}

/// An end that a test can await. Only one limit of a door is this short: the machine may be busy.
const SOON: Duration = Duration::from_millis(300);

/// Run as nobody; only root can become somebody else.
fn as_nobody(program: &str) -> Option<std::process::Command> {
    if !rustix::process::getuid().is_root() {
        eprintln!("not root: another user cannot be played here");
        return None;
    }
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    Some(command)
}
