//! Policies of Chromium, Chrome and Edge: a file of our own in the directory of managed policies. The root is constrained once
//! more, from outside the certificate (`CACertificatesWithConstraints`, Chromium 128 and later), and the sites' patterns are the
//! loopback's only (`LoopbackNetworkAllowedForUrls`, 146 and later). The name before that, `LocalNetworkAccessAllowedForUrls`,
//! opens the whole local network to the sites, and still does in newer browsers: it is written only where that is asked for.
//!
//! Of several files that set one policy Chromium takes the last one's and drops the others'. Where another file sets one of
//! ours nothing is written: it would silently undo what the administrator did there.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::Certificate;
use serde_json::{Value, json};

use super::error::{InstallError, PolicyFault};
use super::site::PermittedSite;

/// Our file in the directory of managed policies.
pub(super) const FILE: &str = "paraphe.json";
const CERTIFICATES: &str = "CACertificatesWithConstraints";
const LOOPBACK: &str = "LoopbackNetworkAllowedForUrls";
const BEFORE_146: &str = "LocalNetworkAccessAllowedForUrls";
/// Longest policy file that is looked at, bytes.
const MAXIMUM_FILE_BYTES: u64 = 4 << 20;

/// The content of our file.
pub(super) fn document(
    roots: &[Certificate],
    sites: &[PermittedSite],
    has_older_browsers: bool,
) -> Value {
    let certificates: Vec<Value> = roots
        .iter()
        .map(|root| {
            json!({
                "certificate": STANDARD.encode(root.der()),
                "constraints": {
                    "permitted_dns_names": ["localhost"],
                    "permitted_cidrs": ["127.0.0.1/32", "::1/128"],
                },
            })
        })
        .collect();
    let patterns: Vec<String> = sites.iter().map(PermittedSite::pattern).collect();
    let mut document = json!({ CERTIFICATES: certificates, LOOPBACK: patterns });
    if has_older_browsers {
        document[BEFORE_146] = json!(patterns);
    }
    document
}

/// Another file of the directory that sets one of our policies, and which.
pub(super) fn set_elsewhere(
    directory: &Path,
) -> Result<Option<(PathBuf, &'static str)>, InstallError> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(InstallError::file(directory, source)),
    };
    for entry in entries {
        let path = entry
            .map_err(|source| InstallError::file(directory, source))?
            .path();
        if path.file_name().is_some_and(|name| name == FILE) || !path.is_file() {
            continue;
        }
        // Chromium's JSON has comments and trailing commas, which no parser of ours takes: the name is looked for as it stands.
        let text = read(&path)?;
        let policy = [CERTIFICATES, LOOPBACK]
            .into_iter()
            .find(|policy| text.contains(&format!("\"{policy}\"")));
        if let Some(policy) = policy {
            return Ok(Some((path, policy)));
        }
    }
    Ok(None)
}

/// What a browser of this directory knows of the roots and sites.
pub(super) struct Known {
    roots: Vec<Vec<u8>>,
    patterns: Vec<String>,
}

impl Known {
    /// From our file; nothing where there is none or it is not of our form.
    pub(super) fn read(directory: &Path) -> Self {
        let text = read(&directory.join(FILE)).unwrap_or_default();
        let document: Value = serde_json::from_str(&text).unwrap_or_default();
        let texts = |value: &Value| -> Vec<String> {
            let items = value.as_array().into_iter().flatten();
            items
                .filter_map(|item| Some(item.as_str()?.to_owned()))
                .collect()
        };
        let certificates = document[CERTIFICATES].as_array().into_iter().flatten();
        Self {
            roots: certificates
                .filter_map(|item| STANDARD.decode(item["certificate"].as_str()?).ok())
                .collect(),
            patterns: texts(&document[LOOPBACK]),
        }
    }

    pub(super) fn has_root(&self, root: &Certificate) -> bool {
        self.roots.iter().any(|known| known == root.der())
    }

    pub(super) fn has_site(&self, site: &PermittedSite) -> bool {
        self.patterns.contains(&site.pattern())
    }
}

fn read(path: &Path) -> Result<String, InstallError> {
    let failed = |source| InstallError::file(path, source);
    if fs::metadata(path).map_err(failed)?.len() > MAXIMUM_FILE_BYTES {
        return Err(InstallError::policy(path, PolicyFault::TooLong));
    }
    let bytes = fs::read(path).map_err(failed)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
