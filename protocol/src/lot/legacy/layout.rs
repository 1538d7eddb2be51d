//! The pieces of a `dmp-legacy` signature, each written as it is hashed: default namespaces only, as in the DMP's sample, so
//! that inclusive and exclusive canonical form are the same bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};

use super::DmpLegacy;
use super::digest::LegacyDigest;
use super::prepare::{LegacyDocument, LegacyTransform};
use crate::identifiers::Oid;
use crate::lot::layout::{PURPOSE_OF_SIGNATURE, SUBMISSION_SET_DIGEST};
use crate::xades::names::MANIFEST_TYPE;
use crate::xml::{CanonicalWriter, Namespace};

pub(super) const DS: Namespace = Namespace {
    prefix: "",
    uri: "http://www.w3.org/2000/09/xmldsig#",
};
/// XAdES 1.1.1, whose digests are in its own namespace.
pub(super) const XADES: Namespace = Namespace {
    prefix: "",
    uri: "http://uri.etsi.org/01903/v1.1.1#",
};
pub(super) const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
pub(super) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
pub(super) const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
pub(super) const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903/v1.1.1#SignedProperties";
pub(super) const MANIFEST_ID: &str = "IHEManifest";
pub(super) const SIGNED_PROPERTIES_ID: &str = "S0-SignedProperties";
const SIGNATURE_ID: &str = "S0";

/// The submission set by its id and a constant, then each document by its id and digest.
pub(super) fn manifest(submission_set: &Oid, documents: &[LegacyDocument]) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "Manifest", &[("Id", MANIFEST_ID)]);
    writer.start(DS, "Reference", &[("URI", &submission_set.to_urn())]);
    digest(&mut writer, DS, SUBMISSION_SET_DIGEST);
    writer.end();
    for document in documents {
        writer.start(DS, "Reference", &[("URI", &document.unique_id.to_urn())]);
        if document.transform == LegacyTransform::Canonical {
            transforms(&mut writer);
        }
        digest(&mut writer, DS, &STANDARD.encode(document.sha1.as_bytes()));
        writer.end();
    }
    writer.finish()
}

/// When, with which certificates, under the policy that the DMP implies.
pub(super) fn signed_properties(
    legacy: DmpLegacy,
    signing_time: UnixTime,
    certificates: &[Certificate],
) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(XADES, "SignedProperties", &[("Id", SIGNED_PROPERTIES_ID)]);
    writer.start(XADES, "SignedSignatureProperties", &[]);
    writer.element(XADES, "SigningTime", &[], &signing_time.to_string());
    writer.start(XADES, "SigningCertificate", &[]);
    for certificate in certificates {
        writer.start(XADES, "Cert", &[]);
        writer.start(XADES, "CertDigest", &[]);
        let sha1 = LegacyDigest::of(legacy, certificate.der());
        digest(&mut writer, XADES, &STANDARD.encode(sha1.as_bytes()));
        writer.end();
        writer.start(XADES, "IssuerSerial", &[]);
        writer.element(DS, "X509IssuerName", &[], &certificate.issuer_rfc2253());
        let serial = certificate.serial_number_decimal();
        writer.element(DS, "X509SerialNumber", &[], &serial);
        writer.end();
        writer.end();
    }
    writer.end();
    writer.start(XADES, "SignaturePolicyIdentifier", &[]);
    writer.element(XADES, "SignaturePolicyImplied", &[], "");
    writer.end();
    writer.end();
    writer.element(XADES, "SignedDataObjectProperties", &[], "");
    writer.finish()
}

/// What the key signs.
pub(super) fn signed_info(manifest: LegacyDigest, properties: LegacyDigest) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "SignedInfo", &[]);
    writer.element(DS, "CanonicalizationMethod", &[("Algorithm", C14N)], "");
    writer.element(DS, "SignatureMethod", &[("Algorithm", RSA_SHA1)], "");
    for (kind, id, sha1) in [
        (MANIFEST_TYPE, MANIFEST_ID, manifest),
        (SIGNED_PROPERTIES_TYPE, SIGNED_PROPERTIES_ID, properties),
    ] {
        let uri = format!("#{id}");
        writer.start(DS, "Reference", &[("Type", kind), ("URI", &uri)]);
        transforms(&mut writer);
        digest(&mut writer, DS, &STANDARD.encode(sha1.as_bytes()));
        writer.end();
    }
    writer.finish()
}

/// The whole file: what is signed stands in it byte for byte.
pub(super) fn signature(
    signed_info: &str,
    value: &[u8],
    signer: &Certificate,
    manifest: &str,
    signed_properties: &str,
) -> String {
    let mut writer = CanonicalWriter::new();
    writer.start(DS, "Signature", &[("Id", SIGNATURE_ID)]);
    writer.embed(signed_info);
    writer.element(DS, "SignatureValue", &[], &STANDARD.encode(value));
    writer.start(DS, "KeyInfo", &[]);
    writer.start(DS, "X509Data", &[]);
    let certificate = STANDARD.encode(signer.der());
    writer.element(DS, "X509Certificate", &[], &certificate);
    writer.end();
    writer.end();
    writer.start(DS, "Object", &[]);
    writer.embed(manifest);
    writer.end();
    let target = format!("#{SIGNATURE_ID}");
    writer.start(DS, "Object", &[]);
    writer.start(DS, "SignatureProperties", &[]);
    let purpose = [("Id", "purposeOfSignature"), ("Target", target.as_str())];
    writer.element(DS, "SignatureProperty", &purpose, PURPOSE_OF_SIGNATURE);
    writer.end();
    writer.end();
    writer.start(DS, "Object", &[]);
    writer.start(XADES, "QualifyingProperties", &[("Target", &target)]);
    writer.embed(signed_properties);
    writer.finish()
}

fn transforms(writer: &mut CanonicalWriter) {
    writer.start(DS, "Transforms", &[]);
    writer.element(DS, "Transform", &[("Algorithm", C14N)], "");
    writer.end();
}

fn digest(writer: &mut CanonicalWriter, namespace: Namespace, value: &str) {
    writer.element(namespace, "DigestMethod", &[("Algorithm", SHA1)], "");
    writer.element(namespace, "DigestValue", &[], value);
}
