//! One byte changed in what is signed: refused by us and by xmlsec1, which nobody here wrote, for each packaging.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use crate::support::Practice;
use crate::support::byte_changes::{other, values};
use crate::support::xades::{check, parameters, sign_file, signed_detached, xmlsec1};
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::xades::{EmbeddedForm, prepare_enveloped, prepare_enveloping};

/// Changes of each packaging.
const CHANGES: usize = 48;
const FILES: [(&str, &[u8]); 2] = [("a.txt", b"une lettre"), ("b.txt", b"une autre")];

#[test]
fn single_byte_changes_are_refused_by_both() {
    let practice = Practice::new();
    let parameters = parameters(&practice);
    let document = b"<lettre xmlns=\"urn:x\" lang=\"fr\"><dose>12 mg</dose> matin et soir</lettre>";
    let form = EmbeddedForm::Base64;
    let cases = [
        (
            sign_file(&practice, prepare_enveloped(document, &parameters).unwrap()),
            "lettre",
            &[][..],
        ),
        (
            sign_file(
                &practice,
                prepare_enveloping(document, "text/xml", form, &parameters).unwrap(),
            ),
            "ds:Object",
            &[][..],
        ),
        (
            signed_detached(&practice, &FILES, DigestAlgorithm::Sha256),
            "ds:SignedInfo",
            &FILES[..],
        ),
    ];
    let mut refused = 0;
    for (xml, content, files) in &cases {
        check(xml, files).unwrap();
        xmlsec1(&practice, xml, files).unwrap();
        let text = std::str::from_utf8(xml).unwrap();
        let parts = [
            "ds:SignedInfo",
            "ds:SignatureValue",
            "xades:SignedProperties",
            content,
        ];
        for name in parts {
            let signature = text.find("<ds:Signature ").unwrap();
            let mut offsets = values(text, name);
            if name == "lettre" {
                // What stands before the signature in it.
                offsets.retain(|at| *at < signature);
            } else if name == "ds:Object" {
                // Its base64 is signed, its attributes are not: the media type stands in the properties.
                let start = signature + text[signature..].find("<ds:Object").unwrap();
                let start = start + text[start..].find('>').unwrap();
                let end = start + text[start..].find("</ds:Object>").unwrap();
                offsets.retain(|at| (start..end).contains(at));
            }
            let each = CHANGES / parts.len();
            assert!(offsets.len() >= each, "{name}");
            for number in 0..each {
                let at = offsets[number * offsets.len() / each];
                let mut changed = xml.clone();
                changed[at] = other(changed[at]);
                let around = &text[at.saturating_sub(30)..(at + 20).min(text.len())];
                assert!(
                    check(&changed, files).is_err(),
                    "we accepted {at}: {around}"
                );
                let theirs = xmlsec1(&practice, &changed, files);
                assert!(theirs.is_err(), "xmlsec1 accepted {at}: {around}");
                refused += 1;
            }
        }
    }
    // Documents that stay beside.
    let (xml, _, _) = &cases[2];
    for (index, (_, bytes)) in FILES.iter().enumerate() {
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            let mut files = FILES;
            files[index].1 = &changed;
            assert!(check(xml, &files).is_err());
            refused += 1;
        }
    }
    println!("{refused} changes refused");
    assert!(refused >= 150);
}
