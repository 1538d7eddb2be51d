//! The serialisations of RFC 7515 section 7: compact, flattened JSON and general JSON with one signature. Written is the flattened one.

use std::borrow::Cow;

use super::json::Json;
use super::names::malformed;
use crate::signature::{ReadError, SubIndication};

/// A signature's parts, in base64url where the standard has them so.
pub(super) struct Serialized<'a> {
    /// Absent or empty where the documents stand beside.
    pub(super) payload: Cow<'a, str>,
    pub(super) protected: Cow<'a, str>,
    pub(super) signature: Cow<'a, str>,
    /// `etsiU` of the header that nobody signed.
    pub(super) unsigned: Vec<Json<'a>>,
    pub(super) is_compact: bool,
}

/// The flattened JSON serialisation. Every part is base64url and needs no escape.
pub(super) fn flattened(
    payload: Option<&str>,
    protected: &str,
    signature: &str,
    unsigned: &[String],
) -> String {
    let mut written = String::with_capacity(
        payload.map_or(0, str::len) + unsigned.iter().map(String::len).sum::<usize>() + 8192,
    );
    written.push('{');
    if let Some(payload) = payload {
        written.extend(["\"payload\":\"", payload, "\","]);
    }
    written.extend(["\"protected\":\"", protected, "\","]);
    if !unsigned.is_empty() {
        written.push_str("\"header\":{\"etsiU\":[");
        for (number, component) in unsigned.iter().enumerate() {
            let before = if number == 0 { "\"" } else { ",\"" };
            written.extend([before, component, "\""]);
        }
        written.push_str("]},");
    }
    written.extend(["\"signature\":\"", signature, "\"}\n"]);
    written
}

impl<'a> Serialized<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, ReadError> {
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            Self::from_json(Json::parse(bytes, "the file")?)
        } else {
            Self::from_compact(bytes)
        }
    }

    fn from_compact(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let text =
            std::str::from_utf8(bytes.trim_ascii_end()).map_err(|_| malformed("it is not text"))?;
        let mut parts = text.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(protected), Some(payload), Some(signature), None) => Ok(Self {
                payload: Cow::Borrowed(payload),
                protected: Cow::Borrowed(protected),
                signature: Cow::Borrowed(signature),
                unsigned: Vec::new(),
                is_compact: true,
            }),
            _ => Err(malformed("it has not three parts")),
        }
    }

    fn from_json(value: Json<'a>) -> Result<Self, ReadError> {
        let Json::Object(members) = value else {
            return Err(malformed("the file is not an object"));
        };
        let mut payload = Cow::Borrowed("");
        let mut own = Vec::new();
        let mut signatures = None;
        for (name, value) in members {
            match (name.as_ref(), value) {
                ("payload", Json::Text(text)) => payload = text,
                ("signatures", Json::Array(values)) => signatures = Some(values),
                (_, value) => own.push((name, value)),
            }
        }
        let members = match (signatures, own.is_empty()) {
            (None, _) => own,
            (Some(mut values), true) => match (values.pop(), values.is_empty()) {
                (Some(Json::Object(members)), true) => members,
                _ => {
                    return Err(ReadError::new(
                        SubIndication::FormatFailure,
                        "several-signatures",
                        "the file holds no signature, or several, of which none is told apart",
                    ));
                }
            },
            (Some(_), false) => return Err(malformed("it is written in two ways at once")),
        };
        let (mut protected, mut signature, mut unsigned) = (None, None, Vec::new());
        for (name, value) in members {
            match (name.as_ref(), value) {
                ("protected", Json::Text(text)) => protected = Some(text),
                ("signature", Json::Text(text)) => signature = Some(text),
                ("header", Json::Object(header)) => unsigned = etsi_u(header)?,
                _ => return Err(malformed("the file has a member that is not known")),
            }
        }
        match (protected, signature) {
            (Some(protected), Some(signature)) => Ok(Self {
                payload,
                protected,
                signature,
                unsigned,
                is_compact: false,
            }),
            _ => Err(malformed(
                "the protected header or the signature is missing",
            )),
        }
    }
}

/// The one member of the header that nobody signed; any other would be believed by somebody.
fn etsi_u<'a>(header: Vec<(Cow<'a, str>, Json<'a>)>) -> Result<Vec<Json<'a>>, ReadError> {
    let mut header = header.into_iter();
    match (header.next(), header.next()) {
        (Some((name, Json::Array(values))), None) if name == "etsiU" && !values.is_empty() => {
            Ok(values)
        }
        _ => Err(malformed(
            "the unsigned header holds something else than etsiU",
        )),
    }
}
