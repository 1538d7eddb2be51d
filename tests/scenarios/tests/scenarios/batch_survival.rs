//! A batch of 200 that is killed at random points, one whose disk is full, one whose files are at their limit: no item is lost, none is signed twice, and `resume`
//! finishes. Judged at the card, by its own trace of what it was asked to sign, and by OpenSSL.
//!
//! `PARAPHE_SURVIVAL_RUNS` (3) and `PARAPHE_SURVIVAL_SEED` (1) make it longer; the same seed plans the same moments. The figures are
//! printed, lines that begin with `survival:`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_scenarios::{CardsInReaders, Workstation, program};
use paraphe_softcard::pcscd::ReaderKind;
use serde_json::Value;

const ITEMS: usize = 200;
/// Kills of one batch.
const KILLS: usize = 3;
const SHARED: &str = env!("CARGO_TARGET_TMPDIR");

/// A small generator (Knuth's MMIX constants): the moments, not the security, depend on it.
struct Moments(u64);

impl Moments {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Desk {
    workstation: Workstation,
    cards: CardsInReaders,
    documents: Vec<PathBuf>,
    pin: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let workstation = Workstation::new(SHARED);
        let cards = CardsInReaders::insert(
            &[ReaderKind::OwnDriver],
            &["physician"],
            workstation.path(),
            workstation.pki(),
        );
        let folder = workstation.path().join("documents");
        fs::create_dir(&folder).unwrap();
        let documents = (0..ITEMS)
            .map(|number| {
                let path = folder.join(format!("lettre-{number}.txt"));
                fs::write(&path, format!("Lettre {number}\n").repeat(40)).unwrap();
                path
            })
            .collect();
        let pin = workstation.pin_file("1234");
        Self {
            workstation,
            cards,
            documents,
            pin,
        }
    }

    fn command(&self) -> Command {
        let client = self.cards.pcscd().client(program("paraphe"));
        let mut command = self.workstation.command(client);
        command.arg("--json").arg("--pin-file").arg(&self.pin);
        command
    }

    fn start(&self, command: Command, output: &Path) -> Child {
        let mut command = command;
        command
            .args(["batch", "start", "-o"])
            .arg(output)
            .args(&self.documents)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn resume(&self, batch: &str) -> Child {
        let mut command = self.command();
        command
            .args(["batch", "resume", batch])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// How often the card was asked to sign each digest (PERFORM SECURITY OPERATION, COMPUTE DIGITAL SIGNATURE).
    fn signed(&self) -> BTreeMap<String, usize> {
        let trace = fs::read_to_string(self.workstation.path().join("apdu-trace")).unwrap();
        let mut signed = BTreeMap::new();
        for line in trace.lines() {
            if let Some((_, command)) = line.split_once("-> 002A9E9A20") {
                *signed.entry(command[..64].to_owned()).or_default() += 1;
            }
        }
        signed
    }

    /// How often the PIN was presented (VERIFY with data), every time accepted.
    fn accepted_presentations(&self) -> usize {
        let trace = fs::read_to_string(self.workstation.path().join("apdu-trace")).unwrap();
        let mut lines = trace.lines();
        let mut presented = 0;
        while let Some(line) = lines.next() {
            let verify = line.split_once("-> 00200001");
            if verify.is_some_and(|(_, rest)| rest.contains("**")) {
                let answer = lines.next().unwrap_or_default();
                assert!(answer.ends_with("<- 9000"), "{answer}");
                presented += 1;
            }
        }
        presented
    }

    /// Every result is there, whole, and of its own document.
    fn judge(&self, output: &Path) {
        assert_eq!(fs::read_dir(output).unwrap().count(), ITEMS);
        for (index, document) in self.documents.iter().enumerate() {
            let name = document.file_name().unwrap().to_str().unwrap();
            let signature = output.join(format!("{:06}-{name}.p7s", index + 1));
            let judged = Command::new("openssl")
                .args([
                    "cms",
                    "-verify",
                    "-binary",
                    "-inform",
                    "DER",
                    "-noverify",
                    "-in",
                ])
                .arg(&signature)
                .arg("-content")
                .arg(document)
                .args(["-out", "/dev/null"])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&judged.stderr).into_owned();
            assert!(judged.status.success(), "{}: {said}", signature.display());
        }
    }
}

/// The batch's name, from the first line that the command prints.
fn named(child: &mut Child) -> (String, BufReader<std::process::ChildStdout>) {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let summary: Value = serde_json::from_str(&line).unwrap();
    (summary["batch"].as_str().unwrap().to_owned(), output)
}

fn last_line(output: &mut impl BufRead) -> Value {
    let last = output
        .lines()
        .map_while(Result::ok)
        .last()
        .unwrap_or_default();
    serde_json::from_str(&last).unwrap_or(Value::Null)
}

fn setting(name: &str, usual: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn a_batch_that_is_killed_at_random_points_loses_nothing_and_signs_nothing_twice() {
    let (runs, seed) = (
        setting("PARAPHE_SURVIVAL_RUNS", 3),
        setting("PARAPHE_SURVIVAL_SEED", 1),
    );
    let mut moments = Moments(seed);
    let (mut kills, mut repeated) = (0, 0);
    for run in 0..runs {
        let desk = Desk::new();
        let output = desk.workstation.path().join("results");
        let begun = Instant::now();
        let mut child = desk.start(desk.command(), &output);
        let (batch, mut said) = named(&mut child);
        let mut killed = 0;
        // Moments are told by results, not by the clock: how fast the machine is must not decide whether anything is killed.
        let mut points = [(); KILLS].map(|()| moments.below(ITEMS as u64));
        points.sort_unstable();
        for point in points {
            let results = || fs::read_dir(&output).map_or(0, Iterator::count) as u64;
            while results() < point && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_micros(moments.below(5_000)));
            if child.try_wait().unwrap().is_some() {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
            child = desk.resume(&batch);
            said = BufReader::new(child.stdout.take().unwrap());
        }
        let end = last_line(&mut said);
        assert!(child.wait().unwrap().success(), "run {run}: {end}");
        assert_eq!(end["state"], "done", "run {run}: {end}");
        assert_eq!(end["done"], ITEMS, "run {run}: {end}");
        desk.judge(&output);
        let signed = desk.signed();
        assert_eq!(signed.len(), ITEMS, "run {run}: one digest for each item");
        let asked: usize = signed.values().sum();
        assert!(
            asked <= ITEMS + killed,
            "run {run}: {asked} after {killed} kills"
        );
        // Each presentation was one that the card accepted: no try was ever spent.
        let presented = desk.accepted_presentations();
        assert!(presented >= 2, "run {run}: {presented}");
        kills += killed;
        repeated += asked - ITEMS;
        println!(
            "survival: run {run}, {killed} kills, {} asked of the card for {ITEMS} items, {} ms",
            asked,
            begun.elapsed().as_millis()
        );
    }
    assert!(kills as u64 >= runs, "{kills} kills in {runs} runs");
    println!(
        "survival: {runs} runs, seed {seed}: {kills} kills, 0 lost, 0 with two signatures, {repeated} repeated"
    );
}

/// A file system of 4 MiB in memory, in a mount namespace of its own: seen by what is started with [`SmallDisk::inside`], and from
/// here through its owner's `/proc`.
struct SmallDisk {
    owner: Child,
    mounted_at: PathBuf,
}

impl SmallDisk {
    /// `None` where this machine lets nobody have a namespace.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut owner = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=4m,mode=700 tmpfs \"$0\" && echo mounted && exec cat")
            .arg(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(owner.stdout.as_mut().unwrap())
            .read_line(&mut said)
            .unwrap();
        let disk = Self {
            owner,
            mounted_at: at.to_owned(),
        };
        (said.trim() == "mounted").then_some(disk)
    }

    /// A path on the disk, as this process reaches it.
    fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.owner.id()));
        root.join(path.strip_prefix("/").unwrap())
    }

    /// The same command, started where the disk is.
    fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .args(["--user", "--mount", "--preserve-credentials", "--target"])
            .arg(self.owner.id().to_string())
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside.env("XDG_STATE_HOME", self.mounted_at.join("state"));
        inside
    }

    /// Fills the disk but for so many bytes; the file that does it.
    fn fill_but(&self, left: u64) -> PathBuf {
        let ballast = self.seen(&self.mounted_at.join("ballast"));
        let size = usize::try_from((4 << 20) - left).unwrap();
        fs::write(&ballast, vec![0x2E; size]).unwrap();
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It reads until its input ends; the disk goes with it.
        drop(self.owner.stdin.take());
        let _ = self.owner.wait();
    }
}

#[test]
fn a_full_disk_stops_a_batch_and_nothing_is_lost() {
    let desk = Desk::new();
    let mounted_at = desk.workstation.path().join("disk");
    let Some(disk) = SmallDisk::mount(&mounted_at) else {
        println!("survival: no disk of its own can be mounted here; a limit stands in for it");
        return;
    };
    let output = mounted_at.join("results");
    let ballast = disk.fill_but(600 << 10);
    let mut child = desk.start(disk.inside(&desk.command()), &output);
    let (batch, mut said) = named(&mut child);
    let end = last_line(&mut said);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(end["code"], "batch-storage", "{end}");
    let before = desk.signed().len();
    assert!(before > 0 && before < ITEMS, "{before}");
    // Still full: nothing is asked of the card, nothing is broken.
    let mut resume = disk.inside(&desk.command());
    let again = resume.args(["batch", "resume", &batch]).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let while_full = desk.signed().values().sum::<usize>();
    fs::remove_file(ballast).unwrap();
    let mut resume = disk.inside(&desk.command());
    let output_of = resume.args(["batch", "resume", &batch]).output().unwrap();
    assert!(output_of.status.success(), "{output_of:?}");
    desk.judge(&disk.seen(&output));
    let signed = desk.signed();
    assert_eq!(signed.len(), ITEMS, "one digest for each item");
    let asked = signed.values().sum::<usize>();
    println!(
        "survival: a full disk after {before} signatures, {} more while it was full, 0 lost, 0 with two signatures, {} repeated",
        while_full - before,
        asked - ITEMS
    );
    assert!(asked <= ITEMS + 2, "{asked}");
}

#[test]
fn files_that_may_not_grow_stop_a_batch_and_nothing_is_lost() {
    let desk = Desk::new();
    let output = desk.workstation.path().join("results");
    // A quota for each file, said to one process. Unlike a full disk it lets room be taken beforehand that is not there, so that
    // one answer of the card may find none.
    let inner = desk.command();
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" \"$@\""]);
    limited.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let mut child = desk.start(limited, &output);
    let (batch, mut said) = named(&mut child);
    let end = last_line(&mut said);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(end["code"], "batch-storage", "{end}");
    let before = desk.signed().len();
    assert!(before > 0 && before < ITEMS, "{before}");
    let mut child = desk.resume(&batch);
    let end = last_line(&mut BufReader::new(child.stdout.take().unwrap()));
    assert!(child.wait().unwrap().success(), "{end}");
    desk.judge(&output);
    let signed = desk.signed();
    assert_eq!(signed.len(), ITEMS);
    let asked = signed.values().sum::<usize>();
    assert!(asked <= ITEMS + 1, "{asked}");
    println!(
        "survival: a file at its limit after {before} signatures, 0 lost, 0 with two signatures, {} repeated",
        asked - ITEMS
    );
}
