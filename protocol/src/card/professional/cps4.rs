//! The commands of a CPS4 (NXP ChipDoc), which lives on logical channel 1: files by path without the
//! master file (SELECT `08`, P2 `00`), VERIFY without data for the tries left, a change of PIN as
//! VERIFY and CHANGE REFERENCE DATA `01`, an unblocking as RESET RETRY COUNTER `03` without data and
//! then that change. Both keys sign by PSO COMPUTE DIGITAL SIGNATURE, the signature key in PKCS#1
//! v1.5 (`28`) or PSS (`2C`), the authentication key in PSS; the authentication key does PKCS#1 v1.5
//! by PSO DECIPHER over a block padded here, in a chain of two commands.
//!
//! No description of the card is public: these are the commands that the issuer's own module was
//! observed to send. The empty VERIFY is among them, and is sent to this card and to no other: a
//! card that counts it as a miss would lose tries by being looked at.
//!
//! When another program leaves the channel in another application, the card answers `6985` to ours:
//! [`enter_again`] brings it back. Reading takes at most 25 commands without certificates, a
//! signature 2 or 3.

use super::signature::{SigningSteps, digest_info};
use crate::algorithm::SignatureAlgorithm;
use crate::card::apdu::{Command, Instruction};
use crate::card::error::{CardError, KeyPurpose};
use crate::card::exchange::Exchange;
use crate::card::file::{CardFile, FilePath};
use crate::card::pin_counters::PinCounters;
use crate::card::status::{StatusMeaning, StatusWord};
use crate::card::transport::Transport;
use crate::digest::Sha256Digest;

/// The logical channel of the card's own application.
pub(super) const CHANNEL: u8 = 1;

/// The application that holds everything here.
const APPLICATION: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];
/// The card manager's, on the same channel.
const CARD_MANAGER: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];
/// The face of the previous generation, on the basic channel.
const PREVIOUS_GENERATION: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02];
/// Tries of both codes when none was missed, as the issuer's module shows them; the card does not
/// say.
const MAXIMUM_TRIES: u8 = 3;
/// Data bytes of one command of a chain.
const CHAIN: usize = 255;
/// Bit 8 of a key reference: a key of the current folder.
const LOCAL_KEY: u8 = 0x80;

/// Selects the application, the long way if the card does not take the short one.
pub(super) fn enter<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
) -> Result<(), CardError> {
    if is_success(exchange.send_for_status(&by_name(&APPLICATION)?.on_channel(CHANNEL))?) {
        return Ok(());
    }
    enter_again(exchange)
}

/// The issuer's way back to the application. What the card answers does not count: whether it worked
/// shows at the next file.
pub(super) fn enter_again<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
) -> Result<(), CardError> {
    exchange.send_for_status(&by_name(&CARD_MANAGER)?.on_channel(CHANNEL))?;
    exchange.send_for_status(&by_name(&PREVIOUS_GENERATION)?)?;
    exchange.send_for_status(&by_name(&APPLICATION)?.on_channel(CHANNEL))?;
    Ok(())
}

/// SELECT of a file by its path. The card answers with file control information, which is not
/// looked at.
pub(super) fn select_file(path: &FilePath) -> Result<Command, CardError> {
    Ok(select_folder(path)?.expecting(256))
}

/// SELECT of a folder by its path.
pub(super) fn select_folder(path: &FilePath) -> Result<Command, CardError> {
    let below = path.as_bytes().get(2..).unwrap_or_default();
    Ok(Command::new(Instruction::Select, 0x08, 0x00)
        .with_data(below)?
        .on_channel(CHANNEL))
}

/// The tries left of the PIN or unblocking code with this reference, by VERIFY without data.
pub(super) fn counters<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
    reference: u8,
) -> Result<PinCounters, CardError> {
    let command = Command::new(Instruction::Verify, 0x00, reference).on_channel(CHANNEL);
    let status = exchange.send_for_status(&command)?;
    let left = match status.meaning() {
        StatusMeaning::VerificationFailed {
            tries_left: Some(left),
        } => left,
        StatusMeaning::AuthenticationBlocked => 0,
        // Verified already: a right code gave it all its tries back.
        StatusMeaning::Success => MAXIMUM_TRIES,
        _ => {
            return Err(CardError::Status {
                command: Instruction::Verify,
                file: Some(CardFile::PinCounters),
                status,
            });
        }
    };
    Ok(PinCounters {
        max: left.max(MAXIMUM_TRIES),
        left,
        uses_left: None,
    })
}

/// CHANGE REFERENCE DATA with the new PIN alone (P1 `01`), after VERIFY of the old one or after
/// [`reset`].
pub(super) fn change(reference: u8, new: &[u8]) -> Result<Command, CardError> {
    Ok(
        Command::new(Instruction::ChangeReferenceData, 0x01, reference)
            .with_data(new)?
            .on_channel(CHANNEL)
            .sensitive(),
    )
}

/// RESET RETRY COUNTER without data (P1 `03`), after VERIFY of the unblocking code.
pub(super) fn reset(reference: u8) -> Command {
    Command::new(Instruction::ResetRetryCounter, 0x03, reference | 0x80).on_channel(CHANNEL)
}

/// How a key of the holder, whose modulus has `modulus` bytes, signs a digest.
pub(super) fn signing_steps(
    purpose: KeyPurpose,
    algorithm: SignatureAlgorithm,
    reference: u8,
    modulus: usize,
    digest: &Sha256Digest,
) -> Result<SigningSteps, CardError> {
    let card_algorithm = match (purpose, algorithm) {
        (KeyPurpose::Authentication, SignatureAlgorithm::RsaPkcs1Sha256) => {
            return raw_steps(reference, &padded(modulus, digest)?);
        }
        (KeyPurpose::Signature, SignatureAlgorithm::RsaPkcs1Sha256) => 0x28,
        (_, SignatureAlgorithm::RsaPssSha256) => 0x2C,
        _ => return Err(CardError::AlgorithmNotOffered { purpose, algorithm }),
    };
    on_card_steps(card_algorithm, reference, digest.as_bytes())
}

/// How the signature key signs the SHA-1 digest of a lot of profile `dmp-legacy`.
pub(super) fn legacy_lot_steps(reference: u8, sha1: &[u8; 20]) -> Result<SigningSteps, CardError> {
    on_card_steps(0x0A, reference, sha1)
}

/// A signature whose padding the card makes, PSO `9E9A`.
fn on_card_steps(
    card_algorithm: u8,
    reference: u8,
    digest: &[u8],
) -> Result<SigningSteps, CardError> {
    let data = [0x91, 0x02, card_algorithm, reference | LOCAL_KEY];
    Ok(SigningSteps {
        before: vec![
            Command::new(Instruction::ManageSecurityEnvironment, 0x81, 0xB6)
                .with_data(&data)?
                .on_channel(CHANNEL),
        ],
        last: Command::new(Instruction::PerformSecurityOperation, 0x9E, 0x9A)
            .with_data(digest)?
            .on_channel(CHANNEL)
            .expecting(256),
    })
}

/// The private-key operation on a whole block, PSO `8086`.
fn raw_steps(reference: u8, block: &[u8]) -> Result<SigningSteps, CardError> {
    let environment = [0x83, 0x01, reference & !LOCAL_KEY];
    let mut before = vec![
        Command::new(Instruction::ManageSecurityEnvironment, 0x41, 0xB8)
            .with_data(&environment)?
            .on_channel(CHANNEL),
    ];
    let part = |data: &[u8]| -> Result<Command, CardError> {
        Ok(
            Command::new(Instruction::PerformSecurityOperation, 0x80, 0x86)
                .with_data(data)?
                .on_channel(CHANNEL),
        )
    };
    let mut rest = block;
    while let Some((chunk, after)) = rest
        .split_at_checked(CHAIN)
        .filter(|(_, after)| !after.is_empty())
    {
        before.push(part(chunk)?.chained());
        rest = after;
    }
    Ok(SigningSteps {
        before,
        last: part(rest)?.expecting(256),
    })
}

/// EMSA-PKCS1-v1_5 of RFC 8017 section 9.2.
fn padded(modulus: usize, digest: &Sha256Digest) -> Result<Vec<u8>, CardError> {
    let info = digest_info(digest);
    let filler = modulus
        .checked_sub(info.len().saturating_add(3))
        .filter(|filler| *filler >= 8)
        .ok_or(CardError::invalid(
            CardFile::Certificate,
            "length of the modulus",
        ))?;
    Ok([&[0x00, 0x01], vec![0xFF; filler].as_slice(), &[0x00], &info].concat())
}

/// SELECT by application identifier, without an answer.
fn by_name(identifier: &[u8]) -> Result<Command, CardError> {
    Ok(Command::new(Instruction::Select, 0x04, 0x0C).with_data(identifier)?)
}

fn is_success(status: StatusWord) -> bool {
    status.meaning() == StatusMeaning::Success
}
