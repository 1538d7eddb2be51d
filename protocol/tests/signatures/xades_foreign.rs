//! Signatures that xmlsec1 makes, in shapes that we do not write: inclusive canonical XML 1.0 and 1.1, with comments, prefix
//! lists, SigningCertificate of XAdES before V2, indentation, default namespaces.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::xades::{check, check_with_contents};
use crate::support::{self, Practice};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::{DigestAlgorithm, SubIndication};

const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const INCLUSIVE_11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

struct Shape {
    canonicalization: String,
    /// Of the document's reference.
    uri: &'static str,
    transforms: String,
    /// Before V2.
    old_certificate: bool,
    object: &'static str,
}

fn method(name: &str, uri: &str, prefixes: Option<&str>) -> String {
    let prefixes = prefixes.map_or(String::new(), |prefixes| {
        format!("<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"/>")
    });
    format!("<{name} Algorithm=\"{uri}\">{prefixes}</{name}>")
}

fn template(shape: &Shape, signer: &DocumentSigner) -> String {
    let certificate = &signer.certificate;
    let digest = DigestAlgorithm::Sha256.digest(certificate.der()).unwrap();
    let digest = format!(
        "<x:CertDigest><DigestMethod Algorithm=\"{SHA256}\"/><DigestValue>{}</DigestValue></x:CertDigest>",
        STANDARD.encode(digest)
    );
    let named = if shape.old_certificate {
        format!(
            "<x:SigningCertificate><x:Cert>{digest}<x:IssuerSerial><X509IssuerName>{}</X509IssuerName>\
             <X509SerialNumber>{}</X509SerialNumber></x:IssuerSerial></x:Cert></x:SigningCertificate>",
            certificate.issuer_rfc2253(),
            certificate.serial_number_decimal()
        )
    } else {
        format!("<x:SigningCertificateV2>\n  <x:Cert>{digest}</x:Cert>\n</x:SigningCertificateV2>")
    };
    let Shape {
        canonicalization,
        uri,
        transforms,
        object,
        ..
    } = shape;
    format!(
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"sig\">\n <SignedInfo>\n  {canonicalization}\n  \
         <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/>\n  \
         <Reference URI=\"{uri}\">{transforms}<DigestMethod Algorithm=\"{SHA256}\"/><DigestValue/></Reference>\n  \
         <Reference Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#props\">\
         <DigestMethod Algorithm=\"{SHA256}\"/><DigestValue/></Reference>\n </SignedInfo>\n <SignatureValue/>\n \
         <KeyInfo>\n  <X509Data>\n   <X509Certificate>{}</X509Certificate>\n  </X509Data>\n </KeyInfo>\n {object}<Object>\n  \
         <x:QualifyingProperties xmlns:x=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"#sig\">\n   \
         <x:SignedProperties Id=\"props\">\n    <x:SignedSignatureProperties>\n     \
         <x:SigningTime>2026-11-22T11:00:00+01:00</x:SigningTime>\n     {named}\n    </x:SignedSignatureProperties>\n   \
         </x:SignedProperties>\n  </x:QualifyingProperties>\n </Object>\n</Signature>",
        STANDARD.encode(certificate.der()),
    )
}

fn signed(signer: &DocumentSigner, template: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.pem"), signer.private_key_pem()).unwrap();
    std::fs::write(at("template.xml"), template).unwrap();
    let output = Command::new("xmlsec1")
        .args([
            "--sign",
            "--privkey-pem",
            "key.pem",
            "--output",
            "signed.xml",
        ])
        .arg("template.xml")
        .current_dir(&folder)
        .output()
        .unwrap_or_else(|error| panic!("xmlsec1 cannot be run (apt install xmlsec1): {error}"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}: {template}");
    std::fs::read_to_string(at("signed.xml")).unwrap()
}

fn transforms(methods: &[String]) -> String {
    format!("<Transforms>{}</Transforms>", methods.concat())
}

#[test]
fn shapes_that_xmlsec1_signs_are_read() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let enveloped = || method("Transform", ENVELOPED, None);
    let around = |signature: &str| {
        format!(
            "<?xml-stylesheet href=\"x\"?>\n<e:lettre xmlns:e=\"urn:e\" xmlns:unused=\"urn:u\" xml:lang=\"fr\" Id=\"root\">\
             <!-- remarque -->\n <dose>1 mg</dose><![CDATA[<&>]]>\n {signature}</e:lettre>"
        )
    };
    let shape = |canonicalization, uri, transforms, old_certificate| Shape {
        canonicalization,
        uri,
        transforms,
        old_certificate,
        object: "",
    };
    let c14n = |uri| method("CanonicalizationMethod", uri, None);
    let with_comments = format!("{EXCLUSIVE}WithComments");
    let shapes = [
        shape(c14n(INCLUSIVE), "", transforms(&[enveloped()]), true),
        shape(
            c14n(INCLUSIVE_11),
            "",
            transforms(&[enveloped(), method("Transform", INCLUSIVE_11, None)]),
            false,
        ),
        shape(
            method("CanonicalizationMethod", EXCLUSIVE, Some("e #default")),
            "",
            transforms(&[
                enveloped(),
                method("Transform", EXCLUSIVE, Some("unused e")),
            ]),
            true,
        ),
        shape(
            c14n(&with_comments),
            "",
            transforms(&[enveloped(), method("Transform", &with_comments, None)]),
            false,
        ),
    ];
    for (number, shape) in shapes.iter().enumerate() {
        let xml = signed(&signer, &around(&template(shape, &signer)));
        let (signature, contents) = check_with_contents(xml.as_bytes(), &[])
            .unwrap_or_else(|error| panic!("shape {number}: {error}: {xml}"));
        assert_eq!(signature.signer().der(), signer.certificate.der());
        assert_eq!(signature.claimed_signing_time(), Some(support::NOW));
        assert_eq!(
            signature.covered()[0].name,
            "the whole document, without its comments"
        );
        let covered = std::str::from_utf8(contents[0].bytes()).unwrap();
        assert!(
            covered.contains("<dose>1 mg</dose>&lt;&amp;&gt;"),
            "{covered}"
        );
        assert!(!covered.contains("remarque"));
        assert!(check(xml.replace("1 mg", "9 mg").as_bytes(), &[]).is_err());
    }
}

#[test]
fn an_object_in_the_namespaces_of_its_surroundings() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let shape = Shape {
        canonicalization: method("CanonicalizationMethod", INCLUSIVE, None),
        uri: "#content",
        transforms: transforms(&[method("Transform", INCLUSIVE, None)]),
        old_certificate: false,
        object: "<Object Id=\"content\"><dose xmlns=\"urn:x\">1 mg</dose></Object>\n ",
    };
    let xml = signed(&signer, &template(&shape, &signer));
    let (signature, contents) = check_with_contents(xml.as_bytes(), &[]).unwrap();
    assert_eq!(signature.covered()[0].name, "#content");
    let covered = std::str::from_utf8(contents[0].bytes()).unwrap();
    assert!(
        covered.contains("<dose xmlns=\"urn:x\">1 mg</dose>"),
        "{covered}"
    );
    // Other surroundings, other canonical form.
    let moved = format!("<w xmlns:extra=\"urn:extra\">{xml}</w>");
    assert!(check(moved.as_bytes(), &[]).is_err());
}

#[test]
fn weak_digests_are_named() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let shape = Shape {
        canonicalization: method("CanonicalizationMethod", EXCLUSIVE, None),
        uri: "",
        transforms: transforms(&[method("Transform", ENVELOPED, None)]),
        old_certificate: true,
        object: "",
    };
    let template = template(&shape, &signer);
    let digest = format!("<x:CertDigest><DigestMethod Algorithm=\"{SHA256}\"/>");
    let weak = digest.replace(SHA256, "http://www.w3.org/2000/09/xmldsig#sha1");
    for (from, to) in [
        (digest.as_str(), weak.as_str()),
        ("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5"),
    ] {
        let changed = template.replace(from, to);
        assert_ne!(changed, template);
        let xml = if to.contains("md5") {
            // Not even xmlsec1 signs with it any more.
            signed(&signer, &format!("<a>{template}</a>")).replace(from, to)
        } else {
            signed(&signer, &format!("<a>{changed}</a>"))
        };
        let error = check(xml.as_bytes(), &[]).unwrap_err();
        assert_eq!(error.code, "weak-algorithm", "{error}");
        assert_eq!(
            error.sub_indication,
            SubIndication::CryptoConstraintsFailure
        );
    }
}
