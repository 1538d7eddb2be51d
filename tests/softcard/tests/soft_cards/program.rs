//! The program as tests of other crates use it: ready lines, control lines, trace, clean stop.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use paraphe_softcard::Endpoint;
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};

const PROGRAM: &str = env!("CARGO_BIN_EXE_paraphe-softcard");

/// A running program, ended when dropped.
struct Program {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[String]) -> Self {
        let pki = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
        let mut process = Command::new(PROGRAM)
            .arg("--pki")
            .arg(pki)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.line()
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.process.id()).unwrap();
        let id = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn two_cards_in_two_kinds_of_reader() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::Vpcd, ReaderKind::OwnDriver]).unwrap();
    let [vpcd, _, own] = pcscd.slots() else {
        panic!("three slots expected");
    };
    let (Endpoint::Vpcd(port), Endpoint::Reader(socket)) = (&vpcd.endpoint, &own.endpoint) else {
        panic!("unexpected endpoints");
    };
    let socket = socket.display();
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut program = Program::start(&[
        format!("--vpcd={port}=physician"),
        format!("--reader={socket}=vitale-family"),
        format!("--trace={}", trace.display()),
    ]);
    assert_eq!(program.line(), format!("ready {port} physician 99000001"));
    assert_eq!(
        program.line(),
        format!("ready {socket} vitale-family 990000000009")
    );
    let listed = pcscd.client("opensc-tool").arg("-l").output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.matches("Yes").count(), 2, "{listed}");

    let login = pcscd
        .client("pkcs11-tool")
        .args(["--module", "opensc-pkcs11.so", "--slot-description"])
        .arg(&vpcd.reader)
        .args(["--login", "-p", "1234", "-O"])
        .output()
        .unwrap();
    assert!(login.status.success(), "{login:?}");

    assert_eq!(
        program.ask(&format!("remove {socket}")),
        format!("done remove {socket}")
    );
    pcscd.wait_for_removal(&own.reader).unwrap();
    assert_eq!(
        program.ask(&format!("insert {socket}")),
        format!("done insert {socket}")
    );
    // A reader that is polled sees a swap as one only where it saw the card before.
    let vitale2 = [0x3B, 0x75, 0x13, 0, 0, 0x44, 0x09, 0xEA, 0x90, 0];
    pcscd.wait_for_card(&own.reader, &vitale2).unwrap();
    assert_eq!(
        program.ask(&format!("swap {socket} nurse")),
        format!("done swap {socket} nurse")
    );
    let cps3 = [
        0x3B, 0xAC, 0, 0x40, 0x2A, 0, 0x12, 0x25, 0, 0x64, 0x80, 0, 3, 0x10, 0, 0x90, 0,
    ];
    pcscd.wait_for_card(&own.reader, &cps3).unwrap();
    for wrong in ["remove 1", "swap", &format!("swap {socket} nobody")] {
        let answer = program.ask(wrong);
        assert!(answer.starts_with(&format!("error {wrong}: ")), "{answer}");
    }

    let traced = fs::read_to_string(&trace).unwrap();
    assert!(
        traced.contains("-> 0020000108****************"),
        "PIN masked"
    );
    assert!(!traced.contains("31323334"), "no PIN in the trace");

    // The end of input changes nothing; SIGTERM ends the program.
    program.input = None;
    program.signal(rustix::process::Signal::TERM);
    assert!(program.process.wait().unwrap().success());
    pcscd.wait_for_removal(&own.reader).unwrap();
}

#[test]
fn until_the_end_of_input() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver]).unwrap();
    let endpoint = &pcscd.slots()[0].endpoint;
    let mut program = Program::start(&[
        format!("--reader={endpoint}=vitale-holder"),
        "--until-eof".to_owned(),
    ]);
    assert!(program.line().starts_with("ready "));
    program.input = None;
    assert!(program.process.wait().unwrap().success());
}

#[test]
fn the_pki_alone_and_revocation() {
    let folder = tempfile::tempdir().unwrap();
    let pki = folder.path().join("pki");
    let made = Command::new(PROGRAM).arg("pki").arg(&pki).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    for part in ["anchors", "intermediates", "crls"] {
        assert!(fs::read_dir(pki.join(part)).unwrap().count() >= 3, "{part}");
    }
    let unknown = Command::new(PROGRAM)
        .arg("pki")
        .arg(&pki)
        .args(["--revoke", "99000001"])
        .output()
        .unwrap();
    assert!(!unknown.status.success());
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("no card 99000001"), "{said}");
}

#[test]
fn wrong_usage_is_told() {
    for arguments in [
        &["--vpcd", "physician"][..],
        &["--vpcd", "x=physician"],
        &[],
    ] {
        let output = Command::new(PROGRAM).args(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = Command::new(PROGRAM)
        .arg("--list-profiles")
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let names = paraphe_softcard::Profile::shipped_names().len();
    assert_eq!(listed.lines().count(), names, "{listed}");
}

#[test]
fn scenarios_from_the_command_line_and_from_control_lines() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver, ReaderKind::OwnDriver]).unwrap();
    let [first, second] = pcscd.slots() else {
        panic!("two slots expected");
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let unknown = folder.join("unknown-card.json");
    let own = folder.join("mute.json");
    let mut program = Program::start(&[
        format!("--reader={}=vitale-holder", first.endpoint),
        format!("--reader={}=vitale1@{}", second.endpoint, own.display()),
        format!("--scenario={}", unknown.display()),
    ]);
    program.line();
    program.line();
    pcscd.wait_for_card(&first.reader, &[0x3B, 0x00]).unwrap();
    // The second card has a scenario of its own, which leaves the answer to reset alone.
    let vitale = [0x3F, 0x65, 0x25, 0x00, 0x2C, 0x09, 0x69, 0x90, 0x00];
    pcscd.wait_for_card(&second.reader, &vitale).unwrap();
    let endpoint = first.endpoint.to_string();
    for line in ["scenario E none", "remove E", "insert E"] {
        let line = line.replace('E', &endpoint);
        assert_eq!(program.ask(&line), format!("done {line}"));
    }
    let vitale = [0x3B, 0x75, 0x13, 0, 0, 0x45, 0x09, 0xEA, 0x90, 0x00];
    pcscd.wait_for_card(&first.reader, &vitale).unwrap();
    let line = format!("swap {endpoint} nurse@{}", unknown.display());
    assert_eq!(program.ask(&line), format!("done {line}"));
    pcscd.wait_for_card(&first.reader, &[0x3B, 0x00]).unwrap();
    let answer = program.ask(&format!("scenario {endpoint} nowhere.json"));
    assert!(
        answer.starts_with("error") && answer.contains("nowhere.json"),
        "{answer}"
    );
}

#[test]
fn digits_are_typed_by_control_lines_and_not_repeated() {
    let readers = [ReaderKind::OwnDriverWithPinPad, ReaderKind::OwnDriver];
    let pcscd = PrivatePcscd::start(&readers).unwrap();
    let [with_pad, without] = pcscd.slots() else {
        panic!("two slots expected");
    };
    let mut program = Program::start(&[
        format!("--reader={}=vitale-holder", with_pad.endpoint),
        format!("--reader={}=vitale1", without.endpoint),
    ]);
    program.line();
    program.line();
    let pad = &with_pad.endpoint;
    for (line, answer) in [
        (format!("type {pad} 4711"), format!("done type {pad} ****")),
        (format!("cancel {pad}"), format!("done cancel {pad}")),
        (
            format!("type {pad} 47x1"),
            format!("error type {pad} ****: a PIN pad has digits only, and takes at most 16"),
        ),
        (
            format!("type {} 4711", without.endpoint),
            format!(
                "error type {} ****: this reader has no PIN pad",
                without.endpoint
            ),
        ),
    ] {
        assert_eq!(program.ask(&line), answer);
    }
}

#[test]
fn cards_come_back_to_a_pcscd_that_was_restarted() {
    let readers = [ReaderKind::OwnDriver, ReaderKind::Vpcd];
    let mut pcscd = PrivatePcscd::start(&readers).unwrap();
    let [own, vpcd, _] = pcscd.slots().to_vec().try_into().unwrap();
    let (Endpoint::Vpcd(port), Endpoint::Reader(socket)) = (&vpcd.endpoint, &own.endpoint) else {
        panic!("unexpected endpoints");
    };
    let mut program = Program::start(&[
        format!("--reader={}=vitale-holder", socket.display()),
        format!("--vpcd={port}=vitale-holder"),
    ]);
    program.line();
    program.line();
    let vitale = [0x3B, 0x75, 0x13, 0, 0, 0x45, 0x09, 0xEA, 0x90, 0x00];
    for _ in 0..2 {
        pcscd.wait_for_card(&own.reader, &vitale).unwrap();
        pcscd.wait_for_card(&vpcd.reader, &vitale).unwrap();
        pcscd.stop();
        assert!(pcscd.readers().is_err());
        pcscd.start_again().unwrap();
    }
}
