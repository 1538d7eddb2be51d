//! What the person granted: for this time in memory, until it is revoked in `grants.json` in the state directory. The file is
//! written whole or not at all and is read once, at the start; one that is damaged, too long, somebody else's or writable by others
//! grants nothing and is left as it is, with a line in the log. Only exact https origins are in it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use paraphe_protocol::api::{ErrorCode, GrantDuration, Right};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::config::{Origin, RecordServerName};
use crate::problem::Failure;
use crate::whole_file;

const FILE: &str = "grants.json";
/// Longest file that is read, bytes.
const MAXIMUM_FILE_BYTES: u64 = 1 << 20;
/// Sites that can be granted rights.
const MAXIMUM_GRANTS: usize = 256;
/// Longest that "this time" lasts.
pub(super) const THIS_TIME: Duration = Duration::from_secs(12 * 3600);

/// A site with rights that the person granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) origin: Origin,
    pub(super) rights: BTreeSet<Right>,
    pub(super) record_server: Option<RecordServerName>,
    /// Seconds since 1970-01-01 UTC.
    pub(super) granted_at: i64,
    /// When "this time" is over; `None`: not before it is revoked.
    pub(super) over: Option<Instant>,
}

impl Grant {
    pub(super) fn duration(&self) -> GrantDuration {
        match self.over {
            Some(_) => GrantDuration::ThisTime,
            None => GrantDuration::UntilRevoked,
        }
    }
}

/// The grants.
#[derive(Debug, Default)]
pub(super) struct Granted {
    grants: Vec<Grant>,
    /// Where those that last are kept; `None`: nowhere.
    file: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u8,
    grants: Vec<KeptGrant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptGrant {
    origin: Origin,
    rights: BTreeSet<Right>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record_server: Option<String>,
    granted_at: i64,
}

const VERSION: u8 = 1;

impl Granted {
    /// What is kept in this directory.
    pub(super) fn in_directory(directory: &Path) -> Self {
        let file = directory.join(FILE);
        let grants = match read(&file) {
            Ok(grants) => grants,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::error!(file = %file.display(), %error, "the sites' rights cannot be read: none has any");
                Vec::new()
            }
        };
        Self {
            grants,
            file: Some(file),
        }
    }

    /// The grants of exactly this origin: one that lasts, one for this time, either or none.
    pub(super) fn of(&self, origin: &Origin) -> impl Iterator<Item = &Grant> {
        self.grants
            .iter()
            .filter(move |grant| &grant.origin == origin)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Grant] {
        &self.grants
    }

    /// Grants, beside what this origin has for as long.
    pub(super) fn add(&mut self, mut grant: Grant) -> Result<(), Failure> {
        let mut grants = self.grants.clone();
        let same =
            |other: &Grant| other.origin == grant.origin && other.duration() == grant.duration();
        if let Some(before) = grants.iter().position(same) {
            let before = grants.remove(before);
            grant.rights.extend(before.rights);
            grant.record_server = grant.record_server.or(before.record_server);
        }
        if grants.len() >= MAXIMUM_GRANTS {
            return Err(Failure::new(ErrorCode::GrantStorage).with_detail(
                format!("{MAXIMUM_GRANTS} sites ont déjà des droits : retirez-en un."),
                format!("{MAXIMUM_GRANTS} sites have rights already: revoke one."),
            ));
        }
        grants.push(grant);
        self.replace(grants)
    }

    /// Takes an origin's rights away; whether it had any.
    pub(super) fn remove(&mut self, origin: &Origin) -> Result<bool, Failure> {
        if self.of(origin).next().is_none() {
            return Ok(false);
        }
        let mut grants = self.grants.clone();
        grants.retain(|grant| &grant.origin != origin);
        self.replace(grants)?;
        Ok(true)
    }

    /// Ends what was for this time only and is over; whose.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Origin> {
        let is_over = |grant: &Grant| grant.over.is_some_and(|over| over <= now);
        let over = self.grants.iter().filter(|grant| is_over(grant));
        let over: Vec<_> = over.map(|grant| grant.origin.clone()).collect();
        self.grants.retain(|grant| !is_over(grant));
        over
    }

    /// The file first: what cannot be kept is not so in memory either.
    fn replace(&mut self, grants: Vec<Grant>) -> Result<(), Failure> {
        if let Some(file) = &self.file {
            write(file, &grants).map_err(|error| {
                let failure = Failure::new(ErrorCode::GrantStorage);
                failure.with_system_error(FILE, FILE, &error)
            })?;
        }
        self.grants = grants;
        Ok(())
    }
}

fn read(path: &Path) -> io::Result<Vec<Grant>> {
    let refused = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let data = file.metadata()?;
    let ours = data.uid() == rustix::process::getuid().as_raw();
    if !data.is_file() || !ours || data.mode() & 0o022 != 0 {
        return Err(refused(
            "not a file of this user's that nobody else can write",
        ));
    }
    if data.len() > MAXIMUM_FILE_BYTES {
        return Err(refused("too long"));
    }
    let mut text = Vec::new();
    file.take(MAXIMUM_FILE_BYTES).read_to_end(&mut text)?;
    let kept: Kept = crate::operation::parse_strictly(&text).map_err(|_| refused("damaged"))?;
    if kept.version != VERSION || kept.grants.len() > MAXIMUM_GRANTS {
        return Err(refused("of another version, or too many"));
    }
    kept.grants
        .into_iter()
        .map(|kept| {
            Ok(Grant {
                origin: crate::config::parse_origin(kept.origin.as_str())
                    .map_err(|_| refused("damaged"))?,
                rights: kept.rights,
                record_server: match kept.record_server.as_deref().map(RecordServerName::parse) {
                    None => None,
                    Some(Ok(name)) => Some(name),
                    Some(Err(_)) => return Err(refused("damaged")),
                },
                granted_at: kept.granted_at,
                over: None,
            })
        })
        .collect()
}

fn write(path: &Path, grants: &[Grant]) -> io::Result<()> {
    let kept = Kept {
        version: VERSION,
        grants: grants
            .iter()
            .filter(|grant| grant.over.is_none())
            .map(|grant| KeptGrant {
                origin: grant.origin.clone(),
                rights: grant.rights.clone(),
                record_server: grant
                    .record_server
                    .as_ref()
                    .map(|name| name.as_str().to_owned()),
                granted_at: grant.granted_at,
            })
            .collect(),
    };
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let text = format!("{}\n", serde_json::to_string_pretty(&kept)?);
    whole_file::write(path, text.as_bytes(), 0o600)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::Instant;

    use paraphe_protocol::api::{GrantDuration, Right};

    use super::{FILE, Grant, Granted, MAXIMUM_GRANTS, THIS_TIME};
    use crate::config::RecordServerName;

    fn grant(origin: &str, over: Option<Instant>) -> Grant {
        Grant {
            origin: origin.parse().unwrap(),
            rights: [Right::Sign, Right::LogIn].into(),
            record_server: Some(RecordServerName::parse("regional").unwrap()),
            granted_at: 1_763_800_000,
            over,
        }
    }

    fn again(directory: &Path) -> Vec<Grant> {
        Granted::in_directory(directory).all().to_vec()
    }

    #[test]
    fn what_lasts_is_kept_and_what_is_for_this_time_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let mut granted = Granted::in_directory(directory.path());
        let lasting = grant("https://a.example", None);
        let now = Instant::now();
        let passing = grant("https://b.example", Some(now + THIS_TIME));
        granted.add(lasting.clone()).unwrap();
        granted.add(passing.clone()).unwrap();
        assert_eq!(passing.duration(), GrantDuration::ThisTime);
        assert_eq!(granted.of(&passing.origin).count(), 1);
        assert_eq!(again(directory.path()), std::slice::from_ref(&lasting));
        let mode = fs::metadata(directory.path().join(FILE)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
        assert!(granted.expire(now).is_empty());
        assert_eq!(granted.expire(now + THIS_TIME), [passing.origin]);
        assert!(granted.remove(&lasting.origin).unwrap());
        assert!(!granted.remove(&lasting.origin).unwrap());
        assert!(again(directory.path()).is_empty());
    }

    #[test]
    fn a_file_that_is_not_as_it_was_written_grants_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        let mut granted = Granted::in_directory(directory.path());
        granted.add(grant("https://a.example", None)).unwrap();
        let good = fs::read_to_string(&file).unwrap();
        let attempts = [
            good.replace("https://a.example", "http://a.example"),
            good.replace("https://a.example", "https://A.example"),
            good.replace("\"sign\"", "\"everything\""),
            good.replace("\"version\": 1", "\"version\": 2"),
            good.replace("\"version\": 1", "\"version\": 1, \"version\": 1"),
            good.replace("\"granted_at\"", "\"more\": 1, \"granted_at\""),
            good.replace("regional", "../regional"),
            good[..good.len() / 2].to_owned(),
            String::new(),
            format!("{good}{}", " ".repeat(2 << 20)),
        ];
        for text in attempts {
            assert_ne!(text, good);
            fs::write(&file, &text).unwrap();
            assert!(again(directory.path()).is_empty(), "{text:.300}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "left as it is");
        }
        fs::write(&file, &good).unwrap();
        assert_eq!(again(directory.path()).len(), 1);
        fs::set_permissions(&file, Permissions::from_mode(0o622)).unwrap();
        assert!(again(directory.path()).is_empty(), "others can write it");
        let elsewhere = directory.path().join("elsewhere");
        fs::write(&elsewhere, &good).unwrap();
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert!(again(directory.path()).is_empty(), "a link");
    }

    #[test]
    fn what_cannot_be_kept_is_not_granted() {
        let directory = tempfile::tempdir().unwrap();
        let mut granted = Granted::in_directory(directory.path());
        for number in 0..MAXIMUM_GRANTS {
            let over = Some(Instant::now() + THIS_TIME);
            granted
                .grants
                .push(grant(&format!("https://a{number}.example"), over));
        }
        granted.add(grant("https://b.example", None)).unwrap_err();
        // A directory where the file should be.
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join(FILE).join("x")).unwrap();
        let mut granted = Granted::in_directory(directory.path());
        granted.add(grant("https://b.example", None)).unwrap_err();
        assert!(granted.all().is_empty());
    }
}
