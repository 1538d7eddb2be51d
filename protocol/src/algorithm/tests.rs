#![allow(clippy::unwrap_used, reason = "tests")]
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};

use super::*;

const RS256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1Sha256;

#[test]
fn signature_of_the_right_key_and_message_only() {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let spki = key.public_key_to_der().unwrap();
    let signature = Signer::new(MessageDigest::sha256(), &key)
        .unwrap()
        .sign_oneshot_to_vec(b"message")
        .unwrap();
    assert_eq!(SignatureAlgorithm::for_key(&spki), Ok(RS256));
    assert_eq!(RS256.verify(&spki, b"message", &signature), Ok(()));
    let mismatch = Err(SignatureError::Mismatch);
    assert_eq!(RS256.verify(&spki, b"messagf", &signature), mismatch);
    assert_eq!(RS256.verify(&spki, b"message", &signature[1..]), mismatch);
    assert_eq!(RS256.verify(&spki, b"message", b""), mismatch);
    let mut longer = signature.clone();
    longer.push(0);
    assert_eq!(RS256.verify(&spki, b"message", &longer), mismatch);
    let sha1 = Signer::new(MessageDigest::sha1(), &key)
        .unwrap()
        .sign_oneshot_to_vec(b"message")
        .unwrap();
    assert_eq!(RS256.verify(&spki, b"message", &sha1), mismatch);
}

#[test]
fn a_pss_signature_has_a_salt_of_32_bytes() {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let spki = key.public_key_to_der().unwrap();
    let sign = |salt| {
        let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer
            .set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))
            .unwrap();
        signer.sign_oneshot_to_vec(b"message").unwrap()
    };
    const PS256: SignatureAlgorithm = SignatureAlgorithm::RsaPssSha256;
    assert_eq!(PS256.verify(&spki, b"message", &sign(32)), Ok(()));
    let mismatch = Err(SignatureError::Mismatch);
    for salt in [0, 20, 31, 33] {
        assert_eq!(PS256.verify(&spki, b"message", &sign(salt)), mismatch);
    }
    assert_eq!(PS256.verify(&spki, b"messagf", &sign(32)), mismatch);
    assert_eq!(RS256.verify(&spki, b"message", &sign(32)), mismatch);
    assert_eq!("PS256".parse(), Ok(PS256));
    assert!(!SignatureAlgorithm::ALL.contains(&PS256));
    assert_ne!(SignatureAlgorithm::for_key(&spki), Ok(PS256));
}

#[test]
fn keys_that_are_refused() {
    let small = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    assert_eq!(
        SignatureAlgorithm::for_key(&small.public_key_to_der().unwrap()),
        Err(SignatureError::KeySize { bits: 1024 })
    );
    let curve = PKey::from_ec_key(curve_key(Nid::X9_62_PRIME256V1)).unwrap();
    assert_eq!(
        SignatureAlgorithm::for_key(&curve.public_key_to_der().unwrap()),
        Err(SignatureError::UnsupportedKey)
    );
    let three = Rsa::generate_with_e(2048, &BigNum::from_u32(3).unwrap()).unwrap();
    assert_eq!(
        SignatureAlgorithm::for_key(&three.public_key_to_der().unwrap()),
        Err(SignatureError::Exponent)
    );
    assert_eq!(
        SignatureAlgorithm::for_key(b""),
        Err(SignatureError::UnsupportedKey)
    );
}

#[test]
fn names_are_exact() {
    assert_eq!("RS256".parse(), Ok(RS256));
    for name in ["rs256", "RS256 ", "none", "HS256", "RS1", "ES512", ""] {
        assert_eq!(name.parse::<SignatureAlgorithm>(), Err(UnknownAlgorithm));
    }
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
        let json = format!("\"{algorithm}\"");
        assert_eq!(serde_json::to_string(&algorithm).unwrap(), json);
        assert_eq!(
            SignatureAlgorithm::from_xml_uri(algorithm.xml_uri()),
            Some(algorithm)
        );
        let parameters = algorithm.oid_parameters();
        for digest in DigestAlgorithm::ALL {
            let found =
                SignatureAlgorithm::from_oid(algorithm.oid(), parameters.as_deref(), digest);
            let expected = (digest == algorithm.digest()).then_some(algorithm);
            assert_eq!(found, expected);
        }
    }
}

const CURVES: [(Curve, Nid, SignatureAlgorithm); 2] = [
    (
        Curve::P256,
        Nid::X9_62_PRIME256V1,
        SignatureAlgorithm::EcdsaP256Sha256,
    ),
    (
        Curve::P384,
        Nid::SECP384R1,
        SignatureAlgorithm::EcdsaP384Sha384,
    ),
];

fn curve_key(name: Nid) -> EcKey<Private> {
    EcKey::generate(&EcGroup::from_curve_name(name).unwrap()).unwrap()
}

fn subject_public_key_info(key: &EcKey<Private>) -> Vec<u8> {
    key.public_key_to_der().unwrap()
}

#[test]
fn curve_signatures_are_r_and_s_within_the_order() {
    for (curve, name, algorithm) in CURVES {
        let key = curve_key(name);
        let spki = subject_public_key_info(&key);
        assert_eq!(
            SignatureAlgorithm::for_documents(&spki),
            Ok([algorithm].as_slice())
        );
        let digest = algorithm.digest().digest(b"message").unwrap();
        let der = EcdsaSig::sign(&digest, &key).unwrap().to_der().unwrap();
        let value = algorithm.from_cms_value(&der).unwrap();
        let length = curve.coordinate_length();
        assert_eq!(value.len(), 2 * length);
        assert_eq!(algorithm.verify(&spki, b"message", &value), Ok(()));
        assert_eq!(algorithm.cms_value(&value).unwrap(), der);

        let mismatch = Err(SignatureError::Mismatch);
        let refused =
            |value: &[u8]| assert_eq!(algorithm.verify(&spki, b"message", value), mismatch);
        assert_eq!(algorithm.verify(&spki, b"messagf", &value), mismatch);
        refused(&der);
        refused(b"");
        refused(&value[1..]);
        refused(&[value.as_slice(), &[0]].concat());
        refused(&[&[0], value.as_slice()].concat());
        let (r, s) = value.split_at(length);
        let zero = vec![0; length];
        refused(&[r, &zero].concat());
        refused(&[&zero, s].concat());
        refused(&[zero.as_slice(), &zero].concat());
        // The order itself, and the largest numbers of that length.
        let mut order = BigNum::new().unwrap();
        let mut context = BigNumContext::new().unwrap();
        key.group().order(&mut order, &mut context).unwrap();
        let padded = i32::try_from(length).unwrap();
        let order = order.to_vec_padded(padded).unwrap();
        refused(&[r, &order].concat());
        refused(&[order.as_slice(), s].concat());
        refused(&vec![0xFF; 2 * length]);
        refused(&[s, r].concat());
    }
}

#[test]
fn a_key_verifies_with_its_own_scheme_and_curve_only() {
    let another = Err(SignatureError::AnotherKey);
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let rsa = rsa.public_key_to_der().unwrap();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        for (_, name, own) in CURVES {
            let spki = subject_public_key_info(&curve_key(name));
            if algorithm != own {
                assert_eq!(algorithm.verify(&spki, b"", &[0; 64]), another);
            }
        }
        if let SignatureScheme::Ecdsa(_) = algorithm.scheme() {
            assert_eq!(algorithm.verify(&rsa, b"", &[0; 256]), another);
        } else {
            assert!(
                SignatureAlgorithm::for_documents(&rsa)
                    .unwrap()
                    .contains(&algorithm)
            );
        }
    }
}

#[test]
fn curves_that_are_refused() {
    let unsupported = Err(SignatureError::UnsupportedKey);
    for name in [
        Nid::SECP521R1,
        Nid::SECP256K1,
        Nid::SECP224R1,
        Nid::BRAINPOOL_P256R1,
    ] {
        let spki = subject_public_key_info(&curve_key(name));
        assert_eq!(SignatureAlgorithm::for_documents(&spki), unsupported);
    }
    for (curve, name, algorithm) in CURVES {
        let mut group = EcGroup::from_curve_name(name).unwrap();
        let point = curve_key(name);
        let spki = subject_public_key_info(&point);
        assert!(SignatureAlgorithm::for_documents(&spki).is_ok());
        // The same curve by its parameters.
        group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
        let explicit = EcKey::from_public_key(&group, point.public_key()).unwrap();
        let explicit = explicit.public_key_to_der().unwrap();
        assert_ne!(explicit, spki);
        assert_eq!(SignatureAlgorithm::for_documents(&explicit), unsupported);
        // The same point, compressed.
        let mut context = BigNumContext::new().unwrap();
        let compressed = point
            .public_key()
            .to_bytes(point.group(), PointConversionForm::COMPRESSED, &mut context)
            .unwrap();
        let mut header = spki[..spki.len() - 2 * curve.coordinate_length() - 1].to_vec();
        let shorter = u8::try_from(curve.coordinate_length()).unwrap();
        header[1] -= shorter;
        let bits = header.len() - 2;
        header[bits] -= shorter;
        let compressed = [header, compressed].concat();
        assert!(PKey::public_key_from_der(&compressed).is_ok());
        assert_eq!(SignatureAlgorithm::for_documents(&compressed), unsupported);
        // A point beside the curve, one at infinity, and a key with something after it.
        let mut beside = spki.clone();
        *beside.last_mut().unwrap() ^= 1;
        assert_eq!(SignatureAlgorithm::for_documents(&beside), unsupported);
        let mut infinity = spki.clone();
        let start = infinity.len() - 2 * curve.coordinate_length();
        infinity[start..].fill(0);
        assert_eq!(SignatureAlgorithm::for_documents(&infinity), unsupported);
        let longer = [spki.as_slice(), &[0]].concat();
        assert_eq!(SignatureAlgorithm::for_documents(&longer), unsupported);
        assert_eq!(
            algorithm.verify(&longer, b"", &[]),
            Err(SignatureError::UnsupportedKey)
        );
    }
}

#[test]
fn der_of_a_curve_signature_has_one_form() {
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let refused = |der: &[u8]| {
        assert_eq!(
            algorithm.from_cms_value(der),
            Err(SignatureError::Encoding),
            "{der:02x?}"
        );
    };
    let value = algorithm
        .from_cms_value(&[0x30, 6, 2, 1, 1, 2, 1, 0x7F])
        .unwrap();
    let padded = |last: u8| [[0; 31].as_slice(), &[last]].concat();
    assert_eq!(value, [padded(1), padded(0x7F)].concat());
    assert_eq!(
        algorithm.cms_value(&value).unwrap(),
        [0x30, 6, 2, 1, 1, 2, 1, 0x7F]
    );
    refused(&[]);
    refused(&[0x30, 0]);
    refused(&[0x30, 6, 2, 1, 0, 2, 1, 1]); // zero
    refused(&[0x30, 6, 2, 1, 1, 2, 1, 0x80]); // negative
    refused(&[0x30, 7, 2, 2, 0, 1, 2, 1, 1]); // an integer that is not the shortest
    refused(&[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]); // a length that is not
    refused(&[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0]); // an indefinite one
    refused(&[0x30, 6, 2, 1, 1, 2, 1, 1, 0]); // something after it
    refused(&[0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]); // something in it
    let long = [[0x30, 38, 2, 33, 1].as_slice(), &[0; 32], &[2, 1, 1]].concat();
    assert!(EcdsaSig::from_der(&long).is_ok());
    refused(&long); // 33 bytes
    let zero = [[0; 32].as_slice(), &padded(1)].concat();
    for value in [
        zero.as_slice(),
        &value[1..],
        &[value.as_slice(), &[1]].concat(),
        &[],
    ] {
        assert_eq!(algorithm.cms_value(value), Err(SignatureError::Encoding));
    }
}

#[test]
fn identifiers_of_cms_that_are_refused() {
    let of = SignatureAlgorithm::from_oid;
    let sha256 = DigestAlgorithm::Sha256;
    let pss = SignatureAlgorithm::RsaPssSha256;
    let parameters = pss.oid_parameters().unwrap();
    // Written as RFC 4055 section 6 gives it.
    assert_eq!(parameters.len(), 54);
    assert_eq!(of(pss.oid(), None, sha256), None);
    assert_eq!(of(pss.oid(), Some(&[0x30, 0]), sha256), None);
    assert_eq!(of(pss.oid(), Some(&[0x05, 0]), sha256), None);
    // Any other byte: another digest, mask or salt.
    for index in 0..parameters.len() {
        let mut changed = parameters.clone();
        changed[index] ^= 1;
        assert_eq!(of(pss.oid(), Some(&changed), sha256), None);
    }
    let curve = SignatureAlgorithm::EcdsaP256Sha256;
    assert_eq!(of(curve.oid(), None, sha256), Some(curve));
    assert_eq!(of(curve.oid(), Some(&[0x05, 0]), sha256), None);
    let rsa = "1.2.840.113549.1.1.1";
    assert_eq!(of(rsa, None, sha256), Some(RS256));
    assert_eq!(of(rsa, Some(&[0x05, 0]), sha256), Some(RS256));
    assert_eq!(of(rsa, Some(&parameters), sha256), None);
    // RSA with SHA-1.
    assert_eq!(of("1.2.840.113549.1.1.5", None, sha256), None);
}
