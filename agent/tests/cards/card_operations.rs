//! Reading cards and logging in, on every shipped soft card: what is told, how often the PIN is presented, and what happens
//! when the card, the PIN or the request is wrong. No PIN try is lost beyond the one spent.

use std::time::SystemTime;

use crate::stage::{
    AUDIENCE, Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, program, site, trust,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe::pin::TriesLeft;
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::login::{
    ChannelBinding, Expected, LoginAssertion, LoginError, OfferedAlgorithms, ServerNonce, verify,
};
use serde_json::json;

const NONCE: [u8; 32] = [0x5A; 32];

fn nonce() -> String {
    URL_SAFE_NO_PAD.encode(NONCE)
}

#[tokio::test]
async fn every_professional_card_is_read_without_its_pin() {
    for (profile, holder) in [
        ("physician", "SIMULATEUR"),
        ("nurse", "ESSAI"),
        ("student", "APPRENTI"),
        ("reception-nominative", "ACCUEIL"),
        ("reception-service", "ACCUEIL DE JOUR"),
        ("physician-blocked", "BLOQUE"),
        ("physician-expired", "PERIME"),
    ] {
        let stage = Stage::new(vec![]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
        assert!(read["holder"].to_string().contains(holder), "{profile}");
        assert_eq!(read["card"]["kind"], "cps3");
        assert_eq!(read["card"]["serial"].as_str().unwrap().len(), 8);
        let purposes: Vec<_> = read["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|certificate| certificate["purpose"].clone())
            .collect();
        assert_eq!(purposes, ["authentication", "signature"], "{profile}");
        let left = if profile == "physician-blocked" { 0 } else { 3 };
        assert_eq!(read["pin"]["tries_left"], left, "{profile}");
        assert_eq!(read["pin"]["blocked"], left == 0, "{profile}");
        assert_eq!(card.counters().verifies, 0, "{profile}");
        // Seen before: serial number and update dates, then the counters.
        let before = card.counters().apdus;
        stage.perform(Operation::CardRead, json!({})).await.unwrap();
        assert!(
            card.counters().apdus - before <= 7,
            "{}",
            card.counters().apdus - before
        );
        let status = stage.perform(Operation::Status, json!({})).await.unwrap();
        assert_eq!(status["readers"][0]["card"], read["card"], "{profile}");
        let warned = status["warnings"]
            .to_string()
            .contains("certificate-expired");
        assert_eq!(warned, profile == "physician-expired", "{status}");
    }
}

#[tokio::test]
async fn vitale_cards_give_their_beneficiaries() {
    let stage = Stage::new(vec![]);
    stage.insert("Lecteur 1", &Card::shipped("vitale-family"));
    let read = stage
        .perform(Operation::VitaleRead, json!({}))
        .await
        .unwrap();
    assert_eq!(read["provenance"], "chip-unverified");
    let people = read["beneficiaries"].as_array().unwrap();
    assert_eq!(people.len(), 3);
    assert_eq!(people[0]["birth_date"], "19780700", "lunar dates stay");
    assert_eq!(people[0]["nir"]["number"], "1780799999008");
    assert_eq!(people[0]["nir"]["key"], "61");
    assert_eq!(people[0]["ins_c"].as_str().unwrap().len(), 22);
    assert!(people[1]["nir"].is_object() && people[1]["ins_c"].is_string());
    assert!(people[2].get("nir").is_none() && people[2].get("ins_c").is_none());
    // A professional's operation does not take a patient's card.
    let refused = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(code(&refused), ErrorCode::CardNotAProfessionalCard);
}

#[tokio::test]
async fn practice_situations_cost_one_pin_and_the_card_is_left_unverified() {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"practice_situations": true});
    let read = stage.perform(Operation::CardRead, body).await.unwrap();
    let situations = read["practice_situations"].as_array().unwrap();
    assert_eq!(situations.len(), 2);
    assert_eq!(situations[0]["number"], 1);
    assert_eq!(situations[1]["number"], 3);
    assert_eq!(situations[1]["sector"], "SA01");
    assert_eq!(card.counters().verifies, 1);
    assert!(!card.pin_verified());
    let asked = stage.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].tries_left, TriesLeft::Exactly(3));
    assert_eq!(asked[0].card_serial, "99000001");
    assert!(asked[0].description().contains("CAMILLE SIMULATEUR"));
}

#[tokio::test]
async fn a_wrong_pin_costs_one_try_and_is_never_presented_again() {
    let stage = Stage::unattended(vec![Answer::Pin("9999")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"nonce": nonce(), "server": "regional"});
    let refused = stage.perform(Operation::Login, body).await;
    assert_eq!(code(&refused), ErrorCode::PinWrong);
    let problem = refused.unwrap_err();
    assert_eq!(problem.tries_left, Some(2));
    assert_eq!(problem.card_status.as_deref(), Some("63C2"));
    assert_eq!((card.counters().verifies, card.tries_left()), (1, 2));
    assert!(!card.pin_verified());
}

#[tokio::test]
async fn a_person_may_enter_another_pin_and_must_confirm_the_last_try() {
    let stage = Stage::new(vec![
        Answer::Pin("9999"),
        Answer::Pin("8888"),
        Answer::LastTryConfirmed("1234"),
    ]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"nonce": nonce(), "server": "regional"});
    stage.perform(Operation::Login, body).await.unwrap();
    let asked: Vec<_> = stage
        .asked()
        .iter()
        .map(|request| (request.tries_left, request.wrong_before))
        .collect();
    let expected = [(3, false), (2, true), (1, true)];
    assert_eq!(
        asked,
        expected.map(|(left, again)| (TriesLeft::Exactly(left), again))
    );
    assert_eq!((card.counters().verifies, card.tries_left()), (3, 3));
}

#[tokio::test]
async fn the_last_try_is_not_spent_without_confirmation() {
    let card = Card::altered("physician", &["pin"], json!({"tries_left": 1}));
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &card);
    let body = json!({"nonce": nonce(), "server": "regional"});
    let refused = stage.perform(Operation::Login, body.clone()).await;
    assert_eq!(code(&refused), ErrorCode::PinLastTry);
    assert_eq!((card.counters().verifies, card.tries_left()), (0, 1));
    assert!(stage.asked()[0].is_last_try());

    // Confirmed and wrong: it blocks, and nobody is asked again.
    let stage = Stage::new(vec![Answer::LastTryConfirmed("9999")]);
    stage.insert("Lecteur 1", &card);
    let refused = stage.perform(Operation::Login, body.clone()).await;
    assert_eq!(code(&refused), ErrorCode::PinBlocked);
    assert_eq!((card.counters().verifies, card.tries_left()), (1, 0));

    // Blocked: not even asked.
    let stage = Stage::new(vec![]);
    stage.insert("Lecteur 1", &card);
    let refused = stage.perform(Operation::Login, body).await;
    assert_eq!(code(&refused), ErrorCode::PinBlocked);
    assert_eq!(card.counters().verifies, 1);
}

#[tokio::test]
async fn a_person_may_say_no() {
    let stage = Stage::new(vec![Answer::Cancel]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"practice_situations": true});
    let refused = stage.perform(Operation::CardRead, body).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert_eq!((card.counters().verifies, card.tries_left()), (0, 3));
}

#[tokio::test]
async fn a_card_pulled_at_any_exchange_loses_no_try() {
    let card = Card::shipped("physician");
    let mut unknown = 0;
    for exchanges in 0..200 {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        stage.insert("Lecteur 1", &card);
        stage.readers.remove_after("Lecteur 1", exchanges);
        let before = card.counters().verifies;
        let body = json!({"nonce": nonce(), "server": "regional"});
        let result = stage.perform(Operation::Login, body).await;
        let spent = card.counters().verifies - before;
        assert!(spent <= 1, "{exchanges}");
        assert_eq!(card.tries_left(), 3, "{exchanges}");
        assert!(!card.pin_verified(), "{exchanges}");
        if result.is_ok() {
            assert_eq!(spent, 1);
            assert!(exchanges > 20, "{exchanges}");
            assert_eq!(unknown, 1, "the one exchange that carries the PIN");
            return;
        }
        match code(&result) {
            ErrorCode::PinOutcomeUnknown => unknown += 1,
            code => assert_eq!(code, ErrorCode::CardRemoved, "{exchanges}"),
        }
    }
    panic!("the login never ended");
}

#[tokio::test]
async fn the_card_meant_is_the_one_named() {
    let stage = Stage::new(vec![]);
    let absent = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(code(&absent), ErrorCode::ReaderAbsent);
    stage.readers.add_reader("Vide");
    assert!(
        stage
            .agent
            .readers()
            .wait_for(std::time::Duration::from_secs(30), |views| !views
                .is_empty())
    );
    let absent = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(code(&absent), ErrorCode::CardAbsent);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    stage.insert("Lecteur 2", &Card::shipped("nurse"));
    stage.insert("Lecteur 3", &Card::shipped("vitale-holder"));
    let several = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(code(&several), ErrorCode::CardSeveral);
    // Told so that the caller can choose: each by its reader and its serial number, though none had been read.
    let told: Vec<_> = several
        .unwrap_err()
        .choices
        .into_iter()
        .map(|choice| (choice.reader, choice.card.serial.unwrap()))
        .collect();
    let expected = [("Lecteur 1", "99000001"), ("Lecteur 2", "99000002")];
    assert_eq!(
        told,
        expected.map(|(reader, serial)| (reader.to_owned(), serial.to_owned()))
    );
    for (body, serial) in [
        (json!({"reader": "Lecteur 1"}), "99000001"),
        (json!({"reader": "Lecteur 2"}), "99000002"),
        (json!({"card": "99000002"}), "99000002"),
        (
            json!({"card": "99000001", "reader": "Lecteur 1"}),
            "99000001",
        ),
    ] {
        let read = stage.perform(Operation::CardRead, body).await.unwrap();
        assert_eq!(read["card"]["serial"], serial);
    }
    for (body, expected) in [
        (json!({"card": "99000003"}), ErrorCode::CardChanged),
        (
            json!({"card": "99000001", "reader": "Lecteur 2"}),
            ErrorCode::CardChanged,
        ),
        (
            json!({"reader": "Lecteur 3"}),
            ErrorCode::CardNotAProfessionalCard,
        ),
        (json!({"reader": "Lecteur 4"}), ErrorCode::ReaderUnknown),
        (json!({"reader": "Vide"}), ErrorCode::CardAbsent),
        (json!({"lecteur": "Lecteur 1"}), ErrorCode::RequestInvalid),
    ] {
        let refused = stage.perform(Operation::CardRead, body).await;
        assert_eq!(code(&refused), expected);
    }
    let vitale = stage
        .perform(Operation::VitaleRead, json!({}))
        .await
        .unwrap();
    assert_eq!(vitale["reader"], "Lecteur 3");
    let refused = stage
        .perform(Operation::VitaleRead, json!({"reader": "Lecteur 1"}))
        .await;
    assert_eq!(code(&refused), ErrorCode::CardNotVitale);
}

#[tokio::test]
async fn a_login_is_for_the_record_server_of_the_table() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let by_site = stage
        .perform_as(&site(SITE), Operation::Login, json!({"nonce": nonce()}))
        .await
        .unwrap();
    let by_program = stage
        .perform_as(
            &program(),
            Operation::Login,
            json!({"nonce": nonce(), "server": "regional"}),
        )
        .await
        .unwrap();
    for answer in [by_site, by_program] {
        assert_eq!(answer["card"], "99000001");
        let assertion =
            LoginAssertion::from_json(answer["assertion"].to_string().as_bytes()).unwrap();
        let holder = verified(&assertion, AUDIENCE).unwrap();
        assert_eq!(holder, "CAMILLE SIMULATEUR");
        assert!(matches!(
            verified(&assertion, "other.example"),
            Err(LoginError::Signature)
        ));
    }
    assert_eq!(card.counters().verifies, 2);
    let asked = stage.asked();
    assert!(
        asked[0]
            .description()
            .contains("Connexion à Dossier régional")
    );
    assert!(asked[0].description().contains(SITE));
}

fn verified(assertion: &LoginAssertion, audience: &str) -> Result<String, LoginError> {
    let trust = trust::all();
    let expected = Expected {
        audience: &audience.parse().unwrap(),
        origin: &SITE.parse().unwrap(),
        nonce: &ServerNonce::from_bytes(&NONCE).unwrap(),
        now: SystemTime::now().into(),
        offered: &OfferedAlgorithms::all(),
        channel_binding: ChannelBinding::None,
        stated: None,
    };
    verify(&expected, assertion, &trust).map(|login| login.holder().display_name())
}

#[tokio::test]
async fn a_login_that_cannot_be_asks_for_no_pin() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let short = URL_SAFE_NO_PAD.encode([1; 31]);
    let command_line = paraphe::caller::Caller::CommandLine;
    for (caller, body, expected) in [
        (site(SITE), json!({"nonce": short}), ErrorCode::NonceInvalid),
        (
            site(SITE),
            json!({"nonce": "pas un nonce"}),
            ErrorCode::NonceInvalid,
        ),
        (
            site(SITE),
            json!({"nonce": nonce(), "server": "other"}),
            ErrorCode::RecordServerUnknown,
        ),
        (
            site(SITE_WITHOUT_SERVER),
            json!({"nonce": nonce()}),
            ErrorCode::RecordServerUnknown,
        ),
        (
            site("https://evil.example"),
            json!({"nonce": nonce()}),
            ErrorCode::OriginNotAllowed,
        ),
        (
            program(),
            json!({"nonce": nonce()}),
            ErrorCode::RecordServerUnknown,
        ),
        (
            command_line.clone(),
            json!({"nonce": nonce(), "server": "inconnu"}),
            ErrorCode::RecordServerUnknown,
        ),
        // No site is this server's, and its audience is no origin.
        (
            command_line,
            json!({"nonce": nonce(), "server": "other"}),
            ErrorCode::RecordServerUnknown,
        ),
    ] {
        let refused = stage.perform_as(&caller, Operation::Login, body).await;
        assert_eq!(code(&refused), expected);
    }
    let expired = Stage::new(vec![]);
    expired.insert("Lecteur 1", &Card::shipped("physician-expired"));
    let body = json!({"nonce": nonce(), "server": "regional"});
    let refused = expired.perform(Operation::Login, body).await;
    assert_eq!(code(&refused), ErrorCode::CertificateExpired);
}

#[tokio::test]
async fn a_login_that_needs_an_ocsp_answer_is_refused_before_the_pin_where_nobody_answers() {
    // The test PKI's responder has an address that leads nowhere.
    let more = "[revocation]\nocsp_at_login = true\n[evidence]\ntimeout_seconds = 1\n";
    let stage = Stage::with(vec![], false, more);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"nonce": nonce(), "server": "regional"});
    let refused = stage.perform(Operation::Login, body).await;
    assert_eq!(code(&refused), ErrorCode::CertificateRevocationUnknown);
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn documents_come_and_go_in_pieces() {
    let stage = Stage::new(vec![]);
    let ours = site(SITE);
    let put = |body| stage.perform_as(&ours, Operation::DocumentPut, body);
    let begun = put(json!({"offset": 0, "content": "YWJj", "last": false}))
        .await
        .unwrap();
    let id = begun["document"].as_str().unwrap();
    let wrong = put(json!({"document": id, "offset": 4, "content": "", "last": true})).await;
    assert_eq!(code(&wrong), ErrorCode::DocumentPieceOutOfOrder);
    let done = put(json!({"document": id, "offset": 3, "content": "ZGU=", "last": true}))
        .await
        .unwrap();
    assert_eq!(done["size"], 5);
    let get = json!({"document": id, "offset": 1});
    let read = stage
        .perform_as(&ours, Operation::DocumentGet, get.clone())
        .await
        .unwrap();
    assert_eq!(
        read,
        json!({"content": "YmNkZQ==", "size": 5, "last": true})
    );
    for stranger in [site(SITE_WITHOUT_SERVER), program()] {
        let refused = stage
            .perform_as(&stranger, Operation::DocumentGet, get.clone())
            .await;
        assert_eq!(code(&refused), ErrorCode::DocumentMissing);
    }
    let refused = put(json!({"offset": 0, "content": "YWJj====", "last": true})).await;
    assert_eq!(code(&refused), ErrorCode::RequestInvalid);
    stage
        .perform_as(&ours, Operation::DocumentDrop, json!({"document": id}))
        .await
        .unwrap();
    let refused = stage.perform_as(&ours, Operation::DocumentGet, get).await;
    assert_eq!(code(&refused), ErrorCode::DocumentMissing);
}
