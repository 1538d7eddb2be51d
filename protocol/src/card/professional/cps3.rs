//! The commands of a CPS3 with contacts (IAS-ECC): PIN counters by GET DATA, VERIFY, CHANGE
//! REFERENCE DATA, RESET RETRY COUNTER, and the two keys, which do different things: the
//! authentication key answers a challenge by INTERNAL AUTHENTICATE (algorithm `02`: the card pads a
//! DigestInfo of at most 40 % of the modulus by PKCS#1 v1.5), the signature key signs a SHA-256 hash
//! computed outside by PSO COMPUTE DIGITAL SIGNATURE (algorithm `42`). They are those that the
//! issuer's own module was observed to send. An empty VERIFY is never sent to this card: how it
//! counts is not known.
//!
//! Reading a card for the first time takes 9 to 12 commands and one per 256 bytes of certificate; a
//! card seen before takes 3 or 4; a signature takes 4.

use super::signature::{SigningSteps, digest_info};
use crate::card::apdu::{Command, Instruction};
use crate::card::error::{CardError, KeyPurpose};
use crate::card::exchange::Exchange;
use crate::card::file::{CardFile, FilePath};
use crate::card::pin_counters::PinCounters;
use crate::card::status::StatusMeaning;
use crate::card::transport::Transport;
use crate::digest::Sha256Digest;

/// The tries left of the PIN or unblocking code with this reference. They are kept in the master
/// file.
pub(super) fn counters<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
    reference: u8,
) -> Result<PinCounters, CardError> {
    let file = CardFile::PinCounters;
    exchange.select(file, &FilePath::master_file())?;
    let response = exchange.send(&PinCounters::command(reference)?)?;
    if response.status.meaning() != StatusMeaning::Success {
        return Err(CardError::Status {
            command: Instruction::GetData,
            file: Some(file),
            status: response.status,
        });
    }
    PinCounters::parse(&response.data, reference)
}

/// CHANGE REFERENCE DATA: the old PIN and the new one, both in the card's form, in one command.
pub(super) fn change(reference: u8, old_and_new: &[u8]) -> Result<Command, CardError> {
    Ok(
        Command::new(Instruction::ChangeReferenceData, 0x00, reference)
            .with_data(old_and_new)?
            .sensitive(),
    )
}

/// RESET RETRY COUNTER with a new PIN (P1 `02`), after VERIFY of the unblocking code.
pub(super) fn reset(reference: u8, new: &[u8]) -> Result<Command, CardError> {
    Ok(
        Command::new(Instruction::ResetRetryCounter, 0x02, reference)
            .with_data(new)?
            .sensitive(),
    )
}

/// How a key of the holder signs a digest.
pub(super) fn signing_steps(
    purpose: KeyPurpose,
    reference: u8,
    digest: &Sha256Digest,
) -> Result<SigningSteps, CardError> {
    let (environment, computation) = match purpose {
        KeyPurpose::Authentication => return internal_authenticate(reference, digest),
        KeyPurpose::Signature => (
            environment(0xB6, 0x42, reference)?,
            Command::new(Instruction::PerformSecurityOperation, 0x9E, 0x9A)
                .with_data(digest.as_bytes())?,
        ),
    };
    Ok(SigningSteps {
        before: vec![environment],
        last: computation.expecting(256),
    })
}

/// How the signature key signs the SHA-1 digest of a lot of profile `dmp-legacy`.
pub(super) fn legacy_lot_steps(reference: u8, sha1: &[u8; 20]) -> Result<SigningSteps, CardError> {
    Ok(SigningSteps {
        before: vec![environment(0xB6, 0x12, reference)?],
        last: Command::new(Instruction::PerformSecurityOperation, 0x9E, 0x9A)
            .with_data(sha1)?
            .expecting(256),
    })
}

/// INTERNAL AUTHENTICATE of a DigestInfo, by the holder's or the technical key.
pub(super) fn internal_authenticate(
    reference: u8,
    digest: &Sha256Digest,
) -> Result<SigningSteps, CardError> {
    Ok(SigningSteps {
        before: vec![environment(0xA4, 0x02, reference)?],
        last: Command::new(Instruction::InternalAuthenticate, 0x00, 0x00)
            .with_data(&digest_info(digest))?
            .expecting(256),
    })
}

/// MANAGE SECURITY ENVIRONMENT, set for computation: algorithm (tag `80`), then key reference (tag
/// `84`).
fn environment(template: u8, algorithm: u8, reference: u8) -> Result<Command, CardError> {
    let data = [0x80, 0x01, algorithm, 0x84, 0x01, reference];
    Ok(Command::new(Instruction::ManageSecurityEnvironment, 0x41, template).with_data(&data)?)
}
