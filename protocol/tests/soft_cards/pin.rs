//! PINs: no try is spent that the holder did not spend.

use paraphe_protocol::card::{
    CardError, CardModel, LastTry, Pin, PinCounters, PinFormatError, ProfessionalCard,
};
use paraphe_protocol::digest::Sha256Digest;

use crate::reader::Reader;

fn present(reader: &mut Reader, digits: &[u8], last_try: LastTry) -> Result<(), CardError> {
    let mut card = ProfessionalCard::open(reader, CardModel::Cps3).unwrap();
    card.verify_pin(Pin::from_digits(digits).unwrap(), last_try)
        .map(|_| ())
}

#[test]
fn a_wrong_pin_costs_one_try_and_the_last_one_is_asked_for() {
    let mut reader = Reader::with("nurse");
    let wrong = |result, left| {
        assert!(matches!(result, Err(CardError::WrongPin { tries_left }) if tries_left == left))
    };
    wrong(present(&mut reader, b"0000", LastTry::Refused), 2);
    wrong(present(&mut reader, b"0000", LastTry::Refused), 1);
    assert_eq!(reader.presentations, 2);
    let counters = ProfessionalCard::open(&mut reader, CardModel::Cps3)
        .unwrap()
        .pin_counters()
        .unwrap();
    assert_eq!(
        counters,
        PinCounters {
            max: 3,
            left: 1,
            uses_left: None
        }
    );

    let refused = present(&mut reader, b"1234", LastTry::Refused);
    assert!(matches!(refused, Err(CardError::LastTryNotConfirmed)));
    assert_eq!(reader.presentations, 2);
    wrong(present(&mut reader, b"0000", LastTry::Confirmed), 0);
    assert_eq!(reader.presentations, 3);
    assert!(matches!(
        present(&mut reader, b"1234", LastTry::Confirmed),
        Err(CardError::PinBlocked)
    ));
    assert_eq!(reader.presentations, 3, "a blocked PIN is not presented");
}

#[test]
fn a_confirmed_last_try_restores_the_counter() {
    let mut reader = Reader::with("nurse");
    for _ in 0..2 {
        assert!(present(&mut reader, b"0000", LastTry::Refused).is_err());
    }
    present(&mut reader, b"1234", LastTry::Confirmed).unwrap();
    assert_eq!(reader.card.pin_tries_left(), Some(3));
}

#[test]
fn a_blocked_card_gets_no_pin_and_still_reads() {
    let mut reader = Reader::with("physician-blocked");
    assert!(matches!(
        present(&mut reader, b"1234", LastTry::Confirmed),
        Err(CardError::PinBlocked)
    ));
    assert_eq!(reader.presentations, 0);
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
    assert!(card.pin_counters().unwrap().is_blocked());
    assert!(card.certificates().is_ok());
}

#[test]
fn a_pin_of_the_wrong_length_never_reaches_the_card() {
    let mut reader = Reader::with("physician");
    for (digits, error) in [
        (b"123".as_slice(), PinFormatError::TooShort { minimum: 4 }),
        (b"12345", PinFormatError::TooLong { maximum: 4 }),
    ] {
        let refused = present(&mut reader, digits, LastTry::Refused);
        assert!(matches!(refused, Err(CardError::PinFormat(found)) if found == error));
    }
    assert_eq!(reader.presentations, 0);
    assert_eq!(reader.card.pin_tries_left(), Some(3));
}

#[test]
fn a_proven_pin_goes_back_to_its_own_card_only() {
    let mut reader = Reader::with("physician");
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
    let mut verified = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    let proven = verified.take_proven_pin().unwrap();
    assert!(verified.take_proven_pin().is_none());

    // Another program resets the card: the PIN is gone, and presented again.
    reader.card.reset();
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
    let mut verified = card
        .verify_proven_pin(proven)
        .map_err(CardError::from)
        .unwrap();
    assert!(verified.sign_signature(&Sha256Digest::of(b"again")).is_ok());
    let proven = verified.take_proven_pin().unwrap();

    let mut other = Reader::with("nurse");
    let mut card = ProfessionalCard::open(&mut other, CardModel::Cps3).unwrap();
    assert!(matches!(
        card.verify_proven_pin(proven)
            .map(|_| ())
            .map_err(CardError::from),
        Err(CardError::PinOfAnotherCard)
    ));
    assert_eq!(other.presentations, 0);
}

#[test]
fn a_card_reset_under_a_verified_state_says_that_the_pin_is_gone() {
    let mut reader = Reader::with("physician");
    let mut transport = Resetting {
        reader: &mut reader,
        after_verify: 0,
    };
    let mut card = ProfessionalCard::open(&mut transport, CardModel::Cps3).unwrap();
    let mut verified = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    let lost = verified.sign_signature(&Sha256Digest::of(b"lost"));
    assert!(matches!(lost, Err(CardError::PinNotVerified)), "{lost:?}");
    assert!(matches!(
        verified.practice_situations(),
        Err(CardError::PinNotVerified)
    ));
    assert_eq!(reader.presentations, 1, "a PIN is not replayed");
}

/// Resets the card right behind a VERIFY, as another program may.
struct Resetting<'r> {
    reader: &'r mut Reader,
    after_verify: usize,
}

impl paraphe_protocol::card::Transport for Resetting<'_> {
    fn transmit(
        &mut self,
        command: &[u8],
    ) -> Result<Vec<u8>, paraphe_protocol::card::TransportError> {
        let answer = self.reader.transmit(command);
        if command.get(1) == Some(&0x20) {
            self.after_verify += 1;
            self.reader.card.reset();
        }
        answer
    }
}
