//! A card that leaves, or answers nonsense, at every exchange of a whole session.

use paraphe_protocol::card::{
    CardError, CardModel, LastTry, Pin, ProfessionalCard, TransportError, Vitale2,
};
use paraphe_protocol::digest::Sha256Digest;

use crate::reader::{Fault, Reader};

/// Far above any honest session, far below what a hostile card would like.
const BOUND: usize = 4096;

/// Everything that is done with a holder's card.
fn professional(reader: &mut Reader) -> Result<(), CardError> {
    let model = reader.model();
    let mut card = ProfessionalCard::open(reader, model)?;
    card.certificates()?;
    card.identity()?;
    card.token_info()?;
    card.professional_info()?;
    card.card_identification()?;
    card.professional_name()?;
    card.pin_counters()?;
    card.unblock_counters()?;
    let pin = Pin::from_digits(b"1234").expect("digits");
    let mut verified = card.verify_pin(pin, LastTry::Refused)?;
    verified.practice_situations()?;
    let digest = Sha256Digest::of(b"whatever");
    verified.sign_authentication(&digest)?;
    verified.sign_signature(&digest)?;
    Ok(())
}

/// Everything that is done with a card that has no holder's keys.
fn contactless(reader: &mut Reader) -> Result<(), CardError> {
    let mut card = ProfessionalCard::open(reader, CardModel::Cps3Contactless)?;
    card.technical_certificate()?;
    card.sign_technical(&Sha256Digest::of(b"whatever"))?;
    Ok(())
}

fn patient(reader: &mut Reader) -> Result<(), CardError> {
    Vitale2::open(reader, CardModel::Vitale2)?
        .read()
        .map(|_| ())
}

type Session = fn(&mut Reader) -> Result<(), CardError>;

const SESSIONS: [(&str, Session); 4] = [
    ("physician", professional),
    ("physician-cps4", professional),
    ("physician-contactless", contactless),
    ("vitale-family", patient),
];

/// Whether the session of this profile presents a PIN, which it does once.
fn presents_a_code(profile: &str) -> bool {
    matches!(profile, "physician" | "physician-cps4")
}

#[test]
fn a_card_pulled_between_any_two_commands_is_reported_as_such() {
    for (profile, session) in SESSIONS {
        let mut reader = Reader::with(profile);
        session(&mut reader).unwrap();
        let total = reader.exchanges;
        assert!(total > 5);
        let mut with_a_code = 0;
        for at in 0..total {
            reader.restart(Some(Fault::Removal { at }));
            match session(&mut reader) {
                Err(CardError::Transport(TransportError::CardRemoved)) => {}
                Err(CardError::AnswerLost { reason, .. }) => {
                    assert_eq!(reason, TransportError::CardRemoved);
                    with_a_code += 1;
                }
                result => panic!("{profile} at {at}: {result:?}"),
            }
            assert_eq!(
                reader.exchanges,
                at + 1,
                "nothing is sent to a card that left"
            );
        }
        assert_eq!(with_a_code, usize::from(presents_a_code(profile)));
        reader.restart(None);
        session(&mut reader).unwrap();
    }
}

#[test]
fn an_answer_without_status_word_is_a_lost_card_everywhere() {
    for (profile, session) in SESSIONS {
        let mut reader = Reader::with(profile);
        session(&mut reader).unwrap();
        let mut with_a_code = 0;
        for at in 0..reader.exchanges {
            for bytes in [vec![], vec![0x90]] {
                reader.restart(Some(Fault::Answer { at, bytes }));
                match session(&mut reader) {
                    Err(CardError::LostCard { .. }) => {}
                    Err(CardError::AnswerLost { .. }) => with_a_code += 1,
                    result => panic!("{profile} at {at}: {result:?}"),
                }
            }
            reader.restart(Some(Fault::Answer {
                at,
                bytes: vec![0; 259],
            }));
            assert!(matches!(session(&mut reader), Err(CardError::Apdu(_))));
        }
        assert_eq!(with_a_code, 2 * usize::from(presents_a_code(profile)));
    }
}

#[test]
fn nonsense_at_any_command_is_an_error_or_harmless_and_bounded() {
    let nonsense: [&[u8]; 16] = [
        &[0x90, 0x00],
        &[0x61, 0x00],
        &[0x61, 0x01],
        &[0x6C, 0x00],
        &[0x6C, 0x01],
        &[0x62, 0x82],
        &[0x63, 0x00],
        &[0x63, 0xC0],
        &[0x69, 0x82],
        &[0x69, 0x83],
        &[0x69, 0x85],
        &[0x6A, 0x82],
        &[0x6F, 0x00],
        &[0x00, 0x90, 0x00],
        &[0x30, 0x80, 0x90, 0x00],
        &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x90, 0x00],
    ];
    for (profile, session) in SESSIONS {
        let mut reader = Reader::with(profile);
        session(&mut reader).unwrap();
        let total = reader.exchanges;
        let mut refused = 0;
        for at in 0..total {
            for bytes in nonsense {
                let tries = reader.card.pin_tries_left();
                reader.restart(Some(Fault::Answer {
                    at,
                    bytes: bytes.to_vec(),
                }));
                let result = session(&mut reader);
                assert!(reader.exchanges < BOUND, "{profile} at {at}, {bytes:02X?}");
                assert!(reader.presentations <= 1, "{profile} at {at}, {bytes:02X?}");
                assert_eq!(
                    reader.card.pin_tries_left(),
                    tries,
                    "{profile} at {at}, {bytes:02X?}"
                );
                refused += usize::from(result.is_err());
            }
        }
        assert!(
            refused > total * nonsense.len() / 2,
            "{profile}: {refused} of {}",
            total * nonsense.len()
        );
    }
}
