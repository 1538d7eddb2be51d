//! `paraphe tunnel` as a person uses it: the agent as a process with a simulated card, a pinentry that types the PIN, the command that opens,
//! shows and closes, curl through it to nginx; and the refusal to open one that would end with its own command.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::stage::pki;
use crate::stage::running::Running;
use crate::tls_servers::curl::curl;
use crate::tls_servers::{self, Nginx};
use serde_json::Value;

/// A user with a card, an agent's directories and a configuration that leads to nginx.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(nginx: &Nginx) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Self { folder };
        for name in ["run", "state"] {
            fs::create_dir(place.path(name)).unwrap();
            fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let script = "#!/bin/sh\necho 'OK ready'\nwhile read -r line; do\n  case \"$line\" in\n    \
                      GETPIN) printf 'D 1234\\nOK\\n' ;;\n    BYE) echo OK; exit 0 ;;\n    *) echo OK ;;\n  esac\ndone\n";
        fs::write(place.path("pinentry"), script).unwrap();
        fs::set_permissions(place.path("pinentry"), fs::Permissions::from_mode(0o700)).unwrap();
        let configuration = format!(
            "port = {}\n{}[pin_entry]\nmethod = \"pinentry\"\nprogram = {:?}\n",
            tls_servers::free_port(),
            nginx.configuration(""),
            place.path("pinentry")
        );
        fs::create_dir_all(place.path("config/paraphe")).unwrap();
        fs::write(place.path("config/paraphe/config.toml"), configuration).unwrap();
        let trusted = place.paraphe(&["trust", "init"]);
        assert!(trusted.status.success(), "{}", text(&trusted));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_paraphe"));
        command
            .args(arguments)
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("LANG", "en_GB.UTF-8")
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env_remove("LC_ALL")
            .stdin(Stdio::null());
        command
    }

    /// The agent with this card, once it is ready.
    fn serve(&self, card: &str) -> Running {
        let ready = UnixDatagram::bind(self.path("ready")).unwrap();
        ready
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let agent = self
            .command(&["serve", "--soft-card", card, "--soft-pki"])
            .arg(pki().path_of_directory())
            .env("NOTIFY_SOCKET", self.path("ready"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Running(Some(agent));
        ready.recv(&mut [0; 64]).expect("the agent never was ready");
        agent
    }

    fn paraphe(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn a_person_opens_a_tunnel_looks_at_it_and_closes_it() {
    let nginx = Nginx::start("TLSv1.2 TLSv1.3");
    let place = Place::new(&nginx);
    let alone = place.paraphe(&["tunnel", "open", "--server", "nginx"]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(
        text(&alone).contains("would end with it"),
        "{}",
        text(&alone)
    );

    let _agent = place.serve("physician-cps4");
    let opened = place.paraphe(&[
        "tunnel",
        "open",
        "--server",
        "nginx",
        "--minutes",
        "5",
        "--json",
    ]);
    assert!(opened.status.success(), "{}", text(&opened));
    let opened: Value = serde_json::from_slice(&opened.stdout).unwrap();
    let address = opened["address"].as_str().unwrap();
    let id = opened["tunnel"]["tunnel"].as_str().unwrap();
    let fetched = curl(&[format!("{address}/who")]).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    assert!(fetched.text().contains("TLSv1.3 SUCCESS"), "{fetched:?}");

    let shown = text(&place.paraphe(&["tunnel", "status"]));
    assert!(shown.contains(id) && shown.contains("1 / 100"), "{shown}");
    assert!(
        !shown.contains(opened["secret"].as_str().unwrap()),
        "{shown}"
    );
    let closed = place.paraphe(&["tunnel", "close", id]);
    assert!(closed.status.success());
    assert!(text(&closed).contains("closed"), "{}", text(&closed));
    let again = curl(&[format!("{address}/who")]).await;
    assert_eq!(again.status, 0, "{again:?}");
    let unknown = place.paraphe(&["tunnel", "close", "0"]);
    assert_eq!(unknown.status.code(), Some(1));

    let said = place.paraphe(&["tunnel", "open", "--server", "nginx"]);
    assert!(said.status.success());
    assert!(text(&said).contains("http://127.0.0.1:"), "{}", text(&said));
}
