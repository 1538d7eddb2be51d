//! The store in PostgreSQL, on a private server in a temporary folder that is started here and stopped by its process id. Needs the Debian
//! package `postgresql`. PostgreSQL does not run as root: there the user `postgres` of the package runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod rules;

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use paraphe_stores::PostgresStore;
use postgres::{Client, NoTls};
use tempfile::TempDir;

/// Long, for a machine that does much else; it is there within a second.
const PATIENCE: Duration = Duration::from_secs(120);

/// A PostgreSQL server of this test alone, on a Unix socket.
struct Private {
    folder: TempDir,
    server: Child,
}

impl Private {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let as_user = |program: &str| {
            let mut command = Command::new(programs().join(program));
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir(folder.path()).env("LC_ALL", "C");
            command
        };
        let data = folder.path().join("data");
        let made = as_user("initdb")
            .args([
                "--auth=trust",
                "--username=paraphe",
                "--no-sync",
                "--encoding=UTF8",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {made:?}");
        let server = as_user("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-h", "", "-F", "-c", "max_connections=50"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let private = Self { folder, server };
        private.wait();
        private
    }

    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while let Err(error) = self.connect() {
            assert!(
                Instant::now() < until,
                "PostgreSQL does not answer: {error}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        let mut config = Client::configure();
        config
            .host_path(self.folder.path())
            .user("paraphe")
            .dbname("postgres");
        config.connect(NoTls)
    }

    fn open(&self) -> PostgresStore {
        PostgresStore::on(self.connect().unwrap()).unwrap()
    }

    /// Forgets everything.
    fn clear(&self) {
        let mut client = self.connect().unwrap();
        client
            .batch_execute("TRUNCATE paraphe_nonce, paraphe_seen")
            .unwrap();
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown; its children end with it.
        let stopped = Command::new("kill")
            .args(["-INT", &self.server.id().to_string()])
            .status();
        if stopped.is_ok_and(|status| status.success()) {
            let _ = self.server.wait();
        }
    }
}

/// Where Debian puts the server's programs: the newest version that is there.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("apt install postgresql");
    let mut folders: Vec<_> = versions
        .map(|entry| entry.unwrap().path().join("bin"))
        .collect();
    folders.sort();
    folders.pop().expect("apt install postgresql")
}

/// User and group of the package's own user, where this test runs as root.
fn unprivileged() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> u32 {
        let said = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(said.stdout)
            .unwrap()
            .trim()
            .parse()
            .expect("a user id")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// One server for all of it: starting one takes longer than the rest.
#[test]
fn it_keeps_the_rules_and_of_200_submissions_at_once_one_succeeds() {
    let private = Private::start();
    rules::rules(&mut private.open());
    private.clear();
    rules::handles_agree(&mut private.open(), &mut private.open());
    private.clear();
    rules::one_of_200((0..20).map(|_| private.open()).collect());
}

#[test]
fn servers_that_start_at_once_make_the_tables_once() {
    let private = Private::start();
    let clients: Vec<_> = (0..8).map(|_| private.connect().unwrap()).collect();
    let threads = clients
        .into_iter()
        .map(|client| std::thread::spawn(|| PostgresStore::on(client).is_ok()));
    let threads: Vec<_> = threads.collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}
