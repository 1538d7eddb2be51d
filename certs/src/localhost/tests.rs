//! The localhost certificates, judged by the openssl program and by our own inspection.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

use super::*;

/// 2026-05-28T20:26:40Z.
const NOW: UnixTime = UnixTime(1_780_000_000);

fn openssl_verify(
    directory: &Path,
    root: &Certificate,
    leaf: &Certificate,
    host: &[&str],
) -> (bool, String) {
    std::fs::write(directory.join("root.pem"), root.pem()).unwrap();
    std::fs::write(directory.join("leaf.pem"), leaf.pem()).unwrap();
    let output = Command::new("openssl")
        .current_dir(directory)
        .args([
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-attime",
            &NOW.0.to_string(),
        ])
        .args(host)
        .args(["-CAfile", "root.pem", "leaf.pem"])
        .output()
        .expect("the openssl program");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn openssl_accepts_the_leaf_for_each_of_its_names() {
    let made = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let directory = tempfile::tempdir().unwrap();
    for host in [
        ["-verify_hostname", "localhost"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        let (accepted, text) = openssl_verify(directory.path(), made.root(), made.leaf(), &host);
        assert!(accepted, "{host:?}: {text}");
    }
    let (accepted, _) = openssl_verify(
        directory.path(),
        made.root(),
        made.leaf(),
        &["-verify_hostname", "bank.example"],
    );
    assert!(!accepted);
}

#[test]
fn openssl_refuses_what_the_root_s_key_would_sign_for_another_name() {
    let period = Period::new(NOW, MAX_VALIDITY).unwrap();
    let (issuer, root) = root(&period).unwrap();
    let key = P256Key::generate().unwrap();
    let directory = tempfile::tempdir().unwrap();
    for name in [
        SanType::DnsName("bank.example".try_into().unwrap()),
        SanType::IpAddress([127, 0, 0, 2].into()),
        SanType::IpAddress([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1].into()),
    ] {
        let mut all = names().unwrap();
        all.push(name.clone());
        let leaf = leaf(&issuer, &key, &period, all).unwrap();
        let (accepted, text) = openssl_verify(directory.path(), &root, &leaf, &[]);
        assert!(!accepted, "{name:?}");
        assert!(
            text.contains("permitted subtree violation"),
            "{name:?}: {text}"
        );
        assert_eq!(
            inspect(&root, &leaf, NOW),
            [LocalhostProblem::UnexpectedLeaf]
        );
    }
}

#[test]
fn openssl_shows_critical_constraints_and_a_p256_key() {
    let made = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.pem");
    std::fs::write(&path, made.root_pem()).unwrap();
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(&path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "X509v3 Name Constraints: critical Permitted: DNS:localhost IP:127.0.0.1/255.255.255.255",
        "X509v3 Basic Constraints: critical CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical Certificate Sign",
        "NIST CURVE: P-256",
    ] {
        assert!(flat.contains(expected), "{expected:?} is not in {flat}");
    }
}

#[test]
fn inspection_finds_nothing_wrong_with_fresh_ones() {
    let made = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let root = Certificate::from_pem(made.root_pem().as_bytes()).unwrap();
    let leaf = Certificate::from_pem(made.leaf_pem().as_bytes()).unwrap();
    assert_eq!(inspect(&root, &leaf, NOW), []);
    assert_eq!(leaf.not_after(), NOW.plus_days(90));
    assert!(key_matches(&leaf, made.leaf_key_pem()));
    assert!(!key_matches(&root, made.leaf_key_pem()));
    assert!(!format!("{made:?}").contains("PRIVATE"));
}

#[test]
fn inspection_names_each_problem() {
    let made = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let other = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let (root, leaf) = (made.root(), made.leaf());
    let late = made.leaf().not_after().plus_seconds(1);
    let early = made.leaf().not_before().plus_seconds(-1);
    let not_after = leaf.not_after();
    let not_before = leaf.not_before();
    assert_eq!(
        inspect(root, leaf, late),
        ["root", "leaf"].map(|which| LocalhostProblem::Expired { which, not_after })
    );
    assert_eq!(
        inspect(root, leaf, early),
        ["root", "leaf"].map(|which| LocalhostProblem::NotYetValid { which, not_before })
    );
    assert_eq!(
        inspect(other.root(), leaf, NOW),
        [LocalhostProblem::NotSignedByRoot]
    );
    // The leaf in the place of the root: not an authority, not constrained, and it signed nothing.
    assert_eq!(
        inspect(leaf, leaf, NOW),
        [
            LocalhostProblem::Unconstrained,
            LocalhostProblem::UnexpectedRoot,
            LocalhostProblem::NotSignedByRoot
        ]
    );
}

#[test]
fn each_root_has_its_own_name_and_key() {
    let one = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    let two = LocalhostCertificates::generate(NOW, MAX_VALIDITY).unwrap();
    assert_ne!(one.root().raw_subject(), two.root().raw_subject());
    assert_ne!(one.root().spki_der(), two.root().spki_der());
    assert!(
        one.root().subject().common_name().len() <= 64,
        "X.520, ub-common-name"
    );
}

#[test]
fn refuses_a_validity_that_is_zero_or_too_long() {
    for validity in [Duration::ZERO, MAX_VALIDITY + Duration::from_secs(1)] {
        assert!(matches!(
            LocalhostCertificates::generate(NOW, validity),
            Err(LocalhostError::Validity { .. })
        ));
    }
    assert!(matches!(
        LocalhostCertificates::generate(UnixTime(i64::MAX), MAX_VALIDITY),
        Err(LocalhostError::Time { .. })
    ));
}
