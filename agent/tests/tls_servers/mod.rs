//! Servers for tunnels: nginx as an operator runs it, and a TLS server in this process that keeps what clients signed. Both have a
//! certificate for `localhost` of an authority made for the test. Needs the Debian package `nginx-light`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    unreachable_pub,
    reason = "tests, each of which uses a part"
)]

pub mod curl;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::pki;

/// Longer than any machine takes.
const LONG: Duration = Duration::from_secs(30);

/// An authority, and a server's certificate of it.
pub struct ServerIdentity {
    pub authority_pem: Vec<u8>,
    pub certificate_pem: Vec<u8>,
    pub key_pem: Vec<u8>,
}

/// For `localhost` and for no address; one for all tests of a process.
pub fn identity() -> &'static ServerIdentity {
    static IDENTITY: OnceLock<ServerIdentity> = OnceLock::new();
    IDENTITY.get_or_init(|| ServerIdentity::new("localhost"))
}

impl ServerIdentity {
    /// For this name.
    pub fn new(name: &str) -> Self {
        // Only the server's own key must be RSA, for the suites of the record's referential.
        let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let authority_key = PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap();
        let authority = certificate("Autorité d'essai", &authority_key, None);
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let leaf = certificate(name, &key, Some((&authority, &authority_key)));
        Self {
            authority_pem: authority.to_pem().unwrap(),
            certificate_pem: leaf.to_pem().unwrap(),
            key_pem: key.private_key_to_pem_pkcs8().unwrap(),
        }
    }
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<(&X509, &PKey<Private>)>) -> X509 {
    let mut subject = X509NameBuilder::new().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial
        .pseudo_rand(64, openssl::bn::MsbOption::ONE, false)
        .unwrap();
    builder
        .set_serial_number(&serial.to_asn1_integer().unwrap())
        .unwrap();
    builder.set_subject_name(&subject).unwrap();
    let issuer_name = issuer.map_or(&*subject, |(issuer, _)| issuer.subject_name());
    builder.set_issuer_name(issuer_name).unwrap();
    builder
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    builder
        .set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    builder.set_pubkey(key).unwrap();
    let mut constraints = BasicConstraints::new();
    constraints.critical();
    match issuer {
        None => constraints.ca(),
        Some(_) => &mut constraints,
    };
    builder
        .append_extension(constraints.build().unwrap())
        .unwrap();
    if issuer.is_some() {
        let context = builder.x509v3_context(None, None);
        let names = SubjectAlternativeName::new()
            .dns(name)
            .build(&context)
            .unwrap();
        builder.append_extension(names).unwrap();
    }
    let signer = issuer.map_or(key, |(_, key)| key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    builder.build()
}

/// nginx, until dropped.
pub struct Nginx {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    /// One that demands certificates of the test PKI, speaks these versions, and serves what lies in `files/`.
    pub fn start(protocols: &str) -> Self {
        Self::start_with(protocols, "ssl_verify_client on;")
    }

    /// The same with more or other words about clients.
    pub fn start_with(protocols: &str, clients: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["files", "temporary"] {
            fs::create_dir(path(name)).unwrap();
        }
        let identity = identity();
        fs::write(path("server.pem"), &identity.certificate_pem).unwrap();
        fs::write(path("server.key"), &identity.key_pem).unwrap();
        fs::write(path("authority.pem"), &identity.authority_pem).unwrap();
        fs::write(path("clients.pem"), client_authorities()).unwrap();
        let port = free_port();
        let user = if rustix::process::getuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| {
                format!(
                    "{kind}_temp_path {};\n",
                    path("temporary").join(kind).display()
                )
            })
            .collect();
        let configuration = format!(
            "daemon off;\nmaster_process off;\n{user}\npid {pid};\nerror_log {error} info;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n{temporary}\
             log_format seen '$ssl_protocol $ssl_session_reused $ssl_client_verify $request_method $http_host $uri';\n\
             access_log {access} seen;\nclient_max_body_size 0;\n\
             server {{\nlisten 127.0.0.1:{port} ssl;\nserver_name localhost;\n\
             ssl_certificate {certificate};\nssl_certificate_key {key};\nssl_protocols {protocols};\n\
             ssl_client_certificate {clients_file};\nssl_verify_depth 3;\n{clients}\n\
             location = /who {{ return 200 \"$ssl_protocol $ssl_client_verify $ssl_client_s_dn\"; }}\n\
             location /files/ {{ root {root}; dav_methods PUT; }}\n}}\n}}\n",
            pid = path("nginx.pid").display(),
            error = path("error.log").display(),
            access = path("access.log").display(),
            certificate = path("server.pem").display(),
            key = path("server.key").display(),
            clients_file = path("clients.pem").display(),
            root = folder.path().display(),
        );
        fs::write(path("nginx.conf"), configuration).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"];
        let program = program.iter().find(|program| Path::new(program).exists());
        let process = Command::new(program.expect("nginx is not there (apt install nginx-light)"))
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(path("nginx.conf"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            folder,
            port,
        };
        let until = Instant::now() + LONG;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let log = fs::read_to_string(server.path("error.log"));
            assert!(Instant::now() < until, "nginx does not listen: {log:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// A file or folder of its own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The part of a configuration that leads there, of a record server named `nginx`.
    pub fn configuration(&self, more: &str) -> String {
        record_server(
            "nginx",
            "localhost",
            self.port,
            &self.path("authority.pem"),
            more,
        )
    }

    /// What it noted of each request.
    pub fn seen(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("access.log")).unwrap();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // By its process id; it may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The part of a configuration that describes a record server with an address.
pub fn record_server(name: &str, host: &str, port: u16, anchors: &Path, more: &str) -> String {
    format!(
        "[[record_server]]\nname = {name:?}\ntitle = \"Dossier {name}\"\naudience = \"urn:{name}\"\n\
         [record_server.tunnel]\nhost = {host:?}\nport = {port}\nanchors = {anchors:?}\n{more}\n"
    )
}

/// The test PKI's roots and issuing authorities, for servers that check clients themselves.
pub fn client_authorities() -> Vec<u8> {
    let pki = pki();
    let mut all = Vec::new();
    for folder in [pki.anchors(), pki.intermediates()] {
        for entry in fs::read_dir(folder).unwrap() {
            all.extend(fs::read(entry.unwrap().path()).unwrap());
        }
    }
    all
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// What a client signed in a handshake, as the server saw it: the content of its CertificateVerify.
#[derive(Debug, Clone)]
pub struct SeenCertificateVerify {
    pub content: Vec<u8>,
    pub scheme: SignatureScheme,
    pub signature: Vec<u8>,
    /// DER.
    pub certificate: Vec<u8>,
}

/// A TLS server that keeps what clients signed, and answers every request with `200` and no body.
pub struct KeepingServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<SeenCertificateVerify>>>,
    folder: tempfile::TempDir,
    serving: tokio::task::JoinHandle<()>,
}

impl KeepingServer {
    /// Of one version; where it does not take certificates, it says that they are revoked.
    pub async fn start(version: &'static rustls::SupportedProtocolVersion, takes: bool) -> Self {
        let identity = identity();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let verifier = Keeping {
            takes,
            seen: Arc::clone(&seen),
            provider: rustls::crypto::aws_lc_rs::default_provider(),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(Arc::new(verifier))
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(&identity.certificate_pem).unwrap()],
                PrivateKeyDer::from_pem_slice(&identity.key_pem).unwrap(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = acceptor.accept(stream).await?;
                    let mut request = vec![0; 64 << 10];
                    while stream.read(&mut request).await? > 0 {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                            .await?;
                        stream.flush().await?;
                    }
                    Ok::<_, std::io::Error>(())
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("authority.pem"), &identity.authority_pem).unwrap();
        Self {
            address,
            seen,
            folder,
            serving,
        }
    }

    /// The part of a configuration that leads there, of a record server named `keeping`.
    pub fn configuration(&self, more: &str) -> String {
        let anchors = self.folder.path().join("authority.pem");
        record_server("keeping", "localhost", self.address.port(), &anchors, more)
    }

    /// What clients signed so far.
    pub fn seen(&self) -> Vec<SeenCertificateVerify> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for KeepingServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug)]
struct Keeping {
    takes: bool,
    seen: Arc<Mutex<Vec<SeenCertificateVerify>>>,
    provider: rustls::crypto::CryptoProvider,
}

impl Keeping {
    fn keep(
        &self,
        content: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // What was signed is judged by who asks for it.
        self.seen.lock().unwrap().push(SeenCertificateVerify {
            content: content.to_vec(),
            scheme: signed.scheme,
            signature: signed.signature().to_vec(),
            certificate: certificate.to_vec(),
        });
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ClientCertVerifier for Keeping {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if self.takes {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(CertificateError::Revoked.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.keep(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.keep(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
