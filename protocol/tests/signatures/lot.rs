//! Lot signatures: what is made is accepted, and everything else is refused for its own reason.

use crate::support::{NOW, Practice, sign};
use paraphe_certs::test_pki::{CardPerson, CertificateTemplate, RevocationReason, Validity};
use paraphe_certs::{PathError, UnixTime};
use paraphe_protocol::algorithm::SignatureError;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Nir, Oid};
use paraphe_protocol::lot::{
    CoverageFinding, DocumentOutcome, DraftError, LotDocument, LotDraft, LotError, LotLimits,
    PrepareLotError, PresentedDocuments, SignedPart, SubmissionSet, examine, verify,
    verify_patient, verify_signature,
};
use paraphe_protocol::signature::{Indication, SubIndication};
use paraphe_protocol::xml::gate::GateError;
use proptest::prelude::*;

fn patient() -> Ins {
    Ins::new("285072B50202465".parse().unwrap(), Environment::Test)
}

fn submission_set() -> SubmissionSet {
    SubmissionSet {
        unique_id: Oid::from_uuid(1000),
        source_id: "1.2.250.1.999.1".parse().unwrap(),
        patient: patient(),
        submission_time: NOW,
    }
}

fn document(id: u128) -> LotDocument {
    LotDocument {
        unique_id: Oid::from_uuid(id),
        sha256: Sha256Digest::of(format!("document {id}").as_bytes()),
    }
}

fn documents() -> Vec<LotDocument> {
    (1..=3).map(document).collect()
}

fn draft() -> LotDraft {
    LotDraft::new(submission_set(), documents(), &LotLimits::default()).unwrap()
}

fn signed(practice: &Practice) -> Vec<u8> {
    let card = &practice.card.signature;
    let prepared = draft()
        .prepare(&card.certificate, &[practice.issuing_authority()], NOW)
        .unwrap();
    let signature = sign(card, prepared.to_be_signed());
    prepared.complete(&signature).unwrap()
}

fn check(practice: &Practice, xml: &[u8]) -> Result<(), LotError> {
    let documents = documents();
    let presented = PresentedDocuments::ById(&documents);
    verify(xml, presented, &practice.store, NOW, &LotLimits::default()).map(|_| ())
}

#[test]
fn a_lot_is_accepted_with_exactly_its_documents() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let documents = documents();
    let lot = verify(
        &xml,
        PresentedDocuments::ById(&documents),
        &practice.store,
        NOW,
        &LotLimits::default(),
    )
    .unwrap();
    assert_eq!(lot.documents(), documents);
    assert_eq!(*lot.submission_set(), submission_set());
    assert_eq!(lot.signing_time(), NOW);
    assert_eq!(
        lot.signer().holder().unwrap().national_id.to_string(),
        "899700000017"
    );
    assert_eq!(
        lot.expect_submission_set(&Oid::from_uuid(1000), &patient()),
        Ok(())
    );
    assert!(matches!(
        lot.expect_submission_set(&Oid::from_uuid(1001), &patient()),
        Err(LotError::SubmissionSetMismatch { .. })
    ));
    let other = Ins::new(
        Nir::from_number("1610275754289").unwrap(),
        Environment::Test,
    );
    assert!(matches!(
        lot.expect_submission_set(&Oid::from_uuid(1000), &other),
        Err(LotError::PatientMismatch { .. })
    ));
}

#[test]
fn each_difference_between_lot_and_documents_has_its_reason() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let findings = |presented: PresentedDocuments<'_>| match verify(
        &xml,
        presented,
        &practice.store,
        NOW,
        &LotLimits::default(),
    ) {
        Err(LotError::Documents(error)) => error.findings,
        other => panic!("{other:?}"),
    };
    let mut changed = documents();
    changed[1].sha256 = Sha256Digest::of(b"other");
    assert_eq!(
        findings(PresentedDocuments::ById(&changed)),
        [CoverageFinding::DocumentChanged {
            unique_id: Oid::from_uuid(2),
            index: 1
        }]
    );
    assert_eq!(
        findings(PresentedDocuments::ById(&documents()[..2])),
        [CoverageFinding::DocumentMissing {
            unique_id: Oid::from_uuid(3)
        }]
    );
    let extra: Vec<_> = (1..=4).map(document).collect();
    assert_eq!(
        findings(PresentedDocuments::ById(&extra)),
        [CoverageFinding::DocumentUnknown { index: 3 }]
    );
    let contents: Vec<_> = extra
        .iter()
        .skip(1)
        .map(|document| document.sha256)
        .collect();
    assert_eq!(
        findings(PresentedDocuments::ByContent(&contents)),
        [
            CoverageFinding::DocumentUnknown { index: 2 },
            CoverageFinding::DocumentMissing {
                unique_id: Oid::from_uuid(1)
            },
        ]
    );
}

#[test]
fn drafts_that_are_no_lot() {
    let limits = LotLimits { max_documents: 3 };
    let draft = |documents| LotDraft::new(submission_set(), documents, &limits).map(|_| ());
    assert_eq!(draft(documents()), Ok(()));
    assert_eq!(draft(Vec::new()), Err(DraftError::Empty));
    assert_eq!(
        draft((1..=4).map(document).collect()),
        Err(DraftError::TooMany { count: 4, limit: 3 })
    );
    let twice = DraftError::DuplicateId {
        unique_id: Oid::from_uuid(1),
    };
    assert_eq!(draft(vec![document(1), document(1)]), Err(twice));
    assert!(matches!(
        draft(vec![document(1000)]),
        Err(DraftError::DuplicateId { .. })
    ));
    let mut set = submission_set();
    set.submission_time = UnixTime(-1);
    assert_eq!(
        LotDraft::new(set, documents(), &limits),
        Err(DraftError::SubmissionTime)
    );
}

#[test]
fn a_login_key_cannot_sign_a_lot() {
    let practice = Practice::new();
    let certificate = &practice.card.authentication.certificate;
    assert!(matches!(
        draft().prepare(certificate, &[], NOW),
        Err(PrepareLotError::WrongUse { .. })
    ));
}

#[test]
fn the_signature_of_another_key_is_noticed_before_anything_is_written() {
    let practice = Practice::new();
    let prepared = draft()
        .prepare(&practice.card.signature.certificate, &[], NOW)
        .unwrap();
    let signature = sign(&practice.card.authentication, prepared.to_be_signed());
    assert_eq!(
        prepared.complete(&signature).unwrap_err(),
        PrepareLotError::Signature(SignatureError::Mismatch)
    );
}

#[test]
fn certificates_are_judged_at_the_time_of_verification() {
    let mut practice = Practice::new();
    let xml = signed(&practice);
    let limits = LotLimits::default();
    let path = |store, at| match verify_signature(&xml, store, at, &limits) {
        Err(LotError::Path(error)) => error,
        other => panic!("{other:?}"),
    };
    let later = practice.pki.trust_store(NOW.plus_days(4 * 365)).unwrap();
    assert!(matches!(
        path(&later, NOW.plus_days(4 * 365)),
        PathError::Expired { .. }
    ));
    let stranger = Practice::new();
    assert!(matches!(
        path(&stranger.store, NOW),
        PathError::UnknownIssuer { .. } | PathError::BadSignature { .. }
    ));
    practice
        .pki
        .revoke(
            &practice.card.signature.certificate,
            NOW,
            RevocationReason::KeyCompromise,
        )
        .unwrap();
    let store = practice.pki.trust_store(NOW).unwrap();
    assert!(matches!(path(&store, NOW), PathError::Revoked { .. }));
    let report = examine(&xml, None, &store, NOW, &limits);
    assert_eq!(report.indication, Indication::TotalFailed);
    assert_eq!(report.sub_indication, Some(SubIndication::Revoked));
}

#[test]
fn signing_times_out_of_bounds_are_refused() {
    let practice = Practice::new();
    let card = practice
        .pki
        .issue_card_valid(
            &CardPerson::sample_physician(),
            Validity {
                not_before: NOW.plus_days(-10),
                not_after: NOW.plus_days(10),
            },
        )
        .unwrap()
        .signature;
    let signed_at = |time| {
        let prepared = draft().prepare(&card.certificate, &[], time).unwrap();
        let signature = sign(&card, prepared.to_be_signed());
        check(&practice, &prepared.complete(&signature).unwrap())
    };
    assert_eq!(signed_at(NOW.plus_seconds(120)), Ok(()));
    assert_eq!(
        signed_at(NOW.plus_seconds(121)),
        Err(LotError::SignedInTheFuture)
    );
    assert_eq!(
        signed_at(NOW.plus_days(-11)),
        Err(LotError::SignedOutsideValidity)
    );
    assert_eq!(
        draft()
            .prepare(&card.certificate, &[], UnixTime(i64::MAX))
            .unwrap_err(),
        PrepareLotError::SigningTime
    );
}

/// Replaces once, and says so if there was nothing to replace.
fn edit_of(xml: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(xml).unwrap();
    assert!(text.contains(from), "{from} is not in the signature");
    text.replacen(from, to, 1).into_bytes()
}

/// The bytes of an element, tags included.
fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<{name}")).unwrap();
    let end = text.rfind(&format!("</{name}>")).unwrap() + name.len() + 3;
    &text[start..end]
}

#[test]
fn files_that_are_not_the_profile_are_refused() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let sha256 = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">";
    let sha1 = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\">";
    let c14n = "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"";
    for (from, to, expected) in [
        (sha256, sha1, "weak-algorithm"),
        (
            "xmldsig-more#rsa-sha256",
            "xmldsig-more#rsa-sha512",
            "unknown-algorithm",
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2000/09/xmldsig#rsa-sha1",
            "weak-algorithm",
        ),
        (
            "2001/04/xmldsig-more#rsa-sha256",
            "2000/09/xmldsig#hmac-sha1",
            "weak-algorithm",
        ),
        (
            c14n,
            "Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"",
            "unknown-algorithm",
        ),
        (
            "<ds:DigestValue>",
            "<ds:DigestValue><!-- x -->",
            "xml-refused",
        ),
        (
            "</ds:Signature>",
            "</ds:Signature><!-- x -->",
            "xml-refused",
        ),
        ("<ds:KeyInfo>", "<?x y?><ds:KeyInfo>", "xml-refused"),
        (
            "<ds:Signature ",
            "<!DOCTYPE a><ds:Signature ",
            "xml-refused",
        ),
        (
            "Id=\"S0-SubmissionSet\"",
            "Id=\"IHEManifest\"",
            "xml-refused",
        ),
        ("Id=\"S0\"", "Id=\"S1\"", "structure"),
        ("<ds:SignatureValue>", "<ds:SignatureValue> ", "structure"),
        ("<ds:KeyInfo>", "<ds:KeyInfo> ", "structure"),
        (
            "<ds:KeyInfo>",
            "<ds:KeyInfo><ds:KeyName>x</ds:KeyName>",
            "structure",
        ),
        ("<ds:KeyInfo>", "<ds:KeyInfo Id=\"k\">", "structure"),
        (
            "</ds:Signature>",
            "<ds:Object></ds:Object></ds:Signature>",
            "structure",
        ),
        (
            "<ds:Object>",
            "<ds:Object><x/></ds:Object><ds:Object>",
            "structure",
        ),
        (
            "Target=\"#S0\"><xades:SignedProperties",
            "Target=\"#S1\"><xades:SignedProperties",
            "structure",
        ),
        (
            "<xades:SignedProperties",
            "<xades:UnsignedProperties xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"></xades:UnsignedProperties><xades:SignedProperties",
            "structure",
        ),
        (
            "<ds:Transforms>",
            "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"></ds:Transform>",
            "unknown-algorithm",
        ),
        (
            "<ds:Transforms>",
            "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>",
            "structure",
        ),
        (
            "Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\"",
            "Type=\"x\"",
            "structure",
        ),
        ("AA==", "AQ==", "signed-part-altered"),
        (
            "SigningTime>2026",
            "SigningTime>2025",
            "signed-part-altered",
        ),
        (
            ">285072B50202465^",
            ">161027575428992^",
            "signed-part-altered",
        ),
        (
            "urn:oid:2.25.2\"",
            "urn:oid:2.25.1\"",
            "signed-part-altered",
        ),
        ("urn:oid:2.25.2\"", "http://x/\"", "signed-part-altered"),
        ("<ds:Manifest ", "<ds:Manifest x=\"y\" ", "structure"),
    ] {
        let error = check(&practice, &edit_of(&xml, from, to)).unwrap_err();
        assert_eq!(error.code(), expected, "{from} -> {to}: {error}");
    }
}

#[test]
fn wrapping_in_all_its_shapes_is_refused() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let text = std::str::from_utf8(&xml).unwrap();
    let manifest = element(text, "ds:Manifest");
    let object = format!("<ds:Object>{manifest}</ds:Object>");
    let forged = manifest.replace("2.25.3\"", "2.25.7\"");
    let forged_object = format!("<ds:Object>{forged}</ds:Object>");
    let signed_info = element(text, "ds:SignedInfo");
    let moved = forged.replace("IHEManifest", "Moved");
    let end = "</ds:Signature>";
    let wrapped = [
        // The signed manifest is kept somewhere else, a forged one stands in its place.
        text.replace(&object, &forged_object)
            .replace(end, &format!("{object}{end}")),
        text.replace(&object, &format!("{object}{forged_object}")),
        text.replace(&object, &format!("{forged_object}{object}")),
        text.replace(manifest, &format!("{manifest}{forged}")),
        text.replace(manifest, &format!("{forged}{manifest}")),
        text.replace(manifest, &format!("<w>{forged}{manifest}</w>")),
        text.replace(
            manifest,
            &forged.replace("</ds:Manifest>", &format!("{manifest}</ds:Manifest>")),
        ),
        text.replace(&object, &format!("<ds:Object>{moved}</ds:Object>"))
            .replace(end, &format!("{object}{end}")),
        // The signature wraps, or is wrapped.
        format!("<r>{text}</r>"),
        format!("<r>{forged}{text}</r>"),
        text.replace(end, &format!("{text}{end}")),
        // Two SignedInfo, the signed one first or last.
        text.replace(signed_info, &format!("{signed_info}{signed_info}")),
        text.replace(
            signed_info,
            &format!("<ds:Object>{signed_info}</ds:Object>{signed_info}"),
        ),
        // Two references to the same part.
        text.replace("#S0-SubmissionSet\"", "#IHEManifest\""),
        // Two signature values, two certificates' data, two key infos.
        text.replace(
            "<ds:KeyInfo>",
            "<ds:SignatureValue>AA==</ds:SignatureValue><ds:KeyInfo>",
        ),
        text.replace(
            "</ds:X509Data>",
            "</ds:X509Data><ds:X509Data></ds:X509Data>",
        ),
        text.replace("<ds:KeyInfo>", "<ds:KeyInfo></ds:KeyInfo><ds:KeyInfo>"),
        // Another namespace under the same prefix, and none.
        text.replacen(
            "http://www.w3.org/2000/09/xmldsig#",
            "http://www.w3.org/2000/09/xmldsig",
            1,
        ),
        text.replace("urn:paraphe:lot:1", "urn:paraphe:lot:2"),
        text.replace(
            "<lot:SubmissionSet xmlns:lot=\"urn:paraphe:lot:1\">",
            "<lot:SubmissionSet xmlns:lot=\"urn:paraphe:lot:1\" xmlns=\"urn:x\">",
        ),
    ];
    for (index, forged) in wrapped.iter().enumerate() {
        assert_ne!(forged, text, "shape {index} changes nothing");
        // The last shape only adds a declaration that nothing uses: harmless, and accepted.
        let accepted = index + 1 == wrapped.len();
        assert_eq!(
            check(&practice, forged.as_bytes()).is_ok(),
            accepted,
            "shape {index}"
        );
    }
}

#[test]
fn a_signature_over_more_than_the_profile_is_refused_even_if_it_is_genuine() {
    // The holder's own key signs an altered manifest: digests and signature hold, the reader must
    // still refuse what it does not understand.
    let practice = Practice::new();
    let xml = signed(&practice);
    let text = std::str::from_utf8(&xml).unwrap();
    let resign = |from: &str, to: &str| {
        let manifest = element(text, "ds:Manifest");
        assert!(manifest.contains(from));
        let altered = manifest.replacen(from, to, 1);
        let digest = |bytes: &str| Sha256Digest::of(bytes.as_bytes()).to_base64();
        let text = text
            .replace(manifest, &altered)
            .replace(&digest(manifest), &digest(&altered));
        // SignedInfo stands in the file in canonical form, but for the declaration it repeats.
        let signed_info = element(&text, "ds:SignedInfo").to_owned();
        let signature = sign(&practice.card.signature, signed_info.as_bytes());
        let value = element(&text, "ds:SignatureValue").to_owned();
        let new = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signature);
        let text = text.replace(
            &value,
            &format!("<ds:SignatureValue>{new}</ds:SignatureValue>"),
        );
        check(&practice, text.as_bytes()).map_err(|error| error.code())
    };
    assert_eq!(resign("2.25.3\"", "2.25.3\""), Ok(()));
    assert_eq!(resign("AA==", "AQ=="), Err("unexpected-content"));
    assert_eq!(
        resign(
            "<ds:Reference URI=\"urn:oid:2.25.2\">",
            "<ds:Reference Type=\"x\" URI=\"urn:oid:2.25.2\">"
        ),
        Err("structure")
    );
    assert_eq!(
        resign("urn:oid:2.25.2\"", "urn:oid:2.25.1\""),
        Err("duplicate-reference")
    );
    assert_eq!(
        resign("urn:oid:2.25.2\"", "urn:oid:2.25.1000\""),
        Err("duplicate-reference")
    );
    assert_eq!(
        resign("urn:oid:2.25.1000\"", "urn:oid:2.25.1001\""),
        Err("submission-set-mismatch")
    );
    assert_eq!(resign("urn:oid:2.25.2\"", "http://x/\""), Err("structure"));
    assert_eq!(
        resign("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1"),
        Err("unexpected-content")
    );
}

#[test]
fn the_certificate_must_be_the_one_that_was_signed() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let encode =
        |der: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let own = encode(practice.card.signature.certificate.der());
    // A second card of the same person, and the issuing authority first.
    let twin = practice
        .pki
        .issue_card(&CardPerson::sample_physician(), NOW)
        .unwrap();
    for other in [&twin.signature.certificate, &practice.issuing_authority()] {
        let swapped = edit_of(&xml, &own, &encode(other.der()));
        assert_eq!(
            check(&practice, &swapped),
            Err(LotError::CertificateMismatch)
        );
    }
}

#[test]
fn sizes_are_bounded_before_anything_is_parsed() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let small = LotLimits { max_documents: 2 };
    assert_eq!(
        verify_signature(&xml, &practice.store, NOW, &small).unwrap_err(),
        LotError::TooManyDocuments { count: 3, limit: 2 }
    );
    let huge = vec![b' '; 6 * 1024 * 1024];
    assert!(matches!(
        check(&practice, &huge),
        Err(LotError::Xml(GateError::TooLong { .. }))
    ));
    for end in (0..xml.len()).step_by(97) {
        assert!(check(&practice, &xml[..end]).is_err());
    }
}

#[test]
fn the_largest_lot_is_signed_and_verified() {
    let practice = Practice::new();
    let card = &practice.card.signature;
    let limits = LotLimits::default();
    let documents: Vec<_> = (1..=limits.max_documents)
        .map(|number| LotDocument {
            // The longest ids there are, so that the size limit of the file is met too.
            unique_id: format!("2.{}{number:05}", "9".repeat(57)).parse().unwrap(),
            sha256: Sha256Digest::of(&number.to_be_bytes()),
        })
        .collect();
    let draft = LotDraft::new(submission_set(), documents.clone(), &limits).unwrap();
    let prepared = draft.prepare(&card.certificate, &[], NOW).unwrap();
    assert!(prepared.to_be_signed().len() < 4096);
    let signature = sign(card, prepared.to_be_signed());
    let xml = prepared.complete(&signature).unwrap();
    let presented = PresentedDocuments::ById(&documents);
    let lot = verify(&xml, presented, &practice.store, NOW, &limits).unwrap();
    assert_eq!(lot.documents().len(), limits.max_documents);
}

#[test]
fn what_waits_for_its_signature_does_not_show_the_patient() {
    let practice = Practice::new();
    let certificate = &practice.card.signature.certificate;
    let prepared = draft().prepare(certificate, &[], NOW).unwrap();
    let shown = format!("{prepared:?} {:?}", draft());
    assert!(!shown.contains("285072B502024"), "{shown}");
}

#[test]
fn reports_tell_a_person_what_is_wrong() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let limits = LotLimits::default();
    let report = |presented| examine(&xml, presented, &practice.store, NOW, &limits);

    let all = documents();
    let passed = report(Some(PresentedDocuments::ById(&all)));
    assert_eq!(passed.indication, Indication::TotalPassed);
    assert_eq!((passed.sub_indication, passed.reasons.len()), (None, 0));
    let json = serde_json::to_value(&passed).unwrap();
    assert_eq!(json["indication"], "TOTAL-PASSED");
    assert_eq!(json["documents"][0]["outcome"], "intact");

    let alone = report(None);
    assert_eq!(alone.indication, Indication::Indeterminate);
    assert_eq!(alone.documents[0].outcome, DocumentOutcome::NotChecked);

    let mut wrong = documents();
    wrong[0].sha256 = Sha256Digest::of(b"other");
    wrong.pop();
    let failed = report(Some(PresentedDocuments::ById(&wrong)));
    assert_eq!(failed.indication, Indication::TotalFailed);
    assert_eq!(failed.sub_indication, Some(SubIndication::HashFailure));
    let codes: Vec<_> = failed.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, ["document-changed", "document-missing"]);
    let outcomes: Vec<_> = failed
        .documents
        .iter()
        .map(|document| document.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            DocumentOutcome::Changed,
            DocumentOutcome::Intact,
            DocumentOutcome::Missing
        ]
    );

    let altered = edit_of(&xml, "SigningTime>2026", "SigningTime>2025");
    let report = examine(&altered, None, &practice.store, NOW, &limits);
    assert_eq!(report.sub_indication, Some(SubIndication::HashFailure));
    assert_eq!(
        report.signature_error,
        Some(LotError::PartAltered {
            part: SignedPart::SignedProperties
        })
    );
    assert!(report.signer.is_none() && report.documents.is_empty());
}

/// Whatever is done to the file, what is accepted says what was signed, or nothing is.
#[test]
fn no_edit_makes_the_signature_say_something_else() {
    let practice = Practice::new();
    let xml = signed(&practice);
    let pieces = [
        "",
        "<",
        ">",
        "\"",
        "&#x41;",
        "&amp;",
        " ",
        "\n",
        "A",
        "=",
        "</ds:Object>",
        "<ds:Object>",
        "<ds:Manifest Id=\"IHEManifest\">",
        "<!--",
        "-->",
        " Id=\"x\"",
        "urn:oid:2.25.9",
        "\u{e9}",
        " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
    ];
    let edit = (
        0..xml.len(),
        0usize..24,
        proptest::sample::select(pieces.to_vec()),
    );
    let edits = proptest::collection::vec(edit, 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    runner
        .run(&edits, |edits| {
            let mut changed = xml.clone();
            for (at, removed, piece) in edits {
                let at = at.min(changed.len());
                let end = (at + removed).min(changed.len());
                changed.splice(at..end, piece.bytes());
            }
            let limits = LotLimits::default();
            if let Ok(lot) = verify_signature(&changed, &practice.store, NOW, &limits) {
                prop_assert_eq!(lot.documents(), documents());
                prop_assert_eq!(lot.submission_set(), &submission_set());
            }
            Ok(())
        })
        .unwrap();
    let mut accepted = 0;
    // Edits that change nothing that is signed exist: the property above is not empty.
    for harmless in [
        edit_of(&xml, " Id=\"S0\"", "  Id='S0'"),
        [&xml[..], b"\n"].concat(),
    ] {
        let lot = verify_signature(&harmless, &practice.store, NOW, &LotLimits::default());
        accepted += usize::from(lot.is_ok());
    }
    assert_eq!(accepted, 2);
}

#[test]
fn any_lot_comes_back_exactly_as_it_was_drafted() {
    let practice = Practice::new();
    let card = &practice.card.signature;
    let strategy = (
        proptest::collection::btree_map(any::<u128>(), any::<[u8; 32]>(), 1..40),
        any::<u128>(),
        0i64..253_402_300_799,
        0u64..1_000_000_000,
    );
    let config = ProptestConfig::with_cases(64);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&strategy, |(documents, set_id, submission_time, number)| {
            prop_assume!(!documents.contains_key(&set_id));
            let documents: Vec<LotDocument> = documents
                .into_iter()
                .map(|(id, sha256)| LotDocument {
                    unique_id: Oid::from_uuid(id),
                    sha256: Sha256Digest::from_bytes(sha256),
                })
                .collect();
            let nir = Nir::from_number(&format!("1001{number:09}")).unwrap();
            let set = SubmissionSet {
                unique_id: Oid::from_uuid(set_id),
                source_id: Oid::from_uuid(set_id >> 1),
                patient: Ins::new(nir, Environment::Production),
                submission_time: UnixTime(submission_time),
            };
            let draft =
                LotDraft::new(set.clone(), documents.clone(), &LotLimits::default()).unwrap();
            let prepared = draft.prepare(&card.certificate, &[], NOW).unwrap();
            let signature = sign(card, prepared.to_be_signed());
            let xml = prepared.complete(&signature).unwrap();
            let presented = PresentedDocuments::ById(&documents);
            let lot = verify(&xml, presented, &practice.store, NOW, &LotLimits::default()).unwrap();
            prop_assert_eq!(lot.documents(), &documents);
            prop_assert_eq!(lot.submission_set(), &set);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_patients_token_signs_as_a_patient_and_as_nothing_else() {
    let practice = Practice::new();
    let template =
        CardPerson::sample_physician().signature_template(Validity::of_card(NOW.plus_days(-1)));
    let template = CertificateTemplate {
        extensions: Vec::new(),
        ..template
    };
    let token = practice.pki.issue(Practice::ISSUER, &template).unwrap();
    let prepared = draft().prepare(&token.certificate, &[], NOW).unwrap();
    let signature = sign(&token, prepared.to_be_signed());
    let by_patient = prepared.complete(&signature).unwrap();
    let (documents, limits) = (documents(), LotLimits::default());
    let judged = |xml: &[u8]| {
        let presented = PresentedDocuments::ById(&documents);
        verify_patient(xml, presented, &practice.store, NOW, &limits)
    };
    let lot = judged(&by_patient).unwrap();
    assert!(lot.signer().holder().is_none() && lot.signer().structure().is_none());
    assert_eq!(
        lot.signer().patient().unwrap().name,
        token.certificate.subject_rfc2253()
    );
    assert_eq!(lot.signer().certificate(), &token.certificate);
    // Name, purposes and authority are a physician's to the letter: without the profile's category it is a patient's all the same.
    assert!(matches!(
        check(&practice, &by_patient),
        Err(LotError::Path(PathError::Holder(_)))
    ));
    assert!(matches!(
        judged(&signed(&practice)),
        Err(LotError::Path(PathError::WrongUse { .. }))
    ));
    let later = NOW.plus_seconds(121);
    let prepared = draft().prepare(&token.certificate, &[], later).unwrap();
    let signature = sign(&token, prepared.to_be_signed());
    assert!(matches!(
        judged(&prepared.complete(&signature).unwrap()),
        Err(LotError::SignedInTheFuture)
    ));
}
