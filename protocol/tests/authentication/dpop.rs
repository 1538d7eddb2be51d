//! Proofs of possession: what is made holds for its request, once, and for no other; a library that nobody here wrote (jwcrypto, in the
//! judges' Python) makes and reads them too.

use crate::support::{self, NOW};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::Private;
use paraphe_protocol::dpop::{
    FirstUseError, P256PublicJwk, ProofDraft, ProofError, ProofExpectation, verify,
};
use paraphe_protocol::login_server::{Connection, MemoryStore, SessionKey};
use serde_json::{Value, json};

const URL: &str = "https://dossier.example/v1/records";

struct Client {
    key: EcKey<Private>,
    jwk: P256PublicJwk,
}

impl Client {
    fn new() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let mut context = BigNumContext::new().unwrap();
        key.public_key()
            .affine_coordinates(&group, &mut x, &mut y, &mut context)
            .unwrap();
        let coordinate = |number: &BigNum| number.to_vec_padded(32).unwrap().try_into().unwrap();
        let jwk = P256PublicJwk::from_coordinates(&coordinate(&x), &coordinate(&y)).unwrap();
        Self { key, jwk }
    }

    fn draft(&self) -> ProofDraft<'_> {
        ProofDraft {
            key: &self.jwk,
            method: "POST",
            url: URL,
            issued_at: NOW,
            identifier: [5; 16],
            access_token: Some("token"),
            nonce: None,
        }
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = EcdsaSig::sign(&openssl::sha::sha256(bytes), &self.key).unwrap();
        let part = |number: &openssl::bn::BigNumRef| number.to_vec_padded(32).unwrap();
        [part(signature.r()), part(signature.s())].concat()
    }

    fn proof(&self, draft: &ProofDraft<'_>) -> String {
        let prepared = draft.prepare().unwrap();
        let signature = self.sign(prepared.to_be_signed());
        prepared.complete(&signature).unwrap()
    }

    /// A proof of this header and these claims, whatever they are.
    fn raw(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()))
        )
    }
}

fn parts(proof: &str) -> (Value, Value) {
    let mut parts = proof
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

fn expected(urls: &[String]) -> ProofExpectation<'_> {
    ProofExpectation {
        method: "POST",
        urls,
        access_token: Some("token"),
        nonce: None,
        now: NOW,
    }
}

#[test]
fn a_proof_holds_for_its_request_once_and_for_no_other() {
    let (client, mut store) = (Client::new(), MemoryStore::new());
    let urls = ["https://autre.example/".to_owned(), URL.to_owned()];
    let proof = client.proof(&client.draft());
    let expected = expected(&urls);
    let fresh = verify(&proof, &expected)
        .unwrap()
        .first_use(&mut store, NOW)
        .unwrap();
    assert_eq!(fresh.thumbprint(), client.jwk.thumbprint());
    for seconds in [0, 1, 120] {
        let now = NOW.plus_seconds(seconds);
        let again = verify(&proof, &ProofExpectation { now, ..expected }).unwrap();
        let refused = again.first_use(&mut store, now).unwrap_err();
        assert!(
            matches!(refused, FirstUseError::Replayed),
            "after {seconds} s"
        );
    }
    for (other, error) in [
        (
            ProofExpectation {
                method: "GET",
                ..expected
            },
            ProofError::Method,
        ),
        (
            ProofExpectation {
                urls: &urls[..1],
                ..expected
            },
            ProofError::Url,
        ),
        (
            ProofExpectation {
                access_token: Some("other"),
                ..expected
            },
            ProofError::Token,
        ),
        (
            ProofExpectation {
                access_token: None,
                ..expected
            },
            ProofError::Token,
        ),
        (
            ProofExpectation {
                nonce: Some("n"),
                ..expected
            },
            ProofError::Nonce,
        ),
        (
            ProofExpectation {
                now: NOW.plus_seconds(121),
                ..expected
            },
            ProofError::Time,
        ),
        (
            ProofExpectation {
                now: NOW.plus_seconds(-121),
                ..expected
            },
            ProofError::Time,
        ),
    ] {
        assert_eq!(verify(&proof, &other).unwrap_err(), error);
    }
    let nonce = ProofDraft {
        nonce: Some("n"),
        ..client.draft()
    };
    let repeated = ProofExpectation {
        nonce: Some("n"),
        ..expected
    };
    let _ = verify(&client.proof(&nonce), &repeated).unwrap();
}

#[test]
fn proofs_that_are_none() {
    let client = Client::new();
    let urls = [URL.to_owned()];
    let expected = expected(&urls);
    let good = client.proof(&client.draft());
    let (header, claims) = parts(&good);
    let with = |part: &Value, name: &str, value: Value| {
        let mut part = part.clone();
        part[name] = value;
        part
    };
    let without = |part: &Value, name: &str| {
        let mut part = part.clone();
        part.as_object_mut().unwrap().remove(name);
        part
    };
    let jwk = &header["jwk"];
    let other = Client::new();
    let (other_header, _) = parts(&other.proof(&other.draft()));
    let not_on_curve = with(jwk, "x", json!(URL_SAFE_NO_PAD.encode([1; 32])));
    for (header, claims, error) in [
        (
            with(&header, "typ", json!("JWT")),
            claims.clone(),
            ProofError::Kind,
        ),
        (
            with(&header, "alg", json!("none")),
            claims.clone(),
            ProofError::Kind,
        ),
        (
            with(&header, "alg", json!("HS256")),
            claims.clone(),
            ProofError::Kind,
        ),
        (
            without(&header, "jwk"),
            claims.clone(),
            ProofError::Malformed,
        ),
        (
            with(&header, "jwk", with(jwk, "d", json!("AAAA"))),
            claims.clone(),
            ProofError::Key(paraphe_protocol::dpop::JwkError),
        ),
        (
            with(&header, "jwk", not_on_curve),
            claims.clone(),
            ProofError::Key(paraphe_protocol::dpop::JwkError),
        ),
        (
            with(&header, "jwk", with(jwk, "crv", json!("P-384"))),
            claims.clone(),
            ProofError::Key(paraphe_protocol::dpop::JwkError),
        ),
        // Signed by another key than the one inside.
        (other_header, claims.clone(), ProofError::Signature),
        (
            header.clone(),
            without(&claims, "jti"),
            ProofError::Malformed,
        ),
        (
            header.clone(),
            with(&claims, "jti", json!("")),
            ProofError::Malformed,
        ),
        (
            header.clone(),
            with(&claims, "jti", json!("a".repeat(300))),
            ProofError::Malformed,
        ),
        (
            header.clone(),
            without(&claims, "htu"),
            ProofError::Malformed,
        ),
        (
            header.clone(),
            with(&claims, "htu", json!("http://dossier.example/v1/records")),
            ProofError::Url,
        ),
        (header.clone(), without(&claims, "ath"), ProofError::Token),
        (
            header.clone(),
            with(&claims, "iat", json!(i64::MIN)),
            ProofError::Time,
        ),
        (
            header.clone(),
            with(&claims, "iat", json!("now")),
            ProofError::Malformed,
        ),
    ] {
        let proof = client.raw(&header, &claims);
        assert_eq!(
            verify(&proof, &expected).unwrap_err(),
            error,
            "{header} {claims}"
        );
    }
    // A query in the claim is not looked at, and further claims are allowed.
    let query = with(&claims, "htu", json!(format!("{URL}?a=b")));
    let _ = verify(
        &client.raw(&header, &with(&query, "more", json!(1))),
        &expected,
    )
    .unwrap();
    // One character changed, anywhere.
    for position in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert!(verify(&changed, &expected).is_err(), "{position}");
    }
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        &"A".repeat(5000),
        &format!("{good}="),
    ] {
        assert_eq!(verify(text, &expected).unwrap_err(), ProofError::Malformed);
    }
}

#[test]
fn a_session_is_its_keys() {
    let urls = [URL.to_owned()];
    let mut store = MemoryStore::new();
    let mut connection = |client: &Client| {
        let proof = verify(&client.proof(&client.draft()), &expected(&urls)).unwrap();
        Connection::new().with_proof(&proof.first_use(&mut store, NOW).unwrap())
    };
    let (owner, thief) = (Client::new(), Client::new());
    let key = connection(&owner).session_key().unwrap();
    assert_eq!(key, SessionKey::Proven(owner.jwk.thumbprint()));
    assert_eq!(
        SessionKey::from_parts(key.method(), key.digest()),
        Some(key)
    );
    let again = ProofDraft {
        identifier: [6; 16],
        ..owner.draft()
    };
    let proof = verify(&owner.proof(&again), &expected(&urls)).unwrap();
    let mut other_store = MemoryStore::new();
    let owners = Connection::new().with_proof(&proof.first_use(&mut other_store, NOW).unwrap());
    assert!(key.check(&owners).is_ok());
    assert!(key.check(&connection(&thief)).is_err());
    assert!(key.check(&Connection::new()).is_err());
    assert!(
        key.check(&Connection::new().with_client_certificate(b"c"))
            .is_err()
    );
    let certificate = Connection::new().with_client_certificate(b"c");
    let key = certificate.session_key().unwrap();
    assert_eq!(key.method(), "x5t#S256");
    assert!(key.check(&certificate).is_ok());
    assert!(
        key.check(&Connection::new().with_client_certificate(b"d"))
            .is_err()
    );
    assert!(key.check(&owners).is_err());
}

#[test]
fn another_library_makes_and_reads_proofs() {
    let client = Client::new();
    let proof = client.proof(&client.draft());
    let script = r#"
import json, sys
from jwcrypto import jwk, jws
proof = jws.JWS()
proof.deserialize(sys.argv[1])
header = json.loads(proof.objects["protected"])
key = jwk.JWK(**header["jwk"])
proof.verify(key)
print(key.thumbprint())
own = jwk.JWK.generate(kty="EC", crv="P-256")
claims = json.loads(proof.payload)
claims["jti"] = "from-another-library"
made = jws.JWS(json.dumps(claims).encode())
header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": own.export_public(as_dict=True)}
made.add_signature(own, alg="ES256", protected=json.dumps(header))
print(made.serialize(compact=True))
print(own.thumbprint())
"#;
    let judge = support::judges::python();
    let output = std::process::Command::new(judge)
        .args(["-c", script, &proof])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    let mut lines = said.lines();
    let thumbprint =
        |client: &paraphe_protocol::digest::Sha256Digest| URL_SAFE_NO_PAD.encode(client.as_bytes());
    assert_eq!(lines.next().unwrap(), thumbprint(&client.jwk.thumbprint()));
    let urls = [URL.to_owned()];
    let theirs = verify(lines.next().unwrap(), &expected(&urls)).unwrap();
    let theirs = theirs.first_use(&mut MemoryStore::new(), NOW).unwrap();
    assert_eq!(lines.next().unwrap(), thumbprint(&theirs.thumbprint()));
}
