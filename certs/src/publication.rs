//! Where a certificate says that its issuer publishes revocation data: cRLDistributionPoints (RFC 5280, 4.2.1.13) and the OCSP
//! responders of authorityInfoAccess (4.2.2.1). Only `http` and `https` addresses; others, and what cannot be read, are left out.
//! Whoever asks such an address verifies the path first: only then did a trusted authority write it.

use crate::certificate::Certificate;
use crate::der::{DerError, Element, Reader};

/// Most addresses of one kind that are read from a certificate.
pub const MAX_ADDRESSES: usize = 8;
/// Longest address, bytes.
pub const MAX_ADDRESS_BYTES: usize = 1024;

const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
const AUTHORITY_INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
const OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// uniformResourceIdentifier of GeneralName.
const URI: u8 = 0x86;

impl Certificate {
    /// Addresses of the issuer's revocation lists, in the order of the encoding.
    #[must_use]
    pub fn crl_addresses(&self) -> Vec<String> {
        self.extension(CRL_DISTRIBUTION_POINTS)
            .and_then(|extension| distribution_points(&extension.value).ok())
            .unwrap_or_default()
    }

    /// Addresses of OCSP responders, in the order of the encoding.
    #[must_use]
    pub fn ocsp_addresses(&self) -> Vec<String> {
        self.extension(AUTHORITY_INFORMATION_ACCESS)
            .and_then(|extension| responders(&extension.value).ok())
            .unwrap_or_default()
    }

    /// Whether authorityInfoAccess can be read, where there is one.
    pub(crate) fn states_responders_readably(&self) -> bool {
        self.extension(AUTHORITY_INFORMATION_ACCESS)
            .is_none_or(|extension| responders(&extension.value).is_ok())
    }
}

fn distribution_points(value: &[u8]) -> Result<Vec<String>, DerError> {
    let what = "cRLDistributionPoints";
    let mut points = Reader::of_sequence(value, what)?;
    let mut addresses = Vec::new();
    while !points.is_empty() {
        let mut point = points.sequence(what)?;
        let Some(name) = point.optional(0xa0, what)? else {
            continue;
        };
        let Some(names) = Reader::new(name.content).optional(0xa0, what)? else {
            continue;
        };
        let mut names = Reader::new(names.content);
        while !names.is_empty() {
            push(&mut addresses, &names.any(what)?);
        }
    }
    Ok(addresses)
}

fn responders(value: &[u8]) -> Result<Vec<String>, DerError> {
    let what = "authorityInfoAccess";
    let mut descriptions = Reader::of_sequence(value, what)?;
    let mut addresses = Vec::new();
    while !descriptions.is_empty() {
        let mut description = descriptions.sequence(what)?;
        if description.object_identifier(what)? == OCSP {
            push(&mut addresses, &description.any(what)?);
        }
    }
    Ok(addresses)
}

fn push(addresses: &mut Vec<String>, name: &Element<'_>) {
    let Ok(text) = std::str::from_utf8(name.content) else {
        return;
    };
    let is_fetched = text.starts_with("http://") || text.starts_with("https://");
    let is_plain =
        text.len() <= MAX_ADDRESS_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
    if name.identifier == URI && is_fetched && is_plain && addresses.len() < MAX_ADDRESSES {
        addresses.push(text.to_owned());
    }
}

#[cfg(all(test, feature = "test-pki"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::der::{context_primitive, object_identifier, sequence};
    use crate::test_pki::{Authority, CardPerson, Level, TestPki, TestPkiOptions, Validity};
    use crate::unix_time::UnixTime;

    #[test]
    fn the_addresses_that_the_profile_writes() {
        let now = UnixTime(1_780_000_000);
        let issuer = Authority::Persons(Level::Fort);
        let options = TestPkiOptions {
            authorities: vec![issuer],
            ..TestPkiOptions::quick()
        };
        let pki = TestPki::generate_with(&options, now).unwrap();
        let template = CardPerson::sample_physician().signature_template(Validity::of_card(now));
        let certificate = pki.issue(issuer, &template).unwrap().certificate;
        assert_eq!(
            certificate.crl_addresses(),
            ["http://igc.simulateur.invalid/CRL/ACI-FO-PP-TEST.crl"]
        );
        assert_eq!(
            certificate.ocsp_addresses(),
            ["http://ocsp.igc.simulateur.invalid"]
        );
    }

    #[test]
    fn other_addresses_are_left_out() {
        let method = object_identifier(OCSP).unwrap();
        let of = |address: &[u8]| {
            let access = sequence(&[method.clone(), context_primitive(6, address)]);
            responders(&sequence(&[access])).unwrap()
        };
        assert_eq!(of(b"https://a/"), ["https://a/"]);
        for address in [
            &b"ldap://a/"[..],
            b"file:///etc",
            b"http://a/\nHost: b",
            b"http://\xff",
            b"",
        ] {
            assert!(of(address).is_empty());
        }
        assert!(of(&[b"http://a/".to_vec(), vec![b'a'; 1024]].concat()).is_empty());
    }
}
