//! Firefox's policy: /etc/firefox/policies/policies.json, one file for everybody's policies. Our entries are added to two lists
//! of it (`Certificates.Install`, names of certificate files; `LocalNetworkAccess.SkipDomains`, hosts), and nothing else in it is
//! touched. A file that is not of the form that Firefox reads is refused rather than mended. Where there is no such file but
//! one in Firefox's own directory, ours would hide it (Firefox reads one of the two): refused as well.
//!
//! Firefox keeps a certificate that a policy gave it in each profile's own store, also after the policy is gone: harmless with
//! a root whose key does not exist and whose only leaf ends after 90 days, and said in docs/doors.md.

use std::fs;
use std::path::{Path, PathBuf};

use paraphe_certs::Certificate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{InstallError, PolicyFault};
use super::machine::MachineRoot;

/// The policy file, from the machine's root.
pub(super) const POLICIES: &str = "etc/firefox/policies/policies.json";
/// Where the certificates are that it names; beside it, because a confined Firefox can read there.
const CERTIFICATES: &str = "etc/firefox/policies";
/// Firefox's own directories, where a policy file may be that ours would hide.
const INSTALLATIONS: [&str; 4] = [
    "usr/lib/firefox-esr",
    "usr/lib/firefox",
    "usr/lib64/firefox",
    "opt/firefox",
];
/// Longest policy file that is read, bytes.
const MAXIMUM_FILE_BYTES: u64 = 4 << 20;

const INSTALL: [&str; 2] = ["Certificates", "Install"];
const SKIP: [&str; 2] = ["LocalNetworkAccess", "SkipDomains"];

/// Entries of ours in the two lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    pub(super) install: Vec<String>,
    pub(super) skip_domains: Vec<String>,
}

/// The file of a root's certificate, as Firefox sees it.
pub(super) fn certificate_file(root: &Certificate) -> PathBuf {
    let digest = root.sha256();
    let start: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Path::new("/")
        .join(CERTIFICATES)
        .join(format!("paraphe-root-{start}.pem"))
}

/// The policies that are there; `None`: no file.
pub(super) fn read(path: &Path) -> Result<Option<String>, InstallError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > MAXIMUM_FILE_BYTES => {
            return Err(InstallError::policy(path, PolicyFault::TooLong));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(InstallError::file(path, source)),
    }
    let text = fs::read_to_string(path).map_err(|source| InstallError::file(path, source))?;
    Ok(Some(text))
}

/// A policy file in Firefox's own directory, which one in /etc hides.
pub(super) fn hidden(machine: &MachineRoot) -> Option<PathBuf> {
    INSTALLATIONS
        .iter()
        .map(|directory| machine.at(directory).join("distribution/policies.json"))
        .find(|path| path.exists())
}

/// `before` with our entries; and which of them were not there already.
pub(super) fn with(
    before: Option<&str>,
    wanted: &Entries,
    path: &Path,
) -> Result<(Value, Entries), InstallError> {
    let mut document = parse(before, path)?;
    let install = add(&mut document, INSTALL, &wanted.install, path)?;
    let skip_domains = add(&mut document, SKIP, &wanted.skip_domains, path)?;
    Ok((
        document,
        Entries {
            install,
            skip_domains,
        },
    ))
}

/// `text` without our entries; `None` where nothing is left.
pub(super) fn without(
    text: &str,
    ours: &Entries,
    path: &Path,
) -> Result<Option<Value>, InstallError> {
    let mut document = parse(Some(text), path)?;
    for (at, entries) in [(INSTALL, &ours.install), (SKIP, &ours.skip_domains)] {
        take(&mut document, at, entries);
    }
    let is_empty = document == json!({ "policies": {} }) || document == json!({});
    Ok((!is_empty).then_some(document))
}

/// What is in the two lists, for those who only look.
pub(super) fn entries(text: &str) -> Entries {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let list = |[policy, list]: [&str; 2]| -> Vec<String> {
        let items = document["policies"][policy][list]
            .as_array()
            .into_iter()
            .flatten();
        items
            .filter_map(|item| Some(item.as_str()?.to_owned()))
            .collect()
    };
    Entries {
        install: list(INSTALL),
        skip_domains: list(SKIP),
    }
}

fn parse(text: Option<&str>, path: &Path) -> Result<Value, InstallError> {
    let Some(text) = text else {
        return Ok(json!({ "policies": {} }));
    };
    let document: Value =
        serde_json::from_str(text).map_err(|_| InstallError::policy(path, PolicyFault::NotJson))?;
    if document.get("policies").is_some_and(Value::is_object) {
        Ok(document)
    } else {
        Err(InstallError::policy(path, PolicyFault::NoPolicies))
    }
}

fn add(
    document: &mut Value,
    [policy, list]: [&'static str; 2],
    entries: &[String],
    path: &Path,
) -> Result<Vec<String>, InstallError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let unexpected = || InstallError::policy(path, PolicyFault::Unexpected(policy, list));
    let policies = document["policies"]
        .as_object_mut()
        .ok_or_else(unexpected)?;
    let object = policies
        .entry(policy)
        .or_insert_with(|| Value::Object(Map::new()));
    let object = object.as_object_mut().ok_or_else(unexpected)?;
    let items = object.entry(list).or_insert_with(|| json!([]));
    let items = items.as_array_mut().ok_or_else(unexpected)?;
    let mut added = Vec::new();
    for entry in entries {
        if !items.iter().any(|item| item == entry) {
            items.push(json!(entry));
            added.push(entry.clone());
        }
    }
    Ok(added)
}

/// What becomes empty with it is taken out too.
fn take(document: &mut Value, [policy, list]: [&str; 2], entries: &[String]) {
    let Some(policies) = document["policies"].as_object_mut() else {
        return;
    };
    let Some(object) = policies.get_mut(policy).and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(items) = object.get_mut(list).and_then(Value::as_array_mut) {
        items.retain(|item| !entries.iter().any(|entry| item == entry));
        if items.is_empty() {
            object.remove(list);
        }
    }
    if object.is_empty() {
        policies.remove(policy);
    }
}
