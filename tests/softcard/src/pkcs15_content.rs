//! The PKCS#15 files of CPS cards (ISO/IEC 7816-15), with the layout and the irregularities of real cards: flags that are no
//! valid BIT STRING (`03 01 08`), private keys without algorithm references, no path in the PIN objects.
//!
//! The layout is that of the CPS3; a CPS4 gets the same with its own key references, its own names, and the records of the older
//! generation as ordinary data objects. File identifiers 7001 (AODF) and 7005 (CDF) are those of real cards; the others are ours.

use crate::profile::{CertificateFlags, DirectoryOrder};
use crate::tlv::{encode, encode_constructed};

/// DF name of the contact application.
pub(crate) const CONTACT_APPLICATION: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10,
];
/// DF name of the contactless application.
pub(crate) const CONTACTLESS_APPLICATION: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20,
];

/// File identifiers in the application directory.
pub(crate) mod identifier {
    pub(crate) const CONTACT_APPLICATION: u16 = 0x0001;
    pub(crate) const CONTACTLESS_APPLICATION: u16 = 0x0002;
    pub(crate) const OBJECT_DIRECTORY: u16 = 0x5031;
    pub(crate) const TOKEN_INFO: u16 = 0x5032;
    pub(crate) const AUTHENTICATION_OBJECTS: u16 = 0x7001;
    pub(crate) const PRIVATE_KEYS: u16 = 0x7002;
    pub(crate) const CERTIFICATES: u16 = 0x7005;
    pub(crate) const DATA_OBJECTS: u16 = 0x7006;
    pub(crate) const SIGNATURE_CERTIFICATE: u16 = 0xA001;
    pub(crate) const AUTHENTICATION_CERTIFICATE: u16 = 0xA002;
    pub(crate) const TECHNICAL_CERTIFICATE: u16 = 0xA003;
    pub(crate) const ID_CARD: u16 = 0xD100;
    pub(crate) const NAME: u16 = 0xD101;
    pub(crate) const LANGUAGE: u16 = 0xD102;
    pub(crate) const PROFESSIONAL: u16 = 0xD103;
    pub(crate) const HOLDER_DATA: u16 = 0xD107;
    /// CPS4: CPS_SIT_FACT.
    pub(crate) const BILLING_SITUATION: u16 = 0xD108;
    /// CPS_ACTIVITY_01_PS; the sixteen follow one another.
    pub(crate) const FIRST_ACTIVITY: u16 = 0xD120;
    /// CPS4: the free records of the older generation follow one another.
    pub(crate) const FIRST_CPS2TER: u16 = 0xD201;
    /// CPS4: CPS2TER_ACTIVITY_01_PS; the sixteen follow one another.
    pub(crate) const FIRST_CPS2TER_ACTIVITY: u16 = 0xD220;
}

/// A private key with its certificate, as the directory files tell of them.
#[derive(Debug)]
pub(crate) struct KeyDescription {
    label: &'static str,
    certificate_label: &'static str,
    application: u16,
    application_name: &'static [u8; 13],
    /// Last byte of the identifier of key and certificate.
    id: u8,
    /// Content of the usage bit string.
    usage: &'static [u8],
    reference: u8,
    needs_pin: bool,
    pub(crate) certificate_file: u16,
}

impl KeyDescription {
    pub(crate) const SIGNATURE: Self = Self {
        label: "CPS_PRIV_SIG",
        certificate_label: "Certificat de Signature CPS",
        application: identifier::CONTACT_APPLICATION,
        application_name: &CONTACT_APPLICATION,
        id: 0x01,
        usage: &[0x06, 0x00, 0x40],
        reference: 0x81,
        needs_pin: true,
        certificate_file: identifier::SIGNATURE_CERTIFICATE,
    };
    pub(crate) const AUTHENTICATION: Self = Self {
        label: "CPS_PRIV_AUT",
        certificate_label: "Certificat d'Authentification CPS",
        id: 0x02,
        usage: &[0x05, 0x60],
        reference: 0x82,
        certificate_file: identifier::AUTHENTICATION_CERTIFICATE,
        ..Self::SIGNATURE
    };
    pub(crate) const SIGNATURE_CPS4: Self = Self {
        id: 0x10,
        reference: 0x10,
        ..Self::SIGNATURE
    };
    pub(crate) const AUTHENTICATION_CPS4: Self = Self {
        id: 0x20,
        reference: 0x20,
        ..Self::AUTHENTICATION
    };
    /// Sign, without a PIN; in the contactless application.
    pub(crate) const TECHNICAL: Self = Self {
        label: "CPS_PRIV_TECH_AUT",
        certificate_label: "Certificat Technique CPS",
        application: identifier::CONTACTLESS_APPLICATION,
        application_name: &CONTACTLESS_APPLICATION,
        id: 0x03,
        usage: &[0x05, 0x20],
        reference: 0x83,
        needs_pin: false,
        certificate_file: identifier::TECHNICAL_CERTIFICATE,
    };

    /// Identifier of the key and of its certificate: the application's name and one byte.
    fn object_id(&self) -> Vec<u8> {
        let mut id = self.application_name.to_vec();
        id.push(self.id);
        id
    }
}

const SEQUENCE: u32 = 0x30;
const UTF8_STRING: u32 = 0x0C;
/// authId of the PIN and of the unblock code.
const PIN_AUTHENTICATION_ID: [u8; 1] = [0x01];

/// EF.DIR: one record per application with name, label, path and, where wanted, a discretionary template that names the
/// contact application in both (as on a real card).
///
/// The order matters to one reader: OpenSC means to move the applications that it knows to the head of its list, and in
/// doing so exchanges the first two. With the contact application first it would bind to the contactless one.
pub(crate) fn directory(discretionary_template: bool, order: DirectoryOrder) -> Vec<u8> {
    let record = |name: &[u8], label: &str, identifier: u16| {
        let mut parts = vec![
            encode(0x4F, name),
            encode(0x50, label.as_bytes()),
            encode(0x51, &path_of_application(identifier)),
        ];
        if discretionary_template {
            parts.push(encode_constructed(
                0x73,
                &[encode(0x4F, &CONTACT_APPLICATION)],
            ));
        }
        encode_constructed(0x61, &parts)
    };
    let contact = record(
        &CONTACT_APPLICATION,
        "CPX IAS",
        identifier::CONTACT_APPLICATION,
    );
    let contactless = record(
        &CONTACTLESS_APPLICATION,
        "CPX IAS CL",
        identifier::CONTACTLESS_APPLICATION,
    );
    match order {
        DirectoryOrder::ContactlessFirst => [contactless, contact].concat(),
        DirectoryOrder::ContactFirst => [contact, contactless].concat(),
    }
}

/// EF.ATR of a real card, stray category byte included.
pub(crate) const EF_ATR: [u8; 57] = [
    0x80, 0x43, 0x01, 0xB8, 0x46, 0x04, 0x04, 0xB0, 0xEC, 0xC1, 0x47, 0x03, 0x94, 0x01, 0x80, 0x4F,
    0x08, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00, 0xE0, 0x10, 0x02, 0x02, 0x01, 0x04, 0x02,
    0x02, 0x01, 0x04, 0x02, 0x02, 0x01, 0x00, 0x02, 0x02, 0x01, 0x00, 0x78, 0x08, 0x06, 0x06, 0x2B,
    0x81, 0x22, 0xF8, 0x78, 0x02, 0x82, 0x02, 0x90, 0x00,
];

/// EF.OD: where each directory file is.
pub(crate) fn object_directory() -> Vec<u8> {
    [
        (0xA8, identifier::AUTHENTICATION_OBJECTS),
        (0xA0, identifier::PRIVATE_KEYS),
        (0xA4, identifier::CERTIFICATES),
        (0xA7, identifier::DATA_OBJECTS),
    ]
    .into_iter()
    .flat_map(|(tag, file)| encode_constructed(tag, &[path(identifier::CONTACT_APPLICATION, file)]))
    .collect()
}

/// EF.OD of the contactless application, which has neither codes nor data objects.
pub(crate) fn contactless_object_directory() -> Vec<u8> {
    [
        (0xA0, identifier::PRIVATE_KEYS),
        (0xA4, identifier::CERTIFICATES),
    ]
    .into_iter()
    .flat_map(|(tag, file)| {
        encode_constructed(tag, &[path(identifier::CONTACTLESS_APPLICATION, file)])
    })
    .collect()
}

/// An algorithm of EF.TokenInfo: reference, PKCS#11 mechanism, operations bit string, algorithm reference of the card.
type Algorithm = (u8, &'static [u8], [u8; 2], u8);

/// The algorithms of a CPS3.
pub(crate) const CPS3_ALGORITHMS: [Algorithm; 6] = [
    (1, &[0x02, 0x20], [0x01, 0x02], 0x10),
    (2, &[0x02, 0x50], [0x01, 0x02], 0x40),
    (3, &[0x06], [0x06, 0x40], 0x12),
    (4, &[0x40], [0x06, 0x40], 0x42),
    (5, &[0x01], [0x06, 0x40], 0x02),
    (6, &[0x01], [0x02, 0x04], 0x1A),
];

/// EF.TokenInfo: label, flags (read only, and login required where it is) and the card's algorithms, where it tells them.
pub(crate) fn token_info(label: &str, login_required: bool, algorithms: &[Algorithm]) -> Vec<u8> {
    let algorithms: Vec<_> = algorithms
        .iter()
        .map(|(reference, mechanism, operations, card_reference)| {
            encode_constructed(
                SEQUENCE,
                &[
                    encode(0x02, &[*reference]),
                    encode(0x02, mechanism),
                    encode(0x05, &[]),
                    encode(0x03, operations),
                    encode(0x02, &[*card_reference]),
                ],
            )
        })
        .collect();
    let flags: [u8; 2] = if login_required {
        [0x06, 0xC0]
    } else {
        [0x07, 0x80]
    };
    let mut parts = vec![
        encode(0x02, &[0x00]),
        encode(0x04, &[0x00]),
        encode(UTF8_STRING, b"ASIP SANTE"),
        encode(0x80, label.as_bytes()),
        encode(0x03, &flags),
    ];
    if !algorithms.is_empty() {
        parts.push(encode_constructed(0xA2, &algorithms));
    }
    encode_constructed(SEQUENCE, &parts)
}

/// EF.AODF with the PIN padded to eight bytes, byte for byte as on a real card, or unpadded; and the unblock code.
pub(crate) fn authentication_objects(padded: bool) -> Vec<u8> {
    let execute = [0x30, 0x06, 0x03, 0x02, 0x05, 0x20, 0x05, 0x00];
    let update = [0x30, 0x06, 0x03, 0x02, 0x06, 0x40, 0x05, 0x00];
    let reset_after_unblock_code = [0x30, 0x07, 0x03, 0x02, 0x03, 0x08, 0x04, 0x01, 0x04];
    // Not a valid BIT STRING: the value has an unused-bits byte of 8 and nothing else.
    let irregular_flags = [0x03, 0x01, 0x08];

    let pin_common = encode_constructed(
        SEQUENCE,
        &[
            &encode(UTF8_STRING, "Code porteur de la carte CPX".as_bytes())[..],
            &irregular_flags,
            &encode(0x04, &[0x02]),
            &encode_constructed(
                SEQUENCE,
                &[&execute[..], &update, &reset_after_unblock_code],
            ),
        ],
    );
    // Padded: initialized, needs-padding, exchangeRefData; lengths 4, stored 8, 4; pad FF.
    // Unpadded: initialized, exchangeRefData; lengths 4, stored 4, 8.
    let pin_attributes: &[u8] = if padded {
        &[
            0x03, 0x03, 0x04, 0x0C, 0x10, 0x0A, 0x01, 0x01, 0x02, 0x01, 0x04, 0x02, 0x01, 0x08,
            0x02, 0x01, 0x04, 0x80, 0x01, 0x01, 0x04, 0x01, 0xFF,
        ]
    } else {
        &[
            0x03, 0x03, 0x04, 0x08, 0x10, 0x0A, 0x01, 0x01, 0x02, 0x01, 0x04, 0x02, 0x01, 0x04,
            0x02, 0x01, 0x08, 0x80, 0x01, 0x01,
        ]
    };
    let pin = authentication_object(pin_common, &PIN_AUTHENTICATION_ID, pin_attributes);

    let unblock_common = encode_constructed(
        SEQUENCE,
        &[
            &encode(UTF8_STRING, "Code de déblocage de la carte CPX".as_bytes())[..],
            &irregular_flags,
            &encode_constructed(SEQUENCE, &[&execute, &update]),
        ],
    );
    // Unblock-disabled, initialized, needs-padding, soPin; lengths 8, 8, 8; reference 02.
    let unblock_attributes = [
        0x03, 0x03, 0x04, 0x1D, 0x10, 0x0A, 0x01, 0x02, 0x02, 0x01, 0x08, 0x02, 0x01, 0x08, 0x02,
        0x01, 0x08, 0x80, 0x01, 0x02,
    ];
    let unblock = authentication_object(unblock_common, &[0x04], &unblock_attributes);
    [pin, unblock].concat()
}

fn authentication_object(common: Vec<u8>, id: &[u8], attributes: &[u8]) -> Vec<u8> {
    encode_constructed(
        SEQUENCE,
        &[
            common,
            encode_constructed(SEQUENCE, &[encode(0x04, id)]),
            encode_constructed(0xA1, &[encode(SEQUENCE, attributes)]),
        ],
    )
}

/// EF.PrKDF: each key with the bits of its modulus, without algorithm references.
pub(crate) fn private_keys(keys: &[(&KeyDescription, u16)]) -> Vec<u8> {
    keys.iter()
        .flat_map(|(key, bits)| {
            let mut common = vec![encode(UTF8_STRING, key.label.as_bytes())];
            if key.needs_pin {
                common.push(encode(0x03, &[0x07, 0x80]));
                common.push(encode(0x04, &PIN_AUTHENTICATION_ID));
            }
            let reference: &[u8] = match key.reference {
                0x80.. => &[0x00, key.reference],
                _ => &[key.reference],
            };
            let attributes = [
                encode(0x04, &key.object_id()),
                encode(0x03, key.usage),
                encode(0x03, &[0x03, 0xB8]),
                encode(0x02, reference),
            ];
            let modulus = [
                encode_constructed(SEQUENCE, &[encode(0x04, &[])]),
                encode(0x02, &bits.to_be_bytes()),
            ];
            encode_constructed(
                SEQUENCE,
                &[
                    encode_constructed(SEQUENCE, &common),
                    encode_constructed(SEQUENCE, &attributes),
                    encode_constructed(0xA1, &[encode_constructed(SEQUENCE, &modulus)]),
                ],
            )
        })
        .collect()
}

/// EF.CDF: the certificates of these keys.
pub(crate) fn certificates(keys: &[&KeyDescription], flags: CertificateFlags) -> Vec<u8> {
    let flags: &[u8] = match flags {
        CertificateFlags::Minimal => &[0x03, 0x01, 0x00],
        // A bit string whose unused bits are counted wrongly, then: read always.
        CertificateFlags::Real => &[
            0x03, 0x02, 0x08, 0x00, 0x30, 0x08, 0x30, 0x06, 0x03, 0x02, 0x07, 0x80, 0x05, 0x00,
        ],
    };
    keys.iter()
        .flat_map(|key| {
            let label = encode(UTF8_STRING, key.certificate_label.as_bytes());
            let file = path(key.application, key.certificate_file);
            encode_constructed(
                SEQUENCE,
                &[
                    encode_constructed(SEQUENCE, &[&label[..], flags]),
                    encode_constructed(SEQUENCE, &[encode(0x04, &key.object_id())]),
                    encode_constructed(0xA1, &[encode_constructed(SEQUENCE, &[file])]),
                ],
            )
        })
        .collect()
}

/// Who may read and write a data object, as its entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataObjectFlags {
    Free,
    Private,
    Modifiable,
}

/// One entry of EF.DODF.
pub(crate) fn data_object(label: &str, file: u16, flags: DataObjectFlags) -> Vec<u8> {
    let mut common = vec![encode(UTF8_STRING, label.as_bytes())];
    match flags {
        DataObjectFlags::Free => common.push(encode(0x03, &[0x00])),
        DataObjectFlags::Private => {
            common.push(encode(0x03, &[0x07, 0x80]));
            common.push(encode(0x04, &PIN_AUTHENTICATION_ID));
        }
        DataObjectFlags::Modifiable => common.push(encode(0x03, &[0x06, 0x40])),
    }
    encode_constructed(
        SEQUENCE,
        &[
            encode_constructed(SEQUENCE, &common),
            encode_constructed(SEQUENCE, &[encode(UTF8_STRING, b"CPS")]),
            encode_constructed(0xA1, &[path(identifier::CONTACT_APPLICATION, file)]),
        ],
    )
}

/// A Path with the absolute path of a file in an application.
fn path(application: u16, file: u16) -> Vec<u8> {
    let mut value = path_of_application(application).to_vec();
    value.extend(file.to_be_bytes());
    encode_constructed(SEQUENCE, &[encode(0x04, &value)])
}

fn path_of_application(application: u16) -> [u8; 4] {
    let [high, low] = application.to_be_bytes();
    [0x3F, 0x00, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_a_real_card() {
        assert_eq!(
            directory(true, DirectoryOrder::ContactlessFirst).len(),
            0x65
        );
        assert_eq!(EF_ATR.len(), 0x39);
        let objects = authentication_objects(true);
        assert_eq!(objects[..2], [0x30, 0x61]);
        assert_eq!(objects[0x63..0x65], [0x30, 0x58]);
        assert_eq!(objects.len(), 0x63 + 0x5A);
        let keys = private_keys(&[
            (&KeyDescription::SIGNATURE, 2048),
            (&KeyDescription::AUTHENTICATION, 2048),
        ]);
        assert_eq!(keys[..4], [0x30, 0x42, 0x30, 0x15]);
    }
}
