//! A running agent goes over to renewed certificates by itself: to the next pair when its time has come, and to what
//! `paraphe trust renew` put in the directory. Connections that are open stay as they are; the next handshake shows the new
//! certificate. What cannot be read leaves the certificate in use as it is, with a line in the log.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use paraphe_certs::UnixTime;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{TlsDirectory, TrustError};
use crate::door::Stop;
use crate::door::https::ServerIdentity;

/// How often the directory is looked at: browsers take up changed policies no faster.
const LOOK: Duration = Duration::from_secs(10);
/// How many looks at an unchanged directory may pass before time alone is a reason to read it: an hour.
const LOOKS_BETWEEN_READINGS: u32 = 360;

/// What changes when the directory is swapped for another.
type Mark = Option<(u64, i64, i64)>;

/// Keep `identity` what the directory says, until the agent stops.
pub async fn take_up_renewals(directory: TlsDirectory, identity: ServerIdentity, mut stop: Stop) {
    let mut known = mark(&directory).await;
    let mut looks = 0;
    loop {
        tokio::select! {
            () = sleep(LOOK) => {}
            () = stop.said() => return,
        }
        let seen = mark(&directory).await;
        looks += 1;
        if seen == known && looks < LOOKS_BETWEEN_READINGS {
            continue;
        }
        (known, looks) = (seen, 0);
        match read(&directory).await {
            Ok(renewed) => identity.replace_with(&renewed),
            Err(error) => tracing::warn!(%error, "the HTTPS door keeps its certificate"),
        }
    }
}

async fn mark(directory: &TlsDirectory) -> Mark {
    let path = directory.path().to_owned();
    let metadata = spawn_blocking(move || std::fs::symlink_metadata(path)).await;
    let metadata = metadata.ok()?.ok()?;
    Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

async fn read(directory: &TlsDirectory) -> Result<ServerIdentity, TrustError> {
    let directory = directory.clone();
    let reading = spawn_blocking(move || {
        let now = UnixTime::from(SystemTime::now());
        let state = directory.read(now)?;
        if state.should_be_renewed(now) {
            let days = state.days_left(now);
            tracing::warn!(
                days,
                "the HTTPS door's certificate ends: paraphe trust renew"
            );
        }
        state.into_identity()
    });
    reading.await.unwrap_or_else(|error| {
        Err(TrustError::File {
            path: std::path::PathBuf::new(),
            source: std::io::Error::other(error),
        })
    })
}
