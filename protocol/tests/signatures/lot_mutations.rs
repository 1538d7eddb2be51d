//! One byte changed in what is signed: refused by us and by xmlsec1, which nobody here wrote.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::byte_changes::{other, values};
use crate::support::{NOW, Practice, sign};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Oid};
use paraphe_protocol::lot::{LotDocument, LotDraft, LotLimits, SubmissionSet, verify_signature};

const CHANGES: usize = 80;

/// The command of docs/lot-signature.md: the signature alone, without the manifest's documents.
fn xmlsec1(directory: &Path, xml: &[u8]) -> Output {
    std::fs::write(directory.join("lot.xml"), xml).unwrap();
    Command::new("xmlsec1")
        .args([
            "--verify",
            "--ignore-manifests",
            "--trusted-pem",
            "anchor.pem",
        ])
        .args(["--verification-time", "2026-11-22 10:00:00", "lot.xml"])
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("xmlsec1 cannot be run (apt install xmlsec1): {error}"))
}

fn signed(practice: &Practice) -> Vec<u8> {
    let set = SubmissionSet {
        unique_id: Oid::from_uuid(1000),
        source_id: Oid::from_uuid(2000),
        patient: Ins::new("285072B50202465".parse().unwrap(), Environment::Test),
        submission_time: NOW,
    };
    let documents = (1..=5u128)
        .map(|id| LotDocument {
            unique_id: Oid::from_uuid(id),
            sha256: Sha256Digest::of(&id.to_be_bytes()),
        })
        .collect();
    let card = &practice.card.signature;
    let prepared = LotDraft::new(set, documents, &LotLimits::default())
        .unwrap()
        .prepare(&card.certificate, &[practice.issuing_authority()], NOW)
        .unwrap();
    let signature = sign(card, prepared.to_be_signed());
    prepared.complete(&signature).unwrap()
}

#[test]
fn single_byte_changes_are_refused_by_both() {
    let practice = Practice::new();
    let directory = tempfile::tempdir().unwrap();
    let anchors = practice.pki.anchors_pem();
    std::fs::write(directory.path().join("anchor.pem"), anchors).unwrap();
    let xml = signed(&practice);
    let ours = |xml: &[u8]| verify_signature(xml, &practice.store, NOW, &LotLimits::default());

    let accepted = xmlsec1(directory.path(), &xml);
    assert!(accepted.status.success(), "{accepted:?}");
    ours(&xml).unwrap();

    let text = std::str::from_utf8(&xml).unwrap();
    let parts = [
        "ds:SignedInfo",
        "ds:SignatureValue",
        "ds:Manifest",
        "ds:SignatureProperties",
        "xades:SignedProperties",
    ];
    let mut still_well_formed = 0;
    for name in parts {
        let offsets = values(text, name);
        let each = CHANGES / parts.len();
        assert!(offsets.len() >= each);
        for number in 0..each {
            let at = offsets[number * offsets.len() / each];
            let mut changed = xml.clone();
            changed[at] = other(changed[at]);
            let around = &text[at.saturating_sub(20)..(at + 20).min(text.len())];
            assert!(
                ours(&changed).is_err(),
                "we accepted a change at {at}: {around}"
            );
            let theirs = xmlsec1(directory.path(), &changed);
            assert!(
                !theirs.status.success(),
                "xmlsec1 accepted a change at {at}: {around}"
            );
            let output = String::from_utf8_lossy(&theirs.stderr).into_owned();
            still_well_formed += usize::from(!output.contains("parser error"));
        }
    }
    assert!(
        still_well_formed >= 50,
        "only {still_well_formed} changes left well-formed XML"
    );
}
