//! The answers: one set of headers for all, CORS only for an origin that passed the gate, an empty body where telling
//! more would help an attacker. Never a wildcard, credentials, a cookie, HSTS or a version.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use paraphe_protocol::api::{ErrorCode, Language, Problem, QueuePlace};
use serde_json::value::RawValue;

use super::gate::{LocalRefusal, Refusal};
use super::ticket::Ticket;
use crate::config::Origin;
use crate::own_page::PageFile;

/// An answer with its whole body.
pub(super) type Answer = Response<Full<Bytes>>;

/// The result of an operation.
pub(super) fn result(response: Box<RawValue>, origin: Option<&Origin>) -> Answer {
    let body = String::from(Box::<str>::from(response));
    let mut answer = of(StatusCode::OK, body, "application/json");
    allow(answer.headers_mut(), origin);
    answer
}

/// An error, as a problem document (RFC 9457).
pub(super) fn problem(problem: &Problem, language: Language, origin: Option<&Origin>) -> Answer {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_string(problem).unwrap_or_default();
    let mut answer = of(status, body, "application/problem+json");
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(match language {
            Language::French => "fr",
            Language::English => "en",
        }),
    );
    allow(headers, origin);
    answer
}

/// Yes to a browser that asks before the real request (Fetch standard, CORS preflight).
pub(super) fn preflight(origin: &Origin) -> Answer {
    let mut answer = empty(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    allow(headers, Some(origin));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "content-type, x-paraphe, x-paraphe-queue",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "0"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Not now: the request waits for its turn.
pub(super) fn queued(
    ticket: &Ticket,
    ahead: usize,
    kept: Duration,
    language: Language,
    origin: Option<&Origin>,
) -> Answer {
    let sentence = match language {
        Language::French => format!("{ahead} demandes sont devant."),
        Language::English => format!("{ahead} requests are before it."),
    };
    let mut queued = Problem::new(ErrorCode::BusyQueued, language).with_detail(sentence);
    queued.queue = Some(QueuePlace {
        ticket: ticket.written(),
        ahead: u32::try_from(ahead).unwrap_or(u32::MAX),
        kept_ms: u32::try_from(kept.as_millis()).unwrap_or(u32::MAX),
    });
    let mut answer = problem(&queued, language, origin);
    // At once: the wait is on this side.
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("0"));
    answer
}

/// Not now, and no place is kept.
pub(super) fn too_busy(language: Language, origin: Option<&Origin>) -> Answer {
    let busy = Problem::new(ErrorCode::TooBusy, language);
    let mut answer = problem(&busy, language, origin);
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

/// A file of the agent's own page: nothing from elsewhere in it, nothing around it.
pub(super) fn page_file(file: &'static PageFile) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(file.content)));
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-embedder-policy"),
            "require-corp",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Content Security Policy level 3: its own files and the agent itself, nothing inline, no frame either way, no text read as HTML.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                           require-trusted-types-for 'script'; trusted-types 'none'";

/// No to a page. A page of an unknown origin learns nothing; one of a known origin learns what to mend.
pub(super) fn refusal(refusal: &Refusal, language: Language) -> Answer {
    let (status, origin, sentence) = match refusal {
        Refusal::Version => return empty(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        Refusal::Host => return empty(StatusCode::MISDIRECTED_REQUEST),
        Refusal::Origin | Refusal::FetchMetadata => return empty(StatusCode::FORBIDDEN),
        Refusal::DuplicatedHeader(origin) => (StatusCode::BAD_REQUEST, origin, DUPLICATED),
        Refusal::Method(origin) => (StatusCode::METHOD_NOT_ALLOWED, origin, METHOD),
        Refusal::PreflightMethod(origin) => (StatusCode::METHOD_NOT_ALLOWED, origin, METHOD),
        Refusal::Target(origin) => {
            let unknown = Problem::new(ErrorCode::OperationUnknown, language);
            return problem(&unknown, language, Some(origin));
        }
        Refusal::ContentType(origin) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, origin, MEDIA_TYPE),
        Refusal::Marker(origin) => (
            StatusCode::BAD_REQUEST,
            origin,
            [
                "L'en-tête X-Paraphe: 1 manque.",
                "The header X-Paraphe: 1 is missing.",
            ],
        ),
        Refusal::LengthMissing(origin) => (StatusCode::LENGTH_REQUIRED, origin, LENGTH),
        Refusal::TooLarge(origin) => (StatusCode::PAYLOAD_TOO_LARGE, origin, TOO_LARGE),
        Refusal::TransferEncoding(origin) => (StatusCode::LENGTH_REQUIRED, origin, LENGTH),
    };
    malformed(status, sentence, language, Some(origin))
}

/// No to a local program.
pub(super) fn local_refusal(refusal: &LocalRefusal, language: Language) -> Answer {
    let (status, sentence) = match refusal {
        LocalRefusal::Version => return empty(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
        LocalRefusal::Host => (
            StatusCode::MISDIRECTED_REQUEST,
            [
                "L'en-tête Host doit valoir localhost.",
                "The Host header must be localhost.",
            ],
        ),
        LocalRefusal::FromBrowser => return empty(StatusCode::FORBIDDEN),
        LocalRefusal::DuplicatedHeader => (StatusCode::BAD_REQUEST, DUPLICATED),
        LocalRefusal::Method => (StatusCode::METHOD_NOT_ALLOWED, METHOD),
        LocalRefusal::Target => {
            let unknown = Problem::new(ErrorCode::OperationUnknown, language);
            return problem(&unknown, language, None);
        }
        LocalRefusal::ContentType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, MEDIA_TYPE),
        LocalRefusal::LengthMissing | LocalRefusal::TransferEncoding => {
            (StatusCode::LENGTH_REQUIRED, LENGTH)
        }
        LocalRefusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
    };
    malformed(status, sentence, language, None)
}

/// A body that was cut, or did not come in time.
pub(super) fn body_failed(timed_out: bool, language: Language, origin: Option<&Origin>) -> Answer {
    let status = if timed_out {
        StatusCode::REQUEST_TIMEOUT
    } else {
        StatusCode::BAD_REQUEST
    };
    let sentence = [
        "Le corps de la requête n'est pas arrivé en entier.",
        "The request's body did not arrive whole.",
    ];
    let mut answer = malformed(status, sentence, language, origin);
    answer
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// An answer without body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = of(status, String::new(), "application/json");
    if status != StatusCode::NO_CONTENT {
        // The request's body, if any, was not read.
        answer
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

const DUPLICATED: [&str; 2] = ["Un en-tête figure deux fois.", "A header stands twice."];
const METHOD: [&str; 2] = ["Seul POST est admis.", "Only POST is allowed."];
const MEDIA_TYPE: [&str; 2] = [
    "Content-Type doit valoir exactement application/json.",
    "Content-Type must be exactly application/json.",
];
const LENGTH: [&str; 2] = [
    "Content-Length est exigé ; Transfer-Encoding n'est pas admis.",
    "Content-Length is required; Transfer-Encoding is not allowed.",
];
const TOO_LARGE: [&str; 2] = [
    "Le corps de la requête est trop long ; déposez les documents par morceaux (document/put).",
    "The request's body is too long; hand documents over in pieces (document/put).",
];

fn malformed(
    status: StatusCode,
    [french, english]: [&str; 2],
    language: Language,
    origin: Option<&Origin>,
) -> Answer {
    let sentence = match language {
        Language::French => french,
        Language::English => english,
    };
    let mut document = Problem::new(ErrorCode::RequestInvalid, language).with_detail(sentence);
    document.status = status.as_u16();
    let mut answer = problem(&document, language, origin);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

fn of(status: StatusCode, body: String, media_type: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn allow(headers: &mut HeaderMap, origin: Option<&Origin>) {
    // An origin is visible ASCII by its type, so it is always a header value.
    if let Some(value) = origin.and_then(|origin| HeaderValue::from_str(origin.as_str()).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
}
