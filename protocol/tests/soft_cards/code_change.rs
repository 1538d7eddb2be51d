//! PINs that are changed and unblocked, on every model that has one.

use paraphe_protocol::card::{
    CardError, LastTry, Pin, PinFormatError, ProfessionalCard, UnblockingCode,
};

use crate::reader::Reader;

const CARDS: [&str; 2] = ["physician", "physician-cps4"];
/// As the simulator issues its cards.
const UNBLOCKING_CODE: &[u8] = b"12345678";

fn pin(digits: &[u8]) -> Pin {
    Pin::from_digits(digits).unwrap()
}

fn verify(reader: &mut Reader, digits: &[u8]) -> Result<(), CardError> {
    let model = reader.model();
    ProfessionalCard::open(reader, model)?
        .verify_pin(pin(digits), LastTry::Confirmed)
        .map(|_| ())
}

fn change(reader: &mut Reader, old: &[u8], new: &[u8]) -> Result<(), CardError> {
    let model = reader.model();
    ProfessionalCard::open(reader, model)?.change_pin(pin(old), pin(new), LastTry::Refused)
}

fn unblock(reader: &mut Reader, code: &[u8], new: &[u8]) -> Result<(), CardError> {
    let model = reader.model();
    let code = UnblockingCode::from_digits(code).unwrap();
    ProfessionalCard::open(reader, model)?.unblock(code, pin(new), LastTry::Refused)
}

#[test]
fn a_changed_pin_is_the_only_right_one() {
    for name in CARDS {
        let mut reader = Reader::with(name);
        change(&mut reader, b"1234", b"5678").unwrap();
        reader.card.reset();
        assert!(matches!(
            verify(&mut reader, b"1234"),
            Err(CardError::WrongPin { tries_left: 2 })
        ));
        verify(&mut reader, b"5678").unwrap();
        assert_eq!(reader.card.pin_tries_left(), Some(3), "{name}");
    }
}

#[test]
fn a_refused_change_costs_at_most_the_try_that_it_says() {
    for name in CARDS {
        let mut reader = Reader::with(name);
        for (old, new, error) in [
            (b"1234", b"1234".as_slice(), PinFormatError::Unchanged),
            (b"1234", b"123", PinFormatError::TooShort { minimum: 4 }),
            (b"1234", b"12345", PinFormatError::TooLong { maximum: 4 }),
        ] {
            let refused = change(&mut reader, old, new);
            assert!(matches!(refused, Err(CardError::PinFormat(found)) if found == error));
        }
        assert_eq!(reader.card.pin_tries_left(), Some(3));
        for left in [2, 1] {
            let wrong = change(&mut reader, b"0000", b"5678");
            assert!(matches!(wrong, Err(CardError::WrongPin { tries_left }) if tries_left == left));
        }
        assert!(matches!(
            change(&mut reader, b"1234", b"5678"),
            Err(CardError::LastTryNotConfirmed)
        ));
        assert_eq!(reader.card.pin_tries_left(), Some(1), "{name}");
        verify(&mut reader, b"1234").unwrap();
    }
}

#[test]
fn a_blocked_pin_comes_back_with_the_unblocking_code() {
    for name in CARDS {
        let mut reader = Reader::with(name);
        for _ in 0..3 {
            assert!(verify(&mut reader, b"0000").is_err());
        }
        assert!(matches!(
            verify(&mut reader, b"1234"),
            Err(CardError::PinBlocked)
        ));
        let model = reader.model();
        let counters = |reader: &mut Reader| {
            let mut card = ProfessionalCard::open(reader, model).unwrap();
            card.unblock_counters().unwrap()
        };
        let before = counters(&mut reader);
        let wrong = unblock(&mut reader, b"00000000", b"5678").unwrap_err();
        let left = before.left - 1;
        assert!(
            matches!(wrong, CardError::WrongUnblockingCode { tries_left, uses_left }
                if tries_left == left && uses_left == before.uses_left),
            "{name}: {wrong}"
        );
        assert_eq!(counters(&mut reader).left, left);
        unblock(&mut reader, UNBLOCKING_CODE, b"5678").unwrap();
        reader.card.reset();
        verify(&mut reader, b"5678").unwrap();
        assert_eq!(reader.card.pin_tries_left(), Some(3), "{name}");
        assert_eq!(counters(&mut reader).left, before.left);
    }
}
