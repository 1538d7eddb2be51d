//! `vihf`, from the request to what the record server verifies: each mode on soft cards of both kinds, what the person reads before
//! the PIN, and what cannot be had: another server's assertion, another structure, break-glass without a reason.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use crate::stage::{
    AUDIENCE, Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, pki, program, site, trust,
};
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{Authority, Level, Structure, Validity};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::vihf::{
    self, Expected, ExpectedAudience, PurposeOfUse, Resource, VerifiedVihf, VihfError, VihfMode,
};
use serde_json::{Value, json};

const PATIENT: &str = "161027599999983";
const PASSPHRASE: &str = "phrase secrète d'essai";
const REASON: &str = "Patient inconscient, douleur thoracique";

fn request() -> Value {
    json!({
        "mode": "DIRECTE",
        "server": "regional",
        "patient": PATIENT,
        "purpose": "normal",
        "practice_situation": 1,
    })
}

fn with(changes: &[(&str, Value)]) -> Value {
    let mut request = request();
    for (name, value) in changes {
        request[*name] = value.clone();
    }
    request
}

/// As the record server does, whose name the assertion must bear.
fn admitted(answer: &Value) -> Result<VerifiedVihf, VihfError> {
    let expected = Expected {
        resource: &Resource::default(),
        audience: ExpectedAudience::Named(&AUDIENCE.parse().unwrap()),
        now: SystemTime::now().into(),
    };
    let assertion = answer["assertion"].as_str().unwrap();
    let checked = vihf::check(assertion.as_bytes(), &expected, &trust::all())?;
    Ok(checked.admit(|_, _| Ok::<_, ()>(true)).unwrap())
}

/// A structure's seal in a file, with its sector in the configuration.
struct SealFile {
    folder: tempfile::TempDir,
}

impl SealFile {
    fn new() -> Self {
        let template = Structure::sample_clinic()
            .seal_template(Validity::of_card(UnixTime::from(SystemTime::now())));
        let authority = Authority::Organizations(Level::Elementaire);
        let issued = pki().with_authorities(|pki| pki.issue(authority, &template));
        let issued = issued.unwrap().unwrap();
        let key = issued.private_key_pkcs8_pem.expose();
        let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
        let cipher = Cipher::aes_256_cbc();
        let mut pem = key
            .private_key_to_pem_pkcs8_passphrase(cipher, PASSPHRASE.as_bytes())
            .unwrap();
        pem.extend_from_slice(issued.certificate.pem().as_bytes());
        let file = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::write(file.path(), pem).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("seal.pem")
    }

    fn stage(&self, answers: Vec<Answer>, sector: &str) -> Stage {
        let path = self.path();
        let configuration = format!("[[software]]\nname = \"clinic\"\npath = {path:?}\n{sector}\n");
        Stage::with(answers, false, &configuration)
    }
}

#[tokio::test]
async fn the_card_of_either_kind_signs_for_the_situation_that_was_chosen() {
    for (profile, situation, structure, sector) in [
        ("physician", 1, "499700000013001", "SA07"),
        ("physician", 3, "1990000010", "SA01"),
        ("physician-cps4", 3, "1990000010", "SA01"),
    ] {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let body = with(&[("practice_situation", json!(situation))]);
        let answer = stage
            .perform_as(&program(), Operation::Vihf, body)
            .await
            .unwrap();
        assert_eq!(answer["mode"], "DIRECTE");
        assert_eq!(answer["assurance"], "holder");
        let admitted = admitted(&answer).unwrap();
        let content = admitted.content();
        assert_eq!(content.mode, VihfMode::Direct);
        assert_eq!(content.id.as_str(), answer["id"]);
        assert_eq!(content.name_id, answer["holder"]["national_id"]);
        assert_eq!(content.purpose, PurposeOfUse::Normal);
        assert_eq!(
            content.patient.as_ref().unwrap().matricule().to_string(),
            PATIENT
        );
        assert_eq!(
            content.place.structure().to_string(),
            answer["structure_id"]
        );
        assert_eq!(answer["structure_id"], structure);
        assert_eq!(answer["sector"], sector);
        let lifetime = answer["expires_at"].as_i64().unwrap() - content.issued_at.0;
        assert_eq!(lifetime, 300);
        // One PIN, presented once, with the signature key; the card is left locked.
        assert_eq!(card.counters().verifies, 1);
        assert!(!card.pin_verified());
        let [asked] = &stage.asked()[..] else {
            panic!("asked once");
        };
        let shown = asked.description();
        for told in [
            "Accès à Dossier régional (VIHF DIRECTE) : patient 161027599999983",
            "access to Dossier régional: patient 161027599999983",
        ] {
            assert!(shown.contains(told), "{shown}");
        }
        // What is written of a question in a log names no patient.
        assert!(!format!("{asked:?}").contains(PATIENT));
    }
}

#[tokio::test]
async fn a_structure_answers_for_a_user_whose_card_it_saw() {
    let file = SealFile::new();
    for mode in [VihfMode::Indirect, VihfMode::IndirectReinforced] {
        let answers = vec![Answer::Pin("1234"), Answer::Passphrase(PASSPHRASE)];
        let stage = file.stage(answers, "sector = \"SA01\"");
        let card = Card::shipped("physician");
        stage.insert("Lecteur 1", &card);
        let mut body = with(&[("mode", json!(mode))]);
        body.as_object_mut().unwrap().remove("practice_situation");
        let answer = stage.perform(Operation::Vihf, body).await.unwrap();
        let admitted = admitted(&answer).unwrap();
        let content = admitted.content();
        assert_eq!(content.mode, mode);
        assert_eq!(content.name_id, "899700000013");
        assert_eq!(content.names.as_deref(), Some("CAMILLE SIMULATEUR"));
        assert_eq!(content.place.structure().to_string(), "1999999904");
        assert_eq!(answer["sector"], "SA01");
        assert_eq!(card.counters().verifies, 1);
        assert!(!card.pin_verified());
        let asked = stage.asked();
        assert_eq!(asked.len(), 2, "the card's PIN, then the seal's passphrase");
        for question in asked {
            let shown = question.description();
            let by = "par la structure CLINIQUE DU SIMULATEUR";
            assert!(shown.contains(by) && shown.contains(PATIENT), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_structure_answers_for_nobody_else() {
    let file = SealFile::new();
    let indirect = with(&[("mode", json!("INDIRECTE"))]);
    // A card whose PIN is not entered.
    let stage = file.stage(vec![Answer::Cancel], "sector = \"SA01\"");
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let refused = stage.perform(Operation::Vihf, indirect.clone()).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled);
    assert_eq!(
        stage.asked().len(),
        1,
        "the seal's passphrase is not asked for"
    );
    // No card at all: the seal is no person's.
    let by_seal = with(&[("mode", json!("INDIRECTE")), ("reader", json!("clinic"))]);
    let refused = stage.perform(Operation::Vihf, by_seal).await;
    assert_eq!(code(&refused), ErrorCode::CertificateWrongUse);
    // The seal does not sign in mode DIRECTE either.
    let direct = with(&[("reader", json!("clinic"))]);
    let refused = stage.perform(Operation::Vihf, direct).await;
    assert_eq!(code(&refused), ErrorCode::CertificateWrongUse);
    // Another name, and a seal whose sector nobody configured.
    let other = with(&[("mode", json!("INDIRECTE")), ("structure", json!("other"))]);
    let refused = stage.perform(Operation::Vihf, other).await;
    assert_eq!(code(&refused), ErrorCode::StructureSealMissing);
    let stage = file.stage(Vec::new(), "");
    stage.insert("Lecteur 1", &card);
    let refused = stage.perform(Operation::Vihf, indirect).await;
    assert_eq!(code(&refused), ErrorCode::StructureSealMissing);
}

#[tokio::test]
async fn break_glass_has_a_reason_that_is_read_and_an_event_that_names_nobody() {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let events = json!({});
    let start = stage.perform(Operation::Events, events).await.unwrap();
    let glass = json!("bris_de_glace");
    for (body, expected) in [
        (
            with(&[("purpose", glass.clone())]),
            ErrorCode::AccessReasonMissing,
        ),
        (
            with(&[("purpose", glass.clone()), ("reason", json!("..."))]),
            ErrorCode::AccessReasonMissing,
        ),
        (
            with(&[("reason", json!(REASON))]),
            ErrorCode::AccessReasonMissing,
        ),
        (
            with(&[
                ("purpose", glass.clone()),
                ("reason", json!(REASON)),
                ("patient", Value::Null),
            ]),
            ErrorCode::LotPatientInvalid,
        ),
    ] {
        let refused = stage.perform(Operation::Vihf, body).await;
        assert_eq!(code(&refused), expected);
    }
    assert!(stage.asked().is_empty(), "nobody was asked for a PIN");
    let body = with(&[("purpose", glass), ("reason", json!(REASON))]);
    let answer = stage.perform_as(&site(SITE), Operation::Vihf, body).await;
    let answer = answer.unwrap();
    assert_eq!(answer["purpose"], "bris_de_glace");
    let admitted = admitted(&answer).unwrap();
    assert_eq!(admitted.content().purpose, PurposeOfUse::BreakGlass);
    assert!(
        !answer["assertion"]
            .as_str()
            .unwrap()
            .contains("inconscient")
    );
    let shown = stage.asked()[0].description();
    for told in [
        "BRIS DE GLACE sur Dossier régional",
        "patient 161027599999983",
        "Motif : « Patient inconscient, douleur thoracique »",
        "BREAK-GLASS on Dossier régional",
        SITE,
    ] {
        assert!(shown.contains(told), "{shown}");
    }
    // The page that asked, the user's own programs, and no other page.
    for (caller, told) in [
        (site(SITE), 1),
        (program(), 1),
        (site(SITE_WITHOUT_SERVER), 0),
    ] {
        let since = json!({"cursor": start["cursor"]});
        let answer = stage.perform_as(&caller, Operation::Events, since).await;
        let answer = answer.unwrap();
        let events = answer["events"].as_array().unwrap();
        let glass: Vec<_> = events
            .iter()
            .filter(|event| event["kind"] == "break-glass")
            .collect();
        assert_eq!(glass.len(), told, "{caller:?}");
        for event in glass {
            assert_eq!(event["record_server"], "regional");
            assert_eq!(event["reader"], "Lecteur 1");
            let text = event.to_string();
            assert!(!text.contains(PATIENT) && !text.contains("SIMULATEUR"));
        }
    }
}

#[tokio::test]
async fn an_assertion_is_for_a_server_of_the_table_that_the_caller_may_mean() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    for (caller, server) in [
        (site(SITE), json!("other")),
        (site(SITE_WITHOUT_SERVER), json!("regional")),
        (program(), json!("elsewhere")),
        (program(), Value::Null),
    ] {
        let body = with(&[("server", server.clone())]);
        let refused = stage.perform_as(&caller, Operation::Vihf, body).await;
        assert_eq!(code(&refused), ErrorCode::RecordServerUnknown, "{server}");
    }
    // What a card says is no field of the request.
    for field in [
        "name_id",
        "structure_id",
        "sector",
        "role",
        "audience",
        "software",
    ] {
        let body = with(&[(field, json!("x"))]);
        let refused = stage.perform(Operation::Vihf, body).await;
        assert_eq!(code(&refused), ErrorCode::RequestInvalid, "{field}");
    }
    assert!(stage.asked().is_empty());
    let body = with(&[("server", Value::Null)]);
    let answer = stage.perform_as(&site(SITE), Operation::Vihf, body).await;
    admitted(&answer.unwrap()).unwrap();
    let body = with(&[("server", json!("other"))]);
    let answer = stage.perform(Operation::Vihf, body).await.unwrap();
    assert_eq!(admitted(&answer).unwrap_err().code(), "audience");
}

#[tokio::test]
async fn what_the_card_does_not_have_is_not_said() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let body = with(&[("practice_situation", json!(2))]);
    let refused = stage.perform(Operation::Vihf, body).await;
    assert_eq!(code(&refused), ErrorCode::PracticeSituationUnknown);
    let body = with(&[("practice_situation", Value::Null)]);
    let refused = stage.perform(Operation::Vihf, body).await;
    assert_eq!(
        code(&refused),
        ErrorCode::PracticeSituationUnknown,
        "one of two"
    );
    assert_eq!(stage.asked().len(), 2);
    let body = with(&[("speciality", json!("SM01"))]);
    let refused = stage.perform(Operation::Vihf, body).await;
    assert_eq!(code(&refused), ErrorCode::SpecialityUnknown);
    let body = with(&[("patient", json!("161027599999984"))]);
    let refused = stage.perform(Operation::Vihf, body).await;
    assert_eq!(code(&refused), ErrorCode::LotPatientInvalid);
    assert_eq!(stage.asked().len(), 2, "refused before the PIN");
    // A card that states no profession.
    let stage = Stage::new(Vec::new());
    stage.insert("Lecteur 1", &Card::shipped("authorised-person"));
    let refused = stage.perform(Operation::Vihf, request()).await;
    assert_eq!(code(&refused), ErrorCode::CertificateWrongUse);
}

#[tokio::test]
async fn the_shared_record_s_own_profile_names_no_server() {
    let configuration = "[[record_server]]\nname = \"dmp\"\ntitle = \"DMP\"\naudience = \"dmp.example\"\n\
                         vihf_audience = false\n[vihf]\nsoftware_name = \"Logiciel d'essai\"\nsoftware_version = \"7\"\n\
                         software_id = \"poste-1\"\ndmp_approval = \"ESSAI-0001\"\n";
    let stage = Stage::with(vec![Answer::Pin("1234")], false, configuration);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let body = with(&[("server", json!("dmp"))]);
    let answer = stage.perform(Operation::Vihf, body).await.unwrap();
    let expected = Expected {
        resource: &Resource::default(),
        audience: ExpectedAudience::NamedOrNone(&"dmp.example".parse().unwrap()),
        now: SystemTime::now().into(),
    };
    let assertion = answer["assertion"].as_str().unwrap();
    let checked = vihf::check(assertion.as_bytes(), &expected, &trust::all()).unwrap();
    let admitted = checked.admit(|_, _| Ok::<_, ()>(true)).unwrap();
    let content = admitted.content();
    assert_eq!(content.audience, None);
    let software = &content.software;
    assert_eq!(
        (software.name(), software.version()),
        ("Logiciel d'essai", "7")
    );
    assert_eq!(
        (software.id(), software.approval()),
        (Some("poste-1"), Some("ESSAI-0001"))
    );
}
