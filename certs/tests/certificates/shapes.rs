//! Paths of the shapes that x509-limbo describes for client authentication and its neighbours (RFC 5280 clauses beside each), made here
//! and verified by the uses' own rules: name constraints on mail addresses and names of people, authorities that may not issue, extensions
//! in the wrong place. The suite itself runs with `sh tests/limbo.sh`.

use crate::fixture::NOW;
use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Extension, X509Name, X509NameBuilder};
use paraphe_certs::der::{self, IA5_STRING};
use paraphe_certs::{Certificate, PathRules, TrustStore};

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_KEY: &str = "2.5.29.14";
const AUTHORITY_KEY: &str = "2.5.29.35";
const ALTERNATIVE_NAME: &str = "2.5.29.17";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
const POLICY_CONSTRAINTS: &str = "2.5.29.36";
const PURPOSES: &str = "2.5.29.37";
const INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.1";

/// An extension to put in, or to put in the place of the usual one: OID, critical, DER; without DER the usual one is left out.
type Change = (&'static str, bool, Option<Vec<u8>>);

struct Made {
    certificate: X509,
    key: PKey<Private>,
    /// keyIdentifier of the key: here its serial number is enough to tell keys apart.
    identifier: Vec<u8>,
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("C", "FR").unwrap();
    name.append_entry_by_text("CN", common_name).unwrap();
    name.build()
}

fn make(
    subject: &str,
    issuer: Option<&Made>,
    is_authority: bool,
    changes: &[Change],
    serial: &[u8],
) -> Made {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let identifier = openssl::sha::sha1(&key.public_key_to_der().unwrap()).to_vec();
    let subject = name(subject);
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_slice(serial)
        .unwrap()
        .to_asn1_integer()
        .unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(&subject).unwrap();
    let issuer_name = issuer.map_or(&*subject, |issuer| issuer.certificate.subject_name());
    builder.set_issuer_name(issuer_name).unwrap();
    builder.set_pubkey(&key).unwrap();
    let day = |days: i64| Asn1Time::from_unix(NOW.plus_days(days).0).unwrap();
    builder.set_not_before(&day(-1)).unwrap();
    builder.set_not_after(&day(100)).unwrap();
    let issuer_identifier = issuer.map_or(&identifier, |issuer| &issuer.identifier);
    let authority_key = der::sequence(&[der::context_primitive(0, issuer_identifier)]);
    let mut extensions: Vec<Change> = vec![
        (
            SUBJECT_KEY,
            false,
            Some(der::value(der::OCTET_STRING, &identifier)),
        ),
        (AUTHORITY_KEY, false, Some(authority_key)),
    ];
    if is_authority {
        let constraints = der::sequence(&[[der::BOOLEAN, 1, 0xff]]);
        extensions.push((BASIC_CONSTRAINTS, true, Some(constraints)));
        extensions.push((KEY_USAGE, true, Some(der::named_bits(0b110_0000))));
    } else {
        extensions.push((KEY_USAGE, true, Some(der::named_bits(1))));
        let client = der::object_identifier("1.3.6.1.5.5.7.3.2").unwrap();
        extensions.push((PURPOSES, false, Some(der::sequence(&[client]))));
    }
    for change in changes {
        extensions.retain(|usual| usual.0 != change.0);
        extensions.push(change.clone());
    }
    for (oid, critical, value) in extensions {
        let Some(value) = value else { continue };
        let oid = Asn1Object::from_str(oid).unwrap();
        let value = Asn1OctetString::new_from_bytes(&value).unwrap();
        let extension = X509Extension::new_from_der(&oid, critical, &value).unwrap();
        builder.append_extension(extension).unwrap();
    }
    let signer = issuer.map_or(&key, |issuer| &issuer.key);
    builder.sign(signer, MessageDigest::sha256()).unwrap();
    Made {
        certificate: builder.build(),
        key,
        identifier,
    }
}

/// What differs from the usual path of root, issuing authority and holder.
#[derive(Default)]
struct Shape {
    root: Vec<Change>,
    authority: Vec<Change>,
    holder: Vec<Change>,
    serial: Option<Vec<u8>>,
}

fn verify(shape: &Shape) -> Result<(), String> {
    let root = make("Racine", None, true, &shape.root, &[1]);
    let authority = make("Autorité", Some(&root), true, &shape.authority, &[2]);
    let serial = shape.serial.as_deref().unwrap_or(&[3]);
    let holder = make(
        "899700000017",
        Some(&authority),
        false,
        &shape.holder,
        serial,
    );
    let read = |made: &Made| {
        let der = made.certificate.to_der().unwrap();
        Certificate::from_der(&der).map_err(|error| error.to_string())
    };
    let mut store = TrustStore::new();
    let added = store.add_anchor(&read(&root)?);
    added.map_err(|error| error.to_string())?;
    store
        .path_by_rules(
            &read(&holder)?,
            NOW,
            &PathRules::of_uses(),
            &[read(&authority)?],
            false,
        )
        .map(drop)
        .map_err(|error| format!("{error:?}"))
}

fn mail(address: &str) -> Vec<u8> {
    der::context_primitive(1, address.as_bytes())
}

fn host(name: &str) -> Vec<u8> {
    der::context_primitive(2, name.as_bytes())
}

/// Alternative names of the holder.
fn named(names: &[Vec<u8>]) -> Vec<Change> {
    vec![(ALTERNATIVE_NAME, false, Some(der::sequence(names)))]
}

/// permittedSubtrees `[0]` and excludedSubtrees `[1]`.
fn constraints(permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Vec<u8> {
    let trees = |number, bases: &[Vec<u8>]| {
        let trees: Vec<Vec<u8>> = bases.iter().map(|base| der::sequence(&[base])).collect();
        der::context(number, &trees.concat())
    };
    let parts = [(0, permitted), (1, excluded)];
    let parts: Vec<Vec<u8>> = parts
        .into_iter()
        .filter(|(_, bases)| !bases.is_empty())
        .map(|(number, bases)| trees(number, bases))
        .collect();
    der::sequence(&parts)
}

fn constrained(value: Vec<u8>) -> Vec<Change> {
    vec![(NAME_CONSTRAINTS, true, Some(value))]
}

#[test]
fn the_usual_path_holds() {
    assert_eq!(verify(&Shape::default()), Ok(()));
}

#[test]
fn mail_addresses_keep_to_name_constraints() {
    let permits = |base: &str, address: &str| {
        verify(&Shape {
            authority: constrained(constraints(&[mail(base)], &[])),
            holder: named(&[mail(address)]),
            ..Shape::default()
        })
    };
    let excludes = |base: &str, address: &str| {
        verify(&Shape {
            root: constrained(constraints(&[], &[mail(base)])),
            holder: named(&[mail(address)]),
            ..Shape::default()
        })
    };
    // RFC 5280, 4.2.1.10: a mailbox, a host, all hosts below a domain; no wildcards.
    for (base, address) in [
        ("essai@mssante.invalid", "essai@mssante.invalid"),
        ("mssante.invalid", "essai@mssante.invalid"),
        (".mssante.invalid", "essai@cabinet.mssante.invalid"),
        ("*@mssante.invalid", "*@mssante.invalid"),
    ] {
        assert_eq!(permits(base, address), Ok(()), "{base} {address}");
        assert!(excludes(base, address).is_err(), "{base} {address}");
    }
    for (base, address) in [
        ("essai@mssante.invalid", "autre@mssante.invalid"),
        ("mssante.invalid", "essai@cabinet.mssante.invalid"),
        (".mssante.invalid", "essai@mssante.invalid"),
        ("mssante.invalid", "essai@autre.invalid"),
        ("*@mssante.invalid", "essai@mssante.invalid"),
        ("*@mssante.invalid", "*@cabinet.mssante.invalid"),
    ] {
        assert!(permits(base, address).is_err(), "{base} {address}");
    }
    for address in [
        "mssante.invalid",
        "@mssante.invalid",
        "essai@",
        "essai@a@mssante.invalid",
        "essai@.invalid",
    ] {
        assert!(permits("mssante.invalid", address).is_err(), "{address}");
        let unconstrained = Shape {
            holder: named(&[mail(address)]),
            ..Shape::default()
        };
        assert!(verify(&unconstrained).is_err(), "{address}");
    }
}

#[test]
fn a_person_s_name_and_a_host_s_keep_to_name_constraints() {
    let directory = |country: &str| {
        let attribute = der::sequence(&[
            der::object_identifier("2.5.4.6").unwrap(),
            der::value(der::PRINTABLE_STRING, country.as_bytes()),
        ]);
        der::context(4, &der::sequence(&[der::sorted_set(vec![attribute])]))
    };
    let of = |permitted: &[Vec<u8>], excluded: &[Vec<u8>], holder: Vec<Change>| {
        verify(&Shape {
            authority: constrained(constraints(permitted, excluded)),
            holder,
            ..Shape::default()
        })
    };
    assert_eq!(of(&[directory("FR")], &[], Vec::new()), Ok(()));
    assert!(of(&[directory("BE")], &[], Vec::new()).is_err());
    assert!(of(&[], &[directory("FR")], Vec::new()).is_err());
    assert_eq!(
        of(
            &[host("essai.invalid")],
            &[],
            named(&[host("a.essai.invalid")])
        ),
        Ok(())
    );
    for bad in ["*.essai.invalid", "a_b.essai.invalid", "autre.invalid", ""] {
        assert!(
            of(&[host("essai.invalid")], &[], named(&[host(bad)])).is_err(),
            "{bad}"
        );
    }
    assert!(
        of(
            &[],
            &[host("secret.essai.invalid")],
            named(&[host("*.essai.invalid")])
        )
        .is_err()
    );
    assert!(of(&[host(".essai.invalid")], &[], Vec::new()).is_err());
}

#[test]
fn constraints_stand_where_they_belong_and_say_something() {
    let good = constraints(&[mail("mssante.invalid")], &[]);
    let uncritical = vec![(NAME_CONSTRAINTS, false, Some(good.clone()))];
    let empty = der::sequence::<Vec<u8>>(&[]);
    let hollow = der::sequence(&[der::context(0, &[]), der::context(1, &[])]);
    let require = der::sequence(&[der::context_primitive(0, &[0])]);
    let uncritical_policies = vec![(POLICY_CONSTRAINTS, false, Some(require.clone()))];
    let explicit = vec![(POLICY_CONSTRAINTS, true, Some(require))];
    for (what, shape) in [
        (
            "not critical",
            Shape {
                authority: uncritical,
                ..Shape::default()
            },
        ),
        (
            "empty",
            Shape {
                authority: constrained(empty),
                ..Shape::default()
            },
        ),
        (
            "hollow",
            Shape {
                authority: constrained(hollow),
                ..Shape::default()
            },
        ),
        (
            "a holder's",
            Shape {
                holder: constrained(good),
                ..Shape::default()
            },
        ),
        (
            "policies, not critical",
            Shape {
                authority: uncritical_policies,
                ..Shape::default()
            },
        ),
        (
            "a policy is demanded and none stated",
            Shape {
                authority: explicit,
                ..Shape::default()
            },
        ),
    ] {
        assert!(verify(&shape).is_err(), "{what}");
    }
}

#[test]
fn authorities_may_issue_and_holders_may_not() {
    let flag = |value: u8| Some(der::sequence(&[[der::BOOLEAN, 1, value]]));
    let path_length = Some(der::sequence(&[&[der::BOOLEAN, 1, 0xff][..], &[2, 1, 0]]));
    let critical = || Some(der::value(IA5_STRING, b"?"));
    for (what, shape) in [
        (
            "without basicConstraints",
            Shape {
                authority: vec![(BASIC_CONSTRAINTS, true, None)],
                ..Shape::default()
            },
        ),
        (
            "no authority",
            Shape {
                authority: vec![(BASIC_CONSTRAINTS, true, Some(der::sequence::<Vec<u8>>(&[])))],
                ..Shape::default()
            },
        ),
        (
            "basicConstraints not critical",
            Shape {
                authority: vec![(BASIC_CONSTRAINTS, false, flag(0xff))],
                ..Shape::default()
            },
        ),
        (
            "may not sign certificates",
            Shape {
                authority: vec![(KEY_USAGE, true, Some(der::named_bits(0b100_0000)))],
                ..Shape::default()
            },
        ),
        (
            "without keyUsage",
            Shape {
                authority: vec![(KEY_USAGE, true, None)],
                ..Shape::default()
            },
        ),
        (
            "without subjectKeyIdentifier",
            Shape {
                authority: vec![(SUBJECT_KEY, false, None)],
                ..Shape::default()
            },
        ),
        (
            "without authorityKeyIdentifier",
            Shape {
                authority: vec![(AUTHORITY_KEY, false, None)],
                ..Shape::default()
            },
        ),
        (
            "longer than the root allows",
            Shape {
                root: vec![(BASIC_CONSTRAINTS, true, path_length)],
                ..Shape::default()
            },
        ),
        (
            "an authority as holder",
            Shape {
                holder: vec![(BASIC_CONSTRAINTS, true, flag(0xff))],
                ..Shape::default()
            },
        ),
        (
            "an unknown critical extension",
            Shape {
                holder: vec![("1.3.6.1.4.1.99999.1", true, critical())],
                ..Shape::default()
            },
        ),
        (
            "an authority's unknown critical extension",
            Shape {
                authority: vec![("1.3.6.1.4.1.99999.1", true, critical())],
                ..Shape::default()
            },
        ),
        (
            "no purpose in extendedKeyUsage",
            Shape {
                holder: vec![(PURPOSES, false, Some(der::sequence::<Vec<u8>>(&[])))],
                ..Shape::default()
            },
        ),
        (
            "no names in subjectAltName",
            Shape {
                holder: named(&[]),
                ..Shape::default()
            },
        ),
        (
            "authorityInfoAccess that cannot be read",
            Shape {
                holder: vec![(INFORMATION_ACCESS, false, Some(vec![0x30, 3, 1]))],
                ..Shape::default()
            },
        ),
        (
            "serial number zero",
            Shape {
                serial: Some(vec![0]),
                ..Shape::default()
            },
        ),
        (
            "serial number of 21 bytes",
            Shape {
                serial: Some(vec![1; 21]),
                ..Shape::default()
            },
        ),
    ] {
        assert!(verify(&shape).is_err(), "{what}");
    }
    let unknown = Shape {
        holder: vec![("1.3.6.1.4.1.99999.1", false, critical())],
        serial: Some(vec![0x7f; 20]),
        ..Shape::default()
    };
    assert_eq!(verify(&unknown), Ok(()));
    let exact = Shape {
        authority: vec![(
            BASIC_CONSTRAINTS,
            true,
            Some(der::sequence(&[&[der::BOOLEAN, 1, 0xff][..], &[2, 1, 0]])),
        )],
        ..Shape::default()
    };
    assert_eq!(verify(&exact), Ok(()));
}
