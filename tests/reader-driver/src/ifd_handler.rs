//! The C functions that `pcscd` calls (IFD handler 3.0, `ifdhandler.h` of pcsc-lite), over the slots of [`crate::slot`].
//!
//! Each function checks its pointers, copies no more than the caller's buffer holds, and lets no panic out. Logical unit
//! numbers are those that `pcscd` gives; one channel is one slot.
#![allow(
    unsafe_code,
    reason = "the C interface of a reader driver: exported symbols and the caller's buffers"
)]

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_uchar, c_ulong};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use crate::pin_pad;
use crate::slot::{ATR_LIMIT, Power, Slot};

/// `DWORD` of pcsc-lite on Linux.
type Dword = c_ulong;
/// `RESPONSECODE`.
type ResponseCode = c_long;

const SUCCESS: ResponseCode = 0;
const ERROR_TAG: ResponseCode = 600;
const ERROR_POWER_ACTION: ResponseCode = 608;
const COMMUNICATION_ERROR: ResponseCode = 612;
const NOT_SUPPORTED: ResponseCode = 614;
const ICC_PRESENT: ResponseCode = 615;
const ICC_NOT_PRESENT: ResponseCode = 616;
const NO_SUCH_DEVICE: ResponseCode = 617;

const POWER_UP: Dword = 500;
const POWER_DOWN: Dword = 501;
const RESET: Dword = 502;

const TAG_ATR: Dword = 0x0303;
const TAG_ATTRIBUTE_ATR: Dword = 0x0009_0303;
const TAG_CHANNEL_ID: Dword = 0x0002_0110;
const TAG_SLOT_THREAD_SAFE: Dword = 0x0FAC;
const TAG_THREAD_SAFE: Dword = 0x0FAD;
const TAG_SLOTS_NUMBER: Dword = 0x0FAE;
const TAG_SIMULTANEOUS_ACCESS: Dword = 0x0FAF;
const TAG_STOP_POLLING_THREAD: Dword = 0x0FB2;
const TAG_POLLING_THREAD_WITH_TIMEOUT: Dword = 0x0FB3;

/// `SCARD_IO_HEADER`, passed by value.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct IoHeader {
    protocol: Dword,
    length: Dword,
}

type WaitFunction = extern "C" fn(Dword, c_int) -> ResponseCode;
type StopFunction = extern "C" fn(Dword) -> ResponseCode;

/// Open channels by logical unit number.
static SLOTS: RwLock<Vec<(Dword, Arc<Slot>)>> = RwLock::new(Vec::new());

/// Opens a channel: `name` is DEVICENAME of `reader.conf`, any existing file, a colon, the socket's path.
///
/// # Safety
/// `name` is null or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHCreateChannelByName(unit: Dword, name: *const c_char) -> ResponseCode {
    if name.is_null() {
        return COMMUNICATION_ERROR;
    }
    // SAFETY: not null, and the caller passes a NUL-terminated string that lives during this call.
    let name = unsafe { CStr::from_ptr(name) };
    guarded(|| {
        let name = name.to_bytes();
        let path = match name.iter().position(|byte| *byte == b':') {
            Some(colon) => name.get(colon + 1..).unwrap_or_default(),
            None => name,
        };
        let path = Path::new(OsStr::from_bytes(path));
        // Relative paths would depend on where pcscd was started.
        if !path.is_absolute() || slot(unit).is_some() {
            return COMMUNICATION_ERROR;
        }
        match Slot::listen(path) {
            Ok(slot) => {
                slots_mut(|slots| slots.push((unit, Arc::new(slot))));
                SUCCESS
            }
            Err(_) => COMMUNICATION_ERROR,
        }
    })
}

/// Channels by number do not exist here.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCreateChannel(_unit: Dword, _channel: Dword) -> ResponseCode {
    NOT_SUPPORTED
}

/// Closes a channel: the card is lost and the socket goes away.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCloseChannel(unit: Dword) -> ResponseCode {
    guarded(|| {
        if let Some(slot) = slot(unit) {
            slot.stop_waiting();
        }
        slots_mut(|slots| slots.retain(|(other, _)| *other != unit));
        SUCCESS
    })
}

/// Tells the card's ATR and what this driver can do.
///
/// # Safety
/// `length` is null or points to the size of the buffer at `value`, which is null or that large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHGetCapabilities(
    unit: Dword,
    tag: Dword,
    length: *mut Dword,
    value: *mut c_uchar,
) -> ResponseCode {
    guarded(|| {
        let answer = match tag {
            TAG_ATR | TAG_ATTRIBUTE_ATR => slot(unit).and_then(|slot| slot.atr()),
            TAG_CHANNEL_ID => match slot(unit).and_then(|slot| slot.channel_id()) {
                Some(channel) => Some(channel.to_ne_bytes().to_vec()),
                None => {
                    // SAFETY: the caller's contract.
                    let _ = unsafe { store(length, 0) };
                    return ERROR_TAG;
                }
            },
            TAG_SLOT_THREAD_SAFE | TAG_THREAD_SAFE | TAG_SLOTS_NUMBER => Some(vec![1]),
            TAG_SIMULTANEOUS_ACCESS => Some(vec![16]),
            TAG_POLLING_THREAD_WITH_TIMEOUT => {
                let function: WaitFunction = wait_for_event;
                Some((function as usize).to_ne_bytes().to_vec())
            }
            TAG_STOP_POLLING_THREAD => {
                let function: StopFunction = stop_waiting;
                Some((function as usize).to_ne_bytes().to_vec())
            }
            _ => {
                // SAFETY: the caller's contract.
                let _ = unsafe { store(length, 0) };
                return ERROR_TAG;
            }
        };
        // SAFETY: the caller's contract.
        match answer.map(|answer| unsafe { copy_out(&answer, value, length) }) {
            Some(Ok(())) => SUCCESS,
            Some(Err(_)) | None => COMMUNICATION_ERROR,
        }
    })
}

/// Nothing can be set.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetCapabilities(
    _unit: Dword,
    _tag: Dword,
    _length: Dword,
    _value: *mut c_uchar,
) -> ResponseCode {
    NOT_SUPPORTED
}

/// Any protocol will do: there is no wire.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetProtocolParameters(
    _unit: Dword,
    _protocol: Dword,
    _flags: c_uchar,
    _pts1: c_uchar,
    _pts2: c_uchar,
    _pts3: c_uchar,
) -> ResponseCode {
    SUCCESS
}

/// Powers the card up or down, or resets it.
///
/// # Safety
/// `atr` is null or holds 33 bytes (`MAX_ATR_SIZE`); `length` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHPowerICC(
    unit: Dword,
    action: Dword,
    atr: *mut c_uchar,
    length: *mut Dword,
) -> ResponseCode {
    guarded(|| {
        let power = match action {
            POWER_UP => Power::On,
            POWER_DOWN => Power::Off,
            RESET => Power::Reset,
            _ => return NOT_SUPPORTED,
        };
        // SAFETY: the caller's contract. The caller's length is not always set, the buffer's size is fixed by the interface.
        if unsafe { store(length, 0) }.is_err() {
            return COMMUNICATION_ERROR;
        }
        let Some(slot) = slot(unit) else {
            return NO_SUCH_DEVICE;
        };
        match slot.power(power) {
            Ok(_) if power == Power::Off => SUCCESS,
            Ok(value) => {
                // SAFETY: the caller's contract.
                let size = unsafe { store(length, ATR_LIMIT as Dword) };
                // SAFETY: the caller's contract; `length` now says how large the buffer is by the interface.
                let copied = unsafe { copy_out(&value, atr, length) };
                if size.and(copied).is_ok() {
                    SUCCESS
                } else {
                    COMMUNICATION_ERROR
                }
            }
            Err(_) => ERROR_POWER_ACTION,
        }
    })
}

/// One command APDU and its response.
///
/// # Safety
/// `command` is null or holds `command_length` bytes; `response_length` is null or points to the size of the buffer at
/// `response`, which is null or that large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHTransmitToICC(
    unit: Dword,
    _send_header: IoHeader,
    command: *const c_uchar,
    command_length: Dword,
    response: *mut c_uchar,
    response_length: *mut Dword,
    _receive_header: *mut IoHeader,
) -> ResponseCode {
    guarded(|| {
        if command.is_null() || command_length > Dword::from(u16::MAX) {
            return COMMUNICATION_ERROR;
        }
        let Ok(command_length) = usize::try_from(command_length) else {
            return COMMUNICATION_ERROR;
        };
        // SAFETY: not null; the caller says how many bytes are there, and they do not change during this call.
        let command = unsafe { std::slice::from_raw_parts(command, command_length) };
        let answer = slot(unit).and_then(|slot| slot.transmit(command).ok());
        // A response has a status word at least.
        let answer = answer.filter(|answer| answer.len() >= 2);
        // SAFETY: the caller's contract.
        match answer.map(|answer| unsafe { copy_out(&answer, response, response_length) }) {
            Some(Ok(())) => SUCCESS,
            Some(Err(_)) | None => {
                // SAFETY: the caller's contract.
                let _ = unsafe { store(response_length, 0) };
                COMMUNICATION_ERROR
            }
        }
    })
}

/// Whether a card is in.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHICCPresence(unit: Dword) -> ResponseCode {
    guarded(|| match slot(unit) {
        Some(slot) if slot.presence() => ICC_PRESENT,
        Some(_) => ICC_NOT_PRESENT,
        None => NO_SUCH_DEVICE,
    })
}

/// Control codes: those of the PIN pad, where the slot has one.
///
/// # Safety
/// `input` is null or holds `input_length` bytes; `output` is null or has `output_length` bytes; `returned` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHControl(
    unit: Dword,
    code: Dword,
    input: *mut c_uchar,
    input_length: Dword,
    output: *mut c_uchar,
    output_length: Dword,
    returned: *mut Dword,
) -> ResponseCode {
    guarded(|| {
        // SAFETY: the caller's contract.
        let _ = unsafe { store(returned, 0) };
        let Some(slot) = slot(unit) else {
            return NOT_SUPPORTED;
        };
        let (Ok(code), Ok(input_length)) = (u32::try_from(code), usize::try_from(input_length))
        else {
            return NOT_SUPPORTED;
        };
        let input = if input.is_null() || input_length == 0 {
            &[]
        } else {
            // SAFETY: not null; the caller says how many bytes are there, and they do not change during this call.
            unsafe { std::slice::from_raw_parts(input.cast_const(), input_length) }
        };
        match pin_pad::control(&slot, code, input) {
            None => NOT_SUPPORTED,
            Some(Err(_)) => COMMUNICATION_ERROR,
            Some(Ok(answer)) => {
                // SAFETY: the caller's contract.
                let size = unsafe { store(returned, output_length) };
                // SAFETY: the caller's contract; `returned` now says how large the output is.
                let copied = unsafe { copy_out(&answer, output, returned) };
                if size.and(copied).is_ok() {
                    SUCCESS
                } else {
                    // SAFETY: the caller's contract.
                    let _ = unsafe { store(returned, 0) };
                    COMMUNICATION_ERROR
                }
            }
        }
    })
}

/// `pcscd`'s event thread calls this instead of polling.
extern "C" fn wait_for_event(unit: Dword, milliseconds: c_int) -> ResponseCode {
    guarded(|| match slot(unit) {
        Some(slot) => {
            slot.wait(u32::try_from(milliseconds).unwrap_or(1000));
            SUCCESS
        }
        None => NO_SUCH_DEVICE,
    })
}

/// `pcscd` calls this to get its event thread back.
extern "C" fn stop_waiting(unit: Dword) -> ResponseCode {
    guarded(|| {
        if let Some(slot) = slot(unit) {
            slot.stop_waiting();
        }
        SUCCESS
    })
}

/// Runs `work` and turns a panic, which must not unwind into C, into a communication error.
fn guarded(work: impl FnOnce() -> ResponseCode) -> ResponseCode {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(COMMUNICATION_ERROR)
}

fn slot(unit: Dword) -> Option<Arc<Slot>> {
    SLOTS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .find(|(other, _)| *other == unit)
        .map(|(_, slot)| Arc::clone(slot))
}

fn slots_mut(change: impl FnOnce(&mut Vec<(Dword, Arc<Slot>)>)) {
    change(&mut SLOTS.write().unwrap_or_else(PoisonError::into_inner));
}

/// A pointer was null or a buffer too small.
#[derive(Debug)]
struct Unusable;

/// Writes a length where the caller wants it.
///
/// # Safety
/// `target` is null or valid for writing.
unsafe fn store(target: *mut Dword, value: Dword) -> Result<(), Unusable> {
    if target.is_null() {
        return Err(Unusable);
    }
    // SAFETY: not null, and valid by this function's contract.
    unsafe { target.write(value) };
    Ok(())
}

/// Copies `bytes` to the caller's buffer of `*length` bytes and sets `*length` to their number.
///
/// # Safety
/// `length` is null or valid; `target` is null or has `*length` bytes.
unsafe fn copy_out(bytes: &[u8], target: *mut c_uchar, length: *mut Dword) -> Result<(), Unusable> {
    if target.is_null() || length.is_null() {
        return Err(Unusable);
    }
    // SAFETY: not null, and valid by this function's contract.
    let size = usize::try_from(unsafe { length.read() }).map_err(|_| Unusable)?;
    if bytes.len() > size {
        return Err(Unusable);
    }
    // SAFETY: the target has `size` bytes, at least as many as are copied, and it is the caller's, hence not `bytes`.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
    let count = Dword::try_from(bytes.len()).map_err(|_| Unusable)?;
    // SAFETY: the contract of this function.
    unsafe { store(length, count) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::multiple_unsafe_ops_per_block, reason = "tests")]
    use super::*;

    #[test]
    fn null_pointers_and_small_buffers_are_refused() {
        let null = std::ptr::null_mut();
        // SAFETY: null is allowed by every contract.
        unsafe {
            assert_eq!(
                IFDHCreateChannelByName(7, std::ptr::null()),
                COMMUNICATION_ERROR
            );
            assert_eq!(
                IFDHGetCapabilities(7, TAG_SLOTS_NUMBER, std::ptr::null_mut(), null),
                COMMUNICATION_ERROR
            );
            assert_eq!(
                IFDHPowerICC(7, POWER_UP, null, std::ptr::null_mut()),
                COMMUNICATION_ERROR
            );
            let header = IoHeader {
                protocol: 1,
                length: 16,
            };
            assert_eq!(
                IFDHTransmitToICC(
                    7,
                    header,
                    std::ptr::null(),
                    4,
                    null,
                    std::ptr::null_mut(),
                    std::ptr::null_mut()
                ),
                COMMUNICATION_ERROR
            );
        }
        let mut value = [0xEE; 9];
        let mut length = 0;
        // SAFETY: the buffer is said to be empty.
        let code = unsafe {
            IFDHGetCapabilities(7, TAG_SLOTS_NUMBER, &raw mut length, value.as_mut_ptr())
        };
        assert_eq!((code, value[0]), (COMMUNICATION_ERROR, 0xEE));
        length = 9;
        // SAFETY: the buffer has nine bytes.
        let code = unsafe {
            IFDHGetCapabilities(
                7,
                TAG_POLLING_THREAD_WITH_TIMEOUT,
                &raw mut length,
                value.as_mut_ptr(),
            )
        };
        assert_eq!((code, length, value[8]), (SUCCESS, 8, 0xEE));
    }

    #[test]
    fn unknown_units_and_tags() {
        assert_eq!(IFDHICCPresence(99), NO_SUCH_DEVICE);
        assert_eq!(wait_for_event(99, 1), NO_SUCH_DEVICE);
        let mut length = 4;
        // SAFETY: nothing is written but the length.
        let code =
            unsafe { IFDHGetCapabilities(99, 0x0001, &raw mut length, std::ptr::null_mut()) };
        assert_eq!((code, length), (ERROR_TAG, 0));
    }

    #[test]
    fn a_channel_wants_an_absolute_path() {
        // SAFETY: a NUL-terminated string.
        let code = unsafe { IFDHCreateChannelByName(98, c"/dev/null:relative.sock".as_ptr()) };
        assert_eq!(code, COMMUNICATION_ERROR);
    }
}
