//! Certificates, paths and revocation, with the judges that nobody here wrote.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod card_identity;
#[path = "../fixture/mod.rs"]
mod fixture;
mod foreign_judges;
mod freshness;
mod judgement;
mod legacy;
mod limbo;
mod ocsp;
mod path_validation;
mod pkits;
mod proven;
mod revocation;
mod robustness;
mod shapes;
mod wycheproof;
