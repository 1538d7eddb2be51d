//! What the end-to-end tests share: our programs as a person installs them, a workstation in a temporary folder with
//! readers behind a private pcscd, and a record server. Every program is stopped by its process id when it is dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

pub mod card_table;
mod cards;
mod foreign_card;
pub mod judges;
mod patient;
mod programs;
mod record_server;
mod signed_lot;
mod soft_hsm;
mod stranger;
mod workstation;

pub use cards::{CardsInReaders, Cost};
pub use foreign_card::ForeignCard;
pub use patient::{PATIENT, record_of_patient};
pub use programs::{Running, program, succeed};
pub use record_server::{RunningRecordServer, key_of};
pub use signed_lot::{outgoing, path_of};
pub use soft_hsm::SoftHsm;
pub use stranger::Stranger;
pub use workstation::{Answer, Workstation, login, sign_lot, verify_lot};

use std::path::PathBuf;

/// The record's site; a name that no resolver will ever know (RFC 6761).
pub const ORIGIN: &str = "https://dossier.simulateur.invalid";

/// The record server's name in the agents' tables.
pub const AUDIENCE: &str = "urn:paraphe:test:record-server";

/// The folder of the project.
#[must_use]
pub fn project() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The documents that the project ships, one of each format.
#[must_use]
pub fn documents() -> Vec<PathBuf> {
    [
        "compte-rendu.pdf",
        "note-de-suivi.txt",
        "lettre-de-liaison.rtf",
        "photo-lesion.jpg",
        "courrier-numerise.tiff",
    ]
    .iter()
    .map(|name| project().join("tests/documents").join(name))
    .collect()
}
