//! Every kind of thing that a card of ours signs, crossed with every other: a signature of one kind is refused in the place of any other,
//! and the bytes of one kind cannot be those of another.
//!
//! For the worst case that a card could be: one and the same RSA key behind the authentication and the signature certificate. Where the
//! two keys differ, as on every card, each pair of different uses is refused by the certificate already; that too is tried.
//! A new kind is one more entry of [`kinds`].

use crate::support::jades::{check_jades, prepared as jades_prepared};
use crate::support::login::{base64url, private_key, sign_with_key};
use crate::support::vihf::VihfPractice;
use crate::support::xades::{check as check_xades, whole};
use crate::support::{NOW, Practice, document_signer::DocumentSigner};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::pkey::{PKey, Private};
use paraphe_certs::Certificate;
use paraphe_certs::test_pki::{CardPerson, Validity};
use paraphe_protocol::algorithm::SignatureAlgorithm::{self, RsaPkcs1Sha256, RsaPssSha256};
use paraphe_protocol::approval::{
    self, ApprovalManifest, ApprovalPurpose, ApprovalRequest, ApprovedDocument,
};
use paraphe_protocol::cades;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::{Environment, Ins, Nir, Oid};
use paraphe_protocol::login::{
    self, AgentNonce, Audience, ChannelBinding, LoginAssertion, LoginRequest, OfferedAlgorithms,
    Origin, ServerNonce,
};
use paraphe_protocol::lot::{LotDocument, LotDraft, LotLimits, SubmissionSet, verify_signature};
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Packaging, PreparedSignature, Signer,
};
use paraphe_protocol::tls::{CertificateVerify, TlsVersion};
use paraphe_protocol::vihf::VihfMode;
use paraphe_protocol::web_eid::{self, ChallengeNonce};
use paraphe_protocol::xades::{self, EmbeddedForm, XadesParameters};
use serde_json::{Value, json};

const DOCUMENT: &[u8] = b"Compte rendu de consultation\n";

/// Which certificate of the card goes with a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Authentication,
    Signature,
}

/// Whether a verifier admits its specimen with this signature value.
type Admission = Box<dyn Fn(&[u8]) -> bool>;

/// A kind of thing that is signed: one specimen, and who admits it.
struct Kind {
    name: &'static str,
    use_: Use,
    algorithm: SignatureAlgorithm,
    /// What the key signs.
    bytes: Vec<u8>,
    /// The specimen's key, where it is not the card's.
    key: Option<PKey<Private>>,
    /// Whether the verifier of this kind admits the specimen with this signature value.
    admits: Admission,
    /// Whether these bytes begin and are as long as this kind's are.
    looks_like: fn(&[u8]) -> bool,
}

/// One key with two certificates.
struct Card {
    practice: Practice,
    signer: DocumentSigner,
    authentication: Certificate,
    key: PKey<Private>,
}

impl Card {
    fn new() -> Self {
        let practice = Practice::new();
        let signer = DocumentSigner::new(&practice, RsaPkcs1Sha256);
        let person = CardPerson::sample_physician();
        let template = person.authentication_template(Validity::of_card(NOW.plus_days(-1)));
        let public = PKey::public_key_from_der(signer.certificate.spki_der()).unwrap();
        let public = public.public_key_to_pem().unwrap();
        let authentication = practice
            .pki
            .issue_for_key(person.authority(), &template, &public)
            .unwrap();
        let key = PKey::private_key_from_pem(&signer.private_key_pem()).unwrap();
        Self {
            practice,
            signer,
            authentication,
            key,
        }
    }

    fn sign(&self, algorithm: SignatureAlgorithm, bytes: &[u8]) -> Vec<u8> {
        sign_with_key(&self.key, algorithm, bytes)
    }
}

fn is_context(bytes: &[u8], context: &[u8]) -> bool {
    bytes.starts_with(&[b' '; 64])
        && bytes[64..].starts_with(context)
        && bytes.get(64 + context.len()) == Some(&0)
}

fn is_signed_info(bytes: &[u8]) -> bool {
    bytes.starts_with(b"<ds:SignedInfo") || bytes.starts_with(b"<SignedInfo")
}

/// A file with one signature value in the place of another, in this encoding.
fn replaced(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = file.windows(from.len()).position(|part| part == from);
    let at = at.unwrap();
    [&file[..at], to, &file[at + from.len()..]].concat()
}

fn login(card: &Card, algorithm: SignatureAlgorithm, name: &'static str) -> Kind {
    let audience: Audience = "dossier.example".parse().unwrap();
    let origin: Origin = "https://cabinet.example".parse().unwrap();
    let nonce = ServerNonce::of_32_bytes([7; 32]);
    let offered = OfferedAlgorithms::all();
    let prepared = LoginRequest {
        algorithm,
        audience: &audience,
        origin: &origin,
        nonce: &nonce,
        agent_nonce: AgentNonce::from_bytes([8; 32]),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(120),
        certificate: &card.authentication,
        channel_binding: ChannelBinding::None,
        shown: Sha256Digest::of(b"shown"),
        offered: &offered,
    }
    .prepare()
    .unwrap();
    let bytes = prepared.to_be_signed().to_vec();
    let genuine = prepared.complete(&card.sign(algorithm, &bytes)).unwrap();
    let genuine = serde_json::to_value(genuine).unwrap();
    let store = card.practice.store.clone();
    Kind {
        name,
        use_: Use::Authentication,
        algorithm,
        bytes,
        key: None,
        admits: Box::new(move |value| {
            let mut presented = genuine.clone();
            presented["signature"] = json!(base64url(value));
            let presented: LoginAssertion = serde_json::from_value(presented).unwrap();
            let expected = login::Expected {
                audience: &audience,
                origin: &origin,
                nonce: &nonce,
                now: NOW,
                offered: &offered,
                channel_binding: ChannelBinding::None,
                stated: None,
            };
            login::verify(&expected, &presented, &store).is_ok()
        }),
        looks_like: |bytes| is_context(bytes, login::CONTEXT),
    }
}

fn web_eid_token(card: &Card) -> Kind {
    let origin: Origin = "https://cabinet.example".parse().unwrap();
    let nonce = ChallengeNonce::new(&"n".repeat(44)).unwrap();
    let prepared = web_eid::prepare(&card.authentication, RsaPkcs1Sha256, &origin, &nonce).unwrap();
    Kind {
        name: "web-eid token",
        use_: Use::Authentication,
        algorithm: RsaPkcs1Sha256,
        bytes: prepared.to_be_signed().to_vec(),
        key: None,
        // As a site does: laid out again, and verified with the certificate's key.
        admits: Box::new(move |value| prepared.clone().complete(value, "0").is_ok()),
        looks_like: |bytes| matches!(bytes.len(), 64 | 96),
    }
}

fn tls13(card: &Card) -> Kind {
    let content = [
        &[b' '; 64][..],
        b"TLS 1.3, client CertificateVerify\0",
        Sha256Digest::of(b"transcript").as_bytes(),
    ]
    .concat();
    let (spki, bytes) = (card.authentication.spki_der().to_vec(), content.clone());
    Kind {
        name: "TLS 1.3 CertificateVerify",
        use_: Use::Authentication,
        algorithm: RsaPssSha256,
        bytes,
        key: None,
        admits: Box::new(move |value| RsaPssSha256.verify(&spki, &content, value).is_ok()),
        looks_like: |bytes| CertificateVerify::read(TlsVersion::Tls13, bytes).is_ok(),
    }
}

fn tls12(card: &Card) -> Kind {
    // ClientHello, ServerHello and the rest, each with its type and length (RFC 5246 section 7.4.8).
    let message = |kind: u8, body: &[u8]| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind], &length[1..], body].concat()
    };
    let content: Vec<u8> = [1, 2, 11, 12, 13, 14, 11, 16]
        .iter()
        .flat_map(|kind| message(*kind, &[3; 40]))
        .collect();
    let (spki, bytes) = (card.authentication.spki_der().to_vec(), content.clone());
    Kind {
        name: "TLS 1.2 CertificateVerify",
        use_: Use::Authentication,
        algorithm: RsaPkcs1Sha256,
        bytes,
        key: None,
        admits: Box::new(move |value| RsaPkcs1Sha256.verify(&spki, &content, value).is_ok()),
        looks_like: |bytes| CertificateVerify::read(TlsVersion::Tls12, bytes).is_ok(),
    }
}

fn patient() -> Ins {
    let nir = Nir::from_number("1610275999999").unwrap();
    Ins::new(nir, Environment::Test)
}

fn lot_document() -> LotDocument {
    LotDocument {
        unique_id: Oid::from_uuid(1),
        sha256: Sha256Digest::of(DOCUMENT),
    }
}

fn approval(card: &Card) -> Kind {
    let audience: Audience = "dossier.example".parse().unwrap();
    let origin: Origin = "https://cabinet.example".parse().unwrap();
    let nonce = ServerNonce::of_32_bytes([7; 32]);
    let documents = vec![ApprovedDocument {
        document: lot_document(),
        title: "Compte rendu".to_owned(),
    }];
    let manifest =
        ApprovalManifest::new("1999999904", Oid::from_uuid(9), patient(), documents, 2).unwrap();
    let purpose = ApprovalPurpose::ServerSignature;
    let prepared = ApprovalRequest {
        purpose,
        audience: &audience,
        origin: &origin,
        nonce: &nonce,
        agent_nonce: AgentNonce::from_bytes([8; 32]),
        issued_at: NOW,
        expires_at: NOW.plus_seconds(120),
        certificate: &card.signer.certificate,
        manifest: &manifest,
        shown: Sha256Digest::of(b"shown"),
    }
    .prepare()
    .unwrap();
    let bytes = prepared.to_be_signed().to_vec();
    let genuine = prepared
        .complete(&card.sign(RsaPkcs1Sha256, &bytes))
        .unwrap();
    let genuine = serde_json::to_value(genuine).unwrap();
    let store = card.practice.store.clone();
    Kind {
        name: "approval",
        use_: Use::Signature,
        algorithm: RsaPkcs1Sha256,
        bytes,
        key: None,
        admits: Box::new(move |value| {
            let mut presented: Value = genuine.clone();
            presented["signature"] = json!(base64url(value));
            let presented = serde_json::from_value(presented).unwrap();
            let expected = approval::Expected {
                purpose,
                audience: &audience,
                origin: &origin,
                nonce: &nonce,
                now: NOW,
                manifest: &manifest,
            };
            approval::verify(&expected, &presented, &store).is_ok()
        }),
        looks_like: |bytes| is_context(bytes, b"card-agent approval of documents v1"),
    }
}

fn lot(card: &Card) -> Kind {
    let set = SubmissionSet {
        unique_id: Oid::from_uuid(1000),
        source_id: Oid::from_uuid(2000),
        patient: patient(),
        submission_time: NOW,
    };
    let prepared = LotDraft::new(set, vec![lot_document()], &LotLimits::default())
        .unwrap()
        .prepare(&card.signer.certificate, &[], NOW)
        .unwrap();
    let bytes = prepared.to_be_signed().to_vec();
    let genuine = card.sign(RsaPkcs1Sha256, &bytes);
    let file = prepared.complete(&genuine).unwrap();
    let genuine = STANDARD.encode(genuine);
    let store = card.practice.store.clone();
    Kind {
        name: "lot SignedInfo",
        use_: Use::Signature,
        algorithm: RsaPkcs1Sha256,
        bytes,
        key: None,
        admits: Box::new(move |value| {
            let value = STANDARD.encode(value);
            let file = replaced(&file, genuine.as_bytes(), value.as_bytes());
            verify_signature(&file, &store, NOW, &LotLimits::default()).is_ok()
        }),
        looks_like: is_signed_info,
    }
}

/// The SAML assertion of the French record. Its verifier needs authorities of structures too, so it has a card of its own.
fn vihf() -> Kind {
    let practice = VihfPractice::new();
    let mode = VihfMode::Direct;
    let prepared = practice.prepared(mode);
    let bytes = prepared.to_be_signed().to_vec();
    let key = private_key(practice.signer(mode));
    let genuine = sign_with_key(&key, RsaPkcs1Sha256, &bytes);
    let file = prepared.complete(&genuine).unwrap();
    let genuine = STANDARD.encode(genuine);
    Kind {
        name: "VIHF SignedInfo",
        use_: Use::Signature,
        algorithm: RsaPkcs1Sha256,
        bytes,
        key: Some(key),
        admits: Box::new(move |value| {
            let value = STANDARD.encode(value);
            let file = replaced(&file, genuine.as_bytes(), value.as_bytes());
            practice.check(&file).is_ok()
        }),
        looks_like: is_signed_info,
    }
}

/// A signature of a document in any format: laid out, signed, and read again with another value in it.
fn document(
    card: &Card,
    (name, looks_like): (&'static str, fn(&[u8]) -> bool),
    prepared: Box<dyn PreparedSignature>,
    encode: fn(&[u8]) -> Vec<u8>,
    reads: impl Fn(&[u8]) -> bool + 'static,
) -> Kind {
    let bytes = prepared.to_be_signed().to_vec();
    let genuine = card.sign(RsaPkcs1Sha256, &bytes);
    let file = whole(prepared.complete(&genuine).unwrap().finish().unwrap());
    let genuine = encode(&genuine);
    Kind {
        name,
        use_: Use::Signature,
        algorithm: RsaPkcs1Sha256,
        bytes,
        key: None,
        admits: Box::new(move |value| reads(&replaced(&file, &genuine, &encode(value)))),
        looks_like,
    }
}

fn kinds(card: &Card) -> Vec<Kind> {
    let signer = || Signer {
        certificate: &card.signer.certificate,
        chain: &[],
        algorithm: RsaPkcs1Sha256,
        signing_time: NOW,
    };
    let parameters = XadesParameters {
        signer: signer(),
        digest: DigestAlgorithm::Sha256,
        claimed_role: None,
        commitment: None,
    };
    let form = EmbeddedForm::Base64;
    let xades = xades::prepare_enveloping(DOCUMENT, "text/plain", form, &parameters).unwrap();
    let digest = DigestAlgorithm::Sha256.digest(DOCUMENT).unwrap();
    let cms = cades::prepare_detached(&digest, &signer()).unwrap();
    let files: [(&str, &[u8]); 1] = [("compte-rendu.txt", DOCUMENT)];
    let jades = jades_prepared(&card.signer, Packaging::Enveloping, &files);
    let base64 = |value: &[u8]| STANDARD.encode(value).into_bytes();
    let base64url = |value: &[u8]| URL_SAFE_NO_PAD.encode(value).into_bytes();
    vec![
        login(card, RsaPkcs1Sha256, "login"),
        login(card, RsaPssSha256, "login by PSS"),
        web_eid_token(card),
        tls12(card),
        tls13(card),
        approval(card),
        lot(card),
        vihf(),
        document(
            card,
            ("XAdES SignedInfo", is_signed_info),
            xades,
            base64,
            |file| check_xades(file, &[]).is_ok(),
        ),
        document(
            card,
            ("CMS signed attributes", |bytes| {
                bytes.first() == Some(&0x31)
            }),
            cms,
            <[u8]>::to_vec,
            |file| cades::read(file, Some(&mut DocumentsInMemory(&[DOCUMENT]))).is_ok(),
        ),
        document(
            card,
            ("JAdES signing input", |bytes| bytes.starts_with(b"ey")),
            jades,
            base64url,
            |file| check_jades(file, &[]).is_ok(),
        ),
    ]
}

#[test]
fn no_signature_of_one_kind_is_one_of_another() {
    let card = Card::new();
    let kinds = kinds(&card);
    let mut pairs = 0;
    for made in &kinds {
        for place in &kinds {
            // By the very key whose signature is due there.
            let key = place.key.as_ref().unwrap_or(&card.key);
            let value = sign_with_key(key, made.algorithm, &made.bytes);
            let same = made.name == place.name;
            assert_eq!(
                (place.admits)(&value),
                same,
                "{} in the place of {}",
                made.name,
                place.name
            );
            pairs += usize::from(!same);
        }
    }
    println!("{pairs} pairs of {} kinds", kinds.len());
}

#[test]
fn bytes_of_one_kind_cannot_be_those_of_another() {
    let card = Card::new();
    let kinds = kinds(&card);
    // Kinds of one family differ in what they hold, which their verifiers rebuild.
    let families = [
        &["login", "login by PSS"][..],
        &["lot SignedInfo", "VIHF SignedInfo", "XAdES SignedInfo"],
    ];
    for made in &kinds {
        for other in &kinds {
            let together = |family: &&[&str]| {
                [made.name, other.name]
                    .iter()
                    .all(|name| family.contains(name))
            };
            let same = made.name == other.name || families.iter().any(together);
            let looks_like = (other.looks_like)(&made.bytes);
            assert_eq!(looks_like, same, "{} like {}", made.name, other.name);
        }
    }
}

#[test]
fn a_key_of_one_use_is_refused_for_the_other_by_its_certificate() {
    let card = Card::new();
    let login = kinds(&card).into_iter().next().unwrap();
    assert_eq!(login.use_, Use::Authentication);
    // A genuine login by the key, presented with its signature certificate, and an approval with its authentication certificate.
    let store = &card.practice.store;
    let authentication = &card.authentication;
    let signature = &card.signer.certificate;
    let logs_in = |certificate| {
        store
            .verify::<paraphe_certs::CardLogin>(certificate, NOW)
            .is_ok()
    };
    let signs = |certificate| {
        store
            .verify::<paraphe_certs::CardSignature>(certificate, NOW)
            .is_ok()
    };
    assert!(logs_in(authentication) && !logs_in(signature));
    assert!(signs(signature) && !signs(authentication));
}
