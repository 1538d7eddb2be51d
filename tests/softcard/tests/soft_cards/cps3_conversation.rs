//! The CPS3 in process, byte for byte as observed with the official module on a card that it accepts.

use std::path::Path;
use std::time::SystemTime;

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::Verifier;
use openssl::x509::X509;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

fn pki() -> PkiDirectory {
    // One directory for all tests of this target: parallel processes share it.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap()
}

fn card(profile: &str) -> SoftCard {
    let mut card = SoftCard::new(&Profile::shipped(profile).unwrap(), &mut pki()).unwrap();
    card.power_on();
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

/// Sends and expects exactly this answer.
#[track_caller]
fn expect(card: &mut SoftCard, command: &str, answer: &str) {
    let answer: String = answer.chars().filter(|c| *c != ' ').collect();
    assert_eq!(hex(&card.transmit(&bytes(command))), answer, "to {command}");
}

/// Sends, fetches everything by GET RESPONSE of at most E7 bytes, expects 9000.
#[track_caller]
fn fetch(card: &mut SoftCard, command: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut answer = card.transmit(command);
    loop {
        let status = answer.split_off(answer.len() - 2);
        data.extend(answer);
        match status[..] {
            [0x90, 0x00] => return data,
            [0x61 | 0x9F, more] => {
                let chunk = if more == 0 { 0xE7 } else { more.min(0xE7) };
                answer = card.transmit(&[command[0] & 0xA0, 0xC0, 0x00, 0x00, chunk]);
            }
            _ => panic!("{} gave {}", hex(command), hex(&status)),
        }
    }
}

/// Reads a whole file by its absolute path.
#[track_caller]
fn read(card: &mut SoftCard, path: &str) -> Vec<u8> {
    let path = bytes(path);
    let mut select = vec![0x00, 0xA4, 0x09, 0x04, path.len() as u8];
    select.extend(&path);
    let parameters = fetch(card, &select);
    let size = usize::from(u16::from_be_bytes([parameters[4], parameters[5]]));
    let mut content = Vec::new();
    while content.len() < size {
        let chunk = (size - content.len()).min(0xE7) as u8;
        let offset = (content.len() as u16).to_be_bytes();
        content.extend(fetch(card, &[0x00, 0xB0, offset[0], offset[1], chunk]));
    }
    content
}

fn public_key(card: &mut SoftCard, certificate: &str) -> PKey<Public> {
    let der = read(card, certificate);
    X509::from_der(&der).unwrap().public_key().unwrap()
}

const LOGIN: &str = "00200001 08 31323334FFFFFFFF";

#[test]
fn discovery_as_the_official_module_does_it() {
    let mut card = card("physician");
    assert_eq!(hex(card.atr()), "3BAC00402A001225006480000310009000");
    expect(&mut card, "00A40904 04 3F00D003", "6127");
    expect(
        &mut card,
        "00C0000027",
        "62258002000C8201018302D0038801E0A1128C077BFFFFFFFFFF009C077BFFFFFFFFFF008A01059000",
    );
    expect(&mut card, "00B000000C", "5A0A 8025000001 99000001 7F 9000");
    expect(&mut card, "00A40904 04 3F002F00", "6127");
    expect(
        &mut card,
        "00B0000065",
        "61324F0DE828BD080F8025000001FF0020500A43505820494153 20434C 51043F000002 730F4F0DE828BD080F8025000001FF0010\
         612F4F0DE828BD080F8025000001FF0010500743505820494153 51043F000001 730F4F0DE828BD080F8025000001FF0010 9000",
    );
    expect(&mut card, "00A40904 04 3F00D010", "6A82");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "00A40904 06 3F0000015031", "6126");
    expect(
        &mut card,
        "00B0000030",
        "A80A300804063F0000017001A00A300804063F0000017002A40A300804063F0000017005A70A300804063F0000017006 9000",
    );
    expect(&mut card, "00A4090C 02 3F00", "9000");
    expect(&mut card, "00CB3FFF 0A 4D087006BF810102A080", "6118");
    expect(
        &mut card,
        "00C0000018",
        "7016BF810112A0109A01039B0103A1088C06F3000013FF00 9000",
    );
    expect(&mut card, "00CB3FFF 0A 4D087006BF810202A080", "611E");
    expect(
        &mut card,
        "00C000001E",
        "701CBF810218A0169A010A9B010A9C01649D0164A1088C06F3FF00FFFF00 9000",
    );
}

#[test]
fn authentication_objects_are_those_of_a_real_card() {
    let mut card = card("physician");
    assert_eq!(
        hex(&read(&mut card, "3F0000017001")),
        "3061303F0C1C436F646520706F7274657572206465206C612063617274652043505803010804010230193006030205200500300603020640050030070302030804010430030401\
         01A1193017030304\
         0C100A01010201040201080201048001010401FF30583039\
         0C22436F64652064652064C3A9626C6F63616765206465206C61206361727465204350580301083010300603020520050030060302064005003003040104A116301403030\
         41D100A0102020108020108020108800102"
            .replace(' ', "")
    );
}

#[test]
fn selection_rules() {
    let mut card = card("physician");
    // P2 other than 04 and 0C, but for the root application.
    expect(&mut card, "00A40000 02 3F00", "6A86");
    expect(&mut card, "00A40400 0D E828BD080F8025000001FF0010", "6A86");
    expect(&mut card, "00A40400 08 8025000001FF0100", "9000");
    // A path from the root application's directory without the master file's identifier.
    expect(&mut card, "00A4090C 02 2F00", "9000");
    expect(&mut card, "00A4040C 0D E828BD080F8025000001FF0010", "9000");
    expect(&mut card, "00A4020C 02 5031", "9000");
    expect(&mut card, "00A4030C", "9000");
    expect(&mut card, "00A4030C", "6A82");
    expect(&mut card, "00A4010C 02 0001", "9000");
    expect(&mut card, "00A4020C 02 3F00", "9000");
    expect(&mut card, "00A4080C 04 00017001", "9000");
    expect(&mut card, "00A4090C 04 3F000003", "6A82");
    expect(&mut card, "00A4090C 03 3F0000", "6700");
    expect(&mut card, "00A4050C 02 3F00", "6A86");
    // A failed selection leaves the current file: EF.AODF is still selected.
    expect(&mut card, "00B0000002", "3061 9000");
    expect(&mut card, "00B09C00C0", "6C0C");
    expect(&mut card, "00B09C000C", "5A0A8025000001990000017F 9000");
    expect(&mut card, "00B0000D01", "6B00");
    expect(&mut card, "00A4000C", "9000");
    expect(&mut card, "00B0000001", "6986");
    expect(&mut card, "0CA4000C", "6882");
    expect(&mut card, "80A4000C", "6E00");
    expect(&mut card, "00E2000000", "6D00");
}

#[test]
fn pin_counters_change_and_unblocking() {
    let mut card = card("physician");
    expect(&mut card, "00200001", "63C3");
    expect(&mut card, "00200001 04 31323334", "6700");
    expect(&mut card, "00200001 08 39393939FFFFFFFF", "63C2");
    expect(&mut card, "00200001", "63C2");
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00200001", "9000");
    // Change: wrong old PIN costs a try; a new PIN that is none is refused.
    expect(
        &mut card,
        "00240001 10 39393939FFFFFFFF 35363738FFFFFFFF",
        "63C2",
    );
    expect(
        &mut card,
        "00240001 10 31323334FFFFFFFF 3536373839FFFFFF",
        "6A80",
    );
    expect(
        &mut card,
        "00240001 10 31323334FFFFFFFF 35363738FFFFFFFF",
        "9000",
    );
    card.reset();
    expect(&mut card, LOGIN, "63C2");
    expect(&mut card, LOGIN, "63C1");
    expect(&mut card, LOGIN, "63C0");
    expect(&mut card, "00200001 08 35363738FFFFFFFF", "6983");
    assert_eq!(card.pin_tries_left(), Some(0));
    // Unblocking needs the unblock code first.
    expect(&mut card, "002C0201 08 31323334FFFFFFFF", "6982");
    expect(&mut card, "00200002 08 3030303030303030", "63C9");
    expect(&mut card, "00200002 08 3132333435363738", "9000");
    expect(&mut card, "002C0201 08 31323334FFFFFFFF", "9000");
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00A4000C", "9000");
    let counters = fetch(&mut card, &bytes("00CB3FFF 0A 4D087006BF810202A080"));
    assert!(
        hex(&counters).contains("9B010A9C01649D0163A108"),
        "99 uses left"
    );
    assert_eq!(card.counters().verifies, 12);
}

#[test]
fn a_blocked_card_refuses_the_right_pin() {
    let mut card = card("physician-blocked");
    expect(&mut card, "00200001", "6983");
    expect(&mut card, LOGIN, "6983");
}

#[test]
fn signature_with_the_last_hash_round_on_the_card() {
    let mut card = card("physician");
    let key = public_key(&mut card, "3F000001A001");
    let message = b"un document";
    let mut hash = bytes("002A90A0 0F 9000 80 0B");
    hash.extend(message);
    expect(&mut card, LOGIN, "9000");
    // HASH before and after the signature template, data objects in both orders.
    for sequence in [
        ["002241AA 03 800140", "HASH", "002241B6 06 800142 840181"],
        ["002241AA 03 800140", "002241B6 06 840181 800142", "HASH"],
    ] {
        expect(&mut card, "00A4090C 04 3F000001", "9000");
        for command in sequence {
            match command {
                "HASH" => assert_eq!(card.transmit(&hash), [0x90, 0x00]),
                command => expect(&mut card, command, "9000"),
            }
        }
        expect(&mut card, "002A9E9A00", "6100");
        let mut signature = card.transmit(&bytes("00C00000E7"));
        assert_eq!(signature.split_off(231), [0x61, 0x19]);
        signature.extend(card.transmit(&bytes("00C0000019")));
        assert_eq!(signature.split_off(256), [0x90, 0x00]);
        let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
        assert!(verifier.verify_oneshot(&signature, message).unwrap());
        // The hash is used up.
        expect(&mut card, "002A9E9A00", "6985");
    }
}

#[test]
fn signature_of_a_hash_made_outside() {
    let mut card = card("nurse");
    let key = public_key(&mut card, "3F000001A001");
    let hash = openssl::sha::sha256(b"un document");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "002241B6 06 800142 840181", "9000");
    let command = [&bytes("002A9E9A 20")[..], &hash].concat();
    assert_eq!(card.transmit(&command), [0x69, 0x82]);
    expect(&mut card, LOGIN, "9000");
    let signature = fetch(&mut card, &command);
    let mut verifier = Verifier::new(MessageDigest::sha256(), &key).unwrap();
    assert!(verifier.verify_oneshot(&signature, b"un document").unwrap());
    expect(&mut card, "002A9E9A 02 0102", "6A80");
    // Selecting another directory ends the environment; a file of the same one does not.
    expect(&mut card, "00A4020C 02 5031", "9000");
    fetch(&mut card, &command);
    expect(&mut card, "00A4000C", "9000");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    assert_eq!(card.transmit(&command), [0x69, 0x85]);
    assert_eq!(card.counters().private_key_operations, 2);
}

#[test]
fn authentication_takes_forty_percent_of_the_modulus() {
    let mut card = card("physician");
    let key = public_key(&mut card, "3F000001A002").rsa().unwrap();
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "00880000 01 00", "6985");
    expect(&mut card, "002241A4 06 800102 840182", "9000");
    let mut command = bytes("00880000 66");
    command.extend([0x5A; 102]);
    let signature = fetch(&mut card, &command);
    let mut recovered = vec![0; 256];
    let length = key
        .public_decrypt(&signature, &mut recovered, Padding::PKCS1)
        .unwrap();
    assert_eq!(recovered[..length], [0x5A; 102]);
    command[4] = 103;
    command.push(0x5A);
    assert_eq!(card.transmit(&command), [0x67, 0x00]);
    // The signature key does not authenticate, the authentication key does not sign.
    expect(&mut card, "002241A4 06 800102 840181", "9000");
    expect(&mut card, "00880000 01 00", "6982");
    expect(&mut card, "002241B6 06 800142 840182", "9000");
    expect(&mut card, "002A9E9A00", "6982");
    expect(&mut card, "002241B6 06 800142 840183", "6A88");
    expect(&mut card, "002241B6 06 800199 840181", "6A80");
}

#[test]
fn decipherment_by_chaining() {
    let mut card = card("physician");
    let key = public_key(&mut card, "3F000001A002").rsa().unwrap();
    let mut cryptogram = vec![0; 256];
    key.public_encrypt(b"secret", &mut cryptogram, Padding::PKCS1)
        .unwrap();
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "002241B8 06 80011A 840182", "9000");
    let mut first = bytes("102A8086 FF 81");
    first.extend(&cryptogram[..254]);
    let mut last = bytes("002A8086 02");
    last.extend(&cryptogram[254..]);
    assert_eq!(card.transmit(&first), [0x90, 0x00]);
    assert_eq!(fetch(&mut card, &last), b"secret");
    cryptogram[255] ^= 1;
    first.splice(6.., cryptogram[..254].iter().copied());
    last.splice(5.., cryptogram[254..].iter().copied());
    assert_eq!(card.transmit(&first), [0x90, 0x00]);
    assert_eq!(card.transmit(&last), [0x6A, 0x80]);
}

#[test]
fn practice_situations_are_behind_the_pin() {
    let mut card = card("physician");
    expect(&mut card, "00A4090C 06 3F000001D120", "9000");
    expect(&mut card, "00B0000002", "6982");
    expect(&mut card, "00A40904 06 3F000001D121", "6A82");
    expect(&mut card, LOGIN, "9000");
    let activity = read(&mut card, "3F000001D122");
    assert_eq!(activity[0], 0xEE);
    assert!(activity.ends_with(b"SA01"));
    card.reset();
    expect(&mut card, "00A4090C 06 3F000001D120", "9000");
    expect(&mut card, "00B0000002", "6982");
}

#[test]
fn holder_data_is_written_after_the_pin() {
    let mut card = card("physician");
    expect(&mut card, "00A4090C 06 3F000001D107", "9000");
    expect(&mut card, "00D60002 02 ABCD", "6982");
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00D60002 02 ABCD", "9000");
    expect(&mut card, "00D6003F 02 ABCD", "6A84");
    expect(&mut card, "00D60041 01 AB", "6B00");
    card.reset();
    expect(&mut card, "00A4090C 06 3F000001D107", "9000");
    expect(&mut card, "00B0000005", "0000ABCD00 9000");
    expect(&mut card, "00A4090C 06 3F0000015031", "9000");
    expect(&mut card, LOGIN, "9000");
    expect(&mut card, "00D60000 01 00", "6982");
}

#[test]
fn the_cps2ter_face() {
    let mut card = card("physician");
    expect(&mut card, "A0A40000 02 3F00", "9F0D");
    expect(&mut card, "A0A40000 02 7F01", "9F0D");
    expect(&mut card, "A0A40000 02 4000", "9F0D");
    expect(
        &mut card,
        "A0C000000D",
        "850B 0020 4000 04 000000000000 9000",
    );
    expect(&mut card, "A0B0000020", "9804");
    expect(&mut card, LOGIN, "9000");
    assert_eq!(card.transmit(&bytes("A0B0000020")).len(), 34);
    expect(&mut card, "A0B0000021", "9402");
    expect(&mut card, "A0A40000 02 3F00", "9F0D");
    expect(&mut card, "A0B0000001", "9408");
    expect(&mut card, "A0A40000 02 4010", "9F0D");
    expect(&mut card, "A0A40000 02 4011", "9404");
    expect(&mut card, "A0A40000 02 4012", "9F0D");
}

#[test]
fn security_data_objects_for_opensc() {
    let mut card = card("physician");
    expect(&mut card, "00CB3FFF 0B 4D097007BF8101037F4180", "610F");
    expect(
        &mut card,
        "00C000000F",
        "700DBF8101097F4106800104810104 9000",
    );
    expect(&mut card, "00CB3FFF 0A 4D087006BFFB01027B80", "6110");
    expect(
        &mut card,
        "00C0000010",
        "700EBFFB010A7B08A406830101950108 9000",
    );
    expect(&mut card, "00CB3FFF 0A 4D087006BF900202A080", "6A88");
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "00CB3FFF 0A 4D087006BF900202A080", "6117");
    expect(
        &mut card,
        "00C0000017",
        "7015BF900211A00F80020100A1098C077BFF1111FFFF00 9000",
    );
}

#[test]
fn challenges_have_eight_bytes() {
    let mut card = card("physician");
    let first = card.transmit(&bytes("0084000008"));
    let second = card.transmit(&bytes("0084000008"));
    assert_eq!((first.len(), second.len()), (10, 10));
    assert_ne!(first, second);
    expect(&mut card, "0084000010", "6C08");
}

#[test]
fn the_same_profile_gives_the_same_card_again() {
    let first = read(&mut card("physician"), "3F000001A002");
    assert_eq!(first, read(&mut card("physician"), "3F000001A002"));
    let edited = include_str!("../../profiles/physician.json").replace("CAMILLE", "CAMILLO");
    let edited = Profile::from_json(&edited.replace("99000001", "99000099")).unwrap();
    let mut edited = SoftCard::new(&edited, &mut pki()).unwrap();
    assert_ne!(first, read(&mut edited, "3F000001A002"));
}

#[test]
fn files_of_a_profile_replace_those_of_the_card() {
    let json = include_str!("../../profiles/physician.json")
        .replace("99000001", "99000098")
        .replacen(
            "\"person\"",
            r#""quirks": {"ef_actua": "valid"}, "files": {"3F000001D103": "ED00", "3F000001D102": null, "3F00D011": "01 02"}, "person""#,
            1,
        );
    let mut card = SoftCard::new(&Profile::from_json(&json).unwrap(), &mut pki()).unwrap();
    assert_eq!(hex(&read(&mut card, "3F000001D103")), "ED00");
    assert_eq!(hex(&read(&mut card, "3F00D011")), "0102");
    assert!(hex(&read(&mut card, "3F00D010")).starts_with("EC128107"));
    expect(&mut card, "00A40904 06 3F000001D102", "6A82");
}
