//! Containers that two readers would read differently, that hide, lack or rename a file, or that unpack to far more than they are: none
//! is accepted. And single changes of everything that is signed.

use std::io::Write as _;

use crate::support::Practice;
use crate::support::asic::{ZipEntry, check_asic as check, end, entries, entry, signed, zip};
use crate::support::byte_changes::{other, values};
use crate::support::document_signer::DocumentSigner;
use crate::support::xades::whole;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::xades::{EmbeddedForm, XadesParameters, prepare_enveloping};

const FILES: [(&str, &[u8]); 2] = [
    ("lettre.txt", b"Dose: 1 mg, matin et soir"),
    ("radio.bin", b"\0\x01\x02 une image"),
];
const MANIFEST: &str = "META-INF/manifest.xml";
const SIGNATURES: &str = "META-INF/signatures0.xml";

struct Made {
    signer: DocumentSigner,
    container: Vec<u8>,
    entries: Vec<ZipEntry>,
}

fn made() -> Made {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let container = signed(&signer, &FILES);
    let entries = entries(&container);
    // Written anew it is the same, so that each change below is the only one.
    assert_eq!(zip(&entries), container);
    check(&container).unwrap();
    Made {
        signer,
        container,
        entries,
    }
}

impl Made {
    /// Written anew with a change.
    fn with(&self, edit: impl FnOnce(&mut Vec<ZipEntry>)) -> Vec<u8> {
        let mut entries = self.entries.clone();
        edit(&mut entries);
        zip(&entries)
    }

    fn refused(&self, expected: &str, what: &str, container: &[u8]) {
        assert_ne!(container, self.container, "{what}");
        match check(container) {
            Ok(_) => panic!("{what} was accepted"),
            Err(error) => assert_eq!(error.code, expected, "{what}: {error}"),
        }
    }
}

fn deflated(name: &str, data: &[u8]) -> ZipEntry {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    ZipEntry {
        method: 8,
        data: encoder.finish().unwrap(),
        ..ZipEntry::stored(name, data)
    }
}

#[test]
fn files_that_are_not_those_that_were_signed() {
    let made = made();
    let names = |edit: fn(&mut Vec<ZipEntry>)| made.with(edit);
    made.refused(
        "container-manifest",
        "a file more",
        &names(|entries| {
            entries.insert(3, ZipEntry::stored("autre.txt", b"x"));
        }),
    );
    made.refused(
        "container-manifest",
        "a file less",
        &names(|entries| drop(entries.remove(2))),
    );
    let without_manifest = |edit: fn(&mut Vec<ZipEntry>)| {
        made.with(|entries| {
            entries.retain(|entry| entry.name != MANIFEST.as_bytes());
            edit(entries);
        })
    };
    check(&without_manifest(|_| {})).unwrap();
    for (expected, what, edit) in [
        (
            "document-unknown",
            "a file more",
            (|entries| {
                entries.push(ZipEntry::stored("autre.txt", b"x"));
            }) as fn(&mut Vec<ZipEntry>),
        ),
        ("document-unknown", "an empty file more", |entries| {
            entries.push(ZipEntry::stored("autre.txt", b""));
        }),
        ("document-unknown", "a copy of a signed file", |entries| {
            let copy = entries[1].data.clone();
            entries.push(ZipEntry::stored("copie.txt", &copy));
        }),
        ("document-missing", "a file less", |entries| {
            drop(entries.remove(2))
        }),
        ("document-missing", "a file renamed", |entries| {
            entries[1] = ZipEntry::stored("lettre2.txt", &entries[1].data);
        }),
        ("document-missing", "a file in a folder", |entries| {
            entries[1] = ZipEntry::stored("sub/lettre.txt", &entries[1].data);
        }),
        ("document-changed", "contents exchanged", |entries| {
            let (one, two) = (entries[1].data.clone(), entries[2].data.clone());
            entries[1] = ZipEntry::stored("lettre.txt", &two);
            entries[2] = ZipEntry::stored("radio.bin", &one);
        }),
        ("document-changed", "names exchanged", |entries| {
            let name = std::mem::take(&mut entries[1].name);
            entries[1].name = std::mem::replace(&mut entries[2].name, name);
        }),
        ("no-signature", "no signature", |entries| {
            drop(entries.pop())
        }),
        ("several-signatures", "two signatures", |entries| {
            let copy = entries.last().unwrap().data.clone();
            entries.push(ZipEntry::stored("META-INF/signatures1.xml", &copy));
        }),
        ("container-content", "an evidence record", |entries| {
            entries.push(ZipEntry::stored("META-INF/evidencerecord.xml", b"<x/>"));
        }),
        ("container-content", "a CAdES signature", |entries| {
            entries.push(ZipEntry::stored("META-INF/signature.p7s", b"0"));
        }),
        (
            "container-content",
            "META-INF in other letters",
            |entries| {
                entries.push(ZipEntry::stored("meta-inf/x", b"0"));
            },
        ),
    ] {
        made.refused(expected, what, &without_manifest(edit));
    }
}

#[test]
fn names_that_lead_elsewhere_or_meet() {
    let made = made();
    for name in [
        "../lettre.txt",
        "/lettre.txt",
        "a/../lettre.txt",
        "./lettre.txt",
        "a\\lettre.txt",
        "C:lettre.txt",
        "a//b",
        "dossier/",
        "a\0b",
        "a.",
        "",
    ] {
        let container = made.with(|entries| entries.push(ZipEntry::stored(name, b"")));
        made.refused("container-name", name, &container);
    }
    for name in ["lettre.txt", "LETTRE.TXT", "Mimetype", SIGNATURES] {
        let container = made.with(|entries| entries.push(ZipEntry::stored(name, b"x")));
        made.refused("container-name", name, &container);
    }
    // Another alphabet than UTF-8, or not said to be.
    for (name, flags) in [(&b"\xe9.txt"[..], 1 << 11), ("\u{e9}.txt".as_bytes(), 0)] {
        let container = made.with(|entries| {
            entries.push(ZipEntry {
                name: name.to_vec(),
                flags,
                ..ZipEntry::stored("x", b"")
            });
        });
        made.refused("container-name", "another alphabet", &container);
    }
}

#[test]
fn bytes_that_readers_disagree_about() {
    let made = made();
    let malformed = |what: &str, container: Vec<u8>| {
        made.refused("container-malformed", what, &container);
    };
    let whole = &made.container;
    malformed("bytes before", [b"x", whole.as_slice()].concat());
    malformed(
        "another container before",
        [whole.as_slice(), whole].concat(),
    );
    malformed("bytes behind", [whole.as_slice(), b"x"].concat());
    malformed("zeros behind", [whole.as_slice(), &[0; 64]].concat());
    for what in ["lettre.txt", "radio.bin"] {
        let at = made
            .entries
            .iter()
            .position(|one| one.name == what.as_bytes());
        let at = at.unwrap();
        malformed(
            "bytes between",
            made.with(|entries| entries[at].behind = b"x".to_vec()),
        );
        malformed(
            "a hidden entry",
            made.with(|entries| {
                entries[at].behind = zip(&[ZipEntry::stored("cache", b"x")]);
            }),
        );
        malformed(
            "another local name",
            made.with(|entries| {
                entries[at].local_name = Some(b"autre.txt".to_vec());
            }),
        );
        let crc32 = made.entries[at].crc32;
        let size = made.entries[at].size;
        for local in [
            [crc32 ^ 1, size, size],
            [crc32, size - 1, size],
            [crc32, size, size + 1],
            [0, 0, 0],
        ] {
            malformed(
                "other local sizes",
                made.with(|entries| entries[at].local = Some(local)),
            );
        }
        for flags in [1, 1 << 4, 1 << 5, 1 << 6, 1 << 13] {
            malformed("flags", made.with(|entries| entries[at].flags |= flags));
        }
        for method in [1, 9, 12, 14, 93, 99] {
            malformed("methods", made.with(|entries| entries[at].method = method));
        }
        let wrong = made.with(|entries| entries[at].crc32 ^= 1);
        made.refused("document-unreadable", "a wrong CRC", &wrong);
        malformed("two lengths", made.with(|entries| entries[at].size += 1));
        for extra in [
            &[0x01, 0, 4, 0, 1, 2, 3, 4][..],
            &[0x75, 0x70, 5, 0, 1, 2, 3, 4, 5],
            &[0x01, 0x99, 1, 0, 1],
            &[0x55, 0x54, 9, 0, 1],
            &[0],
        ] {
            malformed(
                "extra fields",
                made.with(|entries| entries[at].extra = extra.to_vec()),
            );
        }
        // Times and owners are harmless.
        let dated = made.with(|entries| entries[at].extra = vec![0x55, 0x54, 1, 0, 0]);
        check(&dated).unwrap();
        // Sizes behind the data: theirs, or anything.
        let numbers = [crc32, size, size].map(u32::to_le_bytes).concat();
        let marked = [b"PK\x07\x08", numbers.as_slice()].concat();
        let behind = |behind: Vec<u8>| {
            made.with(|entries| {
                entries[at].flags |= 8;
                entries[at].local = Some([0; 3]);
                entries[at].behind = behind;
            })
        };
        check(&behind(marked.clone())).unwrap();
        check(&behind(numbers.clone())).unwrap();
        malformed("sizes that lie", behind([&marked[..15], &[1]].concat()));
        malformed(
            "more than sizes",
            behind([marked.as_slice(), b"x"].concat()),
        );
        malformed("less than sizes", behind(numbers[..11].to_vec()));
        malformed("no sizes", behind(Vec::new()));
    }
    // The same bytes as two entries.
    let directory = whole
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let tail = whole.len() - 22;
    let records = &whole[directory..tail];
    let mut doubled = records.to_vec();
    doubled.extend_from_slice(&records[..46 + 8]);
    malformed(
        "fewer entries than it says",
        end(whole[..directory].to_vec(), records, 6),
    );
    malformed(
        "more entries than it says",
        end(whole[..directory].to_vec(), records, 4),
    );
    made.refused(
        "container-name",
        "an entry twice",
        &end(whole[..directory].to_vec(), &doubled, 6),
    );
    let mut renamed = doubled.clone();
    let last = renamed.len() - 8;
    renamed[last..].copy_from_slice(b"mimetypf");
    malformed(
        "two entries in one place",
        end(whole[..directory].to_vec(), &renamed, 6),
    );
    malformed(
        "a directory behind a gap",
        end([&whole[..directory], b"x"].concat(), records, 5),
    );
    malformed(
        "bytes in the directory",
        end(whole[..directory].to_vec(), &[records, b"x"].concat(), 5),
    );
    for at in [4, 5, 6, 7, 8, 10, 12, 16, 20] {
        let mut changed = whole.clone();
        changed[tail + at] ^= 1;
        malformed("the end of the directory", changed);
    }
    for length in (0..whole.len()).step_by(61) {
        malformed("cut off", whole[..length].to_vec());
    }
    malformed("nothing", Vec::new());
    // A comment may stand there, but nothing in which another reader could find an end.
    let with_comment = |comment: &[u8]| {
        let mut changed = whole.clone();
        changed[tail + 20] = u8::try_from(comment.len()).unwrap();
        changed.extend_from_slice(comment);
        changed
    };
    check(&with_comment(b"un logiciel 1.0")).unwrap();
    let empty = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    for comment in [&empty[..], b"PK", b"xPK\x01\x02"] {
        malformed("a comment", with_comment(comment));
    }
}

#[test]
fn the_media_type_is_that_of_asic_e() {
    let made = made();
    for (what, edit) in [
        (
            "missing",
            (|entries| drop(entries.remove(0))) as fn(&mut Vec<ZipEntry>),
        ),
        ("of a PDF", |entries| {
            entries[0] = ZipEntry::stored("mimetype", b"application/pdf");
        }),
        ("of ASiC-S", |entries| {
            entries[0] = ZipEntry::stored("mimetype", b"application/vnd.etsi.asic-s+zip");
        }),
        ("with a line end", |entries| {
            let data = [entries[0].data.as_slice(), b"\n"].concat();
            entries[0] = ZipEntry::stored("mimetype", &data);
        }),
    ] {
        made.refused("container-mimetype", what, &made.with(edit));
    }
    // Where it stands and how it is packed changes nothing of what is signed: older tools have it anywhere.
    check(&made.with(|entries| entries.rotate_left(1))).unwrap();
    let packed = made.with(|entries| entries[0] = deflated("mimetype", &entries[0].data));
    check(&packed).unwrap();
}

#[test]
fn packed_files_are_unpacked_within_bounds() {
    let made = made();
    let packed = made.with(|entries| {
        for entry in &mut entries[1..] {
            let name = String::from_utf8(entry.name.clone()).unwrap();
            *entry = deflated(&name, &entry.data);
        }
    });
    check(&packed).unwrap();
    // Behind the end of the packed data, or before it.
    for edit in [
        (|data: &mut Vec<u8>| data.extend_from_slice(b"cache")) as fn(&mut Vec<u8>),
        |data| data.truncate(data.len() - 1),
        |data| data.clear(),
        |data| data[0] ^= 0xFF,
    ] {
        let container = made.with(|entries| {
            entries[1] = deflated("lettre.txt", FILES[0].1);
            edit(&mut entries[1].data);
        });
        assert!(check(&container).is_err());
    }
    // Longer or shorter than it says.
    for size in [1, FILES[0].1.len() as u32 - 1, FILES[0].1.len() as u32 + 1] {
        let container = made.with(|entries| {
            entries[1] = deflated("lettre.txt", FILES[0].1);
            entries[1].size = size;
        });
        assert!(check(&container).is_err());
    }
    let bomb = deflated("bombe.txt", &vec![0; 64 << 20]);
    assert!(bomb.data.len() < 100_000);
    let container = made.with(|entries| entries.push(bomb.clone()));
    made.refused("container-limits", "a bomb", &container);
    // It says that it is small.
    let container = made.with(|entries| {
        entries.push(ZipEntry {
            size: 1,
            ..bomb.clone()
        });
    });
    assert!(check(&container).is_err());
    // Many small ones.
    let container = made.with(|entries| {
        let small = vec![0; 1 << 20];
        entries.extend((0..40).map(|number| deflated(&format!("b{number}"), &small)));
    });
    made.refused("container-limits", "many bombs", &container);
    let container = made.with(|entries| {
        entries.extend((0..10_010).map(|number| ZipEntry::stored(&format!("f{number}"), b"")));
    });
    made.refused("container-limits", "too many entries", &container);
}

#[test]
fn a_manifest_must_agree() {
    let made = made();
    let manifest = String::from_utf8(entry(&made.container, MANIFEST)).unwrap();
    let file = "<manifest:file-entry manifest:full-path=\"lettre.txt\" manifest:media-type=\"text/plain\"></manifest:file-entry>";
    assert!(manifest.contains(file), "{manifest}");
    for (what, changed) in [
        ("a file less", manifest.replace(file, "")),
        (
            "a file twice",
            manifest.replace(file, &[file, file].concat()),
        ),
        (
            "a file that is not there",
            manifest.replace("lettre.txt", "autre.txt"),
        ),
        ("another type", manifest.replace("asic-e+zip", "asic-s+zip")),
        (
            "no type",
            manifest.replace(" manifest:media-type=\"text/plain\"", ""),
        ),
        (
            "another namespace",
            manifest.replace("xmlns:manifest:1.0", "xmlns:manifest:9.0"),
        ),
        (
            "a doctype",
            manifest.replace("<manifest:manifest", "<!DOCTYPE a><manifest:manifest"),
        ),
        ("text", manifest.replace(file, "x")),
        ("not XML", "x".to_owned()),
    ] {
        let container = made.with(|entries| {
            entries[3] = ZipEntry::stored(MANIFEST, changed.as_bytes());
        });
        made.refused("container-manifest", what, &container);
    }
}

/// What stands around the one signature, and what it may be of.
#[test]
fn nothing_but_one_signature_of_files_stands_in_the_wrapper() {
    let made = made();
    let xml = String::from_utf8(entry(&made.container, SIGNATURES)).unwrap();
    let start = xml.find("<ds:Signature ").unwrap();
    let end = xml.rfind("</asic:XAdESSignatures>").unwrap();
    let signature = &xml[start..end];
    let open = &xml[..start];
    let around = |inside: &str| format!("{open}{inside}</asic:XAdESSignatures>");
    let parameters = XadesParameters {
        signer: made.signer.signer(),
        digest: made.signer.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    };
    // A genuine signature by the same key, of something that is no file of the container.
    let prepared =
        prepare_enveloping(FILES[0].1, "text/plain", EmbeddedForm::Base64, &parameters).unwrap();
    let value = made.signer.sign(prepared.to_be_signed());
    let enclosing = whole(prepared.complete(&value).unwrap().finish().unwrap());
    let enclosing = String::from_utf8(enclosing).unwrap();
    let moved = signature
        .replace("Id=\"S-", "Id=\"T-")
        .replace("#S-", "#T-");
    let shapes = [
        ("no wrapper", signature.to_owned()),
        ("an empty wrapper", around("")),
        (
            "an attribute",
            xml.replace("XAdESSignatures xmlns", "XAdESSignatures Id=\"x\" xmlns"),
        ),
        ("another name", xml.replace("XAdESSignatures", "Signatures")),
        ("another namespace", xml.replace("02918/v1.2.1", "02918/v9")),
        ("an element before", around(&format!("<x></x>{signature}"))),
        ("an element behind", around(&format!("{signature}<x></x>"))),
        ("text", around(&format!("x{signature}"))),
        ("a comment", around(&format!("<!--x-->{signature}"))),
        (
            "a processing instruction",
            around(&format!("<?x?>{signature}")),
        ),
        ("a comment behind the root", format!("{xml}<!--x-->")),
        ("a doctype", xml.replace("<asic:", "<!DOCTYPE a><asic:")),
        (
            "the signature twice",
            around(&format!("{signature}{signature}")),
        ),
        (
            "another signature before",
            around(&format!("{moved}{signature}")),
        ),
        (
            "another signature behind",
            around(&format!("{signature}{enclosing}")),
        ),
        ("a signature deeper", around(&format!("<x>{signature}</x>"))),
        (
            "a wrapper in a wrapper",
            around(&xml[xml.find("<asic").unwrap()..]),
        ),
        (
            "a signature in an object",
            xml.replace(
                "</ds:Signature>",
                &format!("<ds:Object>{moved}</ds:Object></ds:Signature>"),
            ),
        ),
        (
            "an object that is not signed",
            xml.replace("</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>"),
        ),
        ("a signature of what stands inside it", around(&enclosing)),
    ];
    for (what, forged) in &shapes {
        let container = made.with(|entries| {
            entries[4] = ZipEntry::stored(SIGNATURES, forged.as_bytes());
        });
        assert_ne!(forged, &xml, "{what}");
        assert!(check(&container).is_err(), "{what} was accepted");
    }
    println!("{} shapes refused", shapes.len());
}

#[test]
fn single_changes_of_what_is_signed_are_refused() {
    let made = made();
    let mut refused = 0;
    // Every byte of the documents, with and without their CRC made right.
    for at in 1..=2 {
        for byte in 0..made.entries[at].data.len() {
            let damaged = made.with(|entries| entries[at].data[byte] ^= 1);
            assert!(check(&damaged).is_err());
            let changed = made.with(|entries| {
                let mut data = entries[at].data.clone();
                data[byte] ^= 0x20;
                let name = String::from_utf8(entries[at].name.clone()).unwrap();
                entries[at] = ZipEntry::stored(&name, &data);
            });
            assert!(check(&changed).is_err());
            refused += 2;
        }
        for letter in 0..made.entries[at].name.len() {
            let renamed = made.with(|entries| entries[at].name[letter] ^= 1);
            assert!(check(&renamed).is_err());
            refused += 1;
        }
    }
    let xml = String::from_utf8(entry(&made.container, SIGNATURES)).unwrap();
    for part in [
        "ds:SignedInfo",
        "ds:SignatureValue",
        "xades:SignedProperties",
    ] {
        let letters = values(&xml, part);
        for number in 0..60 {
            let at = letters[number * letters.len() / 60];
            let mut changed = xml.clone().into_bytes();
            changed[at] = other(changed[at]);
            let container = made.with(|entries| {
                entries[4] = ZipEntry::stored(SIGNATURES, &changed);
            });
            let around = &xml[at.saturating_sub(20)..at + 10];
            assert!(check(&container).is_err(), "{at}: {around}");
            refused += 1;
        }
    }
    println!("{refused} changes refused");
    assert!(refused >= 200);
}
