//! The test PKI as one text, so that a caller can store it and go on issuing later.
//!
//! ```text
//! paraphe-test-pki 1
//! authority ACI-FO-PP-TEST
//! revoked <serial number, hexadecimal> <time, seconds> <reason code>
//! -----BEGIN CERTIFICATE----- …
//! -----BEGIN PRIVATE KEY----- …
//! ```
//! One `authority` section each. The text holds private keys: whoever stores it keeps it from others' eyes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::authority::Authority;
use super::error::TestPkiError;
use super::key::Key;
use super::revocation::{RevocationReason, Revoked};
use super::{AuthorityState, TestPki};
use crate::certificate::Certificate;
use crate::secret::PrivateKeyPem;
use crate::unix_time::UnixTime;

const HEADER: &str = "paraphe-test-pki 1";
const KEY_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";

impl TestPki {
    /// The whole PKI with its private keys, as a text that [`TestPki::from_state`] reads.
    ///
    /// # Errors
    /// [`TestPkiError::Crypto`].
    pub fn to_state(&self) -> Result<PrivateKeyPem, TestPkiError> {
        let mut text = format!("{HEADER}\n");
        for (authority, state) in &self.authorities {
            let _ = writeln!(text, "authority {}", authority.file_stem());
            for revoked in &state.revoked {
                let serial: String = revoked
                    .serial
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let _ = writeln!(
                    text,
                    "revoked {serial} {} {}",
                    revoked.at.0,
                    revoked.reason.code()
                );
            }
            text.push_str(&state.certificate.pem());
            text.push_str(state.key.to_pem()?.expose());
        }
        Ok(PrivateKeyPem::new(text))
    }

    /// Reads what [`TestPki::to_state`] wrote.
    ///
    /// # Errors
    /// [`TestPkiError::State`] with the line, or an unreadable certificate or key.
    pub fn from_state(text: &str) -> Result<Self, TestPkiError> {
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(TestPkiError::State {
                line: 1,
                reason: "not a test PKI, or of another version",
            });
        }
        let mut sections: Vec<Section> = Vec::new();
        for (index, content) in lines {
            let refused = |reason| TestPkiError::State {
                line: index.saturating_add(1),
                reason,
            };
            if let Some(stem) = content.strip_prefix("authority ") {
                let authority =
                    Authority::from_file_stem(stem).ok_or(refused("unknown authority"))?;
                sections.push(Section::new(authority, index));
                continue;
            }
            let section = sections.last_mut().ok_or(refused("no authority yet"))?;
            if let Some(entry) = content.strip_prefix("revoked ") {
                section
                    .revoked
                    .push(revoked(entry).ok_or(refused("not a revocation"))?);
            } else {
                section.pem_of(content).push_str(content);
                section.pem_of(content).push('\n');
            }
        }
        let authorities: Result<BTreeMap<_, _>, _> =
            sections.into_iter().map(Section::load).collect();
        Ok(Self {
            authorities: authorities?,
        })
    }
}

struct Section {
    authority: Authority,
    line: usize,
    revoked: Vec<Revoked>,
    certificate: String,
    key: Zeroizing<String>,
}

impl Section {
    fn new(authority: Authority, index: usize) -> Self {
        Self {
            authority,
            line: index.saturating_add(1),
            revoked: Vec::new(),
            certificate: String::new(),
            key: Zeroizing::new(String::new()),
        }
    }

    /// Where a PEM line goes: to the key from its first line on.
    fn pem_of(&mut self, line: &str) -> &mut String {
        if line == KEY_BEGIN || !self.key.is_empty() {
            &mut self.key
        } else {
            &mut self.certificate
        }
    }

    fn load(self) -> Result<(Authority, AuthorityState), TestPkiError> {
        let certificate = Certificate::from_pem(self.certificate.as_bytes())?;
        let key = Key::from_pem(&self.key)?;
        if key.public.spki != certificate.spki_der() {
            return Err(TestPkiError::State {
                line: self.line,
                reason: "the key is not the certificate's",
            });
        }
        Ok((
            self.authority,
            AuthorityState {
                certificate,
                key,
                revoked: self.revoked,
            },
        ))
    }
}

fn revoked(entry: &str) -> Option<Revoked> {
    let mut fields = entry.split(' ');
    let (serial, at, reason) = (fields.next()?, fields.next()?, fields.next()?);
    let serial = serial
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    let reason = RevocationReason::from_code(reason.parse().ok()?)?;
    Some(Revoked {
        serial,
        at: UnixTime(at.parse().ok()?),
        reason,
    })
}
