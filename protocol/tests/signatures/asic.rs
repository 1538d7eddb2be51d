//! ASiC-E containers: made, judged by Python's zipfile, `unzip`, xmlsec1 and signxml, which nobody here wrote, and read again, also when
//! others packed them.
//!
//! Needs `unzip`, `python3`, xmlsec1 and the judges' Python, and fails without them.

use std::process::Command;

use crate::support::Practice;
use crate::support::asic::{
    MIMETYPE, check_asic as check, contained, entry, prepared, signed, written,
};
use crate::support::document_signer::DocumentSigner;
use crate::support::judges::python;
use crate::support::time_stamping::{evidence, raise};
use crate::support::xades::xmlsec1;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::asic::{ContainedDocument, is_container, prepare};
use paraphe_protocol::signature::{
    DigestAlgorithm, Level, Packaging, SignatureFormat, SigningError,
};
use paraphe_protocol::xades::XadesParameters;

const FILES: [(&str, &[u8]); 4] = [
    ("lettre.txt", b"Cher confrere"),
    ("sub/radio \u{e9} 1.bin", &[0, 255, 10, 13]),
    ("empty", b""),
    ("PK.zip", b"PK\x03\x04PK\x05\x06"),
];

fn rsa(practice: &Practice) -> DocumentSigner {
    DocumentSigner::new(practice, SignatureAlgorithm::RsaPkcs1Sha256)
}

fn parameters(signer: &DocumentSigner) -> XadesParameters<'_> {
    XadesParameters {
        signer: signer.signer(),
        digest: signer.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    }
}

/// What Python's zipfile takes out, after it checked every CRC; and whether `unzip` finds nothing wrong.
fn unpacked(container: &[u8]) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.asice"), container).unwrap();
    let script = "
import sys, zipfile
archive = zipfile.ZipFile('c.asice')
assert archive.testzip() is None
first = archive.infolist()[0]
assert (first.filename, first.compress_type, first.header_offset, first.extra) == ('mimetype', 0, 0, b''), first
for number, info in enumerate(archive.infolist()):
    open(f'entry-{number}', 'wb').write(archive.read(info))
    print(info.filename)
";
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path());
        let output = command.env("PYTHONIOENCODING", "utf-8").output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program}: {told}{wrong}");
        told
    };
    run("unzip", &["-t", "c.asice"]);
    let names = run("python3", &["-c", script]);
    let read = |number: usize| std::fs::read(folder.path().join(format!("entry-{number}")));
    let names = names.lines().enumerate();
    names
        .map(|(number, name)| (name.to_owned(), read(number).unwrap()))
        .collect()
}

#[test]
fn others_unpack_what_we_make_and_accept_the_signature() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let container = signed(&signer, &FILES);
    assert!(is_container(&container));
    // Where tools that look at beginnings find the type.
    assert_eq!(&container[30..38], b"mimetype");
    assert_eq!(&container[38..38 + MIMETYPE.len()], MIMETYPE.as_bytes());
    let found = unpacked(&container);
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    let mut expected = vec!["mimetype"];
    expected.extend(FILES.iter().map(|(name, _)| *name));
    expected.extend(["META-INF/manifest.xml", "META-INF/signatures0.xml"]);
    assert_eq!(names, expected);
    let files: Vec<_> = found[1..=FILES.len()]
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    assert_eq!(files, FILES);
    let xml = &found.last().unwrap().1;
    xmlsec1(&practice, xml, &FILES).unwrap();
    let mut altered = FILES;
    altered[0].1 = b"Chere consoeur";
    assert!(xmlsec1(&practice, xml, &altered).is_err());

    let signature = check(&container).unwrap();
    assert_eq!(signature.format(), SignatureFormat::AsicE);
    assert_eq!(signature.packaging(), Packaging::Enveloping);
    assert_eq!(signature.signer().der(), signer.certificate.der());
    for (covered, (name, bytes)) in signature.covered().iter().zip(FILES) {
        assert_eq!(covered.name, name);
        assert_eq!(covered.bytes, Some(bytes.len() as u64));
        assert_eq!(covered.presented, None);
    }
}

#[test]
fn signxml_accepts_every_algorithm() {
    let practice = Practice::new();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/verify_xades.py"
    );
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        let files: [(&str, &[u8]); 1] = [("lettre.txt", b"Cher confrere")];
        let container = signed(&signer, &files);
        assert_eq!(check(&container).unwrap().algorithm(), algorithm);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        };
        write(
            "signature.xml",
            &entry(&container, "META-INF/signatures0.xml"),
        );
        write("certificate.pem", signer.certificate.pem().as_bytes());
        let accepts = |letter: &[u8]| {
            write("lettre.txt", letter);
            let output = Command::new(python())
                .args([script, "signature.xml", "certificate.pem", "2"])
                .args(["lettre.txt", "lettre.txt"])
                .current_dir(folder.path())
                .output()
                .unwrap();
            print!("{}", String::from_utf8_lossy(&output.stderr));
            output.status.success()
        };
        assert!(accepts(files[0].1), "{algorithm}");
        assert!(!accepts(b"Cher Confrere"), "{algorithm}");
    }
}

#[test]
fn containers_that_others_packed_are_read() {
    let practice = Practice::new();
    let container = signed(&rsa(&practice), &FILES);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ours.asice"), &container).unwrap();
    // Deflated, with sizes before the data and, to a pipe, behind it; with and without a manifest; with the comment of the standard.
    let script = "
import io, zipfile
ours = zipfile.ZipFile('ours.asice')
class Pipe(io.RawIOBase):
    def __init__(self, path): self.file = open(path, 'wb')
    def writable(self): return True
    def write(self, data): return self.file.write(data)
def pack(target, leave=(), comment=b'', method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(target, 'w') as archive:
        for info in ours.infolist():
            if info.filename in leave: continue
            with_method = zipfile.ZIP_STORED if info.filename == 'mimetype' else method
            archive.writestr(zipfile.ZipInfo(info.filename), ours.read(info), with_method)
        archive.comment = comment
pack('deflated')
pack('no-manifest', leave=('META-INF/manifest.xml',))
pack('comment', comment=b'mimetype=application/vnd.etsi.asic-e+zip')
pack('other-comment', comment=b'Bonjour')
pipe = Pipe('streamed'); pack(pipe); pipe.file.close()
";
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = command
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
    };
    run("python3", &["-c", script]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for name in [
        "deflated",
        "no-manifest",
        "comment",
        "other-comment",
        "streamed",
    ] {
        check(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_level_is_read_as_what_it_is() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let documents = FILES.map(|(_, bytes)| bytes);
    for level in Level::ALL {
        let prepared = prepared(&signer, &FILES);
        let value = signer.sign(prepared.to_be_signed());
        let mut file = prepared.complete(&value).unwrap();
        raise(
            &practice,
            file.as_mut(),
            level,
            &documents,
            &evidence(&practice),
            DigestAlgorithm::Sha256,
        );
        let container = written(&file.finish().unwrap(), &FILES);
        let found = unpacked(&container);
        xmlsec1(&practice, &found.last().unwrap().1, &FILES).unwrap();
        let signature = check(&container).unwrap();
        assert_eq!(signature.level(), level);
        let stamps = signature
            .signature_time_stamps()
            .iter()
            .chain(signature.archive_time_stamps());
        assert!(stamps.clone().all(|stamp| stamp.imprint_matches()));
        assert_eq!(stamps.count(), [0, 1, 1, 2][level as usize]);
    }
}

#[test]
fn names_that_cannot_stand_in_a_container() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let refused = |files: &[(&str, &[u8])]| {
        let documents = contained(&signer, files);
        matches!(
            prepare(documents, &parameters(&signer)),
            Err(SigningError::Document { .. })
        )
    };
    for name in [
        "",
        "/a",
        "../a",
        "a/../b",
        "a\\b",
        "C:a",
        "a//b",
        "a/",
        "mimetype",
        "MIMETYPE",
        "META-INF/a",
        "meta-inf/signatures1.xml",
        "a\u{202e}b",
        "a\n",
    ] {
        assert!(refused(&[(name, b"x")]), "{name:?}");
    }
    assert!(refused(&[]));
    assert!(refused(&[("a.txt", b"x"), ("A.TXT", b"y")]));
    assert!(refused(&[("\u{e9}", b"x"), ("e\u{301}", b"y")]));
    assert!(!refused(&[("a.txt", b"x"), ("b.txt", b"x")]));
}

#[test]
fn more_than_headers_can_say_is_refused() {
    let practice = Practice::new();
    let signer = rsa(&practice);
    let finish = |sizes: &[u64]| {
        let mut documents: Vec<ContainedDocument> = Vec::new();
        for (number, size) in sizes.iter().enumerate() {
            let name = format!("document-{number}");
            let mut document = contained(&signer, &[(&name, b"x")]).remove(0);
            document.size = *size;
            documents.push(document);
        }
        let prepared = prepare(documents, &parameters(&signer)).unwrap();
        let value = signer.sign(prepared.to_be_signed());
        prepared.complete(&value).unwrap().finish()
    };
    assert!(finish(&[1 << 31, (1 << 31) - (1 << 20)]).is_ok());
    for sizes in [&[1 << 32][..], &[(1 << 32) - 1], &[1 << 31, 1 << 31]] {
        assert!(matches!(finish(sizes), Err(SigningError::NoRoom { .. })));
    }
}
