//! The units and rules that a person installs, judged by systemd's and udev's own tools. A tool that is missing is a failure
//! with its name: these files are never shipped unchecked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SERVICE: &str = include_str!("../../../systemd/paraphe.service");
const SOCKET: &str = include_str!("../../../systemd/paraphe.socket");
/// Units of the system's manager, with the most that each may be exposed (tenths) and what they run.
const SYSTEM_UNITS: [(&str, &str, Option<u32>); 4] = [
    (
        "paraphe-dispatch.service",
        include_str!("../../../systemd/paraphe-dispatch.service"),
        Some(15),
    ),
    (
        "paraphe-dispatch.socket",
        include_str!("../../../systemd/paraphe-dispatch.socket"),
        None,
    ),
    (
        "paraphe-trust-renew.service",
        include_str!("../../../systemd/paraphe-trust-renew.service"),
        Some(20),
    ),
    (
        "paraphe-trust-renew.timer",
        include_str!("../../../systemd/paraphe-trust-renew.timer"),
        None,
    ),
];
const RULES: &str = include_str!("../../../udev/70-paraphe-readers.rules");

fn run(program: &str, command: &mut Command) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{program} is needed for this test (Debian: systemd, udev): {error}"),
    }
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The units in a directory, with the program of this build in place of the installed one.
fn units(service: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    assert!(service.contains("ExecStart=/usr/bin/paraphe serve\n"));
    let service = service.replace("/usr/bin/paraphe", env!("CARGO_BIN_EXE_paraphe"));
    let (service_path, socket_path) = (
        directory.path().join("paraphe.service"),
        directory.path().join("paraphe.socket"),
    );
    fs::write(&service_path, service).unwrap();
    fs::write(&socket_path, SOCKET).unwrap();
    (directory, service_path, socket_path)
}

fn verify(service: &str) -> Output {
    let (directory, service, socket) = units(service);
    run(
        "systemd-analyze",
        Command::new("systemd-analyze")
            .args(["verify", "--user", "--man=no", "--recursive-errors=no"])
            .args([service, socket])
            .env("XDG_RUNTIME_DIR", directory.path()),
    )
}

#[test]
fn systemd_accepts_the_units() {
    let output = verify(SERVICE);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), "");
    // The judge sees a mistake when there is one.
    let wrong = verify(&SERVICE.replace("ProtectSystem=strict", "ProtectSistem=strict"));
    assert!(said(&wrong).contains("ProtectSistem"), "{}", said(&wrong));
}

#[test]
fn systemd_accepts_the_system_s_units_and_finds_them_closed() {
    let directory = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_paraphe");
    for (name, unit, _) in SYSTEM_UNITS {
        let unit = unit.replace("/usr/bin/paraphe", program);
        fs::write(directory.path().join(name), unit).unwrap();
    }
    let paths = SYSTEM_UNITS.map(|(name, _, _)| directory.path().join(name));
    let output = run(
        "systemd-analyze",
        Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .args(&paths),
    );
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output).trim(), "");
    for ((name, _, most), path) in SYSTEM_UNITS.iter().zip(&paths) {
        let Some(most) = most else {
            continue;
        };
        let output = run(
            "systemd-analyze",
            Command::new("systemd-analyze")
                .args(["security", "--offline=true"])
                .arg(format!("--threshold={most}"))
                .arg(path),
        );
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

#[test]
fn the_dispatcher_s_unit_opens_what_the_agent_expects() {
    let (_, socket, _) = SYSTEM_UNITS[1];
    let values = |key: &str| -> Vec<&str> {
        let lines = socket.lines();
        lines.filter_map(|line| line.strip_prefix(key)).collect()
    };
    let expected = paraphe::config::Config::default().dispatch_socket;
    assert_eq!(
        values("ListenStream="),
        ["127.0.0.1:47443", "[::1]:47443", expected.to_str().unwrap()]
    );
    assert_eq!(values("FileDescriptorName="), ["paraphe-dispatch"]);
}

/// The figure is computed from the text. It counts a service manager that is root; a user's manager is not, so a user and an
/// empty capability set are added here to see what is left. Everything above 2.0 needs a reason in the unit.
#[test]
fn the_service_is_exposed_no_more_than_said() {
    let as_the_user = SERVICE.replace(
        "[Service]\n",
        "[Service]\nUser=daemon\nCapabilityBoundingSet=\n",
    );
    let judge = |service: &str| {
        let (_directory, path, _) = units(service);
        run(
            "systemd-analyze",
            Command::new("systemd-analyze")
                .args(["security", "--offline=true", "--threshold=20"])
                .arg(path),
        )
    };
    let output = judge(&as_the_user);
    assert!(output.status.success(), "{}", said(&output));
    let open = judge("[Service]\nExecStart=/usr/bin/paraphe serve\n");
    assert!(!open.status.success(), "{}", said(&open));
}

#[test]
fn the_socket_unit_names_and_places_what_the_agent_expects() {
    let values = |key: &str| -> Vec<&str> {
        SOCKET
            .lines()
            .filter_map(|line| line.strip_prefix(key))
            .collect()
    };
    assert_eq!(
        values("ListenStream="),
        ["127.0.0.1:47443", "[::1]:47443", "%t/paraphe/agent.sock"]
    );
    assert_eq!(values("FileDescriptorName="), ["paraphe"]);
    assert_eq!(paraphe::config::DEFAULT_PORT, 47443);
}

/// Runs the rules as udev does, on the loopback interface: the tests have no USB reader. The copy differs from the rules in
/// what a network interface cannot have.
fn udev_says(interfaces: &str) -> String {
    let mut rules = RULES.replace("SUBSYSTEM!=\"usb\"", "SUBSYSTEM!=\"net\"");
    rules = rules.replace("ENV{DEVTYPE}==\"usb_device\", ", "");
    rules.insert_str(0, &format!("ENV{{ID_USB_INTERFACES}}=\"{interfaces}\"\n"));
    let name = format!(
        "70-paraphe-test-{}-{}.rules",
        std::process::id(),
        interfaces.len()
    );
    let installed = Installed::new(Path::new("/run/udev/rules.d"), &name, &rules);
    let output = run(
        "udevadm",
        Command::new("udevadm").args(["test", "/sys/class/net/lo"]),
    );
    drop(installed);
    let said = said(&output);
    assert!(said.contains(&name), "udev did not read the rules: {said}");
    let ours: Vec<&str> = said.lines().filter(|line| line.contains(&name)).collect();
    for complaint in ["Invalid", "invalid", "Unknown", "GOTO", "ignoring"] {
        assert!(
            !ours.iter().any(|line| line.contains(complaint)),
            "{ours:?}"
        );
    }
    said
}

/// A rules file that is there for the length of a test; written by root, directly or through sudo.
struct Installed(PathBuf);

impl Installed {
    fn new(directory: &Path, name: &str, rules: &str) -> Self {
        let source = tempfile::NamedTempFile::new().unwrap();
        fs::write(source.path(), rules).unwrap();
        let path = directory.join(name);
        let done = as_root("install")
            .args(["-D", "-m", "644"])
            .args([source.path(), &path])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "udev's judgement needs root, or sudo without a password, to place a rules file in {}",
            directory.display()
        );
        Self(path)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _left = as_root("rm").arg("-f").arg(&self.0).status();
    }
}

fn as_root(program: &str) -> Command {
    if rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", program]);
    command
}

#[test]
fn udev_knows_a_ccid_reader_by_its_interfaces_and_nothing_else() {
    for reader in [":0b0000:", ":0b0000:0b0000:", ":030101:0b0001:"] {
        let said = udev_says(reader);
        assert!(said.contains("ID_SMARTCARD_READER=1"), "{said}");
        assert!(said.contains("SYSTEMD_USER_WANTS=paraphe.socket"), "{said}");
        assert!(said.contains(":uaccess:"), "{said}");
    }
    for other in [":030101:030102:", ":0e0100:", ""] {
        let said = udev_says(other);
        assert!(!said.contains("ID_SMARTCARD_READER=1"), "{other}: {said}");
        assert!(!said.contains("SYSTEMD_USER_WANTS"), "{other}: {said}");
    }
}

#[test]
fn the_rules_name_the_readers_of_french_practices() {
    for (vendor, products) in [
        (
            "2947",
            &[
                "0101", "0102", "0103", "0104", "0105", "0111", "0112", "0113", "0114",
            ][..],
        ),
        ("356f", &["23fe", "22fc"]),
        ("0f14", &["003b", "0038", "0037", "0011", "003d"]),
        ("076b", &["a022"]),
    ] {
        let line = RULES
            .lines()
            .find(|line| line.contains(&format!("ATTR{{idVendor}}==\"{vendor}\"")))
            .unwrap();
        for product in products {
            assert!(line.contains(product), "{vendor}:{product}");
        }
    }
}
