//! The C interface (PKCS#11 v2.40): SoftHSM's list of functions with those replaced that can fail.

#![allow(unsafe_code, reason = "a PKCS#11 module is a C interface")]
#![allow(non_snake_case, reason = "names of the standard")]

use std::ffi::{OsString, c_void};
use std::io::{Read, Write};
use std::process::abort;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_FUNCTION_LIST, CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE,
    CK_SLOT_ID, CK_TOKEN_INFO, CK_ULONG, CK_USER_TYPE, CK_UTF8CHAR,
    CKF_PROTECTED_AUTHENTICATION_PATH, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_LOCKED, CKR_DEVICE_REMOVED, CKR_FUNCTION_FAILED, CKR_GENERAL_ERROR, CKR_OK,
};

use crate::Fault;

/// What a lie about a length says.
const TOO_LONG: CK_ULONG = 1 << 40;
/// What the person types on the keypad that is not there.
const TYPED: &[u8] = b"1234";

struct Faultless {
    // What the pointers of both lists point into.
    _module: cryptoki_sys::Pkcs11,
    functions: CK_FUNCTION_LIST,
    with_faults: CK_FUNCTION_LIST,
}

unsafe extern "C" {
    /// fork(2).
    fn fork() -> i32;
}

fn faultless() -> Option<&'static Faultless> {
    static FAULTLESS: OnceLock<Option<Faultless>> = OnceLock::new();
    FAULTLESS
        .get_or_init(|| load(std::env::var_os("PARAPHE_FAULTLESS_MODULE")?))
        .as_ref()
}

fn load(file: OsString) -> Option<Faultless> {
    // SAFETY: SoftHSM's constructors do what any shared library's do.
    let module = unsafe { cryptoki_sys::Pkcs11::new(file) }.ok()?;
    let mut list = std::ptr::null_mut();
    // SAFETY: the pointer is to a place of ours that lives for the call.
    let result = unsafe { module.C_GetFunctionList(&mut list) };
    if result != CKR_OK || list.is_null() {
        return None;
    }
    // SAFETY: the module answered CKR_OK: the list is there and stays for as long as the module is loaded.
    let functions = unsafe { *list };
    let mut with_faults = functions;
    with_faults.C_GetFunctionList = Some(C_GetFunctionList);
    with_faults.C_Initialize = Some(initialize);
    with_faults.C_GetSlotList = Some(get_slot_list);
    with_faults.C_GetTokenInfo = Some(get_token_info);
    with_faults.C_GetAttributeValue = Some(get_attribute_value);
    with_faults.C_Login = Some(login);
    with_faults.C_SetPIN = Some(set_pin);
    with_faults.C_Sign = Some(sign);
    Some(Faultless {
        _module: module,
        functions,
        with_faults,
    })
}

/// Gives the list of functions.
///
/// # Safety
/// `list` points to a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    let Some(faultless) = faultless() else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's promise. Nobody writes through the pointer that it gets.
    unsafe { *list = (&raw const faultless.with_faults).cast_mut() };
    CKR_OK
}

unsafe extern "C" fn initialize(arguments: *mut c_void) -> CK_RV {
    match Fault::now() {
        Some(Fault::CrashInInitialize) => abort(),
        Some(Fault::HangInInitialize) => hang(),
        Some(Fault::ForkInInitialize) => {
            // SAFETY: the child goes on with the one thread that it has; that this is wrong is the fault.
            let _child = unsafe { fork() };
        }
        Some(Fault::PrintInInitialize) => {
            let printed = std::io::stdout().write_all(&[0xFF; 100_000]);
            let mut read = Vec::new();
            let ended = std::io::stdin().read_to_end(&mut read);
            if printed.is_err() || ended.is_err() || !read.is_empty() {
                return CKR_FUNCTION_FAILED;
            }
        }
        Some(Fault::TellDescriptors) => tell_descriptors(),
        _ => {}
    }
    let Some(function) = faultless().and_then(|module| module.functions.C_Initialize) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    unsafe { function(arguments) }
}

unsafe extern "C" fn get_slot_list(
    present: CK_BYTE,
    slots: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    if Fault::now() == Some(Fault::NoSlot) {
        // SAFETY: the standard wants a place for the number in every call.
        unsafe { *count = 0 };
        return CKR_OK;
    }
    let Some(function) = faultless().and_then(|module| module.functions.C_GetSlotList) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    unsafe { function(present, slots, count) }
}

unsafe extern "C" fn get_token_info(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    let Some(function) = faultless().and_then(|module| module.functions.C_GetTokenInfo) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    let result = unsafe { function(slot, info) };
    if result != CKR_OK {
        return result;
    }
    // SAFETY: the function answered CKR_OK: the caller's place holds the information.
    let info = unsafe { &mut *info };
    match Fault::now() {
        Some(Fault::AnotherToken) => info.serialNumber = *b"0000000000000000",
        Some(Fault::CountLow) => info.flags |= CKF_USER_PIN_COUNT_LOW,
        Some(Fault::FinalTry) => info.flags |= CKF_USER_PIN_FINAL_TRY,
        Some(Fault::Locked) => info.flags |= CKF_USER_PIN_LOCKED,
        Some(Fault::Keypad) => info.flags |= CKF_PROTECTED_AUTHENTICATION_PATH,
        _ => {}
    }
    CKR_OK
}

unsafe extern "C" fn get_attribute_value(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    attributes: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    if Fault::now() == Some(Fault::LongAttribute) {
        let count = usize::try_from(count).unwrap_or_default();
        // SAFETY: the caller's own array and its length.
        for attribute in unsafe { std::slice::from_raw_parts_mut(attributes, count) } {
            attribute.ulValueLen = TOO_LONG;
        }
        return CKR_OK;
    }
    let Some(function) = faultless().and_then(|module| module.functions.C_GetAttributeValue) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    unsafe { function(session, object, attributes, count) }
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    length: CK_ULONG,
) -> CK_RV {
    let Some(function) = faultless().and_then(|module| module.functions.C_Login) else {
        return CKR_GENERAL_ERROR;
    };
    match Fault::now() {
        Some(Fault::CrashInLogin) => abort(),
        Some(Fault::HangInLogin) => hang(),
        Some(Fault::Keypad) if pin.is_null() => {
            let length = CK_ULONG::try_from(TYPED.len()).unwrap_or_default();
            // SAFETY: SoftHSM does not write to the PIN.
            return unsafe { function(session, user, TYPED.as_ptr().cast_mut(), length) };
        }
        _ => {}
    }
    // SAFETY: the caller's own arguments.
    unsafe { function(session, user, pin, length) }
}

unsafe extern "C" fn set_pin(
    session: CK_SESSION_HANDLE,
    present: *mut CK_UTF8CHAR,
    present_length: CK_ULONG,
    new: *mut CK_UTF8CHAR,
    new_length: CK_ULONG,
) -> CK_RV {
    match Fault::now() {
        Some(Fault::CrashInSetPin) => abort(),
        Some(Fault::HangInSetPin) => hang(),
        _ => {}
    }
    let Some(function) = faultless().and_then(|module| module.functions.C_SetPIN) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    unsafe { function(session, present, present_length, new, new_length) }
}

unsafe extern "C" fn sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_length: CK_ULONG,
    signature: *mut CK_BYTE,
    length: *mut CK_ULONG,
) -> CK_RV {
    match Fault::now() {
        Some(Fault::CrashInSign) => abort(),
        Some(Fault::ExitInSign) => std::process::exit(0),
        Some(Fault::HangInSign) => hang(),
        Some(Fault::RemovedInSign) => return CKR_DEVICE_REMOVED,
        Some(Fault::LongSignature) => {
            // SAFETY: the standard wants a place for the length in every call.
            unsafe { *length = TOO_LONG };
            return CKR_OK;
        }
        _ => {}
    }
    let Some(function) = faultless().and_then(|module| module.functions.C_Sign) else {
        return CKR_GENERAL_ERROR;
    };
    // SAFETY: the caller's own arguments.
    unsafe { function(session, data, data_length, signature, length) }
}

fn hang() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}

/// One line for each descriptor but the one that reads the list: its number and what it is.
fn tell_descriptors() {
    let Some(mut path) = std::env::var_os("PARAPHE_FAULT") else {
        return;
    };
    let mut text = String::new();
    for entry in std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
    {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        text.push_str(&format!(
            "{} {}\n",
            entry.file_name().to_string_lossy(),
            target.display()
        ));
    }
    path.push(".descriptors");
    let _written = std::fs::write(path, text);
}
