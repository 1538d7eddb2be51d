//! XAdES signatures raised from B to LTA, with every algorithm: xmlsec1 accepts each, `openssl ts` accepts their stamps over what
//! this test cuts out of the file by itself, and what was changed under a stamp is told.
//!
//! Needs the programs `xmlsec1` and `openssl` and fails without them.

use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::time_stamping::{
    OCSP_RESPONSE, add_time_stamp, evidence_with_ocsp_response as evidence, raise, stamp,
};
use crate::support::xades::{check, whole, xmlsec1};
use crate::support::{NOW, Practice};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureScheme};
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Evidence, Level, Packaging, SignatureFile, SigningError,
};
use paraphe_protocol::time_stamp::TimeStampToken;
use paraphe_protocol::xades::{
    DetachedDocument, EmbeddedForm, XadesParameters, prepare_detached, prepare_enveloped,
    prepare_enveloping,
};

const FILES: [(&str, &[u8]); 2] = [
    ("lettre.txt", b"Lettre de liaison\n"),
    ("radio.bin", b"\0\x01"),
];
const DOCUMENT: &[u8] = b"<lettre xmlns=\"urn:x\">TEST <?p?></lettre>";

fn parameters(signer: &DocumentSigner) -> XadesParameters<'_> {
    XadesParameters {
        signer: signer.signer(),
        digest: signer.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    }
}

/// Level B.
fn base(signer: &DocumentSigner, packaging: Packaging) -> Box<dyn SignatureFile> {
    let parameters = parameters(signer);
    let prepared = match packaging {
        Packaging::Detached => {
            let documents = FILES.map(|(name, bytes)| DetachedDocument {
                name: name.to_owned(),
                media_type: "application/octet-stream".to_owned(),
                digest: parameters.digest.digest(bytes).unwrap(),
            });
            prepare_detached(&documents, &parameters)
        }
        Packaging::Enveloping => {
            prepare_enveloping(FILES[0].1, "text/plain", EmbeddedForm::Base64, &parameters)
        }
        Packaging::Enveloped => prepare_enveloped(DOCUMENT, &parameters),
    }
    .unwrap();
    let value = signer.sign(prepared.to_be_signed());
    prepared.complete(&value).unwrap()
}

fn documents() -> [&'static [u8]; 2] {
    FILES.map(|(_, bytes)| bytes)
}

fn next_stamp(
    practice: &Practice,
    file: &mut dyn SignatureFile,
    digest: DigestAlgorithm,
) -> (Vec<u8>, TimeStampToken) {
    add_time_stamp(practice, file, digest, &documents())
}

fn raised(
    practice: &Practice,
    signer: &DocumentSigner,
    packaging: Packaging,
    level: Level,
) -> Vec<u8> {
    let mut file = base(signer, packaging);
    raise(
        practice,
        file.as_mut(),
        level,
        &documents(),
        &evidence(practice),
        DigestAlgorithm::Sha512,
    );
    whole(file.finish().unwrap())
}

fn presented(packaging: Packaging) -> &'static [(&'static str, &'static [u8])] {
    match packaging {
        Packaging::Detached => &FILES,
        Packaging::Enveloping | Packaging::Enveloped => &[],
    }
}

#[test]
fn every_packaging_and_level_is_accepted_by_xmlsec1_and_read_as_what_it_is() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    for packaging in [
        Packaging::Detached,
        Packaging::Enveloping,
        Packaging::Enveloped,
    ] {
        for level in Level::ALL {
            let xml = raised(&practice, &signer, packaging, level);
            let files = presented(packaging);
            xmlsec1(&practice, &xml, files).unwrap();
            let signature = check(&xml, files).unwrap();
            assert_eq!(signature.level(), level);
            assert_eq!(signature.packaging(), packaging);
            assert_eq!(signature.claimed_signing_time(), Some(NOW));
            assert_eq!(signature.signer().der(), signer.certificate.der());
            let stamps = signature
                .signature_time_stamps()
                .iter()
                .chain(signature.archive_time_stamps());
            assert!(stamps.clone().all(|stamp| stamp.imprint_matches()));
            assert_eq!(stamps.count(), [0, 1, 1, 2][level as usize]);
            if level >= Level::LT {
                let found = signature.evidence();
                assert!(found.certificates().len() >= practice.pki.authorities().count());
                assert!(!found.revocation_lists().is_empty());
                assert_eq!(found.ocsp_responses(), [OCSP_RESPONSE]);
            }
        }
    }
}

#[test]
fn every_algorithm_signs() {
    let practice = Practice::new();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        let xml = raised(&practice, &signer, Packaging::Enveloped, Level::B);
        if algorithm.scheme() == SignatureScheme::RsaPss {
            // xmlsec1 1.2 does not know PSS; OpenSSL verifies SignedInfo as it stands in the file.
            let text = std::str::from_utf8(&xml).unwrap();
            assert!(openssl_accepts_pss(&signer, text), "{algorithm}");
        } else {
            xmlsec1(&practice, &xml, &[]).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        }
        assert_eq!(check(&xml, &[]).unwrap().algorithm(), algorithm);
        let other = if algorithm == SignatureAlgorithm::RsaPssSha512 {
            SignatureAlgorithm::RsaPssSha384
        } else {
            SignatureAlgorithm::RsaPssSha512
        };
        // Another algorithm named for the same value.
        let text = String::from_utf8(xml).unwrap();
        let changed = text.replace(algorithm.xml_uri(), other.xml_uri());
        assert!(check(changed.as_bytes(), &[]).is_err());
    }
}

/// `openssl dgst` with a salt as long as the digest.
fn openssl_accepts_pss(signer: &DocumentSigner, text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let value = cut(text, "SignatureValue");
    let value = &value[value.find('>').unwrap() + 1..value.rfind('<').unwrap()];
    std::fs::write(path("signed"), cut(text, "SignedInfo")).unwrap();
    std::fs::write(path("value.base64"), value).unwrap();
    std::fs::write(path("certificate.pem"), signer.certificate.pem()).unwrap();
    let digest = signer
        .algorithm
        .digest()
        .name()
        .replace('-', "")
        .to_lowercase();
    let script = format!(
        "openssl x509 -in certificate.pem -pubkey -noout >key.pem &&
         openssl base64 -d -A -in value.base64 -out value &&
         openssl dgst -{digest} -verify key.pem -sigopt rsa_padding_mode:pss \
             -sigopt rsa_pss_saltlen:digest -signature value signed"
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn levels_in_another_order_are_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let mut file = base(&signer, Packaging::Detached);
    let out_of_order = |level| SigningError::OutOfOrder { level };
    let evidence = evidence(&practice);
    assert_eq!(file.add_evidence(&evidence), Err(out_of_order(Level::B)));
    let imprint = file
        .imprint(
            DigestAlgorithm::Sha256,
            &mut DocumentsInMemory(&documents()),
        )
        .unwrap();
    let other = stamp(&practice, DigestAlgorithm::Sha256, &[7; 32], NOW);
    assert_eq!(
        file.add_time_stamp(&other),
        Err(SigningError::TimeStampImprint)
    );
    // The imprint is to be asked for again.
    let right = stamp(&practice, DigestAlgorithm::Sha256, &imprint, NOW);
    assert_eq!(file.add_time_stamp(&right), Err(out_of_order(Level::B)));
    next_stamp(&practice, file.as_mut(), DigestAlgorithm::Sha384);
    assert!(file.add_evidence(&Evidence::default()).is_err());
    file.add_evidence(&evidence).unwrap();
    assert_eq!(file.add_evidence(&evidence), Err(out_of_order(Level::LT)));
    // Documents are needed once more, and named when they are not there.
    let nothing = file.imprint(DigestAlgorithm::Sha256, &mut DocumentsInMemory(&[]));
    assert!(matches!(nothing, Err(SigningError::Contents(_))));
    next_stamp(&practice, file.as_mut(), DigestAlgorithm::Sha256);
    assert!(matches!(
        file.imprint(
            DigestAlgorithm::Sha256,
            &mut DocumentsInMemory(&documents())
        ),
        Err(SigningError::OutOfOrder { level: Level::LTA })
    ));
}

/// `openssl ts -verify` over bytes.
fn openssl_accepts(practice: &Practice, token: &TimeStampToken, bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(path("anchors.pem"), anchors).unwrap();
    std::fs::write(path("token"), token.der()).unwrap();
    std::fs::write(path("bytes"), bytes).unwrap();
    let output = Command::new("openssl")
        .args(["ts", "-verify", "-data", "bytes", "-token_in"])
        .args(["-in", "token", "-CAfile", "anchors.pem"])
        .args(["-attime", &NOW.plus_seconds(60).0.to_string()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    output.status.success()
}

/// An element of the file, tags included, with the declaration that it inherits.
fn cut(text: &str, name: &str) -> String {
    let start = text.find(&format!("<ds:{name}")).unwrap();
    let end = text.rfind(&format!("</ds:{name}>")).unwrap() + name.len() + 6;
    let element = &text[start..end];
    if element[..element.find('>').unwrap()].contains("xmlns:ds") {
        return element.to_owned();
    }
    let declared = format!("<ds:{name} xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"");
    element.replacen(&format!("<ds:{name}"), &declared, 1)
}

#[test]
fn openssl_accepts_the_stamps_over_what_the_standard_says() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let mut file = base(&signer, Packaging::Detached);
    let (_, of_value) = next_stamp(&practice, file.as_mut(), DigestAlgorithm::Sha256);
    file.add_evidence(&evidence(&practice)).unwrap();
    let (_, of_everything) = next_stamp(&practice, file.as_mut(), DigestAlgorithm::Sha256);
    let text = String::from_utf8(whole(file.finish().unwrap())).unwrap();

    let value = cut(&text, "SignatureValue");
    assert!(openssl_accepts(&practice, &of_value, value.as_bytes()));
    assert!(!openssl_accepts(&practice, &of_value, b"other"));

    // EN 319 132-1 clause 5.5.2.2: documents, signed properties, SignedInfo, value, key, unsigned properties before the stamp.
    let between = |from: &str, to: &str| {
        let start = text.find(from).unwrap();
        let end = text[start..].find(to).unwrap() + start;
        text[start..end].to_owned()
    };
    let signed_properties = between("<xades:SignedProperties", "<xades:UnsignedProperties>");
    let unsigned = between("<xades:SignatureTimeStamp", "<xades141:ArchiveTimeStamp");
    let covered = [
        FILES[0].1,
        FILES[1].1,
        signed_properties.as_bytes(),
        cut(&text, "SignedInfo").as_bytes(),
        value.as_bytes(),
        cut(&text, "KeyInfo").as_bytes(),
        unsigned.as_bytes(),
    ]
    .concat();
    assert!(openssl_accepts(&practice, &of_everything, &covered));
}

#[test]
fn what_was_changed_under_a_stamp_is_told() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let xml = raised(&practice, &signer, Packaging::Enveloping, Level::LTA);
    let text = String::from_utf8(xml).unwrap();
    let imprints = |text: &str| {
        let signature = check(text.as_bytes(), &[]).unwrap();
        let matches = |stamps: &[paraphe_protocol::signature::ImprintedTimeStamp]| {
            stamps.iter().map(|stamp| stamp.imprint_matches()).collect()
        };
        let of_value: Vec<bool> = matches(signature.signature_time_stamps());
        let of_everything: Vec<bool> = matches(signature.archive_time_stamps());
        (of_value, of_everything)
    };
    assert_eq!(imprints(&text), (vec![true], vec![true]));
    // Evidence taken away, moved behind the stamp, or another issuing certificate in KeyInfo.
    let start = text.find("<xades:CertificateValues").unwrap();
    let end = text.find("<xades:RevocationValues").unwrap();
    let without = format!("{}{}", &text[..start], &text[end..]);
    assert_eq!(imprints(&without), (vec![true], vec![false]));
    let values = &text[start..end];
    let close = "</xades:UnsignedSignatureProperties>";
    let moved = without.replace(close, &format!("{values}{close}"));
    assert_eq!(imprints(&moved), (vec![true], vec![false]));
    let key_info = text.find("</ds:X509Data>").unwrap();
    let second = text[..key_info].rfind("<ds:X509Certificate>").unwrap();
    let shorter = format!("{}{}", &text[..second], &text[key_info..]);
    assert_eq!(imprints(&shorter), (vec![true], vec![false]));
    // A stamp told to be of something else than it is.
    let include = "<xades:Include URI=\"#x\"></xades:Include><xades:EncapsulatedTimeStamp>";
    let explicit = text.replacen("<xades:EncapsulatedTimeStamp>", include, 1);
    assert_eq!(imprints(&explicit), (vec![false], vec![false]));
}
