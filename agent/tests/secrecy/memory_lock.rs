//! Where the system refuses to lock memory (mlock(2), RLIMIT_MEMLOCK): `status` and the log say so, and everything works all the
//! same; where the limit is the 64 KiB that the remedy names, nothing is said. On real processes of the agent, whose limit
//! prlimit(1) lowers. The limit binds nobody who has CAP_IPC_LOCK: where the tests run as root, setpriv(1) takes it away.

use crate::stage;
use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use paraphe_softcard::{CardSlot, Profile, SoftCard};
use serde_json::Value;

const PARAPHE: &str = env!("CARGO_BIN_EXE_paraphe");
const LOGIN: [&str; 5] = [
    "login",
    "--server",
    "regional",
    "--nonce",
    "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
];
const LONG: Duration = Duration::from_secs(60);
/// What `memory-not-locked` asks for, bytes.
const ENOUGH: u32 = 64 * 1024;

/// A user with a card.
struct Place {
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
    slot: CardSlot,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut pki = stage::pki();
        let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki).unwrap();
        let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver]).unwrap();
        let slot = CardSlot::insert(pcscd.slots()[0].endpoint.clone(), card, None);
        slot.wait_ready(LONG).unwrap();
        let place = Self { home, pcscd, slot };
        fs::create_dir(place.path("run")).unwrap();
        fs::create_dir_all(place.path("config/paraphe")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let configuration = format!(
            "port = {}\n[[record_server]]\nname = \"regional\"\ntitle = \"Dossier\"\naudience = \"https://dossier.example/api\"\n\
             [[site]]\norigin = \"https://dossier.example\"\nrecord_server = \"regional\"\n\
             [trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n\
             [pin_entry]\nprogram = {:?}\n[log]\nformat = \"text\"\n",
            free.local_addr().unwrap().port(),
            pki.anchors(),
            pki.intermediates(),
            pki.crls(),
            place.path("pinentry"),
        );
        place.write("config/paraphe/config.toml", &configuration, 0o600);
        place.write("pin", "1234\n", 0o600);
        let pinentry = "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  case \"$line\" in\n    \
                        GETPIN) printf 'D 1234\\nOK\\n' ;;\n    BYE) echo OK; exit 0 ;;\n    *) echo OK ;;\n  esac\ndone\n";
        place.write("pinentry", pinentry, 0o700);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// `paraphe` that may lock so many bytes of memory.
    fn paraphe(&self, bytes: u32, arguments: &[&str]) -> Command {
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = self.pcscd.client("setpriv");
            command.args(["--bounding-set=-ipc_lock", "prlimit"]);
            command
        } else {
            self.pcscd.client("prlimit")
        };
        command
            .arg(format!("--memlock={bytes}:{bytes}"))
            .arg(PARAPHE)
            .args(arguments)
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("LANG", "en_GB.UTF-8")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to a good end; what it printed.
    fn done(&self, bytes: u32, arguments: &[&str]) -> Value {
        let output = self
            .paraphe(bytes, arguments)
            .arg("--json")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The agent in the background, ready; its log goes to the file `log`.
    fn serve(&self, bytes: u32) -> Running {
        let prepared = self.paraphe(bytes, &["trust", "init"]).output().unwrap();
        assert!(prepared.status.success(), "{prepared:?}");
        let notify_path = self.path("notify");
        let notify = UnixDatagram::bind(&notify_path).unwrap();
        notify.set_read_timeout(Some(LONG)).unwrap();
        let mut command = self.paraphe(bytes, &["serve"]);
        command
            .env("NOTIFY_SOCKET", &notify_path)
            .stderr(File::create(self.path("log")).unwrap());
        let agent = Running(command.spawn().unwrap());
        notify
            .recv(&mut [0; 256])
            .expect("the agent never was ready");
        agent
    }

    fn verifies(&self) -> u64 {
        self.slot.with_card(|card| card.counters().verifies)
    }
}

/// A process that is ended with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The warning that memory is not locked, where `status` has it.
fn warning(status: &Value) -> Option<&Value> {
    let warnings = status["warnings"].as_array().unwrap();
    warnings
        .iter()
        .find(|warning| warning["code"] == "memory-not-locked")
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

#[test]
fn a_command_that_may_lock_no_memory_works_and_status_says_so() {
    let place = Place::new();
    let pin = place.path("pin");
    let by_file = [&LOGIN[..], &["--pin-file", pin.to_str().unwrap()]].concat();

    let status = place.done(ENOUGH, &["status"]);
    assert!(warning(&status).is_none(), "{status}");
    let status = place.done(0, &["status"]);
    let told = warning(&status).expect("nothing was said");
    assert_eq!(told["remedy"]["who"], "administrator");
    let remedy = told["remedy"]["text"].as_str().unwrap();
    assert!(remedy.contains("64 KiB"), "{remedy}");
    assert_eq!(status["readers"].as_array().unwrap().len(), 1);

    let read = place.done(0, &["card", "read"]);
    assert_eq!(read["pin"]["tries_left"], 3);
    let logged_in = place.done(0, &by_file);
    assert!(logged_in["assertion"].is_object(), "{logged_in}");
    assert_eq!(place.verifies(), 1);
}

#[test]
fn the_agent_in_the_background_that_may_lock_no_memory_works_and_says_so() {
    let place = Place::new();
    for (bytes, is_told) in [(ENOUGH, false), (0, true)] {
        let before = place.verifies();
        let _agent = place.serve(bytes);
        // The caller's own memory has no part in what the agent tells.
        let logged_in = place.done(ENOUGH, &LOGIN);
        assert!(logged_in["assertion"].is_object(), "{logged_in}");
        assert_eq!(place.verifies() - before, 1);
        let status = place.done(ENOUGH, &["status"]);
        assert_eq!(warning(&status).is_some(), is_told, "{status}");
        let log = log(place.home.path());
        assert_eq!(log.contains("RLIMIT_MEMLOCK"), is_told, "{log}");
        fs::remove_file(place.path("notify")).unwrap();
    }
}
