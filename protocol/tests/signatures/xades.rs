//! XAdES signatures of documents: made, judged by xmlsec1, which nobody here wrote, and read again.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use crate::support::xades::{
    check, check_with_contents, parameters, sign_file, signed_detached, xmlsec1,
};
use crate::support::{Practice, sign};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError};
use paraphe_protocol::signature::{DigestAlgorithm, SigningError, SubIndication};
use paraphe_protocol::xades::{
    DetachedDocument, EmbeddedForm, prepare_detached, prepare_enveloped, prepare_enveloping,
};

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet href=\"x.css\"?>\n\
    <d:a xmlns:d=\"urn:d\" xmlns=\"urn:x\" b='1'>\n  <c>é &amp; &lt;</c><![CDATA[<&>]]>\n</d:a>\n";

#[test]
fn a_detached_signature_of_several_documents() {
    let practice = Practice::new();
    let files: [(&str, &[u8]); 3] = [
        ("lettre.txt", b"Cher confrere"),
        ("sub/radio é 1.bin", &[0, 255, 10, 13]),
        ("empty", b""),
    ];
    for digest in DigestAlgorithm::ALL {
        let xml = signed_detached(&practice, &files, digest);
        xmlsec1(&practice, &xml, &files).unwrap();
        let signature = check(&xml, &files).unwrap();
        assert_eq!(signature.covered().len(), 3);
        for (index, covered) in signature.covered().iter().enumerate() {
            assert_eq!(covered.name, files[index].0);
            assert_eq!(covered.bytes, Some(files[index].1.len() as u64));
            assert_eq!(covered.presented, Some(index));
        }
        // Matched by content where the names are others.
        let renamed = [("x", files[2].1), ("y", files[0].1), ("z", files[1].1)];
        let signature = check(&xml, &renamed).unwrap();
        let order: Vec<_> = signature.covered().iter().map(|c| c.presented).collect();
        assert_eq!(order, [Some(1), Some(2), Some(0)]);
    }
}

#[test]
fn documents_that_are_not_those_that_were_signed() {
    let practice = Practice::new();
    let files: [(&str, &[u8]); 2] = [("a", b"one"), ("b", b"two")];
    let xml = signed_detached(&practice, &files, DigestAlgorithm::Sha256);
    let why = |files: &[(&str, &[u8])]| {
        let error = check(&xml, files).unwrap_err();
        (error.sub_indication, error.code)
    };
    use SubIndication::{HashFailure, SignedDataNotFound};
    let changed = (HashFailure, "document-changed");
    assert_eq!(why(&[("a", b"one"), ("b", b"twO")]), changed);
    assert_eq!(why(&[("a", b"two"), ("b", b"one")]), changed);
    assert_eq!(why(&[("a", b"one"), ("c", b"twO")]), changed);
    let missing = (SignedDataNotFound, "document-missing");
    assert_eq!(why(&[("a", b"one")]), missing);
    assert_eq!(why(&[]), missing);
    let unknown = (HashFailure, "document-unknown");
    assert_eq!(why(&[("a", b"one"), ("b", b"two"), ("c", b"x")]), unknown);
    assert_eq!(why(&[("a", b"one"), ("b", b"two"), ("c", b"one")]), unknown);
}

#[test]
fn an_enveloping_signature_gives_back_the_bytes_that_were_signed() {
    let practice = Practice::new();
    let binary: Vec<u8> = (0..=255).collect();
    let parameters = parameters(&practice);
    let prepared = prepare_enveloping(
        &binary,
        "application/octet-stream",
        EmbeddedForm::Base64,
        &parameters,
    );
    let xml = sign_file(&practice, prepared.unwrap());
    xmlsec1(&practice, &xml, &[]).unwrap();
    let (signature, contents) = check_with_contents(&xml, &[]).unwrap();
    assert_eq!(contents.len(), 1);
    assert_eq!(contents[0].bytes(), binary);
    assert_eq!(signature.covered()[0].presented, None);
    // The same document presented beside it is recognised, another one is not.
    let signature = check(&xml, &[("x", &binary)]).unwrap();
    assert_eq!(signature.covered()[0].presented, Some(0));
    assert_eq!(
        check(&xml, &[("x", b"y")]).unwrap_err().code,
        "document-unknown"
    );

    let plain = "<?xml version=\"1.0\"?>\n<a xmlns='urn:x'><b c=\"1\"/></a>\n";
    let prepared = prepare_enveloping(plain.as_bytes(), "text/xml", EmbeddedForm::Xml, &parameters);
    let xml = sign_file(&practice, prepared.unwrap());
    xmlsec1(&practice, &xml, &[]).unwrap();
    let (_, contents) = check_with_contents(&xml, &[]).unwrap();
    let text = std::str::from_utf8(contents[0].bytes()).unwrap();
    assert!(
        text.contains("<a xmlns=\"urn:x\"><b c=\"1\"></b></a>"),
        "{text}"
    );
}

#[test]
fn an_enveloped_signature_covers_the_whole_document() {
    let practice = Practice::new();
    for document in [
        XML,
        "<a/>",
        "<a b=\"/>\"  />",
        "<a><a></a></a >",
        "<p:a xmlns:p='urn:u'/>",
    ] {
        let prepared = prepare_enveloped(document.as_bytes(), &parameters(&practice)).unwrap();
        let xml = sign_file(&practice, prepared);
        xmlsec1(&practice, &xml, &[]).unwrap();
        let signature = check(&xml, &[]).unwrap();
        assert_eq!(signature.covered()[0].name, "the whole document");
        // A second one inside would break the first.
        assert!(matches!(
            prepare_enveloped(&xml, &parameters(&practice)),
            Err(SigningError::Document { .. })
        ));
    }
    for refused in [
        "<!DOCTYPE a><a/>",
        "<a><!-- c --></a>",
        "<a/><!-- c -->",
        "<a",
        "",
        "<a b='\n'/>",
    ] {
        assert!(matches!(
            prepare_enveloped(refused.as_bytes(), &parameters(&practice)),
            Err(SigningError::Document { .. })
        ));
    }
}

#[test]
fn xml_that_would_lose_something_is_not_enclosed_as_xml() {
    let practice = Practice::new();
    for refused in [XML, "<a/><?p?>", "<!-- c --><a/>", "not XML"] {
        let prepared = prepare_enveloping(
            refused.as_bytes(),
            "text/xml",
            EmbeddedForm::Xml,
            &parameters(&practice),
        );
        assert!(matches!(prepared, Err(SigningError::Document { .. })));
    }
}

#[test]
fn names_and_values_that_cannot_stand_in_a_signature() {
    let practice = Practice::new();
    let parameters = parameters(&practice);
    let document = DetachedDocument {
        name: "a".to_owned(),
        media_type: "text/plain".to_owned(),
        digest: vec![0; 32],
    };
    assert!(prepare_detached(std::slice::from_ref(&document), &parameters).is_ok());
    let edits: [fn(&mut DetachedDocument); 7] = [
        |document| document.name.clear(),
        |document| document.name = "a\0b".to_owned(),
        |document| document.name = "/etc/passwd".to_owned(),
        |document| document.name = "a".repeat(2000),
        |document| document.media_type = "text".to_owned(),
        |document| document.media_type = "text/<b>".to_owned(),
        |document| document.digest.truncate(20),
    ];
    for edit in edits {
        let mut changed = document.clone();
        edit(&mut changed);
        assert!(matches!(
            prepare_detached(&[changed], &parameters),
            Err(SigningError::Document { .. })
        ));
    }
    let twice = [document.clone(), document.clone()];
    assert!(prepare_detached(&twice, &parameters).is_err());
    assert!(prepare_detached(&[], &parameters).is_err());
    let mut wrong = parameters;
    wrong.signer.certificate = &practice.card.authentication.certificate;
    assert!(matches!(
        prepare_detached(std::slice::from_ref(&document), &wrong),
        Err(SigningError::WrongUse { .. })
    ));
    let mut wrong = parameters;
    wrong.signer.algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    assert!(matches!(
        prepare_detached(std::slice::from_ref(&document), &wrong),
        Err(SigningError::WrongAlgorithm { .. })
    ));
    // Another key's signature is noticed before anything is written.
    let prepared = prepare_detached(&[document], &parameters).unwrap();
    let other = sign(&practice.card.authentication, prepared.to_be_signed());
    assert_eq!(
        prepared.complete(&other).unwrap_err(),
        SigningError::Signature(SignatureError::Mismatch)
    );
}

#[test]
fn what_waits_for_its_signature_does_not_show_what_is_signed() {
    let practice = Practice::new();
    let document = "<a>secret</a>";
    let prepared = prepare_enveloped(document.as_bytes(), &parameters(&practice)).unwrap();
    assert!(!format!("{prepared:?}").contains("secret"));
    let signature = sign(&practice.card.signature, prepared.to_be_signed());
    let file = prepared.complete(&signature).unwrap();
    assert!(!format!("{file:?}").contains("secret"));
}
