//! The exchange loop: whatever a card answers, a command ends within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_fuzz::ScriptedCard;
use paraphe_protocol::card::{
    Command, Exchange, Instruction, MAX_ANSWER, MAX_GET_RESPONSE, TransmissionProtocol,
};

fuzz_target!(|input: &[u8]| {
    let Some(([flags, expected], answers)) = input.split_first_chunk::<2>() else {
        return;
    };
    let protocol = if flags & 1 == 0 {
        TransmissionProtocol::T0
    } else {
        TransmissionProtocol::T1
    };
    let mut command = Command::new(Instruction::ReadBinary, 0, 0);
    if flags & 2 == 0 {
        command = command.expecting(u16::from(*expected));
    }
    if flags & 4 != 0 {
        command = match command.with_data(&[*expected]) {
            Ok(command) => command,
            Err(error) => panic!("{error}"),
        };
    }
    let mut card = ScriptedCard::new(answers);
    let mut exchange = Exchange::new(&mut card, protocol);
    let outcome = if flags & 8 == 0 {
        exchange.send(&command).map(|response| response.data.len())
    } else {
        exchange.send_for_status(&command).map(|_| 0)
    };
    assert!(outcome.unwrap_or(0) <= MAX_ANSWER);
    assert!(card.asked() <= 2 + 2 * MAX_GET_RESPONSE);
});
