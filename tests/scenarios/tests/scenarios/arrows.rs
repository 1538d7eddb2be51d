//! The arrows between our crates are those of docs/architecture.md and no others.

use std::collections::BTreeSet;
use std::process::Command;

/// Crate, and which of ours it may use when it is built for users.
const ARROWS: &[(&str, &[&str])] = &[
    ("paraphe-certs", &[]),
    ("paraphe-protocol", &["paraphe-certs"]),
    ("paraphe-stores", &["paraphe-certs", "paraphe-protocol"]),
    // The simulator and the record server only behind the `softcard` feature: see `optional` below.
    ("paraphe", &["paraphe-certs", "paraphe-protocol"]),
    ("paraphe-softcard", &["paraphe-certs"]),
    ("paraphe-faulty-module", &[]),
    ("paraphe-reader-driver", &[]),
    (
        "paraphe-record-server",
        &["paraphe-certs", "paraphe-protocol", "paraphe-stores"],
    ),
];

#[test]
fn no_crate_uses_another_of_ours_against_the_arrows() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();

    for (name, allowed) in ARROWS {
        let package = packages
            .iter()
            .find(|package| package["name"] == *name)
            .unwrap_or_else(|| panic!("{name} is not in the workspace"));
        let used: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null() && dependency["optional"] == false)
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|dependency| dependency.starts_with("paraphe"))
            .collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(
            used.is_subset(&allowed),
            "{name} uses {used:?}, allowed are {allowed:?}"
        );
    }
}

#[test]
fn the_simulator_shares_no_code_with_the_drivers() {
    // Also no development dependency: a card that is checked with the driver's own code proves nothing.
    let manifest = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../softcard/Cargo.toml"
    ))
    .unwrap();
    assert!(manifest.contains("paraphe-certs"));
    assert!(!manifest.contains("paraphe-protocol"));
}
