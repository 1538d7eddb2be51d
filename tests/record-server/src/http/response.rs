//! What goes back: JSON, a document's bytes streamed from its file, nothing, or a problem document. Nothing is cached.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use paraphe_protocol::api::Language;
use serde::Serialize;
use tokio::fs::File;

use crate::problem::{Code, Refusal};
use crate::stream::ReaderBody;

pub(super) type ResponseBody = BoxBody<Bytes, std::io::Error>;

pub(super) fn json<T: Serialize>(
    status: StatusCode,
    value: &T,
) -> Result<Response<ResponseBody>, Refusal> {
    let bytes =
        serde_json::to_vec(value).map_err(|error| Refusal::new(Code::Internal).because(error))?;
    Ok(respond(status, "application/json", full(bytes)))
}

pub(super) fn nothing() -> Response<ResponseBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn problem(refusal: &Refusal, language: Language) -> Response<ResponseBody> {
    let problem = refusal.problem(language);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // A struct of strings and numbers always serialises; an empty body would still carry the status.
    let bytes = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = respond(status, "application/problem+json", full(bytes));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("DPoP algs=\"ES256\""),
        );
    }
    response
}

/// A document's bytes. `media_type` is one of those that lots are allowed to announce.
pub(super) fn file(file: File, size: u64, media_type: &str) -> Response<ResponseBody> {
    let body = ReaderBody::new(file, Some(size)).boxed();
    let mut response = respond(StatusCode::OK, media_type, body);
    response
        .headers_mut()
        .insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}

fn full(bytes: Vec<u8>) -> ResponseBody {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed()
}

fn respond(status: StatusCode, media_type: &str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_str(media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
