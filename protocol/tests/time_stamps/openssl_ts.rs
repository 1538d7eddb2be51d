//! `openssl ts` as judge: it reads our requests, we read its answers, and it accepts the tokens of the test PKI's authority.

use std::path::Path;
use std::process::Command;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{TimeStampingAuthority, Validity};
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::time_stamp::TimeStampRequest;

use super::{ISSUER, authority, pki};

/// OpenSSL stamps by its own clock, so the PKI must hold by the same.
fn clock() -> UnixTime {
    UnixTime::from(std::time::SystemTime::now())
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    text
}

#[test]
fn openssl_answers_our_requests_and_we_read_its_answers() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let pki = pki();
    let template =
        TimeStampingAuthority::template(Validity::of_card(clock().plus_days(-1))).unwrap();
    let issued = pki.issue(ISSUER, &template).unwrap();
    std::fs::write(directory.join("tsa.pem"), issued.certificate.pem()).unwrap();
    let key = issued.private_key_pkcs8_pem.expose();
    std::fs::write(directory.join("tsa.key"), key).unwrap();
    std::fs::write(directory.join("serial"), "01").unwrap();
    for (digest, reference) in [("sha1", "sha1"), ("sha256", "sha256"), ("sha512", "sha384")] {
        let signer_digest = if digest == "sha1" { "sha256" } else { digest };
        let configuration = format!(
            "[tsa]\ndefault_tsa = the_tsa\n[the_tsa]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\n\
             signer_digest = {signer_digest}\ndefault_policy = 1.2.3.4.1\nother_policies = 1.2.3.4.5\ndigests = sha256, sha384, sha512\n\
             accuracy = secs:1, millisecs:500, microsecs:100\nclock_precision_digits = 3\ness_cert_id_alg = {reference}\n"
        );
        std::fs::write(directory.join("tsa.cnf"), configuration).unwrap();
        for algorithm in DigestAlgorithm::ALL {
            let imprint = algorithm.digest(b"signature value").unwrap();
            let policy = Some("1.2.3.4.5");
            let request = TimeStampRequest::new(algorithm, &imprint, [0xf1; 8], policy).unwrap();
            std::fs::write(directory.join("query.tsq"), request.der()).unwrap();
            let told = openssl(directory, &["ts", "-query", "-in", "query.tsq", "-text"]);
            assert!(told.contains("Certificate required: yes"), "{told}");
            assert!(told.contains("Policy OID: 1.2.3.4.5"), "{told}");
            let reply = [
                "ts",
                "-reply",
                "-config",
                "tsa.cnf",
                "-queryfile",
                "query.tsq",
                "-out",
                "r.tsr",
            ];
            openssl(directory, &reply);
            let response = std::fs::read(directory.join("r.tsr")).unwrap();
            let token = request.read_response(&response).unwrap();
            assert_eq!(token.verify(&[]).unwrap(), issued.certificate);
            assert!((clock().0 - token.info().time().0).abs() < 3600);
            assert_eq!(token.info().accuracy().unwrap().microseconds, 500_100);
        }
    }
}

#[test]
fn openssl_accepts_the_tokens_of_the_test_authority() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let pki = pki();
    let now = UnixTime(super::NOW.0);
    let authority = authority(&pki);
    std::fs::write(directory.join("anchors.pem"), pki.anchors_pem()).unwrap();
    std::fs::write(directory.join("below.pem"), pki.intermediates_pem()).unwrap();
    let imprint = DigestAlgorithm::Sha256.digest(b"signature value").unwrap();
    std::fs::write(directory.join("data"), b"signature value").unwrap();
    let request = TimeStampRequest::new(DigestAlgorithm::Sha256, &imprint, [3; 8], None).unwrap();
    std::fs::write(directory.join("query.tsq"), request.der()).unwrap();
    let response = authority.reply(request.der(), now).unwrap();
    std::fs::write(directory.join("r.tsr"), response).unwrap();
    let at = now.0.to_string();
    let common = [
        "-in",
        "r.tsr",
        "-CAfile",
        "anchors.pem",
        "-untrusted",
        "below.pem",
        "-attime",
        &at,
    ];
    for judged in [["-queryfile", "query.tsq"], ["-data", "data"]] {
        let arguments = [&["ts", "-verify"][..], &judged, &common].concat();
        let told = openssl(directory, &arguments);
        assert!(told.contains("Verification: OK"), "{told}");
    }
}
