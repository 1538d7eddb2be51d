//! The ways in which the module fails, and which one is asked for now.

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// C_Initialize aborts the process.
    CrashInInitialize,
    /// C_Initialize does not come back.
    HangInInitialize,
    /// C_Initialize forks, and comes back in both processes.
    ForkInInitialize,
    /// C_Initialize writes to standard output and reads standard input.
    PrintInInitialize,
    /// C_Initialize writes down which descriptors the process has, into the fault's file with `.descriptors` behind its name.
    TellDescriptors,
    /// C_GetSlotList finds no slot.
    NoSlot,
    /// C_Login aborts the process.
    CrashInLogin,
    /// C_Login does not come back.
    HangInLogin,
    /// C_SetPIN aborts the process.
    CrashInSetPin,
    /// C_SetPIN does not come back.
    HangInSetPin,
    /// C_Sign aborts the process.
    CrashInSign,
    /// C_Sign ends the process as if all were well.
    ExitInSign,
    /// C_Sign does not come back.
    HangInSign,
    /// C_Sign says that the signature has 2^40 bytes.
    LongSignature,
    /// C_Sign answers CKR_DEVICE_REMOVED.
    RemovedInSign,
    /// C_GetAttributeValue says that each value has 2^40 bytes.
    LongAttribute,
    /// C_GetTokenInfo tells another serial number.
    AnotherToken,
    /// C_GetTokenInfo sets CKF_USER_PIN_COUNT_LOW.
    CountLow,
    /// C_GetTokenInfo sets CKF_USER_PIN_FINAL_TRY.
    FinalTry,
    /// C_GetTokenInfo sets CKF_USER_PIN_LOCKED.
    Locked,
    /// C_GetTokenInfo sets CKF_PROTECTED_AUTHENTICATION_PATH, and C_Login without PIN logs in as if it had been typed.
    Keypad,
}

impl Fault {
    /// Every fault with its name.
    pub const ALL: [(Self, &'static str); 21] = [
        (Self::CrashInInitialize, "crash-in-initialize"),
        (Self::HangInInitialize, "hang-in-initialize"),
        (Self::ForkInInitialize, "fork-in-initialize"),
        (Self::PrintInInitialize, "print-in-initialize"),
        (Self::TellDescriptors, "tell-descriptors"),
        (Self::NoSlot, "no-slot"),
        (Self::CrashInLogin, "crash-in-login"),
        (Self::HangInLogin, "hang-in-login"),
        (Self::CrashInSetPin, "crash-in-set-pin"),
        (Self::HangInSetPin, "hang-in-set-pin"),
        (Self::CrashInSign, "crash-in-sign"),
        (Self::ExitInSign, "exit-in-sign"),
        (Self::HangInSign, "hang-in-sign"),
        (Self::LongSignature, "long-signature"),
        (Self::RemovedInSign, "removed-in-sign"),
        (Self::LongAttribute, "long-attribute"),
        (Self::AnotherToken, "another-token"),
        (Self::CountLow, "count-low"),
        (Self::FinalTry, "final-try"),
        (Self::Locked, "locked"),
        (Self::Keypad, "keypad"),
    ];

    /// The fault that is asked for now.
    #[must_use]
    pub fn now() -> Option<Self> {
        let path = std::env::var_os("PARAPHE_FAULT")?;
        let name = std::fs::read_to_string(path).ok()?;
        let known = Self::ALL
            .into_iter()
            .find(|(_, known)| *known == name.trim());
        known.map(|(fault, _)| fault)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Fault;

    #[test]
    fn names_tell_the_faults_apart() {
        let names: BTreeSet<_> = Fault::ALL.iter().map(|(_, name)| name).collect();
        assert_eq!(names.len(), Fault::ALL.len());
    }
}
