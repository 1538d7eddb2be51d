//! Cards that tell little: the CPS3 on a contactless reader, and the Vitale of the first generation.

use std::path::Path;
use std::time::SystemTime;

use openssl::rsa::Padding;
use openssl::x509::X509;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

fn pki() -> PkiDirectory {
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

#[track_caller]
fn expect(card: &mut SoftCard, command: &str, answer: &str) {
    assert_eq!(
        card.transmit(&bytes(command)),
        bytes(answer),
        "to {command}"
    );
}

/// A file of the contactless application, selected and read with Le 00.
#[track_caller]
fn read(card: &mut SoftCard, path: &str) -> Vec<u8> {
    let path = bytes(path);
    let select = [
        &[0x00, 0xA4, 0x09, 0x04, path.len() as u8][..],
        &path,
        &[0x00],
    ]
    .concat();
    let parameters = card.transmit(&select);
    assert_eq!(parameters[0], 0x62, "to {select:02X?}");
    let size = usize::from(u16::from_be_bytes([parameters[4], parameters[5]]));
    let mut content = Vec::new();
    while content.len() < size {
        let offset = (content.len() as u16).to_be_bytes();
        let answer = card.transmit(&[0x00, 0xB0, offset[0], offset[1], 0x00]);
        content.extend(answer.strip_suffix(&[0x90, 0x00]).unwrap());
    }
    content
}

#[test]
fn the_technical_key_signs_for_whoever_asks() {
    let mut card = card("physician-contactless");
    assert_eq!(
        card.atr(),
        bytes("3B8F80010031B86404B0ECC1739401808290000E")
    );
    assert_eq!(read(&mut card, "3F00D003")[7..11], bytes("99000010"));
    assert_eq!(read(&mut card, "3F002F00").len(), 0x65);
    let directory = read(&mut card, "3F0000025031");
    assert_eq!(
        directory,
        bytes("A00A300804063F0000027002 A40A300804063F0000027005")
    );
    let keys = read(&mut card, "3F0000027002");
    assert!(keys.windows(17).any(|label| label == b"CPS_PRIV_TECH_AUT"));
    let certificate = X509::from_der(&read(&mut card, "3F000002A003")).unwrap();
    let stored = pki().technical_certificate("99000010").unwrap();
    assert_eq!(certificate.to_der().unwrap(), stored.der());
    expect(&mut card, "00A4090C 04 3F000002", "9000");
    expect(&mut card, "002241A4 06 800102 840183", "9000");
    let mut command = bytes("00880000 20");
    command.extend([0x5A; 32]);
    // Without Le the signature is made and not told.
    assert_eq!(card.transmit(&command), [0x90, 0x00]);
    command.push(0x00);
    let answer = card.transmit(&command);
    let signature = answer.strip_suffix(&[0x90, 0x00]).unwrap();
    let key = certificate.public_key().unwrap().rsa().unwrap();
    let mut opened = vec![0; 256];
    let length = key
        .public_decrypt(signature, &mut opened, Padding::PKCS1)
        .unwrap();
    assert_eq!(opened[..length], [0x5A; 32]);
}

#[test]
fn nothing_of_the_holder_is_told_without_contact() {
    let mut card = card("physician-contactless");
    expect(&mut card, "00A4090C 06 3F0000017001", "9000");
    expect(&mut card, "00B0000001", "6982");
    expect(&mut card, "00A4090C 06 3F0000015031", "9000");
    expect(&mut card, "00B0000000", "6982");
    for verify in ["00200001", "00200001 08 31323334FFFFFFFF", "00200002"] {
        expect(&mut card, verify, "6A88");
    }
    expect(&mut card, "00CB3FFF 0A 4D087006BF810102A080 00", "6A88");
    expect(&mut card, "00A4090C 04 3F000002", "9000");
    // The keys behind the PIN are not there.
    for key in ["81", "82"] {
        expect(&mut card, &format!("002241A4 06 800102 8401{key}"), "6A88");
    }
    expect(&mut card, "00A4090C 04 3F000001", "9000");
    expect(&mut card, "002241A4 06 800102 840183", "6A88");
    expect(&mut card, "00880000 01 00 00", "6985");
    assert_eq!(card.pin_tries_left(), None);
    // Nor is the technical key there through the contacts.
    let mut contact = self::card("physician");
    expect(&mut contact, "00A4090C 04 3F000002", "9000");
    expect(&mut contact, "002241A4 06 800102 840183", "6A88");
}

#[test]
fn a_technical_certificate_can_be_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let mut pki = PkiDirectory::open_or_create(folder.path(), SystemTime::now().into()).unwrap();
    let profile = Profile::shipped("physician-contactless").unwrap();
    SoftCard::new(&profile, &mut pki).unwrap();
    pki.revoke_card(profile.serial()).unwrap();
    assert!(pki.card_certificates(profile.serial()).is_err());
}

#[test]
fn a_first_vitale_says_nothing() {
    let json = include_str!("../../profiles/vitale1.json");
    for atr in [
        "3F6525002209F99000",
        "3F6525002209699000",
        "3F6525002C09F99000",
        "3F6525002C09699000",
        "3F65250052096A9000",
        "3F652500A3096A9000",
        "3F652500A4096A9000",
    ] {
        let profile = json.replacen('{', &format!("{{\"atr\":\"{atr}\","), 1);
        let mut card = SoftCard::new(&Profile::from_json(&profile).unwrap(), &mut pki()).unwrap();
        assert_eq!(card.atr(), bytes(atr));
        expect(&mut card, "00A40400 02 3F00", "6E00");
        expect(&mut card, "BCB0000004", "6E00");
    }
    let unknown = json.replacen('{', "{\"atr\":\"3F6525002C09699100\",", 1);
    assert!(Profile::from_json(&unknown).is_err());
}
