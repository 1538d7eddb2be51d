//! GET DATA of IAS-ECC security data objects: `00 CB 3F FF` with `4D {70 {BF class reference {tag 80}}}`.
//!
//! Two middlewares must be satisfied at once. The official module reads the control part (A0) of the two codes and takes
//! their counters from it, byte layout as traced from a real card. OpenSC's IAS-ECC driver also reads the code's lengths
//! (7F41), the private keys' control part and body (A0, 7F48) and a security environment (7B), which tells it which code
//! guards the keys. Codes and environments live in the master file, keys in the application: elsewhere `6A88`.

use crate::apdu::Command;
use crate::pin::{PIN_MAXIMUM_TRIES, Pins, UNBLOCK_MAXIMUM_TRIES, UNBLOCK_MAXIMUM_USES};
use crate::status_word::StatusWord;
use crate::tlv::{self, encode, encode_constructed};

/// Where the current directory is, as far as security data objects care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    MasterFile,
    Application,
    Elsewhere,
}

const CLASS_CODE: u8 = 0x01;
const CLASS_RSA_PRIVATE: u8 = 0x10;
const CLASS_SECURITY_ENVIRONMENT: u8 = 0x7B;

/// Answers GET DATA.
pub(crate) fn get_data(
    command: &Command,
    place: Place,
    pins: &Pins,
    modulus_length: usize,
) -> Result<Vec<u8>, StatusWord> {
    if command.p1_p2() != 0x3FFF {
        return Err(StatusWord::INCORRECT_P1_P2);
    }
    let request = Request::read(command.data()?)?;
    let body = match (request.class & 0x7F, request.reference & 0x1F, place) {
        (CLASS_CODE, 0x01, Place::MasterFile) => pin_object(&request, pins)?,
        (CLASS_CODE, 0x02, Place::MasterFile) => unblock_object(&request, pins)?,
        (CLASS_SECURITY_ENVIRONMENT, number, Place::MasterFile) => {
            security_environment(&request, number)?
        }
        (CLASS_RSA_PRIVATE, 0x01, Place::Application) => {
            private_key(&request, modulus_length, SIGNATURE_RULES)?
        }
        (CLASS_RSA_PRIVATE, 0x02, Place::Application) => {
            private_key(&request, modulus_length, AUTHENTICATION_RULES)?
        }
        _ => return Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
    };
    let tag = u32::from_be_bytes([0, 0xBF, request.class, request.reference]);
    Ok(encode_constructed(0x70, &[encode(tag, &body)]))
}

/// Access rules of CPS_PRIV_SIG: sign after the PIN, nothing else; put never, get always.
const SIGNATURE_RULES: [u8; 7] = [0x7B, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0x00];
/// Access rules of CPS_PRIV_AUT: authenticate and decipher after the PIN.
const AUTHENTICATION_RULES: [u8; 7] = [0x7B, 0xFF, 0x11, 0x11, 0xFF, 0xFF, 0x00];
/// Rules of the PIN, bytes of a real card: change and verify always, reset after the unblock code, put never, get always.
const PIN_RULES: [u8; 6] = [0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00];
/// Rules of the unblock code: change never, verify always, reset never.
const UNBLOCK_RULES: [u8; 6] = [0xF3, 0xFF, 0x00, 0xFF, 0xFF, 0x00];

fn pin_object(request: &Request, pins: &Pins) -> Result<Vec<u8>, StatusWord> {
    match request.wanted {
        0xA0 => Ok(encode_constructed(
            0xA0,
            &[
                encode(0x9A, &[PIN_MAXIMUM_TRIES]),
                encode(0x9B, &[pins.pin_tries_left()]),
                rules(&PIN_RULES),
            ],
        )),
        0x7F41 => {
            let (minimum, maximum) = pins.pin_lengths();
            Ok(code_lengths(minimum, maximum))
        }
        _ => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
    }
}

fn unblock_object(request: &Request, pins: &Pins) -> Result<Vec<u8>, StatusWord> {
    match request.wanted {
        0xA0 => Ok(encode_constructed(
            0xA0,
            &[
                encode(0x9A, &[UNBLOCK_MAXIMUM_TRIES]),
                encode(0x9B, &[pins.unblock_tries_left()]),
                encode(0x9C, &[UNBLOCK_MAXIMUM_USES]),
                encode(0x9D, &[pins.unblock_uses_left()]),
                rules(&UNBLOCK_RULES),
            ],
        )),
        0x7F41 => Ok(code_lengths(8, 8)),
        _ => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
    }
}

/// Security environments 1 (the PIN) and 3 (the unblock code): which code a condition `1n` means.
fn security_environment(request: &Request, number: u8) -> Result<Vec<u8>, StatusWord> {
    let reference = match (request.wanted, number) {
        (0x7B, 1) => 0x01,
        (0x7B, 3) => 0x02,
        _ => return Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
    };
    let authentication =
        encode_constructed(0xA4, &[encode(0x83, &[reference]), encode(0x95, &[0x08])]);
    Ok(encode_constructed(0x7B, &[authentication]))
}

fn private_key(
    request: &Request,
    modulus_length: usize,
    access: [u8; 7],
) -> Result<Vec<u8>, StatusWord> {
    match request.wanted {
        0xA0 => {
            let size = u16::try_from(modulus_length).unwrap_or(u16::MAX);
            Ok(encode_constructed(
                0xA0,
                &[encode(0x80, &size.to_be_bytes()), rules(&access)],
            ))
        }
        // The body is there, its content is not readable.
        0x7F48 => Ok(encode(0x7F48, &encode(0x80, &[0x00]))),
        _ => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
    }
}

fn rules(bytes: &[u8]) -> Vec<u8> {
    encode_constructed(0xA1, &[encode(0x8C, bytes)])
}

fn code_lengths(minimum: u8, maximum: u8) -> Vec<u8> {
    encode_constructed(
        0x7F41,
        &[encode(0x80, &[maximum]), encode(0x81, &[minimum])],
    )
}

/// A parsed request: class and reference with their high bits as sent, and the wanted tag.
struct Request {
    class: u8,
    reference: u8,
    wanted: u32,
}

impl Request {
    fn read(data: &[u8]) -> Result<Self, StatusWord> {
        let extended_header_list = only(data, 0x4D)?;
        let template = only(extended_header_list, 0x70)?;
        let [0xBF, class, reference, rest @ ..] = template else {
            return Err(StatusWord::INCORRECT_DATA);
        };
        let (length, wanted) = tlv::read_length(rest)?;
        if wanted.len() != length {
            return Err(StatusWord::INCORRECT_DATA);
        }
        // The tag, then the length 80 that means "all of it" in an extended header list.
        let wanted = match wanted {
            [tag, 0x80] => u32::from(*tag),
            [high, low, 0x80] => u32::from(u16::from_be_bytes([*high, *low])),
            _ => return Err(StatusWord::INCORRECT_DATA),
        };
        Ok(Self {
            class: *class,
            reference: *reference,
            wanted,
        })
    }
}

/// The value of the one object that fills `data`, which must have this tag.
fn only(data: &[u8], tag: u8) -> Result<&[u8], StatusWord> {
    match tlv::read_one(data)? {
        (object, []) if object.tag == tag => Ok(object.value),
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}
