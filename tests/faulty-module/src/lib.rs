//! A PKCS#11 module for tests: SoftHSM, whose functions it passes on, except where a fault is asked for. The file that the
//! variable `PARAPHE_FAULT` names says which, by name ([`Fault`]); it is read at every call, so that a test can mend the module
//! or break it while it runs. The variable `PARAPHE_FAULTLESS_MODULE` names SoftHSM's file.

pub mod fault;
pub mod functions;

pub use fault::Fault;
