//! Vitale data from every source: the chip, a reading component and a phone app that the operator plugged in (ten-line scripts
//! here), with their provenance, and everything that such a program can do wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::stage::{self, Card, Stage};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

/// A program that notes what it is asked and then does `lines`.
fn adapter(directory: &Path, name: &str, lines: &str) -> PathBuf {
    let path = directory.join(name);
    let script = format!(
        "#!/bin/sh\ncat > '{}/{name}.asked'\n{lines}\n",
        directory.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

fn asked(directory: &Path, name: &str) -> Value {
    let text = fs::read(directory.join(format!("{name}.asked"))).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn says(answer: &Value) -> String {
    format!("cat <<'END'\n{answer}\nEND")
}

/// The holder of the shipped card `vitale-holder`, with what only the component knows.
fn holder() -> Value {
    json!({
        "contract": 1, "product": "API de lecture", "version": "7.10",
        "beneficiaries": [{
            "family_name": "SIMULATEUR", "given_name": "CAMILLE", "birth_date": "19800615",
            "insurance": {"beneficiary_quality": 0, "regime": "01"}
        }]
    })
}

fn plugged_in(name: &str, kind: &str, program: &Path) -> String {
    format!(
        "[[vitale_component]]\nname = \"{name}\"\nkind = \"{kind}\"\nprogram = {program:?}\ntimeout_seconds = 60\n"
    )
}

fn stage_with(configuration: &str) -> Stage {
    Stage::with(vec![], false, configuration)
}

async fn read(stage: &Stage, request: Value) -> Value {
    stage.perform(Operation::VitaleRead, request).await.unwrap()
}

async fn refused(stage: &Stage, request: Value) -> (ErrorCode, String) {
    let problem = stage
        .perform(Operation::VitaleRead, request)
        .await
        .unwrap_err();
    (problem.code, problem.detail.unwrap_or_default())
}

#[tokio::test]
async fn the_caller_chooses_the_source_and_each_answer_says_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let reading = adapter(directory.path(), "lecture", &says(&holder()));
    let phone = adapter(directory.path(), "telephone", &says(&holder()));
    let stage = stage_with(&format!(
        "{}{}",
        plugged_in("telephone", "phone-app", &phone),
        plugged_in("lecture", "reading-component", &reading)
    ));
    stage.insert("Lecteur 1", &Card::shipped("vitale-holder"));

    let official = read(&stage, json!({})).await;
    assert_eq!(official["provenance"], "official-component");
    assert_eq!(
        official["component"],
        json!({"name": "lecture", "product": "API de lecture", "version": "7.10"})
    );
    assert_eq!(official["beneficiaries"][0]["insurance"]["regime"], "01");
    assert_eq!(official["reader"], "Lecteur 1");
    assert_eq!(
        asked(directory.path(), "lecture"),
        json!({"contract": 1, "operation": "read", "reader": "Lecteur 1", "card": "vitale2"})
    );

    let chip = read(&stage, json!({"source": "chip"})).await;
    assert_eq!(chip["provenance"], "chip-unverified");
    assert!(chip.get("component").is_none() && chip["beneficiaries"][0].get("insurance").is_none());

    let app = read(&stage, json!({"source": "telephone"})).await;
    assert_eq!(app["provenance"], "phone-app");
    assert_eq!(
        refused(&stage, json!({"source": "autre"})).await.0,
        ErrorCode::VitaleSourceUnknown
    );
}

#[tokio::test]
async fn a_phone_needs_no_card_and_a_component_by_name_may_see_more_than_pcsc() {
    let directory = tempfile::tempdir().unwrap();
    let phone = adapter(directory.path(), "telephone", &says(&holder()));
    let stage = stage_with(&plugged_in("telephone", "phone-app", &phone));
    let app = read(&stage, json!({"source": "telephone"})).await;
    assert_eq!(app["provenance"], "phone-app");
    assert!(app.get("reader").is_none() && app.get("card").is_none());
    assert_eq!(
        asked(directory.path(), "telephone"),
        json!({"contract": 1, "operation": "read"})
    );
    // Unasked, a phone is not read: the chip is, and there is none.
    assert_eq!(refused(&stage, json!({})).await.0, ErrorCode::ReaderAbsent);
}

#[tokio::test]
async fn what_the_chip_adds_is_marked_field_by_field() {
    let directory = tempfile::tempdir().unwrap();
    let card = Card::shipped("vitale-family");
    let stage = stage_with("");
    stage.insert("Lecteur 1", &card);
    let chip = read(&stage, json!({})).await;
    let people = chip["beneficiaries"].as_array().unwrap();

    // The same people, without numbers.
    let names: Vec<_> = people
        .iter()
        .map(|person| {
            json!({
                "family_name": person["family_name"], "given_name": person["given_name"],
                "birth_date": person["birth_date"]
            })
        })
        .collect();
    let answer = json!({"contract": 1, "beneficiaries": names});
    let program = adapter(directory.path(), "lecture", &says(&answer));
    let stage = stage_with(&plugged_in("lecture", "reading-component", &program));
    stage.insert("Lecteur 1", &card);

    let official = read(&stage, json!({})).await;
    assert!(official["beneficiaries"][0].get("nir").is_none());
    let completed = read(&stage, json!({"complete_from_chip": true})).await;
    assert_eq!(completed["provenance"], "official-component");
    let with_own_number = people.iter().filter(|one| one.get("nir").is_some()).count();
    assert!((1..people.len()).contains(&with_own_number), "{chip}");
    for (person, on_chip) in completed["beneficiaries"]
        .as_array()
        .unwrap()
        .iter()
        .zip(people)
    {
        assert_eq!(person.get("nir"), on_chip.get("nir"));
        let mark = person.pointer("/field_provenance/nir");
        assert_eq!(mark.is_some(), on_chip.get("nir").is_some());
        assert!(mark.is_none_or(|mark| mark == "chip-unverified"));
    }
}

#[tokio::test]
async fn a_first_generation_card_is_read_through_the_component_and_names_it_otherwise() {
    let directory = tempfile::tempdir().unwrap();
    let stage = stage_with("");
    stage.insert("Lecteur 1", &Card::shipped("vitale1"));
    let (code, _) = refused(&stage, json!({})).await;
    assert_eq!(code, ErrorCode::CardVitale1);

    let place = directory.path().join("api_lec.ini");
    fs::write(&place, "").unwrap();
    let present = format!("[[vitale_place]]\ncomponent = \"api-lecture\"\npath = {place:?}\n");
    let stage = stage_with(&present);
    stage.insert("Lecteur 1", &Card::shipped("vitale1"));
    let (code, detail) = refused(&stage, json!({})).await;
    assert_eq!(code, ErrorCode::CardVitale1);
    assert!(detail.contains("API de lecture"), "{detail}");

    let card = Card::shipped("vitale1");
    let program = adapter(directory.path(), "lecture", &says(&holder()));
    let stage = stage_with(&(present + &plugged_in("lecture", "reading-component", &program)));
    stage.insert("Lecteur 1", &card);
    let official = read(&stage, json!({})).await;
    assert_eq!(official["card"]["kind"], "vitale1");
    assert_eq!(official["provenance"], "official-component");
    assert_eq!(asked(directory.path(), "lecture")["card"], "vitale1");
    let (code, detail) = refused(&stage, json!({"source": "chip"})).await;
    assert_eq!(code, ErrorCode::CardVitale1);
    assert!(detail.contains("\"lecture\""), "{detail}");
    assert_eq!(card.counters().apdus, 0, "the agent sends it nothing");
}

#[tokio::test]
async fn whatever_a_component_does_wrong_has_its_own_answer_and_the_chip_is_not_taken_instead() {
    let refusal = |word: &str| says(&json!({"contract": 1, "error": word}));
    let cases = [
        ("exit 1".to_owned(), ErrorCode::VitaleComponentFailed),
        ("kill -9 $$".to_owned(), ErrorCode::VitaleComponentFailed),
        (
            "echo SIMULATEUR".to_owned(),
            ErrorCode::VitaleComponentMalformed,
        ),
        (
            says(&json!({"contract": 2})),
            ErrorCode::VitaleComponentMalformed,
        ),
        (
            "head -c 300000 /dev/zero".to_owned(),
            ErrorCode::VitaleComponentMalformed,
        ),
        (
            "exec sleep 600".to_owned(),
            ErrorCode::VitaleComponentTimeout,
        ),
        (refusal("cancelled"), ErrorCode::OperationCancelled),
        (refusal("no-card"), ErrorCode::CardAbsent),
        (refusal("no-professional-card"), ErrorCode::CardAbsent),
        (refusal("unavailable"), ErrorCode::VitaleComponentFailed),
        (refusal("unreadable-card"), ErrorCode::VitaleComponentFailed),
    ];
    for (lines, expected) in cases {
        let directory = tempfile::tempdir().unwrap();
        let program = adapter(directory.path(), "lecture", &lines);
        let mut configuration = plugged_in("lecture", "reading-component", &program);
        if expected == ErrorCode::VitaleComponentTimeout {
            configuration = configuration.replace("= 60", "= 1");
        }
        let stage = stage_with(&configuration);
        stage.insert("Lecteur 1", &Card::shipped("vitale-holder"));
        let (code, detail) = refused(&stage, json!({})).await;
        assert_eq!(code, expected, "{lines}: {detail}");
        assert!(detail.contains("\"lecture\""), "{lines}: {detail}");
        assert!(!detail.contains("SIMULATEUR"), "{detail}");
        read(&stage, json!({"source": "chip"})).await;
    }
}

#[tokio::test]
async fn a_program_that_others_can_change_is_told_and_never_run() {
    let directory = tempfile::tempdir().unwrap();
    let program = adapter(directory.path(), "lecture", &says(&holder()));
    fs::set_permissions(&program, Permissions::from_mode(0o777)).unwrap();
    let stage = stage_with(&plugged_in("lecture", "reading-component", &program));
    stage.insert("Lecteur 1", &Card::shipped("vitale-holder"));
    let (code, _) = refused(&stage, json!({})).await;
    assert_eq!(code, ErrorCode::VitaleComponentUnusable);
    assert!(!directory.path().join("lecture.asked").exists());

    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert_eq!(status["vitale_components"][0]["state"], "unusable");
    let warned = status["warnings"].as_array().unwrap();
    assert!(
        warned
            .iter()
            .any(|warning| warning["code"] == "vitale-component-unusable")
    );
}

#[tokio::test]
async fn status_names_what_is_plugged_in_and_what_is_present() {
    let directory = tempfile::tempdir().unwrap();
    let program = adapter(directory.path(), "lecture", "exit 1");
    let place = directory.path().join("galss.ini");
    fs::write(&place, "").unwrap();
    let stage = stage_with(&format!(
        "{}[[vitale_place]]\ncomponent = \"galss\"\npath = {place:?}\n",
        plugged_in("lecture", "reading-component", &program)
    ));
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    let named = |name: &str| {
        let components = status["vitale_components"].as_array().unwrap();
        let found = components.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{status}")).clone()
    };
    assert_eq!(named("lecture")["state"], "plugged-in");
    assert_eq!(named("lecture")["place"], json!(program));
    assert_eq!(named("galss")["state"], "present");
    assert_eq!(named("galss")["place"], json!(place));
    assert!(!directory.path().join("lecture.asked").exists());

    let site = stage::site(stage::SITE);
    let told = stage.perform_as(&site, Operation::Status, json!({})).await;
    assert!(!told.unwrap().to_string().contains("galss.ini"));
}

#[tokio::test]
async fn a_card_changed_meanwhile_spoils_the_answer() {
    let directory = tempfile::tempdir().unwrap();
    let lines = format!(
        "while [ ! -e {0}/go ]; do sleep 0.02; done\n{1}",
        directory.path().display(),
        says(&holder())
    );
    let program = adapter(directory.path(), "lecture", &lines);
    let stage = stage_with(&plugged_in("lecture", "reading-component", &program));
    stage.insert("Lecteur 1", &Card::shipped("vitale-holder"));
    let read = stage.perform(Operation::VitaleRead, json!({}));
    let change = async {
        while !directory.path().join("lecture.asked").exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        stage.readers.remove("Lecteur 1");
        stage.insert("Lecteur 1", &Card::shipped("vitale-family"));
        fs::write(directory.path().join("go"), "").unwrap();
    };
    let (read, ()) = tokio::join!(read, change);
    assert_eq!(read.unwrap_err().code, ErrorCode::CardChanged);
}
