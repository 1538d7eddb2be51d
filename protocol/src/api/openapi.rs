//! `openapi`: the API as an OpenAPI 3.1 document (schemas: JSON Schema 2020-12), made from the request and response types
//! themselves, so that it cannot say anything else than they do. `protocol/openapi.json` is its committed copy; a test refuses
//! one that differs.

mod operations;
mod schemas;

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Operation, Problem, SiteAccess};

/// `openapi` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenapiRequest {}

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct OpenapiResponse(Map<String, Value>);

/// Where the agent answers unless it is configured otherwise.
const SERVER: &str = "https://127.0.0.1:47443";

const DESCRIPTION: &str = "\
Paraphe, an agent on the workstation of a health professional. A page calls it with `fetch` on a gesture of the person; \
its exact origin must have been granted the right that the operation needs (`x-right`); \
one without rights can call `pairing/request` and `pairing/status`, and nothing else. Requests are strict JSON: UTF-8, no key twice, no unknown key, nesting of 16 at most. \
Times are seconds since 1970-01-01 UTC. Binary is base64 (RFC 4648 section 4, padded) unless a field says otherwise. \
No request has a place for a PIN: the agent asks the person for it. \
Whatever else a page without rights asks, it gets an empty answer.";

impl OpenapiResponse {
    /// The document of this very program.
    #[must_use]
    pub fn of_this_version() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
                settings.transforms.push(Box::new(schemas::exact));
            })
        };
        let mut requests = settings().for_deserialize().into_generator();
        let mut responses = settings().for_serialize().into_generator();
        let problem = responses.subschema_for::<Problem>();

        let mut paths = Map::new();
        for operation in Operation::ALL {
            let described = operations::describe(operation, &mut requests, &mut responses);
            paths.insert(path(operation), described.item(operation));
        }
        let mut schemas = requests.take_definitions(true);
        schemas.append(&mut responses.take_definitions(true));
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Paraphe",
                "version": "v1",
                "description": DESCRIPTION,
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": SERVER }],
            "paths": paths,
            "components": {
                "parameters": {
                    "marker": {
                        "name": "X-Paraphe",
                        "in": "header",
                        "required": true,
                        "description": "No request of a foreign page can carry it without asking first.",
                        "schema": { "type": "string", "const": "1" },
                    },
                    "language": {
                        "name": "Accept-Language",
                        "in": "header",
                        "description": "French, unless English is preferred.",
                        "schema": { "type": "string" },
                        "example": "fr",
                    },
                },
                "responses": {
                    "problem": {
                        "description": "Refused or failed: a problem document (RFC 9457).",
                        "content": { "application/problem+json": { "schema": problem } },
                    },
                },
                "schemas": schemas,
            },
        });
        match document {
            Value::Object(document) => Self(document),
            _ => Self(Map::new()),
        }
    }
}

/// `/v1/<operation>`.
fn path(operation: Operation) -> String {
    format!("/v1/{}", operation.name())
}

/// The right that a site needs for it; `any`: whichever; `none`: without one.
fn right(operation: Operation) -> Option<&'static str> {
    match operation.site_access() {
        SiteAccess::Anybody => Some("none"),
        SiteAccess::AnyRight => Some("any"),
        SiteAccess::Needs(right) => Some(right.name()),
        SiteAccess::Nobody => None,
    }
}

/// One operation as the document describes it.
struct Described {
    summary: &'static str,
    request: schemars::Schema,
    response: schemars::Schema,
}

impl Described {
    fn of<Request: JsonSchema, Response: JsonSchema>(
        summary: &'static str,
        requests: &mut SchemaGenerator,
        responses: &mut SchemaGenerator,
    ) -> Self {
        Self {
            summary,
            request: requests.subschema_for::<Request>(),
            response: responses.subschema_for::<Response>(),
        }
    }

    /// The path item (OpenAPI 3.1.0 section 4.8.9).
    fn item(&self, operation: Operation) -> Value {
        let name = operation.name();
        let subject = name.split('/').next().unwrap_or(name);
        json!({
            "post": {
                "operationId": name.replace('/', "-"),
                "tags": [subject],
                "summary": self.summary,
                "x-for-sites": operation.is_for_sites(),
                "x-right": right(operation),
                "parameters": [
                    { "$ref": "#/components/parameters/marker" },
                    { "$ref": "#/components/parameters/language" },
                ],
                "requestBody": {
                    "required": true,
                    "content": { "application/json": { "schema": self.request } },
                },
                "responses": {
                    "200": {
                        "description": "Done.",
                        "content": { "application/json": { "schema": self.response } },
                    },
                    "4XX": { "$ref": "#/components/responses/problem" },
                    "5XX": { "$ref": "#/components/responses/problem" },
                },
            },
        })
    }
}

#[cfg(test)]
mod tests;
