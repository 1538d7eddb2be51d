//! The life of a PIN on soft cards: status, change, unblocking. Every code is presented at most once; what has the wrong form,
//! what is cancelled and what is blocked is not presented at all.

use crate::stage::{Answer, Card, SITE, Stage, code, program, site};
use paraphe::pin::RequestedCode;
use paraphe_protocol::api::{ErrorCode, Operation, SiteAccess};
use serde_json::{Value, json};

const CHANGEABLE: [&str; 4] = [
    "physician",
    "reception-service",
    "physician-cps4",
    "reception-cps4",
];

/// Whether the card takes this PIN; it costs a try if it does not.
async fn takes(card: &Card, pin: &'static str) -> bool {
    let stage = Stage::unattended(vec![Answer::Pin(pin)]);
    stage.insert("Lecteur 1", card);
    let body = json!({"practice_situations": true});
    match stage.perform(Operation::CardRead, body).await {
        Ok(_) => true,
        Err(problem) => {
            assert_eq!(problem.code, ErrorCode::PinWrong);
            false
        }
    }
}

#[tokio::test]
async fn status_tells_both_codes_and_spends_nothing() {
    for profile in CHANGEABLE.into_iter().chain(["physician-blocked"]) {
        let stage = Stage::new(vec![]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        for caller in [paraphe::caller::Caller::CommandLine, program()] {
            let status = stage
                .perform_as(&caller, Operation::PinStatus, json!({}))
                .await
                .unwrap();
            let left = if profile == "physician-blocked" { 0 } else { 3 };
            let expected = json!({"tries_max": 3, "tries_left": left, "blocked": left == 0});
            assert_eq!(status["pin"], expected, "{profile}");
            assert!(status["digits_min"].as_u64() >= Some(4), "{profile}");
            assert!(status["digits_max"].as_u64() <= Some(8), "{profile}");
            let unblocking = &status["unblocking_code"];
            assert_eq!(unblocking["blocked"], false, "{profile}");
            assert_eq!(
                unblocking["tries_left"], unblocking["tries_max"],
                "{profile}"
            );
            let says_uses = !profile.ends_with("cps4");
            assert_eq!(unblocking.get("uses_left").is_some(), says_uses);
        }
        assert_eq!(card.counters().verifies, 0, "{profile}");
    }
}

#[tokio::test]
async fn a_change_takes_the_old_pin_and_the_new_one_twice() {
    for profile in CHANGEABLE {
        let answers = ["1234", "5678", "5678"].map(Answer::Pin);
        let stage = Stage::new(answers.into());
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let done = stage.perform(Operation::PinChange, json!({})).await;
        let done = done.unwrap_or_else(|problem| panic!("{profile}: {problem:?}"));
        assert_eq!(done["pin"]["tries_left"], 3, "{profile}");
        assert!(!card.pin_verified(), "{profile}");
        let asked: Vec<_> = stage.asked().iter().map(|asked| asked.code).collect();
        assert!(matches!(
            asked[..],
            [
                RequestedCode::Pin,
                RequestedCode::NewPin { .. },
                RequestedCode::NewPinAgain
            ]
        ));
        let shown = stage.asked()[0].description();
        assert!(shown.contains("Changement du code porteur"), "{shown}");
        assert!(takes(&card, "5678").await, "{profile}");
        assert!(!takes(&card, "1234").await, "{profile}");
    }
}

#[tokio::test]
async fn two_entries_that_differ_are_asked_for_again() {
    let answers = ["1234", "5678", "5679", "5678", "5678"].map(Answer::Pin);
    let stage = Stage::new(answers.into());
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    stage
        .perform(Operation::PinChange, json!({}))
        .await
        .unwrap();
    let wrong: Vec<_> = stage
        .asked()
        .iter()
        .map(|asked| asked.wrong_before)
        .collect();
    assert_eq!(wrong, [false, false, false, true, false]);

    let answers = ["5678", "1111", "2222", "1111", "2222", "1111", "2222"].map(Answer::Pin);
    let stage = Stage::new(answers.into());
    stage.insert("Lecteur 1", &card);
    let before = card.counters().verifies;
    let refused = stage.perform(Operation::PinChange, json!({})).await;
    assert_eq!(code(&refused), ErrorCode::PinFormat);
    assert_eq!(card.counters().verifies, before);
}

#[tokio::test]
async fn unattended_codes_are_old_then_new() {
    let answers = ["1234", "5678"].map(Answer::Pin);
    let stage = Stage::unattended(answers.into());
    let card = Card::shipped("physician-cps4");
    stage.insert("Lecteur 1", &card);
    stage
        .perform(Operation::PinChange, json!({}))
        .await
        .unwrap();
    assert!(takes(&card, "5678").await);
}

#[tokio::test]
async fn a_wrong_old_pin_costs_one_try_and_says_so() {
    for profile in CHANGEABLE {
        let stage = Stage::new(["9999", "5678", "5678"].map(Answer::Pin).into());
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::PinChange, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::PinWrong, "{profile}");
        assert_eq!(refused.unwrap_err().tries_left, Some(2), "{profile}");
        assert_eq!((card.counters().verifies, card.tries_left()), (1, 2));
        assert!(takes(&card, "1234").await, "{profile}");
    }
}

#[tokio::test]
async fn codes_of_a_wrong_form_are_not_presented() {
    for profile in ["physician", "physician-cps4"] {
        for (old, new) in [
            ("12", "5678"),
            ("123456789", "5678"),
            ("1234", "56"),
            ("1234", "567812345"),
            ("1234", "1234"),
        ] {
            let stage = Stage::new([old, new, new].map(Answer::Pin).into());
            let card = Card::shipped(profile);
            stage.insert("Lecteur 1", &card);
            let refused = stage.perform(Operation::PinChange, json!({})).await;
            assert_eq!(code(&refused), ErrorCode::PinFormat, "{old} {new}");
            assert_eq!((card.counters().verifies, card.tries_left()), (0, 3));
        }
    }
}

#[tokio::test]
async fn the_last_try_of_the_old_pin_wants_a_word() {
    for profile in ["physician", "physician-cps4"] {
        let card = Card::altered(profile, &["pin"], json!({"tries_left": 1}));
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::PinChange, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::PinLastTry);
        assert_eq!(card.counters().verifies, 0);
        let stage = Stage::new(vec![
            Answer::LastTryConfirmed("1234"),
            Answer::Pin("5678"),
            Answer::Pin("5678"),
        ]);
        stage.insert("Lecteur 1", &card);
        stage
            .perform(Operation::PinChange, json!({}))
            .await
            .unwrap();
        assert_eq!(card.tries_left(), 3);
    }
}

#[tokio::test]
async fn a_no_at_any_question_presents_nothing() {
    let unblocking = || Answer::Unblocking("12345678");
    let pin = || Answer::Pin("1234");
    for (operation, answers) in [
        (Operation::PinChange, vec![Answer::Cancel]),
        (Operation::PinChange, vec![pin(), Answer::Cancel]),
        (Operation::PinChange, vec![pin(), pin(), Answer::Cancel]),
        (Operation::PinUnblock, vec![Answer::Cancel]),
        (Operation::PinUnblock, vec![unblocking(), Answer::Cancel]),
        (
            Operation::PinUnblock,
            vec![unblocking(), pin(), Answer::Cancel],
        ),
    ] {
        let stage = Stage::new(answers);
        let card = Card::shipped("physician");
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(operation, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::OperationCancelled);
        assert_eq!((card.counters().verifies, card.tries_left()), (0, 3));
    }
}

#[tokio::test]
async fn the_unblocking_code_gives_a_new_pin_with_all_its_tries() {
    for profile in ["physician", "physician-cps4"] {
        let card = Card::altered(profile, &["pin"], json!({"tries_left": 0}));
        let stage = Stage::new(vec![]);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::PinChange, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::PinBlocked);

        let stage = Stage::new(vec![
            Answer::Unblocking("12345678"),
            Answer::Pin("5678"),
            Answer::Pin("5678"),
        ]);
        stage.insert("Lecteur 1", &card);
        let done = stage.perform(Operation::PinUnblock, json!({})).await;
        let done = done.unwrap_or_else(|problem| panic!("{profile}: {problem:?}"));
        assert_eq!(done["pin"]["tries_left"], 3, "{profile}");
        assert!(!card.pin_verified());
        let shown = stage.asked()[0].description();
        assert!(shown.contains("Déblocage du code porteur"), "{shown}");
        assert!(takes(&card, "5678").await, "{profile}");
    }
}

#[tokio::test]
async fn a_wrong_unblocking_code_costs_one_of_its_tries() {
    for profile in ["physician", "physician-cps4"] {
        let card = Card::altered(profile, &["pin"], json!({"tries_left": 0}));
        let stage = Stage::new(vec![
            Answer::Unblocking("87654321"),
            Answer::Pin("5678"),
            Answer::Pin("5678"),
        ]);
        stage.insert("Lecteur 1", &card);
        let before = stage
            .perform(Operation::PinStatus, json!({}))
            .await
            .unwrap();
        let refused = stage.perform(Operation::PinUnblock, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::UnblockingCodeWrong, "{profile}");
        let after = stage
            .perform(Operation::PinStatus, json!({}))
            .await
            .unwrap();
        let left = |status: &Value| status["unblocking_code"]["tries_left"].as_u64().unwrap();
        assert_eq!(left(&after) + 1, left(&before), "{profile}");
        let told = refused.unwrap_err().tries_left.map(u64::from);
        assert_eq!(told, Some(left(&after)), "{profile}");
        assert_eq!(card.tries_left(), 0, "{profile}");
    }
}

#[tokio::test]
async fn the_last_try_of_the_unblocking_code_wants_a_word_and_a_spent_one_asks_nobody() {
    for (state, answers, expected) in [
        (
            json!({"tries_left": 1}),
            vec![Answer::Unblocking("12345678")],
            ErrorCode::UnblockingCodeLastTry,
        ),
        (
            json!({"uses_left": 1}),
            vec![Answer::Unblocking("12345678")],
            ErrorCode::UnblockingCodeLastTry,
        ),
        (
            json!({"tries_left": 0}),
            vec![],
            ErrorCode::UnblockingCodeBlocked,
        ),
        (
            json!({"uses_left": 0}),
            vec![],
            ErrorCode::UnblockingCodeBlocked,
        ),
    ] {
        let card = Card::altered("physician-blocked", &["unblock_code"], state);
        let stage = Stage::new(answers);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::PinUnblock, json!({})).await;
        assert_eq!(code(&refused), expected);
        assert_eq!(card.counters().verifies, 0);
    }
}

#[tokio::test]
async fn sites_have_no_part_in_it() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    for operation in Operation::ALL
        .into_iter()
        .filter(|op| op.site_access() == SiteAccess::Nobody)
    {
        let refused = stage.perform_as(&site(SITE), operation, json!({})).await;
        assert_eq!(code(&refused), ErrorCode::OperationNotForSites);
        let refused = stage.perform(operation, json!({"pin": "1234"})).await;
        assert_eq!(code(&refused), ErrorCode::RequestInvalid);
    }
    assert_eq!(card.counters().apdus, 0);
}

#[tokio::test]
async fn a_card_pulled_at_any_exchange_of_a_change_has_one_of_the_two_pins_and_all_tries() {
    let mut ended = false;
    let mut unknown = 0;
    for exchanges in 0..200 {
        let card = Card::shipped("physician");
        let stage = Stage::new(["1234", "5678", "5678"].map(Answer::Pin).into());
        stage.insert("Lecteur 1", &card);
        stage.readers.remove_after("Lecteur 1", exchanges);
        let result = stage.perform(Operation::PinChange, json!({})).await;
        assert!(card.counters().verifies <= 1, "{exchanges}");
        assert_eq!(card.tries_left(), 3, "{exchanges}");
        match result {
            Ok(_) => {
                ended = true;
                assert!(takes(&card, "5678").await);
                break;
            }
            Err(problem) if problem.code == ErrorCode::PinOutcomeUnknown => unknown += 1,
            Err(problem) => assert_eq!(problem.code, ErrorCode::CardRemoved, "{exchanges}"),
        }
    }
    assert!(ended);
    assert_eq!(unknown, 1, "the one exchange that carries both PINs");
}
