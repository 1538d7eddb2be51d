//! Lot signatures of profile `dmp-legacy`: made, judged by xmlsec1, read again; a file of the shape of the DMP's sample; nothing
//! of it without the administrator's permission.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use std::process::Command;

use crate::support::{NOW, Practice, sign, sign_with};
use openssl::hash::MessageDigest;
use paraphe_protocol::identifiers::Oid;
use paraphe_protocol::lot::legacy::{
    DmpLegacy, LegacyDigests, LegacyDocument, LegacyHasher, LegacyLotDraft, LegacyPresented,
    LegacyTransform, SignedLegacyLot,
};
use paraphe_protocol::lot::{
    CoverageFinding, DocumentOutcome, DraftError, ExaminedLot, LotError, LotLimits,
    PrepareLotError, PresentedDocuments, SignedPart, examine,
};
use paraphe_protocol::signature::{Indication, SubIndication};

const CDA: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet href=\"x\"?>\n\
    <ClinicalDocument xmlns='urn:hl7-org:v3' ><!-- c --><title>TEST</title></ClinicalDocument>\n";
const BINARY: &[u8] = b"\x00\x01DICM";

fn legacy() -> DmpLegacy {
    DmpLegacy::where_enabled(true).unwrap()
}

fn digests(bytes: &[u8]) -> LegacyDigests {
    let mut hasher = LegacyHasher::new(legacy());
    bytes.chunks(5).for_each(|piece| hasher.update(piece));
    hasher.finish()
}

fn documents() -> Vec<LegacyDocument> {
    vec![
        LegacyDocument::new(Oid::from_uuid(1), digests(CDA)),
        LegacyDocument::new(Oid::from_uuid(2), digests(BINARY)),
    ]
}

fn signed(practice: &Practice) -> Vec<u8> {
    let card = &practice.card.signature;
    let set = Oid::from_uuid(1000);
    let prepared = LegacyLotDraft::new(legacy(), set, documents(), &LotLimits::default())
        .unwrap()
        .prepare(&card.certificate, &[practice.issuing_authority()], NOW)
        .unwrap();
    let value = sign_with(card, prepared.to_be_signed(), MessageDigest::sha1());
    prepared.complete(&value).unwrap()
}

fn check(practice: &Practice, xml: &[u8]) -> Result<SignedLegacyLot, LotError> {
    SignedLegacyLot::verify(legacy(), xml, &practice.store, NOW, &LotLimits::default())
}

fn xmlsec1(practice: &Practice, xml: &[u8], documents: &[(u128, &[u8])]) -> (bool, String) {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let authorities = practice.pki.intermediates_pem();
    std::fs::write(at("anchor.pem"), practice.pki.anchors_pem()).unwrap();
    std::fs::write(at("authorities.pem"), authorities).unwrap();
    std::fs::write(at("lot.xml"), xml).unwrap();
    let mut command = Command::new("xmlsec1");
    command
        .args(["--verify", "--trusted-pem", "anchor.pem"])
        .args(["--untrusted-pem", "authorities.pem"])
        .args(["--verification-time", "2026-11-22 10:00:00"])
        .current_dir(&directory);
    if documents.is_empty() {
        command.arg("--ignore-manifests");
    } else {
        let set = Oid::from_uuid(1000).to_urn();
        command.arg(format!("--url-map:{set}")).arg("/dev/null");
    }
    for (id, bytes) in documents {
        let name = format!("document-{id}");
        std::fs::write(at(&name), bytes).unwrap();
        let urn = Oid::from_uuid(*id).to_urn();
        command.arg(format!("--url-map:{urn}")).arg(name);
    }
    let output = command.arg("lot.xml").output();
    let output = output
        .unwrap_or_else(|error| panic!("xmlsec1 cannot be run (apt install xmlsec1): {error}"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), told)
}

#[test]
fn xmlsec1_accepts_signature_and_documents() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let (accepted, told) = xmlsec1(&practice, &xml, &[]);
    assert!(accepted, "{told}");
    // The submission set's constant digest matches nothing.
    let (accepted, told) = xmlsec1(&practice, &xml, &[(1, CDA), (2, BINARY)]);
    assert!(
        accepted && told.contains("Manifests References (ok/all): 2/3"),
        "{told}"
    );
}

#[test]
fn it_is_verified_at_two_levels() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let lot = check(&practice, &xml).unwrap();
    assert_eq!(lot.documents(), documents());
    assert_eq!(*lot.submission_set(), Oid::from_uuid(1000));
    assert_eq!(lot.signing_time(), NOW);
    let transforms: Vec<_> = lot
        .documents()
        .iter()
        .map(|document| document.transform)
        .collect();
    assert_eq!(
        transforms,
        [LegacyTransform::Canonical, LegacyTransform::None]
    );
    // The same XML in another spelling has the same canonical form.
    let respelled = String::from_utf8_lossy(CDA).replace("'urn:hl7-org:v3' ", "\"urn:hl7-org:v3\"");
    let all = [digests(BINARY), digests(respelled.as_bytes())];
    lot.check_documents(LegacyPresented::ByContent(&all))
        .unwrap();

    let findings = |presented: LegacyPresented<'_>| {
        let lot = check(&practice, &xml).unwrap();
        lot.check_documents(presented).unwrap_err().findings
    };
    let missing = |id| CoverageFinding::DocumentMissing {
        unique_id: Oid::from_uuid(id),
    };
    assert_eq!(
        findings(LegacyPresented::ByContent(&[
            digests(CDA),
            digests(CDA),
            digests(b"x")
        ])),
        [
            CoverageFinding::DocumentRepeated { index: 1 },
            CoverageFinding::DocumentUnknown { index: 2 },
            missing(2),
        ]
    );
    let swapped = [
        (Oid::from_uuid(1), digests(BINARY)),
        (Oid::from_uuid(3), digests(CDA)),
    ];
    assert_eq!(
        findings(LegacyPresented::ById(&swapped)),
        [
            CoverageFinding::DocumentChanged {
                unique_id: Oid::from_uuid(1),
                index: 0
            },
            CoverageFinding::DocumentUnknown { index: 1 },
            missing(2),
        ]
    );
}

/// The shape of the official sample, with our own people: indented properties, no transforms in SignedInfo, purpose of signature
/// without a namespace, a signing time with fraction and offset, an Id of its own, lines in base64.
fn sample_shape(practice: &Practice, manifest_digest: &str) -> Vec<u8> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let sha1 = |bytes: &[u8]| encode(&openssl::hash::hash(MessageDigest::sha1(), bytes).unwrap());
    let card = &practice.card.signature;
    let ds = "http://www.w3.org/2000/09/xmldsig#";
    let xades = "http://uri.etsi.org/01903/v1.1.1#";
    let c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
    let method = format!("<DigestMethod Algorithm=\"{ds}sha1\"></DigestMethod>");
    let manifest = format!(
        "<Manifest xmlns=\"{ds}\" Id=\"IHEManifest\"><Reference URI=\"urn:oid:1.2.250.1.999.1.1.1\">{method}\
         <DigestValue>AA==</DigestValue></Reference><Reference URI=\"urn:oid:1.2.250.1.999.1.1.2\"><Transforms>\
         <Transform Algorithm=\"{c14n}\"></Transform></Transforms>{method}\
         <DigestValue>{manifest_digest}</DigestValue></Reference></Manifest>"
    );
    let cert = |certificate: &paraphe_certs::Certificate| {
        format!(
            "<Cert>\n\t<CertDigest>\n\t\t{method}\n\t\t<DigestValue>{}</DigestValue>\n\t</CertDigest>\n\t<IssuerSerial>\n\t\t\
             <X509IssuerName xmlns=\"{ds}\">{}</X509IssuerName>\n\t\t<X509SerialNumber xmlns=\"{ds}\">{}</X509SerialNumber>\n\t\
             </IssuerSerial>\n</Cert>",
            sha1(certificate.der()),
            certificate.issuer_rfc2253(),
            certificate.serial_number_decimal(),
        )
    };
    let certs = cert(&card.certificate) + &cert(&practice.issuing_authority());
    let properties = format!(
        "<SignedProperties xmlns=\"{xades}\" Id=\"S0-SignedProperties\">\n\t\t<SignedSignatureProperties>\n\t\t\t\
         <SigningTime>2026-11-22T10:59:59.282+01:00</SigningTime>\n\t\t\t<SigningCertificate>\n\t\t\t{certs}\
         </SigningCertificate>\n\t\t\t<SignaturePolicyIdentifier>\n\t\t\t\t<SignaturePolicyImplied></SignaturePolicyImplied>\n\t\t\t\
         </SignaturePolicyIdentifier>\n\t\t</SignedSignatureProperties>\n\t\t<SignedDataObjectProperties>\n\t\t\
         </SignedDataObjectProperties>\n\t</SignedProperties>"
    );
    let reference = |kind: &str, uri: &str, octets: &str| {
        format!(
            "<Reference Type=\"{kind}\" URI=\"#{uri}\">{method}<DigestValue>{}</DigestValue></Reference>",
            sha1(octets.as_bytes())
        )
    };
    let signed_info = format!(
        "<SignedInfo xmlns=\"{ds}\"><CanonicalizationMethod Algorithm=\"{c14n}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{ds}rsa-sha1\"></SignatureMethod>{}{}</SignedInfo>",
        reference(&format!("{ds}Manifest"), "IHEManifest", &manifest),
        reference(
            &format!("{xades}SignedProperties"),
            "S0-SignedProperties",
            &properties
        ),
    );
    let value = sign_with(card, signed_info.as_bytes(), MessageDigest::sha1());
    let lines = |text: &str| {
        let pieces: Vec<_> = text
            .as_bytes()
            .chunks(76)
            .map(String::from_utf8_lossy)
            .collect();
        pieces.join("\n")
    };
    let id = "0421d1cc-0000-4000-8000-7ebcd54d47f6";
    // In the file, namespaces that are inherited are not declared again, and empty elements are short.
    let inherit = |text: &str, uri: &str| text.replacen(&format!(" xmlns=\"{uri}\""), "", 1);
    format!(
        "<Signature xmlns=\"{ds}\" Id=\"{id}\">{}<SignatureValue>{}</SignatureValue><KeyInfo><X509Data><X509Certificate>{}\
         </X509Certificate></X509Data></KeyInfo><Object>{}</Object><Object><SignatureProperties xmlns=\"\">\
         <SignatureProperty Id=\"purposeOfSignature\" Target=\"#{id}\">1.2.840.10065.1.12.1.14</SignatureProperty>\
         </SignatureProperties></Object><Object><QualifyingProperties xmlns=\"{xades}\" Target=\"#{id}\">\n\t{}\n\
         </QualifyingProperties></Object></Signature>",
        inherit(&signed_info, ds),
        lines(&encode(&value)),
        lines(&encode(card.certificate.der())),
        inherit(&manifest, ds),
        inherit(&properties, xades),
    )
    .replace("></DigestMethod>", "/>")
    .replace("></Transform>", "/>")
    .replace("></SignaturePolicyImplied>", "/>")
    .into_bytes()
}

#[test]
fn a_file_of_the_samples_shape_has_a_valid_core_and_a_document_that_does_not_match() {
    let practice = Practice::new();
    // As in the official sample: the document next to it was edited after signing.
    let xml = sample_shape(&practice, "ZHdMHCdgcMNU7PIhGp6aYG7cWU0=");
    let (accepted, told) = xmlsec1(&practice, &xml, &[]);
    assert!(accepted, "{told}");
    let lot = check(&practice, &xml).unwrap();
    let document: Oid = "1.2.250.1.999.1.1.2".parse().unwrap();
    assert_eq!(lot.submission_set().as_str(), "1.2.250.1.999.1.1.1");
    assert_eq!(lot.signing_time(), NOW.plus_seconds(-1));
    let presented = [(document.clone(), digests(CDA))];
    let error = lot
        .check_documents(LegacyPresented::ById(&presented))
        .unwrap_err();
    assert_eq!(
        error.findings,
        [CoverageFinding::DocumentChanged {
            unique_id: document.clone(),
            index: 0
        }]
    );
    let limits = LotLimits::default();
    let report = ExaminedLot::examine(&xml, Some(legacy()), &practice.store, NOW, &limits)
        .compare(None, Some(LegacyPresented::ById(&presented)));
    assert_eq!(report.profile, "dmp-legacy");
    assert_eq!(report.indication, Indication::TotalFailed);
    assert_eq!(report.sub_indication, Some(SubIndication::HashFailure));
    let reasons: Vec<_> = report.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(reasons, ["document-changed"]);
    assert_eq!(
        report.signer.unwrap().national_id.to_string(),
        "899700000017"
    );
    assert_eq!(report.documents.len(), 1);
    assert_eq!(report.documents[0].unique_id, document);
    assert_eq!(report.documents[0].outcome, DocumentOutcome::Changed);
    assert_eq!(
        report.documents[0].sha1.as_deref(),
        Some("64774c1c276070c354ecf2211a9e9a606edc594d")
    );
    // With the document that was signed, everything holds.
    use base64::Engine as _;
    let right = digests(CDA).canonical.unwrap();
    let right = base64::engine::general_purpose::STANDARD.encode(right.as_bytes());
    let lot = check(&practice, &sample_shape(&practice, &right)).unwrap();
    lot.check_documents(LegacyPresented::ById(&presented))
        .unwrap();
}

#[test]
fn nothing_of_it_without_the_administrators_permission() {
    assert_eq!(DmpLegacy::where_enabled(false), None);
    let practice = Practice::new();
    let xml = signed(&practice);
    let limits = LotLimits::default();
    let presented = Some(PresentedDocuments::ByContent(&[]));
    for report in [
        ExaminedLot::examine(&xml, None, &practice.store, NOW, &limits).compare(presented, None),
        examine(&xml, presented, &practice.store, NOW, &limits),
    ] {
        assert_eq!(report.profile, "dsg");
        assert_ne!(report.indication, Indication::TotalPassed);
        assert!(report.signer.is_none());
    }
    // And a file of the other profile is not read as this one.
    let report = ExaminedLot::examine(&xml, Some(legacy()), &practice.store, NOW, &limits)
        .compare(None, None);
    assert_eq!(report.profile, "dmp-legacy");
    assert_eq!(report.indication, Indication::Indeterminate);
    assert_eq!(report.documents[0].outcome, DocumentOutcome::NotChecked);
}

fn edit_of(xml: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(xml).unwrap();
    assert!(text.contains(from), "{from} is not in the signature");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn files_that_are_not_the_profile_are_refused() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let text = std::str::from_utf8(&xml).unwrap();
    let cut = |name: &str| {
        let start = text.find(&format!("<{name}")).unwrap();
        let end = text.rfind(&format!("</{name}>")).unwrap() + name.len() + 3;
        text[start..end].to_owned()
    };
    let manifest = cut("Manifest");
    let forged = manifest.replace("2.25.2\"", "2.25.7\"");
    let signed_info = cut("SignedInfo");
    let object = format!("<Object>{manifest}</Object>");
    let whole = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let edits = [
        (whole("2.25.2\"", "2.25.7\""), "signed-part-altered"),
        (whole("AA==", "AQ=="), "signed-part-altered"),
        (
            whole("SigningTime>2026", "SigningTime>2025"),
            "signed-part-altered",
        ),
        (
            whole("xmldsig#rsa-sha1", "xmldsig#hmac-sha1"),
            "unknown-algorithm",
        ),
        (whole("#WithComments", ""), "unknown-algorithm"),
        (whole("xmldsig#sha1", "xmldsig#md5"), "unknown-algorithm"),
        (
            whole("<KeyInfo>", "<KeyInfo><KeyName>x</KeyName>"),
            "structure",
        ),
        (
            whole("<Object>", "<Object><x></x></Object><Object>"),
            "structure",
        ),
        (
            whole(&object, &format!("{object}<Object>{forged}</Object>")),
            "xml-refused",
        ),
        (
            whole(&object, &format!("<Object>{forged}</Object>")),
            "signed-part-altered",
        ),
        (
            whole(&manifest, &format!("{forged}{manifest}")),
            "xml-refused",
        ),
        (
            whole(&signed_info, &format!("{signed_info}{signed_info}")),
            "structure",
        ),
        (whole("Target=\"#S0\"", "Target=\"#S1\""), "structure"),
        (
            whole("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12.1.1"),
            "structure",
        ),
        (
            whole("<DigestValue>", "<DigestValue><!-- x -->"),
            "xml-refused",
        ),
        (
            whole("<Signature ", "<!DOCTYPE a><Signature "),
            "xml-refused",
        ),
        (
            whole("URI=\"#IHEManifest\"", "URI=\"#xpointer(/)\""),
            "structure",
        ),
        (whole("URI=\"#IHEManifest\"", "URI=\"\""), "structure"),
    ];
    for ((from, to), expected) in &edits {
        let error = check(&practice, &edit_of(&xml, from, to)).unwrap_err();
        assert_eq!(error.code(), *expected, "{from} -> {to}: {error}");
    }
    // Each letter and digit of what is signed, one after the other.
    let mut refused = 0;
    let signed_value = cut("SignatureValue");
    for part in [
        &signed_info,
        &manifest,
        &cut("SignedProperties"),
        &signed_value,
    ] {
        let start = text.find(part.as_str()).unwrap();
        let (mut tag, mut quoted) = (false, false);
        for (at, byte) in part.bytes().enumerate() {
            match byte {
                b'<' => tag = true,
                b'>' => tag = false,
                b'"' => quoted = !quoted,
                _ if byte.is_ascii_alphanumeric() && (quoted || !tag) && at % 7 == 0 => {
                    let mut changed = xml.clone();
                    changed[start + at] = if byte == b'a' { b'b' } else { b'a' };
                    assert!(check(&practice, &changed).is_err(), "{at} of {part}");
                    refused += 1;
                }
                _ => {}
            }
        }
    }
    assert!(refused >= 100, "{refused}");
}

#[test]
fn lots_and_keys_that_are_refused_before_signing() {
    let practice = Practice::new();
    let limits = LotLimits { max_documents: 2 };
    let draft = |documents| LegacyLotDraft::new(legacy(), Oid::from_uuid(1000), documents, &limits);
    assert_eq!(draft(Vec::new()).unwrap_err(), DraftError::Empty);
    let three = [documents(), documents()].concat();
    assert!(matches!(
        draft(three).unwrap_err(),
        DraftError::TooMany { .. }
    ));
    let twice = vec![documents()[0].clone(), documents()[0].clone()];
    assert!(matches!(
        draft(twice).unwrap_err(),
        DraftError::DuplicateId { .. }
    ));
    let draft = draft(documents()).unwrap();
    let login = &practice.card.authentication.certificate;
    assert!(matches!(
        draft.prepare(login, &[], NOW),
        Err(PrepareLotError::WrongUse { .. })
    ));
    // A SHA-256 signature of the same bytes is not one of this profile.
    let card = &practice.card.signature;
    let prepared = draft.prepare(&card.certificate, &[], NOW).unwrap();
    let value = sign(card, prepared.to_be_signed());
    assert!(matches!(
        prepared.complete(&value),
        Err(PrepareLotError::Signature(_))
    ));
    assert_eq!(
        check(&practice, &edit_of(&signed(&practice), "AA==", "AAA=")).unwrap_err(),
        LotError::PartAltered {
            part: SignedPart::Manifest
        }
    );
}
