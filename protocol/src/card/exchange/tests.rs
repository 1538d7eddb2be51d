#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::{any, prop, prop_assert, proptest};

use super::{
    Exchange, MAX_ANSWER, MAX_EXCHANGES_PER_OPERATION, MAX_EXCHANGES_PER_SESSION, MAX_GET_RESPONSE,
};
use crate::card::apdu::{Command, Instruction, TransmissionProtocol};
use crate::card::error::CardError;
use crate::card::status::StatusWord;
use crate::card::transcript::Replay;
use crate::card::transport::{Transport, TransportError};

fn read(length: u16) -> Command {
    Command::new(Instruction::ReadBinary, 0, 0).expecting(length)
}

fn send(conversation: &str, command: &Command) -> (Result<(Vec<u8>, u16), CardError>, bool) {
    let mut replay = Replay::parse(conversation).unwrap();
    let result = Exchange::new(&mut replay, TransmissionProtocol::T0).send(command);
    (
        result.map(|response| (response.data, response.status.0)),
        replay.is_finished(),
    )
}

#[test]
fn more_data_is_fetched_until_there_is_none() {
    let command = Command::new(Instruction::GetData, 0x3F, 0xFF)
        .with_data(&[0x4D])
        .unwrap()
        .expecting(256);
    let (result, finished) = send(
        "> 00CB3FFF014D\n< 6103\n> 00C0000003\n< 0102036102\n> 00C0000002\n< 04059000\n",
        &command,
    );
    assert_eq!(result.unwrap(), (vec![1, 2, 3, 4, 5], 0x9000));
    assert!(finished);
}

#[test]
fn a_wrong_length_is_corrected_once() {
    let (result, finished) = send(
        "> 00B0000000\n< 6C02\n> 00B0000002\n< 01029000\n",
        &read(256),
    );
    assert_eq!(result.unwrap(), (vec![1, 2], 0x9000));
    assert!(finished);
    let (result, finished) = send("> 00B0000000\n< 6C02\n> 00B0000002\n< 6C03\n", &read(256));
    assert_eq!(result.unwrap(), (vec![], 0x6C03));
    assert!(finished);
}

#[test]
fn get_response_has_its_own_correction() {
    let command = Command::new(Instruction::InternalAuthenticate, 0, 0)
        .with_data(&[1])
        .unwrap()
        .expecting(256);
    let (result, _) = send(
        "> 008800000101\n< 6100\n> 00C0000000\n< 6C02\n> 00C0000002\n< 0A0B9000\n",
        &command,
    );
    assert_eq!(result.unwrap(), (vec![0x0A, 0x0B], 0x9000));
}

#[test]
fn an_answer_other_than_announced_is_an_error() {
    let (result, _) = send("> 00B0000004\n< 6104\n> 00C0000004\n< 01029000\n", &read(4));
    assert!(matches!(
        result,
        Err(CardError::AnswerLength {
            announced: 4,
            length: 2,
            ..
        })
    ));
    let (result, _) = send("> 00B0000004\n< 6101\n> 00C0000001\n< 01029000\n", &read(4));
    assert!(matches!(
        result,
        Err(CardError::AnswerLength {
            announced: 1,
            length: 2,
            ..
        })
    ));
    let (result, _) = send("> 00B0000004\n< 6104\n> 00C0000004\n< 6104\n", &read(4));
    assert!(matches!(
        result,
        Err(CardError::AnswerLength { length: 0, .. })
    ));
}

#[test]
fn more_than_was_asked_for_is_an_error() {
    let (result, _) = send("> 00B0000001\n< 01029000\n", &read(1));
    assert!(matches!(
        result,
        Err(CardError::AnswerLength {
            announced: 1,
            length: 2,
            ..
        })
    ));
    let unasked = Command::new(Instruction::Select, 0, 0);
    let (result, _) = send("> 00A40000\n< 019000\n", &unasked);
    assert!(matches!(
        result,
        Err(CardError::AnswerLength {
            announced: 0,
            length: 1,
            ..
        })
    ));
}

#[test]
fn fewer_than_two_bytes_is_a_lost_card() {
    for answer in ["", "90"] {
        let (result, _) = send(&format!("> 00B0000004\n< {answer}\n"), &read(4));
        assert!(matches!(
            result,
            Err(CardError::LostCard {
                command: Instruction::ReadBinary
            })
        ));
    }
    let long = "00".repeat(259);
    let (result, _) = send(&format!("> 00B0000004\n< {long}\n"), &read(4));
    assert!(matches!(result, Err(CardError::Apdu(_))));
}

#[test]
fn the_outcome_alone_leaves_the_data_on_the_card() {
    let mut replay = Replay::parse("> 00A40400013F\n< 6127\n").unwrap();
    let command = Command::new(Instruction::Select, 4, 0)
        .with_data(&[0x3F])
        .unwrap();
    let status = Exchange::new(&mut replay, TransmissionProtocol::T0)
        .send_for_status(&command)
        .unwrap();
    assert_eq!(status, StatusWord::SUCCESS);
    assert!(replay.is_finished());
}

/// Answers `6101` plus one byte for ever, or whatever it was given, in a circle.
struct Endless {
    answers: Vec<Vec<u8>>,
    asked: usize,
}

impl Transport for Endless {
    fn transmit(&mut self, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.answers.get(self.asked % self.answers.len()).cloned();
        self.asked += 1;
        Ok(answer.unwrap_or_default())
    }
}

#[test]
fn an_endless_answer_ends() {
    let mut card = Endless {
        answers: vec![vec![7, 0x61, 0x01]],
        asked: 0,
    };
    let result = Exchange::new(&mut card, TransmissionProtocol::T0).send(&read(256));
    assert!(matches!(result, Err(CardError::AnswerTooLong { .. })));
    assert_eq!(card.asked, MAX_GET_RESPONSE + 1);
}

#[test]
fn an_operation_has_a_budget() {
    let mut card = Endless {
        answers: vec![vec![0x90, 0x00]],
        asked: 0,
    };
    let mut exchange = Exchange::new(&mut card, TransmissionProtocol::T0);
    for _ in 0..MAX_EXCHANGES_PER_OPERATION {
        exchange.send(&read(1)).unwrap();
    }
    assert!(matches!(
        exchange.send(&read(1)),
        Err(CardError::TooManyExchanges)
    ));
    exchange.begin_operation();
    assert!(exchange.send(&read(1)).is_ok());
}

#[test]
fn a_session_has_a_budget() {
    let mut card = Endless {
        answers: vec![vec![0x90, 0x00]],
        asked: 0,
    };
    let mut exchange = Exchange::new(&mut card, TransmissionProtocol::T0);
    for _ in 0..MAX_EXCHANGES_PER_SESSION {
        exchange.begin_operation();
        exchange.send(&read(1)).unwrap();
    }
    exchange.begin_operation();
    assert!(matches!(
        exchange.send(&read(1)),
        Err(CardError::TooManyExchanges)
    ));
}

proptest! {
    #[test]
    fn random_answers_never_exceed_the_bounds(
        answers in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..258), prop::sample::select(vec![0x61_u8, 0x6C, 0x90, 0x62, 0x6A]), any::<u8>()),
            1..6,
        ),
        t1 in any::<bool>(),
        length in 0_u16..300,
    ) {
        let answers = answers.into_iter().map(|(mut data, sw1, sw2)| { data.extend([sw1, sw2]); data }).collect();
        let mut card = Endless { answers, asked: 0 };
        let protocol = if t1 { TransmissionProtocol::T1 } else { TransmissionProtocol::T0 };
        let result = Exchange::new(&mut card, protocol).send(&read(length));
        // The command and its correction, then each fetch and its correction.
        prop_assert!(card.asked <= 2 + 2 * MAX_GET_RESPONSE);
        if let Ok(response) = result {
            prop_assert!(response.data.len() <= MAX_ANSWER);
        }
    }
}
