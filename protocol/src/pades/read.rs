//! Reading the signatures of a PDF, ours or another's: everything that needs no trust, and what became of the file after each.

use std::collections::BTreeSet;
use std::ops::Range;

use lopdf::{Dictionary, Document, Object, ObjectId};
use paraphe_certs::UnixTime;
use time::macros::format_description;
use time::{PrimitiveDateTime, UtcOffset};

use super::byte_range::{self, SignedRange};
use super::document::{name, open, open_strictly};
use super::fields::{self, SignatureField};
use super::{PdfError, changes, security_store};
use crate::cades;
use crate::cms::{CmsError, SignedData};
use crate::signature::{
    CheckedSignature, Covered, Evidence, ImprintedTimeStamp, Level, Packaging, ReadError,
    SignatureFormat,
};
use crate::time_stamp::TimeStampToken;

/// Most signatures and document time stamps of a file.
pub const MAXIMUM_SIGNATURES: usize = 32;

/// A signature in a PDF.
#[derive(Clone, Debug)]
pub struct PdfSignature {
    /// Name of its field.
    pub field: String,
    /// What it is, or why it does not hold.
    pub outcome: Result<CheckedSignature, ReadError>,
}

/// A signature or document time stamp whose place is known.
struct Located {
    id: ObjectId,
    /// Full name of the field.
    field: String,
    range: SignedRange,
    contents: Vec<u8>,
    kind: Kind,
    /// `/M`.
    time: Option<UnixTime>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signature,
    TimeStamp,
}

/// Whether bytes begin as a PDF.
#[must_use]
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// Reads every signature of a PDF, in the order in which they were made. Document time stamps are told with the signatures that
/// they protect.
///
/// # Errors
/// [`ReadError`] where the file cannot be read or holds no signature.
pub fn read(pdf: &[u8]) -> Result<Vec<PdfSignature>, ReadError> {
    Ok(examine(pdf)?)
}

fn examine(pdf: &[u8]) -> Result<Vec<PdfSignature>, PdfError> {
    let document = open(pdf)?;
    let mut fields = fields::signatures(&document)?;
    fields.retain(|field| field.value.is_some());
    if fields.len() > MAXIMUM_SIGNATURES {
        return Err(PdfError::TooManySignatures {
            most: MAXIMUM_SIGNATURES,
        });
    }
    let mut located = Vec::new();
    let mut refused = Vec::new();
    let mut broken = BTreeSet::new();
    for field in fields {
        match locate(pdf, &document, &field) {
            Ok(found) => located.push(found),
            Err(error) => {
                broken.insert(field.id);
                refused.push(PdfSignature {
                    field: field.name,
                    outcome: Err(error.into()),
                });
            }
        }
    }
    located.sort_by_key(|found: &Located| found.range.end);
    let mut evidence = Evidence::default();
    security_store::read(&document, &mut evidence)?;
    let reading = Reading {
        pdf,
        document: &document,
        revisions: revisions(pdf),
        evidence,
        located: &located,
    };
    let mut signatures = Vec::new();
    // The last first: one that does not hold is a change to those before it.
    for found in located.iter().rev() {
        let holds = match found.kind {
            Kind::TimeStamp => reading
                .time_stamp(found)?
                .is_some_and(|it| it.imprint_matches),
            Kind::Signature => {
                let outcome = reading.check(found, &broken).map_err(ReadError::from);
                let holds = outcome.is_ok();
                signatures.push(PdfSignature {
                    field: found.field.clone(),
                    outcome,
                });
                holds
            }
        };
        if !holds {
            broken.insert(found.id);
        }
    }
    signatures.reverse();
    signatures.extend(refused);
    if signatures.is_empty() {
        return Err(PdfError::NoSignature);
    }
    Ok(signatures)
}

fn locate(pdf: &[u8], document: &Document, field: &SignatureField) -> Result<Located, PdfError> {
    let id = field.value.ok_or(PdfError::NoSignature)?;
    let signature = document
        .get_dictionary(id)
        .map_err(|_| PdfError::Malformed("a signature is no dictionary".into()))?;
    let kind = match name(document, signature, b"SubFilter") {
        Some(b"ETSI.CAdES.detached" | b"adbe.pkcs7.detached") => Kind::Signature,
        Some(b"ETSI.RFC3161") => Kind::TimeStamp,
        other => {
            let other = String::from_utf8_lossy(other.unwrap_or(b"none"));
            return Err(PdfError::Kind(other.chars().take(64).collect()));
        }
    };
    let (range, contents) = byte_range::read(pdf, document, id, signature)?;
    Ok(Located {
        id: field.id,
        field: field.name.clone(),
        range,
        contents,
        kind,
        time: modification_time(signature),
    })
}

/// How many revisions end inside a part of the file.
fn revisions(pdf: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(pdf, b"%%EOF").collect()
}

struct Reading<'a> {
    pdf: &'a [u8],
    document: &'a Document,
    /// Where each revision ends.
    revisions: Vec<usize>,
    evidence: Evidence,
    located: &'a [Located],
}

impl Reading<'_> {
    fn check(
        &self,
        found: &Located,
        broken: &BTreeSet<ObjectId>,
    ) -> Result<CheckedSignature, PdfError> {
        if self.shares_its_gap(found) {
            return Err(PdfError::ByteRange(
                "two signatures leave the same bytes out",
            ));
        }
        let signed_data = SignedData::read_padded(&found.contents)?;
        if signed_data.content.is_some() {
            return Err(PdfError::Kind("content inside the signature".into()));
        }
        let digest = signed_data.digest_algorithm()?;
        let content_digest = found
            .range
            .digest(self.pdf, digest)
            .map_err(CmsError::from)?;
        let signer = signed_data.verify(&content_digest)?;
        self.check_what_follows(found, broken)?;
        let signature_time_stamps = cades::signature_time_stamps(&signed_data)?;
        let archive_time_stamps = self.document_time_stamps(found.range.end)?;
        let mut evidence = signed_data.evidence()?;
        add(&mut evidence, &self.evidence)?;
        Ok(CheckedSignature {
            format: SignatureFormat::Pades,
            packaging: Packaging::Enveloped,
            level: self.level(&signature_time_stamps, &archive_time_stamps),
            algorithm: signer.algorithm,
            signer: signer.certificate,
            claimed_signing_time: found.time.or(signer.signing_time),
            covered: vec![self.covered(&found.range)],
            signature_time_stamps,
            archive_time_stamps,
            evidence,
        })
    }

    fn shares_its_gap(&self, found: &Located) -> bool {
        let overlap = |one: &Range<usize>, other: &Range<usize>| {
            one.start < other.end && other.start < one.end
        };
        let overlapping = self
            .located
            .iter()
            .filter(|other| overlap(&other.range.gap, &found.range.gap));
        overlapping.count() > 1
    }

    /// Nothing may follow but updates that add signatures, time stamps and evidence.
    fn check_what_follows(
        &self,
        found: &Located,
        broken: &BTreeSet<ObjectId>,
    ) -> Result<(), PdfError> {
        let after = found.range.after(self.pdf);
        if after.is_empty() {
            return Ok(());
        }
        let changed = |what: &str| Err(PdfError::ChangedAfterwards(what.into()));
        let is_update = after.trim_ascii_end().ends_with(b"%%EOF")
            && memchr::memmem::find(after, b"startxref").is_some();
        if !is_update {
            return changed("bytes were added that are no update");
        }
        // Readers disagree on which of two cross-reference sections counts.
        if memchr::memmem::find(after, b"XRefStm").is_some() {
            return changed("an update has two cross-reference sections");
        }
        let revision = self.pdf.get(..found.range.end).unwrap_or_default();
        let strictly = |bytes| {
            open_strictly(bytes).map_err(|error| {
                PdfError::ChangedAfterwards(format!("what was added cannot be compared: {error}"))
            })
        };
        changes::check(&strictly(revision)?, &strictly(self.pdf)?, broken)
    }

    /// Document time stamps that came after the revision, in order.
    fn document_time_stamps(&self, end: usize) -> Result<Vec<ImprintedTimeStamp>, PdfError> {
        let mut time_stamps = Vec::new();
        for found in self.located {
            if found.kind != Kind::TimeStamp || found.range.gap.start < end {
                continue;
            }
            time_stamps.extend(self.time_stamp(found)?);
        }
        Ok(time_stamps)
    }

    /// A document time stamp, where its contents are a token.
    fn time_stamp(&self, found: &Located) -> Result<Option<ImprintedTimeStamp>, PdfError> {
        let Some(token) = token(&found.contents) else {
            return Ok(None);
        };
        let digest = found
            .range
            .digest(self.pdf, token.info().digest())
            .map_err(CmsError::from)?;
        Ok(Some(ImprintedTimeStamp {
            imprint_matches: token.info().imprint() == digest,
            token,
        }))
    }

    /// The level that the content reaches, each with what is below it. The store counts, not what only the signature carries.
    fn level(&self, signature: &[ImprintedTimeStamp], document: &[ImprintedTimeStamp]) -> Level {
        let has_revocation = !self.evidence.revocation_lists().is_empty()
            || !self.evidence.ocsp_responses().is_empty();
        if signature.is_empty() && document.is_empty() {
            Level::B
        } else if !has_revocation {
            Level::T
        } else if document.is_empty() {
            Level::LT
        } else {
            Level::LTA
        }
    }

    fn covered(&self, range: &SignedRange) -> Covered {
        let is_whole = range.after(self.pdf).is_empty();
        let revision = self
            .revisions
            .iter()
            .filter(|end| **end < range.end)
            .count();
        let pages = self.document.page_iter().count();
        Covered {
            name: if is_whole {
                format!("the whole PDF ({pages} pages)")
            } else {
                format!(
                    "the PDF up to revision {revision} of {}; later signatures, time stamps or evidence follow",
                    self.revisions.len()
                )
            },
            bytes: u64::try_from(range.length()).ok(),
            presented: None,
        }
    }
}

/// The token in a reserved place, without the zeros that follow it.
fn token(contents: &[u8]) -> Option<TimeStampToken> {
    let token = paraphe_certs::der::Reader::new(contents)
        .any("a token")
        .ok()?;
    let after = contents.get(token.whole.len()..)?;
    let is_padding = after.iter().all(|byte| *byte == 0);
    is_padding
        .then(|| TimeStampToken::from_der(token.whole).ok())
        .flatten()
}

fn add(evidence: &mut Evidence, more: &Evidence) -> Result<(), CmsError> {
    for certificate in more.certificates() {
        evidence.add_certificate(certificate.clone())?;
    }
    for list in more.revocation_lists() {
        evidence.add_revocation_list(list.clone())?;
    }
    for response in more.ocsp_responses() {
        evidence.add_ocsp_response(response)?;
    }
    Ok(())
}

/// `/M` as a date of ISO 32000-1 section 7.9.4, seconds and offset optional; none where it is something else.
fn modification_time(signature: &Dictionary) -> Option<UnixTime> {
    let Ok(Object::String(text, _)) = signature.get(b"M") else {
        return None;
    };
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix("D:").unwrap_or(text);
    let (date, offset) = digits.split_at_checked(14)?;
    let form = format_description!("[year][month][day][hour][minute][second]");
    let moment = PrimitiveDateTime::parse(date, form).ok()?;
    let offset = match offset.as_bytes() {
        [] | [b'Z', ..] => UtcOffset::UTC,
        [sign @ (b'+' | b'-'), ..] => {
            let sign = if *sign == b'-' { -1 } else { 1 };
            let hours: i8 = offset.get(1..3)?.parse().ok()?;
            let minutes: i8 = match offset.get(3..) {
                None | Some("" | "'") => 0,
                Some(rest) => rest.trim_matches('\'').parse().ok()?,
            };
            UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?
        }
        _ => return None,
    };
    Some(UnixTime(moment.assume_offset(offset).unix_timestamp()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn dates_of_pdf() {
        let read = |text: &str| {
            let mut signature = Dictionary::new();
            signature.set("M", Object::string_literal(text));
            modification_time(&signature)
        };
        let noon = Some(UnixTime(1_795_341_600));
        assert_eq!(read("D:20261122100000+00'00'"), noon);
        assert_eq!(read("D:20261122100000Z"), noon);
        assert_eq!(read("D:20261122110000+01'00"), noon);
        assert_eq!(read("20261122043000-05'30'"), noon);
        for wrong in ["", "D:2026", "D:20261322100000Z", "D:20261122100000+é"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
