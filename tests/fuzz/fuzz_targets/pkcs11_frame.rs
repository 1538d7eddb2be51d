//! What the helper process of a PKCS#11 module sends: frames, and the JSON in them. The agent's own files are compiled in.
#![no_main]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the agent's files, of which a part is used"
)]

use libfuzzer_sys::fuzz_target;

#[path = "../../../agent/src/token/pkcs11/frame.rs"]
mod frame;
#[path = "../../../agent/src/token/pkcs11/message.rs"]
mod message;
#[path = "../../../agent/src/root_owner.rs"]
mod root_owner;
#[path = "../../../agent/src/trusted_file.rs"]
mod trusted_file;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    while let Ok(Some(frame)) = frame::read(&mut rest) {
        assert!(frame.message.len() <= frame::MAXIMUM_MESSAGE);
        for secret in &frame.secrets {
            assert!(secret.len() <= frame::MAXIMUM_SECRET);
        }
        let _ = serde_json::from_slice::<message::Reply>(&frame.message);
        let _ = serde_json::from_slice::<message::Request>(&frame.message);
        let [first, second] = &frame.secrets;
        let mut again = Vec::new();
        let written = frame::write(&mut again, &frame.message, [first, second]);
        assert!(written.is_ok(), "a frame that was read can be written");
    }
});
