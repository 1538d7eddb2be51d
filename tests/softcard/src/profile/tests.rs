//! Shipped profiles are valid and distinct; mistakes in a profile are named.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn shipped_profiles_are_valid_and_their_serials_unique() {
    let mut serials = std::collections::BTreeSet::new();
    for name in Profile::shipped_names() {
        let profile = Profile::shipped(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(serials.insert(profile.serial().to_owned()), "{name}");
        assert!(!profile.description().is_empty(), "{name}");
        assert_eq!(profile.timing(), Timing::default(), "{name}");
    }
}

#[test]
fn every_profile_file_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names = Profile::shipped_names();
    names.sort_unstable();
    assert_eq!(files, names);
}

/// Valid card, PKI unneeded for parsing.
const MINIMAL: &str = r#"{"kind":"cps3","description":"x","serial":"12345678","card_number":"0123456789",
    "person":{"national_id":"899700000017","card_kind":"cps"}}"#;

#[test]
fn a_minimal_profile_has_the_usual_codes() {
    let Profile::Cps3(profile) = Profile::from_json(MINIMAL).unwrap() else {
        panic!("not a CPS3");
    };
    assert_eq!(
        (profile.pin.value.as_str(), profile.pin.tries_left),
        ("1234", 3)
    );
    assert_eq!(profile.unblock_code.uses_left, 100);
}

#[test]
fn mistakes_are_refused_with_the_field() {
    let replaced = [
        (r#""12345678""#, r#""1234567""#, "serial"),
        (r#""0123456789""#, r#""123""#, "card_number"),
        (
            r#""description""#,
            r#""descriptoin":1,"description""#,
            "descriptoin",
        ),
        (r#""kind":"cps3""#, r#""kind":"cps9""#, "cps9"),
        (
            r#""person""#,
            r#""pin":{"value":"12"},"person""#,
            "pin.value",
        ),
        (
            r#""person""#,
            r#""pin":{"tries_left":4},"person""#,
            "pin.tries_left",
        ),
        (
            r#""person""#,
            r#""files":{"D003":"00"},"person""#,
            "files.D003",
        ),
        (
            r#""person""#,
            r#""files":{"3F00D003":"0"},"person""#,
            "files.3F00D003",
        ),
        (
            r#""person""#,
            r#""certificate_validity":{"from":"2026-13-01","until":"2027-01-01"},"person""#,
            "certificate_validity",
        ),
        (
            r#""person""#,
            r#""quirks":{"cps4_reselection":"dance"},"person""#,
            "cps4_reselection",
        ),
        (
            r#""person""#,
            r#""situations":[{"number":17,"mode":0,"structure_name":"A","structure_id":"1","sector":"SA07"}],"person""#,
            "situations",
        ),
    ];
    for (from, to, field) in replaced {
        let json = MINIMAL.replacen(from, to, 1);
        let error = Profile::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(field), "{error} does not name {field}");
    }
}

#[test]
fn a_cps4_has_no_file_of_updates() {
    let json = MINIMAL
        .replacen(r#""kind":"cps3""#, r#""kind":"cps4""#, 1)
        .replacen(
            r#""person""#,
            r#""quirks":{"ef_actua":"valid"},"person""#,
            1,
        );
    let error = Profile::from_json(&json).unwrap_err().to_string();
    assert!(error.contains("quirks.ef_actua"), "{error}");
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let error = Profile::shipped("phisician").unwrap_err().to_string();
    assert!(error.contains("physician, nurse"), "{error}");
}

#[test]
fn codes_and_keys_stay_out_of_debug_output() {
    let json = MINIMAL.replacen(
        r#""person""#,
        r#""pin":{"value":"4711"},"unblock_code":{"value":"08154711"},
           "keys":{"signature":{"certificate":{"pem":"SECRET"},"private_key":{"base64":"SECRET"}}},"person""#,
        1,
    );
    let shown = format!("{:?}", Profile::from_json(&json).unwrap());
    assert!(
        !shown.contains("4711") && !shown.contains("SECRET"),
        "{shown}"
    );
}
