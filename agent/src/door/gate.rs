//! The request gate: what a request must look like before one byte of its body is read and before anything is done for
//! it. Being on loopback authenticates nobody; CORS only stops reading an answer; so a request that fails here is not
//! executed. The checks stand in one function per door, in the order in which they are made (HTTP: RFC 9110, RFC 9112;
//! origins: RFC 6454; Fetch Metadata: W3C Fetch Metadata Request Headers).
//!
//! A [`Permit`] is the proof that they held. Only this file can make one, and the router asks for one.

mod own_page;
#[cfg(test)]
mod tests;

use std::fmt;

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, Version};
use paraphe_protocol::api::{Operation, SiteAccess};

use crate::caller::Caller;
use crate::config::{Origin, parse_origin};
use crate::own_page::PageFile;
use crate::sites::{Sites, Standing};

use super::Callers;
use own_page::OwnPage;

/// The header that no "simple" cross-site request can carry, so that a browser always asks first.
pub const MARKER_HEADER: HeaderName = HeaderName::from_static("x-paraphe");
/// Its only value.
pub const MARKER_VALUE: &str = "1";

/// Longest body of a site that has no rights, bytes: it can only ask for some.
const PAIRING_BODY_BYTES: u64 = 4 << 10;

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_USER: HeaderName = HeaderName::from_static("sec-fetch-user");

/// The gate of one door.
#[derive(Debug, Clone)]
pub struct Gate {
    hosts: Vec<String>,
    /// Which pages may ask; `None`: none.
    sites: Option<Sites>,
    own_page: Option<OwnPage>,
    body_limit: u64,
}

/// Proof that a request passed the gate: who asks, for what, with a body of which length.
#[derive(Debug)]
pub struct Permit {
    caller: Caller,
    operation: Operation,
    body_bytes: u64,
}

/// What the HTTPS door does with a request that passed.
#[derive(Debug)]
pub enum Admission {
    /// A browser asks whether it may send the real request: answer, do nothing.
    Preflight(Origin),
    /// A browser shows the agent's own page: give it the file, do nothing.
    PageFile(&'static PageFile),
    /// Perform the operation.
    Perform(Permit),
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not HTTP/1.1.
    Version,
    /// `Host` is not exactly ours, once: DNS rebinding, or another server was meant.
    Host,
    /// `Origin` is not exactly, once, one that may ask this.
    Origin,
    /// A header stands twice.
    DuplicatedHeader(Origin),
    /// Not `POST`.
    Method(Origin),
    /// A preflight that does not ask for `POST`.
    PreflightMethod(Origin),
    /// Not `/v1/<operation>`.
    Target(Origin),
    /// Not exactly `application/json`.
    ContentType(Origin),
    /// The marker header is not there.
    Marker(Origin),
    /// The browser says that this is no `fetch` of a page.
    FetchMetadata,
    /// A body without announced length.
    LengthMissing(Origin),
    /// A body longer than allowed.
    TooLarge(Origin),
    /// A transfer coding.
    TransferEncoding(Origin),
}

/// Why a local program's request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalRefusal {
    /// Not HTTP/1.1.
    Version,
    /// `Host` is not exactly `localhost`, once.
    Host,
    /// The request carries what only browsers send: it was relayed for a page.
    FromBrowser,
    /// A header stands twice.
    DuplicatedHeader,
    /// Not `POST`.
    Method,
    /// Not `/v1/<operation>`.
    Target,
    /// Not exactly `application/json`.
    ContentType,
    /// A body without announced length.
    LengthMissing,
    /// A body longer than allowed.
    TooLarge,
    /// A transfer coding.
    TransferEncoding,
}

impl Gate {
    /// The gate of the HTTPS door: this port's three names, the sites that may ask, the agent's own page.
    #[must_use]
    pub fn for_sites(callers: impl Into<Callers>, port: u16, body_limit: u64) -> Self {
        let callers = callers.into();
        Self {
            hosts: ["127.0.0.1", "localhost", "[::1]"]
                .map(|name| format!("{name}:{port}"))
                .into(),
            sites: Some(callers.sites),
            own_page: callers.own_page.map(|sessions| OwnPage::at(port, sessions)),
            body_limit,
        }
    }

    /// The gate of the Unix socket.
    #[must_use]
    pub fn for_local_programs(body_limit: u64) -> Self {
        Self {
            hosts: vec!["localhost".to_owned()],
            sites: None,
            own_page: None,
            body_limit,
        }
    }

    /// Let a page's request in, or say why not. The peer's user and TLS were checked before.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn admit_site<B>(&self, request: &Request<B>) -> Result<Admission, Refusal> {
        let headers = request.headers();
        if request.version() != Version::HTTP_11 {
            return Err(Refusal::Version);
        }
        if !self.host_is_ours(request) {
            return Err(Refusal::Host);
        }
        if let Some(page) = &self.own_page {
            if let Some(file) = page.file(request) {
                return Ok(Admission::PageFile(file));
            }
            if page.is_origin_of(headers) {
                return self.admit_own_page(page, request);
            }
        }
        let (origin, standing) = self.asking_origin(headers).ok_or(Refusal::Origin)?;
        match standing {
            Standing::Rights(_) => self.admit_page(request, origin, self.body_limit),
            // All that a site without rights can do is to ask for some. Whatever else it sends gets one and the same answer.
            Standing::Unknown => match target(request).map(Operation::site_access) {
                Some(SiteAccess::Anybody) => self
                    .admit_page(request, origin, PAIRING_BODY_BYTES)
                    .map_err(|_| Refusal::Origin),
                _ => Err(Refusal::Origin),
            },
            Standing::Forbidden => Err(Refusal::Origin),
        }
    }

    /// The checks that do not depend on who the page is.
    fn admit_page<B>(
        &self,
        request: &Request<B>,
        origin: Origin,
        body_limit: u64,
    ) -> Result<Admission, Refusal> {
        let headers = request.headers();
        let refused = |refusal: fn(Origin) -> Refusal| refusal(origin.clone());
        let preflight = request.method() == Method::OPTIONS;
        if !preflight && request.method() != Method::POST {
            return Err(refused(Refusal::Method));
        }
        let operation = target(request).ok_or_else(|| refused(Refusal::Target))?;
        if !preflight {
            if single(headers, &header::CONTENT_TYPE) != Some("application/json") {
                return Err(refused(Refusal::ContentType));
            }
            if single(headers, &MARKER_HEADER) != Some(MARKER_VALUE) {
                return Err(refused(Refusal::Marker));
            }
        }
        if !fetch_metadata_is_a_fetch(headers) {
            return Err(Refusal::FetchMetadata);
        }
        if duplicated(headers) {
            return Err(refused(Refusal::DuplicatedHeader));
        }
        if preflight {
            return match single(headers, &header::ACCESS_CONTROL_REQUEST_METHOD) {
                Some("POST") => Ok(Admission::Preflight(origin)),
                _ => Err(refused(Refusal::PreflightMethod)),
            };
        }
        let body_bytes = body_length(headers, body_limit).map_err(|fault| match fault {
            LengthFault::TransferEncoding => refused(Refusal::TransferEncoding),
            LengthFault::Missing => refused(Refusal::LengthMissing),
            LengthFault::TooLarge => refused(Refusal::TooLarge),
        })?;
        Ok(Admission::Perform(Permit {
            caller: Caller::Site(origin),
            operation,
            body_bytes,
        }))
    }

    /// Let a local program's request in, or say why not. The peer's user was checked before.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn admit_local<B>(
        &self,
        request: &Request<B>,
        uid: u32,
        pid: Option<i32>,
    ) -> Result<Permit, LocalRefusal> {
        let headers = request.headers();
        if request.version() != Version::HTTP_11 {
            return Err(LocalRefusal::Version);
        }
        if !self.host_is_ours(request) {
            return Err(LocalRefusal::Host);
        }
        if sent_by_a_browser(headers) {
            return Err(LocalRefusal::FromBrowser);
        }
        if duplicated(headers) {
            return Err(LocalRefusal::DuplicatedHeader);
        }
        if request.method() != Method::POST {
            return Err(LocalRefusal::Method);
        }
        let operation = target(request).ok_or(LocalRefusal::Target)?;
        if single(headers, &header::CONTENT_TYPE) != Some("application/json") {
            return Err(LocalRefusal::ContentType);
        }
        let body_bytes = body_length(headers, self.body_limit).map_err(|fault| match fault {
            LengthFault::TransferEncoding => LocalRefusal::TransferEncoding,
            LengthFault::Missing => LocalRefusal::LengthMissing,
            LengthFault::TooLarge => LocalRefusal::TooLarge,
        })?;
        Ok(Permit {
            caller: Caller::LocalProgram { uid, pid },
            operation,
            body_bytes,
        })
    }

    fn host_is_ours<B>(&self, request: &Request<B>) -> bool {
        // The absolute form of a target (RFC 9112 section 3.2.2) would overrule Host.
        let origin_form = request.uri().scheme().is_none() && request.uri().authority().is_none();
        origin_form
            && single(request.headers(), &header::HOST)
                .is_some_and(|host| self.hosts.iter().any(|ours| ours == host))
    }

    /// The one origin that the request states, in the form that browsers write, and how it stands.
    fn asking_origin(&self, headers: &HeaderMap) -> Option<(Origin, Standing)> {
        let written = single(headers, &header::ORIGIN)?;
        let origin = parse_origin(written).ok()?;
        let standing = self.sites.as_ref()?.standing(&origin);
        Some((origin, standing))
    }
}

impl Permit {
    /// Who asks.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// For what.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Announced length of the body, bytes, within the limit.
    #[must_use]
    pub fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// The origin to name in the answer, where a page asks.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        match &self.caller {
            Caller::Site(origin) => Some(origin),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Version => "version",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::DuplicatedHeader(_) => "duplicated-header",
            Self::Method(_) => "method",
            Self::PreflightMethod(_) => "preflight-method",
            Self::Target(_) => "target",
            Self::ContentType(_) => "content-type",
            Self::Marker(_) => "marker-header",
            Self::FetchMetadata => "fetch-metadata",
            Self::LengthMissing(_) => "length-missing",
            Self::TooLarge(_) => "too-large",
            Self::TransferEncoding(_) => "transfer-encoding",
        })
    }
}

/// The announced length of a body that is at most `limit` bytes long.
fn body_length(headers: &HeaderMap, limit: u64) -> Result<u64, LengthFault> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(LengthFault::TransferEncoding);
    }
    let written = single(headers, &header::CONTENT_LENGTH).ok_or(LengthFault::Missing)?;
    if written.is_empty() || !written.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LengthFault::Missing);
    }
    match written.parse() {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(LengthFault::TooLarge),
    }
}

enum LengthFault {
    TransferEncoding,
    Missing,
    TooLarge,
}

/// The value of a header that stands exactly once and is visible ASCII.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        None => value.to_str().ok(),
        Some(_) => None,
    }
}

/// Whether any header stands more than once. No browser does that to us, so it is somebody who hopes that two readers
/// of the request take different ones.
fn duplicated(headers: &HeaderMap) -> bool {
    headers.len() != headers.keys_len()
}

/// The operation, where the target is exactly `/v1/<operation>` without query.
fn target<B>(request: &Request<B>) -> Option<Operation> {
    if request.uri().query().is_some() {
        return None;
    }
    let name = request.uri().path().strip_prefix("/v1/")?;
    Operation::from_name(name)
}

/// Fetch Metadata is not sent by all browsers for all requests; where it is, it must say "a page's script, cross-site".
fn fetch_metadata_is_a_fetch(headers: &HeaderMap) -> bool {
    let absent_or = |name: &HeaderName, allowed: &[&str]| {
        !headers.contains_key(name)
            || single(headers, name).is_some_and(|value| allowed.contains(&value))
    };
    absent_or(&SEC_FETCH_MODE, &["cors"])
        && absent_or(&SEC_FETCH_DEST, &["empty"])
        && absent_or(&SEC_FETCH_SITE, &["cross-site", "same-site"])
        && !headers.contains_key(&SEC_FETCH_USER)
}

/// Headers that scripts cannot remove and that local programs have no reason to send.
fn sent_by_a_browser(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        name == header::ORIGIN
            || name == header::REFERER
            || name == header::COOKIE
            || name.as_str().starts_with("sec-")
    })
}
