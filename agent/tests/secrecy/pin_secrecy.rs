//! Where a PIN is while it is used, and where it never is: on real processes of the agent, behind a real `pcscd`, with a card
//! whose eight-digit PIN could be mistaken for nothing else. While the card is busy with a signature the digits are found in
//! locked pages that are left out of dumps, and nowhere else in the process's memory; afterwards they are found nowhere, nor
//! in a log, an answer or a file.
//!
//! Another process's memory is root's to read; the tests of memory need root, as CI has, and say so where they have not.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::stage::running::Running;
use crate::stage::{self, altered_profile};
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use paraphe_softcard::{CardSlot, Scenario, SoftCard};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

const PARAPHE: &str = env!("CARGO_BIN_EXE_paraphe");
const PIN: &str = "73915082";
const NONCE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
const LONG: Duration = Duration::from_secs(60);

/// A user with a card whose signatures take so long that one can look around meanwhile.
struct Place {
    home: tempfile::TempDir,
    pcscd: PrivatePcscd,
    slot: CardSlot,
}

impl Place {
    fn new(tries_left: u8, is_slow: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pin = json!({"value": PIN, "storage": "unpadded", "tries_left": tries_left});
        let profile = altered_profile("physician", &["pin"], pin);
        let mut pki = stage::pki();
        let mut card = SoftCard::new(&profile, &mut pki).unwrap();
        if is_slow {
            let slow = r#"{"rules": [{"when": {"ins": "88"}, "then": {"delay_ms": 25000}, "repeat": "always"}]}"#;
            let slow = Scenario::from_json(slow).unwrap();
            card = card.with_scenario(&slow, &mut pki).unwrap();
        }
        let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver]).unwrap();
        let slot = CardSlot::insert(pcscd.slots()[0].endpoint.clone(), card, None);
        slot.wait_ready(LONG).unwrap();
        let place = Self { home, pcscd, slot };
        fs::create_dir(place.path("run")).unwrap();
        fs::create_dir_all(place.path("config/paraphe")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let configuration = format!(
            "port = {port}\n[[record_server]]\nname = \"regional\"\ntitle = \"Dossier\"\naudience = \"https://dossier.example/api\"\n\
             [[site]]\norigin = \"https://dossier.example\"\nrecord_server = \"regional\"\n\
             [trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n\
             [pin_entry]\nprogram = {:?}\n[log]\nlevel = \"debug\"\nformat = \"text\"\n",
            pki.anchors(),
            pki.intermediates(),
            pki.crls(),
            place.path("secret/pinentry"),
        );
        fs::write(place.path("config/paraphe/config.toml"), configuration).unwrap();
        fs::create_dir(place.path("secret")).unwrap();
        place.pinentry_answers(PIN);
        let file = place.path("secret/pin");
        fs::write(&file, format!("{PIN}\n")).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A pinentry whose person always types this and says yes.
    fn pinentry_answers(&self, typed: &str) {
        let program = self.path("secret/pinentry");
        let script = format!(
            "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  case \"$line\" in\n    \
             GETPIN) printf 'D {typed}\\nOK\\n' ;;\n    BYE) echo OK; exit 0 ;;\n    *) echo OK ;;\n  esac\ndone\n"
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.pcscd.client(program);
        command
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

    fn login(&self, more: &[&str]) -> Command {
        let mut command = self.command(PARAPHE);
        command
            .args(["login", "--server", "regional", "--nonce", NONCE, "--json"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The agent in the background; its log goes to the file `log`.
    fn serve(&self) -> Running {
        assert!(
            self.command(PARAPHE)
                .args(["trust", "init"])
                .output()
                .unwrap()
                .status
                .success()
        );
        let notify_path = self.path("notify");
        let notify = UnixDatagram::bind(&notify_path).unwrap();
        notify.set_read_timeout(Some(LONG)).unwrap();
        let mut command = self.command(PARAPHE);
        command
            .arg("serve")
            .env("NOTIFY_SOCKET", &notify_path)
            .stderr(File::create(self.path("log")).unwrap());
        let agent = Running(Some(command.spawn().unwrap()));
        notify
            .recv(&mut [0; 256])
            .expect("the agent never was ready");
        agent
    }

    /// Waits until the card is busy with its first private key operation.
    fn wait_for_signature(&self) {
        let until = Instant::now() + LONG;
        while self
            .slot
            .with_card(|card| card.counters().private_key_operations)
            == 0
        {
            assert!(Instant::now() < until, "the card was never asked to sign");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// No file of the user's holds the PIN, but for those that are there to hold it.
    fn no_file_tells(&self) {
        let mut folders = vec![self.home.path().to_owned()];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.ends_with("secret") {
                    folders.push(path);
                } else if path.is_file() {
                    seen += 1;
                    let content = fs::read(&path).unwrap();
                    assert_eq!(count(&content, PIN.as_bytes()), 0, "{}", path.display());
                }
            }
        }
        assert!(seen > 0);
    }
}

/// How often the digits are there. The search for their first one is the standard library's own, which is fast in every build.
fn count(place: &[u8], digits: &[u8]) -> usize {
    let mut times = 0;
    let mut rest = place;
    while rest.skip_until(digits[0]).unwrap() > 0 {
        if rest.starts_with(&digits[1..])
            && place[..place.len() - rest.len()].ends_with(&digits[..1])
        {
            times += 1;
        }
    }
    times
}

/// What was found of the PIN in a process's memory.
#[derive(Debug, Default)]
struct Found {
    /// Times, in pages that are locked, left out of dumps and not inherited.
    protected: usize,
    /// The names of other places.
    elsewhere: Vec<String>,
    bytes: u64,
}

/// Reads all memory that a process can write; `None` where this user may not.
fn search(process: u32) -> Option<Found> {
    let memory = match File::open(format!("/proc/{process}/mem")) {
        Ok(memory) => memory,
        Err(error) => {
            assert!(!rustix::process::getuid().is_root(), "{error}");
            println!("not root: another process's memory cannot be read, which is as it should be");
            return None;
        }
    };
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).unwrap();
    let mut found = Found::default();
    let mut mapping: Option<(u64, u64, String)> = None;
    let mut is_used = false;
    for line in maps.lines() {
        if let Some(("Rss" | "Swap", size)) = line.split_once(':') {
            is_used |= size.trim() != "0 kB";
        } else if let Some(flags) = line.strip_prefix("VmFlags:") {
            let (from, to, name) = mapping.take().unwrap();
            let has = |flag| flags.split(' ').any(|word| word == flag);
            if !std::mem::take(&mut is_used) || !has("wr") {
                continue;
            }
            let times = times_in(&memory, from, to, &mut found.bytes);
            if has("lo") && has("dd") && has("dc") {
                found.protected += times;
            } else if times > 0 {
                found.elsewhere.push(format!("{times} in {name}"));
            }
        } else if let Some((range, _)) = line.split_once(' ')
            && let Some((from, to)) = range.split_once('-')
            && let (Ok(from), Ok(to)) = (u64::from_str_radix(from, 16), u64::from_str_radix(to, 16))
        {
            mapping = Some((from, to, line.to_owned()));
        }
    }
    assert!(found.bytes > 1 << 20, "{found:?}");
    Some(found)
}

fn times_in(memory: &File, from: u64, to: u64, bytes: &mut u64) -> usize {
    const PIECE: usize = 1 << 20;
    let overlap = PIN.len() as u64 - 1;
    let mut buffer = vec![0; PIECE];
    let mut position = from;
    let mut times = 0;
    while position + overlap < to {
        let wanted = usize::try_from(to - position).unwrap().min(PIECE);
        // Pages that are not to be read, such as guards and the kernel's own, hold nothing of ours.
        let Ok(read) = memory.read_at(&mut buffer[..wanted], position) else {
            break;
        };
        *bytes += read as u64;
        times += count(&buffer[..read], PIN.as_bytes());
        if (read as u64) <= overlap {
            break;
        }
        position += read as u64 - overlap;
    }
    times
}

/// During a signature: in protected pages, and nowhere else.
fn is_only_in_protected_pages(process: u32, way: &str) {
    if let Some(found) = search(process) {
        println!("{way}: {found:?}");
        assert!(found.elsewhere.is_empty(), "{way}: {found:?}");
        assert!(found.protected > 0, "{way}: {found:?}");
    }
}

fn tells_nothing(output: &Output) {
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        assert!(!text.contains(PIN), "{text}");
    }
}

#[test]
fn the_agent_in_the_background_holds_it_in_one_page_and_then_nowhere() {
    let place = Place::new(3, true);
    let agent = place.serve();
    let caller = Running(Some(place.login(&[]).spawn().unwrap()));
    place.wait_for_signature();
    is_only_in_protected_pages(agent.id(), "pinentry");
    place.slot.pull().unwrap();
    let refused = caller.output();
    assert!(String::from_utf8_lossy(&refused.stdout).contains("card-removed"));
    tells_nothing(&refused);

    // A PIN that succeeds, one that is wrong, and what is no PIN.
    let quick = SoftCard::new(
        &altered_profile(
            "physician",
            &["pin"],
            json!({"value": PIN, "storage": "unpadded"}),
        ),
        &mut stage::pki(),
    );
    place.slot.exchange(quick.unwrap()).unwrap();
    let status = |expected: i32| {
        let output = place.login(&[]).output().unwrap();
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
        tells_nothing(&output);
    };
    status(0);
    place.pinentry_answers(&format!("{PIN}x"));
    status(1);
    place.pinentry_answers(&format!("{PIN}{PIN}9"));
    status(1);
    place.pinentry_answers(&format!("{PIN}1%0A"));
    status(1);
    assert_eq!(
        place
            .slot
            .with_card(|card| (card.counters().verifies, card.pin_tries_left())),
        (1, Some(3))
    );
    for events in [&["events", "--json"][..], &["status", "--json"]] {
        let mut command = place.command(PARAPHE);
        command.args(events).stdout(Stdio::piped());
        let mut told = Running(Some(command.spawn().unwrap()));
        if events[0] == "events" {
            // It follows for ever; what there is comes at once.
            let mut first = [0; 1];
            let out = told.0.as_mut().unwrap().stdout.as_mut().unwrap();
            out.read_exact(&mut first).unwrap();
            kill_process(Pid::from_child(told.0.as_ref().unwrap()), Signal::TERM).unwrap();
        }
        tells_nothing(&told.output());
    }
    if let Some(found) = search(agent.id()) {
        println!("afterwards: {found:?}");
        assert!(
            found.elsewhere.is_empty() && found.protected == 0,
            "{found:?}"
        );
    }
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert!(log.contains("DEBUG") || log.contains("INFO"), "{log}");
    place.no_file_tells();
}

#[test]
fn a_pin_handed_over_beforehand_is_held_no_wider() {
    let place = Place::new(3, true);
    let file = place.path("secret/pin");
    let mut by_file = place.login(&["--pin-file", file.to_str().unwrap()]);
    let by_file = Running(Some(by_file.spawn().unwrap()));
    place.wait_for_signature();
    is_only_in_protected_pages(by_file.id(), "--pin-file");
    place.slot.pull().unwrap();
    tells_nothing(&by_file.output());

    let place = Place::new(3, true);
    let mut by_descriptor = place.login(&["--pin-fd", "0"]);
    let mut child = by_descriptor.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let by_descriptor = Running(Some(child));
    writeln!(input, "{PIN}").unwrap();
    drop(input);
    place.wait_for_signature();
    is_only_in_protected_pages(by_descriptor.id(), "--pin-fd");
    place.slot.pull().unwrap();
    tells_nothing(&by_descriptor.output());
    place.no_file_tells();
}

/// `paraphe` in a terminal of its own, which script(1) makes.
struct Terminal {
    running: Running,
    shown: String,
}

impl Terminal {
    fn login(place: &Place) -> Self {
        let inner = format!(
            "echo $$ > {id}; exec {PARAPHE} login --server regional --nonce {NONCE} --json 2>{err}",
            id = place.path("id").display(),
            err = place.path("err").display()
        );
        let mut command = place.command("script");
        command
            .args(["-qefc", &inner, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self {
            running: Running(Some(command.spawn().unwrap())),
            shown: String::new(),
        }
    }

    /// Waits until the terminal shows this.
    fn wait_for(&mut self, text: &str) {
        let out = self.running.0.as_mut().unwrap().stdout.as_mut().unwrap();
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).contains(text) {
            let mut byte = [0];
            assert_eq!(
                out.read(&mut byte).unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend(byte);
        }
        self.shown += &String::from_utf8_lossy(&bytes);
    }

    fn type_line(&mut self, text: &str) {
        let input = self.running.0.as_mut().unwrap().stdin.as_mut().unwrap();
        input.write_all(format!("{text}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// The exit status, and everything that was shown.
    fn end(self) -> (Option<i32>, String) {
        let Self { running, mut shown } = self;
        let output = running.output();
        shown += &String::from_utf8_lossy(&output.stdout);
        (output.status.code(), shown)
    }
}

#[test]
fn a_pin_typed_at_the_terminal_is_held_no_wider_and_never_shown() {
    let place = Place::new(3, true);
    let mut terminal = Terminal::login(&place);
    terminal.wait_for("PIN :");
    // A slip of the finger, taken back.
    terminal.type_line(&format!("99\u{7f}\u{7f}{PIN}"));
    place.wait_for_signature();
    let id = fs::read_to_string(place.path("id")).unwrap();
    is_only_in_protected_pages(id.trim().parse().unwrap(), "terminal");
    place.slot.pull().unwrap();
    let (status, shown) = terminal.end();
    assert_eq!(status, Some(1), "{shown}");
    assert!(shown.contains("card-removed"), "{shown}");
    assert!(!shown.contains(PIN), "{shown}");
    place.no_file_tells();
}

#[test]
fn at_the_terminal_nothing_but_a_pin_is_presented() {
    let place = Place::new(3, false);
    for (typed, status, word) in [
        ("", 3, "cancelled"),
        ("\u{3}", 3, "cancelled"),
        ("123", 1, "pin-format"),
        ("123456789", 1, "pin-format"),
        ("12345678901234567", 1, "pin-format"),
        ("1234x678", 1, "pin-format"),
        ("1234567é", 1, "pin-format"),
    ] {
        let mut terminal = Terminal::login(&place);
        terminal.wait_for("PIN :");
        terminal.type_line(typed);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, Some(status), "{typed:?}: {shown}");
        assert!(shown.contains(word), "{typed:?}: {shown}");
    }
    assert_eq!(place.slot.with_card(|card| card.counters().verifies), 0);

    let place = Place::new(1, false);
    for no in ["non", "o", ""] {
        let mut terminal = Terminal::login(&place);
        terminal.wait_for("to go on:");
        terminal.type_line(no);
        let (ended, shown) = terminal.end();
        assert_eq!(ended, Some(3), "{shown}");
        assert!(!shown.contains("PIN :"), "{shown}");
    }
    assert_eq!(place.slot.with_card(|card| card.counters().verifies), 0);
    let mut terminal = Terminal::login(&place);
    terminal.wait_for("to go on:");
    terminal.type_line("oui");
    terminal.wait_for("PIN :");
    terminal.type_line(PIN);
    let (ended, shown) = terminal.end();
    assert_eq!(ended, Some(0), "{shown}");
    assert_eq!(place.slot.with_card(|card| card.counters().verifies), 1);
}
