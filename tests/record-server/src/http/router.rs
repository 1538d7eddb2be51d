//! The one order in which every request is treated: path and method, session, rule, body, action, trace.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ACCEPT_LANGUAGE, HeaderMap};
use hyper::{Request, Response, StatusCode};
use paraphe_protocol::api::Language;
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login_server::Connection;
use serde::{Deserialize, Serialize};

use super::body::read_json;
use super::response::{self, ResponseBody};
use super::route::Route;
use super::{BodyReader, Credentials};
use crate::client_certificate::{ClientIdentity, ClientSummary};
use crate::problem::{Code, Refusal};
use crate::rules::Action;
use crate::service::Service;
use crate::trace::Entry;

/// Answers a request, whatever it is.
pub(super) async fn answer(
    service: Arc<Service>,
    request: Request<Incoming>,
    connection: Connection,
) -> Response<ResponseBody> {
    let language = language(request.headers());
    match dispatch(&service, request, connection).await {
        Ok(response) => response,
        Err(refusal) => {
            if refusal.code == Code::Internal {
                tracing::error!(cause = ?refusal.cause, "request failed");
            } else {
                tracing::info!(code = refusal.code.name(), "request refused");
            }
            response::problem(&refusal, language)
        }
    }
}

/// Body of requests that carry nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyRequest {}

/// Answer to `GET /v1/client`.
#[derive(Debug, Serialize)]
struct ClientResponse {
    /// Who this connection's client is; null where certificates are not asked for.
    client: Option<ClientSummary>,
}

/// Answer to `GET /v1/status`.
#[derive(Debug, Serialize)]
struct StatusResponse<'a> {
    audience: &'a str,
    origin: &'a str,
    environment: Environment,
    offered: Vec<&'a str>,
    documents_per_lot: usize,
    document_bytes: u64,
}

async fn dispatch(
    service: &Service,
    request: Request<Incoming>,
    connection: Connection,
) -> Result<Response<ResponseBody>, Refusal> {
    let route = Route::find(request.method(), request.uri().path())?;
    if let Some(action) = route.action() {
        let mut entry = Entry::new(action, service.now());
        let outcome = perform(service, route, (action, connection), request, &mut entry).await;
        return service.trace_outcome(entry, outcome).await;
    }
    let configuration = service.configuration();
    let limits = &configuration.limits;
    if route == Route::Nonce {
        let (parts, body) = request.into_parts();
        let EmptyRequest {} =
            read_json(&parts.headers, body, limits.login_bytes, limits.idle).await?;
        return response::json(StatusCode::OK, &service.nonce().await?);
    }
    if route == Route::Client {
        let client = request.extensions().get::<Arc<ClientIdentity>>();
        let client = client.map(|client| client.summary());
        return response::json(StatusCode::OK, &ClientResponse { client });
    }
    let status = StatusResponse {
        audience: configuration.audience.as_str(),
        origin: configuration.origin.as_str(),
        environment: configuration.environment,
        offered: configuration.offered.names().collect(),
        documents_per_lot: limits.documents_per_lot,
        document_bytes: limits.document_bytes,
    };
    response::json(StatusCode::OK, &status)
}

async fn perform(
    service: &Service,
    route: Route,
    (action, connection): (Action, Connection),
    request: Request<Incoming>,
    entry: &mut Entry,
) -> Result<Response<ResponseBody>, Refusal> {
    let configuration = service.configuration();
    let limits = &configuration.limits;
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let credentials = Credentials::of(headers, &parts.method, parts.uri.path(), connection);
    if route == Route::Login {
        let request = read_json(headers, body, limits.login_bytes, limits.idle).await?;
        let answer = service.login(request, &credentials?, entry).await?;
        return response::json(StatusCode::OK, &answer);
    }
    if route == Route::Access {
        let request = read_json(headers, body, limits.login_bytes, limits.idle).await?;
        return response::json(StatusCode::OK, &service.access(request, entry).await?);
    }
    let authorised = match credentials {
        Ok(credentials) => service.authorise(&credentials, action, entry).await,
        Err(refusal) => Err(refusal),
    };
    let session = match authorised {
        Ok(session) => session,
        Err(refusal) => {
            BodyReader::new(body, limits.idle).drain().await;
            return Err(refusal);
        }
    };
    match route {
        Route::Logout => {
            service.logout(&session).await?;
            Ok(response::nothing())
        }
        Route::CreateRecord => {
            let request = read_json(headers, body, limits.request_bytes, limits.idle).await?;
            let receipt = service.create_record(&session, request, entry).await?;
            response::json(StatusCode::CREATED, &receipt)
        }
        Route::RecordExists => {
            let request = read_json(headers, body, limits.request_bytes, limits.idle).await?;
            let answer = service.record_exists(&request, entry).await?;
            response::json(StatusCode::OK, &answer)
        }
        Route::RegisterPatientCertificate { record } => {
            let request = read_json(headers, body, limits.login_bytes, limits.idle).await?;
            let receipt = service
                .register_patient_certificate(&session, record, request, entry)
                .await?;
            response::json(StatusCode::CREATED, &receipt)
        }
        Route::RemovePatientCertificate { record, sha256 } => {
            service
                .remove_patient_certificate(record, sha256, entry)
                .await?;
            Ok(response::nothing())
        }
        Route::OpenLot => {
            let request = read_json(headers, body, limits.request_bytes, limits.idle).await?;
            let opened = service.open_lot(&session, request, entry).await?;
            response::json(StatusCode::CREATED, &opened)
        }
        Route::ApprovalsAwaited => {
            response::json(StatusCode::OK, &service.awaiting_approval(&session))
        }
        Route::RequestApproval { lot } => {
            let EmptyRequest {} = read_json(headers, body, limits.login_bytes, limits.idle).await?;
            let asked = service.request_approval(&session, &lot, entry).await?;
            response::json(StatusCode::OK, &asked)
        }
        Route::PutDocument { lot, number } => {
            let receipt = service
                .put_document(&session, (&lot, number), body, entry)
                .await?;
            response::json(StatusCode::OK, &receipt)
        }
        Route::CommitLot { lot } => {
            let taken = service.take_lot(&session, &lot, entry)?;
            let maximum = limits.signature_bytes / 3 * 4 + limits.login_bytes;
            let receipt = async {
                let request = read_json(headers, body, maximum, limits.idle).await?;
                service
                    .commit_lot(&session, (lot, &taken), &request, entry)
                    .await
            }
            .await;
            // Removes what is left of the lot before the answer goes out.
            service.discard(vec![taken]).await?;
            response::json(StatusCode::CREATED, &receipt?)
        }
        Route::AbandonLot { lot } => {
            service.abandon_lot(&session, &lot, entry).await?;
            Ok(response::nothing())
        }
        Route::Documents { record } => {
            let documents = service.documents(record, entry).await?;
            response::json(StatusCode::OK, &documents)
        }
        Route::Document { record, unique_id } => {
            let found = service.document(record.clone(), unique_id, entry).await?;
            let path = service
                .lot_folder(&record, &found.lot)
                .join(found.number.to_string());
            let file = tokio::fs::File::open(path).await?;
            Ok(response::file(file, found.size, &found.media_type))
        }
        Route::Trace { record } => {
            let trace = service.trace(record, entry).await?;
            response::json(StatusCode::OK, &trace)
        }
        // Treated before: they need no session.
        Route::Status | Route::Client | Route::Nonce | Route::Login | Route::Access => {
            Err(Code::Internal.into())
        }
    }
}

fn language(headers: &HeaderMap) -> Language {
    headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or_else(Language::default, Language::from_accept_language)
}
