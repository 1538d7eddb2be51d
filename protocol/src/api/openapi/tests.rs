#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Operation;
use super::OpenapiResponse;

const COMMITTED: &str = include_str!("../../../openapi.json");

fn document() -> Value {
    serde_json::to_value(OpenapiResponse::of_this_version()).unwrap()
}

#[test]
fn the_committed_document_is_what_the_types_say() {
    let committed: Value = serde_json::from_str(COMMITTED).unwrap();
    assert!(
        committed == document(),
        "protocol/openapi.json differs from the types; write it anew: \
         cargo run -p paraphe --features softcard -- openapi > protocol/openapi.json"
    );
}

#[test]
fn it_has_every_operation_and_nothing_else() {
    let document = document();
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().collect();
    let operations: BTreeSet<_> = Operation::ALL.into_iter().map(super::path).collect();
    assert_eq!(paths, operations.iter().collect());
}

#[test]
fn every_reference_leads_somewhere() {
    fn follow(value: &Value, document: &Value, met: &mut usize) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    *met += 1;
                }
                members
                    .values()
                    .for_each(|value| follow(value, document, met));
            }
            Value::Array(items) => items.iter().for_each(|value| follow(value, document, met)),
            _ => {}
        }
    }
    let document = document();
    let mut met = 0;
    follow(&document, &document, &mut met);
    assert!(met > 200, "{met}");
}

/// A request with an unknown key is refused; the document says so of every object that a request may hold.
#[test]
fn requests_are_closed() {
    let document = document();
    for operation in Operation::ALL {
        let path = super::path(operation);
        let schema = &document["paths"][&path]["post"]["requestBody"]["content"]["application/json"]
            ["schema"];
        let pointer = schema["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        let request = document.pointer(pointer).unwrap();
        assert_eq!(request["additionalProperties"], false, "{operation}");
    }
}

/// A type that is part of requests and of responses is the same in both.
#[test]
fn no_name_has_two_meanings() {
    let settings = || {
        schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
        })
    };
    let mut requests = settings().for_deserialize().into_generator();
    let mut responses = settings().for_serialize().into_generator();
    for operation in Operation::ALL {
        super::operations::describe(operation, &mut requests, &mut responses);
    }
    let responses = responses.take_definitions(true);
    for (name, schema) in requests.take_definitions(true) {
        if let Some(other) = responses.get(&name) {
            assert_eq!(&schema, other, "{name}");
        }
    }
}
