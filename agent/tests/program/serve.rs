//! The agent as systemd runs it: a process of its own, ready when it says so, reached through both doors, stopped by SIGTERM;
//! on its own sockets and on inherited ones.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const PARAPHE: &str = env!("CARGO_BIN_EXE_paraphe");
pub(super) const SITE: &str = "https://dossier.example.fr";
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A user of his own: directories, configuration, port.
pub(super) struct Place {
    home: tempfile::TempDir,
    pub(super) port: u16,
}

impl Place {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        // Free at this moment; the agent says so if somebody else was quicker.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let place = Self { home, port };
        std::fs::create_dir(place.runtime()).unwrap();
        std::fs::create_dir_all(place.path("config/paraphe")).unwrap();
        let config = format!("port = {port}\n[[site]]\norigin = \"{SITE}\"\n");
        std::fs::write(place.path("config/paraphe/config.toml"), config).unwrap();
        place
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn runtime(&self) -> PathBuf {
        self.path("run")
    }

    /// Adds to the configuration.
    pub(super) fn configure(&self, more: &str) {
        let path = self.path("config/paraphe/config.toml");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, before + more).unwrap();
    }

    /// What the agent says goes to a pipe that is read at its end only, and holds little.
    pub(super) fn log_errors_only(&self) {
        self.configure("[log]\nlevel = \"error\"\n");
    }

    /// The workstation's own root.
    pub(super) fn root(&self) -> PathBuf {
        self.path("state/paraphe/tls/root.pem")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.runtime().join("paraphe/agent.sock")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.runtime())
            // No card service: what is tried here is the way in.
            .env("PCSCLITE_CSOCK_NAME", self.path("no-pcscd"))
            .env_remove("LANG")
            .stdin(Stdio::null());
        command
    }

    pub(super) fn paraphe(&self, arguments: &[&str]) -> Output {
        self.command(PARAPHE).args(arguments).output().unwrap()
    }

    pub(super) fn serve(&self) -> Agent {
        self.serve_with(&[])
    }

    pub(super) fn serve_with(&self, arguments: &[&str]) -> Agent {
        let notify_path = self.path("notify");
        let notify = UnixDatagram::bind(&notify_path).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = self.command(PARAPHE);
        command
            .arg("serve")
            .args(arguments)
            .env("NOTIFY_SOCKET", &notify_path);
        let agent = Agent(command.stderr(Stdio::piped()).spawn().unwrap());
        let mut message = [0; 256];
        let length = notify
            .recv(&mut message)
            .expect("the agent never was ready");
        assert_eq!(&message[..length], b"READY=1\n");
        agent
    }

    fn curl(&self, origin: &str) -> Output {
        Command::new("curl")
            .args([
                "--silent",
                "--max-time",
                "60",
                "--data",
                "{}",
                "--write-out",
                "%{http_code}",
            ])
            .args([
                "--header",
                &format!("Origin: {origin}"),
                "--header",
                "X-Paraphe: 1",
            ])
            .args(["--header", "Content-Type: application/json", "--cacert"])
            .arg(self.root())
            .arg(format!("https://127.0.0.1:{}/v1/status", self.port))
            .output()
            .expect("curl is installed")
    }
}

pub(super) struct Agent(Child);

impl Agent {
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn stop(&mut self) -> Option<i32> {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_a_certificate_it_says_what_to_run() {
    let place = Place::new();
    let output = place.paraphe(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("paraphe trust init"), "{said}");
    assert!(said.starts_with("Erreur"), "{said}");
    let english = place.paraphe(&["serve", "--language", "en"]);
    assert!(text(&english.stderr).starts_with("Error"), "{english:?}");
}

#[test]
fn it_serves_both_doors_and_stops_when_told() {
    let place = Place::new();
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let mut agent = place.serve();

    let limits = std::fs::read_to_string(format!("/proc/{}/limits", agent.0.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.contains("core file"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().collect::<Vec<_>>()[4..6],
        ["0", "0"]
    );

    let page = place.curl(SITE);
    assert!(text(&page.stdout).ends_with("}200"), "{page:?}");
    assert!(text(&page.stdout).contains("\"api\":\"v1\""), "{page:?}");
    let foreign = place.curl("https://evil.example");
    assert_eq!(text(&foreign.stdout), "403");

    let program = place.paraphe(&["status", "--json"]);
    assert!(
        text(&program.stdout).contains("\"api\":\"v1\""),
        "{program:?}"
    );
    let person = place.paraphe(&["status"]);
    assert!(text(&person.stdout).contains("en service"), "{person:?}");

    let second = place.paraphe(&["serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("another agent is running"),
        "{second:?}"
    );

    assert!(place.socket().exists());
    assert_eq!(agent.stop(), Some(0));
    assert!(!place.socket().exists());
    let person = place.paraphe(&["status"]);
    assert!(
        text(&person.stdout).contains("pas en service"),
        "{person:?}"
    );

    let mut log = String::new();
    agent
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
        assert!(event["level"].is_string(), "{line}");
    }
    assert!(log.contains("\"message\":\"ready\""), "{log}");
    assert!(log.contains("\"check\":\"origin\""), "{log}");
}

/// Starts the agent with sockets that were opened for it, as systemd does at the first connection.
fn activate(place: &Place, listen: &[String], names: &str) -> Child {
    std::fs::create_dir(place.runtime().join("paraphe")).unwrap();
    let mut command = place.command("systemd-socket-activate");
    for address in listen {
        command.args(["--listen", address]);
    }
    for name in [
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR",
        "PCSCLITE_CSOCK_NAME",
    ] {
        command.args(["--setenv", name]);
    }
    let mut child = command
        .arg(format!("--fdname={names}"))
        .args([PARAPHE, "serve"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("systemd-socket-activate is installed (Debian: systemd)");
    // It says "Listening on ..." once for each socket.
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    for _ in listen {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert!(line.contains("Listening on"), "{line}");
    }
    child.stderr = Some(lines.into_inner());
    child
}

fn sockets(port: u16, socket: &Path) -> Vec<String> {
    vec![
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
        socket.to_str().unwrap().to_owned(),
    ]
}

#[test]
fn it_takes_over_the_sockets_of_its_own_unit() {
    let place = Place::new();
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let listen = sockets(place.port, &place.socket());
    let mut agent = Agent(activate(&place, &listen, "paraphe:paraphe:paraphe"));
    let page = place.curl(SITE);
    assert!(text(&page.stdout).ends_with("}200"), "{page:?}");
    let person = place.paraphe(&["status"]);
    assert!(text(&person.stdout).contains("en service"), "{person:?}");
    assert_eq!(agent.stop(), Some(0));
    assert!(
        place.socket().exists(),
        "the socket belongs to the service manager"
    );
}

#[test]
fn it_refuses_sockets_that_are_not_of_its_unit() {
    for (names, wrong_port, wrong_path, reason) in [
        ("paraphe:http:paraphe", false, false, "the name must be"),
        (
            "paraphe:paraphe:paraphe",
            true,
            false,
            "the configured port",
        ),
        ("paraphe:paraphe:paraphe", false, true, "agent.sock"),
    ] {
        let place = Place::new();
        assert!(place.paraphe(&["trust", "init"]).status.success());
        let port = if wrong_port {
            Place::new().port
        } else {
            place.port
        };
        let path = if wrong_path {
            place.path("other.sock")
        } else {
            place.socket()
        };
        let listen = sockets(port, &path);
        let mut agent = Agent(activate(&place, &listen, names));
        let called = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut said = String::new();
        agent
            .0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(agent.0.wait().unwrap().code(), Some(1), "{said}");
        assert!(said.contains(reason), "{said}");
        drop(called);
    }
}
