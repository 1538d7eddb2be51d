//! `etsiU`: what was added after signing (TS 119 182-1 clause 5.3). Time stamps with whether they are of the bytes that they
//! should be of, certificates and revocation data; other components are passed over, they prove nothing here. All of them are base64url
//! strings, or all of them objects; a stamp over everything can only be checked in the first form, whose bytes are certain.

use paraphe_certs::RevocationList;

use super::header::certificate;
use super::json::Json;
use super::names::{from_base64, from_base64url, malformed, to_base64, to_base64url};
use crate::signature::imprint::{self, Piece};
use crate::signature::{
    Contents, Evidence, EvidenceError, ImprintedTimeStamp, MAXIMUM_OCSP_RESPONSE_BYTES, ReadError,
    SubIndication,
};
use crate::time_stamp::TimeStampToken;

/// Most components.
const MAXIMUM_COMPONENTS: usize = 64;
/// Most time stamps of each kind.
const MAXIMUM_TIME_STAMPS: usize = 16;
/// Largest token, bytes of DER.
const MAXIMUM_TOKEN_BYTES: usize = 256 * 1024;
/// Largest revocation list, bytes of DER.
const MAXIMUM_LIST_BYTES: usize = 16 * 1024 * 1024;
/// Largest certificate, bytes of DER.
pub(super) const MAXIMUM_CERTIFICATE_BYTES: usize = 64 * 1024;

#[derive(Default)]
pub(super) struct UnsignedValues {
    pub(super) signature_time_stamps: Vec<ImprintedTimeStamp>,
    pub(super) archive_time_stamps: Vec<ImprintedTimeStamp>,
    pub(super) evidence: Evidence,
}

/// What a time stamp over everything is of (clause 5.3.6.3.1): the payload, or the documents one after the other, as they were signed;
/// protected header; signature value; each in base64url and followed by a point; then the components before it as they stand there.
pub(super) fn archived<'a>(
    signed: impl Iterator<Item = Piece<'a>>,
    protected: &'a str,
    signature: &'a str,
    before: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = Piece<'a>> {
    let parts = [".", protected, ".", signature, "."];
    let parts = parts.into_iter().chain(before);
    signed.chain(parts.map(|part| Piece::Bytes(part.as_bytes())))
}

/// A component with a time stamp.
pub(super) fn time_stamp(name: &str, token: &TimeStampToken) -> String {
    let token = serde_json::json!({ "val": to_base64(token.der()) });
    component(name, &serde_json::json!({ "tstTokens": [token] }))
}

/// `xVals` and `rVals`, those that hold something.
pub(super) fn evidence(evidence: &Evidence) -> Vec<String> {
    let value = |der: &[u8]| serde_json::json!({ "val": to_base64(der) });
    let mut components = Vec::new();
    if !evidence.certificates().is_empty() {
        let certificates = evidence.certificates().iter();
        let certificates =
            certificates.map(|one| serde_json::json!({ "x509Cert": value(one.der()) }));
        components.push(component("xVals", &certificates.collect()));
    }
    let mut revocation = serde_json::Map::new();
    if !evidence.revocation_lists().is_empty() {
        let lists = evidence.revocation_lists().iter();
        revocation.insert(
            "crlVals".to_owned(),
            lists.map(|list| value(list.der())).collect(),
        );
    }
    if !evidence.ocsp_responses().is_empty() {
        let responses = evidence.ocsp_responses().iter();
        revocation.insert(
            "ocspVals".to_owned(),
            responses.map(|response| value(response)).collect(),
        );
    }
    if !revocation.is_empty() {
        components.push(component("rVals", &revocation.into()));
    }
    components
}

fn component(name: &str, value: &serde_json::Value) -> String {
    to_base64url(serde_json::json!({ name: value }).to_string().as_bytes())
}

/// The signed parts, as a time stamp over everything takes them.
pub(super) struct Signed<'a> {
    pub(super) protected: &'a str,
    pub(super) signature: &'a str,
    /// The payload as it was signed, where there is one.
    pub(super) payload: &'a str,
    /// Positions of the documents beside, in the order of `sigD`.
    pub(super) documents: &'a [usize],
    /// Documents as they were signed.
    pub(super) contents: &'a mut dyn Contents,
}

impl UnsignedValues {
    pub(super) fn read(elements: &[Json<'_>], mut signed: Signed<'_>) -> Result<Self, ReadError> {
        if elements.len() > MAXIMUM_COMPONENTS {
            return Err(malformed("etsiU has too many components"));
        }
        let texts = elements.iter().map(|element| match element {
            Json::Text(text) => Some(text.as_ref()),
            _ => None,
        });
        let before: Vec<&str> = texts.flatten().collect();
        if !before.is_empty() && before.len() != elements.len() {
            return Err(malformed("etsiU is written in two ways at once"));
        }
        let mut values = Self::default();
        for (position, element) in elements.iter().enumerate() {
            let decoded;
            let parsed;
            let value = match element {
                Json::Text(text) => {
                    decoded = from_base64url(text, "a component of etsiU")?;
                    parsed = Json::parse(&decoded, "a component of etsiU")?;
                    &parsed
                }
                clear => clear,
            };
            let [(name, value)] = value.object("a component of etsiU")? else {
                return Err(malformed("a component of etsiU has not one name"));
            };
            match name.as_ref() {
                "sigTst" => {
                    let signature = signed.signature.as_bytes();
                    for token in tokens(value)? {
                        let pieces = [Piece::Bytes(signature)].into_iter();
                        let stamp = imprinted(token, pieces, signed.contents)?;
                        push(&mut values.signature_time_stamps, stamp)?;
                    }
                }
                "arcTst" => {
                    let is_of_all = match value.optional_member("timeStamped", "arcTst")? {
                        Some(what) => what.text("timeStamped")? == "all",
                        None => true,
                    };
                    let before = before.get(..position).filter(|_| is_of_all);
                    for token in tokens(value)? {
                        let stamp = values.archive(token, before, &mut signed)?;
                        push(&mut values.archive_time_stamps, stamp)?;
                    }
                }
                "xVals" | "axVals" => values.add_certificates(value)?,
                "rVals" | "arVals" => values.add_revocation(value)?,
                "tstVD" | "anyValData" => {
                    if let Some(certificates) = value.optional_member("xVals", name)? {
                        values.add_certificates(certificates)?;
                    }
                    if let Some(revocation) = value.optional_member("rVals", name)? {
                        values.add_revocation(revocation)?;
                    }
                }
                _ => {}
            }
        }
        Ok(values)
    }

    /// `before` are the components before it, where it is of them.
    fn archive(
        &self,
        token: TimeStampToken,
        before: Option<&[&str]>,
        signed: &mut Signed<'_>,
    ) -> Result<ImprintedTimeStamp, ReadError> {
        let Some(before) = before else {
            return Ok(ImprintedTimeStamp {
                token,
                imprint_matches: false,
            });
        };
        let payload = [Piece::Bytes(signed.payload.as_bytes())].into_iter();
        let documents = signed.documents.iter();
        let documents = documents.map(|index| Piece::Document(*index));
        let pieces = archived(
            payload.chain(documents),
            signed.protected,
            signed.signature,
            before.iter().copied(),
        );
        imprinted(token, pieces, signed.contents)
    }

    fn add_certificates(&mut self, values: &Json<'_>) -> Result<(), ReadError> {
        for value in values.array("xVals")? {
            if let Some(found) = value.optional_member("x509Cert", "xVals")? {
                let found = certificate(encapsulated(found, "a certificate")?)?;
                self.evidence.add_certificate(found).map_err(too_many)?;
            }
        }
        Ok(())
    }

    fn add_revocation(&mut self, values: &Json<'_>) -> Result<(), ReadError> {
        if let Some(lists) = values.optional_member("crlVals", "rVals")? {
            let what = "a revocation list";
            for value in lists.array("crlVals")? {
                let der = from_base64(encapsulated(value, what)?, MAXIMUM_LIST_BYTES, what)?;
                let list = RevocationList::from_der(&der).map_err(|error| {
                    ReadError::new(
                        SubIndication::FormatFailure,
                        "revocation-list-unreadable",
                        format!("a revocation list of the signature cannot be read: {error}"),
                    )
                })?;
                self.evidence.add_revocation_list(list).map_err(too_many)?;
            }
        }
        if let Some(responses) = values.optional_member("ocspVals", "rVals")? {
            let what = "an OCSP response";
            for value in responses.array("ocspVals")? {
                let text = encapsulated(value, what)?;
                let der = from_base64(text, MAXIMUM_OCSP_RESPONSE_BYTES, what)?;
                self.evidence.add_ocsp_response(&der).map_err(too_many)?;
            }
        }
        Ok(())
    }
}

/// The value of a `pkiOb` (clause 5.4.2), or of a token: DER unless it says otherwise.
fn encapsulated<'v>(value: &'v Json<'_>, what: &str) -> Result<&'v str, ReadError> {
    const DER: &str = "http://uri.etsi.org/01903/v1.2.2#DER";
    match value.optional_member("encoding", what)? {
        Some(encoding) if encoding.text("encoding")? != DER => {
            Err(malformed(format_args!("{what} is not DER")))
        }
        _ => value.member("val", what)?.text(what),
    }
}

fn tokens(container: &Json<'_>) -> Result<Vec<TimeStampToken>, ReadError> {
    let what = "a time stamp";
    let tokens = container.member("tstTokens", what)?.array("tstTokens")?;
    if tokens.is_empty() || tokens.len() > MAXIMUM_TIME_STAMPS {
        return Err(malformed(
            "there is no time stamp where one should be, or too many",
        ));
    }
    let read = tokens.iter().map(|token| {
        let der = from_base64(encapsulated(token, what)?, MAXIMUM_TOKEN_BYTES, what)?;
        TimeStampToken::from_der(&der).map_err(|error| {
            ReadError::new(
                SubIndication::FormatFailure,
                "time-stamp-unreadable",
                format!("a time stamp cannot be read: {error}"),
            )
        })
    });
    read.collect()
}

fn imprinted<'a>(
    token: TimeStampToken,
    pieces: impl Iterator<Item = Piece<'a>>,
    contents: &mut dyn Contents,
) -> Result<ImprintedTimeStamp, ReadError> {
    let algorithm = token.info().digest();
    let imprint = imprint::imprint(pieces, algorithm, contents).map_err(|error| {
        ReadError::new(
            SubIndication::SignedDataNotFound,
            "document-unreadable",
            error.to_string(),
        )
    })?;
    Ok(ImprintedTimeStamp {
        imprint_matches: imprint == token.info().imprint(),
        token,
    })
}

fn push(stamps: &mut Vec<ImprintedTimeStamp>, stamp: ImprintedTimeStamp) -> Result<(), ReadError> {
    if stamps.len() >= MAXIMUM_TIME_STAMPS {
        return Err(malformed("there are too many time stamps"));
    }
    stamps.push(stamp);
    Ok(())
}

pub(super) fn too_many(error: EvidenceError) -> ReadError {
    ReadError::new(SubIndication::FormatFailure, "evidence", error.to_string())
}
