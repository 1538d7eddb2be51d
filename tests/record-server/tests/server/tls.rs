//! The server speaks TLS 1.3 only, and its client trusts one root only.

use std::sync::Arc;

use crate::fixture::World;
use paraphe_record_server::{Client, ClientError};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

async fn handshake(
    world: &World,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<()> {
    let mut roots = RootCertStore::empty();
    let root = world.server().root_pem().unwrap().as_bytes();
    roots
        .add(CertificateDer::from_pem_slice(root).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = world.server().address();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::from(address.ip());
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_1_3_only() {
    let world = World::start().await;
    handshake(&world, &rustls::version::TLS13).await.unwrap();
    assert!(handshake(&world, &rustls::version::TLS12).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_trusts_the_root_that_it_was_given() {
    let world = World::start().await;
    let other = World::start().await;
    let url = format!("https://{}", world.server().address());
    let client = Client::new(&url, other.server().root_pem().unwrap().as_bytes()).unwrap();
    let error = client.nonce().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect(_)), "{error:?}");

    assert!(matches!(
        Client::new("http://127.0.0.1:1", b""),
        Err(ClientError::Url)
    ));
    assert!(matches!(Client::new(&url, b""), Err(ClientError::Root(_))));
}
