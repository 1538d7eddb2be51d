//! A directory with the test PKI of this machine: authorities, revocation lists, and the cards issued so far.
//!
//! ```text
//! anchors/*.pem  intermediates/*.pem  crls/*.crl    what a relying party needs
//! authorities/state.txt                             the authorities with their keys (0600)
//! cards/<serial>/{authentication,signature}.pem     certificates of a card, kept so that a restart gives the same card
//! cards/<serial>/{authentication,signature}-key.pem their keys (0600)
//! cards/<serial>/technical.pem, technical-key.pem   the same of a contactless card, which has this pair only
//! ```
//! Several processes may use one directory at once: whoever reads and writes holds an advisory lock, and files are
//! replaced by rename. Everything in it is made on this machine for fictitious people; nothing of it is trusted elsewhere.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use paraphe_certs::test_pki::{
    CardPerson, Issued, RevocationReason, TestPki, TestPkiError, Validity,
};
use paraphe_certs::{CardKind, Certificate, CertificateError, UnixTime};

use crate::keys::{CardKeys, KeyError, KeyPair};
use crate::profile::{self, ProfessionalProfile};

/// Why the PKI directory cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiDirectoryError {
    /// A file or folder cannot be read, made or locked.
    #[error("the PKI directory's {path} cannot be used: {source}")]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The authorities could not be made or loaded, or could not issue.
    #[error("the test PKI: {0}")]
    TestPki(#[from] TestPkiError),
    /// A stored certificate cannot be parsed.
    #[error("the certificate {path} cannot be parsed: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// A stored or issued key does not fit on a card.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No card with this serial number was issued here.
    #[error("no card {serial} was issued in this PKI directory")]
    UnknownCard {
        /// The serial number asked for.
        serial: String,
    },
}

/// An open PKI directory. The lock is held during operations only.
#[derive(Debug)]
pub struct PkiDirectory {
    root: PathBuf,
    now: UnixTime,
}

const UNFINISHED: &str = ".unfinished";
const LOCK: &str = ".lock";
const STATE: &str = "authorities/state.txt";
const AUTHENTICATION: &str = "authentication";
const SIGNATURE: &str = "signature";
const TECHNICAL: &str = "technical";

impl PkiDirectory {
    /// Opens the directory, making it and its authorities where they are missing, and renews the revocation lists as of
    /// `now`. `now` is also the time from which new certificates are valid.
    pub fn open_or_create(path: &Path, now: UnixTime) -> Result<Self, PkiDirectoryError> {
        let directory = Self {
            root: path.to_path_buf(),
            now,
        };
        for (folder, mode) in [
            ("", 0o755),
            ("anchors", 0o755),
            ("intermediates", 0o755),
            ("crls", 0o755),
            ("authorities", 0o700),
            ("cards", 0o700),
        ] {
            let folder = path.join(folder);
            fs::DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(&folder)
                .map_err(at(&folder))?;
        }
        let _lock = directory.lock()?;
        let pki = if directory.path(STATE).exists() {
            directory.load()?
        } else {
            let pki = TestPki::generate(now)?;
            directory.store(&pki)?;
            pki
        };
        directory.publish(&pki)?;
        Ok(directory)
    }

    /// The folder itself.
    pub fn path_of_directory(&self) -> &Path {
        &self.root
    }

    /// PEM files of the roots.
    pub fn anchors(&self) -> PathBuf {
        self.path("anchors")
    }

    /// PEM files of the issuing authorities.
    pub fn intermediates(&self) -> PathBuf {
        self.path("intermediates")
    }

    /// PEM files of the revocation lists, valid for some days after the last opening or revocation.
    pub fn crls(&self) -> PathBuf {
        self.path("crls")
    }

    /// Certificates of a card issued here: authentication, then signature.
    pub fn card_certificates(
        &self,
        serial: &str,
    ) -> Result<(Certificate, Certificate), PkiDirectoryError> {
        let _lock = self.lock()?;
        Ok((
            self.certificate(serial, AUTHENTICATION)?,
            self.certificate(serial, SIGNATURE)?,
        ))
    }

    /// Puts the certificates of a card on their issuer's revocation list, as of the time of opening.
    pub fn revoke_card(&mut self, serial: &str) -> Result<(), PkiDirectoryError> {
        let _lock = self.lock()?;
        let mut pki = self.load()?;
        let names: &[&str] = match self.certificate(serial, TECHNICAL) {
            Ok(_) => &[TECHNICAL],
            Err(_) => &[AUTHENTICATION, SIGNATURE],
        };
        for name in names {
            let certificate = self.certificate(serial, name)?;
            pki.revoke(&certificate, self.now, RevocationReason::KeyCompromise)?;
        }
        self.store(&pki)?;
        self.publish(&pki)
    }

    /// Works on the authorities themselves, for what cards do not need (structure certificates, odd templates); what the
    /// work changes is stored.
    pub fn with_authorities<R>(
        &mut self,
        work: impl FnOnce(&mut TestPki) -> R,
    ) -> Result<R, PkiDirectoryError> {
        let _lock = self.lock()?;
        let mut pki = self.load()?;
        let result = work(&mut pki);
        self.store(&pki)?;
        self.publish(&pki)?;
        Ok(result)
    }

    /// The certificate of a contactless card issued here.
    pub fn technical_certificate(&self, serial: &str) -> Result<Certificate, PkiDirectoryError> {
        let _lock = self.lock()?;
        self.certificate(serial, TECHNICAL)
    }

    /// The key pairs of a profile's card: those issued before if they were for the same person, new ones otherwise.
    pub(crate) fn card_keys(
        &mut self,
        profile: &ProfessionalProfile,
    ) -> Result<CardKeys, PkiDirectoryError> {
        let _lock = self.lock()?;
        let folder = self.issue_where_missing(
            profile,
            &[AUTHENTICATION, SIGNATURE],
            |pki, person, validity| {
                let issued = pki.issue_card_valid(person, validity)?;
                Ok(vec![issued.authentication, issued.signature])
            },
        )?;
        Ok(CardKeys {
            authentication: self.stored_pair(&folder, AUTHENTICATION)?,
            signature: self.stored_pair(&folder, SIGNATURE)?,
        })
    }

    /// The one key pair of a contactless card, in the same way.
    pub(crate) fn technical_key(
        &mut self,
        profile: &ProfessionalProfile,
    ) -> Result<KeyPair, PkiDirectoryError> {
        let _lock = self.lock()?;
        let folder = self.issue_where_missing(profile, &[TECHNICAL], |pki, person, validity| {
            let template = person.technical_template(validity);
            Ok(vec![pki.issue(person.authority(), &template)?])
        })?;
        self.stored_pair(&folder, TECHNICAL)
    }

    /// Makes the pairs of these names unless they were made for the same person before; gives the card's folder.
    fn issue_where_missing(
        &self,
        profile: &ProfessionalProfile,
        names: &[&str],
        issue: impl FnOnce(&TestPki, &CardPerson, Validity) -> Result<Vec<Issued>, TestPkiError>,
    ) -> Result<String, PkiDirectoryError> {
        let person = card_person(profile);
        let folder = format!("cards/{}", profile.serial);
        // What the certificates were made for: a profile that was edited gets new ones.
        let request = format!("{person:?} {:?}\n", profile.certificate_validity);
        let card = self.path(&folder);
        let is_made = fs::read_to_string(card.join("request.txt"))
            .is_ok_and(|made_for| made_for == request)
            && names
                .iter()
                .all(|name| card.join(format!("{name}.pem")).exists());
        if !is_made {
            let issued = issue(&self.load()?, &person, self.validity(profile))?;
            self.keep(&folder, names.iter().copied().zip(&issued))?;
            self.write(&format!("{folder}/request.txt"), request.as_bytes(), 0o644)?;
        }
        Ok(folder)
    }

    fn validity(&self, profile: &ProfessionalProfile) -> Validity {
        let day = |text: &str| {
            profile::parse_date(text)
                .map(|date| UnixTime(date.midnight().assume_utc().unix_timestamp()))
        };
        let asked = profile.certificate_validity.as_ref();
        match asked.map(|validity| (day(&validity.from), day(&validity.until))) {
            Some((Some(not_before), Some(not_after))) => Validity {
                not_before,
                not_after,
            },
            // A day ago, so that clocks that differ a little agree that it has begun.
            _ => Validity::of_card(self.now.plus_days(-1)),
        }
    }

    fn keep<'a>(
        &self,
        folder: &str,
        issued: impl Iterator<Item = (&'a str, &'a Issued)>,
    ) -> Result<(), PkiDirectoryError> {
        let path = self.path(folder);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(at(&path))?;
        for (name, issued) in issued {
            let key = issued.private_key_pkcs8_pem.expose();
            self.write(&format!("{folder}/{name}-key.pem"), key.as_bytes(), 0o600)?;
            let certificate = issued.certificate.pem();
            self.write(
                &format!("{folder}/{name}.pem"),
                certificate.as_bytes(),
                0o644,
            )?;
        }
        Ok(())
    }

    fn stored_pair(&self, folder: &str, name: &str) -> Result<KeyPair, PkiDirectoryError> {
        let certificate = self.read(&format!("{folder}/{name}.pem"))?;
        let key = self.read(&format!("{folder}/{name}-key.pem"))?;
        Ok(KeyPair::new(&certificate, &key)?)
    }

    fn certificate(&self, serial: &str, name: &str) -> Result<Certificate, PkiDirectoryError> {
        let path = self.path("cards").join(serial).join(format!("{name}.pem"));
        // A serial number is a file name here and nothing more.
        let is_digits = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits || !path.exists() {
            return Err(PkiDirectoryError::UnknownCard {
                serial: serial.to_owned(),
            });
        }
        let pem = fs::read(&path).map_err(at(&path))?;
        Certificate::from_pem(&pem)
            .map_err(|source| PkiDirectoryError::Certificate { path, source })
    }

    fn load(&self) -> Result<TestPki, PkiDirectoryError> {
        let path = self.path(STATE);
        let state = fs::read_to_string(&path).map_err(at(&path))?;
        Ok(TestPki::from_state(&state)?)
    }

    fn store(&self, pki: &TestPki) -> Result<(), PkiDirectoryError> {
        self.write(STATE, pki.to_state()?.expose().as_bytes(), 0o600)
    }

    fn publish(&self, pki: &TestPki) -> Result<(), PkiDirectoryError> {
        for file in pki.public_files(self.now)? {
            let name = format!("{}/{}", file.directory, file.name);
            self.write(&name, file.contents.as_bytes(), 0o644)?;
        }
        Ok(())
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    fn read(&self, relative: &str) -> Result<Vec<u8>, PkiDirectoryError> {
        let path = self.path(relative);
        fs::read(&path).map_err(at(&path))
    }

    /// Writes a file whole or not at all: outside the folders that a relying party lists, then renamed. Under the lock.
    fn write(&self, relative: &str, contents: &[u8], mode: u32) -> Result<(), PkiDirectoryError> {
        let path = self.path(relative);
        let temporary = self.path(UNFINISHED);
        // What a process left that ended here may be open to others.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at(&temporary)(error));
            }
            _ => {}
        }
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
            .and_then(|mut file| file.write_all(contents));
        written.map_err(at(&temporary))?;
        fs::rename(&temporary, &path).map_err(at(&path))
    }

    /// Waits for the advisory lock; it ends when the file closes.
    fn lock(&self) -> Result<File, PkiDirectoryError> {
        let path = self.path(LOCK);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PkiDirectoryError {
    let path = path.to_path_buf();
    move |source| PkiDirectoryError::File { path, source }
}

/// The person as the test PKI's certificates name it.
fn card_person(profile: &ProfessionalProfile) -> CardPerson {
    let person = &profile.person;
    let kind = match person.card_kind {
        profile::CardKind::Cps => CardKind::Cps,
        profile::CardKind::Cpf => CardKind::Cpf,
        profile::CardKind::Cpe => CardKind::Cpe,
        profile::CardKind::Cpa => CardKind::Cpa,
    };
    CardPerson {
        family_name: person.family_name.clone(),
        given_name: person.given_name.clone(),
        pseudonym: person.pseudonym.clone(),
        title: person.title.clone(),
        profession: person.profession,
        profession_in_training: person.profession_in_training,
        card_serial: Some(format!("8025000001/{}", profile.card_number)),
        skills: person.skills.clone(),
        organization: person.organization.clone(),
        structure_id: person.structure_id.clone(),
        ..CardPerson::new(kind, &person.national_id)
    }
}
