//! What the benches share: a simulated card as a transport or watched in a reader, and a place for its keys.

pub mod tunnel_peers;
mod watched_card;

use std::path::PathBuf;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::card::{Transport, TransportError};
use paraphe_softcard::profile::Timing;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

pub use watched_card::{WatchedCard, Work};

/// A simulated card, wired to the driver without a reader in between: what is measured is the driver's own cost.
#[derive(Debug)]
pub struct WiredCard(pub SoftCard);

impl Transport for WiredCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        Ok(self.0.transmit(command))
    }
}

/// Where the benches keep their test authorities, made once for all of them.
#[must_use]
pub fn pki_path() -> PathBuf {
    std::env::temp_dir().join("paraphe-bench-pki")
}

/// The clock, read where a bench begins.
#[must_use]
pub fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}

/// A shipped profile as a card in the reader, powered.
///
/// # Panics
/// Where the profile or the test authorities cannot be had: a bench without a card measures nothing.
#[must_use]
pub fn wired(profile: &str) -> WiredCard {
    wired_with(profile, Timing::default())
}

/// The same, as slow as a real card: so long for each APDU and for each private-key operation.
///
/// # Panics
/// As [`wired`].
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "a bench without a card measures nothing"
)]
pub fn wired_with(profile: &str, timing: Timing) -> WiredCard {
    let mut pki = PkiDirectory::open_or_create(&pki_path(), now()).expect("test authorities");
    let mut profile = Profile::shipped(profile).expect("shipped profile");
    if let Profile::Cps3(card) | Profile::Cps4(card) = &mut profile {
        card.timing = timing;
    }
    let mut card = SoftCard::new(&profile, &mut pki).expect("card of a shipped profile");
    card.power_on();
    WiredCard(card)
}
