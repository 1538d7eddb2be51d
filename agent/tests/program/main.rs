//! The program as it is installed: command line, doors, units.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod attacks;
mod command_line;
mod doctor;
#[cfg(feature = "softcard")]
mod load;
mod own_page;
mod serve;
mod several_users;
mod trust_install;
mod units;
