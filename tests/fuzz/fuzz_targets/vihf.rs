//! SAML assertions (VIHF): whatever reads, nobody is trusted; what is read of one is the same with and without its signature's check.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_certs::{DistinguishedName, TrustStore, UnixTime};
use paraphe_protocol::vihf::{Expected, ExpectedAudience, Resource, check, read_unverified};

fuzz_target!(|input: &[u8]| {
    let Ok(audience) = "https://dossier.example.fr".parse() else {
        return;
    };
    let resource = Resource::default();
    let expected = Expected {
        resource: &resource,
        audience: ExpectedAudience::NamedOrNone(&audience),
        now: UnixTime(1_795_341_600),
    };
    assert!(check(input, &expected, &TrustStore::new()).is_err(), "nobody is trusted");
    if let Ok(content) = read_unverified(input) {
        assert!(!content.roles.is_empty());
        if let Some(issuer) = DistinguishedName::from_rfc2253(&content.issuer) {
            assert!(issuer.names_the_same(&issuer));
        }
    }
});
