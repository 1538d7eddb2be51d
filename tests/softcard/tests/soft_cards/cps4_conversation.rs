//! The CPS4 in process, command by command as the official module speaks to it, and what no source shows refused.

use std::path::Path;
use std::time::SystemTime;

use openssl::hash::{MessageDigest, hash};
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

const PROFILE: &str = include_str!("../../profiles/physician-cps4.json");
const SELECT: &str = "01A4040C 08 8025000001FF0100";
const LOGIN: &str = "01200001 08 31323334FFFFFFFF";

fn pki() -> PkiDirectory {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap()
}

fn card_with(quirks: &str) -> SoftCard {
    let json = PROFILE.replacen('{', &format!("{{\"quirks\":{{{quirks}}},"), 1);
    let mut card = SoftCard::new(&Profile::from_json(&json).unwrap(), &mut pki()).unwrap();
    card.power_on();
    card
}

/// A T=1 card with its application selected.
fn selected() -> SoftCard {
    let mut card = card_with("");
    expect(&mut card, SELECT, "9000");
    card
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.chars().filter(|c| *c != ' ').collect();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[track_caller]
fn expect(card: &mut SoftCard, command: &str, answer: &str) {
    let answer: String = answer.chars().filter(|c| *c != ' ').collect();
    assert_eq!(hex(&card.transmit(&bytes(command))), answer, "to {command}");
}

#[track_caller]
fn data(card: &mut SoftCard, command: &[u8]) -> Vec<u8> {
    let mut answer = card.transmit(command);
    let status = answer.split_off(answer.len() - 2);
    assert_eq!(hex(&status), "9000", "to {}", hex(command));
    answer
}

/// Reads a whole file by its path below the master file, with Le 00 as the module does.
#[track_caller]
fn read(card: &mut SoftCard, path: &str) -> Vec<u8> {
    let path = bytes(path);
    let mut select = vec![0x01, 0xA4, 0x08, 0x00, path.len() as u8];
    select.extend(&path);
    select.push(0x00);
    let information = data(card, &select);
    assert_eq!(information[0], 0x6F);
    let size = usize::from(u16::from_be_bytes([information[4], information[5]]));
    let mut content = Vec::new();
    while content.len() < size {
        let offset = (content.len() as u16).to_be_bytes();
        content.extend(data(card, &[0x01, 0xB0, offset[0], offset[1], 0x00]));
    }
    assert_eq!(content.len(), size);
    content
}

fn public_key(card: &mut SoftCard, certificate: &str) -> PKey<Public> {
    let der = read(card, certificate);
    X509::from_der(&der).unwrap().public_key().unwrap()
}

#[test]
fn discovery_as_the_official_module_does_it() {
    let mut card = selected();
    expect(
        &mut card,
        "01A40800 02 D003 00",
        "6F1C8002000C8201018302D0038801E0A1098C077BFFFFFFFFFF008A0105 9000",
    );
    expect(&mut card, "01B000000C", "5A0A 8025000001 99000008 2F 9000");
    let directory = read(&mut card, "2F00");
    assert!(hex(&directory).contains("4F0DE828BD080F8025000001FF0010"));
    expect(&mut card, "01A40800 02 0001", "9000");
    assert_eq!(hex(&read(&mut card, "00015031"))[..4], *"A80A");
    assert!(
        read(&mut card, "00015032")
            .windows(17)
            .any(|label| label == b"CPS4v1-9990000008")
    );
    let keys = hex(&read(&mut card, "00017002"));
    assert!(keys.contains("020110") && keys.contains("020120"), "{keys}");
    let objects = read(&mut card, "00017006");
    for label in [
        &b"CPS_SIT_FACT"[..],
        b"CPS2TER_ACTIVITY_01_PS",
        b"CPS2TER_ACTIVITY_03_PS",
        b"CPS2TER_DIRAMO",
        b"CPS_ACTIVITY_03_PS",
    ] {
        assert!(objects.windows(label.len()).any(|bytes| bytes == label));
    }
    expect(&mut card, "01200001", "63C3");
    expect(&mut card, "01200002", "63C3");
    assert_eq!(card.counters().verifies, 0);
    // No file of updates, no selection with 3F00 before the path, no other way to select.
    expect(&mut card, "01A40800 02 D010 00", "6A82");
    expect(&mut card, "01A40800 04 3F00D003 00", "6A82");
    expect(&mut card, "01A40904 04 3F00D003 00", "6A86");
    expect(&mut card, "01A40804 02 D003 00", "6A86");
    expect(&mut card, "01CB3FFF 0A 4D087006BF810102A080 00", "6D00");
    expect(&mut card, "01880000 01 00 00", "6D00");
}

#[test]
fn the_three_answers_to_reset() {
    for (name, atr) in [
        ("rc", "3B9B1880010012250064800004010090 44"),
        ("first", "3B9B1880010012250064800401000090 44"),
        ("t0", "3BDC18FF0000122500648000040100 9000"),
    ] {
        let mut card = card_with(&format!(r#""cps4_atr":"{name}""#));
        assert_eq!(card.atr(), bytes(atr), "{name}");
        expect(&mut card, SELECT, "9000");
        let announced = match name {
            "t0" => "611E",
            _ => "9000",
        };
        expect(&mut card, "01A40800 02 D003", announced);
        if name == "t0" {
            expect(&mut card, "01B0000000", "6C0C");
        }
    }
}

#[test]
fn the_code_is_asked_verified_changed_and_unblocked() {
    let mut card = selected();
    expect(&mut card, "01240101 08 34333231FFFFFFFF", "6982");
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "01200001", "9000");
    expect(&mut card, "01240101 08 34333231FFFFFFFF", "9000");
    card.reset();
    expect(&mut card, LOGIN, "6985");
    expect(&mut card, SELECT, "9000");
    for left in ["63C2", "63C1", "63C0"] {
        expect(&mut card, LOGIN, left);
    }
    for _ in 0..5 {
        expect(&mut card, "01200001", "6983");
        expect(&mut card, "01200002", "63C3");
    }
    expect(&mut card, "012C0381", "6982");
    expect(&mut card, "01200002 08 3132333435363738", "9000");
    expect(&mut card, "012C0301", "6A88");
    expect(&mut card, "012C0381", "9000");
    expect(&mut card, "01240101 08 35363738FFFFFFFF", "9000");
    expect(&mut card, "01240101 08 35363738FFFFFFFF", "6982");
    expect(&mut card, "01200001", "63C3");
    expect(&mut card, "01200001 08 35363738FFFFFFFF", "9000");
    expect(&mut card, "01200001 04 35363738", "6700");
    assert_eq!(card.pin_tries_left(), Some(3));
}

#[test]
fn signatures_of_both_keys_verify() {
    let mut card = selected();
    let signature_key = public_key(&mut card, "0001A001");
    let authentication_key = public_key(&mut card, "0001A002");
    let message = b"a message";
    expect(&mut card, "01A40800 02 0001", "9000");
    let digest = |sha1: bool| {
        if sha1 {
            (MessageDigest::sha1(), 0x14)
        } else {
            (MessageDigest::sha256(), 0x20)
        }
    };
    expect(&mut card, "012281B6 04 91022890", "9000");
    expect(
        &mut card,
        &format!("012A9E9A 20 {} 00", "00".repeat(32)),
        "6982",
    );
    expect(&mut card, LOGIN, "9000");
    for (algorithm, reference, sha1, pss) in [
        ("28", "90", false, false),
        ("0A", "90", true, false),
        ("2C", "90", false, true),
        ("15", "90", true, true),
        ("2C", "A0", false, true),
        ("15", "A0", true, true),
    ] {
        let (md, length) = digest(sha1);
        expect(
            &mut card,
            &format!("012281B6 04 9102{algorithm}{reference}"),
            "9000",
        );
        let mut command = vec![0x01, 0x2A, 0x9E, 0x9A, length];
        command.extend(&*hash(md, message).unwrap());
        command.push(0x00);
        let signature = data(&mut card, &command);
        let key = match reference {
            "90" => &signature_key,
            _ => &authentication_key,
        };
        let mut verifier = Verifier::new(md, key).unwrap();
        if pss {
            verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            verifier
                .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                .unwrap();
        }
        assert!(verifier.verify_oneshot(&signature, message).unwrap());
    }
    assert_eq!(card.counters().private_key_operations, 6);
    // Unknown algorithm, unknown key, key without its bit 8, PKCS#1 with the authentication key; and what was set stays.
    for template in ["91020090", "91022891", "91022810", "910228A0", "9101 28"] {
        let length = bytes(template).len();
        let answer = card.transmit(&bytes(&format!("012281B6 {length:02X} {template}")));
        assert!(matches!(answer[..], [0x6A, 0x80 | 0x88]), "{template}");
    }
    expect(&mut card, "012A9E9A 13 00 00", "6700");
    // The environment ends with the directory.
    expect(
        &mut card,
        "01A40800 02 D003 00",
        "6F1C8002000C8201018302D0038801E0A1098C077BFFFFFFFFFF008A0105 9000",
    );
    expect(
        &mut card,
        &format!("012A9E9A 20 {} 00", "00".repeat(32)),
        "6985",
    );
}

#[test]
fn rsa_without_padding_takes_a_chain() {
    let mut card = selected();
    let key = public_key(&mut card, "0001A002");
    let rsa = key.rsa().unwrap();
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "012241B8 03 830120", "9000");
    let mut block = vec![0x00, 0x01];
    block.resize(255 - 11, 0xFF);
    block.push(0x00);
    block.extend(b"a DigestInfo");
    block.truncate(256);
    block.resize(256, 0x2A);
    let mut first = vec![0x11, 0x2A, 0x80, 0x86, 0xFF];
    first.extend(&block[..255]);
    assert_eq!(card.transmit(&first), [0x90, 0x00]);
    let result = data(&mut card, &[0x01, 0x2A, 0x80, 0x86, 0x01, block[255], 0x00]);
    let mut opened = vec![0; 256];
    rsa.public_decrypt(&result, &mut opened, Padding::NONE)
        .unwrap();
    assert_eq!(opened, block);
    // As long as the modulus and as a number larger than it.
    first[5..].fill(0xFF);
    assert_eq!(card.transmit(&first), [0x90, 0x00]);
    expect(&mut card, "012A8086 01 FF 00", "6A80");
    expect(&mut card, "012A8086 01 FF 00", "6700");
    expect(&mut card, "012241B8 03 830110", "9000");
    expect(&mut card, "012A8086 01 FF 00", "6982");
}

#[test]
fn business_data_is_guarded_by_the_code() {
    let mut card = selected();
    read(&mut card, "0001D103");
    for path in ["0001D120", "0001D108", "0001D220"] {
        expect(&mut card, &format!("01A40800 04 {path}"), "9000");
        expect(&mut card, "01B0000000", "6982");
    }
    expect(&mut card, LOGIN, "9000");
    assert_eq!(read(&mut card, "0001D120")[0], 0xEE);
    assert_eq!(read(&mut card, "0001D220").len(), 16);
    expect(&mut card, "01A40800 04 0001D107", "9000");
    expect(&mut card, "01D60000 02 4142", "9000");
    assert_eq!(read(&mut card, "0001D107")[..2], *b"AB");
    assert_eq!(data(&mut card, &bytes("0184000008")).len(), 8);
}

#[test]
fn another_application_takes_the_code_away() {
    for (reselection, direct) in [("direct", true), ("dance", false)] {
        let mut card = card_with(&format!(r#""cps4_reselection":"{reselection}""#));
        expect(&mut card, SELECT, "9000");
        expect(&mut card, LOGIN, "9000");
        // What another program does.
        expect(&mut card, "01A4040C 07 A0000001510000", "9000");
        assert!(!card.pin_verified());
        expect(&mut card, "01A40800 02 0001", "6985");
        expect(&mut card, "01200001", "6985");
        if !direct {
            expect(&mut card, SELECT, "6985");
            expect(&mut card, SELECT, "6985");
        }
        expect(&mut card, "01A4040C 07 A0000001510000", "9000");
        expect(&mut card, "00A4040C 08 8025000001FF0002", "9000");
        expect(&mut card, SELECT, "9000");
        expect(&mut card, "01200001", "63C3");
    }
}

#[test]
fn a_card_left_elsewhere_before_power_on() {
    let mut card = card_with(r#""cps4_reselection":"dance-from-power-on""#);
    expect(&mut card, SELECT, "6985");
    expect(&mut card, "00A4040C 08 8025000001FF0002", "9000");
    expect(&mut card, SELECT, "6985");
    expect(&mut card, "01A4040C 07 A0000001510000", "9000");
    expect(&mut card, "00A4040C 08 8025000001FF0002", "9000");
    expect(&mut card, SELECT, "9000");
    card.reset();
    expect(&mut card, SELECT, "6985");
}

#[test]
fn other_channels_and_the_older_face() {
    let mut card = selected();
    expect(&mut card, "02A4040C 08 8025000001FF0100", "6881");
    expect(&mut card, "05A4040C 08 8025000001FF0100", "6882");
    expect(&mut card, "00A40904 04 3F00D003", "6A86");
    expect(&mut card, "00200001", "6D00");
    expect(&mut card, "00A4040C 08 8025000001FF0100", "6A82");
    expect(&mut card, "A0A40000 02 3F00 00", "6E00");
    expect(&mut card, "00A4040C 08 8025000001FF0002", "9000");
    expect(
        &mut card,
        "A0A40000 02 3F00 00",
        "850B00003F0001000000000000 9000",
    );
}
