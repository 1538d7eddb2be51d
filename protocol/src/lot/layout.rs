//! The pieces of a lot signature, written in canonical form, and the names that they use.
//!
//! XML signature (W3C xmldsig-core1), XAdES 1.3.2 (ETSI EN 319 132-1), IHE Document Digital
//! Signature. Each function writes one element exactly as it is hashed; the verifier calls the same
//! functions with what it read, and demands the same bytes, so that nothing signed goes unread.

use paraphe_certs::{Certificate, UnixTime};

use super::draft::{LotDocument, SubmissionSet};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::identifiers::Oid;
use crate::xades::layout::{self as xades, ReferenceLayout, SignatureLayout};
pub(super) use crate::xades::names::{DS, EXCLUSIVE_C14N, XADES};
use crate::xades::names::{
    MANIFEST_TYPE, PROOF_OF_ORIGIN, SIGNATURE_PROPERTIES_TYPE, SIGNED_PROPERTIES_TYPE,
};
use crate::xml::{CanonicalWriter, Namespace};

/// Our own property: what the manifest's constant digest leaves unsigned.
pub(super) const LOT: Namespace = Namespace {
    prefix: "lot",
    uri: "urn:paraphe:lot:1",
};

pub(super) const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

pub(super) const SIGNATURE_ID: &str = "S0";
const SIGNATURE_TARGET: &str = "#S0";
const MANIFEST_ID: &str = "IHEManifest";
const SIGNED_PROPERTIES_ID: &str = "S0-SignedProperties";
const SUBMISSION_SET_ID: &str = "S0-SubmissionSet";
const MANIFEST_REFERENCE_ID: &str = "S0-Reference-Manifest";
const SUBMISSION_SET_REFERENCE_ID: &str = "S0-Reference-SubmissionSet";

/// Author or source of the lot (ASTM E1762 purpose of signature, IHE DSG).
pub(super) const PURPOSE_OF_SIGNATURE: &str = "1.2.840.10065.1.12.1.14";
/// The DMP's constant in place of a digest of the submission set: one zero byte.
pub(super) const SUBMISSION_SET_DIGEST: &str = "AA==";

/// Digests of the three signed parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartDigests {
    pub(super) manifest: Sha256Digest,
    pub(super) signed_properties: Sha256Digest,
    pub(super) submission_set: Sha256Digest,
}

/// The manifest: the submission set by its id, then each document by its id and digest. A lot has thousands of references, which
/// differ in nothing but these two: the canonical writer lays out the first, and the others are written as that one is.
pub(super) fn manifest(submission_set: &Oid, documents: &[LotDocument]) -> String {
    let urn = submission_set.to_urn();
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "Manifest", &[("Id", MANIFEST_ID)]);
    let mut manifest = writer.drain();
    writer.start(DS, "Reference", &[("URI", &urn)]);
    writer.element(DS, "DigestMethod", &[("Algorithm", SHA256_URI)], "");
    writer.element(DS, "DigestValue", &[], SUBMISSION_SET_DIGEST);
    writer.end();
    let first = writer.drain();
    let end = writer.finish();
    manifest.reserve(first.len().saturating_mul(documents.len() + 2));
    manifest.push_str(&first);
    // Neither an id nor a digest has a character that is escaped: both stand in the first reference as they are.
    #[expect(clippy::expect_used, reason = "the writer has just written them")]
    let (head, (middle, tail)) = first
        .split_once(&urn)
        .and_then(|(head, rest)| Some((head, rest.split_once(SUBMISSION_SET_DIGEST)?)))
        .expect("a reference has its id and its digest");
    for document in documents {
        manifest.push_str(head);
        manifest.push_str(&document.unique_id.to_urn());
        manifest.push_str(middle);
        manifest.push_str(&document.sha256.to_base64());
        manifest.push_str(tail);
    }
    manifest.push_str(&end);
    manifest
}

/// The purpose of the signature, and the submission set with its patient.
pub(super) fn submission_set(set: &SubmissionSet) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "SignatureProperties", &[("Id", SUBMISSION_SET_ID)]);
    let purpose = [("Id", "purposeOfSignature"), ("Target", SIGNATURE_TARGET)];
    writer.element(DS, "SignatureProperty", &purpose, PURPOSE_OF_SIGNATURE);
    writer.start(DS, "SignatureProperty", &[("Target", SIGNATURE_TARGET)]);
    writer.start(LOT, "SubmissionSet", &[]);
    writer.element(LOT, "UniqueId", &[], set.unique_id.as_str());
    writer.element(LOT, "SourceId", &[], set.source_id.as_str());
    writer.element(LOT, "PatientId", &[], &set.patient.to_cx());
    writer.element(LOT, "SubmissionTime", &[], &set.submission_time.to_string());
    writer.finish()
}

/// The XAdES signed properties: when, with which certificate, in which sense, over what.
pub(super) fn signed_properties(signing_time: UnixTime, certificate: Sha256Digest) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(XADES, "SignedProperties", &[("Id", SIGNED_PROPERTIES_ID)]);
    writer.start(XADES, "SignedSignatureProperties", &[]);
    xades::time_and_certificate(
        &mut writer,
        signing_time,
        SHA256_URI,
        certificate.as_bytes(),
    );
    writer.end();
    writer.start(XADES, "SignedDataObjectProperties", &[]);
    for reference in [MANIFEST_REFERENCE_ID, SUBMISSION_SET_REFERENCE_ID] {
        xades::data_object_format(&mut writer, reference, "text/xml");
    }
    xades::commitment(&mut writer, PROOF_OF_ORIGIN);
    writer.finish()
}

/// What the card signs: the digests of the three parts.
pub(super) fn signed_info(algorithm: SignatureAlgorithm, digests: &PartDigests) -> String {
    let reference = |id, kind, uri, digest| ReferenceLayout {
        id,
        kind: Some(kind),
        uri,
        transforms: &[EXCLUSIVE_C14N],
        digest_uri: SHA256_URI,
        digest,
    };
    xades::signed_info(
        algorithm.xml_uri(),
        &[
            reference(
                Some(MANIFEST_REFERENCE_ID),
                MANIFEST_TYPE,
                &format!("#{MANIFEST_ID}"),
                digests.manifest.as_bytes(),
            ),
            reference(
                None,
                SIGNED_PROPERTIES_TYPE,
                &format!("#{SIGNED_PROPERTIES_ID}"),
                digests.signed_properties.as_bytes(),
            ),
            reference(
                Some(SUBMISSION_SET_REFERENCE_ID),
                SIGNATURE_PROPERTIES_TYPE,
                &format!("#{SUBMISSION_SET_ID}"),
                digests.submission_set.as_bytes(),
            ),
        ],
    )
}

/// The parts of the file, each already canonical.
pub(super) struct Parts<'a> {
    pub(super) signed_info: &'a str,
    pub(super) manifest: &'a str,
    pub(super) submission_set: &'a str,
    pub(super) signed_properties: &'a str,
}

/// The whole file: what is signed stands in it byte for byte.
pub(super) fn signature(
    parts: &Parts<'_>,
    signature: &[u8],
    certificates: &[Certificate],
) -> String {
    SignatureLayout {
        id: SIGNATURE_ID,
        signed_info: parts.signed_info,
        signature_value: signature,
        certificates,
        objects: &[],
        parts: &[parts.manifest, parts.submission_set],
        signed_properties: parts.signed_properties,
        unsigned_properties: &[],
    }
    .write()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One reference after another, each laid out by the writer.
    fn one_by_one(submission_set: &Oid, documents: &[LotDocument]) -> String {
        let mut writer = CanonicalWriter::new();
        writer.start(DS, "Manifest", &[("Id", MANIFEST_ID)]);
        let mut reference = |unique_id: &Oid, digest: &str| {
            writer.start(DS, "Reference", &[("URI", &unique_id.to_urn())]);
            writer.element(DS, "DigestMethod", &[("Algorithm", SHA256_URI)], "");
            writer.element(DS, "DigestValue", &[], digest);
            writer.end();
        };
        reference(submission_set, SUBMISSION_SET_DIGEST);
        for document in documents {
            reference(&document.unique_id, &document.sha256.to_base64());
        }
        writer.finish()
    }

    #[test]
    fn a_manifest_is_what_the_canonical_writer_lays_out() {
        let documents: Vec<_> = (0..50_u8)
            .map(|number| LotDocument {
                unique_id: Oid::from_uuid(u128::from(number) << 100),
                sha256: Sha256Digest::of(&[number]),
            })
            .collect();
        let set = Oid::from_uuid(7);
        for count in [0, 1, 2, 50] {
            let documents = documents.get(..count).unwrap_or_default();
            assert_eq!(manifest(&set, documents), one_by_one(&set, documents));
        }
    }
}
