//! The authorities that the operator trusts (`paraphe trust anchors`): roots in the directory of anchors, issuing authorities in that of
//! intermediates, one PEM file each, where `[trust]` says. Nothing is written before everything was checked: readable, an authority,
//! valid now, signed by a root or an authority that is known, and all of one environment, test or production, which must be the
//! configuration's. Roots are written last and each file appears whole, so that what a crash leaves trusts nobody too many.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use paraphe_certs::der::{DerError, Reader, SEQUENCE};
use paraphe_certs::{Certificate, KeyUsage, UnixTime};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::authorities_error::AuthoritiesError;
use crate::config::Trust;

/// Largest file that is read: a bundle of many authorities.
const MAXIMUM_FILE_BYTES: u64 = 1 << 20;
/// Most certificates of one command.
const MOST_CERTIFICATES: usize = 64;
/// Longest part of a file's name that comes from a certificate, characters.
const MOST_NAME: usize = 48;
const NAMES: [&str; 4] = ["pem", "crt", "cer", "der"];
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// An authority's certificate, and where it is.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The certificate.
    pub certificate: Certificate,
    /// The file that has it, or will have it.
    pub path: PathBuf,
}

/// What would be installed.
#[derive(Debug)]
pub struct Additions {
    /// What is new, issuing authorities first.
    pub new: Vec<Authority>,
    /// What is there already.
    pub known: Vec<Authority>,
}

/// The directories of `[trust]`.
#[derive(Debug)]
pub struct Authorities {
    trust: Trust,
}

impl Authority {
    /// Whether it is a root, trusted by itself.
    #[must_use]
    pub fn is_anchor(&self) -> bool {
        self.certificate.is_self_issued()
    }

    /// SHA-256 of the certificate as people compare it: capitals, a colon between bytes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        super::fingerprint(&self.certificate)
    }
}

/// A fingerprint as somebody wrote it, with or without colons and blanks, in either case: 64 capitals, or nothing.
#[must_use]
pub fn written_fingerprint(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|it| !matches!(it, ':' | ' '))
        .map(|it| it.to_ascii_uppercase())
        .collect();
    let is_whole = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_whole.then_some(digits)
}

impl Authorities {
    /// Those of these directories, which need not exist.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// What is installed, roots first.
    ///
    /// # Errors
    /// A directory or a file cannot be read, or a file holds no certificates.
    pub fn list(&self) -> Result<Vec<Authority>, AuthoritiesError> {
        let mut found = Vec::new();
        for directory in [&self.trust.anchors, &self.trust.intermediates] {
            let mut files = files(directory)?;
            files.sort();
            for path in files {
                for certificate in read(&path)? {
                    let path = path.clone();
                    found.push(Authority { certificate, path });
                }
            }
        }
        Ok(found)
    }

    /// Reads the authorities in files and checks them with those that are installed.
    ///
    /// # Errors
    /// The first thing that is wrong with any of them; nothing was changed.
    pub fn check(&self, from: &[PathBuf], now: UnixTime) -> Result<Additions, AuthoritiesError> {
        let installed = self.list()?;
        let mut additions = Additions {
            new: Vec::new(),
            known: Vec::new(),
        };
        for path in from {
            for certificate in read(path)? {
                let same = |other: &&Authority| other.certificate == certificate;
                if additions.new.iter().any(|other| same(&other)) {
                    continue;
                }
                if let Some(known) = installed.iter().find(same) {
                    additions.known.push(known.clone());
                    continue;
                }
                let path = self.place(&certificate);
                additions.new.push(Authority { certificate, path });
                if additions.new.len() > MOST_CERTIFICATES {
                    return Err(AuthoritiesError::TooMany);
                }
            }
        }
        for authority in &additions.new {
            self.require_authority(&authority.certificate, now)?;
        }
        let all: Vec<&Certificate> = installed
            .iter()
            .chain(&additions.new)
            .map(|authority| &authority.certificate)
            .collect();
        for authority in &additions.new {
            require_issuer(&authority.certificate, &all)?;
            if let Some(other) = all
                .iter()
                .find(|other| other.is_named_test() != authority.certificate.is_named_test())
            {
                return Err(AuthoritiesError::Mixed {
                    one: authority.certificate.subject_rfc2253(),
                    other: other.subject_rfc2253(),
                });
            }
        }
        additions.new.sort_by_key(Authority::is_anchor);
        Ok(additions)
    }

    /// Writes what was checked.
    ///
    /// # Errors
    /// A file cannot be written; roots come last, so that none is trusted before everything else is there.
    pub fn install(&self, additions: &Additions) -> Result<(), AuthoritiesError> {
        for authority in &additions.new {
            write(authority)?;
        }
        Ok(())
    }

    /// Takes an authority away; the file keeps what else it holds.
    ///
    /// # Errors
    /// None has this fingerprint, or the file cannot be changed.
    pub fn remove(&self, fingerprint: &str) -> Result<Authority, AuthoritiesError> {
        let unknown = || AuthoritiesError::UnknownFingerprint {
            fingerprint: fingerprint.to_owned(),
        };
        let wanted = written_fingerprint(fingerprint).ok_or_else(unknown)?;
        let is_wanted =
            |it: &Authority| written_fingerprint(&it.fingerprint()).as_ref() == Some(&wanted);
        let all = self.list()?;
        let found = all.iter().find(|it| is_wanted(it)).ok_or_else(unknown)?;
        let rest: String = all
            .iter()
            .filter(|other| other.path == found.path && !is_wanted(other))
            .map(|other| other.certificate.pem())
            .collect();
        if rest.is_empty() {
            fs::remove_file(&found.path).map_err(failed(&found.path))?;
        } else {
            replace(&found.path, rest.as_bytes(), true)?;
        }
        Ok(found.clone())
    }

    fn require_authority(
        &self,
        certificate: &Certificate,
        now: UnixTime,
    ) -> Result<(), AuthoritiesError> {
        let subject = certificate.subject_rfc2253();
        let may_issue = certificate.key_usage().contains(KeyUsage::KEY_CERT_SIGN);
        if !certificate.is_ca() || !may_issue {
            return Err(AuthoritiesError::NotAnAuthority { subject });
        }
        if !(certificate.not_before()..=certificate.not_after()).contains(&now) {
            return Err(AuthoritiesError::NotValid {
                subject,
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
            });
        }
        if certificate.is_named_test() && !self.trust.accept_test {
            return Err(AuthoritiesError::TestInProduction { subject });
        }
        Ok(())
    }

    fn place(&self, certificate: &Certificate) -> PathBuf {
        let directory = if certificate.is_self_issued() {
            &self.trust.anchors
        } else {
            &self.trust.intermediates
        };
        let name: String = certificate
            .subject()
            .common_name()
            .chars()
            .take(MOST_NAME)
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .collect();
        let digest = certificate.sha256();
        let short: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        directory.join(format!("{}-{short}.pem", name.to_ascii_lowercase()))
    }
}

/// A root signs itself; another authority is signed by one that is known, up to a root.
fn require_issuer(certificate: &Certificate, all: &[&Certificate]) -> Result<(), AuthoritiesError> {
    let mut current = certificate;
    // A path is no longer than there are authorities.
    for _ in 0..=all.len() {
        if current.is_self_issued() {
            return if current.is_signed_by(current) {
                Ok(())
            } else {
                Err(AuthoritiesError::BadSignature {
                    subject: current.subject_rfc2253(),
                })
            };
        }
        let Some(issuer) = all.iter().find(|issuer| current.is_signed_by(issuer)) else {
            break;
        };
        current = issuer;
    }
    Err(AuthoritiesError::UnknownIssuer {
        subject: certificate.subject_rfc2253(),
        issuer: current.issuer_rfc2253(),
    })
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, AuthoritiesError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(directory)(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(directory))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| NAMES.contains(&extension)) {
            files.push(path);
        }
    }
    Ok(files)
}

/// The certificates of a file: PEM, DER, or the PKCS#7 bundle (RFC 2315, 9.1) in which authorities publish their chains.
fn read(path: &Path) -> Result<Vec<Certificate>, AuthoritiesError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAXIMUM_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(failed(path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAXIMUM_FILE_BYTES {
        return Err(failed(path)(ErrorKind::FileTooLarge.into()));
    }
    let unreadable = |detail: String| AuthoritiesError::Unreadable {
        path: path.to_owned(),
        detail,
    };
    let encoded: Vec<Vec<u8>> = if bytes.first() == Some(&SEQUENCE) {
        bundle(&bytes).unwrap_or_else(|_| vec![bytes])
    } else {
        CertificateDer::pem_slice_iter(&bytes)
            .map(|block| block.map(|der| der.to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable(error.to_string()))?
    };
    if encoded.is_empty() {
        return Err(unreadable("no certificate".to_owned()));
    }
    if encoded.len() > MOST_CERTIFICATES {
        return Err(AuthoritiesError::TooMany);
    }
    encoded
        .iter()
        .map(|der| Certificate::from_der(der).map_err(|error| unreadable(error.to_string())))
        .collect()
}

fn bundle(der: &[u8]) -> Result<Vec<Vec<u8>>, DerError> {
    const WHAT: &str = "a PKCS#7 bundle";
    let mut content = Reader::of_sequence(der, WHAT)?;
    if content.object_identifier(WHAT)? != SIGNED_DATA {
        return Err(DerError { what: WHAT });
    }
    let mut signed = content.enter(0xa0, WHAT)?.sequence(WHAT)?;
    signed.integer(WHAT)?;
    signed.set(WHAT)?;
    signed.sequence(WHAT)?;
    let mut certificates = signed.enter(0xa0, WHAT)?;
    let mut found = Vec::new();
    while !certificates.is_empty() {
        found.push(certificates.expect(SEQUENCE, WHAT)?.whole.to_vec());
    }
    Ok(found)
}

fn write(authority: &Authority) -> Result<(), AuthoritiesError> {
    let text = format!(
        "{}\nSHA-256 {}\n{}",
        authority
            .certificate
            .subject_rfc2253()
            .replace(['\r', '\n'], " "),
        authority.fingerprint(),
        authority.certificate.pem()
    );
    replace(&authority.path, text.as_bytes(), false)
}

/// Whole beside its place, then renamed. A file that is there is only replaced where that is asked for.
fn replace(path: &Path, content: &[u8], may_exist: bool) -> Result<(), AuthoritiesError> {
    let directory = path.parent().unwrap_or(path);
    let written = || -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(directory)?;
        let mut file = tempfile::Builder::new()
            .prefix(".paraphe-")
            .permissions(fs::Permissions::from_mode(0o644))
            .tempfile_in(directory)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        if may_exist {
            file.persist(path)?;
        } else {
            file.persist_noclobber(path)?;
        }
        File::open(directory)?.sync_all()
    };
    written().map_err(failed(path))
}

fn failed(path: &Path) -> impl Fn(io::Error) -> AuthoritiesError {
    let path = path.to_owned();
    move |source| AuthoritiesError::File {
        path: path.clone(),
        source,
    }
}
