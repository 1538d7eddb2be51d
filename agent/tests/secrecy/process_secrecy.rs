//! What a process of the agent leaves to others that the system would let look: nothing of its memory to another process of
//! the same user, and no core when it crashes. A PIN that it waits for would be there.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::stage::running::Running;
use rustix::process::{Pid, Signal, kill_process};

const PARAPHE: &str = env!("CARGO_BIN_EXE_paraphe");
const LONG: Duration = Duration::from_secs(60);

/// A process that waits for a PIN that never comes.
fn waiting(command: &mut Command) -> (Running, std::process::ChildStdin) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let input = child.stdin.take().unwrap();
    (Running(Some(child)), input)
}

/// Waits until the process is the program of that name and sleeps.
fn wait_until_it_waits(process: u32, name: &str) {
    let until = Instant::now() + LONG;
    loop {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        if stat.contains(&format!("({name}) S")) {
            return;
        }
        assert!(Instant::now() < until, "{stat}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn another_process_of_the_same_user_cannot_look_into_it() {
    if !rustix::process::getuid().is_root() {
        // Started by this very user: the same question without another user.
        let mut command = Command::new(PARAPHE);
        let (agent, _input) = waiting(command.args(["status", "--pin-fd", "0"]));
        wait_until_it_waits(agent.id(), "paraphe");
        for name in ["mem", "environ", "maps"] {
            let looked = fs::read(format!("/proc/{}/{name}", agent.id()));
            assert!(looked.is_err(), "{name}");
        }
        return;
    }
    // Where everybody may run it: the build's folder may be root's alone.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("paraphe");
    fs::copy(PARAPHE, &program).unwrap();
    let as_nobody = |program: &Path| {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(program)
            .env("HOME", folder.path());
        command
    };
    std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
    // A PIN that nobody writes is waited for.
    let pipe = folder.path().join("pipe");
    let made = as_nobody(Path::new("/usr/bin/mkfifo")).arg(&pipe).status();
    assert!(made.unwrap().success());
    let mut command = as_nobody(&program);
    let (agent, _input) = waiting(command.args(["status", "--pin-file"]).arg(&pipe));
    wait_until_it_waits(agent.id(), "paraphe");
    let (other, _input) = waiting(&mut as_nobody(Path::new("/bin/cat")));
    wait_until_it_waits(other.id(), "cat");
    let may_read = |process: u32, name: &str| {
        let mut command = as_nobody(Path::new("/usr/bin/head"));
        let path = format!("/proc/{process}/{name}");
        command.args(["-c", "1", &path]);
        let output = command.output().unwrap();
        output.status.success() && output.stderr.is_empty()
    };
    // `mem` asks for the right to attach, as ptrace(2) and gcore do; the others for the right to read.
    for name in ["environ", "maps"] {
        assert!(may_read(other.id(), name), "{name}");
        assert!(!may_read(agent.id(), name), "{name}");
    }
    let may_open_memory = |process: u32| {
        let mut command = as_nobody(Path::new("/bin/sh"));
        command.args(["-c", &format!("exec 3</proc/{process}/mem")]);
        command.output().unwrap().status.success()
    };
    assert!(may_open_memory(other.id()));
    assert!(!may_open_memory(agent.id()));
}

#[test]
fn a_crash_leaves_no_core() {
    let folder = tempfile::tempdir().unwrap();
    let crash = |program: &str, arguments: &[&str], name: &str| {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh", program])
            .args(arguments)
            .current_dir(folder.path());
        let (mut running, _input) = waiting(&mut command);
        wait_until_it_waits(running.id(), name);
        let mut child = running.0.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
        child.wait().unwrap()
    };
    let agent = crash(PARAPHE, &["status", "--pin-fd", "0"], "paraphe");
    assert_eq!(agent.signal(), Some(6));
    assert!(!agent.core_dumped());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let other = crash("/bin/cat", &[], "cat");
    println!(
        "another program that crashes leaves a core here: {}",
        other.core_dumped()
    );
}
