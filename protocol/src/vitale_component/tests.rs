//! The contract's example, every broken rule, and whose number is whose.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::{
    ComponentAnswer, ComponentAnswerError, ComponentReading, ComponentRefusal, ComponentRequest,
    MAXIMUM_ANSWER_BYTES, complete_from_chip, parse,
};
use crate::api::{BeneficiarySummary, NirSummary, Provenance};

/// Fictitious people; municipality 999 exists nowhere.
const HOLDER: &str = "280069999900163";
const CHILD: &str = "215049999900279";

fn with_key(number: &str) -> String {
    let nir = crate::identifiers::Nir::from_number(number).unwrap();
    format!("{}{:02}", nir.number(), nir.key())
}

fn holder_number() -> String {
    with_key(&HOLDER[..13])
}

fn child_number() -> String {
    with_key(&CHILD[..13])
}

fn answer() -> Value {
    json!({
        "contract": 1,
        "product": "API de lecture",
        "version": "7.10",
        "beneficiaries": [
            {
                "family_name": "SIMULATEUR", "birth_name": "ESSAI", "given_name": "CAMILLE",
                "birth_date": "19800600", "civil_birth_date": "19800615", "birth_rank": 1,
                "nir": holder_number(), "certified_nir": holder_number(),
                "address": ["1 RUE DU TEST", "", "99999 NULLE PART"],
                "insurance": {
                    "beneficiary_quality": 0, "regime": "01", "fund": "999", "managing_centre": "0000",
                    "management_code": "10", "card_centre": "0000",
                    "rights": [{"from": "20260101", "until": "20261231"}],
                    "exemption": "AUCUNE"
                },
                "complementary_cover": "C2S", "treating_physician": "DÉCLARÉ"
            },
            {
                "family_name": "SIMULATEUR", "given_name": "ALIX", "birth_date": "20150412",
                "nir": holder_number(), "insurance": {"beneficiary_quality": 2}
            }
        ]
    })
}

fn read(answer: &Value) -> Result<ComponentReading, ComponentAnswerError> {
    match parse(answer.to_string().as_bytes())? {
        ComponentAnswer::Read(reading) => Ok(reading),
        ComponentAnswer::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn requests_say_what_is_seen() {
    let say = |request: ComponentRequest<'_>| serde_json::to_value(request).unwrap();
    assert_eq!(
        say(ComponentRequest::read(Some(("Lecteur 1", "vitale1")))),
        json!({"contract": 1, "operation": "read", "reader": "Lecteur 1", "card": "vitale1"})
    );
    assert_eq!(
        say(ComponentRequest::read(None)),
        json!({"contract": 1, "operation": "read"})
    );
}

#[test]
fn every_field_of_the_contract_is_read() {
    let reading = read(&answer()).unwrap();
    assert_eq!(reading.product.as_deref(), Some("API de lecture"));
    let [holder, child] = &reading.beneficiaries[..] else {
        panic!()
    };
    assert_eq!(holder.birth_name.as_deref(), Some("ESSAI"));
    assert_eq!(
        holder.birth_date, "19800600",
        "lunar dates stay as they are"
    );
    assert_eq!(holder.address, ["1 RUE DU TEST", "99999 NULLE PART"]);
    assert_eq!(holder.nir.as_ref().unwrap().number, holder_number()[..13]);
    assert!(holder.ins_c.as_ref().unwrap().len() >= 22);
    let insurance = holder.insurance.as_ref().unwrap();
    assert_eq!(insurance.rights[0].until.as_deref(), Some("20261231"));
    assert_eq!(child.position, 2);
    assert_eq!((&child.nir, &child.ins_c), (&None, &None));
}

#[test]
fn a_dependant_gets_a_certified_number_of_its_own_and_no_other() {
    let nir_of_the_child = |nir: Value, certified: Value| {
        let mut answer = answer();
        answer["beneficiaries"][1]["nir"] = nir;
        answer["beneficiaries"][1]["certified_nir"] = certified;
        read(&answer).unwrap().beneficiaries[1].nir.clone()
    };
    let child = child_number();
    assert_eq!(nir_of_the_child(json!(child), Value::Null), None);
    assert_eq!(nir_of_the_child(Value::Null, json!(holder_number())), None);
    let own = nir_of_the_child(json!(holder_number()), json!(child)).unwrap();
    assert_eq!(own.number, child[..13]);

    // A phone may show a child alone: its quality says that the number is not its own.
    let mut alone = answer();
    alone["beneficiaries"].as_array_mut().unwrap().remove(0);
    assert_eq!(read(&alone).unwrap().beneficiaries[0].nir, None);
}

#[test]
fn refusals_are_words_of_the_contract() {
    let refusal = |word: &str| parse(json!({"contract": 1, "error": word}).to_string().as_bytes());
    for (word, expected) in [
        ("cancelled", ComponentRefusal::Cancelled),
        ("no-card", ComponentRefusal::NoCard),
        ("no-professional-card", ComponentRefusal::NoProfessionalCard),
        ("unavailable", ComponentRefusal::Unavailable),
        ("unreadable-card", ComponentRefusal::UnreadableCard),
    ] {
        assert_eq!(refusal(word), Ok(ComponentAnswer::Refused(expected)));
    }
    assert!(matches!(
        refusal("SIMULATEUR CAMILLE"),
        Err(ComponentAnswerError::Syntax { .. })
    ));
}

#[test]
fn every_broken_rule_refuses_the_whole_answer() {
    let long = "A".repeat(129);
    let person = "/beneficiaries/0";
    let cases = [
        ("/contract", json!(2), ComponentAnswerError::Contract(2)),
        ("/beneficiaries", json!([]), ComponentAnswerError::Count),
        (
            "/product",
            json!(long),
            ComponentAnswerError::Field("product"),
        ),
        (
            "family_name",
            json!(long),
            ComponentAnswerError::Field("family_name"),
        ),
        (
            "family_name",
            json!("A\u{1b}[2J"),
            ComponentAnswerError::Field("family_name"),
        ),
        (
            "given_name",
            json!("A\u{202e}B"),
            ComponentAnswerError::Field("given_name"),
        ),
        (
            "birth_date",
            json!("1980-06-15"),
            ComponentAnswerError::Field("birth_date"),
        ),
        (
            "birth_rank",
            json!(0),
            ComponentAnswerError::Field("birth_rank"),
        ),
        (
            "nir",
            json!("280069999900100"),
            ComponentAnswerError::Field("nir"),
        ),
        (
            "certified_nir",
            json!("1"),
            ComponentAnswerError::Field("certified_nir"),
        ),
        (
            "address",
            json!(["1", "2", "3", "4", "5", "6"]),
            ComponentAnswerError::Field("address"),
        ),
        (
            "insurance",
            json!({"regime": "12345678901234567"}),
            ComponentAnswerError::Field("regime"),
        ),
        (
            "insurance",
            json!({"rights": [{"from": "260101"}]}),
            ComponentAnswerError::Field("from"),
        ),
    ];
    for (place, value, error) in cases {
        let mut answer = answer();
        match place.starts_with('/') {
            true => *answer.pointer_mut(place).unwrap() = value,
            false => answer.pointer_mut(person).unwrap()[place] = value,
        }
        assert_eq!(read(&answer).unwrap_err(), error, "{place}");
    }
    let mut people = answer();
    let one = people["beneficiaries"][0].clone();
    people["beneficiaries"] = json!(vec![one; 21]);
    assert_eq!(read(&people).unwrap_err(), ComponentAnswerError::Count);
}

#[test]
fn nonsense_is_told_by_its_place_and_never_quoted() {
    let syntax = |text: &str| {
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ComponentAnswerError::Syntax { .. }),
            "{text}"
        );
        assert!(!error.to_string().contains("SIMULATEUR"), "{error}");
    };
    syntax("");
    syntax("SIMULATEUR");
    syntax(r#"{"contract": 1, "SIMULATEUR": 1}"#);
    syntax(r#"{"contract": 1, "contract": 1, "error": "no-card"}"#);
    syntax(r#"{"contract": 1, "error": "no-card"} SIMULATEUR"#);
    syntax(r#"{"contract": 1, "beneficiaries": [{"family_name": ["SIMULATEUR"]}]}"#);
    let both = r#"{"contract": 1, "error": "no-card", "beneficiaries": []}"#;
    for text in [both, r#"{"contract": 1}"#] {
        assert_eq!(
            parse(text.as_bytes()),
            Err(ComponentAnswerError::NotOneOutcome)
        );
    }
    let long = vec![b' '; MAXIMUM_ANSWER_BYTES + 1];
    assert_eq!(parse(&long), Err(ComponentAnswerError::TooLong));
}

fn person(position: u8, given_name: &str, nir: Option<&str>) -> BeneficiarySummary {
    BeneficiarySummary {
        position,
        family_name: "SIMULATEUR".to_owned(),
        given_name: given_name.to_owned(),
        birth_date: "20150412".to_owned(),
        nir: nir.map(|nir| NirSummary {
            number: nir[..13].to_owned(),
            key: nir[13..].to_owned(),
        }),
        ..BeneficiarySummary::default()
    }
}

#[test]
fn what_the_chip_adds_is_marked_and_nobody_else_s_number() {
    let (holder, child) = (holder_number(), child_number());
    let mut people = [
        person(1, "CAMILLE", Some(&holder)),
        person(2, "ALIX", None),
        person(3, "LOU", None),
        person(4, "SACHA", None),
        person(5, "SACHA", None),
    ];
    let chip = [
        person(1, "CAMILLE", Some(&child)),
        person(2, "ALIX", Some(&child)),
        person(3, "LOU", Some(&holder)),
        person(4, "SACHA", Some(&with_key("2150499999004"))),
    ];
    complete_from_chip(&mut people, &chip);
    assert_eq!(people[0].nir.as_ref().unwrap().number, holder[..13]);
    assert!(people[0].field_provenance.is_empty());
    assert_eq!(people[1].nir.as_ref().unwrap().number, child[..13]);
    assert_eq!(
        people[1].field_provenance.get("nir"),
        Some(&Provenance::ChipUnverified)
    );
    assert_eq!(people[2].nir, None, "the holder's number is the holder's");
    assert_eq!(people[3].nir, None, "two of the same name and day");
}
