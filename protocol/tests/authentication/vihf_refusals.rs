//! Altered, wrapped, replayed, late, misdirected or wrongly signed assertions: each refused for its own reason.
//!
//! Needs the program `xmlsec1` (Debian package of that name) and fails without it.

use std::collections::HashSet;

use crate::support::byte_changes::{other, values};
use crate::support::vihf::{
    C14N, DS, VihfPractice, audience, element, patient, sign_text, sign_text_as, wearing,
};
use crate::support::{self, NOW, sign};
use paraphe_certs::test_pki::{
    CardPerson, RevocationReason, Structure, TestPki, TestPkiOptions, Validity,
};
use paraphe_certs::{Category, Certificate, UnixTime};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::Oid;
use paraphe_protocol::lot::{
    LotDocument, LotDraft, LotLimits, PreparedLot, SubmissionSet, verify_signature,
};
use paraphe_protocol::vihf::{
    self, AdmitError, Expected, ExpectedAudience, MAX_VIHF_BYTES, Resource, VihfId, VihfMode,
    read_unverified,
};
use proptest::prelude::*;

/// Changes that xmlsec1 judges too.
const JUDGED: usize = 60;

#[test]
fn every_single_byte_change_in_what_is_signed_is_refused() {
    let practice = VihfPractice::new();
    let directory = tempfile::tempdir().unwrap();
    let xml = practice.specimen(VihfMode::Direct);
    assert!(practice.xmlsec1(directory.path(), &xml).status.success());
    practice.check(&xml).unwrap();
    let text = std::str::from_utf8(&xml).unwrap();
    // Not signed, and read by nobody: the certificate's own bytes stand for themselves, and the type names' namespace is in no
    // canonical form.
    let unsigned: Vec<_> = [
        element(text, "ds:KeyInfo"),
        "\"http://www.w3.org/2001/XMLSchema\"",
    ]
    .map(|piece| {
        let start = text.find(piece).unwrap();
        start..start + piece.len()
    })
    .into();
    let offsets: Vec<_> = values(text, "saml2:Assertion")
        .into_iter()
        .filter(|at| !unsigned.iter().any(|range| range.contains(at)))
        .collect();
    assert!(offsets.len() > 1500, "{}", offsets.len());
    let mut reasons = HashSet::new();
    for (number, at) in offsets.iter().copied().enumerate() {
        let mut changed = xml.clone();
        changed[at] = other(changed[at]);
        let around = String::from_utf8_lossy(&xml[at.saturating_sub(20)..at + 20]);
        match practice.check(&changed) {
            Ok(_) => panic!("we accepted a change at {at}: {around}"),
            Err(error) => reasons.insert(error.code()),
        };
        // Bits that encode nothing before the padding of the signature's base64: xmlsec1 reads past them, we demand zeros.
        let before_padding = xml[at + 1] == b'=';
        if number % (offsets.len() / JUDGED) == 0 && !before_padding {
            let theirs = practice.xmlsec1(directory.path(), &changed);
            assert!(
                !theirs.status.success(),
                "xmlsec1 accepted a change at {at}: {around}"
            );
        }
    }
    for reason in [
        "assertion-altered",
        "signature-wrong",
        "reference",
        "unknown-algorithm",
    ] {
        assert!(reasons.contains(reason), "{reasons:?}");
    }
    // Of the certificate every change is refused as well, whether for its encoding, the key, the path or the issuer.
    for at in values(text, "ds:X509Certificate").into_iter().step_by(7) {
        let mut changed = xml.clone();
        changed[at] = other(changed[at]);
        assert!(practice.check(&changed).is_err(), "a change at {at}");
    }
}

/// What somebody makes who holds the key and writes what they like.
#[test]
fn a_signer_cannot_say_what_their_certificate_does_not() {
    let practice = VihfPractice::new();
    let card = practice.unsigned(VihfMode::Direct);
    let seal = practice.unsigned(VihfMode::IndirectReinforced);
    let role = "urn:oasis:names:tc:xacml:2.0:subject:role";
    let speciality = {
        let roles = element(&card, "saml2:AttributeStatement");
        let start = roles.find("<saml2:AttributeValue><Role").unwrap();
        let second = start
            + 1
            + roles[start + 1..]
                .find("<saml2:AttributeValue><Role")
                .unwrap();
        let end = second + roles[second..].find("</saml2:AttributeValue>").unwrap();
        &roles[second..end + "</saml2:AttributeValue>".len()]
    };
    let sm = |codes: &str| speciality.replace("SM26", codes);
    let names = "<saml2:Attribute Name=\"urn:oasis:names:tc:xspa:1.0:subject:subject-id\"><saml2:AttributeValue>X</saml2:AttributeValue></saml2:Attribute>";
    let statement = "<saml2:AttributeStatement>";
    let insert = |attribute: &str| card.replace(statement, &format!("{statement}{attribute}"));
    let cases = [
        ("user-mismatch", "another user", card.replace(">899700000017<", ">899700000025<")),
        ("user-mismatch", "another name", insert(names)),
        ("user-mismatch", "another profession", card.replace("code=\"10\"", "code=\"50\"")),
        ("user-mismatch", "another speciality", card.replace("SM26", "SM01")),
        ("user-mismatch", "no speciality", card.replace(speciality, "")),
        ("structure", "three specialities", card.replace(speciality, &format!("{speciality}{}", sm("SM54")))),
        ("issuer-mismatch", "another issuer", card.replace("GN=HÉLÈNE", "GN=HELENE")),
        ("issuer-mismatch", "an issuer that is no name", card.replace("C=FR</saml2:Issuer>", "C</saml2:Issuer>")),
        ("version", "another version", card.replace(">3.0<", ">4.0<")),
        ("resource", "another resource", card.replace("urn:dmp", "urn:ror")),
        ("attribute-value", "another purpose", card.replace("code=\"normal\"", "code=\"urgence\"")),
        ("attribute-value", "another table of purposes", card.replace("1.1.4.248", "1.1.4.249")),
        ("attribute-value", "another mode", card.replace(">DIRECTE<", ">FORTE<")),
        ("attribute-value", "another sector", card.replace("SA07^", "SA7^")),
        ("attribute-value", "no structure", card.replace(">499700000017001<", ">cabinet<")),
        ("attribute-value", "no INS", card.replace("285072B50202465", "285072B50202466")),
        ("attribute-value", "another type", card.replacen("xs:string", "xs:integer", 1)),
        ("attribute-value", "a class of nobody", card.replace("classes:SmartcardPKI", "classes:Kerberos")),
        ("attribute-value", "local time", card.replace("AuthnInstant=\"2026-11-22T10:00:00.000Z\"", "AuthnInstant=\"2026-11-22T10:00:00.000+00:00\"")),
        ("attribute-value", "an ID with a blank", card.replace("ID=\"_5", "ID=\" 5")),
        ("attribute-missing", "no purpose", without(&card, "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse")),
        ("attribute-missing", "no role", without(&card, role)),
        ("attribute-missing", "no mode", without(&card, "Authentification_mode")),
        ("attribute-missing", "no names under a seal", without(&seal, "urn:oasis:names:tc:xspa:1.0:subject:subject-id")),
        ("attribute-unknown", "a secret connection", insert("<saml2:Attribute Name=\"urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code\"><saml2:AttributeValue>R</saml2:AttributeValue></saml2:Attribute>")),
        ("attribute-repeated", "two modes", insert("<saml2:Attribute Name=\"Authentification_Mode\"><saml2:AttributeValue>DIRECTE</saml2:AttributeValue></saml2:Attribute>")),
        ("attribute-repeated", "two structures in one", card.replace("499700000017001</saml2:AttributeValue>", "499700000017001</saml2:AttributeValue><saml2:AttributeValue>499700000017002</saml2:AttributeValue>")),
        ("structure", "an element more", card.replace("<saml2:Subject>", "<saml2:Subject/><saml2:Subject>")),
        ("structure", "an attribute more", card.replace("<saml2:NameID>", "<saml2:NameID SPNameQualifier=\"x\">")),
        ("structure", "an element in a value", card.replace(">urn:dmp<", ">urn:dmp<x/><")),
        ("structure", "text between", card.replace(statement, &format!("{statement}x"))),
        ("structure", "another version of SAML", card.replace("Version=\"2.0\"", "Version=\"1.1\"")),
        ("wrong-certificate", "indirect by a card", card.replace(">DIRECTE<", ">INDIRECTE<")),
        ("authentication", "a password", seal.replace("classes:SmartcardPKI</saml2:AuthnContextClassRef>", "classes:Password</saml2:AuthnContextClassRef>")),
        ("structure-mismatch", "another structure", seal.replace(">1999999904<", ">1999999912<")),
        ("roles", "no speciality under a seal", seal.replace(speciality, "")),
        ("environment", "a production patient", card.replace("1.4.10&", "1.4.8&")),
        ("patient-missing", "break-glass about nobody", without(&card.replace("code=\"normal\"", "code=\"bris_de_glace\""), "urn:oasis:names:tc:xacml:2.0:resource:resource-id")),
        ("audience", "another server", card.replace("https://dossier.example.fr", "https://dossier.example.fr:8443")),
        ("audience", "no server", card.replace(element(&card, "saml2:AudienceRestriction"), "")),
        ("not-yet-valid", "not before", card.replace("NotBefore=\"2026-11-22T10:00", "NotBefore=\"2026-11-22T10:02")),
        ("not-yet-valid", "a login to come", card.replace("AuthnInstant=\"2026-11-22T10:00", "AuthnInstant=\"2026-11-22T10:02")),
        ("expired", "already over", card.replace("NotOnOrAfter=\"2026-11-22T10:05", "NotOnOrAfter=\"2026-11-22T10:00")),
    ];
    for (code, name, text) in &cases {
        assert!(*text != card && *text != seal, "{name} changes nothing");
        let is_seal = text.contains(">INDIRECTE_RENFORCEE<");
        let signer = if is_seal {
            &practice.seal
        } else {
            &practice.card.signature
        };
        match practice.check(&sign_text(text, signer)) {
            Err(error) => assert_eq!(error.code(), *code, "{name}: {error}"),
            Ok(checked) => panic!("{name} was accepted: {checked:?}"),
        }
    }
    // The forger's tools are good: unchanged texts are accepted.
    practice
        .check(&sign_text(&card, &practice.card.signature))
        .unwrap();
    practice.check(&sign_text(&seal, &practice.seal)).unwrap();
}

fn without(text: &str, attribute: &str) -> String {
    let start = text
        .find(&format!("<saml2:Attribute Name=\"{attribute}\""))
        .unwrap();
    let end =
        start + text[start..].find("</saml2:Attribute>").unwrap() + "</saml2:Attribute>".len();
    format!("{}{}", &text[..start], &text[end..])
}

#[test]
fn the_certificate_is_the_one_that_the_mode_demands() {
    let mut practice = VihfPractice::new();
    let (card, seal) = (
        practice.unsigned(VihfMode::Direct),
        practice.unsigned(VihfMode::Indirect),
    );
    let validity = Validity::of_card(NOW.plus_days(-1));
    let physician = CardPerson::sample_physician();
    let persons = physician.authority();
    let code = |text: &str, certificate: &Certificate| {
        let signed = sign_text_as(text, &practice.card.signature, certificate);
        practice.check(&signed).unwrap_err().code()
    };
    let issued = |template| practice.certificate(persons, &template);
    // The authentication certificate, whose key signs no assertion.
    let login = issued(physician.authentication_template(validity));
    assert_eq!(code(&card, &login), "wrong-certificate");
    // Those of a structure.
    let clinic = Structure::sample_clinic();
    let of_clinic = |template| practice.certificate(VihfPractice::ORGANISATIONS, &template);
    let client = of_clinic(clinic.client_authentication_template(validity));
    assert_eq!(code(&seal, &client), "wrong-certificate");
    let of_seal = of_clinic(clinic.seal_template(validity));
    assert_eq!(code(&card, &of_seal), "wrong-certificate");
    let certificate = practice.card.signature.certificate.clone();
    assert_eq!(code(&seal, &certificate), "wrong-certificate");
    // A person's software key is no card.
    let software = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..physician.clone()
    };
    let template = software.signature_template(validity);
    let software = practice.certificate(software.authority(), &template);
    assert_eq!(code(&card, &software), "wrong-certificate");
    // A colleague's card, one that has expired, an unknown authority's, a test card in production, one that was revoked.
    let other = CardPerson {
        national_id: "899700000025".into(),
        ..physician.clone()
    };
    let other = issued(other.signature_template(validity));
    assert_eq!(code(&card, &other), "issuer-mismatch");
    let over = Validity {
        not_before: NOW.plus_days(-20),
        not_after: NOW.plus_days(-10),
    };
    let over = issued(physician.signature_template(over));
    assert_eq!(code(&card, &over), "certificate-refused");
    let good = sign_text(&card, &practice.card.signature);
    practice.check(&good).unwrap();
    let elsewhere = TestPkiOptions {
        authorities: vec![persons],
        ..TestPkiOptions::quick()
    };
    let elsewhere = TestPki::generate_with(&elsewhere, NOW).unwrap();
    let mut stores = vec![elsewhere.trust_store(NOW).unwrap(), practice.store.clone()];
    stores[1].accept_test(false);
    let reason = RevocationReason::KeyCompromise;
    practice.pki.revoke(&certificate, NOW, reason).unwrap();
    stores.push(practice.pki.trust_store(NOW).unwrap());
    for store in stores {
        practice.store = store;
        let refused = practice.check(&good).unwrap_err();
        assert_eq!(refused.code(), "certificate-refused");
    }
}

#[test]
fn times_and_recipients_are_the_verifiers() {
    let practice = VihfPractice::new();
    let xml = practice.specimen(VihfMode::Direct);
    let at = |seconds| {
        practice
            .check_at(&xml, UnixTime(NOW.0 + seconds))
            .map(|_| ())
    };
    for seconds in [-60, 0, 299] {
        assert_eq!(at(seconds), Ok(()), "{seconds}");
    }
    assert_eq!(at(-61).unwrap_err().code(), "not-yet-valid");
    assert_eq!(at(300).unwrap_err().code(), "expired", "its own end");
    // Without an end of its own, the window decides.
    let open = practice.unsigned(VihfMode::Direct);
    let open = open.replace(" NotOnOrAfter=\"2026-11-22T10:05:00.000Z\"", "");
    let open = sign_text(&open, &practice.card.signature);
    practice.check_at(&open, UnixTime(NOW.0 + 300)).unwrap();
    let late = practice.check_at(&open, UnixTime(NOW.0 + 301)).unwrap_err();
    assert_eq!(late.code(), "expired");
    let server = "https://dossier.example.fr/".parse().unwrap();
    let expected = |resource: &Resource, audience: &paraphe_protocol::login::Audience| {
        let expected = Expected {
            resource,
            audience: ExpectedAudience::Named(audience),
            now: NOW,
        };
        vihf::check(&xml, &expected, &practice.store)
            .unwrap_err()
            .code()
    };
    assert_eq!(expected(&Resource::default(), &server), "audience");
    assert_eq!(
        expected(&"urn:ror".parse().unwrap(), &audience()),
        "resource"
    );
}

#[test]
fn an_assertion_is_admitted_once() {
    let practice = VihfPractice::new();
    let xml = practice.specimen(VihfMode::Direct);
    let mut used = HashSet::new();
    let mut admit = |xml: &[u8]| {
        let checked = practice.check(xml).unwrap();
        let consumed = checked.admit(|id: &VihfId, _| Ok::<_, ()>(used.insert(id.clone())));
        consumed.map(|_| ())
    };
    admit(&xml).unwrap();
    for _ in 0..3 {
        let AdmitError::Refused(refused) = admit(&xml).unwrap_err() else {
            panic!("the store failed");
        };
        assert_eq!(refused.code(), "replayed");
    }
    // The same in other clothes is the same.
    let text = String::from_utf8(xml).unwrap();
    let spaced = text.replace("<ds:KeyInfo>", "\n<ds:KeyInfo>");
    assert!(matches!(
        admit(spaced.as_bytes()),
        Err(AdmitError::Refused(_))
    ));
    // A store that fails admits nobody.
    let checked = practice.check(text.as_bytes()).unwrap();
    let failed = checked.admit(|_, _| Err("the disk is full"));
    assert!(matches!(failed, Err(AdmitError::Store("the disk is full"))));
}

#[test]
fn wrapping_in_all_its_shapes_is_refused() {
    let practice = VihfPractice::new();
    let text = String::from_utf8(practice.specimen(VihfMode::Direct)).unwrap();
    let signature = element(&text, "ds:Signature");
    let bare = text.replace(signature, "");
    let evil = bare
        .replace(">899700000017<", ">899700000025<")
        .replace("ID=\"_5a", "ID=\"_ea");
    let close = "</saml2:Assertion>";
    let into = |outer: &str, inner: &str| outer.replace(close, &format!("{inner}{close}"));
    let after_issuer = |outer: &str, inner: &str| {
        outer.replace("</saml2:Issuer>", &format!("</saml2:Issuer>{inner}"))
    };
    let object = |inner: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{inner}</ds:Object></ds:Signature>"),
        )
    };
    let same_id = evil.replace("ID=\"_ea", "ID=\"_5a");
    let signed_info = element(&text, "ds:SignedInfo");
    let digest_at = signed_info.find("<ds:DigestValue>").unwrap() + 16;
    let digest = &signed_info[digest_at..digest_at + 44];
    let value = element(&text, "ds:SignatureValue");
    let key_info = element(&text, "ds:KeyInfo");
    let shapes = [
        ("XSW1", after_issuer(&evil, &object(&text))),
        ("XSW2", into(&after_issuer(&evil, signature), &bare)),
        ("XSW3", format!("<w>{evil}{text}</w>")),
        ("XSW4", into(&evil, &text)),
        ("XSW5", into(&after_issuer(&evil, signature), &bare)),
        ("XSW6", after_issuer(&evil, &object(&bare))),
        ("XSW7", after_issuer(&evil, &format!("<saml2:Advice>{text}</saml2:Advice>"))),
        ("XSW8", text.replace(signature, &object(&evil))),
        ("the same ID twice", into(&after_issuer(&same_id, signature), &bare)),
        ("the same ID, in a wrapper", format!("<w>{same_id}{text}</w>")),
        ("evil first in a wrapper", format!("<w>{evil}{signature}{bare}</w>")),
        ("signed one first in a wrapper", format!("<w>{text}{evil}</w>")),
        ("evil in the signature", text.replace(signature, &signature.replace("<ds:KeyInfo>", &format!("<ds:KeyInfo>{evil}")))),
        ("two signatures", text.replace(signature, &format!("{signature}{signature}"))),
        ("the signature elsewhere", into(&bare, signature)),
        ("no signature", bare.clone()),
        ("an empty reference", text.replace("URI=\"#_5a", "URI=\"\" Id=\"_5a")),
        ("no reference", text.replace(element(&text, "ds:Reference"), "")),
        ("two references", text.replace(element(&text, "ds:Reference"), &element(&text, "ds:Reference").repeat(2))),
        ("a reference by XPointer", text.replace("URI=\"#_5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\"", "URI=\"#xpointer(id('_5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a'))\"")),
        ("two SignedInfo", text.replace(signed_info, &signed_info.repeat(2))),
        ("SignedInfo in the key information", text.replace(key_info, &key_info.replace("<ds:X509Data>", &format!("{signed_info}<ds:X509Data>")))),
        ("two values", text.replace(value, &value.repeat(2))),
        ("two keys", text.replace(key_info, &key_info.repeat(2))),
        ("no key", text.replace(key_info, "")),
        ("a key by name", text.replace("<ds:X509Data>", "<ds:KeyName>x</ds:KeyName><ds:X509Data>")),
        ("a comment in a name", text.replace(">899700000017<", ">8997<!-- -->00000017<")),
        ("a comment in DigestValue", text.replace(digest, &format!("{digest}<!-- x -->"))),
        ("CDATA in DigestValue", text.replace(digest, &format!("<![CDATA[{digest}]]>"))),
        ("a processing instruction", text.replace(">urn:dmp<", "><?x?>urn:dmp<")),
        ("a doctype", format!("<!DOCTYPE a [<!ATTLIST Subject ID ID \"x\">]>{text}")),
        ("an entity", format!("<!DOCTYPE a [<!ENTITY d \"urn:dmp\">]>{}", text.replace(">urn:dmp<", ">&d;<"))),
        ("the prefix of another namespace", text.replace("<saml2:NameID>", "<saml2:NameID xmlns:saml2=\"urn:evil\">")),
        ("an ID in another spelling", text.replace("<saml2:Subject>", "<saml2:Subject Id=\"_5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\">")),
        ("no transform", text.replace(element(&text, "ds:Transforms"), "")),
        ("one transform", text.replacen(&format!("<ds:Transform Algorithm=\"{C14N}\"></ds:Transform>"), "", 1)),
        ("XSLT", text.replace(&format!("{DS}enveloped-signature"), "http://www.w3.org/TR/1999/REC-xslt-19991116")),
        ("SHA-1", text.replace("http://www.w3.org/2001/04/xmlenc#sha256", &format!("{DS}sha1"))),
        ("rsa-sha1", text.replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", &format!("{DS}rsa-sha1"))),
        ("HMAC", text.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")),
        ("with comments", text.replace(&format!("Algorithm=\"{C14N}\""), &format!("Algorithm=\"{C14N}WithComments\""))),
        ("prefixes that are not signed", text.replace(&format!("<ds:Transform Algorithm=\"{C14N}\">"), &format!("<ds:Transform Algorithm=\"{C14N}\"><ec:InclusiveNamespaces xmlns:ec=\"{C14N}\" PrefixList=\"xs\"/>"))),
        ("in a SOAP header", format!("<s:Header xmlns:s=\"urn:s\">{text}</s:Header>")),
        ("too long", text.replace("<ds:KeyInfo>", &format!("{}<ds:KeyInfo>", " ".repeat(MAX_VIHF_BYTES)))),
    ];
    let mut codes = HashSet::new();
    for (name, forged) in &shapes {
        assert_ne!(*forged, text, "{name} changes nothing");
        match practice.check(forged.as_bytes()) {
            Err(error) => codes.insert(error.code()),
            Ok(checked) => panic!("{name} was accepted: {checked:?}"),
        };
    }
    for code in [
        "structure",
        "xml-refused",
        "reference",
        "weak-algorithm",
        "unknown-algorithm",
        "signature-wrong",
    ] {
        assert!(codes.contains(code), "{codes:?}");
    }
}

/// Whatever is done to the file, what comes out is what was signed, or nothing does.
#[test]
fn no_edit_makes_an_assertion_say_something_else() {
    let practice = VihfPractice::new();
    let xml = practice.specimen(VihfMode::Direct);
    let signed = read_unverified(&xml).unwrap();
    let pieces = [
        "",
        "<",
        ">",
        "\"",
        "&#x41;",
        " ",
        "\n",
        "A",
        "=",
        "</saml2:Subject>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x?>",
        " ID=\"x\"",
        "\u{e9}",
        "<saml2:NameID>9</saml2:NameID>",
        " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
        " xmlns=\"urn:x\"",
        " xmlns:xs=\"urn:x\"",
    ];
    let edit = (
        0..xml.len(),
        0usize..24,
        proptest::sample::select(pieces.to_vec()),
    );
    let edits = proptest::collection::vec(edit, 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    runner
        .run(&edits, |edits| {
            let mut changed = xml.clone();
            for (at, removed, piece) in edits {
                let at = at.min(changed.len());
                let end = (at + removed).min(changed.len());
                changed.splice(at..end, piece.bytes());
            }
            if let Ok(checked) = practice.check(&changed) {
                let admitted = checked.admit(|_, _| Ok::<_, ()>(true)).unwrap();
                prop_assert_eq!(admitted.content(), &signed);
            }
            Ok(())
        })
        .unwrap();
    // Edits that change nothing that is signed exist: the property above is not empty.
    practice.check(&[&xml[..], b"\n"].concat()).unwrap();
}

/// A lot whose documents do not matter.
fn lot(practice: &VihfPractice) -> PreparedLot {
    let set = SubmissionSet {
        unique_id: Oid::from_uuid(1000),
        source_id: Oid::from_uuid(2000),
        patient: patient(),
        submission_time: NOW,
    };
    let document = LotDocument {
        unique_id: Oid::from_uuid(1),
        sha256: Sha256Digest::of(b"document"),
    };
    LotDraft::new(set, vec![document], &LotLimits::default())
        .unwrap()
        .prepare(&practice.card.signature.certificate, &[], NOW)
        .unwrap()
}

/// The same signature key signs lots and documents: neither is taken for the other.
#[test]
fn an_assertion_is_neither_a_lot_nor_a_signed_document() {
    let practice = VihfPractice::new();
    let xml = practice.specimen(VihfMode::Direct);
    let limits = LotLimits::default();
    let as_lot = verify_signature(&xml, &practice.store, NOW, &limits);
    // Each is refused for its form, by whichever limit or element is met first.
    let is_of_form = |code: &str| matches!(code, "structure" | "xml-refused");
    assert!(is_of_form(as_lot.unwrap_err().code()));
    let as_document = support::xades::check(&xml, &[]);
    assert!(as_document.is_err(), "{as_document:?}");
    let lot = lot(&practice);
    let value = sign(&practice.card.signature, lot.to_be_signed());
    let lot = lot.complete(&value).unwrap();
    verify_signature(&lot, &practice.store, NOW, &limits).unwrap();
    assert!(is_of_form(practice.check(&lot).unwrap_err().code()));
}

/// Bytes that a card signed for something else, in the place of the assertion's own.
#[test]
fn bytes_signed_for_something_else_make_no_assertion() {
    let practice = VihfPractice::new();
    let unsigned = practice.unsigned(VihfMode::Direct);
    let card = &practice.card.signature;
    let of_another = practice.prepared(VihfMode::Indirect);
    let of_another = std::str::from_utf8(of_another.to_be_signed()).unwrap();
    let plain = format!("<ds:SignedInfo xmlns:ds=\"{DS}\"></ds:SignedInfo>");
    let dates = unsigned.replace("10:05:00", "10:04:00");
    let lot = lot(&practice);
    let lot = std::str::from_utf8(lot.to_be_signed()).unwrap();
    for (name, bytes) in [
        ("the SignedInfo of a lot", lot),
        ("an empty SignedInfo", plain.as_str()),
        ("an assertion itself", dates.as_str()),
        ("text", "card-agent authentication v1"),
        ("the SignedInfo of another assertion", of_another),
    ] {
        let value = sign(card, bytes.as_bytes());
        assert!(
            practice
                .check(&wearing(&unsigned, bytes, &value, card))
                .is_err(),
            "{name}"
        );
    }
}
