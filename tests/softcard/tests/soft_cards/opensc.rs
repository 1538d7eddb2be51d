//! Unmodified OpenSC takes the soft CPS3 for a real one, through an unmodified pcscd, over vpcd and over our own reader driver.
//!
//! Each test starts a pcscd of its own. OpenSC 0.23 cannot sign with the signature key of this card family (it needs the inner
//! state of a hash, which OpenSSL 3 does not give it); the authentication key it can use.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use paraphe_softcard::{CardSlot, PkiDirectory, Profile, SoftCard};

const PATIENCE: Duration = Duration::from_secs(20);
/// Object identifier of the authentication key and certificate.
const AUTHENTICATION_ID: &str = "e828bd080f8025000001ff001002";
/// DigestInfo of SHA-256 up to the hash.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

fn card(profile: &str) -> SoftCard {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    let mut pki = PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap();
    SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki).unwrap()
}

/// Runs a tool: success or not, and all that it said.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let (success, said) = run(command);
    assert!(success, "{command:?}: {said}");
    said
}

fn opensc_accepts(kind: ReaderKind) {
    let pcscd = PrivatePcscd::start(&[kind]).unwrap();
    let slot = &pcscd.slots()[0];
    let card = card("physician");
    let atr = card.atr().to_vec();
    let inserted = CardSlot::insert(slot.endpoint.clone(), card, None);
    inserted.wait_ready(PATIENCE).unwrap();
    pcscd.wait_for_card(&slot.reader, &atr).unwrap();
    let pkcs11_tool = || {
        let mut command = pcscd.client("pkcs11-tool");
        command.args(["--module", "opensc-pkcs11.so"]);
        command
    };

    let name = succeeds(pcscd.client("opensc-tool").arg("-n"));
    assert!(name.contains("IAS-ECC"), "{name}");

    // The contact application, although the contactless one is announced too.
    let dump = succeeds(pcscd.client("pkcs15-tool").arg("-D"));
    for expected in [
        "CPS3v3-9990000001",
        "Code porteur de la carte CPX",
        "Code de déblocage de la carte CPX",
        "CPS_PRIV_SIG",
        "CPS_PRIV_AUT",
        "Certificat de Signature CPS",
        "Certificat d'Authentification CPS",
        "CPS_INFO_PS",
        "CPS_ACTIVITY_01_PS",
        "CPS_ACTIVITY_03_PS",
    ] {
        assert!(dump.contains(expected), "no {expected} in {dump}");
    }
    assert!(!dump.contains("CPS_ACTIVITY_02_PS"), "{dump}");

    let public = succeeds(pkcs11_tool().arg("-O"));
    assert!(
        public.contains("Certificat d'Authentification CPS"),
        "{public}"
    );
    let all = succeeds(pkcs11_tool().args(["--login", "-p", "1234", "-O"]));
    assert!(all.contains("CPS_PRIV_AUT"), "{all}");

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let message = b"signed by an outside program";
    let digest_info = [&DIGEST_INFO[..], &openssl::sha::sha256(message)].concat();
    fs::write(path("digest-info"), digest_info).unwrap();
    let operations = inserted.with_card(|card| card.counters().private_key_operations);
    succeeds(
        pkcs11_tool()
            .args(["--login", "-p", "1234", "--sign", "-m", "RSA-PKCS"])
            .args([
                "--id",
                AUTHENTICATION_ID,
                "-i",
                &path("digest-info"),
                "-o",
                &path("signature"),
            ]),
    );
    succeeds(
        pkcs11_tool()
            .args(["--read-object", "--type", "cert"])
            .args(["--id", AUTHENTICATION_ID, "-o", &path("certificate")]),
    );
    assert_eq!(
        inserted.with_card(|card| card.counters().private_key_operations),
        operations + 1
    );
    let certificate = X509::from_der(&fs::read(path("certificate")).unwrap()).unwrap();
    let key = certificate.public_key().unwrap();
    let signature = fs::read(path("signature")).unwrap();
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    assert!(verifier.verify_oneshot(&signature, message).unwrap());
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    assert!(
        !verifier
            .verify_oneshot(&signature, b"something else")
            .unwrap()
    );

    assert_eq!(inserted.with_card(|card| card.pin_tries_left()), Some(3));
    for tries_left in [2, 1] {
        let (success, said) = run(pkcs11_tool().args(["--login", "-p", "9999", "-O"]));
        assert!(!success && said.contains("CKR_PIN_INCORRECT"), "{said}");
        assert_eq!(
            inserted.with_card(|card| card.pin_tries_left()),
            Some(tries_left)
        );
    }
    succeeds(pkcs11_tool().args(["--login", "-p", "1234", "-O"]));
    assert_eq!(inserted.with_card(|card| card.pin_tries_left()), Some(3));
}

#[test]
fn opensc_accepts_the_card_over_vpcd() {
    opensc_accepts(ReaderKind::Vpcd);
}

#[test]
fn opensc_accepts_the_card_over_our_own_driver() {
    opensc_accepts(ReaderKind::OwnDriver);
}

#[test]
fn a_blocked_pin_is_shown_as_locked() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver]).unwrap();
    let slot = &pcscd.slots()[0];
    let inserted = CardSlot::insert(slot.endpoint.clone(), card("physician-blocked"), None);
    inserted.wait_ready(PATIENCE).unwrap();
    let (success, said) = run(pcscd.client("pkcs11-tool").args([
        "--module",
        "opensc-pkcs11.so",
        "--login",
        "-p",
        "1234",
        "-O",
    ]));
    assert!(!success && said.contains("CKR_PIN_LOCKED"), "{said}");
}

#[test]
fn cards_are_pulled_put_back_and_exchanged_over_our_own_driver() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver, ReaderKind::OwnDriver]).unwrap();
    let [first, second] = pcscd.slots() else {
        panic!("two slots expected");
    };
    let cps = card("nurse");
    let cps_atr = cps.atr().to_vec();
    let vitale = card("vitale-holder");
    let vitale_atr = vitale.atr().to_vec();
    let cps = CardSlot::insert(first.endpoint.clone(), cps, None);
    let vitale = CardSlot::insert(second.endpoint.clone(), vitale, None);
    pcscd.wait_for_card(&first.reader, &cps_atr).unwrap();
    pcscd.wait_for_card(&second.reader, &vitale_atr).unwrap();

    cps.pull().unwrap();
    pcscd.wait_for_removal(&first.reader).unwrap();
    pcscd.wait_for_card(&second.reader, &vitale_atr).unwrap();
    cps.put_back().unwrap();
    pcscd.wait_for_card(&first.reader, &cps_atr).unwrap();
    // A card in the place of another, at once: two events, and the new ATR.
    let events = |reader: &str| {
        let readers = pcscd.readers().unwrap();
        readers.iter().find(|r| r.name == reader).unwrap().events
    };
    let before = events(&second.reader);
    vitale.exchange(card("vitale-family")).unwrap();
    let other_atr = [0x3B, 0x75, 0x13, 0, 0, 0x44, 0x09, 0xEA, 0x90, 0];
    pcscd.wait_for_card(&second.reader, &other_atr).unwrap();
    assert_eq!(events(&second.reader), before + 2);
}

#[test]
fn cards_are_pulled_and_exchanged_over_vpcd() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::Vpcd]).unwrap();
    let slot = &pcscd.slots()[1];
    let inserted = CardSlot::insert(slot.endpoint.clone(), card("vitale-holder"), None);
    let atr = |version| [0x3B, 0x75, 0x13, 0, 0, version, 0x09, 0xEA, 0x90, 0];
    pcscd.wait_for_card(&slot.reader, &atr(0x45)).unwrap();
    inserted.exchange(card("vitale-family")).unwrap();
    pcscd.wait_for_card(&slot.reader, &atr(0x44)).unwrap();
    inserted.pull().unwrap();
    pcscd.wait_for_removal(&slot.reader).unwrap();
}
