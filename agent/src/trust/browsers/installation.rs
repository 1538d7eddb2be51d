//! Policies of the machine's browsers, written and taken back. Everything that can refuse is asked before the first file changes;
//! the record of what will be written is on disk before the files are; installing again brings what is there up to date. Taking
//! back restores Firefox's file byte for byte where nobody else changed it since, and takes our entries out of it otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use paraphe_certs::Certificate;
use paraphe_protocol::login::Origin;

use super::chromium;
use super::error::{InstallError, PolicyFault};
use super::firefox::{self, Entries};
use super::machine::MachineRoot;
use super::record::{self, FirefoxRecord, Record};
use super::site::PermittedSite;
use super::{BROWSERS, Family};

/// What is to be written.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Sites of the configuration.
    pub configured: Vec<Origin>,
    /// Further sites.
    pub sites: Vec<Origin>,
    /// Names of policies of older browsers too.
    pub older_browsers: bool,
}

/// The policies of a machine's browsers, there or to be.
#[derive(Debug)]
pub struct Installation {
    machine: MachineRoot,
    record: Option<Record>,
}

impl Installation {
    /// What is installed on this machine.
    ///
    /// # Errors
    /// The record of an earlier installation cannot be read.
    pub fn of(machine: MachineRoot) -> Result<Self, InstallError> {
        let record = Record::read(&machine)?;
        Ok(Self { machine, record })
    }

    /// Where the certificate is that the browsers were given; `None`: nothing is installed.
    #[must_use]
    pub fn tls_directory(&self) -> Option<&Path> {
        self.record
            .as_ref()
            .map(|record| record.tls_directory.as_path())
    }

    /// The wishes of the last installation, for `configured` sites as they are now.
    #[must_use]
    pub fn wishes(&self, configured: Vec<Origin>) -> Wishes {
        let record = self.record.as_ref();
        Wishes {
            configured,
            sites: record.map_or_else(Vec::new, |record| record.sites.clone()),
            older_browsers: record.is_some_and(|record| record.older_browsers),
        }
    }

    /// Ask everything that could refuse, and make and remember the directories above the certificate's.
    ///
    /// # Errors
    /// [`InstallError::Policy`] with the file that stands in the way; a directory that cannot be made.
    pub fn begin(&mut self, tls_directory: &Path) -> Result<(), InstallError> {
        self.check()?;
        let place = self.machine.at(tls_directory);
        let record = self
            .record
            .get_or_insert_with(|| Record::new(tls_directory.to_owned()));
        record.make_directories(&self.machine, &place)?;
        record.write(&self.machine)
    }

    fn check(&self) -> Result<(), InstallError> {
        for directory in chromium_directories() {
            let directory = self.machine.at(directory);
            if let Some((path, policy)) = chromium::set_elsewhere(&directory)? {
                return Err(InstallError::policy(
                    &path,
                    PolicyFault::SetElsewhere(policy),
                ));
            }
            let ours = directory.join(chromium::FILE);
            if self.record.is_none() && ours.exists() {
                return Err(InstallError::policy(&ours, PolicyFault::Foreign));
            }
        }
        let policies = self.machine.at(firefox::POLICIES);
        match firefox::read(&policies)? {
            None => match firefox::hidden(&self.machine) {
                Some(path) => Err(InstallError::policy(&path, PolicyFault::Hidden)),
                None => Ok(()),
            },
            Some(text) => {
                let probe = Entries {
                    install: vec![String::new()],
                    skip_domains: vec![String::new()],
                };
                firefox::with(Some(&text), &probe, &policies).map(|_| ())
            }
        }
    }

    /// Write the policies, after [`Self::begin`]: browsers will know `roots` and let the sites reach the loopback.
    ///
    /// # Errors
    /// [`InstallError`]; what was written by then is recorded.
    pub fn install(
        &mut self,
        tls_directory: &Path,
        roots: &[Certificate],
        wishes: &Wishes,
    ) -> Result<(), InstallError> {
        let sites = permitted(wishes);
        let before = self.record.take();
        let mut record = Record::new(tls_directory.to_owned());
        record.sites.clone_from(&wishes.sites);
        record.older_browsers = wishes.older_browsers;
        if let Some(before) = &before {
            record.directories.clone_from(&before.directories);
        }
        let mut files: Vec<(PathBuf, String)> = roots
            .iter()
            .map(|root| (firefox::certificate_file(root), root.pem()))
            .collect();
        let certificates: Vec<PathBuf> = files.iter().map(|(path, _)| path.clone()).collect();
        let document = chromium::document(roots, &sites, wishes.older_browsers);
        for directory in chromium_directories() {
            let path = Path::new("/").join(directory).join(chromium::FILE);
            files.push((path, pretty(&document)));
        }
        record.files = files.iter().map(|(path, _)| path.clone()).collect();
        // Files of the last installation that this one does not write, to be deleted at the end.
        let mut old = before
            .as_ref()
            .map_or_else(Vec::new, |before| before.files.clone());
        old.retain(|path| !record.files.contains(path));
        record.files.extend(old.iter().cloned());

        let policies = self.machine.at(firefox::POLICIES);
        let base = self.firefox_without_ours(before.as_ref(), &policies)?;
        let wanted = Entries {
            install: certificates
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            skip_domains: hosts(&sites),
        };
        let (document, added) = firefox::with(base.as_deref(), &wanted, &policies)?;
        let written = pretty(&document);
        // Until the file is changed both what is there and what will be can be taken out again.
        let earlier = before.and_then(|before| before.firefox);
        let mut either = added.clone();
        if let Some(earlier) = earlier {
            either.install.extend(earlier.added.install);
            either.skip_domains.extend(earlier.added.skip_domains);
        }
        record.firefox = Some(FirefoxRecord {
            before: base,
            written_sha256: record::digest(&written),
            added: either,
        });

        for (path, _) in &files {
            record.make_directories(&self.machine, &self.machine.at(path))?;
        }
        record.write(&self.machine)?;
        for (path, text) in &files {
            record::write(&self.machine.at(path), text, 0o644)?;
        }
        record::write(&policies, &written, 0o644)?;
        for path in &old {
            record::delete(&self.machine.at(path))?;
        }
        record.files.retain(|path| !old.contains(path));
        if let Some(firefox) = &mut record.firefox {
            firefox.added = added;
        }
        record.write(&self.machine)?;
        self.record = Some(record);
        Ok(())
    }

    /// Take everything back; the paths that were changed or deleted. Nothing installed: nothing done.
    ///
    /// # Errors
    /// A file cannot be changed or deleted.
    pub fn remove(&mut self) -> Result<Vec<PathBuf>, InstallError> {
        let Some(record) = self.record.take() else {
            return Ok(Vec::new());
        };
        let mut done = Vec::new();
        let policies = self.machine.at(firefox::POLICIES);
        if record.firefox.is_some() && policies.exists() {
            match self.firefox_without_ours(Some(&record), &policies)? {
                Some(text) => record::write(&policies, &text, 0o644)?,
                None => record::delete(&policies)?,
            }
            done.push(policies);
        }
        for path in &record.files {
            let path = self.machine.at(path);
            record::delete(&path)?;
            done.push(path);
        }
        Record::delete(&self.machine)?;
        for directory in record.directories.iter().rev() {
            // One that others use by now stays.
            let _in_use = fs::remove_dir(self.machine.at(directory));
        }
        Ok(done)
    }

    /// Firefox's file as it would be without us; `None`: there would be none.
    fn firefox_without_ours(
        &self,
        record: Option<&Record>,
        policies: &Path,
    ) -> Result<Option<String>, InstallError> {
        let present = firefox::read(policies)?;
        let Some(ours) = record.and_then(|record| record.firefox.as_ref()) else {
            return Ok(present);
        };
        let Some(text) = present else {
            return Ok(None);
        };
        if record::digest(&text) == ours.written_sha256 {
            return Ok(ours.before.clone());
        }
        let rest = firefox::without(&text, &ours.added, policies)?;
        Ok(rest.map(|document| pretty(&document)))
    }
}

/// The sites that policies name, each once.
pub(super) fn permitted(wishes: &Wishes) -> Vec<PermittedSite> {
    let all = wishes.configured.iter().chain(&wishes.sites);
    let sites: BTreeSet<PermittedSite> = all.filter_map(PermittedSite::of).collect();
    sites.into_iter().collect()
}

fn hosts(sites: &[PermittedSite]) -> Vec<String> {
    let hosts: BTreeSet<&str> = sites.iter().map(PermittedSite::host).collect();
    hosts.into_iter().map(str::to_owned).collect()
}

fn chromium_directories() -> impl Iterator<Item = &'static str> {
    BROWSERS.iter().filter_map(|browser| match browser.family {
        Family::Chromium(directory) => Some(directory),
        Family::Firefox => None,
    })
}

fn pretty(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}
