//! Whom to trust for a record server's certificate: what the configuration names for that server, and nobody else. A PEM file, or a
//! directory of certificates in PEM or DER. A file that cannot be read, or a certificate that cannot be used, is an error: nothing is
//! passed over.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use paraphe_protocol::api::ErrorCode;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::problem::Failure;

/// Largest file, bytes.
const MAXIMUM_BYTES: u64 = 1 << 20;
/// Most files of a directory.
const MAXIMUM_FILES: usize = 64;
/// How files of certificates end, as in the other directories of trust.
const ENDINGS: [&str; 4] = ["pem", "crt", "cer", "der"];

/// The anchors at this place.
pub(super) fn load(place: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for file in files(place).map_err(|error| unreadable(place, &error))? {
        for certificate in certificates(&file).map_err(|error| unreadable(&file, &error))? {
            roots
                .add(certificate)
                .map_err(|_| unreadable(&file, &io::ErrorKind::InvalidData.into()))?;
        }
    }
    if roots.is_empty() {
        return Err(Failure::new(ErrorCode::TunnelServerUntrusted).with_detail(
            format!("Aucune autorité dans {}.", place.display()),
            format!("No authority in {}.", place.display()),
        ));
    }
    Ok(roots)
}

fn files(place: &Path) -> io::Result<Vec<PathBuf>> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            files.push(path);
        }
        if files.len() > MAXIMUM_FILES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
    Ok(files)
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let mut content = Vec::new();
    File::open(file)?
        .take(MAXIMUM_BYTES)
        .read_to_end(&mut content)?;
    let marked = content.windows(11).any(|window| window == b"-----BEGIN ");
    if !marked {
        return Ok(vec![content.into()]);
    }
    CertificateDer::pem_slice_iter(&content)
        .collect::<Result<_, _>>()
        .map_err(|_| io::ErrorKind::InvalidData.into())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(ErrorCode::TunnelServerUntrusted).with_system_error(
        &format!("L'autorité {}", path.display()),
        &format!("The authority {}", path.display()),
        error,
    )
}
