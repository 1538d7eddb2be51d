//! `paraphe demo` tells the whole story, and leaves results that a foreign program accepts. The program that users
//! install knows neither the demo nor the simulated cards.

use std::process::Command;

use paraphe_scenarios::{program, succeed};

#[test]
fn the_demo_tells_the_whole_story() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    let told = succeed(
        Command::new(program("paraphe"))
            .arg("demo")
            .arg("--output")
            .arg(&results),
    );
    for line in [
        "Carte de personnel (CPE) lue",
        "Dossier créé, accusé reçu",
        "signés par une seule saisie du code",
        "Un octet d'un document changé",
        "Lot accepté, accusé reçu",
        "lot-commit",
        &results.display().to_string(),
    ] {
        assert!(told.contains(line), "{line} is missing in\n{told}");
    }
    assert!(!told.contains("1234"), "the PIN is never shown");
    for file in [
        "record-receipt.json",
        "lot-receipt.json",
        "trace.json",
        "lot/lot-signature.xml",
    ] {
        assert!(results.join(file).exists(), "{file} is missing");
    }
    let _ = succeed(
        Command::new("xmlsec1")
            .args(["--verify", "--ignore-manifests", "--trusted-pem"])
            .arg(results.join("pki/anchors/ACR-FO-TEST.pem"))
            .arg(results.join("lot/lot-signature.xml")),
    );

    // A second run on the same folder destroys nothing.
    let again = Command::new(program("paraphe"))
        .arg("demo")
        .arg("--output")
        .arg(&results)
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn what_users_install_has_no_simulated_card() {
    let product = program("paraphe-product");
    let content = std::fs::read(&product).unwrap();
    let holds = |text: &str| {
        content
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    // The demo build is the control: the same words are there.
    let demo = std::fs::read(program("paraphe")).unwrap();
    for word in [
        "paraphe_softcard",
        "paraphe_record_server",
        "PARAPHE-SIMULATEUR",
    ] {
        assert!(
            demo.windows(word.len())
                .any(|window| window == word.as_bytes()),
            "{word}"
        );
        assert!(!holds(word), "{word} is in the product");
    }
    for arguments in [["demo", "--help"], ["status", "--soft-card=physician"]] {
        let output = Command::new(&product).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
