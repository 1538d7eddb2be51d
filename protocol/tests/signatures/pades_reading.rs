//! Signed PDFs as our reader finds them: what each signature covers, and that nothing but signatures, time stamps and evidence may
//! come after one.

use crate::support::document_signer::DocumentSigner;
use crate::support::pdf::{self, sign, updated};
use crate::support::{NOW, Practice};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::pades::{self, PadesOptions};
use paraphe_protocol::signature::{CheckedSignature, Level, ReadError, SubIndication};

const RS256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1Sha256;

fn read(pdf: &[u8]) -> Vec<Result<CheckedSignature, ReadError>> {
    let signatures = pades::read(pdf).unwrap();
    signatures.into_iter().map(|found| found.outcome).collect()
}

/// The one signature's refusal.
fn refusal(pdf: &[u8]) -> ReadError {
    match pades::read(pdf) {
        Err(error) => error,
        Ok(found) => match found.into_iter().next().unwrap().outcome {
            Err(error) => error,
            Ok(signature) => panic!("accepted: {:?}", signature.covered()),
        },
    }
}

#[test]
fn every_level_is_read_as_what_it_is() {
    let practice = Practice::new();
    for (algorithm, original) in [
        (RS256, pdf::sample()),
        (SignatureAlgorithm::EcdsaP384Sha384, pdf::compressed()),
        (SignatureAlgorithm::RsaPssSha512, pdf::with_form_apart()),
    ] {
        let signer = DocumentSigner::new(&practice, algorithm);
        for level in Level::ALL {
            let signed = sign(&practice, &signer, &original, level, None);
            let mut found = read(&signed);
            assert_eq!(found.len(), 1);
            let signature = found.remove(0).unwrap();
            assert_eq!(signature.level(), level);
            assert_eq!(signature.algorithm(), algorithm);
            assert_eq!(signature.claimed_signing_time(), Some(NOW));
            let stamps = [
                signature.signature_time_stamps(),
                signature.archive_time_stamps(),
            ];
            assert_eq!(stamps[0].len(), usize::from(level >= Level::T));
            assert_eq!(stamps[1].len(), usize::from(level >= Level::LTA));
            assert!(stamps.concat().iter().all(|stamp| stamp.imprint_matches()));
            let covered = &signature.covered()[0];
            let is_whole = covered.name.starts_with("the whole PDF");
            assert_eq!(is_whole, level <= Level::T, "{}", covered.name);
        }
    }
}

#[test]
fn two_signers_hold_side_by_side() {
    let practice = Practice::new();
    let first = DocumentSigner::new(&practice, RS256);
    let second = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    for original in [pdf::sample(), pdf::compressed(), pdf::with_form_apart()] {
        let once = sign(&practice, &first, &original, Level::LTA, None);
        let twice = sign(&practice, &second, &once, Level::LTA, None);
        let found: Vec<_> = read(&twice).into_iter().map(Result::unwrap).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].signer().der(), first.certificate.der());
        assert_eq!(found[1].signer().der(), second.certificate.der());
        assert_eq!(found[0].archive_time_stamps().len(), 2);
        assert_eq!(found[1].archive_time_stamps().len(), 1);
    }
}

#[test]
fn a_changed_byte_is_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, RS256);
    let signed = sign(&practice, &signer, &pdf::sample(), Level::B, None);
    let start = signed
        .windows(11)
        .rposition(|window| window == b"/Contents <")
        .unwrap()
        + 11;
    let end = start
        + signed[start..]
            .iter()
            .position(|byte| *byte == b'>')
            .unwrap();
    let outside: Vec<usize> = (0..start).chain(end..signed.len()).collect();
    let mut places: Vec<usize> = outside
        .iter()
        .copied()
        .step_by(outside.len() / 150)
        .collect();
    places.extend((start..end).step_by((end - start) / 150));
    println!("{} changes", places.len());
    assert!(places.len() > 200);
    for place in places {
        let mut changed = signed.clone();
        // Another digit inside the contents, not the same one in capitals.
        changed[place] ^= if (start..end).contains(&place) {
            0x01
        } else {
            0x08
        };
        let found = pades::read(&changed);
        let holds = found.is_ok_and(|found| found.iter().any(|found| found.outcome.is_ok()));
        // Certificates that are carried along are signed by nobody here; the signer's is bound by its digest.
        let is_issuer = (start..end).contains(&place) && {
            let issuer: String = signer.chain[0]
                .der()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let text = String::from_utf8_lossy(&signed[start..end]).into_owned();
            let at = start + text.find(&issuer).unwrap();
            (at..at + issuer.len()).contains(&place)
        };
        assert!(!holds || is_issuer, "at {place}");
    }
}

#[test]
fn what_is_added_afterwards_is_told() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, RS256);
    let original = pdf::written(&[
        "<</Type/Catalog/Pages 2 0 R>>".into(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents[4 0 R 90 0 R]>>"
            .into(),
        "<</Length 10>>stream\n0 0 1 1 re\nendstream".into(),
        "<</Length 10>>stream\n5 5 9 9 re\nendstream".into(),
        "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(TEST)>>".into(),
    ]);
    let signed = sign(&practice, &signer, &original, Level::B, None);
    assert!(read(&signed)[0].is_ok());
    let text = String::from_utf8_lossy(&signed).into_owned();
    // As the signature left them.
    let part = |from: &str| {
        let start = text.rfind(from).unwrap() + from.len();
        text[start..start + text[start..].find("\nendobj").unwrap()].to_owned()
    };
    let (catalog, page) = (part("\n1 0 obj\n"), part("\n3 0 obj\n"));
    let annotated = page.replace("/Annots[", "/Annots[6 0 R ");
    assert_ne!(annotated, page);
    let place_of_5 = text.find("\n5 0 obj").unwrap() + 1;
    let other_catalog = catalog.replace("/Type", "/OpenAction[3 0 R/Fit]/Type");
    for (what, attacked) in [
        (
            "bytes that are no update",
            [&signed[..], b"garbage"].concat(),
        ),
        (
            "content replaced",
            updated(&signed, &[(4, "<</Length 1>>stream\nn\nendstream")]),
        ),
        (
            "content supplied that was missing",
            updated(&signed, &[(90, "<</Length 1>>stream\nn\nendstream")]),
        ),
        ("content hidden", pdf::repointed(&signed, &[(4, 0)])),
        (
            "content exchanged for what was there",
            pdf::repointed(&signed, &[(4, place_of_5)]),
        ),
        (
            "page of another size",
            updated(&signed, &[(3, &page.replace("842", "400"))]),
        ),
        (
            "an annotation that was there",
            updated(&signed, &[(3, &annotated)]),
        ),
        (
            "a new annotation",
            updated(
                &signed,
                &[
                    (3, &page.replace("/Annots[", "/Annots[200 0 R ")),
                    (
                        200,
                        "<</Type/Annot/Subtype/FreeText/Rect[0 0 500 500]/Contents(autre)>>",
                    ),
                ],
            ),
        ),
        (
            "another page",
            updated(
                &signed,
                &[
                    (2, "<</Type/Pages/Kids[200 0 R 3 0 R]/Count 2>>"),
                    (200, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"),
                ],
            ),
        ),
        ("an action", updated(&signed, &[(1, &other_catalog)])),
        ("another catalog", {
            let other = updated(&signed, &[(200, &catalog)]);
            let tail = String::from_utf8_lossy(&other[signed.len()..])
                .replace("/Root 1 0 R", "/Root 200 0 R");
            [&signed[..], tail.as_bytes()].concat()
        }),
    ] {
        let error = refusal(&attacked);
        assert_eq!(error.code, "pdf-changed-after-signature", "{what}: {error}");
        assert_eq!(error.sub_indication, SubIndication::HashFailure);
    }
    // Nothing but the end of the last line, and an update that changes nothing that counts.
    assert!(read(&[&signed[..], b"\n"].concat())[0].is_ok());
    assert!(read(&updated(&signed, &[(200, "(nobody refers to this)")]))[0].is_ok());
}

#[test]
fn a_later_signature_that_does_not_hold_is_a_change() {
    let practice = Practice::new();
    let first = DocumentSigner::new(&practice, RS256);
    let once = sign(&practice, &first, &pdf::sample(), Level::B, None);
    let twice = sign(&practice, &first, &once, Level::B, None);
    assert!(read(&twice).iter().all(Result::is_ok));
    // One digit of the second signature's value.
    let mut broken = twice.clone();
    let end = broken
        .windows(4)
        .rposition(|window| window == b"00>>")
        .unwrap();
    let last = broken[..end]
        .iter()
        .rposition(|byte| *byte != b'0')
        .unwrap();
    broken[last] ^= 1;
    let found = read(&broken);
    assert_eq!(
        found[0].as_ref().unwrap_err().code,
        "pdf-changed-after-signature"
    );
    assert!(found[1].is_err());
    // A mark that hides the page.
    let text = String::from_utf8_lossy(&twice).into_owned();
    let field = text.rfind("/Rect").unwrap();
    let start = text[..field].rfind(" 0 obj").unwrap();
    let number = text[..start].rsplit('\n').next().unwrap().parse().unwrap();
    let object = &text[start + 7..start + text[start..].find("\nendobj").unwrap()];
    let from = object.find("/Rect").unwrap();
    let to = from + object[from..].find(']').unwrap();
    let covering = format!("{}/Rect[0 0 595 842{}", &object[..from], &object[to..]);
    let root = text.rfind("/Root ").unwrap() + 6;
    assert!(
        text[root..].starts_with("1 0 R"),
        "as the update below names it"
    );
    let found = read(&updated(&twice, &[(number, &covering)]));
    assert!(found.iter().all(Result::is_err));
}

#[test]
fn byte_ranges_that_leave_something_out_are_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, RS256);
    let signed = sign(&practice, &signer, &pdf::sample(), Level::B, None);
    let start = signed
        .windows(12)
        .rposition(|window| window == b"/ByteRange [")
        .unwrap()
        + 12;
    let numbers: Vec<usize> = String::from_utf8_lossy(&signed[start..start + 40])
        .split(']')
        .next()
        .unwrap()
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect();
    let with = |changed: [usize; 4]| {
        let [zero, a, b, c] = changed;
        let text = format!("{zero} {a:<10} {b:<10} {c:<10}");
        let mut pdf = signed.clone();
        pdf[start..start + text.len()].copy_from_slice(text.as_bytes());
        pdf
    };
    let [zero, a, b, c] = numbers[..] else {
        panic!("{numbers:?}")
    };
    assert!(read(&with([zero, a, b, c]))[0].is_ok());
    for changed in [
        [1, a - 1, b, c],
        [0, a - 1, b, c],
        [0, a + 1, b, c],
        [0, a, b + 1, c - 1],
        [0, a, b - 1, c + 1],
        [0, a, b, c + 1],
        [0, a, b, c - 100],
        [0, b, a, c],
        [0, 0, b, c],
        [0, a, a, c],
        [0, a, b, 0],
        [0, a, b, 9_999_999_999],
    ] {
        let error = refusal(&with(changed));
        assert_eq!(error.code, "pdf-byte-range", "{changed:?}: {error}");
    }
    // The end of the last line may be left out, and was not.
    assert_eq!(refusal(&with([0, a, b, c - 1])).code, "document-changed");
}

#[test]
fn what_is_no_signed_pdf_is_told() {
    assert_eq!(pades::read(b"").unwrap_err().code, "pdf-malformed");
    assert_eq!(
        pades::read(&pdf::sample()).unwrap_err().code,
        "pdf-no-signature"
    );
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, RS256);
    let options = PadesOptions::default();
    let prepared = pades::prepare(&pdf::sample(), &signer.signer(), &options);
    assert!(format!("{:?}", prepared.unwrap()).contains("RS256"));
}

#[test]
fn hostile_structure_ends_in_bounds() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, RS256);
    let catalog = "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>";
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>";
    let nested = "[".repeat(100_000) + &"]".repeat(100_000);
    // A stream that unpacks to more than the whole file may.
    let mut stream = lopdf::Stream::new(lopdf::Dictionary::new(), vec![b' '; 40 << 20]);
    stream.compress().unwrap();
    let packed: String = stream
        .content
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let bomb = format!(
        "<</Type/ObjStm/N 1/First 4/Filter[/ASCIIHexDecode/FlateDecode]/Length {}>>stream\n{packed}>\nendstream",
        packed.len() + 1
    );
    for (what, pages, field) in [
        (
            "deep",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            nested.as_str(),
        ),
        (
            "pages in a circle",
            "<</Type/Pages/Kids[2 0 R]/Count 1>>",
            "<</T(x)>>",
        ),
        (
            "fields in a circle",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</T(x)/FT/Sig/Kids[4 0 R]/Parent 4 0 R>>",
        ),
        ("bomb", "<</Type/Pages/Kids[3 0 R]/Count 1>>", &bomb),
    ] {
        let objects: Vec<String> = [catalog, pages, page, field].map(str::to_owned).to_vec();
        let pdf = pdf::written(&objects);
        let refused = pades::read(&pdf).unwrap_err();
        println!("{what}: {refused}");
        let prepared = pades::prepare(&pdf, &signer.signer(), &PadesOptions::default());
        if what == "bomb" {
            assert_eq!(refused.code, "pdf-malformed", "{refused}");
            assert!(prepared.is_err());
        }
    }
}
