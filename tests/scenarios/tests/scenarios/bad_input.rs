//! Bad input through the real stack: each ends in its own typed error with a remedy, no PIN try is lost beyond the one
//! that was spent, and nothing is left behind.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use paraphe_scenarios::{CardsInReaders, Workstation, documents};
use paraphe_softcard::pcscd::ReaderKind;

const NONCE: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";

#[test]
fn a_wrong_pin_costs_one_try_and_says_how_many_are_left() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = one_card(&workstation, "physician");
    let wrong = workstation.pin_file("9999");
    let login = |pin: &Path| {
        let pin = pin.to_str().unwrap();
        workstation.paraphe(
            &cards,
            &[
                "login",
                "--server",
                "dossier",
                "--nonce",
                NONCE,
                "--pin-file",
                pin,
            ],
        )
    };

    let problem = login(&wrong).refused("pin-wrong");
    assert_eq!(problem["tries_left"], 2);
    assert_eq!(
        problem["card_status"], "63C2",
        "the card's own error, unchanged"
    );
    assert_eq!(
        cards.pin_presentations(),
        1,
        "a PIN that failed is never presented again"
    );
    assert_eq!(tries_left(&workstation, &cards), 2);

    // What is no PIN never reaches the card.
    for malformed in ["", "12", "12ab", "123456789"] {
        let _ = login(&workstation.pin_file(malformed)).refused("pin-format");
    }
    assert_eq!(cards.pin_presentations(), 1);

    // A file whose PIN was refused is not used again, by another process either, until it is written anew.
    let _ = login(&wrong).refused("pin-entry-unavailable");
    assert_eq!(cards.pin_presentations(), 1);
    let _ = login(&workstation.pin_file("9999")).refused("pin-wrong");

    // The last try is not spent by a file: nobody confirmed it.
    let wrong = workstation.pin_file("9999");
    let _ = login(&wrong).refused("pin-last-try");
    assert_eq!(cards.pin_presentations(), 2);
    assert_eq!(tries_left(&workstation, &cards), 1);
    assert!(!login(&wrong).text.contains("9999"), "a PIN is never shown");
}

#[test]
fn a_pin_that_failed_is_not_presented_again_when_the_card_service_is_back() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let mut cards = one_card(&workstation, "physician");
    let login = |cards: &CardsInReaders, pin: &Path| {
        workstation.paraphe(cards, &login_with(pin.to_str().unwrap()))
    };
    let wrong = workstation.pin_file("9999");
    let _ = login(&cards, &wrong).refused("pin-wrong");
    cards.stop_pcscd();
    let _ = login(&cards, &wrong).refused("pin-entry-unavailable");
    cards.start_pcscd_again();
    let _ = login(&cards, &wrong).refused("pin-entry-unavailable");
    assert_eq!(cards.pin_presentations(), 1);
    assert_eq!(tries_left(&workstation, &cards), 2);
    let _ = login(&cards, &workstation.pin_file("1234")).done();
    assert_eq!(cards.pin_presentations(), 2);
    assert_eq!(tries_left(&workstation, &cards), 3);
}

/// The card counts a wrong PIN, and the card service ends before its answer is there: nobody knows that it was wrong.
#[test]
fn a_pin_whose_answer_was_lost_with_the_card_service_is_not_presented_again() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let mut cards = one_card(&workstation, "physician");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../softcard/scenarios");
    cards.begin_scenario(0, &scenarios.join("mute-at-pin.json"));
    let wrong = workstation.pin_file("9999");
    let arguments = login_with(wrong.to_str().unwrap());
    let pending = workstation
        .command(cards.pcscd().client(paraphe_scenarios::program("paraphe")))
        .args(arguments)
        .arg("--json")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while cards.cost(0).codes == 0 {
        assert!(Instant::now() < until, "the card was given no code");
        std::thread::sleep(Duration::from_millis(5));
    }
    cards.stop_pcscd();
    let ended = pending.wait_with_output().unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(problem["code"], "pin-outcome-unknown", "{problem}");
    cards.start_pcscd_again();

    let again = workstation.paraphe(&cards, &arguments);
    let _ = again.refused("pin-entry-unavailable");
    assert_eq!(cards.cost(0).codes, 1);
    assert_eq!(tries_left(&workstation, &cards), 2);
}

#[test]
fn a_blocked_card_is_not_asked() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = one_card(&workstation, "physician-blocked");
    let pin = workstation.pin_file("1234");
    let pin = pin.to_str().unwrap();
    let _ = workstation
        .paraphe(
            &cards,
            &[
                "login",
                "--server",
                "dossier",
                "--nonce",
                NONCE,
                "--pin-file",
                pin,
            ],
        )
        .refused("pin-blocked");
    assert_eq!(cards.pin_presentations(), 0);
    let card = workstation.paraphe(&cards, &["card", "read"]).done();
    assert_eq!(
        card["pin"]["blocked"], true,
        "a blocked card can still be read"
    );
}

#[test]
fn a_lot_that_cannot_be_signed_costs_no_pin() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = one_card(&workstation, "physician");
    let pin = workstation.pin_file("1234");
    let folder = workstation.path().join("documents");
    fs::create_dir(&folder).unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let good = documents().remove(0);
    let cases = [
        (folder.join("absent.pdf"), "document-missing"),
        (folder.clone(), "document-format"),
        (write("empty.txt", b""), "document-format"),
        (
            write("program.pdf", b"\x7fELF\x02\x01\x01\x00 not a document"),
            "document-format",
        ),
        (
            write(
                "active.pdf",
                b"%PDF-1.4\n1 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\n%%EOF\n",
            ),
            "document-active-content",
        ),
    ];
    for (path, code) in cases {
        let output = workstation.path().join(format!("lot-{code}"));
        let answer = sign(&workstation, &cards, &pin, &output, &[&good, &path]);
        let _ = answer.refused(code);
        assert!(!output.exists(), "{code}: something was left");
    }
    let output = workstation.path().join("lot-patient");
    let arguments = [
        "lot",
        "sign",
        "--patient",
        "178079999900862",
        "-o",
        output.to_str().unwrap(),
        "--pin-file",
        pin.to_str().unwrap(),
        good.to_str().unwrap(),
    ];
    let _ = workstation
        .paraphe(&cards, &arguments)
        .refused("lot-patient-invalid");
    assert_eq!(
        cards.pin_presentations(),
        0,
        "no PIN is spent on a lot that would fail"
    );
}

#[test]
fn cards_that_are_not_there_or_not_the_right_ones() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let mut cards = CardsInReaders::insert(
        &[ReaderKind::OwnDriver, ReaderKind::OwnDriver],
        &["vitale-holder", "physician-expired"],
        workstation.path(),
        workstation.pki(),
    );
    let paraphe =
        |cards: &CardsInReaders, arguments: &[&str]| workstation.paraphe(cards, arguments);
    let pin = workstation.pin_file("1234");
    let pin = pin.to_str().unwrap();
    let login = [
        "login",
        "--server",
        "dossier",
        "--nonce",
        NONCE,
        "--pin-file",
        pin,
    ];

    let vitale = cards.reader(0).to_owned();
    let _ = paraphe(&cards, &["card", "read", "--reader", &vitale])
        .refused("card-not-a-professional-card");
    let _ = paraphe(&cards, &["vitale", "read", "--reader", cards.reader(1)])
        .refused("card-not-vitale");
    let _ =
        paraphe(&cards, &["card", "read", "--reader", "Nobody's reader"]).refused("reader-unknown");
    let _ = paraphe(&cards, &["card", "read", "--card", "00000000"]).refused("card-changed");
    let _ = paraphe(&cards, &login).refused("certificate-expired");
    assert_eq!(
        cards.pin_presentations(),
        0,
        "no PIN is spent on an expired certificate"
    );
    let short = [
        "login",
        "--server",
        "dossier",
        "--nonce",
        "c2hvcnQ",
        "--pin-file",
        pin,
    ];
    let _ = paraphe(&cards, &short).refused("nonce-invalid");
    let unknown = [
        "login",
        "--server",
        "nobody",
        "--nonce",
        NONCE,
        "--pin-file",
        pin,
    ];
    let _ = paraphe(&cards, &unknown).refused("record-server-unknown");

    cards.pull(1);
    let _ = paraphe(&cards, &login).refused("card-not-a-professional-card");
    cards.pull(0);
    let _ = paraphe(&cards, &login).refused("card-absent");
    let _ = paraphe(&cards, &["vitale", "read"]).refused("card-absent");
    cards.swap(1, "physician");
    let card = paraphe(&cards, &["card", "read"]).done();
    assert_eq!(card["holder"]["card_kind"], "cps");
}

#[test]
fn without_pcscd_the_card_service_is_named() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = workstation.command(std::process::Command::new(paraphe_scenarios::program(
        "paraphe",
    )));
    let output = command
        .env(
            "PCSCLITE_CSOCK_NAME",
            workstation.path().join("no-such-socket"),
        )
        .args(["card", "read", "--json"])
        .output()
        .unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(problem["code"], "reader-service-unavailable");
    assert_eq!(problem["remedy"]["who"], "administrator");
    assert_eq!(output.status.code(), Some(1));
}

fn login_with(pin_file: &str) -> [&str; 7] {
    [
        "login",
        "--server",
        "dossier",
        "--nonce",
        NONCE,
        "--pin-file",
        pin_file,
    ]
}

fn one_card(workstation: &Workstation, profile: &str) -> CardsInReaders {
    CardsInReaders::insert(
        &[ReaderKind::OwnDriver],
        &[profile],
        workstation.path(),
        workstation.pki(),
    )
}

fn tries_left(workstation: &Workstation, cards: &CardsInReaders) -> u64 {
    let card = workstation.paraphe(cards, &["card", "read"]).done();
    card["pin"]["tries_left"].as_u64().unwrap()
}

fn sign(
    workstation: &Workstation,
    cards: &CardsInReaders,
    pin: &Path,
    output: &Path,
    files: &[&std::path::PathBuf],
) -> paraphe_scenarios::Answer {
    let mut arguments = vec![
        "lot",
        "sign",
        "--patient",
        "178079999900861",
        "-o",
        output.to_str().unwrap(),
        "--pin-file",
        pin.to_str().unwrap(),
    ];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    workstation.paraphe(cards, &arguments)
}
