//! Approvals: what is made is accepted, anything else than exactly what was approved is refused, and no signature of another
//! kind can be taken for one, nor the reverse. The judge is `openssl dgst -verify` over bytes that this file lays out by itself,
//! from section 2 of docs/signer-modes.md alone.
//!
//! Needs the program `openssl` and fails without it.

use std::process::Command;

use crate::support::byte_changes::other;
use crate::support::{NOW, Practice, sign, sign_with};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::hash::MessageDigest;
use openssl::sha::sha256;
use paraphe_certs::test_pki::{
    Authority, CardPerson, Issued, Level, RevocationReason, Structure, TestPki, TestPkiOptions,
    Validity,
};
use paraphe_certs::{PathError, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::approval::{
    Approval, ApprovalError, ApprovalManifest, ApprovalPurpose, ApprovalRequest, ApprovedDocument,
    EnvelopeError, Expected, MAX_APPROVAL_BYTES, ManifestError, PrepareApprovalError, verify,
};
use paraphe_protocol::cades;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Oid};
use paraphe_protocol::login::{
    self, AgentNonce, Audience, ChannelBinding, LoginAssertion, LoginRequest, OfferedAlgorithms,
    Origin, ServerNonce,
};
use paraphe_protocol::lot::{
    LotDocument, LotDraft, LotError, LotLimits, SubmissionSet, verify_signature,
};
use paraphe_protocol::signature::{DocumentsInMemory, Output, Signer};
use serde_json::{Value, json};

const CLINIC: &str = "1999999904";

/// Who issues seals.
const SEALS: Authority = Authority::Organizations(Level::Elementaire);

fn document(id: u128, title: &str) -> ApprovedDocument {
    ApprovedDocument {
        document: LotDocument {
            unique_id: Oid::from_uuid(id),
            sha256: Sha256Digest::of(&id.to_be_bytes()),
        },
        title: title.to_owned(),
    }
}

fn patient() -> Ins {
    Ins::new("285072B50202465".parse().unwrap(), Environment::Test)
}

fn documents() -> Vec<ApprovedDocument> {
    vec![document(1, "Compte rendu"), document(2, "Synthèse")]
}

fn manifest_of(documents: Vec<ApprovedDocument>) -> ApprovalManifest {
    ApprovalManifest::new(CLINIC, Oid::from_uuid(1000), patient(), documents, 50).unwrap()
}

/// What both sides agree on.
#[derive(Clone)]
struct Terms {
    purpose: ApprovalPurpose,
    audience: Audience,
    origin: Origin,
    nonce: ServerNonce,
    manifest: ApprovalManifest,
}

impl Terms {
    fn new() -> Self {
        Self {
            purpose: ApprovalPurpose::ServerSignature,
            audience: "dossier.example".parse().unwrap(),
            origin: "https://cabinet.example".parse().unwrap(),
            nonce: ServerNonce::from_bytes(&[7; 32]).unwrap(),
            manifest: manifest_of(documents()),
        }
    }

    fn with(&self, manifest: ApprovalManifest) -> Self {
        Self {
            manifest,
            ..self.clone()
        }
    }

    fn request<'a>(&'a self, key: &'a Issued) -> ApprovalRequest<'a> {
        ApprovalRequest {
            purpose: self.purpose,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            agent_nonce: AgentNonce::from_bytes([8; 32]),
            issued_at: NOW,
            expires_at: NOW.plus_seconds(120),
            certificate: &key.certificate,
            manifest: &self.manifest,
            shown: Sha256Digest::of(b"what the person saw"),
        }
    }

    fn expected(&self, now: UnixTime) -> Expected<'_> {
        Expected {
            purpose: self.purpose,
            audience: &self.audience,
            origin: &self.origin,
            nonce: &self.nonce,
            now,
            manifest: &self.manifest,
        }
    }
}

fn approval(practice: &Practice, terms: &Terms) -> Approval {
    let key = &practice.card.signature;
    let prepared = terms.request(key).prepare().unwrap();
    let signature = sign(key, prepared.to_be_signed());
    prepared.complete(&signature).unwrap()
}

/// The envelope as JSON, changed.
fn changed(approval: &Approval, member: &str, value: Value) -> Approval {
    let mut json = serde_json::to_value(approval).unwrap();
    assert!(json.get(member).is_some(), "{member}");
    json[member] = value;
    serde_json::from_value(json).unwrap()
}

fn code(practice: &Practice, terms: &Terms, approval: &Approval, now: UnixTime) -> &'static str {
    match verify(&terms.expected(now), approval, &practice.store) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn an_approval_is_accepted_by_the_server_that_asked() {
    let practice = Practice::new();
    for purpose in ApprovalPurpose::ALL {
        let terms = Terms {
            purpose,
            ..Terms::new()
        };
        let made = approval(&practice, &terms);
        let read = Approval::from_json(&made.to_json().unwrap()).unwrap();
        assert_eq!(read, made);
        let verified = verify(&terms.expected(NOW), &read, &practice.store).unwrap();
        assert_eq!(verified.holder().national_id.to_string(), "899700000017");
        assert_eq!(verified.purpose(), purpose);
        assert_eq!(*verified.manifest(), terms.manifest);
        assert_eq!(verified.issued_at(), NOW);
        assert_eq!(verified.expires_at(), NOW.plus_seconds(120));
        assert_eq!(verified.shown(), Sha256Digest::of(b"what the person saw"));
    }
}

#[test]
fn anything_else_than_what_was_approved_is_refused() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = approval(&practice, &terms);
    let mut other_content = documents();
    other_content[1].document.sha256 = Sha256Digest::of(b"another");
    let mut swapped = documents();
    swapped[0].document.sha256 = documents()[1].document.sha256;
    swapped[1].document.sha256 = documents()[0].document.sha256;
    let mut reversed = documents();
    reversed.reverse();
    let mut more = documents();
    more.push(document(3, "Un de plus"));
    let mut retitled = documents();
    retitled[0].title.push('s');
    let mut renamed = documents();
    renamed[0].document.unique_id = Oid::from_uuid(9);
    let anew = |signer, set, patient| {
        ApprovalManifest::new(signer, set, patient, documents(), 50).unwrap()
    };
    let other_patient = Ins::new("161027599999983".parse().unwrap(), Environment::Test);
    let set = Oid::from_uuid(1000);
    let others = [
        terms.with(manifest_of(other_content)),
        terms.with(manifest_of(swapped)),
        terms.with(manifest_of(reversed)),
        terms.with(manifest_of(more)),
        terms.with(manifest_of(documents()[..1].to_vec())),
        terms.with(manifest_of(retitled)),
        terms.with(manifest_of(renamed)),
        terms.with(anew("1999999905", set.clone(), patient())),
        terms.with(anew(CLINIC, Oid::from_uuid(1001), patient())),
        terms.with(anew(CLINIC, set, other_patient)),
        Terms {
            purpose: ApprovalPurpose::StructureSignature,
            ..terms.clone()
        },
        Terms {
            audience: "dossier.example2".parse().unwrap(),
            ..terms.clone()
        },
        Terms {
            origin: "https://cabinet.example:8443".parse().unwrap(),
            ..terms.clone()
        },
        Terms {
            nonce: ServerNonce::from_bytes(&[6; 32]).unwrap(),
            ..terms.clone()
        },
    ];
    for (index, other) in others.iter().enumerate() {
        let found = code(&practice, other, &made, NOW);
        assert_eq!(found, "signature-wrong", "case {index}");
    }
}

#[test]
fn times_are_bounded_on_both_sides() {
    let mut practice = Practice::new();
    // Revocation lists of the hour before, for the server whose clock is behind.
    practice.store = practice.pki.trust_store(NOW.plus_seconds(-3600)).unwrap();
    let terms = Terms::new();
    let made = approval(&practice, &terms);
    for (offset, expected) in [
        (-121, "not-yet-valid"),
        (-120, "accepted"),
        (240, "accepted"),
        (241, "expired"),
    ] {
        let found = code(&practice, &terms, &made, NOW.plus_seconds(offset));
        assert_eq!(found, expected, "{offset} s");
    }
    for (issued, expires) in [
        (NOW, NOW),
        (NOW, NOW.plus_seconds(121)),
        (NOW, NOW.plus_seconds(-1)),
        (UnixTime(-5), UnixTime(5)),
    ] {
        let mut request = terms.request(&practice.card.signature);
        (request.issued_at, request.expires_at) = (issued, expires);
        assert_eq!(
            request.prepare().unwrap_err(),
            PrepareApprovalError::Lifetime
        );
    }
    let long = changed(&made, "expires_at", json!(NOW.0 + 121));
    assert_eq!(code(&practice, &terms, &long, NOW), "lifetime");
}

#[test]
fn only_a_signature_key_of_a_trusted_card_in_force_approves() {
    let mut practice = Practice::new();
    let terms = Terms::new();
    let authentication = &practice.card.authentication;
    assert!(matches!(
        terms.request(authentication).prepare().unwrap_err(),
        PrepareApprovalError::WrongUse { .. }
    ));
    // Where an agent signs with it all the same.
    let made = approval(&practice, &terms);
    let by_authentication = changed(
        &made,
        "certificate",
        json!(URL_SAFE_NO_PAD.encode(authentication.certificate.der())),
    );
    assert!(matches!(
        verify(&terms.expected(NOW), &by_authentication, &practice.store),
        Err(ApprovalError::Path(PathError::WrongUse { .. }))
    ));
    // A structure's seal has the bits, and is nobody's.
    let options = TestPkiOptions {
        authorities: vec![SEALS],
        ..TestPkiOptions::quick()
    };
    let organisations = TestPki::generate_with(&options, NOW).unwrap();
    let validity = Validity::of_card(NOW.plus_days(-1));
    let template = Structure::sample_clinic().seal_template(validity);
    let seal = organisations.issue(SEALS, &template).unwrap();
    let prepared = terms.request(&seal).prepare().unwrap();
    let signature = sign(&seal, prepared.to_be_signed());
    let by_structure = prepared.complete(&signature).unwrap();
    let store = organisations.trust_store(NOW).unwrap();
    let error = verify(&terms.expected(NOW), &by_structure, &store).unwrap_err();
    assert_eq!(error.code(), "certificate-refused");

    let stranger = Practice::new();
    assert!(matches!(
        verify(&terms.expected(NOW), &made, &stranger.store),
        Err(ApprovalError::Path(_))
    ));
    let mut production = practice.pki.trust_store(NOW).unwrap();
    production.accept_test(false);
    assert!(matches!(
        verify(&terms.expected(NOW), &made, &production),
        Err(ApprovalError::Path(PathError::TestCertificate))
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
    assert!(matches!(
        verify(&terms.expected(NOW), &made, &store),
        Err(ApprovalError::Path(PathError::Revoked { .. }))
    ));
}

#[test]
fn every_change_of_the_envelope_is_refused() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = approval(&practice, &terms);
    let json = String::from_utf8(made.to_json().unwrap()).unwrap();
    let mut tried = 0;
    // Every third letter or digit, in names and values alike.
    for (at, byte) in json.bytes().enumerate().step_by(3) {
        if !byte.is_ascii_alphanumeric() {
            continue;
        }
        let mut bytes = json.clone().into_bytes();
        bytes[at] = other(byte);
        tried += 1;
        if let Ok(changed) = Approval::from_json(&bytes) {
            let found = code(&practice, &terms, &changed, NOW);
            assert_ne!(found, "accepted", "offset {at} of {json}");
        }
    }
    assert!(tried > 500, "{tried}");
    for (member, value, expected) in [
        ("algorithm", json!("PS256"), "algorithm-mismatch"),
        ("algorithm", json!("none"), "unknown-algorithm"),
        ("signature", json!(""), "signature-size"),
        (
            "signature",
            json!(URL_SAFE_NO_PAD.encode([1; 513])),
            "signature-size",
        ),
        (
            "certificate",
            json!(URL_SAFE_NO_PAD.encode([1; 16385])),
            "certificate-size",
        ),
        (
            "certificate",
            json!(URL_SAFE_NO_PAD.encode([1; 5])),
            "certificate-unreadable",
        ),
    ] {
        let changed = changed(&made, member, value);
        assert_eq!(code(&practice, &terms, &changed, NOW), expected);
    }
}

#[test]
fn an_envelope_is_read_strictly() {
    let practice = Practice::new();
    let json = serde_json::to_value(approval(&practice, &Terms::new())).unwrap();
    let text = json.to_string();
    let refused = |text: &str| {
        let error = Approval::from_json(text.as_bytes()).unwrap_err();
        assert!(matches!(error, EnvelopeError::Malformed(_)), "{error}");
    };
    let mut other_version = json.clone();
    other_version["version"] = json!(2);
    refused(&other_version.to_string());
    let mut more = json.clone();
    more["documents"] = json!([]);
    refused(&more.to_string());
    let mut padded = json.clone();
    padded["signature"] = json!("AA==");
    refused(&padded.to_string());
    refused(&text.replacen('{', r#"{"issued_at":1,"#, 1));
    for member in json.as_object().unwrap().keys() {
        let mut less = json.clone();
        less.as_object_mut().unwrap().remove(member);
        refused(&less.to_string());
    }
    let long = format!("{text}{}", " ".repeat(MAX_APPROVAL_BYTES));
    assert!(matches!(
        Approval::from_json(long.as_bytes()),
        Err(EnvelopeError::TooLong { .. })
    ));
}

#[test]
fn what_cannot_be_approved() {
    let manifest = |signer: &str, documents| {
        ApprovalManifest::new(signer, Oid::from_uuid(1000), patient(), documents, 2)
    };
    assert_eq!(manifest(CLINIC, vec![]), Err(ManifestError::Empty));
    let three = vec![document(1, "a"), document(2, "b"), document(3, "c")];
    assert_eq!(
        manifest(CLINIC, three),
        Err(ManifestError::TooMany { count: 3, limit: 2 })
    );
    for twice in [1, 1000] {
        let documents = vec![document(1, "a"), document(twice, "b")];
        assert!(matches!(
            manifest(CLINIC, documents),
            Err(ManifestError::DuplicateId { .. })
        ));
    }
    for title in ["", "  ", "a\nb", "a\u{7f}", &"é".repeat(129)] {
        assert_eq!(
            manifest(CLINIC, vec![document(1, "a"), document(2, title)]),
            Err(ManifestError::Title { number: 2 })
        );
    }
    assert!(manifest(CLINIC, vec![document(1, &"é".repeat(128))]).is_ok());
    for signer in ["", "1 9", "1\n", "é", &"1".repeat(65)] {
        assert_eq!(manifest(signer, documents()), Err(ManifestError::Signer));
    }
    let told = format!("{:?}", manifest(CLINIC, documents()).unwrap());
    assert!(!told.contains("2850"), "{told}");
}

/// Signatures of every kind that one key could make, and what was signed in each.
struct Kinds {
    bytes: [(&'static str, Vec<u8>); 4],
}

impl Kinds {
    /// A login can only be laid out for an authentication certificate in earnest; here for the worst case, a key of both uses.
    fn of(key: &Issued, terms: &Terms) -> Self {
        let approval = terms.request(key).prepare().unwrap();
        let login = login_request(key, terms).prepare().unwrap();
        let lot = lot_draft().prepare(&key.certificate, &[], NOW).unwrap();
        let cms = cades::prepare_detached(&sha256(b"document"), &signer(key)).unwrap();
        Self {
            bytes: [
                ("approval", approval.to_be_signed().to_vec()),
                ("login", login.to_be_signed().to_vec()),
                ("lot", lot.to_be_signed().to_vec()),
                ("cms", cms.to_be_signed().to_vec()),
            ],
        }
    }
}

fn login_request<'a>(key: &'a Issued, terms: &'a Terms) -> LoginRequest<'a> {
    static OFFERED: std::sync::LazyLock<OfferedAlgorithms> =
        std::sync::LazyLock::new(OfferedAlgorithms::all);
    LoginRequest {
        algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
        audience: &terms.audience,
        origin: &terms.origin,
        nonce: &terms.nonce,
        agent_nonce: AgentNonce::from_bytes([8; 32]),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(120),
        certificate: &key.certificate,
        channel_binding: ChannelBinding::None,
        shown: Sha256Digest::of(b"what the person saw"),
        offered: &OFFERED,
    }
}

fn lot_draft() -> LotDraft {
    let set = SubmissionSet {
        unique_id: Oid::from_uuid(1000),
        source_id: Oid::from_uuid(2000),
        patient: patient(),
        submission_time: NOW,
    };
    let documents = documents().into_iter().map(|one| one.document).collect();
    LotDraft::new(set, documents, &LotLimits::default()).unwrap()
}

fn signer(key: &Issued) -> Signer<'_> {
    Signer {
        certificate: &key.certificate,
        chain: &[],
        algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
        signing_time: NOW,
    }
}

#[test]
fn no_signature_of_another_kind_is_an_approval_nor_the_reverse() {
    let practice = Practice::new();
    let terms = Terms::new();
    let key = &practice.card.signature;
    let kinds = Kinds::of(key, &terms);
    let made = approval(&practice, &terms);
    let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
    let spki = key.certificate.spki_der();
    for (name, bytes) in &kinds.bytes {
        let value = sign(key, bytes);
        for (other, signed) in &kinds.bytes {
            let holds = algorithm.verify(spki, signed, &value).is_ok();
            assert_eq!(holds, name == other, "{name} taken for {other}");
        }
        // The approval with the value of another kind of signature in it.
        let foreign = changed(&made, "signature", json!(URL_SAFE_NO_PAD.encode(&value)));
        let expected = if *name == "approval" {
            "accepted"
        } else {
            "signature-wrong"
        };
        assert_eq!(code(&practice, &terms, &foreign, NOW), expected, "{name}");
    }
    let value = sign(key, &kinds.bytes[0].1);

    // In the place of a lot's signature.
    let prepared = lot_draft().prepare(&key.certificate, &[], NOW).unwrap();
    let genuine = sign(key, prepared.to_be_signed());
    let xml = String::from_utf8(prepared.complete(&genuine).unwrap()).unwrap();
    let limits = LotLimits::default();
    assert!(verify_signature(xml.as_bytes(), &practice.store, NOW, &limits).is_ok());
    let forged = xml.replace(&STANDARD.encode(&genuine), &STANDARD.encode(&value));
    assert_ne!(forged, xml);
    assert_eq!(
        verify_signature(forged.as_bytes(), &practice.store, NOW, &limits).unwrap_err(),
        LotError::Signature
    );

    // In the place of a CMS signature's.
    let prepared = cades::prepare_detached(&sha256(b"document"), &signer(key)).unwrap();
    let genuine = sign(key, prepared.to_be_signed());
    let Output::Whole(cms) = prepared.complete(&genuine).unwrap().finish().unwrap() else {
        panic!("a CAdES signature is a file of its own");
    };
    let read = |bytes: &[u8]| {
        let mut documents = DocumentsInMemory(&[b"document"]);
        cades::read(bytes, Some(&mut documents)).is_ok()
    };
    assert!(read(&cms));
    let at = memmem(&cms, &genuine);
    let mut forged = cms.clone();
    forged[at..at + value.len()].copy_from_slice(&value);
    assert!(!read(&forged));

    // As a login: the envelope that the same members would make, with either certificate.
    let authentication = &practice.card.authentication;
    let prepared = login_request(authentication, &terms).prepare().unwrap();
    let genuine = sign(authentication, prepared.to_be_signed());
    let assertion = serde_json::to_value(prepared.complete(&genuine).unwrap()).unwrap();
    let offered = OfferedAlgorithms::all();
    let logs_in = |assertion: &Value| {
        let assertion: LoginAssertion = serde_json::from_value(assertion.clone()).unwrap();
        let expected = login::Expected {
            audience: &terms.audience,
            origin: &terms.origin,
            nonce: &terms.nonce,
            now: NOW,
            offered: &offered,
            channel_binding: ChannelBinding::None,
            stated: None,
        };
        login::verify(&expected, &assertion, &practice.store)
            .map(drop)
            .map_err(|error| error.code())
    };
    assert_eq!(logs_in(&assertion), Ok(()));
    let mut forged = assertion.clone();
    forged["signature"] = json!(URL_SAFE_NO_PAD.encode(&value));
    assert_eq!(logs_in(&forged), Err("signature-wrong"));
    forged["certificate"] = json!(URL_SAFE_NO_PAD.encode(key.certificate.der()));
    assert_eq!(logs_in(&forged), Err("certificate-refused"));
    // The authentication key's signature of the very bytes of an approval is none, whichever certificate goes with it.
    let by_authentication = sign(authentication, &kinds.bytes[0].1);
    let foreign = changed(
        &made,
        "signature",
        json!(URL_SAFE_NO_PAD.encode(by_authentication)),
    );
    assert_eq!(code(&practice, &terms, &foreign, NOW), "signature-wrong");
}

fn memmem(bytes: &[u8], part: &[u8]) -> usize {
    bytes
        .windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

/// LP(x) of docs/signer-modes.md.
fn length_prefixed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [length.as_slice(), bytes].concat()
}

/// Section 2 of docs/signer-modes.md, from the envelope and from what the server knows.
fn laid_out(envelope: &Value) -> Vec<u8> {
    let decoded = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(envelope[name].as_str().unwrap())
            .unwrap()
    };
    let time = |name: &str| envelope[name].as_u64().unwrap().to_be_bytes().to_vec();
    let shown: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&envelope["shown"].as_str().unwrap()[at..at + 2], 16).unwrap())
        .collect();
    let set = "2.25.1000";
    let mut manifest = [
        length_prefixed(b"1999999904"),
        length_prefixed(set.as_bytes()),
        length_prefixed(b"285072B50202465^^^&1.2.250.1.213.1.4.10&ISO^NH"),
        length_prefixed(&2_u32.to_be_bytes()),
    ]
    .concat();
    for (id, title) in [(1_u128, "Compte rendu"), (2, "Synthèse")] {
        manifest.extend(length_prefixed(format!("2.25.{id}").as_bytes()));
        manifest.extend(length_prefixed(title.as_bytes()));
        manifest.extend(length_prefixed(&sha256(&id.to_be_bytes())));
    }
    [
        vec![0x20; 64],
        b"card-agent approval of documents v1\0".to_vec(),
        length_prefixed(b"RS256"),
        length_prefixed(b"dossier.example"),
        length_prefixed(b"https://cabinet.example"),
        length_prefixed(&[7; 32]),
        length_prefixed(&decoded("agent_nonce")),
        time("issued_at"),
        time("expires_at"),
        length_prefixed(b"server-signature"),
        length_prefixed(&sha256(&decoded("certificate"))),
        2_u32.to_be_bytes().to_vec(),
        length_prefixed(&sha256(&manifest)),
        length_prefixed(&shown),
    ]
    .concat()
}

#[test]
fn openssl_verifies_the_bytes_that_the_page_lays_out() {
    let practice = Practice::new();
    let terms = Terms::new();
    let made = approval(&practice, &terms);
    let envelope: Value = serde_json::from_slice(&made.to_json().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let certificate = URL_SAFE_NO_PAD
        .decode(envelope["certificate"].as_str().unwrap())
        .unwrap();
    write("certificate.der", &certificate);
    let signature = URL_SAFE_NO_PAD
        .decode(envelope["signature"].as_str().unwrap())
        .unwrap();
    write("signature", &signature);
    let run = |arguments: &[&str]| {
        Command::new("openssl")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap_or_else(|error| panic!("openssl cannot be run: {error}"))
    };
    let key = run(&[
        "x509",
        "-inform",
        "DER",
        "-in",
        "certificate.der",
        "-pubkey",
        "-noout",
    ]);
    write("key.pem", &key.stdout);
    let verifies = |bytes: &[u8]| {
        write("bytes", bytes);
        let arguments = [
            "dgst",
            "-sha256",
            "-verify",
            "key.pem",
            "-signature",
            "signature",
            "bytes",
        ];
        run(&arguments).status.success()
    };
    let bytes = laid_out(&envelope);
    assert!(verifies(&bytes));
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(!verifies(&changed));
}

#[test]
fn a_signature_of_another_algorithm_or_key_is_not_completed() {
    let practice = Practice::new();
    let terms = Terms::new();
    let key = &practice.card.signature;
    let prepared = terms.request(key).prepare().unwrap();
    assert_eq!(prepared.sha256(), Sha256Digest::of(prepared.to_be_signed()));
    let weak = sign_with(key, prepared.to_be_signed(), MessageDigest::sha1());
    assert!(prepared.clone().complete(&weak).is_err());
    let other = practice
        .pki
        .issue_card(&CardPerson::sample_nurse(), NOW)
        .unwrap();
    let foreign = sign(&other.signature, prepared.to_be_signed());
    assert!(prepared.complete(&foreign).is_err());
}
