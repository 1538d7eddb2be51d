//! Whom to trust for `https` addresses of authorities: the file of the configuration, else the bundle that the distribution
//! maintains. Linux's places; another system is another list here.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Debian and its like, Fedora and its like, openSUSE.
const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];
/// Largest bundle, bytes; those of distributions have some 200 KB.
const MAXIMUM_BYTES: u64 = 4 << 20;

/// The roots of a file, or of the system.
pub(super) fn load(configured: Option<&Path>) -> io::Result<RootCertStore> {
    let bundle = configured.or_else(|| {
        let mut bundles = BUNDLES.iter().map(Path::new);
        bundles.find(|bundle| bundle.exists())
    });
    let bundle = bundle.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let mut pem = Vec::new();
    File::open(bundle)?
        .take(MAXIMUM_BYTES)
        .read_to_end(&mut pem)?;
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .filter_map(Result::ok)
        .collect();
    let mut roots = RootCertStore::empty();
    // Roots of the web that this library cannot use do not stand in the way of the others.
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(roots)
}
