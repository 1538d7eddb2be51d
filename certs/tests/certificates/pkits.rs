//! NIST's Public Key Interoperability Test Suite (PKITS 1.0.1, 2011 data) through the path engine: the 172 cases that have one expected
//! result with the standard's initial values (cases.txt), by the rules of RFC 5280 alone, by the uses' own rules, and by the judgement
//! of signatures; and the 38 cases of name constraints. A path that is accepted and should not be fails the test, and so does every
//! difference that differences.txt does not list, and every one listed that is none any more.
//!
//! The suite's files come with a package that `sh tests/install.sh tests` installs; they are not ours and not in this repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paraphe_certs::{
    Certificate, DocumentSigning, JudgementTime, PathEvidence, PathRules, RevocationList,
    TrustStore, UnixTime,
};

/// 2026-05-28; the suite's certificates are valid from 2010 to 2030.
const NOW: UnixTime = UnixTime(1_780_000_000);
const CASES: &str = include_str!("../pkits/cases.txt");
const DIFFERENCES: &str = include_str!("../pkits/differences.txt");
/// SHA-256 over the names and contents of all certificates and lists, in the order of their names.
const SUITE: &str = "74788899f7daacc28b29906e5e18edc91ff345b86c8e1afe99bb18fe1764ebb0";

struct Suite(PathBuf);

impl Suite {
    fn find() -> Self {
        let data = Path::new("cryptography_vectors/x509/PKITS_data");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let python = std::fs::read_dir(target.join("judges/lib"))
            .into_iter()
            .flatten();
        let found = python
            .filter_map(|entry| Some(entry.ok()?.path().join("site-packages").join(data)))
            .find(|path| path.is_dir());
        let suite = Self(found.expect("PKITS is not there: run `sh tests/install.sh tests`"));
        let mut all = openssl::sha::Sha256::new();
        for folder in ["certs", "crls"] {
            for name in suite.names(folder) {
                all.update(name.as_bytes());
                all.update(&suite.read(folder, &name));
            }
        }
        let found: String = all
            .finish()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            found, SUITE,
            "other files than those that the expectations are about"
        );
        suite
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.join(folder)).unwrap();
        let name =
            |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).unwrap())
            .filter(|name| name.ends_with(".crt") || name.ends_with(".crl"))
            .collect();
        names.sort();
        names
    }

    fn read(&self, folder: &str, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(folder).join(name)).unwrap()
    }

    fn certificate(&self, name: &str) -> Certificate {
        let der = self.read("certs", &format!("{name}.crt"));
        Certificate::from_der(&der).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn list(&self, name: &str) -> RevocationList {
        let der = self.read("crls", &format!("{name}.crl"));
        RevocationList::from_der(&der).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn case(&self, leaf: &str, authorities: &[&str], lists: &[&str]) -> Case {
        let mut store = TrustStore::new();
        store
            .add_anchor(&self.certificate("TrustAnchorRootCertificate"))
            .unwrap();
        for list in lists.iter().chain(&["TrustAnchorRootCRL"]) {
            store.add_crl(self.list(list)).unwrap();
        }
        Case {
            leaf: self.certificate(leaf),
            authorities: authorities
                .iter()
                .map(|name| self.certificate(name))
                .collect(),
            store,
        }
    }
}

struct Case {
    leaf: Certificate,
    authorities: Vec<Certificate>,
    store: TrustStore,
}

impl Case {
    fn by_rules(&self, rules: &PathRules) -> Result<(), String> {
        self.store
            .path_by_rules(&self.leaf, NOW, rules, &self.authorities, true)
            .map(drop)
            .map_err(|error| format!("{error:?}"))
    }

    fn judged(&self) -> Result<(), String> {
        let evidence = PathEvidence {
            certificates: &self.authorities,
            ..PathEvidence::default()
        };
        let time = JudgementTime { at: NOW, now: NOW };
        self.store
            .judge::<DocumentSigning>(&self.leaf, time, &evidence)
            .map(drop)
            .map_err(|error| format!("{error:?}"))
    }
}

/// Number, whether it holds, the holder's certificate, authorities, lists.
fn cases() -> impl Iterator<
    Item = (
        &'static str,
        bool,
        &'static str,
        Vec<&'static str>,
        Vec<&'static str>,
    ),
> {
    let lines = CASES.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let mut columns = line.split('|');
        let mut words = || {
            columns
                .next()
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
        };
        let (first, authorities, lists) = (words(), words(), words());
        let [number, expected, leaf] = first[..] else {
            panic!("{line}")
        };
        (number, expected == "valid", leaf, authorities, lists)
    })
}

/// The refusals that differ from the suite under this heading: number, and a word of what is found.
fn listed(heading: &str) -> BTreeMap<&'static str, &'static str> {
    let lines = DIFFERENCES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let is_here = words.next() == Some(heading);
            is_here.then(|| (words.next().unwrap(), words.next().unwrap()))
        })
        .collect()
}

/// Runs every case and holds the differences against the list. The count of those that are right.
fn run(suite: &Suite, heading: &str, verify: impl Fn(&Case) -> Result<(), String>) -> usize {
    let mut expected_differences = listed(heading);
    let (mut right, mut faults) = (0, Vec::new());
    for (number, holds, leaf, authorities, lists) in cases() {
        let found = verify(&suite.case(leaf, &authorities, &lists));
        match (holds, found) {
            (true, Ok(())) | (false, Err(_)) => right += 1,
            (false, Ok(())) => faults.push(format!("{number} is accepted")),
            (true, Err(reason)) => match expected_differences.remove(number) {
                Some(word) if reason.contains(word) => {}
                _ => faults.push(format!("{number} is refused: {reason}")),
            },
        }
    }
    faults.extend(
        expected_differences
            .keys()
            .map(|number| format!("{number} is right now")),
    );
    assert!(faults.is_empty(), "{heading}: {faults:#?}");
    println!(
        "PKITS, {heading}: {right} of {} right, none wrongly accepted",
        cases().count()
    );
    right
}

#[test]
fn every_case_has_its_result_or_a_reason() {
    let suite = Suite::find();
    assert_eq!(cases().count(), 172);
    let standard = run(&suite, "standard", |case| {
        case.by_rules(&PathRules::of_the_standard())
    });
    assert!(standard >= 165);
    run(&suite, "uses", |case| case.by_rules(&PathRules::of_uses()));
    run(&suite, "judgement", Case::judged);
}

#[test]
fn name_constraints_bind_every_kind_of_name() {
    let suite = Suite::find();
    let named = |folder, suffix: &str| -> Vec<String> {
        let names = suite.names(folder).into_iter();
        names
            .filter_map(|name| Some(name.rsplit_once('.')?.0.to_owned()))
            .filter(|name| name.starts_with("nameConstraints") && name.ends_with(suffix))
            .collect()
    };
    let (authorities, lists) = (named("certs", "Cert"), named("crls", "CRL"));
    let authorities: Vec<&str> = authorities.iter().map(String::as_str).collect();
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    let leaves = suite.names("certs");
    let leaves: Vec<&str> = leaves
        .iter()
        .filter_map(|name| name.strip_suffix(".crt"))
        .filter(|name| {
            name.ends_with("EE") && name.contains("ameConstraintsTest")
                || name.contains("nameConstraintsTest")
        })
        .collect();
    assert_eq!(leaves.len(), 38);
    for leaf in leaves {
        let found = suite
            .case(leaf, &authorities, &lists)
            .by_rules(&PathRules::of_the_standard());
        assert_eq!(
            found.is_ok(),
            leaf.starts_with("Valid"),
            "{leaf}: {found:?}"
        );
    }
}
