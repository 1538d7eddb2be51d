//! Two users of one machine, each with an agent, a reader and a card of their own, behind one port: their requests, interleaved,
//! reach their own agent and nobody else's. The users are numbers without a name; becoming them takes root, as CI has.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PARAPHE: &str = env!("CARGO_BIN_EXE_paraphe");
const SITE: &str = "https://dossier.example.fr";
const PATIENCE: Duration = Duration::from_secs(120);
/// The group whose members read the certificate's key.
const GROUP: u32 = 61_000;
const USERS: [(u32, &str); 2] = [(61_001, "physician"), (61_002, "nurse")];
const STRANGER: u32 = 61_003;
/// Requests of each user, ten in one run of curl, each on a connection of its own.
const RUNS: usize = 10;
const REQUESTS_OF_A_RUN: usize = 10;

struct Machine {
    folder: tempfile::TempDir,
    port: u16,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        // Free at this moment; the dispatcher says so if somebody else was quicker.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let machine = Self { folder, port };
        // The build may be where other users cannot enter.
        fs::copy(PARAPHE, machine.program()).unwrap();
        let config = format!(
            "port = {port}\n[[site]]\norigin = \"{SITE}\"\n[dispatch]\nsocket = {:?}\n[tls]\ndirectory = {:?}\n",
            machine.path("dispatch/dispatch.sock"),
            machine.path("machine/tls"),
        );
        fs::write(machine.path("config.toml"), config).unwrap();
        fs::create_dir(machine.path("dispatch")).unwrap();
        fs::create_dir(machine.path("machine")).unwrap();
        for (uid, _) in USERS {
            let home = machine.home(uid);
            fs::create_dir_all(home.join("run")).unwrap();
            for directory in [home.join("run"), home] {
                chown(&directory, Some(uid), Some(GROUP)).unwrap();
                fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
            }
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self) -> PathBuf {
        self.path("paraphe")
    }

    fn home(&self, uid: u32) -> PathBuf {
        self.path(&format!("home-{uid}"))
    }

    fn root(&self) -> PathBuf {
        self.path("root.pem")
    }

    /// As the administrator runs it.
    fn paraphe(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program());
        command
            .args(words)
            .arg("--config")
            .arg(self.path("config.toml"))
            .env("HOME", self.folder.path())
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null());
        command
    }

    /// A process of a user's, who is in the group.
    fn as_user(&self, command: &mut Command, uid: u32) {
        command
            .uid(uid)
            .gid(GROUP)
            .current_dir("/")
            .env("HOME", self.home(uid))
            .env("XDG_RUNTIME_DIR", self.home(uid).join("run"));
    }

    /// Start a process and wait until it says that it is ready.
    fn ready(&self, command: &mut Command, notify: &Path) -> Running {
        let _old = fs::remove_file(notify);
        let socket = UnixDatagram::bind(notify).unwrap();
        fs::set_permissions(notify, Permissions::from_mode(0o777)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let log = fs::File::create(notify.with_extension("log")).unwrap();
        command.env("NOTIFY_SOCKET", notify).stderr(log);
        let mut running = Running(command.spawn().unwrap());
        let mut message = [0; 64];
        let begun = Instant::now();
        let length = loop {
            match socket.recv(&mut message) {
                Ok(length) => break length,
                Err(_) if running.0.try_wait().unwrap().is_none() && begun.elapsed() < PATIENCE => {
                }
                Err(error) => {
                    let said = fs::read_to_string(notify.with_extension("log"));
                    panic!("never ready ({error}): {}", said.unwrap_or_default())
                }
            }
        };
        assert_eq!(&message[..length], b"READY=1\n");
        running
    }

    fn dispatcher(&self) -> Running {
        self.ready(&mut self.paraphe(&["dispatch"]), &self.path("dispatcher"))
    }

    fn agent(&self, uid: u32, card: &str) -> Running {
        let words = ["serve", "--soft-card", card];
        // As its unit does (PrivateUsers=yes): other users, root too, are nobody there.
        let mut namespace = Command::new("unshare");
        namespace.args(["--user", "--map-current-user"]);
        self.as_user(&mut namespace, uid);
        let is_given = namespace
            .args(["true"])
            .status()
            .is_ok_and(|it| it.success());
        let mut command = if is_given {
            let mut command = Command::new("unshare");
            command
                .args(["--user", "--map-current-user"])
                .arg(self.program())
                .args(words)
                .arg("--config")
                .arg(self.path("config.toml"));
            for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
                command.env_remove(name);
            }
            command.stdin(Stdio::null());
            command
        } else {
            eprintln!("without a user namespace: the system gives none");
            self.paraphe(&words)
        };
        self.as_user(&mut command, uid);
        self.ready(&mut command, &self.path(&format!("agent-{uid}")))
    }

    /// Ten times `card/read`, as a page of this user's browser asks, each on a connection of its own.
    fn pages_of(&self, uid: u32) -> Output {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--max-time", "120", "--cacert"])
            .arg(self.root());
        for number in 0..REQUESTS_OF_A_RUN {
            if number > 0 {
                curl.args(["--next", "--silent", "--max-time", "120", "--cacert"])
                    .arg(self.root());
            }
            let host = if number % 2 == 0 {
                "127.0.0.1"
            } else {
                "[::1]"
            };
            curl.args(["--data", "{}", "--write-out", "\n"])
                .args(["--header", "Connection: close"])
                .args(["--header", &format!("Origin: {SITE}")])
                .args(["--header", "X-Paraphe: 1"])
                .args(["--header", "Content-Type: application/json"])
                .arg(format!("https://{host}:{}/v1/card/read", self.port));
        }
        self.as_user(&mut curl, uid);
        curl.output().unwrap()
    }

    /// The cards that a user's pages were shown.
    fn cards_seen(&self, uid: u32) -> Vec<String> {
        let output = self.pages_of(uid);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let answers = text.lines().filter(|line| !line.is_empty());
        let card = |line: &str| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let serial = answer["card"]["serial"].as_str();
            serial.unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        answers.map(card).collect()
    }
}

#[test]
fn interleaved_requests_of_two_users_never_cross() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: becoming two users takes root");
        return;
    }
    let machine = Machine::new();
    let group = GROUP.to_string();
    let tree = machine.path("tree");
    fs::create_dir(&tree).unwrap();
    let installed = machine
        .paraphe(&[
            "trust",
            "install",
            "--group",
            &group,
            "--root",
            tree.to_str().unwrap(),
        ])
        .output()
        .unwrap();
    assert!(installed.status.success(), "{installed:?}");
    // What --root put in the tree is where the running machine would have it.
    let made = tree.join(machine.path("machine/tls").strip_prefix("/").unwrap());
    fs::rename(&made, machine.path("machine/tls")).unwrap();
    fs::copy(machine.path("machine/tls/root.pem"), machine.root()).unwrap();
    fs::set_permissions(machine.root(), Permissions::from_mode(0o644)).unwrap();

    let dispatcher = machine.dispatcher();
    let mut agents: Vec<Running> = USERS
        .iter()
        .map(|(uid, card)| machine.agent(*uid, card))
        .collect();

    let begun = Instant::now();
    let seen: Vec<Vec<String>> = std::thread::scope(|scope| {
        let machine = &machine;
        let asking: Vec<_> = USERS
            .iter()
            .map(|(uid, _)| {
                scope.spawn(move || {
                    let runs = (0..RUNS).flat_map(|_| machine.cards_seen(*uid));
                    runs.collect::<Vec<String>>()
                })
            })
            .collect();
        asking.into_iter().map(|it| it.join().unwrap()).collect()
    });
    for (cards, (uid, _)) in seen.iter().zip(USERS) {
        assert_eq!(cards.len(), RUNS * REQUESTS_OF_A_RUN, "user {uid}");
        let different: BTreeSet<&String> = cards.iter().collect();
        assert_eq!(different.len(), 1, "user {uid} was shown {different:?}");
    }
    assert_ne!(seen[0][0], seen[1][0], "both were shown one card");
    println!(
        "several users: {} requests of each of two users in {:?}, 0 crossings",
        RUNS * REQUESTS_OF_A_RUN,
        begun.elapsed()
    );

    // Somebody without an agent is served by nobody's.
    let stranger = machine.pages_of(STRANGER);
    assert!(!stranger.status.success() && stranger.stdout.iter().all(|it| *it == b'\n'));
    // The port is held on both loopbacks: nobody else gets it.
    for address in ["127.0.0.1", "::1"] {
        TcpListener::bind((address, machine.port)).unwrap_err();
    }
    // A second agent of a user is refused while the first lives.
    let mut second = machine.paraphe(&["serve"]);
    machine.as_user(&mut second, USERS[0].0);
    second.env("XDG_RUNTIME_DIR", machine.home(USERS[0].0));
    let second = second.output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another agent is running"), "{said}");

    // One that ended: its user's connections are closed, the other's go on.
    drop(agents.remove(0));
    let gone = machine.pages_of(USERS[0].0);
    assert!(gone.stdout.iter().all(|it| *it == b'\n'), "{gone:?}");
    assert_eq!(
        machine.cards_seen(USERS[1].0),
        vec![seen[1][0].clone(); REQUESTS_OF_A_RUN]
    );

    // A dispatcher that was started again is found again.
    drop(dispatcher);
    let _dispatcher = machine.dispatcher();
    let begun = Instant::now();
    while machine.cards_found(USERS[1].0).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "not found again");
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut silent = TcpStream::connect(("127.0.0.1", machine.port)).unwrap();
    // Root has no agent.
    assert_eq!(std::io::Read::read(&mut silent, &mut [0]).unwrap_or(0), 0);
}

impl Machine {
    /// What a user's pages were answered, where they were.
    fn cards_found(&self, uid: u32) -> Vec<u8> {
        let mut answers = self.pages_of(uid).stdout;
        answers.retain(|byte| *byte != b'\n');
        answers
    }
}
