//! curl, as the client of a tunnel's port: a program that knows nothing of cards or certificates. Needs the Debian package `curl`.

use std::process::{Command, Output};

use tokio::task::spawn_blocking;

/// What became of one run.
#[derive(Debug)]
pub struct Fetched {
    /// HTTP status; 0 where there was no answer.
    pub status: u16,
    pub body: Vec<u8>,
    /// Exit status of curl.
    pub exit: Option<i32>,
    pub said: String,
}

impl Fetched {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Runs curl with these arguments, without holding the executor.
pub async fn curl<Argument: AsRef<str>>(arguments: &[Argument]) -> Fetched {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--noproxy",
        "*",
        "--max-time",
        "120",
    ]);
    command.args(["--write-out", "\\n%{http_code}"]);
    command.args(arguments.iter().map(AsRef::as_ref));
    run(command).await
}

/// Runs a command whose last line of output is an HTTP status.
pub async fn run(mut command: Command) -> Fetched {
    let output: Output = spawn_blocking(move || command.output().expect("apt install curl"))
        .await
        .unwrap();
    let end = output.stdout.iter().rposition(|byte| *byte == b'\n');
    let (body, status) = output.stdout.split_at(end.unwrap_or(0));
    let status = String::from_utf8_lossy(status);
    Fetched {
        status: status.trim().parse().unwrap_or(0),
        body: body.to_vec(),
        exit: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
