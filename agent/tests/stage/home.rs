//! A user's home for tests of the command: a configuration that trusts the tests' PKI, a PIN file, a viewer that keeps what it was
//! given, and a soft card in every command.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::pki;

/// A home with a viewer that keeps what it was given, and then does something to the file that it is a copy of.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new(and_then: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        let script = format!(
            "#!/bin/sh\nset -e\ncat \"$1\" > {seen}\nstat -c '%a %n' \"$1\" > {seen}.mode\n{and_then}\n",
            seen = home.path("seen").display()
        );
        fs::write(home.path("viewer"), script).unwrap();
        fs::set_permissions(home.path("viewer"), Permissions::from_mode(0o700)).unwrap();
        fs::write(home.path("pin"), "1234\n").unwrap();
        fs::set_permissions(home.path("pin"), Permissions::from_mode(0o600)).unwrap();
        let pki = pki();
        let configuration = format!(
            "[viewer]\nprogram = {:?}\n[trust]\nanchors = {:?}\nintermediates = {:?}\ncrls = {:?}\naccept_test = true\n",
            home.path("viewer"),
            pki.anchors(),
            pki.intermediates(),
            pki.crls()
        );
        fs::write(home.path("config.toml"), configuration).unwrap();
        fs::create_dir(home.path("run")).unwrap();
        fs::set_permissions(home.path("run"), Permissions::from_mode(0o700)).unwrap();
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds to the configuration.
    pub fn configure(&self, more: &str) {
        let path = self.path("config.toml");
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, before + more).unwrap();
    }

    /// Runs the program, unattended.
    pub fn paraphe(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paraphe"));
        command.args(self.arguments(arguments));
        self.run(command.stdin(Stdio::null()))
    }

    /// Runs the program at a terminal of its own, where a person types this.
    pub fn at_a_terminal(&self, arguments: &[&str], typed: &str) -> Output {
        let quoted = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
        let mut words = vec![env!("CARGO_BIN_EXE_paraphe").to_owned()];
        words.extend(self.arguments(arguments));
        let line = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
        fs::write(self.path("typed"), typed).unwrap();
        let typed = fs::File::open(self.path("typed")).unwrap();
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).stdin(typed);
        self.run(&mut command)
    }

    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let mut all: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).collect();
        all.extend(["--config".to_owned(), path(&self.path("config.toml"))]);
        all.extend(
            ["--soft-card", "physician", "--language", "en", "--soft-pki"].map(str::to_owned),
        );
        all.push(path(pki().path_of_directory()));
        all
    }

    fn run(&self, command: &mut Command) -> Output {
        command
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap()
    }
}
