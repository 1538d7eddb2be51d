//! Every operation on tokens behind PKCS#11 modules of other people's, with the programs that people install: SoftHSM 2, and
//! OpenSC's module on the soft CPS3 through the real pcscd. What the cards see is counted where there is a card.

use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe_certs::test_pki::CardPerson;
use paraphe_certs::{Category, UnixTime};
use paraphe_scenarios::{
    CardsInReaders, SoftHsm, Workstation, login, project, sign_lot, verify_lot,
};
use paraphe_softcard::PkiDirectory;
use paraphe_softcard::pcscd::ReaderKind;
use serde_json::Value;

const NONCE: &str = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo";
const PATIENT: &str = "282049999900264";
const PHYSICIAN: usize = 0;
const PASSPHRASE: &str = "phrase secrète d'essai";

/// What runs `paraphe` with these arguments.
type Run<'a> = &'a dyn Fn(&[&str]) -> paraphe_scenarios::Answer;

#[test]
fn softhsm_does_everything() {
    let (workstation, cards) = place("softhsm");
    let hsm = SoftHsm::with_card_of(
        &CardPerson::sample_nurse(),
        workstation.pki(),
        workstation.path(),
    );
    let run = |arguments: &[&str]| {
        let mut command = cards.pcscd().client(paraphe_scenarios::program("paraphe"));
        command.env(SoftHsm::VARIABLE, hsm.configuration());
        workstation.run(command, arguments)
    };
    let status = run(&["status"]).done();
    let name = status["tokens"][0]["name"].as_str().unwrap().to_owned();
    let before = cards.cost(PHYSICIAN);
    let read = reads(&run, &name);
    assert_eq!(read["holder"]["family_name"], "ESSAI-MARTIN");
    let pin = workstation.pin_file(SoftHsm::PIN);
    let pin = pin.to_str().unwrap();
    logs_in(&run, &name, pin);
    let signed = sign(&run, &workstation, &name, pin).done();
    verifies(&run, &signed);
    let situations = ["card", "read", "--practice-situations", "--reader", &name];
    let read = run(&[&situations[..], &["--pin-file", pin]].concat()).done();
    assert_eq!(read["practice_situations"], serde_json::json!([]), "{read}");
    let status = run(&["pin", "status", "--reader", &name]).done();
    assert_eq!(status["pin"]["blocked"], false, "{status}");
    let codes = workstation.private_file("codes", "1234\n98765\n");
    let change = ["pin", "change", "--reader", &name, "--pin-file"];
    let _ = run(&[&change[..], &[codes.to_str().unwrap()]].concat()).done();
    logs_in(&run, &name, workstation.pin_file("98765").to_str().unwrap());
    let unblock = ["pin", "unblock", "--reader", &name];
    let _ = run(&unblock).refused("pin-not-managed-here");
    // The card beside it is not this operation's business.
    assert_eq!(cards.cost(PHYSICIAN), before);
}

#[test]
fn opensc_reads_the_soft_cps3_and_logs_in_and_says_that_it_cannot_sign() {
    let (workstation, cards) = place("opensc");
    let run = |arguments: &[&str]| workstation.paraphe(&cards, arguments);
    let name = format!("generic/{}", cards.reader(PHYSICIAN));
    let read = reads(&run, &name);
    assert_eq!(read["holder"]["family_name"], "SIMULATEUR");
    let pin = workstation.pin_file("1234");
    let pin = pin.to_str().unwrap();
    let before = cards.cost(PHYSICIAN);
    logs_in(&run, &name, pin);
    assert_eq!((cards.cost(PHYSICIAN) - before).codes, 1);
    // OpenSC 0.23 with OpenSSL 3 cannot use the CPS3's signature key; our own driver can, and is taken unless this is named.
    let refused = sign(&run, &workstation, &name, pin).refused("card-refused");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("FunctionNotSupported"), "{detail}");
    assert_eq!((cards.cost(PHYSICIAN) - before).codes, 2);
}

#[test]
fn a_software_token_does_what_it_may() {
    let (workstation, cards) = place("softhsm");
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_nurse()
    };
    let now = UnixTime::from(std::time::SystemTime::now());
    let issued = PkiDirectory::open_or_create(workstation.pki(), now)
        .unwrap()
        .with_authorities(|pki| pki.issue_card(&person, now))
        .unwrap()
        .unwrap();
    for (name, issued) in [
        ("login", &issued.authentication),
        ("sign", &issued.signature),
    ] {
        let key = PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes());
        let key = key
            .unwrap()
            .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSPHRASE.as_bytes());
        let text = String::from_utf8(key.unwrap()).unwrap() + &issued.certificate.pem();
        let path = workstation.private_file(&format!("{name}.pem"), &text);
        workstation.configure(&format!("[[software]]\nname = {name:?}\npath = {path:?}\n"));
    }
    let run = |arguments: &[&str]| workstation.paraphe(&cards, arguments);
    let passphrase = workstation.private_file("passphrase", PASSPHRASE);
    let passphrase = passphrase.to_str().unwrap();
    let name_of = |wanted: &str| {
        let status = run(&["status"]).done();
        let tokens = status["tokens"].as_array().unwrap().clone();
        let names = tokens.iter().filter_map(|token| token["name"].as_str());
        let mut found = names.filter(|name| name.contains(wanted));
        found
            .next()
            .unwrap_or_else(|| panic!("{status}"))
            .to_owned()
    };
    let (login, sealing) = (name_of("login"), name_of("sign"));
    let before = cards.cost(PHYSICIAN);
    let read = run(&["card", "read", "--reader", &login]).done();
    assert_eq!(read["card"]["kind"], "software", "{read}");
    assert_eq!(read["assurance"], "software", "{read}");
    logs_in(&run, &login, passphrase);
    let signed = sign(&run, &workstation, &sealing, passphrase).done();
    verifies(&run, &signed);
    let _ = run(&["pin", "change", "--reader", &login]).refused("pin-not-managed-here");
    let _ = run(&["pin", "unblock", "--reader", &login]).refused("pin-not-managed-here");
    assert_eq!(cards.cost(PHYSICIAN), before);
}

/// A workstation with a module, and a physician's card in a reader.
fn place(known: &str) -> (Workstation, CardsInReaders) {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    workstation.configure(&format!(
        "[[pkcs11]]\nname = \"generic\"\nknown = \"{known}\"\n"
    ));
    let cards = CardsInReaders::insert(
        &[ReaderKind::Vpcd],
        &["physician"],
        workstation.path(),
        workstation.pki(),
    );
    (workstation, cards)
}

fn reads(run: Run<'_>, name: &str) -> Value {
    let read = run(&["card", "read", "--reader", name]).done();
    assert_eq!(read["card"]["kind"], "pkcs11", "{read}");
    assert_eq!(read["assurance"], "holder", "{read}");
    let certificates = read["certificates"].as_array().unwrap();
    let purposes: Vec<_> = certificates
        .iter()
        .map(|certificate| &certificate["purpose"])
        .collect();
    assert_eq!(purposes, ["authentication", "signature"]);
    read
}

fn logs_in(run: Run<'_>, name: &str, pin: &str) {
    let mut arguments = login(NONCE, pin);
    arguments.extend(["--reader", name]);
    let login = run(&arguments).done();
    assert!(login["assertion"].is_object(), "{login}");
}

fn sign(
    run: Run<'_>,
    workstation: &Workstation,
    name: &str,
    pin: &str,
) -> paraphe_scenarios::Answer {
    let lot = workstation.path().join("lot");
    let documents = [project().join("tests/documents/compte-rendu.pdf")];
    let mut arguments = sign_lot(PATIENT, pin, &lot, &documents);
    arguments.extend(["--reader", name]);
    run(&arguments)
}

fn verifies(run: Run<'_>, signed: &Value) {
    let report = run(&verify_lot(signed)).done();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
}
