//! The card's side: health cards (CPS3 with contacts and without, CPS4, Vitale 1 and 2) as software, for tests and demonstrations.
//!
//! A [`Profile`] (JSON, or one of the shipped ones) says what is on a card; a [`PkiDirectory`] makes and keeps the test
//! PKI that certifies its keys; a [`SoftCard`] answers APDUs, in process; a [`CardSlot`] puts it in a
//! virtual reader of the real `pcscd` ([`pcscd::PrivatePcscd`] starts one for a test). The program `paraphe-softcard` does the same from a
//! command line. It shares no code with the drivers that it tests: unmodified outside middleware is its judge.

mod access_rules;
mod apdu;
mod binary_access;
mod business_data;
mod card_slot;
mod challenge;
mod command_chain;
mod connection;
mod cps2ter;
mod cps3;
mod cps3_contactless;
mod cps4;
mod file_system;
mod hash_continuation;
mod hex;
mod keys;
mod pad;
pub mod pcscd;
mod personalisation;
mod pin;
mod pkcs15_content;
mod pki_directory;
pub mod profile;
pub mod scenario;
mod security_data_objects;
mod security_environment;
mod signature;
mod soft_card;
mod status_word;
mod tlv;
mod trace;
mod transport_t0;
mod transport_t1;
mod vitale1;
mod vitale2;

pub use card_slot::{CardSlot, SlotTimeout};
pub use connection::Endpoint;
pub use keys::{CardKeys, KeyError, KeyPair};
pub use pad::NotDigits;
pub use pki_directory::{PkiDirectory, PkiDirectoryError};
pub use profile::{Profile, ProfileError};
pub use scenario::{Scenario, ScenarioError};
pub use soft_card::{Counters, Outcome, SoftCard, SoftCardError};
pub use trace::Trace;
