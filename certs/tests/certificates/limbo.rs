//! C2SP's x509-limbo through the path engine by the uses' own rules: every case of the suite's file but BetterTLS, those of client
//! authentication first. limbo/differences.txt lists each case whose result is another than the suite's, with its reason; a change in
//! either direction fails. No use of ours knows a peer's host name, so that what fails by that name alone is listed as such.
//!
//! The suite's file is not in this repository and comes with no package: `sh tests/limbo.sh FILE` runs this on a copy.
//! `tests/shapes.rs` makes the paths that matter here itself, and runs always.

use std::collections::BTreeMap;

use paraphe_certs::{Certificate, PathRules, RevocationList, TrustStore, UnixTime};
use serde_json::Value;

const DIFFERENCES: &str = include_str!("../limbo/differences.txt");
/// Cases of the version that the list is about (29 June 2026), without BetterTLS.
const CASES: usize = 208;

/// Most authorities between anchor and certificate under the uses' rules.
const DEPTH: u64 = 4;

fn texts<'a>(case: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    case[key]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
}

fn purpose(name: &str) -> &'static str {
    match name {
        "serverAuth" => "1.3.6.1.5.5.7.3.1",
        "clientAuth" => "1.3.6.1.5.5.7.3.2",
        "emailProtection" => "1.3.6.1.5.5.7.3.4",
        other => panic!("the suite asks for {other}"),
    }
}

/// Accepted or not, and why.
fn verify(case: &Value) -> Result<(), String> {
    let read =
        |text: &str| Certificate::from_pem(text.as_bytes()).map_err(|error| error.to_string());
    let at = case["validation_time"].as_str().map_or_else(
        || UnixTime::from(std::time::SystemTime::now()),
        |text| {
            let form = &time::format_description::well_known::Rfc3339;
            UnixTime(
                time::OffsetDateTime::parse(text, form)
                    .unwrap()
                    .unix_timestamp(),
            )
        },
    );
    let mut store = TrustStore::new();
    for anchor in texts(case, "trusted_certs") {
        // What is no anchor here is not trusted: a path has to do without.
        if let Ok(anchor) = read(anchor) {
            let _ = store.add_anchor(&anchor);
        }
    }
    let mut with_lists = false;
    for list in texts(case, "crls") {
        with_lists = true;
        if let Ok(list) = RevocationList::from_pem_or_der(list.as_bytes()) {
            store.add_crl(list).unwrap();
        }
    }
    let further: Vec<Certificate> = texts(case, "untrusted_intermediates")
        .filter_map(|text| read(text).ok())
        .collect();
    let depth = case["max_chain_depth"].as_u64().unwrap_or(DEPTH).min(DEPTH);
    let rules = PathRules::of_uses().with_depth(u8::try_from(depth).unwrap());
    let leaf = read(case["peer_certificate"].as_str().unwrap())?;
    store
        .path_by_rules(&leaf, at, &rules, &further, with_lists)
        .map_err(|error| format!("{error:?}"))?;
    // As every use asks: the purpose stands in the certificate; silence and anyExtendedKeyUsage grant none. The suite's certificates
    // are made for servers, also where it asks nothing more.
    let of_kind = (case["validation_kind"] == "SERVER").then_some("serverAuth");
    let missing = texts(case, "extended_key_usage")
        .chain(of_kind)
        .map(purpose)
        .find(|purpose| {
            !leaf
                .extended_key_usage_oids()
                .iter()
                .any(|oid| oid == purpose)
        });
    missing.map_or(Ok(()), |purpose| {
        Err(format!("WrongUse: without {purpose}"))
    })
}

fn listed() -> BTreeMap<&'static str, &'static str> {
    let lines = DIFFERENCES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let found = words.next().unwrap();
            (words.next().unwrap(), found)
        })
        .collect()
}

#[test]
#[ignore = "needs the suite's file: sh tests/limbo.sh FILE"]
fn every_case_has_its_result_or_a_reason() {
    let file = std::env::var_os("PARAPHE_LIMBO").expect("PARAPHE_LIMBO names limbo.json");
    let suite: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut differences = listed();
    let (mut count, mut right, mut faults) = (0, 0, Vec::new());
    for case in suite["testcases"].as_array().unwrap() {
        let id = case["id"].as_str().unwrap();
        if id.starts_with("bettertls::") {
            continue;
        }
        count += 1;
        let found = verify(case);
        if found.is_ok() == (case["expected_result"] == "SUCCESS") {
            right += 1;
            continue;
        }
        let word = if found.is_ok() { "accepted" } else { "refused" };
        if differences.remove(id) != Some(word) {
            faults.push(format!("{word} {id} {found:?}"));
        }
    }
    faults.extend(differences.keys().map(|id| format!("{id} is right now")));
    println!("x509-limbo: {right} of {count} right");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(count, CASES);
}
