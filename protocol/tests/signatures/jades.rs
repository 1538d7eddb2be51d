//! JAdES signatures of documents: made, judged by jwcrypto, which nobody here wrote, and read again, also those that it makes.
//!
//! Needs jwcrypto in the judges' Python (`sh tests/install.sh tests` puts it there) and fails without it.

use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::jades::{
    check_jades as check, check_jades_with_contents, detached, jwcrypto, prepared, sign_protected,
    signed, signed_with,
};
use crate::support::judges::python;
use crate::support::{NOW, Practice};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError};
use paraphe_protocol::jades::{is_signature, prepare_attached, prepare_detached};
use paraphe_protocol::signature::{DetachedDocument, Packaging, SigningError, SubIndication};
use serde_json::{Value, json};

const FILES: [(&str, &[u8]); 3] = [
    ("lettre.txt", b"Cher confrere"),
    ("sub/radio é 1.bin", &[0, 255, 10, 13]),
    ("empty", b""),
];
const PACKAGINGS: [Packaging; 2] = [Packaging::Detached, Packaging::Enveloping];

fn beside(packaging: Packaging) -> &'static [(&'static str, &'static [u8])] {
    match packaging {
        Packaging::Detached => &FILES,
        _ => &[],
    }
}

fn rsa(practice: &Practice) -> DocumentSigner {
    DocumentSigner::new(practice, SignatureAlgorithm::RsaPkcs1Sha256)
}

#[test]
fn jwcrypto_accepts_every_algorithm_and_packaging() {
    let practice = Practice::new();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        for packaging in PACKAGINGS {
            let file = signed(&signer, packaging, &FILES);
            let files = beside(packaging);
            let payload = jwcrypto(&signer, &file, files).unwrap();
            let (signature, contents) = check_jades_with_contents(&file, files).unwrap();
            assert_eq!(signature.algorithm(), algorithm);
            assert_eq!(signature.packaging(), packaging);
            assert_eq!(signature.claimed_signing_time(), Some(NOW));
            assert_eq!(signature.signer().der(), signer.certificate.der());
            if packaging == Packaging::Enveloping {
                assert_eq!(payload, FILES[0].1);
                assert_eq!(contents[0].bytes(), FILES[0].1);
            } else {
                assert!(contents.is_empty());
            }
        }
        // The judge refuses what was altered.
        let mut file: Value =
            serde_json::from_slice(&signed(&signer, Packaging::Enveloping, &FILES)).unwrap();
        file["payload"] = URL_SAFE_NO_PAD.encode("Chere consoeur").into();
        assert!(jwcrypto(&signer, file.to_string().as_bytes(), &[]).is_err());
        assert!(check(file.to_string().as_bytes(), &[]).is_err());
    }
}

#[test]
fn documents_beside_are_matched_by_name_then_by_content() {
    let practice = Practice::new();
    let file = signed(&rsa(&practice), Packaging::Detached, &FILES);
    let signature = check(&file, &FILES).unwrap();
    for (index, covered) in signature.covered().iter().enumerate() {
        assert_eq!(covered.name, FILES[index].0);
        assert_eq!(covered.bytes, Some(FILES[index].1.len() as u64));
        assert_eq!(covered.presented, Some(index));
    }
    let renamed = [("x", FILES[2].1), ("y", FILES[0].1), ("z", FILES[1].1)];
    let signature = check(&file, &renamed).unwrap();
    let order: Vec<_> = signature.covered().iter().map(|c| c.presented).collect();
    assert_eq!(order, [Some(1), Some(2), Some(0)]);

    let files: [(&str, &[u8]); 2] = [("a", b"one"), ("b", b"two")];
    let file = signed(&rsa(&practice), Packaging::Detached, &files);
    let why = |files: &[(&str, &[u8])]| {
        let error = check(&file, files).unwrap_err();
        (error.sub_indication, error.code)
    };
    use SubIndication::{HashFailure, SignedDataNotFound};
    let changed = (HashFailure, "document-changed");
    assert_eq!(why(&[("a", b"one"), ("b", b"twO")]), changed);
    assert_eq!(why(&[("a", b"two"), ("b", b"one")]), changed);
    let missing = (SignedDataNotFound, "document-missing");
    assert_eq!(why(&[("a", b"one")]), missing);
    assert_eq!(why(&[]), missing);
    let unknown = (HashFailure, "document-unknown");
    assert_eq!(why(&[("a", b"one"), ("b", b"two"), ("c", b"x")]), unknown);
}

#[test]
fn a_document_presented_beside_an_attached_signature_must_be_the_one_inside() {
    let practice = Practice::new();
    let file = signed(&rsa(&practice), Packaging::Enveloping, &FILES);
    let signature = check(&file, &FILES[..1]).unwrap();
    assert_eq!(signature.covered()[0].presented, Some(0));
    let error = check(&file, &FILES[1..2]).unwrap_err();
    assert_eq!(error.code, "document-unknown");
}

#[test]
fn what_jwcrypto_signs_is_read_in_every_serialization() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("key.pem"), signer.private_key_pem()).unwrap();
    std::fs::write(at("certificate.pem"), signer.certificate.pem()).unwrap();
    // Of 2021: sigT, and documents digested in base64url.
    let script = "
import base64, hashlib, json
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from jwcrypto import jwk, jws
der = x509.load_pem_x509_certificate(open('certificate.pem', 'rb').read()).public_bytes(Encoding.DER)
key = jwk.JWK.from_pem(open('key.pem', 'rb').read())
url = lambda data: base64.urlsafe_b64encode(data).rstrip(b'=').decode()
registry = {
    name: jws.JWSEHeaderParameter(name, True, True, None) for name in ('sigD', 'sigT', 'x5t#o', 'sigX5ts')
}
def sign(name, payload, compact=False, **header):
    header = {'alg': 'ES256', 'x5c': [base64.b64encode(der).decode()], **header}
    if 'sigX5ts' not in header and 'x5t#o' not in header:
        header['x5t#S256'] = url(hashlib.sha256(der).digest())
    token = jws.JWS(payload, header_registry=registry)
    token.add_signature(key, None, json.dumps(header))
    text = token.serialize(compact=compact)
    open(name, 'w').write(text)
    return text
sign('compact', b'Lettre', compact=True, iat=1795341600)
flat = json.loads(sign('flattened', b'Lettre', sigT='2026-11-22T10:00:00Z', crit=['sigT']))
open('general', 'w').write(json.dumps(
    {'payload': flat.pop('payload'), 'signatures': [flat]}, indent=1))
sign('unencoded', 'Lettre', b64=False, crit=['b64'])
other = {'digAlg': 'S512', 'digVal': url(hashlib.sha512(der).digest())}
sign('other-digest', b'Lettre', **{'x5t#o': other, 'crit': ['x5t#o']})
sign('several-digests', b'Lettre', sigX5ts=[other, other])
names = ['a.txt', 'b%20c.txt']
digests = [url(hashlib.sha384(url(data).encode()).digest()) for data in (b'one', b'two.')]
sign('detached', b'', sigD={
    'mId': 'http://uri.etsi.org/19182/ObjectIdByURIHash', 'pars': names, 'hashM': 'S384', 'hashV': digests,
}, crit=['sigD'])
";
    let output = Command::new(python())
        .args(["-c", script])
        .current_dir(&folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    for name in [
        "compact",
        "flattened",
        "general",
        "unencoded",
        "other-digest",
        "several-digests",
    ] {
        let file = std::fs::read(at(name)).unwrap();
        assert!(is_signature(&file), "{name}");
        let (signature, contents) =
            check_jades_with_contents(&file, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contents[0].bytes(), b"Lettre", "{name}");
        assert_eq!(signature.signer().der(), signer.certificate.der());
        let has_time = ["compact", "flattened", "general"].contains(&name);
        assert_eq!(signature.claimed_signing_time(), has_time.then_some(NOW));
    }
    let file = std::fs::read(at("detached")).unwrap();
    let files: [(&str, &[u8]); 2] = [("a.txt", b"one"), ("b c.txt", b"two.")];
    let signature = check(&file, &files).unwrap();
    let lengths: Vec<_> = signature.covered().iter().map(|one| one.bytes).collect();
    assert_eq!(lengths, [Some(3), Some(4)]);
    assert_eq!(signature.covered()[1].name, "b c.txt");
    let error = check(&file, &[files[0], ("b c.txt", b"two,")]).unwrap_err();
    assert_eq!(error.code, "document-changed");
}

#[test]
fn headers_that_a_signer_may_not_write_are_refused_though_signed() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    type Edit = fn(&mut Value);
    let attached: [(&str, Edit); 20] = [
        ("critical-header", |h| h["crit"] = json!(["exp"])),
        ("critical-header", |h| h["crit"] = json!([])),
        ("critical-header", |h| h["crit"] = json!(["sigT"])),
        ("critical-header", |h| h["crit"] = json!(["iat", "iat"])),
        ("critical-header", |h| h["crit"] = json!(["alg"])),
        ("critical-header", |h| h["b64"] = json!(true)),
        ("structure", |h| h["crit"] = json!("iat")),
        ("structure", |h| h["crit"] = json!([1])),
        ("structure", |h| h["iat"] = json!("2026")),
        ("structure", |h| h["iat"] = json!(1.5)),
        ("structure", |h| h["iat"] = json!(-1)),
        ("structure", |h| h["sigT"] = json!("2026-11-22T10:00:00Z")),
        ("unknown-algorithm", |h| h["alg"] = json!("none")),
        ("unknown-algorithm", |h| h["alg"] = json!("HS256")),
        ("signature-wrong", |h| h["alg"] = json!("PS256")),
        ("signature-wrong", |h| h["alg"] = json!("ES256")),
        ("no-signing-certificate", |h| {
            let _ = h.as_object_mut().unwrap().remove("x5t#S256");
            h["x5t"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA");
        }),
        ("certificate-mismatch", |h| {
            h["x5t#S256"] = json!(URL_SAFE_NO_PAD.encode([7; 32]));
        }),
        ("structure", |h| {
            h["x5t#o"] = json!({"digAlg": "S256", "digVal": h["x5t#S256"]});
        }),
        ("structure", |h| h["x5c"] = json!([])),
    ];
    for (number, (expected, edit)) in attached.into_iter().enumerate() {
        let file = signed_with(&signer, Packaging::Enveloping, &FILES, edit);
        let code = check(&file, &[]).unwrap_err().code;
        assert_eq!(code, expected, "attached {number}");
    }
    let beside: [(&str, Edit); 14] = [
        ("critical-header", |h| h["crit"] = json!(["sigD"])),
        ("critical-header", |h| h["crit"] = json!(["b64"])),
        ("structure", |h| h["b64"] = json!(0)),
        ("document-changed", |h| h["b64"] = json!(true)),
        ("detached-mechanism", |h| {
            h["sigD"]["mId"] = json!("http://uri.etsi.org/19182/ObjectIdByURI");
        }),
        ("unknown-algorithm", |h| h["sigD"]["hashM"] = json!("S1")),
        ("structure", |h| h["sigD"]["hashM"] = json!("S512")),
        ("structure", |h| h["sigD"]["pars"] = json!([])),
        ("structure", |h| h["sigD"]["pars"][1] = json!("lettre.txt")),
        ("structure", |h| h["sigD"]["pars"][1] = json!("")),
        ("structure", |h| h["sigD"]["ctys"] = json!([])),
        ("structure", |h| h["sigD"]["hashV"] = json!([])),
        ("structure", |h| h["sigD"]["hashV"][0] = json!("AAAA")),
        ("structure", |h| h["sigD"]["extra"] = json!(1)),
    ];
    for (number, (expected, edit)) in beside.into_iter().enumerate() {
        let file = signed_with(&signer, Packaging::Detached, &FILES, edit);
        let code = check(&file, &FILES).unwrap_err().code;
        assert_eq!(code, expected, "detached {number}");
    }
    // What is understood, and says nothing that is needed.
    let file = signed_with(&signer, Packaging::Enveloping, &FILES, |header| {
        header["srCms"] = json!([{"commId": {"id": "urn:x"}}]);
        header["kid"] = json!("x");
        header["x5u"] = json!("http://127.0.0.1:1/never-fetched");
        header["crit"] = json!(["iat", "srCms"]);
    });
    check(&file, &[]).unwrap();
}

#[test]
fn files_that_two_readers_would_read_differently_are_refused() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let file = signed(&signer, Packaging::Enveloping, &FILES);
    let text = String::from_utf8(file.clone()).unwrap();
    let value: Value = serde_json::from_slice(&file).unwrap();
    let payload = value["payload"].as_str().unwrap();
    let (protected, signature) = (
        value["protected"].as_str().unwrap(),
        value["signature"].as_str().unwrap(),
    );
    let edited = |edit: &dyn Fn(&mut Value)| {
        let mut value = value.clone();
        edit(&mut value);
        value.to_string()
    };
    let one = json!({"protected": protected, "signature": signature});
    let refused = [
        // A name twice, also inside and spelled otherwise.
        text.replacen('{', "{\"payload\":\"eA\",", 1),
        text.replacen('{', "{\"pay\\u006coad\":\"eA\",", 1),
        // Two signatures, or none, or two ways at once.
        json!({"payload": payload, "signatures": [one, one]}).to_string(),
        json!({"payload": payload, "signatures": []}).to_string(),
        edited(&|value| value["signatures"] = json!([one])),
        // Members and unsigned headers that nobody knows.
        edited(&|value| value["extra"] = json!(1)),
        edited(&|value| value["header"] = json!({"alg": "RS256"})),
        edited(&|value| value["header"] = json!({"etsiU": [], "kid": "x"})),
        edited(&|value| value["header"] = json!({"etsiU": []})),
        edited(&|value| value["header"] = json!({"etsiU": ["e30"]})),
        edited(&|value| value["header"] = json!({"etsiU": [{"a": 1}, "eyJhIjoxfQ"]})),
        edited(&|value| value["header"] = json!({"etsiU": [{"a": 1, "b": 2}]})),
        edited(&|value| value["header"] = json!({"etsiU": [{"sigTst": {"tstTokens": []}}]})),
        // Base64 that is not the one encoding.
        edited(&|value| value["payload"] = json!(format!("{payload}="))),
        edited(&|value| value["payload"] = json!(format!("{payload}\n"))),
        edited(&|value| value["signature"] = json!(format!("{signature}=="))),
        edited(&|value| value["signature"] = json!(signature.replace('_', "/"))),
        edited(&|value| value["payload"] = json!("")),
        edited(&|value| drop(value.as_object_mut().unwrap().remove("payload"))),
        edited(&|value| drop(value.as_object_mut().unwrap().remove("signature"))),
        edited(&|value| value["protected"] = json!("")),
        edited(&|value| value["protected"] = json!(1)),
        format!("{text} x"),
        format!("[{text}]"),
        format!("{protected}.{payload}"),
        format!("{protected}.{payload}.{signature}."),
        format!("{protected}..{signature}"),
        format!("{protected}.{payload} .{signature}"),
    ];
    for (number, text) in refused.iter().enumerate() {
        assert_ne!(text.trim(), String::from_utf8_lossy(&file).trim());
        assert!(check(text.as_bytes(), &[]).is_err(), "{number}");
    }
    for accepted in [
        json!({"payload": payload, "signatures": [one]}).to_string(),
        format!("{protected}.{payload}.{signature}\n"),
    ] {
        check(accepted.as_bytes(), &[]).unwrap();
    }
    // A name twice in what is signed.
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(protected).unwrap()).unwrap();
    for twice in ["{\"alg\":\"RS256\",", "{\"\\u0061lg\":\"RS256\","] {
        let mut value = value.clone();
        let header = decoded.replacen('{', twice, 1);
        sign_protected(&signer, &mut value, header.as_bytes());
        let error = check(value.to_string().as_bytes(), &[]).unwrap_err();
        assert!(error.explanation.contains("a name stands twice"), "{error}");
    }
    // A payload beside documents that stand elsewhere.
    let mut value: Value =
        serde_json::from_slice(&signed(&signer, Packaging::Detached, &FILES)).unwrap();
    value["payload"] = json!("eA");
    let protected = URL_SAFE_NO_PAD.decode(value["protected"].as_str().unwrap());
    sign_protected(&signer, &mut value, &protected.unwrap());
    assert!(check(value.to_string().as_bytes(), &FILES).is_err());
}

#[test]
fn documents_and_signers_that_cannot_stand_in_a_signature() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let document = detached(&signer, &[("a", b"x")]).remove(0);
    let edits: [fn(&mut DetachedDocument); 5] = [
        |document| document.name.clear(),
        |document| document.name = "a\nb".to_owned(),
        |document| document.name = "/etc/passwd".to_owned(),
        |document| document.media_type = "text".to_owned(),
        |document| document.digest.truncate(20),
    ];
    for edit in edits {
        let mut changed = document.clone();
        edit(&mut changed);
        assert!(matches!(
            prepare_detached(&[changed], &signer.signer()),
            Err(SigningError::Document { .. })
        ));
    }
    assert!(prepare_detached(&[], &signer.signer()).is_err());
    assert!(prepare_detached(&[document.clone(), document], &signer.signer()).is_err());
    assert!(prepare_attached(b"", "text/plain", &signer.signer()).is_err());
    assert!(prepare_attached(b"x", "text", &signer.signer()).is_err());
    let mut wrong = signer.signer();
    wrong.certificate = &practice.card.authentication.certificate;
    assert!(matches!(
        prepare_attached(b"x", "text/plain", &wrong),
        Err(SigningError::WrongUse { .. })
    ));
    let mut wrong = signer.signer();
    wrong.algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    assert!(matches!(
        prepare_attached(b"x", "text/plain", &wrong),
        Err(SigningError::WrongAlgorithm { .. })
    ));
    // Another key's signature is noticed before anything is written.
    let other = rsa(&practice);
    let prepared = prepared(&signer, Packaging::Enveloping, &FILES);
    let value = other.sign(prepared.to_be_signed());
    assert_eq!(
        prepared.complete(&value).unwrap_err(),
        SigningError::Signature(SignatureError::Mismatch)
    );
}

#[test]
fn what_waits_for_its_signature_does_not_show_what_is_signed() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let prepared = prepared(&signer, Packaging::Enveloping, &[("x", b"secret")]);
    let shown = [
        b"secret".to_vec(),
        URL_SAFE_NO_PAD.encode("secret").into_bytes(),
    ];
    let value = signer.sign(prepared.to_be_signed());
    let mut told = format!("{prepared:?}");
    let file = prepared.complete(&value).unwrap();
    told += &format!("{file:?}");
    for shown in shown {
        assert!(!told.contains(&String::from_utf8(shown).unwrap()));
    }
}
