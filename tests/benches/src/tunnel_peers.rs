//! What a tunnel is measured with: nginx that demands client certificates, a SoftHSM token, and stunnel with the same token through
//! OpenSSL's PKCS#11 engine. Each is a process of its own, ended by its id. Debian packages: nginx-light, stunnel4,
//! libengine-pkcs11-openssl, softhsm2, opensc.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use paraphe_certs::test_pki::CardPerson;
use paraphe_softcard::PkiDirectory;

use crate::{now, pki_path};

/// SoftHSM's module where Debian puts it.
pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// The token's PIN.
pub const PIN: &str = "1234";
/// The variable that names the token's folder to the module.
pub const VARIABLE: &str = "SOFTHSM2_CONF";
const LABEL: &str = "essai";

/// Everything in one folder.
#[derive(Debug)]
pub struct Peers {
    folder: tempfile::TempDir,
}

/// A process, until dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a bench without its peers measures nothing"
)]
impl Peers {
    /// The token, the certificates, a file of so many bytes.
    #[must_use]
    pub fn prepare(large: usize) -> Self {
        let peers = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        for name in ["tokens", "files", "temporary"] {
            fs::create_dir(peers.path(name)).expect("a folder");
        }
        fs::write(peers.path("files/large"), vec![0x5A; large]).expect("a file");
        fs::write(peers.path("files/small"), b"small").expect("a file");
        peers.server_certificate().expect("a certificate");
        peers.client_authorities().expect("authorities");
        peers.token();
        peers
    }

    /// A file or folder of its own.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What names the token's folder.
    #[must_use]
    pub fn softhsm(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    /// nginx with these words about sessions, and its port.
    #[must_use]
    pub fn nginx(&self, name: &str, sessions: &str) -> (Process, u16) {
        let port = free_port();
        let text = format!(
            "daemon off;\nmaster_process off;\n{user}\npid {folder}/{name}.pid;\nerror_log {folder}/{name}.log;\n\
             events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\nclient_max_body_size 0;\n\
             client_body_temp_path {folder}/temporary/{name}-body;\nproxy_temp_path {folder}/temporary/{name}-proxy;\n\
             fastcgi_temp_path {folder}/temporary/{name}-fastcgi;\nuwsgi_temp_path {folder}/temporary/{name}-uwsgi;\n\
             scgi_temp_path {folder}/temporary/{name}-scgi;\nsendfile on;\n\
             server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {folder}/server.pem;\n\
             ssl_certificate_key {folder}/server.key;\nssl_protocols TLSv1.2 TLSv1.3;\nssl_verify_client on;\n\
             ssl_client_certificate {folder}/clients.pem;\nssl_verify_depth 3;\n{sessions}\n\
             location /files/ {{ root {folder}; }}\nlocation /sink {{ return 200; }}\n}}\n}}\n",
            folder = self.folder.path().display(),
            user = if is_root() { "user root;" } else { "" },
        );
        let file = self.path(&format!("{name}.conf"));
        fs::write(&file, text).expect("a file");
        let mut command = Command::new("/usr/sbin/nginx");
        command
            .arg("-p")
            .arg(self.folder.path())
            .arg("-c")
            .arg(file);
        (started(command, port), port)
    }

    /// stunnel with the token's authentication key, to this port of nginx, and its own.
    #[must_use]
    pub fn stunnel(&self, nginx: u16) -> (Process, u16) {
        let port = free_port();
        let folder = self.folder.path().display();
        let text = format!(
            "foreground = yes\npid =\ndebug = 3\nengine = pkcs11\nengineCtrl = MODULE_PATH:{MODULE}\n\
             engineCtrl = PIN:{PIN}\n[tunnel]\nclient = yes\naccept = 127.0.0.1:{port}\n\
             connect = 127.0.0.1:{nginx}\nengineId = pkcs11\ncert = {folder}/client.pem\n\
             key = pkcs11:token={LABEL};id=%07;type=private;pin-value={PIN}\n\
             CAfile = {folder}/server-authority.pem\nverifyChain = yes\ncheckHost = localhost\n"
        );
        let file = self.path(&format!("stunnel-{port}.conf"));
        fs::write(&file, text).expect("a file");
        let mut command = Command::new("/usr/bin/stunnel4");
        command.arg(file).env(VARIABLE, self.softhsm());
        (started(command, port), port)
    }

    fn server_certificate(&self) -> Result<(), ErrorStack> {
        let key = PKey::from_rsa(Rsa::generate(2048)?)?;
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("CN", "localhost")?;
        let name = name.build();
        let mut builder = X509::builder()?;
        builder.set_version(2)?;
        builder.set_subject_name(&name)?;
        builder.set_issuer_name(&name)?;
        let (from, to) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(2)?);
        builder.set_not_before(&from)?;
        builder.set_not_after(&to)?;
        builder.set_pubkey(&key)?;
        builder.append_extension(BasicConstraints::new().build()?)?;
        let context = builder.x509v3_context(None, None);
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .build(&context)?;
        builder.append_extension(names)?;
        builder.sign(&key, MessageDigest::sha256())?;
        let pem = builder.build().to_pem()?;
        for (name, content) in [
            ("server.pem", &pem),
            ("server-authority.pem", &pem),
            ("server.key", &key.private_key_to_pem_pkcs8()?),
        ] {
            fs::write(self.path(name), content).expect("a file");
        }
        Ok(())
    }

    fn client_authorities(&self) -> io::Result<()> {
        let pki = PkiDirectory::open_or_create(&pki_path(), now()).expect("test authorities");
        let mut all = Vec::new();
        for folder in [pki.anchors(), pki.intermediates()] {
            for entry in fs::read_dir(folder)? {
                all.extend(fs::read(entry?.path())?);
            }
        }
        fs::write(self.path("clients.pem"), all)
    }

    fn token(&self) {
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            self.path("tokens").display()
        );
        fs::write(self.softhsm(), text).expect("a file");
        let arguments = [
            "--init-token",
            "--free",
            "--label",
            LABEL,
            "--so-pin",
            "87654321",
        ];
        self.run(
            Command::new("softhsm2-util")
                .args(arguments)
                .args(["--pin", PIN]),
        );
        let card = PkiDirectory::open_or_create(&pki_path(), now())
            .expect("test authorities")
            .with_authorities(|pki| pki.issue_card(&CardPerson::sample_nurse(), now()))
            .expect("test authorities")
            .expect("a card");
        let issued = &card.authentication;
        let key = PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes());
        let key = key.and_then(|key| key.private_key_to_der()).expect("a key");
        fs::write(self.path("client.pem"), issued.certificate.pem()).expect("a file");
        let file = self.path("object.der");
        for (kind, content) in [("cert", issued.certificate.der()), ("privkey", &key)] {
            fs::write(&file, content).expect("a file");
            let mut tool = Command::new("pkcs11-tool");
            tool.args([
                "--module",
                MODULE,
                "--token-label",
                LABEL,
                "--login",
                "--pin",
                PIN,
            ]);
            tool.args(["--id", "07", "--type", kind, "--write-object"]);
            self.run(tool.arg(&file));
        }
        fs::remove_file(file).expect("the same file");
    }

    fn run(&self, command: &mut Command) {
        let output = command.env(VARIABLE, self.softhsm()).output();
        let output = output.expect("apt install softhsm2 opensc");
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self")
        .is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

#[expect(clippy::expect_used, reason = "a bench without ports measures nothing")]
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}

#[expect(
    clippy::expect_used,
    reason = "a bench without its peers measures nothing"
)]
fn started(mut command: Command, port: u16) -> Process {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let process = Process(
        command
            .stderr(Stdio::null())
            .spawn()
            .expect("sh tests/install.sh tests"),
    );
    let until = Instant::now() + Duration::from_secs(30);
    while !listens(port) {
        assert!(Instant::now() < until, "{command:?} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Where a thing is that this program was given as `Path`; for configurations.
#[must_use]
pub fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
