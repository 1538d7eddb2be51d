//! One character or byte changed in what is signed: refused, for each packaging, in every part.

use crate::support::Practice;
use crate::support::document_signer::DocumentSigner;
use crate::support::jades::{check_jades as check, signed};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::Packaging;
use serde_json::Value;

/// Changes of each part of a file.
const CHANGES: usize = 48;
const FILES: [(&str, &[u8]); 2] = [("a.txt", b"une lettre de liaison"), ("b.txt", b"une autre")];

/// Another character of base64url.
fn other(character: u8) -> u8 {
    match character {
        b'9' | b'z' | b'Z' | b'_' => b'-',
        b'-' => b'_',
        _ => character + 1,
    }
}

#[test]
fn single_changes_are_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let mut refused = 0;
    for packaging in [Packaging::Detached, Packaging::Enveloping] {
        let file = signed(&signer, packaging, &FILES);
        let files: &[(&str, &[u8])] = match packaging {
            Packaging::Detached => &FILES,
            _ => &[],
        };
        check(&file, files).unwrap();
        let value: Value = serde_json::from_slice(&file).unwrap();
        let text = String::from_utf8(file).unwrap();
        for part in ["protected", "payload", "signature"] {
            let Some(part) = value[part].as_str() else {
                continue;
            };
            let start = text.find(part).unwrap();
            let changes = CHANGES.min(part.len());
            for number in 0..changes {
                // The last character among them: its bits that encode nothing must be zero.
                let at = start + number * (part.len() - 1) / (changes - 1);
                let mut changed = text.clone().into_bytes();
                changed[at] = other(changed[at]);
                assert!(check(&changed, files).is_err(), "we accepted {at}");
                let mut shorter = text.clone().into_bytes();
                shorter.remove(at);
                assert!(check(&shorter, files).is_err(), "we accepted without {at}");
                refused += 2;
            }
        }
        for (index, (_, bytes)) in files.iter().enumerate() {
            for at in 0..bytes.len() {
                let mut changed = bytes.to_vec();
                changed[at] ^= 1;
                let mut files = FILES;
                files[index].1 = &changed;
                assert!(check(text.as_bytes(), &files).is_err());
                refused += 1;
            }
        }
    }
    println!("{refused} changes refused");
    assert!(refused >= 200);
}
