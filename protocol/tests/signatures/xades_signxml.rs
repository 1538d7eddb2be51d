//! signxml, which nobody here wrote, accepts our XAdES signatures by every algorithm, PSS among them, and we read what it signs.
//!
//! Needs signxml in the judges' Python (`sh tests/install.sh tests` puts it there) and fails without it.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::Practice;
use crate::support::document_signer::DocumentSigner;
use crate::support::judges::python;
use crate::support::xades::{check, check_with_contents, whole};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::Packaging;
use paraphe_protocol::xades::{
    DetachedDocument, EmbeddedForm, XadesParameters, prepare_detached, prepare_enveloped,
    prepare_enveloping,
};

const LETTER: &[u8] = b"Lettre de liaison";
/// Without a namespace, and signed by inclusive forms only: signxml 5.2 digests its properties, which it gives no transform, before they stand in the
/// document and by the form of SignedInfo; the standard says inclusive, where they stand.
const DOCUMENT: &[u8] = b"<lettre><dose>1 mg</dose></lettre>";

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(python())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn signed(signer: &DocumentSigner, packaging: Packaging) -> Vec<u8> {
    let parameters = XadesParameters {
        signer: signer.signer(),
        digest: signer.algorithm.digest(),
        claimed_role: Some("Médecin"),
        commitment: None,
    };
    let prepared = match packaging {
        Packaging::Detached => {
            let letter = DetachedDocument {
                name: "letter.txt".to_owned(),
                media_type: "text/plain".to_owned(),
                digest: parameters.digest.digest(LETTER).unwrap(),
            };
            prepare_detached(&[letter], &parameters)
        }
        Packaging::Enveloping => {
            prepare_enveloping(DOCUMENT, "text/xml", EmbeddedForm::Xml, &parameters)
        }
        Packaging::Enveloped => prepare_enveloped(DOCUMENT, &parameters),
    };
    let prepared = prepared.unwrap();
    let value = signer.sign(prepared.to_be_signed());
    whole(prepared.complete(&value).unwrap().finish().unwrap())
}

#[test]
fn signxml_accepts_every_algorithm_and_packaging() {
    let practice = Practice::new();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/verify_xades.py"
    );
    let packagings = [
        Packaging::Enveloped,
        Packaging::Enveloping,
        Packaging::Detached,
    ];
    for (number, algorithm) in SignatureAlgorithm::DOCUMENTS.into_iter().enumerate() {
        let signer = DocumentSigner::new(&practice, algorithm);
        let packaging = packagings[number % packagings.len()];
        let xml = signed(&signer, packaging);
        let folder = tempfile::tempdir().unwrap();
        let accepts = |xml: &[u8]| {
            std::fs::write(folder.path().join("letter.txt"), LETTER).unwrap();
            std::fs::write(folder.path().join("signature.xml"), xml).unwrap();
            let certificate = signer.certificate.pem();
            std::fs::write(folder.path().join("certificate.pem"), certificate).unwrap();
            let mut arguments = vec![script, "signature.xml", "certificate.pem", "2"];
            if packaging == Packaging::Detached {
                arguments.extend(["letter.txt", "letter.txt"]);
            }
            run(folder.path(), &arguments).status.success()
        };
        assert!(accepts(&xml), "{algorithm} {packaging:?}");
        let text = String::from_utf8(xml).unwrap();
        let altered = text.replace("SigningTime>2026", "SigningTime>2025");
        assert_ne!(text, altered);
        assert!(!accepts(altered.as_bytes()), "{algorithm}");
    }
}

#[test]
fn what_signxml_signs_is_read() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.pem"), signer.private_key_pem()).unwrap();
    std::fs::write(at("certificate.pem"), signer.certificate.pem()).unwrap();
    std::fs::write(at("document.xml"), DOCUMENT).unwrap();
    let script = "
import sys
from lxml import etree
from signxml import CanonicalizationMethod, SignatureConstructionMethod
from signxml.xades import XAdESSigner
method, c14n, out = sys.argv[1:]
signer = XAdESSigner(
    method=SignatureConstructionMethod[method], c14n_algorithm=CanonicalizationMethod[c14n]
)
signed = signer.sign(
    etree.parse('document.xml').getroot(), key=open('key.pem').read(), cert=open('certificate.pem').read()
)
open(out, 'wb').write(etree.tostring(signed))
";
    for (method, c14n) in [
        ("enveloped", "CANONICAL_XML_1_0"),
        ("enveloped", "CANONICAL_XML_1_1"),
        ("enveloping", "CANONICAL_XML_1_1"),
    ] {
        let made = run(folder.path(), &["-c", script, method, c14n, "out.xml"]);
        assert!(made.status.success());
        let xml = std::fs::read(at("out.xml")).unwrap();
        let (signature, contents) = check_with_contents(&xml, &[]).unwrap_or_else(|error| {
            panic!(
                "{method} {c14n}: {error}: {}",
                String::from_utf8_lossy(&xml)
            )
        });
        assert_eq!(signature.signer().der(), signer.certificate.der());
        assert!(signature.claimed_signing_time().is_some());
        let covered = String::from_utf8_lossy(contents[0].bytes()).into_owned();
        assert!(covered.contains("<dose>1 mg</dose>"), "{covered}");
        let altered = String::from_utf8(xml).unwrap().replace("1 mg", "9 mg");
        assert!(check(altered.as_bytes(), &[]).is_err());
    }
}
