//! The fuzz targets of tests/fuzz as plain functions, compiled from the very same files, without a fuzzer: CI runs them
//! on the seeds and on small changes of the seeds. The long runs are `sh tests/fuzz.sh`.

// What the targets expect to find: the fuzzer's macro and the crate that they share.
extern crate self as libfuzzer_sys;
extern crate self as paraphe_fuzz;

#[path = "../../fuzz/src/lib.rs"]
mod scripted_card;

pub use scripted_card::ScriptedCard;

/// In place of the fuzzer's own: the target's body as a function.
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:block) => {
        /// The target on one input.
        pub(crate) fn run($input: &[u8]) {
            $body
        }
    };
}

macro_rules! targets {
    ($($name:ident from $path:literal),* $(,)?) => {
        $(
            #[allow(unused_attributes, unused_imports, reason = "no_main and the macro are the fuzzer's")]
            #[path = $path]
            mod $name;
        )*

        /// Every target, with its name.
        pub const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets!(
    apdu from "../../fuzz/fuzz_targets/apdu.rs",
    asic from "../../fuzz/fuzz_targets/asic.rs",
    card_data from "../../fuzz/fuzz_targets/card_data.rs",
    card_session from "../../fuzz/fuzz_targets/card_session.rs",
    certificate from "../../fuzz/fuzz_targets/certificate.rs",
    cms_signature from "../../fuzz/fuzz_targets/cms_signature.rs",
    contactless_session from "../../fuzz/fuzz_targets/contactless_session.rs",
    cps4_session from "../../fuzz/fuzz_targets/cps4_session.rs",
    jades from "../../fuzz/fuzz_targets/jades.rs",
    ocsp from "../../fuzz/fuzz_targets/ocsp.rs",
    pdf_signature from "../../fuzz/fuzz_targets/pdf_signature.rs",
    pinpad from "../../fuzz/fuzz_targets/pinpad.rs",
    pkcs11_frame from "../../fuzz/fuzz_targets/pkcs11_frame.rs",
    pkcs15 from "../../fuzz/fuzz_targets/pkcs15.rs",
    time_stamp from "../../fuzz/fuzz_targets/time_stamp.rs",
    tlv from "../../fuzz/fuzz_targets/tlv.rs",
    vihf from "../../fuzz/fuzz_targets/vihf.rs",
    vitale from "../../fuzz/fuzz_targets/vitale.rs",
    vitale_component from "../../fuzz/fuzz_targets/vitale_component.rs",
    whole_card from "../../fuzz/fuzz_targets/whole_card.rs",
    xades from "../../fuzz/fuzz_targets/xades.rs",
);
