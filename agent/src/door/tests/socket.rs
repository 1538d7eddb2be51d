//! The Unix socket: its own user's programs, and what others try.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use paraphe_protocol::api::{ErrorCode, Language, Operation};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Recorder, as_nobody, limits, reception};
use crate::door::client::{Client, ClientError};
use crate::door::socket::SocketDoor;
use crate::door::{DoorError, Stop};

struct Served {
    recorder: Recorder,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

fn serve(door: SocketDoor) -> Served {
    let recorder = Recorder::default();
    let (stop, stopping) = Stop::by_hand();
    Served {
        serving: tokio::spawn(door.serve(recorder.clone(), reception(limits()).0, stopping)),
        recorder,
        stop,
    }
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("paraphe/agent.sock");
    (directory, socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_of_the_same_user_is_served() {
    let (_directory, socket) = place();
    assert!(Client::connect(&socket).await.unwrap().is_none());
    let served = serve(SocketDoor::listen(&socket).await.unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);

    let mut client = Client::connect(&socket).await.unwrap().unwrap();
    let french = Language::French;
    let answer = client
        .perform(Operation::CardRead, b"{\"reader\":\"A\"}".to_vec(), french)
        .await
        .unwrap();
    assert_eq!(answer["operation"], "card/read");
    assert_eq!(answer["body"], "{\"reader\":\"A\"}");
    let us = format!(
        "LocalProgram {{ uid: {}, pid: Some({}) }}",
        rustix::process::getuid().as_raw(),
        std::process::id()
    );
    assert_eq!(answer["caller"], us);
    let refused = client
        .perform(Operation::Login, b"{}".to_vec(), french)
        .await;
    match refused.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.code, ErrorCode::PinBlocked),
        other => panic!("{other}"),
    }
    assert_eq!(served.recorder.performed(), 2);

    served.stop.send_replace(true);
    served.serving.await.unwrap();
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_relayed_for_a_page_is_refused() {
    let (_directory, socket) = place();
    let served = serve(SocketDoor::listen(&socket).await.unwrap());
    let head = "POST /v1/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for (line, expected) in [
        ("Origin: https://dossier.example.fr\r\n", "HTTP/1.1 403 "),
        ("Origin: null\r\n", "HTTP/1.1 403 "),
        ("Sec-Fetch-Site: none\r\n", "HTTP/1.1 403 "),
        ("Transfer-Encoding: chunked\r\n", "HTTP/1.1 411 "),
    ] {
        let request = format!("{head}{line}Content-Length: 2\r\n\r\n{{}}");
        let answer = exchange(&socket, request).await;
        assert!(answer.starts_with(expected), "{line}: {answer}");
        assert!(!answer.contains("access-control"), "{answer}");
    }
    let get = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned();
    assert!(exchange(&socket, get).await.starts_with("HTTP/1.1 405 "));
    assert_eq!(served.recorder.performed(), 0);
    let good = format!("{head}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}");
    assert!(exchange(&socket, good).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(served.recorder.performed(), 1);
}

async fn exchange(socket: &Path, request: String) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    spawn_blocking(move || {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _cut = stream.read_to_string(&mut answer).is_err();
        answer
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_is_not_served_even_where_the_files_let_him_in() {
    let directory = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(directory.path(), open.clone()).unwrap();
    let socket = directory.path().join("open.sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, open).unwrap();
    let served = serve(SocketDoor::with_listener(listener));
    let arguments = |command: &mut std::process::Command| {
        command
            .args([
                "--silent",
                "--show-error",
                "--max-time",
                "20",
                "--data",
                "{}",
            ])
            .args([
                "--header",
                "Content-Type: application/json",
                "--unix-socket",
            ])
            .arg(&socket)
            .arg("http://localhost/v1/status");
    };
    let mut ours = std::process::Command::new("curl");
    arguments(&mut ours);
    let output = spawn_blocking(move || ours.output().expect("curl is installed"));
    assert!(output.await.unwrap().status.success());
    assert_eq!(served.recorder.performed(), 1);

    let Some(mut nobody) = as_nobody("curl") else {
        return;
    };
    arguments(&mut nobody);
    let output = spawn_blocking(move || nobody.output().expect("setpriv is installed"));
    let output = output.await.unwrap();
    // "Empty reply", "failure sending", "failure receiving", or, where the agent was quicker than curl, "failed to connect":
    // closed without a word.
    assert!(
        matches!(output.status.code(), Some(7 | 52 | 55 | 56)),
        "{output:?}"
    );
    let reachable = as_nobody("test").map(|mut test| test.arg("-w").arg(&socket).status());
    assert!(reachable.is_some_and(|status| status.is_ok_and(|status| status.success())));
    assert_eq!(served.recorder.performed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_agent_and_a_dead_one_is_replaced() {
    let (_directory, socket) = place();
    let first = SocketDoor::listen(&socket).await.unwrap();
    assert!(matches!(
        SocketDoor::listen(&socket).await,
        Err(DoorError::AlreadyRunning { .. })
    ));
    // A killed agent leaves its socket behind.
    drop(first);
    assert!(socket.exists());
    let served = serve(SocketDoor::listen(&socket).await.unwrap());
    assert!(Client::connect(&socket).await.unwrap().is_some());
    served.stop.send_replace(true);
    served.serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_others_can_enter_is_refused() {
    let (_directory, socket) = place();
    let parent = socket.parent().unwrap();
    std::fs::create_dir(parent).unwrap();
    for mode in [0o755, 0o710, 0o701, 0o770] {
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(
            SocketDoor::listen(&socket).await,
            Err(DoorError::SocketDirectory { .. })
        ));
    }
    assert!(!socket.exists());
}
