//! The pieces of a lot signature, written in canonical form, and the names that they use.
//!
//! XML signature (W3C xmldsig-core1), XAdES 1.3.2 (ETSI EN 319 132-1), IHE Document Digital
//! Signature. Each function writes one element exactly as it is hashed; the verifier calls the same
//! functions with what it read, and demands the same bytes, so that nothing signed goes unread.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};

use super::draft::{LotDocument, SubmissionSet};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::identifiers::Oid;
use crate::xml::{CanonicalWriter, Namespace};

pub(super) const DS: Namespace = Namespace {
    prefix: "ds",
    uri: "http://www.w3.org/2000/09/xmldsig#",
};
pub(super) const XADES: Namespace = Namespace {
    prefix: "xades",
    uri: "http://uri.etsi.org/01903/v1.3.2#",
};
/// Our own property: what the manifest's constant digest leaves unsigned.
pub(super) const LOT: Namespace = Namespace {
    prefix: "lot",
    uri: "urn:paraphe:lot:1",
};

pub(super) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(super) const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const MANIFEST_TYPE: &str = "http://www.w3.org/2000/09/xmldsig#Manifest";
const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903#SignedProperties";
const SIGNATURE_PROPERTIES_TYPE: &str = "http://www.w3.org/2000/09/xmldsig#SignatureProperties";
const PROOF_OF_ORIGIN: &str = "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin";

pub(super) const SIGNATURE_ID: &str = "S0";
const SIGNATURE_TARGET: &str = "#S0";
const MANIFEST_ID: &str = "IHEManifest";
const SIGNED_PROPERTIES_ID: &str = "S0-SignedProperties";
const SUBMISSION_SET_ID: &str = "S0-SubmissionSet";
const MANIFEST_REFERENCE_ID: &str = "S0-Reference-Manifest";
const SUBMISSION_SET_REFERENCE_ID: &str = "S0-Reference-SubmissionSet";

/// Author or source of the lot (ASTM E1762 purpose of signature, IHE DSG).
const PURPOSE_OF_SIGNATURE: &str = "1.2.840.10065.1.12.1.14";
/// The DMP's constant in place of a digest of the submission set: one zero byte.
const SUBMISSION_SET_DIGEST: &str = "AA==";

/// Digests of the three signed parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartDigests {
    pub(super) manifest: Sha256Digest,
    pub(super) signed_properties: Sha256Digest,
    pub(super) submission_set: Sha256Digest,
}

/// 1970 to the end of year 9999, what RFC 3339 can write.
pub(super) fn is_writable_time(time: UnixTime) -> bool {
    (0..=253_402_300_799).contains(&time.0)
}

/// The manifest: the submission set by its id, then each document by its id and digest.
pub(super) fn manifest(submission_set: &Oid, documents: &[LotDocument]) -> String {
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
    writer.element(XADES, "SigningTime", &[], &signing_time.to_string());
    writer.start(XADES, "SigningCertificateV2", &[]);
    writer.start(XADES, "Cert", &[]);
    writer.start(XADES, "CertDigest", &[]);
    writer.element(DS, "DigestMethod", &[("Algorithm", SHA256_URI)], "");
    writer.element(DS, "DigestValue", &[], &certificate.to_base64());
    for _ in [
        "CertDigest",
        "Cert",
        "SigningCertificateV2",
        "SignedSignatureProperties",
    ] {
        writer.end();
    }
    writer.start(XADES, "SignedDataObjectProperties", &[]);
    for reference in [MANIFEST_REFERENCE_ID, SUBMISSION_SET_REFERENCE_ID] {
        let target = format!("#{reference}");
        writer.start(XADES, "DataObjectFormat", &[("ObjectReference", &target)]);
        writer.element(XADES, "MimeType", &[], "text/xml");
        writer.end();
    }
    writer.start(XADES, "CommitmentTypeIndication", &[]);
    writer.start(XADES, "CommitmentTypeId", &[]);
    writer.element(XADES, "Identifier", &[], PROOF_OF_ORIGIN);
    writer.end();
    writer.element(XADES, "AllSignedDataObjects", &[], "");
    writer.finish()
}

/// What the card signs: the digests of the three parts.
pub(super) fn signed_info(algorithm: SignatureAlgorithm, digests: &PartDigests) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "SignedInfo", &[]);
    let method = [("Algorithm", EXCLUSIVE_C14N)];
    writer.element(DS, "CanonicalizationMethod", &method, "");
    let method = [("Algorithm", algorithm.xml_uri())];
    writer.element(DS, "SignatureMethod", &method, "");
    let mut reference = |attributes: &[(&'static str, &str)], digest: Sha256Digest| {
        writer.start(DS, "Reference", attributes);
        writer.start(DS, "Transforms", &[]);
        writer.element(DS, "Transform", &[("Algorithm", EXCLUSIVE_C14N)], "");
        writer.end();
        writer.element(DS, "DigestMethod", &[("Algorithm", SHA256_URI)], "");
        writer.element(DS, "DigestValue", &[], &digest.to_base64());
        writer.end();
    };
    reference(
        &[
            ("Id", MANIFEST_REFERENCE_ID),
            ("Type", MANIFEST_TYPE),
            ("URI", &format!("#{MANIFEST_ID}")),
        ],
        digests.manifest,
    );
    reference(
        &[
            ("Type", SIGNED_PROPERTIES_TYPE),
            ("URI", &format!("#{SIGNED_PROPERTIES_ID}")),
        ],
        digests.signed_properties,
    );
    reference(
        &[
            ("Id", SUBMISSION_SET_REFERENCE_ID),
            ("Type", SIGNATURE_PROPERTIES_TYPE),
            ("URI", &format!("#{SUBMISSION_SET_ID}")),
        ],
        digests.submission_set,
    );
    writer.finish()
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
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "Signature", &[("Id", SIGNATURE_ID)]);
    writer.embed(parts.signed_info);
    writer.element(DS, "SignatureValue", &[], &STANDARD.encode(signature));
    writer.start(DS, "KeyInfo", &[]);
    writer.start(DS, "X509Data", &[]);
    for certificate in certificates {
        let value = STANDARD.encode(certificate.der());
        writer.element(DS, "X509Certificate", &[], &value);
    }
    writer.end();
    writer.end();
    for part in [parts.manifest, parts.submission_set] {
        writer.start(DS, "Object", &[]);
        writer.embed(part);
        writer.end();
    }
    writer.start(DS, "Object", &[]);
    let target = [("Target", SIGNATURE_TARGET)];
    writer.start(XADES, "QualifyingProperties", &target);
    writer.embed(parts.signed_properties);
    writer.finish()
}
