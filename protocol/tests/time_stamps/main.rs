//! Time stamps between this crate, the test PKI's authority and `openssl ts`: requests that OpenSSL reads, tokens that both
//! accept, and what must be refused.

#![allow(clippy::unwrap_used, reason = "tests")]

mod exchange;
mod openssl_ts;
mod refusals;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{
    Authority, Level, TestPki, TestPkiOptions, TimeStampingAuthority, Validity,
};

const NOW: UnixTime = UnixTime(1_790_000_000);
const ISSUER: Authority = Authority::Organizations(Level::Elementaire);

fn pki() -> TestPki {
    let options = TestPkiOptions {
        authorities: vec![ISSUER],
        ..TestPkiOptions::quick()
    };
    TestPki::generate_with(&options, NOW).unwrap()
}

fn authority(pki: &TestPki) -> TimeStampingAuthority {
    let template = TimeStampingAuthority::template(Validity::of_card(NOW)).unwrap();
    TimeStampingAuthority::new(&pki.issue(ISSUER, &template).unwrap()).unwrap()
}
